/* logparse: bytes of log objects to rows of Sentinel's tables. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envwipe.h"
#include "input.h"
#include "log.h"
#include "metrics.h"
#include "opt.h"
#include "out.h"
#include "progress.h"
#include "sandbox.h"
#include "stop.h"

enum { WINDOW_MAX = 2 * WIRE_LINE_MAX /* a chunk, and less before it */ };

static struct {
	const char *format, *extra;
	struct opt_list files, wheres, maps;
	bool strict_time, rows, list, explain;
	int64_t max_ratio;
	struct opt_common common;
} o = {.max_ratio = UNPACK_RATIO};

static const struct opt options[] = {
    {"format", "NAME|auto", OPT_TEXT, &o.format, 0, 0,
	"parse as this type (default auto: by key and content)"},
    {"format-file", "F", OPT_LIST, &o.files, 0, 0,
	"know the type of this format file too; may repeat"},
    {"list-formats", NULL, OPT_FLAG, &o.list, 0, 0,
	"print the types that are known, and exit"},
    {"extra", "COL_CF", OPT_TEXT, &o.extra, 0, 0,
	"keep fields without a column in this one, of Sentinel's tables"},
    {"where", "EXPR", OPT_LIST, &o.wheres, 0, 0,
	"keep rows for which this jq expression is true; may repeat"},
    {"map", "EXPR", OPT_LIST, &o.maps, 0, 0,
	"make of each row what this jq expression says"},
    {"strict-time", NULL, OPT_FLAG, &o.strict_time, 0, 0,
	"reject records without a time of their own"},
    {"rows", NULL, OPT_FLAG, &o.rows, 0, 0,
	"print bare rows; rejects are named on stderr (exit 65)"},
    {"explain", NULL, OPT_FLAG, &o.explain, 0, 0,
	"tell what becomes of each record, and why, instead of printing rows"},
    {"max-ratio", "N", OPT_NUMBER, &o.max_ratio, 1, INT64_MAX,
	"refuse more than N bytes out of one compressed (1000)"},
};

static const struct opt_spec spec = {"logparse", "[FILE ... | -]",
    "Turn the chunks of log objects, or raw log files, into rows.", options,
    sizeof(options) / sizeof(options[0])};

static struct helper *helper;
static struct operands operands;
static struct parser p = {.window = BUF_INIT(WINDOW_MAX)};

static const struct metric metrics[] = {
    {"logbridge_objects_total", NULL, "Objects begun.", &p.objects, NULL},
    {"logbridge_bytes_total", NULL, "Decoded bytes parsed.", &p.bytes, NULL},
    {"logbridge_records_total", NULL, "Records framed.", &p.totals.records,
	NULL},
    {"logbridge_rows_total", NULL, "Rows written.", &p.totals.rows, NULL},
    {"logbridge_rejects_total", NULL, "Records set aside.", &p.totals.rejects,
	NULL},
    {"logbridge_filtered_total", NULL, "Records filtered on purpose.",
	&p.totals.filtered, NULL},
    {"logbridge_skipped_total", NULL, "Records settled by an earlier run.",
	&p.totals.skipped, NULL},
    {"logbridge_time_fallback_total", NULL,
	"Rows with the object's time for want of their own.", &p.time_fallbacks,
	NULL},
};

static void
write_done(void)
{
	char totals[256];

	if (p.bare || o.list)
		return;
	(void)snprintf(totals, sizeof(totals),
	    "\"objects\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"records\":%" PRIu64
	    ",\"skipped\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"rejects\":%" PRIu64
	    ",\"filtered\":%" PRIu64,
	    p.objects, p.bytes, p.totals.records, p.totals.skipped,
	    p.totals.rows, p.totals.rejects, p.totals.filtered);
	wire_done(out_buf(), "logparse", p.code, totals);
	out_line();
}

static _Noreturn void
no_such_format(void)
{
	struct fault f = {0};

	(void)fault_set(
	    &f, EXIT_BADUSAGE, "no format is called '%s'", o.format);
	(void)fault_hint(&f, "'logparse --list-formats' names them");
	opt_fault(&spec, &f);
}

