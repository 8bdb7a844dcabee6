/* The slowest way to find phrases in plain text, and the one that is easiest to believe: every word that could begin one, every length,
 * compared as strings with every phrase. What text_words, the table and its kernels say must be the same. */
#ifndef NAIVE_H
#define NAIVE_H

#include "match/match.h"

#include <stdlib.h>
#include <string.h>

enum { NAIVE_WORDS = 4096, NAIVE_TEXT = 8192, NAIVE_PHRASES = 512, NAIVE_LONGEST = 31 };

struct naive_words {
	size_t n;
	struct {
		uint32_t start, end;
		char text[256];
		size_t text_n;
		bool han, hard; /* hard: something no phrase reaches over stands before it */
	} at[NAIVE_WORDS];
};

enum naive_class { NAIVE_SOFT, NAIVE_HARD, NAIVE_LETTER, NAIVE_HAN };

static inline uint32_t naive_fold(uint32_t c)
{
	static const char *const rows[] = {"aaaaaaaceeeeiiiidnooooo.ouuuuyts", "aaaaaaaceeeeiiiidnooooo.ouuuuyty"};
	static const char more[] = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzss";
	if (c >= 'A' && c <= 'Z')
		return c + 32;
	if (c >= 0xC0 && c <= 0xFF)
		return (unsigned char)rows[(c - 0xC0) / 32][(c - 0xC0) % 32];
	if (c >= 0x100 && c <= 0x17F)
		return (unsigned char)more[c - 0x100];
	if (c >= 0x391 && c <= 0x3A9)
		return c + 32;
	if (c >= 0x400 && c <= 0x40F)
		return c + 80;
	if (c >= 0x410 && c <= 0x42F)
		return c + 32;
	if (c >= 0x460 && c <= 0x481)
		return c | 1;
	return c;
}

static inline enum naive_class naive_class(uint32_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return NAIVE_LETTER;
	if (c > 0 && c < 0x80)
		return strchr(".,;:!?\n()[]{}|<>=@$%^\\", (int)c) ? NAIVE_HARD : NAIVE_SOFT;
	if ((c >= 0xC0 && c <= 0x17F && c != 0xD7 && c != 0xF7) || (c >= 0x391 && c <= 0x3C9) || (c >= 0x400 && c <= 0x481))
		return NAIVE_LETTER;
	if ((c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x3041 && c <= 0x30FF) || (c >= 0xAC00 && c <= 0xD7A3) ||
	        (c >= 0x20000 && c <= 0x2FFFF) || (c >= 0xF900 && c <= 0xFAFF))
		return NAIVE_HAN;
	return c >= 0x3001 && c <= 0x302F ? NAIVE_HARD : NAIVE_SOFT;
}

static inline void naive_read(struct naive_words *w, struct str s)
{
	bool hard = false, open = false;
	w->n = 0;
	for (size_t i = 0; i < s.n && w->n < NAIVE_WORDS;) {
		uint32_t c, next = 0;
		char put[4];
		int n = utf8_next(str_sub(s, i, s.n), &c);
		enum naive_class class = NAIVE_SOFT;
		if (n > 0) {
			class = naive_class(c >= 0xFF01 && c <= 0xFF5E ? c -= 0xFEE0 : c);
			if (n == 1 && c == '.' && i + 1 < s.n && utf8_next(str_sub(s, i + 1, i + 2), &next) == 1 && naive_class(next) == NAIVE_LETTER)
				class = NAIVE_SOFT;
		}
		size_t used = n > 0 ? (size_t)n : 1, put_n = n > 0 ? (size_t)utf8_put(put, naive_fold(c)) : 0;
		hard |= class == NAIVE_HARD;
		if (class == NAIVE_HAN || (class == NAIVE_LETTER && !open)) {
			w->at[w->n].start = (uint32_t)i;
			w->at[w->n].text_n = 0;
			w->at[w->n].han = class == NAIVE_HAN;
			w->at[w->n++].hard = hard;
			hard = false;
		}
		if (class >= NAIVE_LETTER) {
			w->at[w->n - 1].end = (uint32_t)(i + used);
			if (w->at[w->n - 1].text_n + put_n <= sizeof(w->at->text)) {
				memcpy(w->at[w->n - 1].text + w->at[w->n - 1].text_n, put, put_n);
				w->at[w->n - 1].text_n += put_n;
			}
		}
		open = class == NAIVE_LETTER;
		i += used;
	}
}

static inline bool naive_same(const struct naive_words *a, size_t i, const struct naive_words *b)
{
	for (size_t k = 0; k < b->n; k++)
		if (!str_eq((struct str){a->at[i + k].text, a->at[i + k].text_n}, (struct str){b->at[k].text, b->at[k].text_n}) ||
		        (k > 0 && a->at[i + k].hard))
			return false;
	return true;
}

#endif
