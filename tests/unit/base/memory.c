/* Buffers, arenas, maps, documents, files: what holds memory, and what it says when there is none. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void test_buffer_fails_once_and_for_all(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 10);
	buf_put(&b, STR("12345"));
	buf_printf(&b, "%d", 67890);
	assert_string_equal(b.p, "1234567890");
	buf_putc(&b, 'x');
	assert_true(b.failed);
	buf_put(&b, STR("y"));
	assert_int_equal(b.n, 10);
	assert_null(buf_steal(&b, NULL));
	buf_clear(&b);
	assert_string_equal(buf_steal(&b, NULL), "");
}

static void test_json_and_url(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1000);
	buf_put_json(&b, STR("a\"\\\n\x01面"));
	assert_string_equal(b.p, "\"a\\\"\\\\\\n\\u0001面\"");
	buf_clear(&b);
	buf_put_url(&b, STR("a b/ü~"));
	assert_string_equal(b.p, "a%20b%2F%C3%BC~");
	buf_drop(&b, 2);
	assert_string_equal(b.p, "20b%2F%C3%BC~");
	buf_done(&b);
}

static void test_arena(void **state)
{
	(void)state;
	struct arena *a = arena_new(100000);
	for (size_t i = 1; i < 200; i++) {
		char *p = ARENA_TAKE(a, char, i);
		uint64_t *q = ARENA_TAKE(a, uint64_t, 2);
		assert_int_equal((uintptr_t)q % 8, 0);
		assert_true(p[0] == 0 && p[i - 1] == 0 && q[1] == 0);
		memset(p, 1, i);
		memset(q, 1, 16);
	}
	assert_false(arena_failed(a));
	assert_null(arena_take_bytes(a, 200000, 1));
	assert_null(arena_take_bytes(a, 1, 1)); /* it stays failed */
	arena_reset(a);
	assert_non_null(arena_take_bytes(a, 1, 1));
	assert_null(ARENA_TAKE(a, uint64_t, SIZE_MAX / 4));
	arena_reset(a);
	arena_fail_after(a, 2);
	assert_non_null(arena_take_bytes(a, 1, 1));
	assert_non_null(arena_take_bytes(a, 1, 1));
	assert_null(arena_take_bytes(a, 1, 1));
	arena_free(a);
}

static void test_map(void **state)
{
	(void)state;
	enum { N = 5000 };
	static char key[N][8];
	struct map *m = map_new(4, 99);
	for (uint32_t i = 0; i < N; i++) {
		snprintf(key[i], sizeof key[i], "k%u", i);
		assert_int_equal(map_add(m, str_of(key[i]), i), i);
	}
	assert_int_equal(map_count(m), N);
	assert_int_equal(map_add(m, STR("k7"), 1), 7); /* the first stays */
	assert_true(map_set(m, str_of(key[7]), 70));
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(map_get(m, str_of(key[i])), i == 7 ? 70 : i);
	assert_int_equal(map_get(m, STR("absent")), MAP_NONE);
	assert_int_equal(map_get(m, STR("")), MAP_NONE);
	map_free(m);
}

static enum status read_doc(const char *yaml, struct arena *a, const struct doc **out, struct err *e)
{
	arena_reset(a);
	return doc_parse(str_of(yaml), a, out, e);
}

static void test_documents(void **state)
{
	(void)state;
	struct arena *a = arena_new(1u << 20);
	const struct doc *d;
	struct err e = {0};
	assert_int_equal(read_doc("a: 1\nb: [x, y]\nc:\n  d: yes\n  e: 0.5\n", a, &d, &e), OK);
	int64_t n;
	bool yes;
	double r;
	assert_true(doc_int(d, "a", 9, &n, &e) == OK && n == 1);
	assert_true(doc_int(d, "absent", 9, &n, &e) == OK && n == 9);
	assert_int_equal(doc_int(d, "b", 9, &n, &e), E_INPUT);
	assert_int_equal(doc_get(d, "b")->count, 2);
	assert_true(str_eq(doc_get(d, "b")->items[1].text, STR("y")));
	assert_true(doc_bool(doc_get(d, "c"), "d", false, &yes, &e) == OK && yes);
	assert_true(doc_real(doc_get(d, "c"), "e", 0, &r, &e) == OK && r == 0.5);
	static const char *const wrong[] = {"a: 1\na: 2\n", "a: &x 1\nb: *x\n", "a: [1", "? [a]\n: b\n", "a: 1\n--- \nb: 2\n", "\t a: 1"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(read_doc(wrong[i], a, &d, &e), E_INPUT);
	char deep[200];
	memset(deep, '[', 100);
	memset(deep + 100, ']', 99);
	deep[199] = '\0';
	assert_int_equal(read_doc(deep, a, &d, &e), E_INPUT);
	arena_free(a);
}

/* The n-th allocation fails, for every n: an error, never a crash, until it works. */
static void test_document_without_memory(void **state)
{
	(void)state;
	struct arena *a = arena_new(1u << 20);
	const struct doc *d;
	enum status s = E_NOMEM;
	size_t n = 0;
	for (; s != OK && n < 1000; n++) {
		arena_reset(a);
		arena_fail_after(a, n);
		s = doc_parse(STR("a: [1, 2, {b: c}]\nd: e\n"), a, &d, NULL);
	}
	assert_int_equal(s, OK);
	assert_true(n > 5);
	arena_free(a);
}

static void test_files(void **state)
{
	(void)state;
	char folder[] = "/tmp/inlay-base-XXXXXX", path[64];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/f", folder);
	struct err e;
	char *p;
	size_t n;
	assert_int_equal(file_read(path, 10, &p, &n, &e), E_MISSING);
	assert_int_equal(file_write(path, STR("hello"), 0600, &e), OK);
	assert_int_equal(file_write(path, STR("hello you"), 0600, &e), OK);
	assert_int_equal(file_read(path, 100, &p, &n, &e), OK);
	assert_true(n == 9 && strcmp(p, "hello you") == 0);
	free(p);
	assert_int_equal(file_read(path, 4, &p, &n, &e), E_INPUT);
	unlink(path);
	rmdir(folder);
}

static void test_metrics(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1u << 16);
	metric_add(METRIC_LINKS, 3);
	metric_observe_us(METRIC_INSERT_SECONDS, 70);
	metric_render(&b, true);
	assert_non_null(strstr(b.p, "# TYPE inlay_links counter\n"));
	assert_non_null(strstr(b.p, "inlay_links_total 3\n"));
	assert_non_null(strstr(b.p, "inlay_insert_seconds_bucket{le=\"0.0001\"} 1\n"));
	assert_non_null(strstr(b.p, "# EOF\n"));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_buffer_fails_once_and_for_all), cmocka_unit_test(test_json_and_url), cmocka_unit_test(test_arena),
		cmocka_unit_test(test_map), cmocka_unit_test(test_documents), cmocka_unit_test(test_document_without_memory), cmocka_unit_test(test_files), cmocka_unit_test(test_metrics)};
	return cmocka_run_group_tests_name("base/memory", tests, NULL, NULL);
}
