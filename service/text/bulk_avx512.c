/* bulk_avx512.c: 64 bytes are classed at once, eight words hashed at once. What is not ASCII, Han or plain punctuation is read by
 * bulk.c, one word at a time. */
#if defined(__x86_64__)
#include "text/bulk.h"

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(                                                                                                              \
        __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt")
#endif

enum { BIT_WORD = 1, BIT_HARD = 2, BIT_DOT = 4 };

struct tables {
	uint8_t lower[128], class[128];
};
#define L(c) [c] = (c) + 32
#define REST4(x) x, (x) + 1, (x) + 2, (x) + 3
#define REST16(x) REST4(x), REST4((x) + 4), REST4((x) + 8), REST4((x) + 12)
#define WORDS4 BIT_WORD, BIT_WORD, BIT_WORD, BIT_WORD
#define WORDS24 WORDS4, WORDS4, WORDS4, WORDS4, WORDS4, WORDS4
/* By ASCII character, as rows of the code table. */
static const struct tables tables __attribute__((aligned(64))) = {
        .lower = {REST16(0), REST16(16), REST16(32), REST16(48), 64, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n',
                'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 91, 92, 93, 94, 95, REST16(96), REST16(112)},
        .class = {['\n'] = BIT_HARD,
                ['!'] = BIT_HARD,
                ['$'] = BIT_HARD,
                ['%'] = BIT_HARD,
                ['('] = BIT_HARD,
                [')'] = BIT_HARD,
                [','] = BIT_HARD,
                ['.'] = BIT_DOT,
                ['0'] = WORDS4,
                WORDS4,
                BIT_WORD,
                BIT_WORD,
                [':'] = BIT_HARD,
                [';'] = BIT_HARD,
                ['<'] = BIT_HARD,
                ['='] = BIT_HARD,
                ['>'] = BIT_HARD,
                ['?'] = BIT_HARD,
                ['@'] = BIT_HARD,
                ['A'] = WORDS24,
                BIT_WORD,
                BIT_WORD,
                ['['] = BIT_HARD,
                ['\\'] = BIT_HARD,
                [']'] = BIT_HARD,
                ['^'] = BIT_HARD,
                ['a'] = WORDS24,
                BIT_WORD,
                BIT_WORD,
                ['{'] = BIT_HARD,
                ['|'] = BIT_HARD,
                ['}'] = BIT_HARD}};

/* ---- classes ---------------------------------------------------------------------------------- */

static void classify(const struct bulk_space *x, char *low, struct str s)
{
	const __m512i l0 = _mm512_load_si512(tables.lower), l1 = _mm512_load_si512(tables.lower + 64);
	const __m512i c0 = _mm512_load_si512(tables.class), c1 = _mm512_load_si512(tables.class + 64);
	size_t blocks = (s.n + 63) / 64;
	uint64_t dots = 0;
	for (size_t b = 0; b < blocks; b++) {
		size_t rest = s.n - b * 64;
		__mmask64 there = rest >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << rest) - 1;
		__m512i v = _mm512_maskz_loadu_epi8(there, s.p + b * 64);
		__mmask64 high = _mm512_movepi8_mask(v);
		__m512i class = _mm512_permutex2var_epi8(c0, v, c1);
		_mm512_storeu_si512(low + b * 64, _mm512_mask_mov_epi8(_mm512_permutex2var_epi8(l0, v, l1), high, v));
		uint64_t word = _mm512_test_epi8_mask(class, _mm512_set1_epi8(BIT_WORD)) & ~high;
		x->word[b] = word;
		x->hard[b] = _mm512_test_epi8_mask(class, _mm512_set1_epi8(BIT_HARD)) & ~high;
		x->lead[b] = _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8((char)0xC0));
		/* A dot is soft before an ASCII word: known with the next block. */
		if (b > 0)
			x->hard[b - 1] |= dots & ~(x->word[b - 1] >> 1 | word << 63);
		dots = _mm512_test_epi8_mask(class, _mm512_set1_epi8(BIT_DOT)) & ~high;
	}
	if (blocks > 0)
		x->hard[blocks - 1] |= dots & ~(x->word[blocks - 1] >> 1);
	_mm512_storeu_si512(low + blocks * 64, _mm512_setzero_si512());
}

/* ---- candidates --------------------------------------------------------------------------------- */

