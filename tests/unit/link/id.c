/* Ids and sub-ids as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "link/link.h"

static struct link_id some_id(uint64_t seed)
{
	struct link_id id;

	for (size_t i = 0; i < 16; i += 8) {
		seed = hash_mix(seed + 0x9e3779b97f4a7c15u);
		memcpy(id.b + i, &seed, 8);
	}
	return id;
}

static void ids_have_crockfords_digits(void **state)
{
	(void)state;
	char text[LINK_ID_TEXT + 1];
	struct link_id id = {{0}}, back;

	link_id_write(id, text);
	assert_string_equal(text, "00000000000000000000000000");
	memset(id.b, 0xff, 16);
	link_id_write(id, text);
	assert_string_equal(text, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
	assert_true(link_id_read(STR("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), &back));
	assert_memory_equal(&id, &back, sizeof id);
	/* ULID's example in its own notation, read and written */
	assert_true(link_id_read(STR("01ARZ3NDEKTSV4RRFFQ69G5FAV"), &back));
	link_id_write(back, text);
	assert_string_equal(text, "01arz3ndektsv4rrffq69g5fav");
	for (uint64_t i = 0; i < 5000; i++) {
		id = some_id(i);
		link_id_write(id, text);
		assert_true(link_id_read(str_of(text), &back));
		assert_memory_equal(&id, &back, sizeof id);
	}
}

static void ids_are_read_as_people_type_them(void **state)
{
	(void)state;
	struct link_id a, b;

	assert_true(link_id_read(STR("01234567890123456789012345"), &a));
	assert_true(link_id_read(STR("oI23456789OL23456789oi2345"), &b));
	assert_memory_equal(&a, &b, sizeof a);
	assert_false(link_id_read(STR("0123456789012345678901234"), &a));
	assert_false(link_id_read(STR("012345678901234567890123456"), &a));
	assert_false(link_id_read(STR("80000000000000000000000000"), &a));
	assert_false(link_id_read(STR("u0000000000000000000000000"), &a));
	assert_false(link_id_read(STR("0000000000000 000000000000"), &a));
	assert_false(link_id_read((struct str){"0000000000000\0000000000000", 26}, &a));
	assert_false(link_id_read(STR_NONE, &a));
}

static void subids_survive_networks(void **state)
{
	(void)state;
	char text[LINK_SUBID_TEXT + 1], upper[LINK_SUBID_TEXT + 1];
	struct link_id back;

	for (uint64_t i = 0; i < 2000; i++) {
		struct link_id id = some_id(i);
		link_subid_write(id, text);
		assert_int_equal(strlen(text), LINK_SUBID_TEXT);
		assert_int_equal(strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"), LINK_SUBID_TEXT);
		for (size_t c = 0; c <= LINK_SUBID_TEXT; c++)
			upper[c] = (char)(text[c] >= 'a' ? text[c] - 32 : text[c]);
		assert_true(link_subid_read(str_of(upper), &back));
		assert_memory_equal(&id, &back, sizeof id);
		assert_false(link_subid_read((struct str){text, LINK_SUBID_TEXT - 1}, &back)); /* cut */
		assert_false(link_subid_read((struct str){text + 1, LINK_SUBID_TEXT - 1}, &back));
	}
}

/* Every wrong character in every place, and every two characters that changed places. */
static void subids_find_their_errors(void **state)
{
	(void)state;
	struct link_id back;
	char text[LINK_SUBID_TEXT + 1];

	for (uint64_t seed = 0; seed < 100; seed++) {
		link_subid_write(some_id(seed), text);
		for (size_t i = 0; i < LINK_SUBID_TEXT; i++) {
			char was = text[i];
			for (int c = 1; c < 128; c++) {
				text[i] = (char)c;
				bool same = (c | 32) == (was | 32) && (c | 32) >= 'a';
				if (c != was && !same && link_subid_read((struct str){text, LINK_SUBID_TEXT}, &back))
					fail_msg("%c for %c at %zu of %s passed", c, was, i, text);
			}
			text[i] = was;
			for (size_t j = i + 1; j < LINK_SUBID_TEXT; j++) {
				if (text[j] == was)
					continue;
				text[i] = text[j];
				text[j] = was;
				assert_false(link_subid_read((struct str){text, LINK_SUBID_TEXT}, &back));
				text[j] = text[i];
				text[i] = was;
			}
		}
		assert_true(link_subid_read((struct str){text, LINK_SUBID_TEXT}, &back));
	}
}

static void link_ids_depend_on_everything(void **state)
{
	(void)state;
	struct link_keys *k = NULL, *other = NULL;
	struct link_id ins = some_id(1), seen[5];

	assert_int_equal(link_keys_parse(link_test_secret(), &k, NULL), OK);
	assert_int_equal(link_keys_parse(STR("5 ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"), &other, NULL), OK);
	seen[0] = link_id_of(k, ins, 0, 7);
	seen[1] = link_id_of(k, ins, 1, 7);
	seen[2] = link_id_of(k, ins, 0, 8);
	seen[3] = link_id_of(k, some_id(2), 0, 7);
	seen[4] = link_id_of(other, ins, 0, 7);
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(&seen[i], &seen[j], sizeof seen[i]);
	struct link_id again = link_id_of(k, ins, 0, 7);
	assert_memory_equal(&seen[0], &again, sizeof again);
	link_keys_free(k);
	link_keys_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_have_crockfords_digits),
		cmocka_unit_test(ids_are_read_as_people_type_them),
		cmocka_unit_test(subids_survive_networks),
		cmocka_unit_test(subids_find_their_errors),
		cmocka_unit_test(link_ids_depend_on_everything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
