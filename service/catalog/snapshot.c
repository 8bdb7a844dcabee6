/* All merchants' products at one moment. Sorted tables find a product by its key and by its url; sorting keeps the
 * build at O(n log n) whatever urls and ids an uploader chooses. One laid over a base has tables of what differs only. */
#include "catalog/snapshot.h"
#include "catalog/part.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	uint64_t hash;
	uint32_t product;
};

/* Rows of one part, for finding a product by its address. */
struct range {
	const struct product *from, *to;
	uint32_t part;
};

struct catalog {
	atomic_uint refs;
	char *name;
	struct catalog *base; /* what it lies over, or NULL */
	struct catalog_part **part; /* by merchant id */
	uint32_t *first;            /* of a base: first product of each part, and the count at the end */
	size_t part_count;
	const struct product **row; /* by number */
	size_t numbers, count;
	struct range *range;   /* of a base: by address */
	struct entry *by_key, *by_url; /* of a base: of all; else of what differs */
	size_t key_count, url_count;
	uint32_t *touched; /* base numbers whose product is not the base's */
	size_t touched_count;
	uint32_t *extra_part; /* by number less the base's numbers */
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

static int by_address(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	return a->from < b->from ? -1 : a->from > b->from;
}

static uint64_t url_hash(struct str url)
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

	c->by_key[c->key_count++] = (struct entry){p->key, i};
	if (p->url.n)
		c->by_url[c->url_count++] = (struct entry){url_hash(p->url), i};
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
	for (size_t i = 0; i < c->part_count; i++)
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
	bool same = c->part_count == c->base->part_count;

	for (size_t i = 0; same && i < c->part_count; i++)
		same = part_shares(c->part[i], c->base->part[i]) && by_merchant(&c->part[i], &c->base->part[i]) == 0;
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
	size_t most = same == product_reads_same ? 0 : c->base->numbers;

	if (!fits(c))
		return err_set(e, E_CONFLICT, "", "not the parts of this base");
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

/* ---- reading ------------------------------------------------------------------------------- */

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

struct catalog_part *catalog_part(const struct catalog *c, size_t i)
{
	return c->part[i];
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

size_t catalog_numbers(const struct catalog *c)
{
	return c->numbers;
}

const struct catalog *catalog_base(const struct catalog *c)
{
	return c->base ? c->base : c;
}

size_t catalog_base_numbers(const struct catalog *c)
{
	return catalog_base(c)->numbers;
}

const uint32_t *catalog_touched(const struct catalog *c, size_t *n_out)
{
	*n_out = c->touched_count;
	return c->touched;
}

const struct product *catalog_product(const struct catalog *c, uint32_t i)
{
	return c->row[i];
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

/* The number of a product of a base, by its address; PRODUCT_NONE if it is none. */
static uint32_t base_number(const struct catalog *c, const struct product *p, uint32_t *part_out)
{
	size_t low = 0, high = c->part_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (p >= c->range[middle].to)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == c->part_count || p < c->range[low].from)
		return PRODUCT_NONE;
	*part_out = c->range[low].part;
	return c->first[*part_out] + (uint32_t)(p - c->range[low].from);
}

static uint32_t part_of_number(const struct catalog *c, uint32_t number)
{
	size_t low = 0, high = c->part_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (c->first[middle] <= number)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
}

static uint32_t locate(const struct catalog *c, const struct product *p, uint32_t *part_out)
{
	const struct catalog *base = catalog_base(c);
	uint32_t i = base_number(base, p, part_out);

	if (i != PRODUCT_NONE && c->row[i] == p)
		return i;
	for (size_t k = lower_bound(c->by_key, c->key_count, p->key); k < c->key_count && c->by_key[k].hash == p->key; k++) {
		i = c->by_key[k].product;
		if (c->row[i] != p)
			continue;
		*part_out = i < base->numbers ? part_of_number(base, i) : c->extra_part[i - base->numbers];
		return i;
	}
	return PRODUCT_NONE;
}

uint32_t catalog_number(const struct catalog *c, const struct product *p)
{
	uint32_t part;

	return locate(c, p, &part);
}

const struct merchant *catalog_merchant_of(const struct catalog *c, const struct product *p)
{
	uint32_t part;

	return locate(c, p, &part) == PRODUCT_NONE ? NULL : part_merchant(c->part[part]);
}

static uint32_t number_part(const struct catalog *c, uint32_t i)
{
	const struct catalog *base = catalog_base(c);

	return i < base->numbers ? part_of_number(base, i) : c->extra_part[i - base->numbers];
}

bool catalog_before(const struct catalog *c, uint32_t a, uint32_t b)
{
	size_t base = catalog_base_numbers(c);

	if ((a < base) == (b < base))
		return a < b;
	uint32_t x = number_part(c, a), y = number_part(c, b);
	return x != y ? x < y : str_cmp(c->row[a]->id, c->row[b]->id) < 0;
}

uint32_t catalog_find(const struct catalog *c, struct str merchant, struct str id)
{
	size_t i = part_of(c, merchant);
	const struct product *p = i < c->part_count ? part_find(c->part[i], id) : NULL;

	return p ? catalog_number(c, p) : PRODUCT_NONE;
}

static uint32_t find_key(const struct catalog *c, const struct catalog *table, uint64_t key)
{
	for (size_t i = lower_bound(table->by_key, table->key_count, key); i < table->key_count && table->by_key[i].hash == key; i++)
		if (c->row[table->by_key[i].product])
			return table->by_key[i].product;
	return PRODUCT_NONE;
}

uint32_t catalog_find_key(const struct catalog *c, uint64_t key)
{
	uint32_t found = find_key(c, c, key);

	return found == PRODUCT_NONE && c->base ? find_key(c, c->base, key) : found;
}

static uint32_t find_url(const struct catalog *c, const struct catalog *table, struct str url, uint32_t best)
{
	uint64_t hash = url_hash(url);

	for (size_t i = lower_bound(table->by_url, table->url_count, hash); i < table->url_count && table->by_url[i].hash == hash; i++) {
		uint32_t at = table->by_url[i].product;
		if (c->row[at] && str_eq(c->row[at]->url, url) && (best == PRODUCT_NONE || catalog_before(c, at, best)))
			best = at;
	}
	return best;
}

uint32_t catalog_find_url(const struct catalog *c, struct str url)
{
	uint32_t found = find_url(c, c, url, PRODUCT_NONE);

	return c->base ? find_url(c, c->base, url, found) : found;
}
