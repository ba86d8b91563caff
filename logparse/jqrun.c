/* Programs of libjq: see jqrun.h. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "jqint.h"
#include "jqlex.h"
#include "log.h"
#include "utf8.h"

enum {
	MESSAGE_MAX = 4096, /* of a compile error, the program in it */
	TIDY_RESULTS = 1000
};

struct jqrun {
	jq_state *jq;
	bool open; /* it may have more to say of a row */
};

/* The row that is spoken of. */
static struct {
	const char *text;
	size_t n;
	bool parsed;
	jv value;
} row;

void
jqrun_prepare(void)
{
	jqlimit_init();
}

void
jqrun_forked(void)
{
	jqlimit_forked();
}

/* --- compiling -------------------------------------------------------- */

/* libjq's first message. */
static void
keep_message(void *ctx, jv message)
{
	struct buf *b = ctx;

	if (b->len == 0 && jv_get_kind(message) == JV_KIND_STRING)
		buf_add(b, jv_string_value(message),
		    (size_t)jv_string_length_bytes(jv_copy(message)));
	jv_free(message);
}

static void
no_memory(void *ctx)
{
	(void)ctx;
	log_oom();
}

/* Line and column of a message: 1.8 says both; those before show the line with
 * so many spaces behind it as stand before the place. */
static void
message_place(
    const char *message, const char *text, size_t *line, size_t *column)
{
	const char *at = strstr(message, ", line "), *say, *shown, *end;

	*line = *column = 0;
	if (at == NULL)
		return;
	*line = strtoul(at + strlen(", line "), NULL, 10);
	say = strstr(at, ", column ");
	shown = strchr(at, '\n');
	if (say != NULL && (shown == NULL || say < shown)) {
		*column = strtoul(say + strlen(", column "), NULL, 10);
		return;
	}
	for (size_t i = 1; i < *line && text != NULL; i++) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	if (text == NULL || shown == NULL)
		return;
	end = strchr(text, '\n');
	if (end == NULL)
		end = text + strlen(text);
	if (strlen(shown + 1) >= (size_t)(end - text))
		*column = strlen(shown + 1) - (size_t)(end - text) + 1;
}

/* What libjq says of text, as a fault of ours. */
static void
compile_fault(
    struct fault *f, const char *option, const char *text, struct buf *message)
{
	static const char *const ends[] = {" (Unix shell quoting",
	    " (Windows cmd shell", " at <top-level>", "\n"};
	static const char head[] = "jq: error: ";
	const char *m = message->p != NULL ? message->p : "it is no program";
	const char *end;
	size_t line, column, n;

	message_place(m, text, &line, &column);
	if (strncmp(m, head, strlen(head)) == 0)
		m += strlen(head);
	n = strlen(m);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		end = strstr(m, ends[i]);
		if (end != NULL && (size_t)(end - m) < n)
			n = (size_t)(end - m);
	}
	if (line == 0)
		fault_set(
		    f, EXIT_BADUSAGE, "%s '%s': %.*s", option, text, (int)n, m);
	else
		fault_set(f, EXIT_BADUSAGE,
		    "%s: %.*s at line %zu, column %zu of '%s'", option, (int)n,
		    m, line, column, text);
	(void)fault_hint(f, "'man jq' describes the language; quote the "
			    "expression for the shell");
}

/* Is text no program for reasons of ours? */
static bool
refused(const char *option, const char *text, struct fault *f)
{
	struct jqlex l;
	size_t line, column;
	bool deep;
	const char *name = jqlex_refused(&l, text, &deep);

	if (name == NULL && !deep)
		return false;
	jqlex_place(text, l.p, &line, &column);
	if (deep)
		fault_set(f, EXIT_BADUSAGE,
		    "%s: more than %d brackets deep at line %zu, column %zu",
		    option, JQLEX_DEPTH_MAX, line, column);
	else
		fault_set(f, EXIT_BADUSAGE,
		    "%s: '%s' at line %zu, column %zu is out of reach", option,
		    name, line, column);
	if (!deep)
		(void)fault_hint(f,
		    "an expression sees its row, '.', and "
		    "nothing else; a member of that name is "
		    ".%s or {\"%s\": ..}",
		    name, name);
	return true;
}

struct jqrun *
jqrun_new(const char *option, const char *text, struct fault *f)
{
	struct buf message = BUF_INIT(MESSAGE_MAX);
	struct jqrun *r;

	if (refused(option, text, f))
		return NULL;
	/* ~/.jq is read where HOME is, and env shows all of it. */
	(void)clearenv();
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		log_oom();
	r->jq = jq_init();
	if (r->jq == NULL)
		log_oom();
	jq_set_nomem_handler(r->jq, no_memory, NULL);
	jq_set_error_cb(r->jq, keep_message, &message);
	if (jq_compile(r->jq, text) == 0) {
		compile_fault(f, option, text, &message);
		jqrun_free(r);
		r = NULL;
	}
	buf_clear(&message);
	return r;
}

