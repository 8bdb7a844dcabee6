/* Block structure, line by line: which containers a line is in and what leaf it begins or continues. Follows md4c's
 * order of questions; where md4c and CommonMark part, the answer is lost (nothing more is linked in it). */
#include "text/scan.h"

#include <string.h>

#define LINE_MAX_LOOK 65536 /* a line that must be seen whole before it is understood */

void text_lose(struct text *t)
{
	leaf_end(t);
	t->lost = true;
	t->at = t->source.n;
}

/* ---- leaves ------------------------------------------------------------------------------- */

void leaf_end(struct text *t)
{
	inline_flush(t);
	token_gap(t, GAP_BLOCK);
	memset(&t->in, 0, sizeof t->in);
	t->leaf = LEAF_NONE;
	t->heading = t->row = t->table = t->table_shape = t->definition = false;
	t->leaf_lines = 0;
	t->last = 0;
}

static bool begin_skip(struct text *t)
{
	t->stage = AT_SKIP;
	t->at = t->line = t->head.off;
	return true;
}

/* Containers as this line has them, before a leaf of it begins. */
static void settle_containers(struct text *t)
{
	struct head *h = &t->head;
	if (h->children == 0)
		containers_leave(t, h->parents + h->brothers);
	t->quoted = false;
	for (uint32_t i = 0; i < t->depth; i++)
		t->quoted = t->quoted || t->containers[i].mark == '>';
}

static bool begin_leaf(struct text *t, enum leaf leaf)
{
	t->after_html = leaf == LEAF_NONE && (t->leaf == LEAF_HTML || t->after_html);
	t->html_above = false;
	if (t->leaf != LEAF_NONE)
		leaf_end(t);
	settle_containers(t);
	t->leaf = leaf;
	return true;
}

/* ---- lines that end what was before ----------------------------------------------------------- */

static bool blank_line(struct text *t)
{
	struct head *h = &t->head;
	bool in_list = h->parents > 0 && t->containers[h->parents - 1].mark != '>';
	bool keeps = t->leaf == LEAF_INDENTED && h->parents == t->depth && h->brothers + h->children == 0;
	if (h->children + h->brothers > 0)
		t->bare_item = t->depth > 0 && t->containers[t->depth - 1].mark != '>';
	else if (t->bare_item && in_list)
		t->two_blank = true;
	if (!keeps)
		begin_leaf(t, LEAF_NONE);
	t->front = false;
	return begin_skip(t);
}

static bool rule_line(struct text *t)
{
	begin_leaf(t, LEAF_NONE);
	if (!t->opened)
		t->rule_first = text_byte(t, t->head.off) == '-' && t->head.indent == 0 && t->depth == 0;
	return begin_skip(t);
}

static enum answer is_rule(struct text *t)
{
	struct head *h = &t->head;
	int c = text_byte(t, h->off);
	size_t end;
	if (h->indent >= CODE_INDENT || (c != '-' && c != '_' && c != '*') || h->off < h->rule_dead)
		return NO;
	if (!text_look(t, LOOK_RULE, h->off, &end))
		return WAIT;
	uint32_t count = 0;
	for (size_t i = h->off; i < end && count < 3; i++)
		count += text_byte(t, i) == c;
	if (count >= 3 && text_at_line_end(t, end))
		return YES;
	h->rule_dead = end;
	return NO;
}

/* A line of = or - below a paragraph. md4c wants spaces only behind it. */
static enum answer is_underline(struct text *t, bool *unsure)
{
	struct head *h = &t->head;
	int c = text_byte(t, h->off);
	size_t run, end;
	*unsure = false;
	if (h->indent >= CODE_INDENT || t->leaf != LEAF_TEXT || h->fresh || (c != '=' && c != '-') || h->parents != t->depth)
		return NO;
	if (!text_look(t, LOOK_RUN, h->off, &run) || !text_look(t, LOOK_BLANKS, run, &end))
		return WAIT;
	if (!text_at_line_end(t, end))
		return NO;
	*unsure = t->definition || (t->table && c == '=') || memchr(t->source.p + run, '\t', end - run) != NULL;
	return YES;
}

/* ---- leaves that go on ------------------------------------------------------------------------- */

static bool fence_goes_on(struct text *t)
{
	struct head *h = &t->head;
	size_t run, end;
	bool inside = h->parents == t->depth;
	if (h->indent < CODE_INDENT && text_byte(t, h->off) == t->fence_ch) {
		if (!inside) { /* md4c closes the fence here, CommonMark opens another */
			text_lose(t);
			return true;
		}
		if (!text_look(t, LOOK_RUN, h->off, &run) || !text_look(t, LOOK_BLANKS, run, &end))
			return false;
		if (run - h->off >= t->fence_n && text_at_line_end(t, end)) {
			if (memchr(t->source.p + run, '\t', end - run))
				text_lose(t);
			else
				begin_leaf(t, LEAF_NONE);
		}
	}
	return t->lost || begin_skip(t);
}

