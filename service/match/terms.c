/* terms.c: BM25F folded into one byte for each word of each product (facts: the score of a product is then a sum of
 * byte times byte). A Chinese word is its bigrams. */
#include "match/index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TERMS = 512 /* of one product */, LONGEST_DESCRIPTION = 512, COMMON_PART = 20 };

struct term {
	uint32_t id;
	float weight;
	bool title;
};
struct bag {
	struct term at[MOST_TERMS];
	size_t n;
	double length;
};

bool terms_bigram(struct str a, struct str b, char out[16], struct str *got)
{
	if (a.n + b.n > 16)
		return false;
	memcpy(out, a.p, a.n);
	memcpy(out + a.n, b.p, b.n);
	*got = (struct str){out, a.n + b.n};
	return true;
}

static bool bag_put(struct bag *bag, uint32_t id, double weight, bool title)
{
	bag->length += weight;
	if (bag->n < MOST_TERMS)
		bag->at[bag->n++] = (struct term){.id = id, .weight = (float)weight, .title = title};
	return id != WORD_NONE;
}

static bool bag_words(struct bag *bag, struct titles *t, struct slice w, double weight, bool title)
{
	for (size_t i = 0; i < w.n; i++) {
		if (!(w.p[i].flags & WORD_HAN)) {
			if (!bag_put(bag, w.p[i].id, weight, title))
				return false;
			continue;
		}
		if (i == 0 || !(w.p[i - 1].flags & WORD_HAN) || w.p[i].gap != GAP_NONE)
			continue;
		char space[16];
		struct str pair;
		if (terms_bigram(lexicon_text(&t->lexicon, w.p[i - 1].id), lexicon_text(&t->lexicon, w.p[i].id), space, &pair) &&
		        !bag_put(bag, lexicon_add(&t->lexicon, pair), weight, title))
			return false;
	}
	return true;
}

static bool bag_text(struct bag *bag, struct titles *t, const struct tuning *tune, struct str s, double weight)
{
	if (s.n == 0)
		return true;
	struct wordlists one = {0};
	uint32_t known = t->lexicon.count;
	bool fine = titles_read_list(t, tune, str_sub(s, 0, LONGEST_DESCRIPTION), &one);
	lexicon_settle(&t->lexicon, known);
	for (size_t i = 0; i < one.word_count; i++)
		one.words[i].id = lexicon_same(&t->lexicon, one.words[i].id);
	fine = fine && bag_words(bag, t, wordlists_get(&one, 0), weight, false);
	wordlists_done(&one);
	return fine;
}

