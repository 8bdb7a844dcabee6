/* bulk.c: hashes of words, and the reader of plain text for any machine. */
#include "text/bulk.h"

#include <stdlib.h>

#define BULK_MAX ((size_t)16 << 20)

void text_key_init(struct text_key *k, uint64_t seed)
{
	uint64_t v[5];
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		v[i] = hash_mix(hash_mix(seed + i) ^ (seed << 7 | i));
	*k = (struct text_key){.start = v[0], .first = v[1] | 1, .second = v[2] | 1, .more = v[3] | 1, .hard = v[4] | 1};
}

uint64_t text_hash(const struct text_key *k, struct str folded)
{
	size_t n = folded.n;
	const char *p = folded.p;
	if (n > 16) {
		uint64_t h = bulk_hash16(k, bulk_load(p), bulk_load(p + 8));
		for (size_t i = 16; i < n; i += 8)
			h = bulk_fold(h ^ (n - i >= 8 ? bulk_load(p + i) : bulk_load(p + n - 8) >> 8 * (8 - (n - i))), k->more);
		return h;
	}
	/* Two loads that overlap where they agree, and none behind the end. */
	uint64_t x0 = 0, x1 = 0;
	uint32_t lo, hi;
	if (n > 8) {
		x0 = bulk_load(p);
		x1 = bulk_load(p + n - 8) >> 8 * (16 - n);
	} else if (n >= 4) {
		memcpy(&lo, p, 4);
		memcpy(&hi, p + n - 4, 4);
		x0 = lo | (uint64_t)hi << 8 * (n - 4);
	} else if (n > 0) {
		x0 = (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[n / 2] << 8 * (n / 2) |
		     (uint64_t)(unsigned char)p[n - 1] << 8 * (n - 1);
	}
	return bulk_hash16(k, x0, x1);
}

/* ---- characters ---------------------------------------------------------------------------- */

/* U+00C0..00FF and U+0100..017F without their marks; 0: no letter. */
static const char latin1[] = "aaaaaaaceeeeiiiidnooooo\0ouuuuytsaaaaaaaceeeeiiiidnooooo\0ouuuuyty";
static const char latin2[] =
        "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof(latin1) == 65 && sizeof(latin2) == 128, "one letter each; U+017F has none");

#define ROW4(x) x, x, x, x
#define ROW26(x) ROW4(x), ROW4(x), ROW4(x), ROW4(x), ROW4(x), ROW4(x), x, x
static const uint8_t ascii_classes[128] = {['\n'] = BULK_HARD,
        ['!'] = BULK_HARD,
        ['$'] = BULK_HARD,
        ['%'] = BULK_HARD,
        ['('] = BULK_HARD,
        [')'] = BULK_HARD,
        [','] = BULK_HARD,
        ['.'] = BULK_HARD,
        ['0'] = ROW4(BULK_WORD),
        ROW4(BULK_WORD),
        BULK_WORD,
        BULK_WORD,
        [':'] = BULK_HARD,
        [';'] = BULK_HARD,
        ['<'] = BULK_HARD,
        ['='] = BULK_HARD,
        ['>'] = BULK_HARD,
        ['?'] = BULK_HARD,
        ['@'] = BULK_HARD,
        ['A'] = ROW26(BULK_WORD),
        ['['] = BULK_HARD,
        ['\\'] = BULK_HARD,
        [']'] = BULK_HARD,
        ['^'] = BULK_HARD,
        ['a'] = ROW26(BULK_WORD),
        ['{'] = BULK_HARD,
        ['|'] = BULK_HARD,
        ['}'] = BULK_HARD};

static enum bulk_class ascii_class(uint32_t c)
{
	return ascii_classes[c & 127];
}

static enum bulk_class letter(uint32_t to, uint32_t *folded)
{
	*folded = to;
	return BULK_WORD;
}

/* Letters below U+0800: Latin, Greek, Cyrillic. */
static enum bulk_class letter_class(uint32_t c, uint32_t *folded)
{
	if (c >= 0xC0 && c < 0x100)
		return latin1[c - 0xC0] ? letter((unsigned char)latin1[c - 0xC0], folded) : BULK_SOFT;
	if (c >= 0x100 && c < 0x180)
		return letter(c == 0x17F ? 's' : (unsigned char)latin2[c - 0x100], folded);
	if (c >= 0x391 && c < 0x3CA)
		return letter(c < 0x3AA ? c + 32 : c, folded);
	if (c >= 0x400 && c < 0x482)
		return letter(c < 0x410 ? c + 80 : c < 0x430 ? c + 32 : c >= 0x460 ? c | 1 : c, folded);
	return BULK_SOFT;
}

/* Han, kana, hangul. */
static const struct {
	uint32_t from, n;
} unspaced[] = {{0x4E00, 0x5200}, {0x3400, 0x19C0}, {0x3041, 0xBF}, {0xAC00, 0x2BA4}, {0xF900, 0x200}, {0x20000, 0x10000}};

static bool is_unspaced(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_LEN(unspaced); i++)
		if (c - unspaced[i].from < unspaced[i].n)
			return true;
	return false;
}