/* The leaf before this line, when it decides by itself what the line is. *taken: it did. */
static bool old_leaf(struct text *t, bool *taken)
{
	struct head *h = &t->head;
	bool inside = h->parents == t->depth, blank = text_at_line_end(t, h->off);
	*taken = false;
	if (h->fresh || (t->leaf != LEAF_FENCE && t->leaf != LEAF_HTML))
		return true;
	*taken = true;
	if (t->leaf == LEAF_HTML && t->html < 6) {
		if (!inside) {
			text_lose(t);
			return true;
		}
		return begin_skip(t);
	}
	if (t->leaf == LEAF_HTML && inside && !blank)
		return begin_skip(t);
	if (t->leaf == LEAF_FENCE && (inside || (h->indent < CODE_INDENT && text_byte(t, h->off) == t->fence_ch)))
		return fence_goes_on(t);
	if (!blank && h->indent >= CODE_INDENT) {
		text_lose(t);
		return true;
	}
	*taken = false;
	return true;
}

/* ---- leaves that begin --------------------------------------------------------------------------- */

static enum answer is_atx(struct text *t)
{
	struct head *h = &t->head;
	size_t n = 0;
	while (n < 7 && text_byte(t, h->off + n) == '#')
		n++;
	int c = text_byte(t, h->off + n);
	if (h->indent >= CODE_INDENT || n == 0 || n > 6)
		return NO;
	if (c < 0)
		return t->finished ? YES : WAIT;
	return is_blank(c) || is_newline(c) ? YES : NO;
}

static enum answer is_fence(struct text *t)
{
	struct head *h = &t->head;
	int c = text_byte(t, h->off);
	size_t run, end;
	if (c != '`' && c != '~')
		return NO;
	if (!text_look(t, LOOK_RUN, h->off, &run))
		return WAIT;
	if (run - h->off < 3)
		return NO;
	if (c == '`') {
		if (!text_look(t, LOOK_LINE, run, &end))
			return WAIT;
		if (memchr(t->source.p + run, '`', end - run))
			return NO;
	}
	t->fence_ch = (char)c;
	t->fence_n = (uint32_t)(run - h->off);
	return YES;
}

static enum answer is_html(struct text *t, bool *unsure)
{
	struct head *h = &t->head;
	size_t end;
	*unsure = false;
	if (text_byte(t, h->off) != '<')
		return NO;
	int c = text_byte(t, h->off + 1);
	if (c >= 0 && !is_alpha(c) && c != '/' && c != '!' && c != '?')
		return NO;
	if (!text_look(t, LOOK_LINE, h->off, &end) && end - h->off < LINE_MAX_LOOK)
		return WAIT;
	struct str line = str_sub(buf_str(&t->source), h->off, end);
	if (line.n >= LINE_MAX_LOOK) {
		*unsure = true;
		return YES;
	}
	int type = html_block_start(line, unsure);
	if (type == 7 && t->leaf == LEAF_TEXT && !h->fresh)
		type = 0;
	if (type == 0)
		return NO;
	t->html = type;
	return YES;
}

static bool begin_html(struct text *t)
{
	begin_leaf(t, LEAF_HTML);
	return begin_skip(t); /* line_end looks for the end mark */
}

static bool begin_atx(struct text *t)
{
	struct head *h = &t->head;
	begin_leaf(t, LEAF_TEXT);
	t->heading = true;
	t->stage = AT_TEXT;
	while (text_byte(t, h->off) == '#')
		h->off++;
	t->at = t->line = h->off;
	return true;
}

/* [ ] and [x] at an item's start are a task's box: false to wait. */
static bool skip_task(struct text *t, bool *task)
{
	struct head *h = &t->head;
	bool item = h->fresh && t->depth > 0 && t->containers[t->depth - 1].mark != '>';
	int a = text_byte(t, h->off), b = text_byte(t, h->off + 1), c = text_byte(t, h->off + 2), d = text_byte(t, h->off + 3);
	*task = false;
	if (!item || a != '[')
		return true;
	if (d < 0 && !t->finished)
		return false;
	*task = (b == ' ' || b == 'x' || b == 'X') && c == ']' && is_blank(d);
	return true;
}

static bool front_begins(const struct text *t, bool *wait)
{
	size_t i = t->head.off;
	int c;
	*wait = false;
	if (!t->rule_first || t->leaf_lines > 0 || t->depth > 0)
		return false;
	while ((c = text_byte(t, i)) >= 0 && (is_alnum(c) || c == '_' || c == '-') && i - t->head.off < 64)
		i++;
	*wait = c < 0 && !t->finished;
	return c == ':' && i > t->head.off;
}

static bool begin_text(struct text *t)
{
	struct head *h = &t->head;
	bool goes_on = t->leaf == LEAF_TEXT && !h->fresh && (!t->table || h->parents == t->depth);
	bool task, wait, front = front_begins(t, &wait);
	if (wait || !skip_task(t, &task))
		return false;
	if (t->table && t->leaf == LEAF_TEXT && !h->fresh && !goes_on) {
		text_lose(t); /* a table cannot go on lazily, a paragraph can */
		return true;
	}
	if (goes_on) {
		t->leaf_lines += h->parents < t->depth; /* lazy: no place for a delimiter row */
		h->parents = t->depth;
	} else {
		begin_leaf(t, LEAF_TEXT);
		t->definition = text_byte(t, h->off) == '[' && !task;
		t->front = front && t->rule_first;
	}
	t->rule_first = false;
	t->leaf_lines++;
	t->row = text_byte(t, h->off) == '|';
	t->stage = AT_TEXT;
	t->last = 0;
	t->at = t->line = h->off + (task ? 3 : 0);
	return true;
}

