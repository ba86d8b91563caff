/* s3ack: enters receipts into the state, then passes them on. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ack.h"
#include "envwipe.h"
#include "log.h"
#include "opt.h"
#include "out.h"
#include "progress.h"
#include "state.h"
#include "stop.h"
#include "wire.h"

enum { TOTALS_MAX = 1024 };

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

/* The members of our done line. */
static void
totals(struct buf *b)
{
	const struct {
		const char *name;
		uint64_t value;
	} members[] = {{"receipts", n.receipts}, {"delivered", n.delivered},
	    {"gone", n.gone}, {"partial", n.partial}, {"failed", n.failed},
	    {"quarantined", n.quarantined}, {"records", n.records},
	    {"rows", n.rows}, {"filtered", n.filtered}, {"dead", n.dead},
	    {"dead_objects", n.dead_objects}, {"refused", n.refused}};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		buf_addf(b, "%s\"%s\":%llu", i > 0 ? "," : "", members[i].name,
		    (unsigned long long)members[i].value);
}

static int
finish(int code, struct metrics *m)
{
	struct buf b = BUF_INIT(TOTALS_MAX);
	struct fault f = {0};

	progress_clear();
	if (!metrics_write(m, &f)) {
		log_fault(&f);
		code = exitcode_worse(code, f.code);
	}
	totals(&b);
	wire_done(out_buf(), "s3ack", code, b.p);
	out_line();
	out_finish();
	buf_clear(&b);
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
	    .about = "Enters receipts into the state, then passes them on.",
	    .opts = opts,
	    .n = sizeof(opts) / sizeof(*opts)};
	struct metrics metrics;

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
	stop_init();
	progress_init(common.progress);
	metrics_init(&metrics, common.metrics, "s3ack", metrics_table,
	    sizeof(metrics_table) / sizeof(*metrics_table));
	return finish(ack_run(&o, &n, &metrics), &metrics);
}
