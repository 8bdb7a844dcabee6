/* rank.c: products by content against what is being talked about. Ties fall by freshness, price, and the order of
 * (merchant, id), which is the order of product numbers. Commission is no input. */
#include "match/content.h"
#include "match/index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing, power of two. */
struct weight {
	uint32_t term; /* plus one; 0 is free */
	float weight;
};
enum { MOST_NEEDS = 16 };
struct match_context {
	const struct match_index *ix;
	struct arena *arena;
	struct weight *slots;
	uint32_t mask, count;
	char last[8]; /* the Han character before, for bigrams */
	size_t last_n;
	uint32_t need[MOST_NEEDS]; /* words a product must have */
	size_t need_count;
	const double *world; /* by department, NULL: none */
	double world_most;
};

enum { FIRST_SLOTS = 256, MOST_WORDS = 1 << 14 };
/* Sum of weight times impact at which content counts half. */
#define CONTENT_HALF 2.0

struct match_context *match_context_new(const struct match_index *ix, struct arena *a)
{
	struct match_context *c = ARENA_TAKE(a, struct match_context, 1);
	struct weight *slots = ARENA_TAKE(a, struct weight, FIRST_SLOTS);
	if (c == NULL || slots == NULL)
		return NULL;
	*c = (struct match_context){.ix = ix, .arena = a, .slots = slots, .mask = FIRST_SLOTS - 1};
	return c;
}

static struct weight *weight_slot(struct weight *slots, uint32_t mask, uint32_t term)
{
	uint32_t i = (term * 2654435761u >> 8) & mask;
	while (slots[i].term != 0 && slots[i].term != term + 1)
		i = (i + 1) & mask;
	return &slots[i];
}

static bool context_grow(struct match_context *c)
{
	uint32_t slots = (c->mask + 1) * 2;
	struct weight *bigger = ARENA_TAKE(c->arena, struct weight, slots);
	if (bigger == NULL)
		return false;
	for (uint32_t i = 0; i <= c->mask; i++)
		if (c->slots[i].term != 0)
			*weight_slot(bigger, slots - 1, c->slots[i].term - 1) = c->slots[i];
	c->slots = bigger;
	c->mask = slots - 1;
	return true;
}

/* The heaviest mention counts: a word said ten times is not ten times the topic. */
static void context_put(struct match_context *c, struct str word, double weight)
{
	uint32_t term = lexicon_find(&c->ix->titles.lexicon, word);
	if (term == WORD_NONE || (c->count * 2 > c->mask && (c->count >= MOST_WORDS || !context_grow(c))))
		return;
	struct weight *w = weight_slot(c->slots, c->mask, term);
	c->count += w->term == 0;
	w->term = term + 1;
	if (w->weight < (float)weight)
		w->weight = (float)weight;
}

void match_context_add(struct match_context *c, struct str folded, enum text_kind kind, enum text_gap gap, double weight)
{
	if (c == NULL)
		return;
	if (kind != TEXT_HAN) {
		c->last_n = 0;
		/* Words that only bind others say nothing about a product. */
		if (!(tuning_roles(&c->ix->tune, folded) & (ROLE_LINK | ROLE_BREAK)))
			context_put(c, folded, weight);
		return;
	}
	char space[16];
	struct str pair;
	if (c->last_n > 0 && gap == GAP_NONE && terms_bigram((struct str){c->last, c->last_n}, folded, space, &pair))
		context_put(c, pair, weight);
	c->last_n = folded.n <= sizeof(c->last) ? folded.n : 0;
	memcpy(c->last, folded.p, c->last_n);
}

void match_context_need(struct match_context *c, struct str before, struct str folded)
{
	char space[16];
	struct str word = folded;
	if (c == NULL || c->need_count == MOST_NEEDS || (before.n > 0 && !terms_bigram(before, folded, space, &word)))
		return;
	c->need[c->need_count++] = lexicon_find(&c->ix->titles.lexicon, word);
}

void match_context_world(struct match_context *c, const double *sums, double most)
{
	if (c == NULL)
		return;
	c->world = sums;
	c->world_most = most;
}

/* Forward terms of a product rise. */
static bool product_has(const struct match_index *ix, uint32_t product, uint32_t word)
{
	struct row r = terms_row(ix, product);
	size_t lo = 0, hi = r.n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if ((r.term[mid] & ~TERM_TITLE) < word)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r.n && (r.term[lo] & ~TERM_TITLE) == word;
}

bool match_has(const struct match_index *ix, uint32_t product, struct str before, struct str folded)
{
	char space[16];
	struct str word = folded;
	if (before.n > 0 && !terms_bigram(before, folded, space, &word))
		return false;
	return product_has(ix, product, lexicon_find(&ix->titles.lexicon, word));
}

static bool has_needs(const struct match_context *c, uint32_t product)
{
	for (size_t i = 0; c != NULL && i < c->need_count; i++)
		if (!product_has(c->ix, product, c->need[i]))
			return false;
	return true;
}

static double context_weight(const struct match_context *c, uint32_t term)
{
	return (double)weight_slot(c->slots, c->mask, term)->weight;
}

