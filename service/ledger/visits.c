/* Recent visits: two open hashes, of which only one grows; the other is dropped whole. */
#include "ledger/visits.h"

#include <stdlib.h>
#include <string.h>

enum { VISITS_FIRST = 256, VISITS_MAX = 1 << 20 };

void visits_init(struct visits *v, int64_t window_ms)
{
	memset(v, 0, sizeof(*v));
	v->window_ms = window_ms;
	v->young.since_ms = VISIT_NONE;
}

static void table_done(struct visit_table *t)
{
	free(t->visit);
	free(t->slot);
}

void visits_done(struct visits *v)
{
	table_done(&v->young);
	table_done(&v->old);
	free(v->undo);
	memset(v, 0, sizeof(*v));
}

/* Ids are hashes already. */
static size_t hash_of(const uint8_t link[16], const uint8_t visitor[16])
{
	uint64_t a, b;
	memcpy(&a, link + 8, sizeof(a));
	memcpy(&b, visitor, sizeof(b));
	return (size_t)hash_mix(a ^ hash_mix(b));
}

/* The slot where the pair is, or where it belongs. */
static size_t slot_of(const struct visit_table *t, const uint8_t link[16], const uint8_t visitor[16])
{
	size_t i = hash_of(link, visitor) & (t->slots - 1);
	for (; t->slot[i]; i = (i + 1) & (t->slots - 1)) {
		const struct visit *x = &t->visit[t->slot[i] - 1];
		if (memcmp(x->link, link, 16) == 0 && memcmp(x->visitor, visitor, 16) == 0)
			break;
	}
	return i;
}

static struct visit *find(const struct visit_table *t, const uint8_t link[16], const uint8_t visitor[16])
{
	size_t i = t->slots ? slot_of(t, link, visitor) : 0;
	return t->slots && t->slot[i] ? &t->visit[t->slot[i] - 1] : NULL;
}

static struct visit *find_any(const struct visits *v, const uint8_t link[16], const uint8_t visitor[16])
{
	struct visit *x = find(&v->young, link, visitor);
	return x ? x : find(&v->old, link, visitor);
}

bool visits_recent(const struct visits *v, const uint8_t link[16], const uint8_t visitor[16], int64_t at_ms)
{
	const struct visit *x = find_any(v, link, visitor);
	if (!x || x->at_ms == VISIT_NONE)
		return false;
	int64_t apart;
	return !__builtin_sub_overflow(at_ms, x->at_ms, &apart) && apart <= v->window_ms && apart >= -v->window_ms;
}

static bool grow(struct visit_table *t)
{
	size_t cap = t->cap ? t->cap * 2 : VISITS_FIRST;
	struct visit *visit = realloc(t->visit, cap * sizeof(*visit));
	if (!visit)
		return false;
	t->visit = visit;
	uint32_t *slot = calloc(cap * 2, sizeof(*slot));
	if (!slot)
		return false;
	free(t->slot);
	t->slot = slot;
	t->cap = cap;
	t->slots = cap * 2;
	for (size_t i = 0; i < t->n; i++)
		slot[slot_of(t, t->visit[i].link, t->visit[i].visitor)] = (uint32_t)i + 1;
	return true;
}

static void rotate(struct visits *v, int64_t at_ms)
{
	struct visit_table spare = v->old;
	v->old = v->young;
	if (spare.slots)
		memset(spare.slot, 0, spare.slots * sizeof(*spare.slot));
	spare.n = 0;
	spare.since_ms = at_ms;
	v->young = spare;
}

static bool old_enough(const struct visits *v, int64_t at_ms)
{
	int64_t since = v->young.since_ms;
	return since == VISIT_NONE || at_ms / 2 - since / 2 > v->window_ms / 2 + 1;
}

static enum status remember_before(struct visits *v, const uint8_t link[16], const uint8_t visitor[16], int64_t at_ms)
{
	if (v->undo_n == v->undo_cap) {
		size_t cap = v->undo_cap ? v->undo_cap * 2 : 64;
		struct visit *undo = realloc(v->undo, cap * sizeof(*undo));
		if (!undo)
			return E_NOMEM;
		v->undo = undo;
		v->undo_cap = cap;
	}
	struct visit *u = &v->undo[v->undo_n++];
	memcpy(u->link, link, 16);
	memcpy(u->visitor, visitor, 16);
	u->at_ms = at_ms;
	return OK;
}

enum status visits_put(struct visits *v, const uint8_t link[16], const uint8_t visitor[16], int64_t at_ms)
{
	const struct visit *before = find_any(v, link, visitor);
	enum status s = remember_before(v, link, visitor, before ? before->at_ms : VISIT_NONE);
	if (s != OK)
		return s;
	if (old_enough(v, at_ms) || v->young.n == VISITS_MAX)
		rotate(v, at_ms);
	struct visit_table *t = &v->young;
	struct visit *x = find(t, link, visitor);
	if (!x) {
		if (t->n == t->cap && !grow(t))
			return E_NOMEM;
		size_t i = slot_of(t, link, visitor);
		x = &t->visit[t->n++];
		memcpy(x->link, link, 16);
		memcpy(x->visitor, visitor, 16);
		t->slot[i] = (uint32_t)t->n;
	}
	x->at_ms = at_ms;
	return OK;
}

void visits_keep(struct visits *v)
{
	v->undo_n = 0;
}

void visits_undo(struct visits *v)
{
	while (v->undo_n) {
		const struct visit *u = &v->undo[--v->undo_n];
		struct visit *x = find_any(v, u->link, u->visitor);
		if (x)
			x->at_ms = u->at_ms;
	}
}
