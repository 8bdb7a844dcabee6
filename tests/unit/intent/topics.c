/* Topics that veto, and what only looks like one: the cases of topics.tsv, which says what its columns are. */
#include "intent_rules.h"

static bool has_han(struct str s)
{
	uint32_t c;
	for (int n; (n = utf8_next(s, &c)) > 0; s = str_sub(s, (size_t)n, s.n))
		if (c >= 0x3400 && c <= 0x9FFF)
			return true;
	return false;
}

/* The class that the text leads to when it stands `where` a line of the table says. */
static enum intent_class class_of(const struct intent_rules *r, char where, struct str text, struct arena *a, struct intent *in)
{
	struct str shopping = has_han(text) ? STR("推荐哪一款好?") : STR("Which one should I buy?");
	const struct intent_turn earlier = {STR("user"), text};
	bool turn = where == 'e' || where == 't', without = where == 'w';
	struct str question = where == 'q' ? text : without ? STR("") : shopping;
	assert_int_equal(intent_question(r, question, &earlier, turn, STR(""), a, in, NULL), OK);
	if (where == 'a' || without)
		assert_int_equal(intent_answer(r, text, without, a, in, NULL), OK);
	return in->class;
}

static bool as_expected(struct str verdict, enum intent_class got)
{
	if (str_eq(verdict, STR("veto")))
		return got == INTENT_SENSITIVE;
	if (str_eq(verdict, STR("shop")))
		return got == INTENT_CONSUMER;
	assert_true(str_eq(verdict, STR("calm")));
	return got == INTENT_NONE || got == INTENT_INFORMATIONAL;
}

/* True when the case is as the table says. */
static bool judge_case(const struct intent_rules *r, struct str line)
{
	struct arena *a = arena_new(1 << 22);
	struct intent in;
	struct str verdict = str_cut(&line, '\t'), where = str_cut(&line, '\t');
	assert_true(where.n == 1 && memchr("qawet", where.p[0], 5) != NULL && line.n > 0);
	bool good = as_expected(verdict, class_of(r, where.p[0], line, a, &in));
	if (!good) {
		print_error("%.*s %.*s %.*s: got %.*s (%.2f)", STR_ARG(verdict), STR_ARG(where), STR_ARG(line), STR_ARG(intent_class_name(in.class)), in.score);
		for (uint32_t s = 0; s < in.signal_count; s++)
			print_error(" %.*s", STR_ARG(in.signals[s]));
		print_error("\n");
	}
	arena_free(a);
	return good;
}

static void test_table(void **state)
{
	char *bytes = NULL;
	size_t n = 0, cases = 0, wrong = 0;
	assert_int_equal(file_read("tests/unit/intent/topics.tsv", 1 << 22, &bytes, &n, NULL), OK);
	for (struct str rest = {bytes, n}; rest.n > 0;) {
		struct str line = str_cut(&rest, '\n');
		if (line.n == 0 || line.p[0] == '#')
			continue;
		cases++;
		wrong += !judge_case(*state, line);
	}
	free(bytes);
	print_message("%zu cases\n", cases);
	assert_true(cases >= 400);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, rules_setup, rules_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
