/* candidate: one phrase of the answer that may become a link, and what speaks for it. */
#ifndef FLOW_CANDIDATE_H
#define FLOW_CANDIDATE_H

#include "flow/core.h"

#define NO_PHRASE UINT32_MAX
#define MAX_TOKEN 128 /* longer tokens are no part of a phrase or a window */
#define MAX_GAP 16    /* bytes between two tokens of a phrase */

/* Each is a number that does not depend on a language's words. Their weights stand in rules/matching.yaml under `weigh`, by these names. */
#define FACTS(X) \
	X(bias)      /* 1 */ \
	X(han)       /* the phrase is Chinese */ \
	X(telling)   /* of the phrase */ \
	X(score)     /* of the best product */ \
	X(content)   /* the part of it that the talk gives */ \
	X(several)   /* the hit is more than one word, or over two Chinese characters */ \
	X(item)      /* it begins a list item or a table cell */ \
	X(whole)     /* nothing of its clause stands behind it */ \
	X(emphasis)  /* it stands in bold or italics */ \
	X(series)    /* between commas, "and", "or" */ \
	X(article)   /* "a", "your", "two" before it */ \
	X(advice)    /* "need", "consider" before it in its sentence */ \
	X(stranger)  /* the question names things, none of its kind, and wants no list */ \
	X(intent)    /* how surely the person is shopping */ \
	X(listing)   /* the question asks for a list of goods */ \
	X(tied)      /* another word of its clause follows */ \
	X(bare)      /* singular in running prose, with nothing that says it is a thing */ \
	X(named)     /* it names one product */ \
	X(branded)   /* its maker is named, and the product's */ \
	X(loose)     /* share of its words that the product's title does not have */ \
	X(depth)     /* of their category */ \
	X(food)      /* groceries */ \
	X(fresh)     /* of those, what is bought fresh */ \
	X(small)     /* 1 with a handful of products, whose titles can show little; 0 from ten thousand on */ \
	X(extended)  /* more words than the hit */ \
	X(trailing)  /* in a list item or cell, but not at its beginning */ \
	X(listed)    /* a list is asked for, and it begins an item or stands in a series */ \
	X(han_item) \
	X(han_whole)

enum fact {
#define X(name) FACT_##name,
	FACTS(X)
#undef X
	FACT_COUNT
};
_Static_assert(FACT_COUNT <= SHELF_WEIGHTS, "a shelf has room for all weights");

struct candidate {
	uint32_t hit, hit_last;       /* the words that the index knows */
	uint32_t first, last, window; /* tokens of the whole phrase */
	uint32_t phrase, from, to;    /* from, to: bytes that go between the brackets */
	struct match_phrase words;
	struct match_ranked ranked[4];
	size_t ranked_count;
	const struct place_locale *locale;
	bool maker;                   /* a maker's name stands in the phrase, and the product must have it */
	double fact[FACT_COUNT];
	double chance; /* 0..1 that an editor would link it */
};

/* phrase.c: which words belong to it. */
bool phrase_usable(const struct text_token *t);
/* Draws the candidate's first and last over the words that belong to the hit. */
void phrase_draw(const struct insert *in, struct candidate *c);
/* The first token that a phrase with a word at byte `at` or behind, after token before - 1, may begin at. */
uint32_t phrase_reach(const struct insert *in, uint32_t before, uint32_t at);
/* Is the hit a part of another word, or a verb? */
bool phrase_is_other(const struct insert *in, const struct candidate *c);
/* Tells the context which words a product must have: makers and model numbers in the phrase. False when it has the name of
 * something that no title knows. */
bool phrase_needs(const struct insert *in, struct candidate *c, struct match_context *context);
/* Facts of form: where it stands, between which words. */
void phrase_facts(const struct insert *in, struct candidate *c);

/* weigh.c */
/* Does the question name the phrase only as the beginning of another thing? */
bool weigh_only_within(const struct insert *in, uint32_t phrase);
void weigh_question(struct insert *in); /* which things the question names */
void weigh_candidate(struct insert *in, struct candidate *c);
const char *weigh_name(enum fact f);
MUST_USE enum status weigh_rules(const struct doc *matching, double weights[], double *enough, struct err *e);

#endif
