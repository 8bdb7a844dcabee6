/* One merchant's products: a store of rows in order of ids, and changes on top, in the same order. */
#include "catalog/part.h"

#include <stdlib.h>
#include <string.h>

#define MERCHANT_TEXT (8u << 20)

/* Where the n-th product is, without counting: how many products come before each change. */
static void number_changes(struct catalog_part *p)
{
	int64_t count = 0;

	for (size_t i = 0; i < p->change_count; i++) {
		struct change *c = &p->change[i];
		c->before = (uint32_t)((int64_t)c->base + count);
		count += (c->gone ? 0 : 1) - (c->known ? 1 : 0);
	}
	p->count = (size_t)((int64_t)p->store->count + count);
}

static void copy_generation(char out[64], struct str generation)
{
	size_t n = generation.n < 63 ? generation.n : 63;

	if (n)
		memcpy(out, generation.p, n);
	out[n] = '\0';
}

enum status part_make(struct catalog_part **out, struct seller *seller, struct str generation, struct store *store, struct store **later,
	size_t later_count, struct change *change, size_t change_count, struct err *e)
{
	struct catalog_part *p = calloc(1, sizeof(*p));
	struct catalog_part parts = {.seller = seller, .store = store, .later = later, .later_count = later_count, .change = change,
		.change_count = change_count};

	if (!p) {
		for (size_t i = 0; i < later_count; i++)
			store_unref(later[i]);
		store_unref(store);
		seller_unref(seller);
		free(later);
		free(change);
		return err_set(e, E_NOMEM, "", "no memory for a catalog");
	}
	*p = parts;
	atomic_init(&p->refs, 1);
	for (size_t i = 0; i < change_count; i++)
		p->expiring += !change[i].gone && change[i].row->expires_ms != 0;
	p->expiring += store->expiring;
	copy_generation(p->generation, generation);
	number_changes(p);
	*out = p;
	return OK;
}

