/* Rows and their strings, counted apart: a younger store may keep the strings of an older one and let its rows go. */
#include "catalog/merchant.h"
#include "catalog/part.h"

#include <stdlib.h>
#include <string.h>

#define MERCHANT_MAX (4u << 20) /* bytes of one merchant's own data: thousands of hosts */

static void strings_unref(struct strings *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	arena_free(s->arena);
	free(s);
}

static struct strings *strings_new(size_t max_bytes)
{
	struct strings *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->arena = arena_new(max_bytes);
	if (s->arena)
		return s;
	free(s);
	return NULL;
}

struct store *store_new(size_t max_bytes)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->strings = calloc(1, sizeof(struct strings *));
	if (s->strings)
		s->strings[0] = strings_new(max_bytes);
	s->string_count = 1;
	if (s->strings && s->strings[0])
		return s;
	free(s->strings);
	free(s);
	return NULL;
}

struct store *store_ref(struct store *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void store_unref(struct store *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	for (size_t i = 0; i < s->string_count; i++)
		strings_unref(s->strings[i]);
	free(s->strings);
	free(s->row);
	free(s);
}

void store_count_expiring(struct store *s)
{
	s->expiring = 0;
	for (size_t i = 0; i < s->count; i++)
		s->expiring += s->row[i].expires_ms != 0;
}

size_t store_bytes(const struct store *s)
{
	size_t n = s->count * sizeof(*s->row);

	for (size_t i = 0; i < s->string_count; i++)
		n += arena_used(s->strings[i]->arena);
	return n;
}

size_t store_place(const struct store *s, struct str id, bool *found)
{
	size_t low = 0, high = s->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(s->row[middle].id, id);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- folding changes in ---------------------------------------------------------------- */

#define STRINGS_MOST 64 /* of one store; more, or too much that no row points to, and all strings are copied */

static struct store *store_over(const struct catalog_part *p)
{
	struct store *s = calloc(1, sizeof(*s));
	size_t n = p->store->string_count;

	for (size_t i = 0; i < p->later_count; i++)
		n += p->later[i]->string_count;
	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->strings = calloc(n, sizeof(struct strings *));
	s->row = calloc(p->count + 1, sizeof(*s->row));
	if (!s->strings || !s->row) {
		store_unref(s);
		return NULL;
	}
	for (size_t k = 0; k <= p->later_count; k++) {
		const struct store *from = k == 0 ? p->store : p->later[k - 1];
		for (size_t i = 0; i < from->string_count; i++) {
			atomic_fetch_add(&from->strings[i]->refs, 1);
			s->strings[s->string_count++] = from->strings[i];
		}
	}
	return s;
}

static void fold_rows(struct store *s, const struct catalog_part *p)
{
	size_t from = 0;

	for (size_t i = 0; i <= p->change_count; i++) {
		const struct change *c = i < p->change_count ? &p->change[i] : NULL;
		size_t to = c ? c->base : p->store->count;
		if (to > from)
			memcpy(s->row + s->count, p->store->row + from, (to - from) * sizeof(*s->row));
		s->count += to - from;
		if (c && !c->gone)
			s->row[s->count++] = *c->row;
		from = c ? c->base + (size_t)c->known : to;
	}
}

/* Do the strings hold much that no row points to any more? */
static bool worn(const struct catalog_part *p)
{
	size_t first = arena_used(p->store->strings[0]->arena), all = 0, n = p->store->string_count + p->later_count;

	for (size_t i = 0; i < p->store->string_count; i++)
		all += arena_used(p->store->strings[i]->arena);
	for (size_t i = 0; i < p->later_count; i++)
		all += store_bytes(p->later[i]);
	return n > STRINGS_MOST || all - first > first / 2 + (1u << 16);
}

static enum status copy_all(const struct catalog_part *p, struct catalog_part **out, struct err *e)
{
	struct part_builder *b = part_builder_new(&p->seller->merchant, SIZE_MAX / 2);
	enum status s = b ? part_builder_copy(b, p, e) : err_set(e, E_NOMEM, "", "no memory for a catalog");

	if (s == OK)
		return part_builder_finish(b, str_of(p->generation), out, e);
	part_builder_free(b);
	return s;
}

enum status part_fold(struct catalog_part *p, struct catalog_part **out, struct err *e)
{
	struct store *s;

	if (p->change_count == 0) {
		*out = part_ref(p);
		return OK;
	}
	if (worn(p))
		return copy_all(p, out, e);
	s = store_over(p);
	if (!s)
		return err_set(e, E_NOMEM, "", "no memory for a catalog");
	fold_rows(s, p);
	store_count_expiring(s);
	memcpy(s->generation, p->generation, sizeof(s->generation));
	return part_make(out, seller_ref(p->seller), str_of(p->generation), s, NULL, 0, NULL, 0, e);
}

/* ---- sellers ------------------------------------------------------------------------------- */

struct seller *seller_new(const struct merchant *m)
{
	struct seller *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->arena = arena_new(MERCHANT_MAX);
	if (s->arena)
		s->merchant = merchant_take(s->arena, m);
	if (s->arena && !arena_failed(s->arena))
		return s;
	arena_free(s->arena);
	free(s);
	return NULL;
}

struct seller *seller_ref(struct seller *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void seller_unref(struct seller *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	arena_free(s->arena);
	free(s);
}
