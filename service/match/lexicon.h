/* lexicon: folded words to small numbers. Singular and plural share a number where the titles
 * use them for the same things (tent, tents), and keep two where they do not (glass, glasses). */
#ifndef MATCH_LEXICON_H
#define MATCH_LEXICON_H

#include "base/base.h"

#define WORD_NONE UINT32_MAX

/* A lexicon over another has only the words that the other does not know, with ids behind the other's. */
struct lexicon {
	const struct lexicon *under; /* or NULL; finished, outlives this one */
	uint32_t from;               /* ids below are the other's */
	struct arena *bytes;
	struct map *ids;
	struct str *text; /* by id less from */
	uint32_t *same;   /* by id: the id that stands for it, itself mostly; NULL with another below, where every id stands for itself */
	uint32_t count, cap; /* count: ids of both */
};

bool lexicon_init(struct lexicon *x, uint64_t seed);
bool lexicon_init_over(struct lexicon *x, const struct lexicon *under, uint64_t seed);
struct str lexicon_text(const struct lexicon *x, uint32_t id);
/* The id that stands for id. */
uint32_t lexicon_same(const struct lexicon *x, uint32_t id);
void lexicon_done(struct lexicon *x);
/* The id, new or old; WORD_NONE when there is no memory. */
uint32_t lexicon_add(struct lexicon *x, struct str word);
/* The id that stands for a word: itself, its singular, or WORD_NONE. */
uint32_t lexicon_find(const struct lexicon *x, struct str word);
/* Words added from number `from` on follow their singulars, where these are known. */
void lexicon_settle(struct lexicon *x, uint32_t from);
/* Ends chains in `same`: each word points to one that points to itself. */
void lexicon_flatten(struct lexicon *x);
/* Candidate singulars of an English plural, most likely first; 0 when the word is no plural. */
size_t lexicon_singulars(struct str word, char out[2][64], struct str got[2]);

#endif
