/* sweep_probe: from places that passed the filters to finds. Included by each kernel below its own `entries` (which entries of a bucket have
 * a hash's print), so that it is compiled for its instructions. */

static inline void look_early(const struct table *t, uint64_t run)
{
	__builtin_prefetch(table_bucket(t, run));
}

static void settle_tails(struct sweep *w, const struct table *t, struct sweep_words words)
{
	for (size_t i = 0; i < w->maybe_n; i++) {
		const struct sweep_maybe *m = &w->maybe[i];
		uint32_t n = check_length(t->check[m->phrase]);
		if (t->check[m->phrase] == check_of(m->run, m->words, n) && n > m->words && m->first + n <= words.n)
			sweep_put(w, (struct sweep_find){.first = m->first, .words = n, .phrase = m->phrase});
	}
	w->maybe_n = 0;
}

static inline void put_entry(struct sweep *w, const struct table *t, struct sweep_words words, unsigned kind, struct sweep_maybe m)
{
	__builtin_prefetch(words.record + m.phrase * words.record_size);
	if (kind != ENTRY_TAIL) {
		sweep_put(w, (struct sweep_find){.first = m.first, .words = m.words, .phrase = m.phrase});
		return;
	}
	if (w->maybe_n == SWEEP_MAYBE)
		settle_tails(w, t, words);
	w->maybe[w->maybe_n++] = m;
	__builtin_prefetch(&t->check[m.phrase]);
}

/* Reads the buckets of one run. Returns whether phrases go on behind it. */
static inline bool probe(struct sweep *w, const struct table *t, struct sweep_words words, uint64_t run, uint32_t first, uint32_t n)
{
	bool inner = false;
	for (const struct bucket *b = table_bucket(t, run);; b++) {
		for (uint32_t found = entries(b, run); found; found &= found - 1) {
			unsigned i = (unsigned)__builtin_ctz(found), kind = b->entry[i] & 3;
			inner |= kind == ENTRY_INNER || kind == ENTRY_BOTH;
			if (i < b->phrases)
				put_entry(w, t, words, kind, (struct sweep_maybe){.run = run, .first = first, .words = n, .phrase = b->base + i});
		}
		if (__builtin_expect(!b->spilt, 1))
			return inner;
	}
}

/* The runs that passed, the shortest phrases' last: they need no third word. */
static inline uint32_t gather_runs(struct sweep *w, const struct table *t, struct sweep_words words)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < w->begun_n; i++) {
		uint32_t at = w->begun[i];
		w->run[0][n] = table_join(t, table_join(t, words.hash[at], words.after[at + 1]), words.after[at + 2]);
		w->place[0][n] = at << 6 | 3;
		look_early(t, w->run[0][n++]);
	}
	for (uint32_t i = 0; i < w->two_n; i++) {
		uint32_t at = w->two[i];
		w->run[0][n] = table_join(t, words.hash[at], words.after[at + 1]);
		w->place[0][n] = at << 6 | 2;
		look_early(t, w->run[0][n++]);
	}
	for (uint32_t i = 0; i < w->one_n; i++) {
		w->run[0][n] = words.hash[w->one[i]];
		w->place[0][n] = w->one[i] << 6 | 1;
		look_early(t, w->run[0][n++]);
	}
	return n;
}

static inline void probe_all(struct sweep *w, const struct table *t, struct sweep_words words)
{
	uint32_t n = gather_runs(w, t, words);
	for (unsigned level = 0; n > 0; level ^= 1) {
		uint32_t more = 0;
		for (uint32_t i = 0; i < n; i++) {
			uint64_t run = w->run[level][i];
			uint32_t first = w->place[level][i] >> 6, len = w->place[level][i] & 63;
			bool inner = probe(w, t, words, run, first, len);
			if (!inner || len < 3 || first + len >= words.n || len >= t->shape.longest)
				continue;
			run = table_join(t, run, words.after[first + len]);
			w->run[level ^ 1][more] = run;
			w->place[level ^ 1][more++] = first << 6 | (len + 1);
			look_early(t, run);
		}
		n = more;
	}
	settle_tails(w, t, words);
}
