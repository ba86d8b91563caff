/* common/buf */
#include <errno.h>

#include "buf.h"
#include "tap.h"

/* That nothing stays behind: tests/integration/memory.t. */
static void
test_secret(void)
{
	struct buf b = BUF_SECRET(1000);
	char want[1001];

	for (size_t i = 0; i < 1000; i++)
		buf_addc(&b, want[i] = (char)('a' + i % 26));
	want[1000] = '\0';
	IS(b.p, want, "what is secret grows as any other");
	buf_clear(&b);
	OK(b.p == NULL && b.max == 1000 && b.secret,
	    "cleared it is empty, and still secret");
	buf_adds(&b, "x");
	IS(b.p, "x", "and goes on");
	buf_clear(&b);
}

int
main(void)
{
	struct buf b = BUF_INIT(10);

	buf_adds(&b, "hello");
	IS(b.p, "hello", "append");
	buf_addf(&b, "%d", 12345);
	OK(b.len == 10 && b.err == 0, "exactly the limit fits");
	buf_addc(&b, 'x');
	OK(b.err == EFBIG, "one byte over the limit is an error");
	IS(b.p, "hello12345", "a failed append leaves the contents");
	buf_reset(&b);
	buf_add(&b, "a\0b", 3);
	OK(b.len == 3 && b.err == 0 && memcmp(b.p, "a\0b", 4) == 0,
	    "reset forgets the error; NULs are kept");
	buf_clear(&b);
	OK(b.p == NULL && b.max == 10, "clear keeps the limit");
	OK(buf_room(&b, 11) == NULL && b.err == EFBIG,
	    "no room over the limit");
	buf_reset(&b);
	memcpy(buf_room(&b, 4), "wxyz", 4);
	buf_wrote(&b, 4);
	buf_drop(&b, 1);
	buf_cut(&b, 2);
	IS(b.p, "xy", "room, wrote, drop, cut");
	buf_clear(&b);
	OK(b.p == NULL, "clear frees");
	test_secret();
	return tap_done();
}
