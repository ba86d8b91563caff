/* sentinelpost/target: endpoints, clouds, rules, streams. */
#include "sentinelpost/target.h"
#include "tap.h"

#define PUBLIC "https://x-1a.westeurope-1.ingest.monitor.azure.com"
#define GOV    "https://x-1a.usgovvirginia-1.ingest.monitor.azure.us"
#define CHINA  "https://x-1a.chinanorth3-1.ingest.monitor.azure.cn"

static struct target t;
static struct fault f;

static void
endpoints(void)
{
	static const struct {
		const char *url;
		enum exitcode code;
		const char *base;
	} cases[] = {
	    {PUBLIC, EXIT_DONE, PUBLIC},
	    {PUBLIC "/", EXIT_DONE, PUBLIC},
	    {PUBLIC "//", EXIT_DONE, PUBLIC},
	    {"HTTPS://X-1A.WestEurope-1.Ingest.Monitor.Azure.COM", EXIT_DONE,
		PUBLIC},
	    {PUBLIC ":8443", EXIT_DONE, PUBLIC ":8443"},
	    {GOV, EXIT_DONE, GOV},
	    {CHINA, EXIT_DONE, CHINA},
	    {"http://127.0.0.1:80", EXIT_DONE, "http://127.0.0.1:80"},
	    {"http://localhost:80", EXIT_DONE, "http://localhost:80"},
	    {"https://[::1]:8443", EXIT_DONE, "https://[::1]:8443"},
	    {"http://[::1]", EXIT_DONE, "http://[::1]"},
	    {"", EXIT_BADUSAGE, NULL},
	    {"https://", EXIT_BADUSAGE, NULL},
	    {"https:///", EXIT_BADUSAGE, NULL},
	    {"x.ingest.monitor.azure.com", EXIT_BADUSAGE, NULL},
	    {"ftp://x.ingest.monitor.azure.com", EXIT_BADUSAGE, NULL},
	    {PUBLIC "/path", EXIT_BADUSAGE, NULL},
	    {PUBLIC "?a=b", EXIT_BADUSAGE, NULL},
	    {PUBLIC "#a", EXIT_BADUSAGE, NULL},
	    {PUBLIC ":", EXIT_BADUSAGE, NULL},
	    {PUBLIC ":65536", EXIT_BADUSAGE, NULL},
	    {PUBLIC ":1a", EXIT_BADUSAGE, NULL},
	    {"https://u:p@x.ingest.monitor.azure.com", EXIT_BADUSAGE, NULL},
	    {"https://x\t.ingest.monitor.azure.com", EXIT_BADUSAGE, NULL},
	    {"http://x.ingest.monitor.azure.com", EXIT_BADUSAGE, NULL},
	    {"http://128.0.0.1", EXIT_BADUSAGE, NULL},
	    {"http://127.0.0.1.example.com", EXIT_BADUSAGE, NULL},
	    {"https://[]", EXIT_BADUSAGE, NULL},
	    {"https://.ingest.monitor.azure.com", EXIT_BADCONFIG, NULL},
	    {"https://example.com", EXIT_BADCONFIG, NULL},
	    {"https://x.ingest.monitor.azure.com.example.com", EXIT_BADCONFIG,
		NULL},
	    {"https://xingest.monitor.azure.com", EXIT_BADCONFIG, NULL},
	    {"https://x.ods.opinsights.azure.com", EXIT_BADCONFIG, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&t, 0, sizeof(t));
		memset(&f, 0, sizeof(f));
		OK(target_endpoint(&t, cases[i].url, &f) ==
			    (cases[i].code == EXIT_DONE) &&
			f.code == cases[i].code,
		    cases[i].url);
		if (cases[i].base != NULL)
			IS(t.base, cases[i].base, "its base");
	}
}

