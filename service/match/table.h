/* table: which runs of words are phrases, by hashes alone. Five flat arrays without pointers, so that they can lie in a file.
 *
 * A word is a hash; a run of words is the hash of its hashes; a run that begins a phrase is an entry in the bucket its own hash tells: one
 * cache line holds 28 of 14 bits and a kind. So every address follows from the text, none from what was read before, and lines can be asked
 * for early. Where only one phrase goes on, its rest is cut off (ENTRY_TAIL). Before the buckets stand filters, 64-bit words with three
 * bits a member: of single words, of pairs, of triples, so that most of a text never reaches a bucket.
 *
 * A phrase's number is where it lies: its bucket's base and its place there. A find is not yet exact (14 bits were compared besides
 * the address, of a tail 25): the caller compares the words. The seed is the index's secret, and moves the numbers; no decision may depend
 * on them.
 * Nothing in the arrays can make a look-up read beside them once table_open has seen them. */
#ifndef MATCH_TABLE_H
#define MATCH_TABLE_H

#include "base/base.h"
#include "text/text.h"

enum { TABLE_LONGEST = 31 /* words of a phrase */, BUCKET_ENTRIES = 28, TABLE_SPARE = 32 /* checks behind the last */ };

enum entry_kind {
	ENTRY_INNER, /* phrases go on here, none ends; like ENTRY_BOTH and ENTRY_TAIL of three words and more */
	ENTRY_END,
	ENTRY_BOTH,
	ENTRY_TAIL, /* one phrase goes on from here; its length is in its check */
};

struct bucket {
	uint32_t base; /* number of the first phrase in it; its first `phrases` entries are phrases, in order */
	uint8_t phrases, count;
	uint8_t spilt; /* entries that belong here stand in the next one */
	uint8_t unused;
	uint16_t entry[BUCKET_ENTRIES]; /* 14 bits of the hash, 2 of kind */
};

enum table_part { TABLE_WORDS, TABLE_TWO, TABLE_THREE, TABLE_BUCKETS, TABLE_CHECKS, TABLE_PARTS };
/* All that is needed to read the arrays: plain numbers, for a file's header. */
struct table_shape {
	uint64_t seed;
	uint32_t phrases;
	uint32_t homes, buckets;    /* where hashes lead to; with those that take in what spilt at the end */
	uint32_t words, two, three; /* 64-bit words of the filters */
	uint32_t longest;           /* words of the longest phrase */
};
struct table_section {
	void *base;
	size_t length; /* bytes */
};

struct table {
	struct table_shape shape;
	struct text_key key; /* of words */
	uint64_t join_a, join_b, pair, triple;
	const uint64_t *words, *two, *three;
	const struct bucket *bucket;
	const uint16_t *check; /* by phrase: 5 bits of its length, 5 of how many words its entry has, 6 of the hash of these */
	void *owned;           /* pages that hold the arrays, where they are the table's own */
	size_t owned_n;
};

/* Phrases as hashes of words under text_key_init(seed): phrase i is word[first[i]] up to word[first[i + 1]]. Sets number_out[i], the same
 * for equal phrases; UINT32_MAX for one that is empty or too long. E_CONFLICT: two phrases have one hash (once in a million builds of five
 * million phrases): take another seed. */
struct table_phrases {
	const uint64_t *word;
	const uint32_t *first;
	uint32_t count;
};
MUST_USE enum status table_build(struct table *t, uint64_t seed, struct table_phrases p, uint32_t *number_out, struct err *e);
/* Borrows arrays, as they lie in a file. E_INPUT when they do not fit the shape, or would lead a look-up beside them. */
MUST_USE enum status table_open(
        struct table *t, const struct table_shape *shape, const struct table_section part[TABLE_PARTS], struct err *e);
void table_done(struct table *t);
/* For the builder: the keys of a seed; arrays that need no look. */
void table_keys(struct table *t, uint64_t seed);
void table_borrow(struct table *t, const struct table_section part[TABLE_PARTS]);
size_t table_length(const struct table_shape *shape, enum table_part part);
void table_sections(const struct table *t, struct table_section out[TABLE_PARTS]);

/* ---- look-ups ------------------------------------------------------------------------------ */

static inline uint64_t table_fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 r = (unsigned __int128)a * b;
	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

/* The hash of a run and one word more. */
static inline uint64_t table_join(const struct table *t, uint64_t run, uint64_t word)
{
	return table_fold(run ^ t->join_a, word ^ t->join_b);
}

static inline uint64_t table_pair(const struct table *t, uint64_t a, uint64_t b)
{
	uint64_t x = (a ^ (b << 29 | b >> 35)) * t->pair;
	return x ^ x >> 32;
}

static inline uint64_t table_triple(const struct table *t, uint64_t pair, uint64_t c)
{
	uint64_t x = (pair ^ (c << 17 | c >> 47)) * t->triple;
	return x ^ x >> 32;
}

/* Filters: the word by the upper half of the hash, three bits of it by the lower. */
static inline uint64_t filter_word(const uint64_t *f, uint32_t n, uint64_t h)
{
	return f[(h >> 32) * n >> 32];
}
static inline uint64_t filter_bits(uint64_t h)
{
	return UINT64_C(1) << (h >> 8 & 63) | UINT64_C(1) << (h >> 14 & 63) | UINT64_C(1) << (h >> 20 & 63);
}
/* TABLE_WORDS: words that are phrases, that begin longer ones, that come second in one. Where both words of a pair are not such, the large
 * filter of pairs need not be read. From which bits of the hash on the three bits are taken, one after the other: */
enum word_set { WORD_BEGINS = 0, WORD_SECOND = 18, WORD_ONE = 30 };
static inline uint64_t word_bits(uint64_t h, enum word_set set)
{
	h >>= set;
	return UINT64_C(1) << (h & 63) | UINT64_C(1) << (h >> 6 & 63) | UINT64_C(1) << (h >> 12 & 63);
}

/* In the same word of TABLE_TWO, for another set: pairs that are phrases. */
static inline uint64_t filter_bits2(uint64_t h)
{
	return UINT64_C(1) << (h >> 26 & 63) | UINT64_C(1) << (h >> 32 & 63) | UINT64_C(1) << (h >> 38 & 63);
}

static inline const struct bucket *table_bucket(const struct table *t, uint64_t h)
{
	__extension__ unsigned __int128 r = (unsigned __int128)h * t->shape.homes;
	return &t->bucket[(uint64_t)(r >> 64)];
}
static inline uint16_t entry_print(uint64_t h)
{
	return h & 0x3fff;
}
/* What the check of a phrase of `whole` words is that has its entry under `run`, its first n words. The entry of another beginning of the
 * same phrase does not pass for it: so a phrase is never found twice. */
static inline uint16_t check_of(uint64_t run, uint32_t n, uint32_t whole)
{
	return (uint16_t)((run >> 14 & 63) << 10 | n << 5 | whole);
}
static inline uint32_t check_length(uint16_t check)
{
	return check & 31;
}

/* Entries of one bucket that have the print, a bit each. */
static inline uint32_t bucket_find(const struct bucket *b, uint64_t h)
{
	uint32_t found = 0;
	for (unsigned i = 0; i < BUCKET_ENTRIES; i++)
		found |= (uint32_t)(b->entry[i] >> 2 == entry_print(h)) << i;
	return found & ((UINT32_C(1) << b->count) - 1);
}

#endif
