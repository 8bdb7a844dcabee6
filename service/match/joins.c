/* joins.c: the words that make another thing of a phrase when they follow it (手机 + 壳, phone + case), read off the
 * titles: there the phrase stands in front of the noun that names the thing. */
#include "match/index.h"

#include <stdlib.h>

enum { REST_MAX = 3, SEEN_ENOUGH = 2 };

struct pairs {
	uint64_t *at;
	size_t n, cap;
};

static bool pairs_put(struct pairs *x, uint32_t phrase, uint32_t word)
{
	if (x->n == x->cap) {
		size_t cap = x->cap ? x->cap * 2 : 4096;
		uint64_t *at = realloc(x->at, cap * sizeof(*at));
		if (at == NULL)
			return false;
		x->at = at;
		x->cap = cap;
	}
	x->at[x->n++] = (uint64_t)phrase << 32 | word;
	return true;
}

static const struct entry *type_at(const struct match_index *ix, const struct word *w, size_t n)
{
	uint32_t node = 0;
	for (size_t i = 0; i < n && node != NODE_NONE; i++)
		node = trie_step(&ix->trie, node, w[i].id);
	uint32_t phrase = node == NODE_NONE || node == 0 ? UINT32_MAX : ix->phrase[node];
	return phrase != UINT32_MAX && ix->entries[phrase].kind == MATCH_TYPE ? &ix->entries[phrase] : NULL;
}

/* Is the rest a noun of its own: one Han character closing a word, or a known kind of thing? */
static bool rest_is_thing(const struct match_index *ix, const struct word *w, size_t n)
{
	return (n == 1 && (w->flags & WORD_HAN)) || type_at(ix, w, n) != NULL;
}

static bool joins_head(const struct match_index *ix, struct slice title, const struct head *h, struct pairs *out)
{
	for (uint32_t i = h->from; i < h->to; i++) {
		uint32_t node = 0;
		for (uint32_t j = i; j + 1 < h->to; j++) {
			node = trie_step(&ix->trie, node, title.p[j].id);
			if (node == NODE_NONE)
				break;
			uint32_t phrase = ix->phrase[node], rest = h->to - j - 1;
			if (phrase == UINT32_MAX || rest > REST_MAX || ix->entries[phrase].kind == MATCH_BRAND)
				continue;
			const struct word *next = &title.p[j + 1];
			if (!(next->flags & WORD_DIGIT) && rest_is_thing(ix, next, rest) && !pairs_put(out, phrase, next->id))
				return false;
		}
	}
	return true;
}

static int cmp_pair(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static size_t keep_frequent(uint64_t *at, size_t n, size_t enough)
{
	size_t kept = 0;
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i; j < n && at[j] == at[i];)
			j++;
		if (j - i >= enough)
			at[kept++] = at[i];
	}
	return kept;
}

static size_t pairs_seal(struct pairs *x, size_t enough)
{
	if (x->n == 0)
		return 0;
	qsort(x->at, x->n, sizeof(*x->at), cmp_pair);
	return keep_frequent(x->at, x->n, enough);
}

bool joins_build(struct match_index *ix)
{
	struct pairs joins = {0};
	const struct titles *t = &ix->titles;
	bool fine = true;
	for (uint32_t p = 0; fine && p < t->title.count; p++) {
		struct slice title = wordlists_get(&t->title, p);
		struct head heads[HEADS_MAX];
		if (t->category_work[t->category[p]])
			continue;
		size_t n = heads_find(t, &ix->tune, title, heads);
		for (size_t i = 0; fine && i < n; i++)
			fine = joins_head(ix, title, &heads[i], &joins);
	}
	ix->joins = joins.at;
	ix->join_count = pairs_seal(&joins, SEEN_ENOUGH);
	return fine;
}

static bool pairs_have(const uint64_t *at, size_t n, uint64_t pair)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (at[mid] < pair)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && at[lo] == pair;
}

bool match_continues(const struct match_index *ix, uint32_t phrase, struct str next, enum text_kind kind, enum text_gap gap)
{
	if (ix->under != NULL)
		return phrase < ix->from_phrase && match_continues(ix->under, phrase, next, kind, gap);
	uint32_t word = lexicon_find(&ix->titles.lexicon, next);
	if (word == WORD_NONE || gap > (kind == TEXT_HAN ? GAP_NONE : GAP_SOFT))
		return false;
	return pairs_have(ix->joins, ix->join_count, (uint64_t)phrase << 32 | word);
}
