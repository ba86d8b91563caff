/* logparse/textsplit: the quick way for plain lines cuts them as the long one
 * does, whatever is in them and however little memory is behind them, and looks
 * at each byte before it says that nothing must be escaped. */
#include <stdlib.h>

#include "logparse/textsplit.h"
#include "rnd.h"
#include "tap.h"

enum { LONGEST = 3000 };

/* Brackets, of which there are none in the lines, make it go the long way. */
static const struct text_format quick_space = {.separator = ' '},
				long_space = {.separator = ' ',
				    .brackets = true},
				quick_tab = {.separator = '\t'},
				long_tab = {
				    .separator = '\t', .brackets = true};

static bool
alike(const struct split *a, const struct split *b)
{
	size_t n = a->n < TEXT_FIELDS_MAX ? a->n : TEXT_FIELDS_MAX;

	if (a->n != b->n || a->high != b->high || a->quotes != b->quotes ||
	    a->open || b->open)
		return false;
	for (size_t i = 0; i < n; i++)
		if (a->field[i].p != b->field[i].p ||
		    a->field[i].n != b->field[i].n || a->field[i].doubled)
			return false;
	return true;
}

/* Must something in it be escaped? */
static bool
escapes(const char *p, size_t n, char separator)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= p[i] == '"' || p[i] == '\\' ||
		       ((unsigned char)p[i] < ' ' && p[i] != separator);
	return any;
}

/* Both ways of a line in memory of its own, with so much behind it. */
static bool
same(const char *line, size_t n, size_t behind)
{
	static struct split a, b;
	char *p = malloc(n + behind + 1);
	bool ok;

	if (p == NULL)
		abort();
	memcpy(p, line, n);
	memset(p + n, '\n', behind);
	textsplit(&a, &quick_space, p, n, p + n + behind, SIZE_MAX);
	textsplit(&b, &long_space, p, n, p + n + behind, SIZE_MAX);
	ok = alike(&a, &b) && a.escapes == escapes(p, n, ' ') &&
	     b.escapes == a.escapes;
	textsplit(&a, &quick_tab, p, n, p + n + behind, SIZE_MAX);
	textsplit(&b, &long_tab, p, n, p + n + behind, SIZE_MAX);
	/* In brackets tabs may be text. */
	ok = ok && alike(&a, &b) && a.escapes == escapes(p, n, '\t') &&
	     b.escapes;
	free(p);
	return ok;
}

static bool
same_both(const char *line, size_t n)
{
	return same(line, n, 0) && same(line, n, 100);
}

/* Each byte at each place of a line of so many bytes. */
static void
each_byte(void)
{
	char line[200];
	bool ok = true;

	for (size_t n = 1; n <= 130; n += n == 1 ? 62 : 1)
		for (unsigned c = 0; c < 256; c++) {
			if (c == '[')
				continue;
			memset(line, 'a', n);
			line[n / 2] = ' ';
			line[c % n] = (char)c;
			line[n - 1] = (char)c;
			ok = same_both(line, n) && ok;
			line[n - 1] = ' ';
			line[0] = (char)c;
			ok = same_both(line, n) && ok;
		}
	OK(ok, "any byte, first, last and between");
}

static void
random_lines(void)
{
	static const char bytes[] = "ab19-. \t  \t";
	static const char odd[] = "\"\\\x7f\x80\xff\x01\x1f!";
	char line[LONGEST];
	bool ok = true;

	for (unsigned k = 0; k < 4000; k++) {
		size_t n = rnd_below(k % 8 == 0 ? LONGEST : 200);

		for (size_t i = 0; i < n; i++)
			line[i] = bytes[rnd_below(sizeof(bytes) - 1)];
		if (k % 2 == 0 && n > 0)
			line[rnd_below((uint32_t)n)] =
			    odd[rnd_below(sizeof(odd) - 1)];
		ok = same_both(line, n) && ok;
	}
	OK(ok, "lines of separators, and some of something else");
}

/* About as many as are kept. */
static void
many_fields(void)
{
	char line[LONGEST];
	bool ok = true;

	memset(line, ' ', sizeof(line));
	for (size_t n = 940; n < 1100; n++)
		ok = same_both(line, n) && ok;
	for (size_t i = 0; i < sizeof(line); i += 2)
		line[i] = 'x';
	for (size_t n = 1900; n < 2200; n++)
		ok = same_both(line, n) && ok;
	OK(ok, "as many fields as are kept, and more");
}

int
main(void)
{
	static struct split s;

	textsplit(&s, &quick_space, "", 0, "", SIZE_MAX);
	OK(s.n == 1 && s.field[0].n == 0, "nothing is one field");
	each_byte();
	random_lines();
	many_fields();
	return tap_done();
}
