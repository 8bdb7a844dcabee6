/* sweep_avx512.c: a bucket by one compare; filters eight places at a time, what passes is packed. */
#if defined(__x86_64__)
#include "match/sweep.h"

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(                                                                                                              \
        __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt")
#endif

static inline uint32_t entries(const struct bucket *b, uint64_t run)
{
	__m512i line = _mm512_srli_epi16(_mm512_load_si512(b), 2);
	uint32_t found = _mm512_cmpeq_epi16_mask(line, _mm512_set1_epi16((short)entry_print(run))) >> 4;
	return found & ((UINT32_C(1) << b->count) - 1);
}

#include "match/sweep_probe.h"

/* b is turned by a constant; see table_pair and table_triple. */
#define MIXED(a, b, turn, by) mixed(_mm512_xor_si512(a, _mm512_rol_epi64(b, turn)), by)
static inline __m512i mixed(__m512i x, uint64_t by)
{
	__m512i h = _mm512_mullo_epi64(x, _mm512_set1_epi64((long long)by));
	return _mm512_xor_si512(h, _mm512_srli_epi64(h, 32));
}

static inline __m512i filter_words8(const uint64_t *f, uint32_t n, __m512i h)
{
	__m512i at = _mm512_srli_epi64(_mm512_mul_epu32(_mm512_srli_epi64(h, 32), _mm512_set1_epi64(n)), 32);
	return _mm512_i64gather_epi64(at, f, 8);
}

/* Lanes whose three bits, from bit `at` of the hash on, are all in the word. Turns count modulo 64. */
static inline __mmask8 has8(__m512i word, __m512i h, unsigned at)
{
	const __m512i one = _mm512_set1_epi64(1);
	__m512i a = _mm512_rolv_epi64(one, _mm512_srli_epi64(h, at)), b = _mm512_rolv_epi64(one, _mm512_srli_epi64(h, at + 6));
	__m512i bits = _mm512_ternarylogic_epi64(a, b, _mm512_rolv_epi64(one, _mm512_srli_epi64(h, at + 12)), 0xFE);
	return _mm512_testn_epi64_mask(_mm512_andnot_si512(word, bits), _mm512_set1_epi64(-1));
}

static inline uint32_t put(uint32_t *to, uint32_t n, __mmask8 lanes, __m256i place)
{
	_mm256_storeu_si256((__m256i *)(to + n), _mm256_maskz_compress_epi32(lanes, place));
	return n + (uint32_t)__builtin_popcount(lanes);
}

/* What single words tell: phrases of one; which begin longer ones; which come second, with nothing hard before. One more word than the
 * window is looked at, for its last pair. */
static void filter_words(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to)
{
	__m256i place = _mm256_add_epi32(_mm256_set1_epi32((int)from), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
	uint32_t one_n = 0;
	for (uint32_t i = from; i <= to; i += 8) {
		__m512i hash = _mm512_loadu_si512(words.hash + i), after = _mm512_loadu_si512(words.after + i);
		__m512i in = filter_words8(t->words, t->shape.words, hash);
		w->begins[(i - from) / 8] = has8(in, hash, WORD_BEGINS);
		w->second[(i - from) / 8] = has8(in, hash, WORD_SECOND) & _mm512_cmpeq_epi64_mask(hash, after);
		one_n = put(w->one, one_n, has8(in, hash, WORD_ONE), place);
		place = _mm256_add_epi32(place, _mm256_set1_epi32(8));
	}
	while (one_n > 0 && w->one[one_n - 1] >= to)
		one_n--;
	w->one_n = one_n;
}

/* Packs the places where both words of a pair are such. */
static void pack_pairs(struct sweep *w, struct sweep_words words, uint32_t from, uint32_t to)
{
	__m256i place = _mm256_add_epi32(_mm256_set1_epi32((int)from), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
	uint32_t n = 0, last = words.n < to + 1 ? words.n : to + 1; /* the place of a pair's second word is below */
	for (uint32_t i = from; i < to; i += 8) {
		uint32_t at = (i - from) / 8, left = last - i - 1;
		uint32_t next = (w->second[at] | (uint32_t)w->second[at + 1] << 8) >> 1;
		__mmask8 both = (__mmask8)(w->begins[at] & next & (left >= 8 ? 255 : (1u << left) - 1));
		_mm512_storeu_si512(w->pair_a + n, _mm512_maskz_compress_epi64(both, _mm512_loadu_si512(words.hash + i)));
		_mm512_storeu_si512(w->pair_b + n, _mm512_maskz_compress_epi64(both, _mm512_loadu_si512(words.after + i + 1)));
		_mm512_storeu_si512(w->third + n, _mm512_maskz_compress_epi64(both, _mm512_loadu_si512(words.after + i + 2)));
		n = put(w->paired, n, both, place);
		place = _mm256_add_epi32(place, _mm256_set1_epi32(8));
	}
	w->pair_n = n;
}

static void filter_pairs(struct sweep *w, const struct table *t, struct sweep_words words)
{
	uint32_t two_n = 0, three_n = 0;
	for (uint32_t i = 0; i < w->pair_n; i += 8) {
		__mmask8 lanes = w->pair_n - i >= 8 ? 255 : (__mmask8)((1u << (w->pair_n - i)) - 1);
		__m512i a = _mm512_loadu_si512(w->pair_a + i), b = _mm512_loadu_si512(w->pair_b + i),
		        third = _mm512_loadu_si512(w->third + i);
		__m512i pair = MIXED(a, b, 29, t->pair), two = filter_words8(t->two, t->shape.two, pair);
		__m256i place = _mm256_loadu_si256((const __m256i *)(w->paired + i));
		__mmask8 open = has8(two, pair, 8) & lanes;
		_mm512_storeu_si512(w->pair + three_n, _mm512_maskz_compress_epi64(open, pair));
		_mm512_storeu_si512(w->third + three_n, _mm512_maskz_compress_epi64(open, third));
		three_n = put(w->three, three_n, open, place);
		two_n = put(w->two, two_n, has8(two, pair, 26) & lanes, place);
	}
	while (three_n > 0 && w->three[three_n - 1] + 2 >= words.n)
		three_n--;
	w->two_n = two_n;
	w->three_n = three_n;
}

static void filter_third(struct sweep *w, const struct table *t)
{
	uint32_t begun = 0;
	for (uint32_t i = 0; i < w->three_n; i += 8) {
		__mmask8 lanes = w->three_n - i >= 8 ? 255 : (__mmask8)((1u << (w->three_n - i)) - 1);
		__m512i h = MIXED(_mm512_loadu_si512(w->pair + i), _mm512_loadu_si512(w->third + i), 17, t->triple);
		__mmask8 fit = has8(filter_words8(t->three, t->shape.three, h), h, 8) & lanes;
		begun = put(w->begun, begun, fit, _mm256_loadu_si256((const __m256i *)(w->three + i)));
	}
	w->begun_n = begun;
}

void sweep_window_avx512(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to)
{
	filter_words(w, t, words, from, to);
	pack_pairs(w, words, from, to);
	filter_pairs(w, t, words);
	filter_third(w, t);
	probe_all(w, t, words);
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
