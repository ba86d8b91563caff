/* Rules, streams, columns and tables; see schema.h. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "schema.h"
#include "sim.h"

static const struct {
	const char *name;
	enum column_type type;
} types[] = {{"string", COLUMN_STRING}, {"int", COLUMN_INT},
    {"long", COLUMN_LONG}, {"real", COLUMN_REAL}, {"double", COLUMN_REAL},
    {"boolean", COLUMN_BOOLEAN}, {"bool", COLUMN_BOOLEAN},
    {"datetime", COLUMN_DATETIME}, {"dynamic", COLUMN_DYNAMIC},
    {"guid", COLUMN_GUID}};

static const char *
text_of(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static uint32_t
hash(const char *p, size_t n)
{
	uint32_t h = 2166136261; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 16777619;
	return h;
}

int
schema_column(const struct stream *s, const char *name, size_t n)
{
	size_t i;

	if (s->nslots == 0)
		return -1;
	for (i = hash(name, n) & (s->nslots - 1); s->slots[i] != 0;
	     i = (i + 1) & (s->nslots - 1)) {
		const struct column *c = &s->columns[s->slots[i] - 1];

		if (c->n == n && memcmp(c->name, name, n) == 0)
			return s->slots[i] - 1;
	}
	return -1;
}

static void
index_columns(struct stream *s)
{
	for (s->nslots = 16; s->nslots < 2 * s->ncolumns;)
		s->nslots *= 2;
	s->slots = sim_zalloc(s->nslots, sizeof(*s->slots));
	for (size_t i = 0; i < s->ncolumns; i++) {
		const struct column *c = &s->columns[i];
		size_t at = hash(c->name, c->n) & (s->nslots - 1);

		while (s->slots[at] != 0)
			at = (at + 1) & (s->nslots - 1);
		s->slots[at] = (uint16_t)(i + 1);
	}
}

/* A letter first, then letters, digits and underscores. */
static bool
column_name_ok(const char *name)
{
	static const char after[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
				    "qrstuvwxyz_0123456789";

	return name[0] != '\0' && strchr(after, name[0]) < after + 52 &&
	       strspn(name, after) == strlen(name);
}

/* May a custom table not have such a column?  The service sets the first ones
 * itself; a PUT of a table with one of the others fails (observed, Cribl). */
static bool
is_reserved(const char *name)
{
	static const char *const names[] = {"TenantId", "Type", "SourceSystem",
	    "_ResourceId", "_SubscriptionId", "_ItemId", "_BilledSize",
	    "_IsBillable", "_TimeReceived", "id", "UniqueId", "Title",
	    "ItemCount", "ManagementGroupName", "Computer", "RawData"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool
is_custom(const char *table)
{
	size_t n = strlen(table);

	return n > 3 && strcmp(table + n - 3, "_CL") == 0;
}

static bool
add_column(
    struct stream *s, const json_t *col, const char *table, struct fault *f)
{
	const char *name = text_of(col, "name"), *type = text_of(col, "type");
	size_t max =
	    is_custom(table) ? SCHEMA_CUSTOM_NAME_MAX : SCHEMA_NAME_MAX;
	struct column *c;
	size_t i;

	if (name == NULL || type == NULL)
		return fault_set(f, EXIT_BADCONFIG,
		    "stream '%s': a column without name or type", s->name);
	/* Filled by the service, never sent: not declared by a stream. */
	if (json_is_true(json_object_get(col, "standard")))
		return true;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].name, type) == 0)
			break;
	if (i == sizeof(types) / sizeof(types[0]))
		return fault_set(f, EXIT_BADCONFIG,
		    "stream '%s': column '%s' has unknown type '%s'", s->name,
		    name, type);
	if (strlen(name) > max || s->ncolumns == SCHEMA_COLUMNS)
		return fault_set(f, EXIT_BADCONFIG,
		    "stream '%s': column '%s' is over a limit (%d columns, "
		    "names of %zu characters)",
		    s->name, name, SCHEMA_COLUMNS, max);
	if (!column_name_ok(name) || (is_custom(table) && is_reserved(name)))
		return fault_set(f, EXIT_BADCONFIG,
		    "stream '%s': table '%s' cannot have a column '%s'",
		    s->name, table, name);
	s->columns = sim_grow(s->columns, s->ncolumns + 1, sizeof(*s->columns));
	c = &s->columns[s->ncolumns++];
	c->n = strlen(name);
	c->name = sim_dup(name, c->n);
	c->type = types[i].type;
	return true;
}

