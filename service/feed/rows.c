/* Rows of tab- or comma-separated values under a header. CSV is RFC 4180: quotes, doubled quotes and line ends inside quotes. TSV
 * has no standard: a field is taken as quoted only where it reads as one on its own line, so that `"Best" mug` stays as it is.
 * After a bad row reading goes on behind the line of its bad field, which costs linear time: any line that could open a quote
 * closes one that is open. */
#include "feed/reader.h"

#include <string.h>

#define MAX_FIELDS 512
#define NAMES_MAX (1u << 20)

struct rows {
	struct str rest;
	char separator, line_end;
	struct arena *a; /* of the row: fields whose quotes had to be taken out */
	uint64_t lines;  /* before rest */
	struct str field[MAX_FIELDS];
	size_t n;
	const char *fault; /* of the row just read; NULL if it is fine */
};

static bool ends_field(const struct rows *r, struct str s, size_t at)
{
	if (at >= s.n || s.p[at] == r->separator || s.p[at] == r->line_end)
		return true;
	return s.p[at] == '\r' && at + 1 < s.n && s.p[at + 1] == r->line_end;
}

/* Where the quote that opens s closes, or s.n. */
static size_t closing_quote(const struct rows *r, struct str s, bool *doubled_out)
{
	*doubled_out = false;
	for (size_t i = 1; i < s.n && i < FEED_MAX_LINE; i++) {
		if (s.p[i] == r->line_end && r->separator == '\t')
			return s.n;
		if (s.p[i] != '"')
			continue;
		if (i + 1 >= s.n || s.p[i + 1] != '"')
			return i;
		*doubled_out = true;
		i++;
	}
	return s.n;
}

static struct str without_doubles(struct arena *a, struct str s)
{
	char *out = ARENA_TAKE(a, char, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < s.n; i++) {
		out[n++] = s.p[i];
		if (s.p[i] == '"')
			i++;
	}
	return (struct str){out, n};
}

/* Length of a quoted field with its quotes; 0: it is none. */
static size_t quoted(struct rows *r, struct str s, struct str *value_out)
{
	bool doubled;
	size_t end;

	if (!s.n || s.p[0] != '"')
		return 0;
	end = closing_quote(r, s, &doubled);
	if (end == s.n || !ends_field(r, s, end + 1)) {
		if (r->separator == ',')
			r->fault = end == s.n ? "a quote is not closed" : "text follows a closing quote";
		return 0;
	}
	*value_out = doubled ? without_doubles(r->a, str_sub(s, 1, end)) : str_sub(s, 1, end);
	return end + 1;
}

static size_t plain(const struct rows *r, struct str s, struct str *value_out)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != r->separator && s.p[n] != r->line_end)
		n++;
	*value_out = str_sub(s, 0, n > 0 && n < s.n && s.p[n] == r->line_end && s.p[n - 1] == '\r' ? n - 1 : n);
	return n;
}

static void skip_line(struct rows *r)
{
	str_cut(&r->rest, r->line_end);
	r->lines++;
}

static uint64_t count_lines(const struct rows *r, struct str s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == r->line_end;
	return n;
}

static const char *row_fault(const struct rows *r, struct str row)
{
	if (row.n > FEED_MAX_LINE)
		return "the row is longer than 1048576 bytes";
	if (memchr(row.p, '\0', row.n))
		return "has a NUL byte";
	if (!utf8_valid(row))
		return "is not valid UTF-8";
	return arena_failed(r->a) ? "the row needs too much memory" : NULL;
}

