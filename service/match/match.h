/* match: phrases that mean products, found in a stream of tokens; products behind them, ranked.
 *
 * The index is built from a snapshot: phrases from titles, brands, models, product types, categories
 * and merchants' keywords, each with the products it points to and how telling it is. Scanning is token by
 * token and incremental; a hit is exact (the stored phrase is compared). Ranking is by content against
 * the question and the sentence, never by commission; ties: freshness, price, bytes of (merchant, id).
 *
 * Refuses: to know Markdown, intent, policy. Pure. Owns: an index references its catalog.
 * Threads: an index is immutable, counted and shared; a scan or a context belongs to one request. */
#ifndef MATCH_H
#define MATCH_H

#include "base/base.h"
#include "catalog/catalog.h"
#include "text/text.h"

enum match_kind {
	MATCH_PRODUCT,  /* names one product: title head, brand + line + model */
	MATCH_MODEL,    /* a model or part number */
	MATCH_BRANDED,  /* brand + type: "sony headphones", "自然堂面膜" */
	MATCH_TYPE,     /* a kind of product: "noise cancelling headphones", "面膜" */
	MATCH_CATEGORY, /* a category's own words */
	MATCH_KEYWORD,  /* given by a merchant */
	MATCH_BRAND,    /* a bare brand: never linked by itself, evidence for ranking */
};
struct str match_kind_name(enum match_kind k); /* "product", "model", ... */

struct match_index;
/* tuning: the parsed rules/matching.yaml (stop words, weights, thresholds), or NULL for built-in
 * defaults. seed: any; no decision depends on it. Takes a reference on c. */
MUST_USE enum status match_index_new(struct catalog *c, const struct doc *tuning, uint64_t seed, struct match_index **out, struct err *e);
/* The same for a catalog that lies over base's (catalog_over): what has gone, changed or is new, under the statistics of base; costs what
 * those products cost. References base. */
MUST_USE enum status match_index_over(struct match_index *base, struct catalog *c, struct match_index **out, struct err *e);
struct match_index *match_index_ref(struct match_index *ix);
void match_index_free(struct match_index *ix);
const struct catalog *match_catalog(const struct match_index *ix);
size_t match_phrase_count(const struct match_index *ix);

struct match_phrase {
	struct str text; /* folded tokens joined by single spaces where words meet; Han unspaced */
	enum match_kind kind;
	double telling;           /* 0..1: how surely these words mean these products */
	double share, noun;       /* two parts of it: of its products in one category; how often it ends the titles that hold it */
	struct str category;      /* the category most of its products share, "" if none does */
	uint32_t product_count;   /* as stored: at most MATCH_MAX_PRODUCTS and what was laid over it later; see total */
	uint32_t total;           /* when the index was built */
};
#define MATCH_MAX_PRODUCTS 4096
#define MATCH_MAX_TOKENS 12 /* of a phrase */
struct match_phrase match_phrase(const struct match_index *ix, uint32_t phrase);
/* The number of the i-th product of a phrase; PRODUCT_NONE where it has gone since the index was built. */
uint32_t match_phrase_product(const struct match_index *ix, uint32_t phrase, uint32_t i);

/* ---- scanning ---------------------------------------------------------------------- */

struct match_hit {
	uint32_t first, last; /* token numbers as pushed, inclusive */
	uint32_t phrase;
};
/* In one index, or the part of it that lies over another. */
struct match_scan_one {
	const struct match_index *ix;
	uint32_t next;     /* number the next token gets */
	uint32_t live;     /* used states */
	uint32_t unbroken; /* tokens of `last` that a phrase may reach back to */
	bool pair_open;    /* phrases of three words and more may begin with the last two */
	bool word_begins; /* of two and more, with the last */
	uint64_t last[2];  /* hashes of the last two tokens, the newest behind; and of both */
	uint64_t pair;
	struct match_state {
		uint32_t first;
		uint32_t phrase, off; /* the only one that it can become, and where in its text; or UINT32_MAX */
		bool inner;           /* several may */
		uint64_t run;         /* hash of the tokens from first on */
	} state[MATCH_MAX_TOKENS];
	struct match_word_kept { /* of the last tokens, by number */
		uint32_t id;     /* in the dictionary, for long words */
		uint8_t n;
		char bytes[27];
	} word[MATCH_MAX_TOKENS];
};
/* State by value: copy it to fork a stream. */
struct match_scan {
	bool laid; /* over is used */
	struct match_scan_one below, over;
};
void match_scan_init(struct match_scan *s, const struct match_index *ix);
/* Pushes the next token (folded bytes); hits that end at it are written, longest first. A gap over GAP_SOFT
 * ends all phrases before it. Returns the number of hits, at most MATCH_MAX_TOKENS. */
