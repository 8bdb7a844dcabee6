/* Sums by key: an open hash over one array of rows; keys lie end to end in one buffer. */
#include "ledger/tally.h"

#include <stdlib.h>
#include <string.h>

enum { TALLY_FIRST = 64 };

void tally_init(struct tally *t, size_t max_key_bytes)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->keys, max_key_bytes);
}

void tally_done(struct tally *t)
{
	buf_done(&t->keys);
	free(t->row);
	free(t->slot);
	memset(t, 0, sizeof(*t));
}

void tally_clear(struct tally *t)
{
	buf_clear(&t->keys);
	t->n = 0;
	t->failed = false;
	if (t->slot)
		memset(t->slot, 0, t->slots * sizeof(*t->slot));
}

struct str tally_key(const struct tally *t, const struct tally_row *r)
{
	return (struct str){t->keys.p + r->key_at, r->key_n};
}

/* The slot where key is, or where it belongs. */
static size_t slot_of(const struct tally *t, struct str key, uint32_t hash)
{
	size_t i = hash & (t->slots - 1);
	while (t->slot[i]) {
		const struct tally_row *r = &t->row[t->slot[i] - 1];
		if (r->hash == hash && str_eq(tally_key(t, r), key))
			break;
		i = (i + 1) & (t->slots - 1);
	}
	return i;
}

static void reslot(struct tally *t, uint32_t *slot, size_t slots)
{
	free(t->slot);
	t->slot = slot;
	t->slots = slots;
	for (size_t k = 0; k < t->n; k++) {
		size_t i = t->row[k].hash & (slots - 1);
		while (slot[i])
			i = (i + 1) & (slots - 1);
		slot[i] = (uint32_t)k + 1;
	}
}

/* Room for one more row, at most half of the slots in use. */
static bool room(struct tally *t)
{
	if (t->slot && t->n < t->cap)
		return true;
	size_t cap = t->n < t->cap ? t->cap : t->cap ? t->cap * 2 : TALLY_FIRST;
	if (cap > UINT32_MAX / 4)
		return false;
	struct tally_row *row = realloc(t->row, cap * sizeof(*row));
	if (!row)
		return false;
	t->row = row;
	uint32_t *slot = calloc(cap * 2, sizeof(*slot));
	if (!slot)
		return false;
	t->cap = cap;
	reslot(t, slot, cap * 2);
	return true;
}

static struct tally_row *row_at(struct tally *t, struct str key)
{
	uint32_t hash = (uint32_t)hash_bytes(key, 0);
	if (!room(t))
		return NULL;
	size_t i = slot_of(t, key, hash);
	if (t->slot[i])
		return &t->row[t->slot[i] - 1];
	size_t at = t->keys.n;
	buf_put(&t->keys, key);
	if (t->keys.failed)
		return NULL;
	struct tally_row *r = &t->row[t->n++];
	*r = (struct tally_row){.key_at = at, .key_n = (uint32_t)key.n, .hash = hash};
	t->slot[i] = (uint32_t)t->n;
	return r;
}

void tally_add(struct tally *t, struct str key, const int64_t v[TALLY_WIDTH])
{
	struct tally_row *r = t->failed ? NULL : row_at(t, key);
	if (!r) {
		t->failed = true;
		return;
	}
	for (int i = 0; i < TALLY_WIDTH; i++)
		if (__builtin_add_overflow(r->v[i], v[i], &r->v[i]))
			t->failed = true;
}

const struct tally_row *tally_find(const struct tally *t, struct str key)
{
	if (!t->slot)
		return NULL;
	size_t i = slot_of(t, key, (uint32_t)hash_bytes(key, 0));
	return t->slot[i] ? &t->row[t->slot[i] - 1] : NULL;
}

static int by_key(const void *a, const void *b, void *arg)
{
	return str_cmp(tally_key(arg, a), tally_key(arg, b));
}

void tally_sort(struct tally *t)
{
	if (t->n)
		qsort_r(t->row, t->n, sizeof(*t->row), by_key, t);
	free(t->slot);
	t->slot = NULL;
	t->slots = 0;
}
