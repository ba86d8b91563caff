/* sentinelpost/objects: the objects that records on their way belong to. */
#include <stdio.h>
#include <string.h>

#include "sentinelpost/objects.h"
#include "tap.h"

static struct objects os;
static const struct json_val none;

static struct object *
open_one(unsigned i, const char *line)
{
	char id[WIRE_ID_LEN + 1];

	(void)snprintf(id, sizeof(id), "0123456789abcdef-%04x", i);
	return objects_open(&os, id, line, strlen(line));
}

static void
lives(void)
{
	struct object *a, *b;
	uint32_t segment;

	objects_init(&os);
	a = open_one(1, "{\"key\":\"a\"}");
	b = open_one(2, "{\"key\":\"b\"}");
	OK(objects_find(&os, "0123456789abcdef-0001") == a &&
		objects_find(&os, "0123456789abcdef-0002") == b &&
		objects_find(&os, "0123456789abcdef-0003") == NULL,
	    "open ones are found by id");
	IS(a->line, "{\"key\":\"a\"}", "with their line");
	segment = settle_row(&a->settle, 0);
	objects_end(&os, a, OBJECT_ENDED);
	OK(objects_find(&os, a->id) == NULL && os.open == 1 && os.held == 2,
	    "one that has ended is not found, but held");
	OK(objects_finished(&os) == NULL, "nor finished: a row is on its way");
	objects_end(&os, b, OBJECT_GONE);
	settle_row_done(&a->settle, segment, SETTLE_ACCEPTED);
	objects_check(&os, a);
	objects_check(&os, a);
	OK(objects_finished(&os) == b && objects_finished(&os) == a &&
		objects_finished(&os) == NULL,
	    "in the order in which they finish, each once");
	objects_forget(&os, a);
	objects_forget(&os, b);
	OK(os.held == 0 && os.bytes == 0 && os.all == NULL, "and forgotten");
	a = open_one(1, "{}");
	objects_end(&os, a, OBJECT_ENDED);
	OK(objects_finished(&os) == a, "the list goes on after it was empty");
	objects_forget(&os, a);
	objects_free(&os);
}

static void
strays(void)
{
	const struct json_val x = {"{\"key\":\"x\"}", 11, JSON_OBJECT, 0};
	const struct json_val y = {"{\"key\":\"y\"}", 11, JSON_OBJECT, 0};
	struct object *o, *p;
	uint32_t segment;

	objects_init(&os);
	o = objects_stray(&os, "i", &x);
	OK(o->stray && objects_stray(&os, "i", &x) == o && os.held == 1,
	    "rows of one object share a stand-in");
	p = objects_stray(&os, "i", &y);
	OK(memcmp(p->line, y.p, y.n) == 0 && os.held == 1,
	    "another object has another");
	segment = settle_row(&p->settle, SETTLE_NO_N);
	o = objects_stray(&os, "", &none);
	OK(o->line == NULL && os.held == 2,
	    "one with a row on its way is kept");
	settle_row_done(&p->settle, segment, SETTLE_ACCEPTED);
	objects_check(&os, p);
	OK(os.held == 1, "until it is settled");
	OK(objects_find(&os, "i") == NULL && objects_finished(&os) == NULL,
	    "strays are neither found nor finished");
	objects_free(&os);
	OK(os.held == 0, "all is freed");
}

static void
limits(void)
{
	static char line[OBJECTS_BYTES_MAX / 4];
	unsigned n = 0;

	objects_init(&os);
	while (!objects_full(&os))
		objects_end(&os, open_one(n++, "{}"), OBJECT_ENDED);
	OK(n == OBJECTS_HELD_MAX, "a limit of objects held");
	objects_forget(&os, objects_finished(&os));
	OK(!objects_full(&os), "one fewer is room for one");
	objects_free(&os);
	memset(line, ' ', sizeof(line) - 1);
	for (n = 0; n < 4; n++)
		(void)open_one(n, line);
	OK(!objects_full(&os), "almost too much text");
	(void)open_one(n, "{    }");
	OK(objects_full(&os), "a limit of their lines");
	objects_free(&os);
}

/* Many ids at once, ended in another order. */
static void
many(void)
{
	static struct object *o[WIRE_OPEN_MAX];
	bool ok = true;
	unsigned k;

	objects_init(&os);
	for (unsigned i = 0; i < WIRE_OPEN_MAX; i++)
		o[i] = open_one(i, "{}");
	OK(os.open == WIRE_OPEN_MAX, "as many as the wire allows");
	for (unsigned i = 0; i < WIRE_OPEN_MAX; i++) {
		k = (i * 1237 + 5) % WIRE_OPEN_MAX; /* odd: all, once each */
		ok = ok && objects_find(&os, o[k]->id) == o[k];
		objects_end(&os, o[k], OBJECT_ENDED);
		ok = ok && objects_find(&os, o[k]->id) == NULL;
		ok = ok && objects_finished(&os) == o[k];
		objects_forget(&os, o[k]);
	}
	OK(ok && os.open == 0 && os.held == 0, "each found, ended, forgotten");
	objects_free(&os);
}

int
main(void)
{
	lives();
	strays();
	limits();
	many();
	return tap_done();
}
