/* constraints: budget, things owned and things not wanted, as the person says them. Private to intent. */
#ifndef INTENT_CONSTRAINTS_H
#define INTENT_CONSTRAINTS_H

#include "intent/rules.h"

/* Reads one turn of the person (plain text) and puts what it says into out; a later turn's budget takes the place of
 * an earlier one's. False when a match limit was hit: the caller must not sell. */
bool constraints_read(const struct intent_rules *r, struct str plain, struct str locale, struct arena *a, pcre2_match_data *match,
	const struct gates_open *open, struct intent *out);

#endif
