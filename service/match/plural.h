/* plural: makes singular and plural one word in the lexicon, and in all lists read so far. */
#ifndef MATCH_PLURAL_H
#define MATCH_PLURAL_H

#include "match/titles.h"

/* The spellings of the tuning are joined too. */
bool plurals_join(struct titles *t, const struct tuning *tune);

#endif
