/*
 * logparse/jqwork: an order that ends with a worker which had taken it and
 * begun nothing is the next worker's: nobody waits for ever.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "logparse/jqworkint.h"
#include "tap.h"

enum { WAIT_MS = 60000 };

/* The one child of a process; 0: none. */
static pid_t
child(pid_t of)
{
	char name[64];
	int pid = 0;
	FILE *f;

	(void)snprintf(
	    name, sizeof(name), "/proc/%d/task/%d/children", (int)of, (int)of);
	f = fopen(name, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	(void)fclose(f);
	return pid;
}

/* What order() does, but that nothing of it is in the socket. */
static void
ask_and_lose(struct jqwork *w, const char *row)
{
	struct jqwork_shared *s = w->shared;

	s->n = strlen(row);
	memcpy(s->text, row, s->n);
	s->row = ++w->row;
	w->seq++;
	s->order = (struct jqwork_order){.seq = w->seq};
	s->due = w->seq;
}

/* Is order seq answered?  What is of one before may come twice. */
static bool
answer_to(const struct jqwork *w, uint32_t seq)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	struct jqwork_order a = {0};

	while (poll(&p, 1, WAIT_MS) == 1 &&
	       recv(w->fd, &a, sizeof(a), 0) == (ssize_t)sizeof(a))
		if (a.seq == seq)
			return true;
	return false;
}

int
main(void)
{
	static const char yes[] = "{\"A\":true}", no[] = "{\"A\":false}";
	const struct jqwork_program v = {.option = "--where", .text = ".A"};
	struct jqrun_error e = {0};
	struct fault f = {0};
	struct jqwork *w = jqwork_start(&v, 1, &f);
	pid_t worker;

	if (w == NULL) {
		printf("1..0 # SKIP %s\n", f.text);
		return 0;
	}
	jqwork_row(w, no, strlen(no));
	OK(jqwork_any(w, 0, &e) == JQRUN_NO, "a worker answers");
	worker = child(child(getpid()));
	if (worker == 0) {
		printf("ok %d # SKIP no children in /proc\n", ++tap_count);
	} else {
		ask_and_lose(w, yes);
		OK(kill(worker, SIGKILL) == 0, "it is ended with an order");
		OK(answer_to(w, w->seq) && w->shared->result == JQRUN_YES,
		    "the next one does it");
	}
	jqwork_row(w, no, strlen(no));
	OK(jqwork_any(w, 0, &e) == JQRUN_NO, "and the order after it");
	jqwork_free(w);
	return tap_done();
}
