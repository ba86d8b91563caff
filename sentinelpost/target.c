/* Endpoint, rules, streams and clouds; see target.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "target.h"

#define API_VERSION "2023-01-01" /* Logs ingestion API, stable */

/* Endpoint suffixes, scopes and authorities of the clouds; the first
 * authority is used when none is given, the others are its aliases. */
static const struct {
	const char *suffix, *scope, *authority[4];
} clouds[] = {
    [CLOUD_PUBLIC] = {".ingest.monitor.azure.com",
	"https://monitor.azure.com/.default",
	{"login.microsoftonline.com", "login.microsoft.com",
	    "login.windows.net", "sts.windows.net"}},
    [CLOUD_GOV] = {".ingest.monitor.azure.us",
	"https://monitor.azure.us/.default",
	{"login.microsoftonline.us", "login-us.microsoftonline.com"}},
    [CLOUD_CHINA] = {".ingest.monitor.azure.cn",
	"https://monitor.azure.cn/.default",
	{"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"}},
};
enum { CLOUDS = sizeof(clouds) / sizeof(clouds[0]), AUTHORITIES = 4 };

struct url {
	bool tls;
	char host[TARGET_HOST_MAX + 1];
	char port[6]; /* or "" */
	bool ipv6;
};

static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_';
}

/* The host of s, which has n bytes, into lower case. */
static bool
take_host(struct url *u, const char *s, size_t n)
{
	if (n > 2 && s[0] == '[' && s[n - 1] == ']') {
		u->ipv6 = true;
		s++;
		n -= 2;
	}
	if (n == 0 || n > TARGET_HOST_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!is_host_char(c) && !(u->ipv6 && c == ':'))
			return false;
		u->host[i] = c;
	}
	return true;
}

static bool
take_port(struct url *u, const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 5 || strspn(s, "0123456789") != n)
		return false;
	memcpy(u->port, s, n + 1);
	return strtoul(s, NULL, 10) <= 65535;
}

/* Read scheme://host[:port][/]; a missing scheme is https where allowed. */
static bool
parse_url(struct url *u, const char *s, bool bare)
{
	char text[TARGET_HOST_MAX + 16];
	const char *colon;
	size_t n;

	memset(u, 0, sizeof(*u));
	u->tls = true;
	if (strncasecmp(s, "https://", 8) == 0) {
		s += 8;
	} else if (strncasecmp(s, "http://", 7) == 0) {
		s += 7;
		u->tls = false;
	} else if (!bare || strstr(s, "://") != NULL) {
		return false;
	}
	n = strlen(s);
	while (n > 0 && s[n - 1] == '/')
		n--;
	if (n == 0 || n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	colon = strrchr(text, ':');
	if (colon != NULL && strchr(colon, ']') == NULL) {
		if (!take_port(u, colon + 1))
			return false;
		n = (size_t)(colon - text);
	}
	return take_host(u, text, n);
}

static bool
is_loopback(const struct url *u)
{
	return strcmp(u->host, "localhost") == 0 ||
	       (u->ipv6 && strcmp(u->host, "::1") == 0) ||
	       (strncmp(u->host, "127.", 4) == 0 &&
		   strspn(u->host, "0123456789.") == strlen(u->host));
}

/* Write the URL back; out has TARGET_HOST_MAX + 32 bytes. */
static void
print_url(char *out, const struct url *u)
{
	struct buf b = BUF_INIT(TARGET_HOST_MAX + 31);

	buf_addf(&b, "%s://%s%s%s%s%s", u->tls ? "https" : "http",
	    u->ipv6 ? "[" : "", u->host, u->ipv6 ? "]" : "",
	    u->port[0] != '\0' ? ":" : "", u->port);
	INVARIANT(b.err == 0);
	memcpy(out, b.p, b.len + 1);
	buf_clear(&b);
}

static bool
ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && strcmp(s + n - m, suffix) == 0;
}

/* A URL for a message: what stands before an @ may be a password. */
static const char *
shown(const char *url)
{
	return strchr(url, '@') == NULL ? url : "(one with a user name)";
}

bool
target_endpoint(struct target *t, const char *url, struct fault *f)
{
	struct url u;

	if (!parse_url(&u, url, false)) {
		fault_set(f, EXIT_BADUSAGE,
		    "the endpoint is not https://HOST but '%s'", shown(url));
		return fault_hint(f,
		    "give the logs ingestion endpoint of the rule "
		    "(properties.endpoints.logsIngestion) or of its data "
		    "collection endpoint, without a path");
	}
	t->loopback = is_loopback(&u);
	if (!u.tls && !t->loopback) {
		fault_set(
		    f, EXIT_BADUSAGE, "the endpoint '%s' has no TLS", url);
		return fault_hint(f, "use https://");
	}
	memcpy(t->host, u.host, sizeof(t->host));
	print_url(t->base, &u);
	for (size_t i = 0; i < CLOUDS; i++) {
		if (!ends_with(u.host, clouds[i].suffix))
			continue;
		t->cloud = (enum cloud)i;
		return true;
	}
	if (t->loopback)
		return true;
	fault_set(f, EXIT_BADCONFIG,
	    "the endpoint's host '%s' is not one of Azure Monitor's", u.host);
	return fault_hint(f,
	    "it must end in .ingest.monitor.azure.com, .us or .cn: a token "
	    "goes to nobody else");
}

