/* Which product, and that nothing but content, freshness, price and the order of (merchant, id) decides. */
#include "match/shop.h"

#include <stdio.h>

static struct match_index *ix;

static int open_shop(void **state)
{
	(void)state;
	ix = SHOP_INDEX(shop_rows);
	return 0;
}

static int close_shop(void **state)
{
	(void)state;
	match_index_free(ix);
	return 0;
}

static void the_words_around_decide(void **state)
{
	(void)state;
	assert_true(str_eq(shop_best(ix, "面膜", "敏感肌适合用什么样的面膜"), STR("m2")));
	assert_true(str_eq(shop_best(ix, "面膜", "想要清洁的面膜"), STR("m3")));
	assert_true(str_eq(shop_best(ix, "headphones", "pink headphones for kids"), STR("h4")));
	assert_true(str_eq(shop_best(ix, "headphones", "blue ones from Sony"), STR("h3")));
}

static void a_model_or_nothing(void **state)
{
	(void)state;
	assert_true(str_eq(shop_best(ix, "iPhone 12", "Is the Sony WH-1000XM5 better, or an iPhone 13?"), STR("p1")));
	assert_true(str_eq(shop_best(ix, "iPhone 14", "the iPhone 14 is nice"), STR("")));
}

static void the_thing_not_its_accessory(void **state)
{
	(void)state;
	assert_true(str_eq(shop_best(ix, "phone case", "a clear phone case with a stand"), STR("c2")));
	uint32_t p = shop_phrase(ix, "手机");
	struct match_ranked out[8];
	size_t n = match_rank(ix, p, NULL, (struct match_filter){0}, out, ARRAY_LEN(out), NULL);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_true(str_eq(catalog_product(match_catalog(ix), out[i].product)->category, STR(PHONES)));
}

static void parts_of_a_score(void **state)
{
	(void)state;
	struct match_ranked out[4];
	struct arena *a = arena_new(1 << 20);
	struct match_context *c = match_context_new(ix, a);
	shop_say(c, "noise cancelling headphones for flights", 3);
	size_t n = match_rank(ix, shop_phrase(ix, "headphones"), c, (struct match_filter){0}, out, ARRAY_LEN(out), NULL);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		const double parts[] = {out[i].score, out[i].content, out[i].phrase, out[i].title, out[i].category};
		for (size_t k = 0; k < ARRAY_LEN(parts); k++)
			assert_true(parts[k] >= 0 && parts[k] <= 1);
		assert_true(i == 0 || out[i - 1].score >= out[i].score);
	}
	arena_free(a);
}

static bool no_sony(void *arg, const struct product *p)
{
	(*(size_t *)arg)++;
	return !str_eq(p->brand, STR("Sony"));
}

static void filters_refuse_and_count(void **state)
{
	(void)state;
	size_t asked = 0, refused = 0;
	struct match_ranked out[4];
	size_t n = match_rank(ix, shop_phrase(ix, "headphones"), NULL, (struct match_filter){no_sony, &asked}, out, 4, &refused);
	assert_int_equal(n, 2);
	assert_int_equal(refused, 2);
	assert_int_equal(asked, 4);
	n = match_rank(ix, shop_phrase(ix, "sony headphones"), NULL, (struct match_filter){no_sony, &asked}, out, 4, &refused);
	assert_int_equal(n, 0);
	assert_int_equal(match_rank(ix, shop_phrase(ix, "headphones"), NULL, (struct match_filter){0}, out, 0, NULL), 0);
}

static void needed_words_are_had(void **state)
{
	(void)state;
	struct arena *a = arena_new(1u << 20);
	struct match_ranked out[4];
	struct match_context *c = match_context_new(ix, a);
	match_context_need(c, STR_NONE, STR("sony"));
	size_t n = match_rank(ix, shop_phrase(ix, "headphones"), c, (struct match_filter){0}, out, ARRAY_LEN(out), NULL);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		assert_true(match_has(ix, out[i].product, STR_NONE, STR("sony")));
	match_context_need(c, STR_NONE, STR("nowhere"));
	assert_int_equal(match_rank(ix, shop_phrase(ix, "headphones"), c, (struct match_filter){0}, out, ARRAY_LEN(out), NULL), 0);
	arena_free(a);
}

static void ties_fall_by_freshness_price_and_order(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {"b", "1", "Camping Stove", "", CAMP, 500, 9, -1, NULL},
	        {"a", "2", "Camping Stove", "", CAMP, 900, 9, 90000, NULL},
	        {"a", "3", "Camping Stove", "", CAMP, 500, 9, -1, NULL},
	        {"a", "4", "Camping Stove", "", CAMP, 100, 3, 990000, NULL},
	        {"a", "5", "Camping Stove", "", CAMP, 0, 9, -1, NULL},
	};
	static const char *const want[] = {"3", "1", "2", "5", "4"};
	struct match_index *stoves = SHOP_INDEX(rows);
	struct match_ranked out[5];
	size_t n = match_rank(stoves, shop_phrase(stoves, "camping stove"), NULL, (struct match_filter){0}, out, 5, NULL);
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++)
		assert_true(str_eq(catalog_product(match_catalog(stoves), out[i].product)->id, str_of(want[i])));
	match_index_free(stoves);
}

