/* common/idmap, against a plain table. */
#include <stdio.h>
#include <stdlib.h>

#include "idmap.h"
#include "rnd.h"
#include "tap.h"

enum { IDS = 6000, STEPS = 200000 };

static char ids[IDS][WIRE_ID_LEN + 1];

static void
model(void)
{
	static int value[IDS];
	static bool in[IDS];
	struct idmap m = {0};
	size_t n = 0, k, at, seen;
	bool ok = true, full = false;
	void *p;

	for (int step = 0; step < STEPS && ok; step++) {
		k = rnd_below(IDS);
		ok = (idmap_get(&m, ids[k]) != NULL) == in[k];
		if (in[k] && rnd_below(100) < 30) {
			ok = ok && idmap_take(&m, ids[k]) == &value[k];
			in[k] = false;
			n--;
		} else if (!in[k]) {
			if (idmap_put(&m, ids[k], &value[k]) == 0) {
				in[k] = true;
				n++;
			} else {
				full = true;
				ok = ok && n == WIRE_OPEN_MAX;
			}
		}
		ok = ok && m.n == n;
	}
	OK(ok, "put, get and take as a plain table does");
	OK(full, "and no more than 4,096");
	for (seen = 0, at = 0; (p = idmap_next(&m, &at)) != NULL; seen++)
		ok = ok && in[(int *)p - value];
	OK(ok && seen == n, "each is met once");
	idmap_free(&m);
	OK(idmap_get(&m, ids[0]) == NULL && idmap_take(&m, ids[0]) == NULL,
	    "an empty one has none");
}

int
main(void)
{
	for (size_t i = 0; i < IDS; i++)
		/* Half of them differ in the last digits alone. */
		(void)snprintf(ids[i], sizeof(ids[i]), "%016zx-%04zx",
		    i % 2 == 0 ? (size_t)7 : i * 0x9e3779b9u, i);
	model();
	return tap_done();
}
