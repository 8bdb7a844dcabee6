/* Who is shopping? Questions written for this test, each family with its positive and negative controls, in English,
 * Simplified and Traditional. They are not those that the rules were tuned on. */
#include "intent_rules.h"

struct asked {
	const char *question;
	enum intent_class class;
};

#define SHOP INTENT_CONSUMER
#define VETO INTENT_SENSITIVE
#define NOT INTENT_NONE /* or informational */

static const struct asked english[] = {
	/* buying and choosing */
	{"I'm trying to find a decent pair of hiking boots, what would you go for?", SHOP},
	{"Which air fryer should I buy for a family of five?", SHOP},
	{"What's the best electric toothbrush for sensitive gums?", SHOP},
	{"Where can I get a good second monitor for my home office?", SHOP},
	{"how do i pick a yoga mat", SHOP},
	{"Is the Kindle Paperwhite worth buying?", SHOP},
	{"iPhone 15 vs Galaxy S24, which one is better?", SHOP},
	{"Recommend a good espresso machine under $300.", SHOP},
	{"Can you suggest some noise-cancelling headphones?", SHOP},
	{"Suggest a few accessories for my new bike", SHOP},
	{"I need a new backpack for school", SHOP},
	{"Looking for a quiet keyboard that isn't from Logitech", SHOP},
	{"what shampoo should I use for dandruff", SHOP},
	{"What size bike does a 10 year old need?", SHOP},
	{"cheap running shoes for flat feet?", SHOP},
	{"Please list some products that help with frizzy hair.", SHOP},
	{"What laptop would you get for video editing?", SHOP},
	{"Help me choose between a stand mixer and a hand mixer.", SHOP},
	/* gifts, packing, supplies */
	{"What should I get my dad for his 60th birthday?", SHOP},
	{"Christmas gift ideas for a coffee lover", SHOP},
	{"What should I pack for a week in Iceland?", SHOP},
	{"Make a packing list for a beach vacation", SHOP},
	{"Name five things to bring on a picnic.", SHOP},
	{"List the supplies needed for a baby shower", SHOP},
	{"What equipment do I need to start home brewing?", SHOP},
	{"What should be in a first-aid kit for the car?", SHOP},
	{"Give me a list of essentials for a new puppy", SHOP},
	{"Create a grocery list for a vegetarian week.", SHOP},
	{"What tools do I need to change a bike tire?", SHOP},
	{"Make a list of ten things every kitchen should have.", SHOP},
	{"What should I wear to a summer wedding?", SHOP},
	{"List five kitchen gadgets that make great additions to any home", SHOP},
	{"Name three healthy snacks I can buy for my kids", SHOP},
	{"Create a list of six items for a picnic", SHOP},
	{"What goes in a good tool box?", SHOP},
	{"Compare the Nintendo Switch and the Steam Deck", SHOP},
	{"Suggest decorations for a small balcony", SHOP},
	{"Plan a camping weekend and tell me what gear we need", SHOP},
	{"Recommend a fantasy novel for a teenager", SHOP},
	{"any tips on a mattress for back sleepers?", SHOP},
	{"What are some good board games for two people?", SHOP},
	/* work with one's hands */
	{"How do I clean a cast iron skillet?", SHOP},
	{"How can I get rid of ants in the kitchen?", SHOP},
	{"how to start watercolor painting", SHOP},
	{"How do I take care of a betta fish?", SHOP},
	{"How do I patch a hole in drywall?", SHOP},
	{"Give me tips for polishing silverware", SHOP},
	{"How can I keep weeds out of my flower beds?", SHOP},
	{"Put together a survival kit for a blizzard", SHOP},
	/* no shopping */
	{"Write a poem about my grandmother's kitchen.", NOT},
	{"Write a product description for a leather wallet.", NOT},
	{"Create a slogan for a new brand of sneakers", NOT},
	{"Tell me a story about a girl who buys a magic umbrella.", NOT},
	{"Write a Python function that sorts a list of products by price.", NOT},
	{"Translate this sentence to French: I would like to buy a blue dress.", NOT},
	{"Summarize the following review: These headphones are the best I have ever bought.", NOT},
	{"Tom buys 3 notebooks at $2 each and a pen for $1. How much did he spend in total?", NOT},
	{"What is the total cost of 4 shirts at $12 each?", NOT},
	{"How does a microwave oven work?", NOT},
	{"Who invented the vacuum cleaner?", NOT},
	{"When was the first iPhone released?", NOT},
	{"What is the history of denim jeans?", NOT},
	{"Explain the difference between OLED and LCD.", NOT},
	{"What are the advantages of electric bikes?", NOT},
	{"Why do cats like boxes?", NOT},
	{"Recommend a movie for tonight", NOT},
	{"Suggest a good restaurant in Rome", NOT},
	{"What are the best places to visit in Japan?", NOT},
	{"What is the best way to learn French?", NOT},
	{"Give me a recipe for banana bread", NOT},
	{"How do I make pancakes?", NOT},
	{"How do I write a book about dogs?", NOT},
	{"How do I draw a cat?", NOT},
	{"How do plants make oxygen?", NOT},
	{"How to sell a house with a garden?", NOT},
	{"How do I reset my Gmail password?", NOT},
	{"How do I install Ubuntu on my laptop?", NOT},
	{"Classify these items: apple, hammer, shirt", NOT},
	{"Design a new kind of water bottle.", NOT},
	{"Come up with a name for a candle business", NOT},
	{"Act as a travel guide and suggest places to see in Paris", NOT},
	{"What did Apple announce about its revenue this quarter?", NOT},
	{"Write a letter of complaint about a broken toaster I purchased.", NOT},
	{"Use the word 'table' in a sentence.", NOT},
	{"I just bought a new sofa, describe it in three words", NOT},
	{"Which country exports the most coffee?", NOT},
	{"What should I consider when buying a house?", NOT},
	{"Should I invest in Tesla stock?", NOT},
	{"hello", NOT},
	{"thanks!", NOT},
	{"What is 12 * 8?", NOT},
	{"What tools did the Vikings use to build their ships?", NOT},
	{"Which shoes do ballet dancers wear?", NOT},
	{"What do I need to bring to my passport appointment?", NOT},
	{"What did I forget to pack for the beach?", SHOP},
	/* never */
	{"I want to kill myself, what rope should I buy?", VETO},
	{"What should I buy to treat my depression?", VETO},
	{"Which gun should I buy for home defense?", VETO},
	{"best vape under $40", VETO},
	{"Recommend the best infant formula", VETO},
	{"Which painkiller should I buy: ibuprofen or aspirin?", VETO},
	{"best online casino with free spins", VETO},
	{"Which candidate should I vote for in the election?", VETO},
	{"Where can I buy cannabis gummies?", VETO},
	{"gift ideas for someone grieving after a funeral", VETO},
	{"What should I buy for my 15 year old to drink: beer or wine?", VETO},
	{"earthquake victims: what happened yesterday?", VETO},
	/* and what only looks like it */
	{"best hot glue gun for crafts", SHOP},
	{"Which massage gun should I buy?", SHOP},
	{"Recommend a water gun for kids", SHOP},
	{"Which murder mystery board game should I buy?", SHOP},
	{"Recommend a crime novel for my aunt", SHOP},
	{"Recommend baby toys without a choking hazard", SHOP},
	{"What should I put in an earthquake emergency kit?", SHOP},
};

