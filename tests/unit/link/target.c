/* The exact URL for every network, and the rules that bite. */
#include <stdio.h>

#include "link/shops.h"

struct row {
	enum network network;
	const char *url, *want; /* want NULL: refused */
};

static void expect_rows(const struct row *rows, size_t count, const char *subid)
{
	struct link_networks *n = networks_shipped();

	for (size_t i = 0; i < count; i++) {
		const struct merchant *m = &SHOPS[rows[i].network];
		struct err e = {0};
		struct buf out;
		buf_init(&out, 1 << 16);
		buf_put(&out, STR("before "));
		enum status s = link_target(n, m, str_of(rows[i].url), str_of(subid), &out, &e);
		const char *got = out.p + 7;
		if ((s == OK) != (rows[i].want != NULL) || strcmp(got, rows[i].want ? rows[i].want : "") != 0)
			fail_msg("%s of %.*s gives\n%s %s, not\n%s", rows[i].url, STR_ARG(network_name(m->network)), got, e.text,
				rows[i].want ? rows[i].want : "(refused)");
		buf_done(&out);
	}
	link_networks_free(n);
}

/* A query, a fragment, a space, Han text, an escaped slash, all that Markdown might stumble over, others' tracking. */
#define HARD "https://shop.example/面膜/a%20b%2Fc_(d)~'e'?a=1&utm_source=q&b=2&tag=foreign-20#x(y)"
#define HARD_URL "https://shop.example/%E9%9D%A2%E8%86%9C/a%20b%2Fc_%28d%29%7E%27e%27?a=1&b=2"
#define HARD_VALUE \
	"https%3A%2F%2Fshop.example%2F%E9%9D%A2%E8%86%9C%2Fa%2520b%252Fc_%28d%29%7E%27e%27%3Fa%3D1%26b%3D2%23x%28y%29"

static void every_network_has_its_form(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{NET_PLAIN, "https://shop.example/p", "https://shop.example/p?aff=in%20lay&ref=x-" SUBID},
		{NET_PLAIN, "https://shop.example?a=1&b=2#x", "https://shop.example/?a=1&b=2&aff=in%20lay&ref=x-" SUBID "#x"},
		{NET_PLAIN, HARD, HARD_URL "&aff=in%20lay&ref=x-" SUBID "#x%28y%29"},
		{NET_AWIN, "https://shop.example/p?a=1&b=2#x",
			"https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&clickref=" SUBID
			"&ued=https%3A%2F%2Fshop.example%2Fp%3Fa%3D1%26b%3D2%23x"},
		{NET_AWIN, HARD, "https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&clickref=" SUBID "&ued=" HARD_VALUE},
		{NET_CJ, "https://shop.example/p?a=1&b=2#x",
			"https://www.anrdoezrs.net/links/7654321/type/dlg/sid/" SUBID "/https://shop.example/p?a=1&b=2#x"},
		{NET_CJ, HARD, "https://www.anrdoezrs.net/links/7654321/type/dlg/sid/" SUBID "/" HARD_URL "#x%28y%29"},
		{NET_RAKUTEN, "https://shop.example/p?a=1&b=2#x",
			"https://click.linksynergy.com/deeplink?id=AbCdEfGhI%2Ak&mid=4242&u1=" SUBID
			"&murl=https%3A%2F%2Fshop.example%2Fp%3Fa%3D1%26b%3D2%23x"},
		{NET_RAKUTEN, HARD, "https://click.linksynergy.com/deeplink?id=AbCdEfGhI%2Ak&mid=4242&u1=" SUBID "&murl=" HARD_VALUE},
		{NET_IMPACT, "https://shop.example/p?a=1&b=2#x",
			"https://goto.brand.example/c/111/222/333?veh=aff&subId1=" SUBID "&u=https%3A%2F%2Fshop.example%2Fp%3Fa%3D1%26b%3D2%23x"},
		{NET_IMPACT, HARD, "https://goto.brand.example/c/111/222/333?veh=aff&subId1=" SUBID "&u=" HARD_VALUE},
		{NET_EBAY, "https://www.ebay.com/itm/1?hash=i:g#x",
			"https://www.ebay.com/itm/1?hash=i:g&mkevt=1&mkcid=1&mkrid=711-53200-19255-0&campid=5338000001&toolid=10001&customid=" SUBID "#x"},
		{NET_PARTNERIZE, "https://shop.example/p?a=1&b=2#x",
			"https://prf.hn/click/camref:1100lABC/pubref:" SUBID "/destination:https%3A%2F%2Fshop.example%2Fp%3Fa%3D1%26b%3D2%23x"},
		{NET_PARTNERIZE, HARD, "https://prf.hn/click/camref:1100lABC/pubref:" SUBID "/destination:" HARD_VALUE},
		{NET_AMAZON, "https://www.amazon.co.uk/dp/B1?psc=1#x", "https://www.amazon.co.uk/dp/B1?psc=1&tag=inlay-21&ascsubtag=" SUBID "#x"},
	};
	expect_rows(ROWS, ARRAY_LEN(ROWS), SUBID);
}

