/* Format files, on any text.  Invariant: one that reads is complete. */
#include <stdint.h>
#include <stdlib.h>

#include "logparse/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fault fault = {0};
	struct format *f = format_read("f", (const char *)data, n, &fault);

	if (f == NULL && (fault.code != EXIT_BADCONFIG || fault.text[0] == 0))
		abort();
	if (f != NULL && (f->n == 0 || f->table == NULL ||
			     f->columns[0].type != COLUMN_DATETIME))
		abort();
	format_free(f);
	return 0;
}