static struct table *
find_table(struct schema *s, const char *name)
{
	struct table *t;

	for (size_t i = 0; i < s->ntables; i++)
		if (strcmp(s->tables[i]->name, name) == 0)
			return s->tables[i];
	t = sim_zalloc(1, sizeof(*t));
	t->name = sim_dup(name, strlen(name));
	t->fd = -1;
	(void)pthread_mutex_init(&t->lock, NULL);
	tally_init(&t->tally);
	s->tables = sim_grow(s->tables, s->ntables + 1, sizeof(*s->tables));
	s->tables[s->ntables++] = t;
	return t;
}

/* A table names a file of --rows-dir: nothing that leaves the directory. */
static bool
table_name_ok(const char *name)
{
	return name[0] != '\0' && strlen(name) <= 128 &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
			    "uvwxyz0123456789_-") == strlen(name);
}

static void
free_stream(struct stream *s)
{
	for (size_t i = 0; i < s->ncolumns; i++)
		free(s->columns[i].name);
	free(s->columns);
	free(s->slots);
	free(s->name);
	free(s);
}

/* def: an object with "columns", or the list itself, or NULL. */
static bool
add_stream(struct schema *s, struct rule *r, const char *name,
    const char *table, const json_t *def, struct fault *f)
{
	const json_t *cols =
	    json_is_array(def) ? def : json_object_get(def, "columns");
	struct stream *st = sim_zalloc(1, sizeof(*st));
	const char *plan;
	size_t i;
	json_t *col;

	st->name = sim_dup(name, strlen(name));
	if (table == NULL)
		table = text_of(def, "table");
	if (table == NULL)
		table = strncmp(name, "Custom-", 7) == 0 ? name + 7 : name;
	st->open = def == NULL;
	plan = text_of(def, "plan");
	st->auxiliary = plan != NULL && strcmp(plan, "Auxiliary") == 0;
	/* Microsoft-<Table> is what flows out of a rule, not into it. */
	if (strncmp(name, "Custom-", 7) != 0) {
		(void)fault_set(f, EXIT_BADCONFIG,
		    "the name of stream '%s' does not begin with Custom-",
		    name);
		goto fail;
	}
	if (!table_name_ok(table)) {
		(void)fault_set(
		    f, EXIT_BADCONFIG, "bad table name '%s'", table);
		goto fail;
	}
	if (schema_find_stream(r, name) != NULL) {
		(void)fault_set(f, EXIT_BADCONFIG,
		    "rule '%s' declares stream '%s' twice", r->id, name);
		goto fail;
	}
	if (!st->open && !json_is_array(cols)) {
		(void)fault_set(f, EXIT_BADCONFIG,
		    "stream '%s' has no list of columns", name);
		goto fail;
	}
	json_array_foreach (cols, i, col)
		if (!add_column(st, col, table, f))
			goto fail;
	index_columns(st);
	st->table = find_table(s, table);
	r->streams = sim_grow(r->streams, r->nstreams + 1, sizeof(*r->streams));
	r->streams[r->nstreams++] = st;
	return true;
fail:
	free_stream(st);
	return false;
}

static json_t *
load_json(const char *file, struct fault *f)
{
	json_error_t e;
	json_t *o = json_load_file(file, JSON_REJECT_DUPLICATES, &e);

	if (o == NULL)
		(void)fault_set(
		    f, EXIT_BADCONFIG, "cannot read '%s': %s", file, e.text);
	return o;
}

bool
schema_stream(struct schema *s, struct rule *r, const char *stream,
    const char *table, const char *file, struct fault *f)
{
	json_t *def = NULL;
	bool ok;

	if (file != NULL && (def = load_json(file, f)) == NULL)
		return false;
	ok = add_stream(s, r, stream, table, def, f);
	json_decref(def);
	return ok;
}

static int
is_json(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 &&
	       strcmp(d->d_name + n - 5, ".json") == 0;
}

bool
schema_tables(
    struct schema *s, struct rule *r, const char *dir, struct fault *f)
{
	struct dirent **list;
	int n = scandir(dir, &list, is_json, alphasort);
	bool ok = n > 0;

