/* common/log: levels, forms, and what must never come out. */
#define LB_INJECT 1 /* clock_inject() */
#include "child.h"
#include "clock.h"
#include "json.h"
#include "log.h"
#include "tap.h"

enum { LONG = 6000 };

static void
levels(void *arg)
{
	log_init("prog");
	log_use_json(false);
	for (int i = *(int *)arg; i > 0; i--)
		log_more();
	log_error("one %d", 1);
	log_hint("do %s", "this");
	log_warn("two");
	log_info("three");
	log_debug("four");
	if (log_on(LEVEL_DEBUG))
		log_debug("five");
}

static void
json_form(void *arg)
{
	struct fault f = {0};

	(void)arg;
	log_init("prog"); /* stderr is no terminal: JSON */
	log_error("a \"quoted\" name\n\x1b[31m \xff \xc3\xa9 \xc2\x9b");
	(void)fault_set(&f, EXIT_IO, "cannot do '%s'", "it");
	(void)fault_hint(&f, "try %d", 2);
	log_fault(&f);
}

static void
redaction(void *arg)
{
	static char big[LONG];

	(void)arg;
	log_init("prog");
	log_use_json(false);
	log_secret("hunter2hunter2", 14);
	log_secret("[redacted]", 10); /* no secret is its own mark for ever */
	log_secret("[red", 4);
	log_secret("abc", 3); /* too short to be one */
	log_secret("a\nb\nc", 5);
	log_error("x hunter2hunter2 y hunter2hunter2hunter2hunter2 abc");
	log_error("a\nb\nc [red");
	/* Where the message is cut, the secret must not be cut with it. */
	memset(big, '.', sizeof(big) - 1);
	memcpy(big + 4090, "hunter2hunter2", 14);
	log_error("%s", big);
	log_use_json(true);
	log_error("in JSON hunter2hunter2");
}

/* What steers a terminal, in text: as UTF-8, as bytes, cut at the end. */
static void
steering(void *arg)
{
	static char big[LONG];

	(void)arg;
	log_init("prog");
	log_use_json(false);
	log_error("\x1b[1m\t\r\x7f \xc2\x9b \x9b\xff \xe2\x80\xae \xe2\x81\xa6 "
		  "\xd8\x9c \xe2\x80\xa8 \xe2\x80\xa6 \xc3\xa9");
	memset(big, '.', sizeof(big) - 1);
	for (size_t i = 4090; i + 2 < sizeof(big); i += 2)
		memcpy(big + i, "\xc3\xa9", 2);
	log_error("%s", big);
}

/* A service's text: whole secrets, and one that its end cuts. */
static void
quoted(void *arg)
{
	static const char *const texts[] = {"you sent hunter2hunter2.",
	    "you sent hunter2hunter", "you sent hunter2h", "you sent hunter2",
	    "hunter2hunter2", "", "u"};
	char s[64];

	(void)arg;
	log_secret("hunter2hunter2", 14);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		(void)snprintf(s, sizeof(s), "%s", texts[i]);
		log_redact(s);
		(void)fprintf(stderr, "%s|", s);
	}
}

static void
rotation(void *arg)
{
	char s[16];

	(void)arg;
	log_init("prog");
	log_use_json(false);
	for (int i = 0; i < 40; i++) {
		int n = snprintf(s, sizeof(s), "secret-%02d", i);

		log_secret(s, (size_t)n);
		log_secret(s, (size_t)n);
	}
	log_error("secret-00 secret-07 secret-08 secret-39");
}

static void
invariant(void *arg)
{
	log_init("prog");
	log_use_json(false);
	INVARIANT(arg != NULL);
	INVARIANT(arg == NULL);
}

static void
no_memory(void *arg)
{
	(void)arg;
	log_oom();
}

static void
check_json(void)
{
	static struct child c;
	const char *at = c.err, *nl;
	int lines = 0;

	child_run(&c, json_form, NULL);
	for (; (nl = strchr(at, '\n')) != NULL; at = nl + 1, lines++) {
		struct json j;
		struct json_val v;

		json_init(&j, at, (size_t)(nl - at));
		OK(json_value(&j, &v) && json_done(&j), "a line is JSON");
	}
	OK(lines == 3, "a line each");
	OK(strstr(c.err,
	       "{\"time\":\"1970-01-01T00:00:02.500Z\",\"level\":\"error\","
	       "\"prog\":\"prog\",\"message\":\"a \\\"quoted\\\" name??[31m "
	       "\xef\xbf\xbd \xc3\xa9 ??\"}\n") == c.err,
	    "nothing in it steers a terminal");
	OK(strstr(c.err, "\"level\":\"error\",\"prog\":\"prog\","
			 "\"message\":\"cannot do 'it'\"") != NULL &&
		strstr(c.err, "\"hint\"") != NULL &&
		strstr(c.err, "try 2") != NULL,
	    "a fault and its hint");
}

int
main(void)
{
	static struct child c;
	int more = 0;

	clock_inject(0, 2500);
	child_run(&c, levels, &more);
	IS(c.err,
	    "prog: error: one 1\nprog: hint: do this\nprog: warning: two\n",
	    "errors and warnings");
	more = 1;
	child_run(&c, levels, &more);
	OK(strstr(c.err, "prog: info: three\n") != NULL &&
		strstr(c.err, "four") == NULL,
	    "-v");
	more = 2;
	child_run(&c, levels, &more);
	OK(strstr(c.err, "debug: four\nprog: debug: five\n") != NULL, "-v -v");
	check_json();
	child_run(&c, redaction, NULL);
	OK(c.rc == 0 && strstr(c.err, "hunter2") == NULL, "no secret");
	OK(strstr(c.err, "x [redacted] y [redacted][redacted] abc\n") != NULL,
	    "a mark in its place");
	OK(strstr(c.err, "a\nb") == NULL && strstr(c.err, "a?b") == NULL,
	    "one with control characters");
	OK(strlen(c.err) < 3 * LONG && strstr(c.err, "..\n") == NULL,
	    "a long message is cut, behind the mark");
	child_run(&c, steering, NULL);
	OK(strstr(c.err,
	       "prog: error: ?[1m??? ?? ?? ??? ??? ?? ??? \xe2\x80\xa6 "
	       "\xc3\xa9\n") == c.err,
	    "nothing steers a terminal, nor turns text round");
	OK(strstr(c.err, "\xc3\xa9\xc3\xa9\n") != NULL,
	    "a long message is cut between characters");
	child_run(&c, quoted, NULL);
	IS(c.err,
	    "you sent [redacted].|you sent [redacted]|you sent [redacte|"
	    "you sent hunter2|[redacted]||u|",
	    "in another's text, cut or not");
	child_run(&c, rotation, NULL);
	IS(c.err, "prog: error: secret-00 secret-07 [redacted [redacted\n",
	    "the newest are kept");
	child_run(&c, invariant, NULL);
	OK(c.rc == 70 && strstr(c.err, "bug: ") != NULL &&
		strstr(c.err, "arg != NULL does not hold") != NULL,
	    "a broken invariant: 70");
	child_run(&c, no_memory, NULL);
	OK(c.rc == 71 && strstr(c.err, "out of memory") != NULL,
	    "out of memory: 71");
	return tap_done();
}
