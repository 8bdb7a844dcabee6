/* Any bytes as question, turns, answer and sentence. The verdict must be one of ours, the same twice, and once
 * sensitive must stay so. Runs from the root of the project: it reads rules/. */
#include "intent/intent.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct intent_rules *rules;

static const struct doc *document(const char *path, struct arena *a)
{
	char *bytes = NULL;
	size_t n = 0;
	const struct doc *d = NULL;
	if (file_read(path, 1 << 22, &bytes, &n, NULL) != OK || doc_parse((struct str){bytes, n}, a, &d, NULL) != OK)
		abort();
	free(bytes);
	return d;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct arena *a = arena_new(1 << 24);
	(void)argc;
	(void)argv;
	if (intent_rules_new(document("rules/intent.yaml", a), document("rules/topics.yaml", a), &rules, NULL) != OK)
		abort();
	char *weights = NULL;
	size_t n = 0;
	if (file_read("rules/intent.weights", 1 << 22, &weights, &n, NULL) != OK || intent_rules_weigh(rules, (struct str){weights, n}, NULL) != OK)
		abort();
	free(weights);
	arena_free(a);
	return 0;
}

static void check(bool claim)
{
	if (!claim)
		abort();
}

static void judge(struct str question, struct str rest)
{
	struct arena *a = arena_new(8 << 20);
	struct intent in, again;
	const struct intent_turn turns[] = {{STR("user"), rest}, {STR("assistant"), question}};
	check(intent_question(rules, question, turns, 2, STR("zh-CN"), a, &in, NULL) == OK);
	check(intent_question(rules, question, turns, 2, STR("zh-CN"), a, &again, NULL) == OK);
	check(in.class == again.class && in.score == again.score && in.score >= 0 && in.score <= 1);
	check(!in.has_max || in.max_price.minor > 0);
	bool sensitive = in.class == INTENT_SENSITIVE;
	while (rest.n > 0) {
		check(intent_answer(rules, str_cut(&rest, '\n'), question.n == 0, a, &in, NULL) == OK);
		check(!sensitive || in.class == INTENT_SENSITIVE);
		sensitive = in.class == INTENT_SENSITIVE;
	}
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str all = {(const char *)data, n > 20000 ? 20000 : n}, rest = all;
	struct str question = str_cut(&rest, '\n');
	struct str rule;
	judge(question, rest);
	if (all.n > 2) {
		size_t from = (size_t)data[0] % all.n, to = from + (size_t)data[1] % (all.n - from + 1);
		(void)intent_stance(rules, all, from, to, &rule);
	}
	return 0;
}