static int cmp_term(const void *a, const void *b)
{
	const struct term *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

static void bag_merge(struct bag *bag)
{
	qsort(bag->at, bag->n, sizeof(bag->at[0]), cmp_term);
	size_t kept = 0;
	for (size_t i = 0; i < bag->n; i++) {
		if (kept > 0 && bag->at[kept - 1].id == bag->at[i].id) {
			bag->at[kept - 1].weight += bag->at[i].weight;
			bag->at[kept - 1].title |= bag->at[i].title;
		} else {
			bag->at[kept++] = bag->at[i];
		}
	}
	bag->n = kept;
}

static bool bag_fill(struct bag *bag, struct titles *t, const struct tuning *tune, uint32_t product)
{
	const struct product *p = titles_product(t, product);
	bag->n = 0;
	bag->length = 0;
	bool fine = bag_words(bag, t, wordlists_get(&t->title, product), tune->w_title, true);
	for (size_t b = 0; fine && b < NAMES_MAX && t->brand[product][b] != 0; b++)
		fine = bag_words(bag, t, wordlists_get(&t->name, t->brand[product][b]), tune->w_brand, false);
	fine = fine && bag_words(bag, t, titles_path(t, t->category[product]), tune->w_category, false);
	fine = fine && bag_text(bag, t, tune, p->attributes, tune->w_attributes) &&
	       bag_text(bag, t, tune, p->description, tune->w_attributes);
	for (uint32_t k = 0; fine && k < p->keyword_count; k++)
		fine = bag_text(bag, t, tune, p->keywords[k], tune->w_attributes);
	bag_merge(bag);
	return fine;
}

/* The forward index with plain weights; lengths are needed before impacts can be known. */
struct draft {
	float *weight;
	float *length; /* by product */
	size_t cap;
	double sum;
};

static bool draft_room(struct terms *x, struct draft *d, size_t need)
{
	if (need <= d->cap)
		return true;
	size_t cap = d->cap ? d->cap * 2 : 1 << 16;
	while (cap < need)
		cap *= 2;
	uint32_t *term = realloc(x->forward_term, cap * sizeof(*term));
	if (term != NULL)
		x->forward_term = term;
	float *weight = realloc(d->weight, cap * sizeof(*weight));
	if (weight != NULL)
		d->weight = weight;
	if (term == NULL || weight == NULL)
		return false;
	d->cap = cap;
	return true;
}

static bool draft_forward(struct terms *x, struct draft *d, struct titles *t, const struct tuning *tune)
{
	size_t n = t->title.count, at = 0;
	struct bag *bag = malloc(sizeof(*bag));
	x->forward_first = calloc(n + 1, sizeof(*x->forward_first));
	d->length = calloc(n + 1, sizeof(*d->length));
	bool fine = bag && x->forward_first && d->length;
	for (uint32_t p = 0; fine && p < n; p++) {
		fine = bag_fill(bag, t, tune, p) && draft_room(x, d, at + bag->n + 1);
		for (size_t i = 0; fine && i < bag->n; i++, at++) {
			x->forward_term[at] = bag->at[i].id | (bag->at[i].title ? TERM_TITLE : 0);
			d->weight[at] = bag->at[i].weight;
		}
		x->forward_first[p + 1] = (uint32_t)at;
		d->length[p] = (float)(bag ? bag->length : 0);
		d->sum += d->length[p];
	}
	free(bag);
	return fine && draft_room(x, d, 1);
}

/* counted: whose products the words are counted in. */
static void fill_impacts(struct terms *x, const struct draft *d, const struct tuning *tune, size_t products, const struct terms *counted)
{
	double mean = counted->mean, n = counted->population, scale = 255 / (log(2 + n) * (tune->k1 + 1));
	for (size_t p = 0; p < products; p++) {
		double norm = tune->k1 * (1 - tune->b + tune->b * d->length[p] / mean);
		for (uint32_t i = x->forward_first[p]; i < x->forward_first[p + 1]; i++) {
			uint32_t term = x->forward_term[i] & ~TERM_TITLE;
			double df = term < counted->count ? counted->inverted_first[term + 1] - counted->inverted_first[term] : 0;
			double idf = log(1 + (n - df + 0.5) / (df + 0.5)), tf = d->weight[i];
			double impact = idf * tf * (tune->k1 + 1) / (tf + norm) * scale;
			x->forward_impact[i] = (uint8_t)(impact < 1 ? 1 : impact > 255 ? 255 : impact);
		}
	}
}

static bool count_terms(struct terms *x, size_t products)
{
	size_t postings = x->forward_first[products];
	x->forward_impact = malloc(postings + 1);
	x->inverted_first = calloc((size_t)x->count + 2, sizeof(*x->inverted_first));
	x->inverted_product = malloc((postings + 1) * sizeof(*x->inverted_product));
	x->inverted_impact = malloc(postings + 1);
	if (!x->inverted_first || !x->inverted_product || !x->inverted_impact || !x->forward_impact)
		return false;
	for (size_t i = 0; i < postings; i++)
		x->inverted_first[(x->forward_term[i] & ~TERM_TITLE) + 1]++;
	for (size_t i = 1; i < (size_t)x->count + 2; i++)
		x->inverted_first[i] += x->inverted_first[i - 1];
	return true;
}

static bool invert(struct terms *x, size_t products)
{
	uint32_t *next = malloc(((size_t)x->count + 1) * sizeof(*next));
	if (next == NULL)
		return false;
	memcpy(next, x->inverted_first, ((size_t)x->count + 1) * sizeof(*next));
	for (uint32_t p = 0; p < products; p++) {
		for (uint32_t i = x->forward_first[p]; i < x->forward_first[p + 1]; i++) {
			uint32_t at = next[x->forward_term[i] & ~TERM_TITLE]++;
			x->inverted_product[at] = p;
			x->inverted_impact[at] = x->forward_impact[i];
		}
	}
	free(next);
	return true;
}

/* Few products need no lists of those that have a word. */
static bool build_over(struct terms *x, const struct draft *d, const struct tuning *tune, size_t products, const struct terms *under)
{
	x->forward_impact = malloc(x->forward_first[products] + (size_t)1);
	if (x->forward_impact != NULL)
		fill_impacts(x, d, tune, products, under);
	return x->forward_impact != NULL;
}

static bool build_all(struct terms *x, const struct draft *d, const struct tuning *tune, size_t products)
{
	x->mean = products > 0 && d->sum > 0 ? d->sum / (double)products : 1;
	x->population = (double)products;
	x->common = (uint32_t)(products / COMMON_PART + 1000);
	if (!count_terms(x, products))
		return false;
	fill_impacts(x, d, tune, products, x);
	return invert(x, products);
}

bool terms_build(struct terms *x, struct titles *t, const struct tuning *tune, const struct terms *under)
{
	struct draft d = {0};
	size_t products = t->title.count;
	bool fine = draft_forward(x, &d, t, tune);
	x->count = t->lexicon.count;
	fine = fine && (under == NULL ? build_all(x, &d, tune, products) : build_over(x, &d, tune, products, under));
	free(d.weight);
	free(d.length);
	return fine;
}

void terms_done(struct terms *x)
{
	free(x->forward_first);
	free(x->forward_term);
	free(x->forward_impact);
	free(x->inverted_first);
	free(x->inverted_product);
	free(x->inverted_impact);
}
