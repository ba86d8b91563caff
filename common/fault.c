/* The carrier of an error's cause from where it is known to where it counts. */
#include <stdarg.h>
#include <stdio.h>

#include "fault.h"

bool
fault_set(struct fault *f, enum exitcode code, const char *fmt, ...)
{
	va_list ap;

	f->code = code;
	f->hint[0] = '\0';
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return false;
}

bool
fault_hint(struct fault *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->hint, sizeof(f->hint), fmt, ap);
	va_end(ap);
	return false;
}
