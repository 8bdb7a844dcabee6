/* All merchants' products at one moment. Two sorted tables find a product by its key and by its url; sorting keeps the
 * build at O(n log n) whatever urls and ids an uploader chooses. */
#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	uint64_t hash;
	uint32_t product;
};

struct catalog {
	atomic_uint refs;
	char *name;
	struct catalog_part **part; /* by merchant id */
	uint32_t *first;            /* first product of each part, and the count at the end */
	size_t part_count;
	struct product *product;
	size_t count;
	struct entry *by_key, *by_url;
	size_t url_count;
};

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

static uint64_t url_hash(struct str url)
{
	return hash_bytes(url, 0);
}

static enum status take_parts(struct catalog *c, struct catalog_part *const *parts, size_t n, struct err *e)
{
	if (n)
		memcpy(c->part, parts, n * sizeof(*parts));
	for (size_t i = 0; i < n; i++)
		part_ref(c->part[i]);
	c->part_count = n;
	if (n)
		qsort(c->part, n, sizeof(*c->part), by_merchant);
	for (size_t i = 1; i < n; i++)
		if (by_merchant(&c->part[i - 1], &c->part[i]) == 0)
			return err_set(e, E_CONFLICT, "", "two catalogs of merchant %.*s", STR_ARG(part_merchant(c->part[i])->id));
	return OK;
}

static enum status count_products(struct catalog *c, struct err *e)
{
	for (size_t i = 0; i < c->part_count; i++) {
		c->first[i] = (uint32_t)c->count;
		c->count += part_count(c->part[i]);
		if (c->count >= PRODUCT_NONE)
			return err_set(e, E_NOMEM, "", "more products than a catalog can number");
	}
	c->first[c->part_count] = (uint32_t)c->count;
	return OK;
}

static void number_products(struct catalog *c)
{
	for (size_t i = 0; i < c->part_count; i++) {
		size_t n = part_count(c->part[i]);
		if (n)
			memcpy(c->product + c->first[i], part_products(c->part[i]), n * sizeof(*c->product));
		for (size_t j = 0; j < n; j++)
			c->product[c->first[i] + j].merchant = (uint32_t)i;
	}
}

static void index_products(struct catalog *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct product *p = &c->product[i];
		c->by_key[i] = (struct entry){p->key, (uint32_t)i};
		if (p->url.n)
			c->by_url[c->url_count++] = (struct entry){url_hash(p->url), (uint32_t)i};
	}
	qsort(c->by_key, c->count, sizeof(*c->by_key), by_hash);
	qsort(c->by_url, c->url_count, sizeof(*c->by_url), by_hash);
}

static enum status fill(struct catalog *c, struct catalog_part *const *parts, size_t n, struct err *e)
{
	enum status s = take_parts(c, parts, n, e);

	if (s == OK)
		s = count_products(c, e);
	if (s != OK)
		return s;
	/* One more than needed: an empty catalog has tables too. */
	c->product = calloc(c->count + 1, sizeof(*c->product));
	c->by_key = calloc(c->count + 1, sizeof(*c->by_key));
	c->by_url = calloc(c->count + 1, sizeof(*c->by_url));
	if (!c->product || !c->by_key || !c->by_url)
		return err_set(e, E_NOMEM, "", "no memory for a catalog of %zu products", c->count);
	number_products(c);
	index_products(c);
	return OK;
}

static void catalog_free(struct catalog *c)
{
	for (size_t i = 0; i < c->part_count; i++)
		part_unref(c->part[i]);
	free(c->name);
	free(c->part);
	free(c->first);
	free(c->product);
	free(c->by_key);
	free(c->by_url);
	free(c);
}

enum status catalog_new(struct catalog_part *const *parts, size_t n, struct str name, struct catalog **out, struct err *e)
{
	struct catalog *c = calloc(1, sizeof(*c));
	enum status s = E_NOMEM;

	if (!c)
		return err_set(e, E_NOMEM, "", "no memory for a catalog");
	atomic_init(&c->refs, 1);
	c->name = strndup(name.p ? name.p : "", name.n);
	c->part = calloc(n + 1, sizeof(struct catalog_part *));
	c->first = calloc(n + 1, sizeof(*c->first));
	if (c->name && c->part && c->first)
		s = fill(c, parts, n, e);
	else
		err_ignore(err_set(e, E_NOMEM, "", "no memory for a catalog"));
	if (s != OK) {
		catalog_free(c);
		return s;
	}
	*out = c;
	return OK;
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

struct str catalog_name(const struct catalog *c)
{
	return str_of(c->name);
}

size_t catalog_merchant_count(const struct catalog *c)
{
	return c->part_count;
}

const struct merchant *catalog_merchant(const struct catalog *c, size_t i)
{
	return part_merchant(c->part[i]);
}

/* The part's number, or part_count. */
static size_t part_of(const struct catalog *c, struct str merchant)
{
	size_t low = 0, high = c->part_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(part_merchant(c->part[middle])->id, merchant);
		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return c->part_count;
}

const struct merchant *catalog_merchant_by_id(const struct catalog *c, struct str id)
{
	size_t i = part_of(c, id);

	return i < c->part_count ? part_merchant(c->part[i]) : NULL;
}

struct catalog_part *catalog_part_by_id(const struct catalog *c, struct str merchant)
{
	size_t i = part_of(c, merchant);

	return i < c->part_count ? c->part[i] : NULL;
}

size_t catalog_count(const struct catalog *c)
{
	return c->count;
}

const struct product *catalog_product(const struct catalog *c, uint32_t i)
{
	return &c->product[i];
}

uint32_t catalog_number(const struct catalog *c, const struct product *p)
{
	return (uint32_t)(p - c->product);
}

uint32_t catalog_find(const struct catalog *c, struct str merchant, struct str id)
{
	size_t i = part_of(c, merchant);
	const struct product *p = i < c->part_count ? part_find(c->part[i], id) : NULL;

	return p ? c->first[i] + (uint32_t)(p - part_products(c->part[i])) : PRODUCT_NONE;
}

/* First entry whose hash is not below the wanted one. */
static size_t lower_bound(const struct entry *table, size_t n, uint64_t hash)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t catalog_find_key(const struct catalog *c, uint64_t key)
{
	size_t i = lower_bound(c->by_key, c->count, key);

	return i < c->count && c->by_key[i].hash == key ? c->by_key[i].product : PRODUCT_NONE;
}

uint32_t catalog_find_url(const struct catalog *c, struct str url)
{
	uint64_t hash = url_hash(url);

	for (size_t i = lower_bound(c->by_url, c->url_count, hash); i < c->url_count && c->by_url[i].hash == hash; i++)
		if (str_eq(c->product[c->by_url[i].product].url, url))
			return c->by_url[i].product;
	return PRODUCT_NONE;
}
