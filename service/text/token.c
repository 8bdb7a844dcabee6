/* Words and single characters, what stands between them, and which bytes were prose. */
#include "text/scan.h"

#include <stdlib.h>
#include <string.h>

#define DROPPED_MAX 16 /* zero-width characters a word may hold in a row */

bool text_grow(struct text *t, void **items, size_t *cap, size_t n, size_t size)
{
	if (n < *cap)
		return true;
	size_t want = *cap ? *cap * 2 : 64;
	void *p = realloc(*items, want * size);
	if (!p) {
		t->failed = true;
		return false;
	}
	*items = p;
	*cap = want;
	return true;
}

void token_settle(struct text *t)
{
	struct pending *w = &t->word;
	if (!w->open)
		return;
	w->open = false;
	if (t->folded.n == w->fold)
		return;
	if (!text_grow(t, (void **)&t->tokens, &t->token_cap, t->token_n, sizeof *t->tokens))
		return;
	bool first = t->token_n == 0;
	t->clause += !first && w->gap >= GAP_CLAUSE;
	t->sentence += !first && w->gap >= GAP_SENTENCE;
	t->block += !first && w->gap >= GAP_BLOCK;
	t->tokens[t->token_n++] = (struct text_token){.start = w->start,
	        .end = w->end,
	        .fold = w->fold,
	        .fold_n = (uint32_t)t->folded.n - w->fold,
	        .clause = t->clause,
	        .sentence = t->sentence,
	        .block = t->block,
	        .kind = w->kind,
	        .gap = first ? GAP_BLOCK : w->gap,
	        .flags = w->flags};
	t->letters = w->kind == TEXT_WORD ? w->points : 0;
}

void token_forget(struct text *t)
{
	if (!t->word.open)
		return;
	t->word.open = false;
	t->folded.n = t->word.fold;
	t->gap = t->word.gap;
}

static void raise_gap(struct text *t, enum text_gap gap)
{
	if (t->gap < gap)
		t->gap = (uint8_t)gap;
}

/* What the held mark was, now that its other side is known. */
static void release(struct text *t, enum point_class next, bool ended)
{
	uint32_t c = t->held;
	bool word = !ended && (next == POINT_WORD || next == POINT_DIGIT);
	bool digits = t->held_digit && !ended && next == POINT_DIGIT;
	bool space = ended || next == POINT_SPACE;
	t->held = 0;
	if (c == 0)
		return;
	if (c == '.')
		raise_gap(t, (t->held_word && word) || (t->held_letter && !ended) ? GAP_SOFT : GAP_SENTENCE);
	else if (c == ',' || c == ':')
		raise_gap(t, digits ? GAP_SOFT : GAP_CLAUSE);
	else if (c == '-')
		raise_gap(t, t->held_spaced && space ? GAP_CLAUSE : GAP_SOFT);
	else
		raise_gap(t, t->held_word && word ? GAP_SOFT : GAP_HARD);
}

void token_gap(struct text *t, enum text_gap gap)
{
	token_settle(t);
	release(t, POINT_SPACE, true);
	raise_gap(t, gap);
	t->letters = 0;
	t->last_digit = false;
}

static void hold(struct text *t, uint32_t mark)
{
	if (mark == '-' && t->held == '-' && t->last == '-') { /* two hyphens are a dash */
		raise_gap(t, GAP_CLAUSE);
		return;
	}
	token_settle(t);
	release(t, POINT_HARD, false);
	t->held = mark;
	t->held_spaced = t->last == 0 || point_side(t->last) == SIDE_SPACE;
	t->held_word = t->letters > 0;
	t->held_letter = t->letters == 1 && !t->last_digit;
	t->held_digit = t->letters > 0 && t->last_digit;
	t->letters = 0;
	t->last_digit = false;
}

static void fold_in(struct text *t, uint32_t cp)
{
	uint32_t parts[POINT_FOLD_MAX];
	size_t n = point_fold(cp, &t->word.base, parts);
	for (size_t i = 0; i < n; i++) {
		char bytes[4];
		buf_put(&t->folded, (struct str){bytes, (size_t)utf8_put(bytes, parts[i])});
	}
	if (t->folded.failed)
		t->failed = true;
}

