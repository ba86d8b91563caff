/* common/names: what is asked, for how long an answer serves, and what a name
 * server that is down changes. */
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names.h"
#include "tap.h"

/* The helper: the address tells how often it was asked; names that begin with
 * "no" are not found the first time, or ever ("none"); "gone" once found is
 * not found any more; "end" ends it. */
static void
look_up(
    void *ctx, uint32_t arg, const char *name, size_t n, struct helper_reply *r)
{
	static int times;

	(void)ctx;
	(void)arg;
	(void)n;
	times++;
	if (strcmp(name, "end") == 0)
		_exit(0);
	if (strcmp(name, "none") == 0 ||
	    (strcmp(name, "no") == 0 && times == 1) ||
	    (strcmp(name, "gone") == 0 && times > 1)) {
		r->err = EAI_NONAME;
		r->n = (size_t)snprintf(r->data, 64, "not known");
		return;
	}
	r->n = (size_t)snprintf(r->data, 64, "192.0.2.%d,[2001:db8::1]", times);
}

static struct helper *helper;

static struct names *
fresh(void)
{
	struct fault f = {0};

	helper = helper_new("names", SANDBOX_NAMES);
	helper_serve(helper, HELPER_NAME, look_up, NULL);
	if (!helper_start(helper, &f)) {
		printf("Bail out! %s\n", f.text);
		exit(1);
	}
	return names_new(helper);
}

static void
drop(struct names *n)
{
	names_free(n);
	helper_free(helper);
	(void)waitpid(-1, NULL, 0);
}

/* Ask until there is an answer. */
static enum names_got
get(struct names *n, const char *host, int64_t since, int64_t now,
    const char **text)
{
	struct pollfd p = {.fd = names_fd(n), .events = POLLIN};
	enum names_got got;

	while ((got = names_get(n, host, since, now, text)) == NAMES_WAIT) {
		(void)poll(&p, 1, 20000);
		if (!names_take(n, now))
			return NAMES_GONE;
	}
	return got;
}

static void
test_fresh(void)
{
	struct names *n = fresh();
	const char *text;

	OK(names_get(n, "a", 0, 0, &text) == NAMES_WAIT &&
		names_waiting(n) == 1,
	    "a name is asked for");
	OK(names_get(n, "A", 0, 0, &text) == NAMES_WAIT &&
		names_waiting(n) == 1,
	    "once, however it is written");
	OK(get(n, "a", 0, 5, &text) == NAMES_KNOWN && names_waiting(n) == 0,
	    "the answer comes");
	IS(text, "192.0.2.1,[2001:db8::1]", "as libcurl takes it");
	OK(get(n, "a", 0, NAMES_FRESH_MS - 1, &text) == NAMES_KNOWN &&
		strncmp(text, "192.0.2.1,", 10) == 0,
	    "it serves for a minute");
	OK(get(n, "a", 0, NAMES_FRESH_MS, &text) == NAMES_KNOWN &&
		strncmp(text, "192.0.2.2,", 10) == 0,
	    "then it is asked for again");
	drop(n);
}

static void
test_failures(void)
{
	struct names *n = fresh();
	const char *text;

	OK(get(n, "no", 0, 10, &text) == NAMES_FAILED, "a name is not found");
	IS(text, "not known", "which is told");
	OK(names_get(n, "no", 5, 20, &text) == NAMES_FAILED,
	    "to all who waited for it");
	OK(get(n, "no", 11, 20, &text) == NAMES_KNOWN,
	    "those who come later ask anew");
	OK(names_get(n, "", 0, 0, &text) == NAMES_FAILED, "an empty name");
	drop(n);
	n = fresh();
	OK(get(n, "gone", 0, 0, &text) == NAMES_KNOWN, "a name is found");
	OK(get(n, "gone", 0, NAMES_FRESH_MS, &text) == NAMES_KNOWN &&
		strncmp(text, "192.0.2.1,", 10) == 0,
	    "when it no longer is, the old addresses serve on");
	OK(names_waiting(n) == 0 && names_get(n, "gone", 0, NAMES_FRESH_MS + 1,
					&text) == NAMES_KNOWN,
	    "and not each request asks");
	OK(get(n, "gone", NAMES_STALE_MS, NAMES_STALE_MS, &text) ==
		NAMES_FAILED,
	    "for an hour");
	drop(n);
}

static void
test_many(void)
{
	char host[300];
	struct names *n = fresh();
	const char *text;
	int known = 0;

	for (int i = 0; i < 3 * NAMES_HOSTS; i++) {
		(void)snprintf(host, sizeof(host), "host%d", i);
		known += get(n, host, 0, i, &text) == NAMES_KNOWN;
	}
	OK(known == 3 * NAMES_HOSTS, "more names than there are places");
	OK(get(n, "host0", 0, 1000, &text) == NAMES_KNOWN &&
		strncmp(text, "192.0.2.193,", 12) == 0,
	    "those of long ago are forgotten");
	for (int i = 0; i <= NAMES_HOSTS; i++) {
		(void)snprintf(host, sizeof(host), "new%d", i);
		OK(names_get(n, host, 0, 2000, &text) == NAMES_WAIT,
		    "all at once");
	}
	OK(names_waiting(n) == NAMES_HOSTS, "one has to wait for a place");
	OK(get(n, host, 0, 2000, &text) == NAMES_KNOWN, "and finds one");
	memset(host, 'x', sizeof(host));
	host[NAMES_HOST_MAX + 1] = '\0';
	OK(names_get(n, host, 0, 0, &text) == NAMES_FAILED,
	    "a name that is too long");
	drop(n);
}

static void
test_end(void)
{
	struct names *n = fresh();
	const char *text;

	OK(get(n, "end", 0, 0, &text) == NAMES_GONE,
	    "a helper that has ended is told");
	OK(names_get(n, "b", 0, 0, &text) == NAMES_GONE, "each time");
	drop(n);
}

int
main(void)
{
	test_fresh();
	test_failures();
	test_many();
	test_end();
	return tap_done();
}