struct catalog_part *part_ref(struct catalog_part *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

void part_unref(struct catalog_part *p)
{
	if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	for (size_t i = 0; i < p->later_count; i++)
		store_unref(p->later[i]);
	store_unref(p->store);
	seller_unref(p->seller);
	free(p->later);
	free(p->change);
	free(p);
}

const struct merchant *part_merchant(const struct catalog_part *p)
{
	return &p->seller->merchant;
}

struct str part_generation(const struct catalog_part *p)
{
	return str_of(p->generation);
}

size_t part_count(const struct catalog_part *p)
{
	return p->count;
}

bool part_expires(const struct catalog_part *p)
{
	return p->expiring > 0;
}

size_t part_change_count(const struct catalog_part *p)
{
	return p->change_count;
}

size_t part_base_count(const struct catalog_part *p)
{
	return p->store->count;
}

bool part_shares(const struct catalog_part *a, const struct catalog_part *b)
{
	return a->store == b->store;
}

const struct product *part_at(const struct catalog_part *p, size_t i)
{
	size_t low = 0, high = p->change_count;

	/* The last change with no more than i products before it. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (p->change[middle].before <= i)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return &p->store->row[i];
	const struct change *c = &p->change[low - 1];
	if (!c->gone && c->before == i)
		return c->row;
	return &p->store->row[i - c->before - (c->gone ? 0 : 1) + c->base + (c->known ? 1 : 0)];
}

const struct product *part_find(const struct catalog_part *p, struct str id)
{
	size_t low = 0, high = p->change_count;
	bool found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(p->change[middle].row->id, id);
		if (order == 0)
			return p->change[middle].gone ? NULL : p->change[middle].row;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	size_t at = store_place(p->store, id, &found);
	return found ? &p->store->row[at] : NULL;
}

static struct store **refs_of(const struct catalog_part *p, bool with_store)
{
	struct store **refs = calloc(p->later_count + 1, sizeof(struct store *));

	for (size_t i = 0; refs && i < p->later_count; i++)
		refs[i] = store_ref(p->later[i]);
	if (refs && with_store)
		refs[p->later_count] = store_ref(p->store);
	return refs;
}

static void refs_done(struct store **refs, size_t n)
{
	for (size_t i = 0; refs && i < n; i++)
		store_unref(refs[i]);
	free(refs);
}

bool merchant_same(const struct merchant *a, const struct merchant *b)
{
	struct buf x, y;
	buf_init(&x, MERCHANT_TEXT);
	buf_init(&y, MERCHANT_TEXT);
	merchant_write_json(a, true, &x);
	merchant_write_json(b, true, &y);
	bool same = !x.failed && !y.failed && str_eq(buf_str(&x), buf_str(&y));
	buf_done(&x);
	buf_done(&y);
	return same;
}

enum status part_with_merchant(struct catalog_part *p, const struct merchant *m, struct str generation, struct catalog_part **out, struct err *e)
{
	if (!str_eq(m->id, p->seller->merchant.id))
		return err_set(e, E_BUG, "", "a part cannot move to another merchant");
	struct seller *seller = merchant_same(m, &p->seller->merchant) ? seller_ref(p->seller) : seller_new(m);
	struct change *change = calloc(p->change_count + 1, sizeof(*change));
	struct store **later = refs_of(p, false);
	if (!seller || !change || !later) {
		refs_done(later, p->later_count);
		free(change);
		seller_unref(seller);
		return err_set(e, E_NOMEM, "", "no memory for a catalog, or the merchant's own data is too large");
	}
	if (p->change_count)
		memcpy(change, p->change, p->change_count * sizeof(*change));
	return part_make(out, seller, generation, store_ref(p->store), later, p->later_count, change, p->change_count, e);
}

enum status part_base(struct catalog_part *p, struct catalog_part **out, struct err *e)
{
	if (p->change_count == 0 && strcmp(p->generation, p->store->generation) == 0) {
		*out = part_ref(p);
		return OK;
	}
	return part_make(out, seller_ref(p->seller), str_of(p->store->generation), store_ref(p->store), NULL, 0, NULL, 0, e);
}

/* ---- the same products as changes of another store -------------------------------------------- */

struct differences {
	struct change *at;
	size_t n, cap, most;
	bool failed;
};

static bool note(struct differences *d, struct change c)
{
	if (d->n == d->most)
		return false;
	if (d->n == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 64;
		struct change *more = realloc(d->at, cap * sizeof(*more));
		d->failed = !more;
		if (!more)
			return false;
		d->at = more;
		d->cap = cap;
	}
	d->at[d->n++] = c;
	return true;
}

/* Both in order of ids: one walk. False: more than the most, or no memory. */
static bool compare(const struct store *base, const struct catalog_part *now, struct differences *d)
{
	size_t i = 0, k = 0;
	bool on = true;

	while (on && (i < base->count || k < now->count)) {
		const struct product *old = i < base->count ? &base->row[i] : NULL, *new = k < now->count ? part_at(now, k) : NULL;
		int order = !old ? 1 : !new ? -1 : old == new ? 0 : str_cmp(old->id, new->id);
		struct change c = {.row = order < 0 ? old : new, .base = (uint32_t)i, .gone = order < 0, .known = order <= 0};
		if (order != 0 || (old != new && !product_same(old, new)))
			on = note(d, c);
		i += order <= 0;
		k += order >= 0;
	}
	return on;
}

enum status part_onto(struct catalog_part *base, struct catalog_part *now, size_t most, struct catalog_part **out, struct err *e)
{
	struct differences d = {.most = most};

	if (base->store == now->store) {
		*out = part_ref(now);
		return OK;
	}
	if (!compare(base->store, now, &d)) {
		free(d.at);
		return err_set(e, d.failed ? E_NOMEM : E_CONFLICT, "", "the catalogs have too little in common");
	}
	struct store **later = refs_of(now, true);
	if (!later) {
		free(d.at);
		return err_set(e, E_NOMEM, "", "no memory for a catalog");
	}
	return part_make(out, seller_ref(now->seller), str_of(now->generation), store_ref(base->store), later, now->later_count + 1, d.at, d.n, e);
}
