/* Shelves that are laid over another, and bases that take their place, while others are answering from them. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kit.h"

enum { ROUNDS = 12, LAYERS = 6, READERS = 2 };
#define ANSWER "For a flight I would take the Soundcore Life Q30 headphones. A Zorbtech ZX9900 is fine too."
#define QUESTION "Which headphones should I buy for long flights?"

struct stage {
	struct shelf_slot *slot;
	atomic_bool over;
	atomic_int answered, linked, new;
};

static struct str answer_from(struct shelf *s, struct buf *out)
{
	struct insert_request r;
	struct insert *in = NULL;
	insert_request_init(&r);
	r.answer = STR(ANSWER);
	r.has_answer = true;
	r.question = STR(QUESTION);
	r.locale = STR("en");
	buf_clear(out);
	insert_whole(s, &r, &in, out);
	insert_free(in);
	return buf_str(out);
}

static void *read_on(void *arg)
{
	struct stage *st = arg;
	struct buf out;
	buf_init(&out, 1 << 20);
	while (!atomic_load(&st->over)) {
		struct shelf *s = shelf_get(st->slot);
		struct str text = answer_from(s, &out);
		size_t q30 = str_find(text, STR("trail.example/p/h2"), 0), new = str_find(text, STR("trail.example/p/new"), 0);
		atomic_fetch_add(&st->linked, q30 < text.n);
		atomic_fetch_add(&st->new, new < text.n);
		atomic_fetch_add(&st->answered, 1);
		shelf_unref(s);
	}
	buf_done(&out);
	return NULL;
}

static struct catalog_part *changed(struct catalog_part *old, int64_t minor)
{
	struct part_builder *b = part_builder_over(old, 64u << 20);
	struct product p = *part_find(old, STR("h2")), n = p;
	struct catalog_part *out;
	struct err e;
	p.price.minor = minor;
	n.id = STR("new");
	n.title = STR("Zorbtech ZX9900 Headphones");
	n.brand = STR("Zorbtech");
	n.url = STR("https://trail.example/p/new");
	kit_ok(part_builder_add(b, &p, true, &e), &e);
	kit_ok(part_builder_add(b, &n, true, &e), &e);
	kit_ok(part_builder_finish(b, STR("gen-1+1"), &out, &e), &e);
	return out;
}

/* A base, and shelves over it. */
static void publish_round(struct stage *st, struct flow_rules *rules, const struct link_keys *keys, struct catalog_part *part[2], uint64_t seed)
{
	struct catalog *c, *over;
	struct shelf *base, *s;
	struct err e;
	struct catalog_part *was = part[0];
	kit_ok(part_fold(was, &part[0], &e), &e); /* what was laid over the last base is in this one */
	part_unref(was);
	kit_ok(catalog_new(part, 2, STR("gen-1"), &c, &e), &e);
	kit_ok(shelf_new(c, rules, keys, STR_NONE, seed, &base, &e), &e);
	shelf_publish(st->slot, shelf_ref(base));
	for (int i = 0; i < LAYERS; i++) {
		struct catalog_part *old = part[0];
		part[0] = changed(old, 1000 + i);
		part_unref(old);
		kit_ok(catalog_over(c, part, 2, STR("gen-1+1"), &over, &e), &e);
		kit_ok(shelf_over(base, over, &s, &e), &e);
		catalog_unref(over);
		shelf_publish(st->slot, s);
	}
	shelf_unref(base);
	catalog_unref(c);
}

