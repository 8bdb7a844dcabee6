/* What holds for every network and any URL of the shop. */
#include <stdio.h>

#include "link/shops.h"

#define ROUNDS 4000

static uint64_t next(uint64_t *seed)
{
	return hash_mix(*seed += 0x9e3779b97f4a7c15u);
}

static void put_pieces(struct buf *out, uint64_t *seed, const char *const *pieces, size_t count, size_t most)
{
	for (size_t n = next(seed) % (most + 1); n > 0; n--)
		buf_put(out, str_of(pieces[next(seed) % count]));
}

static const char *const PATH[] = {"a", "/", "//", "面膜", "%20", "%2F", "%2f", "%252F", "(", ")", "[x]", "{", "}", "'", "~", "*", "!", "$", "&", "+", ",", ";",
	"=", ":", "@", "_", "-", ".x", "|", "^", "é", "https://evil.example/", "/sid/", "/destination:", "%E9", "😀", "&amp;", "\u00a0", "\u202e"};
static const char *const QUERY[] = {"a=1", "&", "=", "?", "b", "&tag=evil-20", "&utm_source=x", "&u=https%3A%2F%2Fevil.example%2F", "&ued=1", "&sid=9", "&id=5",
	"&customid=7", "&subId1=", "/", "%26", "%23", "+", "面", "(", "&ref=5", "&aff", "&url=https://evil.example", "&copy;", ";", "&&", "&%74ag=x", "&clickref"};
static const char *const HOSTS[] = {"shop.example", "www.Shop.example", "a.b.shop.example:8443", "EBAY.com"};

static void put_shop_url(struct buf *out, uint64_t *seed)
{
	buf_put(out, str_of(next(seed) % 4 ? "https://" : "HTTP://"));
	buf_put(out, str_of(HOSTS[next(seed) % ARRAY_LEN(HOSTS)]));
	if (next(seed) % 8) {
		buf_put(out, STR("/"));
		put_pieces(out, seed, PATH, ARRAY_LEN(PATH), 8);
	}
	if (next(seed) % 2) {
		buf_put(out, STR("?"));
		put_pieces(out, seed, QUERY, ARRAY_LEN(QUERY), 8);
	}
	if (next(seed) % 3 == 0) {
		buf_put(out, STR("#"));
		put_pieces(out, seed, PATH, ARRAY_LEN(PATH), 3);
	}
}

static size_t count_of(struct str s, struct str needle)
{
	size_t n = 0;

	for (size_t at = str_find(s, needle, 0); at < s.n; at = str_find(s, needle, at + 1))
		n++;
	return n;
}

