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
 *	frame json [PATH]	records: elements of the array at PATH of an
 *				object, of a bare array, or objects one after
 *				another
 *	frame values		records: JSON values of any kind, strictly
 *	frame lines		records: lines of text
 *	frame delimited SEP [quotes|kept-quotes|csv] [brackets]
 *	    [header|first-line]	lines of fields
 *	frame w3c SEP ..	the same, with #Fields directives
 *	fields NAME ... [...]	names of the fields of text, in order
 *	least N			a record of text has so many
 *	most N			the first one has no more, to be recognised
 *	begin GLOB ...		a line like this begins a record, others belong
 *				to the one before
 *	match FIELD GLOB ...	the first record of text looks like this
 *	start NAME		a member that records begin with
 *	key GLOB		object keys look like this (may repeat)
 *	members NAME ...	all of these stand near the beginning; of
 *several such lines one is enough group NAME		formats of one group
 *share objects: each record is of the one whose 'when' it meets when PATH
 *[VALUE ...]	a record has this (with one of these values) unless PATH [VALUE
 *...]	a record has not require PATH ...	a record has at least one of
 *these allowed PATH VALUE ...	where it is there, it is one of these range PATH
 *MIN MAX	where it is there, it is a number in between filter PATH [VALUE
 *...]	a record that has this is dropped and counted column NAME TYPE SOURCE [|
 *SOURCE ...] string datetime bool int long real dynamic; of sources the first
 *that gives a value
 *	inside PATH ...		an object there, or in a text there, is the
 *				record
 *	keep PATH ...		of the envelope: kept with fields that have no
 *				column
 *
 * A source may end in "as CONVERSION": epoch epoch-ms epoch-us epoch-ns apache
 * leading of a datetime; ip host of a string; port.  It is PATH, = "TEXT", or
 *
 *	part "SEP" N PATH	the Nth part of a text, from 0; -1 is the last
 *	join "SEP" PATH ...	those that are there
 *	whole PATH		a number without its fraction
 *	field NAME, line	of text: the same as NAME; all of it
 *	key GLOB "TEXT"		TEXT where the object's key looks like this
 *	object NAME=PATH ...	an object of those that are there; NAME=$COLUMN
 *				takes the value of a column before
 *
 * A path that begins with ^ is one into the object around the array of records;
 * with .. into the record that 'inside' found this one in.
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

/* How quotes are read that a field begins with. */
enum text_quotes {
	QUOTES_NONE, /* as any other character */
	QUOTES_LOG,  /* around the field, whose end a separator follows */
	QUOTES_KEPT, /* the same, and they belong to the value */
	QUOTES_CSV   /* RFC 4180: "" is one, line breaks may be inside */
};

enum {
	FORMAT_NAME_MAX = 32,
	COLUMN_NAME_MAX = 45, /* Log Analytics: sentinel-ingestion limits */
	COLUMN_LABEL = 64,    /* of a size that is quick to copy */
	TABLE_NAME_MAX = 63,
	FORMAT_LISTS_MAX = 16,  /* globs, members .. of a format */
	FORMAT_RULES_MAX = 64,  /* rules of a format */
	FORMAT_SOURCES_MAX = 8, /* of a column */
	FORMAT_PLACES_MAX = 16, /* of a source or a rule */
	FORMAT_ALLOWED_MAX = 64 /* values of a rule */
};

/* Where records go whose type is not known; what is read of them on standard
 * input may have no time at all. */
#define FORMAT_GENERIC_TABLE "LogbridgeRaw_CL"

struct column;

/* A place that a value comes from. */
struct place {
	const struct path_node *node;
	bool outer;    /* in the object around the records */
	size_t column; /* when node is NULL: the value of this column */
	char *name;    /* of an object's member: "NAME": */
};

enum source_kind {
	SOURCE_PATH,
	SOURCE_CONSTANT,
	SOURCE_PART,
	SOURCE_JOIN,
	SOURCE_WHOLE,
	SOURCE_OBJECT,
	SOURCE_KEY
};

struct source {
	enum source_kind kind;
	struct place *place;
	size_t n;
	char *text; /* the constant, a JSON string; or the separator */
	size_t len;
	long part;
	char *glob; /* that the object's key must match */
	enum column_as as;
};

struct header;

/* A field and globs one of which it matches. */
struct text_match {
	size_t field; /* its place, from 0 */
	char *globs[FORMAT_LISTS_MAX];
	size_t n;
};

