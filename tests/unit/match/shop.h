/* shop.h: small catalogs for the tests of match. */
#ifndef TEST_MATCH_SHOP_H
#define TEST_MATCH_SHOP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <stdio.h>

#include "match/match.h"

struct row {
	const char *merchant, *id, *title, *brand, *category;
	int64_t price, updated_ms, commission_ppm;
	const char *keyword;
};

static inline struct product row_product(const struct row *r, struct str *keyword)
{
	struct product p = {.id = str_of(r->id),
	        .title = str_of(r->title),
	        .url = STR("https://shop.example/p"),
	        .brand = str_of(r->brand),
	        .category = str_of(r->category),
	        .image = STR(""),
	        .mpn = STR(""),
	        .gtin = STR(""),
	        .description = STR(""),
	        .attributes = STR(""),
	        .locale = STR(""),
	        .updated_ms = r->updated_ms,
	        .commission_ppm = r->commission_ppm,
	        .availability = AVAIL_IN_STOCK};
	if (r->price > 0)
		p.price = (struct money){.minor = r->price, .currency = "USD"};
	if (r->keyword != NULL) {
		*keyword = str_of(r->keyword);
		p.keywords = keyword;
		p.keyword_count = 1;
	}
	return p;
}

/* One part a merchant; parts and rows are taken from the end when `backwards`. */
static inline struct catalog *shop_open(const struct row *rows, size_t n, bool backwards)
{
	struct catalog_part *parts[8] = {NULL};
	size_t part_n = 0;
	for (size_t i = 0; i < n; i++) {
		const char *merchant = rows[backwards ? n - 1 - i : i].merchant;
		size_t k = 0;
		while (k < part_n && !str_eq(part_merchant(parts[k])->id, str_of(merchant)))
			k++;
		if (k < part_n)
			continue;
		struct merchant m = {.id = str_of(merchant), .name = str_of(merchant), .currency = STR("USD")};
		struct part_builder *b = part_builder_new(&m, 1 << 26);
		assert_non_null(b);
		for (size_t j = 0; j < n; j++) {
			const struct row *r = &rows[backwards ? n - 1 - j : j];
			struct str keyword;
			struct product p = row_product(r, &keyword);
			if (strcmp(r->merchant, merchant) == 0)
				assert_int_equal(part_builder_add(b, &p, false, NULL), OK);
		}
		assert_int_equal(part_builder_finish(b, STR("gen-1"), &parts[part_n++], NULL), OK);
	}
	struct catalog *c;
	assert_int_equal(catalog_new(parts, part_n, STR("gen-1"), &c, NULL), OK);
	for (size_t i = 0; i < part_n; i++)
		part_unref(parts[i]);
	return c;
}

static const char shop_rules[] = "breaks: [for with by from in of]\n"
                                 "bylines: [by]\n"
                                 "links: [a the and 的]\n"
                                 "leads: [款]\n"
                                 "tails: [pack black white blue pcs 正品 包邮 新款 男 女]\n"
                                 "generic: [set home apple switch item case 产品 套装]\n"
                                 "parts: [case cases]\n"
                                 "units: [ml g gb pack inch]\n"
                                 "works: [Media]\n";

static inline struct match_index *shop_index(struct catalog *c, uint64_t seed)
{
	struct arena *a = arena_new(1 << 20);
	const struct doc *d;
	struct match_index *ix;
	assert_int_equal(doc_parse(STR(shop_rules), a, &d, NULL), OK);
	assert_int_equal(match_index_new(c, d, seed, &ix, NULL), OK);
	arena_free(a);
	return ix;
}

#define SHOP_INDEX(rows) shop_index_of(rows, ARRAY_LEN(rows))
static inline struct match_index *shop_index_of(const struct row *rows, size_t n)
{
	struct catalog *c = shop_open(rows, n, false);
	struct match_index *ix = shop_index(c, 7);
	catalog_unref(c);
	return ix;
}

/* The longest hit that begins at the first token of `words` and ends at its last; UINT32_MAX if there is none. */
static inline uint32_t shop_phrase(const struct match_index *ix, const char *words)
{
	struct text *t = text_new_plain(1 << 12);
	assert_int_equal(text_feed(t, str_of(words)), OK);
	assert_int_equal(text_finish(t), OK);
	struct match_scan s;
	struct match_hit hits[MATCH_MAX_TOKENS];
	uint32_t found = UINT32_MAX;
	match_scan_init(&s, ix);
	for (size_t i = 0; i < text_count(t); i++) {
		size_t n = match_scan_push(&s, text_folded(t, i), text_tokens(t)[i].gap, hits);
		if (i + 1 == text_count(t) && n > 0 && hits[0].first == 0)
			found = hits[0].phrase;
	}
	text_free(t);
	return found;
}

