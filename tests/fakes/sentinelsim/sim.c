/* Small things every part of the simulator uses. */
#include <openssl/crypto.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "exitcode.h"
#include "rnd.h"
#include "sim.h"

_Noreturn void
sim_oom(void)
{
	static const char text[] = "sentinelsim: error: out of memory\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)n;
	_exit(EXIT_SYSTEM);
}

void *
sim_alloc(size_t n)
{
	void *p = malloc(n);

	if (p == NULL)
		sim_oom();
	return p;
}

void *
sim_zalloc(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		sim_oom();
	return p;
}

void *
sim_grow(void *p, size_t count, size_t size)
{
	p = reallocarray(p, count, size);
	if (p == NULL)
		sim_oom();
	return p;
}

char *
sim_dup(const char *p, size_t n)
{
	char *s = sim_alloc(n + 1);

	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

json_t *
sim_text(const char *s)
{
	return json_stringn(s, strlen(s));
}

int64_t
sim_now_ms(struct sim *sim)
{
	int64_t ms;

	pthread_mutex_lock(&sim->lock);
	ms = clock_wall_ms() + sim->clock_offset;
	pthread_mutex_unlock(&sim->lock);
	return ms;
}

void
sim_guid(char out[37])
{
	unsigned char b[16];

	rnd_bytes(b, sizeof(b));
	b[6] = (unsigned char)(0x40 | (b[6] & 0x0f)); /* version 4 */
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	(void)snprintf(out, 37,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

void
sim_time(char out[SIM_TIME_MAX], int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	char day[24];
	struct tm tm;

	(void)gmtime_r(&s, &tm);
	(void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(
	    out, SIM_TIME_MAX, "%s.%03d0000Z", day, (int)(ms % 1000));
}

bool
sim_same(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && CRYPTO_memcmp(a, b, n) == 0;
}

void
sim_pause(struct sim *sim, int fd, int64_t ms)
{
	struct pollfd p[2] = {{.fd = sim->stop_fd, .events = POLLIN},
	    {.fd = fd, .events = POLLRDHUP}};
	int64_t end = clock_mono_ms() + ms, left = ms;

	while (ms < 0 || left > 0) {
		/* poll returns early only with an event, or by a signal */
		if (poll(p, 2, ms < 0 ? -1 : clock_wait_ms(left)) > 0)
			return;
		left = end - clock_mono_ms();
	}
}