static inline uint32_t *put_bits(uint32_t *out, uint64_t bits, uint32_t base)
{
	static const uint8_t count[64] __attribute__((aligned(64))) = {REST16(0), REST16(16), REST16(32), REST16(48)};
	__m512i at = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(count)), from = _mm512_set1_epi32((int)base);
	uint32_t n = (uint32_t)__builtin_popcountll(bits);
	_mm512_storeu_si512(out, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(at))));
	if (n > 16)
		_mm512_storeu_si512(out + 16, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(at, 1))));
	if (n > 32) {
		_mm512_storeu_si512(out + 32, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(at, 2))));
		_mm512_storeu_si512(out + 48, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(at, 3))));
	}
	return out + n;
}

#include "text/bulk_candidates.h"

/* ---- words ---------------------------------------------------------------------------------------- */

static inline __m512i mix32(__m512i h)
{
	return _mm512_xor_si512(h, _mm512_srli_epi64(h, 32));
}

static inline __m512i hash8(const struct reading *r, __m256i at, __m256i n, __mmask8 lanes, bool longer)
{
	const __m512i ones = _mm512_set1_epi64(-1), eight = _mm512_set1_epi64(64);
	__m512i bits = _mm512_cvtepu32_epi64(_mm256_slli_epi32(n, 3));
	__m512i x0 = _mm512_mask_i32gather_epi64(ones, lanes, at, r->s.p, 1);
	x0 = _mm512_and_si512(x0, _mm512_srlv_epi64(ones, _mm512_sub_epi64(eight, _mm512_min_epu64(bits, eight))));
	__m512i h = _mm512_xor_si512(x0, _mm512_set1_epi64((long long)r->k->start));
	h = _mm512_xor_si512(h, _mm512_srli_epi64(h, 29));
	h = mix32(_mm512_mullo_epi64(h, _mm512_set1_epi64((long long)r->k->first)));
	if (longer) {
		__m512i x1 = _mm512_mask_i32gather_epi64(ones, lanes, at, r->s.p + 8, 1);
		__m512i rest = _mm512_subs_epu16(bits, eight); /* saturates at 0; lengths are small here */
		x1 = _mm512_and_si512(x1, _mm512_srlv_epi64(ones, _mm512_sub_epi64(eight, _mm512_min_epu64(rest, eight))));
		h = _mm512_xor_si512(h, x1);
	}
	return mix32(_mm512_mullo_epi64(h, _mm512_set1_epi64((long long)r->k->second)));
}

static __attribute__((noinline)) __m512i hash_long(const struct reading *r, __m512i h, __m256i at, __m256i n, uint32_t lanes)
{
	uint64_t hash[8];
	uint32_t from[8], len[8];
	_mm512_storeu_si512(hash, h);
	_mm256_storeu_si256((__m256i *)from, at);
	_mm256_storeu_si256((__m256i *)len, n);
	for (; lanes; lanes &= lanes - 1) {
		unsigned j = (unsigned)__builtin_ctz(lanes);
		hash[j] = bulk_hash(r->k, r->s.p + from[j], len[j]);
	}
	return _mm512_loadu_si512(hash);
}

/* What the characters of three bytes in the lanes are. Malformed ones are soft. */
struct wide {
	__mmask8 han, hard, slow;
};

static inline struct wide classify_wide(const struct reading *r, __m256i at, __mmask8 lanes)
{
	__m256i v = _mm256_mmask_i32gather_epi32(_mm256_setzero_si256(), lanes, at, r->s.p, 1);
	__mmask8 three = _mm256_mask_cmpeq_epi32_mask(lanes, _mm256_and_si256(v, _mm256_set1_epi32(0xC0C0F0)), _mm256_set1_epi32(0x8080E0));
	__m256i c = _mm256_or_si256(_mm256_slli_epi32(_mm256_and_si256(v, _mm256_set1_epi32(15)), 12),
	        _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi32(v, 2), _mm256_set1_epi32(0xFC0)),
	                _mm256_and_si256(_mm256_srli_epi32(v, 16), _mm256_set1_epi32(63))));
	__m256i k = _mm256_and_si256(
	        _mm256_mmask_i32gather_epi32(_mm256_setzero_si256(), three, c, r->w->space->class, 1), _mm256_set1_epi32(255));
	struct wide out = {.han = _mm256_cmpeq_epi32_mask(k, _mm256_set1_epi32(BULK_HAN)),
	        .hard = _mm256_cmpeq_epi32_mask(k, _mm256_set1_epi32(BULK_HARD)),
	        .slow = _mm256_cmpeq_epi32_mask(k, _mm256_set1_epi32(BULK_WORD))};
	__mmask8 other = (__mmask8)(lanes & ~three);
	/* Of two bytes with C2, and the pictures of four with F0 9F, all are soft. */
	if (other) {
		__mmask8 soft = _mm256_mask_cmpeq_epi32_mask(other, _mm256_and_si256(v, _mm256_set1_epi32(0xFF)), _mm256_set1_epi32(0xC2));
		soft |= _mm256_mask_cmpeq_epi32_mask(other, _mm256_and_si256(v, _mm256_set1_epi32(0xFFFF)), _mm256_set1_epi32(0x9FF0));
		soft |= _mm256_mask_cmpeq_epi32_mask(other, _mm256_and_si256(v, _mm256_set1_epi32(0xF0)), _mm256_set1_epi32(0xE0));
		out.slow |= (__mmask8)(other & ~soft);
	}
	return out;
}