/* A column that is added to a table of Sentinel's (sentinel-ingestion). */
static void
check_extra(void)
{
	size_t n = o.extra != NULL ? strlen(o.extra) : 0;
	struct fault f = {0};

	if (o.extra == NULL)
		return;
	if (n > 3 && n <= COLUMN_NAME_MAX &&
	    strcmp(o.extra + n - 3, "_CF") == 0 &&
	    strspn(o.extra,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_") == n &&
	    strchr("0123456789_", o.extra[0]) == NULL)
		return;
	(void)fault_set(&f, EXIT_BADUSAGE,
	    "--extra takes a column's name that ends in _CF, unlike '%s'",
	    o.extra);
	opt_fault(&spec, &f);
}

/* It is a column of no format that was given: a row has each once. */
static void
check_extra_is_new(void)
{
	struct fault f = {0};

	for (size_t i = 0; o.extra != NULL && i < p.formats.n; i++)
		if (format_has_column(p.formats.v[i].format, o.extra)) {
			(void)fault_set(&f, EXIT_BADUSAGE,
			    "--extra '%s' is a column of format '%s'", o.extra,
			    p.formats.v[i].format->name);
			opt_fault(&spec, &f);
		}
}

static _Noreturn void
die(const struct fault *f)
{
	log_fault(f);
	p.code = f->code;
	write_done();
	out_finish();
	exit(p.code);
}

static void
load_formats(void)
{
	struct fault f = {0};

	formats_init(&p.formats);
	for (size_t i = 0; i < o.files.n; i++)
		if (!formats_add_file(&p.formats, o.files.v[i], &f))
			die(&f);
	free(o.files.v);
	p.formats.keep = o.extra != NULL;
	check_extra_is_new();
	p.forced = -1;
	if (o.format == NULL || strcmp(o.format, "auto") == 0)
		return;
	p.forced = formats_find(&p.formats, o.format, strlen(o.format));
	if (p.forced < 0)
		no_such_format();
}

static void
list_formats(void)
{
	for (size_t i = 0; i < p.formats.n; i++) {
		const struct format *f = p.formats.v[i].format;

		buf_addf(out_buf(), "%s\t%s\t%s", f->id, f->table,
		    f->about != NULL ? f->about : "");
		out_line();
	}
}

/* The helper that files are left to: the operands' and the metrics'. */
static void
start_helper(char *const *paths, size_t n)
{
	struct fault f = {0};

	helper = helper_new("files", SANDBOX_FILES);
	operands_serve(&operands, paths, n, helper);
	metrics_by(&p.metrics, helper);
	if (!helper_start(helper, &f))
		die(&f);
}

static void
open_expressions(void)
{
	struct fault f = {0};

	if (where_open(&p.where, &o.wheres, &o.maps, &f))
		return;
	if (f.code == EXIT_BADUSAGE)
		opt_fault(&spec, &f);
	die(&f);
}

int
main(int argc, char *argv[])
{
	const struct sandbox box = {.kind = SANDBOX_PARSE};
	struct fault f = {0};
	int64_t stop_at = -1;
	int first;

	out_init();
	env_wipe(ENV_KEEP_NONE);
	first = opt_parse(&spec, &o.common, argc, argv);
	check_extra();
	metrics_init(&p.metrics, o.common.metrics, "logparse", metrics,
	    sizeof(metrics) / sizeof(metrics[0]));
	start_helper(argv + first, (size_t)(argc - first));
	stop_init();
	stored_init(&p.stored);
	p.max_ratio = (uint64_t)o.max_ratio;
	p.strict_time = o.strict_time;
	p.bare = o.rows || o.explain;
	p.explain = o.explain;
	p.extra = o.extra;
	progress_init(o.common.progress);
	load_formats();
	open_expressions();
	if (!sandbox_close(&box, &f))
		die(&f);
	if (o.list)
		list_formats();
	else if (operands.n == 0)
		input_wire(&p, &o.common);
	for (size_t i = 0; i < operands.n; i++)
		if (!input_file(&p, &operands, i, &o.common, &stop_at))
			break;
	progress_clear();
	if (!metrics_write(&p.metrics, &f)) {
		log_fault(&f);
		p.code = exitcode_worse(p.code, f.code);
	}
	write_done();
	out_finish();
	helper_free(helper);
	where_close(&p.where);
	free(o.wheres.v);
	free(o.maps.v);
	formats_free(&p.formats);
	buf_clear(&p.window);
	return p.code;
}
