/* common/exitcode: the order of severity. */
#include "exitcode.h"
#include "tap.h"

int
main(void)
{
	static const int order[] = {70, 78, 64, 77, 74, 71, 69, 75, 65, 0};
	int n = sizeof(order) / sizeof(order[0]), wrong = 0, texts = 0;

	for (int i = 0; i < n; i++)
		for (int k = 0; k < n; k++)
			wrong += exitcode_worse(order[i], order[k]) !=
				 order[i < k ? i : k];
	OK(wrong == 0, "the worse of any two, whichever comes first");
	OK(exitcode_worse(0, 1) == 70 && exitcode_worse(141, 65) == 70 &&
		exitcode_worse(-1, 0) == 70 && exitcode_worse(256, 0) == 70,
	    "a code outside the table is a bug");
	for (int i = 0; i < n; i++)
		texts += strcmp(exitcode_text(order[i]), "unknown") != 0;
	OK(texts == n, "each has a text");
	IS(exitcode_text(1), "unknown", "another has none");
	return tap_done();
}
