/* The networks' rules as data: another form needs no C, a wrong one is refused when read. */
#include <stdio.h>

#include "link/shops.h"

static enum status read_rules(const char *yaml, struct link_networks **n, struct err *e)
{
	struct arena *a = arena_new(1 << 20);
	const struct doc *doc = NULL;
	enum status s;

	assert_int_equal(doc_parse(str_of(yaml), a, &doc, e), OK);
	s = link_networks_new(doc, n, e);
	arena_free(a);
	return s;
}

static void a_form_is_data(void **state)
{
	(void)state;
	struct link_networks *n = NULL;
	struct err e = {0};
	struct buf out;

	assert_int_equal(read_rules("networks:\n"
	                            "  awin:\n"
	                            "    base: 'https://go.net.example/{affiliate_id}[/s-{click}]/to/{destination}'\n"
	                            "    tail: /to/\n"
	                            "    click_segment: /s-\n"
	                            "    hosts: [net.example]\n"
	                            "strip: [spy, 'x_*']\n",
		                 &n, &e),
		OK);
	buf_init(&out, 4096);
	assert_int_equal(link_target(n, &SHOPS[NET_AWIN], STR("https://shop.example/p?spy=1&x_y=2&tag=3"), STR(SUBID), &out, &e), OK);
	assert_string_equal(out.p, "https://go.net.example/98765/s-" SUBID "/to/https%3A%2F%2Fshop.example%2Fp%3Ftag%3D3");
	struct str mine = {strdup(out.p), out.n};
	buf_clear(&out);
	assert_true(link_untarget(n, &SHOPS[NET_AWIN], mine, &out));
	assert_string_equal(out.p, "https://shop.example/p?tag=3");
	free((void *)(uintptr_t)mine.p);
	buf_clear(&out);
	/* a network that the file does not know: never a guess */
	assert_int_equal(link_target(n, &SHOPS[NET_CJ], STR("https://shop.example/p"), STR(SUBID), &out, &e), E_MISSING);
	assert_int_equal(link_refuses(n, &SHOPS[NET_CJ], STR("https://shop.example/p"), false), LINK_NO_IDS);
	assert_false(link_untarget(n, &SHOPS[NET_CJ], STR("https://shop.example/p"), &out));
	assert_int_equal(out.n, 0);
	buf_done(&out);
	link_networks_free(n);
	link_networks_free(NULL);
}

static void wrong_rules_are_refused(void **state)
{
	(void)state;
	static const char *const CASES[] = {
		"strip: [a]",
		"networks: [a]",
		"networks: {awin: x}",
		"networks: {awin: {base: '{destination'}}",
		"networks: {awin: {base: 'https://x.example/[a[b]]{destination}', tail: /, hosts: [x.example]}}",
		"networks: {awin: {base: 'https://x.example/', hosts: [x.example], destination: [u]}}", /* carries no destination */
		"networks: {awin: {base: 'https://x.example/', hosts: [x.example], parameters: {u: '{destination}'}}}",
		"networks: {awin: {base: 'https://x.example/{destination}', hosts: [x.example]}}", /* no tail */
		"networks: {awin: {base: 'https://x.example/{destination}/end', tail: /, hosts: [x.example]}}",
		"networks: {awin: {base: 'https://x.example/', hosts: [x.example], destination: [v], parameters: {u: '{destination}'}}}",
		"networks: {awin: {base: 'https://x.example/', hosts: [y.example], destination: [u], parameters: {u: '{destination}'}}}",
		"networks: {awin: {base: '{destination}', parameters: [a]}}",
		"networks: {awin: {base: '{destination}', parameters: {a: [b]}}}",
		"networks: {awin: {base: '{destination}', click_max: 26}}",
		"networks: {awin: {base: '{destination}', click_max: many}}",
		"networks: {awin: {base: '{destination}', own_parameters: perhaps}}",
		"networks: {awin: {base: '{destination}', hosts: [[a]]}}",
		"networks: {awin: {base: '{destination}'}}\nstrip: a",
	};
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct link_networks *n = NULL;
		struct err e = {0};
		if (read_rules(CASES[i], &n, &e) != E_INPUT)
			fail_msg("accepted: %s", CASES[i]);
		assert_null(n);
		assert_int_not_equal(e.where[0], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_is_data),
		cmocka_unit_test(wrong_rules_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