/* Eight candidates, or those before the first that must be read slowly. Returns how many are done; *slow: the next is such a one. */
static inline uint32_t read8(struct reading *r, uint32_t i, bool *slow)
{
	const struct bulk_space *x = r->w->space;
	uint32_t lanes = r->n - i >= 8 ? 255 : (1u << (r->n - i)) - 1, done = r->n - i >= 8 ? 8 : r->n - i;
	uint32_t other = flags_at(x->other, i) & lanes, ascii = ~other & lanes, hard = 0, take = ascii;
	__m256i at = _mm256_loadu_si256((const __m256i *)(x->starts + i));
	*slow = false;
	if (other) {
		struct wide wide = classify_wide(r, at, (__mmask8)other);
		hard = wide.hard;
		take |= wide.han;
		if (__builtin_expect(wide.slow != 0, 0)) {
			done = (uint32_t)__builtin_ctz(wide.slow);
			lanes = (1u << done) - 1;
			*slow = true;
			ascii &= lanes;
			take &= lanes;
			hard &= lanes;
			if (done == 0)
				return 0;
		}
	}
	__m256i end = _mm256_mask_expand_epi32(
	        _mm256_add_epi32(at, _mm256_set1_epi32(3)), (__mmask8)ascii, _mm256_loadu_si256((const __m256i *)r->ends));
	__m256i n;
	r->ends += __builtin_popcount(ascii);
	n = _mm256_sub_epi32(end, at);
	__m512i h = ascii ? hash8(r, at, n, (__mmask8)take, true) : hash8(r, at, n, (__mmask8)take, false);
	__mmask8 longest = _mm256_mask_cmpgt_epu32_mask((__mmask8)ascii, n, _mm256_set1_epi32(16));
	if (__builtin_expect(longest != 0, 0))
		h = hash_long(r, h, at, n, longest);

	uint32_t gaps = ~take & lanes, broken = flags_at(x->broken, i) & lanes;
	uint32_t sum = ((broken | hard) & gaps) + gaps + r->carry, breaks = (sum | broken) & take;
	r->carry = sum >> done & 1;
	struct text_words *w = r->w;
	__m512i after = _mm512_mask_xor_epi64(h, (__mmask8)breaks, h, _mm512_set1_epi64((long long)r->k->hard));
	_mm512_storeu_si512(w->hash + w->count, _mm512_maskz_compress_epi64((__mmask8)take, h));
	_mm512_storeu_si512(w->after + w->count, _mm512_maskz_compress_epi64((__mmask8)take, after));
	_mm256_storeu_si256((__m256i *)(w->start + w->count), _mm256_maskz_compress_epi32((__mmask8)take, at));
	_mm256_storeu_si256((__m256i *)(w->end + w->count), _mm256_maskz_compress_epi32((__mmask8)take, end));
	w->count += (uint32_t)__builtin_popcount(take);
	return done;
}

void bulk_classify_avx512(struct text_words *w, struct str s)
{
	classify(w->space, w->folded, s);
}

void bulk_read_avx512(struct text_words *w, const struct text_key *k, struct str s)
{
	classify(w->space, w->folded, s);
	struct reading r = {.k = k, .w = w, .s = {w->folded, s.n}, .n = find_candidates(w->space, s.n), .ends = w->space->ends};
	for (uint32_t i = 0; i < r.n;) {
		bool slow;
		i += read8(&r, i, &slow);
		if (__builtin_expect(slow, 0))
			i = read_slow(&r, i);
	}
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
