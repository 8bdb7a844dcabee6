/* The input's first half makes a catalog (a title a line), its second half a stream to scan. The incremental scan
 * must say what comparing every phrase at every token says; ranking must stay in bounds. */
#include "match/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(bool fine)
{
	if (!fine)
		abort();
}

static struct catalog *read_catalog(struct str lines)
{
	struct merchant m = {.id = STR("m"), .name = STR("m"), .currency = STR("USD")};
	struct part_builder *b = part_builder_new(&m, 1 << 24);
	struct catalog_part *part;
	struct catalog *c;
	check(b != NULL);
	for (unsigned i = 0; lines.n > 0 && i < 200; i++) {
		struct str line = str_cut(&lines, '\n'), title = str_cut(&line, '\t'), brand = str_cut(&line, '\t');
		char id[16];
		snprintf(id, sizeof(id), "%u", i);
		struct product p = {.id = str_of(id), .title = title, .brand = brand, .category = line, .url = STR("https://a.example/")};
		err_ignore(part_builder_add(b, &p, false, NULL));
	}
	check(part_builder_finish(b, STR("gen-1"), &part, NULL) == OK);
	check(catalog_new(&part, 1, STR("gen-1"), &c, NULL) == OK);
	part_unref(part);
	return c;
}

static bool found(const struct match_index *ix, const struct text *t, size_t from, size_t to, uint32_t phrase)
{
	struct match_scan s;
	struct match_hit hits[MATCH_MAX_TOKENS];
	size_t n = 0;
	match_scan_init(&s, ix);
	for (size_t i = from; i <= to; i++)
		n = match_scan_push(&s, text_folded(t, i), i == from ? GAP_BLOCK : text_tokens(t)[i].gap, hits);
	return n > 0 && hits[0].first == 0 && hits[0].phrase == phrase;
}

static void check_hit(const struct match_index *ix, const struct text *t, struct match_hit h, size_t last)
{
	check(h.first <= h.last && h.last == last && h.last - h.first < MATCH_MAX_TOKENS && h.phrase < match_phrase_count(ix));
	for (size_t i = h.first + 1; i <= h.last; i++)
		check(text_tokens(t)[i].gap <= GAP_SOFT);
	check(found(ix, t, h.first, h.last, h.phrase));
	struct match_ranked out[3];
	struct match_phrase p = match_phrase(ix, h.phrase);
	size_t n = match_rank(ix, h.phrase, NULL, (struct match_filter){0}, out, 3, NULL);
	check(n == (p.product_count < 3 ? p.product_count : 3) && p.product_count > 0);
	check(p.telling >= 0 && p.telling <= 1);
}

/* Are the tokens from..to a phrase's words, by the dictionary? */
static bool spells(const struct match_index *ix, const struct text *t, size_t from, size_t to, struct str *out, struct buf *b)
{
	uint32_t ids[MATCH_MAX_TOKENS];
	for (size_t i = from; i <= to; i++) {
		ids[i - from] = lexicon_find(&ix->titles.lexicon, text_folded(t, i));
		if (ids[i - from] == WORD_NONE)
			return false;
	}
	buf_clear(b);
	check(heads_spell(&ix->titles.lexicon, ids, to - from + 1, b));
	*out = buf_str(b);
	return true;
}

static size_t count_naive(const struct match_index *ix, const struct text *t, size_t from, size_t to, struct buf *b)
{
	struct str text;
	size_t count = 0;
	if (!spells(ix, t, from, to, &text, b))
		return 0;
	for (uint32_t p = 0; p < ix->entry_count; p++)
		count += ix->entries[p].words == to - from + 1 && str_eq(match_phrase(ix, p).text, text);
	return count;
}

static void scan_all(const struct match_index *ix, const struct text *t)
{
	struct match_scan s;
	struct buf b;
	buf_init(&b, 1 << 20);
	match_scan_init(&s, ix);
	for (size_t i = 0; i < text_count(t) && i < 300; i++) {
		struct match_hit hits[MATCH_MAX_TOKENS];
		size_t n = match_scan_push(&s, text_folded(t, i), text_tokens(t)[i].gap, hits), naive = 0;
		for (size_t k = 0; k < n; k++) {
			check(k == 0 || hits[k - 1].first < hits[k].first);
			check_hit(ix, t, hits[k], i);
		}
		size_t from = i + 1 > MATCH_MAX_TOKENS ? i + 1 - MATCH_MAX_TOKENS : 0;
		for (size_t k = i + 1; k-- > from && (k == i || text_tokens(t)[k + 1].gap <= GAP_SOFT);) {
			naive += count_naive(ix, t, k, i, &b);
		}
		check(n == naive);
		uint32_t open = match_scan_open(&s);
		check(open == UINT32_MAX || (open <= i && i - open < MATCH_MAX_TOKENS));
	}
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = {(const char *)data, size > 8192 ? 8192 : size}, rest = all;
	size_t cut = str_find(all, STR("\n\n"), 0);
	struct catalog *c = read_catalog(str_sub(all, 0, cut));
	rest = str_sub(all, cut, all.n);
	struct match_index *ix;
	struct text *t = text_new_plain(1 << 14);
	check(match_index_new(c, NULL, size, &ix, NULL) == OK);
	check(text_feed(t, rest) == OK && text_finish(t) == OK);
	scan_all(ix, t);
	text_free(t);
	match_index_free(ix);
	catalog_unref(c);
	return 0;
}
