/* sweep_avx2.c: buckets by two compares of 16 entries; filters four places at a time. */
#if defined(__x86_64__)
#include "match/sweep.h"

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2,popcnt")
#endif

static inline uint32_t entries(const struct bucket *b, uint64_t run)
{
	__m256i print = _mm256_set1_epi16((short)entry_print(run));
	__m256i lo = _mm256_cmpeq_epi16(_mm256_srli_epi16(_mm256_loadu_si256((const __m256i *)b->entry), 2), print);
	__m256i hi = _mm256_cmpeq_epi16(_mm256_srli_epi16(_mm256_loadu_si256((const __m256i *)(b->entry + 12)), 2), print);
	uint32_t low = _pext_u32((uint32_t)_mm256_movemask_epi8(lo), 0x55555555), high = _pext_u32((uint32_t)_mm256_movemask_epi8(hi), 0x55555555);
	return (low | high << 12) & ((UINT32_C(1) << b->count) - 1);
}

#include "match/sweep_probe.h"

static inline __m256i multiply(__m256i a, __m256i b)
{
	__m256i cross = _mm256_mullo_epi32(a, _mm256_shuffle_epi32(b, 0xB1));
	__m256i high = _mm256_slli_epi64(_mm256_add_epi32(cross, _mm256_srli_epi64(cross, 32)), 32);
	return _mm256_add_epi64(_mm256_mul_epu32(a, b), high);
}

static inline __m256i filter_words4(const uint64_t *f, uint32_t n, __m256i h)
{
	__m256i at = _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(h, 32), _mm256_set1_epi64x(n)), 32);
	return _mm256_i64gather_epi64((const long long *)f, at, 8);
}

/* Lanes whose three bits, from bit `at` of the hash on, are all in the word; as bits 0 to 3. */
static inline uint32_t has4(__m256i word, __m256i h, int at)
{
	const __m256i one = _mm256_set1_epi64x(1), six = _mm256_set1_epi64x(63);
	__m256i bits = _mm256_sllv_epi64(one, _mm256_and_si256(_mm256_srli_epi64(h, at), six));
	bits = _mm256_or_si256(bits, _mm256_sllv_epi64(one, _mm256_and_si256(_mm256_srli_epi64(h, at + 6), six)));
	bits = _mm256_or_si256(bits, _mm256_sllv_epi64(one, _mm256_and_si256(_mm256_srli_epi64(h, at + 12), six)));
	return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_and_si256(word, bits), bits)));
}

static inline __m256i mixed(__m256i a, __m256i b, int turn, uint64_t by)
{
	__m256i turned = _mm256_or_si256(_mm256_slli_epi64(b, turn), _mm256_srli_epi64(b, 64 - turn));
	__m256i h = multiply(_mm256_xor_si256(a, turned), _mm256_set1_epi64x((long long)by));
	return _mm256_xor_si256(h, _mm256_srli_epi64(h, 32));
}

static inline uint32_t put(uint32_t *to, uint32_t n, uint32_t lanes, uint32_t from)
{
	for (; lanes; lanes &= lanes - 1)
		to[n++] = from + (uint32_t)__builtin_ctz(lanes);
	return n;
}

static void filter(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to)
{
	w->one_n = w->two_n = w->three_n = 0;
	for (uint32_t i = from; i < to; i += 4) {
		__m256i hash = _mm256_loadu_si256((const __m256i *)(words.hash + i)), next = _mm256_loadu_si256((const __m256i *)(words.after + i + 1));
		__m256i pair = mixed(hash, next, 29, t->pair);
		__m256i two = filter_words4(t->two, t->shape.two, pair), one = filter_words4(t->one, t->shape.one, hash);
		uint32_t open = has4(two, pair, 8), lanes = to - i >= 4 ? 15 : (1u << (to - i)) - 1;
		w->one_n = put(w->one, w->one_n, has4(one, hash, 8) & lanes, i);
		w->two_n = put(w->two, w->two_n, has4(two, pair, 26) & lanes, i);
		if ((open & lanes) == 0)
			continue;
		uint64_t pairs[4];
		_mm256_storeu_si256((__m256i *)pairs, pair);
		for (open &= lanes; open; open &= open - 1) {
			unsigned k = (unsigned)__builtin_ctz(open);
			w->pair[w->three_n] = pairs[k];
			w->three[w->three_n++] = i + k;
		}
	}
	/* Behind the last word there is nothing to go on with. */
	while (w->two_n > 0 && w->two[w->two_n - 1] + 1 >= words.n)
		w->two_n--;
	while (w->three_n > 0 && w->three[w->three_n - 1] + 2 >= words.n)
		w->three_n--;
}

static void filter_third(struct sweep *w, const struct table *t, struct sweep_words words)
{
	w->begun_n = 0;
	for (uint32_t i = 0; i < w->three_n; i++) {
		uint64_t three = table_triple(t, w->pair[i], words.after[w->three[i] + 2]), bits = filter_bits(three);
		w->begun[w->begun_n] = w->three[i];
		w->begun_n += (filter_word(t->three, t->shape.three, three) & bits) == bits;
	}
}

void sweep_window_avx2(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to)
{
	filter(w, t, words, from, to);
	filter_third(w, t, words);
	probe_all(w, t, words);
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
