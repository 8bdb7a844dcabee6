/* Tokens, ids and secret files: what is read is what would be written. */
#include <stdlib.h>
#include <string.h>

#include "link/link.h"

#define CHECK(x) ((x) ? (void)0 : abort())

static void try_token(const struct link_keys *k, struct str s)
{
	struct link_token t;
	char again[LINK_TOKEN_MAX];

	if (link_token_verify(k, s, &t) != OK)
		return;
	CHECK(link_token_write(k, &t, again) == s.n);
	CHECK(t.stale || memcmp(again, s.p, s.n) == 0);
}

static void try_ids(struct str s)
{
	struct link_id id, back;
	char text[LINK_SUBID_TEXT + 1];

	if (link_id_read(s, &id)) {
		link_id_write(id, text);
		CHECK(link_id_read(str_of(text), &back) && memcmp(&id, &back, sizeof id) == 0);
	}
	if (link_subid_read(s, &id)) {
		link_subid_write(id, text);
		CHECK(str_eq_nocase(s, str_of(text)));
	}
}

static void try_secret_file(struct str s)
{
	struct link_keys *k = NULL;
	struct link_token t = {.ordinal = 3, .product_key = 9}, back;
	struct err e;
	char text[LINK_TOKEN_MAX];

	if (link_keys_parse(s, &k, &e) != OK)
		return;
	link_token_write(k, &t, text);
	CHECK(link_token_verify(k, str_of(text), &back) == OK && !back.stale && back.product_key == 9);
	link_keys_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct link_keys *keys;
	struct str s = {(const char *)data, size};

	if (!keys)
		CHECK(link_keys_parse(link_test_secret(), &keys, NULL) == OK);
	try_token(keys, s);
	try_ids(s);
	try_secret_file(s);
	return 0;
}
