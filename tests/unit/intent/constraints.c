/* Budgets, things owned, things not wanted; and what earlier turns leave behind. */
#include "intent_rules.h"

static struct intent ask(void **state, const char *question, const char *locale, struct arena *a)
{
	struct intent in;
	assert_int_equal(intent_question(*state, str_of(question), NULL, 0, str_of(locale), a, &in, NULL), OK);
	return in;
}

struct budget {
	const char *question, *locale;
	int64_t min, max; /* -1: none */
	const char *currency;
};

static const struct budget budgets[] = {
	{"Recommend headphones under $50", "", -1, 5000, "USD"},
	{"Recommend headphones under $50", "en-CA", -1, 5000, "CAD"},
	{"best gifts, £20-30 please", "", 2000, 3000, "GBP"},
	{"which laptop should I buy for less than 1,200 dollars?", "", -1, 120000, "USD"},
	{"Recommend a monitor, my budget is 300", "", -1, 30000, ""},
	{"recommend a phone with a budget of around €400", "", -1, 40000, "EUR"},
	{"recommend a bike between $500 and $1k", "", 50000, 100000, "USD"},
	{"Recommend a guitar under two hundred dollars", "", -1, 20000, "USD"},
	{"recommend a tv, no more than 1.5k usd", "", -1, 150000, "USD"},
	{"gift ideas for mom, $25 or less", "", -1, 2500, "USD"},
	{"recommend a sofa over $800", "", 80000, -1, "USD"},
	{"recommend a watch under ¥5000", "ja-JP", -1, 5000, "JPY"},
	{"2000元以内的耳机推荐", "", -1, 200000, "CNY"},
	{"2000元以內的耳機推薦", "zh-TW", -1, 200000, "TWD"},
	{"推荐一款手机,不超过三千", "", -1, 300000, ""},
	{"推荐一款键盘,预算500左右", "", -1, 50000, ""},
	{"推荐一个书包,一两百块的", "", -1, 20000, "CNY"},
	{"推荐一款洗衣机,预算2-3千", "", 200000, 300000, ""},
	{"推荐一款榨汁机,预算200-400元", "", 20000, 40000, "CNY"},
	{"推荐一台笔记本,五千到八千块", "", 500000, 800000, "CNY"},
	{"推荐一台电视,两千五以内", "", -1, 250000, ""},
	{"推荐一款相机,1万元以下", "", -1, 1000000, "CNY"},
	/* no sign of a currency */
	{"Which headphones should I buy? Under 200.", "", -1, 20000, ""},
	{"which headphones should I buy, 200 max", "", -1, 20000, ""},
	{"recommend a kettle, I can't spend more than 60", "", -1, 6000, ""},
	{"recommend a kettle between 30 and 60", "", 3000, 6000, ""},
	{"recommend a kettle, I'm willing to pay 60", "", -1, 6000, ""},
	{"which kettle should I buy? 60$", "", -1, 6000, "USD"},
	{"手机推荐，不超过两千", "", -1, 200000, ""},
	{"手机推荐，一千五左右", "", -1, 150000, ""},
	{"手机推荐，1-2千", "", 100000, 200000, ""},
	{"手机推荐，1000到2000之间", "", 100000, 200000, ""},
	{"两千块钱的手机推荐", "", -1, 200000, "CNY"},
	{"千元以内的手机推荐", "", -1, 100000, "CNY"},
	{"２０００元以内的手机推荐", "", -1, 200000, "CNY"},
	/* sizes, weights and ages are no sums */
	{"recommend a headlamp under 200 grams", "", -1, -1, ""},
	{"recommend a monitor under 30 inches", "", -1, -1, ""},
	{"recommend a tent under 5 lbs", "", -1, -1, ""},
	{"recommend toys for kids under 10", "", -1, -1, ""},
	{"recommend a watch for a man under 40", "", -1, -1, ""},
	{"1.5公斤以内的笔记本推荐", "", -1, -1, ""},
	{"14寸以内的笔记本推荐", "", -1, -1, ""},
	{"推荐适合三十左右女性的面霜", "", -1, -1, ""},
	/* no sums of money */
	{"recommend snacks under 100 calories", "", -1, -1, ""},
	{"recommend toys for kids under 5", "", -1, -1, ""},
	{"recommend a tent that weighs less than 3 kg", "", -1, -1, ""},
	{"推荐一款不超过3公斤的帐篷", "", -1, -1, ""},
	{"推荐一款室内用的地毯", "", -1, -1, ""},
	{"recommend a phone under $99999999999999999999", "", -1, -1, ""},
};

static void test_budgets(void **state)
{
	int wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
		const struct budget *b = &budgets[i];
		struct arena *a = arena_new(1 << 20);
		struct intent in = ask(state, b->question, b->locale, a);
		int64_t max = in.has_max ? in.max_price.minor : -1, min = in.has_min ? in.min_price.minor : -1;
		const char *currency = in.has_max ? in.max_price.currency : in.has_min ? in.min_price.currency : "";
		if (max != b->max || min != b->min || strcmp(currency, b->currency) != 0) {
			print_error("%s: %ld to %ld %s\n", b->question, (long)min, (long)max, currency);
			wrong++;
		}
		arena_free(a);
	}
	assert_int_equal(wrong, 0);
}

