/* Slices, UTF-8, money, times: values in, values out. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void test_slices(void **state)
{
	(void)state;
	struct str rest = STR("a,b,,c");
	assert_true(str_eq(str_cut(&rest, ','), STR("a")));
	assert_true(str_eq(str_cut(&rest, ','), STR("b")));
	assert_true(str_eq(str_cut(&rest, ','), STR("")));
	assert_true(str_eq(str_cut(&rest, ','), STR("c")));
	assert_int_equal(rest.n, 0);
	assert_true(str_eq(str_trim(STR(" \t x y \r\n")), STR("x y")));
	assert_true(str_eq(str_sub(STR("abc"), 1, 99), STR("bc")));
	assert_int_equal(str_sub(STR("abc"), 9, 2).n, 0);
	assert_true(str_cmp(STR("a"), STR("b")) < 0 && str_cmp(STR("ab"), STR("a")) > 0 && str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_find(STR("aXbX"), STR("X"), 2), 3);
	assert_int_equal(str_find(STR_NONE, STR("X"), 0), 0);
	assert_true(str_eq_nocase(STR("AbC"), STR("aBc")) && !str_eq_nocase(STR("ab"), STR("abc")));
}

static void test_whole_numbers(void **state)
{
	(void)state;
	int64_t v = 7;
	assert_true(str_int(STR("-9223372036854775808"), &v) && v == INT64_MIN);
	assert_true(str_int(STR("9223372036854775807"), &v) && v == INT64_MAX);
	static const char *const wrong[] = {"", "-", "9223372036854775808", "-9223372036854775809", "1x", " 1", "+1", "0x1"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(str_int(str_of(wrong[i]), &v));
}

/* Every code point comes back; what RFC 3629 forbids is refused. */
static void test_utf8(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
		char p[4];
		uint32_t back;
		int n = utf8_put(p, cp);
		assert_true((n == 0) == (cp >= 0xD800 && cp <= 0xDFFF));
		if (n) {
			assert_int_equal(utf8_next((struct str){p, (size_t)n}, &back), n);
			assert_int_equal(back, cp);
			assert_int_equal(utf8_next((struct str){p, (size_t)n - 1}, &back), n == 1 ? 0 : -1);
			assert_int_equal(utf8_whole((struct str){p, (size_t)n}), n);
			assert_int_equal(utf8_whole((struct str){p, (size_t)n - 1}), 0);
		}
	}
	static const char *const wrong[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe9"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(utf8_valid(str_of(wrong[i])));
	assert_true(utf8_valid(STR("面膜 é 😀")));
}

static void check_money(const char *text, bool ok, int64_t minor, const char *currency)
{
	struct money m = {.minor = -99};
	struct err e;
	assert_int_equal(money_parse_text(str_of(text), &m, &e) == OK, ok);
	assert_int_equal(m.minor, ok ? minor : -99);
	if (ok)
		assert_string_equal(m.currency, currency);
}

static void test_money(void **state)
{
	(void)state;
	check_money("15.00 USD", true, 1500, "USD");
	check_money("usd 15", true, 1500, "USD");
	check_money("1500 JPY", true, 1500, "JPY");
	check_money("1.234 KWD", true, 1234, "KWD");
	check_money("-1.5 EUR", true, -150, "EUR");
	static const char *const wrong[] = {"", "15.00", "15.001 USD", "1,500.00 USD", "1e3 USD", ". USD", "1. USD", "- USD", "--1 USD", "NaN USD", "12 XXX", "12 USDX",
		"99999999999999999999 USD", "0x10 USD"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		check_money(wrong[i], false, 0, "");
	char text[32];
	assert_int_equal(money_decimal((struct money){-5, "USD"}, text), 5);
	assert_string_equal(text, "-0.05");
	money_decimal((struct money){INT64_MIN, "KWD"}, text);
	assert_string_equal(text, "-9223372036854775.808");
	money_decimal((struct money){1500, "JPY"}, text);
	assert_string_equal(text, "1500");
}

/* Half to even, sign-symmetric, 128-bit inside. */
static void test_rates(void **state)
{
	(void)state;
	assert_int_equal(money_ppm(999, 50000), 50);
	assert_int_equal(money_ppm(250, 10000), 2);
	assert_int_equal(money_ppm(350, 10000), 4);
	assert_int_equal(money_ppm(-250, 10000), -2);
	assert_int_equal(money_ppm(INT64_MAX, 1000000), INT64_MAX);
	assert_int_equal(money_ppm(0, 1), 0);
}

static void test_times(void **state)
{
	(void)state;
	int64_t ms;
	struct err e;
	char text[32];
	assert_int_equal(time_parse(STR("2026-11-21T18:00:00+08:00"), &ms, &e), OK);
	time_format(ms, text);
	assert_string_equal(text, "2026-11-21T10:00:00.000Z");
	assert_int_equal(time_parse(STR("2024-02-29"), &ms, &e), OK);
	time_format(ms, text);
	assert_string_equal(text, "2024-02-29T00:00:00.000Z");
	static const char *const wrong[] = {"", "2026", "2026-13-01", "2026-02-29", "2026-11-21T25:00:00Z", "2026-11-21T18:00:00", "2026-11-21T18:00:00Zx", "2026-11-21T18:00:00.Z",
		"20261121", "-026-11-21"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(time_parse(str_of(wrong[i]), &ms, &e), E_INPUT);
	for (int64_t t = -2208988800000; t < 4102444800000; t += 86399999 * 37LL) { /* 1900 to 2100 */
		int64_t back;
		time_format(t, text);
		assert_int_equal(time_parse(str_of(text), &back, &e), OK);
		assert_int_equal(back, t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_slices), cmocka_unit_test(test_whole_numbers), cmocka_unit_test(test_utf8), cmocka_unit_test(test_money),
		cmocka_unit_test(test_rates), cmocka_unit_test(test_times)};
	return cmocka_run_group_tests_name("base/values", tests, NULL, NULL);
}
