/* bulk_avx2.c: 32 bytes are classed at once; words are hashed one by one. */
#if defined(__x86_64__)
#include "text/bulk.h"

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2,popcnt")
#endif

/* ---- classes ---------------------------------------------------------------------------------- */

struct classes {
	uint64_t word, hard, dot, lead;
};

static inline __m256i below(__m256i v, char from, char n)
{
	return _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(-128 + n)), _mm256_add_epi8(v, _mm256_set1_epi8((char)(-128 - from))));
}

static inline uint32_t bits(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

static inline void classify32(const char *p, char *low, unsigned shift, struct classes *c)
{
	/* By its low four bits: with which high ones (a bit each) a character is hard. */
	const __m256i rows = _mm256_setr_epi8(16, 4, 0, 0, 4, 4, 0, 0, 4, 4, 9, (char)0xA8, (char)0xAC, (char)0xA8, 0x28, 8, 16, 4, 0, 0, 4,
	        4, 0, 0, 4, 4, 9, (char)0xA8, (char)0xAC, (char)0xA8, 0x28, 8);
	const __m256i columns = _mm256_setr_epi8(
	        1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i nibble = _mm256_set1_epi8(15);
	__m256i v = _mm256_loadu_si256((const __m256i *)p);
	__m256i lower = _mm256_add_epi8(v, _mm256_and_si256(below(v, 'A', 26), _mm256_set1_epi8(32)));
	__m256i row = _mm256_shuffle_epi8(rows, _mm256_and_si256(v, nibble));
	__m256i column = _mm256_shuffle_epi8(columns, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
	__m256i soft = _mm256_cmpeq_epi8(_mm256_and_si256(row, column), _mm256_setzero_si256());
	_mm256_storeu_si256((__m256i *)low, lower);
	uint32_t high = bits(v);
	c->word |= (uint64_t)bits(_mm256_or_si256(below(lower, 'a', 26), below(v, '0', 10))) << shift;
	c->hard |= (uint64_t)(~bits(soft) & ~high) << shift;
	c->dot |= (uint64_t)bits(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('.'))) << shift;
	c->lead |= (uint64_t)(high & bits(_mm256_slli_epi16(_mm256_and_si256(v, _mm256_set1_epi8(0x40)), 1))) << shift;
}

static void classify(const struct bulk_space *x, char *low, struct str s)
{
	size_t blocks = (s.n + 63) / 64;
	uint64_t dots = 0;
	for (size_t b = 0; b < blocks; b++) {
		char tail[64] = {0};
		const char *p = s.p + b * 64;
		struct classes c = {0};
		if (s.n - b * 64 < 64)
			p = memcpy(tail, p, s.n - b * 64);
		classify32(p, low + b * 64, 0, &c);
		classify32(p + 32, low + b * 64 + 32, 32, &c);
		x->word[b] = c.word;
		x->hard[b] = c.hard;
		x->lead[b] = c.lead;
		if (b > 0)
			x->hard[b - 1] |= dots & ~(x->word[b - 1] >> 1 | c.word << 63);
		dots = c.dot;
	}
	if (blocks > 0)
		x->hard[blocks - 1] |= dots & ~(x->word[blocks - 1] >> 1);
	memset(low + blocks * 64, 0, BULK_PAD);
}

static inline uint32_t *put_bits(uint32_t *out, uint64_t set, uint32_t base)
{
	for (; set; set &= set - 1)
		*out++ = base + (uint32_t)__builtin_ctzll(set);
	return out;
}

#include "text/bulk_candidates.h"

/* ---- words ---------------------------------------------------------------------------------------- */

static inline void put(struct reading *r, uint64_t hash, bool hard, uint32_t start, uint32_t end)
{
	struct text_words *w = r->w;
	uint32_t n = w->count++;
	w->hash[n] = hash;
	w->after[n] = hash ^ (-(uint64_t)hard & r->k->hard);
	w->start[n] = start;
	w->end[n] = end;
}

/* Characters of three bytes in a row, from candidate i on: Han, and soft and hard marks. Returns the first that is something else. */
static inline uint32_t read_wide(struct reading *r, uint32_t i)
{
	const uint8_t *class = r->w->space->class;
	uint32_t at = r->w->space->starts[i];
	bool hard = r->carry | (flags_at(r->w->space->broken, i) & 1);
	for (;;) {
		uint32_t v;
		memcpy(&v, r->s.p + at, 4);
		if ((v & 0xC0C0F0) != 0x8080E0)
			break;
		uint32_t c = class[(v & 15) << 12 | (v >> 2 & 0xFC0) | (v >> 16 & 63)];
		if (c == BULK_WORD)
			break;
		if (c == BULK_HAN) {
			put(r, bulk_hash16(r->k, v & 0xFFFFFF, 0), hard, at, at + 3);
			hard = false;
		}
		hard |= c == BULK_HARD;
		i++;
		at += 3;
		if (i >= r->n || r->w->space->starts[i] != at || (unsigned char)r->s.p[at] < 0x80)
			break;
	}
	r->carry = hard;
	return i;
}

void bulk_classify_avx2(struct text_words *w, struct str s)
{
	classify(w->space, w->folded, s);
}

void bulk_read_avx2(struct text_words *w, const struct text_key *k, struct str s)
{
	classify(w->space, w->folded, s);
	struct reading r = {.k = k, .w = w, .s = {w->folded, s.n}, .n = find_candidates(w->space, s.n), .ends = w->space->ends};
	const struct bulk_space *x = w->space;
	for (uint32_t i = 0; i < r.n;) {
		if (flags_at(x->other, i) & 1) {
			uint32_t next = read_wide(&r, i);
			i = next > i ? next : read_slow(&r, i);
			continue;
		}
		uint32_t from = x->starts[i], end = *r.ends++;
		put(&r, bulk_hash(k, r.s.p + from, end - from), r.carry | (flags_at(x->broken, i) & 1), from, end);
		r.carry = 0;
		i++;
	}
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
