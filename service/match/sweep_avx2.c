/* sweep_avx2.c: buckets by two compares of 16 entries; filters four places at a time. */
#if defined(__x86_64__)
#include "match/sweep.h"

#include <immintrin.h>
#include <string.h>

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
	uint32_t low = _pext_u32((uint32_t)_mm256_movemask_epi8(lo), 0x55555555),
	         high = _pext_u32((uint32_t)_mm256_movemask_epi8(hi), 0x55555555);
	return (low | high << 12) & ((UINT32_C(1) << b->count) - 1);
}

#include "match/sweep_probe.h"

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

static inline uint32_t put(uint32_t *to, uint32_t n, uint32_t lanes, uint32_t from)
{
	for (; lanes; lanes &= lanes - 1)
		to[n++] = from + (uint32_t)__builtin_ctz(lanes);
	return n;
}

/* What single words tell; see sweep_avx512.c. */
static void filter_words(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to)
{
	uint32_t one_n = 0;
	memset(w->begins, 0, sizeof(w->begins));
	memset(w->second, 0, sizeof(w->second));
	for (uint32_t i = from; i <= to; i += 4) {
		__m256i hash = _mm256_loadu_si256((const __m256i *)(words.hash + i)),
		        after = _mm256_loadu_si256((const __m256i *)(words.after + i));
		__m256i in = filter_words4(t->words, t->shape.words, hash);
		uint32_t same = (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(hash, after))), at = i - from;
		w->begins[at / 8] |= (uint8_t)(has4(in, hash, WORD_BEGINS) << (at & 4));
		w->second[at / 8] |= (uint8_t)((has4(in, hash, WORD_SECOND) & same) << (at & 4));
		one_n = put(w->one, one_n, has4(in, hash, WORD_ONE), i);
	}
	while (one_n > 0 && w->one[one_n - 1] >= to)
		one_n--;
	w->one_n = one_n;
}

static void filter_pairs(struct sweep *w, const struct table *t, struct sweep_words words, uint32_t from, uint32_t to)
{
	w->two_n = w->three_n = 0;
	for (uint32_t at = 0; from + at < to; at += 32) {
		uint64_t begins = 0, second = 0;
		memcpy(&begins, w->begins + at / 8, 4);
		memcpy(&second, w->second + at / 8, 8);
		for (uint64_t both = begins & second >> 1; both; both &= both - 1) {
			uint32_t i = from + at + (uint32_t)__builtin_ctzll(both);
			if (i >= to || i + 1 >= words.n)
				break;
			uint64_t pair = table_pair(t, words.hash[i], words.after[i + 1]), two = filter_word(t->two, t->shape.two, pair);
			uint64_t open = filter_bits(pair), whole = filter_bits2(pair);
			w->two[w->two_n] = w->three[w->three_n] = i;
			w->pair[w->three_n] = pair;
			w->two_n += (two & whole) == whole;
			w->three_n += (two & open) == open && i + 2 < words.n;
		}
	}
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
	filter_words(w, t, words, from, to);
	filter_pairs(w, t, words, from, to);
	filter_third(w, t, words);
	probe_all(w, t, words);
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