static void without_a_subid_nothing_is_left_of_it(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{NET_PLAIN, "https://shop.example/p", "https://shop.example/p?aff=in%20lay"},
		{NET_AWIN, "https://shop.example/p",
			"https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&ued=https%3A%2F%2Fshop.example%2Fp"},
		{NET_CJ, "https://shop.example/p", "https://www.anrdoezrs.net/links/7654321/type/dlg/https://shop.example/p"},
		{NET_RAKUTEN, "https://shop.example/p",
			"https://click.linksynergy.com/deeplink?id=AbCdEfGhI%2Ak&mid=4242&murl=https%3A%2F%2Fshop.example%2Fp"},
		{NET_IMPACT, "https://shop.example/p", "https://goto.brand.example/c/111/222/333?veh=aff&u=https%3A%2F%2Fshop.example%2Fp"},
		{NET_EBAY, "https://www.ebay.com/itm/1",
			"https://www.ebay.com/itm/1?mkevt=1&mkcid=1&mkrid=711-53200-19255-0&campid=5338000001&toolid=10001"},
		{NET_PARTNERIZE, "https://shop.example/p", "https://prf.hn/click/camref:1100lABC/destination:https%3A%2F%2Fshop.example%2Fp"},
		{NET_AMAZON, "https://amazon.co.uk/dp/B1", "https://amazon.co.uk/dp/B1?tag=inlay-21"},
	};
	expect_rows(ROWS, ARRAY_LEN(ROWS), "");
}

static void parameters_are_replaced_and_others_tracking_goes(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{NET_AMAZON, "https://www.amazon.co.uk/dp/B1?tag=theirs-21&ascsubtag=9&linkCode=ogi&th=1&t%61g=x&TAG=y",
			"https://www.amazon.co.uk/dp/B1?th=1&tag=inlay-21&ascsubtag=" SUBID},
		{NET_EBAY, "https://www.ebay.com/itm/1?mkevt=1&mkcid=1&mkrid=9&campid=1&toolid=2&customid=c&var=5",
			"https://www.ebay.com/itm/1?var=5&mkevt=1&mkcid=1&mkrid=711-53200-19255-0&campid=5338000001&toolid=10001&customid=" SUBID},
		{NET_PLAIN, "https://shop.example/p?ref=theirs&aff=1&x=2&ref=again", "https://shop.example/p?x=2&aff=in%20lay&ref=x-" SUBID},
		{NET_PLAIN,
			"https://shop.example/p?utm_source=a&utm_anything=b&gclid=c&awc=d&cjevent=e&irclickid=f&fbclid=g&msclkid=h&campid=i&customid=j",
			"https://shop.example/p?aff=in%20lay&ref=x-" SUBID},
		{NET_PLAIN, "https://shop.example/p?a&&b=&=c&", "https://shop.example/p?a&b=&=c&aff=in%20lay&ref=x-" SUBID},
		{NET_PLAIN, "https://shop.example/p?id=7&mid=8&u=9", "https://shop.example/p?id=7&mid=8&u=9&aff=in%20lay&ref=x-" SUBID},
		{NET_PLAIN, "https://shop.example/p?#", "https://shop.example/p?aff=in%20lay&ref=x-" SUBID "#"},
		{NET_RAKUTEN, "https://shop.example/p?id=7&mid=8",
			"https://click.linksynergy.com/deeplink?id=AbCdEfGhI%2Ak&mid=4242&u1=" SUBID
			"&murl=https%3A%2F%2Fshop.example%2Fp%3Fid%3D7%26mid%3D8"},
	};
	expect_rows(ROWS, ARRAY_LEN(ROWS), SUBID);
}