static void expect_safe(struct str url)
{
	struct str host;

	assert_int_equal(link_url_check(url, &host, NULL), OK);
	for (size_t i = 0; i < url.n; i++)
		if (!url.p[i] || !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:/?#@!&+,;=%", url.p[i]))
			fail_msg("%.*s", STR_ARG(url));
	assert_true(count_of(url, STR("#")) <= 1);
}

static bool on_own_host(const struct merchant *m, struct str host)
{
	switch (m->network) {
	case NET_AWIN:
		return str_eq(host, STR("www.awin1.com"));
	case NET_CJ:
		return str_eq(host, STR("www.anrdoezrs.net"));
	case NET_RAKUTEN:
		return str_eq(host, STR("click.linksynergy.com"));
	case NET_IMPACT:
		return str_eq(host, STR("goto.brand.example"));
	case NET_PARTNERIZE:
		return str_eq(host, STR("prf.hn"));
	default:
		return merchant_has_host(m, host);
	}
}

struct trial {
	struct buf url, out, again, clean, back;
};

static void trial_init(struct trial *t)
{
	buf_init(&t->url, 1 << 16);
	buf_init(&t->out, 1 << 16);
	buf_init(&t->again, 1 << 16);
	buf_init(&t->clean, 1 << 16);
	buf_init(&t->back, 1 << 16);
}

static void trial_done(struct trial *t)
{
	buf_done(&t->url);
	buf_done(&t->out);
	buf_done(&t->again);
	buf_done(&t->clean);
	buf_done(&t->back);
}

static void expect_all(const struct link_networks *n, const struct merchant *m, struct str subid, struct trial *t)
{
	struct str host, url = buf_str(&t->url);
	struct err e = {0};

	if (link_target(n, m, url, subid, &t->out, &e) != OK)
		fail_msg("%.*s of %.*s: %s", STR_ARG(url), STR_ARG(network_name(m->network)), e.text);
	struct str out = buf_str(&t->out);
	expect_safe(out);
	assert_int_equal(link_url_check(out, &host, NULL), OK);
	assert_true(on_own_host(m, host));
	assert_int_equal(count_of(out, subid), m->network_id_count > 0);
	assert_int_equal(count_of(out, STR("evil-20")) + count_of(out, STR("utm_source")), 0);

	/* the shop's URL comes out again, and is what it was */
	assert_int_equal(link_clean(n, m, url, &t->clean, &e), OK);
	expect_safe(buf_str(&t->clean));
	assert_int_equal(link_url_check(buf_str(&t->clean), &host, NULL), OK);
	assert_true(merchant_has_host(m, host));
	if (!link_untarget(n, m, out, &t->back) || !str_eq(buf_str(&t->back), buf_str(&t->clean)))
		fail_msg("%.*s\n%.*s\ncomes back as %.*s, not %.*s", STR_ARG(url), STR_ARG(out), STR_ARG(buf_str(&t->back)),
			STR_ARG(buf_str(&t->clean)));
	buf_clear(&t->back);
	assert_int_equal(link_clean(n, m, buf_str(&t->clean), &t->back, NULL), OK);
	assert_true(str_eq(buf_str(&t->back), buf_str(&t->clean)));

	/* our own link as a product's URL stays as it is */
	assert_int_equal(link_target(n, m, out, subid, &t->again, &e), OK);
	assert_true(str_eq(buf_str(&t->again), out));
}

static void links_lead_to_the_shop_and_back(void **state)
{
	(void)state;
	struct link_networks *n = networks_shipped();
	uint64_t seed = 11;

	for (int i = 0; i < ROUNDS; i++) {
		char subid[LINK_SUBID_TEXT + 1];
		struct link_id id;
		struct trial t;
		for (size_t b = 0; b < 16; b++)
			id.b[b] = (uint8_t)next(&seed);
		link_subid_write(id, subid);
		trial_init(&t);
		put_shop_url(&t.url, &seed);
		expect_all(n, i % 9 == 8 ? &SHOP_BARE : &SHOPS[i % 9], str_of(subid), &t);
		trial_done(&t);
	}
	link_networks_free(n);
}

/* Bytes at random put into a good URL: what still passes leads nowhere else. */
static void damaged_urls_lead_nowhere_else(void **state)
{
	(void)state;
	struct link_networks *n = networks_shipped();
	uint64_t seed = 12;
	size_t passed = 0;

	for (int i = 0; i < ROUNDS * 4; i++) {
		static const char BYTES[] = "/:@?#%&=.\\ \t\r\n\0x[]<>\"\xe9\xff";
		const struct merchant *m = &SHOPS[i % NET_COUNT];
		struct str host;
		struct trial t;
		trial_init(&t);
		put_shop_url(&t.url, &seed);
		for (uint64_t wrong = 1 + next(&seed) % 3; wrong > 0; wrong--)
			t.url.p[next(&seed) % t.url.n] = BYTES[next(&seed) % (sizeof BYTES - 1)];
		if (link_target(n, m, buf_str(&t.url), STR(SUBID), &t.out, NULL) == OK) {
			passed++;
			expect_safe(buf_str(&t.out));
			assert_int_equal(link_url_check(buf_str(&t.out), &host, NULL), OK);
			assert_true(on_own_host(m, host));
			assert_int_equal(link_clean(n, m, buf_str(&t.out), &t.clean, NULL), OK);
			assert_int_equal(link_url_check(buf_str(&t.clean), &host, NULL), OK);
			assert_true(merchant_has_host(m, host));
		} else {
			assert_int_equal(t.out.n, 0);
		}
		trial_done(&t);
	}
	assert_true(passed > 100);
	link_networks_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_lead_to_the_shop_and_back),
		cmocka_unit_test(damaged_urls_lead_nowhere_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
