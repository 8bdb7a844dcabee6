/* pace: how often each key was seen within the last minute. In memory, bounded: past a million keys the oldest are forgotten, which errs
 * toward people. What a batch that failed has counted stays counted. */
#ifndef LEDGER_PACE_H
#define LEDGER_PACE_H

#include "base/base.h"

#define PACE_WINDOW_MS 60000
struct pace_entry {
	uint8_t key[16];
	int64_t begin_ms; /* of its minute */
	uint32_t n;
};
struct pace_table {
	struct pace_entry *entry;
	uint32_t *slot; /* entry + 1, 0 is free; power of two */
	size_t n, cap, slots;
};
/* The young generation takes what is new, and becomes the old one after a minute. */
struct pace {
	struct pace_table young, old;
	int64_t since_ms;
};
void pace_init(struct pace *p);
void pace_done(struct pace *p);
/* Counts one more, and returns how many that makes in its minute; 0 without memory. */
uint32_t pace_count(struct pace *p, const uint8_t key[16], int64_t at_ms);

#endif
