/* What jansson makes of a text, and whether pull agrees: taken or refused, and each value. */
#ifndef PULL_ORACLE_H
#define PULL_ORACLE_H

#include "base/base.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline bool same_value(struct pull v, const json_t *j, struct arena *a);

static inline bool same_object(struct pull v, json_t *j, struct arena *a)
{
	struct pull member;
	struct str key;
	size_t n = 0;
	for (size_t at = 0; pull_next(v, &at, &key, &member); n++) {
		char quoted[4096];
		struct str name = {NULL, 0};
		if (key.n + 2 >= sizeof quoted)
			continue;
		snprintf(quoted, sizeof quoted, "\"%.*s\"", (int)key.n, key.p);
		struct pull k = {{quoted, key.n + 2}};
		name = pull_text(k, a);
		char z[4096];
		memcpy(z, name.p ? name.p : "", name.n);
		z[name.n] = '\0';
		const json_t *other = json_object_get(j, z);
		if (!other || (key.n <= 384 && !pull_key_is(key, name)) || !same_value(member, other, a))
			return false;
	}
	return n == json_object_size(j);
}

static inline bool same_array(struct pull v, const json_t *j, struct arena *a)
{
	struct pull element;
	size_t n = 0;
	for (size_t at = 0; pull_next(v, &at, NULL, &element); n++)
		if (!same_value(element, json_array_get(j, n), a))
			return false;
	return n == json_array_size(j);
}

static inline bool same_value(struct pull v, const json_t *j, struct arena *a)
{
	struct str s;
	switch (pull_kind(v)) {
	case PULL_NULL:
		return json_is_null(j);
	case PULL_TRUE:
		return json_is_true(j);
	case PULL_FALSE:
		return json_is_false(j);
	case PULL_NUMBER:
		return json_is_number(j) && cmp_double(pull_double(v), json_number_value(j)) == 0;
	case PULL_STRING:
		s = pull_text(v, a);
		return json_is_string(j) && str_eq(s, (struct str){json_string_value(j), json_string_length(j)});
	case PULL_ARRAY:
		return json_is_array(j) && same_array(v, j, a);
	case PULL_OBJECT:
		return json_is_object(j) && same_object(v, (json_t *)(uintptr_t)j, a);
	case PULL_NONE:
		break;
	}
	return false;
}

/* Duplicate names are the caller's matter, numbers that no double holds are taken: of those only the syntax is compared. */
static inline bool pull_agrees(struct str text, struct arena *a)
{
	json_error_t why;
	struct pull v;
	struct err e = {0};
	enum status s = pull_check(text, &v, &e);
	if (text.n && memchr(text.p, '\0', text.n)) /* jansson overlooks one behind a number */
		return s == E_INPUT;
	json_t *j = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &why);
	bool lenient = !j && (json_error_code(&why) == json_error_numeric_overflow || json_error_code(&why) == json_error_duplicate_key);
	bool agrees = lenient || (j ? s == OK && same_value(v, j, a) : s == E_INPUT && e.text[0]);
	json_decref(j);
	return agrees;
}

#endif
