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
	bool heads_only; /* a kind of thing that some titles name first: only their products */
};

/* A phrase with more products than are kept: those whose keys mix to no more than `most`. */
struct sample {
	uint32_t phrase;
	uint64_t most;
};
#define SAMPLE_MIX 0x9e3779b97f4a7c15u /* so that no order of keys themselves decides */

/* What titles showed when the index was built; products laid over it later are read by the same. */
struct counts {
	uint32_t words;                /* of the titles */
	uint32_t *frequency, *closes;  /* by word, see struct phrases */
	uint32_t *paths;               /* open addressing: numbers of entries by their words, plus one */
	size_t path_mask;
	struct sample *samples; /* by phrase */
	size_t sample_count;
};

/* Products laid over an index: what they add to its phrases. */
struct added {
	uint32_t *phrase, *first; /* rising; first has one more */
	uint32_t count;
	uint32_t *product;
	uint8_t *fit;
};

/* Weighted words of products, both ways. TERM_TITLE on a forward term: it stands in the title. */
#define TERM_TITLE 0x80000000u
struct terms {
	uint32_t *forward_first, *forward_term; /* by product */
	uint8_t *forward_impact;
	uint32_t *inverted_first, *inverted_product; /* by term */
	uint8_t *inverted_impact;
	uint32_t count, common; /* terms; a term of more products than `common` retrieves nothing */
	double mean, population; /* length and number of products */
};

/* An index over another has its own phrases, numbered behind the other's, and the terms of its own products, which are numbered
 * behind the other's too. Everything counted is the other's. */
struct match_index {
	atomic_uint refs;
	struct match_index *under; /* or NULL */
	uint32_t from_phrase, from_product;
	struct added added;
	struct counts counts;
	uint64_t seed;
	struct catalog *catalog;
	struct arena *words; /* of tune */
	struct tuning tune;
	struct titles titles; /* lexicon and categories; the lists of words are gone */
	struct trie trie; /* while building */
	uint32_t *phrase; /* while building, by node: its phrase or UINT32_MAX */
	struct table table;
	struct variants variants;
	struct entry *entries; /* by phrase: in the order of the table's numbers; behind entry_count: those that were judged to be no phrases */
	uint32_t entry_count, refused_count;
	char *texts;
	uint32_t *products;
	uint8_t *fits;
	uint64_t *joins; /* sorted: phrase << 32 | word that makes another thing of it */
	size_t join_count;
	uint32_t calls_count;
	uint8_t *calls; /* by word: a category is called by it (Camping & Hiking) */
	struct terms terms;
};

/* under: of the titles below, whose counts hold, or NULL. */
bool terms_build(struct terms *x, struct titles *t, const struct tuning *tune, const struct terms *under);
void terms_done(struct terms *x);
/* The bigram of two Han characters as it is in the lexicon; false when they do not fit. */
bool terms_bigram(struct str a, struct str b, char out[16], struct str *got);
bool joins_build(struct match_index *ix);
bool words_build(struct match_index *ix);

/* The words of a product. */
struct row {
	const uint32_t *term; /* rising; with TERM_TITLE */
	const uint8_t *impact;
	uint32_t n;
};
struct row terms_row(const struct match_index *ix, uint32_t product);
uint32_t product_category(const struct match_index *ix, uint32_t product);
const struct entry *entry_of(const struct match_index *ix, uint32_t phrase);
/* What is added to a phrase of the index below: from the returned place in added.product, so many. */
uint32_t added_of(const struct match_index *ix, uint32_t phrase, uint32_t *n_out);

/* paths.c: entries by the words they are made of, refused ones too. */
bool paths_build(struct match_index *ix);
uint32_t paths_find(const struct match_index *ix, const uint32_t *words, size_t n); /* PHRASE_NONE: no entry */
uint64_t sample_hash(const struct product *p);
/* PHRASE_NONE where all products are kept; else the most that a product's hash may be. */
bool sample_takes(const struct match_index *ix, uint32_t phrase, const struct product *p);

/* build.c: the phrases that are left when what is found out is judged; those of the index below are left out. */
bool seal_phrases(struct match_index *ix, struct phrases *f, const uint32_t *first);

#endif
