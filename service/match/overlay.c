/* overlay.c: an index over another, for products that came after the other was built. They are read as the other's were, and what was
 * counted there decides here: which words are phrases and kinds of things, how much a word says. So the two together give just what
 * the same statistics would give for all products at once. */
#include "match/index.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading both as one -------------------------------------------------------------------- */

struct row terms_row(const struct match_index *ix, uint32_t product)
{
	const struct terms *x = product < ix->from_product ? &ix->under->terms : &ix->terms;
	uint32_t i = product < ix->from_product ? product : product - ix->from_product, from = x->forward_first[i];
	return (struct row){x->forward_term + from, x->forward_impact + from, x->forward_first[i + 1] - from};
}

uint32_t product_category(const struct match_index *ix, uint32_t product)
{
	return product < ix->from_product ? ix->under->titles.category[product] : ix->titles.category[product - ix->from_product];
}

const struct entry *entry_of(const struct match_index *ix, uint32_t phrase)
{
	return phrase < ix->from_phrase ? &ix->under->entries[phrase] : &ix->entries[phrase - ix->from_phrase];
}

uint32_t added_of(const struct match_index *ix, uint32_t phrase, uint32_t *n_out)
{
	const struct added *a = &ix->added;
	uint32_t lo = 0, hi = a->count;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		if (a->phrase[mid] < phrase)
			lo = mid + 1;
		else
			hi = mid;
	}
	bool found = lo < a->count && a->phrase[lo] == phrase;
	*n_out = found ? a->first[lo + 1] - a->first[lo] : 0;
	return found ? a->first[lo] : 0;
}

uint32_t match_phrase_product(const struct match_index *ix, uint32_t phrase, uint32_t i)
{
	const struct match_index *own = phrase < ix->from_phrase ? ix->under : ix;
	const struct entry *e = entry_of(ix, phrase);
	uint32_t added, from = added_of(ix, phrase, &added);
	uint32_t product = i < e->count ? own->products[e->first + i] : ix->added.product[from + i - e->count];
	return catalog_product(ix->catalog, product) != NULL ? product : PRODUCT_NONE;
}

/* ---- what is added to phrases that are there ---------------------------------------------------- */

struct addition {
	uint32_t phrase, product;
	uint8_t fit;
};

static int by_phrase(const void *a, const void *b)
{
	const struct addition *x = a, *y = b;
	if (x->phrase != y->phrase)
		return x->phrase < y->phrase ? -1 : 1;
	return (x->product > y->product) - (x->product < y->product);
}

/* As choose() and seal_products() decided for the products below. */
static bool belongs(const struct match_index *under, const struct titles *t, uint32_t phrase, const struct mention *m)
{
	const struct entry *e = &under->entries[phrase];
	uint32_t category = t->category[m->product];
	if (phrase >= under->entry_count)
		return false;
	if (e->kind == MATCH_TYPE && e->heads_only && (m->fit < FIT_HEAD || category == 0))
		return false;
	if (e->kind == MATCH_TYPE && !e->heads_only && (m->fit == FIT_GROUP || (e->category != 0 && titles_common(t, category, e->category) != e->category)))
		return false;
	return sample_takes(under, phrase, titles_product(t, m->product));
}

static size_t collect(const struct match_index *ix, const struct phrases *f, const uint32_t *first, struct addition *out)
{
	size_t n = 0;
	for (uint32_t node = 1; node < f->trie.count; node++) {
		uint32_t phrase = f->fact[node].known;
		for (uint32_t i = first[node]; phrase != PHRASE_NONE && f->fact[node].kinds != 0 && i < first[node + 1]; i++) {
			const struct mention *m = &f->mentions.at[i];
			if (belongs(ix->under, f->titles, phrase, m))
				out[n++] = (struct addition){phrase, ix->from_product + m->product, (uint8_t)m->fit};
		}
	}
	if (n > 0)
		qsort(out, n, sizeof(*out), by_phrase);
	return n;
}

static bool added_build(struct match_index *ix, const struct phrases *f, const uint32_t *first)
{
	struct added *a = &ix->added;
	struct addition *all = malloc((f->mentions.n + 1) * sizeof(*all));
	size_t n = all != NULL ? collect(ix, f, first, all) : 0;
	a->phrase = malloc((n + 1) * sizeof(*a->phrase));
	a->first = malloc((n + 1) * sizeof(*a->first));
	a->product = malloc((n + 1) * sizeof(*a->product));
	a->fit = malloc(n + 1);
	bool fine = all && a->phrase && a->first && a->product && a->fit;
	for (size_t i = 0; fine && i < n; i++) {
		if (i == 0 || all[i].phrase != all[i - 1].phrase) {
			a->phrase[a->count] = all[i].phrase;
			a->first[a->count++] = (uint32_t)i;
		}
		a->product[i] = all[i].product;
		a->fit[i] = all[i].fit;
	}
	if (fine)
		a->first[a->count] = (uint32_t)n;
	free(all);
	return fine;
}

/* ---- building ------------------------------------------------------------------------------------- */

static bool build(struct match_index *ix)
{
	struct match_index *under = ix->under;
	struct phrases f = {0};
	uint32_t *first = NULL;
	bool fine = titles_read_over(&ix->titles, &under->titles, ix->catalog, &ix->tune, ix->seed) &&
	            phrases_init(&f, &ix->titles, &ix->tune, under) && phrases_types(&f) && phrases_names(&f) &&
	            mentions_group(&f.mentions, f.trie.count, &first) && added_build(ix, &f, first) && seal_phrases(ix, &f, first);
	phrases_done(&f);
	free(first);
	fine = fine && terms_build(&ix->terms, &ix->titles, &ix->tune, &under->terms);
	titles_shed(&ix->titles);
	trie_done(&ix->trie);
	free(ix->phrase);
	ix->phrase = NULL;
	return fine;
}

enum status match_index_over(struct match_index *base, struct catalog *c, struct match_index **out, struct err *e)
{
	if (catalog_base(c) != base->catalog || base->under != NULL)
		return err_set(e, E_BUG, "catalog", "does not lie over this index's");
	if (catalog_numbers(c) >= 1u << 28)
		return err_set(e, E_INPUT, "catalog", "over %u products", (1u << 28) - 1);
	struct match_index *ix = calloc(1, sizeof(*ix));
	if (ix == NULL)
		return err_set(e, E_NOMEM, "match", "no memory for the index");
	atomic_init(&ix->refs, 1);
	ix->under = match_index_ref(base);
	ix->catalog = catalog_ref(c);
	ix->seed = base->seed;
	ix->tune = base->tune;
	ix->from_phrase = base->entry_count;
	ix->from_product = (uint32_t)catalog_base_numbers(c);
	if (!build(ix)) {
		match_index_free(ix);
		return err_set(e, E_NOMEM, "match", "no memory for the index");
	}
	*out = ix;
	return OK;
}
