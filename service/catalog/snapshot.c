/* All merchants' products at one moment. Sorted tables find a product by its key and by its url; sorting keeps the
 * build at O(n log n) whatever urls and ids an uploader chooses. One laid over a base has tables of what differs only. */
#include "catalog/snapshot.h"
#include "catalog/part.h"

#include <stdlib.h>
#include <string.h>

static int by_merchant(const void *x, const void *y)
{
	struct catalog_part *const *a = x, *const *b = y;

	return str_cmp(part_merchant(*a)->id, part_merchant(*b)->id);
}

static int by_hash(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->product < b->product ? -1 : a->product > b->product;
}

static int by_address(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	return a->from < b->from ? -1 : a->from > b->from;
}

uint64_t catalog_url_hash(struct str url)
{
	return hash_bytes(url, 0);
}

static enum status no_memory(const struct catalog *c, struct err *e)
{
	return err_set(e, E_NOMEM, "", "no memory for a catalog of %zu products", c->numbers);
}

/* A base's parts have no changes. */
static enum status take_part(struct catalog *c, struct catalog_part *p, struct err *e)
{
	enum status s = OK;

	if (c->base)
		c->part[c->part_count] = part_ref(p);
	else
		s = part_fold(p, &c->part[c->part_count], e);
	c->part_count += s == OK;
	return s;
}

static enum status take_parts(struct catalog *c, struct catalog_part *const *parts, size_t n, struct err *e)
{
	enum status s = OK;

	for (size_t i = 0; s == OK && i < n; i++)
		s = take_part(c, parts[i], e);
	if (s != OK)
		return s;
	if (n)
		qsort(c->part, n, sizeof(*c->part), by_merchant);
	for (size_t i = 1; i < n; i++)
		if (by_merchant(&c->part[i - 1], &c->part[i]) == 0)
			return err_set(e, E_CONFLICT, "", "two catalogs of merchant %.*s", STR_ARG(part_merchant(c->part[i])->id));
	return OK;
}

/* ---- a base ---------------------------------------------------------------------------- */

static enum status count_products(struct catalog *c, struct err *e)
{
	for (size_t i = 0; i < c->part_count; i++) {
		c->first[i] = (uint32_t)c->count;
		c->count += part_count(c->part[i]);
		if (c->count >= PRODUCT_NONE)
			return err_set(e, E_NOMEM, "", "more products than a catalog can number");
	}
	c->first[c->part_count] = (uint32_t)c->count;
	c->numbers = c->count;
	return OK;
}

static void number_products(struct catalog *c)
{
	for (size_t i = 0; i < c->part_count; i++) {
		const struct store *s = c->part[i]->store;
		for (size_t j = 0; j < s->count; j++)
			c->row[c->first[i] + j] = &s->row[j];
		c->range[i] = (struct range){s->row, s->count ? s->row + s->count : s->row, (uint32_t)i};
	}
	if (c->part_count)
		qsort(c->range, c->part_count, sizeof(*c->range), by_address);
}

static void index_product(struct catalog *c, uint32_t i)
{
	const struct product *p = c->row[i];

	if (!p) /* gone */
		return;
	c->by_key[c->key_count++] = (struct entry){p->key, i};
	if (p->url.n)
		c->by_url[c->url_count++] = (struct entry){catalog_url_hash(p->url), i};
}

static void sort_tables(struct catalog *c)
{
	if (c->key_count)
		qsort(c->by_key, c->key_count, sizeof(*c->by_key), by_hash);
	if (c->url_count)
		qsort(c->by_url, c->url_count, sizeof(*c->by_url), by_hash);
}

/* Room for n rows and entries; one more than needed: an empty catalog has tables too. */
static bool make_tables(struct catalog *c, size_t numbers, size_t entries)
{
	c->row = calloc(numbers + 1, sizeof(const struct product *));
	c->by_key = calloc(entries + 1, sizeof(*c->by_key));
	c->by_url = calloc(entries + 1, sizeof(*c->by_url));
	return c->row && c->by_key && c->by_url;
}

static enum status fill(struct catalog *c, struct err *e)
{
	c->first = calloc(c->part_count + 1, sizeof(*c->first));
	c->range = calloc(c->part_count + 1, sizeof(*c->range));
	if (!c->first || !c->range)
		return no_memory(c, e);
	enum status s = count_products(c, e);
	if (s != OK)
		return s;
	if (!make_tables(c, c->count, c->count))
		return no_memory(c, e);
	number_products(c);
	for (uint32_t i = 0; i < c->count; i++)
		index_product(c, i);
	sort_tables(c);
	return OK;
}

static void catalog_free(struct catalog *c)
{
	for (size_t i = 0; c->part && i < c->part_count; i++)
		part_unref(c->part[i]);
	catalog_unref(c->base);
	free(c->name);
	free(c->part);
	free(c->first);
	free(c->row);
	free(c->range);
	free(c->by_key);
	free(c->by_url);
	free(c->touched);
	free(c->extra_part);
	free(c);
}

