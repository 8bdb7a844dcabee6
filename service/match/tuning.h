/* tuning: the numbers and word lists of rules/matching.yaml, as the index is built and ranks with them. */
#ifndef MATCH_TUNING_H
#define MATCH_TUNING_H

#include "base/base.h"

/* What a word does in a title. A word may be several of these. */
enum word_role {
	ROLE_BREAK = 1,   /* ends the part of a title that names the thing: for, with, by ... */
	ROLE_TAIL = 2,    /* stands behind the thing without being it: pack, black, 正品 ... */
	ROLE_GENERIC = 4, /* never a kind of product by itself: set, home, 产品 ... */
	ROLE_UNIT = 8,    /* after digits a quantity and no model: ml, gb ... */
	ROLE_BYLINE = 32, /* between a work and who made it: by */
	ROLE_LINK = 16,   /* may not begin or end a phrase: and, of, the, 的 ... */
	ROLE_WORK_KIND = 131072, /* ends a work's title without being of its name: board game */
	ROLE_CLOSER = 32768, /* Chinese: a character or word that nouns of goods end in: 机, 霜, 机器人 */
	/* Below: of answers, not of titles. */
	ROLE_COUNTED = 64, /* behind digits an amount, by itself a noun: 6 cups, 4 person */
	ROLE_WIDE = 128,    /* too wide alone, a noun behind another word: sleeping bag, water bottle */
	ROLE_ARTICLE = 256, /* a noun follows: a, some, your, two */
	ROLE_EDGE = 512,    /* no phrase reaches over it: verbs, prepositions, praise; 购, 买, 款 */
	ROLE_ADVICE = 1024, /* what is advised follows: need, consider, include */
	ROLE_VERBAL = 2048, /* a verb follows: to, can, they */
	ROLE_PART = 65536,   /* behind a thing it makes another of it: case, filter, 壳, 滤芯 */
	ROLE_MEASURE = 8192, /* Chinese: between a number and what is counted: 台, 盒 */
	ROLE_NUMBER = 16384, /* Chinese: a number or the like: 一, 几, 这 */
	ROLE_LISTING = 4096 /* in a question: a list of goods is wanted: list, pack, kit, 清单 */
};

struct tuning {
	double content, phrase, title, category; /* weights of the score's parts */
	double k1, b;                            /* BM25F */
	double w_title, w_brand, w_category, w_attributes;
	double category_share; /* of a phrase's products, for a category to be its own */
	double head_share;     /* of the titles with a phrase, those that end in it */
	double fragment_share; /* above it a phrase is only the end of one longer phrase */
	double han_head_share; /* the same two for Chinese, where a title is one run of words */
	double han_fragment_share;
	double han_cohesion;   /* least oftener-than-chance of a Chinese word's characters */
	double namesake_share; /* of a phrase's products, for a category called the same to be its own */
	double half_support;   /* products at which support counts half */
	double han_half_support;
	int64_t min_word_heads, min_han_heads;
	int64_t min_han_inner;  /* titles with a Chinese phrase inside, where a noun's character closes it */
	int64_t small_shelf;    /* with fewer products one title is enough */
	int64_t everyday_heads; /* titles that must end in an everyday word before it can be a kind of thing */
	struct map *roles; /* folded words -> bits of word_role */
	struct str *works; /* category paths whose titles name works, not kinds of things */
	size_t work_count;
	struct spelling {
		struct str a, b; /* of one word: grey, gray */
	} *spelling;
	size_t spelling_count;
};

/* tuning: as match_index_new. Copies into a; t->roles is the caller's to free. */
MUST_USE enum status tuning_load(const struct doc *d, struct arena *a, struct tuning *t, struct err *e);
unsigned tuning_roles(const struct tuning *t, struct str folded);
/* Is a path at or below a category of works? */
bool tuning_is_work(const struct tuning *t, struct str category);

#endif
