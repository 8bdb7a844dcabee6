/* Which addresses pass, which are Amazon's, and how text is written into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/link.h"
#include "link/url.h"

static void good_urls_pass(void **state)
{
	(void)state;
	static const struct {
		const char *url, *host;
	} CASES[] = {
		{"https://shop.example/", "shop.example"},
		{"http://shop.example", "shop.example"},
		{"HTTPS://SHOP.example:8443?x=1", "SHOP.example"},
		{"https://xn--fiq228c.example/面膜?q=%E9%9D%A2#top", "xn--fiq228c.example"},
		{"https://localhost:1/p", "localhost"},
		{"https://192.0.2.7/p", "192.0.2.7"},
		{"https://shop.example#a@b:c", "shop.example"},
		{"https://shop.example/@user/a:b//c;d=e,f", "shop.example"},
		{"https://shop.example/..a/b../...?../..#/../", "shop.example"},
		{"https://shop.example/?u=https://other.example/%2F%2f", "shop.example"},
	};
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct str host = STR_NONE;
		struct err e = {0};
		if (link_url_check(str_of(CASES[i].url), &host, &e) != OK)
			fail_msg("%s: %s", CASES[i].url, e.text);
		assert_true(str_eq(host, str_of(CASES[i].host)));
	}
}

static void bad_urls_do_not(void **state)
{
	(void)state;
	const struct str CASES[] = {
		STR(""), STR("/p"), STR("//evil.example/p"), STR("shop.example/p"), STR("javascript:alert(1)"), STR("JaVaScRiPt://shop.example/%0aalert(1)"),
		STR("data:text/html,x"), STR("vbscript:x"), STR("ftp://shop.example/"), STR("mailto:a@b.example"), STR("\x01https://shop.example/"),
		STR(" https://shop.example/"), STR("https://shop.example/a b"), STR("https://shop.example/a\tb"), STR("https://shop.example/a\r\nX: y"),
		STR("https://shop.example/a\0b"), STR("https://shop.example/\x7f"), STR("https://user@shop.example/"), STR("https://u:p@shop.example/"),
		STR("https://shop.example@evil.example/"), STR("https://shop.example\\@evil.example/"), STR("https://shop.example/\\x"),
		STR("https:///p"), STR("https://"), STR("https:/shop.example/"), STR("https://.example/"), STR("https://shop..example/"),
		STR("https://shop.example./"), STR("https://-shop.example/"), STR("https://面膜.example/"), STR("https://shop%2eexample/"),
		STR("https://[::1]/"), STR("https://shop.example:/"), STR("https://shop.example:0/"), STR("https://shop.example:65536/"),
		STR("https://shop.example:+80/"), STR("https://shop.example:8x/"), STR("https://shop.example:80:90/"), STR("https://shop.example/%"),
		STR("https://shop.example/%4"), STR("https://shop.example/100%/x"), STR("https://shop.example/%zz"), STR("https://shop.example/<a>"),
		STR("https://shop.example/\"x"), STR("https://shop.example/`x"), STR("https://shop.example/\xff"), STR("https://shop.example/\xc0\xaf"),
		STR("https://shop.example/a/../b"), STR("https://shop.example/.."), STR("https://shop.example/%2e%2E/x"), STR("https://shop.example/./x?y"),
		STR("https://com/"), STR("&#106;avascript:x"), STR("https&#58;//shop.example/"), STR("https://shop.example\u202e/"),
	};
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct str host = STR("untouched");
		struct err e = {0};
		if (link_url_check(CASES[i], &host, &e) != E_INPUT)
			fail_msg("%s passed", CASES[i].p);
		assert_true(str_eq(host, STR("untouched")));
		assert_int_not_equal(e.text[0], 0);
	}
	char *huge = malloc(1 << 20);
	memset(huge, 'a', 1 << 20);
	memcpy(huge, "https://shop.example/", 21);
	assert_int_equal(link_url_check((struct str){huge, 1 << 20}, NULL, NULL), E_INPUT);
	free(huge);
}

static void amazon_is_recognised(void **state)
{
	(void)state;
	static const char *const YES[] = {"amazon.com", "www.amazon.com", "smile.amazon.com", "amazon.co.uk", "www.amazon.de", "www.amazon.fr",
		"www.amazon.it", "www.amazon.es", "www.amazon.nl", "www.amazon.se", "www.amazon.pl", "www.amazon.com.be", "www.amazon.com.tr",
		"www.amazon.ae", "www.amazon.sa", "www.amazon.eg", "www.amazon.in", "www.amazon.co.jp", "www.amazon.sg", "www.amazon.com.au",
		"www.amazon.com.mx", "www.amazon.com.br", "www.amazon.ca", "www.amazon.cn", "www.amazon.ie", "www.amazon.co.za", "AMAZON.COM",
		"a.b.c.amazon.com", "amzn.to", "AMZN.to", "amzn.eu", "amzn.asia", "amzn.in", "www.amzn.com", "a.co", "www.a.co"};
	static const char *const NO[] = {"notamazon.com", "amazon.evil.com", "amazon.com.evil.com", "my-amazon.com", "amazon.example", "aa.co",
		"a.com", "a.co.uk", "amzn.evil.com", "xamzn.to", "amazon", "amazon.co.evil.com", "shop.example"};
	char url[200];

	for (size_t i = 0; i < ARRAY_LEN(YES); i++) {
		snprintf(url, sizeof url, "https://%s:443/dp/B0?x=1", YES[i]);
		if (!link_is_amazon(str_of(url)))
			fail_msg("%s not recognised", url);
	}
	for (size_t i = 0; i < ARRAY_LEN(NO); i++) {
		snprintf(url, sizeof url, "https://%s/www.amazon.com/", NO[i]);
		if (link_is_amazon(str_of(url)))
			fail_msg("%s taken for Amazon", url);
	}
}

static void expect_safe(const char *in, const char *want)
{
	struct buf once, twice;

	buf_init(&once, 4096);
	buf_init(&twice, 4096);
	url_put_safe(&once, str_of(in));
	assert_string_equal(once.p, want);
	url_put_safe(&twice, buf_str(&once));
	assert_string_equal(twice.p, want);
	buf_done(&once);
	buf_done(&twice);
}

static void urls_are_written_for_markdown(void **state)
{
	(void)state;
	expect_safe("https://h.example/a_b-c.d/e!f@g:h+i,j=k&l?m;n", "https://h.example/a_b-c.d/e!f@g:h+i,j=k&l?m;n");
	expect_safe("https://h.example/(x)<y>[z]{w}", "https://h.example/%28x%29%3Cy%3E%5Bz%5D%7Bw%7D");
	expect_safe("https://h.example/'\"`\\|*~$^", "https://h.example/%27%22%60%5C%7C%2A%7E%24%5E");
	expect_safe("https://h.example/面 膜", "https://h.example/%E9%9D%A2%20%E8%86%9C");
	expect_safe("https://h.example/%2F%2f%e9#a#b", "https://h.example/%2F%2f%e9#a%23b");
	expect_safe("https://h.example/?a&copy;=1&#38;2&x;&;&a b;", "https://h.example/?a&copy%3B=1&#38%3B2&x%3B&;&a%20b;");
}

static void parameters_are_compared_decoded(void **state)
{
	(void)state;
	assert_true(url_name_is(STR("t%61G"), STR("tag")));
	assert_false(url_name_is(STR("tags"), STR("tag")));
	assert_false(url_name_is(STR("ta"), STR("tag")));
	assert_false(url_name_is(STR(""), STR("tag")));
	assert_true(url_name_starts(STR("UTM%5fx"), STR("utm_")));
	assert_false(url_name_starts(STR("utm"), STR("utm_")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls_pass),
		cmocka_unit_test(bad_urls_do_not),
		cmocka_unit_test(amazon_is_recognised),
		cmocka_unit_test(urls_are_written_for_markdown),
		cmocka_unit_test(parameters_are_compared_decoded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
