/* sweep.c: windows, and the kernel for any machine. */
#include "match/sweep.h"

#include <stdlib.h>

struct sweep *sweep_new(void)
{
	return calloc(1, sizeof(struct sweep));
}

void sweep_free(struct sweep *w)
{
	if (w != NULL)
		free(w->find);
	free(w);
}

bool sweep_grow(struct sweep *w)
{
	size_t cap = w->cap ? w->cap * 2 : 256;
	struct sweep_find *more = realloc(w->find, cap * sizeof(*more));
	if (more == NULL) {
		w->failed = true;
		return false;
	}
	w->find = more;
	w->cap = cap;
	return true;
}

static inline uint32_t entries(const struct bucket *b, uint64_t run)
{
	return bucket_find(b, run);
}

#include "match/sweep_probe.h"

static inline bool has(uint64_t word, uint64_t bits)
{
	return (word & bits) == bits;
}

void sweep_window_plain(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to)
{
	w->one_n = w->two_n = w->begun_n = 0;
	uint64_t in = filter_word(t->words, t->shape.words, words.hash[from]);
	for (uint32_t i = from; i < to; i++) {
		uint64_t hash = words.hash[i], next = words.hash[i + 1];
		uint64_t next_in = filter_word(t->words, t->shape.words, next);
		bool both = has(in, word_bits(hash, WORD_BEGINS)) && has(next_in, word_bits(next, WORD_SECOND));
		w->one[w->one_n] = i;
		w->one_n += has(in, word_bits(hash, WORD_ONE));
		in = next_in;
		if (!both || i + 1 >= words.n || words.after[i + 1] != next)
			continue;
		uint64_t pair = table_pair(t, hash, next), two = filter_word(t->two, t->shape.two, pair);
		w->two[w->two_n] = i;
		w->two_n += has(two, filter_bits2(pair));
		if (i + 2 < words.n && has(two, filter_bits(pair))) {
			uint64_t three = table_triple(t, pair, words.after[i + 2]);
			w->begun[w->begun_n] = i;
			w->begun_n += has(filter_word(t->three, t->shape.three, three), filter_bits(three));
		}
	}
	probe_all(w, t, words);
}

bool sweep_run(struct sweep *w, const struct table *t, enum cpu_kernel kernel, struct sweep_words words)
{
	w->count = 0;
	w->failed = false;
	for (uint32_t from = 0; from < words.n; from += SWEEP_WINDOW) {
		uint32_t to = words.n - from > SWEEP_WINDOW ? from + SWEEP_WINDOW : words.n;
		switch (kernel) {
#if defined(__x86_64__)
		case CPU_AVX512:
			sweep_window_avx512(w, t, words, from, to);
			break;
		case CPU_AVX2:
			sweep_window_avx2(w, t, words, from, to);
			break;
#endif
		default:
			sweep_window_plain(w, t, words, from, to);
		}
	}
	return !w->failed;
}
