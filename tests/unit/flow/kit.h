/* A small shelf for tests of flow: two merchants, English and Chinese products, the rules of the tree. Run from the project's root. */
#ifndef KIT_H
#define KIT_H

#include "flow/flow.h"
#include "match/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIT_PUBLIC "http://127.0.0.1:8080"

static inline struct str kit_file(const char *path)
{
	char *p;
	size_t n;
	struct err e;
	if (file_read(path, 1u << 22, &p, &n, &e) != OK) {
		fprintf(stderr, "%s: %s\n", path, e.text);
		abort();
	}
	return (struct str){p, n};
}

static inline void kit_ok(enum status s, const struct err *e)
{
	if (s != OK) {
		fprintf(stderr, "%s: %s: %s\n", status_name(s), e->where, e->text);
		abort();
	}
}

static inline struct flow_rules *kit_rules(void)
{
	struct flow_rule_texts t = {kit_file("rules/intent.yaml"), kit_file("rules/topics.yaml"), kit_file("rules/matching.yaml"), kit_file("rules/placement.yaml"),
		kit_file("rules/disclosure.yaml"), kit_file("rules/bots.yaml"), kit_file("catalogs/networks.yaml"), kit_file("rules/intent.weights"), STR_NONE};
	struct flow_rules *r = NULL;
	struct err e = {0};
	kit_ok(flow_rules_new(&t, &r, &e), &e);
	struct str *all[] = {&t.intent, &t.topics, &t.matching, &t.placement, &t.disclosure, &t.bots, &t.networks, &t.weights};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		free((void *)(uintptr_t)all[i]->p);
	return r;
}

struct kit_row {
	const char *id, *title, *brand, *category;
	int64_t minor;
	const char *currency, *keyword;
};

static const struct kit_row kit_english[] = {
	{"h1", "Sony WH-1000XM5 Wireless Noise Cancelling Headphones, Black", "Sony", "Electronics > Audio > Headphones", 39900, "USD", "headphones"},
	{"h2", "Soundcore Life Q30 Noise Cancelling Headphones", "Soundcore", "Electronics > Audio > Headphones", 7900, "USD", "headphones"},
	{"h3", "Koss Porta Pro On-Ear Headphones", "Koss", "Electronics > Audio > Headphones", 4900, "USD", "headphones"},
	{"t1", "Coleman Sundome 4-Person Camping Tent", "Coleman", "Sporting Goods > Camping & Hiking > Tents", 8900, "USD", "camping tent"},
	{"t2", "Naturehike Cloud Up 2 Ultralight Tent", "Naturehike", "Sporting Goods > Camping & Hiking > Tents", 14900, "USD", "tent"},
	{"s1", "TETON Sports Celsius Sleeping Bag", "TETON", "Sporting Goods > Camping & Hiking > Sleeping Bags", 6900, "USD", "sleeping bag"},
	{"s2", "Kelty Cosmic 20 Down Sleeping Bag", "Kelty", "Sporting Goods > Camping & Hiking > Sleeping Bags", 15900, "USD", "sleeping bag"},
	{"f1", "Anker LC40 LED Flashlight", "Anker", "Hardware > Tools > Flashlights", 1900, "USD", "flashlight"},
	{"f2", "Maglite Solitaire Flashlight", "Maglite", "Hardware > Tools > Flashlights", 1500, "USD", "flashlight"},
	{"c1", "Bialetti Moka Express Coffee Maker", "Bialetti", "Home & Garden > Kitchen > Coffee Makers", 3500, "USD", "coffee maker"},
	{"c2", "Breville Bambino Espresso Machine", "Breville", "Home & Garden > Kitchen > Espresso Machines", 29900, "USD", "espresso machine"},
};
static const struct kit_row kit_chinese[] = {
	{"m1", "薇诺舒敏补水面膜 敏感肌专用 6片", "薇诺", "Health & Beauty > Skin Care > Facial Masks", 9900, "CNY", "面膜"},
	{"m2", "润芽玻尿酸保湿面膜 10片", "润芽", "Health & Beauty > Skin Care > Facial Masks", 5900, "CNY", "面膜"},
	{"j1", "清禾氨基酸洁面乳 温和不刺激", "清禾", "Health & Beauty > Skin Care > Facial Cleansers", 6900, "CNY", "洁面乳"},
	{"e1", "声悦降噪耳机 头戴式蓝牙耳机", "声悦", "Electronics > Audio > Headphones", 39900, "CNY", "降噪耳机"},
	{"e2", "漫步蓝牙耳机 入耳式", "漫步", "Electronics > Audio > Headphones", 19900, "CNY", "蓝牙耳机"},
	{"b1", "行远户外登山背包 40L", "行远", "Sporting Goods > Backpacks", 25900, "CNY", "登山背包"},
};

static inline struct catalog_part *kit_part(const char *id, const char *json, const struct kit_row *rows, size_t n, int64_t shift)
{
	struct arena *a = arena_new(1u << 20);
	struct merchant m;
	struct err e = {0};
	struct catalog_part *part = NULL;
	kit_ok(merchant_parse_json(str_of(id), str_of(json), a, &m, &e), &e);
	struct part_builder *b = part_builder_new(&m, 64u << 20);
	for (size_t i = 0; i < n; i++) {
		char url[128];
		snprintf(url, sizeof url, "https://%s.example/p/%s", id, rows[i].id);
		struct str keyword = str_of(rows[i].keyword);
		struct product p = {.id = str_of(rows[i].id), .title = str_of(rows[i].title), .url = str_of(url), .brand = str_of(rows[i].brand),
			.category = str_of(rows[i].category), .keywords = &keyword, .keyword_count = 1, .price = {.minor = rows[i].minor},
			.commission_ppm = (int64_t)(i * 7919 + (size_t)shift) % 90000};
		memcpy(p.price.currency, rows[i].currency, 4);
		kit_ok(part_builder_add(b, &p, false, &e), &e);
	}
	kit_ok(part_builder_finish(b, STR("gen-1"), &part, &e), &e);
	arena_free(a);
	return part;
}

/* The secret and therefore all ids are fixed. shift changes commissions, seed the index. */
static inline struct shelf *kit_shelf(struct flow_rules *rules, const struct link_keys *keys, const char *public_url, int64_t shift, uint64_t seed)
{
	struct catalog_part *parts[] = {
		kit_part("trail", "{\"name\":\"Trail & Sound\",\"hosts\":[\"trail.example\"],\"network\":\"plain\",\"currency\":\"USD\"}", kit_english, ARRAY_LEN(kit_english), shift),
		kit_part("yunmei", "{\"name\":\"云美优选\",\"hosts\":[\"yunmei.example\"],\"network\":\"plain\",\"currency\":\"CNY\"}", kit_chinese, ARRAY_LEN(kit_chinese), shift),
	};
	struct catalog *c = NULL;
	struct shelf *s = NULL;
	struct err e = {0};
	kit_ok(catalog_new(parts, ARRAY_LEN(parts), STR("gen-1"), &c, &e), &e);
	kit_ok(shelf_new(c, rules, keys, str_of(public_url), seed, &s, &e), &e);
	catalog_unref(c);
	part_unref(parts[0]);
	part_unref(parts[1]);
	return s;
}

static inline struct link_keys *kit_keys(void)
{
	struct link_keys *k = NULL;
	struct err e = {0};
	kit_ok(link_keys_parse(link_test_secret(), &k, &e), &e);
	return k;
}

#endif
