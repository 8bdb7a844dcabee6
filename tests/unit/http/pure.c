/* The parts of the doors that need no socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/door.h"

static void assert_str(struct str got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	if (got.n)
		assert_memory_equal(got.p, want, got.n);
}

/* ---- parameters ------------------------------------------------------------------ */

static struct params parse(struct arena *a, const char *query)
{
	struct params p;
	assert_int_equal(params_parse(str_of(query), a, &p, NULL), OK);
	return p;
}

static void test_params(void **state)
{
	struct arena *a = arena_new(1 << 16);
	struct params p = parse(a, "q=%E9%9D%A2+x&empty=&bare&&q=second&%71%32=a%3Db&bad=%zz%4");

	(void)state;
	assert_str(params_get(&p, "q"), "面 x");
	assert_str(params_get(&p, "empty"), "");
	assert_non_null(params_get(&p, "empty").p);
	assert_str(params_get(&p, "bare"), "");
	assert_str(params_get(&p, "q2"), "a=b");
	assert_str(params_get(&p, "bad"), "%zz%4");
	assert_null(params_get(&p, "absent").p);
	assert_int_equal(p.n, 6);
	p = parse(a, "");
	assert_int_equal(p.n, 0);
	arena_free(a);
}

static void test_params_refused(void **state)
{
	struct arena *a = arena_new(1 << 16);
	struct params p = {0};
	struct err e = {0};
	char many[PARAMS_MAX * 4 + 8] = "";

	(void)state;
	assert_int_equal(params_parse(STR("a=%ff"), a, &p, &e), E_INPUT);
	for (int i = 0; i <= PARAMS_MAX; i++)
		strcat(many, "a=b&");
	assert_int_equal(params_parse(str_of(many), a, &p, &e), E_INPUT);
	assert_null(p.p);
	arena_free(a);
}

static void test_params_numbers_and_flags(void **state)
{
	struct arena *a = arena_new(1 << 16);
	struct params p = parse(a, "limit=7&big=99999999999999999999&zero=0&force&dry_run=1&off=0");
	struct err e = {0};
	int64_t v = -5;

	(void)state;
	assert_int_equal(params_int(&p, "limit", 3, 1, 10, &v, &e), OK);
	assert_int_equal(v, 7);
	assert_int_equal(params_int(&p, "absent", 3, 1, 10, &v, &e), OK);
	assert_int_equal(v, 3);
	assert_int_equal(params_int(&p, "big", 3, 1, INT64_MAX, &v, &e), E_INPUT);
	assert_int_equal(params_int(&p, "zero", 3, 1, 10, &v, &e), E_INPUT);
	assert_string_equal(e.where, "zero");
	assert_true(params_flag(&p, "force") && params_flag(&p, "dry_run") && !params_flag(&p, "off") && !params_flag(&p, "absent"));
	arena_free(a);
}

static void test_percent_nul_is_a_byte(void **state)
{
	struct arena *a = arena_new(1 << 12);
	struct str s = percent_decode(STR("a%00b+c"), false, a);

	(void)state;
	assert_int_equal(s.n, 5);
	assert_memory_equal(s.p, "a\0b+c", 5);
	arena_free(a);
}

/* ---- headers ----------------------------------------------------------------------- */

static void test_trace(void **state)
{
	char out[33];

	(void)state;
	trace_parse(STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), out);
	assert_string_equal(out, "4bf92f3577b34da6a3ce929d0e0e4736");
	trace_parse(STR("00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"), out);
	assert_string_equal(out, "");
	trace_parse(STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"), out);
	assert_string_equal(out, "");
	trace_parse(STR_NONE, out);
	assert_string_equal(out, "");
}

static void test_media_and_codings(void **state)
{
	enum coding c;

	(void)state;
	assert_str(media_type(STR(" application/json ; charset=utf-8")), "application/json");
	assert_str(media_type(STR_NONE), "");
	assert_true(coding_parse(STR("GZIP"), &c) && c == CODING_GZIP);
	assert_true(coding_parse(STR_NONE, &c) && c == CODING_NONE);
	assert_true(coding_parse(STR("zstd"), &c) && c == CODING_ZSTD);
	assert_false(coding_parse(STR("gzip, zstd"), &c));
}

/* ---- bodies ------------------------------------------------------------------------- */

static void test_a_body_moves_to_a_file_and_stays_whole(void **state)
{
	struct body b;
	struct str all;
	char piece[1000];

	(void)state;
	body_init(&b, 1 << 20, "/tmp");
	for (int i = 0; i < 600; i++) {
		memset(piece, 'a' + i % 26, sizeof piece);
		assert_int_equal(body_add(&b, (struct str){piece, sizeof piece}), OK);
	}
	assert_true(b.fd >= 0);
	assert_int_equal(body_bytes(&b, &all), OK);
	assert_int_equal(all.n, 600000);
	for (size_t i = 0; i < all.n; i += 999)
		assert_int_equal(all.p[i], 'a' + (int)(i / 1000) % 26);
	body_done(&b);
}

