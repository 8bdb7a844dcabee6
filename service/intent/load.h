/* load: reading a rule file, private to intent: complaints that name the rule and its line, macros, regular expressions and words.
 * All return OK or what went wrong: E_INPUT with a complaint, E_NOMEM. */
#ifndef INTENT_LOAD_H
#define INTENT_LOAD_H

#include "intent/gate.h"
#include "intent/rules.h"

enum { LOAD_TERMS_MAX = 1 << 16 };

struct loader {
	struct intent_rules *r;
	const struct doc *macros;
	struct str *expanded; /* beside macros->items */
	struct gate *gate;    /* for one expression after the other */
	struct err *e;
};

enum status load_bad(struct loader *l, const struct doc *at, const char *what);
enum status load_no_memory(struct loader *l);
/* Keys of a map must be among `known` (NULL ends it), so that a slip of the pen is an error, not a rule without effect. */
MUST_USE enum status load_only_keys(struct loader *l, const struct doc *map, const char *const *known);
/* Names and texts; a macro may use those above it. NULL: none. */
MUST_USE enum status load_macros(struct loader *l, const struct doc *macros);
/* Fills in the macros, compiles, and gives the pattern a gate if it has one. */
MUST_USE enum status load_regex(struct loader *l, const struct doc *at, struct str regex, struct pattern *p);
/* The list of words under key, if there is one, as terms. */
MUST_USE enum status load_words(struct loader *l, const struct doc *at, const char *key, struct term term);

#endif
