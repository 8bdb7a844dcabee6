/* flow: a card lists the shops of one item, cheapest first; inline, an item is linked once whatever shop sells it. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DAY_MS 86400000LL
#define NOW_MS (20000 * DAY_MS)

struct offer {
	const char *shop, *id, *title, *gtin, *brand, *mpn;
	int64_t minor;
	const char *currency;
	enum availability availability;
	int64_t updated_ms;
};

static struct catalog_part *shop_part(const char *shop, const struct offer *all, size_t n)
{
	struct arena *a = arena_new(1u << 20);
	struct merchant m;
	struct err e = {0};
	struct catalog_part *part = NULL;
	char json[200];
	snprintf(json, sizeof json, "{\"name\":\"Shop %s\",\"hosts\":[\"%s.example\"],\"network\":\"plain\",\"currency\":\"USD\"}", shop, shop);
	kit_ok(merchant_parse_json(str_of(shop), str_of(json), a, &m, &e), &e);
	struct part_builder *b = part_builder_new(&m, 1u << 20);
	for (size_t i = 0; i < n; i++) {
		char url[128];
		if (strcmp(all[i].shop, shop) != 0)
			continue;
		snprintf(url, sizeof url, "https://%s.example/p/%s", shop, all[i].id);
		struct product p = {.id = str_of(all[i].id), .title = str_of(all[i].title), .url = str_of(url), .brand = str_of(all[i].brand), .gtin = str_of(all[i].gtin),
			.mpn = str_of(all[i].mpn), .category = STR("Home & Garden > Kitchen > Coffee Makers"), .price = {.minor = all[i].minor}, .availability = all[i].availability,
			.updated_ms = all[i].updated_ms};
		memcpy(p.price.currency, all[i].currency, 4);
		kit_ok(part_builder_add(b, &p, false, &e), &e);
	}
	kit_ok(part_builder_finish(b, STR("gen-1"), &part, &e), &e);
	arena_free(a);
	return part;
}

/* The answer with what was inserted, for the caller to free. */
static char *answer_of(const struct offer *all, size_t n, const char *answer, enum form form)
{
	static const char *const shops[] = {"ash", "birch", "cedar", "dogwood"};
	struct catalog_part *parts[ARRAY_LEN(shops)];
	struct link_keys *keys = kit_keys();
	struct flow_rules *rules = kit_rules();
	struct catalog *c = NULL;
	struct shelf *s = NULL;
	struct err e = {0};
	for (size_t i = 0; i < ARRAY_LEN(shops); i++)
		parts[i] = shop_part(shops[i], all, n);
	kit_ok(catalog_new(parts, ARRAY_LEN(parts), STR("gen-1"), &c, &e), &e);
	kit_ok(shelf_new(c, rules, keys, STR_NONE, 1, &s, &e), &e);
	struct insert_request r;
	insert_request_init(&r);
	r.answer = str_of(answer);
	r.has_answer = true;
	r.question = STR("Which moka pot should I buy for a small kitchen?");
	r.form = form;
	r.now_ms = NOW_MS;
	struct buf out;
	buf_init(&out, 1u << 20);
	struct insert *in = NULL;
	insert_whole(s, &r, &in, &out);
	buf_putc(&out, '\0');
	char *text = strdup(out.p);
	insert_free(in);
	buf_done(&out);
	shelf_unref(s);
	catalog_unref(c);
	for (size_t i = 0; i < ARRAY_LEN(shops); i++)
		part_unref(parts[i]);
	flow_rules_unref(rules);
	link_keys_free(keys);
	return text;
}

#define MOKA "Bialetti Moka Express Moka Pot 6 Cups"
#define ANSWER "For a small kitchen I would buy the Bialetti Moka Express moka pot."

static void a_card_lists_three_shops_by_price(void **state)
{
	(void)state;
	static const struct offer all[] = {
		{"ash", "a1", MOKA, "08006363018432", "Bialetti", "", 3999, "USD", AVAIL_IN_STOCK, 0},
		{"ash", "a2", MOKA " Silver", "8006363018432", "Bialetti", "", 3899, "USD", AVAIL_IN_STOCK, 0},
		{"birch", "b1", MOKA, "8006363018432", "", "", 3100, "USD", AVAIL_OUT_OF_STOCK, 0},
		{"cedar", "c1", MOKA, "8006363018432", "Bialetti", "", 3499, "USD", AVAIL_IN_STOCK, 0},
		{"dogwood", "d1", MOKA, "8006363018432", "Bialetti", "", 3700, "USD", AVAIL_IN_STOCK, 0},
	};
	char *text = answer_of(all, ARRAY_LEN(all), ANSWER, FORM_CARDS);
	assert_non_null(strstr(text, "](https://cedar.example/p/c1) - Shop cedar, USD 34.99, [Shop dogwood](https://dogwood.example/p/d1), USD 37.00, "
				     "[Shop ash](https://ash.example/p/a2), USD 38.99\n"));
	assert_null(strstr(text, "/a1"));
	assert_null(strstr(text, "birch"));
	free(text);
}

