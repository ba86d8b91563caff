/* s3ack: enters receipts into the state, then passes them on. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ack.h"
#include "envwipe.h"
#include "finish.h"
#include "helper.h"
#include "log.h"
#include "opt.h"
#include "out.h"
#include "progress.h"
#include "state.h"
#include "stop.h"

static struct ack_counts n;

static const struct metric metrics_table[] = {
    {"logbridge_receipts_total", "status=\"delivered\"",
	"Receipts read, by status.", &n.delivered, NULL},
    {"logbridge_receipts_total", "status=\"gone\"", "Receipts read, by status.",
	&n.gone, NULL},
    {"logbridge_receipts_total", "status=\"partial\"",
	"Receipts read, by status.", &n.partial, NULL},
    {"logbridge_receipts_total", "status=\"failed\"",
	"Receipts read, by status.", &n.failed, NULL},
    {"logbridge_receipts_refused_total", NULL,
	"Receipts that were malformed or named another object.", &n.refused,
	NULL},
    {"logbridge_objects_settled_total", NULL, "Objects that became settled.",
	&n.settled, NULL},
    {"logbridge_objects_quarantined_total", NULL,
	"Objects that failed too often.", &n.quarantined, NULL},
    {"logbridge_objects_dead_total", NULL, "Objects in the dead-letter file.",
	&n.dead_objects, NULL},
    {"logbridge_records_total", NULL, "Records of objects that ended.",
	&n.records, NULL},
    {"logbridge_records_dead_total", NULL,
	"Records of those in the dead-letter file.", &n.dead, NULL},
    {"logbridge_state_commits_total", NULL, "Transactions of the state file.",
	&n.commits, NULL},
    {"logbridge_state_pruned_total", NULL,
	"Objects forgotten, older than any look-back window.", &n.pruned, NULL},
};

static int
end(int code, struct metrics *m, struct pump *p, int64_t within_ms)
{
	const struct finish_count totals[] = {{"receipts", n.receipts},
	    {"delivered", n.delivered}, {"gone", n.gone},
	    {"partial", n.partial}, {"failed", n.failed},
	    {"quarantined", n.quarantined}, {"records", n.records},
	    {"rows", n.rows}, {"filtered", n.filtered}, {"dead", n.dead},
	    {"dead_objects", n.dead_objects}, {"refused", n.refused}};
	struct fault f = {0};

	progress_clear();
	if (!metrics_write(m, &f)) {
		log_fault(&f);
		code = exitcode_worse(code, f.code);
	}
	/* A reader that was waited for to the end is not waited for again. */
	code =
	    finish(p, "s3ack", code, totals, sizeof(totals) / sizeof(*totals),
		pump_pending(p) > 0 ? 0 : within_ms);
	pump_free(p);
	return code;
}

int
main(int argc, char *argv[])
{
	struct ack_options o = {.name = "default"};
	struct opt_common common;
	int64_t need = 1;
	const struct opt opts[] = {
	    {"state", "FILE", OPT_TEXT, &o.state, 0, 0,
		"enter receipts into this state file"},
	    {"name", "NAME", OPT_TEXT, &o.name, 0, 0,
		"the pipeline whose state it is (default)"},
	    {"need", "N", OPT_NUMBER, &need, 1, STATE_NEED_MAX,
		"settled is what N destinations delivered (1)"},
	};
	const struct opt_spec spec = {.prog = "s3ack",
	    .about = "Enter receipts into the state, then pass them on.",
	    .opts = opts,
	    .n = sizeof(opts) / sizeof(*opts)};
	struct helper *helper = helper_new("files", SANDBOX_FILES);
	struct metrics metrics;
	struct fault f = {0};
	struct pump out;
	int code;

	out_init();
	(void)opt_parse(&spec, &common, argc, argv);
	env_wipe(ENV_KEEP_NONE);
	if (o.state == NULL && need != 1)
		opt_die(&spec, "--need needs --state");
	if (o.state != NULL && o.state[0] == '\0')
		opt_die(&spec, "--state takes a file, not ''");
	if (o.name[0] == '\0' || strlen(o.name) > STATE_TEXT_MAX)
		opt_die(&spec, "--name takes 1 to %d bytes", STATE_TEXT_MAX);
	o.need = (unsigned)need;
	o.stop_within_ms = common.stop_within_ms;
	metrics_init(&metrics, common.metrics, "s3ack", metrics_table,
	    sizeof(metrics_table) / sizeof(*metrics_table));
	metrics_by(&metrics, helper);
	pump_init(&out);
	if (helper_start(helper, &f)) {
		stop_init();
		progress_init(common.progress);
		code = ack_run(&o, &n, &metrics, &out);
	} else {
		log_fault(&f);
		code = (int)f.code;
	}
	code = end(code, &metrics, &out, o.stop_within_ms);
	helper_free(helper);
	return code;
}