static void maybe_delimiters(struct text *t, size_t end)
{
	struct str line = str_sub(buf_str(&t->source), t->line, end);
	bool pipe;
	if (t->heading || !table_chars(line, &pipe))
		return;
	t->table_shape = true;
	inline_line_end(t);
	if (t->leaf_lines == 2 && pipe && table_delimiters(line)) {
		t->table = true;
		t->in.dollars = 0;
	}
}

/* ---- the line's end ------------------------------------------------------------------------------- */

static void text_line_end(struct text *t, size_t end)
{
	if (t->leaf_lines > 1 || t->table)
		maybe_delimiters(t, end);
	if (t->heading) {
		leaf_end(t);
		return;
	}
	inline_line_end(t);
	token_gap(t, t->row || t->table ? GAP_BLOCK : GAP_SENTENCE);
}

static void skip_line_end(struct text *t, size_t end)
{
	if (t->leaf == LEAF_HTML && t->html < 6 && html_block_ends(t->html, str_sub(buf_str(&t->source), t->line, end))) {
		begin_leaf(t, LEAF_NONE);
		t->html_above = true;
	}
}

void line_end(struct text *t)
{
	size_t end = t->at;
	if (t->stage == AT_TEXT)
		text_line_end(t, end);
	else if (t->stage == AT_SKIP)
		skip_line_end(t, end);
	int c = text_byte(t, t->at);
	t->after_cr = c == '\r';
	if (c >= 0)
		t->at++;
	if (t->opened)
		t->rule_first = false; /* front matter begins right below its rule */
	t->opened = true;
	t->stage = AT_HEAD;
	t->head = (struct head){.off = t->at};
}

bool skip_step(struct text *t)
{
	const char *p = t->source.p + t->at, *end = t->source.p + t->source.n;
	while (p < end && !is_newline(*p))
		p++;
	t->at = (size_t)(p - t->source.p);
	if (p == end)
		return false;
	line_end(t);
	return true;
}

/* ---- what a line is --------------------------------------------------------------------------- */

/* Where md4c opens what CommonMark takes for a paragraph's next line, or takes for a row what is none. */
static enum answer disputed_start(struct text *t)
{
	struct head *h = &t->head;
	int c = text_byte(t, h->off);
	size_t end;
	if (t->leaf != LEAF_TEXT || h->fresh || (h->indent < CODE_INDENT && !t->table))
		return NO;
	if (c == '<')
		return YES;
	if (c == '#' && t->table)
		return is_atx(t);
	if (c != '`' && c != '~')
		return NO;
	if (!text_look(t, LOOK_RUN, h->off, &end))
		return WAIT;
	return end - h->off >= 3 ? YES : NO;
}

static bool choose_leaf(struct text *t)
{
	bool unsure;
	enum answer a;
	if ((a = disputed_start(t)) != NO) {
		if (a == YES)
			text_lose(t);
		return a == YES;
	}
	if ((a = is_atx(t)) != NO)
		return a == YES && begin_atx(t);
	if ((a = is_fence(t)) != NO) {
		if (a == YES) {
			begin_leaf(t, LEAF_FENCE);
			begin_skip(t);
		}
		return a == YES;
	}
	if ((a = is_html(t, &unsure)) == WAIT)
		return false;
	if (unsure) {
		text_lose(t);
		return true;
	}
	return a == YES ? begin_html(t) : begin_text(t);
}

static bool nonblank(struct text *t)
{
	struct head *h = &t->head;
	bool unsure;
	enum answer a;
	container_bare(t);
	if ((a = is_underline(t, &unsure)) != NO) {
		if (a == YES && unsure)
			text_lose(t);
		else if (a == YES) {
			begin_leaf(t, LEAF_NONE);
			t->front = false;
			begin_skip(t);
		}
		return a == YES;
	}
	if ((a = is_rule(t)) != NO)
		return a == YES && rule_line(t);
	if (h->indent >= CODE_INDENT && t->html_above && !h->fresh) {
		text_lose(t); /* CommonMark: indented code; md4c: not right below HTML */
		return true;
	}
	if (h->indent >= CODE_INDENT && (h->fresh || t->leaf == LEAF_NONE || t->leaf == LEAF_INDENTED)) {
		if (t->leaf != LEAF_INDENTED || h->parents != t->depth)
			begin_leaf(t, LEAF_INDENTED);
		return begin_skip(t);
	}
	if ((a = container_try(t)) != NO || t->lost)
		return a != WAIT;
	return choose_leaf(t);
}

bool leaf_step(struct text *t)
{
	bool taken;
	if (!old_leaf(t, &taken))
		return false;
	if (taken)
		return true;
	return text_at_line_end(t, t->head.off) ? blank_line(t) : nonblank(t);
}
