/* tally: sums by key, in memory. Roll-ups of a batch, recounts and reports are all this: bytes to a row of integers. */
#ifndef LEDGER_TALLY_H
#define LEDGER_TALLY_H

#include "base/base.h"

#define TALLY_WIDTH 9

struct tally_row {
	size_t key_at; /* offset into keys */
	uint32_t key_n;
	uint32_t hash;
	int64_t v[TALLY_WIDTH];
};
struct tally {
	struct buf keys;
	struct tally_row *row;
	size_t n, cap;
	uint32_t *slot; /* row + 1, 0 is free; power of two, NULL after tally_sort */
	size_t slots;
	bool failed; /* memory or the stated maximum ran out: the sums are not to be used */
};
void tally_init(struct tally *t, size_t max_key_bytes);
void tally_done(struct tally *t);
void tally_clear(struct tally *t); /* keeps memory */
/* Adds width integers to key's row. */
void tally_add(struct tally *t, struct str key, const int64_t v[TALLY_WIDTH]);
struct str tally_key(const struct tally *t, const struct tally_row *r);
/* Rows in order of key bytes. After it, only reading and tally_clear. */
void tally_sort(struct tally *t);
/* The row of key or NULL; only before tally_sort. */
const struct tally_row *tally_find(const struct tally *t, struct str key);

#endif
