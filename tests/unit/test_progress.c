/* common/progress: one line, not too often, gone before a message. */
#define LB_INJECT 1 /* clock_inject() */
#include "child.h"
#include "clock.h"
#include "log.h"
#include "progress.h"
#include "tap.h"

#define ERASE "\r\033[K"

static void
off(void *arg)
{
	(void)arg;
	progress_tick("never");
	progress_clear();
}

static void
on(void *arg)
{
	(void)arg;
	log_init("prog");
	log_use_json(false);
	progress_init(true);
	clock_inject(5000, 0);
	progress_tick("one %d", 1);
	clock_inject(5999, 0);
	progress_tick("too soon");
	clock_inject(6000, 0);
	progress_tick("two\n\x1b[31m");
	log_error("a message");
	log_error("another");
	clock_inject(7000, 0);
	progress_tick("%0200d", 7);
	progress_clear();
	progress_clear();
}

int
main(void)
{
	static struct child c;
	char want[512], zeros[80];

	child_run(&c, off, NULL);
	IS(c.err, "", "off, it says nothing");
	child_run(&c, on, NULL);
	memset(zeros, '0', sizeof(zeros));
	zeros[79] = '\0';
	(void)snprintf(want, sizeof(want),
	    ERASE "one 1\r" ERASE "two??[31m\r" ERASE
		  "prog: error: a message\nprog: error: another\n" ERASE
		  "%s\r" ERASE,
	    zeros);
	IS(c.err, want, "on, at most each second, cut, cleared for messages");
	return tap_done();
}
