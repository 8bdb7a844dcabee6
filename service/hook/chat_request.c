/* The request of a chat call, read and edited where it lies: model aliases are resolved, our links in earlier answers become plain text. */
#include "hook/chat.h"

#include <string.h>

#define ALIAS STR("+links")
#define MAX_TURNS 512
#define MAX_TEXT (4u << 20)

struct asking {
	enum dialect dialect;
	struct shelf *shelf;
	struct arena *a;
	struct str whole;
	size_t copied; /* of whole, into out->body */
	bool keep;     /* X-Inlay: off: earlier answers stay as they are */
	bool alias, structured, logprobs, bad;
	struct insert_turn *turn;
	size_t skip, seen;
	struct chat_ask *out;
};

/* Everything up to the value, and text in its place. Values come in the order in which they stand. */
static void replace(struct asking *k, struct str value, struct str text)
{
	size_t from = (size_t)(value.p - k->whole.p);
	buf_put(&k->out->body, str_sub(k->whole, k->copied, from));
	buf_put_json(&k->out->body, text);
	k->copied = from + value.n;
	k->out->changed = true;
}

/* What a string says, in the arena; empty if it is not to be read. */
static struct str said(struct asking *k, struct str value)
{
	struct buf b;
	buf_init(&b, MAX_TEXT);
	struct str s = span_text(value, NULL, &b) ? arena_take_str(k->a, buf_str(&b)) : STR_NONE;
	buf_done(&b);
	return s;
}

static void read_model(struct asking *k, struct str value)
{
	struct str model = said(k, value);
	k->alias = model.n > ALIAS.n && str_ends(model, ALIAS);
	if (k->alias) {
		model.n -= ALIAS.n;
		replace(k, value, model);
	}
	k->out->q.model = model;
}

/* ---- messages ------------------------------------------------------------------------------ */

/* Text of an earlier answer: what it says, and, if it has links of ours, without them in the body. */
static struct str read_text(struct asking *k, struct str value, bool ours)
{
	struct str s = said(k, value);
	struct buf plain;
	if (!ours || !s.n || !k->shelf || k->keep)
		return s;
	buf_init(&plain, MAX_TEXT);
	if (flow_restore(k->shelf, s, &plain) && !plain.failed)
		replace(k, value, buf_str(&plain));
	buf_done(&plain);
	return s;
}

static struct str read_part(struct asking *k, struct str part, bool ours)
{
	struct span_walk w;
	struct str key, value, text = STR_NONE;
	if (!span_is(part, '{'))
		return text;
	span_enter(&w, part);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"text\"")) && span_is(value, '"'))
			text = read_text(k, value, ours);
	k->bad |= w.bad;
	return text;
}

static struct str read_parts(struct asking *k, struct str parts, bool ours)
{
	struct span_walk w;
	struct buf all;
	struct str part;
	buf_init(&all, MAX_TEXT);
	span_enter(&w, parts);
	while (span_item(&w, &part))
		buf_put(&all, read_part(k, part, ours));
	k->bad |= w.bad;
	struct str joined = arena_take_str(k->a, buf_str(&all));
	buf_done(&all);
	return joined;
}

static void read_message(struct asking *k, struct str message)
{
	struct span_walk w;
	struct str key, value, role = STR_NONE, content = STR_NONE;
	span_enter(&w, message);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"role\"")))
			role = said(k, value);
		else if (str_eq(key, STR("\"content\"")))
			content = value;
	k->bad |= w.bad;
	bool ours = str_eq(role, STR("assistant"));
	struct insert_turn t = {.role = role};
	if (span_is(content, '"'))
		t.content = read_text(k, content, ours);
	else if (span_is(content, '['))
		t.content = read_parts(k, content, ours);
	if (k->turn && k->seen >= k->skip)
		k->turn[k->seen - k->skip] = t;
	k->seen++;
}

static size_t count_items(struct str list)
{
	struct span_walk w;
	struct str item;
	size_t n = 0;
	span_enter(&w, list);
	while (span_item(&w, &item))
		n++;
	return n;
}

static void read_messages(struct asking *k, struct str list)
{
	struct span_walk w;
	struct str message;
	if (!span_is(list, '[') || k->seen)
		return;
	size_t n = count_items(list);
	k->skip = n > MAX_TURNS ? n - MAX_TURNS : 0; /* the last ones count */
	k->turn = ARENA_TAKE(k->a, struct insert_turn, n - k->skip);
	span_enter(&w, list);
	while (span_item(&w, &message))
		read_message(k, message);
	k->bad |= w.bad;
	k->out->q.turns = k->turn;
	k->out->q.turn_count = k->turn ? n - k->skip : 0;
}

/* ---- what bars links ------------------------------------------------------------------------- */

static bool is_structured(struct str format)
{
	struct span_walk w;
	struct str key, value, type = STR_NONE;
	if (!span_is(format, '{'))
		return false;
	span_enter(&w, format);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"type\"")))
			type = value;
	return !str_eq(type, STR("\"text\""));
}

