/* A streamed chat completion. Chunks are edited where they lie: a delta's text grows by a link or waits (its chunk goes on with less), and every other
 * byte stays. Text that is still held when its choice ends goes out in a delta of our own before the chunk that ends it. A stream that is not
 * understood passes as it is from there on. */
#include "hook/chat.h"

/* ---- deltas of our own ------------------------------------------------------------------ */

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

/* text as a JSON string; half of a pair that never got its other half goes as it came. */
static void put_text(struct chat_choice *k, struct str text, bool last, struct buf *out)
{
	buf_put_json(out, text);
	if (!last || !k->high)
		return;
	out->n -= !out->failed;
	buf_printf(out, "\\u%04x\"", k->high);
	k->high = 0;
}

static void put_delta(struct chat *c, struct chat_choice *k, struct str text)
{
	const char *end = c->crlf ? "\r\n\r\n" : "\n\n";
	if (text.n == 0 && !k->high)
		return;
	buf_put(c->out, STR("data: {"));
	buf_put(c->out, buf_str(&c->head));
	buf_printf(c->out, "\"choices\":[{\"index\":%lld,\"delta\":{\"content\":", (long long)k->index);
	put_text(k, text, true, c->out);
	buf_printf(c->out, "},\"logprobs\":null,\"finish_reason\":null}]%s}%s", c->usage_null ? ",\"usage\":null" : "", end);
}

enum ending { FINISHED, GIVEN_UP };

static void end_choice(struct chat *c, struct chat_choice *k, enum ending e)
{
	if (k->closed)
		return;
	buf_clear(&c->text);
	if (e == FINISHED)
		chat_finish(c, k, &c->text);
	else
		chat_give_up(c, k, &c->text);
	put_delta(c, k, buf_str(&c->text));
}

static void end_choices(struct chat *c, enum ending e)
{
	for (size_t i = 0; i < c->count; i++)
		end_choice(c, &c->choice[i], e);
}

/* ---- one choice of a chunk ---------------------------------------------------------------- */

struct part { /* values of one entry of choices; none: n is 0 */
	struct str index, finish, logprobs;
	struct str content, refusal, annotations, calls;
};
struct rewriting {
	struct chat *c;
	struct str raw; /* of the block */
	size_t copied;
};

static void replace(struct rewriting *r, struct str value)
{
	size_t from = (size_t)(value.p - r->raw.p);
	buf_put(&r->c->body, str_sub(r->raw, r->copied, from));
	r->copied = from + value.n;
}

static bool read_delta(struct str delta, struct part *p)
{
	struct span_walk w;
	struct str key, value;
	if (!span_is(delta, '{'))
		return span_is(delta, 'n');
	span_enter(&w, delta);
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

static bool read_choice(struct str choice, struct part *p)
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
		else if (str_eq(key, STR("\"delta\"")))
			fine = read_delta(value, p);
	return fine && !w.bad;
}

/* What follows this choice's text and lets no more come. */
static bool ends_text(const struct part *p, enum ending *e)
{
	bool refused = span_some_text(p->refusal) || str_eq(p->finish, STR("\"content_filter\""));
	*e = refused ? GIVEN_UP : FINISHED;
	return refused || span_is(p->finish, '"') || p->calls.n;
}

/* The text of this chunk, then the rest if the choice ends with it: in one delta. */
static void rewrite_content(struct rewriting *r, struct chat_choice *k, const struct part *p, bool ends, enum ending e)
{
	struct chat *c = r->c;
	bool half = k->high != 0;
	if (!chat_feed(c, k, p->content)) { /* what is held goes before it, and it goes as it is */
		put_delta(c, k, buf_str(&c->text));
		return;
	}
	bool same = str_eq(buf_str(&c->text), buf_str(&c->scratch)) && !half && !k->high;
	size_t before = c->text.n;
	if (ends && e == FINISHED)
		chat_finish(c, k, &c->text);
	else if (ends)
		chat_give_up(c, k, &c->text);
	if (same && c->text.n == before)
		return;
	replace(r, p->content);
	put_text(k, buf_str(&c->text), ends, &c->body);
}

static bool rewrite_choice(struct rewriting *r, struct str choice)
{
	struct chat *c = r->c;
	struct part p;
	int64_t index = 0;
	enum ending e;
	if (!read_choice(choice, &p) || (p.index.n && !span_integer(p.index, &index)))
		return false;
	struct chat_choice *k = chat_choice_of(c, index);
	if (!k)
		return false;
	if (span_is(p.logprobs, '{')) /* tokens that would not add up to the text */
		end_choice(c, k, GIVEN_UP);
	bool ends = ends_text(&p, &e), text = span_some_text(p.content) && !k->closed;
	if (ends && !text)
		end_choice(c, k, e);
	/* In the order in which they stand: edits go from left to right. */
	bool notes_first = p.annotations.n && p.annotations.p < p.content.p;
	if (text && !notes_first)
		rewrite_content(r, k, &p, ends, e);
	buf_clear(&c->scratch);
	if (p.annotations.n && chat_shift(k, p.annotations, &c->scratch)) {
		replace(r, p.annotations);
		buf_put(&c->body, buf_str(&c->scratch));
	}
	if (text && notes_first)
		rewrite_content(r, k, &p, ends, e);
	return true;
}

/* ---- one block ------------------------------------------------------------------------------- */

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

/* False: not understood, and nothing of it was fed. */
static bool rewrite_chunk(struct chat *c, struct str raw, struct str data)
{
	struct rewriting r = {.c = c, .raw = raw};
	struct chunk k;
	struct span_walk w;
	struct str root, choice;
	if (!span_document(data, &root) || !span_is(root, '{') || !read_chunk(c, root, &k))
		return false;
	if (k.error.n)
		end_choices(c, GIVEN_UP);
	buf_clear(&c->body);
	if (span_is(k.choices, '[') && k.choices.n > 2) {
		learn_head(c, root);
		span_enter(&w, k.choices);
		while (span_item(&w, &choice) && rewrite_choice(&r, choice))
			;
		c->raw = w.bad || w.at + 1 < w.text.n; /* it stopped before the end */
		if (c->raw)
			end_choices(c, GIVEN_UP);
	}
	buf_put(c->out, buf_str(&c->body));
	buf_put(c->out, str_sub(raw, r.copied, raw.n));
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
		end_choices(c, FINISHED);
		buf_put(c->out, b->raw);
		return;
	}
	if (b->data_lines == 1 && rewrite_chunk(c, b->raw, data))
		return;
	end_choices(c, GIVEN_UP);
	c->raw = true;
	buf_put(c->out, b->raw);
}

void chat_stream_feed(struct chat *c, struct str bytes, struct buf *out)
{
	size_t used = 0;
	c->out = out;
	if (!c->raw && !sse_feed(&c->sse, bytes, take_block, c, &used)) {
		end_choices(c, GIVEN_UP);
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
		end_choices(c, GIVEN_UP);
	if (!c->raw)
		sse_end(&c->sse, take_block, c);
	end_choices(c, FINISHED);
}
