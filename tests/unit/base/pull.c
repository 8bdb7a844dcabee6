/* pull: takes what RFC 8259 allows and nothing else; agrees with jansson on whatever is made of it. */
#include "pull_oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const good[] = {
	"{}", " [ ] ", "[1,-0,0.5,1e9,1E-9,12345678901234567890]", "{\"a\":{\"b\":[true,false,null]},\"c\":\"\\u00e9\\n\\\\\\\"\\/\"}",
	"[\"\\ud83d\\ude00\",\"\xf0\x9f\x98\x80\",\"\xe4\xb8\xad\"]", "\t{\"\":\"\"}\r\n", "[[[[[]]]]]", "{\"a\" : 1 , \"b\":[ 2 , 3 ]}", "[\"a]b}c,d:e\",{\"}\":\"]\"}]"};

static const char *const bad[] = {
	"", " ", "1", "\"a\"", "null", "{", "[", "[1", "[1,]", "[,1]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:2}", "[1 2]", "[01]", "[-]", "[1.]", "[.5]", "[1e]", "[+1]",
	"[0x1]", "[tru]", "[True]", "[nul]", "[NaN]", "[\"]", "[\"\\x\"]", "[\"\\u12\"]", "[\"\\u0000\"]", "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800\\u0041\"]", "[\"\x01\"]",
	"[\"\xff\"]", "[\"\xc0\xaf\"]", "[\"\xed\xa0\x80\"]", "[\"\xe4\xb8\"]", "[]]", "{}{}", "[] x", "[1}", "{\"a\":1]", "['a']", "[/**/]", "\xef\xbb\xbf[]"};

static void what_it_takes(void **state)
{
	struct pull v;
	struct err e;
	struct arena *a = arena_new(1u << 20);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (pull_check(str_of(good[i]), &v, &e) != OK || !pull_agrees(str_of(good[i]), a))
			fail_msg("refused: %s: %s", good[i], e.text);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		v.text = STR("untouched");
		if (pull_check(str_of(bad[i]), &v, &e) == OK || !str_eq(v.text, STR("untouched")))
			fail_msg("taken: %s", bad[i]);
		assert_true(pull_agrees(str_of(bad[i]), a));
	}
	arena_free(a);
}

/* Documents with a few bytes put in, taken out or changed. */
static void it_agrees_with_jansson(void **state)
{
	static const char bytes[] = "{}[]\",:\\ \n0123456789eE+-.truefalsenull\x01\x7f\x80\xc3\xe4\xf0";
	uint64_t seed = 1;
	struct arena *a = arena_new(1u << 20);
	(void)state;
	for (int round = 0; round < 200000; round++) {
		char text[256];
		const char *from = good[(size_t)round % ARRAY_LEN(good)];
		size_t n = strlen(from);
		memcpy(text, from, n);
		for (int k = 0; k < 1 + round % 3; k++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			size_t at = n ? (size_t)(seed >> 33) % n : 0;
			char c = bytes[(size_t)(seed >> 20) % (sizeof bytes - 1)];
			switch (seed >> 61) {
			case 0:
			case 1:
				memmove(text + at + 1, text + at, n - at);
				text[at] = c;
				n++;
				break;
			case 2:
				n -= n > 0;
				memmove(text + at, text + at + 1, n - at);
				break;
			default:
				text[at] = c;
			}
		}
		arena_reset(a);
		if (!pull_agrees((struct str){text, n}, a))
			fail_msg("round %d: %.*s", round, (int)n, text);
	}
	arena_free(a);
}

static void depth_is_bounded(void **state)
{
	static char deep[3 * PULL_MAX_DEPTH];
	struct pull v;
	(void)state;
	memset(deep, '[', PULL_MAX_DEPTH + 1);
	memset(deep + PULL_MAX_DEPTH, ']', PULL_MAX_DEPTH);
	assert_int_equal(pull_check((struct str){deep, 2 * PULL_MAX_DEPTH}, &v, NULL), OK);
	memset(deep, '[', PULL_MAX_DEPTH + 1);
	memset(deep + PULL_MAX_DEPTH + 1, ']', PULL_MAX_DEPTH - 1);
	assert_int_equal(pull_check((struct str){deep, 2 * PULL_MAX_DEPTH}, &v, NULL), E_INPUT);
	memset(deep, '[', sizeof deep); /* and never closed */
	assert_int_equal(pull_check((struct str){deep, sizeof deep}, &v, NULL), E_INPUT);
}

static void values_are_slices(void **state)
{
	static const char text[] = "{\"plain\":\"abc\",\"escaped\":\"a\\u0062c\",\"n\":-12,\"d\":1.5,\"b\\u0069g\":99999999999999999999}";
	struct arena *a = arena_new(1024);
	struct pull root, v;
	struct str key;
	int64_t n = 0;
	size_t at = 0;
	(void)state;
	assert_int_equal(pull_check(STR(text), &root, NULL), OK);
	assert_true(pull_next(root, &at, &key, &v) && pull_key_is(key, STR("plain")) && pull_kind(v) == PULL_STRING);
	assert_ptr_equal(pull_text(v, a).p, text + 10);
	assert_int_equal(arena_used(a), 0);
	assert_true(pull_next(root, &at, &key, &v) && str_eq(pull_text(v, a), STR("abc")));
	assert_true(pull_next(root, &at, &key, &v) && pull_int(v, &n) && n == -12);
	assert_true(pull_next(root, &at, &key, &v) && !pull_int(v, &n) && cmp_double(pull_double(v), 1.5) == 0);
	assert_true(pull_next(root, &at, &key, &v) && pull_key_is(key, STR("big")) && !pull_key_is(key, STR("bi")) && !pull_int(v, &n));
	assert_false(pull_next(root, &at, &key, &v));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_takes),
		cmocka_unit_test(it_agrees_with_jansson),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(values_are_slices),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
