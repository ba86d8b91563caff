/* Lines of input into actions; see input.h. */
#include <string.h>

#include "input.h"
#include "log.h"
#include "out.h"
#include "utf8.h"
#include "wire.h"

enum {
	LOUD = 10, /* lines that are no wire, told one by one */
	NAME_LEN = 512
};

static const struct json_val none; /* a member that is not there */

/* Set aside what is not the wire. */
static void
not_wire(struct flow *f, const char *line, size_t n,
    const struct input_place *at, const char *why)
{
	f->n.not_wire++;
	if (f->n.not_wire <= LOUD)
		log_warn("line %llu (byte %llu) is not the wire: %s",
		    (unsigned long long)at->number,
		    (unsigned long long)at->offset, why);
	if (f->dead != NULL)
		(void)flow_dead_bytes(
		    f, NULL, SETTLE_NO_N, line, n, "not-wire");
	flow_code(f, EXIT_SETASIDE);
	flow_reject_run(f, f->not_wire_run);
}

static void
refuse(struct flow *f, const char *what, const struct input_place *at)
{
	struct fault why = {0};

	fault_set(&why, EXIT_SETASIDE, "line %llu is %s: is logparse missing?",
	    (unsigned long long)at->number, what);
	fault_hint(&why, "s3list .. | s3fetch | logparse | sentinelpost");
	flow_stop(f, &why);
}

static bool
is_utf8(const struct json_val *v)
{
	return (v->flags & JSON_HIGH) == 0 || utf8_valid(v->p, v->n) == v->n;
}

/* The object that a line belongs to; NULL when it was not opened here. */
static struct object *
find(struct flow *f, const struct wire_line *w)
{
	char id[WIRE_ID_LEN + 1];

	return wire_id(w, id) ? objects_find(&f->objects, id) : NULL;
}

static struct object *
find_or_stray(struct flow *f, const struct wire_line *w)
{
	struct object *o = find(f, w);
	char id[WIRE_ID_LEN + 1];

	if (o != NULL)
		return o;
	f->n.strays++;
	if (!wire_id(w, id))
		id[0] = '\0';
	return objects_stray(
	    &f->objects, id, is_utf8(&w->object) ? &w->object : &none);
}

static uint64_t
number(const struct wire_line *w)
{
	uint64_t n;

	return w->n.p != NULL && json_uint(&w->n, &n) ? n : SETTLE_NO_N;
}

/* A row that can be seen to be unfit, without asking the service. */
static void
dead_on_arrival(
    struct flow *f, struct object *o, uint64_t n, enum settle_outcome how)
{
	settle_row_done(&o->settle, settle_row(&o->settle, n), how);
	objects_check(&f->objects, o);
}

/* The table of a row, or NULL when it has none that can be one. */
static struct table *
find_table(struct flow *f, const struct json_val *v)
{
	struct buf plain = BUF_INIT(WIRE_LINE_MAX);
	struct fault why = {0};
	struct table *t = NULL;
	const char *name;
	size_t n;

	if (v->p == NULL || v->type != JSON_STRING)
		return NULL;
	name = v->p + 1;
	n = v->n - 2;
	if ((v->flags & JSON_ESCAPES) != 0) {
		(void)json_text(&plain, v);
		name = plain.p;
		n = plain.len;
	}
	if (target_name(name, n)) {
		t = batches_table(f->batches, &f->c->target, name, n);
		if (t == NULL) {
			fault_set(&why, EXIT_BADCONFIG,
			    "rows of more than %d tables",
			    (int)BATCH_TABLES_MAX);
			flow_stop(f, &why);
		}
	}
	buf_clear(&plain);
	return t;
}

/* Put a row that was checked into its table's batch, or set it aside. */
static void
take_row(struct flow *f, struct object *o, struct table *t, uint64_t n,
    const struct json_val *row)
{
	struct batch_row about = {.object = o, .n = n};
	struct dead_row d = {.id = o->id,
	    .n = n,
	    .table = t->name,
	    .object = o->line,
	    .object_len = o->len,
	    .row = row->p,
	    .row_len = row->n};
	struct dead_why why = {"oversize", 0, NULL, NULL};

	if (batch_fits(row->n)) {
		about.segment = settle_row(&o->settle, n);
		flow_send(f,
		    batch_add(f->batches, t, row->p, row->n, &about, f->now));
		return;
	}
	dead_on_arrival(f, o, n, flow_dead_row(f, &d, &why));
	if (f->n.dead + f->n.lost <= LOUD)
		log_warn("a row of table '%s' has %zu bytes, a request holds "
			 "%d: set aside",
		    t->name, row->n, (int)BATCH_RAW_MAX);
	flow_dead_table(f, t, false);
}

