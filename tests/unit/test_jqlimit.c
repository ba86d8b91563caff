/* logparse/jqlimit: what libjq may take for one row, its parsing and the text
 * of what it made with it; and the way out when a function of it does not come
 * back.  Ticks of the timer are raised here: no test waits for them. */
#include <signal.h>

#include "child.h"
#include "logparse/jqint.h"
#include "tap.h"

enum { TICK_MS = 20 };

static void
ticks(int n)
{
	while (n-- > 0)
		(void)raise(SIGPROF);
}

/* In libjq for so long, after much time elsewhere. */
static void
stay(void *arg)
{
	const int *n = arg;

	jqlimit_init();
	ticks(2 * JQRUN_LEAVE * 1000 / TICK_MS);
	jqlimit_row();
	jqlimit_enter();
	ticks(*n);
	jqlimit_leave();
	ticks(2 * JQRUN_LEAVE * 1000 / TICK_MS);
	printf("%s", jqlimit_exceeded() != NULL ? jqlimit_exceeded() : "-");
}

static void
time_is_up(void)
{
	int n = JQRUN_SECONDS * 1000 / TICK_MS - 10;
	struct child c;

	/* The real timer may tick besides. */
	child_run(&c, stay, &n);
	IS(c.out, "-", "little time: nothing is exceeded");
	n += 10;
	child_run(&c, stay, &n);
	IS(c.out, "it takes too much time", "two seconds");
	OK(c.rc == 0, "which ends nothing");
	n = JQRUN_LEAVE * 1000 / TICK_MS;
	child_run(&c, stay, &n);
	OK(c.rc == JQRUN_EXIT_TIME, "three: the end");
	IS(c.out, "", "at once");
}

/* A row of many arrays takes a hundred times its bytes.  In the limits of the
 * process: beyond, libjq ends it. */
static void
large_row(void *arg)
{
	enum { ARRAYS = 400000 };
	struct buf row = BUF_INIT(8 * 1024 * 1024);
	struct jqrun_error e = {0};
	struct fault f = {0};
	struct jqrun *r;

	(void)arg;
	jqrun_prepare();
	r = jqrun_new("--where", "true", &f);
	buf_adds(&row, "{\"A\":[1");
	for (int i = 0; i < ARRAYS; i++)
		buf_adds(&row, ",[]");
	buf_adds(&row, "]}");
	jqrun_row(row.p, row.len);
	printf("%d", jqrun_any(r, &e) == JQRUN_FAILED &&
			 strncmp(e.what, "it takes too much ", 18) == 0);
	jqrun_row("{\"A\":1}", 7);
	printf(" %d", jqrun_any(r, &e) == JQRUN_YES);
	printf(" %d", jqrun_tidy(r));
	jqrun_end();
	jqrun_free(r);
	buf_clear(&row);
}

int
main(void)
{
	struct child c;

	time_is_up();
	child_run(&c, large_row, NULL);
	IS(c.out, "1 1 1", "a row that takes too much to parse, and another");
	return tap_done();
}