/* How text is framed. */
struct text_format {
	char separator; /* of fields; LF: a line is one field */
	enum text_quotes quotes;
	bool brackets;   /* a field may be in [brackets] */
	bool header;     /* names may come in lines of their own */
	bool first;      /* the first line has names, whatever they are */
	bool directives; /* of W3C: #Fields: has names */
	bool direct;     /* columns are fields alone: see textrow.h */
	bool rest;       /* the last field takes the rest of the line */
	size_t least;    /* fields of a record, when no header line says more */
	size_t most;     /* of the first one, to be recognised; 0: any number */
	/* A line like one of these begins a record, the others belong to the
	 * one before; without any, each line is one. */
	char *begins[FORMAT_LISTS_MAX];
	size_t nbegins;
	char **fields; /* names given */
	size_t nfields;
	struct header *names;   /* the same, and which column takes them */
	struct path_node *line; /* takes the whole record, or NULL */
	struct text_match match[FORMAT_LISTS_MAX];
	size_t nmatch;
};

enum framing { FRAMING_NONE, FRAMING_JSON, FRAMING_TEXT };

struct column {
	char name[COLUMN_NAME_MAX + 1];
	enum column_type type;
	enum column_as as;
	/* Most are plain: one path into the record, or one constant.  The
	 * others have sources. */
	struct path_node *node; /* NULL: the constant */
	char *constant;         /* a JSON string */
	size_t constant_len;
	struct source *sources;
	size_t nsources;
	char *written;            /* where it comes from, for --explain */
	char label[COLUMN_LABEL]; /* ,"NAME":" of which the last quote is for
				     texts: it is not of label_len */
	size_t label_len;
	unsigned line; /* of the format file, for --explain and errors */
};

enum rule_kind {
	RULE_REQUIRE,
	RULE_ALLOWED,
	RULE_RANGE,
	RULE_FILTER,
	RULE_WHEN,
	RULE_UNLESS,
	RULE_KEEP /* none: of the envelope, kept with what has no column */
};

/* What is asked of a record: see rule.h. */
struct rule {
	enum rule_kind kind;
	struct place *place;
	size_t n;
	char **values;
	size_t nvalues;
	double min, max;
	char *text; /* as written, for messages */
};

struct format {
	char name[FORMAT_NAME_MAX + 1];
	unsigned version;
	char id[FORMAT_NAME_MAX + 16]; /* NAME/VERSION */
	char *about, *table;
	char *envelope; /* member that holds the records, or NULL */
	enum framing framing;
	struct text_format text;
	struct path_tree tree;
	struct column *columns; /* TimeGenerated first */
	size_t n;
	char *keys[FORMAT_LISTS_MAX], *starts[FORMAT_LISTS_MAX];
	size_t nkeys, nstarts;
	struct {
		char *names[FORMAT_LISTS_MAX];
		size_t n;
	} members[FORMAT_LISTS_MAX];
	size_t nmembers;
	struct rule *rules;
	size_t nrules;
	char group[FORMAT_NAME_MAX + 1];
	bool custom; /* the table is one of one's own (_CL) */
	bool values; /* any JSON value is a record, strictly */
	/* An object at one of these, or JSON in a text, is the record. */
	struct path_node *inside[FORMAT_PLACES_MAX];
	size_t ninside;
	/* What is wanted of that record itself: where it has it, and the same
	 * place with a slot behind the tree's, to which choose.c takes it. */
	struct {
		const struct path_node *from;
		struct path_node kept;
	} framed[FORMAT_PLACES_MAX];
	size_t nframed;
	struct path_tree outer;    /* of the object around the records */
	struct path_node *records; /* where in it they are, or NULL */
	bool around;               /* something of it is wanted */
	/* Of format_head(): where columns and rules are, until they are read.
	 */
	const char *source;
	size_t source_len;
};

/**
 * Read a format file's text; name is what messages call it.  Returns NULL
 * with a fault (exit 78) that names file, line and what was expected.
 */
struct format *format_read(
    const char *name, const char *text, size_t n, struct fault *f);

/**
 * The same without columns and rules, which take most of the time: enough to
 * recognise an object.  The text stays for format_whole().
 */
struct format *format_head(
    const char *name, const char *text, size_t n, struct fault *f);

/** Read the rest of it, once.  The text is built in: a fault of it is a bug. */
void format_whole(struct format *f);

/** format_read() from a file.  Exit 74 when it cannot be read. */
struct format *format_load(const char *path, struct fault *f);

void format_free(struct format *f);

/** Do records begin with this member, as the format says? */
bool format_is_start(const struct format *f, const char *name, size_t n);

/** Is this the member that holds the records? */
bool format_is_envelope(const struct format *f, const struct json_val *key);

/** Has it a column of that name, among those that were read? */
bool format_has_column(const struct format *f, const char *name);

#endif