/* A row without a table that a stream could be named after. */
static void
no_table(
    struct flow *f, struct object *o, uint64_t n, const struct wire_line *w)
{
	const struct dead_row d = {.id = o->id,
	    .n = n,
	    .bad_table = is_utf8(&w->table) ? w->table : none,
	    .object = o->line,
	    .object_len = o->len,
	    .row = w->row.p,
	    .row_len = w->row.n};
	const struct dead_why why = {"bad-table", 0, NULL, NULL};

	dead_on_arrival(f, o, n, flow_dead_row(f, &d, &why));
	flow_reject_run(f, f->not_wire_run);
}

static void
on_row(struct flow *f, const struct wire_line *w)
{
	struct object *o = find_or_stray(f, w);
	uint64_t n = number(w);
	const struct json_val *row = &w->row;
	const char *bad = row->type != JSON_OBJECT ? "bad-row"
			  : !is_utf8(row)          ? "bad-utf8"
						   : NULL;
	struct table *t;

	f->n.rows++;
	t = find_table(f, &w->table);
	if (f->stopped)
		return;
	if (bad != NULL) {
		dead_on_arrival(
		    f, o, n, flow_dead_bytes(f, o, n, row->p, row->n, bad));
		if (t != NULL)
			flow_dead_table(f, t, false);
		else
			flow_reject_run(f, f->not_wire_run);
	} else if (t != NULL) {
		take_row(f, o, t, n, row);
	} else {
		no_table(f, o, n, w);
	}
}

static void
on_reject(struct flow *f, const struct wire_line *w)
{
	struct object *o = find_or_stray(f, w);
	struct json_val more;
	bool goes_on =
	    wire_member(&w->reject, "more", &more) && more.type == JSON_TRUE;

	if (!goes_on)
		f->n.rejects++;
	settle_reject(
	    &o->settle, number(w), goes_on, flow_dead_reject(f, o, w, goes_on));
}

/* Take a mark's or an end's totals. */
static void
take_mark(struct flow *f, struct object *o, const struct json_val *v, bool end)
{
	enum settle_fault before = o->settle.fault;
	struct wire_counts c;
	struct json_val format;
	char name[NAME_LEN];

	if (wire_member(v, "format", &format) && format.type == JSON_STRING)
		flow_format(f, o, format.p + 1, format.n - 2);
	wire_counts(v, &c);
	if (end)
		settle_end(&o->settle);
	if (settle_mark(&o->settle, &c, f->c->missing_filtered) ||
	    o->settle.fault == before)
		return;
	flow_name(o, name, sizeof(name));
	log_error("records of '%s' do not balance (%s): its mark says %llu "
		  "records, %llu rows, %llu rejects, but %llu rows and %llu "
		  "rejects were read",
	    name, settle_reason(o->settle.fault), (unsigned long long)c.records,
	    (unsigned long long)c.rows, (unsigned long long)c.rejects,
	    (unsigned long long)o->settle.rows,
	    (unsigned long long)o->settle.rejects);
	if (o->settle.fault == SETTLE_MISSING)
		log_hint("a stage between logparse and sentinelpost drops "
			 "rows; if that is on purpose, say --missing filtered");
}

static void
on_mark(struct flow *f, const struct wire_line *w)
{
	struct object *o = find(f, w);

	f->n.marks++;
	if (o != NULL)
		take_mark(f, o, &w->mark, false);
	else
		log_debug("a mark of an object that is not open");
}