size_t match_scan_push(struct match_scan *s, struct str folded, enum text_gap gap, struct match_hit hits[MATCH_MAX_TOKENS]);
/* Would the token right after a hit make another thing of it, as titles use the words: 手机 before 壳, "phone" before "case"? */
bool match_continues(const struct match_index *ix, uint32_t phrase, struct str next_folded, enum text_kind kind, enum text_gap gap);
/* What a word does in an answer; bits. Rules, and what the titles show. */
enum match_word {
	MATCH_WORD_EDGE = 1,    /* no phrase reaches over it */
	MATCH_WORD_ARTICLE = 2, /* a noun follows: a, your, two */
	MATCH_WORD_ADVICE = 4,  /* what is advised follows: need, consider, include */
	MATCH_WORD_VERBAL = 8,  /* a verb follows: to, can, they */
	MATCH_WORD_PLAIN = 16,  /* an everyday word */
	MATCH_WORD_UNIT = 32,   /* behind digits: an amount */
	MATCH_WORD_LISTING = 64, /* in a question: a list of goods is wanted */
	MATCH_WORD_MEASURE = 256, /* 台, 盒: behind a number it counts */
	MATCH_WORD_NUMBER = 512,  /* 一, 几, 这 */
	MATCH_WORD_PART = 2048,   /* behind a thing it makes another of it: case, filter, 壳, 滤芯 */
	MATCH_WORD_BEHIND = 1024, /* in, with, of: what a thing is for, has or is done with */
	MATCH_WORD_TAIL = 128    /* behind or before the thing without being it: 家用, black, pack */
};
unsigned match_word(const struct match_index *ix, struct str folded);
/* Does a category have the word in its own name, as Camping & Hiking have camping? Then it says what world a thing is for. */
bool match_calls(const struct match_index *ix, struct str folded);
/* What world of goods is talked about: adds to sums, by department, where the titles with the word (with `before`: the pair of Han
 * characters) lie; one word adds 1 at most. A department is a category's first steps, at most two. */
size_t match_departments(const struct match_index *ix); /* room that sums needs */
void match_spread(const struct match_index *ix, struct str before, struct str folded, double *sums);
uint32_t match_department(const struct match_index *ix, uint32_t product);
uint32_t match_realm(const struct match_index *ix, uint32_t department); /* its first step */
/* In how many titles the word stands, no more than `most`; before is the Han character right before a Han one (STR_NONE: none), for
 * the pair. With a phrase, only among titles of the phrase's category; UINT32_MAX: among all. */
uint32_t match_used(const struct match_index *ix, uint32_t phrase, struct str before, struct str folded, uint32_t most);
/* Does the product's title, brand or category have the word (with `before`: the pair of Han characters)? */
bool match_has(const struct match_index *ix, uint32_t product, struct str before, struct str folded);
/* The first token of the oldest phrase that could still grow, or UINT32_MAX. */
uint32_t match_scan_open(const struct match_scan *s);

/* ---- plain phrases ------------------------------------------------------------------ */

/* Phrases as they are given, without a catalog, in the same table; for whole plain texts, read by text_words. Equal phrases (as
 * text_words reads them) are one: the first. Phrases without a word, or of more than 31, are left out. */
