/* Merchants and parts for the room's tests. */
#ifndef TEST_PARTS_H
#define TEST_PARTS_H

#include "feed/feed.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline struct merchant shop(const char *id)
{
	static const struct str HOST[1] = {{"shop.example", 12}};

	return (struct merchant){.id = str_of(id), .name = str_of(id), .hosts = HOST, .host_count = 1, .currency = {"USD", 3}};
}

/* Reads a whole feed of the given kind for shop "demo". */
static inline struct catalog_part *read_as(enum feed_format format, enum feed_container container, struct str bytes,
	const struct catalog_part *old, struct feed_report *report)
{
	struct feed_options o = {.format = format, .container = container, .now_ms = 1795000000000}; /* 2026-11-18 */
	struct merchant m = shop("demo");
	struct catalog_part *part = NULL;
	struct err e = {0};

	if (feed_read_part(bytes, &o, &m, STR("gen-1"), old, &part, report, &e) != OK)
		fail_msg("%s: %s", e.where, e.text);
	return part;
}

static inline struct catalog_part *read_inlay(const char *lines, struct feed_report *report)
{
	return read_as(FEED_INLAY, FEED_JSONL, str_of(lines), NULL, report);
}

/* n products of merchant m; every title ends with mark. */
static inline struct catalog_part *many(const char *merchant, size_t n, const char *generation, const char *mark)
{
	struct merchant m = shop(merchant);
	struct part_builder *b = part_builder_new(&m, 256u << 20);
	struct catalog_part *part = NULL;

	for (size_t i = 0; i < n; i++) {
		char id[32], title[64], url[64];
		snprintf(id, sizeof(id), "p%zu", i);
		snprintf(title, sizeof(title), "Kettle number %zu %s", i, mark);
		snprintf(url, sizeof(url), "https://shop.example/p/%zu", i);
		struct product p = {.id = str_of(id), .title = str_of(title), .url = str_of(url), .price = {100 + (int64_t)i, "USD"},
			.commission_ppm = -1};
		assert_int_equal(part_builder_add(b, &p, false, NULL), OK);
	}
	assert_int_equal(part_builder_finish(b, str_of(generation), &part, NULL), OK);
	return part;
}

static inline void assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

#endif
