/* lexicon: folded words to small numbers. Singular and plural share a number where the titles
 * use them for the same things (tent, tents), and keep two where they do not (glass, glasses). */
#ifndef MATCH_LEXICON_H
#define MATCH_LEXICON_H

#include "base/base.h"

#define WORD_NONE UINT32_MAX

struct lexicon {
	struct arena *bytes;
	struct map *ids;
	struct str *text; /* by id */
	uint32_t *same;   /* by id: the id that stands for it, itself mostly */
	uint32_t count, cap;
};

bool lexicon_init(struct lexicon *x, uint64_t seed);
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
