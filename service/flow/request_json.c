/* The insert request of API.md section 2, read strictly with jansson; errors carry JSON pointers. */
#include "flow/core.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TURNS 512

struct reading {
	json_t *root;
	struct arena *a;
	struct err *e;
	enum status s; /* sticky: the first trouble */
};

static void wrong(struct reading *r, const char *pointer, const char *why)
{
	if (r->s == OK)
		r->s = err_set(r->e, E_INPUT, pointer, "%s", why);
}

static struct str copy(struct reading *r, json_t *s)
{
	return arena_take_str(r->a, (struct str){json_string_value(s), json_string_length(s)});
}

/* NULL counts as absent: that is what clients send for "not given". */
static json_t *field(const struct reading *r, const char *name)
{
	json_t *v = json_object_get(r->root, name);
	return json_is_null(v) ? NULL : v;
}

static void read_text(struct reading *r, const char *name, struct str *out)
{
	json_t *v = field(r, name);
	char pointer[40];
	snprintf(pointer, sizeof pointer, "/%s", name);
	if (v && !json_is_string(v))
		wrong(r, pointer, "must be a string");
	else if (v)
		*out = copy(r, v);
}

static void read_flag(struct reading *r, const char *name, bool *out)
{
	json_t *v = field(r, name);
	char pointer[40];
	snprintf(pointer, sizeof pointer, "/%s", name);
	if (v && !json_is_boolean(v))
		wrong(r, pointer, "must be true or false");
	else if (v)
		*out = json_is_true(v);
}

/* 3.0 is as whole as 3: some languages know no other numbers. */
static bool whole_number(const json_t *v, int64_t *out)
{
	double d = json_number_value(v);
	if (!json_is_number(v) || d < 0 || (json_is_real(v) && (d > 9007199254740992.0 || d != (double)(int64_t)d)))
		return false;
	*out = json_is_integer(v) ? json_integer_value(v) : (int64_t)d;
	return true;
}

static void read_count(struct reading *r, json_t *object, const char *name, const char *pointer, int64_t *out)
{
	json_t *v = json_object_get(object, name);
	if (!v || json_is_null(v))
		return;
	if (!whole_number(v, out))
		wrong(r, pointer, "must be a whole number, 0 or more");
}

static void read_cost(struct reading *r, json_t *v, struct money *out)
{
	if (!v || json_is_null(v))
		return;
	const json_t *amount = json_object_get(v, "amount"), *currency = json_object_get(v, "currency");
	char code[4];
	int64_t minor;
	if (!whole_number(amount, &minor) || !json_is_string(currency) || !money_currency(str_of(json_string_value(currency)), code)) {
		wrong(r, "/usage/cost", "must be {\"amount\": minor units, 0 or more, \"currency\": ISO 4217 code}");
		return;
	}
	*out = (struct money){.minor = minor};
	memcpy(out->currency, code, sizeof code);
}

static void read_usage(struct reading *r, struct insert_request *out)
{
	json_t *v = field(r, "usage");
	if (!v)
		return;
	if (!json_is_object(v)) {
		wrong(r, "/usage", "must be an object");
		return;
	}
	read_count(r, v, "prompt_tokens", "/usage/prompt_tokens", &out->prompt_tokens);
	read_count(r, v, "completion_tokens", "/usage/completion_tokens", &out->completion_tokens);
	read_cost(r, json_object_get(v, "cost"), &out->cost);
}

/* A message's content: a string, or OpenAI's list of parts, of which the text ones are joined. */
static struct str content_of(struct reading *r, json_t *content, const char *pointer)
{
	if (!content || json_is_null(content))
		return STR_NONE;
	if (json_is_string(content))
		return copy(r, content);
	if (!json_is_array(content)) {
		wrong(r, pointer, "must be a string or a list of parts");
		return STR_NONE;
	}
	struct buf b;
	buf_init(&b, 4u << 20);
	size_t i;
	json_t *part;
	json_array_foreach(content, i, part) {
		json_t *t = json_object_get(part, "text");
		if (json_is_string(t))
			buf_put(&b, (struct str){json_string_value(t), json_string_length(t)});
	}
	struct str joined = arena_take_str(r->a, buf_str(&b));
	buf_done(&b);
	return joined;
}

