/* The body of POST /v1/replay: {"requests":[insert requests],"rules":{"placement":"<its text>", …}}. */
#include "http/replay.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE(name) {#name, offsetof(struct flow_rule_texts, name)}
static const struct {
	const char *name;
	size_t offset;
} rule_names[] = {RULE(intent), RULE(topics), RULE(matching), RULE(placement), RULE(disclosure), RULE(bots), RULE(networks), RULE(weights)};
#undef RULE

static enum status take_rule(const char *name, const json_t *v, struct arena *a, struct flow_rule_texts *into, struct err *e)
{
	char pointer[80];
	snprintf(pointer, sizeof pointer, "/rules/%.60s", name);
	for (size_t i = 0; i < ARRAY_LEN(rule_names); i++) {
		if (strcmp(rule_names[i].name, name) != 0)
			continue;
		if (!json_is_string(v))
			return err_set(e, E_INPUT, pointer, "the text of the file is wanted, as a string");
		struct str text = arena_take_str(a, (struct str){json_string_value(v), json_string_length(v)});
		*(struct str *)((char *)into + rule_names[i].offset) = text.n ? text : STR(""); /* given, though empty */
		return OK;
	}
	return err_set(e, E_INPUT, pointer, "no rules have this name");
}

static enum status read_rules(json_t *rules, struct arena *a, struct flow_rule_texts *into, struct err *e)
{
	const char *name;
	json_t *v;
	if (!rules || json_is_null(rules))
		return OK;
	if (!json_is_object(rules))
		return err_set(e, E_INPUT, "/rules", "an object of texts is wanted");
	json_object_foreach(rules, name, v) {
		enum status s = take_rule(name, v, a, into, e);
		if (s)
			return s;
	}
	return OK;
}

/* "/answer" of the third request becomes "/requests/2/answer". */
static enum status blame_request(enum status s, size_t i, struct err *e)
{
	struct err inner = *e;
	char pointer[sizeof inner.where];
	if (snprintf(pointer, sizeof pointer, "/requests/%zu%.80s", i, inner.where) < 0)
		return s;
	return err_set(e, s, pointer, "%s", inner.text);
}

static enum status read_request(const json_t *v, size_t i, size_t max_answer, struct arena *a, struct insert_request *out, struct err *e)
{
	char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!text)
		return err_set(e, E_NOMEM, "", "out of memory");
	struct str kept = arena_take_str(a, str_of(text)); /* the request's strings are slices of it */
	free(text);
	enum status s = insert_request_parse(kept, true, max_answer, a, out, e);
	return s == OK ? OK : blame_request(s, i, e);
}

static enum status read_requests(const json_t *list, size_t max_answer, struct arena *a, struct replay_call *c, struct err *e)
{
	if (!json_is_array(list) || json_array_size(list) == 0)
		return err_set(e, E_INPUT, "/requests", "a list of insert requests is wanted");
	size_t n = json_array_size(list);
	if (n > REPLAY_REQUESTS)
		return err_set(e, E_NOMEM, "/requests", "at most %d requests at once", REPLAY_REQUESTS);
	c->request = ARENA_TAKE(a, struct insert_request, n);
	if (!c->request)
		return err_set(e, E_NOMEM, "", "out of memory");
	for (; c->count < n; c->count++) {
		enum status s = read_request(json_array_get(list, c->count), c->count, max_answer, a, &c->request[c->count], e);
		if (s)
			return s;
	}
	return OK;
}

enum status replay_call_parse(struct str json, size_t max_answer, struct arena *a, struct replay_call *c, struct err *e)
{
	json_error_t why;
	json_t *o = json_loadb(json.n ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &why);
	if (!o)
		return err_set(e, E_INPUT, "", "not JSON: %s", why.text);
	enum status s = json_is_object(o) ? read_rules(json_object_get(o, "rules"), a, &c->rules, e) : err_set(e, E_INPUT, "", "an object is wanted");
	if (s == OK)
		s = read_requests(json_object_get(o, "requests"), max_answer, a, c, e);
	json_decref(o);
	return s == OK && arena_failed(a) ? err_set(e, E_NOMEM, "", "too large") : s;
}