static void brand_and_mpn_make_an_item_too(void **state)
{
	(void)state;
	static const struct offer all[] = {
		{"ash", "a1", MOKA, "", "Bialetti", "000-1163", 3999, "USD", AVAIL_IN_STOCK, 0},
		{"birch", "b1", MOKA, "", "BIALETTI", "0001163", 3100, "USD", AVAIL_IN_STOCK, 0},
		{"cedar", "c1", MOKA, "", "Bialetti", "0001164", 2000, "USD", AVAIL_IN_STOCK, 0},
		{"dogwood", "d1", MOKA, "", "", "0001163", 1000, "USD", AVAIL_IN_STOCK, 0},
	};
	char *text = answer_of(all, 2, ANSWER, FORM_CARDS);
	assert_non_null(strstr(text, "](https://birch.example/p/b1) - Shop birch, USD 31.00, [Shop ash](https://ash.example/p/a1), USD 39.99\n"));
	free(text);
	text = answer_of(all, ARRAY_LEN(all), ANSWER, FORM_CARDS);
	assert_true((strstr(text, "/a1") != NULL) == (strstr(text, "/b1") != NULL));
	assert_true((strstr(text, "/a1") != NULL) + (strstr(text, "/c1") != NULL) + (strstr(text, "/d1") != NULL) == 1);
	free(text);
}

static void references_name_an_item_once(void **state)
{
	(void)state;
	static const struct offer all[] = {
		{"ash", "a1", MOKA, "8006363018432", "Bialetti", "", 3999, "USD", AVAIL_IN_STOCK, 0},
		{"cedar", "c1", MOKA, "8006363018432", "Bialetti", "", 3499, "USD", AVAIL_IN_STOCK, 0},
	};
	char *text = answer_of(all, ARRAY_LEN(all), ANSWER, FORM_REFERENCES);
	assert_true((strstr(text, "ash.example") != NULL) + (strstr(text, "cedar.example") != NULL) == 1);
	free(text);
}

static void an_item_is_linked_once_inline(void **state)
{
	(void)state;
	static const char twice[] = "For a small kitchen I would buy the Bialetti Moka Express.\n\nAnother word on it: the Bialetti Moka Pot is a good buy.";
	struct offer all[] = {
		{"ash", "a1", "Bialetti Moka Express", "8006363018432", "Bialetti", "", 3999, "USD", AVAIL_IN_STOCK, 0},
		{"cedar", "c1", "Bialetti Moka Pot", "8006363018432", "Bialetti", "", 3499, "USD", AVAIL_IN_STOCK, 0},
	};
	char *text = answer_of(all, ARRAY_LEN(all), twice, FORM_INLINE);
	assert_non_null(strstr(text, "ash.example"));
	assert_null(strstr(text, "cedar.example"));
	free(text);
	all[1].gtin = "8006363018449"; /* another item: both */
	text = answer_of(all, ARRAY_LEN(all), twice, FORM_INLINE);
	assert_non_null(strstr(text, "ash.example"));
	assert_non_null(strstr(text, "cedar.example"));
	free(text);
}

static void an_old_price_is_not_shown(void **state)
{
	(void)state;
	static const struct offer all[] = {
		{"ash", "a1", MOKA, "8006363018432", "Bialetti", "", 3999, "USD", AVAIL_IN_STOCK, NOW_MS - 8 * DAY_MS},
		{"cedar", "c1", MOKA, "8006363018432", "Bialetti", "", 4499, "USD", AVAIL_IN_STOCK, NOW_MS - 6 * DAY_MS},
	};
	char *text = answer_of(all, ARRAY_LEN(all), ANSWER, FORM_CARDS);
	assert_non_null(strstr(text, "](https://ash.example/p/a1) - Shop ash, [Shop cedar](https://cedar.example/p/c1), USD 44.99\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_card_lists_three_shops_by_price),
		cmocka_unit_test(brand_and_mpn_make_an_item_too),
		cmocka_unit_test(references_name_an_item_once),
		cmocka_unit_test(an_item_is_linked_once_inline),
		cmocka_unit_test(an_old_price_is_not_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
