/* A strict JSON reader that keeps no tree: one pass to check, then slices. */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	const unsigned char *from, *p, *end;
	const char *wrong; /* NULL: nothing so far */
};

static bool refuse(struct reader *r, const char *why)
{
	if (!r->wrong)
		r->wrong = why;
	return false;
}

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && is_space(*r->p))
		r->p++;
}

/* ---- strings ------------------------------------------------------------------------------------ */

/* Of eight bytes: is none a quote, a backslash, a control or outside ASCII? After "Determine if a word has a byte less than n" of
 * Sean Anderson's Bit Twiddling Hacks. */
static bool all_plain(const unsigned char *p)
{
	const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
	uint64_t w, quote, slash;
	memcpy(&w, p, 8);
	quote = w ^ ones * '"';
	slash = w ^ ones * '\\';
	return !(((w - ones * 0x20) | (quote - ones) | (slash - ones) | w) & high);
}

static int hex_digit(unsigned char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at p, which has them; -1: it has not. */
static int32_t hex4(const unsigned char *p, const unsigned char *end)
{
	int32_t v = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = hex_digit(p[i]);
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* The code point of the escape "\uXXXX" or of a pair of them, p behind its "\u"; 0: it is none. *used: bytes behind p. */
static uint32_t escaped(const unsigned char *p, const unsigned char *end, size_t *used)
{
	int32_t a = hex4(p, end);
	*used = 4;
	if (a < 0 || (a >= 0xDC00 && a <= 0xDFFF))
		return 0;
	if (a < 0xD800 || a > 0xDBFF)
		return (uint32_t)a;
	int32_t b = end - p >= 10 && p[4] == '\\' && p[5] == 'u' ? hex4(p + 6, end) : -1;
	*used = 10;
	return b >= 0xDC00 && b <= 0xDFFF ? 0x10000u + ((uint32_t)(a - 0xD800) << 10 | (uint32_t)(b - 0xDC00)) : 0;
}

static bool check_escape(struct reader *r)
{
	size_t used;
	if (r->p + 1 >= r->end)
		return refuse(r, "a string does not end");
	unsigned char c = r->p[1];
	r->p += 2;
	if (c != 'u')
		return c && strchr("\"\\/bfnrt", c) ? true : refuse(r, "an unknown escape");
	if (escaped(r->p, r->end, &used) == 0)
		return refuse(r, "an escape of no character");
	r->p += used;
	return true;
}

/* p stands behind the opening quote; afterwards behind the closing one. */
static bool check_string(struct reader *r)
{
	for (;;) {
		while (r->end - r->p >= 8 && all_plain(r->p))
			r->p += 8;
		if (r->p >= r->end)
			return refuse(r, "a string does not end");
		unsigned char c = *r->p;
		if (c == '"') {
			r->p++;
			return true;
		}
		if (c < 0x20)
			return refuse(r, "a control character in a string");
		if (c == '\\') {
			if (!check_escape(r))
				return false;
			continue;
		}
		uint32_t cp;
		int n = c < 0x80 ? 1 : utf8_next((struct str){(const char *)r->p, (size_t)(r->end - r->p)}, &cp);
		if (n <= 0)
			return refuse(r, "not UTF-8");
		r->p += n;
	}
}

/* ---- the check ------------------------------------------------------------------------------------ */

static bool check_digits(struct reader *r)
{
	const unsigned char *first = r->p;
	while (r->p < r->end && is_digit(*r->p))
		r->p++;
	return r->p > first || refuse(r, "a number without digits");
}

static bool check_number(struct reader *r)
{
	r->p += *r->p == '-';
	const unsigned char *first = r->p;
	if (!check_digits(r))
		return false;
	if (*first == '0' && r->p - first > 1)
		return refuse(r, "a number that begins with 0");
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		if (!check_digits(r))
			return false;
	}
	if (r->p < r->end && (*r->p | 0x20) == 'e') {
		r->p++;
		r->p += r->p < r->end && (*r->p == '+' || *r->p == '-');
		return check_digits(r);
	}
	return true;
}

static bool check_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return refuse(r, "no JSON value");
	r->p += n;
	return true;
}

/* A value that holds no others. */
static bool check_scalar(struct reader *r)
{
	switch (*r->p) {
	case '"':
		r->p++;
		return check_string(r);
	case 't':
		return check_word(r, "true");
	case 'f':
		return check_word(r, "false");
	case 'n':
		return check_word(r, "null");
	default:
		return *r->p == '-' || is_digit(*r->p) ? check_number(r) : refuse(r, "no JSON value");
	}
}

