/* The insert request of API.md section 2, read strictly; errors carry JSON pointers. Strings are slices of the request's bytes where nothing
 * is escaped in them, so the bytes live as long as the request. */
#include "flow/core.h"

#include <stdio.h>
#include <string.h>

#define MAX_TURNS 512

struct reading {
	struct arena *a;
	struct err *e;
	enum status s; /* sticky: the first trouble */
	struct insert_request *q;
	size_t max_answer;
};

static void wrong(struct reading *r, const char *pointer, const char *why)
{
	if (r->s == OK)
		r->s = err_set(r->e, E_INPUT, pointer, "%s", why);
}

/* NULL is sent for "not given". */
static bool absent(struct pull v)
{
	return pull_kind(v) <= PULL_NULL;
}

/* ---- single values -------------------------------------------------------------------------- */

static struct str text_of(struct reading *r, struct pull v, const char *pointer)
{
	if (absent(v))
		return STR_NONE;
	if (pull_kind(v) != PULL_STRING)
		wrong(r, pointer, "must be a string");
	return pull_text(v, r->a);
}

static void read_flag(struct reading *r, struct pull v, const char *pointer, bool *out)
{
	enum pull_kind k = pull_kind(v);
	if (absent(v))
		return;
	if (k != PULL_TRUE && k != PULL_FALSE)
		wrong(r, pointer, "must be true or false");
	*out = k == PULL_TRUE;
}

static bool is_integer(struct str digits)
{
	for (size_t i = 0; i < digits.n; i++)
		if (strchr(".eE", digits.p[i]))
			return false;
	return true;
}

/* 3.0 is as whole as 3: some languages know no other numbers. */
static bool whole_number(struct pull v, int64_t *out)
{
	double d = pull_double(v);
	if (pull_int(v, out))
		return *out >= 0;
	if (pull_kind(v) != PULL_NUMBER || is_integer(v.text) || !(d >= 0 && d <= 9007199254740992.0) || d != (double)(int64_t)d)
		return false;
	*out = (int64_t)d;
	return true;
}

static void read_count(struct reading *r, struct pull v, const char *pointer, int64_t *out)
{
	if (!absent(v) && !whole_number(v, out))
		wrong(r, pointer, "must be a whole number, 0 or more");
}

/* ---- usage, messages ------------------------------------------------------------------------ */

static void read_cost(struct reading *r, struct pull v, struct money *out)
{
	char code[4];
	int64_t minor;
	if (absent(v))
		return;
	if (!whole_number(pull_member(v, "amount"), &minor) || !money_currency(pull_text(pull_member(v, "currency"), r->a), code)) {
		wrong(r, "/usage/cost", "must be {\"amount\": minor units, 0 or more, \"currency\": ISO 4217 code}");
		return;
	}
	*out = (struct money){.minor = minor};
	memcpy(out->currency, code, sizeof code);
}

static void read_usage(struct reading *r, struct pull v)
{
	if (absent(v))
		return;
	if (pull_kind(v) != PULL_OBJECT) {
		wrong(r, "/usage", "must be an object");
		return;
	}
	read_count(r, pull_member(v, "prompt_tokens"), "/usage/prompt_tokens", &r->q->prompt_tokens);
	read_count(r, pull_member(v, "completion_tokens"), "/usage/completion_tokens", &r->q->completion_tokens);
	read_cost(r, pull_member(v, "cost"), &r->q->cost);
}

/* A message's content: a string, or OpenAI's list of parts, of which the text ones are joined. */
static struct str content_of(struct reading *r, struct pull content, const char *pointer)
{
	if (absent(content) || pull_kind(content) == PULL_STRING)
		return text_of(r, content, pointer);
	if (pull_kind(content) != PULL_ARRAY) {
		wrong(r, pointer, "must be a string or a list of parts");
		return STR_NONE;
	}
	struct buf b;
	struct pull part;
	buf_init(&b, 4u << 20);
	for (size_t at = 0; pull_next(content, &at, NULL, &part);)
		buf_put(&b, pull_text(pull_member(part, "text"), r->a));
	struct str joined = arena_take_str(r->a, buf_str(&b));
	buf_done(&b);
	return joined;
}

static struct insert_turn turn_of(struct reading *r, struct pull m, size_t number)
{
	char pointer[48];
	struct pull role = pull_member(m, "role");
	snprintf(pointer, sizeof pointer, "/messages/%zu/role", number);
	if (pull_kind(role) != PULL_STRING)
		wrong(r, pointer, "must be a string");
	struct insert_turn t = {.role = pull_text(role, r->a)};
	snprintf(pointer, sizeof pointer, "/messages/%zu/content", number);
	t.content = content_of(r, pull_member(m, "content"), pointer);
	return t;
}

