/* Gates: the words read off an expression, and that no rule of ours is kept from a text it fits. */
#include "intent_rules.h"

#include "intent/gate.h"
#include "intent/plain.h"
#include "intent/rules.h"

static struct gate gate; /* too large for the stack */

static bool gate_has(const char *word)
{
	for (size_t i = 0; i < gate.count; i++)
		if (str_eq(gate.words[i], str_of(word)))
			return true;
	return false;
}

static void test_words_of(void **state)
{
	static const struct {
		const char *regex, *words[4];
	} cases[] = {
		{"\\b(?:gifts?|presents?)\\b", {"gift", "present"}},
		{"\\bwhat (?:is|are) the best\\b", {" the best" + 1}},
		{"colou?r of money", {"r of money"}},
		{"ab+c?defg", {"defg"}},
		{"礼物|礼品|送什么", {"礼物", "礼品", "送什么"}},
		{"(?!not )price", {"price"}},
		{"(?<lo>\\d+) dollars", {"dollars"}},
		{"[abc]{2,3}xyz", {"xyz"}},
		{"(?:wish){2}", {"wish"}},
		{"\\$ ?cash\\.", {"cash"}},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (!gate_read(str_of(cases[i].regex), &gate))
			fail_msg("no gate: %s", cases[i].regex);
		size_t n = 0;
		for (; n < 4 && cases[i].words[n] != NULL; n++)
			if (!gate_has(cases[i].words[n]))
				fail_msg("%s lacks %s, has %.*s", cases[i].regex, cases[i].words[n], STR_ARG(gate.words[0]));
		assert_int_equal(gate.count, n);
	}
}

static void test_no_gate(void **state)
{
	static const char *const open[] = {
		"\\d+", "(?:word)?", "(?:word|\\d)", "word|", "(?i)word", "[a-z]*", "(?:word){0,3}", "(?=word)", "\\Qword\\E", "\\x77ord", "wo?r?d?x?y?",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (gate_read(str_of(open[i]), &gate))
			fail_msg("%s has a gate: %.*s", open[i], STR_ARG(gate.words[0]));
}

static void check_patterns(const struct intent_rules *r, const struct patterns *all, struct str text, const struct gates_open *open, pcre2_match_data *match)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct pattern *p = &all->items[i];
		if (p->code != NULL && !rule_may_fit(p, open) && intent_rule_match(r, p, text, 0, match) != RULE_MISSED)
			fail_msg("%.*s is kept from: %.*s", STR_ARG(p->name), STR_ARG(text));
	}
}

static void check_text(const struct intent_rules *r, struct str raw, pcre2_match_data *match)
{
	struct gates_open open;
	struct buf plain;
	buf_init(&plain, raw.n * 12 + 64);
	assert_true(plain_text(raw, &plain));
	rules_open_gates(r, buf_str(&plain), &open);
	const struct patterns *all[] = {&r->evidence, &r->budget, &r->said, &r->topic_patterns};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		check_patterns(r, all[i], buf_str(&plain), &open, match);
	buf_done(&plain);
}

static void test_never_in_the_way(void **state)
{
	char *bytes = NULL;
	size_t n = 0, lines = 0;
	pcre2_match_data *match = rules_match_new();
	assert_int_equal(file_read("tests/quality/train/held.tsv", 1 << 24, &bytes, &n, NULL), OK);
	for (struct str rest = {bytes, n}; rest.n > 0; lines++)
		check_text(*state, str_cut(&rest, '\n'), match);
	assert_true(lines > 500);
	free(bytes);
	pcre2_match_data_free(match);
}

static void test_most_rules_have_one(void **state)
{
	const struct intent_rules *r = *state;
	size_t with = 0, of = 0;
	for (size_t i = 0; i < r->evidence.count; i++) {
		of += r->evidence.items[i].code != NULL;
		with += r->evidence.items[i].gate != 0;
		if (r->evidence.items[i].code != NULL && r->evidence.items[i].gate == 0)
			print_message("always tried: %.*s\n", STR_ARG(r->evidence.items[i].name));
	}
	assert_true(with * 4 >= of * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of),
		cmocka_unit_test(test_no_gate),
		cmocka_unit_test_setup_teardown(test_never_in_the_way, rules_setup, rules_teardown),
		cmocka_unit_test_setup_teardown(test_most_rules_have_one, rules_setup, rules_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