int bulk_next(const char *p, const char *end, uint32_t *folded, enum bulk_class *class)
{
	uint32_t c;
	int n = utf8_next((struct str){p, (size_t)(end - p)}, &c);
	*folded = c;
	*class = BULK_SOFT;
	if (n <= 0)
		return 1;
	if (c - 0xFF01 < 0x5E)
		*folded = c -= 0xFEE0;
	else if (c >= 0x80) {
		*class = c < 0x800 ? letter_class(c, folded) : is_unspaced(c) ? BULK_HAN : c - 0x3001 < 0x2F ? BULK_HARD : BULK_SOFT;
		return n;
	}
	*class = ascii_class(c);
	*folded = *class == BULK_WORD && c - 'A' < 26 ? c + 32 : c;
	if (n == 1 && c == '.' && p + 1 < end && (unsigned char)p[1] < 0x80 && ascii_class((unsigned char)p[1]) == BULK_WORD)
		*class = BULK_SOFT;
	return n;
}

/* Folds from byte `from` to where the word ends; the bytes past `max` are left out. */
static size_t fold_word(struct str s, uint32_t from, char *out, size_t max, uint32_t *end)
{
	size_t n = 0;
	uint32_t at = from;
	while (at < s.n) {
		uint32_t folded;
		enum bulk_class class;
		char one[4];
		int used = bulk_next(s.p + at, s.p + s.n, &folded, &class), put;
		if (class != BULK_WORD)
			break;
		put = utf8_put(one, folded);
		if (n + (size_t)put <= max) {
			memcpy(out + n, one, (size_t)put);
			n += (size_t)put;
		} else {
			max = n; /* nothing behind a gap */
		}
		at += (uint32_t)used;
	}
	*end = at;
	return n;
}

uint64_t bulk_slow(const struct text_key *k, struct str s, uint32_t from, uint32_t *end)
{
	char out[BULK_LONGEST + 16];
	size_t n = fold_word(s, from, out, BULK_LONGEST, end);
	memset(out + n, 0, 16);
	return bulk_hash(k, out, (uint32_t)n);
}

/* ---- one text -------------------------------------------------------------------------------- */

static void set_class(uint8_t *class, uint32_t from, uint32_t n, enum bulk_class c)
{
	memset(class + from, (int)c, n);
}

static bool class_init(struct bulk_space *x)
{
	x->class = calloc(0x10000 + 4, 1);
	if (x->class == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(unspaced); i++)
		if (unspaced[i].from < 0x10000)
			set_class(x->class, unspaced[i].from, unspaced[i].n, BULK_HAN);
	set_class(x->class, 0x3001, 0x2F, BULK_HARD);
	for (uint32_t c = '!'; c <= '~'; c++)
		x->class[c + 0xFEE0] = (uint8_t)ascii_class(c);
	return true;
}

static bool space_init(struct bulk_space *x, size_t max)
{
	size_t blocks = max / 64 + 4;
	x->max = max;
	x->word = calloc(blocks, 8);
	x->hard = calloc(blocks, 8);
	x->lead = calloc(blocks, 8);
	x->other = calloc(blocks, 8);
	x->broken = calloc(blocks, 8);
	x->starts = calloc(max + BULK_PAD, sizeof(*x->starts));
	x->ends = calloc(max + BULK_PAD, sizeof(*x->ends));
	return class_init(x) && x->word && x->hard && x->lead && x->other && x->broken && x->starts && x->ends;
}

bool text_words_init(struct text_words *w, size_t max)
{
	max = max < BULK_MAX ? max : BULK_MAX;
	size_t most = max / 2 + 1 + TEXT_WORDS_SPARE; /* words are a byte long and apart, or two and more */
	*w = (struct text_words){.hash = calloc(most, 8), .after = calloc(most, 8)};
	w->start = calloc(most, sizeof(*w->start));
	w->end = calloc(most, sizeof(*w->end));
	w->folded = calloc(max + 2 * BULK_PAD, 1);
	w->space = calloc(1, sizeof(*w->space));
	if (w->hash && w->after && w->start && w->end && w->folded && w->space && space_init(w->space, max))
		return true;
	text_words_done(w);
	return false;
}