static uint16_t flags_now(const struct text *t)
{
	unsigned f = 0;
	if (t->plain)
		return 0;
	if (inline_barred(t))
		f |= TEXT_BARRED;
	if (t->heading)
		f |= TEXT_HEADING;
	if (t->quoted)
		f |= TEXT_QUOTED;
	if (t->in.brackets > 0)
		f |= TEXT_LINKED;
	if (t->row || t->table)
		f |= TEXT_CELL;
	if (t->in.open_runs > 0)
		f |= TEXT_EMPHASIS;
	return (uint16_t)f;
}

static void word_begin(struct text *t, enum text_kind kind, size_t at)
{
	t->word = (struct pending){.open = true,
	        .kind = (uint8_t)kind,
	        .gap = t->gap,
	        .flags = flags_now(t),
	        .start = (uint32_t)at,
	        .fold = (uint32_t)t->folded.n};
	t->gap = GAP_NONE;
}

static void word_more(struct text *t, uint32_t cp, size_t end)
{
	fold_in(t, cp);
	t->word.end = (uint32_t)end;
	t->word.dropped = 0;
	t->word.points++;
}

static void kana_mark(struct text *t, uint32_t cp, size_t end)
{
	uint32_t voiced = t->word.points == 1 ? point_voiced(t->word.base, cp) : 0;
	if (voiced == 0) {
		t->word.end = (uint32_t)end;
		return;
	}
	t->folded.n = t->word.fold;
	word_more(t, voiced, end);
}

static void mark(struct text *t, uint32_t cp, size_t end)
{
	if (!t->word.open)
		return; /* stands on something that is no word */
	if (t->word.kind == TEXT_HAN)
		kana_mark(t, cp, end);
	else
		word_more(t, cp, end);
}

static void letter(struct text *t, uint32_t cp, enum point_class c, size_t at, size_t end)
{
	if (!t->word.open || t->word.kind != TEXT_WORD) {
		token_settle(t);
		release(t, c, false);
		word_begin(t, TEXT_WORD, at);
	}
	word_more(t, cp, end);
	t->last_digit = c == POINT_DIGIT;
}

static void character(struct text *t, uint32_t cp, size_t at, size_t end)
{
	token_settle(t);
	release(t, POINT_HAN, false);
	word_begin(t, TEXT_HAN, at);
	word_more(t, cp, end);
	if (cp < 0x3040 || (cp > 0x30FF && cp < 0xFF66)) /* only kana wait for a sound mark */
		token_settle(t);
	t->letters = 0;
	t->last_digit = false;
}

static void between(struct text *t, enum text_gap gap, enum point_class c)
{
	token_settle(t);
	release(t, c, false);
	raise_gap(t, gap);
	t->letters = 0;
	t->last_digit = false;
}

static void dropped(struct text *t)
{
	if (t->word.open && ++t->word.dropped >= DROPPED_MAX)
		token_settle(t);
}

void token_point(struct text *t, uint32_t cp, size_t at, size_t n)
{
	enum point_class c = point_class(cp);
	switch (c) {
	case POINT_WORD:
	case POINT_DIGIT:
		letter(t, cp, c, at, at + n);
		break;
	case POINT_HAN:
		character(t, cp, at, at + n);
		break;
	case POINT_MARK:
		mark(t, cp, at + n);
		break;
	case POINT_DROP:
		dropped(t);
		break;
	case POINT_SPACE:
	case POINT_SOFT:
		between(t, GAP_SOFT, c);
		break;
	case POINT_DASH:
		hold(t, '-');
		break;
	case POINT_QUOTE:
		hold(t, '\'');
		break;
	case POINT_DOT:
		hold(t, cp);
		break;
	case POINT_HARD:
		between(t, GAP_HARD, c);
		break;
	case POINT_CLAUSE:
		between(t, GAP_CLAUSE, c);
		break;
	case POINT_SENTENCE:
		between(t, GAP_SENTENCE, c);
		break;
	}
}
