/* The rules of rules/, for tests that run from the root of the project. */
#ifndef INTENT_RULES_TEST_H
#define INTENT_RULES_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "intent/intent.h"

static inline const struct doc *rules_document(const char *path, struct arena *a)
{
	char *bytes = NULL;
	size_t n = 0;
	const struct doc *d = NULL;
	assert_int_equal(file_read(path, 1 << 22, &bytes, &n, NULL), OK);
	assert_int_equal(doc_parse((struct str){bytes, n}, a, &d, NULL), OK);
	free(bytes);
	return d;
}

static inline int rules_setup(void **state)
{
	struct arena *a = arena_new(1 << 24);
	struct intent_rules *r = NULL;
	struct err e = {0};
	if (intent_rules_new(rules_document("rules/intent.yaml", a), rules_document("rules/topics.yaml", a), &r, &e) != OK)
		fail_msg("%s: %s", e.where, e.text);
	char *weights = NULL;
	size_t n = 0;
	assert_int_equal(file_read("rules/intent.weights", 1 << 22, &weights, &n, NULL), OK);
	if (intent_rules_weigh(r, (struct str){weights, n}, &e) != OK)
		fail_msg("%s: %s", e.where, e.text);
	free(weights);
	arena_free(a); /* the rules keep nothing of the documents */
	*state = r;
	return 0;
}

static inline int rules_teardown(void **state)
{
	intent_rules_free(*state);
	return 0;
}

#endif
