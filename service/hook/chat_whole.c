/* A chat completion that comes whole: the text of each choice is replaced where it lies. */
#include "hook/chat.h"

struct rewriting {
	struct chat *c;
	struct str body;
	size_t copied;
	struct buf *out;
	bool bad;
};
struct message {
	struct str content, refusal, annotations;
};

static void replace(struct rewriting *r, struct str value)
{
	size_t from = (size_t)(value.p - r->body.p);
	buf_put(r->out, str_sub(r->body, r->copied, from));
	r->copied = from + value.n;
}

static bool read_message(struct str object, struct message *m)
{
	struct span_walk w;
	struct str key, value;
	*m = (struct message){0};
	if (!span_is(object, '{'))
		return false;
	span_enter(&w, object);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"content\"")))
			m->content = value;
		else if (str_eq(key, STR("\"refusal\"")))
			m->refusal = value;
		else if (str_eq(key, STR("\"annotations\"")))
			m->annotations = value;
	return !w.bad;
}

static void put_notes(struct rewriting *r, struct chat_choice *k, struct str notes)
{
	struct buf moved;
	buf_init(&moved, 1u << 20);
	if (chat_shift(k, notes, &moved) && !moved.failed) {
		replace(r, notes);
		buf_put(r->out, buf_str(&moved));
	}
	buf_done(&moved);
}

static void rewrite_text(struct rewriting *r, struct chat_choice *k, const struct message *m)
{
	struct chat *c = r->c;
	bool fine = chat_feed(c, k, m->content) && !k->high && !k->closed;
	chat_finish(c, k, &c->text);
	if (!fine) { /* what is not changed is not counted */
		insert_free(k->in);
		k->in = NULL;
	}
	if (!fine || str_eq(buf_str(&c->text), buf_str(&c->scratch)))
		return;
	bool notes_first = m->annotations.n && m->annotations.p < m->content.p;
	if (notes_first)
		put_notes(r, k, m->annotations);
	replace(r, m->content);
	buf_put_json(r->out, buf_str(&c->text));
	if (m->annotations.n && !notes_first)
		put_notes(r, k, m->annotations);
}

static void rewrite_choice(struct rewriting *r, struct str choice)
{
	struct span_walk w;
	struct str key, value, message = STR_NONE, finish = STR_NONE, logprobs = STR_NONE, number = STR_NONE;
	struct message m;
	int64_t index = 0;
	span_enter(&w, choice);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"message\"")))
			message = value;
		else if (str_eq(key, STR("\"finish_reason\"")))
			finish = value;
		else if (str_eq(key, STR("\"logprobs\"")))
			logprobs = value;
		else if (str_eq(key, STR("\"index\"")))
			number = value;
	r->bad |= w.bad || (number.n && !span_integer(number, &index));
	bool barred = span_is(logprobs, '{') || str_eq(finish, STR("\"content_filter\""));
	if (r->bad || barred || !read_message(message, &m) || !span_some_text(m.content) || span_some_text(m.refusal))
		return;
	struct chat_choice *k = chat_choice_of(r->c, index);
	if (k && !k->in)
		rewrite_text(r, k, &m);
}

bool chat_whole(struct chat *c, struct str body, struct buf *out)
{
	struct rewriting r = {.c = c, .body = body, .out = out};
	struct span_walk w, items;
	struct str root, key, value, choice;
	size_t before = out->n;
	if (!span_document(body, &root) || !span_is(root, '{'))
		return false;
	span_enter(&w, root);
	while (span_member(&w, &key, &value)) {
		if (str_eq(key, STR("\"usage\"")))
			chat_read_usage(c, value);
		if (!str_eq(key, STR("\"choices\"")) || !span_is(value, '['))
			continue;
		span_enter(&items, value);
		while (span_item(&items, &choice))
			rewrite_choice(&r, choice);
		r.bad |= items.bad;
	}
	bool trouble = r.bad || w.bad || out->failed;
	for (size_t i = 0; trouble && i < c->count; i++) {
		insert_free(c->choice[i].in);
		c->choice[i].in = NULL;
	}
	if (trouble || r.copied == 0) {
		out->n = before;
		out->failed = false;
		return false;
	}
	buf_put(out, str_sub(body, r.copied, body.n));
	return !out->failed;
}
