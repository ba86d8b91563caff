/* Opening operands, on both sides of the sandbox; see operand.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "operand.h"

/* The absolute name of what path was opened as: of a pipe such as /dev/fd/63
 * none is known but the given one. */
static bool
real_name(char out[PATH_MAX], const char *path)
{
	struct buf b = BUF_INIT(PATH_MAX - 1);
	bool ok;

	if (realpath(path, out) != NULL)
		return true;
	if (path[0] != '/' && getcwd(out, PATH_MAX) != NULL) {
		buf_adds(&b, out);
		buf_addc(&b, '/');
	}
	buf_adds(&b, path);
	ok = b.err == 0;
	if (ok)
		memcpy(out, b.p, b.len + 1);
	else
		errno = ENAMETOOLONG;
	buf_clear(&b);
	return ok;
}

/* In the helper.  Not to wait for somebody to open the other end of a named
 * pipe: the parser does that while it watches for signals. */
static void
open_one(
    void *ctx, uint32_t i, const char *data, size_t n, struct helper_reply *r)
{
	const struct operands *o = ctx;
	int flags;

	(void)data;
	(void)n;
	r->err = ENOENT;
	if (i >= o->n)
		return;
	r->fd = open(o->paths[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (r->fd == -1 || !real_name(r->data, o->paths[i])) {
		r->err = errno;
		return;
	}
	flags = fcntl(r->fd, F_GETFL);
	if (flags != -1)
		(void)fcntl(r->fd, F_SETFL, flags & ~O_NONBLOCK);
	r->n = strlen(r->data);
	r->err = 0;
}

void
operands_serve(
    struct operands *o, char *const *paths, size_t n, struct helper *h)
{
	struct stat st;
	bool any = false;

	o->paths = paths;
	o->n = n;
	o->helper = h;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(paths[i], "-") == 0)
			continue;
		any = true;
		/* A folder is opened to be refused; not what is in it. */
		helper_path(h, paths[i],
		    stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode)
			? LANDLOCK_LIST
			: LANDLOCK_READ);
	}
	if (!any)
		return;
	helper_serve(h, HELPER_OPERAND, open_one, o);
	helper_keep_descriptors(h);
}

int
operand_open(
    const struct operands *o, size_t i, char real[PATH_MAX], struct fault *f)
{
	const struct helper_order order = {
	    .kind = HELPER_OPERAND, .arg = (uint32_t)i};
	struct helper_reply r;

	errno = 0;
	if (!helper_ask(o->helper, &order, &r, f))
		return -1;
	errno = r.err;
	if (r.err != 0 || r.fd == -1 || r.n >= PATH_MAX) {
		if (r.fd != -1)
			(void)close(r.fd);
		return -1;
	}
	memcpy(real, r.data, r.n + 1);
	return r.fd;
}
