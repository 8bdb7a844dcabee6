/* JSON read where it lies. Strict about structure, as what is misread would be miswritten; what strings say is checked when they are read. */
#include "hook/span.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_space(struct str s, size_t at)
{
	while (at < s.n && is_space(s.p[at]))
		at++;
	return at;
}

/* Each skip returns the offset behind the value, or 0: malformed. No value ends at 0. */
static size_t skip_string(struct str s, size_t at)
{
	for (at++; at < s.n && s.p[at] != '"'; at++)
		at += s.p[at] == '\\';
	return at < s.n ? at + 1 : 0;
}

static bool in_number(char c)
{
	return (c >= '0' && c <= '9') || (c && strchr("+-.eE", c));
}

static size_t skip_scalar(struct str s, size_t at)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t from = at;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_starts(str_sub(s, at, s.n), str_of(words[i])))
			return at + strlen(words[i]);
	while (at < s.n && in_number(s.p[at]))
		at++;
	return at > from ? at : 0;
}

/* Inside a container, brackets must match; what stands between commas is looked at only when somebody walks there. */
static size_t skip_container(struct str s, size_t at)
{
	char open[SPAN_DEPTH];
	size_t depth = 0;
	while (at < s.n) {
		char c = s.p[at];
		if (c == '"') {
			at = skip_string(s, at);
			if (!at)
				return 0;
			continue;
		}
		if (c == '{' || c == '[') {
			if (depth == SPAN_DEPTH)
				return 0;
			open[depth++] = c == '{' ? '}' : ']';
		} else if (c == '}' || c == ']') {
			if (depth == 0 || open[--depth] != c)
				return 0;
			if (depth == 0)
				return at + 1;
		}
		at++;
	}
	return 0;
}

static size_t skip_value(struct str s, size_t at)
{
	if (at >= s.n)
		return 0;
	if (s.p[at] == '"')
		return skip_string(s, at);
	return s.p[at] == '{' || s.p[at] == '[' ? skip_container(s, at) : skip_scalar(s, at);
}

bool span_document(struct str text, struct str *value_out)
{
	size_t from = skip_space(text, 0), to = skip_value(text, from);
	if (!to || skip_space(text, to) != text.n)
		return false;
	*value_out = str_sub(text, from, to);
	return true;
}

/* ---- walking ---------------------------------------------------------------------------- */

void span_enter(struct span_walk *w, struct str value)
{
	*w = (struct span_walk){.text = value, .at = 1};
	w->close = span_is(value, '{') ? '}' : span_is(value, '[') ? ']' : '\0';
	w->bad = !w->close;
}

static bool fail(struct span_walk *w)
{
	w->bad = true;
	return false;
}

/* Moves to the next entry, over the comma. False at the end. */
static bool advance(struct span_walk *w)
{
	if (w->bad)
		return false;
	w->at = skip_space(w->text, w->at);
	if (w->at >= w->text.n)
		return fail(w);
	if (w->text.p[w->at] == w->close)
		return false;
	if (w->begun) {
		if (w->text.p[w->at] != ',')
			return fail(w);
		w->at = skip_space(w->text, w->at + 1);
	}
	w->begun = true;
	return true;
}

static bool take(struct span_walk *w, struct str *value)
{
	size_t to = skip_value(w->text, w->at);
	if (!to)
		return fail(w);
	*value = str_sub(w->text, w->at, to);
	w->at = to;
	return true;
}

bool span_item(struct span_walk *w, struct str *value)
{
	return w->close == ']' ? advance(w) && take(w, value) : fail(w);
}

bool span_member(struct span_walk *w, struct str *key, struct str *value)
{
	if (w->close != '}')
		return fail(w);
	if (!advance(w))
		return false;
	if (!take(w, key) || key->p[0] != '"')
		return fail(w);
	w->at = skip_space(w->text, w->at);
	if (w->at >= w->text.n || w->text.p[w->at] != ':')
		return fail(w);
	w->at = skip_space(w->text, w->at + 1);
	return take(w, value);
}

/* ---- scalars ------------------------------------------------------------------------------ */

bool span_is(struct str value, char first)
{
	return value.n > 0 && value.p[0] == first;
}

bool span_some_text(struct str value)
{
	return span_is(value, '"') && value.n > 2;
}

bool span_integer(struct str value, int64_t *out)
{
	return str_int(value, out);
}

/* ---- strings -------------------------------------------------------------------------------- */

static bool hex4(struct str s, size_t at, uint32_t *out)
{
	uint8_t b[2];
	if (at + 4 > s.n || !hex_get(str_sub(s, at, at + 4), b, 2))
		return false;
	*out = (uint32_t)b[0] << 8 | b[1];
	return true;
}

struct reading {
	struct str s; /* without quotes */
	size_t at;
	uint32_t high; /* half of a pair that waits for the other */
	struct buf *out;
};

static bool put_point(struct reading *r, uint32_t cp)
{
	char bytes[4];
	bool low = cp >= 0xDC00 && cp <= 0xDFFF;
	if (low != (r->high != 0))
		return false;
	if (cp >= 0xD800 && cp <= 0xDBFF) {
		r->high = cp;
		return true;
	}
	if (low)
		cp = 0x10000 + ((r->high - 0xD800) << 10) + (cp - 0xDC00);
	r->high = 0;
	int n = cp ? utf8_put(bytes, cp) : 0;
	buf_put(r->out, (struct str){bytes, (size_t)n});
	return n > 0;
}

static bool read_escape(struct reading *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t cp;
	if (r->at >= r->s.n)
		return false;
	char c = r->s.p[r->at++];
	const char *known = c ? strchr(from, c) : NULL;
	if (known)
		return put_point(r, (uint32_t)to[known - from]);
	if (c != 'u' || !hex4(r->s, r->at, &cp))
		return false;
	r->at += 4;
	return put_point(r, cp);
}

static bool read_plain(struct reading *r)
{
	size_t from = r->at;
	while (r->at < r->s.n && r->s.p[r->at] != '\\') {
		if ((unsigned char)r->s.p[r->at] < 0x20)
			return false;
		r->at++;
	}
	struct str plain = str_sub(r->s, from, r->at);
	if (r->high || !utf8_valid(plain))
		return false;
	buf_put(r->out, plain);
	return true;
}

bool span_text(struct str value, uint32_t *high, struct buf *out)
{
	size_t before = out->n;
	if (!span_is(value, '"') || value.n < 2)
		return false;
	struct reading r = {.s = str_sub(value, 1, value.n - 1), .high = high ? *high : 0, .out = out};
	bool fine = true;
	while (fine && r.at < r.s.n)
		fine = r.s.p[r.at] == '\\' ? (r.at++, read_escape(&r)) : read_plain(&r);
	if (!fine || (r.high && !high) || out->failed) {
		out->n = before;
		return false;
	}
	if (high)
		*high = r.high;
	return true;
}