static void
on_end(struct flow *f, const struct wire_line *w, const struct input_place *at)
{
	struct object *o = find(f, w);
	struct json_val v;

	if (o == NULL) {
		/* Its open line was lost: no receipt can speak of it. */
		if (f->n.lost_ends++ < LOUD)
			log_warn("line %llu ends an object that is not open: "
				 "it gets no receipt",
			    (unsigned long long)at->number);
		flow_code(f, EXIT_AGAIN);
		return;
	}
	if (!wire_member(&w->end, "records", &v)) {
		refuse(f, "an end without records", at);
		return;
	}
	take_mark(f, o, &w->end, true);
	objects_end(&f->objects, o, OBJECT_ENDED);
}

/* A string member, cut to fit; control characters stay out of it. */
static void
copy_text(const struct json_val *object, const char *name, char *out, size_t n)
{
	struct buf b = BUF_INIT(64 * 1024);
	struct json_val v;
	size_t len;

	out[0] = '\0';
	if (!wire_member(object, name, &v) || v.type != JSON_STRING)
		return;
	(void)json_text(&b, &v);
	if (b.err == 0 && b.len > 0) {
		len = b.len < n ? b.len : n - 1;
		memcpy(out, b.p, len);
		out[len] = '\0';
	}
	buf_clear(&b);
}

static enum object_end
error_end(const char *code, bool retry)
{
	static const char *const gone[] = {
	    "NoSuchKey", "NoSuchVersion", "PreconditionFailed"};

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		if (strcmp(code, gone[i]) == 0)
			return OBJECT_GONE;
	/* A right can be given later, whatever the line says. */
	return retry || strcmp(code, "AccessDenied") == 0 ? OBJECT_FAILED
							  : OBJECT_DEAD;
}

static void
on_error(struct flow *f, const struct wire_line *w)
{
	struct object *o = find(f, w);
	struct json_val retry;
	char message[256], name[NAME_LEN], code[OBJECT_CODE_MAX];
	bool again = !wire_member(&w->error, "retry", &retry) ||
		     retry.type != JSON_FALSE;

	copy_text(&w->error, "message", message, sizeof(message));
	copy_text(&w->error, "code", code, sizeof(code));
	if (o == NULL) {
		log_warn("an error of an object that is not open: %s: %s", code,
		    message);
		flow_code(f, EXIT_AGAIN);
		return;
	}
	memcpy(o->code, code, sizeof(o->code));
	copy_text(&w->error, "stage", o->stage, sizeof(o->stage));
	o->http = (int)(wire_number(&w->error, "http", 0) & 0xffff);
	flow_name(o, name, sizeof(name));
	log_info("'%s' ended with an error: %s: %s", name, code, message);
	objects_end(&f->objects, o, error_end(o->code, again));
}

static void
on_open(struct flow *f, const struct wire_line *w, const struct input_place *at)
{
	struct wire_object object;
	char id[WIRE_ID_LEN + 1];
	struct fault why = {0};
	const char *what;
	struct object *o;

	if (!wire_version(w)) {
		fault_set(&why, EXIT_BADCONFIG,
		    "line %llu opens an object in another version of the wire",
		    (unsigned long long)at->number);
		fault_hint(&why, "use filters of one release of logbridge");
		flow_stop(f, &why);
		return;
	}
	if (!wire_id(w, id)) {
		not_wire(f, w->line, w->len, at, "its id is none");
		return;
	}
	if (!wire_object(&object, &w->object, &what)) {
		not_wire(f, w->line, w->len, at, what);
		return;
	}
	o = objects_find(&f->objects, id);
	if (o != NULL) {
		log_error("line %llu opens '%s' a second time",
		    (unsigned long long)at->number, id);
		settle_spoil(&o->settle);
		return;
	}
	if (f->objects.open == WIRE_OPEN_MAX) {
		fault_set(&why, EXIT_SETASIDE,
		    "more than %d objects are open at once",
		    (int)WIRE_OPEN_MAX);
		fault_hint(&why, "lower the --jobs of s3fetch");
		flow_stop(f, &why);
		return;
	}
	(void)objects_open(&f->objects, id, w->object.p, w->object.n);
}

static void
on_done(struct flow *f, const struct wire_line *w)
{
	flow_code(f, (enum exitcode)wire_done_code(w));
	if (f->done.len + w->len >= FLOW_DONE_MAX) {
		out_copy(w->line, w->len);
		return;
	}
	buf_add(&f->done, w->line, w->len);
	buf_addc(&f->done, '\n');
	if (f->done.err != 0)
		log_oom();
}