static int cmp_said(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Everything an index says, as text; phrases in order of their words, for their numbers move with the seed. */
static void tell(const struct match_index *one, struct buf *out)
{
	char **said = calloc(match_phrase_count(one) + 1, sizeof(*said));
	assert_non_null(said);
	struct arena *a = arena_new(1 << 20);
	struct match_context *c = match_context_new(one, a);
	struct match_ranked best[30];
	shop_say(c, "sony noise cancelling headphones, a sleeping bag, 敏感肌面膜, 手机", 2);
	for (uint32_t p = 0; p < match_phrase_count(one); p++) {
		struct match_phrase ph = match_phrase(one, p);
		struct buf line;
		size_t line_n;
		buf_init(&line, 1 << 16);
		buf_printf(&line, "%.*s %d %.9f %.*s\n", STR_ARG(ph.text), (int)ph.kind, ph.telling, STR_ARG(ph.category));
		size_t n = match_rank(one, p, c, (struct match_filter){0}, best, ARRAY_LEN(best), NULL);
		for (size_t i = 0; i < n; i++)
			buf_printf(&line, "  %.*s %.9f\n", STR_ARG(catalog_product(match_catalog(one), best[i].product)->id), best[i].score);
		said[p] = buf_steal(&line, &line_n);
		assert_non_null(said[p]);
	}
	qsort(said, match_phrase_count(one), sizeof(*said), cmp_said);
	for (uint32_t p = 0; p < match_phrase_count(one); p++) {
		buf_put(out, str_of(said[p]));
		free(said[p]);
	}
	free(said);
	size_t n = match_search(one, c, (struct match_filter){0}, best, ARRAY_LEN(best));
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%.*s %.9f\n", STR_ARG(catalog_product(match_catalog(one), best[i].product)->id), best[i].score);
	arena_free(a);
}

static void nothing_else_decides(void **state)
{
	(void)state;
	struct row rows[ARRAY_LEN(shop_rows)];
	struct buf told[3];
	for (size_t k = 0; k < ARRAY_LEN(told); k++) {
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			rows[i] = shop_rows[i];
			rows[i].commission_ppm = k == 0 ? -1 : (int64_t)(hash_mix(i * 31 + k) % 1000000);
		}
		struct catalog *c = shop_open(rows, ARRAY_LEN(rows), k == 2);
		struct match_index *one = shop_index(c, k * 12345);
		buf_init(&told[k], 1 << 20);
		tell(one, &told[k]);
		match_index_free(one);
		catalog_unref(c);
	}
	assert_true(told[0].n > 500);
	assert_string_equal(told[0].p, told[1].p);
	assert_string_equal(told[0].p, told[2].p);
	for (size_t k = 0; k < ARRAY_LEN(told); k++)
		buf_done(&told[k]);
}

static void search_finds_by_content(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	struct match_context *c = match_context_new(ix, a);
	struct match_ranked out[3];
	assert_int_equal(match_search(ix, c, (struct match_filter){0}, out, 3), 0);
	shop_say(c, "zebra crossing", 2);
	assert_int_equal(match_search(ix, c, (struct match_filter){0}, out, 3), 0);
	shop_say(c, "舒缓敏感肌", 2);
	assert_true(match_search(ix, c, (struct match_filter){0}, out, 3) >= 1);
	assert_true(str_eq(catalog_product(match_catalog(ix), out[0].product)->id, STR("m2")));
	assert_int_equal(match_search(ix, NULL, (struct match_filter){0}, out, 3), 0);
	arena_free(a);
}

static void search_equals_a_full_sort(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	struct match_context *c = match_context_new(ix, a);
	struct match_ranked all[64], few[3];
	shop_say(c, "sony headphones sleeping bag phone 手机壳", 2);
	size_t n = match_search(ix, c, (struct match_filter){0}, all, ARRAY_LEN(all));
	assert_true(n > 8);
	for (size_t i = 1; i < n; i++)
		assert_true(all[i - 1].score >= all[i].score);
	assert_int_equal(match_search(ix, c, (struct match_filter){0}, few, ARRAY_LEN(few)), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(few[i].product, all[i].product);
	arena_free(a);
}

static void a_context_without_memory(void **state)
{
	(void)state;
	for (size_t fail = 0; fail < 6; fail++) {
		struct arena *a = arena_new(1 << 20);
		arena_fail_after(a, fail);
		struct match_context *c = match_context_new(ix, a);
		for (size_t i = 0; c != NULL && i < 50; i++)
			shop_say(c, "sony wh 1000xm5 bose qc45 kids headphone 透明手机壳 薏仁舒缓敏感肌面膜 绿豆清洁", 1);
		struct match_ranked out[2];
		assert_int_equal(match_rank(ix, shop_phrase(ix, "headphones"), c, (struct match_filter){0}, out, 2, NULL), 2);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_words_around_decide),
	        cmocka_unit_test(a_model_or_nothing),
	        cmocka_unit_test(the_thing_not_its_accessory),
	        cmocka_unit_test(parts_of_a_score),
	        cmocka_unit_test(filters_refuse_and_count),
	        cmocka_unit_test(needed_words_are_had),
	        cmocka_unit_test(ties_fall_by_freshness_price_and_order),
	        cmocka_unit_test(nothing_else_decides),
	        cmocka_unit_test(search_finds_by_content),
	        cmocka_unit_test(search_equals_a_full_sort),
	        cmocka_unit_test(a_context_without_memory),
	};
	return cmocka_run_group_tests(tests, open_shop, close_shop);
}
