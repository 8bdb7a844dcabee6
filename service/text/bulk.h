/* bulk: what the readers of bulk.c, bulk_avx2.c and bulk_avx512.c share. Private to the text room. */
#ifndef TEXT_BULK_H
#define TEXT_BULK_H

#include "text/text.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are loaded as little-endian integers");

enum { BULK_PAD = 64, BULK_LONGEST = 250 /* folded bytes that are hashed of a word with more than ASCII */ };

/* Classes of 64 bytes of text, a bit each, and what is made of them. */
struct bulk_space {
	size_t max;
	uint64_t *word, *hard, *lead; /* ASCII letters and digits; hard ASCII; first bytes of other characters */
	uint32_t *starts, *ends;      /* candidates: of ASCII words and of other characters; ends of the ASCII words */
	uint8_t *class;               /* enum bulk_class of U+0800..FFFF by code point; soft below */
	uint64_t *other, *broken;     /* by candidate, a bit each: no ASCII word; hard ASCII stands before it */
};

enum bulk_class { BULK_SOFT, BULK_HARD, BULK_WORD, BULK_HAN };
/* The character at p: its class, its folded code point, its length (1 for a malformed byte). */
int bulk_next(const char *p, const char *end, uint32_t *folded, enum bulk_class *class);
/* The word that begins at byte `from` and holds more than ASCII, as hash and end. */
uint64_t bulk_slow(const struct text_key *k, struct str s, uint32_t from, uint32_t *end);
void bulk_seal(struct text_words *w, const struct text_key *k);

static inline uint64_t bulk_load(const void *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof(x));
	return x;
}

/* x: the first 16 bytes, zeroes behind the end. */
static inline uint64_t bulk_hash16(const struct text_key *k, uint64_t x0, uint64_t x1)
{
	uint64_t h = x0 ^ k->start;
	h = (h ^ h >> 29) * k->first;
	h = ((h ^ h >> 32) ^ x1) * k->second;
	return h ^ h >> 32;
}

static inline uint64_t bulk_fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 r = (unsigned __int128)a * b;
	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static inline uint64_t bulk_low_bytes(uint64_t x, uint32_t n)
{
	return n >= 8 ? x : x & ((UINT64_C(1) << 8 * n) - 1);
}

/* p is readable for 16 bytes, and 8 behind the end. */
static inline uint64_t bulk_hash(const struct text_key *k, const char *p, uint32_t n)
{
	uint64_t h = bulk_hash16(k, bulk_low_bytes(bulk_load(p), n), n <= 8 ? 0 : bulk_low_bytes(bulk_load(p + 8), n - 8));
	for (uint32_t i = 16; i < n; i += 8)
		h = bulk_fold(h ^ bulk_low_bytes(bulk_load(p + i), n - i), k->more);
	return h;
}

void bulk_read_plain(struct text_words *w, const struct text_key *k, struct str s);
void bulk_lower_plain(struct text_words *w, struct str s);
#if defined(__x86_64__)
void bulk_classify_avx2(struct text_words *w, struct str s);
void bulk_classify_avx512(struct text_words *w, struct str s);
void bulk_read_avx2(struct text_words *w, const struct text_key *k, struct str s);
void bulk_read_avx512(struct text_words *w, const struct text_key *k, struct str s);
#endif

#endif