struct match_set;
MUST_USE enum status match_set_new(
        const struct str *phrases, size_t n, uint64_t seed, enum cpu_kernel kernel, struct match_set **out, struct err *e);
void match_set_free(struct match_set *s);
struct match_set_size {
	size_t phrases, left_out; /* different ones; without a word or too long */
	size_t table, texts;      /* bytes that a scan needs; those of the phrases, their offsets and numbers */
};
struct match_set_size match_set_size(const struct match_set *s);
const struct text_key *match_set_key(const struct match_set *s);

struct match_place {
	uint32_t first, last; /* words, inclusive */
	uint32_t phrase;      /* as given, from 0 */
};
/* What one text holds; memory is kept from text to text. */
struct match_places {
	struct match_place *at;
	size_t count, cap;
	struct sweep *sweep;
	uint32_t *best; /* of match_set_longest */
	size_t best_cap;
};
void match_places_done(struct match_places *p); /* p starts zeroed */
/* All phrases that stand in w, wherever they overlap, in no order; each was compared word by word. False: no memory. */
bool match_set_find(const struct match_set *s, enum cpu_kernel kernel, const struct text_words *w, struct match_places *out);
/* Keeps of them, from the left, the longest that overlaps none before it; in order. False: no memory. */
bool match_set_longest(const struct text_words *w, struct match_places *p);

/* ---- ranking ------------------------------------------------------------------------ */

/* What is being talked about: weighted words. */
struct match_context;
struct match_context *match_context_new(const struct match_index *ix, struct arena *a);
/* Adds one folded token with the kind; neighbouring Han characters become bigrams by themselves (gap tells).
 * weight: 3 the sentence, 2 the question, 1 the rest (facts: engine 5). Unknown words cost nothing. */
void match_context_add(struct match_context *c, struct str folded, enum text_kind kind, enum text_gap gap, double weight);

/* A word that a product's title or brand must have to be chosen at all; the pair with the Han character before it, where that is
 * given. Words that no title knows leave no product. */
void match_context_need(struct match_context *c, struct str before, struct str folded);

/* What match_spread found: a product whose department is talked about most is as good as one in the phrase's own category. sums is
 * borrowed; most is its largest, over 0. */
void match_context_world(struct match_context *c, const double *sums, double most);

/* What products may be chosen at all. */
struct match_filter {
	bool (*allow)(void *arg, const struct product *p); /* NULL: all */
	void *arg;
};
struct match_ranked {
	uint32_t product;
	double score;                            /* 0..1 */
	double content, phrase, title, category; /* its parts, for `why` */
};
/* The best products behind a phrase, best first; returns how many (0: none allowed). Work is bounded by
 * MATCH_MAX_PRODUCTS. *refused_out (may be NULL) counts products that the filter refused. */
size_t match_rank(const struct match_index *ix, uint32_t phrase, const struct match_context *c, struct match_filter f,
        struct match_ranked *out, size_t max, size_t *refused_out);
/* Full retrieval over all products for cards, references and catalog search. */
size_t match_search(
        const struct match_index *ix, const struct match_context *c, struct match_filter f, struct match_ranked *out, size_t max);

/* ---- content alone ------------------------------------------------------------------------ */

/* Titles as bags of words, split at spaces and taken as they are: BM25 with k1 1.2 and b 0.75, its impacts folded into a byte each when built.
 * Borrows the titles. The same windows as match_search. */
struct match_titles;
MUST_USE enum status match_titles_new(const struct str *title, size_t n, struct match_titles **out, struct err *e);
void match_titles_free(struct match_titles *t);
size_t match_titles_bytes(const struct match_titles *t); /* of postings and their places; not of the words */
struct match_scored {
	uint32_t title, score;
};
struct match_search_room; /* what one thread needs while it searches; free() */
struct match_search_room *match_search_room_new(void);
/* The best `max` by the sum of the impacts of query's words (the first 64 known), best first. Returns how many. */
size_t match_titles_top(const struct match_titles *t, struct str query, struct match_search_room *r, struct match_scored *out, size_t max);

#endif