void text_words_done(struct text_words *w)
{
	struct bulk_space *x = w->space;
	if (x != NULL) {
		free(x->class);
		free(x->word);
		free(x->hard);
		free(x->lead);
		free(x->other);
		free(x->broken);
		free(x->starts);
		free(x->ends);
	}
	free(x);
	free(w->hash);
	free(w->after);
	free(w->start);
	free(w->end);
	free(w->folded);
	*w = (struct text_words){0};
}

void bulk_seal(struct text_words *w, const struct text_key *k)
{
	for (uint64_t i = 0; i < TEXT_WORDS_SPARE; i++) {
		w->hash[w->count + i] = k->hard * (2 * i + 3);
		w->after[w->count + i] = k->more * (2 * i + 3);
	}
}

static void put_word(struct text_words *w, const struct text_key *k, uint64_t hash, bool hard, uint32_t start, uint32_t end)
{
	uint32_t i = w->count++;
	w->hash[i] = hash;
	w->after[i] = hard ? hash ^ k->hard : hash;
	w->start[i] = start;
	w->end[i] = end;
}

static bool is_word(const char *p)
{
	return (unsigned char)*p < 0x80 && ascii_class((unsigned char)*p) == BULK_WORD;
}

/* End of the run of ASCII letters and digits, where no other letter goes on with it; else `at`. */
static uint32_t ascii_end(struct str s, uint32_t at)
{
	uint32_t end = at;
	while (end < s.n && is_word(s.p + end))
		end++;
	return end < s.n && (unsigned char)s.p[end] >= 0x80 ? at : end;
}

void bulk_read_plain(struct text_words *w, const struct text_key *k, struct str s)
{
	bool hard = false;
	for (uint32_t at = 0; at < s.n;) {
		uint32_t folded, end = ascii_end(s, at);
		if (end > at) {
			put_word(w, k, bulk_hash(k, s.p + at, end - at), hard, at, end);
			hard = false;
			at = end;
			continue;
		}
		enum bulk_class class;
		end = at + (uint32_t)bulk_next(s.p + at, s.p + s.n, &folded, &class);
		if (class == BULK_HARD)
			hard = true;
		if (class == BULK_WORD || class == BULK_HAN) {
			uint64_t hash = class == BULK_HAN ? bulk_hash(k, s.p + at, end - at) : bulk_slow(k, s, at, &end);
			put_word(w, k, hash, hard, at, end);
			hard = false;
		}
		at = end;
	}
}

void bulk_lower_plain(struct text_words *w, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		w->folded[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	memset(w->folded + s.n, 0, BULK_PAD);
}

void text_words_classify(struct text_words *w, enum cpu_kernel kernel, struct str s)
{
	s = str_sub(s, 0, w->space->max);
	switch (kernel) {
#if defined(__x86_64__)
	case CPU_AVX512:
		bulk_classify_avx512(w, s);
		break;
	case CPU_AVX2:
		bulk_classify_avx2(w, s);
		break;
#endif
	default:
		bulk_lower_plain(w, s);
	}
}

void text_words_read(struct text_words *w, const struct text_key *k, enum cpu_kernel kernel, struct str s)
{
	s = str_sub(s, 0, w->space->max);
	w->count = 0;
	switch (kernel) {
#if defined(__x86_64__)
	case CPU_AVX512:
		bulk_read_avx512(w, k, s);
		break;
	case CPU_AVX2:
		bulk_read_avx2(w, k, s);
		break;
#endif
	default:
		bulk_lower_plain(w, s);
		bulk_read_plain(w, k, (struct str){w->folded, s.n});
	}
	bulk_seal(w, k);
}

/* Bytes over 0x7f among the first n, at most 8 of them looked at together. */
static bool has_high(const char *p, size_t n)
{
	uint64_t any = 0;
	for (size_t i = 0; i < n; i += 8)
		any |= bulk_low_bytes(bulk_load(p + i), (uint32_t)(n - i));
	return any & UINT64_C(0x8080808080808080);
}

size_t text_word(const struct text_words *w, uint32_t i, char out[256])
{
	const char *p = w->folded + w->start[i];
	uint32_t n = w->end[i] - w->start[i], end;
	if (n <= 256 && (text_word_is_han(w, i) || !has_high(p, n))) {
		memcpy(out, p, n);
		return n;
	}
	return fold_word((struct str){w->folded, w->end[i]}, w->start[i], out, 256, &end);
}

bool text_word_is_han(const struct text_words *w, uint32_t i)
{
	const unsigned char *p = (const unsigned char *)w->folded + w->start[i];
	return p[0] >= 0xE3 && !(p[0] == 0xEF && (p[1] == 0xBC || p[1] == 0xBD));
}
