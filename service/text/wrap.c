/* May a link stand here? The page must stay as it was: the delimiter runs beside the range keep their meaning though
 * they now stand beside "[" and ")", and nothing that the range was part of (an address, an entity, a name with
 * dots) is cut. */
#include "text/scan.h"

#include <string.h>

#define WRAP_AHEAD 32

static size_t token_at(const struct text *t, uint32_t start)
{
	size_t lo = 0, hi = t->token_n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (t->tokens[mid].start < start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* "NF - HC300": of one name, whatever else a dash may cut. */
static bool spaced_dash(const struct text *t, size_t i)
{
	const struct text_token *a = &t->tokens[i - 1], *b = &t->tokens[i];
	return b->gap <= GAP_CLAUSE && str_eq(str_sub(buf_str(&t->source), a->end, b->start), STR(" - "));
}

/* Whole tokens, none barred, no hard gap between them. */
static bool tokens_fit(const struct text *t, uint32_t start, uint32_t end)
{
	size_t i = token_at(t, start);
	if (i == t->token_n || t->tokens[i].start != start)
		return false;
	for (; i < t->token_n && t->tokens[i].start < end; i++) {
		const struct text_token *k = &t->tokens[i];
		if (k->flags & (TEXT_BARRED | TEXT_HEADING | TEXT_LINKED))
			return false;
		if (k->start != start && k->gap > GAP_SOFT && !spaced_dash(t, i))
			return false;
		if (k->end == end)
			return true;
	}
	return false;
}

static bool bytes_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 || c == 0x7F || (c < 0x80 && strchr("*_~`[]<>|\\$!@(){}^", c)))
			return false;
	}
	return true;
}

/* "&M" at the end of "H&M" would be an entity if ";" came next. */
static bool ends_in_entity(struct str s)
{
	size_t i = s.n;
	while (i > 0 && is_alnum((unsigned char)s.p[i - 1]))
		i--;
	return i > 0 && s.p[i - 1] == '&';
}

static bool is_mail_char(int c)
{
	return is_alnum(c) || (c > 0 && c < 128 && strchr(".-_+", c) != NULL);
}

/* A name that goes on behind the range up to an "@" is a mail address. */
static enum text_wrap mail_behind(const struct text *t, uint32_t end)
{
	if (!is_alnum(text_byte(t, end - 1)))
		return WRAP_YES;
	for (size_t i = end; i < (size_t)end + WRAP_AHEAD; i++) {
		int c = text_byte(t, i);
		if (c < 0)
			return t->finished ? WRAP_YES : WRAP_WAIT;
		if (!is_mail_char(c))
			return c == '@' ? WRAP_NO : WRAP_YES;
	}
	return WRAP_NO;
}

/* "lanterns" in "flashlights/lanterns" is a word; in "shop.example/lanterns" it is part of an address. */
static bool slash_fits(const struct text *t, size_t slash)
{
	for (size_t i = slash; i > 0 && slash - i < WRAP_AHEAD; i--) {
		int c = text_byte(t, i - 1);
		if (!is_alnum(c) && c < 0x80 && c != '-' && c != '/')
			return c != '.' && c != ':' && c != '@' && c != '\\' && i != slash;
		if (c == '/' && (i == slash || text_byte(t, i) == '/'))
			return false;
	}
	return slash > 0 && slash < WRAP_AHEAD;
}

static bool before_fits(const struct text *t, size_t from)
{
	int c = from > 0 ? text_byte(t, from - 1) : ' ';
	int d = from > 1 ? text_byte(t, from - 2) : ' ';
	if (c < 0x80 && c > 0 && strchr("@\\!]^<&`", c))
		return false;
	if (c == '/')
		return slash_fits(t, from - 1);
	if (c == '.')
		return !(is_alnum(d) && is_alnum(text_byte(t, from)));
	return !(c == '#' && d == '&');
}

/* The code point behind the link; 0 at the end of the text. */
static enum text_wrap point_behind(const struct text *t, size_t to, uint32_t *cp)
{
	*cp = 0;
	int c = text_byte(t, to);
	if (c < 0)
		return t->finished ? WRAP_YES : WRAP_WAIT;
	if (c < 0x80) {
		*cp = (uint32_t)c;
		return WRAP_YES;
	}
	struct str rest = str_sub(buf_str(&t->source), to, to + 4);
	if (utf8_next(rest, cp) > 0)
		return WRAP_YES;
	return utf8_whole(rest) == 0 && !t->finished ? WRAP_WAIT : WRAP_NO;
}