#define SHOP_VALUE "https%3A%2F%2Fshop.example%2Fp%3Fa%3D1"

static void nothing_is_wrapped_twice(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		/* our own: only the sub-id, wherever it stood */
		{NET_AWIN, "https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&campaign=c&ued=" SHOP_VALUE,
			"https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&campaign=c&ued=" SHOP_VALUE "&clickref=" SUBID},
		{NET_AWIN, "https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&clickref=old&clickref=two&p=" SHOP_VALUE,
			"https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&clickref=" SUBID "&p=" SHOP_VALUE},
		{NET_AWIN, "https://www.awin1.com/pclick.php?p=123&a=98765&m=6220",
			"https://www.awin1.com/pclick.php?p=123&a=98765&m=6220&clickref=" SUBID},
		{NET_CJ, "https://www.kqzyfj.com/click-7654321-10?url=" SHOP_VALUE,
			"https://www.kqzyfj.com/click-7654321-10?url=" SHOP_VALUE "&sid=" SUBID},
		{NET_IMPACT, "https://goto.brand.example/c/111/222/333?veh=aff&u=" SHOP_VALUE "&sharedid=s",
			"https://goto.brand.example/c/111/222/333?veh=aff&u=" SHOP_VALUE "&sharedid=s&subId1=" SUBID},
		{NET_RAKUTEN, "https://click.linksynergy.com/link?id=AbCdEfGhI*k&offerid=1.2&type=15&murl=" SHOP_VALUE,
			"https://click.linksynergy.com/link?id=AbCdEfGhI%2Ak&offerid=1.2&type=15&murl=" SHOP_VALUE "&u1=" SUBID},
		/* in a path the link is made anew */
		{NET_CJ, "https://www.dpbolvw.net/links/7654321/type/dlg/sid/old/https://shop.example/p?a=1#f",
			"https://www.anrdoezrs.net/links/7654321/type/dlg/sid/" SUBID "/https://shop.example/p?a=1#f"},
		{NET_PARTNERIZE, "https://prf.hn/click/camref:1100lABC/pubref:old/ar:1/destination:" SHOP_VALUE,
			"https://prf.hn/click/camref:1100lABC/pubref:" SUBID "/destination:" SHOP_VALUE},
		/* somebody else's: unwrapped first, through several layers, with the tracking inside */
		{NET_AWIN, "https://www.awin1.com/cread.php?awinmid=6220&awinaffid=11111&ued=" SHOP_VALUE,
			"https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&clickref=" SUBID "&ued=" SHOP_VALUE},
		{NET_PLAIN, "https://www.shareasale.com/r.cfm?b=1&u=2&m=3&urllink=" SHOP_VALUE "%26awc%3D9",
			"https://shop.example/p?a=1&aff=in%20lay&ref=x-" SUBID},
		{NET_CJ, "https://prf.hn/click/camref:x/destination:https%3A%2F%2Fwww.awin1.com%2Fcread.php%3Fawinaffid%3D1%26ued%3Dhttps%253A%252F%252Fshop.example%252Fp",
			"https://www.anrdoezrs.net/links/7654321/type/dlg/sid/" SUBID "/https://shop.example/p"},
		/* a wrapped link to a stranger, or to nowhere */
		{NET_AWIN, "https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&ued=https%3A%2F%2Fevil.example%2F", NULL},
		{NET_AWIN, "https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&ued=https%3A%2F%2Fshop.example%40evil.example%2F", NULL},
		{NET_AWIN, "https://www.awin1.com/pclick.php?p=123&a=11111&m=6220", NULL},
		{NET_AWIN, "https://www.awin1.com/cread.php?awinaffid=98765&ued=%2F%2Fevil.example%2F", NULL},
		{NET_AWIN, "https://www.awin1.com/cread.php?awinaffid=98765&ued=evil.example", NULL},
		{NET_AWIN, "https://www.awin1.com/cread.php?awinaffid=98765&ued=%20https%3A%2F%2Fevil.example", NULL},
		{NET_CJ, "https://www.kqzyfj.com/click-7654321-10?url=%68ttps:evil.example", NULL},
		/* the mark of our account stood in a parameter that is ours to set */
		{NET_AWIN, "https://www.awin1.com/cread.php?awinmid=1-98765&ued=" SHOP_VALUE,
			"https://www.awin1.com/cread.php?awinmid=6220&awinaffid=98765&clickref=" SUBID "&ued=" SHOP_VALUE},
		{NET_PLAIN, "https://www.awin1.com/pclick.php?p=123&a=98765&m=6220", NULL},
		{NET_CJ, "https://www.anrdoezrs.net/links/7654321/type/dlg/https://evil.example/https://shop.example/", NULL},
		{NET_PARTNERIZE, "https://prf.hn/click/camref:1100lABC", NULL},
	};
	expect_rows(ROWS, ARRAY_LEN(ROWS), SUBID);
}

