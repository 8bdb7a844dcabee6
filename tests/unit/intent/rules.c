/* Rule files: what is refused and how it is said; hostile questions; memory that runs out. */
#include "intent_rules.h"

#include <pthread.h>

static const char *const topics_text = "topics:\n  - name: bombs\n    strong: [bomb]\nexceptions: [bath bomb]\n";

static enum status load(const char *intent, const char *topics, struct intent_rules **out, struct err *e)
{
	struct arena *a = arena_new(1 << 20);
	const struct doc *i, *t;
	assert_int_equal(doc_parse(str_of(intent), a, &i, NULL), OK);
	assert_int_equal(doc_parse(str_of(topics), a, &t, NULL), OK);
	enum status s = intent_rules_new(i, t, out, e);
	arena_free(a);
	return s;
}

struct mistake {
	const char *intent, *topics, *where, *text; /* parts of the error */
};

static const struct mistake mistakes[] = {
	{"score: {}\nevidence:\n  - name: broken\n    weight: 1\n    regex: '(a'\n", NULL, "rule broken, line 3", "regex:"},
	{"score: {}\nevidence:\n  - name: heavy\n    weight: 99\n    regex: 'a'\n", NULL, "rule heavy, line 3", "weight"},
	{"score: {}\nevidence:\n  - name: nan\n    weight: .nan\n    regex: 'a'\n", NULL, "rule nan, line 3", "weight"},
	{"score: {}\nevidence:\n  - name: empty\n    weight: 1\n", NULL, "rule empty", "regex or words"},
	{"score: {}\nevidence:\n  - weight: 1\n    regex: 'a'\n", NULL, "line 3", "name"},
	{"score: {}\nevidence:\n  - {name: slip, wieght: 1, regex: 'a'}\n", NULL, "rule slip", "not known"},
	{"score: {}\nevidence:\n  - {name: tongue, lang: fr, weight: 1, regex: 'a'}\n", NULL, "rule tongue", "lang"},
	{"score: {}\nevidence:\n  - {name: place, where: title, weight: 1, regex: 'a'}\n", NULL, "rule place", "where"},
	{"score: {}\nevidence:\n  - {name: macro, weight: 1, regex: '${nowhere}'}\n", NULL, "rule macro", "macro"},
	{"score: {}\nmacros: {a: '${b}', b: 'x'}\n", NULL, "rule a", "macro"},
	{"score: {}\nevidence:\n  - {name: words, weight: 1, words: ['$']}\n", NULL, "rule words", "letter or digit"},
	{"score: {}\nbudget:\n  - {name: sum, kind: max, regex: 'a'}\n", NULL, "rule sum", "(?<lo>), (?<hi>)"},
	{"score: {}\nsaid:\n  - {name: own, kind: owned, regex: 'a'}\n", NULL, "rule own", "(?<it>)"},
	{"score: {}\nstance:\n  - {name: bad, kind: against, regex: 'a'}\n", NULL, "rule bad", "<it>"},
	{"score: {}\nstance:\n  - {name: bad, kind: nice, regex: '<it>'}\n", NULL, "rule bad", "kind"},
	{"evidence: []\n", NULL, "score", "score"},
	{"score: {}\nevidence: 3\n", NULL, "line 2", "list"},
	{"- a\n", NULL, "line 1", "keys"},
	{"score: {}\n", "topics:\n  - {name: t, question: 0, strong: [a]}\n", "rule t", "points"},
	{"score: {}\n", "topics:\n  - {strong: [a]}\n", "line 2", "name"},
	{"score: {}\n", "topics: 1\n", "line 1", "list"},
};

static void test_mistakes(void **state)
{
	(void)state;
	int wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		struct intent_rules *r = NULL;
		struct err e = {0};
		enum status s = load(mistakes[i].intent, mistakes[i].topics ? mistakes[i].topics : topics_text, &r, &e);
		if (s == OK || r != NULL || strstr(e.where, mistakes[i].where) == NULL || strstr(e.text, mistakes[i].text) == NULL) {
			print_error("%zu: %s: %s: %s\n", i, status_name(s), e.where, e.text);
			wrong++;
		}
		if (s == OK)
			intent_rules_free(r);
	}
	assert_int_equal(wrong, 0);
}

static struct intent ask(const struct intent_rules *r, struct str question)
{
	struct arena *a = arena_new(8 << 20);
	struct intent in;
	assert_int_equal(intent_question(r, question, NULL, 0, STR(""), a, &in, NULL), OK);
	arena_free(a);
	return in;
}

