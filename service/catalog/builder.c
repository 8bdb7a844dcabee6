/* Building a part: whole, or as changes on top of an older one, whose rows are shared. */
#include "catalog/part.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROWS 64
#define LATER_MOST 64 /* stores under a part's changes; more are copied into one */

struct part_builder {
	struct seller *seller;
	struct store *store;         /* being filled; a removed row has a NULL id */
	struct map *by_id;           /* id -> row */
	size_t cap, max_bytes;
	struct catalog_part *under;  /* what is changed, or NULL */
	const struct product **was;  /* by row: what `under` has of its id, or NULL; only with under */
};

static struct part_builder *builder_new(struct seller *seller, struct catalog_part *under, size_t max_bytes)
{
	struct part_builder *b = calloc(1, sizeof(*b));

	if (!b) {
		seller_unref(seller);
		part_unref(under);
		return NULL;
	}
	b->max_bytes = max_bytes;
	b->seller = seller;
	b->under = under;
	b->store = store_new(max_bytes);
	/* The builder's address is seed enough against chosen collisions: no uploader sees it. */
	b->by_id = map_new(FIRST_ROWS, hash_mix((uint64_t)(uintptr_t)b));
	if (seller && b->store && b->by_id)
		return b;
	part_builder_free(b);
	return NULL;
}

struct part_builder *part_builder_new(const struct merchant *m, size_t max_bytes)
{
	return builder_new(seller_new(m), NULL, max_bytes);
}

struct part_builder *part_builder_over(struct catalog_part *old, size_t max_bytes)
{
	size_t used = store_bytes(old->store);

	for (size_t i = 0; i < old->later_count; i++)
		used += store_bytes(old->later[i]);
	return builder_new(seller_ref(old->seller), part_ref(old), max_bytes > used ? max_bytes - used : 0);
}

void part_builder_free(struct part_builder *b)
{
	if (!b)
		return;
	map_free(b->by_id);
	store_unref(b->store);
	seller_unref(b->seller);
	part_unref(b->under);
	free(b->was);
	free(b);
}

static enum status full(const struct part_builder *b, struct err *e)
{
	return err_set(e, E_NOMEM, "", "the catalog of %.*s is over its limit of %zu bytes", STR_ARG(b->seller->merchant.id), b->max_bytes);
}

static struct arena *words_of(const struct part_builder *b)
{
	return b->store->strings[0]->arena;
}

