/* phrases: what the snapshot calls its products, collected and judged while an index is built. */
#ifndef MATCH_PHRASES_H
#define MATCH_PHRASES_H

#include "match/heads.h"
#include "match/match.h"
#include "match/trie.h"

/* How a product stands to a phrase; the larger, the more surely it is the thing. */
enum fit {
	FIT_INSIDE, /* the words are somewhere in its title */
	FIT_GROUP,  /* it lies in the category, or has the brand */
	FIT_LATER,  /* a later part of its title ends in them */
	FIT_HEAD,   /* the part that names it ends in them */
	FIT_WHOLE,  /* that part is just them, but for the brand */
};

struct mention {
	uint32_t node;
	uint32_t product : 28;
	uint32_t fit : 4;
};
struct mentions {
	struct mention *at;
	size_t n, cap;
};

/* What is known of a node; kinds is a set of bits 1 << enum match_kind. */
struct node_fact {
	uint32_t heads;   /* products whose title names the thing so */
	uint32_t all;     /* products whose title has the words anywhere */
	uint32_t longest; /* most products of a phrase that is one word longer at the front */
	uint32_t suffix;  /* the node of the phrase without its first word */
	uint32_t category;
	float telling, ends; /* ends: how much its words are the end of titles, 0..1 */
	float share, noun;   /* of its products in its category; how much it is a noun: of several words, its last word too */
	uint32_t known; /* of an index over another: the other's number of it, or PHRASE_NONE */
	uint8_t kinds, words;
	bool han;
};
#define PHRASE_NONE UINT32_MAX

struct match_index;
struct phrases {
	struct titles *titles;
	const struct match_index *under; /* whose kinds of things and counts hold, or NULL: they are found out here */
	const struct tuning *tune;
	struct trie trie;
	struct node_fact *fact; /* by node */
	size_t fact_cap;
	struct mentions mentions;
	uint32_t *count; /* by category: scratch of a judgement, all 0 between them */
	uint32_t *touched;
	uint32_t *frequency; /* by word: titles with it */
	uint32_t *closes;    /* by word: runs of Chinese titles that end in it */
	uint32_t counted;    /* words of those two */
	uint32_t han_titles; /* titles with a Han character */
};
bool phrases_init(struct phrases *f, struct titles *t, const struct tuning *tune, const struct match_index *under);
void phrases_done(struct phrases *f);
/* Kinds of things: heads of titles, judged by how the catalog uses them. */
bool phrases_types(struct phrases *f);
/* All that names products by brand, model, title, category or keyword; needs the types. */
bool phrases_names(struct phrases *f);
/* works.c: books, games, programs by their names. */
bool phrases_works(struct phrases *f);
/* Makes the words a phrase of that kind which names the product; nothing if they are too many. false: no memory. */
bool phrases_put(struct phrases *f, struct slice w, uint32_t product, enum fit fit, enum match_kind kind, double telling);
/* Mentions grouped by node, then in order of products, the best fit first for equal ones. */
bool mentions_group(struct mentions *m, uint32_t nodes, uint32_t **first_out);
bool mentions_put(struct mentions *m, uint32_t node, uint32_t product, enum fit fit);
/* The node of a path of words, made when it is new, with its fact; NODE_NONE: no memory. */
uint32_t phrases_node(struct phrases *f, uint32_t from, const struct word *w, size_t n);
/* The node of a path from the root, NODE_NONE if there is none (or, over another index, no memory). */
uint32_t phrases_find(struct phrases *f, const struct word *w, size_t n);
/* Titles with a word. */
uint32_t phrases_frequency(const struct phrases *f, uint32_t word);
/* Is one of the names in a category's last step ("Hats", "Headphones & Headsets") just the node's words? */
bool phrases_category_is(const struct phrases *f, uint32_t category, uint32_t node);
/* The category that holds most of the n products: the deepest path with the wanted share; *share_out. */
uint32_t phrases_category(struct phrases *f, const struct mention *m, size_t n, enum fit least, double wanted, double *share_out);

#endif