/* A rule that tries too much gives up, and that means no link. */
static void test_runaway_rule(void **state)
{
	(void)state;
	struct intent_rules *r;
	char text[64];
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '!';
	assert_int_equal(load("score: {bias: 5}\nevidence:\n  - {name: wild, weight: 1, regex: '^(a+)+$'}\n", topics_text, &r, NULL), OK);
	assert_int_equal(ask(r, STR("aaa")).class, INTENT_CONSUMER);
	struct intent in = ask(r, (struct str){text, sizeof(text)});
	assert_int_equal(in.class, INTENT_NONE);
	assert_true(in.score < 0.001);
	intent_rules_free(r);
}

static void test_topics_and_exceptions(void **state)
{
	(void)state;
	struct intent_rules *r;
	assert_int_equal(load("score: {bias: 5}\n", topics_text, &r, NULL), OK);
	assert_int_equal(ask(r, STR("a bomb")).class, INTENT_SENSITIVE);
	assert_int_equal(ask(r, STR("BOMBS!")).class, INTENT_SENSITIVE);
	assert_int_equal(ask(r, STR("a bath-bomb")).class, INTENT_CONSUMER);
	assert_int_equal(ask(r, STR("a bath bomb or a bomb")).class, INTENT_SENSITIVE);
	assert_int_equal(ask(r, STR("bombastic aplomb")).class, INTENT_CONSUMER);
	intent_rules_free(r);
}

static void test_hostile(void **state)
{
	enum { MIB = 1 << 20 };
	static const char *const units[] = {"a", "which ", "how to ", "\xE5", "\xF0\x9F\x98\x80", "买", "(", "\n", "1", "${", "a-", "what is the best ", "'", "一", "not "};
	char *big = malloc(MIB);
	assert_non_null(big);
	for (size_t u = 0; u < ARRAY_LEN(units); u++) {
		size_t n = strlen(units[u]);
		for (size_t i = 0; i < MIB; i++)
			big[i] = units[u][i % n];
		struct intent in = ask(*state, (struct str){big, MIB});
		assert_int_not_equal(in.class, INTENT_CONSUMER); /* too long to be a question */
		ask(*state, (struct str){big, 60000});
		struct arena *a = arena_new(64 << 20);
		struct intent answer = {.class = INTENT_CONSUMER, .memory = {.question = 5}};
		assert_int_equal(intent_answer(*state, (struct str){big, MIB}, false, a, &answer, NULL), OK);
		arena_free(a);
	}
	free(big);
	assert_int_equal(ask(*state, STR("which \0tent should I buy?\xFF")).class, INTENT_CONSUMER);
	assert_int_not_equal(ask(*state, STR("\xED\xA0\x80\xC0\xAF")).class, INTENT_CONSUMER);
}

static void test_memory_runs_out(void **state)
{
	struct err e;
	for (size_t n = 0;; n++) {
		struct arena *a = arena_new(1 << 20);
		struct intent in = {.score = 0.25};
		arena_fail_after(a, n);
		enum status s = intent_question(*state, STR("I already own a kettle, recommend a toaster but not Sony"), NULL, 0, STR(""), a, &in, &e);
		if (s != OK)
			assert_true(s == E_NOMEM && in.score == 0.25); /* untouched */
		bool failed = arena_failed(a);
		arena_free(a);
		if (s == OK && !failed)
			break;
		assert_true(n < 1000);
	}
}

static void *ask_often(void *rules)
{
	for (int i = 0; i < 100; i++)
		assert_int_equal(ask(rules, STR("Which tent should I buy under $200?")).class, INTENT_CONSUMER);
	return NULL;
}

static void test_threads_share_rules(void **state)
{
	pthread_t threads[4];
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, *state), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
}

/* The same words in both scripts, widths and cases are the same question. */
static void test_variants_agree(void **state)
{
	static const char *const pairs[][2] = {
		{"推荐一款适合敏感肌的面膜", "推薦一款適合敏感肌的面膜"},
		{"Which TENT should I buy?", "Ｗｈｉｃｈ tent should I buy？"},
		{"What's the best e-reader?", "What’s the best e reader?"},
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct intent one = ask(*state, str_of(pairs[i][0])), other = ask(*state, str_of(pairs[i][1]));
		assert_int_equal(one.class, other.class);
		assert_true(one.score == other.score);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_runaway_rule),
		cmocka_unit_test(test_topics_and_exceptions),
		cmocka_unit_test_setup_teardown(test_hostile, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_memory_runs_out, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_threads_share_rules, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_variants_agree, rules_setup, rules_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
