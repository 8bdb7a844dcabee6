/* What holds of every product that any reader takes, for the feed targets. */
#ifndef FUZZ_FEED_LINE_H
#define FUZZ_FEED_LINE_H

#include "feed/feed.h"

#include <stdlib.h>

#define FUZZ_MUST(claim) \
	do { \
		if (!(claim)) \
			abort(); \
	} while (0)

/* Written, read and written again: the same bytes, and on the merchant's hosts. */
static void check_product(const struct product *p, const struct merchant *m)
{
	struct arena *a = arena_new(16 << 20);
	struct str host = STR_NONE;
	struct product again;
	struct buf one, two;

	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	feed_line_write(p, &one);
	FUZZ_MUST(!one.failed && utf8_valid(buf_str(&one)));
	FUZZ_MUST(feed_line_read(buf_str(&one), a, &again, NULL) == OK);
	feed_line_write(&again, &two);
	FUZZ_MUST(str_eq(buf_str(&one), buf_str(&two)));
	FUZZ_MUST(url_check(p->url, &host, NULL) == OK && merchant_has_host(m, host));
	FUZZ_MUST(p->price.minor > 0 && product_price(p).minor <= p->price.minor);
	buf_done(&one);
	buf_done(&two);
	arena_free(a);
}

static void check_feed(struct str bytes, enum feed_format format, enum feed_container container, bool gzip)
{
	static const struct str HOST[1] = {{"shop.example", 12}};
	struct merchant m = {.id = STR("demo"), .name = STR("demo"), .hosts = HOST, .host_count = 1};
	struct feed_options o = {.format = format, .container = container, .gzip = gzip, .max_bytes = 8 << 20, .now_ms = 1795000000000};
	struct catalog_part *part = NULL;
	struct feed_report r;

	if (feed_read_part(bytes, &o, &m, STR("gen-1"), NULL, &part, &r, NULL) != OK)
		return;
	FUZZ_MUST(r.accepted == part_count(part));
	FUZZ_MUST(r.rejected == 0 || r.error_count > 0);
	for (size_t i = 0; i < part_count(part); i++)
		check_product(part_at(part, i), &m);
	feed_report_done(&r);
	part_unref(part);
}

#endif
