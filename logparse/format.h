#ifndef FORMAT_H
#define FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "json.h"
#include "path.h"

/*
 * A log type, read from a format file (logparse/formats, or --format-file):
 * how its records are framed and recognised, and which columns come from
 * where.  One statement a line, '#' begins a comment:
 *
 *	format NAME VERSION	name and version; the version changes when
 *				framing does
 *	about TEXT		one line for --list-formats
 *	table TABLE		where its rows go
 *	frame json [MEMBER]	records: elements of the array at MEMBER of an
 *				object, of a bare array, or objects one after
 *				another
 *	start NAME		a member that records begin with
 *	key GLOB		object keys look like this (may repeat)
 *	members NAME ...	all of these stand near the beginning
 *	require PATH ...	a record has at least one of these
 *	filter PATH		a record that has this is dropped and counted
 *	column NAME TYPE PATH	string datetime bool int long real dynamic
 *	column NAME TYPE = "TEXT"
 *	column NAME TYPE PATH as CONVERSION
 *				epoch epoch-ms epoch-us epoch-ns apache leading
 *				of a datetime; ip host of a string; port
 *
 * The first column is TimeGenerated, a datetime.
 */
enum column_type {
	COLUMN_STRING,
	COLUMN_DATETIME,
	COLUMN_BOOL,
	COLUMN_INT,  /* 32 bits */
	COLUMN_LONG, /* 64 bits */
	COLUMN_REAL,
	COLUMN_DYNAMIC
};

/* What a column makes of its value: see convert.h. */
enum column_as {
	AS_IS,
	AS_EPOCH, /* since 1970, in seconds */
	AS_EPOCH_MS,
	AS_EPOCH_US,
	AS_EPOCH_NS,
	AS_APACHE,  /* 06/Feb/2019:00:00:38 +0000 */
	AS_LEADING, /* the time that a text begins with */
	AS_IP,      /* an address, looked at and kept */
	AS_HOST,    /* of host:port */
	AS_PORT
};

enum {
	FORMAT_NAME_MAX = 32,
	COLUMN_NAME_MAX = 45, /* Log Analytics: sentinel-ingestion limits */
	COLUMN_LABEL = 64,    /* of a size that is quick to copy */
	TABLE_NAME_MAX = 63,
	FORMAT_LISTS_MAX = 16 /* globs, members, requirements .. of a format */
};

struct column {
	char name[COLUMN_NAME_MAX + 1];
	enum column_type type;
	enum column_as as;
	struct path_node *node; /* NULL: the constant */
	char *constant;         /* a JSON string */
	size_t constant_len;
	char label[COLUMN_LABEL]; /* ,"NAME": */
	size_t label_len;
	unsigned line; /* of the format file, for --explain and errors */
};

struct format {
	char name[FORMAT_NAME_MAX + 1];
	unsigned version;
	char id[FORMAT_NAME_MAX + 16]; /* NAME/VERSION */
	char *about, *table;
	char *envelope; /* member that holds the records, or NULL */
	bool framed;
	struct path_tree tree;
	struct column *columns; /* TimeGenerated first */
	size_t n;
	char *keys[FORMAT_LISTS_MAX], *members[FORMAT_LISTS_MAX];
	char *starts[FORMAT_LISTS_MAX];
	size_t nkeys, nmembers, nstarts;
	struct {
		struct path_node *node[FORMAT_LISTS_MAX];
		size_t n;
		char *text; /* as written, for messages */
	} require[FORMAT_LISTS_MAX];
	size_t nrequire;
	struct path_node *filter[FORMAT_LISTS_MAX];
	size_t nfilter;
};

/**
 * Read a format file's text; name is what messages call it.  Returns NULL
 * with a fault (exit 78) that names file, line and what was expected.
 */
struct format *format_read(
    const char *name, const char *text, size_t n, struct fault *f);

/** The same from a file.  Exit 74 when it cannot be read. */
struct format *format_load(const char *path, struct fault *f);

void format_free(struct format *f);

/** Which requirement a record with these slots does not meet, or NULL. */
const char *format_missing(
    const struct format *f, const struct json_val *slots);

/** Is a record with these slots filtered on purpose? */
bool format_filters(const struct format *f, const struct json_val *slots);

/** Do records begin with this member, as the format says? */
bool format_is_start(const struct format *f, const char *name, size_t n);

/** Is this the member that holds the records? */
bool format_is_envelope(const struct format *f, const struct json_val *key);

#endif