/* Reads one row; false at the end. A bad row ends with the line on which its bad field begins. */
static bool next_row(struct rows *r)
{
	struct str s = r->rest;
	size_t at = 0;
	bool more = true;

	if (!s.n)
		return false;
	r->n = 0;
	r->fault = NULL;
	while (more && !r->fault) {
		struct str value = STR_NONE, from = str_sub(s, at, s.n);
		size_t n = quoted(r, from, &value);
		if (r->fault)
			break;
		if (!n)
			n = plain(r, from, &value);
		if (at + n < s.n && s.p[at + n] == '\r' && s.p[at + n] != r->line_end)
			n++;
		at += n;
		if (r->n == MAX_FIELDS)
			r->fault = "has more than 512 fields";
		else
			r->field[r->n++] = value;
		more = at < s.n && s.p[at] == r->separator;
		at += more;
	}
	if (!r->fault)
		r->fault = row_fault(r, str_sub(s, 0, at));
	r->lines += count_lines(r, str_sub(s, 0, at));
	r->rest = str_sub(s, at, s.n);
	skip_line(r);
	return true;
}

/* ---- header and rows ------------------------------------------------------------------------------ */

struct header {
	struct field *field;
	size_t n;
};

static bool has_column(const struct header *h, const char *names)
{
	for (struct str rest = str_of(names); rest.n > 0;) {
		struct str name = str_cut(&rest, ' ');
		for (size_t i = 0; i < h->n; i++)
			if (str_eq(h->field[i].name, name))
				return true;
	}
	return false;
}

static enum status read_header(struct intake *in, struct rows *r, struct arena *names, struct header *h)
{
	static const char *const NEEDED[] = {"id item_id sku", "title", "link url", "price"};

	if (!next_row(r) || r->fault)
		return err_set(in->e, E_INPUT, "line 1", "%s", r->fault ? r->fault : "the feed is empty");
	h->n = r->n;
	h->field = ARENA_TAKE(names, struct field, r->n);
	for (size_t i = 0; h->field && i < r->n; i++)
		h->field[i].name = field_name(names, r->field[i]);
	if (arena_failed(names))
		return err_set(in->e, E_INPUT, "line 1", "the header is too large");
	for (size_t i = 0; i < ARRAY_LEN(NEEDED); i++)
		if (!has_column(h, NEEDED[i])) {
			struct str all = str_of(NEEDED[i]), first = str_cut(&all, ' ');
			return err_set(in->e, E_INPUT, "line 1", "the header names no column %.*s", STR_ARG(first));
		}
	return OK;
}

static bool row_is_blank(const struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_trim(r->field[i]).n)
			return false;
	return true;
}

static enum status take_row(struct intake *in, const struct rows *r, const struct header *h)
{
	if (r->fault)
		return intake_refuse(in, STR_NONE, "", "%s", r->fault);
	if (row_is_blank(r))
		return OK;
	for (size_t i = h->n; i < r->n; i++)
		if (str_trim(r->field[i]).n)
			return intake_refuse(in, r->field[0], "", "has %zu fields under a header of %zu", r->n, h->n);
	for (size_t i = 0; i < h->n; i++)
		h->field[i].value = i < r->n ? r->field[i] : STR_NONE;
	return flat_take(in, h->field, h->n);
}

static enum status read_all(struct intake *in, struct rows *r, struct arena *names)
{
	struct header h = {0};
	enum status s;

	arena_reset(in->scratch);
	s = read_header(in, r, names, &h);
	while (s == OK) {
		arena_reset(in->scratch);
		in->line = r->lines + 1;
		if (!next_row(r))
			break;
		s = take_row(in, r, &h);
	}
	return s;
}

enum status rows_read(struct intake *in, struct str text)
{
	struct rows r = {.rest = text, .separator = in->o->container == FEED_TSV ? '\t' : ',', .a = in->scratch};
	struct arena *names = arena_new(NAMES_MAX);
	enum status s;

	if (!names)
		return err_set(in->e, E_NOMEM, "", "no memory for a header");
	/* Old spreadsheets end lines with CR alone. */
	r.line_end = text.n && !memchr(text.p, '\n', text.n) && memchr(text.p, '\r', text.n) ? '\r' : '\n';
	s = read_all(in, &r, names);
	arena_free(names);
	return s;
}
