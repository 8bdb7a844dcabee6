/* The insert core over written and generated answers: every universal check, every cutting. */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct link_keys *keys;
static struct flow_rules *rules;
static struct shelf *shelf;

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

static struct insert_request asking(const char *question, const char *answer)
{
	struct insert_request r;
	insert_request_init(&r);
	r.question = str_of(question);
	r.answer = str_of(answer);
	r.has_answer = true;
	r.max_links = 8;
	return r;
}

static size_t link_count(const struct checked *c)
{
	return json_array_size(json_object_get(c->response, "links"));
}

static const char *reason(const struct checked *c)
{
	const char *s = json_string_value(json_object_get(c->response, "reason"));
	return s ? s : "";
}

/* Whole, then byte by byte, then at random: the same bytes and the same links. */
static void every_check(const struct insert_request *r)
{
	struct checked whole = check_cut(shelf, r, NULL, NULL);
	struct dice by_one = {1, 1}, by_few = {r->answer.n + 7, 9}, by_many = {r->answer.n + 3, 100};
	struct dice *cuts[] = {&by_one, &by_few, &by_many};
	check_edits(r->answer, &whole);
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		struct checked cut = check_cut(shelf, r, roll, cuts[i]);
		if (strcmp(cut.answer, whole.answer) != 0)
			check_fail("stream is not whole", str_of(whole.answer), str_of(cut.answer));
		if (whole.response && !json_equal(json_object_get(cut.response, "links"), json_object_get(whole.response, "links")))
			check_fail("other links in a stream", str_of(json_dumps(whole.response, 0)), str_of(json_dumps(cut.response, 0)));
		if (cut.most_held > 1024 + cuts[i]->most)
			check_fail("too much was held back", r->answer, str_of(""));
		checked_done(&cut);
	}
	check_again(shelf, r, &whole);
	check_page(r->answer, &whole);
	checked_done(&whole);
}

struct asked {
	const char *question, *answer;
	int links; /* -1: at least one */
};

static const struct asked written[] = {
	{"Which headphones should I buy for flights?", "For flights I would take the Sony WH-1000XM5. It is quiet.", -1},
	{"Which headphones should I buy for flights?", "1. **Sony WH-1000XM5**: the quietest.\n2. **Soundcore Life Q30**: cheaper.\n", -1},
	{"What do I need for a camping trip?", "You will need a tent, a sleeping bag, and a flashlight.", -1},
	{"What do I need for a camping trip?", "| Item | Why |\n|---|---|\n| Sleeping bag | warm |\n| Flashlight | light |\n", -1},
	{"敏感肌适合用什么样的面膜", "敏感肌可以选择成分简单的**面膜**，例如补水面膜。另外建议搭配温和的洁面乳。", -1},
	{"敏感肌適合用什麼樣的面膜", "敏感肌可以選擇成分簡單的**面膜**，例如補水面膜。", -1},
	{"推荐一款降噪耳机，预算500以内", "- 降噪耳机：通勤首选\n- 蓝牙耳机：更便宜\n", -1},
	{"Which headphones should I buy?", "```\nSony WH-1000XM5\n```\n\n`headphones` [headphones](https://x.example) <b>headphones</b>", 0},
	{"Which headphones should I buy?", "# Headphones\n\nHeadphones\n=====\n\n    Sony WH-1000XM5\n", -2},
	{"Which headphones should I buy?", "{\"answer\": \"Sony WH-1000XM5 headphones\"}", 0},
	{"How do headphones work?", "Headphones turn current into sound with a small driver.", 0},
	{"Write a poem about headphones", "Headphones, headphones, soft and warm.", 0},
	{"", "Buy headphones.", 0},
	{"Which tent should I buy?", "Take a tent for two.\n\n```\nopen fence", -1},
	{"Which tent should I buy?", "", 0},
	{"Which tent should I buy?", "\xff\xfe tent \xe9\xa2 tent", -2},
};

static void test_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(written); i++) {
		struct insert_request r = asking(written[i].question, written[i].answer);
		struct checked c = check_cut(shelf, &r, NULL, NULL);
		int links = (int)link_count(&c);
		bool right = written[i].links == -2 || (written[i].links == -1 ? links > 0 : links == written[i].links);
		if (!right)
			fail_msg("%d links in: %s\n", links, json_dumps(c.response, JSON_COMPACT));
		checked_done(&c);
		every_check(&r);
	}
}

static void test_forms(void **state)
{
	(void)state;
	for (enum form f = FORM_INLINE; f <= FORM_ANNOTATIONS; f++) {
		struct insert_request r = asking("What do I need for a camping trip?", "You need a tent and a sleeping bag.\n\nAlso take a flashlight.");
		r.form = f;
		every_check(&r);
		struct checked c = check_cut(shelf, &r, NULL, NULL);
		if (f == FORM_ANNOTATIONS) {
			assert_string_equal(reason(&c), "no_disclosure");
			assert_string_equal(c.answer, r.answer.p);
		} else {
			assert_true(link_count(&c) > 0);
			assert_true(strstr(c.answer, "(Ad)") != NULL);
		}
		checked_done(&c);
	}
}

