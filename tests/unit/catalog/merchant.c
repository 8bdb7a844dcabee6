/* Merchants from and to JSON, and what belongs to whom. */
#include "catalog/catalog.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static int make_arena(void **state)
{
	*state = arena_new(4 << 20);
	return *state ? 0 : -1;
}

static int drop_arena(void **state)
{
	arena_free(*state);
	return 0;
}

static struct merchant parsed(struct arena *a, const char *json)
{
	struct merchant m;
	struct err e = {0};

	if (merchant_parse_json(STR("tea"), str_of(json), a, &m, &e) != OK)
		fail_msg("%s: %s", e.where, e.text);
	return m;
}

static void the_least_is_a_host(void **state)
{
	struct merchant m = parsed(*state, "{\"hosts\":[\"Shop.Example\"],\"unknown\":[1]}");

	assert_true(str_eq(m.name, STR("tea")));
	assert_true(str_eq(m.hosts[0], STR("shop.example")));
	assert_int_equal(m.network, NET_PLAIN);
	assert_int_equal(m.click_mode, CLICK_REDIRECT);
	assert_false(m.paused || m.retired);
}

static void wrong_fields_are_named(void **state)
{
	static const struct {
		const char *json, *pointer;
	} CASES[] = {
		{"[]", ""},
		{"{", ""},
		{"{\"name\":\"a\",\"name\":\"b\"}", ""},
		{"{\"name\":7}", "/name"},
		{"{\"name\":\" \"}", "/name"},
		{"{\"name\":\"a\\u0007\"}", "/name"},
		{"{\"hosts\":\"shop.example\"}", "/hosts"},
		{"{\"deal\":\"split\"}", "/deal/kind"},
		{"{\"deal\":{\"kind\":\"gift\"}}", "/deal/kind"},
		{"{\"deal\":{\"kind\":\"split\"}}", "/deal/share_ppm"},
		{"{\"deal\":{\"kind\":\"split\",\"share_ppm\":1000001}}", "/deal/share_ppm"},
		{"{\"deal\":{\"kind\":\"swap\",\"share_ppm\":5}}", "/deal/share_ppm"},
		{"{\"deal\":{\"kind\":\"swap\",\"partner\":\"\"}}", "/deal/partner"},
		{"{\"window_days\":-1}", "/window_days"},
		{"{\"void_orders\":\"TEST\"}", "/void_orders"},
		{"{\"void_orders\":[\"\"]}", "/void_orders/0"},
		{"{\"hosts\":[\"com\"]}", "/hosts/0"},
		{"{\"hosts\":[\"a.example\",\"https://a.example\"]}", "/hosts/1"},
		{"{\"hosts\":[\"a..example\"]}", "/hosts/0"},
		{"{\"hosts\":[\"-a.example\"]}", "/hosts/0"},
		{"{\"hosts\":[\"a.example.\"]}", "/hosts/0"},
		{"{\"hosts\":[7]}", "/hosts/0"},
		{"{\"hosts\":[\"a.example\"],\"network\":\"foo\"}", "/network"},
		{"{\"hosts\":[\"a.example\"],\"network\":\"awin\",\"network_ids\":{\"merchant_id\":\"1\"}}", "/network_ids/affiliate_id"},
		{"{\"hosts\":[\"a.example\"],\"network\":\"impact\",\"network_ids\":{\"base_url\":\"ftp://x.example\"}}", "/network_ids/base_url"},
		{"{\"hosts\":[\"a.example\"],\"network_ids\":{\"params\":{\"a\":[]}}}", "/network_ids/params/a"},
		{"{\"hosts\":[\"a.example\"],\"network\":\"amazon\",\"network_ids\":{\"tag\":\"t-20\",\"permission\":\"yes\"}}", "/network_ids/permission"},
		{"{\"hosts\":[\"a.example\"],\"network\":\"amazon\",\"network_ids\":{\"tag\":\"t-20\"},\"click_mode\":\"redirect\"}", "/click_mode"},
		{"{\"network\":\"cj\",\"network_ids\":{\"publisher_id\":\"1\"}}", "/hosts"},
		{"{\"fallback_url\":\"https://a.example/\"}", "/hosts"},
		{"{\"hosts\":[\"a.example\"],\"fallback_url\":\"https://b.example/\"}", "/fallback_url"},
		{"{\"hosts\":[\"a.example\"],\"fallback_url\":\"javascript:alert(1)\"}", "/fallback_url"},
		{"{\"hosts\":[\"a.example\"],\"currency\":\"XQQ\"}", "/currency"},
		{"{\"hosts\":[\"a.example\"],\"commission\":{}}", "/commission"},
		{"{\"hosts\":[\"a.example\"],\"commission\":[{\"rate_ppm\":1},{\"rate_ppm\":1000001}]}", "/commission/1/rate_ppm"},
		{"{\"hosts\":[\"a.example\"],\"commission\":[{\"category\":\"x\"}]}", "/commission/0"},
		{"{\"hosts\":[\"a.example\"],\"currency\":\"USD\",\"commission\":[{\"flat\":{\"amount\":1,\"currency\":\"EUR\"}}]}", "/commission/0/flat"},
		{"{\"hosts\":[\"a.example\"],\"feed\":{\"every\":\"often\"}}", "/feed/every"},
		{"{\"hosts\":[\"a.example\"],\"feed\":{\"url\":\"file:///etc/passwd\"}}", "/feed/url"},
		{"{\"hosts\":[\"a.example\"],\"status\":\"asleep\"}", "/status"},
		{"{\"hosts\":[\"a.example\"],\"postback_secret\":1}", "/postback_secret"},
	};

	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct merchant m = {.name = STR("untouched")};
		struct err e = {0};
		if (merchant_parse_json(STR("tea"), str_of(CASES[i].json), *state, &m, &e) != E_INPUT)
			fail_msg("taken: %s", CASES[i].json);
		assert_string_equal(e.where, CASES[i].pointer);
		assert_true(e.text[0] != '\0');
		assert_true(str_eq(m.name, STR("untouched")));
	}
}

