/* Replies: headers, S3's errors, XML text. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "sim.h"

/* S3 API Reference, "Error responses": what this server can say. */
static const struct {
	unsigned status;
	const char *code, *message;
} errors[] = {
    {400, "AuthorizationHeaderMalformed",
	"The authorization header you provided is invalid."},
    {400, "AuthorizationQueryParametersError",
	"Error parsing the X-Amz-Credential parameter."},
    {400, "BadDigest",
	"The Content-MD5 or checksum value that you specified did not match "
	"what the server received."},
    {400, "ExpiredToken", "The provided token has expired."},
    {400, "IncompleteBody",
	"You did not provide the number of bytes specified by the "
	"Content-Length HTTP header."},
    {400, "InvalidArgument", "Invalid Argument"},
    {400, "InvalidBucketName", "The specified bucket is not valid."},
    {400, "InvalidDigest", "The Content-MD5 you specified was invalid."},
    {400, "InvalidRequest", "Invalid Request"},
    {400, "InvalidToken",
	"The provided token is malformed or otherwise invalid."},
    {400, "InvalidURI", "Couldn't parse the specified URI."},
    {400, "KeyTooLongError", "Your key is too long"},
    {400, "EntityTooLarge",
	"Your proposed upload exceeds the maximum allowed object size."},
    {400, "XAmzContentSHA256Mismatch",
	"The provided 'x-amz-content-sha256' header does not match what was "
	"computed."},
    {301, "PermanentRedirect",
	"The bucket you are attempting to access must be addressed using the "
	"specified endpoint. Please send all future requests to this "
	"endpoint."},
    {403, "AccessDenied", "Access Denied"},
    {403, "InvalidAccessKeyId",
	"The AWS Access Key Id you provided does not exist in our records."},
    {403, "RequestTimeTooSkewed",
	"The difference between the request time and the current time is too "
	"large."},
    {403, "SignatureDoesNotMatch",
	"The request signature we calculated does not match the signature you "
	"provided. Check your key and signing method."},
    {404, "NoSuchBucket", "The specified bucket does not exist"},
    {404, "NoSuchKey", "The specified key does not exist."},
    {404, "NoSuchVersion", "The specified version does not exist."},
    {405, "MethodNotAllowed",
	"The specified method is not allowed against this resource."},
    {409, "BucketAlreadyOwnedByYou",
	"Your previous request to create the named bucket succeeded and you "
	"already own it."},
    {409, "BucketNotEmpty", "The bucket you tried to delete is not empty"},
    {411, "MissingContentLength",
	"You must provide the Content-Length HTTP header."},
    {412, "PreconditionFailed",
	"At least one of the pre-conditions you specified did not hold"},
    {416, "InvalidRange", "The requested range is not satisfiable"},
    {500, "InternalError",
	"We encountered an internal error. Please try again."},
    {501, "NotImplemented",
	"A header or query you provided implies functionality that is not "
	"implemented"},
    {503, "SlowDown", "Please reduce your request rate."},
    {503, "ServiceUnavailable", "Service is unable to handle request."},
};

void
reply_header(struct request *r, const char *name, const char *fmt, ...)
{
	struct reply_header *h = &r->reply.headers[r->reply.header_count];
	va_list ap;

	INVARIANT(r->reply.header_count < REPLY_HEADERS);
	(void)snprintf(h->name, sizeof(h->name), "%s", name);
	va_start(ap, fmt);
	(void)vsnprintf(h->value, sizeof(h->value), fmt, ap);
	va_end(ap);
	r->reply.header_count++;
}

void
xml_text(struct buf *out, const void *p, size_t n)
{
	const unsigned char *s = p;

	for (size_t i = 0; i < n; i++) {
		switch (s[i]) {
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		default:
			/* Most of these XML 1.0 forbids even so; S3 sends
			 * them all the same. */
			if (s[i] < 0x20 && s[i] != '\n' && s[i] != '\t')
				buf_addf(out, "&#x%x;", s[i]);
			else
				buf_addc(out, (char)s[i]);
		}
	}
}

void
reply_error(struct request *r, const char *code, const char *message)
{
	struct buf *b = &r->reply.body;

	r->reply.code = code;
	r->reply.status = 500;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].code, code) == 0) {
			r->reply.status = errors[i].status;
			message = message != NULL ? message : errors[i].message;
			break;
		}
	buf_reset(b);
	buf_adds(
	    b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>");
	xml_text(b, code, strlen(code));
	buf_adds(b, "</Code><Message>");
	if (message != NULL)
		xml_text(b, message, strlen(message));
	buf_adds(b, "</Message>");
	reply_header(r, "Content-Type", "application/xml");
}

void
reply_field_bytes(struct request *r, const char *name, const void *p, size_t n)
{
	buf_addf(&r->reply.body, "<%s>", name);
	xml_text(&r->reply.body, p, n);
	buf_addf(&r->reply.body, "</%s>", name);
}

void
reply_field(struct request *r, const char *name, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reply_field_bytes(r, name, text, strlen(text));
}

void
reply_finish(struct request *r)
{
	if (r->reply.code == NULL)
		return;
	reply_field(r, "RequestId", "%s", r->id);
	reply_field(r, "HostId", "%s", r->id2);
	buf_adds(&r->reply.body, "</Error>");
}

void
http_date(char out[40], int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	INVARIANT(gmtime_r(&t, &tm) != NULL);
	INVARIANT(strftime(out, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
}
