/* The judge of pages: md4c's HTML of an output, less our links, labels and closing block, must be that of the original.
 * Header only; link with -lmd4c-html -lmd4c. Used by unit programs and fuzz targets. */
#ifndef TESTS_PAGE_H
#define TESTS_PAGE_H

#include "base/base.h"

#include <md4c-html.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DIALECTS 3
static const unsigned page_flags[PAGE_DIALECTS] = {0, MD_DIALECT_GITHUB, MD_DIALECT_GITHUB | MD_FLAG_LATEXMATHSPANS};

struct page_rules {
	struct str url_prefix;    /* of our links, as written in the Markdown (no character that HTML escapes) */
	const struct str *labels; /* as written behind or inside a link, e.g. " (Ad)" */
	size_t label_count;
	struct str closing; /* Markdown of the closing block at the end of the output, "" for none */
};

static inline void page_put(const MD_CHAR *p, MD_SIZE n, void *out)
{
	buf_put(out, (struct str){p, n});
}

/* md4c reads one byte past what it is given here and there, hence the copy with a NUL behind. */
static inline bool page_html(struct str markdown, unsigned flags, struct buf *out)
{
	char *copy = malloc(markdown.n + 1);
	if (!copy)
		return false;
	if (markdown.n)
		memcpy(copy, markdown.p, markdown.n);
	copy[markdown.n] = '\0';
	int bad = md_html(copy, (MD_SIZE)markdown.n, page_put, out, flags, 0);
	free(copy);
	return bad == 0 && !out->failed;
}

static inline size_t page_label(struct str html, size_t at, const struct page_rules *r)
{
	for (size_t i = 0; i < r->label_count; i++) {
		if (str_starts(str_sub(html, at, html.n), r->labels[i]))
			return r->labels[i].n;
	}
	return 0;
}

/* Takes <a href="PREFIX...">, its </a> and a label right before or behind that out. Links do not nest. */
static inline void page_strip(struct str html, const struct page_rules *r, struct buf *out)
{
	static const char open[] = "<a href=\"", close[] = "</a>";
	bool inside = false;
	for (size_t i = 0; i < html.n;) {
		struct str rest = str_sub(html, i, html.n);
		if (!inside && str_starts(rest, STR(open)) && str_starts(str_sub(rest, sizeof open - 1, rest.n), r->url_prefix)) {
			i += str_find(rest, STR(">"), 0) + 1;
			inside = true;
		} else if (inside && str_starts(rest, STR(close))) {
			i += sizeof close - 1;
			i += page_label(html, i, r);
			inside = false;
		} else if (inside && page_label(html, i, r) && str_starts(str_sub(html, i + page_label(html, i, r), html.n), STR(close))) {
			i += page_label(html, i, r);
		} else {
			buf_putc(out, html.p[i++]);
		}
	}
}

/* Both pages around the first byte that differs. */
static inline void page_show(struct str want, struct str got)
{
	size_t i = 0;
	while (i < want.n && i < got.n && want.p[i] == got.p[i])
		i++;
	size_t from = i > 40 ? i - 40 : 0;
	fprintf(stderr, "pages part at byte %zu:\n  original: %.*s\n  output:   %.*s\n", i, STR_ARG(str_sub(want, from, i + 80)),
	        STR_ARG(str_sub(got, from, i + 80)));
}

/* Equal under one dialect? */
static inline bool page_equal_in(struct str original, struct str output, const struct page_rules *r, unsigned flags)
{
	struct buf a, b, stripped, closing;
	size_t max = (original.n + output.n) * 16 + 4096;
	buf_init(&a, max);
	buf_init(&b, max);
	buf_init(&stripped, max);
	buf_init(&closing, max);
	bool ok = page_html(original, flags, &a) && page_html(output, flags, &b) && page_html(r->closing, flags, &closing);
	page_strip(buf_str(&b), r, &stripped);
	struct buf tail;
	buf_init(&tail, max);
	page_strip(buf_str(&closing), r, &tail); /* a closing block may hold our links too */
	struct str got = buf_str(&stripped);
	if (r->closing.n > 0) {
		ok = ok && str_ends(got, buf_str(&tail));
		got = str_sub(got, 0, got.n - (got.n < tail.n ? got.n : tail.n));
	}
	if (ok && !str_eq(got, buf_str(&a))) {
		page_show(buf_str(&a), got);
		ok = false;
	}
	buf_done(&a);
	buf_done(&b);
	buf_done(&stripped);
	buf_done(&closing);
	buf_done(&tail);
	return ok;
}

/* Equal under every dialect; *dialect (may be NULL) names the first that differs. */
static inline bool page_equal(struct str original, struct str output, const struct page_rules *r, size_t *dialect)
{
	for (size_t i = 0; i < PAGE_DIALECTS; i++) {
		if (page_equal_in(original, output, r, page_flags[i]))
			continue;
		if (dialect)
			*dialect = i;
		return false;
	}
	return true;
}

#endif
