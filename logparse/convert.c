/* Conversions of values that a format file asks for. */
#include <string.h>

#include "address.h"
#include "convert.h"
#include "jsonw.h"
#include "times.h"

enum {
	TEXT_MAX = 4096, /* of a time or an address; longer is none */
	PORT_MAX = 65535
};

/* The text of a scalar: where it stands, or unescaped into b. */
static bool
text_of(struct buf *b, const struct json_val *v, const char **p, size_t *n)
{
	if (v->type == JSON_NUMBER) {
		*p = v->p;
		*n = v->n;
		return true;
	}
	if (v->type != JSON_STRING)
		return false;
	*p = v->p + 1;
	*n = v->n - 2;
	if ((v->flags & JSON_ESCAPES) == 0)
		return true;
	(void)json_unescape(b, *p, *n);
	*p = b->p;
	*n = b->len;
	return b->err == 0 && b->len > 0;
}

static bool
add_time(struct buf *b, enum column_as as, const char *p, size_t n)
{
	switch (as) {
	case AS_EPOCH:
		return times_epoch(b, p, n, 0);
	case AS_EPOCH_MS:
		return times_epoch(b, p, n, 3);
	case AS_EPOCH_US:
		return times_epoch(b, p, n, 6);
	case AS_EPOCH_NS:
		return times_epoch(b, p, n, 9);
	case AS_APACHE:
		return times_apache(b, p, n);
	default:
		return times_leading(b, p, n);
	}
}

/* The host of host:port. */
static void
add_host(struct buf *b, const char *p, size_t n, struct value_counts *counts)
{
	struct address a = address_split(p, n);

	counts->bad_ip += !address_valid(a.host, a.nhost);
	buf_addc(b, '"');
	counts->replaced += jsonw_escape(b, a.host, a.nhost);
	buf_addc(b, '"');
}

/* The port of host:port. */
static enum value_result
add_port(struct buf *b, enum column_type type, const char *p, size_t n,
    struct value_counts *counts)
{
	struct address a = address_split(p, n);
	struct json_val port, number;
	struct json j;
	int64_t value;

	if (a.nport == 0)
		return VALUE_ABSENT;
	/* Text may have zeros in front: see value_number(). */
	for (; a.nport > 1 && a.port[0] == '0'; a.port++)
		a.nport--;
	port = (struct json_val){a.port, a.nport, JSON_NUMBER, 0};
	json_init(&j, a.port, a.nport);
	if (!json_value(&j, &number) || !json_done(&j) || number.n != a.nport ||
	    !json_int(&number, &value) || value < 0 || value > PORT_MAX)
		return VALUE_MISFIT;
	return value_add(b, type, &port, counts);
}

static enum value_result
add_converted(struct buf *b, const struct column *c, const char *p, size_t n,
    struct value_counts *counts)
{
	size_t start = b->len;

	if (c->as == AS_HOST) {
		add_host(b, p, n, counts);
		return VALUE_OK;
	}
	if (c->as == AS_PORT)
		return add_port(b, c->type, p, n, counts);
	buf_addc(b, '"');
	if (!add_time(b, c->as, p, n)) {
		buf_cut(b, start);
		return VALUE_MISFIT;
	}
	buf_addc(b, '"');
	return VALUE_OK;
}

enum value_result
convert_add(struct buf *b, const struct column *c, const struct json_val *v,
    struct value_counts *counts)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	enum value_result r = VALUE_MISFIT;
	const char *p;
	size_t n;

	if (c->as == AS_IS || v->p == NULL || v->type == JSON_NULL)
		return value_add(b, c->type, v, counts);
	if (json_is(v, "-"))
		return c->type == COLUMN_STRING
			   ? value_add(b, c->type, v, counts)
			   : VALUE_ABSENT;
	if (!text_of(&text, v, &p, &n) || n > TEXT_MAX) {
		/* An address stays as it is, whatever it is. */
		counts->bad_ip += c->type == COLUMN_STRING;
		if (c->type == COLUMN_STRING)
			r = value_add(b, c->type, v, counts);
	} else if (c->as == AS_IP) {
		counts->bad_ip += !address_valid(p, n);
		r = value_add(b, c->type, v, counts);
	} else {
		r = add_converted(b, c, p, n, counts);
	}
	buf_clear(&text);
	return r;
}