static bool check_key(struct reader *r)
{
	skip_space(r);
	if (r->p >= r->end || *r->p != '"')
		return refuse(r, "a field without a name");
	r->p++;
	if (!check_string(r))
		return false;
	skip_space(r);
	if (r->p >= r->end || *r->p != ':')
		return refuse(r, "a field without a colon");
	r->p++;
	return true;
}

/* Which of the open arrays and objects are objects: a bit each, so that no hostile nesting costs memory. */
struct nest {
	uint64_t object[PULL_MAX_DEPTH / 64];
	size_t depth;
};

static bool inside_object(const struct nest *n)
{
	size_t top = n->depth - 1;
	return n->object[top / 64] >> (top % 64) & 1;
}

static bool open_nest(struct reader *r, struct nest *n, bool object)
{
	if (n->depth == PULL_MAX_DEPTH)
		return refuse(r, "nested too deeply");
	uint64_t bit = (uint64_t)1 << (n->depth % 64), *word = &n->object[n->depth / 64];
	*word = object ? *word | bit : *word & ~bit;
	n->depth++;
	r->p++;
	return true;
}

/* Behind a value: closes what ends here, or goes on behind a comma. */
static bool close_nests(struct reader *r, struct nest *n)
{
	while (n->depth > 0) {
		skip_space(r);
		bool object = inside_object(n);
		if (r->p >= r->end)
			return refuse(r, object ? "an object does not end" : "an array does not end");
		if (*r->p == ',') {
			r->p++;
			return !object || check_key(r);
		}
		if (*r->p != (object ? '}' : ']'))
			return refuse(r, "a comma or an end is missing");
		r->p++;
		n->depth--;
	}
	return true;
}

/* One value or the beginning of one; true with depth unchanged or one more. */
static bool check_next(struct reader *r, struct nest *n)
{
	skip_space(r);
	if (r->p >= r->end)
		return refuse(r, "a value is missing");
	bool object = *r->p == '{';
	if (!object && *r->p != '[')
		return check_scalar(r) && close_nests(r, n);
	if (!open_nest(r, n, object))
		return false;
	skip_space(r);
	if (r->p < r->end && *r->p == (object ? '}' : ']')) {
		r->p++;
		n->depth--;
		return close_nests(r, n);
	}
	return !object || check_key(r);
}

enum status pull_check(struct str text, struct pull *out, struct err *e)
{
	const unsigned char *from = (const unsigned char *)(text.p ? text.p : "");
	struct reader r = {.from = from, .p = from, .end = from + text.n};
	struct nest n = {.depth = 0};

	skip_space(&r);
	const unsigned char *first = r.p;
	if (r.p >= r.end || (*r.p != '{' && *r.p != '['))
		refuse(&r, "must be an object or an array");
	while (!r.wrong && check_next(&r, &n) && n.depth > 0)
		;
	const unsigned char *last = r.p;
	skip_space(&r);
	if (!r.wrong && r.p < r.end)
		refuse(&r, "more behind the end");
	if (r.wrong)
		return err_set(e, E_INPUT, "", "not JSON: %s (byte %zu)", r.wrong, (size_t)(r.p - from));
	out->text = (struct str){(const char *)first, (size_t)(last - first)};
	return OK;
}

/* ---- reading what is checked ------------------------------------------------------------------------- */

enum pull_kind pull_kind(struct pull v)
{
	if (v.text.n == 0)
		return PULL_NONE;
	switch (v.text.p[0]) {
	case '{':
		return PULL_OBJECT;
	case '[':
		return PULL_ARRAY;
	case '"':
		return PULL_STRING;
	case 't':
		return PULL_TRUE;
	case 'f':
		return PULL_FALSE;
	case 'n':
		return PULL_NULL;
	default:
		return PULL_NUMBER;
	}
}

static size_t after_space(struct str s, size_t at)
{
	while (at < s.n && is_space((unsigned char)s.p[at]))
		at++;
	return at;
}

