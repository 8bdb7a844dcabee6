/* Which words a link stands on, and which phrases are refused for what stands around them. */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct link_keys *keys;
static struct flow_rules *rules;
static struct shelf *shelf;

static size_t by_one(void *arg)
{
	(void)arg;
	return 1;
}

static void link_words(json_t *response, struct buf *out)
{
	size_t i;
	json_t *l;
	json_array_foreach(json_object_get(response, "links"), i, l) buf_printf(out, "%s%s=%s", i ? " | " : "",
	        json_string_value(json_object_get(l, "text")), json_string_value(json_object_get(json_object_get(l, "product"), "id")));
}

/* "words=product | words=product", the same whole and byte by byte. */
static void expect(const char *question, const char *answer, const char *want)
{
	struct insert_request r;
	struct buf got;
	insert_request_init(&r);
	r.question = str_of(question);
	r.answer = str_of(answer);
	r.has_answer = true;
	r.max_links = 8;
	for (int cut = 0; cut < 2; cut++) {
		struct checked c = check_cut(shelf, &r, cut ? by_one : NULL, NULL);
		buf_init(&got, 4096);
		link_words(c.response, &got);
		buf_putc(&got, '\0');
		assert_string_equal(got.p, want);
		buf_done(&got);
		checked_done(&c);
	}
}

static void the_whole_phrase(void **state)
{
	(void)state;
	expect("Which headphones should I buy?", "I would buy noise-cancelling headphones.", "noise-cancelling headphones=h2");
	expect("Which tent should I buy?", "- a camping tent\n- lots of water", "camping tent=t1");
	expect("Which flashlight should I buy?", "Get the Maglite flashlight first.", "Maglite flashlight=f2");
	expect("敏感肌用什么面膜好？", "推荐一款敏感肌专用补水面膜，温和。", "敏感肌专用补水面膜=m1");
}

static void a_name_is_that_one_or_nothing(void **state)
{
	(void)state;
	expect("Which headphones should I buy?", "I would buy the Sony WH-1000XM5.", "Sony WH-1000XM5=h1");
	expect("Which headphones should I buy?", "I would buy the Sony WH-1000XM4.", "");
	expect("Which headphones should I buy?", "I would buy the Zorblax headphones.", "");
	expect("Which headphones should I buy?", "I would buy the QX77 headphones.", "");
	expect("Which headphones should I buy?", "I would buy the Koss headphones.", "Koss headphones=h3");
	expect("敏感肌用什么面膜好？", "推荐这些：\n- **瑞颜兰舒缓面膜**：温和", "");
	expect("想买降噪耳机，推荐一下", "推荐这些：\n- **声悦降噪耳机**：安静", "声悦降噪耳机=e1");
}

static void what_a_thing_is_called_is_no_other_thing(void **state)
{
	(void)state;
	expect("Which headphones should I buy?", "The Bose QC45 is a good pair of headphones.", "");
	expect("Which headphones should I buy?", "Many people like Bose. It is a good pair of headphones.", "");
	expect("Which headphones should I buy?", "The best choice here is a pair of noise-cancelling headphones.", "noise-cancelling headphones=h2");
	expect("What should I buy for camping?", "The first thing you need is a tent.", "tent=t1");
	expect("想买降噪耳机，推荐一下", "Bose QC45是一款降噪耳机。", "");
	expect("想买降噪耳机，推荐一下", "通勤首选是降噪耳机。", "降噪耳机=e1");
}

static void a_part_of_another_word_is_none(void **state)
{
	(void)state;
	expect("Which headphones should I buy?", "Buy a headphone stand for the desk.", "");
	expect("Which tent should I buy?", "Buy a tent peg first.", "");
	expect("Which tent should I buy?", "A tent keeps you dry. Get a tent.", "tent=t1");
}

static void a_shop_is_no_product(void **state)
{
	(void)state;
	expect("敏感肌用什么面膜好？", "去面膜专卖店买。", "");
}

static void readers_get_their_market(void **state)
{
	(void)state;
	/* No Chinese tent is sold, and no English mask. */
	expect("想买帐篷，推荐一下", "推荐：\n- tent：双人", "");
}

static void facts_are_told(void **state)
{
	(void)state;
	struct insert_request r;
	insert_request_init(&r);
	r.question = STR("Which tent should I buy?");
	r.answer = STR("- a tent\n");
	r.has_answer = r.explain = true;
	struct checked c = check_cut(shelf, &r, NULL, NULL);
	json_t *why = json_object_get(json_array_get(json_object_get(c.response, "links"), 0), "why");
	assert_true(json_real_value(json_object_get(why, "chance")) > 0.5);
	assert_non_null(json_object_get(json_object_get(why, "facts"), "item"));
	assert_null(json_object_get(json_object_get(why, "facts"), "han_item"));
	assert_true(json_array_size(json_object_get(why, "rivals")) > 0);
	checked_done(&c);
}

static int set_up(void **state)
{
	(void)state;
	rules = kit_rules();
	keys = kit_keys();
	shelf = kit_shelf(rules, keys, "", 0, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	shelf_unref(shelf);
	flow_rules_unref(rules);
	link_keys_free(keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_whole_phrase),
	        cmocka_unit_test(a_name_is_that_one_or_nothing),
	        cmocka_unit_test(what_a_thing_is_called_is_no_other_thing),
		cmocka_unit_test(a_part_of_another_word_is_none),
	        cmocka_unit_test(a_shop_is_no_product),
	        cmocka_unit_test(readers_get_their_market),
	        cmocka_unit_test(facts_are_told),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