static enum text_wrap after_fits(const struct text *t, size_t to, bool entity)
{
	uint32_t cp;
	enum text_wrap w = point_behind(t, to, &cp);
	if (w != WRAP_YES || cp == 0)
		return w;
	if (cp >= 0x80) {
		enum point_class c = point_class(cp);
		return c == POINT_MARK || c == POINT_DROP ? WRAP_NO : WRAP_YES;
	}
	if (strchr("@\\([{^`<>", (int)cp) || (entity && cp == ';'))
		return WRAP_NO;
	if (cp != '.' && cp != ':' && cp != '/')
		return WRAP_YES;
	int next = text_byte(t, to + 1), third = text_byte(t, to + 2);
	if (next < 0)
		return t->finished ? WRAP_YES : WRAP_WAIT;
	if (cp == '.')
		return is_alnum(next) && is_alnum(text_byte(t, to - 1)) ? WRAP_NO : WRAP_YES;
	if (cp == '/')
		return next >= 0x80 || (is_alnum(next) && slash_fits(t, to)) ? WRAP_YES : WRAP_NO;
	if (next == '/' && third < 0 && !t->finished)
		return WRAP_WAIT;
	return next == '/' && third == '/' ? WRAP_NO : WRAP_YES;
}

static bool is_delimiter(int c)
{
	return c == '*' || c == '_' || c == '~';
}

/* The run behind the range: NO when there is one we did not follow. */
static enum text_wrap run_behind(const struct text *t, uint32_t end, const struct run **out)
{
	*out = run_starting(t, end);
	if (text_byte(t, end) < 0 && !t->finished)
		return WRAP_WAIT;
	if (*out || !is_delimiter(text_byte(t, end)))
		return WRAP_YES;
	bool reading = t->in.run_ch != 0 && t->in.run_at == end && !t->finished;
	return reading && t->source.n - end <= WRAP_AHEAD ? WRAP_WAIT : WRAP_NO;
}

/* The range fills what two runs enclose that match each other and nothing else. */
static bool fills(const struct run *a, const struct run *b)
{
	if (!a || !b || a->ch != b->ch || a->n != b->n || a->ch == '~' || !a->sure_open)
		return false;
	return a->ch == '*' || (a->left != SIDE_OTHER && a->left != SIDE_UNSURE && b->right != SIDE_OTHER && b->right != SIDE_UNSURE);
}

/* With "[" behind it in place of a letter, does the run mean the same? */
static bool run_before_keeps(const struct run *a)
{
	return a->left == SIDE_SPACE;
}

/* With ")" before it in place of a letter. */
static bool run_after_keeps(const struct run *b)
{
	return b->right == SIDE_SPACE || (b->right == SIDE_PUNCT && b->ch == '*' && b->closes_equal);
}

/* md4c 0.4.8 takes "https://" behind our "](" for an address too, up to the next white space, and loses the delimiter
 * runs on that way. A label begins with a space; without one there must be white space before the next run. */
static enum text_wrap clear_behind(const struct text *t, size_t to)
{
	for (size_t i = to; i < to + WRAP_AHEAD; i++) {
		int c = text_byte(t, i);
		if (c < 0)
			return t->finished ? WRAP_YES : WRAP_WAIT;
		if (c == ' ' || c == '\t' || is_newline(c))
			return WRAP_YES;
		if (c < 0x80 && strchr("*_~$@([<", c))
			return WRAP_NO;
	}
	return WRAP_NO;
}

enum text_wrap text_wrap(const struct text *t, uint32_t start, uint32_t end, bool label, uint32_t *from, uint32_t *to)
{
	struct str s = buf_str(&t->source);
	if (t->plain || start >= end || end > s.n || !tokens_fit(t, start, end) || !bytes_plain(str_sub(s, start, end)))
		return WRAP_NO;
	const struct run *a = run_ending(t, start), *b;
	if (!a && start > 0 && is_delimiter(text_byte(t, start - 1)))
		return WRAP_NO;
	enum text_wrap w = run_behind(t, end, &b);
	if (w != WRAP_YES)
		return w;
	bool filled = fills(a, b);
	if (!filled && ((a && !run_before_keeps(a)) || (b && !run_after_keeps(b))))
		return WRAP_NO;
	uint32_t left = a && filled ? a->at : start, right = b && filled ? b->at + b->n : end;
	if (!before_fits(t, left))
		return WRAP_NO;
	w = after_fits(t, right, ends_in_entity(str_sub(s, start, end)));
	int next = text_byte(t, right);
	if (filled && (next == 'h' || next == 'f' || next == 'w'))
		return WRAP_NO; /* http, ftp and www begin an address behind "*", but not behind ")" */
	if (w == WRAP_YES && !filled)
		w = mail_behind(t, end);
	if (w == WRAP_YES && !label)
		w = clear_behind(t, right);
	if (w == WRAP_YES) {
		*from = left;
		*to = right;
	}
	return w;
}
