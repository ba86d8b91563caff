/* sentinelpost/guard: runs of rejects. */
#include "sentinelpost/guard.h"
#include "tap.h"

int
main(void)
{
	static struct guard g;
	uint64_t *a, *b, *other;
	char name[80];

	guard_init(&g, 3);
	a = guard_format(&g, "aws-waf/1", 9);
	b = guard_format(&g, "aws-vpc/1", 9);
	OK(a != b, "formats are counted apart");
	OK(guard_format(&g, "aws-waf/2", 9) == a &&
		guard_format(&g, "aws-waf", 7) == a,
	    "versions of one are not");
	OK(guard_format(&g, "", 0) != a, "none at all has its own count");
	*a = 2;
	*b = 2;
	OK(guard_tripped(&g) == NULL, "two and two are no three");
	*b = 3;
	IS(guard_tripped(&g), "aws-vpc", "three are");
	guard_reset(&g);
	OK(*a == 0 && *b == 0 && guard_tripped(&g) == NULL, "all runs end");

	for (int i = 0; i < 2 * GUARD_FORMATS; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		(void)guard_format(&g, name, strlen(name));
	}
	other = guard_format(&g, "one more", 8);
	OK(guard_format(&g, "another", 7) == other, "the rest share a count");
	*other = 3;
	IS(guard_tripped(&g), "others", "that trips too");
	guard_reset(&g);
	OK(*other == 0, "and ends");

	memset(name, 'x', sizeof(name));
	guard_init(&g, 3);
	a = guard_format(&g, name, sizeof(name));
	OK(guard_format(&g, name, GUARD_NAME_MAX) == a, "long names are cut");

	guard_init(&g, 0);
	*guard_format(&g, "x", 1) = UINT64_MAX;
	OK(guard_tripped(&g) == NULL && !guard_trips(&g, UINT64_MAX),
	    "0 is no limit");
	return tap_done();
}
