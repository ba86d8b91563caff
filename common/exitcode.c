/* The exit codes, their order of severity and their meaning. */
#include <stddef.h>

#include "exitcode.h"

/* Most severe first; 64 stands by 78: both ask for a person. */
static const struct {
	int code;
	const char *text;
} table[] = {
    {EXIT_BUG, "a bug, such as counts that do not balance"},
    {EXIT_BADCONFIG, "the configuration is wrong"},
    {EXIT_BADUSAGE, "wrong usage"},
    {EXIT_DENIED, "credentials or permission"},
    {EXIT_IO, "input or output failed"},
    {EXIT_SYSTEM, "out of memory"},
    {EXIT_DOWN, "the service stayed unavailable"},
    {EXIT_AGAIN, "something is not settled, run again"},
    {EXIT_SETASIDE, "dead letters, or the input is not the wire"},
    {EXIT_DONE, "all settled"},
};
enum { TABLE_LEN = sizeof(table) / sizeof(table[0]) };

static size_t
rank(int code)
{
	for (size_t i = 0; i < TABLE_LEN; i++)
		if (table[i].code == code)
			return i;
	return 0;
}

int
exitcode_worse(int a, int b)
{
	size_t ra = rank(a), rb = rank(b);

	return table[ra < rb ? ra : rb].code;
}

const char *
exitcode_text(int code)
{
	for (size_t i = 0; i < TABLE_LEN; i++)
		if (table[i].code == code)
			return table[i].text;
	return "unknown";
}
