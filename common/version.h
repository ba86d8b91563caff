#ifndef VERSION_H
#define VERSION_H

/** The release, from the file VERSION. */
extern const char version[];

#endif