/* at: of the opening quote. Returns the offset behind the closing one. */
static size_t after_string(struct str s, size_t at)
{
	for (at++; at < s.n;) {
		const char *quote = memchr(s.p + at, '"', s.n - at);
		if (!quote)
			return s.n;
		size_t end = (size_t)(quote - s.p), slashes = 0;
		while (end - slashes > at && s.p[end - slashes - 1] == '\\')
			slashes++;
		at = end + 1;
		if (slashes % 2 == 0)
			return at;
	}
	return at;
}

static size_t after_nest(struct str s, size_t at)
{
	size_t depth = 0;
	while (at < s.n) {
		char c = s.p[at];
		if (c == '"') {
			at = after_string(s, at);
			continue;
		}
		at++;
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		if (depth == 0)
			break;
	}
	return at;
}

static size_t after_value(struct str s, size_t at)
{
	if (at >= s.n)
		return at;
	if (s.p[at] == '"')
		return after_string(s, at);
	if (s.p[at] == '{' || s.p[at] == '[')
		return after_nest(s, at);
	while (at < s.n && !is_space((unsigned char)s.p[at]) && !strchr(",]}", s.p[at]))
		at++;
	return at;
}

bool pull_next(struct pull v, size_t *at, struct str *key, struct pull *value)
{
	struct str s = v.text;
	if (s.n < 2 || (s.p[0] != '{' && s.p[0] != '['))
		return false;
	size_t i = after_space(s, *at == 0 ? 1 : *at);
	if (*at > 0 && i < s.n && s.p[i] == ',')
		i = after_space(s, i + 1);
	if (i + 1 >= s.n) /* at the closing bracket */
		return false;
	if (s.p[0] == '{') {
		size_t end = after_string(s, i);
		*key = str_sub(s, i + 1, end - 1);
		i = after_space(s, after_space(s, end) + 1);
	}
	*at = after_value(s, i);
	value->text = str_sub(s, i, *at);
	return true;
}

/* Writes the bytes that stand for what is between a string's quotes; out has room for as many. Returns how many. */
static size_t unescape(struct str s, char *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	size_t n = 0;
	for (size_t i = 0; i < s.n;) {
		const char *slash = memchr(s.p + i, '\\', s.n - i);
		size_t plain = slash ? (size_t)(slash - s.p) - i : s.n - i;
		memcpy(out + n, s.p + i, plain);
		n += plain;
		i += plain + 2; /* behind the escape's letter */
		if (!slash || i > s.n)
			break;
		char c = s.p[i - 1];
		const char *known = strchr(from, c);
		if (c == 'u') {
			size_t used;
			uint32_t cp = escaped((const unsigned char *)s.p + i, (const unsigned char *)s.p + s.n, &used);
			n += (size_t)utf8_put(out + n, cp);
			i += used;
		} else {
			out[n++] = known && c ? to[known - from] : c;
		}
	}
	return n;
}

bool pull_key_is(struct str key, struct str name)
{
	char plain[384];
	plain[0] = '\0';
	if (str_eq(key, name))
		return true;
	if (key.n == 0 || key.n > sizeof plain || !memchr(key.p, '\\', key.n))
		return false;
	return str_eq((struct str){plain, unescape(key, plain)}, name);
}

struct pull pull_member(struct pull object, const char *name)
{
	struct pull v;
	struct str key = STR_NONE;
	for (size_t at = 0; pull_kind(object) == PULL_OBJECT && pull_next(object, &at, &key, &v);)
		if (pull_key_is(key, str_of(name)))
			return v;
	return (struct pull){STR_NONE};
}

struct str pull_text(struct pull v, struct arena *a)
{
	if (pull_kind(v) != PULL_STRING)
		return STR_NONE;
	struct str s = str_sub(v.text, 1, v.text.n - 1);
	if (s.n == 0 || !memchr(s.p, '\\', s.n))
		return s;
	char *out = ARENA_TAKE(a, char, s.n + 1);
	return out ? (struct str){out, unescape(s, out)} : STR_NONE;
}

bool pull_int(struct pull v, int64_t *out)
{
	return pull_kind(v) == PULL_NUMBER && str_int(v.text, out);
}

double pull_double(struct pull v)
{
	char z[512]; /* longer numbers lose digits that a double has not */
	size_t n = v.text.n < sizeof z ? v.text.n : 0;
	if (pull_kind(v) != PULL_NUMBER)
		return 0;
	if (n == 0)
		return strtod(v.text.p, NULL); /* ends at what follows the number in the text */
	memcpy(z, v.text.p, n);
	z[n] = '\0';
	return strtod(z, NULL);
}
