/* gate: what literal words a regular expression cannot do without, so that a cheap scan for words says which of the costly
 * expressions need not be tried. Read off the expression itself: nobody has to keep a list. */
#ifndef INTENT_GATE_H
#define INTENT_GATE_H

#include "base/base.h"

enum { GATE_WORDS_MAX = 1024 };
/* One of these stands in every text that the expression fits. Slices of the expression. */
struct gate {
	struct str words[GATE_WORDS_MAX];
	size_t count;
};

/* False when there is no such set, or the expression has forms that are not understood here: then it must always be tried.
 * regex must compile. A lower-case text is assumed, as rules see it. */
bool gate_read(struct str regex, struct gate *out);

#endif
