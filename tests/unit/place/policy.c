/* The operator's block-lists: what they stop, and what they do not. */
#include "place/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct place_policy *policy_of(const char *placement)
{
	static const char disclosure[] = "locales:\n  - {tag: en, label: ' (Ad)', place: after, title: 'Ad: ', notice: n, cards: c, references: r}\n";
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_keywords), cmocka_unit_test(test_categories)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
