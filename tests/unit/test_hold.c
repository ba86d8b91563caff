/* logparse/hold: bytes kept, and their memory in one sum. */
#include <stdbool.h>

#include "logparse/hold.h"
#include "tap.h"

static void
sets(void)
{
	struct hold a = {0}, b = {0};
	size_t total = 0;

	hold_set(&a, &total, "abc", 3);
	hold_set(&b, &total, "defgh", 5);
	OK(a.len == 3 && memcmp(a.p, "abc", 3) == 0 && total == 8,
	    "two hold what they were given, exactly");
	hold_set(&a, &total, "x", 1);
	OK(a.len == 1 && a.p[0] == 'x' && total == a.cap + b.cap,
	    "less may take the same memory");
	hold_set(&a, &total, NULL, 0);
	OK(a.len == 0 && total == a.cap + b.cap, "nothing");
	hold_free(&a, &total);
	hold_free(&b, &total);
	OK(total == 0 && a.p == NULL, "all of it is returned");
}

static void
shrinks(void)
{
	static const char much[100000];
	struct hold h = {0};
	size_t total = 0;

	hold_set(&h, &total, much, sizeof(much));
	hold_set(&h, &total, "a", 1);
	OK(total == 1, "little after much takes little");
	hold_set(&h, &total, much, sizeof(much));
	hold_set(&h, &total, NULL, 0);
	OK(total == 0 && h.p == NULL, "nothing after much takes nothing");
	hold_set(&h, &total, much, sizeof(much));
	hold_drop(&h, &total, sizeof(much) - 10);
	OK(h.len == 10 && total == 10, "so does what is left of much");
	hold_free(&h, &total);
}

static void
adds(void)
{
	enum { N = 300000 };
	struct hold h = {0};
	size_t total = 0, moves = 0, last = 0;
	bool ok = true;

	hold_add(&h, &total, NULL, 0);
	OK(h.len == 0 && total == 0, "nothing is added");
	for (int i = 0; i < N; i++) {
		char c = (char)(i % 251);

		hold_add(&h, &total, &c, 1);
		moves += h.cap != last;
		last = h.cap;
	}
	for (int i = 0; i < N; i++)
		ok = ok && h.p[i] == (char)(i % 251);
	OK(ok && h.len == N, "300,000 bytes, one by one");
	OK(moves < 100 && total == h.cap && h.cap < N + N / 2,
	    "in few moves and little more than their memory");
	hold_drop(&h, &total, 0);
	OK(h.len == N, "none is dropped");
	hold_drop(&h, &total, 251);
	OK(h.len == N - 251 && h.p[0] == 0, "the first are dropped");
	hold_drop(&h, &total, h.len);
	OK(h.len == 0 && total == 0, "all are");
}

int
main(void)
{
	sets();
	shrinks();
	adds();
	return tap_done();
}
