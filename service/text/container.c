/* Line heads: how far a line is in the containers that are open, and which it opens. */
#include "text/scan.h"

/* ---- looking ahead --------------------------------------------------------------------- */

static bool look_passes(enum look_kind kind, int c, int first)
{
	switch (kind) {
	case LOOK_RUN:
		return c == first;
	case LOOK_BLANKS:
		return is_blank(c);
	case LOOK_RULE:
		return c == first || is_blank(c);
	default:
		return !is_newline(c);
	}
}

/* End of the bytes of that kind from `from` on; false when it is not yet there. Resumes where it stopped. */
bool text_look(struct text *t, enum look_kind kind, size_t from, size_t *end)
{
	struct look *l = &t->look[kind];
	int first = text_byte(t, from), c;
	if (l->from != from || l->at < from)
		*l = (struct look){from, from};
	while ((c = text_byte(t, l->at)) >= 0 && look_passes(kind, c, first))
		l->at++;
	*end = l->at;
	return c >= 0 || t->finished;
}

bool text_at_line_end(const struct text *t, size_t at)
{
	int c = text_byte(t, at);
	return c < 0 || is_newline(c);
}

/* ---- containers --------------------------------------------------------------------------------- */

void containers_leave(struct text *t, uint32_t keep)
{
	if (t->depth > keep)
		t->depth = keep;
}

static bool mark_ends(const struct text *t, size_t at, bool *wait)
{
	int c = text_byte(t, at);
	if (c < 0 && !t->finished)
		*wait = true;
	return c < 0 ? t->finished : is_blank(c) || is_newline(c);
}

/* A container's mark at off: its length, 0 for none. */
static size_t container_mark(const struct text *t, struct container *out, uint32_t *number, bool *wait)
{
	const struct head *h = &t->head;
	int c = text_byte(t, h->off);
	size_t n = 0;
	*wait = false;
	*number = 0;
	if (h->indent >= CODE_INDENT)
		return 0;
	if (c == '>')
		n = 1;
	else if ((c == '-' || c == '+' || c == '*') && mark_ends(t, h->off + 1, wait))
		n = 1;
	else if (c >= '0' && c <= '9') {
		size_t d = 0;
		while (d < 9 && (c = text_byte(t, h->off + d)) >= '0' && c <= '9') {
			*number = *number * 10 + (uint32_t)(c - '0');
			d++;
		}
		c = text_byte(t, h->off + d);
		*wait = c < 0 && !t->finished;
		n = (c == '.' || c == ')') && mark_ends(t, h->off + d + 1, wait) ? d + 1 : 0;
	}
	if (n > 0)
		*out = (struct container){(char)c, h->indent, h->indent + (uint32_t)n};
	return n;
}

/* Passes the mark; the white space behind it is measured next. */
static bool after_mark(struct text *t, size_t n)
{
	struct head *h = &t->head;
	h->off += n;
	h->col += (uint32_t)n;
	h->col0 = h->col;
	h->phase = HEAD_AFTER_MARK;
	return true;
}

static bool compatible(const struct container *old, const struct container *now)
{
	return now->mark != '>' && now->mark == old->mark && now->mark_indent <= old->contents_indent;
}

static bool begin_container(struct text *t, size_t n, const struct container *c)
{
	struct head *h = &t->head;
	if (!h->fresh)
		leaf_end(t);
	h->fresh = true;
	if (h->children == 0)
		containers_leave(t, h->parents + h->brothers);
	if (t->depth == CONTAINER_MAX) {
		text_lose(t);
		return true;
	}
	h->children++;
	t->containers[t->depth++] = *c;
	h->mark = *c;
	t->bare_item = false;
	return after_mark(t, n);
}

static bool begin_brother(struct text *t, size_t n, const struct container *c)
{
	struct head *h = &t->head;
	leaf_end(t);
	h->fresh = true;
	h->brothers = 1;
	containers_leave(t, h->parents + 1);
	h->mark = *c;
	t->bare_item = false;
	return after_mark(t, n);
}

