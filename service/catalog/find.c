/* Reading a catalog: by number, by address, by key, by url. What lies over a base looks among its own first. */
#include "catalog/part.h"
#include "catalog/snapshot.h"

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
	uint64_t hash = catalog_url_hash(url);

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