static void test_cheapest(void **state)
{
	struct arena *a = arena_new(1 << 20);
	assert_true(ask(state, "recommend the cheapest kettle", "", a).cheapest);
	assert_true(ask(state, "推荐最便宜的水壶", "", a).cheapest);
	assert_true(ask(state, "recommend a cheap kettle", "", a).cheapest);
	assert_true(ask(state, "便宜点的水壶推荐", "", a).cheapest);
	assert_false(ask(state, "recommend a kettle that does not feel like cheap plastic", "", a).cheapest);
	assert_false(ask(state, "推荐一款水壶", "", a).cheapest);
	arena_free(a);
}

static bool holds(const struct str *list, uint32_t n, const char *word)
{
	for (uint32_t i = 0; i < n; i++)
		if (str_eq(list[i], str_of(word)))
			return true;
	return false;
}

struct said {
	const char *question, *owned, *unwanted; /* "" expects none, NULL expects nothing in particular */
};

static const struct said sayings[] = {
	{"I already own AirPods Pro. What speaker should I buy?", "airpods pro", ""},
	{"I have a Canon EOS R6 and want to buy a lens", "canon eos r6", ""},
	{"Recommend a case for my Pixel 8", "pixel 8", NULL},
	{"我已经有扫地机器人了,想买一台洗地机", "扫地机器人", ""},
	{"我有一台Switch,推荐几个手柄", "switch", ""},
	{"我已經有掃地機器人了,想買一台洗地機", "扫地机器人", ""},
	{"I have dry skin, which cream should I buy?", "", ""},
	{"I have a budget of $50, which mouse should I buy?", "", ""},
	{"我有点胖,推荐一条裤子", "", ""},
	{"Recommend headphones, but not Sony or Bose", "", "sony"},
	{"Recommend headphones, but not Sony or Bose", "", "bose"},
	{"Recommend a face toner without alcohol", "", "alcohol"},
	{"Suggest an alcohol-free perfume", "", "alcohol"},
	{"推荐一款爽肤水,不要含酒精", "", "酒精"},
	{"推荐一款爽肤水,不含酒精的", "", "酒精"},
	{"除了小米,推荐一款手环", "", "小米"},
	{"推薦一款藍牙耳機,不要蘋果的", "", "苹果"},
	{"Recommend a phone for no more than $300", "", ""},
	{"推荐一款手机,不要超过三千", "", ""},
};

static void test_said(void **state)
{
	int wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(sayings); i++) {
		const struct said *s = &sayings[i];
		struct arena *a = arena_new(1 << 20);
		struct intent in = ask(state, s->question, "", a);
		bool owned = s->owned == NULL || (s->owned[0] == '\0' ? in.owned_count == 0 : holds(in.owned, in.owned_count, s->owned));
		bool unwanted = s->unwanted == NULL || (s->unwanted[0] == '\0' ? in.unwanted_count == 0 : holds(in.unwanted, in.unwanted_count, s->unwanted));
		if (!owned || !unwanted) {
			print_error("%s:", s->question);
			for (uint32_t k = 0; k < in.owned_count; k++)
				print_error(" owned [%.*s]", STR_ARG(in.owned[k]));
			for (uint32_t k = 0; k < in.unwanted_count; k++)
				print_error(" unwanted [%.*s]", STR_ARG(in.unwanted[k]));
			print_error("\n");
			wrong++;
		}
		arena_free(a);
	}
	assert_int_equal(wrong, 0);
}

static void test_turns(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct intent in;
	const struct intent_turn shopping[] = {
		{STR("user"), STR("我想买一台微波炉,预算800元")}, {STR("assistant"), STR("好的,有什么要求?")}, {STR("user"), STR("蒸炒一体的")}};
	/* a follow-up that says little leans on the turn before, and keeps its budget */
	assert_int_equal(intent_question(*state, STR(""), shopping, 3, STR(""), a, &in, NULL), OK);
	assert_int_equal(in.class, INTENT_CONSUMER);
	assert_int_equal(intent_question(*state, STR("那推荐哪款"), shopping, 2, STR(""), a, &in, NULL), OK);
	assert_int_equal(in.class, INTENT_CONSUMER);
	assert_true(in.has_max && in.max_price.minor == 80000);
	/* a new budget takes the place of the old one */
	assert_int_equal(intent_question(*state, STR("预算改成500元,推荐哪款"), shopping, 2, STR(""), a, &in, NULL), OK);
	assert_true(in.has_max && in.max_price.minor == 50000);
	/* some topics hold for the conversation, others for their turn */
	const struct intent_turn sad[] = {{STR("user"), STR("I want to kill myself")}, {STR("assistant"), STR("Please call ...")}};
	assert_int_equal(intent_question(*state, STR("Which blender should I buy?"), sad, 2, STR(""), a, &in, NULL), OK);
	assert_int_equal(in.class, INTENT_SENSITIVE);
	const struct intent_turn vote[] = {{STR("user"), STR("Who won the election?")}};
	assert_int_equal(intent_question(*state, STR("Which blender should I buy?"), vote, 1, STR(""), a, &in, NULL), OK);
	assert_int_equal(in.class, INTENT_CONSUMER);
	/* the question may stand in the turns too; what the assistant says is no evidence */
	const struct intent_turn same[] = {{STR("assistant"), STR("Which blender should I buy?")}, {STR("user"), STR("Thanks, bye")}};
	assert_int_equal(intent_question(*state, STR("Thanks, bye"), same, 2, STR(""), a, &in, NULL), OK);
	assert_int_equal(in.class, INTENT_NONE);
	assert_int_equal(intent_question(*state, STR(""), NULL, 0, STR(""), a, &in, NULL), OK);
	assert_int_equal(in.class, INTENT_NONE);
	assert_int_equal(in.signal_count, 0);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_budgets, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_cheapest, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_said, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_turns, rules_setup, rules_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