void
jqrun_free(struct jqrun *r)
{
	if (r == NULL)
		return;
	if (jqrun_tidy(r))
		jq_teardown(&r->jq);
	free(r);
}

/* --- the row ---------------------------------------------------------- */

void
jqrun_row(const char *text, size_t n)
{
	jqrun_end();
	row.text = text;
	row.n = n;
}

void
jqrun_end(void)
{
	if (row.parsed)
		jv_free(row.value);
	row.parsed = false;
	row.text = NULL;
}

jv
jqrun_parsed(const char **text, size_t *n)
{
	INVARIANT(row.text != NULL && row.n <= INT_MAX);
	if (!row.parsed) {
		jqlimit_row();
		row.value = jv_parse_sized(row.text, (int)row.n);
	}
	row.parsed = true;
	*text = row.text;
	*n = row.n;
	return jv_copy(row.value);
}

/* --- running ---------------------------------------------------------- */

enum jqrun_result
jqrun_fail(struct jqrun_error *e, const char *what, const char *said, size_t n)
{
	e->what = what;
	if (n > JQRUN_SAID_MAX)
		n = JQRUN_SAID_MAX - utf8_tail(said, JQRUN_SAID_MAX);
	memcpy(e->said, said, n);
	e->said[n] = '\0';
	return JQRUN_FAILED;
}

/* The same with the message of a value that is invalid, which is freed. */
static void
fail_message(struct jqrun_error *e, const char *what, jv invalid)
{
	jv m = jv_invalid_get_msg(invalid);

	if (jv_get_kind(m) != JV_KIND_STRING)
		m = jv_dump_string(m, 0);
	(void)jqrun_fail(e, what, jv_string_value(m),
	    (size_t)jv_string_length_bytes(jv_copy(m)));
	jv_free(m);
}

bool
jqrun_start(struct jqrun *r, struct jqrun_error *e)
{
	const char *text;
	size_t n;
	jv value;

	INVARIANT(!r->open);
	jqlimit_enter();
	value = jqrun_parsed(&text, &n);
	if (jqlimit_exceeded() == NULL && jv_is_valid(value)) {
		jq_start(r->jq, value, 0);
		r->open = true;
		jqlimit_run(r->jq);
		return true;
	}
	if (jqlimit_exceeded() != NULL) {
		jv_free(value);
		(void)jqrun_fail(e, jqlimit_exceeded(), "", 0);
	} else {
		fail_message(e, "libjq does not take the row", value);
	}
	jqlimit_leave();
	return false;
}

jv
jqrun_next(struct jqrun *r, bool *failed, struct jqrun_error *e)
{
	jv v = jq_next(r->jq);
	const char *exceeded = jqlimit_exceeded();

	*failed = false;
	if (jv_is_valid(v))
		return v;
	/* It is inside of what it was doing when it was halted. */
	r->open = jq_halted(r->jq) != 0;
	*failed = true;
	if (exceeded != NULL)
		(void)jqrun_fail(e, exceeded, "", 0);
	else if (jv_invalid_has_msg(jv_copy(v)))
		fail_message(e, "the expression failed", jv_copy(v));
	else
		*failed = false;
	return v;
}

enum jqrun_result
jqrun_any(struct jqrun *r, struct jqrun_error *e)
{
	enum jqrun_result result = JQRUN_NO;
	bool failed = false;
	jv_kind kind;
	jv v;

	if (!jqrun_start(r, e))
		return JQRUN_FAILED;
	while (result == JQRUN_NO) {
		v = jqrun_next(r, &failed, e);
		kind = jv_get_kind(v);
		jv_free(v);
		if (kind == JV_KIND_INVALID)
			break;
		if (kind != JV_KIND_NULL && kind != JV_KIND_FALSE)
			result = JQRUN_YES;
	}
	jqlimit_leave();
	return failed ? JQRUN_FAILED : result;
}

bool
jqrun_tidy(struct jqrun *r)
{
	jv v;

	if (!r->open || jq_halted(r->jq))
		return !r->open;
	jqlimit_tidy();
	jqlimit_enter();
	jqlimit_run(r->jq);
	for (int i = 0; r->open && i < TIDY_RESULTS; i++) {
		v = jq_next(r->jq);
		r->open = jv_is_valid(v);
		jv_free(v);
	}
	jqlimit_leave();
	r->open |= jq_halted(r->jq) != 0;
	return !r->open;
}
