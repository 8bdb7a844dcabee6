/* text: which bytes of an answer are prose, what they say, and where a link may go.
 *
 * A streaming Markdown scanner (CommonMark 0.30 with GFM tables, strikethrough, task lists
 * and autolinks, and LaTeX spans), folding with a map back to the bytes, and tokens.
 * The scanner is fed bytes in any pieces and gives the same tokens and the same answers for
 * every cutting. It refuses when in doubt: an unclosed opener (` [ < $ <!-- \( \[) bars links
 * until it is closed or its block ends. md4c judges it in tests: wrapping any range that
 * text_wrap allows leaves the rendered page as it was, less our <a>.
 *
 * Refuses: to know products, languages' grammar, or what a good link is. Pure: no I/O, clock,
 * thread or global. Owns: all it returns pointers into lives as long as the struct text.
 * Threads: one at a time for each struct text; the fold tables are const. */
#ifndef TEXT_H
#define TEXT_H

#include "base/base.h"

/* ---- folding ---------------------------------------------------------------------
 * Case, NFKC (full width, ligatures, compatibility), accents stripped from Latin letters,
 * Traditional to Simplified Chinese by character, soft hyphens and zero-width characters
 * dropped. ASCII is a fast path. The Traditional table is generated at build time. */

/* Folds whole UTF-8 text; malformed bytes count as a hard break. No map: for rules and keys. */
void text_fold(struct str s, struct buf *out);

/* ---- tokens ------------------------------------------------------------------------ */

enum text_kind {
	TEXT_WORD, /* letters and digits of an alphabet, folded: "wh", "1000xm5", "iphone" */
	TEXT_HAN,  /* one Han, kana or hangul character, folded to Simplified */
};

/* What stands between a token and the one before it, the strongest thing seen. A phrase may
 * cross GAP_NONE and GAP_SOFT only. */
enum text_gap {
	GAP_NONE,     /* nothing: 补|水, or 索尼|wh */
	GAP_SOFT,     /* space, hyphen, slash, apostrophe, &, a dot between digits or letters ... */
	GAP_HARD,     /* brackets, quotes, delimiters of emphasis, a change between prose and not */
	GAP_CLAUSE,   /* , ; : ， ； ： 、 and dashes set off by spaces */
	GAP_SENTENCE, /* . ! ? 。 ！ ？ at an end, and a line break that ends no block */
	GAP_BLOCK,    /* another paragraph, list item, table cell, heading; or the first token */
};

enum text_flag {
	TEXT_BARRED = 1,   /* no link may touch it: an open doubt, a heading, text of a link, HTML's inside */
	TEXT_HEADING = 2,
	TEXT_QUOTED = 4,   /* inside a block quote */
	TEXT_LINKED = 8,   /* words of an existing link or image */
	TEXT_CELL = 16,    /* in a table */
	TEXT_EMPHASIS = 32 /* its delimiter run opened just before or is open now */
};
/* Code, URLs, HTML tags, LaTeX, definitions, fences, front matter yield no tokens at all; the
 * next token after them has a gap of at least GAP_HARD. */

struct text_token {
	uint32_t start, end;   /* bytes of the source; never splits a code point */
	uint32_t fold, fold_n; /* its folded bytes: offset and length, see text_folded */
	uint32_t clause;       /* running numbers, from 0; each new one starts at this gap or stronger */
	uint32_t sentence;
	uint32_t block; /* paragraph, list item, cell, heading */
	uint8_t kind, gap;
	uint16_t flags;
};

/* ---- words at volume -----------------------------------------------------------------
 * Hashes of folded words, and a reader that makes nothing else of plain text, many bytes at a time.
 *
 * Its words: runs of letters and digits (ASCII, Latin with its accents taken off, Greek, Cyrillic, full-width forms); a Han, kana or
 * hangul character is one by itself. Everything else stands between words: . , ; : ! ? newline brackets | < > = @ $ % ^ \ and the
 * CJK marks U+3001..302F are hard, the rest is soft; a dot before an ASCII letter or digit is soft. Malformed bytes are soft. */

