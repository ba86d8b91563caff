/* Counts by operation, status and key, and the log of requests. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/s3/s3uri.h"
#include "clock.h"
#include "log.h"
#include "skip.h"
#include "stats.h"
#include "timefmt.h"

enum { STATUS_MAX = 600 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	uint64_t by_status[OP_COUNT][STATUS_MAX];
	struct skip by_code; /* S3 error code -> count */
	struct skip by_key;  /* "bucket/key" -> GETs */
	uint64_t bytes_sent, bytes_received, scripted, broken;
	int now, peak; /* requests in hand */
	char *lines[STATS_LOG_MAX];
	size_t next;
	int fd;
} st = {.fd = -1};

bool
stats_open(const char *log_file, struct fault *f)
{
	if (log_file == NULL)
		return true;
	st.fd = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	return st.fd >= 0 || fault_set(f, EXIT_IO, "cannot open '%s': %s",
				 log_file, strerror(errno));
}

void
stats_enter(void)
{
	pthread_mutex_lock(&lock);
	if (++st.now > st.peak)
		st.peak = st.now;
	pthread_mutex_unlock(&lock);
}

void
stats_leave(void)
{
	pthread_mutex_lock(&lock);
	st.now--;
	pthread_mutex_unlock(&lock);
}

static void
count_up(struct skip *s, const void *key, size_t n)
{
	struct skip_node *node = skip_put(s, key, n);

	node->value = (void *)((uintptr_t)node->value + 1);
}

/* The line of the log for a request; the caller frees it. */
static char *
log_line(const struct request *r, const char *key, int64_t bytes)
{
	const char *range = request_header(r, "Range");
	const char *match = request_header(r, "If-Match");
	char time[TIMEFMT_MAX];
	char *line;
	json_t *j;

	timefmt_rfc3339(time, sim_now_ms(), true);
	j = json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:s}", "time", time,
	    "op", op_name(r->op), "bucket", r->bucket, "key", key, "status",
	    r->mischief.reset || r->mischief.close ? 0 : (int)r->reply.status,
	    "bytes", (json_int_t)bytes, "ms",
	    (json_int_t)(clock_mono_ms() - r->start_ms), "request_id", r->id);
	if (j == NULL)
		log_oom();
	if (r->reply.code != NULL)
		json_object_set_new(j, "code", json_string(r->reply.code));
	if (range != NULL)
		json_object_set_new(j, "range", json_string(range));
	if (match != NULL)
		json_object_set_new(j, "if_match", json_string(match));
	if (r->query_len > 0)
		json_object_set_new(
		    j, "query", json_stringn(r->query, r->query_len));
	if (r->mischief.rule != 0)
		json_object_set_new(
		    j, "rule", json_integer((json_int_t)r->mischief.rule));
	line = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	if (line == NULL)
		log_oom();
	return line;
}

static void
keep_line(char *line)
{
	char **slot = &st.lines[st.next++ % STATS_LOG_MAX];

	free(*slot);
	*slot = line;
	if (st.fd >= 0) {
		size_t n = strlen(line);

		line[n] = '\n';
		if (write(st.fd, line, n + 1) < 0)
			log_error("cannot write the log: %s", strerror(errno));
		line[n] = '\0';
	}
}

void
stats_count(const struct request *r)
{
	struct buf key = BUF_INIT(4 * STORE_KEY_MAX);
	int64_t bytes = r->reply.object != NULL ? r->reply.length
						: (int64_t)r->reply.body.len;
	bool broken = r->mischief.reset || r->mischief.close;
	char *line;

	buf_addf(&key, "%s/", r->bucket);
	s3uri_encode(&key, r->key.p, r->key.len, S3URI_PATH);
	line = log_line(r, key.p + strlen(r->bucket) + 1, bytes);
	pthread_mutex_lock(&lock);
	if (broken)
		st.broken++;
	else
		st.by_status[r->op][r->reply.status]++;
	if (!broken && r->reply.code != NULL)
		count_up(&st.by_code, r->reply.code, strlen(r->reply.code));
	if (r->op == OP_GET)
		count_up(&st.by_key, key.p, key.len);
	st.scripted += r->mischief.rule != 0;
	st.bytes_sent += (uint64_t)bytes;
	st.bytes_received += (uint64_t)r->body_len;
	keep_line(line);
	pthread_mutex_unlock(&lock);
	buf_clear(&key);
}

static json_t *
number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *
show_counts(const struct skip *s)
{
	json_t *j = json_object();

	for (const struct skip_node *n = s->head[0]; n != NULL; n = n->next[0])
		json_object_set_new(j, n->key, number((uintptr_t)n->value));
	return j;
}

json_t *
stats_show(bool keys)
{
	json_t *all = json_object(), *ops = json_object(), *one;
	uint64_t total = 0;
	char status[8];

	pthread_mutex_lock(&lock);
	for (int op = 0; op < OP_CONTROL; op++) {
		one = json_object();
		for (int s = 0; s < STATUS_MAX; s++) {
			if (st.by_status[op][s] == 0)
				continue;
			total += st.by_status[op][s];
			(void)snprintf(status, sizeof(status), "%d", s);
			json_object_set_new(
			    one, status, number(st.by_status[op][s]));
		}
		if (json_object_size(one) > 0)
			json_object_set(ops, op_name((enum op)op), one);
		json_decref(one);
	}
	json_object_set_new(all, "requests", number(total + st.broken));
	json_object_set_new(all, "by_operation", ops);
	json_object_set_new(all, "by_code", show_counts(&st.by_code));
	json_object_set_new(all, "connections_broken", number(st.broken));
	json_object_set_new(all, "scripted", number(st.scripted));
	json_object_set_new(all, "bytes_sent", number(st.bytes_sent));
	json_object_set_new(all, "bytes_received", number(st.bytes_received));
	json_object_set_new(all, "in_hand", json_integer(st.now));
	json_object_set_new(all, "in_hand_peak", json_integer(st.peak));
	if (keys)
		json_object_set_new(
		    all, "gets_by_key", show_counts(&st.by_key));
	pthread_mutex_unlock(&lock);
	return all;
}

void
stats_log(struct buf *out)
{
	size_t from;

	pthread_mutex_lock(&lock);
	from = st.next > STATS_LOG_MAX ? st.next - STATS_LOG_MAX : 0;
	for (size_t i = from; i < st.next; i++) {
		buf_adds(out, st.lines[i % STATS_LOG_MAX]);
		buf_addc(out, '\n');
	}
	pthread_mutex_unlock(&lock);
}

void
stats_reset(void)
{
	pthread_mutex_lock(&lock);
	memset(st.by_status, 0, sizeof(st.by_status));
	skip_clear(&st.by_code, NULL);
	skip_clear(&st.by_key, NULL);
	st.bytes_sent = st.bytes_received = st.scripted = st.broken = 0;
	st.peak = st.now;
	for (size_t i = 0; i < STATS_LOG_MAX; i++) {
		free(st.lines[i]);
		st.lines[i] = NULL;
	}
	st.next = 0;
	pthread_mutex_unlock(&lock);
}

void
stats_close(void)
{
	stats_reset();
	if (st.fd >= 0)
		(void)close(st.fd);
	st.fd = -1;
}