/* A line that is no JSON object. */
static void
unreadable(struct flow *f, const char *line, size_t n,
    const struct input_place *at, const char *why)
{
	if (!at->torn) {
		not_wire(f, line, n, at, why != NULL ? why : "no JSON object");
		return;
	}
	log_warn(
	    "the input stops inside line %llu", (unsigned long long)at->number);
	/* What is not the wire does not become it when run again. */
	flow_code(
	    f, f->knows_wire || line[0] == '{' ? EXIT_AGAIN : EXIT_SETASIDE);
}

void
input_line(
    struct flow *f, const char *line, size_t n, const struct input_place *at)
{
	struct wire_line w;
	const char *why = NULL;

	f->n.lines++;
	if (wire_blank(line, n))
		return;
	if (!wire_parse(&w, line, n, &why)) {
		unreadable(f, line, n, at, why);
		return;
	}
	/* Of a row only the row itself, the bulk, has to be looked at. */
	if (w.kind != WIRE_ROW && utf8_valid(line, n) != n) {
		not_wire(f, line, n, at, "it is not UTF-8");
		return;
	}
	f->knows_wire = f->knows_wire || w.kind != WIRE_OTHER;
	switch (w.kind) {
	case WIRE_ROW:
		on_row(f, &w);
		break;
	case WIRE_REJECT:
		on_reject(f, &w);
		break;
	case WIRE_MARK:
		on_mark(f, &w);
		break;
	case WIRE_END:
		on_end(f, &w, at);
		break;
	case WIRE_ERROR:
		on_error(f, &w);
		break;
	case WIRE_OPEN:
		on_open(f, &w, at);
		break;
	case WIRE_DONE:
		on_done(f, &w);
		break;
	case WIRE_RECEIPT:
		f->n.receipts_dropped++;
		break;
	case WIRE_CHUNK:
		refuse(f, "a chunk", at);
		break;
	case WIRE_OBJECT:
		refuse(f, "an object line", at);
		break;
	case WIRE_OTHER:
		out_copy(line, n);
		break;
	}
}

void
input_bare(
    struct flow *f, const char *line, size_t n, const struct input_place *at)
{
	struct json_val row;
	struct object *o;
	struct table *t;
	struct json j;
	const char *table = f->c->bare;

	f->n.lines++;
	if (wire_blank(line, n))
		return;
	f->knows_wire = true;
	json_init(&j, line, n);
	if (!json_value(&j, &row) || !json_done(&j)) {
		unreadable(f, line, n, at, j.why);
		return;
	}
	if (row.type != JSON_OBJECT || ((row.flags & JSON_HIGH) != 0 &&
					   utf8_valid(row.p, row.n) != row.n)) {
		not_wire(f, line, n, at, "it is no row");
		return;
	}
	f->n.rows++;
	f->n.strays++;
	if (strncmp(table, "Custom-", 7) == 0)
		table += 7;
	t = batches_table(f->batches, &f->c->target, table, strlen(table));
	o = objects_stray(&f->objects, "", &none);
	take_row(f, o, t, SETTLE_NO_N, &row);
}

void
input_too_long(struct flow *f, size_t n, const struct input_place *at)
{
	f->n.lines++;
	f->n.too_long++;
	log_error("skipped line %llu at byte %llu: its %zu bytes are over the "
		  "limit of %d",
	    (unsigned long long)at->number, (unsigned long long)at->offset, n,
	    (int)WIRE_LINE_MAX);
	flow_code(f, EXIT_SETASIDE);
}

void
input_end(struct flow *f)
{
	if (f->n.lines > 0 && !f->knows_wire) {
		flow_code(f, EXIT_SETASIDE);
		log_error("the input holds no line of the wire");
		log_hint("rows alone go with --bare --stream NAME; logs go "
			 "through logparse first");
	}
	if (f->objects.open == 0 || f->c->dry_run)
		return;
	flow_code(f, EXIT_AGAIN);
	log_warn("the input stopped inside %zu objects: they stay unfinished",
	    f->objects.open);
}