/* Which cloud an authority's host belongs to; CLOUDS when to none. */
static size_t
authority_cloud(const char *host)
{
	for (size_t i = 0; i < CLOUDS; i++)
		for (size_t k = 0; k < AUTHORITIES; k++)
			if (clouds[i].authority[k] != NULL &&
			    strcmp(host, clouds[i].authority[k]) == 0)
				return i;
	return CLOUDS;
}

bool
target_authority(struct target *t, const char *url, struct fault *f)
{
	const char *own = clouds[t->cloud].authority[0];
	struct url u;

	if (url == NULL || url[0] == '\0')
		url = own;
	if (!parse_url(&u, url, true))
		return fault_set(f, EXIT_BADCONFIG,
		    "AZURE_AUTHORITY_HOST is not https://HOST but '%s'",
		    shown(url));
	if (!u.tls && !is_loopback(&u))
		return fault_set(f, EXIT_BADCONFIG,
		    "AZURE_AUTHORITY_HOST '%s' has no TLS: use https://", url);
	if (!(t->loopback && is_loopback(&u)) &&
	    authority_cloud(u.host) != t->cloud) {
		fault_set(f, EXIT_BADCONFIG,
		    "AZURE_AUTHORITY_HOST '%s' does not belong to the cloud "
		    "of the endpoint '%s'",
		    u.host, t->host);
		return fault_hint(f, "unset it, or set it to https://%s", own);
	}
	print_url(t->authority, &u);
	return true;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool
target_rule(struct target *t, const char *id, struct fault *f)
{
	size_t n = strlen(id);

	if (strncmp(id, "dcr-", 4) != 0 || n > TARGET_RULE_MAX ||
	    !target_name(id, n)) {
		fault_set(f, EXIT_BADUSAGE,
		    "'%s' is not a rule's immutable id (dcr-...)", id);
		return fault_hint(f,
		    "it is properties.immutableId of the data collection "
		    "rule, not its name");
	}
	for (size_t i = 0; i < t->nrules; i++)
		if (strcmp(t->rules[i], id) == 0)
			return true;
	if (t->nrules == TARGET_RULES_MAX)
		return fault_set(f, EXIT_BADUSAGE, "more than %d rules",
		    (int)TARGET_RULES_MAX);
	memcpy(t->rules[t->nrules++], id, n + 1);
	qsort(t->rules, t->nrules, sizeof(t->rules[0]), compare);
	return true;
}

bool
target_name(const char *s, size_t n)
{
	if (n == 0 || n > TARGET_NAME_MAX || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') ||
			(s[i] >= 'A' && s[i] <= 'Z') ||
			(s[i] >= '0' && s[i] <= '9') || s[i] == '_' ||
			s[i] == '-' || s[i] == '.'))
			return false;
	return true;
}

bool
target_map(struct target *t, const char *arg, struct fault *f)
{
	const char *eq = strchr(arg, '=');
	struct target_stream *s;
	size_t n;

	if (eq == NULL || !target_name(arg, (size_t)(eq - arg)) ||
	    !target_name(eq + 1, strlen(eq + 1))) {
		fault_set(f, EXIT_BADUSAGE,
		    "--stream takes TABLE=NAME, not '%s'", arg);
		return fault_hint(f,
		    "TABLE=NAME: NAME is the stream of the rule that takes "
		    "the rows of TABLE, such as "
		    "AWSCloudTrail=Custom-AWSCloudTrail");
	}
	for (size_t i = 0; i < t->nstreams; i++) {
		n = strlen(t->streams[i].table);
		if (strncmp(arg, t->streams[i].table, n) != 0 || arg[n] != '=')
			continue;
		fault_set(f, EXIT_BADUSAGE,
		    "--stream names two streams for table '%s'",
		    t->streams[i].table);
		return fault_hint(f, "the rows of a table go to one stream");
	}
	if (t->nstreams == TARGET_STREAMS_MAX)
		return fault_set(f, EXIT_BADUSAGE, "more than %d --stream",
		    (int)TARGET_STREAMS_MAX);
	n = (size_t)(eq - arg);
	s = &t->streams[t->nstreams++];
	memcpy(s->table, arg, n);
	s->table[n] = '\0';
	memcpy(s->stream, eq + 1, strlen(eq + 1) + 1);
	return true;
}

void
target_done(struct target *t)
{
	struct buf b = BUF_INIT(
	    TARGET_HOST_MAX + TARGET_RULES_MAX * (TARGET_RULE_MAX + 1) + 1);

	buf_adds(&b, t->host);
	for (size_t i = 0; i < t->nrules; i++) {
		buf_addc(&b, i == 0 ? '/' : '+');
		buf_adds(&b, t->rules[i]);
	}
	if (b.err != 0)
		log_oom();
	free(t->to);
	t->to = b.p;
}

const char *
target_scope(const struct target *t)
{
	return clouds[t->cloud].scope;
}

void
target_stream(
    const struct target *t, const char *table, char out[TARGET_STREAM_SIZE])
{
	const char *prefix = "Custom-", *name = table;

	for (size_t i = 0; i < t->nstreams; i++) {
		if (strcmp(t->streams[i].table, table) != 0)
			continue;
		name = t->streams[i].stream;
		prefix = "";
		break;
	}
	(void)snprintf(out, TARGET_STREAM_SIZE, "%s%s", prefix, name);
}

void
target_url(
    const struct target *t, size_t rule, const char *stream, struct buf *b)
{
	buf_addf(b,
	    "%s/dataCollectionRules/%s/streams/%s?api-version=" API_VERSION,
	    t->base, t->rules[rule], stream);
}

void
target_free(struct target *t)
{
	free(t->to);
	t->to = NULL;
}
