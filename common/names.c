/* What a filter knows of names; how a helper looks them up is in lookup.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "log.h"
#include "names.h"

enum { NAMES_AGAIN_MS = 10000 /* after a lookup that failed */ };

struct host {
	char name[NAMES_HOST_MAX + 1]; /* "": a free place */
	uint32_t seq;                  /* of the lookup under way, or 0 */
	int64_t asked, failed;         /* when; INT64_MIN: never */
	int64_t known, fresh;          /* since, and until when it will do */
	int64_t used;
	char addresses[NAMES_TEXT_MAX + 1];
	char error[128];
};

struct names {
	struct helper *helper;
	unsigned waiting;
	struct host hosts[NAMES_HOSTS];
	struct helper_reply reply;
};

struct names *
names_new(struct helper *h)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n == NULL)
		log_oom();
	n->helper = h;
	return n;
}

void
names_free(struct names *n)
{
	free(n);
}

/* Its place; for a new name that of the one used longest ago. */
static struct host *
place_of(struct names *n, const char *name)
{
	struct host *oldest = NULL;

	for (size_t i = 0; i < NAMES_HOSTS; i++) {
		struct host *h = &n->hosts[i];

		if (strcasecmp(h->name, name) == 0)
			return h;
		if (h->seq == 0 && (oldest == NULL || h->used < oldest->used))
			oldest = h;
	}
	if (oldest == NULL)
		return NULL;
	memset(oldest, 0, sizeof(*oldest));
	memcpy(oldest->name, name, strlen(name) + 1);
	oldest->known = oldest->fresh = oldest->failed = INT64_MIN;
	return oldest;
}

static bool
ask(struct names *n, struct host *h, int64_t now)
{
	h->seq =
	    helper_send(n->helper, HELPER_NAME, 0, h->name, strlen(h->name));
	if (h->seq == 0)
		return errno == EAGAIN; /* it has much to do: ask later */
	h->asked = now;
	n->waiting++;
	return true;
}

enum names_got
names_get(struct names *n, const char *host, int64_t since, int64_t now,
    const char **text)
{
	struct host *h;

	*text = "the name is too long";
	if (host[0] == '\0' || strlen(host) > NAMES_HOST_MAX)
		return NAMES_FAILED;
	h = place_of(n, host);
	if (h == NULL)
		return NAMES_WAIT; /* all places are being looked up */
	h->used = now;
	*text = h->addresses;
	if (now < h->fresh)
		return NAMES_KNOWN;
	*text = h->error;
	if (h->failed != INT64_MIN && h->failed >= since && h->seq == 0)
		return NAMES_FAILED;
	if (h->seq == 0 && !ask(n, h, now))
		return NAMES_GONE;
	return NAMES_WAIT;
}

/* What an answer says of a host. */
static void
learn(struct host *h, const struct helper_reply *r, int64_t now)
{
	if (r->err == 0 && r->n > 0 && r->n <= NAMES_TEXT_MAX) {
		memcpy(h->addresses, r->data, r->n + 1);
		h->known = h->asked;
		h->fresh = h->asked + NAMES_FRESH_MS;
		h->failed = INT64_MIN;
		return;
	}
	(void)snprintf(h->error, sizeof(h->error), "%.*s",
	    (int)sizeof(h->error) - 1, r->n > 0 ? r->data : "no address");
	if (h->known != INT64_MIN && now - h->known < NAMES_STALE_MS) {
		/* Better than nothing, until it is time to ask again. */
		log_debug("'%s': %s; its addresses from before serve on",
		    h->name, h->error);
		h->fresh = now + NAMES_AGAIN_MS;
		return;
	}
	h->failed = now;
}

bool
names_take(struct names *n, int64_t now)
{
	struct helper_reply *r = &n->reply;

	for (;;) {
		switch (helper_next(n->helper, r, 0)) {
		case HELPER_NOTHING:
			return true;
		case HELPER_GONE:
			return n->waiting == 0;
		case HELPER_ANSWER:
			break;
		}
		if (r->fd != -1)
			(void)close(r->fd);
		for (size_t i = 0; i < NAMES_HOSTS; i++) {
			if (n->hosts[i].seq == 0 || n->hosts[i].seq != r->seq)
				continue;
			n->hosts[i].seq = 0;
			n->waiting--;
			learn(&n->hosts[i], r, now);
		}
	}
}

unsigned
names_waiting(const struct names *n)
{
	return n->waiting;
}

int
names_fd(const struct names *n)
{
	return helper_fd(n->helper);
}
