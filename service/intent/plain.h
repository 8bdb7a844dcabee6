/* plain: the form of text that rules see. */
#ifndef INTENT_PLAIN_H
#define INTENT_PLAIN_H

#include "base/base.h"

/* Appends raw as rules see it: folded (case, width, accents, Traditional to Simplified), typographic apostrophes as ',
 * a hyphen beside a letter as a space, runs of spaces and tabs as one space. Always valid UTF-8, no NUL.
 * Linear. False when out is full or there is no memory. */
bool plain_text(struct str raw, struct buf *out);

enum plain_script { PLAIN_LATIN = 1, PLAIN_HAN = 2 };
/* Which scripts occur: rules of a language are tried on text of its script only. */
unsigned plain_scripts(struct str plain);

#endif
