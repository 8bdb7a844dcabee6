/* table.c: a table's arrays as sections of memory, its own or another's. */
#include "match/table.h"

#include <string.h>

size_t table_length(const struct table_shape *s, enum table_part part)
{
	switch (part) {
	case TABLE_WORDS:
		return (size_t)s->words * 8;
	case TABLE_TWO:
		return (size_t)s->two * 8;
	case TABLE_THREE:
		return (size_t)s->three * 8;
	case TABLE_BUCKETS:
		return (size_t)s->buckets * sizeof(struct bucket);
	default:
		return ((size_t)s->phrases + TABLE_SPARE) * sizeof(uint16_t);
	}
}

void table_keys(struct table *t, uint64_t seed)
{
	uint64_t v[4];
	text_key_init(&t->key, seed);
	for (uint64_t i = 0; i < ARRAY_LEN(v); i++)
		v[i] = hash_mix(hash_mix(seed ^ (i + 1) * UINT64_C(0xa0761d6478bd642f)) + i);
	t->join_a = v[0];
	t->join_b = v[1];
	t->pair = v[2] | 1;
	t->triple = v[3] | 1;
}

static bool bucket_is_sound(const struct table *t, uint32_t i)
{
	const struct bucket *b = &t->bucket[i];
	bool last = i + 1 == t->shape.buckets;
	return b->count <= BUCKET_ENTRIES && b->phrases <= b->count && b->base <= t->shape.phrases &&
	       b->phrases <= t->shape.phrases - b->base && !(last && b->spilt);
}

void table_borrow(struct table *t, const struct table_section part[TABLE_PARTS])
{
	t->words = part[TABLE_WORDS].base;
	t->two = part[TABLE_TWO].base;
	t->three = part[TABLE_THREE].base;
	t->bucket = part[TABLE_BUCKETS].base;
	t->check = part[TABLE_CHECKS].base;
	table_keys(t, t->shape.seed);
}

enum status table_open(struct table *t, const struct table_shape *shape, const struct table_section part[TABLE_PARTS], struct err *e)
{
	*t = (struct table){.shape = *shape};
	if (shape->words == 0 || shape->two == 0 || shape->three == 0 || shape->homes == 0 || shape->homes > shape->buckets ||
	        shape->longest > TABLE_LONGEST)
		return err_set(e, E_INPUT, "table", "an array is empty");
	for (enum table_part i = 0; i < TABLE_PARTS; i++)
		if (part[i].base == NULL || part[i].length != table_length(shape, i) || (uintptr_t)part[i].base % 64 != 0)
			return err_set(e, E_INPUT, "table", "array %d is not as its shape says", (int)i);
	table_borrow(t, part);
	for (uint32_t i = 0; i < shape->buckets; i++)
		if (!bucket_is_sound(t, i))
			return err_set(e, E_INPUT, "table", "bucket %u points beside its phrases", i);
	return OK;
}

void table_sections(const struct table *t, struct table_section out[TABLE_PARTS])
{
	const void *base[TABLE_PARTS] = {[TABLE_WORDS] = t->words,
	        [TABLE_TWO] = t->two,
	        [TABLE_THREE] = t->three,
	        [TABLE_BUCKETS] = t->bucket,
	        [TABLE_CHECKS] = t->check};
	for (enum table_part i = 0; i < TABLE_PARTS; i++) {
		memcpy(&out[i].base, &base[i], sizeof(base[i])); /* the holder knows whether they may be written */
		out[i].length = table_length(&t->shape, i);
	}
}

void table_done(struct table *t)
{
	pages_free(t->owned, t->owned_n);
	*t = (struct table){0};
}
