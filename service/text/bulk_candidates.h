/* bulk_candidates: from classes to where words may begin, and the words that are read one at a time. Included by the readers for AVX2
 * and AVX-512 below their own put_bits, so that it is compiled for their instructions. */

/* Appends n bits at bit `at`; the words above are overwritten. */
static inline void put_flags(uint64_t *to, uint32_t at, uint64_t bits)
{
	uint64_t *w = to + (at >> 6);
	uint32_t off = at & 63;
	*w = (*w & ((UINT64_C(1) << off) - 1)) | bits << off;
	w[1] = off ? bits >> (64 - off) : 0;
}

/* Candidates of all blocks. A break reaches over what is no candidate by the carry of an addition. */
static uint32_t find_candidates(const struct bulk_space *x, size_t n)
{
	uint32_t *starts = x->starts, *ends = x->ends;
	uint64_t before = 0;
	unsigned char carry = 0;
	for (size_t b = 0; b * 64 < n; b++) {
		uint64_t word = x->word[b], shifted = word << 1 | before, lead = x->lead[b], start = (word & ~shifted) | lead;
		uint64_t between = ~(word | lead);
		unsigned long long sum;
		carry = _addcarry_u64(carry, between, x->hard[b] & between, &sum);
		uint32_t at = (uint32_t)(starts - x->starts);
		put_flags(x->other, at, _pext_u64(lead, start));
		put_flags(x->broken, at, _pext_u64(sum & ~between, start));
		starts = put_bits(starts, start, (uint32_t)b * 64);
		ends = put_bits(ends, ~word & shifted, (uint32_t)b * 64);
		before = word >> 63;
	}
	if (before)
		*ends++ = (uint32_t)n;
	memset(starts, 0, 16 * sizeof(*starts)); /* read with the last ones */
	memset(ends, 0, 16 * sizeof(*ends));
	return (uint32_t)(starts - x->starts);
}

struct reading {
	const struct text_key *k;
	struct text_words *w;
	struct str s; /* folded */
	uint32_t n;   /* candidates */
	uint32_t carry; /* something hard went before */
	const uint32_t *ends;
};

static inline uint32_t flags_at(const uint64_t *bits, uint32_t at)
{
	uint32_t v;
	memcpy(&v, (const char *)bits + (at >> 3), sizeof(v));
	return v >> (at & 7) & 255;
}

/* The candidate is a letter, or a character of four bytes. A letter goes on with the word that ends at it. */
static __attribute__((noinline)) uint32_t read_slow(struct reading *r, uint32_t i)
{
	struct text_words *w = r->w;
	uint32_t folded, at = w->space->starts[i], end;
	enum bulk_class class;
	bool broken = (flags_at(w->space->broken, i) & 1) || r->carry;
	r->carry = broken;
	end = at + (uint32_t)bulk_next(r->s.p + at, r->s.p + r->s.n, &folded, &class);
	if (class == BULK_WORD || class == BULK_HAN) {
		uint32_t last = w->count - 1, from = at;
		uint64_t hash;
		if (class == BULK_WORD && w->count > 0 && w->end[last] == at && !text_word_is_han(w, last)) {
			from = w->start[last];
			broken = w->hash[last] != w->after[last];
			w->count--;
		}
		if (class == BULK_WORD)
			hash = bulk_slow(r->k, r->s, from, &end);
		else
			hash = bulk_hash(r->k, r->s.p + at, end - at);
		w->hash[w->count] = hash;
		w->after[w->count] = broken ? hash ^ r->k->hard : hash;
		w->start[w->count] = from;
		w->end[w->count++] = end;
		r->carry = 0;
	} else if (class == BULK_HARD) {
		r->carry = 1;
	}
	for (i++; i < r->n && w->space->starts[i] < end; i++)
		r->ends += !(flags_at(w->space->other, i) & 1);
	return i;
}
