/* scan.c: all phrases that are being spelt, one live state for each token they may have begun at. A step of
 * the trie compares word numbers, and a number is a string: hits are exact. */
#include "match/index.h"

void match_scan_init(struct match_scan *s, const struct match_index *ix)
{
	*s = (struct match_scan){.ix = ix};
}

size_t match_scan_push(struct match_scan *s, struct str folded, enum text_gap gap, struct match_hit hits[MATCH_MAX_TOKENS])
{
	const struct match_index *ix = s->ix;
	uint32_t word = lexicon_find(&ix->titles.lexicon, folded), at = s->next++;
	size_t n = 0, live = 0;
	if (gap > GAP_SOFT)
		s->live = 0;
	if (word == WORD_NONE) {
		s->live = 0;
		return 0;
	}
	if (s->live < MATCH_MAX_TOKENS) {
		s->state[s->live].first = at;
		s->state[s->live++].node = 0;
	}
	/* The oldest stands first, so hits come longest first. */
	for (uint32_t i = 0; i < s->live; i++) {
		uint32_t node = trie_step(&ix->trie, s->state[i].node, word), first = s->state[i].first;
		if (node == NODE_NONE)
			continue;
		if (ix->phrase[node] != UINT32_MAX)
			hits[n++] = (struct match_hit){.first = first, .last = at, .phrase = ix->phrase[node]};
		if (at - first + 1 < MATCH_MAX_TOKENS) {
			s->state[live].first = first;
			s->state[live++].node = node;
		}
	}
	s->live = (uint32_t)live;
	return n;
}

uint32_t match_scan_open(const struct match_scan *s)
{
	return s->live > 0 ? s->state[0].first : UINT32_MAX;
}
