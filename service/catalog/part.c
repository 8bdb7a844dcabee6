/* One merchant's products. The product rows and their strings form a store that parts share when only the
 * merchant's own data changes. Rows are sorted by id, so finding one is a binary search. */
#include "catalog/merchant.h"

#include <stdlib.h>
#include <string.h>

#define MERCHANT_MAX (4u << 20) /* bytes of one merchant's own data: thousands of hosts */
#define FIRST_ROWS 64

struct store {
	atomic_uint refs;
	struct arena *arena; /* all strings of the rows */
	struct product *row;
	size_t count;
};

struct catalog_part {
	atomic_uint refs;
	struct arena *arena; /* merchant and generation */
	struct merchant merchant;
	struct str generation;
	struct store *store;
};

struct part_builder {
	struct arena *own; /* merchant */
	struct merchant merchant;
	struct store *store; /* being filled; a removed row has a NULL id */
	struct map *by_id;   /* id -> row */
	size_t cap, max_bytes;
};

/* ---- store -------------------------------------------------------------------------- */

static void store_unref(struct store *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	arena_free(s->arena);
	free(s->row);
	free(s);
}

static struct store *store_new(size_t max_bytes)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->arena = arena_new(max_bytes);
	if (s->arena)
		return s;
	free(s);
	return NULL;
}

/* ---- builder -------------------------------------------------------------------------- */

struct part_builder *part_builder_new(const struct merchant *m, size_t max_bytes)
{
	struct part_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->max_bytes = max_bytes;
	b->own = arena_new(MERCHANT_MAX);
	b->store = store_new(max_bytes);
	/* The builder's address is seed enough against chosen collisions: no uploader sees it. */
	b->by_id = map_new(FIRST_ROWS, hash_mix((uint64_t)(uintptr_t)b));
	if (b->own)
		b->merchant = merchant_take(b->own, m);
	if (b->own && !arena_failed(b->own) && b->store && b->by_id)
		return b;
	part_builder_free(b);
	return NULL;
}

void part_builder_free(struct part_builder *b)
{
	if (!b)
		return;
	map_free(b->by_id);
	store_unref(b->store);
	arena_free(b->own);
	free(b);
}

static enum status full(const struct part_builder *b, struct err *e)
{
	return err_set(e, E_NOMEM, "", "the catalog of %.*s is over its limit of %zu bytes", STR_ARG(b->merchant.id), b->max_bytes);
}

static bool make_room(struct part_builder *b)
{
	struct store *s = b->store;
	size_t cap = b->cap ? b->cap + b->cap / 2 : FIRST_ROWS;

	if (s->count < b->cap)
		return true;
	if (cap >= UINT32_MAX || cap > b->max_bytes / sizeof(*s->row))
		return false;
	if (cap * sizeof(*s->row) > b->max_bytes - arena_used(s->arena))
		return false;
	struct product *row = realloc(s->row, cap * sizeof(*row));
	if (!row)
		return false;
	s->row = row;
	b->cap = cap;
	return true;
}

static const struct str *take_keywords(struct arena *a, const struct product *p)
{
	struct str *words = ARENA_TAKE(a, struct str, p->keyword_count);

	for (uint32_t i = 0; words && i < p->keyword_count; i++)
		words[i] = arena_take_str(a, p->keywords[i]);
	return words;
}

/* Feeds come in runs of one category and brand: a run keeps one copy. */
static struct str take_shared(struct arena *a, struct str s, struct str previous)
{
	return s.n && str_eq(s, previous) ? previous : arena_take_str(a, s);
}

static struct product take_product(const struct part_builder *b, const struct product *p)
{
	static const struct product NONE;
	const struct store *s = b->store;
	const struct product *previous = s->count ? &s->row[s->count - 1] : &NONE;
	struct arena *a = s->arena;
	struct product copy = *p;

	copy.id = arena_take_str(a, p->id);
	copy.title = arena_take_str(a, p->title);
	copy.url = arena_take_str(a, p->url);
	copy.image = arena_take_str(a, p->image);
	copy.brand = take_shared(a, p->brand, previous->brand);
	copy.mpn = arena_take_str(a, p->mpn);
	copy.gtin = arena_take_str(a, p->gtin);
	copy.category = take_shared(a, p->category, previous->category);
	copy.description = arena_take_str(a, p->description);
	copy.attributes = arena_take_str(a, p->attributes);
	copy.locale = take_shared(a, p->locale, previous->locale);
	copy.keywords = p->keyword_count ? take_keywords(a, p) : NULL;
	copy.merchant = 0;
	copy.key = product_key(b->merchant.id, p->id);
	return copy;
}

