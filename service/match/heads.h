/* heads: which words of a title name the thing it sells. */
#ifndef MATCH_HEADS_H
#define MATCH_HEADS_H

#include "match/titles.h"

struct head {
	uint32_t from, to; /* words [from, to); the noun stands at the end */
	bool han;
	bool first; /* of its title: a title's first part names the thing, later ones may describe it */
};
#define HEADS_MAX 12
size_t heads_find(const struct titles *t, const struct tuning *tune, struct slice title, struct head out[HEADS_MAX]);

/* Spells words [from, to) of a title as phrases are written: Han unspaced, words with one space. */
bool heads_spell(const struct lexicon *x, const uint32_t *words, size_t n, struct buf *out);
/* Roles of several words taken as one entry of the word lists ("正品", "gift card"). */
unsigned heads_roles(const struct titles *t, const struct tuning *tune, struct slice words);

#endif
