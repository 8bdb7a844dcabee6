/* tests/golden/<nnnn-name>/request.json -> want.json, with every universal check on each case. GOLDEN_ACCEPT=1 rewrites want.json:
 * read the difference before it is committed. Links are direct, so that the answers can be read. */
#include "check.h"

#include "feed/feed.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define FOLDER "tests/golden/"

static struct shelf *direct, *redirecting;
static struct flow_rules *rules;
static struct link_keys *keys;

struct dice {
	uint64_t x;
};

static size_t roll(void *arg)
{
	struct dice *d = arg;
	d->x = hash_mix(d->x + 0x9e3779b97f4a7c15u);
	return 1 + (size_t)(d->x % 9);
}

static size_t by_one(void *arg)
{
	(void)arg;
	return 1;
}

static struct shelf *golden_shelf(const char *public_url)
{
	struct feed_parts parts = {0};
	struct feed_report report = {0};
	struct feed_options o = {.lenient = true, .max_bytes = 1u << 28, .now_ms = 1};
	struct catalog *c = NULL;
	struct shelf *s = NULL;
	struct err e = {0};
	kit_ok(feed_read_file(FOLDER "catalog.jsonl", STR(""), &o, &parts, &report, &e), &e);
	assert_int_equal(report.rejected, 0);
	feed_report_done(&report);
	kit_ok(catalog_new(parts.part, parts.count, STR("golden"), &c, &e), &e);
	kit_ok(shelf_new(c, rules, keys, str_of(public_url), 7, &s, &e), &e);
	catalog_unref(c);
	feed_parts_done(&parts);
	return s;
}

/* What a case promises: decision, reason, class, the links and the answer. */
static json_t *summary(const struct checked *c)
{
	json_t *links = json_array(), *link;
	size_t i;
	json_array_foreach(json_object_get(c->response, "links"), i, link) {
		json_t *product = json_object_get(link, "product");
		json_array_append_new(links, json_pack("{s:O, s:O, s:O}", "text", json_object_get(link, "text"), "merchant", json_object_get(product, "merchant"),
			"product", json_object_get(product, "id")));
	}
	return json_pack("{s:O, s:O, s:O, s:o, s:s}", "decision", json_object_get(c->response, "decision"), "reason", json_object_get(c->response, "reason"), "class",
		json_object_get(json_object_get(c->response, "intent"), "class"), "links", links, "answer", c->answer);
}

static void check_every_cut(struct shelf *s, const struct insert_request *r)
{
	struct dice d = {r->answer.n};
	struct checked whole = check_cut(s, r, NULL, NULL), ones = check_cut(s, r, by_one, NULL), few = check_cut(s, r, roll, &d);
	check_edits(r->answer, &whole);
	if (s == redirecting)
		check_page(r->answer, &whole);
	check_again(s, r, &whole);
	assert_string_equal(whole.answer, ones.answer);
	assert_string_equal(whole.answer, few.answer);
	checked_done(&whole);
	checked_done(&ones);
	checked_done(&few);
	for (size_t at = 1; at < r->answer.n; at++) { /* cut in two at every byte */
		struct insert *in;
		struct buf out;
		struct err e;
		buf_init(&out, 1u << 24);
		kit_ok(insert_new(s, r, &in, &e), &e);
		kit_ok(insert_feed(in, str_sub(r->answer, 0, at), &out), &e);
		kit_ok(insert_feed(in, str_sub(r->answer, at, r->answer.n), &out), &e);
		kit_ok(insert_finish(in, &out), &e);
		struct checked again = check_cut(s, r, NULL, NULL);
		assert_string_equal(out.p ? out.p : "", again.answer);
		checked_done(&again);
		insert_free(in);
		buf_done(&out);
	}
}

static bool check_case(const char *name)
{
	char path[512];
	struct err e = {0};
	struct insert_request r;
	struct arena *a = arena_new(1u << 20);
	snprintf(path, sizeof path, FOLDER "%s/request.json", name);
	struct str json = kit_file(path);
	kit_ok(insert_request_parse(json, true, INSERT_MAX_ANSWER, a, &r, &e), &e);
	struct checked c = check_cut(direct, &r, NULL, NULL);
	check_every_cut(direct, &r);
	check_every_cut(redirecting, &r);
	json_t *got = summary(&c);
	snprintf(path, sizeof path, FOLDER "%s/want.json", name);
	if (getenv("GOLDEN_ACCEPT"))
		json_dump_file(got, path, JSON_INDENT(1) | JSON_SORT_KEYS);
	json_t *want = json_load_file(path, 0, NULL);
	bool same = json_equal(got, want);
	if (!same)
		print_error("%s: got %s\n", name, json_dumps(got, JSON_COMPACT));
	json_decref(want);
	json_decref(got);
	checked_done(&c);
	arena_free(a);
	free((void *)(uintptr_t)json.p);
	return same;
}

static void test_golden(void **state)
{
	(void)state;
	struct dirent **names;
	int n = scandir(FOLDER, &names, NULL, alphasort), cases = 0, wrong = 0;
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] >= '0' && names[i]->d_name[0] <= '9') {
			cases++;
			wrong += !check_case(names[i]->d_name);
		}
		free(names[i]);
	}
	free(names);
	print_message("%d golden cases, %d differ\n", cases, wrong);
	assert_true(cases > 0);
	assert_int_equal(wrong, 0);
}

static int set_up(void **state)
{
	(void)state;
	keys = kit_keys();
	rules = kit_rules();
	direct = golden_shelf("");
	redirecting = golden_shelf(KIT_PUBLIC);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	shelf_unref(direct);
	shelf_unref(redirecting);
	flow_rules_unref(rules);
	link_keys_free(keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};
	return cmocka_run_group_tests_name("flow/golden", tests, set_up, tear_down);
}
