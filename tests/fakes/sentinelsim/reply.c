/* Building replies; see reply.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "reply.h"
#include "sim.h"

/* 413's text is the real one's (observed); others are worded here. */
static const struct {
	unsigned status;
	const char *code, *message;
} usual[] = {
    {400, "InvalidRequest", "The request is invalid."},
    {401, "AuthenticationFailed", "The access token is missing or invalid."},
    {403, "OperationFailed",
	"The authentication token provided does not have access to ingest "
	"data."},
    {404, "NotFound", "The resource was not found."},
    {408, "RequestTimeout", "The request timed out."},
    {413, "ContentLengthLimitExceeded",
	"Maximum allowed content length: 1048576 bytes (1 MB)."},
    {429, "TooManyRequests",
	"The rate limit of the data collection rule is exceeded."},
    {500, "InternalServerError", "An internal error occurred."},
    {501, "NotImplemented", "The request is not supported."},
    {502, "BadGateway", "The gateway got no valid reply."},
    {503, "ServiceUnavailable", "The service is unavailable."},
    {504, "GatewayTimeout", "The gateway timed out."},
};

const char *
reply_usual_code(unsigned status)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].status == status)
			return usual[i].code;
	return "UnknownError";
}

const char *
reply_usual_message(unsigned status)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].status == status)
			return usual[i].message;
	return "An error occurred.";
}

void
reply_init(struct reply *r)
{
	r->status = 204;
	r->code[0] = '\0';
	r->nheaders = 0;
	r->body = (struct buf)BUF_INIT(REPLY_BODY_MAX);
}

void
reply_free(struct reply *r)
{
	buf_clear(&r->body);
}

void
reply_header(struct reply *r, const char *name, const char *fmt, ...)
{
	size_t i = 0;
	va_list ap;

	while (i < r->nheaders && strcasecmp(r->header[i].name, name) != 0)
		i++;
	if (i == REPLY_HEADERS)
		return;
	if (i == r->nheaders)
		r->nheaders++;
	(void)snprintf(
	    r->header[i].name, sizeof(r->header[i].name), "%s", name);
	va_start(ap, fmt);
	(void)vsnprintf(
	    r->header[i].value, sizeof(r->header[i].value), fmt, ap);
	va_end(ap);
	for (char *s = r->header[i].value; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = ' ';
}

void
reply_json(struct reply *r, unsigned status, json_t *o)
{
	char *text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;

	if (text == NULL)
		sim_oom();
	json_decref(o);
	r->status = status;
	buf_reset(&r->body);
	buf_adds(&r->body, text);
	free(text);
	reply_header(r, "Content-Type", "application/json; charset=utf-8");
}

/* Requests choose parts of messages: make them UTF-8 whatever they hold. */
static json_t *
string_of(const char *s)
{
	json_t *o = sim_text(s);
	char *ascii;

	if (o != NULL)
		return o;
	ascii = sim_dup(s, strlen(s));
	for (char *p = ascii; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	o = sim_text(ascii);
	free(ascii);
	return o;
}

void
reply_error(
    struct reply *r, unsigned status, const char *code, const char *fmt, ...)
{
	char message[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	(void)snprintf(r->code, sizeof(r->code), "%s", code);
	reply_header(r, "x-ms-error-code", "%s", code);
	reply_json(r, status,
	    json_pack("{s:{s:o, s:o, s:[]}}", "error", "code", string_of(code),
		"message", string_of(message), "details"));
}
