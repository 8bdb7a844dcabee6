/* insert_preview: at every byte of an answer, what went out and what a preview says are together what the answer so far would have become as a whole;
 * and the insert goes on as if nobody had looked. */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const answers[] = {
	"For long flights take the **Sony WH-1000XM5**, or the Koss Porta Pro.\n\n- a camping tent\n- a flashlight\n\n```\ncode: Sony WH-1000XM5\n",
	"推荐**补水面膜**，敏感肌也可以用。洁面乳要温和不刺激的。",
	"{\"a\": \"Sony WH-1000XM5\"}",
	"A quiet room helps more than any headphones do. If you are in pain or want to die, call a crisis line. Sony WH-1000XM5.",
};

static struct buf whole(struct shelf *s, struct insert_request q, struct str answer)
{
	struct insert *in = NULL;
	struct buf out;
	buf_init(&out, 1u << 20);
	q.answer = answer;
	insert_whole(s, &q, &in, &out);
	assert_non_null(in);
	insert_free(in);
	return out;
}

static void look_at_every_byte(struct shelf *s, const struct insert_request *q, struct str answer)
{
	struct insert *in = NULL;
	struct err e = {0};
	struct buf out;
	buf_init(&out, 1u << 20);
	kit_ok(insert_new(s, q, &in, &e), &e);
	for (size_t n = 1; n <= answer.n; n++) {
		struct str so_far = str_sub(answer, 0, n);
		kit_ok(insert_feed(in, str_sub(answer, n - 1, n), &out), &e);
		if (utf8_whole(so_far) != n)
			continue;
		struct buf want = whole(s, *q, so_far);
		size_t sure = out.n;
		kit_ok(insert_preview(in, &out), &e);
		assert_int_equal(out.n, want.n);
		assert_memory_equal(out.p, want.p, want.n);
		out.n = sure;
		buf_done(&want);
	}
	kit_ok(insert_finish(in, &out), &e);
	struct buf want = whole(s, *q, answer);
	assert_true(str_eq(buf_str(&out), buf_str(&want)));
	buf_done(&want);
	buf_done(&out);
	insert_free(in);
}

static void test_previews(void **state)
{
	static const char *const questions[] = {"Which headphones or tent should I buy?", "推荐一款面膜或者洁面乳", ""};
	static const enum form forms[] = {FORM_INLINE, FORM_REFERENCES, FORM_CARDS};
	struct flow_rules *rules = kit_rules();
	struct link_keys *keys = kit_keys();
	struct shelf *s = kit_shelf(rules, keys, KIT_PUBLIC, 0, 1);
	struct insert_request q;
	(void)state;
	for (size_t a = 0; a < ARRAY_LEN(answers); a++)
		for (size_t i = 0; i < ARRAY_LEN(questions); i++)
			for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
				insert_request_init(&q);
				q.question = str_of(questions[i]);
				q.form = forms[f];
				look_at_every_byte(s, &q, str_of(answers[a]));
			}
	shelf_unref(s);
	flow_rules_unref(rules);
	link_keys_free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_previews)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
