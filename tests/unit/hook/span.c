/* JSON read where it lies: what is taken, what is refused, what strings say. */
#include "hook/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_documents(void **state)
{
	static const char *const fine[] = {"{}", " [1, 2] ", "\"x\"", "true", "-1.5e3", "{\"a\":{\"b\":[\"]\"]}}", "\"\\\"\""};
	static const char *const wrong[] = {"", " ", "{", "}", "{]", "[}", "{} x", "\"x", "\"\\", "nul", "{\"a\":\"b}", "[[[]]"};
	struct str v;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		assert_true(span_document(str_of(fine[i]), &v));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(span_document(str_of(wrong[i]), &v));
}

static void test_depth(void **state)
{
	char deep[2 * SPAN_DEPTH + 4];
	struct str v;
	(void)state;
	for (size_t n = SPAN_DEPTH; n <= SPAN_DEPTH + 1; n++) {
		memset(deep, '[', n);
		memset(deep + n, ']', n);
		assert_int_equal(span_document((struct str){deep, 2 * n}, &v), n == SPAN_DEPTH);
	}
}

static void test_walks(void **state)
{
	struct span_walk w;
	struct str key, value;
	(void)state;
	span_enter(&w, STR("{ \"a\" : 1 , \"b\":[ 2 ] }"));
	assert_true(span_member(&w, &key, &value) && str_eq(key, STR("\"a\"")) && str_eq(value, STR("1")));
	assert_true(span_member(&w, &key, &value) && str_eq(key, STR("\"b\"")) && str_eq(value, STR("[ 2 ]")));
	assert_false(span_member(&w, &key, &value) || w.bad);
	static const char *const wrong[] = {"{\"a\" 1}", "{\"a\":1 \"b\":2}", "{a:1}", "{\"a\":}", "{,}", "7", "[1 2]", "[,]"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		span_enter(&w, str_of(wrong[i]));
		while (span_is(str_of(wrong[i]), '[') ? span_item(&w, &value) : span_member(&w, &key, &value))
			;
		assert_true(w.bad);
	}
}

static void says(const char *json, const char *want)
{
	struct buf b;
	buf_init(&b, 1000);
	bool fine = span_text(str_of(json), NULL, &b);
	assert_int_equal(fine, want != NULL);
	assert_true(str_eq(buf_str(&b), str_of(want)));
	buf_done(&b);
}

static void test_strings(void **state)
{
	(void)state;
	says("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "a\"\\/\b\f\n\r\t\xC3\xA9");
	says("\"\\ud83c\\udfa7\"", "\xF0\x9F\x8E\xA7");
	static const char *const wrong[] = {"7", "\"", "\"\\ud83c\"", "\"\\udfa7\"", "\"\\ud83cx\"", "\"\\u00g0\"", "\"\\u0000\"", "\"\\x\"", "\"\x01\"", "\"\xff\"",
		"\"\\u12\""};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		says(wrong[i], NULL);
}

static void test_halves_of_two_strings(void **state)
{
	struct buf b;
	uint32_t high = 0;
	(void)state;
	buf_init(&b, 1000);
	assert_true(span_text(STR("\"a\\ud83c\""), &high, &b) && high == 0xD83C);
	assert_true(span_text(STR("\"\""), &high, &b) && high == 0xD83C);
	assert_false(span_text(STR("\"b\""), &high, &b));
	assert_true(high == 0xD83C && b.n == 1);
	assert_true(span_text(STR("\"\\udfa7b\""), &high, &b) && high == 0);
	assert_true(str_eq(buf_str(&b), STR("a\xF0\x9F\x8E\xA7" "b")));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_halves_of_two_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
