/* What the end of s3ack's input means; see ackint.h. */
#include "ackint.h"
#include "arms.h"
#include "log.h"

/* With --need, other arms of a tee may have settled objects of ours since. */
static void
check_arms(struct ack *a)
{
	struct fault f = {0};

	if (a->state == NULL || a->o->need < 2 ||
	    arms_check(a->state, &a->unsettled, &f))
		return;
	log_fault(&f);
	ack_worse(a, f.code);
}

static void
note_not_done(const struct ack *a)
{
	if (a->early)
		log_error("no destination said that it was done");
	else
		log_error("the stage before ended without its done line");
	log_hint("it was killed, is missing, or is no filter of this kind; run "
		 "the pipeline again");
}

/* What the end of input means for the exit code. */
static void
judge_input(struct ack *a)
{
	if (!a->wire && a->in.number > 0 && !a->stopped) {
		log_error("standard input holds no line of the wire");
		log_hint("s3ack takes what sentinelpost writes");
		ack_worse(a, EXIT_SETASIDE);
		return;
	}
	if (!a->done && !a->stopped)
		note_not_done(a);
	if (!a->done || a->stopped || unsettled_any(&a->unsettled))
		ack_worse(a, EXIT_AGAIN);
}

/* Without a state the next run begins where this one did. */
static void
note_forgotten(const struct ack *a)
{
	if (a->state != NULL || a->n->delivered + a->n->gone == 0)
		return;
	log_warn("the receipts were counted, but no --state keeps them");
	log_hint("give s3list and s3ack the same --state FILE, else the next "
		 "run delivers all of it again");
}

void
ack_judge(struct ack *a)
{
	check_arms(a);
	judge_input(a);
	note_forgotten(a);
}