/* The white space behind a mark has been measured: it belongs to the mark, or begins indented code. */
static void settle_mark(struct text *t)
{
	struct head *h = &t->head;
	struct container *c = &t->containers[t->depth - 1];
	*c = h->mark;
	if (text_at_line_end(t, h->off))
		c->contents_indent++;
	else if (h->indent <= CODE_INDENT) {
		c->contents_indent += h->indent;
		h->indent = 0;
	} else {
		c->contents_indent++;
		h->indent--;
	}
	h->phase = HEAD_LEAF;
}

/* May this mark interrupt the paragraph it stands in? */
static enum answer interrupts(struct text *t, const struct container *c, size_t n, uint32_t number)
{
	struct head *h = &t->head;
	size_t end;
	if (t->leaf != LEAF_TEXT || h->fresh || h->parents != t->depth || c->mark == '>')
		return YES;
	if (!text_look(t, LOOK_BLANKS, h->off + n, &end))
		return WAIT;
	bool blank = text_at_line_end(t, end), counted = (c->mark == '.' || c->mark == ')') && number != 1;
	if ((blank && end > h->off + n) || (t->table && (blank || counted)))
		text_lose(t); /* renderers differ on "* "; and a table is interrupted by more than a paragraph */
	return blank || counted ? NO : YES;
}

enum answer container_try(struct text *t)
{
	struct head *h = &t->head;
	struct container c = {0};
	uint32_t number;
	bool wait;
	size_t n = container_mark(t, &c, &number, &wait);
	if (wait)
		return WAIT;
	if (n == 0)
		return NO;
	if (h->parents < t->depth && h->brothers + h->children == 0 && compatible(&t->containers[h->parents], &c)) {
		begin_brother(t, n, &c);
		return YES;
	}
	enum answer may = interrupts(t, &c, n, number);
	if (may == YES)
		begin_container(t, n, &c);
	return may;
}

/* ---- the head, step by step --------------------------------------------------------------------- */

/* Measures white space from off; false when its end is not yet there. */
static bool measure(struct text *t)
{
	struct head *h = &t->head;
	int c;
	while (is_blank(c = text_byte(t, h->off))) {
		h->col = c == '\t' ? (h->col + 4) & ~3u : h->col + 1;
		h->off++;
	}
	h->indent = h->col - h->col0;
	return c >= 0 || t->finished;
}

static bool match_parents(struct text *t)
{
	struct head *h = &t->head;
	if (!measure(t))
		return false;
	if (h->after_quote && h->indent > 0)
		h->indent--;
	h->after_quote = false;
	for (; h->parents < t->depth; h->parents++) {
		struct container *c = &t->containers[h->parents];
		if (c->mark == '>' && h->indent < CODE_INDENT && text_byte(t, h->off) == '>') {
			h->off++;
			h->col0 = ++h->col;
			h->after_quote = true;
			h->parents++;
			return true;
		}
		if (c->mark == '>' || h->indent < c->contents_indent)
			break;
		h->indent -= c->contents_indent;
	}
	if (text_at_line_end(t, h->off)) {
		while (h->parents < t->depth && t->containers[h->parents].mark != '>')
			h->parents++;
	}
	h->phase = HEAD_LEAF;
	return true;
}

/* A second blank line under an empty item ends it. */
void container_bare(struct text *t)
{
	struct head *h = &t->head;
	if (h->brothers + h->children > 0)
		return;
	if (t->two_blank && t->bare_item && h->parents > 0 && t->containers[h->parents - 1].mark != '>')
		h->parents--;
	t->two_blank = t->bare_item = false;
}

bool head_step(struct text *t)
{
	struct head *h = &t->head;
	switch (h->phase) {
	case HEAD_START:
		if (t->after_cr && text_byte(t, t->at) == '\n') {
			h->off = ++t->at;
			t->after_cr = false;
		}
		if (text_byte(t, t->at) < 0)
			return false;
		t->after_cr = false;
		h->phase = HEAD_PARENTS;
		return true;
	case HEAD_PARENTS:
		return match_parents(t);
	case HEAD_AFTER_MARK:
		if (!measure(t))
			return false;
		settle_mark(t);
		return true;
	default:
		return leaf_step(t);
	}
}
