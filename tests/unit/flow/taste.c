/* The rules of taste, case by case: tests/golden/taste/<rule>.jsonl has one case a line, with the shop
 * (tests/golden/taste/shops/<shop>.jsonl) that it asks, the request, the links it must get (words and product; a card has no words) and the
 * reason where it gets none. Each rule has both kinds, so that linking nothing fails as surely as linking all. Every case is also streamed
 * byte by byte and fed its own output. GOLDEN_ACCEPT=1 rewrites links and reasons: read the difference before it is committed. */
#include "check.h"

#include "feed/feed.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define FOLDER "tests/golden/taste/"
#define NOW_MS INT64_C(1795219200000) /* 21 November 2026 */
enum { MOST_SHOPS = 64 };

struct shop {
	char name[64];
	struct shelf *shelf;
};
struct fixture {
	struct flow_rules *rules;
	struct link_keys *keys;
	struct shop shop[MOST_SHOPS];
	size_t shops;
};

static struct shelf *shelf_of(struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->shops; i++)
		if (strcmp(f->shop[i].name, name) == 0)
			return f->shop[i].shelf;
	struct feed_parts parts = {0};
	struct feed_report report = {0};
	struct feed_options o = {.lenient = true, .max_bytes = 1u << 28, .now_ms = 1};
	struct catalog *c = NULL;
	struct err e = {0};
	struct shop *s = &f->shop[f->shops++];
	char path[256];
	assert_true(f->shops <= MOST_SHOPS);
	snprintf(s->name, sizeof s->name, "%s", name);
	snprintf(path, sizeof path, FOLDER "shops/%s.jsonl", name);
	kit_ok(feed_read_file(path, STR(""), &o, &parts, &report, &e), &e);
	assert_int_equal(report.rejected, 0);
	feed_report_done(&report);
	kit_ok(catalog_new(parts.part, parts.count, STR("taste"), &c, &e), &e);
	kit_ok(shelf_new(c, f->rules, f->keys, STR_NONE, 7, &s->shelf, &e), &e);
	catalog_unref(c);
	feed_parts_done(&parts);
	return s->shelf;
}

/* [[words, product], ...] of a response; each must say why. */
static json_t *links_of(const struct checked *c)
{
	json_t *got = json_array(), *link;
	size_t i;
	json_array_foreach(json_object_get(c->response, "links"), i, link)
	{
		const json_t *why = json_object_get(link, "why");
		double score = json_number_value(json_object_get(why, "score"));
		assert_true(json_string_length(json_object_get(why, "phrase")) > 0 && json_string_length(json_object_get(why, "kind")) > 0);
		assert_true(score > 0 && score <= 1 && json_object_size(json_object_get(why, "parts")) > 0 &&
		            json_is_array(json_object_get(why, "rivals")));
		json_array_append_new(
		        got, json_pack("[O, O]", json_object_get(link, "text"), json_object_get(json_object_get(link, "product"), "id")));
	}
	return got;
}

static size_t by_one(void *arg)
{
	(void)arg;
	return 1;
}

/* Runs a case; brings its line up to date and tells whether it said so before. */
static bool run_case(struct fixture *f, json_t *line, const char *file, size_t counts[2])
{
	struct arena *a = arena_new(1u << 20);
	struct insert_request r;
	struct err e = {0};
	char *json = json_dumps(json_object_get(line, "request"), JSON_COMPACT);
	struct shelf *s = shelf_of(f, json_string_value(json_object_get(line, "shop")));
	kit_ok(insert_request_parse(str_of(json), true, INSERT_MAX_ANSWER, a, &r, &e), &e);
	r.explain = true;
	r.now_ms = NOW_MS;
	struct checked c = check_cut(s, &r, NULL, NULL), ones = check_cut(s, &r, by_one, NULL);
	check_edits(r.answer, &c);
	check_again(s, &r, &c);
	assert_string_equal(c.answer, ones.answer);
	json_t *links = links_of(&c), *reason = json_object_get(c.response, "reason");
	bool same = json_equal(links, json_object_get(line, "links")) && json_equal(reason, json_object_get(line, "reason"));
	counts[json_array_size(json_object_get(line, "links")) > 0]++;
	if (!same)
		print_error("%s: %s: got %s %s\n", file, json_string_value(json_object_get(line, "name")), json_dumps(links, JSON_COMPACT),
		        json_string_value(reason));
	json_object_set_new(line, "links", links);
	json_object_set(line, "reason", reason);
	checked_done(&c);
	checked_done(&ones);
	arena_free(a);
	free(json);
	return same;
}

/* One file: its cases, and whether it has both kinds. Returns how many differ. */
static int run_file(struct fixture *f, const char *file)
{
	char path[512];
	snprintf(path, sizeof path, FOLDER "%s", file);
	struct str text = kit_file(path), rest = text;
	struct buf out;
	size_t counts[2] = {0};
	int wrong = 0;
	buf_init(&out, 1u << 24);
	while (rest.n > 0) {
		struct str one = str_cut(&rest, '\n');
		json_error_t why;
		json_t *line = one.n > 0 ? json_loadb(one.p, one.n, 0, &why) : NULL;
		if (!line)
			continue;
		wrong += !run_case(f, line, file, counts);
		char *now = json_dumps(line, 0);
		buf_put(&out, str_of(now));
		buf_putc(&out, '\n');
		free(now);
		json_decref(line);
	}
	print_message("%s: %zu with links, %zu without, %d differ\n", file, counts[1], counts[0], wrong);
	assert_true(counts[0] > 0 && counts[1] > 0);
	if (getenv("GOLDEN_ACCEPT")) {
		FILE *to = fopen(path, "w");
		assert_non_null(to);
		assert_int_equal(fwrite(out.p, 1, out.n, to), out.n);
		fclose(to);
	}
	buf_done(&out);
	free((void *)(uintptr_t)text.p);
	return wrong;
}

static void test_taste(void **state)
{
	struct dirent **names;
	int n = scandir(FOLDER, &names, NULL, alphasort), wrong = 0, files = 0;
	for (int i = 0; i < n; i++) {
		if (str_ends(str_of(names[i]->d_name), STR(".jsonl"))) {
			wrong += run_file(*state, names[i]->d_name);
			files++;
		}
		free(names[i]);
	}
	free(names);
	assert_int_equal(files, 8); /* QUALITY has eight rules */
	assert_int_equal(wrong, 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->keys = kit_keys();
	f->rules = kit_rules();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->shops; i++)
		shelf_unref(f->shop[i].shelf);
	flow_rules_unref(f->rules);
	link_keys_free(f->keys);
	free(f);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_taste)};
	return cmocka_run_group_tests_name("flow/taste", tests, set_up, tear_down);
}
