/* words: many literal words at once. A trie over bytes, walked from each place where a word may begin, so the cost
 * of a scan does not grow with the number of words. Built once, then read by any number of threads. */
#ifndef INTENT_WORDS_H
#define INTENT_WORDS_H

#include "base/base.h"

#define WORD_MAX_BYTES 64

struct words;
struct words *words_new(void);
void words_free(struct words *w);

/* word: plain text (see plain.h), 1..64 bytes, beginning with an ASCII letter or digit or a non-ASCII character. A word that ends in an ASCII letter
 * or digit matches whole words only, a plural "s" allowed; a trailing '*' lets any letters follow. E_INPUT says
 * what is wrong. One word may be added under several terms. */
MUST_USE enum status words_add(struct words *w, struct str word, uint32_t term, struct err *e);

/* Words that begin at one place of the text, all of them: a longer one hides no shorter one. */
struct word_scan {
	const struct words *words;
	struct str text;
	size_t at;     /* next place to look at */
	uint32_t path[WORD_MAX_BYTES + 1];
	uint8_t length[WORD_MAX_BYTES + 1];
	uint32_t depth;
	size_t start; /* where the words of `path` begin */
	uint32_t entry;
	size_t end;
	bool anywhere;
};
void words_scan(const struct words *w, struct str text, struct word_scan *s);
/* The same, but words may begin and end inside longer ones. */
void words_scan_anywhere(const struct words *w, struct str text, struct word_scan *s);
/* The next hit: its term and its bytes [*from, *to). False at the end of the text. */
bool words_next(struct word_scan *s, uint32_t *term, size_t *from, size_t *to);
/* Goes on behind `to` and drops what else begins before it. */
void words_skip(struct word_scan *s, size_t to);

#endif
