/* A network's report as JSON: the list of objects in it, however deep, each flattened to names and texts. */
#include "flow/import.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 8 };

/* The first list that holds objects. */
static const json_t *find_list(const json_t *v, int depth)
{
	const char *key;
	json_t *item;
	const json_t *found = NULL;
	if (json_is_array(v))
		return json_is_object(json_array_get(v, 0)) || json_array_size(v) == 0 ? v : NULL;
	if (!json_is_object(v) || depth == DEPTH_MAX)
		return NULL;
	json_t *o = json_copy((json_t *)(uintptr_t)v); /* the iteration wants one that may change */
	json_object_foreach(o, key, item)
	{
		if (!found)
			found = find_list(item, depth + 1);
	}
	json_decref(o);
	return found;
}

static struct str text_of(struct arena *a, const json_t *v)
{
	if (json_is_string(v))
		return arena_take_str(a, (struct str){json_string_value(v), json_string_length(v)});
	if (json_is_integer(v))
		return arena_take_printf(a, "%lld", (long long)json_integer_value(v));
	if (json_is_real(v)) {
		/* 15 digits give back what was written, as far as anybody writes amounts. */
		struct str s = arena_take_printf(a, "%.15g", json_real_value(v));
		return s;
	}
	return json_is_boolean(v) ? (json_is_true(v) ? STR("true") : STR("false")) : STR_NONE;
}

static void flatten(struct arena *a, struct str under, const json_t *v, int depth, struct import_record *r)
{
	const char *key;
	json_t *item;
	json_t *o = json_copy((json_t *)(uintptr_t)v);
	json_object_foreach(o, key, item)
	{
		struct str plain = import_name(a, str_of(key));
		struct str name = arena_take_printf(a, "%.*s%.*s", STR_ARG(under), STR_ARG(plain));
		if (json_is_object(item) && depth < DEPTH_MAX) {
			flatten(a, name, item, depth + 1, r);
		} else if (!json_is_array(item) && r->n < IMPORT_FIELDS) {
			r->name[r->n] = name;
			r->value[r->n++] = str_trim(text_of(a, item));
		}
	}
	json_decref(o);
}

enum status import_json(struct str text, struct arena *row, import_each *each, void *arg, struct err *e)
{
	json_error_t why;
	json_t *root = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return err_set(e, E_INPUT, "", "not JSON: %s (line %d)", why.text, why.line);
	const json_t *list = find_list(root, 0);
	enum status s = list ? OK : err_set(e, E_INPUT, "", "holds no list of records");
	for (size_t i = 0; s == OK && i < json_array_size(list); i++) {
		arena_reset(row);
		struct import_record *r = ARENA_TAKE(row, struct import_record, 1);
		if (!r) {
			s = err_set(e, E_NOMEM, "", "out of memory");
			break;
		}
		r->line = i + 1;
		flatten(row, STR(""), json_array_get(list, i), 0, r);
		r->fault = arena_failed(row) ? "needs too much memory" : NULL;
		s = each(arg, r);
	}
	json_decref(root);
	return s;
}