static void strangers_are_refused(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{NET_PLAIN, "https://evil.example/", NULL},
		{NET_PLAIN, "https://notshop.example/", NULL},
		{NET_PLAIN, "https://shop.example.evil.example/", NULL},
		{NET_PLAIN, "https://user@shop.example/", NULL},
		{NET_PLAIN, "javascript:alert(1)//shop.example", NULL},
		{NET_AWIN, "https://evil.example/?u=https://shop.example/", NULL},
		{NET_CJ, "https://evil.example/https://shop.example/", NULL},
		{NET_AWIN, "https://www.amazon.co.uk/dp/B1", NULL}, /* never through a redirect */
		{NET_IMPACT, "https://amazon.co.uk/dp/B1", NULL},
		{NET_PLAIN, "", NULL},
	};
	expect_rows(ROWS, ARRAY_LEN(ROWS), SUBID);
}

static enum status target_status(const struct link_networks *n, const struct merchant *m, const char *subid)
{
	struct buf out;
	struct err e;
	buf_init(&out, 4096);
	enum status s = link_target(n, m, STR("https://shop.example/p"), str_of(subid), &out, &e);
	assert_true(s == OK || out.n == 0);
	buf_done(&out);
	return s;
}

static void subids_and_ids_are_checked(void **state)
{
	(void)state;
	struct link_networks *n = networks_shipped();
	struct merchant poor = SHOPS[NET_AWIN];

	assert_int_equal(target_status(n, &SHOPS[NET_AWIN], "a1"), OK);
	assert_int_equal(target_status(n, &SHOPS[NET_AWIN], "a-1"), E_INPUT);
	assert_int_equal(target_status(n, &SHOPS[NET_AWIN], "A1"), E_INPUT);
	assert_int_equal(target_status(n, &SHOPS[NET_AWIN], "00000000001111111111222222222233333333334444444444"), OK);
	assert_int_equal(target_status(n, &SHOPS[NET_AWIN], "000000000011111111112222222222333333333344444444445"), E_INPUT);
	poor.network_id_count = 1;
	assert_int_equal(target_status(n, &poor, SUBID), E_MISSING);

	struct buf small;
	buf_init(&small, 20);
	assert_int_equal(link_target(n, &SHOP_BARE, STR("https://shop.example/p"), STR_NONE, &small, NULL), E_NOMEM);
	buf_done(&small);
	link_networks_free(n);
}