static void
clouds(void)
{
	static const struct {
		const char *url, *authority; /* "": none is set */
		const char *got;             /* NULL: refused */
		const char *scope;
	} cases[] = {
	    {PUBLIC, "", "https://login.microsoftonline.com",
		"https://monitor.azure.com/.default"},
	    {GOV, "", "https://login.microsoftonline.us",
		"https://monitor.azure.us/.default"},
	    {CHINA, "", "https://login.partner.microsoftonline.cn",
		"https://monitor.azure.cn/.default"},
	    {CHINA, "https://login.chinacloudapi.cn/",
		"https://login.chinacloudapi.cn",
		"https://monitor.azure.cn/.default"},
	    {PUBLIC, "login.microsoftonline.com",
		"https://login.microsoftonline.com",
		"https://monitor.azure.com/.default"},
	    {PUBLIC, "https://login.microsoftonline.us", NULL, NULL},
	    {GOV, "https://login.microsoftonline.com", NULL, NULL},
	    {PUBLIC, "https://login.example.com", NULL, NULL},
	    {PUBLIC, "http://login.microsoftonline.com", NULL, NULL},
	    {PUBLIC, "http://127.0.0.1:1", NULL, NULL},
	    {PUBLIC, "https://login.microsoftonline.com/tenant", NULL, NULL},
	    {"http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:2",
		"https://monitor.azure.com/.default"},
	    {"http://127.0.0.1:1", "", "https://login.microsoftonline.com",
		"https://monitor.azure.com/.default"},
	    {"http://127.0.0.1:1", "https://login.microsoftonline.us", NULL,
		NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *want = cases[i].got;

		memset(&t, 0, sizeof(t));
		memset(&f, 0, sizeof(f));
		OK(target_endpoint(&t, cases[i].url, &f), cases[i].url);
		OK(target_authority(&t, cases[i].authority, &f) ==
			(want != NULL),
		    cases[i].authority);
		if (want == NULL) {
			OK(f.code == EXIT_BADCONFIG, "is refused with 78");
			continue;
		}
		IS(t.authority, want, "where tokens come from");
		IS(target_scope(&t), cases[i].scope, "their scope");
	}
	OK(target_endpoint(&t, GOV, &f) && target_authority(&t, NULL, &f),
	    "no authority is set");
	IS(t.authority, "https://login.microsoftonline.us", "the cloud's own");
}

static void
rules(void)
{
	static const char *const bad[] = {"", "dcr", "my-rule",
	    "DCR-0123456789abcdef", "dcr-a/b", "dcr-a?b", "dcr-a b", "dcr-a%2f",
	    ("dcr-0123456789012345678901234567890123456789012345678901234567890"
	     "12345")};
	struct buf url = BUF_INIT(1000);
	char id[16];

	memset(&t, 0, sizeof(t));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&f, 0, sizeof(f));
		OK(!target_rule(&t, bad[i], &f) && f.code == EXIT_BADUSAGE,
		    bad[i]);
	}
	OK(target_endpoint(&t, PUBLIC ":444", &f) &&
		target_rule(&t, "dcr-b", &f) && target_rule(&t, "dcr-a", &f) &&
		target_rule(&t, "dcr-b", &f) && t.nrules == 2,
	    "two rules, one of them twice");
	target_done(&t);
	IS(t.to, "x-1a.westeurope-1.ingest.monitor.azure.com/dcr-a+dcr-b",
	    "the name of the destination");
	target_url(&t, 1, "Custom-T", &url);
	IS(url.p,
	    PUBLIC ":444/dataCollectionRules/dcr-b/streams/Custom-T"
		   "?api-version=2023-01-01",
	    "the URL");
	for (int i = 0; i < TARGET_RULES_MAX - 2; i++) {
		(void)snprintf(id, sizeof(id), "dcr-%d", i);
		(void)target_rule(&t, id, &f);
	}
	OK(t.nrules == TARGET_RULES_MAX && !target_rule(&t, "dcr-z", &f),
	    "there is a limit");
	buf_clear(&url);
	target_free(&t);
}

static void
streams(void)
{
	static const char *const bad[] = {"", "T", "=S", "T=", "T=a/b", "T=a b",
	    "a/b=S", "T=a?b", "T=..", "T=S=S"};
	char out[TARGET_STREAM_SIZE], longest[TARGET_NAME_MAX + 2];

	memset(&t, 0, sizeof(t));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&f, 0, sizeof(f));
		OK(!target_map(&t, bad[i], &f) && f.code == EXIT_BADUSAGE,
		    bad[i]);
	}
	OK(target_map(&t, "AWSWAF=Custom-Waf_CL", &f), "a stream");
	target_stream(&t, "AWSWAF", out);
	IS(out, "Custom-Waf_CL", "a table with a stream of its own");
	target_stream(&t, "AWSWAF2", out);
	IS(out, "Custom-AWSWAF2", "any other");
	memset(longest, 'a', sizeof(longest));
	OK(target_name(longest, TARGET_NAME_MAX) &&
		!target_name(longest, TARGET_NAME_MAX + 1),
	    "names have a limit");
	longest[TARGET_NAME_MAX] = '\0';
	target_stream(&t, longest, out);
	OK(strlen(out) == TARGET_NAME_MAX + 7, "the longest is whole");
	OK(!target_map(&t, "AWSWAF=Custom-Other", &f), "a table twice");
	for (int i = 0; i < TARGET_STREAMS_MAX - 1; i++) {
		(void)snprintf(out, sizeof(out), "T%d=S", i);
		OK(target_map(&t, out, &f), out);
	}
	OK(!target_map(&t, "U=S", &f) && f.code == EXIT_BADUSAGE,
	    "there is a limit");
}

int
main(void)
{
	endpoints();
	clouds();
	rules();
	streams();
	return tap_done();
}