static void test_reasons(void **state)
{
	(void)state;
	struct insert_request r = asking("Which headphones should I buy?", "Take the Sony WH-1000XM5.");
	r.opt_out = true;
	struct checked c = check_cut(shelf, &r, NULL, NULL);
	assert_string_equal(reason(&c), "opted_out");
	checked_done(&c);
	r.opt_out = false;
	r.max_links = 0;
	c = check_cut(shelf, &r, NULL, NULL);
	assert_string_equal(reason(&c), "capped");
	checked_done(&c);
	r = asking("", "Take the Sony WH-1000XM5.");
	c = check_cut(shelf, &r, NULL, NULL);
	assert_string_equal(reason(&c), "no_evidence");
	checked_done(&c);
	r = asking("Which headphones should I buy under $20?", "Take good headphones.");
	c = check_cut(shelf, &r, NULL, NULL);
	assert_string_equal(reason(&c), "over_budget");
	checked_done(&c);
	r = asking("Which bicycle should I buy?", "Take a steel frame.");
	c = check_cut(shelf, &r, NULL, NULL);
	assert_string_equal(reason(&c), "no_match");
	checked_done(&c);
}

/* What the conversation has shown already is not shown again. */
static void test_conversation(void **state)
{
	(void)state;
	struct insert_request r = asking("Which headphones should I buy for flights?", "Take the Sony WH-1000XM5.");
	struct checked first = check_cut(shelf, &r, NULL, NULL);
	assert_int_equal(link_count(&first), 1);
	struct insert_turn turns[] = {{STR("user"), r.question}, {STR("assistant"), str_of(first.answer)}, {STR("user"), STR("So which one should I buy?")}};
	r.question = STR_NONE;
	r.turns = turns;
	r.turn_count = 3;
	struct checked second = check_cut(shelf, &r, NULL, NULL);
	assert_int_equal(link_count(&second), 0);
	checked_done(&first);
	checked_done(&second);
}

/* Commission, index seed: no input to any decision. */
static void test_relevance_only(void **state)
{
	(void)state;
	struct shelf *other = kit_shelf(rules, keys, KIT_PUBLIC, 4242, 99);
	for (size_t i = 0; i < ARRAY_LEN(written); i++) {
		struct insert_request r = asking(written[i].question, written[i].answer);
		struct checked a = check_cut(shelf, &r, NULL, NULL), b = check_cut(other, &r, NULL, NULL);
		assert_string_equal(a.answer, b.answer);
		checked_done(&a);
		checked_done(&b);
	}
	shelf_unref(other);
}

static const char *const pieces[] = {"Sony WH-1000XM5", "headphones", "tent", "sleeping bag", "面膜", "补水面膜", "降噪耳机", "手机壳", "**", "*", "_", "~~", "`", "```", "\n", "\n\n",
	"\n- ", "\n1. ", "\n> ", "\n# ", "\n    ", "[", "](", ")", "]", "![", "<b>", "</b>", "<!--", "-->", "<", "$", "$$", "$50", "|", "\n|---|---|\n", " ", " ", " ", ", ", ". ", "。", "，", "、",
	"is good", "推荐", "and", "的", "(Ad)", "（广告）", "https://a.example/x", "www.x.example", "a@b.example", "\\", "&amp;", "&", "\t", "\r\n", "---", "\n---\n", "\n===\n", "é", "™", "１２",
	"[面膜](http://127.0.0.1:8080/c/x)（广告）", "\xc3", "\xff"};

static void test_generated(void **state)
{
	(void)state;
	struct dice d = {20261121, ARRAY_LEN(pieces)};
	for (int i = 0; i < 1500; i++) {
		char text[2048] = "";
		size_t n = 0, parts = roll(&d) % 40 + 1;
		for (size_t k = 0; k < parts; k++) {
			const char *p = pieces[roll(&d) - 1];
			size_t len = strlen(p);
			if (n + len < sizeof text - 1)
				memcpy(text + n, p, len + 1), n += len;
		}
		struct insert_request r = asking(i % 2 ? "Which headphones or tent should I buy?" : "推荐一款面膜或者降噪耳机", text);
		r.form = (enum form)(i % 7 == 0 ? FORM_CARDS : i % 11 == 0 ? FORM_REFERENCES : FORM_INLINE);
		every_check(&r);
	}
}

static int set_up(void **state)
{
	(void)state;
	keys = kit_keys();
	rules = kit_rules();
	shelf = kit_shelf(rules, keys, KIT_PUBLIC, 0, 1);
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
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_relevance_only),
		cmocka_unit_test(test_generated),
	};
	return cmocka_run_group_tests_name("flow/insert", tests, set_up, tear_down);
}
