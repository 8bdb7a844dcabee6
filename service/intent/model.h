/* model: a linear model of "is this person shopping?" over the words of a text, read from rules/intent.weights.
 *
 * Features are words and pairs of neighbours, Han characters, pairs and triples of them; each counts once. The file is made by
 * tests/quality/train.py, whose functions tokens() and features() do the same as model.c. Immutable once read. */
#ifndef INTENT_MODEL_H
#define INTENT_MODEL_H

#include "base/base.h"

enum model_field { MODEL_QUESTION, MODEL_ANSWER, MODEL_FIELDS };
enum { MODEL_MAX_FEATURES = 8192, MODEL_TOP = 3 };

/* Which features have been counted, so that a text may come in pieces and a piece twice. All zero is the beginning. */
struct model_seen {
	uint8_t bits[MODEL_MAX_FEATURES / 8];
};

/* The strongest features for and against, strongest first; an empty signal is none. */
struct model_top {
	struct {
		struct str signal; /* "model:buy a", as long as the model lives */
		double weight;
	} up[MODEL_TOP], down[MODEL_TOP];
};

struct model;
/* Lines `weight TAB q:feature` or `a:feature`, # begins a comment. E_INPUT names the line. */
MUST_USE enum status model_new(struct str text, struct model **out, struct err *e);
void model_free(struct model *m);

double model_bias(const struct model *m, enum model_field f);
/* What the features of plain text (see plain.h) that were not seen before add to the log-odds; linear, and of a long text only
 * the first few hundred words. */
double model_add(const struct model *m, enum model_field f, struct str plain, struct model_seen *seen, struct model_top *top);

#endif