enum status part_builder_add(struct part_builder *b, const struct product *p, bool replace, struct err *e)
{
	uint32_t at = map_get(b->by_id, p->id);

	if (at != MAP_NONE && b->store->row[at].id.p && !replace)
		return err_set(e, E_CONFLICT, "id", "the same id appears twice");
	if (at == MAP_NONE && !make_room(b))
		return full(b, e);
	struct product copy = take_product(b, p);
	if (arena_failed(b->store->arena))
		return full(b, e);
	if (at == MAP_NONE) {
		at = (uint32_t)b->store->count;
		if (map_add(b->by_id, copy.id, at) == MAP_NONE)
			return full(b, e);
		b->store->count++;
	}
	b->store->row[at] = copy;
	return OK;
}

void part_builder_remove(struct part_builder *b, struct str id)
{
	uint32_t at = map_get(b->by_id, id);

	if (at != MAP_NONE)
		b->store->row[at].id = STR_NONE;
}

enum status part_builder_copy(struct part_builder *b, const struct catalog_part *from, struct err *e)
{
	enum status s = OK;

	for (size_t i = 0; s == OK && i < from->store->count; i++)
		s = part_builder_add(b, &from->store->row[i], true, e);
	return s;
}

const struct product *part_builder_find(const struct part_builder *b, struct str id)
{
	uint32_t at = map_get(b->by_id, id);

	return at != MAP_NONE && b->store->row[at].id.p ? &b->store->row[at] : NULL;
}

static int by_id(const void *x, const void *y)
{
	const struct product *a = x, *b = y;

	return str_cmp(a->id, b->id);
}

static void drop_removed(struct store *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->row[i].id.p)
			s->row[kept++] = s->row[i];
	s->count = kept;
}

/* Takes over the store's reference. */
static enum status part_new(struct store *store, const struct merchant *m, struct str generation, struct catalog_part **out, struct err *e)
{
	struct catalog_part *p = calloc(1, sizeof(*p));

	if (p) {
		atomic_init(&p->refs, 1);
		p->store = store;
		p->arena = arena_new(MERCHANT_MAX);
	}
	if (!p || !p->arena) {
		free(p);
		store_unref(store);
		return err_set(e, E_NOMEM, "", "no memory for a catalog");
	}
	p->merchant = merchant_take(p->arena, m);
	p->generation = arena_take_str(p->arena, generation);
	if (arena_failed(p->arena)) {
		part_unref(p);
		return err_set(e, E_NOMEM, "", "the merchant's own data is too large");
	}
	*out = p;
	return OK;
}

enum status part_builder_finish(struct part_builder *b, struct str generation, struct catalog_part **out, struct err *e)
{
	struct store *s = b->store;
	enum status status;

	drop_removed(s);
	if (s->count)
		qsort(s->row, s->count, sizeof(*s->row), by_id);
	struct product *trimmed = s->count ? realloc(s->row, s->count * sizeof(*s->row)) : NULL;
	if (trimmed)
		s->row = trimmed;
	b->store = NULL;
	status = part_new(s, &b->merchant, generation, out, e);
	part_builder_free(b);
	return status;
}

/* ---- part ----------------------------------------------------------------------------- */

struct catalog_part *part_ref(struct catalog_part *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

void part_unref(struct catalog_part *p)
{
	if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	store_unref(p->store);
	arena_free(p->arena);
	free(p);
}

const struct merchant *part_merchant(const struct catalog_part *p)
{
	return &p->merchant;
}

struct str part_generation(const struct catalog_part *p)
{
	return p->generation;
}

size_t part_count(const struct catalog_part *p)
{
	return p->store->count;
}

const struct product *part_products(const struct catalog_part *p)
{
	return p->store->row;
}

const struct product *part_find(const struct catalog_part *p, struct str id)
{
	struct product wanted = {.id = id};

	if (p->store->count == 0)
		return NULL;
	return bsearch(&wanted, p->store->row, p->store->count, sizeof(wanted), by_id);
}

enum status part_with_merchant(struct catalog_part *p, const struct merchant *m, struct catalog_part **out, struct err *e)
{
	if (!str_eq(m->id, p->merchant.id))
		return err_set(e, E_BUG, "", "a part cannot move to another merchant");
	atomic_fetch_add(&p->store->refs, 1);
	return part_new(p->store, m, p->generation, out, e);
}
