/* sweep: all phrases of a table in a whole run of words at once. Filters first, for all places; then the buckets of those that are left,
 * word by word, each asked for long before it is read. Works in windows of places, so that all it writes stays in the nearest cache. */
#ifndef MATCH_SWEEP_H
#define MATCH_SWEEP_H

#include "match/table.h"

enum { SWEEP_WINDOW = 1024, SWEEP_SPARE = 64, SWEEP_MAYBE = 4096 };

struct sweep_find {
	uint32_t first, words, phrase;
};

struct sweep_maybe { /* the entry of a tail fits; its check has been asked for */
	uint64_t run;
	uint32_t first, words, phrase;
};

struct sweep {
	struct sweep_find *find; /* what was found, in no order */
	size_t count, cap;
	bool failed; /* no memory for more finds */
	/* Places whose word begins phrases and whose next comes second in some, with both; that may begin three words and more, with the
	 * hashes of the pair and of the third word; pairs; single words. */
	uint32_t pair_n, three_n, two_n, one_n, begun_n;
	uint32_t paired[SWEEP_WINDOW + SWEEP_SPARE];
	uint64_t pair_a[SWEEP_WINDOW + SWEEP_SPARE], pair_b[SWEEP_WINDOW + SWEEP_SPARE];
	uint8_t begins[SWEEP_WINDOW / 8 + SWEEP_SPARE], second[SWEEP_WINDOW / 8 + SWEEP_SPARE]; /* by place, a bit each */
	uint32_t three[SWEEP_WINDOW + SWEEP_SPARE], two[SWEEP_WINDOW + SWEEP_SPARE], one[SWEEP_WINDOW + SWEEP_SPARE];
	uint32_t begun[SWEEP_WINDOW + SWEEP_SPARE]; /* of three, those whose third word fits too */
	uint64_t pair[SWEEP_WINDOW + SWEEP_SPARE], third[SWEEP_WINDOW + SWEEP_SPARE];
	uint64_t run[2][3 * SWEEP_WINDOW];
	uint32_t place[2][3 * SWEEP_WINDOW]; /* first << 6 | words */
	struct sweep_maybe maybe[SWEEP_MAYBE];
	size_t maybe_n;
};

/* Words as struct text_words has them: TEXT_WORDS_SPARE more may be read behind the last. */
struct sweep_words {
	const uint64_t *hash, *after;
	uint32_t n;
	/* What the caller will look at for a find: records by phrase's number; asked for early. NULL: nothing. */
	const char *record;
	size_t record_size;
};

struct sweep *sweep_new(void);
void sweep_free(struct sweep *w);
/* False: no memory. Finds are not exact yet: the caller compares the words, and looks that nothing hard stands between them. */
bool sweep_run(struct sweep *w, const struct table *t, enum cpu_kernel kernel, struct sweep_words words);
bool sweep_grow(struct sweep *w);
static inline void sweep_put(struct sweep *w, struct sweep_find f)
{
	if (w->count < w->cap || sweep_grow(w))
		w->find[w->count++] = f;
}

/* One window of places [from, to), by kernel. */
void sweep_window_plain(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to);
#if defined(__x86_64__)
void sweep_window_avx2(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to);
void sweep_window_avx512(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to);
#endif

#endif