static bool make_room(struct part_builder *b)
{
	struct store *s = b->store;
	size_t cap = b->cap ? b->cap + b->cap / 2 : FIRST_ROWS;

	if (s->count < b->cap)
		return true;
	if (cap >= UINT32_MAX || cap > b->max_bytes / sizeof(*s->row))
		return false;
	if (cap * sizeof(*s->row) > b->max_bytes - arena_used(words_of(b)))
		return false;
	struct product *row = realloc(s->row, cap * sizeof(*row));
	if (!row)
		return false;
	s->row = row;
	if (b->under) {
		const struct product **was = realloc(b->was, cap * sizeof(const struct product *));
		if (!was)
			return false;
		b->was = was;
	}
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

struct product product_copy(struct arena *a, const struct product *p, const struct product *previous)
{
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
	return copy;
}

static struct product take_product(const struct part_builder *b, const struct product *p)
{
	static const struct product NONE;
	const struct store *s = b->store;
	struct product copy = product_copy(words_of(b), p, s->count ? &s->row[s->count - 1] : &NONE);

	copy.key = product_key(b->seller->merchant.id, p->id);
	return copy;
}

static uint32_t new_row(struct part_builder *b, struct str id, const struct product *was)
{
	uint32_t at = (uint32_t)b->store->count;

	if (map_add(b->by_id, id, at) == MAP_NONE)
		return MAP_NONE;
	if (b->under)
		b->was[at] = was;
	b->store->count++;
	return at;
}

enum status part_builder_add(struct part_builder *b, const struct product *p, bool replace, struct err *e)
{
	uint32_t at = map_get(b->by_id, p->id);
	const struct product *was = at == MAP_NONE && b->under ? part_find(b->under, p->id) : NULL;

	if (!replace && (was || (at != MAP_NONE && b->store->row[at].id.p)))
		return err_set(e, E_CONFLICT, "id", "the same id appears twice");
	if (at == MAP_NONE && !make_room(b))
		return full(b, e);
	struct product copy = take_product(b, p);
	if (arena_failed(words_of(b)))
		return full(b, e);
	if (at == MAP_NONE)
		at = new_row(b, copy.id, was);
	if (at == MAP_NONE)
		return full(b, e);
	b->store->row[at] = copy;
	return OK;
}

enum status part_builder_remove(struct part_builder *b, struct str id, struct err *e)
{
	uint32_t at = map_get(b->by_id, id);
	const struct product *was = at == MAP_NONE && b->under ? part_find(b->under, id) : NULL;

	if (was) {
		at = make_room(b) ? new_row(b, was->id, was) : MAP_NONE;
		if (at == MAP_NONE)
			return full(b, e);
		b->store->row[at] = *was;
	}
	if (at != MAP_NONE)
		b->store->row[at].id = STR_NONE;
	return OK;
}

enum status part_builder_copy(struct part_builder *b, const struct catalog_part *from, struct err *e)
{
	enum status s = OK;

	for (size_t i = 0; s == OK && i < from->count; i++)
		s = part_builder_add(b, part_at(from, i), true, e);
	return s;
}

const struct product *part_builder_find(const struct part_builder *b, struct str id)
{
	uint32_t at = map_get(b->by_id, id);

	if (at == MAP_NONE)
		return b->under ? part_find(b->under, id) : NULL;
	return b->store->row[at].id.p ? &b->store->row[at] : NULL;
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

static bool in_order(const struct store *s)
{
	for (size_t i = 1; i < s->count; i++)
		if (str_cmp(s->row[i - 1].id, s->row[i].id) > 0)
			return false;
	return true;
}

static void set_generation(struct store *s, struct str generation)
{
	size_t n = generation.n < sizeof(s->generation) ? generation.n : sizeof(s->generation) - 1;

	if (n)
		memcpy(s->generation, generation.p, n);
	s->generation[n] = '\0';
}

static void trim(struct store *s)
{
	struct product *trimmed = s->count ? realloc(s->row, s->count * sizeof(*s->row)) : NULL;

	if (trimmed)
		s->row = trimmed;
}

/* ---- changes ------------------------------------------------------------------------------ */

static int by_row_id(const void *x, const void *y)
{
	const struct change *a = x, *b = y;

	return str_cmp(a->row->id, b->row->id);
}

/* What was built here, by id; rows of the store stay where they are from now on. */
static size_t mine(const struct part_builder *b, const struct store *s, struct change *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct product *row = &s->row[i];
		if (row->id.p)
			out[n++] = (struct change){.row = row};
		else if (b->was[i])
			out[n++] = (struct change){.row = b->was[i], .gone = true};
	}
	if (n)
		qsort(out, n, sizeof(*out), by_row_id);
	for (size_t i = 0; i < n; i++)
		out[i].base = (uint32_t)store_place(b->under->store, out[i].row->id, &out[i].known);
	return n;
}

/* The younger of two changes of one product counts; that something has gone which the store never had is no change. */
static size_t merge(const struct change *old, size_t old_n, const struct change *new, size_t new_n, struct change *out)
{
	size_t i = 0, k = 0, n = 0;

	while (i < old_n || k < new_n) {
		int order = i == old_n ? 1 : k == new_n ? -1 : by_row_id(&old[i], &new[k]);
		i += order == 0;
		struct change c = order < 0 ? old[i++] : new[k++];
		if (c.known || !c.gone)
			out[n++] = c;
	}
	return n;
}

/* One store with all rows of the changes, in place of many. */
static bool gather(struct change *change, size_t n, struct store **out)
{
	static const struct product NONE;
	struct store *s = store_new(SIZE_MAX / 2);

	if (s)
		s->row = calloc(n + 1, sizeof(*s->row));
	if (!s || !s->row) {
		store_unref(s);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		s->row[s->count] = product_copy(s->strings[0]->arena, change[i].row, s->count ? &s->row[s->count - 1] : &NONE);
		change[i].row = &s->row[s->count++];
	}
	if (arena_failed(s->strings[0]->arena)) {
		store_unref(s);
		return false;
	}
	*out = s;
	return true;
}

static struct store **with_later(const struct catalog_part *under, struct store *mine)
{
	struct store **later = calloc(under->later_count + 1, sizeof(struct store *));

	for (size_t i = 0; later && i < under->later_count; i++)
		later[i] = store_ref(under->later[i]);
	if (later)
		later[under->later_count] = mine;
	return later;
}

static enum status finish_over(struct part_builder *b, struct str generation, struct catalog_part **out, struct err *e)
{
	const struct catalog_part *u = b->under;
	trim(b->store);
	struct change *fresh = calloc(b->store->count + 1, sizeof(*fresh));
	struct change *all = calloc(u->change_count + b->store->count + 1, sizeof(*all));
	struct store **later = fresh && all ? with_later(u, b->store) : NULL;
	if (!later) {
		free(fresh);
		free(all);
		return err_set(e, E_NOMEM, "", "no memory for a catalog");
	}
	b->store = NULL;
	size_t later_count = u->later_count + 1, n = mine(b, later[u->later_count], fresh);
	n = merge(u->change, u->change_count, fresh, n, all);
	free(fresh);
	struct store *one;
	if (later_count > LATER_MOST && gather(all, n, &one)) {
		while (later_count > 0)
			store_unref(later[--later_count]);
		later[later_count++] = one;
	}
	return part_make(out, seller_ref(b->seller), generation, store_ref(u->store), later, later_count, all, n, e);
}

static enum status finish_whole(struct part_builder *b, struct str generation, struct catalog_part **out, struct err *e)
{
	struct store *s = b->store;

	drop_removed(s);
	if (!in_order(s))
		qsort(s->row, s->count, sizeof(*s->row), by_id);
	trim(s);
	store_count_expiring(s);
	set_generation(s, generation);
	b->store = NULL;
	return part_make(out, seller_ref(b->seller), generation, s, NULL, 0, NULL, 0, e);
}

enum status part_builder_finish(struct part_builder *b, struct str generation, struct catalog_part **out, struct err *e)
{
	enum status s = b->under ? finish_over(b, generation, out, e) : finish_whole(b, generation, out, e);

	part_builder_free(b);
	return s;
}