static struct catalog *make(struct catalog *base, size_t n, struct str name)
{
	struct catalog *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	atomic_init(&c->refs, 1);
	c->base = base ? catalog_ref(base) : NULL;
	c->name = strndup(name.p ? name.p : "", name.n);
	c->part = calloc(n + 1, sizeof(struct catalog_part *));
	if (c->name && c->part)
		return c;
	catalog_free(c);
	return NULL;
}

enum status catalog_new(struct catalog_part *const *parts, size_t n, struct str name, struct catalog **out, struct err *e)
{
	struct catalog *c = make(NULL, n, name);
	enum status s = c ? take_parts(c, parts, n, e) : err_set(e, E_NOMEM, "", "no memory for a catalog");

	if (s == OK)
		s = fill(c, e);
	if (s == OK)
		*out = c;
	else if (c)
		catalog_free(c);
	return s;
}

/* ---- over a base -------------------------------------------------------------------------- */

static bool fits(const struct catalog *c)
{
	bool same = c->base && c->part_count == c->base->part_count;

	for (size_t i = 0; same && i < c->part_count; i++)
		same = c->part[i] && part_shares(c->part[i], c->base->part[i]) && by_merchant(&c->part[i], &c->base->part[i]) == 0;
	return same;
}

static void lay_change(struct catalog *c, uint32_t part, const struct change *ch, bool (*same)(const struct product *, const struct product *))
{
	const struct product *now = ch->gone ? NULL : ch->row;
	uint32_t i = c->base->first[part] + ch->base;

	if (ch->known) {
		bool stays = now && same(c->base->row[i], now);
		c->row[i] = stays ? now : NULL;
		c->touched[c->touched_count++] = i;
		c->count -= !stays;
		if (stays) {
			index_product(c, i);
			return;
		}
	}
	if (!now)
		return;
	i = (uint32_t)c->numbers++;
	c->row[i] = now;
	c->extra_part[i - c->base->numbers] = part;
	c->count++;
	index_product(c, i);
}

/* As if every product had changed, for a predicate that finds none the same. */
static void lay_row(struct catalog *c, uint32_t part, uint32_t at, bool (*same)(const struct product *, const struct product *))
{
	const struct change ch = {.row = &c->part[part]->store->row[at], .base = at, .known = true};

	if (!same(ch.row, ch.row))
		lay_change(c, part, &ch, same);
}

static void lay_part(struct catalog *c, uint32_t part, bool (*same)(const struct product *, const struct product *))
{
	const struct catalog_part *p = c->part[part];
	uint32_t at = 0, end = (uint32_t)p->store->count;
	bool every = same != product_reads_same;

	for (size_t i = 0; i < p->change_count; i++) {
		for (; every && at < p->change[i].base; at++)
			lay_row(c, part, at, same);
		lay_change(c, part, &p->change[i], same);
		at = p->change[i].base + p->change[i].known;
	}
	for (; every && at < end; at++)
		lay_row(c, part, at, same);
}

static enum status lay(struct catalog *c, bool (*same)(const struct product *, const struct product *), struct err *e)
{
	size_t most;

	if (!fits(c))
		return err_set(e, E_CONFLICT, "", "not the parts of this base");
	most = same == product_reads_same ? 0 : c->base->numbers;
	for (size_t i = 0; i < c->part_count; i++)
		most += c->part[i]->change_count;
	c->touched = calloc(most + 1, sizeof(*c->touched));
	c->extra_part = calloc(most + 1, sizeof(*c->extra_part));
	if (!c->touched || !c->extra_part || c->base->numbers + most >= PRODUCT_NONE || !make_tables(c, c->base->numbers + most, most))
		return no_memory(c, e);
	if (c->base->numbers)
		memcpy(c->row, c->base->row, c->base->numbers * sizeof(const struct product *));
	c->numbers = c->base->numbers;
	c->count = c->base->count;
	for (uint32_t i = 0; i < c->part_count; i++)
		lay_part(c, i, same);
	sort_tables(c);
	return OK;
}

enum status catalog_lay(struct catalog *base, struct catalog_part *const *parts, size_t n, struct str name,
	bool (*same)(const struct product *a, const struct product *b), struct catalog **out, struct err *e)
{
	struct catalog *c = make(base, n, name);
	enum status s = c ? take_parts(c, parts, n, e) : err_set(e, E_NOMEM, "", "no memory for a catalog");

	if (s == OK)
		s = lay(c, same, e);
	if (s == OK)
		*out = c;
	else if (c)
		catalog_free(c);
	return s;
}

enum status catalog_over(struct catalog *base, struct catalog_part *const *parts, size_t n, struct str name, struct catalog **out, struct err *e)
{
	return catalog_lay(base, parts, n, name, product_reads_same, out, e);
}

struct catalog *catalog_ref(struct catalog *c)
{
	atomic_fetch_add(&c->refs, 1);
	return c;
}

void catalog_unref(struct catalog *c)
{
	if (c && atomic_fetch_sub(&c->refs, 1) == 1)
		catalog_free(c);
}
