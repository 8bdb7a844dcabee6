/* plural: makes singular and plural one word in the lexicon, and in all lists read so far. */
#ifndef MATCH_PLURAL_H
#define MATCH_PLURAL_H

#include "match/titles.h"

bool plurals_join(struct titles *t);

#endif
