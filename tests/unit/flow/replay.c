/* flow: replay lists what differs between two shelves, and nothing where they agree. */
#include "kit.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define QUESTION "Which headphones should I buy for a long flight?"
#define ANSWER "For a long flight I recommend the Sony WH-1000XM5. It is light and quiet."

struct world {
	struct link_keys *keys;
	struct flow_rules *rules;
	struct shelf *shelf;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	w->keys = kit_keys();
	w->rules = kit_rules();
	w->shelf = kit_shelf(w->rules, w->keys, KIT_PUBLIC, 0, 1);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	shelf_unref(w->shelf);
	flow_rules_unref(w->rules);
	link_keys_free(w->keys);
	free(w);
	return 0;
}

static struct insert_request request(const char *answer, enum form form)
{
	struct insert_request r;
	insert_request_init(&r);
	r.answer = str_of(answer);
	r.has_answer = true;
	r.question = STR(QUESTION);
	r.id_json = STR("\"r1\"");
	r.form = form;
	return r;
}

/* Rules as the shelf's, but for placement. */
static struct shelf *under(const struct world *w, const char *placement)
{
	struct flow_rule_texts t = *flow_rules_texts(w->rules);
	struct flow_rules *r = NULL;
	struct shelf *s = NULL;
	struct err e = {0};
	t.placement = str_of(placement);
	kit_ok(flow_rules_new(&t, &r, &e), &e);
	kit_ok(shelf_with_rules(w->shelf, r, &s, &e), &e);
	flow_rules_unref(r);
	return s;
}

/* Two replays in a row, so that the commas between elements are there; the list is malloc'd. */
static json_t *replay_twice(struct shelf *a, struct shelf *b, const struct insert_request *r, struct replay *totals)
{
	struct buf out;
	buf_init(&out, 1u << 20);
	buf_putc(&out, '[');
	*totals = (struct replay){0};
	replay_request(a, b, r, totals, &out);
	replay_request(a, b, r, totals, &out);
	buf_putc(&out, ']');
	json_error_t e;
	json_t *list = json_loadb(out.p, out.n, 0, &e);
	assert_non_null(list);
	buf_done(&out);
	return list;
}

static void the_same_shelf_differs_in_nothing(void **state)
{
	struct world *w = *state;
	struct replay t;
	struct insert_request r = request(ANSWER, FORM_INLINE);
	json_t *list = replay_twice(w->shelf, w->shelf, &r, &t);
	assert_int_equal(json_array_size(list), 0);
	assert_int_equal(t.requests, 2);
	assert_int_equal(t.different, 0);
	assert_true(t.links_a > 0 && t.links_a == t.links_b);
	json_decref(list);
}

static void links_of_one_side_are_listed(void **state)
{
	struct world *w = *state;
	struct shelf *none = under(w, "max_links: 0\n");
	struct replay t;
	struct insert_request r = request(ANSWER, FORM_INLINE);
	json_t *list = replay_twice(w->shelf, none, &r, &t);
	assert_int_equal(json_array_size(list), 2);
	const json_t *first = json_array_get(list, 0), *link = json_array_get(json_object_get(first, "only_a"), 0);
	assert_int_equal(json_integer_value(json_object_get(first, "request")), 1);
	assert_string_equal(json_string_value(json_object_get(first, "id")), "r1");
	assert_string_equal(json_string_value(json_object_get(json_object_get(first, "decision"), "a")), "linked");
	assert_string_equal(json_string_value(json_object_get(link, "text")), "Sony WH-1000XM5");
	assert_string_equal(json_string_value(json_object_get(json_object_get(link, "product"), "id")), "h1");
	assert_int_equal(json_array_size(json_object_get(first, "only_b")), 0);
	assert_int_equal(t.only_a, 2);
	assert_int_equal(t.different, 2);
	json_decref(list);
	list = replay_twice(none, w->shelf, &r, &t);
	assert_int_equal(t.only_b, 2);
	assert_int_equal(t.only_a, 0);
	json_decref(list);
	shelf_unref(none);
}

/* Another catalog that has the same things under other ids: same words, other products. */
static struct shelf *renamed(const struct world *w)
{
	struct kit_row rows[ARRAY_LEN(kit_english)];
	memcpy(rows, kit_english, sizeof rows);
	rows[0].id = "other";
	struct catalog_part *part =
		kit_part("trail", "{\"name\":\"Trail & Sound\",\"hosts\":[\"trail.example\"],\"network\":\"plain\",\"currency\":\"USD\"}", rows, ARRAY_LEN(rows), 0);
	struct catalog_part *chinese = kit_part("yunmei",
		"{\"name\":\"云美优选\",\"hosts\":[\"yunmei.example\"],\"network\":\"plain\",\"currency\":\"CNY\"}", kit_chinese, ARRAY_LEN(kit_chinese), 0);
	struct catalog_part *parts[] = {part, chinese};
	struct catalog *c = NULL;
	struct shelf *s = NULL;
	struct err e = {0};
	kit_ok(catalog_new(parts, 2, STR("gen-2"), &c, &e), &e);
	kit_ok(shelf_new(c, w->rules, w->keys, STR(KIT_PUBLIC), 1, &s, &e), &e);
	catalog_unref(c);
	part_unref(part);
	part_unref(chinese);
	return s;
}

static void another_product_on_the_same_words_is_a_change(void **state)
{
	struct world *w = *state;
	struct shelf *other = renamed(w);
	struct replay t;
	struct insert_request r = request(ANSWER, FORM_INLINE);
	json_t *list = replay_twice(w->shelf, other, &r, &t);
	assert_int_equal(t.changed, 2);
	assert_int_equal(t.only_a + t.only_b, 0);
	const json_t *change = json_array_get(json_object_get(json_array_get(list, 1), "changed"), 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(change, "a"), "id")), "h1");
	assert_string_equal(json_string_value(json_object_get(json_object_get(change, "b"), "id")), "other");
	json_decref(list);
	shelf_unref(other);
}

/* Cards stand on no words: another product is one card less and one more. */
static void cards_are_compared_by_product(void **state)
{
	struct world *w = *state;
	struct shelf *other = renamed(w);
	struct replay t;
	struct insert_request r = request(ANSWER, FORM_CARDS);
	json_t *list = replay_twice(w->shelf, other, &r, &t);
	assert_int_equal(t.changed, 0);
	assert_int_equal(t.only_a, 2);
	assert_int_equal(t.only_b, 2);
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(json_array_get(list, 0), "only_a"), 0), "start")));
	json_decref(list);
	shelf_unref(other);
}

static void totals_are_json(void **state)
{
	(void)state;
	struct buf out;
	struct replay t = {.requests = 5, .different = 2, .failed = 1, .links_a = 7, .links_b = 6, .only_a = 2, .only_b = 1, .changed = 3};
	buf_init(&out, 4096);
	replay_write_totals(&t, &out);
	json_t *j = json_loadb(out.p, out.n, 0, NULL);
	assert_non_null(j);
	assert_int_equal(json_integer_value(json_object_get(j, "changed")), 3);
	assert_int_equal(json_integer_value(json_object_get(j, "links_b")), 6);
	json_decref(j);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_same_shelf_differs_in_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_of_one_side_are_listed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_product_on_the_same_words_is_a_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cards_are_compared_by_product, set_up, tear_down),
		cmocka_unit_test(totals_are_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