static void expect_fallback(const struct link_networks *n, const struct merchant *m, const char *want)
{
	struct buf out;
	buf_init(&out, 4096);
	assert_int_equal(link_fallback(n, m, STR(SUBID), &out, NULL), OK);
	assert_string_equal(out.p, want);
	buf_done(&out);
}

static void departed_products_lead_to_the_shop(void **state)
{
	(void)state;
	struct link_networks *n = networks_shipped();
	struct merchant m = SHOPS[NET_CJ];
	struct buf out;

	expect_fallback(n, &m, "https://www.anrdoezrs.net/links/7654321/type/dlg/sid/" SUBID "/https://shop.example/");
	m.fallback_url = STR("https://www.shop.example/sale?x=1");
	expect_fallback(n, &m, "https://www.anrdoezrs.net/links/7654321/type/dlg/sid/" SUBID "/https://www.shop.example/sale?x=1");
	expect_fallback(n, &SHOP_BARE, "https://shop.example/");
	m = SHOP_BARE;
	m.host_count = 0;
	buf_init(&out, 4096);
	assert_int_equal(link_fallback(n, &m, STR(SUBID), &out, NULL), E_MISSING);
	m.fallback_url = STR("https://evil.example/");
	assert_int_equal(link_fallback(n, &m, STR(SUBID), &out, NULL), E_INPUT);
	assert_int_equal(out.n, 0);
	buf_done(&out);
	link_networks_free(n);
}

static void refusals_say_why(void **state)
{
	(void)state;
	struct link_networks *n = networks_shipped();
	struct merchant amazon = SHOPS[NET_AMAZON], plain = SHOP_BARE, poor = SHOPS[NET_EBAY];
	struct str dp = STR("https://www.amazon.co.uk/dp/B1"), p = STR("https://shop.example/p");

	assert_int_equal(link_refuses(n, &plain, p, false), LINK_FINE);
	assert_int_equal(link_refuses(n, &SHOPS[NET_AWIN], p, false), LINK_FINE);
	assert_int_equal(link_refuses(n, &plain, STR("ftp://shop.example/"), true), LINK_BAD_URL);
	assert_int_equal(link_refuses(n, &plain, STR("https://evil.example/"), true), LINK_FOREIGN_HOST);
	assert_int_equal(link_refuses(n, &SHOPS[NET_AWIN], STR("https://www.awin1.com/pclick.php?p=1&a=2&m=3"), true), LINK_FOREIGN_HOST);
	assert_int_equal(link_refuses(n, &SHOPS[NET_AWIN], STR("https://www.awin1.com/pclick.php?p=1&a=98765&m=3"), true), LINK_FINE);
	poor.network_id_count = 1;
	assert_int_equal(link_refuses(n, &poor, p, true), LINK_NO_IDS);

	/* Amazon, in any catalog: the operator's flag and the merchant's permission, both; and then direct */
	assert_int_equal(link_refuses(n, &plain, dp, true), LINK_NO_PERMISSION);
	assert_int_equal(link_refuses(n, &amazon, dp, true), LINK_NO_PERMISSION);
	amazon.network_permission = plain.network_permission = true;
	assert_int_equal(link_refuses(n, &amazon, dp, false), LINK_NO_PERMISSION);
	assert_int_equal(link_refuses(n, &amazon, dp, true), LINK_FINE);
	assert_int_equal(link_refuses(n, &plain, dp, true), LINK_FINE);
	struct merchant awin = SHOPS[NET_AWIN];
	awin.network_permission = true;
	assert_int_equal(link_refuses(n, &awin, dp, true), LINK_NO_PERMISSION);
	struct str hidden = STR("https://www.awin1.com/cread.php?awinaffid=1&ued=https%3A%2F%2Fwww.amazon.co.uk%2Fdp%2FB1");
	assert_int_equal(link_refuses(n, &SHOP_BARE, hidden, true), LINK_NO_PERMISSION);
	assert_true(link_is_direct(&amazon, p));
	assert_true(link_is_direct(&plain, dp));
	assert_false(link_is_direct(&plain, p));
	plain.click_mode = CLICK_DIRECT;
	assert_true(link_is_direct(&plain, p));
	link_networks_free(n);
}

