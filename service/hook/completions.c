/* OpenAI chat completions: texts are choices[].message.content, in streams choices[].delta.content. */
#include "hook/chat.h"

struct part { /* values of one entry of choices; none: n is 0 */
	struct str index, finish, logprobs;
	struct str content, refusal, annotations, calls;
};

static bool read_message(struct str message, struct part *p)
{
	struct span_walk w;
	struct str key, value;
	if (!span_is(message, '{'))
		return span_is(message, 'n');
	span_enter(&w, message);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"content\"")))
			p->content = value;
		else if (str_eq(key, STR("\"refusal\"")))
			p->refusal = value;
		else if (str_eq(key, STR("\"annotations\"")))
			p->annotations = value;
		else if ((str_eq(key, STR("\"tool_calls\"")) && span_is(value, '[') && value.n > 2) ||
		         (str_eq(key, STR("\"function_call\"")) && span_is(value, '{')))
			p->calls = value;
	return !w.bad;
}

/* said: the name of what holds the text, with its quotes. */
static bool read_choice(struct str choice, struct str said, struct part *p)
{
	struct span_walk w;
	struct str key, value;
	bool fine = true;
	*p = (struct part){0};
	span_enter(&w, choice);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"index\"")))
			p->index = value;
		else if (str_eq(key, STR("\"finish_reason\"")))
			p->finish = value;
		else if (str_eq(key, STR("\"logprobs\"")))
			p->logprobs = value;
		else if (str_eq(key, said))
			fine = read_message(value, p);
	return fine && !w.bad;
}

static bool is_refused(const struct part *p)
{
	return span_some_text(p->refusal) || str_eq(p->finish, STR("\"content_filter\""));
}

/* ---- streams ------------------------------------------------------------------------------- */

/* Members of the first chunk that all have: what a delta of ours looks like besides its text. */
static void learn_head(struct chat *c, struct str root)
{
	struct span_walk w;
	struct str key, value;
	if (c->head.n)
		return;
	span_enter(&w, root);
	while (span_member(&w, &key, &value)) {
		bool own = str_eq(key, STR("\"choices\"")) || str_eq(key, STR("\"usage\"")) || str_eq(key, STR("\"obfuscation\""));
		c->usage_null |= str_eq(key, STR("\"usage\""));
		if (own || key.n + value.n > 500)
			continue;
		buf_put(&c->head, key);
		buf_putc(&c->head, ':');
		buf_put(&c->head, value);
		buf_putc(&c->head, ',');
	}
	if (c->head.failed)
		buf_clear(&c->head);
}

void completions_delta(struct chat *c, struct chat_choice *k, struct str text)
{
	const char *end = c->crlf ? "\r\n\r\n" : "\n\n";
	buf_put(c->out, STR("data: {"));
	buf_put(c->out, buf_str(&c->head));
	buf_printf(c->out, "\"choices\":[{\"index\":%lld,\"delta\":{\"content\":", (long long)k->index);
	chat_put_text(k, text, true, c->out);
	buf_printf(c->out, "},\"logprobs\":null,\"finish_reason\":null}]%s}%s", c->usage_null ? ",\"usage\":null" : "", end);
}

void completions_cite(struct chat *c, struct chat_choice *k, struct str citations)
{
	buf_put(c->out, STR("data: {"));
	buf_put(c->out, buf_str(&c->head));
	buf_printf(c->out, "\"choices\":[{\"index\":%lld,\"delta\":{\"annotations\":[", (long long)k->index);
	buf_put(c->out, citations);
	buf_printf(c->out, "]},\"logprobs\":null,\"finish_reason\":null}]%s}%s", c->usage_null ? ",\"usage\":null" : "",
	        c->crlf ? "\r\n\r\n" : "\n\n");
}

/* What follows this choice's text and lets no more come. */
static bool ends_text(const struct part *p, enum ending *e)
{
	bool refused = is_refused(p);
	*e = refused ? GIVEN_UP : FINISHED;
	return refused || span_is(p->finish, '"') || p->calls.n;
}

