/* Tokens: what we made is accepted, nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "link/link.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";

static struct link_keys *keys_of(const char *file)
{
	struct link_keys *k = NULL;

	assert_int_equal(link_keys_parse(str_of(file), &k, NULL), OK);
	return k;
}

static uint64_t next(uint64_t *seed)
{
	return hash_mix(*seed += 0x9e3779b97f4a7c15u);
}

static struct link_token some_token(uint64_t *seed)
{
	struct link_token t = {.ordinal = (uint8_t)next(seed), .product_key = next(seed)};

	for (size_t i = 0; i < 16; i++)
		t.insertion.b[i] = (uint8_t)next(seed);
	return t;
}

static void tokens_come_back(void **state)
{
	(void)state;
	struct link_keys *k = keys_of("4294967295 " KEY_A);
	uint64_t seed = 1;
	char text[LINK_TOKEN_MAX], again[LINK_TOKEN_MAX];

	for (int i = 0; i < 2000; i++) {
		struct link_token t = some_token(&seed), back;
		size_t n = link_token_write(k, &t, text);
		assert_true(n < LINK_TOKEN_MAX && text[n] == '\0' && strlen(text) == n);
		assert_int_equal(strspn(text, BASE64), n);
		assert_int_equal(link_token_verify(k, (struct str){text, n}, &back), OK);
		assert_memory_equal(&t.insertion, &back.insertion, 16);
		assert_int_equal(t.ordinal, back.ordinal);
		assert_true(t.product_key == back.product_key);
		assert_int_equal(back.epoch, 4294967295u);
		assert_false(back.stale);
		link_token_write(k, &t, again);
		assert_string_equal(text, again);
	}
	link_keys_free(k);
}

static void old_epochs_are_stale_and_keep_their_link_id(void **state)
{
	(void)state;
	struct link_keys *before = keys_of("1 " KEY_A), *after = keys_of("1 " KEY_A "\n2 " KEY_B), *gone = keys_of("2 " KEY_B);
	uint64_t seed = 2;
	struct link_token t = some_token(&seed), back = {0};
	char text[LINK_TOKEN_MAX];

	link_token_write(before, &t, text);
	assert_int_equal(link_token_verify(after, str_of(text), &back), OK);
	assert_true(back.stale);
	assert_int_equal(back.epoch, 1);
	struct link_id was = link_id_of(before, t.insertion, t.ordinal, t.product_key), now = link_id_of_token(after, &back);
	assert_memory_equal(&was, &now, sizeof was);
	assert_int_equal(link_token_verify(gone, str_of(text), &back), E_DENIED);
	link_token_write(after, &t, text);
	assert_int_equal(link_token_verify(before, str_of(text), &back), E_DENIED);
	assert_int_equal(link_token_verify(gone, str_of(text), &back), OK);
	assert_false(back.stale);
	link_keys_free(before);
	link_keys_free(after);
	link_keys_free(gone);
}

/* Another key under the same epoch number. */
static void foreign_keys_are_denied(void **state)
{
	(void)state;
	struct link_keys *ours = keys_of("1 " KEY_A), *theirs = keys_of("1 " KEY_B);
	uint64_t seed = 3;
	struct link_token t = some_token(&seed), back;
	char text[LINK_TOKEN_MAX];

	link_token_write(theirs, &t, text);
	assert_int_equal(link_token_verify(ours, str_of(text), &back), E_DENIED);
	link_keys_free(ours);
	link_keys_free(theirs);
}

/* All 8 bits of every character: wrong digits, digits outside the alphabet, padding. */
static void every_flipped_bit_is_denied(void **state)
{
	(void)state;
	struct link_keys *k = keys_of("1 " KEY_A "\n2 " KEY_B);
	uint64_t seed = 4;
	struct link_token t = some_token(&seed), back = {.ordinal = 77};
	char text[LINK_TOKEN_MAX];
	size_t n = link_token_write(k, &t, text);

	for (size_t i = 0; i < n; i++)
		for (int bit = 0; bit < 8; bit++) {
			text[i] = (char)(text[i] ^ 1 << bit);
			assert_int_equal(link_token_verify(k, (struct str){text, n}, &back), E_DENIED);
			text[i] = (char)(text[i] ^ 1 << bit);
		}
	assert_int_equal(back.ordinal, 77); /* untouched on failure */
	assert_int_equal(link_token_verify(k, (struct str){text, n}, &back), OK);
	link_keys_free(k);
}

static void other_spellings_are_denied(void **state)
{
	(void)state;
	struct link_keys *k = keys_of("1 " KEY_A);
	uint64_t seed = 5;
	struct link_token t = some_token(&seed), back;
	char text[LINK_TOKEN_MAX + 8] = {0}, copy[LINK_TOKEN_MAX + 8];
	size_t n = link_token_write(k, &t, text);

	for (size_t cut = 0; cut < n; cut++) {
		assert_int_equal(link_token_verify(k, (struct str){text, cut}, &back), E_DENIED);
		assert_int_equal(link_token_verify(k, (struct str){text + cut + 1, n - cut - 1}, &back), E_DENIED);
	}
	static const char *const ENDS[] = {"=", "==", "A", "AAAA", "\n", " ", "%3D", ".x"};
	for (size_t i = 0; i < ARRAY_LEN(ENDS); i++) {
		memcpy(copy, text, sizeof copy);
		memcpy(copy + n, ENDS[i], strlen(ENDS[i]));
		assert_int_equal(link_token_verify(k, str_of(copy), &back), E_DENIED);
	}
	assert_int_equal(link_token_verify(k, (struct str){text, n + 1}, &back), E_DENIED); /* with its NUL */
	assert_int_equal(link_token_verify(k, STR_NONE, &back), E_DENIED);
	/* the other base 64 alphabet */
	for (int tries = 0; tries < 64; tries++) {
		t = some_token(&seed);
		link_token_write(k, &t, text);
		char *at = strpbrk(text, "-_");
		if (!at)
			continue;
		*at = *at == '-' ? '+' : '/';
		assert_int_equal(link_token_verify(k, str_of(text), &back), E_DENIED);
	}
	link_keys_free(k);
}

static void a_million_forgeries_are_denied(void **state)
{
	(void)state;
	struct link_keys *k = keys_of("1 " KEY_A "\n2 " KEY_B);
	uint64_t seed = 6;
	struct link_token t = some_token(&seed), back;
	char good[LINK_TOKEN_MAX], text[LINK_TOKEN_MAX];
	size_t n = link_token_write(k, &t, good), accepted = 0;

	for (int i = 0; i < 1000000; i++) {
		uint64_t r = next(&seed);
		memcpy(text, good, sizeof text);
		/* from one digit of a good one to all of them at random; the version and epoch often good */
		size_t wrong = i % 2 ? 1 + r % 4 : n, first = i % 3 ? 7 : 0;
		for (size_t w = 0; w < wrong; w++) {
			size_t at = wrong == n ? w : first + next(&seed) % (n - first);
			if (at >= first)
				text[at] = BASE64[next(&seed) % 64];
		}
		accepted += memcmp(text, good, n) != 0 && link_token_verify(k, (struct str){text, n}, &back) == OK;
	}
	assert_int_equal(accepted, 0);
	link_keys_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_come_back),
		cmocka_unit_test(old_epochs_are_stale_and_keep_their_link_id),
		cmocka_unit_test(foreign_keys_are_denied),
		cmocka_unit_test(every_flipped_bit_is_denied),
		cmocka_unit_test(other_spellings_are_denied),
		cmocka_unit_test(a_million_forgeries_are_denied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
