/* How a sentence treats the words a link would take; they stand in [brackets] here. */
#include "intent_rules.h"

struct sentence {
	const char *text;
	enum intent_stance stance;
};

static const struct sentence sentences[] = {
	{"For most people I recommend the [Sony WH-1000XM5].", STANCE_PLAIN},
	{"Pack a [tent], a stove and your sleeping bag.", STANCE_PLAIN},
	{"You will need a [cordless drill] to hang it.", STANCE_PLAIN},
	{"The [Sony WH-1000XM5] is better than the Bose QC45.", STANCE_PLAIN},
	{"我推荐[补水面膜],温和不刺激。", STANCE_PLAIN},
	{"[空气炸锅]比烤箱更省电。", STANCE_PLAIN},
	{"Don't worry, a [rice cooker] is cheap.", STANCE_PLAIN},
	/* owned */
	{"Since you already have [AirPods], get a case.", STANCE_OWNED},
	{"It pairs well with your [Apple Watch].", STANCE_OWNED},
	{"Put it next to your existing [bookshelf].", STANCE_OWNED},
	{"既然你已经有[扫地机器人],可以考虑洗地机。", STANCE_OWNED},
	{"既然你已經有[掃地機器人],可以考慮洗地機。", STANCE_OWNED},
	/* advised against */
	{"Avoid [cotton socks] on long hikes.", STANCE_AGAINST},
	{"Don't buy the [Samsung Galaxy A05], it is slow.", STANCE_AGAINST},
	{"I would not recommend a [gas stove] here.", STANCE_AGAINST},
	{"Choose a serum instead of [face oil].", STANCE_AGAINST},
	{"A [cheap HDMI cable] is not recommended.", STANCE_AGAINST},
	{"敏感肌不推荐使用[磨砂膏]。", STANCE_AGAINST},
	{"敏感肌不推薦使用[磨砂膏]。", STANCE_AGAINST},
	{"千万别买[三无面膜]。", STANCE_AGAINST},
	{"[撕拉面膜]不适合敏感肌。", STANCE_AGAINST},
	{"也可以咨询医生使用医用[面膜]。", STANCE_AGAINST},
	/* the loser of a comparison */
	{"The Sony WH-1000XM5 is better than the [Bose QC45].", STANCE_LOSER},
	{"It easily outperforms the [Bose QC45] outdoors.", STANCE_LOSER},
	{"The [Bose QC45] falls short in noise cancelling.", STANCE_LOSER},
	{"空气炸锅比[烤箱]更省电。", STANCE_LOSER},
	{"[烤箱]不如空气炸锅方便。", STANCE_LOSER},
	/* a verdict in another clause is about something else */
	{"Avoid harsh soap; a [gentle cleanser] is enough.", STANCE_PLAIN},
	{"不推荐酒精类产品，可以选择[补水面膜]。", STANCE_PLAIN},
};

static void test_stances(void **state)
{
	static const char *const names[] = {"plain", "owned", "against", "loser"};
	int wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
		char text[256];
		const char *open = strchr(sentences[i].text, '['), *close = strchr(sentences[i].text, ']');
		size_t from = (size_t)(open - sentences[i].text), to = from + (size_t)(close - open) - 1;
		snprintf(text, sizeof(text), "%.*s%.*s%s", (int)from, sentences[i].text, (int)(to - from), open + 1, close + 1);
		struct str rule = STR("none");
		enum intent_stance got = intent_stance(*state, str_of(text), from, to, &rule);
		if (got != sentences[i].stance) {
			print_error("%s: %s by %.*s\n", sentences[i].text, names[got], STR_ARG(rule));
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void test_borders(void **state)
{
	char bad[600];
	memset(bad, 0xE5, sizeof(bad));
	struct str broken = {bad, sizeof(bad)};
	assert_int_equal(intent_stance(*state, STR("tent"), 0, 4, NULL), STANCE_PLAIN);
	assert_int_equal(intent_stance(*state, STR("tent"), 3, 99, NULL), STANCE_PLAIN);
	assert_int_equal(intent_stance(*state, STR("tent"), 4, 2, NULL), STANCE_PLAIN);
	assert_int_equal(intent_stance(*state, broken, 300, 303, NULL), STANCE_PLAIN);
	/* far words are not read */
	memset(bad, 'a', sizeof(bad));
	memcpy(bad, "avoid ", 6);
	assert_int_equal(intent_stance(*state, broken, 500, 504, NULL), STANCE_PLAIN);
}

static size_t mark_at(const char *text, size_t *to)
{
	const char *it = strstr(text, "ACME 5");
	*to = (size_t)(it - text) + 6;
	return (size_t)(it - text);
}

static void test_verdicts(void **state)
{
	static const char *const picked[] = {"I would get the ACME 5", "The ACME 5 is the better choice", "In the end, the ACME 5 wins", "Upgrade from the 4 to the ACME 5",
		"建议买ACME 5", "ACME 5比它更值得买", "预算够就选ACME 5"};
	static const char *const open[] = {"The ACME 5 has deeper bass", "The ACME 5 weighs two pounds", "ACME 5重2公斤", "ACME 5续航更长"};
	size_t to;
	for (size_t i = 0; i < ARRAY_LEN(picked); i++) {
		size_t from = mark_at(picked[i], &to);
		if (!intent_picked(*state, str_of(picked[i]), from, to))
			fail_msg("%s: not picked", picked[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(open); i++) {
		size_t from = mark_at(open[i], &to);
		if (intent_picked(*state, str_of(open[i]), from, to))
			fail_msg("%s: picked", open[i]);
	}
}

static void test_lines_above(void **state)
{
	static const char *const against[] = {"Not worth buying:", "## What to skip", "**Avoid**", "不值得买：", "避雷名单", "可以不买："};
	static const char *const plain[] = {"Worth buying:", "## What to buy", "Here is my packing list:", "值得买：", "推荐清单", "Which ones you should not miss:"};
	for (size_t i = 0; i < ARRAY_LEN(against); i++)
		if (intent_lead(*state, str_of(against[i])) != STANCE_AGAINST)
			fail_msg("%s: is against", against[i]);
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (intent_lead(*state, str_of(plain[i])) != STANCE_PLAIN)
			fail_msg("%s: is plain", plain[i]);
	assert_int_equal(intent_lead(*state, STR("You already have:")), STANCE_OWNED);
	assert_int_equal(intent_lead(*state, STR("\xff\xfe")), STANCE_PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verdicts, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_lines_above, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_stances, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_borders, rules_setup, rules_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
