#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reading newline-delimited lines with a limit per line, so that no input,
 * however hostile, makes a filter grow without bound.  Reading and taking
 * lines are apart, so that a loop around poll(2) can do each when it wants.
 */

enum { LINE_MAX_BYTES = 8 * 1024 * 1024 /* design.md, the wire */ };

enum line_result {
	LINE_OK,      /* *p, *n are a line, without its newline */
	LINE_TOOLONG, /* a line over max was skipped; *n is its length */
	LINE_NEED,    /* no whole line is there: call line_fill() */
	LINE_EOF      /* all input was given out */
};

struct line_reader {
	int fd;
	size_t max; /* longest line given out */
	char *buf;
	size_t pos, end; /* what of buf is still to be given out */
	size_t cap;
	size_t searched;   /* bytes from pos known to hold no newline */
	uint64_t skipping; /* bytes skipped so far of a too long line */
	size_t
	    left; /* bytes of a file still to be read; SIZE_MAX: to the end */
	bool eof;
	uint64_t number; /* lines given out: the last one's number, from 1 */
	uint64_t offset; /* where in the input the last one began */
	uint64_t base;   /* input offset of buf[pos] */
};

/**
 * Read from fd, which stays the caller's to close.  Of a file no more is read
 * than it holds now: what is appended meanwhile, perhaps by a filter further
 * down, as to a dead-letter file that is replayed into itself, is for the next
 * time.
 */
void line_init(struct line_reader *l, int fd, size_t max);
void line_free(struct line_reader *l);

/**
 * Read once from the descriptor.  Returns false when that fails, with errno;
 * after the end of input it does nothing.
 */
bool line_fill(struct line_reader *l);

/**
 * Take the next line; it stays valid until the next line_fill().  A last line
 * that lacks its newline is still a line (*torn is set, when not NULL).
 */
enum line_result line_next(
    struct line_reader *l, const char **p, size_t *n, bool *torn);

#endif
