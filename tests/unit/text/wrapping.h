/* Links put wherever text_wrap allows them, for the judge; and scans of one text in different cuttings compared.
 * Shared by tests/unit/text and tests/fuzz/scanner. */
#ifndef TESTS_WRAPPING_H
#define TESTS_WRAPPING_H

#include "../page.h"
#include "text/text.h"

#include <stdio.h>

#define WRAP_URL "https://go.example.net/c/AbC-1.9?x=1&y=2"
#define WRAP_TOKENS 4 /* longest range tried */

static const struct str wrap_labels[] = {{" (Q\a)", 5}, {" （\a广）", 11}}; /* BEL, so that no input holds them */

static inline struct page_rules wrap_rules(void)
{
	return (struct page_rules){STR("https://go.example.net/c/"), wrap_labels, ARRAY_LEN(wrap_labels), STR_NONE};
}

struct wrap_spot {
	uint32_t from, to;
};

static inline struct text *wrap_scan(struct str s)
{
	struct text *t = text_new(s.n + 1);
	if (!t || text_feed(t, s) != OK || text_finish(t) != OK)
		abort();
	return t;
}

/* label: 0 none, 1 or 2 of wrap_labels. */
static inline void wrap_put(struct buf *out, struct str s, const struct wrap_spot *spots, size_t n, int label)
{
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		buf_put(out, str_sub(s, at, spots[i].from));
		buf_putc(out, '[');
		buf_put(out, str_sub(s, spots[i].from, spots[i].to));
		buf_put(out, STR("](" WRAP_URL ")"));
		if (label)
			buf_put(out, wrap_labels[label - 1]);
		at = spots[i].to;
	}
	buf_put(out, str_sub(s, at, s.n));
}

/* Do links at these spots leave the page as it was? Prints what does not. */
static inline bool wrap_judge(struct str s, const struct wrap_spot *spots, size_t n, int label)
{
	struct buf out;
	size_t dialect = 0;
	struct page_rules r = wrap_rules();
	buf_init(&out, s.n + n * 128 + 64);
	wrap_put(&out, s, spots, n, label);
	bool ok = page_equal(s, buf_str(&out), &r, &dialect);
	if (!ok)
		fprintf(stderr, "page differs, dialect %zu, %zu links\n--- original\n%.*s\n--- output\n%.*s\n", dialect, n, STR_ARG(s),
		        STR_ARG(buf_str(&out)));
	buf_done(&out);
	return ok;
}

/* Calls for every allowed range of up to WRAP_TOKENS tokens; stops when it says false. */
typedef bool wrap_visit(struct str s, struct wrap_spot spot, bool label, void *arg);
static inline bool wrap_each(struct text *t, bool label, wrap_visit *visit, void *arg)
{
	const struct text_token *k = text_tokens(t);
	for (size_t i = 0; i < text_count(t); i++) {
		for (size_t j = i; j < text_count(t) && j < i + WRAP_TOKENS; j++) {
			struct wrap_spot spot;
			if (text_wrap(t, k[i].start, k[j].end, label, &spot.from, &spot.to) == WRAP_YES &&
			        !visit(text_source(t), spot, label, arg))
				return false;
		}
	}
	return true;
}

struct wrap_all {
	struct wrap_spot spot[256];
	size_t n;
};

static inline bool wrap_collect(struct str s, struct wrap_spot spot, bool label, void *arg)
{
	struct wrap_all *all = arg;
	(void)s;
	(void)label;
	if (all->n < ARRAY_LEN(all->spot) && (all->n == 0 || all->spot[all->n - 1].to <= spot.from))
		all->spot[all->n++] = spot;
	return true;
}

/* One by one, each in its own page. */
static inline bool wrap_one(struct str s, struct wrap_spot spot, bool label, void *arg)
{
	size_t *count = arg;
	++*count;
	return wrap_judge(s, &spot, 1, label ? 1 + (int)(*count % 2) : 0);
}

/* All at once first; one by one where that fails, or when the text is short. */
static inline bool wrap_check(struct str s, bool one_by_one, size_t *count)
{
	struct text *t = wrap_scan(s);
	bool ok = true;
	for (int label = 0; label < 2; label++) {
		struct wrap_all all = {.n = 0};
		wrap_each(t, label, wrap_collect, &all);
		ok = ok && wrap_judge(s, all.spot, all.n, label);
		if (ok && one_by_one)
			ok = wrap_each(t, label, wrap_one, count);
	}
	text_free(t);
	return ok;
}

