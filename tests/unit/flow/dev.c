/* The labelled answers beside the project, if they are there: every universal check on each, and what a stream holds back.
 * Skips, and says so, when ../shared/quality is absent. */
#include "check.h"

#include "feed/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

#define FOLDER "../shared/quality/"

struct dice {
	uint64_t x;
	size_t most;
};

static size_t roll(void *arg)
{
	struct dice *d = arg;
	d->x = hash_mix(d->x + 0x9e3779b97f4a7c15u);
	return 1 + (size_t)(d->x % d->most);
}

static struct shelf *dev_shelf(struct flow_rules *rules, const struct link_keys *keys)
{
	static const char *const files[] = {FOLDER "catalog_en.jsonl.gz", FOLDER "catalog_zh.jsonl.gz"};
	struct feed_parts parts = {0};
	struct feed_options o = {.lenient = true, .max_bytes = 1u << 30, .now_ms = 1};
	struct err e = {0};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct feed_report report = {0};
		kit_ok(feed_read_file(files[i], STR(""), &o, &parts, &report, &e), &e);
		assert_int_equal(report.rejected, 0);
		feed_report_done(&report);
	}
	struct catalog *c = NULL;
	struct shelf *s = NULL;
	kit_ok(catalog_new(parts.part, parts.count, STR("dev"), &c, &e), &e);
	assert_int_equal(catalog_count(c), 176620);
	kit_ok(shelf_new(c, rules, keys, STR(KIT_PUBLIC), 7, &s, &e), &e);
	catalog_unref(c);
	feed_parts_done(&parts);
	return s;
}

struct held {
	uint32_t count[1025];
	size_t deltas, most;
};

/* An answer as a model streams it: pieces of about a word, whole code points. */
static void measure_held(struct shelf *s, const struct insert_request *r, struct held *h)
{
	struct insert *in = NULL;
	struct dice d = {r->answer.n, 8};
	struct buf out;
	struct err e;
	buf_init(&out, 64u << 20);
	kit_ok(insert_new(s, r, &in, &e), &e);
	for (size_t at = 0; at < r->answer.n;) {
		size_t n = roll(&d);
		while (at + n < r->answer.n && ((unsigned char)r->answer.p[at + n] & 0xC0) == 0x80)
			n++;
		n = n > r->answer.n - at ? r->answer.n - at : n;
		kit_ok(insert_feed(in, str_sub(r->answer, at, at + n), &out), &e);
		at += n;
		size_t held = insert_held(in);
		h->most = held > h->most ? held : h->most;
		h->count[held < 1024 ? held : 1024]++;
		h->deltas++;
	}
	kit_ok(insert_finish(in, &out), &e);
	insert_free(in);
	buf_done(&out);
}

static size_t percentile(const struct held *h, double p)
{
	size_t below = 0, at = 0;
	while (at < 1024 && (double)(below += h->count[at]) < p * (double)h->deltas)
		at++;
	return at;
}

static void check_one(struct shelf *s, const struct insert_request *r, struct held *h)
{
	struct checked whole = check_cut(s, r, NULL, NULL);
	struct dice by_one = {1, 1}, by_few = {r->answer.n, 40};
	struct dice *cuts[] = {&by_one, &by_few};
	check_edits(r->answer, &whole);
	check_page(r->answer, &whole);
	check_again(s, r, &whole);
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		struct checked cut = check_cut(s, r, roll, cuts[i]);
		if (strcmp(cut.answer, whole.answer) != 0)
			check_fail("stream is not whole", str_of(whole.answer), str_of(cut.answer));
		checked_done(&cut);
	}
	measure_held(s, r, h);
	checked_done(&whole);
}

static void test_dev(void **state)
{
	(void)state;
	if (access(FOLDER "dev_input.jsonl", R_OK) != 0) {
		print_message("flow/dev skips: there is no " FOLDER "\n");
		skip();
	}
	struct link_keys *keys = kit_keys();
	struct flow_rules *rules = kit_rules();
	struct shelf *s = dev_shelf(rules, keys);
	struct str lines = kit_file(FOLDER "dev_input.jsonl"), rest = lines;
	struct arena *a = arena_new(64u << 20);
	struct held *h = calloc(1, sizeof *h);
	while (rest.n) {
		struct str line = str_cut(&rest, '\n');
		struct insert_request r;
		struct err e = {0};
		if (!line.n)
			continue;
		kit_ok(insert_request_parse(line, true, INSERT_MAX_ANSWER, a, &r, &e), &e);
		r.max_links = 8;
		check_one(s, &r, h);
		arena_reset(a);
	}
	print_message("held back over %zu deltas: median %zu, 90th percentile %zu, most %zu bytes\n", h->deltas, percentile(h, 0.5), percentile(h, 0.9), h->most);
	assert_true(percentile(h, 0.5) == 0);
	assert_true(percentile(h, 0.9) <= 96);
	assert_true(h->most <= 1024);
	free(h);
	arena_free(a);
	free((void *)(uintptr_t)lines.p);
	shelf_unref(s);
	flow_rules_unref(rules);
	link_keys_free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_dev)};
	return cmocka_run_group_tests_name("flow/dev", tests, NULL, NULL);
}