/* Interfaces ask models for titles, tags and follow-up questions of a chat in calls of the same kind; Open WebUI's begin like this. */
static bool is_chore(const struct insert_request *q)
{
	return q->turn_count && str_starts(str_trim(q->turns[q->turn_count - 1].content), STR("### Task:"));
}

/* What the model is to go on with begins the answer, and is no part of what comes back. */
static bool is_prefilled(const struct insert_request *q)
{
	return q->turn_count && str_eq(q->turns[q->turn_count - 1].role, STR("assistant"));
}

static struct str member_of(struct str object, struct str name)
{
	struct span_walk w;
	struct str key, value, found = STR_NONE;
	if (!span_is(object, '{'))
		return found;
	span_enter(&w, object);
	while (span_member(&w, &key, &value))
		if (str_eq(key, name))
			found = value;
	return found;
}

static bool asks_logprobs(struct str include)
{
	struct span_walk w;
	struct str item;
	bool found = false;
	span_enter(&w, include);
	while (span_is(include, '[') && span_item(&w, &item))
		found |= str_eq(item, STR("\"message.output_text.logprobs\""));
	return found;
}

static void read_completions(struct asking *k, struct str key, struct str value)
{
	if (str_eq(key, STR("\"messages\"")))
		read_messages(k, value);
	else if (str_eq(key, STR("\"response_format\"")))
		k->structured = is_structured(value);
	else if (str_eq(key, STR("\"logprobs\"")))
		k->logprobs = str_eq(value, STR("true"));
}

/* One text alone is what the user says. */
static void read_input(struct asking *k, struct str value)
{
	if (!span_is(value, '"')) {
		read_messages(k, value);
		return;
	}
	k->turn = ARENA_TAKE(k->a, struct insert_turn, 1);
	if (!k->turn || k->seen++)
		return;
	k->turn[0] = (struct insert_turn){STR("user"), said(k, value)};
	k->out->q.turns = k->turn;
	k->out->q.turn_count = 1;
}

static void read_responses(struct asking *k, struct str key, struct str value)
{
	int64_t n;
	if (str_eq(key, STR("\"input\"")))
		read_input(k, value);
	else if (str_eq(key, STR("\"text\"")))
		k->structured = is_structured(member_of(value, STR("\"format\"")));
	else if (str_eq(key, STR("\"top_logprobs\"")))
		k->logprobs |= span_integer(value, &n) && n > 0;
	else if (str_eq(key, STR("\"include\"")))
		k->logprobs |= asks_logprobs(value);
	else if (str_eq(key, STR("\"safety_identifier\"")))
		k->out->q.user_id = said(k, value);
}

static void read_anthropic(struct asking *k, struct str key, struct str value)
{
	if (str_eq(key, STR("\"messages\"")))
		read_messages(k, value);
	else if (str_eq(key, STR("\"metadata\"")))
		k->out->q.user_id = said(k, member_of(value, STR("\"user_id\"")));
	else if (str_eq(key, STR("\"output_format\"")))
		k->structured |= is_structured(value);
	else if (str_eq(key, STR("\"output_config\"")))
		k->structured |= is_structured(member_of(value, STR("\"format\"")));
}

static void read_member(struct asking *k, struct str key, struct str value)
{
	if (str_eq(key, STR("\"model\"")))
		read_model(k, value);
	else if (str_eq(key, STR("\"user\"")) && k->dialect != DIALECT_MESSAGES)
		k->out->q.user_id = said(k, value);
	else if (k->dialect == DIALECT_COMPLETIONS)
		read_completions(k, key, value);
	else if (k->dialect == DIALECT_RESPONSES)
		read_responses(k, key, value);
	else
		read_anthropic(k, key, value);
}

void chat_ask_read(struct shelf *s, enum dialect d, struct str body, enum chat_wish wish, bool only_aliases, struct arena *a, struct chat_ask *out)
{
	struct asking k = {.dialect = d, .shelf = s, .a = a, .whole = body, .keep = wish == CHAT_OFF, .out = out};
	struct span_walk w;
	struct str root, key, value;
	*out = (struct chat_ask){0};
	insert_request_init(&out->q);
	out->q.now_ms = now_ms();
	buf_init(&out->body, body.n * 2 + 4096);
	if (!span_document(body, &root) || !span_is(root, '{'))
		return;
	span_enter(&w, root);
	while (span_member(&w, &key, &value))
		read_member(&k, key, value);
	if (out->changed)
		buf_put(&out->body, str_sub(body, k.copied, body.n));
	bool fine = !k.bad && !w.bad && !arena_failed(a);
	out->changed = out->changed && !w.bad && !out->body.failed;
	bool wanted = wish != CHAT_OFF && (wish == CHAT_ON || k.alias || !only_aliases);
	out->links = fine && s && wanted && !k.structured && !k.logprobs && !is_chore(&out->q) && !is_prefilled(&out->q);
}

void chat_ask_done(struct chat_ask *k)
{
	buf_done(&k->body);
}
