/* Anthropic messages: texts are content blocks of type text. A block that carries the model's own citations is left alone: what they are
 * made of is the provider's. Links of ours stand in the text only, as citations cannot be made for it. */
#include "hook/chat.h"

struct block {
	struct str type, text, citations;
};

static bool read_block(struct str object, struct block *b)
{
	struct span_walk w;
	struct str key, value;
	*b = (struct block){0};
	if (!span_is(object, '{'))
		return false;
	span_enter(&w, object);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"type\"")))
			b->type = value;
		else if (str_eq(key, STR("\"text\"")))
			b->text = value;
		else if (str_eq(key, STR("\"citations\"")))
			b->citations = value;
	return !w.bad;
}

/* ---- streams ------------------------------------------------------------------------------- */

void messages_delta(struct chat *c, struct chat_choice *k, struct str text)
{
	const char *nl = c->crlf ? "\r\n" : "\n";
	buf_printf(c->out,
	        "event: content_block_delta%sdata: "
	        "{\"type\":\"content_block_delta\",\"index\":%lld,\"delta\":{\"type\":\"text_delta\",\"text\":",
	        nl, (long long)k->index);
	chat_put_text(k, text, true, c->out);
	buf_printf(c->out, "}}%s%s", nl, nl);
}

struct event {
	struct str type, index, block, delta, message, usage;
};

static bool read_event(struct str root, struct event *e)
{
	struct span_walk w;
	struct str key, value;
	*e = (struct event){0};
	span_enter(&w, root);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"type\"")))
			e->type = value;
		else if (str_eq(key, STR("\"index\"")))
			e->index = value;
		else if (str_eq(key, STR("\"content_block\"")))
			e->block = value;
		else if (str_eq(key, STR("\"delta\"")))
			e->delta = value;
		else if (str_eq(key, STR("\"message\"")))
			e->message = value;
		else if (str_eq(key, STR("\"usage\"")))
			e->usage = value;
	return !w.bad;
}

static void on_text(struct rewriting *r, struct chat_choice *k, struct str text)
{
	if (!span_some_text(text))
		return;
	if (k->closed)
		chat_pass(r->c, k, text);
	else
		stream_text(r, k, text, false, FINISHED);
}

static void on_start(struct rewriting *r, struct chat_choice *k, struct str block)
{
	struct block b;
	bool fine = read_block(block, &b);
	if (!fine || !str_eq(b.type, STR("\"text\"")) || span_is(b.citations, '['))
		k->closed = true;
	if (fine && str_eq(b.type, STR("\"text\"")))
		on_text(r, k, b.text);
}

static void on_delta(struct rewriting *r, struct chat_choice *k, struct str delta)
{
	struct block b;
	if (!read_block(delta, &b))
		return;
	if (str_eq(b.type, STR("\"text_delta\"")))
		on_text(r, k, b.text);
	else if (str_eq(b.type, STR("\"citations_delta\"")))
		stream_end_choice(r->c, k, GIVEN_UP);
}

static void on_message(struct chat *c, struct str message)
{
	struct span_walk w;
	struct str key, value;
	span_enter(&w, message);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"usage\"")))
			chat_read_usage(c, value);
}

static void on_block(struct rewriting *r, const struct event *e, int64_t index)
{
	struct chat_choice *k = chat_choice_of(r->c, index);
	if (!k)
		r->bad = true;
	else if (str_eq(e->type, STR("\"content_block_start\"")))
		on_start(r, k, e->block);
	else if (str_eq(e->type, STR("\"content_block_delta\"")))
		on_delta(r, k, e->delta);
	else
		stream_end_choice(r->c, k, FINISHED);
}

bool messages_event(struct rewriting *r, struct str root)
{
	struct event e;
	int64_t index;
	if (!read_event(root, &e))
		return false;
	if (str_starts(e.type, STR("\"content_block_"))) {
		if (!span_integer(e.index, &index))
			return false;
		on_block(r, &e, index);
	} else if (str_eq(e.type, STR("\"error\""))) {
		stream_end_choices(r->c, GIVEN_UP);
	} else if (str_starts(e.type, STR("\"message_"))) {
		if (!str_eq(e.type, STR("\"message_start\"")))
			stream_end_choices(r->c, FINISHED);
		on_message(r->c, e.message);
		chat_read_usage(r->c, e.usage);
	}
	return true;
}

/* ---- whole ------------------------------------------------------------------------------------- */

static void rewrite_block(struct rewriting *r, struct str object, int64_t index)
{
	struct chat *c = r->c;
	struct block b;
	if (!read_block(object, &b) || !str_eq(b.type, STR("\"text\"")) || !span_some_text(b.text))
		return;
	struct chat_choice *k = chat_choice_of(c, index);
	if (!k || k->begun)
		return;
	if (span_is(b.citations, '[')) {
		chat_pass(c, k, b.text);
		return;
	}
	if (!chat_whole_text(c, k, b.text) || str_eq(buf_str(&c->text), buf_str(&c->scratch)))
		return;
	rewrite_at(r, b.text);
	buf_put_json(r->out, buf_str(&c->text));
}

void messages_whole(struct rewriting *r, struct str root)
{
	struct span_walk w, items;
	struct str key, value, block;
	span_enter(&w, root);
	while (span_member(&w, &key, &value)) {
		if (str_eq(key, STR("\"usage\"")))
			chat_read_usage(r->c, value);
		if (!str_eq(key, STR("\"content\"")) || !span_is(value, '['))
			continue;
		span_enter(&items, value);
		for (int64_t i = 0; span_item(&items, &block); i++)
			rewrite_block(r, block, i);
		r->bad |= items.bad;
	}
	r->bad |= w.bad;
}