/* content and title of r from its product's words. */
static void score_words(const struct match_index *ix, const struct match_context *c, struct match_ranked *r)
{
	struct row words = terms_row(ix, r->product);
	double sum = 0, covered = 0, title = 0;
	for (uint32_t i = 0; i < words.n; i++) {
		uint32_t term = words.term[i];
		double w = c == NULL ? 0 : context_weight(c, term & ~TERM_TITLE);
		double impact = words.impact[i] / 255.0;
		sum += w * impact;
		if (term & TERM_TITLE) {
			title += impact;
			covered += w > 0 ? impact : 0;
		}
	}
	r->content = sum / (sum + CONTENT_HALF);
	r->title = title > 0 ? covered / title : 0;
}

static double score_category(const struct match_index *ix, uint32_t product, uint32_t wanted)
{
	const struct titles *t = &ix->titles;
	uint32_t have = product_category(ix, product);
	if (wanted == 0)
		return have != 0 ? 0.5 : 0;
	return (double)t->category_depth[titles_common(t, have, wanted)] / (double)t->category_depth[wanted];
}

static double score_fit(uint8_t fit)
{
	static const double value[] = {[FIT_INSIDE] = 0.1, [FIT_GROUP] = 0.3, [FIT_LATER] = 0.4, [FIT_HEAD] = 0.8, [FIT_WHOLE] = 1};
	return fit < ARRAY_LEN(value) ? value[fit] : 0;
}

/* Does a come before b? Scores first; then newer, cheaper (within a currency), lower number. */
static bool ranks_before(const struct match_index *ix, const struct match_ranked *a, const struct match_ranked *b)
{
	if (a->score != b->score)
		return a->score > b->score;
	const struct product *p = catalog_product(ix->catalog, a->product), *q = catalog_product(ix->catalog, b->product);
	if (p->updated_ms != q->updated_ms)
		return p->updated_ms > q->updated_ms;
	struct money m = product_price(p), n = product_price(q);
	bool priced = m.currency[0] != '\0', other = n.currency[0] != '\0';
	if (priced != other)
		return priced;
	int currency = memcmp(m.currency, n.currency, sizeof(m.currency));
	if (currency != 0)
		return currency < 0;
	if (priced && m.minor != n.minor)
		return m.minor < n.minor;
	return catalog_before(ix->catalog, a->product, b->product);
}

/* Into the best `max` of out, which holds n; returns the new n. */
static size_t keep_best(const struct match_index *ix, struct match_ranked *out, size_t n, size_t max, const struct match_ranked *r)
{
	if (max == 0 || (n == max && !ranks_before(ix, r, &out[n - 1])))
		return n;
	size_t i = n < max ? n++ : n - 1;
	for (; i > 0 && ranks_before(ix, r, &out[i - 1]); i--)
		out[i] = out[i - 1];
	out[i] = *r;
	return n;
}

static bool allowed(const struct match_index *ix, struct match_filter f, uint32_t product)
{
	return f.allow == NULL || f.allow(f.arg, catalog_product(ix->catalog, product));
}

/* The products behind one phrase, one after the other. */
struct behind {
	const struct match_index *ix;
	const struct entry *entry;
	struct match_filter filter;
	size_t refused;
};

static bool behind_take(struct behind *b, const struct match_context *c, uint32_t product, uint8_t fit, struct match_ranked *r)
{
	const struct tuning *tune = &b->ix->tune;
	*r = (struct match_ranked){.product = product};
	if (catalog_product(b->ix->catalog, product) == NULL || !has_needs(c, product))
		return false;
	if (!allowed(b->ix, b->filter, product)) {
		b->refused++;
		return false;
	}
	score_words(b->ix, c, r);
	r->phrase = score_fit(fit);
	r->category = score_category(b->ix, product, b->entry->category);
	if (c != NULL && c->world != NULL)
		r->category = fmax(r->category, c->world[match_department(b->ix, product)] / c->world_most);
	r->score = tune->content * r->content + tune->phrase * r->phrase + tune->title * r->title + tune->category * r->category;
	return true;
}

size_t match_rank(const struct match_index *ix, uint32_t phrase, const struct match_context *c, struct match_filter f,
        struct match_ranked *out, size_t max, size_t *refused_out)
{
	const struct match_index *own = phrase < ix->from_phrase ? ix->under : ix;
	struct behind b = {.ix = ix, .entry = entry_of(ix, phrase), .filter = f};
	struct match_ranked r;
	uint32_t added, from = added_of(ix, phrase, &added);
	size_t n = 0;
	for (uint32_t i = b.entry->first; i < b.entry->first + b.entry->count; i++)
		if (behind_take(&b, c, own->products[i], own->fits[i], &r))
			n = keep_best(ix, out, n, max, &r);
	for (uint32_t i = from; i < from + added; i++)
		if (behind_take(&b, c, ix->added.product[i], ix->added.fit[i], &r))
			n = keep_best(ix, out, n, max, &r);
	if (refused_out != NULL)
		*refused_out = b.refused;
	return n;
}

/* ---- retrieval ------------------------------------------------------------------------------ */