static void ids_are_plain(void **state)
{
	static const char *const WRONG[] = {"", "Tea", "-tea", "tea/", "té", "a b", "tea\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct merchant m;

	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++)
		assert_int_equal(merchant_parse_json(str_of(WRONG[i]), STR("{}"), *state, &m, NULL), E_INPUT);
	assert_int_equal(merchant_parse_json(STR("0a-_"), STR("{}"), *state, &m, NULL), OK);
}

/* Written, read and written again: the same bytes. */
static void a_merchant_survives_writing(void **state)
{
	static const char *const JSON[] = {
		"{\"hosts\":[\"shop.example\",\"xn--fiqs8s.example\"],\"name\":\"茶 \\\"x\\\"\",\"network\":\"awin\",\"network_ids\":{\"merchant_id\":7,"
		"\"affiliate_id\":\"9\"},\"click_mode\":\"direct\",\"fallback_url\":\"https://www.shop.example/\",\"currency\":\"eur\","
		"\"postback_secret\":\"s3cret\",\"commission\":[{\"category\":\"A > B\",\"rate_ppm\":5,\"cap\":7},{\"product\":\"p\",\"flat\":"
		"{\"amount\":3,\"currency\":\"EUR\"}}],\"feed\":{\"url\":\"https://shop.example/f\",\"format\":\"google\",\"every\":\"6h\"},"
		"\"status\":\"paused\"}",
		"{\"hosts\":[\"shop.example\"],\"network_ids\":{\"params\":{\"ref\":\"x\",\"sub\":\"{click}\"}},\"status\":\"retired\"}",
		"{\"hosts\":[\"amazon.example\"],\"network\":\"amazon\",\"network_ids\":{\"tag\":\"t-20\",\"permission\":true},\"commission\":[{\"flat\":5}]}",
		"{\"hosts\":[\"a.example\"],\"network\":\"plain\",\"network_ids\":{\"permission\":true}}",
		"{\"hosts\":[\"a.example\"],\"deal\":{\"kind\":\"split\",\"share_ppm\":300000,\"partner\":\"p\"},\"window_days\":0,\"void_orders\":[\"TEST*\"]}",
		"{\"hosts\":[\"a.example\"],\"deal\":{\"kind\":\"swap\"},\"window_days\":7}",
	};

	for (size_t i = 0; i < ARRAY_LEN(JSON); i++) {
		struct merchant m = parsed(*state, JSON[i]), again;
		struct buf one, two;
		buf_init(&one, 1 << 20);
		buf_init(&two, 1 << 20);
		merchant_write_json(&m, true, &one);
		again = parsed(*state, one.p);
		merchant_write_json(&again, true, &two);
		assert_string_equal(one.p, two.p);
		buf_done(&one);
		buf_done(&two);
	}
}

