/* scan.c: phrases as they are spelt, token by token. What has begun is known by hashes alone: the last token, the last two by the filters
 * of the table, three and more by its entries. Before a hit is reported, its words are compared with the stored phrase. */
#include "match/index.h"

#include <string.h>

enum { NO_WORD = 255 /* bytes of a word that is kept as its number */ };

static void init(struct match_scan_one *s, const struct match_index *ix)
{
	s->ix = ix;
	s->next = s->live = s->unbroken = 0;
	s->pair_open = s->word_begins = false;
}

void match_scan_init(struct match_scan *s, const struct match_index *ix)
{
	init(&s->below, ix->under != NULL ? ix->under : ix);
	s->laid = ix->under != NULL && ix->entry_count > 0;
	if (s->laid)
		init(&s->over, ix);
}

/* ---- the last words ------------------------------------------------------------------------ */

static void keep_word(struct match_scan_one *s, struct str w)
{
	struct match_word_kept *k = &s->word[s->next % MATCH_MAX_TOKENS];
	if (w.n <= sizeof(k->bytes)) {
		memcpy(k->bytes, w.p, w.n);
		k->n = (uint8_t)w.n;
		return;
	}
	k->n = NO_WORD;
	k->id = lexicon_find(&s->ix->titles.lexicon, w);
}

static struct str kept_word(const struct match_scan_one *s, uint32_t at)
{
	const struct match_word_kept *k = &s->word[at % MATCH_MAX_TOKENS];
	if (k->n != NO_WORD)
		return (struct str){k->bytes, k->n};
	return k->id != WORD_NONE ? lexicon_text(&s->ix->titles.lexicon, k->id) : STR_NONE;
}

/* ---- exactly ------------------------------------------------------------------------------- */

/* Words are written with a space between them, other characters without; see heads_spell. */
static bool is_spaced(struct str w)
{
	return w.n == 0 || (unsigned char)w.p[0] < 0xe1;
}

static bool goes_on(char c)
{
	return c != ' ' && (unsigned char)c < 0xe1;
}

/* Does text go on with the word at *off? Then *off is moved behind it. */
static bool follows(struct str text, size_t *off, bool after_word, struct str w)
{
	size_t space = after_word && is_spaced(w), end = *off + space + w.n;
	if (w.n == 0 || end > text.n || (space && text.p[*off] != ' ') || memcmp(text.p + *off + space, w.p, w.n) != 0)
		return false;
	if (is_spaced(w) && end < text.n && goes_on(text.p[end]))
		return false;
	*off = end;
	return true;
}

/* The same for the token at `at`, which may be spelt otherwise than in the phrase. */
static bool token_follows(const struct match_scan_one *s, struct str text, size_t *off, bool first, uint32_t at)
{
	bool after_word = !first && is_spaced(kept_word(s, at - 1));
	struct str w = kept_word(s, at);
	if (follows(text, off, after_word, w))
		return true;
	uint32_t id = lexicon_find(&s->ix->titles.lexicon, w);
	return id != WORD_NONE && follows(text, off, after_word, lexicon_text(&s->ix->titles.lexicon, id));
}

/* Does the phrase begin with the tokens from `first` to the newest? *off: where it goes on. */
static bool begins_with(const struct match_scan_one *s, uint32_t phrase, uint32_t first, size_t *off)
{
	const struct entry *e = &s->ix->entries[phrase];
	struct str text = {s->ix->texts + e->text, e->text_n};
	*off = 0;
	for (uint32_t at = first; at <= s->next; at++)
		if (!token_follows(s, text, off, at == first, at))
			return false;
	return true;
}

static bool is_whole(const struct match_scan_one *s, uint32_t phrase, uint32_t first)
{
	size_t off;
	const struct entry *e = &s->ix->entries[phrase];
	return e->words == s->next - first + 1 && begins_with(s, phrase, first, &off) && off == e->text_n;
}

/* ---- one token -------------------------------------------------------------------------------- */

struct pushing {
	struct match_scan_one *s;
	struct match_hit *hits;
	size_t n, live;
};

/* The same tokens are one phrase, however it was found. */
static void report(struct pushing *p, uint32_t first, uint32_t phrase)
{
	if (p->n > 0 && p->hits[p->n - 1].first == first)
		return;
	p->hits[p->n++] = (struct match_hit){.first = first, .last = p->s->next, .phrase = p->s->ix->from_phrase + phrase};
}

/* What the table says of the tokens from first to the newest, hashed as `run`. *state: what they may become. */
static void look_up(struct pushing *p, struct match_state *state)
{
	struct match_scan_one *s = p->s;
	const struct table *t = &s->ix->table;
	uint32_t words = s->next - state->first + 1;
	for (const struct bucket *b = table_bucket(t, state->run);; b++) {
		for (uint32_t found = bucket_find(b, state->run); found; found &= found - 1) {
			unsigned i = (unsigned)__builtin_ctz(found);
			uint32_t phrase = b->base + i;
			enum entry_kind kind = b->entry[i] & 3;
			size_t off;
			state->inner |= words > 2 && (kind == ENTRY_INNER || kind == ENTRY_BOTH);
			if (i >= b->phrases || phrase >= s->ix->entry_count)
				continue;
			if (kind != ENTRY_TAIL) {
				if (is_whole(s, phrase, state->first))
					report(p, state->first, phrase);
			} else if (words > 2 && begins_with(s, phrase, state->first, &off)) {
				state->phrase = phrase;
				state->off = (uint32_t)off;
			}
		}
		if (!b->spilt)
			return;
	}
}

