/* Which format an object has: by its key, then by its first kilobytes. */
#include <stdio.h>
#include <string.h>

#include "detect.h"
#include "glob.h"
#include "log.h"
#include "textrecord.h"
#include "utf8.h"

/* How many objects are around a member that tells a type: those of an event
 * whose detail has an array of records. */
enum { MEMBER_DEPTH = 3 };

/* The glob of that format that the key matches, or NULL. */
static const char *
key_glob(const struct format *f, const char *key, size_t nkey)
{
	for (size_t i = 0; i < f->nkeys; i++)
		if (glob_match(f->keys[i], key, nkey))
			return f->keys[i];
	return NULL;
}

/* Where JSON begins, behind a byte order mark and white space. */
static size_t
beginning(const char *p, size_t n)
{
	size_t i = 0;

	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		i = 3;
	while (i < n && p[i] != '\0' && strchr(" \t\r\n", p[i]) != NULL)
		i++;
	return i;
}

/* Are these n bytes, perhaps cut, JSON as far as they go, or meant to be? */
static bool
is_json(const char *p, size_t n)
{
	struct json_val v;
	struct json j;
	size_t next;

	if (n == 0 || (*p != '{' && *p != '['))
		return false;
	json_init(&j, p, n);
	j.final = false;
	if (json_value(&j, &v) || j.err == JSON_MORE)
		return true;
	/* A bad record is one still; text in brackets is none. */
	next = 1 + beginning(p + 1, n - 1);
	return next < n && (p[next] == '"' || (*p == '[' && p[next] == '{'));
}

/* A set of a format's members, of which the first have been found. */
struct likeness {
	unsigned long found; /* a bit for each member */
	unsigned depth;      /* sum of the depths they were found at */
};

static void
found(struct likeness *like, const struct format *f, const char *name, size_t n,
    unsigned depth)
{
	for (size_t i = 0; i < f->nmembers; i++)
		for (size_t k = 0; k < f->members[i].n; k++)
			if ((like[i].found & 1UL << k) == 0 &&
			    strlen(f->members[i].names[k]) == n &&
			    memcmp(f->members[i].names[k], name, n) == 0) {
				like[i].found |= 1UL << k;
				like[i].depth += depth;
			}
}

/* The length of the string at p, with its quotes; 0 when it has no end. */
static size_t
string_len(const char *p, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (p[i] == '"')
			return i + 1;
		if (p[i] == '\\')
			i++;
	}
	return 0;
}

/*
 * Which members stand in n bytes of JSON, perhaps cut, no deeper than records
 * have them; the quick way: whether it is JSON is no matter here.
 */
static void
look_for(const struct format *f, const char *p, size_t n, struct likeness *like)
{
	unsigned depth = 0;
	size_t i = 0, len, after;

	while (i < n) {
		if (p[i] == '{')
			depth++;
		else if (p[i] == '}' && depth > 0)
			depth--;
		if (p[i] != '"') {
			i++;
			continue;
		}
		len = string_len(p + i, n - i);
		if (len == 0)
			return;
		after = i + len;
		while (after < n && strchr(" \t\r\n", p[after]) != NULL)
			after++;
		if (after < n && p[after] == ':' && depth <= MEMBER_DEPTH)
			found(like, f, p + i + 1, len - 2, depth);
		i += len;
	}
}

/* What speaks for a format. */
struct sign {
	int place;
	const char *glob; /* of its key, or NULL */
	int members;      /* the line of them that is there; -1: the text is
			     as it should be */
	unsigned depth;   /* how deep they stand */
};

/* Does the content have all of one line of a format's members? */
static bool
members_match(const struct format *f, const char *p, size_t n, struct sign *s)
{
	struct likeness like[FORMAT_LISTS_MAX] = {{0}};
	bool is = false;

	if (f->nmembers == 0)
		return false;
	look_for(f, p, n, like);
	for (size_t i = 0; i < f->nmembers; i++) {
		if (like[i].found != (1UL << f->members[i].n) - 1)
			continue;
		if (!is || like[i].depth < s->depth) {
			s->depth = like[i].depth;
			s->members = (int)i;
		}
		is = true;
	}
	return is;
}

/* Are these n bytes, perhaps cut inside a character, text? */
static bool
is_text(const char *p, size_t n)
{
	size_t valid = utf8_valid(p, n);

	/* A character may be cut: at most three bytes of it. */
	return memchr(p, '\0', n) == NULL &&
	       (valid == n || utf8_tail(p, n) == n - valid);
}

/* The length of the line at p, or 0 when its end is not there. */
static size_t
line_len(const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n);

	return nl != NULL ? (size_t)(nl - p) : 0;
}

/* The commas outside of quotes of a line; names: it must hold names besides. */
static size_t
commas(const char *p, size_t n, bool names)
{
	size_t count = 0;
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			quoted = !quoted;
		else if (p[i] == ',' && !quoted)
			count++;
		else if (names && strchr("=:;?!(){}[]<>", p[i]) != NULL)
			return 0;
	}
	return quoted ? 0 : count;
}

/* Does the text begin with a line of names and one of as many values? */
static bool
is_delimited(const char *p, size_t n)
{
	size_t first = line_len(p, n), second, count;

	if (first == 0)
		return false;
	count = commas(p, first, true);
	second = line_len(p + first + 1, n - first - 1);
	return count > 0 && second > 0 &&
	       commas(p + first + 1, second, false) == count;
}

/* The place of a format for this form of content, which no type recognises. */
static int
generic(const struct formats *all, const char *p, size_t n)
{
	if (is_json(p, n))
		return formats_find(all, "json", 4);
	if (n == 0 || !is_text(p, n))
		return DETECT_NONE;
	return is_delimited(p, n) ? formats_find(all, "csv", 3)
				  : formats_find(all, "raw", 3);
}

