/* Secret files and MACs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "link/link.h"

#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct link_keys *keys_of(const char *file)
{
	struct link_keys *k = NULL;
	struct err e = {0};

	if (link_keys_parse(str_of(file), &k, &e) != OK)
		fail_msg("%s: %s", e.where, e.text);
	return k;
}

static void highest_epoch_signs(void **state)
{
	(void)state;
	struct link_keys *k = keys_of("# keys\n\n 3 " HEX32 "\r\n20261121\t" HEX32 "ff\n  1 " HEX32 "00");
	assert_int_equal(link_keys_epoch(k), 20261121);
	link_keys_free(k);
	k = keys_of(HEX32);
	assert_int_equal(link_keys_epoch(k), 1);
	link_keys_free(k);
	link_keys_free(NULL);
}

static void wrong_files_are_refused_with_their_line(void **state)
{
	(void)state;
	static const struct {
		const char *file, *where;
	} CASES[] = {
		{"", "line 0"},
		{"# nothing\n", "line 1"},
		{HEX32 "\n" HEX32 "00\n", "line 2"},
		{"1 " HEX32 "\n\n" HEX32 "\n", "line 3"},
		{"7 " HEX32 "\n7 " HEX32 "00\n", "line 2"},
		{"1 0001", "line 1"},
		{"#\n1 " HEX32 "0", "line 2"},
		{"1 g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "line 1"},
		{"0 " HEX32, "line 1"},
		{"-1 " HEX32, "line 1"},
		{"+1 " HEX32, "line 1"},
		{"4294967296 " HEX32, "line 1"},
		{"99999999999999999999 " HEX32, "line 1"},
		{"x " HEX32, "line 1"},
		{"1 " HEX32 " " HEX32, "line 1"},
		{"1", "line 1"},
		{"1 \n", "line 1"},
	};
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct link_keys *k = (struct link_keys *)&k;
		struct err e = {0};
		assert_int_equal(link_keys_parse(str_of(CASES[i].file), &k, &e), E_INPUT);
		assert_ptr_equal(k, &k);
		assert_string_equal(e.where, CASES[i].where);
		assert_int_not_equal(e.text[0], 0);
	}
}

static void the_published_key_is_a_key(void **state)
{
	(void)state;
	struct link_keys *k = NULL;
	assert_int_equal(link_keys_parse(link_test_secret(), &k, NULL), OK);
	assert_int_equal(link_keys_epoch(k), 1);
	link_keys_free(k);
}

static void mac_hex(const struct link_keys *k, const char *purpose, const char *text, char out[65])
{
	struct link_mac m;
	uint8_t mac[32];

	link_mac_init(&m, k, str_of(purpose));
	link_mac_add(&m, str_of(text));
	link_mac_done(&m, mac);
	hex_put(out, mac, 32);
	out[64] = '\0';
}

/* Values by Python's hmac: purpose behind its length in 8 bytes, then the text. */
static void macs_are_hmac_sha256(void **state)
{
	(void)state;
	char out[65];
	struct link_keys *k = keys_of(HEX32);
	mac_hex(k, "user", "alice", out);
	assert_string_equal(out, "ce28867fd9576381cf2aebd273417ccca578435b4b36593b0e56ef5b04d3ad9b");
	link_keys_free(k);
	k = keys_of(HEX32 HEX32 HEX32); /* longer than a block: hashed first */
	mac_hex(k, "user", "alice", out);
	assert_string_equal(out, "892954eb85fd0680436ced27b7d98942d7d0028805efbd5c05a1910fa8c467fd");
	link_keys_free(k);
}

static void purposes_fields_and_forks_are_apart(void **state)
{
	(void)state;
	char a[65], b[65];
	struct link_keys *k = keys_of(HEX32);
	mac_hex(k, "user", "x", a);
	mac_hex(k, "userx", "", b);
	assert_string_not_equal(a, b);
	mac_hex(k, "holdout", "x", b);
	assert_string_not_equal(a, b);

	struct link_mac one, two, fork;
	uint8_t m1[32], m2[32], m3[32];
	link_mac_init(&one, k, STR("p"));
	two = one;
	link_mac_field(&one, STR("ab"));
	link_mac_field(&one, STR("c"));
	link_mac_field(&two, STR("a"));
	fork = two;
	link_mac_field(&two, STR("bc"));
	link_mac_field(&fork, STR("bc"));
	link_mac_done(&one, m1);
	link_mac_done(&two, m2);
	link_mac_done(&fork, m3);
	assert_memory_not_equal(m1, m2, 32);
	assert_memory_equal(m2, m3, 32);
	link_keys_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(highest_epoch_signs),
		cmocka_unit_test(wrong_files_are_refused_with_their_line),
		cmocka_unit_test(the_published_key_is_a_key),
		cmocka_unit_test(macs_are_hmac_sha256),
		cmocka_unit_test(purposes_fields_and_forks_are_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
