/* The linear model: reading its weights, features, what it adds to the rules, and how it does on questions held back from training. */
#include "intent_rules.h"

#include "intent/model.h"
#include "intent/plain.h"

static enum status read_weights(const char *text, struct model **out, struct err *e)
{
	return model_new(str_of(text), out, e);
}

static double add(const struct model *m, enum model_field f, const char *raw, struct model_seen *seen, struct model_top *top)
{
	struct buf plain;
	buf_init(&plain, 1 << 20);
	assert_true(plain_text(str_of(raw), &plain));
	double sum = model_add(m, f, buf_str(&plain), seen, top);
	buf_done(&plain);
	return sum;
}

static double value(const struct model *m, const char *raw)
{
	struct model_seen seen = {0};
	struct model_top top = {0};
	return add(m, MODEL_QUESTION, raw, &seen, &top);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *where;
	} cases[] = {
		{"1.0 q:gift\n", "line 1"}, {"# fine\nq:gift\n", "line 2"}, {"1.0\tgift\n", "line 1"}, {"1.0\tx:gift\n", "line 1"}, {"1.0\tq:\n", "line 1"},
		{"nan\tq:gift\n", "line 1"}, {"inf\tq:gift\n", "line 1"}, {"1e3\tq:gift\n", "line 1"}, {"21\tq:gift\n", "line 1"}, {"1.0.0\tq:gift\n", "line 1"},
		{"\tq:gift\n", "line 1"}, {"0000000000000000000000001\tq:gift\n", "line 1"}, {"1\tq:gift\n\n2\tq:gift\n", "line 3"},
		{"1\tq:gi\xFF" "ft\n", "line 1"}, {"1\tq:\xE7\xA4\n", "line 1"}, {"--1\tq:gift\n", "line 1"},
		{"1\tq:0123456789012345678901234567890123456789012345678901234567890123456789\n", "line 1"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct model *m = NULL;
		struct err e = {0};
		if (read_weights(cases[i].text, &m, &e) != E_INPUT || strcmp(e.where, cases[i].where) != 0)
			fail_msg("%s: %s: %s", cases[i].text, e.where, e.text);
		assert_null(m);
	}
}

static void test_too_much(void **state)
{
	struct buf text;
	struct model *m = NULL;
	struct err e = {0};
	(void)state;
	buf_init(&text, 8 << 20);
	for (int i = 0; i <= MODEL_MAX_FEATURES; i++)
		buf_printf(&text, "0.5\tq:w%d\n", i);
	assert_int_equal(model_new(buf_str(&text), &m, &e), E_INPUT);
	assert_string_equal(e.where, "line 8193");
	buf_clear(&text);
	while (text.n <= 4 << 20)
		buf_put(&text, STR("# much ado about nothing, again and again\n"));
	assert_int_equal(model_new(buf_str(&text), &m, &e), E_INPUT);
	buf_done(&text);
}

static void test_features(void **state)
{
	struct model *m = NULL;
	struct err e = {0};
	(void)state;
	assert_int_equal(read_weights("0.5\tq:(bias)\r\n1\tq:gift\n2\tq:a gift\n4\tq:^ a\n8\tq:$ 0\n16\tq:推荐\n-1\tq:推荐一\n0.25\tq:¶ b\n0.125\tq:(1-3)\n", &m, &e), OK);
	assert_true(model_bias(m, MODEL_QUESTION) == 0.5 && model_bias(m, MODEL_ANSWER) == 0);
	assert_true(value(m, "A Gift gift for my other dear friend") == 1 + 2 + 4); /* each once */
	assert_true(value(m, "has a, gift for my other dear friend") == 1);           /* no pair across a comma */
	assert_true(value(m, "is £200 or so too much for one") == 8);
	assert_true(value(m, "推薦一個好看又便宜的") == 16 - 1);
	assert_true(value(m, "推，荐一个好看又便宜") == 0);
	assert_true(value(m, "it begins anew here\nb is the last of them") == 0.25);
	assert_true(value(m, "gift?") == 1 + 0.125);
	assert_true(value(m, "") == 0.125);
	model_free(m);
}

/* An answer comes in pieces and pieces come twice; what was counted is not counted again. */
static void test_pieces(void **state)
{
	struct model *m = NULL;
	struct err e = {0};
	struct model_seen seen = {0};
	struct model_top top = {0};
	(void)state;
	assert_int_equal(read_weights("1\ta:tent\n-2\ta:poem\n4\ta:a tent\n", &m, &e), OK);
	assert_true(add(m, MODEL_ANSWER, "bring a tent", &seen, &top) == 5);
	assert_true(add(m, MODEL_ANSWER, "bring a tent and a poem", &seen, &top) == -2);
	assert_true(add(m, MODEL_ANSWER, "bring a tent and a poem", &seen, &top) == 0);
	assert_true(str_eq(top.up[0].signal, STR("model:a tent")) && top.up[0].weight == 4);
	assert_true(str_eq(top.up[1].signal, STR("model:tent")));
	assert_true(str_eq(top.down[0].signal, STR("model:poem")) && top.down[1].signal.n == 0);
	model_free(m);
}

static void test_hostile_text(void **state)
{
	struct model *m = NULL;
	struct err e = {0};
	struct buf text;
	(void)state;
	assert_int_equal(read_weights("1\tq:a\n1\tq:a a\n", &m, &e), OK);
	buf_init(&text, 4 << 20);
	for (int i = 0; i < 200000; i++)
		buf_put(&text, STR("a "));
	assert_true(value(m, text.p) == 2);
	buf_clear(&text);
	for (int i = 0; i < 200000; i++)
		buf_putc(&text, 'x');
	buf_put(&text, STR(" a"));
	assert_true(value(m, text.p) == 1); /* the endless word is one token */
	buf_done(&text);
	model_free(m);
}