static void keep(struct pushing *p, struct match_state state)
{
	if ((state.inner || state.phrase != UINT32_MAX) && p->s->next - state.first + 1 < MATCH_MAX_TOKENS)
		p->s->state[p->live++] = state;
}

/* Tokens that may be a phrase or begin one. */
static void look_at(struct pushing *p, uint32_t first, uint64_t run)
{
	struct match_state state = {.first = first, .phrase = UINT32_MAX, .run = run};
	look_up(p, &state);
	keep(p, state);
}

/* A run of three tokens and more that has begun some phrase. It may be said to become one phrase and several: one of both is chance. */
static void go_on(struct pushing *p, struct match_state state, uint64_t word)
{
	struct match_scan_one *s = p->s;
	if (state.phrase != UINT32_MAX) {
		const struct entry *e = &s->ix->entries[state.phrase];
		size_t off = state.off;
		bool same = token_follows(s, (struct str){s->ix->texts + e->text, e->text_n}, &off, false, s->next);
		state.off = (uint32_t)off;
		if (same && off == e->text_n)
			report(p, state.first, state.phrase);
		if (!same || off == e->text_n)
			state.phrase = UINT32_MAX;
	}
	state.run = table_join(&s->ix->table, state.run, word);
	if (state.inner) {
		state.inner = false;
		look_up(p, &state);
	}
	keep(p, state);
}

static bool has(uint64_t word, uint64_t bits)
{
	return (word & bits) == bits;
}

static uint64_t hash_of(const struct match_index *ix, struct str folded)
{
	uint64_t h = text_hash(&ix->table.key, folded);
	if (!variants_may_have(&ix->variants, h))
		return h;
	uint32_t id = lexicon_find(&ix->titles.lexicon, folded);
	return id == WORD_NONE ? h : text_hash(&ix->table.key, lexicon_text(&ix->titles.lexicon, id));
}

/* Phrases that begin with the last three tokens, the last two, the last. */
static void begin(struct pushing *p, uint64_t word)
{
	struct match_scan_one *s = p->s;
	const struct table *t = &s->ix->table;
	uint64_t pair = 0;
	if (s->unbroken >= 2 && s->pair_open) {
		uint64_t h = table_triple(t, s->pair, word);
		if (has(filter_word(t->three, t->shape.three, h), filter_bits(h)))
			look_at(p, s->next - 2, table_join(t, table_join(t, s->last[0], s->last[1]), word));
	}
	s->pair_open = false;
	uint64_t in_words = filter_word(t->words, t->shape.words, word);
	if (s->unbroken >= 1 && s->word_begins && has(in_words, word_bits(word, WORD_SECOND))) {
		pair = table_pair(t, s->last[1], word);
		uint64_t in = filter_word(t->two, t->shape.two, pair);
		s->pair_open = has(in, filter_bits(pair));
		if (has(in, filter_bits2(pair)))
			look_at(p, s->next - 1, table_join(t, s->last[1], word));
	}
	if (has(in_words, word_bits(word, WORD_ONE)))
		look_at(p, s->next, word);
	s->word_begins = has(in_words, word_bits(word, WORD_BEGINS));
	s->pair = pair;
	s->last[0] = s->last[1];
	s->last[1] = word;
	s->unbroken += s->unbroken < 2;
}

static size_t push(struct match_scan_one *s, struct str folded, enum text_gap gap, struct match_hit hits[MATCH_MAX_TOKENS])
{
	if (gap > GAP_SOFT || folded.n == 0) {
		s->live = s->unbroken = 0;
		s->pair_open = s->word_begins = false;
	}
	struct pushing p = {.s = s, .hits = hits};
	if (folded.n > 0) {
		uint64_t word = hash_of(s->ix, folded);
		keep_word(s, folded);
		for (uint32_t i = 0; i < s->live; i++)
			go_on(&p, s->state[i], word);
		begin(&p, word);
	}
	s->live = (uint32_t)p.live;
	s->next++;
	return p.n;
}

/* Both longest first; no two have the same words, so none is as old as another. */
static size_t merge(const struct match_hit *a, size_t an, const struct match_hit *b, size_t bn, struct match_hit hits[MATCH_MAX_TOKENS])
{
	size_t n = 0, i = 0, k = 0;
	while (n < MATCH_MAX_TOKENS && (i < an || k < bn))
		hits[n++] = k == bn || (i < an && a[i].first <= b[k].first) ? a[i++] : b[k++];
	return n;
}

size_t match_scan_push(struct match_scan *s, struct str folded, enum text_gap gap, struct match_hit hits[MATCH_MAX_TOKENS])
{
	if (!s->laid)
		return push(&s->below, folded, gap, hits);
	struct match_hit below[MATCH_MAX_TOKENS], over[MATCH_MAX_TOKENS];
	size_t n = push(&s->below, folded, gap, below), more = push(&s->over, folded, gap, over);
	return merge(below, n, over, more, hits);
}

static uint32_t open_from(const struct match_scan_one *s)
{
	if (s->live > 0)
		return s->state[0].first;
	if (s->pair_open)
		return s->next - 2;
	return s->unbroken > 0 && s->word_begins ? s->next - 1 : UINT32_MAX;
}

uint32_t match_scan_open(const struct match_scan *s)
{
	uint32_t below = open_from(&s->below), over = s->laid ? open_from(&s->over) : UINT32_MAX;
	return below < over ? below : over;
}