/* ---- cuttings ---------------------------------------------------------------------- */

static inline bool same_tokens(struct text *a, struct text *b)
{
	if (text_count(a) != text_count(b) || text_settled(a) != text_settled(b) || text_clauses_over(a) != text_clauses_over(b) ||
	        text_may_append(a) != text_may_append(b))
		return false;
	for (size_t i = 0; i < text_count(a); i++) {
		const struct text_token *x = &text_tokens(a)[i], *y = &text_tokens(b)[i];
		if (x->start != y->start || x->end != y->end || x->clause != y->clause || x->sentence != y->sentence ||
		        x->block != y->block || x->kind != y->kind || x->gap != y->gap || x->flags != y->flags ||
		        !str_eq(text_folded(a, i), text_folded(b, i)))
			return false;
	}
	return true;
}

static inline bool same_wraps(struct text *a, struct text *b)
{
	const struct text_token *k = text_tokens(a);
	for (size_t i = 0; i < text_count(a); i++) {
		uint32_t f1 = 0, t1 = 0, f2 = 0, t2 = 0;
		enum text_wrap w1 = text_wrap(a, k[i].start, k[i].end, false, &f1, &t1),
		               w2 = text_wrap(b, k[i].start, k[i].end, false, &f2, &t2);
		if (w1 != w2 || f1 != f2 || t1 != t2)
			return false;
	}
	return true;
}

/* Fed in pieces of sizes drawn from *seed (1 byte each when it is 0), is everything as when fed whole? Compares in the
 * middle too, and that no answer but WAIT changes when more comes. */
static inline bool cut_check(struct str s, uint64_t seed)
{
	struct text *whole = wrap_scan(s), *cut = text_new(s.n + 1), *prefix = text_new(s.n + 1);
	bool ok = cut && prefix;
	size_t stop = s.n ? hash_mix(seed + 7) % (s.n + 1) : 0;
	for (size_t i = 0; ok && i < s.n;) {
		size_t n = seed ? 1 + hash_mix(seed + i) % 9 : 1;
		if (i < stop && i + n > stop)
			n = stop - i;
		ok = text_feed(cut, str_sub(s, i, i + n)) == OK;
		i = i + n < s.n ? i + n : s.n;
		if (ok && i == stop)
			ok = text_feed(prefix, str_sub(s, 0, stop)) == OK && same_tokens(cut, prefix) && same_wraps(cut, prefix);
	}
	for (size_t i = 0; ok && i < text_count(prefix); i++) {
		uint32_t f1, t1, f2, t2;
		const struct text_token *k = &text_tokens(prefix)[i];
		enum text_wrap w = text_wrap(prefix, k->start, k->end, false, &f1, &t1);
		ok = w == WRAP_WAIT ||
		     (w == text_wrap(whole, k->start, k->end, false, &f2, &t2) && (w == WRAP_NO || (f1 == f2 && t1 == t2)));
		ok = ok && (w != WRAP_WAIT || stop - k->end <= 32);
	}
	ok = ok && text_finish(cut) == OK && same_tokens(cut, whole) && same_wraps(cut, whole);
	if (!ok)
		fprintf(stderr, "cutting differs, seed %llu, stop %zu:\n%.*s\n", (unsigned long long)seed, stop, STR_ARG(s));
	text_free(whole);
	text_free(cut);
	text_free(prefix);
	return ok;
}

/* Where text_may_append allows it, a paragraph of ours leaves the page before it as it was. */
static inline bool append_check(struct str s)
{
	struct text *t = wrap_scan(s);
	bool ok = true;
	if (text_may_append(t)) {
		struct page_rules r = wrap_rules();
		r.closing = STR("Closing words.");
		struct buf out;
		size_t dialect = 0;
		buf_init(&out, s.n + 64);
		buf_put(&out, s);
		buf_put(&out, STR("\n\nClosing words."));
		ok = page_equal(s, buf_str(&out), &r, &dialect);
		if (!ok)
			fprintf(stderr, "appending changes the page, dialect %zu:\n%.*s\n", dialect, STR_ARG(s));
		buf_done(&out);
	}
	text_free(t);
	return ok;
}

#endif
