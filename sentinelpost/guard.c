/* Runs of rejects by format; see guard.h. */
#include <string.h>

#include "guard.h"

void
guard_init(struct guard *g, uint64_t max)
{
	memset(g, 0, sizeof(*g));
	g->max = max;
	memcpy(g->format[GUARD_FORMATS].name, "others", sizeof("others"));
}

uint64_t *
guard_format(struct guard *g, const char *format, size_t n)
{
	const char *slash = n > 0 ? memchr(format, '/', n) : NULL;
	size_t i;

	if (slash != NULL)
		n = (size_t)(slash - format);
	if (n > GUARD_NAME_MAX)
		n = GUARD_NAME_MAX;
	for (i = 0; i < g->n; i++)
		if (strncmp(g->format[i].name, format, n) == 0 &&
		    g->format[i].name[n] == '\0')
			return &g->format[i].run;
	if (i == GUARD_FORMATS)
		return &g->format[GUARD_FORMATS].run;
	if (n > 0)
		memcpy(g->format[i].name, format, n);
	g->n++;
	return &g->format[i].run;
}

void
guard_reset(struct guard *g)
{
	for (size_t i = 0; i < g->n; i++)
		g->format[i].run = 0;
	g->format[GUARD_FORMATS].run = 0;
}

bool
guard_trips(const struct guard *g, uint64_t run)
{
	return g->max > 0 && run >= g->max;
}

const char *
guard_tripped(const struct guard *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (guard_trips(g, g->format[i].run))
			return g->format[i].name;
	if (guard_trips(g, g->format[GUARD_FORMATS].run))
		return g->format[GUARD_FORMATS].name;
	return NULL;
}