static void shelves_change_under_answers(void **state)
{
	(void)state;
	struct stage st = {.slot = shelf_slot_new()};
	struct flow_rules *rules = kit_rules();
	struct link_keys *keys = kit_keys();
	struct catalog_part *part[2] = {
		kit_part("trail", "{\"name\":\"Trail & Sound\",\"hosts\":[\"trail.example\"],\"network\":\"plain\",\"currency\":\"USD\"}", kit_english, ARRAY_LEN(kit_english), 0),
		kit_part("yunmei", "{\"name\":\"云美优选\",\"hosts\":[\"yunmei.example\"],\"network\":\"plain\",\"currency\":\"CNY\"}", kit_chinese, ARRAY_LEN(kit_chinese), 0),
	};
	pthread_t reader[READERS];
	publish_round(&st, rules, keys, part, 1);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, read_on, &st), 0);
	for (uint64_t i = 0; i < ROUNDS || atomic_load(&st.answered) < 100; i++)
		publish_round(&st, rules, keys, part, i);
	atomic_store(&st.over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	assert_int_equal(atomic_load(&st.linked), atomic_load(&st.answered)); /* whatever the shelf, the answer names it */
	shelf_slot_free(st.slot);
	part_unref(part[0]);
	part_unref(part[1]);
	flow_rules_unref(rules);
	link_keys_free(keys);
}

/* What is new is linked at once, what has gone no longer, and the price is the new one: as in a shelf that is built of the same. */
static void what_is_laid_is_served(void **state)
{
	(void)state;
	struct flow_rules *rules = kit_rules();
	struct link_keys *keys = kit_keys();
	struct catalog_part *old = kit_part("trail", "{\"name\":\"Trail & Sound\",\"hosts\":[\"trail.example\"],\"network\":\"plain\",\"currency\":\"USD\"}", kit_english,
		ARRAY_LEN(kit_english), 0), *new = changed(old, 1234), *without, *paused;
	struct catalog *c, *over;
	struct shelf *base, *s;
	struct buf out;
	struct err e;
	buf_init(&out, 1 << 20);
	kit_ok(catalog_new(&old, 1, STR("gen-1"), &c, &e), &e);
	kit_ok(shelf_new(c, rules, keys, STR_NONE, 1, &base, &e), &e);
	kit_ok(catalog_over(c, &new, 1, STR("gen-1+1"), &over, &e), &e);
	kit_ok(shelf_over(base, over, &s, &e), &e);
	struct str text = answer_from(s, &out);
	assert_true(str_find(text, STR("trail.example/p/h2"), 0) < text.n);
	uint32_t found = shelf_catalog(s) == over ? catalog_find(over, STR("trail"), STR("h2")) : PRODUCT_NONE;
	assert_int_equal(catalog_product(over, found)->price.minor, 1234);
	shelf_unref(s);
	catalog_unref(over);

	struct part_builder *b = part_builder_over(new, 64u << 20);
	kit_ok(part_builder_remove(b, STR("h2"), &e), &e);
	kit_ok(part_builder_finish(b, STR("gen-1+2"), &without, &e), &e);
	kit_ok(catalog_over(c, &without, 1, STR("gen-1+2"), &over, &e), &e);
	kit_ok(shelf_over(base, over, &s, &e), &e);
	text = answer_from(s, &out);
	assert_int_equal(str_find(text, STR("trail.example/p/h2"), 0), text.n);
	shelf_unref(s);
	catalog_unref(over);

	struct merchant m = *part_merchant(new);
	m.paused = true;
	kit_ok(part_with_merchant(new, &m, STR("gen-1+3"), &paused, &e), &e);
	kit_ok(catalog_over(c, &paused, 1, STR("gen-1+3"), &over, &e), &e);
	kit_ok(shelf_over(base, over, &s, &e), &e);
	text = answer_from(s, &out);
	assert_int_equal(str_find(text, STR("trail.example"), 0), text.n);
	shelf_unref(s);
	catalog_unref(over);
	buf_done(&out);
	shelf_unref(base);
	catalog_unref(c);
	part_unref(old);
	part_unref(new);
	part_unref(without);
	part_unref(paused);
	flow_rules_unref(rules);
	link_keys_free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_laid_is_served), cmocka_unit_test(shelves_change_under_answers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