static void test_the_cap_of_a_body(void **state)
{
	struct body b;

	(void)state;
	body_init(&b, 10, NULL);
	assert_int_equal(body_add(&b, STR("0123456789")), OK);
	assert_int_equal(body_add(&b, STR("x")), E_NOMEM);
	assert_int_equal(b.n, 10);
	body_done(&b);
	body_init(&b, 1 << 20, "/nowhere/at/all");
	char *big = calloc(1, BODY_IN_MEMORY + 1);
	assert_int_equal(body_add(&b, (struct str){big, BODY_IN_MEMORY + 1}), E_IO);
	free(big);
	body_done(&b);
}

/* ---- streams --------------------------------------------------------------------------- */

static const char ONE[16] = "k_1", TWO[16] = "k_2";

static void test_a_stream_is_its_owners(void **state)
{
	struct streams s = {0};
	struct stream *t, *got = NULL;

	(void)state;
	streams_init(&s, 8);
	t = streams_open(&s, ONE, 0);
	assert_non_null(t);
	uint8_t id[16];
	memcpy(id, t->id, sizeof id);
	assert_int_equal(streams_take(&s, id, ONE, 1, &got), E_BUSY);
	streams_give_back(&s, t, false, 1);
	assert_int_equal(streams_take(&s, id, TWO, 1, &got), E_MISSING);
	assert_int_equal(streams_take(&s, id, ONE, 1, &got), OK);
	assert_ptr_equal(got, t);
	streams_give_back(&s, t, false, 1);
	id[5] ^= 1;
	assert_int_equal(streams_take(&s, id, ONE, 1, &got), E_MISSING);
	streams_done(&s);
}

static void test_a_stream_unheard_of_is_closed(void **state)
{
	struct streams s = {0};
	struct stream *t, *got = NULL;
	int64_t before = metric_value(METRIC_STREAMS_OPEN);

	(void)state;
	streams_init(&s, 8);
	t = streams_open(&s, ONE, 0);
	streams_give_back(&s, t, false, 0);
	assert_int_equal(streams_take(&s, t->id, ONE, STREAM_UNHEARD_US, &got), OK);
	streams_give_back(&s, t, false, STREAM_UNHEARD_US);
	uint8_t id[16];
	memcpy(id, t->id, sizeof id);
	assert_int_equal(streams_take(&s, id, ONE, STREAM_UNHEARD_US * 2 + 1, &got), E_MISSING);
	assert_int_equal(metric_value(METRIC_STREAMS_OPEN), before + 1);
	streams_expire(&s, STREAM_UNHEARD_US * 2 + 1);
	assert_int_equal(metric_value(METRIC_STREAMS_OPEN), before);
	streams_done(&s);
}

static void test_streams_are_bounded(void **state)
{
	struct streams s = {0};
	struct stream *t[4];

	(void)state;
	streams_init(&s, 3);
	for (int i = 0; i < 3; i++) {
		t[i] = streams_open(&s, ONE, 0);
		assert_non_null(t[i]);
		streams_give_back(&s, t[i], false, 0);
	}
	assert_null(streams_open(&s, ONE, 1));
	/* Ended ones do not count; of them no more are kept than may be open. */
	for (int i = 0; i < 50; i++) {
		struct stream *got = NULL;
		assert_int_equal(streams_take(&s, t[0]->id, ONE, 2, &got), OK);
		streams_give_back(&s, t[0], true, 2);
		assert_true(s.kept <= 3 && s.open == 2);
		t[0] = streams_open(&s, ONE, 2);
		assert_non_null(t[0]);
		streams_give_back(&s, t[0], false, 2);
	}
	/* Those that are old make room by themselves. */
	assert_non_null(streams_open(&s, ONE, STREAM_UNHEARD_US + 10));
	streams_done(&s);
}

/* ---- calls of streams --------------------------------------------------------------------- */

static void test_stream_calls(void **state)
{
	struct arena *a = arena_new(1 << 16);
	struct stream_call c;
	struct err e = {0};

	(void)state;
	assert_int_equal(stream_call_parse(STR("{\"stream\":\"st_a\",\"seq\":2,\"delta\":\"\\u9762\",\"end\":true,\"more\":[]}"), a, &c, &e), OK);
	assert_str(c.stream, "st_a");
	assert_str(c.delta, "面");
	assert_true(c.end && c.seq == 2);
	assert_int_equal(stream_call_parse(STR("{}"), a, &c, &e), OK);
	assert_true(!c.stream.p && !c.end && c.seq == 0);
	static const char *const bad[] = {"", "[]", "{\"seq\":0}", "{\"seq\":1.5}", "{\"seq\":\"1\"}", "{\"end\":1}", "{\"delta\":[]}", "{\"stream\":1}", "{\"a\":1,\"a\":2}"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(stream_call_parse(str_of(bad[i]), a, &c, &e), E_INPUT);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_params_refused),
		cmocka_unit_test(test_params_numbers_and_flags),
		cmocka_unit_test(test_percent_nul_is_a_byte),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_media_and_codings),
		cmocka_unit_test(test_a_body_moves_to_a_file_and_stays_whole),
		cmocka_unit_test(test_the_cap_of_a_body),
		cmocka_unit_test(test_a_stream_is_its_owners),
		cmocka_unit_test(test_a_stream_unheard_of_is_closed),
		cmocka_unit_test(test_streams_are_bounded),
		cmocka_unit_test(test_stream_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