bool
detect_fit(const struct formats *all, int place, const char *p, size_t n)
{
	const struct format *f = all->v[place].format;
	const size_t i = beginning(p, n);

	if (i == n)
		return true;
	if (f->framing == FRAMING_JSON)
		return f->values || is_json(p + i, n - i);
	return f->text.nmatch == 0 || !is_json(p + i, n - i);
}

static struct detection
answer(int place, unsigned sure, const char *reason)
{
	struct detection d = {.place = place, .sure = sure};

	(void)snprintf(d.reason, sizeof(d.reason), "%s", reason);
	return d;
}

static struct detection
because(const struct formats *all, const struct sign *s, unsigned sure)
{
	const struct format *f = all->v[s->place].format;
	struct buf b = BUF_INIT(sizeof(((struct detection *)NULL)->reason) - 1);
	struct detection d;

	if (s->glob != NULL)
		buf_addf(&b, "its key is like %s%s", s->glob,
		    sure == SURE_BOTH ? ", and " : "");
	if (sure != SURE_KEY)
		buf_addf(&b, "it has %s",
		    s->members < 0 ? "the fields of one" : "the members");
	for (size_t i = 0; sure != SURE_KEY && s->members >= 0 &&
			   i < f->members[s->members].n;
	     i++)
		buf_addf(&b, " %s", f->members[s->members].names[i]);
	d = answer(s->place, sure, b.p);
	buf_clear(&b);
	return d;
}

/* Has the content what speaks for this format? */
static bool
content_matches(struct format *f, const char *p, size_t n, bool final,
    bool json, struct sign *s)
{
	size_t i = beginning(p, n);

	s->members = -1;
	s->depth = 0;
	if (f->framing == FRAMING_TEXT)
		return !json && text_match(f, p, n, final);
	return json && members_match(f, p + i, n - i, s);
}

/* The first format whose key this is like. */
static struct sign
by_key(const struct formats *all, const char *key, size_t nkey)
{
	struct sign s = {.place = DETECT_NONE};

	for (size_t k = 0; k < all->n && s.place < 0; k++) {
		s.glob = key_glob(all->v[k].format, key, nkey);
		if (s.glob != NULL)
			s.place = (int)k;
	}
	return s;
}

/* Is the key all there is to know this type, and the content no JSON? */
static bool
key_alone(const struct formats *all, const struct sign *s, bool json)
{
	const struct format *f;

	if (s->place < 0 || json)
		return false;
	f = all->v[s->place].format;
	return f->framing == FRAMING_TEXT && f->text.nmatch == 0;
}

/* The format whose content this is, rather one whose key it is like, too. */
static struct sign
by_content(const struct formats *all, const char *key, size_t nkey,
    const char *p, size_t n, bool final, bool json)
{
	struct sign best = {.place = DETECT_NONE}, s;

	for (size_t k = 0; k < all->n; k++) {
		if (!content_matches(all->v[k].format, p, n, final, json, &s))
			continue;
		s.place = (int)k;
		s.glob = key_glob(all->v[k].format, key, nkey);
		if (s.glob != NULL)
			return s;
		/* Members that stand least deep are the records'. */
		if (best.place < 0 || s.depth < best.depth)
			best = s;
	}
	return best;
}

/* Is the format at i of a lower version than the one at place, if there is
 * one? */
static bool
is_lower(const struct formats *all, size_t i, int place)
{
	return place < 0 ||
	       all->v[i].format->version < all->v[place].format->version;
}

int
detect_form(
    const struct formats *all, int place, const char *p, size_t n, bool final)
{
	const size_t at = beginning(p, n);
	const bool json = is_json(p + at, n - at);
	int like = DETECT_NONE, fits = DETECT_NONE;
	struct sign s;

	for (size_t i = 0; i < all->n; i++) {
		if ((int)i != place && !formats_is_form(all, place, i))
			continue;
		if (is_lower(all, i, like) &&
		    content_matches(all->v[i].format, p, n, final, json, &s))
			like = (int)i;
		if (is_lower(all, i, fits) && detect_fit(all, (int)i, p, n))
			fits = (int)i;
	}
	if (like >= 0)
		return like;
	if (!final)
		return DETECT_MORE;
	return fits >= 0 ? fits : place;
}

struct detection
detect_format(const struct formats *all, const char *key, size_t nkey,
    const char *p, size_t n, bool final)
{
	const size_t i = beginning(p, n);
	const bool json = is_json(p + i, n - i);
	const struct sign named = by_key(all, key, nkey);
	struct sign seen;
	int place;

	if (i < n && key_alone(all, &named, json))
		return because(all, &named, SURE_KEY);
	seen = by_content(all, key, nkey, p, n, final, json);
	if (seen.place >= 0)
		return because(
		    all, &seen, seen.glob != NULL ? SURE_BOTH : SURE_CONTENT);
	if (!final)
		return answer(DETECT_MORE, 0, "");
	if (named.place >= 0 &&
	    (i == n ||
		json == (all->v[named.place].format->framing == FRAMING_JSON)))
		return because(all, &named, SURE_KEY);
	/* Blank lines are no records, whatever the log. */
	place = i == n && n > 0 ? formats_find(all, "raw", 3)
				: generic(all, p + i, n - i);
	if (place >= 0)
		return answer(place, SURE_GENERIC,
		    "no type is recognised, only its form");
	return answer(DETECT_NONE, 0, "neither type nor form is recognised");
}
