#ifndef SCRIPT_H
#define SCRIPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Scripted misbehaviour: rules that tests give through the control API.  The
 * README describes them; README and parser name the same members.
 */
struct request;

/* What one reply shall suffer; all zero but the -1s: nothing. */
struct mischief {
	unsigned rule;       /* number of the rule, 0 when none matched */
	char code[64];       /* reply with this error instead, or "" */
	unsigned status;     /* of that error; 0: as the code's table says */
	char message[256];   /* of that error; "": as the table says */
	int retry_after;     /* Retry-After of that error; -1 none */
	int64_t delay_ms;    /* before anything is sent */
	bool reset, close;   /* end the connection instead of replying */
	int64_t cut_after;   /* end it after so many bytes of the body; -1 no */
	bool cut_reset;      /* .. by a reset */
	int64_t stall_after; /* send no more after so many bytes; -1 no */
	int64_t length_add;  /* Content-Length is wrong by this */
	int64_t drip_bytes;  /* so many bytes at a time .. */
	int64_t drip_ms;     /* .. and this long between; 0 bytes: no drip */
	int64_t flip_at;     /* invert the byte at this offset; -1 no */
	bool replace;        /* replace the object before it is looked at */
};

/** No mischief. */
void mischief_none(struct mischief *m);

/** Is there anything that the sending of a body has to heed? */
bool mischief_in_body(const struct mischief *m);

/** Add a rule; returns its number, or 0 with *why set. */
unsigned script_add(const json_t *rule, const char **why);

/** All rules with their hits, as a new JSON array. */
json_t *script_show(void);

/** Forget all rules. */
void script_clear(void);

/** What the rules have in store for this request. */
void script_judge(const struct request *r, struct mischief *m);

#endif