static void read_turns(struct reading *r, struct insert_request *out)
{
	json_t *v = field(r, "messages");
	if (!v)
		return;
	if (!json_is_array(v)) {
		wrong(r, "/messages", "must be a list");
		return;
	}
	size_t n = json_array_size(v), skip = n > MAX_TURNS ? n - MAX_TURNS : 0; /* the last ones count */
	struct insert_turn *turns = ARENA_TAKE(r->a, struct insert_turn, n - skip);
	for (size_t i = skip; turns && i < n; i++) {
		json_t *m = json_array_get(v, i), *role = json_object_get(m, "role");
		char pointer[48];
		snprintf(pointer, sizeof pointer, "/messages/%zu/role", i);
		if (!json_is_string(role))
			wrong(r, pointer, "must be a string");
		else
			turns[i - skip].role = copy(r, role);
		snprintf(pointer, sizeof pointer, "/messages/%zu/content", i);
		turns[i - skip].content = content_of(r, json_object_get(m, "content"), pointer);
	}
	out->turns = turns;
	out->turn_count = turns ? n - skip : 0;
}

static void read_choices(struct reading *r, struct insert_request *out)
{
	struct str form = STR_NONE, format = STR_NONE;
	read_text(r, "form", &form);
	read_text(r, "format", &format);
	if (form.n && !form_parse(form, &out->form))
		wrong(r, "/form", "must be inline, cards, references or annotations");
	if (format.n && !str_eq(format, STR("markdown")) && !str_eq(format, STR("text")))
		wrong(r, "/format", "must be markdown or text");
	out->plain_format = str_eq(format, STR("text"));
	read_count(r, r->root, "max_links", "/max_links", &out->max_links);
	if (field(r, "metadata") && !json_is_object(field(r, "metadata")))
		wrong(r, "/metadata", "must be an object");
}

/* The request's own id is echoed as it was written: a string or a number. */
static void read_id(struct reading *r, struct insert_request *out)
{
	json_t *v = field(r, "id");
	if (!v)
		return;
	if (!json_is_string(v) && !json_is_number(v)) {
		wrong(r, "/id", "must be a string or a number");
		return;
	}
	char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
	out->id_json = arena_take_str(r->a, str_of(text));
	free(text);
}

static void read_answer(struct reading *r, bool need, size_t max, struct insert_request *out)
{
	json_t *v = json_object_get(r->root, "answer");
	if (!v && !need)
		return;
	if (!json_is_string(v))
		wrong(r, "/answer", v ? "must be a string" : "is required");
	else if (json_string_length(v) > max)
		r->s = r->s == OK ? err_set(r->e, E_NOMEM, "/answer", "is longer than %zu bytes", max) : r->s;
	else
		out->answer = copy(r, v);
	out->has_answer = r->s == OK;
}

static enum status read_request(struct reading *r, bool need_answer, size_t max_answer, struct insert_request *out)
{
	struct insert_request q;
	insert_request_init(&q);
	struct {
		const char *name;
		struct str *to;
	} text[] = {{"question", &q.question}, {"locale", &q.locale}, {"country", &q.country}, {"request_id", &q.request_id},
		{"conversation_id", &q.conversation_id}, {"user_id", &q.user_id}, {"app", &q.app}, {"model", &q.model}};
	read_answer(r, need_answer, max_answer, &q);
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		read_text(r, text[i].name, text[i].to);
	read_flag(r, "opt_out", &q.opt_out);
	read_flag(r, "dry_run", &q.dry_run);
	read_flag(r, "explain", &q.explain);
	read_choices(r, &q);
	read_turns(r, &q);
	read_usage(r, &q);
	read_id(r, &q);
	if (r->s == OK && arena_failed(r->a))
		r->s = err_set(r->e, E_NOMEM, "", "the request is too large");
	if (r->s == OK)
		*out = q;
	return r->s;
}

enum status insert_request_parse(struct str json, bool need_answer, size_t max_answer, struct arena *a, struct insert_request *out, struct err *e)
{
	json_error_t je;
	/* NUL inside strings is refused by jansson's default; duplicate keys would leave it open which one counts. */
	const char *text = json.p ? json.p : "";
	json_t *root = json_loadb(text, json.n, JSON_REJECT_DUPLICATES, &je);
	/* An integer beyond 64 bits may well stand in a field that we do not read. */
	if (!root && json_error_code(&je) == json_error_numeric_overflow)
		root = json_loadb(text, json.n, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &je);
	if (!root)
		return err_set(e, E_INPUT, "", "not JSON: %s (line %d, column %d)", je.text, je.line, je.column);
	struct reading r = {.root = root, .a = a, .e = e};
	enum status s = json_is_object(root) ? read_request(&r, need_answer, max_answer, out) : err_set(e, E_INPUT, "", "must be a JSON object");
	json_decref(root);
	return s;
}