static void read_messages(struct reading *r, struct pull v)
{
	struct pull m;
	size_t n = 0, number = 0;
	if (absent(v))
		return;
	if (pull_kind(v) != PULL_ARRAY) {
		wrong(r, "/messages", "must be a list");
		return;
	}
	for (size_t at = 0; pull_next(v, &at, NULL, &m);)
		n++;
	size_t skip = n > MAX_TURNS ? n - MAX_TURNS : 0; /* the last ones count */
	struct insert_turn *turns = ARENA_TAKE(r->a, struct insert_turn, n - skip + 1);
	for (size_t at = 0; turns && pull_next(v, &at, NULL, &m); number++)
		if (number >= skip)
			turns[number - skip] = turn_of(r, m, number);
	r->q->turns = turns;
	r->q->turn_count = turns ? n - skip : 0;
}

/* ---- the other fields ----------------------------------------------------------------------- */

#define TEXT_FIELD(name) \
	static void read_##name(struct reading *r, struct pull v) \
	{ \
		r->q->name = text_of(r, v, "/" #name); \
	}
#define FLAG_FIELD(name) \
	static void read_##name(struct reading *r, struct pull v) \
	{ \
		read_flag(r, v, "/" #name, &r->q->name); \
	}
TEXT_FIELD(question)
TEXT_FIELD(locale)
TEXT_FIELD(country)
TEXT_FIELD(request_id)
TEXT_FIELD(conversation_id)
TEXT_FIELD(user_id)
TEXT_FIELD(app)
TEXT_FIELD(model)
FLAG_FIELD(opt_out)
FLAG_FIELD(dry_run)
FLAG_FIELD(explain)

static void read_form(struct reading *r, struct pull v)
{
	struct str form = text_of(r, v, "/form");
	if (form.n && !form_parse(form, &r->q->form))
		wrong(r, "/form", "must be inline, cards, references or annotations");
}

static void read_format(struct reading *r, struct pull v)
{
	struct str format = text_of(r, v, "/format");
	if (format.n && !str_eq(format, STR("markdown")) && !str_eq(format, STR("text")))
		wrong(r, "/format", "must be markdown or text");
	r->q->plain_format = str_eq(format, STR("text"));
}

static void read_max_links(struct reading *r, struct pull v)
{
	read_count(r, v, "/max_links", &r->q->max_links);
}

static void read_metadata(struct reading *r, struct pull v)
{
	if (!absent(v) && pull_kind(v) != PULL_OBJECT)
		wrong(r, "/metadata", "must be an object");
}

/* The request's own id is echoed as it was written: a string or a number. */
static void read_id(struct reading *r, struct pull v)
{
	if (!absent(v) && pull_kind(v) != PULL_STRING && pull_kind(v) != PULL_NUMBER)
		wrong(r, "/id", "must be a string or a number");
	else if (!absent(v))
		r->q->id_json = v.text;
}

static void read_answer(struct reading *r, struct pull v)
{
	if (pull_kind(v) != PULL_STRING) {
		wrong(r, "/answer", "must be a string");
		return;
	}
	r->q->answer = pull_text(v, r->a);
	r->q->has_answer = true;
	if (r->q->answer.n > r->max_answer && r->s == OK)
		r->s = err_set(r->e, E_NOMEM, "/answer", "is longer than %zu bytes", r->max_answer);
}

/* ---- the request ---------------------------------------------------------------------------- */

#define FIELD(name) {#name, read_##name}
static const struct {
	const char *name;
	void (*read)(struct reading *r, struct pull v);
} fields[] = {FIELD(answer), FIELD(question), FIELD(messages), FIELD(locale), FIELD(country), FIELD(request_id), FIELD(conversation_id), FIELD(user_id), FIELD(app),
	FIELD(model), FIELD(opt_out), FIELD(form), FIELD(format), FIELD(max_links), FIELD(dry_run), FIELD(explain), FIELD(usage), FIELD(metadata), FIELD(id)};

/* Which field a key names, or ARRAY_LEN(fields). */
static size_t field_of(struct str key)
{
	size_t i = 0;
	while (i < ARRAY_LEN(fields) && !pull_key_is(key, str_of(fields[i].name)))
		i++;
	return i;
}

enum status insert_request_parse(struct str json, bool need_answer, size_t max_answer, struct arena *a, struct insert_request *out, struct err *e)
{
	struct insert_request q;
	struct pull root, v;
	struct str key;
	uint32_t seen = 0;
	enum status s = pull_check(json, &root, e);
	if (s != OK)
		return s;
	if (pull_kind(root) != PULL_OBJECT)
		return err_set(e, E_INPUT, "", "must be a JSON object");
	insert_request_init(&q);
	struct reading r = {.a = a, .e = e, .q = &q, .max_answer = max_answer};
	for (size_t at = 0; r.s == OK && pull_next(root, &at, &key, &v);) {
		size_t i = field_of(key);
		if (i == ARRAY_LEN(fields))
			continue;
		if (seen >> i & 1)
			r.s = err_set(e, E_INPUT, "", "the field %s stands there twice", fields[i].name);
		else
			fields[i].read(&r, v);
		seen |= 1u << i;
	}
	if (need_answer && !(seen & 1))
		wrong(&r, "/answer", "is required");
	if (r.s == OK && arena_failed(a))
		r.s = err_set(e, E_NOMEM, "", "the request is too large");
	if (r.s == OK)
		*out = q;
	return r.s;
}
