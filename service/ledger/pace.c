/* Counts by key in two open hashes, of which the older is dropped whole. */
#include "ledger/pace.h"

#include <stdlib.h>
#include <string.h>

enum { PACE_FIRST = 256, PACE_MAX = 1 << 20 };

void pace_init(struct pace *p)
{
	memset(p, 0, sizeof(*p));
	p->since_ms = INT64_MIN;
}

void pace_done(struct pace *p)
{
	free(p->young.entry);
	free(p->young.slot);
	free(p->old.entry);
	free(p->old.slot);
	memset(p, 0, sizeof(*p));
}

/* Keys are hashes already. */
static size_t slot_of(const struct pace_table *t, const uint8_t key[16])
{
	uint64_t h;
	memcpy(&h, key, sizeof(h));
	size_t i = (size_t)hash_mix(h) & (t->slots - 1);
	while (t->slot[i] && memcmp(t->entry[t->slot[i] - 1].key, key, 16) != 0)
		i = (i + 1) & (t->slots - 1);
	return i;
}

static struct pace_entry *find(const struct pace_table *t, const uint8_t key[16])
{
	size_t i = t->slots ? slot_of(t, key) : 0;
	return t->slots && t->slot[i] ? &t->entry[t->slot[i] - 1] : NULL;
}

static bool grow(struct pace_table *t)
{
	size_t cap = t->cap ? t->cap * 2 : PACE_FIRST;
	struct pace_entry *entry = realloc(t->entry, cap * sizeof(*entry));
	if (!entry)
		return false;
	t->entry = entry;
	uint32_t *slot = calloc(cap * 2, sizeof(*slot));
	if (!slot)
		return false;
	free(t->slot);
	t->slot = slot;
	t->cap = cap;
	t->slots = cap * 2;
	for (size_t i = 0; i < t->n; i++)
		slot[slot_of(t, entry[i].key)] = (uint32_t)i + 1;
	return true;
}

static bool apart(int64_t a, int64_t b)
{
	int64_t d;
	return __builtin_sub_overflow(a, b, &d) || d >= PACE_WINDOW_MS || d <= -PACE_WINDOW_MS;
}

static void rotate(struct pace *p, int64_t at_ms)
{
	struct pace_table spare = p->old;
	p->old = p->young;
	if (spare.slots)
		memset(spare.slot, 0, spare.slots * sizeof(*spare.slot));
	spare.n = 0;
	p->young = spare;
	p->since_ms = at_ms;
}

/* The key's entry in the young table: found, brought over from the old one, or new. */
static struct pace_entry *entry_of(struct pace *p, const uint8_t key[16], int64_t at_ms)
{
	struct pace_table *t = &p->young;
	struct pace_entry *e = find(t, key);
	if (e)
		return e;
	if (t->n == t->cap && !grow(t))
		return NULL;
	const struct pace_entry *before = find(&p->old, key);
	e = &t->entry[t->n];
	*e = (struct pace_entry){.begin_ms = before ? before->begin_ms : at_ms, .n = before ? before->n : 0};
	memcpy(e->key, key, sizeof(e->key));
	t->slot[slot_of(t, key)] = (uint32_t)++t->n;
	return e;
}

uint32_t pace_count(struct pace *p, const uint8_t key[16], int64_t at_ms)
{
	if (p->since_ms == INT64_MIN || apart(at_ms, p->since_ms) || p->young.n == PACE_MAX)
		rotate(p, at_ms);
	struct pace_entry *e = entry_of(p, key, at_ms);
	if (!e)
		return 0;
	if (apart(at_ms, e->begin_ms)) {
		e->begin_ms = at_ms;
		e->n = 0;
	}
	if (e->n < UINT32_MAX)
		e->n++;
	return e->n;
}
