/* What s3fetch --save leaves: whole files under their names, and nothing
 * half-done when it ended well. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge.h"

enum { FDS = 8, NAME = 8192 };

/* What nftw(3) gives its function no room for. */
static const char *from, *to;
static bool none_left;
static struct buf *reasons;

static int
drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	return at->level > 0 ? remove(path) : 0;
}

void
save_fresh(const char *dir)
{
	(void)nftw(dir, drop, FDS, FTW_DEPTH | FTW_PHYS);
}

void
save_keep(const char *dir)
{
	char kept[NAME];

	(void)snprintf(kept, sizeof(kept), "%s.want", dir);
	save_fresh(kept);
	if ((rmdir(kept) != 0 && access(kept, F_OK) == 0) ||
	    rename(dir, kept) != 0 || mkdir(dir, 0700) != 0) {
		perror(kept);
		exit(99);
	}
}

static bool
same_file(const char *a, const char *b)
{
	char x[65536], y[65536];
	FILE *f = fopen(a, "re"), *g = fopen(b, "re");
	size_t n = 0, m = 1;

	if (f != NULL && g != NULL) {
		n = fread(x, 1, sizeof(x), f);
		m = fread(y, 1, sizeof(y), g);
	}
	if (f != NULL)
		(void)fclose(f);
	if (g != NULL)
		(void)fclose(g);
	return n == m && n < sizeof(x) && memcmp(x, y, n) == 0;
}

static int
compare(const char *path, const struct stat *st, int type, struct FTW *at)
{
	char other[NAME];

	(void)st;
	if (type != FTW_F)
		return 0;
	if (strncmp(path + at->base, ".s3fetch-", 9) == 0) {
		if (none_left)
			buf_addf(reasons, "left behind: %s\n", path);
		return 0;
	}
	(void)snprintf(other, sizeof(other), "%s%s", to, path + strlen(from));
	if (!same_file(path, other))
		buf_addf(reasons, "not as it should be: %s\n", path);
	return 0;
}

static void
walk(const char *a, const char *b)
{
	from = a;
	to = b;
	(void)nftw(a, compare, FDS, FTW_PHYS);
}

void
judge_save(const char *dir, bool whole, bool tidy, struct buf *why)
{
	char kept[NAME];

	(void)snprintf(kept, sizeof(kept), "%s.want", dir);
	reasons = why;
	none_left = whole && tidy;
	walk(dir, kept);
	if (whole)
		walk(kept, dir);
}