	if (n <= 0)
		(void)fault_set(f, EXIT_BADCONFIG,
		    "no table descriptions (*.json) in '%s'", dir);
	for (int i = 0; i < n; i++) {
		char *file, *stream;
		size_t len = strlen(list[i]->d_name) - 5;

		if (asprintf(&file, "%s/%s", dir, list[i]->d_name) < 0 ||
		    asprintf(
			&stream, "Custom-%.*s", (int)len, list[i]->d_name) < 0)
			sim_oom();
		ok = ok && schema_stream(s, r, stream, NULL, file, f);
		free(file);
		free(stream);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return ok;
}

struct rule *
schema_find_rule(const struct schema *s, const char *id)
{
	for (size_t i = 0; i < s->nrules; i++)
		if (strcmp(s->rules[i]->id, id) == 0)
			return s->rules[i];
	return NULL;
}

struct stream *
schema_find_stream(const struct rule *r, const char *name)
{
	for (size_t i = 0; i < r->nstreams; i++)
		if (strcmp(r->streams[i]->name, name) == 0)
			return r->streams[i];
	return NULL;
}

struct rule *
schema_rule(struct schema *s, const char *id)
{
	struct rule *r = schema_find_rule(s, id);

	if (r != NULL)
		return r;
	r = sim_zalloc(1, sizeof(*r));
	r->id = sim_dup(id, strlen(id));
	r->granted = r->granted_at_start = true;
	s->rules = sim_grow(s->rules, s->nrules + 1, sizeof(*s->rules));
	s->rules[s->nrules++] = r;
	return r;
}

/* "dcr-" and 32 hex digits, as Azure makes them. */
static bool
rule_id_ok(const char *id)
{
	return strncmp(id, "dcr-", 4) == 0 && strlen(id) == 36 &&
	       strspn(id + 4, "0123456789abcdef") == 32;
}

/* One stream of the configuration: its description may be in a file. */
static bool
load_stream(struct schema *s, struct rule *r, const char *name,
    const json_t *def, const char *base, struct fault *f)
{
	const char *file = text_of(def, "columns_file");
	const char *slash = strrchr(base, '/');
	char *path;
	bool ok;

	if (file == NULL)
		return add_stream(s, r, name, NULL, def, f);
	if (file[0] == '/' || slash == NULL)
		path = sim_dup(file, strlen(file));
	else if (asprintf(&path, "%.*s/%s", (int)(slash - base), base, file) <
		 0)
		sim_oom();
	ok = schema_stream(s, r, name, text_of(def, "table"), path, f);
	free(path);
	return ok;
}

static bool
load_rule(
    struct schema *s, const json_t *def, const char *file, struct fault *f)
{
	const char *id = text_of(def, "id"), *name;
	json_t *streams = json_object_get(def, "streams"), *stream;
	struct rule *r;

	if (id == NULL || !rule_id_ok(id) || !json_is_object(streams))
		return fault_set(f, EXIT_BADCONFIG,
		    "'%s': a rule takes an id (dcr- and 32 hex digits) and "
		    "streams",
		    file);
	if (schema_find_rule(s, id) != NULL)
		return fault_set(
		    f, EXIT_BADCONFIG, "'%s': rule '%s' twice", file, id);
	if (json_object_size(streams) > SCHEMA_STREAMS)
		return fault_set(f, EXIT_BADCONFIG,
		    "'%s': rule '%s' has more than %d streams", file, id,
		    SCHEMA_STREAMS);
	r = schema_rule(s, id);
	r->granted = !json_is_false(json_object_get(def, "granted"));
	r->granted_at_start = r->granted;
	json_object_foreach (streams, name, stream)
		if (!load_stream(s, r, name, stream, file, f))
			return false;
	return true;
}

bool
schema_load(struct schema *s, const char *file, struct fault *f)
{
	json_t *o = load_json(file, f), *rules, *rule;
	bool ok = o != NULL;
	size_t i;

	rules = json_object_get(o, "rules");
	if (ok && !json_is_array(rules))
		ok = fault_set(f, EXIT_BADCONFIG, "'%s' has no rules", file);
	json_array_foreach (rules, i, rule)
		ok = ok && load_rule(s, rule, file, f);
	json_decref(o);
	return ok;
}

void
schema_free(struct schema *s)
{
	for (size_t i = 0; i < s->nrules; i++) {
		for (size_t k = 0; k < s->rules[i]->nstreams; k++)
			free_stream(s->rules[i]->streams[k]);
		free(s->rules[i]->streams);
		free(s->rules[i]->id);
		free(s->rules[i]);
	}
	for (size_t i = 0; i < s->ntables; i++) {
		tally_free(&s->tables[i]->tally);
		(void)pthread_mutex_destroy(&s->tables[i]->lock);
		free(s->tables[i]->name);
		free(s->tables[i]);
	}
	free(s->rules);
	free(s->tables);
	*s = (struct schema){0};
}
