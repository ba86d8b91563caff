#ifndef SCHEMA_H
#define SCHEMA_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "stats.h"
#include "window.h"

/*
 * What a subscription's operator would have set up: data collection rules,
 * the streams they declare, the tables these flow into, and who has the role.
 */
enum {
	SCHEMA_STREAMS = 10, /* Azure Monitor service limits: a DCR's streams */
	SCHEMA_COLUMNS = 500,  /* same: columns of a table */
	SCHEMA_NAME_MAX = 128, /* of any column; native tables have over 45 */
	SCHEMA_CUSTOM_NAME_MAX = 45 /* same limits page: of a custom table's */
};

enum column_type {
	COLUMN_STRING,
	COLUMN_INT,
	COLUMN_LONG,
	COLUMN_REAL,
	COLUMN_BOOLEAN,
	COLUMN_DATETIME,
	COLUMN_DYNAMIC,
	COLUMN_GUID /* no stream type: from a table's schema, sent as string */
};

struct column {
	char *name;
	size_t n;
	enum column_type type;
};

struct table {
	char *name;
	pthread_mutex_t lock; /* of fd */
	int fd;               /* -1: rows are not kept */
	struct tally tally;   /* under the simulator's lock */
};

struct stream {
	char *name;
	struct table *table;
	bool open;      /* declares nothing: any column passes */
	bool auxiliary; /* its table is of the Auxiliary plan */
	size_t ncolumns;
	struct column *columns;
	size_t nslots; /* hash table of column numbers + 1, 0 is free */
	uint16_t *slots;
};

struct rule {
	char *id;
	bool granted; /* the app has Monitoring Metrics Publisher here */
	bool granted_at_start;
	size_t nstreams;
	struct stream **streams;
	struct window window; /* requests and bytes of this minute */
};

struct schema {
	size_t nrules;
	struct rule **rules;
	size_t ntables;
	struct table **tables;
};

/** Add what a configuration file declares (see README.md for its form). */
bool schema_load(struct schema *s, const char *file, struct fault *f);

/** The rule of this id, made (with the role granted) if there is none. */
struct rule *schema_rule(struct schema *s, const char *id);

/**
 * Add a stream to a rule: from a file that holds a table description
 * ({"table":..,"plan":..,"columns":[..]}, {"columns":[..]} or [..]), or with
 * file NULL one that takes any column.  Without table, the description's name
 * or the stream's without "Custom-" is taken.
 */
bool schema_stream(struct schema *s, struct rule *r, const char *stream,
    const char *table, const char *file, struct fault *f);

/** Declare stream Custom-<table> for each table description DIR/NAME.json. */
bool schema_tables(
    struct schema *s, struct rule *r, const char *dir, struct fault *f);

struct rule *schema_find_rule(const struct schema *s, const char *id);
struct stream *schema_find_stream(const struct rule *r, const char *name);

/** The number of a column, or -1. */
int schema_column(const struct stream *s, const char *name, size_t n);

void schema_free(struct schema *s);

#endif