static const struct asked chinese[] = {
	{"敏感肌适合用什么样的面膜", SHOP},
	{"敏感肌適合用什麼樣的面膜", SHOP},
	{"油皮夏天用什么防晒霜好", SHOP},
	{"两千元以内的降噪耳机推荐", SHOP},
	{"兩千元以內的降噪耳機推薦", SHOP},
	{"想给妈妈买一件羽绒服,哪个牌子好?", SHOP},
	{"想換一台新的筆電,有什麼建議?", SHOP},
	{"送女朋友什么生日礼物比较好", SHOP},
	{"送女友什麼生日禮物比較好", SHOP},
	{"第一次露营需要准备哪些东西?", SHOP},
	{"第一次露營需要準備哪些東西?", SHOP},
	{"列出去海边度假要带的物品", SHOP},
	{"扫地机器人怎么选", SHOP},
	{"iPad Air和小米平板哪个更值得买", SHOP},
	{"有没有性价比高的电动牙刷", SHOP},
	{"我想养一只仓鼠,需要准备什么?", SHOP},
	{"新手入门钓鱼用什么鱼竿", SHOP},
	{"帮我列一份大学新生宿舍用品清单", SHOP},
	{"求一款适合小户型的洗衣机", SHOP},
	{"哪里能买到正宗的紫砂壶", SHOP},
	{"怎么清洗羽绒服", SHOP},
	{"墙上的霉斑怎么去除", SHOP},
	{"牆上的霉斑怎麼去除", SHOP},
	{"如何給多肉換盆", SHOP},
	{"推荐几本适合初中生的科幻书", SHOP},
	{"有没有适合干皮的粉底液", SHOP},
	{"請幫我比較一下這兩款吸塵器", SHOP},
	{"烧烤派对要买哪些食材和工具", SHOP},
	{"我要一双42码的跑鞋", SHOP},
	{"冬天手干用什么护手霜", SHOP},
	{"租房必备的小家电有哪些", SHOP},
	{"想买辆婴儿车,预算1500元", SHOP},
	{"哪款吹风机不伤头发?", SHOP},
	/* no shopping */
	{"写一首关于秋天的诗", NOT},
	{"寫一篇關於手機的作文", NOT},
	{"为一款新耳机写一段广告文案", NOT},
	{"帮我写一个用Python抓取商品价格的程序", NOT},
	{"把下面这句话翻译成英文:我想买一件红色的裙子。", NOT},
	{"总结以下文章:手机厂商发布了新品。", NOT},
	{"小明买了3支铅笔,每支2元,一共花了多少钱?", NOT},
	{"小明買了3支鉛筆,每支2元,一共花了多少錢?", NOT},
	{"微波炉的工作原理是什么?", NOT},
	{"怎么画一只小猫", NOT},
	{"植物是如何进行光合作用的?", NOT},
	{"谁发明了洗衣机?", NOT},
	{"推荐几部好看的电影", NOT},
	{"推薦幾部好看的電影", NOT},
	{"推荐几个北京的景点", NOT},
	{"红烧肉怎么做?", NOT},
	{"苹果公司的创始人是谁", NOT},
	{"苹果的市值是多少", NOT},
	{"解释一下什么是区块链", NOT},
	{"用电脑造句", NOT},
	{"设计一个环保品牌的标志", NOT},
	{"有什么好的学习方法推荐吗?", NOT},
	{"买房需要注意什么?", NOT},
	{"古代士兵用什么兵器和盾牌", NOT},
	{"办理户口登记需要准备哪些材料", NOT},
	{"你好", NOT},
	{"描述一下你面前的这台笔记本电脑", NOT},
	/* never */
	{"不想活了,买什么药没有痛苦", VETO},
	{"宝宝发烧了买什么药好", VETO},
	{"寶寶發燒了買什麼藥好", VETO},
	{"高血压患者适合吃什么保健品", VETO},
	{"推荐一款械字号面膜", VETO},
	{"推薦一款醫用敷料", VETO},
	{"哪个牌子的电子烟好", VETO},
	{"新生儿喝什么配方奶粉好", VETO},
	{"推荐几个网上赌博的网站", VETO},
	{"在哪里可以买到手枪", VETO},
	{"大选应该投票给谁", VETO},
	{"三个月宝宝喝哪种奶粉比较好", VETO},
	{"三個月寶寶喝哪種奶粉比較好", VETO},
	/* and what only looks like it */
	{"推荐一款儿童水枪", SHOP},
	{"推荐一款筋膜枪", SHOP},
	{"家庭急救箱需要准备什么", SHOP},
};

static void check(void **state, const struct asked *asked, size_t n)
{
	int wrong = 0;
	for (size_t i = 0; i < n; i++) {
		struct arena *a = arena_new(1 << 20);
		struct intent in;
		assert_int_equal(intent_question(*state, str_of(asked[i].question), NULL, 0, STR(""), a, &in, NULL), OK);
		bool good = asked[i].class == NOT ? in.class == INTENT_NONE || in.class == INTENT_INFORMATIONAL : in.class == asked[i].class;
		if (!good) {
			wrong++;
			print_error("%s: got %.*s (%.2f)", asked[i].question, STR_ARG(intent_class_name(in.class)), in.score);
			for (uint32_t s = 0; s < in.signal_count; s++)
				print_error(" %.*s", STR_ARG(in.signals[s]));
			print_error("\n");
		}
		arena_free(a);
	}
	assert_int_equal(wrong, 0);
}

static void test_english(void **state)
{
	check(state, english, ARRAY_LEN(english));
}

static void test_chinese(void **state)
{
	check(state, chinese, ARRAY_LEN(chinese));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_english, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_chinese, rules_setup, rules_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
