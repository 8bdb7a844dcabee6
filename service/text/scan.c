/* The scanner's life: feeding, finishing, and what is known so far. */
#include "text/scan.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 << 20)

static struct text *make(size_t max, bool plain)
{
	struct text *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->max = max < TEXT_MAX ? max : TEXT_MAX;
	t->plain = plain;
	buf_init(&t->source, t->max);
	buf_init(&t->folded, t->max * 12 + 64); /* point_fold gives at most ten code points for one */
	return t;
}

struct text *text_new(size_t max)
{
	return make(max, false);
}

struct text *text_new_plain(size_t max)
{
	return make(max, true);
}

static void *copy_items(const void *items, size_t n, size_t size, bool *fine)
{
	void *copy = n ? malloc(n * size) : NULL;
	if (copy)
		memcpy(copy, items, n * size);
	*fine &= copy || !n;
	return copy;
}

struct text *text_copy(const struct text *t)
{
	struct text *c = malloc(sizeof *c);
	bool fine = true;
	if (!c)
		return NULL;
	*c = *t;
	buf_init(&c->source, t->source.max);
	buf_init(&c->folded, t->folded.max);
	buf_put(&c->source, buf_str(&t->source));
	buf_put(&c->folded, buf_str(&t->folded));
	c->tokens = copy_items(t->tokens, t->token_n, sizeof *t->tokens, &fine);
	c->token_cap = t->token_n;
	c->runs = copy_items(t->runs, t->run_n, sizeof *t->runs, &fine);
	c->run_cap = t->run_n;
	if (fine && !c->source.failed && !c->folded.failed)
		return c;
	text_free(c);
	return NULL;
}

void text_free(struct text *t)
{
	if (!t)
		return;
	buf_done(&t->source);
	buf_done(&t->folded);
	free(t->tokens);
	free(t->runs);
	free(t);
}

void text_reset(struct text *t)
{
	struct text kept = *t;
	memset(t, 0, sizeof *t);
	t->max = kept.max;
	t->plain = kept.plain;
	t->source = kept.source;
	t->folded = kept.folded;
	t->tokens = kept.tokens;
	t->token_cap = kept.token_cap;
	t->runs = kept.runs;
	t->run_cap = kept.run_cap;
	buf_clear(&t->source);
	buf_clear(&t->folded);
}

static bool step(struct text *t)
{
	if (t->plain)
		return plain_step(t);
	switch (t->stage) {
	case AT_HEAD:
		return head_step(t);
	case AT_TEXT:
		return inline_step(t);
	default:
		return skip_step(t);
	}
}

static enum status run(struct text *t)
{
	while (!t->lost && !t->failed && step(t))
		;
	if (t->lost)
		t->at = t->source.n;
	return t->failed ? E_NOMEM : OK;
}

enum status text_feed(struct text *t, struct str bytes)
{
	if (t->failed || t->finished || bytes.n > t->max - t->source.n) {
		t->failed = true;
		return E_NOMEM;
	}
	buf_put(&t->source, bytes);
	if (t->source.failed)
		t->failed = true;
	return run(t);
}

enum status text_finish(struct text *t)
{
	if (t->finished)
		return t->failed ? E_NOMEM : OK;
	t->finished = true;
	enum status s = run(t);
	if (s != OK)
		return s;
	if (!t->plain && !t->lost && t->stage == AT_SKIP)
		line_end(t);
	inline_flush(t);
	token_gap(t, GAP_BLOCK);
	return t->failed ? E_NOMEM : OK;
}

struct str text_source(const struct text *t)
{
	return buf_str(&t->source);
}

size_t text_count(const struct text *t)
{
	return t->token_n;
}

const struct text_token *text_tokens(const struct text *t)
{
	return t->tokens;
}

struct str text_folded(const struct text *t, size_t token)
{
	const struct text_token *k = &t->tokens[token];
	return str_sub(buf_str(&t->folded), k->fold, k->fold + k->fold_n);
}

/* Where the oldest undecided thing begins. */
size_t text_settled(const struct text *t)
{
	if (t->finished)
		return t->source.n;
	if (t->word.open)
		return t->word.start;
	if (t->in.run_ch != 0)
		return t->in.run_at;
	return t->at;
}

static uint32_t over(const struct text *t, uint32_t now, enum text_gap least)
{
	bool any = t->token_n > 0;
	if (t->word.open)
		return now + (any && t->word.gap >= least);
	return now + (any && (t->finished || t->gap >= least));
}

uint32_t text_clauses_over(const struct text *t)
{
	return over(t, t->clause, GAP_CLAUSE);
}

bool text_may_append(const struct text *t)
{
	if (t->plain)
		return true;
	if (!t->finished || t->lost || t->leaf == LEAF_FENCE || t->front)
		return false;
	if (t->leaf == LEAF_HTML || (t->after_html && !is_newline(text_byte(t, t->source.n - 1))))
		return false; /* md4c reads HTML at the very end in ways of its own */
	return t->in.math != '[' && t->in.dollars != 2 && t->in.mode != IN_COMMENT;
}
