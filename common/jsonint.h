#ifndef JSONINT_H
#define JSONINT_H

/* What json.c and jsontext.c share, and nobody else needs. */

/** What the character behind a backslash stands for (RFC 8259 section 7);
 * 0: no escape, or u. */
extern const char json_escapes[256];

#endif
