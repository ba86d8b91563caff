/* How s3list and s3ack end. */
#include "finish.h"
#include "exitcode.h"
#include "jsonw.h"
#include "log.h"
#include "out.h"
#include "wire.h"

int
finish(struct pump *p, const char *stage, int code,
    const struct finish_count *counts, unsigned n, int64_t within_ms)
{
	struct buf totals = BUF_INIT(PUMP_DONE_MAX);
	struct jsonw w;

	jsonw_open(&w, &totals);
	for (unsigned i = 0; i < n; i++)
		jsonw_uint(&w, counts[i].name, counts[i].n);
	if (totals.err != 0)
		log_oom();
	wire_done(&p->lines, stage, code, totals.p + 1); /* without '{' */
	buf_addc(&p->lines, '\n');
	buf_clear(&totals);
	if (p->lines.err != 0)
		log_oom();
	if (!pump_drain(p, within_ms)) {
		log_warn("the reader of standard output took nothing more; "
			 "the end of the output is missing");
		return exitcode_worse(code, EXIT_AGAIN);
	}
	out_finish();
	return code;
}