static void expect_untarget(const struct link_networks *n, const struct merchant *m, const char *url, const char *want)
{
	struct buf out;
	buf_init(&out, 4096);
	bool ours = link_untarget(n, m, str_of(url), &out);
	if (ours != (want != NULL) || strcmp(out.p ? out.p : "", want ? want : "") != 0)
		fail_msg("%s is taken for %s", url, ours ? out.p : "foreign");
	buf_done(&out);
}

static void only_our_own_links_are_recognised(void **state)
{
	(void)state;
	struct link_networks *n = networks_shipped();
	const struct merchant *plain = &SHOPS[NET_PLAIN], *cj = &SHOPS[NET_CJ];

	expect_untarget(n, plain, "https://shop.example/p?x=1&aff=in%20lay&ref=x-" SUBID "#f", "https://shop.example/p?x=1#f");
	expect_untarget(n, plain, "https://shop.example/p?aff=in%20lay", "https://shop.example/p");
	expect_untarget(n, plain, "https://shop.example/p", NULL); /* our parameters are missing */
	expect_untarget(n, plain, "https://shop.example/p?aff=other&ref=x-" SUBID, NULL);
	expect_untarget(n, plain, "https://shop.example/p?ref=x-" SUBID "&aff=in%20lay", NULL);
	expect_untarget(n, plain, "https://shop.example/p?aff=in%20lay&ref=x-00000000000000000000000001r", NULL); /* check digit */
	expect_untarget(n, plain, "https://shop.example/p?aff=in%20lay&ref=y-" SUBID, NULL);
	expect_untarget(n, plain, "https://shop.example/p?aff=in%20lay&ref=x-" SUBID "9", NULL);
	expect_untarget(n, &SHOP_BARE, "https://shop.example/p?x=1", "https://shop.example/p?x=1");
	expect_untarget(n, &SHOP_BARE, "https://shop.example/p?gclid=1", NULL);
	expect_untarget(n, &SHOP_BARE, "https://evil.example/p", NULL);
	expect_untarget(n, &SHOP_BARE, "not a url", NULL);
	expect_untarget(n, cj, "https://www.anrdoezrs.net/links/7654321/type/dlg/sid/" SUBID "/https://shop.example/p", "https://shop.example/p");
	expect_untarget(n, cj, "https://www.anrdoezrs.net/links/1/type/dlg/sid/" SUBID "/https://shop.example/p", NULL);
	expect_untarget(n, cj, "https://shop.example/p", NULL);
	link_networks_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_network_has_its_form),
		cmocka_unit_test(without_a_subid_nothing_is_left_of_it),
		cmocka_unit_test(parameters_are_replaced_and_others_tracking_goes),
		cmocka_unit_test(nothing_is_wrapped_twice),
		cmocka_unit_test(strangers_are_refused),
		cmocka_unit_test(subids_and_ids_are_checked),
		cmocka_unit_test(departed_products_lead_to_the_shop),
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(only_our_own_links_are_recognised),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