/* Sums of weight times impact in whole numbers, never too low: who cannot be among the best is passed over by them. */
struct search {
	const struct match_index *ix;
	const struct match_context *context;
	struct match_filter filter;
	struct match_ranked *out;
	size_t n, max;
	struct content_list *list;
	struct content_sweep sweep;
	double scale, left_out; /* of a sum, to one of weight times impact of 255; the most that common words could add */
};

static bool is_common(const struct terms *x, uint32_t term)
{
	return term < x->count && x->inverted_first[term + 1] - x->inverted_first[term] > x->common;
}

static double weight_of_all(const struct terms *x, const struct match_context *c, size_t *count)
{
	double sum = 0;
	*count = 0;
	for (uint32_t i = 0; i <= c->mask; i++) {
		if (c->slots[i].term == 0 || c->slots[i].term > x->count || is_common(x, c->slots[i].term - 1))
			continue;
		sum += (double)c->slots[i].weight;
		++*count;
	}
	return sum;
}

/* Lists of the rarer words; the others retrieve nothing. */
static bool search_lists(struct search *s, const struct terms *x)
{
	const struct match_context *c = s->context;
	size_t most;
	double sum = weight_of_all(x, c, &most);
	s->list = malloc((most + 1) * sizeof(*s->list));
	s->scale = sum > 0 ? (65535 - (double)most) / (255 * sum) : 1;
	for (uint32_t i = 0; s->list != NULL && i <= c->mask; i++) {
		uint32_t term = c->slots[i].term - 1;
		double w = (double)c->slots[i].weight;
		if (c->slots[i].term == 0 || term >= x->count)
			continue;
		if (is_common(x, term)) {
			s->left_out += w;
			continue;
		}
		struct content_list *l = &s->list[s->sweep.count++];
		*l = (struct content_list){.product = x->inverted_product, .impact = x->inverted_impact, .at = x->inverted_first[term], .end = x->inverted_first[term + 1]};
		for (unsigned k = 1; w > 0 && k < ARRAY_LEN(l->worth); k++)
			l->worth[k] = (uint16_t)ceil(w * k * s->scale);
	}
	return s->list != NULL;
}

/* What a sum must be over to come among the best: the title adds no more than its weight; with room for rounding. */
static uint16_t search_least(const struct search *s)
{
	const struct tuning *tune = &s->ix->tune;
	if (s->n < s->max || tune->content <= 0)
		return 0;
	double content = ((s->out[s->n - 1].score - 1e-4) * (tune->content + tune->title) - tune->title) / tune->content;
	if (content <= 0)
		return 0;
	double sum = content >= 1 ? 65535 : (CONTENT_HALF * content / (1 - content) - s->left_out) * 255 * s->scale - 1;
	return (uint16_t)(sum < 0 ? 0 : sum > 65535 ? 65535 : sum);
}

static void search_take(struct search *s, uint32_t product)
{
	const struct tuning *tune = &s->ix->tune;
	struct match_ranked r = {.product = product};
	if (catalog_product(s->ix->catalog, product) == NULL || !allowed(s->ix, s->filter, product))
		return;
	score_words(s->ix, s->context, &r);
	r.category = score_category(s->ix, product, 0);
	r.score = (tune->content * r.content + tune->title * r.title) / (tune->content + tune->title);
	s->n = keep_best(s->ix, s->out, s->n, s->max, &r);
}

/* The products that lie over the index: few, so each is looked at. */
static void search_over(struct search *s)
{
	const struct terms *x = &s->ix->under->terms;
	for (uint32_t p = s->ix->from_product; p < catalog_numbers(s->ix->catalog); p++) {
		struct row words = terms_row(s->ix, p);
		bool found = false;
		for (uint32_t i = 0; !found && i < words.n; i++) {
			uint32_t term = words.term[i] & ~TERM_TITLE;
			found = !is_common(x, term) && context_weight(s->context, term) > 0;
		}
		if (found)
			search_take(s, p);
	}
}

size_t match_search(
        const struct match_index *ix, const struct match_context *c, struct match_filter f, struct match_ranked *out, size_t max)
{
	const struct match_index *below = ix->under != NULL ? ix->under : ix;
	bool any = c != NULL && max > 0 && ix->tune.content + ix->tune.title > 0;
	struct search *s = any ? aligned_alloc(64, (sizeof(*s) + 63) / 64 * 64) : NULL;
	uint32_t product;
	uint16_t sum;
	if (s == NULL)
		return 0;
	s->ix = ix;
	s->context = c;
	s->filter = f;
	s->out = out;
	s->n = 0;
	s->max = max;
	s->left_out = 0;
	s->sweep.count = 0;
	s->sweep.products = (uint32_t)catalog_base_numbers(ix->catalog);
	if (search_lists(s, &below->terms)) {
		s->sweep.list = s->list;
		content_begin(&s->sweep);
		while (content_next(&s->sweep, search_least(s), &product, &sum))
			search_take(s, product);
		if (ix->under != NULL)
			search_over(s);
	}
	size_t n = s->n;
	free(s->list);
	free(s);
	return n;
}