/* ---- beside the rules ----------------------------------------------------------------------- */

static const struct doc *document(const char *yaml, struct arena *a)
{
	const struct doc *d = NULL;
	assert_int_equal(doc_parse(str_of(yaml), a, &d, NULL), OK);
	return d;
}

static struct intent judge(const struct intent_rules *r, const char *question, struct arena *a)
{
	struct intent in;
	assert_int_equal(intent_question(r, str_of(question), NULL, 0, STR(""), a, &in, NULL), OK);
	return in;
}

static void test_beside_rules(void **state)
{
	static const char yaml[] =
		"score: {bias: -2, consumer: 0.6, model_share: 2, model_for: 3, model_against: 4}\n"
		"evidence:\n"
		"  - {name: poem, weight: -6, words: [poem]}\n"
		"  - {name: buy, weight: 4, words: [buy]}\n";
	struct arena *a = arena_new(1 << 22);
	struct intent_rules *r = NULL;
	struct err e = {0};
	(void)state;
	assert_int_equal(intent_rules_new(document(yaml, a), document("topics: []\n", a), &r, &e), OK);
	assert_int_equal(judge(r, "a gift please", a).class, INTENT_NONE);
	assert_int_equal(intent_rules_weigh(r, STR("bad\n"), &e), E_INPUT);
	assert_int_equal(intent_rules_weigh(r, STR("5\tq:gift\n-5\tq:sum\n0.1\tq:tent\n"), &e), OK);
	struct intent in = judge(r, "a gift please", a);
	assert_int_equal(in.class, INTENT_CONSUMER); /* where no rule speaks, within model_for: -2 + 3 */
	assert_true(in.score > 0.73 && in.score < 0.74);
	assert_true(in.signal_count == 1 && str_eq(in.signals[0], STR("model:gift")));
	assert_int_equal(judge(r, "a poem about a gift", a).class, INTENT_NONE); /* a task stays a task */
	in = judge(r, "buy a sum", a); /* -2 + 4 - 4 */
	assert_int_equal(in.class, INTENT_NONE);
	assert_true(str_eq(in.signals[0], STR("model:sum")) && str_eq(in.signals[1], STR("question:buy")));
	assert_int_equal(judge(r, "buy a tent", a).class, INTENT_CONSUMER);
	intent_rules_free(r);
	arena_free(a);
}

/* ---- questions held back from training --------------------------------------------------------- */

struct tally {
	size_t right, of;
};

static void judge_line(const struct intent_rules *r, struct str label, struct str question, struct tally *shopping, struct tally *not)
{
	struct arena *a = arena_new(1 << 22);
	struct buf text; /* with new lines for their marks */
	struct intent in;
	buf_init(&text, question.n + 1);
	while (question.n > 0) {
		bool mark = str_starts(question, STR("\xC2\xB6"));
		buf_putc(&text, mark ? '\n' : question.p[0]);
		question = str_sub(question, mark ? 2 : 1, question.n);
	}
	assert_int_equal(intent_question(r, buf_str(&text), NULL, 0, STR(""), a, &in, NULL), OK);
	struct tally *t = str_eq(label, STR("1")) ? shopping : not;
	t->of++;
	t->right += (in.class == INTENT_CONSUMER) == (t == shopping);
	if ((in.class == INTENT_CONSUMER) != (t == shopping))
		print_message("%.*s %.*s (%.2f)\n", STR_ARG(label), STR_ARG(buf_str(&text)), in.score);
	buf_done(&text);
	arena_free(a);
}

/* Judges the lines of a file; first: what a line's first field must be, or empty where the first field is the label. */
static void judge_file(const struct intent_rules *r, const char *path, struct str first, struct tally *shopping, struct tally *not)
{
	char *bytes = NULL;
	size_t n = 0;
	assert_int_equal(file_read(path, 1 << 24, &bytes, &n, NULL), OK);
	for (struct str rest = {bytes, n}; rest.n > 0;) {
		struct str line = str_cut(&rest, '\n');
		if (line.n == 0 || line.p[0] == '#' || (first.n > 0 && !str_eq(str_cut(&line, '\t'), first)))
			continue;
		struct str label = str_cut(&line, '\t');
		judge_line(r, label, line, shopping, not);
	}
	free(bytes);
	print_message("%s: shopping %zu of %zu, not %zu of %zu\n", path, shopping->right, shopping->of, not->right, not->of);
}

static void test_held_back(void **state)
{
	struct tally shopping = {0}, not = {0};
	judge_file(*state, "tests/quality/train/held.tsv", STR("q"), &shopping, &not);
	assert_true(shopping.of >= 300 && not.of >= 300);
	assert_true((shopping.right + not.right) * 100 >= (shopping.of + not.of) * 90);
	assert_true(not.right * 100 >= not.of * 93);
}

/* Single questions that no pattern stands behind. */
static void test_fresh(void **state)
{
	struct tally shopping = {0}, not = {0};
	judge_file(*state, "tests/quality/train/fresh.tsv", STR(""), &shopping, &not);
	assert_true(shopping.of >= 200 && not.of >= 200);
	assert_true(shopping.right * 100 >= shopping.of * 94);
	assert_true(not.right * 100 >= not.of * 96);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_beside_rules),
		cmocka_unit_test_setup_teardown(test_held_back, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_fresh, rules_setup, rules_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