static void the_secret_stays_inside(void **state)
{
	struct merchant m = parsed(*state, "{\"hosts\":[\"shop.example\"],\"postback_secret\":\"s3cret\",\"feed\":{\"every\":\"15m\"}}");
	struct buf out;

	buf_init(&out, 1 << 16);
	merchant_write_json(&m, false, &out);
	assert_null(strstr(out.p, "s3cret"));
	assert_int_equal(m.feed_every_s, 900);
	buf_done(&out);
}

static void hosts_cover_their_subdomains(void **state)
{
	struct merchant m = parsed(*state, "{\"hosts\":[\"shop.example\"]}");

	assert_true(merchant_has_host(&m, STR("shop.example")));
	assert_true(merchant_has_host(&m, STR("WWW.Shop.Example")));
	assert_false(merchant_has_host(&m, STR("evilshop.example")));
	assert_false(merchant_has_host(&m, STR("shop.example.evil.example")));
	assert_false(merchant_has_host(&m, STR("example")));
	assert_false(merchant_has_host(&m, STR_NONE));
}

static void urls_are_checked(void **state)
{
	static const char *const WRONG[] = {"", "shop.example", "//shop.example/", "ftp://shop.example/", "javascript:alert(1)", "https://",
		"https://a@shop.example/", "https://shop.example\\@evil.example/", "https://shop.example/a b", "https://shop.example/\x01",
		"https://shop.example/\n", "https://茶.example/", "https://shop.example:0/", "https://shop.example:99999/", "https://shop.example:x/",
		"https://shop/", "https://[::1]/", "https://shop.example/<x>", "https://shop.example/\xff"};
	static const char *const RIGHT[] = {"https://shop.example", "HTTP://shop.example:8080/x?y=1&z=%20#f", "https://shop.example/茶?x=(1)",
		"http://localhost:8080/", "https://shop.example?x=1", "https://127.0.0.1/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++)
		if (url_check(str_of(WRONG[i]), NULL, NULL) != E_INPUT)
			fail_msg("taken: %s", WRONG[i]);
	for (size_t i = 0; i < ARRAY_LEN(RIGHT); i++)
		if (url_check(str_of(RIGHT[i]), NULL, NULL) != OK)
			fail_msg("refused: %s", RIGHT[i]);
}

static void availability_has_many_spellings(void **state)
{
	static const struct {
		const char *written;
		enum availability means;
	} CASES[] = {
		{"in_stock", AVAIL_IN_STOCK},
		{"In Stock", AVAIL_IN_STOCK},
		{"https://schema.org/InStock", AVAIL_IN_STOCK},
		{"http://schema.org/OutOfStock", AVAIL_OUT_OF_STOCK},
		{"out of stock", AVAIL_OUT_OF_STOCK},
		{"pre_order", AVAIL_PREORDER},
		{"preorder", AVAIL_PREORDER},
		{"BackOrder", AVAIL_BACKORDER},
		{"unknown", AVAIL_UNKNOWN},
	};
	enum availability a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		assert_int_equal(availability_parse(str_of(CASES[i].written), &a), OK);
		assert_int_equal(a, CASES[i].means);
		assert_int_equal(availability_parse(availability_name(a), &a), OK);
		assert_int_equal(a, CASES[i].means);
	}
	assert_int_equal(availability_parse(STR("soon"), &a), E_INPUT);
	assert_int_equal(availability_parse(STR_NONE, &a), E_INPUT);
}

#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, make_arena, drop_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ARENA(the_least_is_a_host),
		WITH_ARENA(wrong_fields_are_named),
		WITH_ARENA(ids_are_plain),
		WITH_ARENA(a_merchant_survives_writing),
		WITH_ARENA(the_secret_stays_inside),
		WITH_ARENA(hosts_cover_their_subdomains),
		cmocka_unit_test(urls_are_checked),
		cmocka_unit_test(availability_has_many_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
