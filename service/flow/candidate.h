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
	X(lacks)     /* the word right before the hit is one of titles, and the product's has it not: wheel | cleaner */ \
	X(foreign)   /* that, and no title of the kind has the word: puppet | theater */ \
	X(loose)     /* share of its words that the product's title does not have */ \
	X(depth)     /* of their category */ \
	X(food)      /* groceries */ \
	X(fresh)     /* of those, what is bought fresh */ \
	X(small)     /* 1 with a handful of products, whose titles can show little; 0 from ten thousand on */ \
	X(extended)  /* more words than the hit */ \
	X(trailing)  /* in a list item or cell, but not at its beginning */ \
	X(listed)    /* a list is asked for, and it begins an item or stands in a series */ \
	X(share)     /* of the phrase's products, those in its category */ \
	X(noun)      /* how often the phrase ends the titles that hold it */ \
	X(support)   /* how many products it has: 1 with a thousand */ \
	X(fit)       /* how much of the product's title is the phrase: 1 where that names just it */ \
	X(behind)    /* "in", "on", "with" before it: a place or a means */ \
	X(leads)     /* it begins its clause, and no item */ \
	X(bracket)   /* right behind an opening bracket */ \
	X(asked)     /* the question names the kind, and it begins no item */ \
	X(again)     /* the answer has had the phrase before */ \
	X(early)     /* 1 at the beginning, less with every word */ \
	X(world)     /* how much the question's words stand in titles of its department, against the one they stand in most */ \
	X(realm)     /* the same of the category's first step */ \
	X(elsewhere) /* names in the answer, before it, of things that are not sold here: near 1 with many */ \
	X(company)   /* share of the kinds named before it in the answer that lie in its department */

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
	bool elsewhere;               /* it names a thing, or a maker, that no title knows */
	bool unsold;                  /* a kind of which nothing may be linked: the noun at its end may name more */
	double fact[FACT_COUNT];
	double chance; /* 0..1 that an editor would link it */
};

/* phrase.c: which words belong to it. */
bool phrase_usable(const struct text_token *t);
/* "NF - HC300 - A": a dash between blanks that belongs to a model number, behind token left. */
bool phrase_spaced_model(const struct insert *in, uint32_t left);
bool phrase_has_digit(struct str word);
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
/* Does what the question asks to be listed stand here as what the list is for: "items for a first aid kit include"? */
bool phrase_is_purpose(const struct insert *in, const struct candidate *c);

/* sieve.c: a match_filter for one candidate. */
struct sieve {
	struct insert *in;
	const struct place_locale *locale;
	enum refusal worst;
};
bool sieve_allows(void *sieve, const struct product *p);

/* predicate.c: do the words only tell what a thing is that was named before: "the Canon T7 is a solid DSLR"? */
bool phrase_is_predicate(const struct insert *in, const struct candidate *c);

/* work.c: is the product a book, a game, a program, and named by its name? Then the chance that the name is meant. */
bool work_named(const struct insert *in, const struct candidate *c); /* by the phrase alone, before a product is chosen */
bool work_is(const struct insert *in, const struct candidate *c);
double work_chance(const struct insert *in, const struct candidate *c);

/* said.c */
void said_read(struct insert *in); /* what the person owns; once, after the question was read */
bool said_owns(const struct insert *in, const struct product *p);
/* Does what was said forbid a link on these words? from, to: of the sentence. */
bool said_refuses(const struct insert *in, const struct candidate *c, struct str sentence, size_t from, size_t to);
/* Puts the cheapest of those that fit about as well as the first in its place. */
void said_cheapest(const struct insert *in, struct match_ranked *ranked, size_t n);

/* Is the word in the folded text: whole words, but any part of Chinese? */
bool said_word(struct str text, struct str word);

/* sense.c: do the words around it say that the phrase means something else than its first product? sentence: where its sentence begins. */
bool sense_is_other(const struct insert *in, const struct candidate *c, size_t sentence);

/* whom.c */
void whom_read(struct insert *in); /* whom the question asks for */
/* Takes out what is made for others and puts the best that is made for whom it should be first; returns how many are left. */
size_t whom_sort(const struct insert *in, const struct candidate *c, struct match_ranked *ranked, size_t n);

/* vary.c: puts one of a shop without a link here before one that fits no better. */
void vary_merchants(const struct insert *in, struct match_ranked *ranked, size_t n);

/* weigh.c */
/* Does the question name the phrase only as the beginning of another thing? */
bool weigh_only_within(const struct insert *in, uint32_t phrase);
bool weigh_is_asked(const struct insert *in, uint32_t phrase);
bool weigh_lies_below(struct str category, struct str top); /* is it that path, or below it? */
void weigh_question(struct insert *in); /* which things the question names */
/* What world of goods the question talks about; once, when a candidate first asks. */
void weigh_world(struct insert *in);
void weigh_candidate(struct insert *in, struct candidate *c);
/* Remembers a phrase that the answer has, whether it is linked or not. */
void weigh_seen(struct insert *in, const struct candidate *c);
/* What a fact adds to the candidate's logistic sum. */
double weigh_pull(const struct insert *in, const struct candidate *c, enum fact f);
const char *weigh_name(enum fact f);
MUST_USE enum status weigh_rules(const struct doc *matching, struct shelf *s, struct err *e);

#endif