static inline bool shop_knows(const struct match_index *ix, const char *words, enum match_kind kind)
{
	uint32_t p = shop_phrase(ix, words);
	return p != UINT32_MAX && match_phrase(ix, p).kind == kind;
}

static inline void shop_say(struct match_context *c, const char *words, double weight)
{
	struct text *t = text_new_plain(1 << 12);
	assert_int_equal(text_feed(t, str_of(words)), OK);
	assert_int_equal(text_finish(t), OK);
	for (size_t i = 0; i < text_count(t); i++)
		match_context_add(c, text_folded(t, i), text_tokens(t)[i].kind, text_tokens(t)[i].gap, weight);
	text_free(t);
}

/* Id of the best product behind a phrase in a sentence, or "". */
static inline struct str shop_best(const struct match_index *ix, const char *phrase, const char *sentence)
{
	uint32_t p = shop_phrase(ix, phrase);
	if (p == UINT32_MAX)
		return STR("");
	struct arena *a = arena_new(1 << 20);
	struct match_context *c = match_context_new(ix, a);
	struct match_ranked best;
	assert_non_null(c);
	shop_say(c, sentence, 3);
	size_t n = match_rank(ix, p, c, (struct match_filter){0}, &best, 1, NULL);
	arena_free(a);
	return n == 0 ? STR("") : catalog_product(match_catalog(ix), best.product)->id;
}

#define AUDIO "Electronics > Audio > Headphones"
#define PHONES "Electronics > Telephony > Mobile Phones"
#define COVERS "Electronics > Telephony > Phone Accessories"
#define MASKS "Beauty > Skin Care > Masks"
#define CAMP "Outdoors > Camping > Sleeping Gear"
#define BOOKS "Media > Books"

static const struct row shop_rows[] = {
        {"a", "h1", "Sony WH-1000XM5 Wireless Noise Cancelling Headphones", "Sony", AUDIO, 39900, 5, -1, NULL},
        {"a", "h2", "Bose QC45 Noise Cancelling Headphones", "Bose", AUDIO, 32900, 5, -1, NULL},
        {"b", "h3", "Sony WH-CH720N Noise Cancelling Headphones - Blue", "Sony", AUDIO, 9900, 5, -1, NULL},
        {"b", "h4", "Kids Headphone, pink", "", AUDIO, 1900, 5, -1, NULL},
        {"a", "p1", "Apple iPhone 12 Smartphone", "Apple", PHONES, 60000, 5, -1, NULL},
        {"a", "p2", "Apple iPhone 13 Smartphone", "Apple", PHONES, 70000, 5, -1, NULL},
        {"b", "c1", "Leather Phone Case for iPhone 14", "", COVERS, 1500, 5, -1, NULL},
        {"b", "c2", "Clear Phone Case with Stand", "", COVERS, 900, 5, -1, NULL},
        {"a", "s1", "Sleeping Bag for Adults", "", CAMP, 4000, 5, -1, NULL},
        {"b", "s2", "Mummy Sleeping Bag", "", CAMP, 6000, 5, -1, "bivvy"},
        {"b", "s3", "Warm Sleeping Bag Black", "", CAMP, 5000, 5, -1, "set"},
        {"a", "b1", "War and Peace by Leo Tolstoy", "", BOOKS, 1000, 5, -1, NULL},
        {"a", "x1", "Storage Set", "", "Home > Storage", 1000, 5, -1, NULL},
        {"a", "x2", "Tea Set", "", "Home > Storage", 1000, 5, -1, NULL},
        {"b", "m1", "自然堂补水保湿面膜 正品", "自然堂", MASKS, 5900, 5, -1, NULL},
        {"b", "m2", "薏仁舒缓敏感肌面膜", "", MASKS, 6900, 5, -1, NULL},
        {"a", "m3", "绿豆清洁面膜 包邮", "", MASKS, 3900, 5, -1, NULL},
        {"a", "t1", "华为智能手机 新款", "华为", PHONES, 90000, 5, -1, NULL},
        {"a", "t2", "老人手机", "", PHONES, 30000, 5, -1, NULL},
        {"b", "t3", "双卡手机", "", PHONES, 30000, 5, -1, NULL},
        {"b", "t4", "透明手机壳", "", COVERS, 900, 5, -1, NULL},
        {"b", "t5", "硅胶手机壳 新款", "", COVERS, 900, 5, -1, NULL},
};

#endif