/* A secret of one index: equal words have equal hashes under one key, and nobody can make two words collide. */
struct text_key {
	uint64_t start, first, second, more, hard;
};
void text_key_init(struct text_key *k, uint64_t seed);
uint64_t text_hash(const struct text_key *k, struct str folded);

/* What one text says; memory is kept from text to text. TEXT_WORDS_SPARE entries behind the last may be read and match nothing. */
#define TEXT_WORDS_SPARE 32
struct text_words {
	uint32_t count;
	uint64_t *hash;        /* of each word */
	uint64_t *after;       /* the same, or another where something hard stands before it: a phrase goes on with it, or does not */
	uint32_t *start, *end; /* bytes of the source */
	char *folded;          /* the source with ASCII in lower case, and 64 NULs behind it */
	struct bulk_space *space; /* of the readers */
};
/* Takes texts of up to max bytes (at most 16 MiB). False: no memory. */
bool text_words_init(struct text_words *w, size_t max);
void text_words_done(struct text_words *w);
/* s.n is cut at max. The kernel must run on this machine (cpu_runs); all of them say the same. */
void text_words_read(struct text_words *w, const struct text_key *k, enum cpu_kernel kernel, struct str s);
/* Its first pass alone, the classes of the bytes: the floor that measurements compare with. */
void text_words_classify(struct text_words *w, enum cpu_kernel kernel, struct str s);
/* The i-th word, folded, into out (cut there); returns its length. */
size_t text_word(const struct text_words *w, uint32_t i, char out[256]);
/* Is it a single character of a script without spaces, which phrases write unspaced? */
bool text_word_is_han(const struct text_words *w, uint32_t i);

/* ---- the scanner -------------------------------------------------------------------- */

struct text;
/* max: bytes of source it will hold, at most 16 MiB. NULL when there is no memory. */
struct text *text_new(size_t max);
/* The same for plain text (titles, questions, search boxes): no Markdown, every byte prose. */
struct text *text_new_plain(size_t max);
/* As it stands now; what is fed to one is not fed to the other. NULL when there is no memory. */
struct text *text_copy(const struct text *t);
void text_free(struct text *t);
void text_reset(struct text *t); /* empty again, memory kept */

/* E_NOMEM over max; E_INPUT never: malformed UTF-8 becomes barred bytes. Cost is linear in all
 * bytes fed, whatever the pieces and the nesting. */
MUST_USE enum status text_feed(struct text *t, struct str bytes);
/* No more bytes come: the last token and the last line are settled. */
MUST_USE enum status text_finish(struct text *t);

struct str text_source(const struct text *t); /* all bytes fed; valid until the next feed */
size_t text_count(const struct text *t);      /* tokens settled so far */
const struct text_token *text_tokens(const struct text *t); /* valid until the next feed */
struct str text_folded(const struct text *t, size_t token);
/* Every token that begins before this byte is settled and every byte before it has its class. */
size_t text_settled(const struct text *t);
/* Number of clauses that are over (their last token is settled and the gap after it has been seen): clause c
 * is over when c < text_clauses_over(t). */
uint32_t text_clauses_over(const struct text *t);

/* May the source bytes [start, end), whole tokens, stand inside a link, whatever comes later?
 * WAIT: more bytes are needed (never after text_finish; never for more than 32 bytes behind end).
 * YES: *from and *to are what goes between the brackets: the range, or, where it fills an emphasis run,
 * with that run's delimiters. `label` is true when visible text will follow the link directly
 * (it changes what the next delimiter run sees). */
enum text_wrap { WRAP_NO, WRAP_YES, WRAP_WAIT };
enum text_wrap text_wrap(const struct text *t, uint32_t start, uint32_t end, bool label, uint32_t *from, uint32_t *to);

/* After text_finish: may a paragraph of ours be appended (after a blank line) and be prose, leaving
 * the page before it as it is? False in an open fence, HTML block, comment or display math. */
bool text_may_append(const struct text *t);

#endif
