/* The operator's block-lists: what they stop, and what they do not. */
#include "place/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LOCALE(tag) "  - {tag: " tag ", label: ' (Ad)', place: after, title: 'Ad: ', notice: n, cards: c, references: r}\n"

static struct place_policy *policy_with(const char *placement, const char *disclosure)
{
	struct arena *a = arena_new(1u << 20);
	const struct doc *p = NULL, *d = NULL;
	struct place_policy *policy = NULL;
	struct err e = {0};
	assert_int_equal(doc_parse(str_of(placement), a, &p, &e), OK);
	assert_int_equal(doc_parse(str_of(disclosure), a, &d, &e), OK);
	assert_int_equal(place_policy_new(p, d, &policy, &e), OK);
	arena_free(a);
	return policy;
}

static struct place_policy *policy_of(const char *placement)
{
	return policy_with(placement, "locales:\n" LOCALE("en"));
}

static void test_keywords(void **state)
{
	(void)state;
	struct place_policy *p = policy_of("block:\n  keywords: [WH-900, gun, watch, ＴＥＡ set, café, 酒, 電子煙, iphone 手机壳, '']\n");
	static const char *const blocked[] = {"wh 900", "sonora wh 900", "sonora wh 900 headphones", "gun", "toy gun", "guns", "gun case", "watches", "tea set", "cafe table",
		"白酒", "酒杯", "电子烟油", "iphone手机壳", "便携gun"};
	static const char *const fine[] = {"wh 9000", "awh 900", "begun", "gunpowder tea", "gunmetal ring", "tea", "teas set", "caf", "watchman", "手机壳", "sonora", ""};
	for (size_t i = 0; i < ARRAY_LEN(blocked); i++)
		if (!place_blocks_phrase(p, str_of(blocked[i])))
			fail_msg("not blocked: %s", blocked[i]);
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		if (place_blocks_phrase(p, str_of(fine[i])))
			fail_msg("blocked: %s", fine[i]);
	place_policy_free(p);
}

static void test_categories(void **state)
{
	(void)state;
	struct place_policy *p = policy_of("block:\n  categories: [mature, Health & Beauty > medicine]\n  merchants: [evil]\n");
	static const char *const blocked[] = {"Mature", "Mature > X", "A > mature > B", "Health & Beauty > Medicine", "health & beauty > medicine > Drops"};
	static const char *const fine[] = {"Maturer", "A > Mature things", "Health & Beauty", "Health & Beauty > Medicines", "Medicine", ""};
	for (size_t i = 0; i < ARRAY_LEN(blocked); i++)
		assert_true(place_blocks_category(p, str_of(blocked[i])));
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		assert_false(place_blocks_category(p, str_of(fine[i])));
	assert_true(place_blocks_merchant(p, STR("evil")));
	assert_false(place_blocks_merchant(p, STR("evil2")));
	place_policy_free(p);
}

static void test_locales(void **state)
{
	(void)state;
	static const char *const want[][2] = {{"zh", "zh"}, {"zh-CN", "zh"}, {"zh_CN", "zh"}, {"zh-Hans-TW", "zh"}, {"zh-TW", "zh-hant"}, {"zh_TW", "zh-hant"}, {"ZH-hk", "zh-hant"},
		{"zh-Hant", "zh-hant"}, {"zh_Hant_HK", "zh-hant"}, {"zh-MO", "zh-hant"}, {"en_US", "en"}, {"en", "en"}, {"eng", "en"}, {"fr", "en"}, {"", "en"}, {"pt_BR", "pt-br"}, {"pt", "en"}};
	struct place_policy *p = policy_with("max_links: 3\n", "locales:\n" LOCALE("en") LOCALE("zh") LOCALE("zh-hant") LOCALE("pt-br"));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct place_locale *l = place_locale(p, str_of(want[i][0]), 0, 1, false);
		if (!str_eq(l->tag, str_of(want[i][1])))
			fail_msg("%s is %.*s", want[i][0], STR_ARG(l->tag));
	}
	assert_true(str_eq(place_locale(p, STR(""), 9, 1, true)->tag, STR("zh-hant")));
	assert_true(str_eq(place_locale(p, STR("ja"), 9, 1, false)->tag, STR("zh")));
	place_policy_free(p);
	p = policy_with("max_links: 3\n", "locales:\n" LOCALE("zh") LOCALE("zh-tw"));
	assert_true(str_eq(place_locale(p, STR("zh-TW"), 0, 1, false)->tag, STR("zh-tw"))); /* the operator's own entry */
	assert_true(str_eq(place_locale(p, STR("zh-HK"), 0, 1, false)->tag, STR("zh")));    /* nothing better is there */
	place_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_keywords), cmocka_unit_test(test_categories), cmocka_unit_test(test_locales)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
