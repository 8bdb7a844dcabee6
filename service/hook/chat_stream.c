/* The framing of streamed answers. Events are edited where they lie: a delta's text grows by a link or waits (its event goes on with less),
 * and every other byte stays. Text that is still held when its choice ends goes out in a delta of our own before the event that ends it. A
 * stream that is not understood passes as it is from there on. */
#include "hook/chat.h"

struct speech {
	bool (*event)(struct rewriting *r, struct str root);
	void (*delta)(struct chat *c, struct chat_choice *k, struct str text);
	void (*cite)(struct chat *c, struct chat_choice *k, struct str citations); /* NULL: there are none in it */
};
static const struct speech speech[] = {
        [DIALECT_COMPLETIONS] = {completions_event, completions_delta, completions_cite},
        [DIALECT_RESPONSES] = {responses_event, responses_delta, responses_cite},
        [DIALECT_MESSAGES] = {messages_event, messages_delta, NULL},
};

static void put_delta(struct chat *c, struct chat_choice *k, struct str text)
{
	const char *end = c->crlf ? "\r\n\r\n" : "\n\n";
	if (text.n == 0 && !k->high)
		return;
	if (c->torn)
		buf_put(c->out, str_of(end));
	c->torn = false;
	speech[c->dialect].delta(c, k, text);
}

/* Our links once more as citations, for clients that show those. */
static void put_citations(struct chat *c, struct chat_choice *k)
{
	void (*cite)(struct chat * c, struct chat_choice * k, struct str citations) = speech[c->dialect].cite;
	struct buf all;
	buf_init(&all, 1u << 20);
	if (cite && k->in && k->finished && insert_citations(k->in, c->dialect == DIALECT_RESPONSES, &all) && !all.failed)
		cite(c, k, buf_str(&all));
	buf_done(&all);
}

/* Its deltas have passed as they came, and with them what looks like half of something here. */
static void forget_half(struct chat_choice *k)
{
	if (k->idle)
		k->high = 0;
}

void stream_end_choice(struct chat *c, struct chat_choice *k, enum ending e)
{
	if (k->closed)
		return;
	buf_clear(&c->text);
	if (e == FINISHED)
		chat_finish(c, k, &c->text);
	else
		chat_give_up(c, k, &c->text);
	forget_half(k);
	put_delta(c, k, buf_str(&c->text));
	put_citations(c, k);
}

void stream_end_choices(struct chat *c, enum ending e)
{
	for (size_t i = 0; i < c->count; i++)
		stream_end_choice(c, &c->choice[i], e);
}

bool stream_feed(struct chat *c, struct chat_choice *k, struct str value)
{
	bool half = k->high != 0;
	if (!chat_feed(c, k, value)) { /* what is held goes before it, and it goes as it is */
		forget_half(k);
		put_delta(c, k, buf_str(&c->text));
		return false;
	}
	if (k->idle)
		return false;
	return half || k->high || !str_eq(buf_str(&c->text), buf_str(&c->scratch));
}

void stream_text(struct rewriting *r, struct chat_choice *k, struct str value, bool ends, enum ending e)
{
	struct chat *c = r->c;
	bool changed = stream_feed(c, k, value);
	size_t before = c->text.n;
	if (k->closed && !changed)
		return;
	if (ends && e == FINISHED)
		chat_finish(c, k, &c->text);
	else if (ends)
		chat_give_up(c, k, &c->text);
	if (ends)
		put_citations(c, k); /* before the text that they are of, as the choice ends in one event with it */
	if (!changed && c->text.n == before)
		return;
	rewrite_at(r, value);
	chat_put_text(k, buf_str(&c->text), ends, r->out);
}

/* ---- one block ------------------------------------------------------------------------------- */

/* False: not understood, and nothing of it was fed. */
static bool rewrite_event(struct chat *c, struct str raw, struct str data)
{
	struct rewriting r = {.c = c, .raw = raw, .out = &c->body};
	struct str root;
	if (!span_document(data, &root) || !span_is(root, '{'))
		return false;
	buf_clear(&c->body);
	if (!speech[c->dialect].event(&r, root))
		return false;
	if (r.bad) {
		c->raw = true;
		stream_end_choices(c, GIVEN_UP);
	}
	rewrite_rest(&r);
	buf_put(c->out, buf_str(&c->body));
	return true;
}

static void take_block(void *arg, const struct sse_block *b)
{
	struct chat *c = arg;
	struct str data = str_sub(b->raw, b->data, b->data + b->data_n);
	c->crlf = b->crlf;
	if (c->raw || b->data_lines == 0 || str_trim(data).n == 0) {
		buf_put(c->out, b->raw);
		return;
	}
	if (str_eq(str_trim(data), STR("[DONE]"))) {
		stream_end_choices(c, FINISHED);
		buf_put(c->out, b->raw);
		return;
	}
	if (b->data_lines == 1 && rewrite_event(c, b->raw, data))
		return;
	stream_end_choices(c, GIVEN_UP);
	c->raw = true;
	buf_put(c->out, b->raw);
}

void chat_stream_feed(struct chat *c, struct str bytes, struct buf *out)
{
	size_t used = 0;
	c->out = out;
	if (!c->raw && !sse_feed(&c->sse, bytes, take_block, c, &used)) {
		stream_end_choices(c, GIVEN_UP);
		c->raw = true;
	}
	if (!c->raw)
		return;
	buf_put(out, buf_str(&c->sse.block));
	sse_done(&c->sse);
	buf_put(out, str_sub(bytes, used, bytes.n));
}

void chat_stream_end(struct chat *c, bool broken, struct buf *out)
{
	c->out = out;
	if (broken)
		stream_end_choices(c, GIVEN_UP);
	bool torn = c->sse.block.n > 0;
	if (!c->raw)
		sse_end(&c->sse, take_block, c);
	c->torn = torn;
	stream_end_choices(c, FINISHED);
}

bool chat_waits(const struct chat *c)
{
	size_t held = 0;
	for (size_t i = 0; i < c->count; i++)
		held += c->choice[i].in && !c->choice[i].closed ? insert_held(c->choice[i].in) : 0;
	return held && !c->raw && c->sse.block.n == 0;
}
