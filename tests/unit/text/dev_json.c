/* Real answers, where they are at hand (../shared/quality, not part of the project): pages stay exact, cuttings agree. */
#include <setjmp.h>
#include <stdarg.h>

#include "wrapping.h"

#include <cmocka.h>
#include <jansson.h>

#define DEV "../shared/quality/dev.jsonl"

static size_t check_line(struct str line, size_t number, size_t *words)
{
	json_t *j = json_loadb(line.p, line.n, 0, NULL);
	assert_non_null(j);
	struct str answer = str_of(json_string_value(json_object_get(j, "answer")));
	size_t count = 0;
	assert_true(wrap_check(answer, number % 16 == 0, &count));
	assert_true(cut_check(answer, number + 1));
	assert_true(append_check(answer));
	struct text *t = wrap_scan(answer);
	for (size_t i = 0; i < text_count(t); i++) {
		uint32_t f, o;
		count += text_wrap(t, text_tokens(t)[i].start, text_tokens(t)[i].end, true, &f, &o) == WRAP_YES;
	}
	*words += text_count(t);
	text_free(t);
	json_decref(j);
	return count;
}

static void answers(void **state)
{
	(void)state;
	char *file;
	size_t n, allowed = 0, words = 0, number = 0;
	if (file_read(DEV, 64 << 20, &file, &n, NULL) != OK) {
		fprintf(stderr, "skipped: %s is not here\n", DEV);
		skip();
	}
	struct str rest = {file, n};
	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');
		if (line.n > 0)
			allowed += check_line(line, number++, &words);
	}
	printf("%zu answers, %zu tokens, %zu ranges checked\n", number, words, allowed);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
