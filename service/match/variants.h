/* variants: which words stand in phrases under another spelling: tents for tent. A filter, so that all other words need no dictionary. */
#ifndef MATCH_VARIANTS_H
#define MATCH_VARIANTS_H

#include "match/lexicon.h"
#include "text/text.h"

struct variants {
	uint64_t *filter; /* 64-bit words with three bits a spelling */
	uint32_t n;
};
/* used: by word, whether a phrase has it. */
bool variants_build(struct variants *v, const struct lexicon *x, const bool *used, const struct text_key *k);
void variants_done(struct variants *v);
/* May it be such a spelling? By the hash of its folded bytes; once in a hundred words for nothing. */
bool variants_may_have(const struct variants *v, uint64_t hash);

#endif
