/* titles: what the products say, as word numbers: titles, brands, categories, keywords, attributes. */
#ifndef MATCH_TITLES_H
#define MATCH_TITLES_H

#include "catalog/catalog.h"
#include "match/lexicon.h"
#include "match/tuning.h"
#include "text/text.h"

enum {
	WORD_HAN = 1,
	WORD_ALPHA = 2,  /* holds a letter */
	WORD_DIGIT = 4,  /* holds a digit */
	WORD_JOINED = 8, /* no space between it and the word before: wh-1000xm5 */
	WORD_UNIT = 16,  /* digits and a unit: 500ml */
};

struct word {
	uint32_t id;
	uint8_t gap; /* enum text_gap */
	uint8_t flags;
	uint8_t roles; /* enum word_role */
};

/* Lists of words in one block: list i is words[first[i]] to words[first[i + 1]]. */
struct wordlists {
	struct word *words;
	uint32_t *first;
	size_t count, cap; /* lists */
	size_t word_count, word_cap;
};
struct slice {
	const struct word *p;
	size_t n;
};
struct slice wordlists_get(const struct wordlists *l, size_t i);

#define NAMES_MAX 3
/* Titles over others read what a catalog has behind its base: words and categories known below keep their numbers. Products
 * are numbered from 0 here, `from` less than in the catalog. */
struct titles {
	const struct catalog *catalog;
	const struct titles *under; /* or NULL */
	uint32_t from;
	size_t population; /* products that statistics are of: those below, where there are others below */
	struct lexicon lexicon;
	struct wordlists title;       /* by product */
	struct wordlists name;        /* distinct names of brands; list 0 is empty */
	uint32_t (*brand)[NAMES_MAX]; /* by product: lists of `name`, 0 for none */
	struct wordlists path;        /* by category of its own: its path's words */
	uint32_t *category;           /* by product: number of its category; 0 is "" */
	struct str *category_text;    /* by category, slices of the catalog */
	struct wordlists called;      /* everyday names of categories: "Tea & Infusions" has two */
	uint32_t *category_called;    /* by category of its own: its first list of `called`; it has those up to the next one's */
	uint32_t *category_parent;
	uint8_t *category_depth;
	bool *category_work;
	size_t category_count, category_cap;
	uint32_t category_from; /* categories below are the others' (their rows are copied) */
	uint8_t *role; /* by word of its own lexicon: what tuning says of it; while reading */
	uint32_t role_count, role_cap;
	struct map *category_ids, *name_ids;
	struct text *reader;
	struct arena *keys; /* of name_ids */
};
bool titles_read(struct titles *t, const struct catalog *c, const struct tuning *tune, uint64_t seed);
bool titles_read_over(struct titles *t, const struct titles *under, const struct catalog *c, const struct tuning *tune, uint64_t seed);
void titles_done(struct titles *t);
const struct product *titles_product(const struct titles *t, uint32_t i);
struct slice titles_path(const struct titles *t, uint32_t category);
/* Keeps what ranking and later titles need: lexicon, categories. */
void titles_shed(struct titles *t);
/* Words of any text, added to the lexicon, as one more list of l. */
bool titles_read_list(struct titles *t, const struct tuning *tune, struct str s, struct wordlists *l);
void wordlists_done(struct wordlists *l);
/* The i-th everyday name of a category, empty when there are no more. */
struct slice titles_called(const struct titles *t, uint32_t category, size_t i);
/* The deepest path that both lie below, 0 if none. */
uint32_t titles_common(const struct titles *t, uint32_t a, uint32_t b);

#endif