static bool rewrite_delta(struct rewriting *r, struct str choice)
{
	struct chat *c = r->c;
	struct part p;
	int64_t index = 0;
	enum ending e;
	if (!read_choice(choice, STR("\"delta\""), &p) || (p.index.n && !span_integer(p.index, &index)))
		return false;
	struct chat_choice *k = chat_choice_of(c, index);
	if (!k)
		return false;
	if (span_is(p.logprobs, '{')) /* tokens that would not add up to the text */
		stream_end_choice(c, k, GIVEN_UP);
	bool ends = ends_text(&p, &e), text = span_some_text(p.content) && !k->closed;
	if (ends && !text)
		stream_end_choice(c, k, e);
	/* In the order in which they stand: edits go from left to right. */
	bool notes_first = p.annotations.n && p.annotations.p < p.content.p;
	if (text && !notes_first)
		stream_text(r, k, p.content, ends, e);
	rewrite_notes(r, k, p.annotations);
	if (text && notes_first)
		stream_text(r, k, p.content, ends, e);
	return true;
}

struct chunk {
	struct str choices, error;
};

static bool read_chunk(struct chat *c, struct str root, struct chunk *out)
{
	struct span_walk w;
	struct str key, value;
	*out = (struct chunk){0};
	span_enter(&w, root);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"choices\"")))
			out->choices = value;
		else if (str_eq(key, STR("\"error\"")) && !span_is(value, 'n'))
			out->error = value;
		else if (str_eq(key, STR("\"usage\"")))
			chat_read_usage(c, value);
	return !w.bad;
}

bool completions_event(struct rewriting *r, struct str root)
{
	struct chat *c = r->c;
	struct chunk k;
	struct span_walk w;
	struct str choice;
	if (!read_chunk(c, root, &k))
		return false;
	if (k.error.n)
		stream_end_choices(c, GIVEN_UP);
	if (span_is(k.choices, '[') && k.choices.n > 2) {
		learn_head(c, root);
		span_enter(&w, k.choices);
		while (span_item(&w, &choice) && rewrite_delta(r, choice))
			;
		r->bad = w.bad || w.at + 1 < w.text.n; /* it stopped before the end */
	}
	return true;
}

/* ---- whole ------------------------------------------------------------------------------------- */

static void rewrite_text(struct rewriting *r, struct chat_choice *k, const struct part *p)
{
	struct chat *c = r->c;
	if (!chat_whole_text(c, k, p->content) || str_eq(buf_str(&c->text), buf_str(&c->scratch)))
		return;
	bool notes_first = p->annotations.n && p->annotations.p < p->content.p;
	if (notes_first)
		rewrite_all_notes(r, k, p->annotations);
	rewrite_at(r, p->content);
	buf_put_json(r->out, buf_str(&c->text));
	if (!notes_first)
		rewrite_all_notes(r, k, p->annotations);
}

static void rewrite_choice(struct rewriting *r, struct str choice)
{
	struct part p;
	int64_t index = 0;
	bool fine = read_choice(choice, STR("\"message\""), &p);
	r->bad |= !fine || (p.index.n && !span_integer(p.index, &index));
	if (r->bad || span_is(p.logprobs, '{') || is_refused(&p) || !span_some_text(p.content))
		return;
	struct chat_choice *k = chat_choice_of(r->c, index);
	if (k && !k->begun)
		rewrite_text(r, k, &p);
}

void completions_whole(struct rewriting *r, struct str root)
{
	struct span_walk w, items;
	struct str key, value, choice;
	span_enter(&w, root);
	while (span_member(&w, &key, &value)) {
		if (str_eq(key, STR("\"usage\"")))
			chat_read_usage(r->c, value);
		if (!str_eq(key, STR("\"choices\"")) || !span_is(value, '['))
			continue;
		span_enter(&items, value);
		while (span_item(&items, &choice))
			rewrite_choice(r, choice);
		r->bad |= items.bad;
	}
	r->bad |= w.bad;
}
