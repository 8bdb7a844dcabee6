/* The answer speaks: against, beside a topic, or for itself where no question came. */
#include "intent_rules.h"

static struct intent ask(void **state, const char *question, struct arena *a)
{
	struct intent in;
	assert_int_equal(intent_question(*state, str_of(question), NULL, 0, STR(""), a, &in, NULL), OK);
	return in;
}

static enum intent_class hear(void **state, struct intent *in, const char *piece, bool without_question, struct arena *a)
{
	assert_int_equal(intent_answer(*state, str_of(piece), without_question, a, in, NULL), OK);
	return in->class;
}

static void test_packing_list_is_no_veto(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct intent in = ask(state, "What should I pack for a camping trip?", a);
	assert_int_equal(in.class, INTENT_CONSUMER);
	assert_int_equal(hear(state, &in, "Bring a tent, a first-aid kit, a knife and matches.", false, a), INTENT_CONSUMER);
	assert_int_equal(hear(state, &in, "Also pack sunscreen and any medication you need.", false, a), INTENT_CONSUMER);
	assert_int_equal(hear(state, &in, "In the kit: ibuprofen, aspirin, bandages.", false, a), INTENT_CONSUMER);
	assert_int_equal(hear(state, &in, "A bath bomb and a glue gun stay at home.", false, a), INTENT_CONSUMER);
	in = ask(state, "去西藏旅行需要准备什么?", a);
	assert_int_equal(in.class, INTENT_CONSUMER);
	assert_int_equal(hear(state, &in, "常用药品:感冒药、创可贴;还有急救包、防晒霜和保温杯。", false, a), INTENT_CONSUMER);
	arena_free(a);
}

static void test_topic_vetoes_for_good(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct intent in = ask(state, "What should I buy for my friend?", a);
	assert_int_equal(hear(state, &in, "Prozac and Zoloft are antidepressants.", false, a), INTENT_SENSITIVE);
	assert_true(str_eq(in.signals[0], STR("topic:mental_illness")));
	assert_int_equal(hear(state, &in, "Here are some great headphones.", false, a), INTENT_SENSITIVE);
	assert_int_equal(hear(state, &in, "Here are some great headphones.", true, a), INTENT_SENSITIVE);
	arena_free(a);
}

/* An answer that names a line to call has understood what the question only hints at. */
static void test_line_to_call(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct intent in = ask(state, "Which bathroom scale should I buy?", a);
	assert_int_equal(hear(state, &in, "You can call our support team at 555 988.", false, a), INTENT_CONSUMER);
	assert_int_equal(hear(state, &in, "Please talk to someone; an eating disorder helpline can help.", false, a), INTENT_SENSITIVE);
	in = ask(state, "Which rope should I buy?", a);
	assert_int_equal(hear(state, &in, "You can call or text 988 at any time.", false, a), INTENT_SENSITIVE);
	arena_free(a);
}

static void test_chinese_health_goods(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct intent in = ask(state, "敏感肌适合用什么样的面膜", a);
	assert_int_equal(hear(state, &in, "可以选择补水面膜,成分温和。", false, a), INTENT_CONSUMER);
	assert_int_equal(hear(state, &in, "严重时可选医用敷料。", false, a), INTENT_SENSITIVE);
	in = ask(state, "敏感肌適合用什麼樣的面膜", a);
	assert_int_equal(hear(state, &in, "嚴重時可選醫用敷料。", false, a), INTENT_SENSITIVE);
	arena_free(a);
}

/* A piece may be read again with more of its sentence: its words count once. */
static void test_read_twice(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct intent in = ask(state, "What should I pack for a camping trip?", a);
	for (int i = 0; i < 200; i++)
		assert_int_equal(hear(state, &in, "Any medication you need", false, a), INTENT_CONSUMER);
	struct intent whole = ask(state, "What should I pack for a camping trip?", a);
	hear(state, &whole, "Any medication you need", false, a);
	assert_true(whole.score == in.score && whole.class == in.class);
	arena_free(a);
}

static void test_speaks_against(void **state)
{
	static const char *const pieces[] = {
		"Once upon a time there was a tent.", "```python\nprint(1)\n```", "Dear hiring manager,", "3 × 12 = 36, so the total is 36.",
	};
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct arena *a = arena_new(1 << 20);
		struct intent in = ask(state, "recommend a good tent", a);
		assert_int_equal(in.class, INTENT_CONSUMER);
		assert_int_equal(hear(state, &in, pieces[i], false, a), INTENT_NONE);
		assert_int_equal(hear(state, &in, "I recommend this tent: price $50 on Amazon.", false, a), INTENT_NONE);
		arena_free(a);
	}
}

static void test_without_question(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct intent in = {.class = INTENT_NONE};
	assert_int_equal(hear(state, &in, "The tent was invented long ago.", true, a), INTENT_NONE);
	assert_int_equal(hear(state, &in, "Headphones come in many kinds.", true, a), INTENT_NONE);
	assert_int_equal(hear(state, &in, "I recommend the Sony, priced around $300.", true, a), INTENT_CONSUMER);
	assert_int_equal(hear(state, &in, "It also treats cancer and diabetes.", true, a), INTENT_SENSITIVE);
	struct intent zh = {.class = INTENT_NONE};
	assert_int_equal(hear(state, &zh, "以下是几款降噪耳机推荐:价格在500元左右,品牌:索尼,性价比高。", true, a), INTENT_CONSUMER);
	/* with a question, words in an answer never make a shopper */
	struct intent poem = ask(state, "Write a poem about a shop", a);
	assert_int_equal(hear(state, &poem, "Here are some great options for headphones: I recommend the Sony, priced around $300.", false, a), INTENT_NONE);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_packing_list_is_no_veto, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_topic_vetoes_for_good, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_line_to_call, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_chinese_health_goods, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_read_twice, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_speaks_against, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_without_question, rules_setup, rules_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
