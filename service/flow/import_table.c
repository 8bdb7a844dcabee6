/* Rows of separated values. After a row whose quotes do not close reading goes on at the next line. */
#include "flow/import.h"

#include <string.h>

struct table {
	struct str rest;
	char separator;
	uint64_t line; /* of the row that comes next */
	struct arena *row;
};

struct str import_name(struct arena *a, struct str s)
{
	char *out = ARENA_TAKE(a, char, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; out && i < s.n; i++) {
		char c = s.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
	}
	return (struct str){out, n};
}

static char most_frequent(struct str header)
{
	static const char separators[] = ",;\t|";
	char best = ',';
	size_t most = 0;
	for (const char *s = separators; *s; s++) {
		size_t n = 0;
		for (size_t i = 0; i < header.n; i++)
			n += header.p[i] == *s;
		if (n > most) {
			most = n;
			best = *s;
		}
	}
	return best;
}

/* A quoted field at the front of s: its text, and how many bytes it took with its quotes. 0: it does not close. */
static size_t quoted(struct table *t, struct str s, struct str *out)
{
	size_t end = 1, doubled = 0;
	while (end < s.n && end < IMPORT_ROW_MAX && (s.p[end] != '"' || (end + 1 < s.n && s.p[end + 1] == '"'))) {
		bool two = s.p[end] == '"';
		doubled += two;
		end += 1 + two;
	}
	if (end >= s.n || s.p[end] != '"')
		return 0;
	*out = str_sub(s, 1, end);
	if (!doubled)
		return end + 1;
	char *p = ARENA_TAKE(t->row, char, out->n + 1);
	size_t n = 0;
	for (size_t i = 1; p && i < end; i++) {
		p[n++] = s.p[i];
		i += s.p[i] == '"';
	}
	*out = (struct str){p, p ? n : 0};
	return end + 1;
}

static size_t plain(const struct table *t, struct str s, struct str *out)
{
	size_t n = 0;
	while (n < s.n && s.p[n] != t->separator && s.p[n] != '\n')
		n++;
	*out = str_trim(str_sub(s, 0, n));
	return n;
}

static uint64_t lines_in(struct str s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static const char *fault_of(const struct table *t, struct str row, size_t fields)
{
	if (fields > IMPORT_FIELDS)
		return "has more than 256 fields";
	if (row.n > IMPORT_ROW_MAX)
		return "is longer than 1048576 bytes";
	if (memchr(row.p, '\0', row.n) || !utf8_valid(row))
		return "is not UTF-8 text";
	return arena_failed(t->row) ? "needs too much memory" : NULL;
}

/* False at the end. */
static bool next_row(struct table *t, struct import_record *r)
{
	struct str s = t->rest;
	size_t at = 0, fields = 0;
	bool more = s.n > 0;
	if (!more)
		return false;
	r->line = t->line;
	r->fault = NULL;
	while (more) {
		struct str from = str_sub(s, at, s.n), value = STR_NONE, behind;
		size_t n = from.n && from.p[0] == '"' ? quoted(t, from, &value) : 0;
		if (from.n && from.p[0] == '"' && !n) {
			r->fault = "a quote is not closed";
			break;
		}
		if (n) /* what stands behind the closing quote is no part of it */
			n += plain(t, str_sub(from, n, from.n), &behind);
		else
			n = plain(t, from, &value);
		if (fields < IMPORT_FIELDS)
			r->value[fields] = value;
		fields++;
		at += n;
		more = at < s.n && s.p[at] == t->separator;
		at += more;
	}
	if (!r->fault)
		r->fault = fault_of(t, str_sub(s, 0, at), fields);
	r->n = fields < IMPORT_FIELDS ? fields : IMPORT_FIELDS;
	t->line += lines_in(str_sub(s, 0, at)) + 1;
	t->rest = str_sub(s, at, s.n);
	str_cut(&t->rest, '\n');
	return true;
}

static bool blank(const struct import_record *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->value[i].n)
			return false;
	return !r->fault;
}

static enum status read_header(struct table *t, struct arena *names, struct import_record *r, size_t *n_out, struct err *e)
{
	if (!next_row(t, r) || r->fault)
		return err_set(e, E_INPUT, "line 1", "%s", r->fault ? r->fault : "the file is empty");
	for (size_t i = 0; i < r->n; i++)
		r->name[i] = import_name(names, r->value[i]);
	*n_out = r->n;
	return arena_failed(names) ? err_set(e, E_INPUT, "line 1", "the header is too large") : OK;
}

enum status import_table(struct str text, struct arena *names, struct arena *row, import_each *each, void *arg, struct err *e)
{
	struct import_record *r = ARENA_TAKE(names, struct import_record, 1);
	if (str_starts(text, STR("\xEF\xBB\xBF")))
		text = str_sub(text, 3, text.n);
	struct table t = {.rest = text, .separator = most_frequent(str_sub(text, 0, str_find(text, STR("\n"), 0))), .line = 1, .row = row};
	size_t columns = 0;
	enum status s = r ? read_header(&t, names, r, &columns, e) : E_NOMEM;
	while (s == OK) {
		arena_reset(row);
		if (!next_row(&t, r))
			break;
		if (blank(r))
			continue;
		if (!r->fault && r->n > columns)
			r->fault = "has more fields than the header";
		for (size_t i = r->n; i < columns; i++)
			r->value[i] = STR_NONE;
		r->n = columns;
		s = each(arg, r);
	}
	return s;
}
