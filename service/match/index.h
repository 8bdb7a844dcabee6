/* index: what match_index holds. Built once by build.c, read-only afterwards. */
#ifndef MATCH_INDEX_H
#define MATCH_INDEX_H

#include "match/match.h"
#include "match/phrases.h"
#include "match/table.h"
#include "match/variants.h"

struct entry {
	uint32_t text, text_n; /* in texts */
	uint32_t first, count; /* in products and fits */
	uint32_t total, category;
	float telling;
	uint8_t kind, words;
	uint8_t share, noun; /* of 255: products in its category; how much it is a noun */
	bool han;
};

/* Weighted words of products, both ways. TERM_TITLE on a forward term: it stands in the title. */
#define TERM_TITLE 0x80000000u
struct terms {
	uint32_t *forward_first, *forward_term; /* by product */
	uint8_t *forward_impact;
	uint32_t *inverted_first, *inverted_product; /* by term */
	uint8_t *inverted_impact;
	uint32_t count, common; /* terms; a term of more products than `common` retrieves nothing */
};

struct match_index {
	struct catalog *catalog;
	struct arena *words; /* of tune */
	struct tuning tune;
	struct titles titles; /* lexicon and categories; the lists of words are gone */
	struct trie trie; /* while building */
	uint32_t *phrase; /* while building, by node: its phrase or UINT32_MAX */
	struct table table;
	struct variants variants;
	struct entry *entries; /* by phrase: in the order of the table's numbers */
	uint32_t entry_count;
	char *texts;
	uint32_t *products;
	uint8_t *fits;
	uint64_t *joins; /* sorted: phrase << 32 | word that makes another thing of it */
	size_t join_count;
	uint32_t calls_count;
	uint8_t *calls; /* by word: a category is called by it (Camping & Hiking) */
	struct terms terms;
};

bool terms_build(struct terms *x, struct titles *t, const struct tuning *tune);
void terms_done(struct terms *x);
/* The bigram of two Han characters as it is in the lexicon; false when they do not fit. */
bool terms_bigram(struct str a, struct str b, char out[16], struct str *got);
bool joins_build(struct match_index *ix);
bool words_build(struct match_index *ix);

#endif
