/* Files of accepted rows; see keep.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keep.h"
#include "sim.h"

bool
keep_open(struct schema *s, const char *dir, struct fault *f)
{
	char *path;

	for (size_t i = 0; i < s->ntables; i++) {
		struct table *t = s->tables[i];

		if (asprintf(&path, "%s/%s.ndjson", dir, t->name) < 0)
			sim_oom();
		t->fd =
		    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (t->fd == -1)
			(void)fault_set(f, EXIT_IO, "cannot open '%s': %s",
			    path, strerror(errno));
		free(path);
		if (t->fd == -1)
			return false;
	}
	return true;
}

static bool
write_all(int fd, const char *p, size_t n)
{
	ssize_t put;

	while (n > 0) {
		put = write(fd, p, n);
		if (put == -1 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return true;
}

bool
keep_append(struct table *t, const char *p, size_t n)
{
	off_t before;
	bool ok;

	if (t->fd == -1)
		return true;
	pthread_mutex_lock(&t->lock);
	before = lseek(t->fd, 0, SEEK_END);
	ok = before != -1 && write_all(t->fd, p, n);
	if (!ok && before != -1 && ftruncate(t->fd, before) == -1)
		perror("sentinelsim: error: cannot take back rows");
	pthread_mutex_unlock(&t->lock);
	return ok;
}

void
keep_truncate(struct schema *s)
{
	for (size_t i = 0; i < s->ntables; i++) {
		struct table *t = s->tables[i];

		pthread_mutex_lock(&t->lock);
		if (t->fd != -1 && ftruncate(t->fd, 0) == -1)
			perror("sentinelsim: error: cannot empty rows");
		pthread_mutex_unlock(&t->lock);
	}
}

void
keep_close(struct schema *s)
{
	for (size_t i = 0; i < s->ntables; i++) {
		if (s->tables[i]->fd != -1)
			(void)close(s->tables[i]->fd);
		s->tables[i]->fd = -1;
	}
}
