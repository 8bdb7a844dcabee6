/* OpenAI responses: texts are parts of type output_text of an item of type message. A stream tells a text several times: in deltas, when
 * the text, its part, its item and the response are done. All say the same here too; events of ours move the numbers of those behind them.
 */
#include "hook/chat.h"

#include <string.h>

#define PARTS_MAX 65536 /* of one item */

static int64_t number(struct str value, int64_t missing)
{
	int64_t n;
	return span_integer(value, &n) && n >= 0 && n < INT32_MAX ? n : missing;
}

static int64_t index_of(int64_t output, int64_t part)
{
	return output < 0 || part < 0 || part >= PARTS_MAX ? -1 : output * PARTS_MAX + part;
}

/* ---- parts, items and responses that are done ----------------------------------------------------- */

struct part {
	struct str type, text, annotations, logprobs;
};

static bool read_part(struct str object, struct part *p)
{
	struct span_walk w;
	struct str key, value;
	*p = (struct part){0};
	if (!span_is(object, '{'))
		return false;
	span_enter(&w, object);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"type\"")))
			p->type = value;
		else if (str_eq(key, STR("\"text\"")))
			p->text = value;
		else if (str_eq(key, STR("\"annotations\"")))
			p->annotations = value;
		else if (str_eq(key, STR("\"logprobs\"")))
			p->logprobs = value;
	return !w.bad;
}

static bool has_items(struct str list)
{
	struct span_walk w;
	struct str item;
	span_enter(&w, list);
	return span_is(list, '[') && span_item(&w, &item);
}

/* Is a text that is told again what had come, and something else what was given for it? */
static bool is_ours(struct chat *c, const struct chat_choice *k, struct str text)
{
	struct str came = buf_str(&k->came), gave = buf_str(&k->gave);
	buf_clear(&c->scratch);
	return !k->came.failed && !k->gave.failed && !str_eq(came, gave) && span_text(text, NULL, &c->scratch) && str_eq(buf_str(&c->scratch), came);
}

static void retell(struct rewriting *r, struct chat_choice *k, struct str text)
{
	if (!is_ours(r->c, k, text))
		return;
	rewrite_at(r, text);
	buf_put_json(r->out, buf_str(&k->gave));
}

static void retell_notes(struct rewriting *r, struct chat_choice *k, const struct part *p)
{
	if (p->annotations.n && is_ours(r->c, k, p->text))
		rewrite_all_notes(r, k, p->annotations);
	else
		rewrite_notes(r, k, p->annotations);
}

static void rewrite_part(struct rewriting *r, struct chat_choice *k, const struct part *p)
{
	bool notes_first = p->annotations.n && p->annotations.p < p->text.p;
	if (notes_first)
		retell_notes(r, k, p);
	retell(r, k, p->text);
	if (!notes_first)
		retell_notes(r, k, p);
}

/* Of an answer that comes whole each text is news. */
static void hear_part(struct chat *c, struct chat_choice *k, const struct part *p)
{
	if (has_items(p->logprobs))
		chat_pass(c, k, p->text);
	else
		chat_whole_text(c, k, p->text);
}

static void rewrite_parts(struct rewriting *r, struct str content, int64_t output, bool whole)
{
	struct chat *c = r->c;
	struct span_walk w;
	struct str object;
	struct part p;
	span_enter(&w, content);
	for (int64_t i = 0; span_item(&w, &object); i++) {
		int64_t index = index_of(output, i);
		if (index < 0 || !read_part(object, &p) || !str_eq(p.type, STR("\"output_text\"")) || !span_some_text(p.text))
			continue;
		struct chat_choice *k = whole ? chat_choice_of(c, index) : chat_choice_find(c, index);
		if (!k)
			continue;
		if (whole && !k->begun)
			hear_part(c, k, &p);
		rewrite_part(r, k, &p);
	}
	r->bad |= w.bad;
}

static void rewrite_item(struct rewriting *r, struct str item, int64_t output, bool whole)
{
	struct span_walk w;
	struct str key, value, type = STR_NONE, content = STR_NONE;
	if (!span_is(item, '{'))
		return;
	span_enter(&w, item);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"type\"")))
			type = value;
		else if (str_eq(key, STR("\"content\"")))
			content = value;
	r->bad |= w.bad;
	if (str_eq(type, STR("\"message\"")) && span_is(content, '['))
		rewrite_parts(r, content, output, whole);
}

static void rewrite_response(struct rewriting *r, struct str response, bool whole)
{
	struct span_walk w, items;
	struct str key, value, item;
	if (!span_is(response, '{'))
		return;
	span_enter(&w, response);
	while (span_member(&w, &key, &value)) {
		if (str_eq(key, STR("\"usage\"")))
			chat_read_usage(r->c, value);
		if (!str_eq(key, STR("\"output\"")) || !span_is(value, '['))
			continue;
		span_enter(&items, value);
		for (int64_t i = 0; span_item(&items, &item); i++)
			rewrite_item(r, item, i, whole);
		r->bad |= items.bad;
	}
	r->bad |= w.bad;
}

void responses_whole(struct rewriting *r, struct str root)
{
	rewrite_response(r, root, true);
}

/* ---- streams ---------------------------------------------------------------------------------------- */

struct event {
	struct str type, item_id, delta, logprobs, error;
	int64_t sequence, output, part;
};

static bool read_event(struct str root, struct event *e)
{
	struct span_walk w;
	struct str key, value;
	*e = (struct event){.sequence = -1, .output = -1, .part = -1};
	span_enter(&w, root);
	while (span_member(&w, &key, &value))
		if (str_eq(key, STR("\"type\"")))
			e->type = value;
		else if (str_eq(key, STR("\"item_id\"")))
			e->item_id = value;
		else if (str_eq(key, STR("\"delta\"")))
			e->delta = value;
		else if (str_eq(key, STR("\"logprobs\"")))
			e->logprobs = value;
		else if (str_eq(key, STR("\"error\"")) && !span_is(value, 'n'))
			e->error = value;
		else if (str_eq(key, STR("\"sequence_number\"")))
			e->sequence = number(value, -1);
		else if (str_eq(key, STR("\"output_index\"")))
			e->output = number(value, -1);
		else if (str_eq(key, STR("\"content_index\"")))
			e->part = number(value, -1);
	return !w.bad;
}

/* Number and place of an event of ours; a comma at the end. */
static void put_place(struct chat *c, const struct chat_choice *k)
{
	if (c->sequence >= 0)
		buf_printf(c->out, "\"sequence_number\":%lld,", (long long)(c->sequence + c->added));
	if (k->item.n) {
		buf_put(c->out, STR("\"item_id\":"));
		buf_put(c->out, k->item);
		buf_putc(c->out, ',');
	}
	buf_printf(c->out, "\"output_index\":%lld,\"content_index\":%lld,", (long long)(k->index / PARTS_MAX),
	        (long long)(k->index % PARTS_MAX));
}

void responses_delta(struct chat *c, struct chat_choice *k, struct str text)
{
	const char *nl = c->crlf ? "\r\n" : "\n";
	buf_printf(c->out, "event: response.output_text.delta%sdata: {\"type\":\"response.output_text.delta\",", nl);
	put_place(c, k);
	buf_put(c->out, STR("\"delta\":"));
	chat_put_text(k, text, true, c->out);
	buf_printf(c->out, ",\"logprobs\":[]}%s%s", nl, nl);
	c->added++;
}

/* Each is an event of its own. */
void responses_cite(struct chat *c, struct chat_choice *k, struct str citations)
{
	const char *nl = c->crlf ? "\r\n" : "\n";
	struct buf list;
	struct span_walk w;
	struct str one;
	buf_init(&list, citations.n + 3);
	buf_putc(&list, '[');
	buf_put(&list, citations);
	buf_putc(&list, ']');
	span_enter(&w, buf_str(&list));
	while (span_item(&w, &one)) {
		buf_printf(c->out,
		        "event: response.output_text.annotation.added%sdata: {\"type\":\"response.output_text.annotation.added\",", nl);
		put_place(c, k);
		buf_printf(c->out, "\"annotation_index\":%lld,\"annotation\":", (long long)k->notes++);
		buf_put(c->out, one);
		buf_printf(c->out, "}%s%s", nl, nl);
		c->added++;
	}
	buf_done(&list);
}

/* True: the delta's text is to be replaced by c->text. */
static bool hear_delta(struct chat *c, struct chat_choice *k, const struct event *e)
{
	if (!k->item.n && e->item_id.n && e->item_id.n < 500) {
		char *copy = strndup(e->item_id.p, e->item_id.n);
		k->item = copy ? (struct str){copy, e->item_id.n} : STR_NONE;
	}
	if (has_items(e->logprobs)) /* tokens that would not add up to the text */
		stream_end_choice(c, k, GIVEN_UP);
	if (!span_some_text(e->delta))
		return false;
	if (!k->closed)
		return stream_feed(c, k, e->delta);
	chat_pass(c, k, e->delta);
	return false;
}

/* What must stand before the event, and what the event says of texts. */
static bool hear_event(struct chat *c, struct chat_choice *k, const struct event *e)
{
	struct str t = e->type;
	if (str_eq(t, STR("\"error\"")) || e->error.n || str_eq(t, STR("\"response.failed\"")))
		stream_end_choices(c, GIVEN_UP);
	else if (str_eq(t, STR("\"response.completed\"")) || str_eq(t, STR("\"response.incomplete\"")))
		stream_end_choices(c, FINISHED);
	else if (k && str_eq(t, STR("\"response.output_text.delta\"")))
		return hear_delta(c, k, e);
	else if (k && (str_eq(t, STR("\"response.output_text.done\"")) || str_eq(t, STR("\"response.content_part.done\""))))
		stream_end_choice(c, k, FINISHED);
	else if (k && str_eq(t, STR("\"response.output_text.annotation.added\"")))
		k->notes++;
	return false;
}

static void rewrite_done_part(struct rewriting *r, struct chat_choice *k, struct str object)
{
	struct part p;
	if (k && read_part(object, &p) && str_eq(p.type, STR("\"output_text\"")))
		rewrite_part(r, k, &p);
}

static void rewrite_member(struct rewriting *r, struct chat_choice *k, const struct event *e, struct str key, struct str value)
{
	struct str t = e->type;
	if (str_eq(key, STR("\"sequence_number\"")) && r->c->added && e->sequence >= 0) {
		rewrite_at(r, value);
		buf_printf(r->out, "%lld", (long long)(e->sequence + r->c->added));
	} else if (str_eq(key, STR("\"text\"")) && k && str_eq(t, STR("\"response.output_text.done\""))) {
		retell(r, k, value);
	} else if (str_eq(key, STR("\"annotation\"")) && k) {
		rewrite_notes(r, k, value);
	} else if (str_eq(key, STR("\"part\"")) && str_eq(t, STR("\"response.content_part.done\""))) {
		rewrite_done_part(r, k, value);
	} else if (str_eq(key, STR("\"item\"")) && str_eq(t, STR("\"response.output_item.done\""))) {
		rewrite_item(r, value, e->output, false);
	} else if (str_eq(key, STR("\"response\""))) {
		rewrite_response(r, value, false);
	}
}

/* A choice is made for texts only: the parts of reasoning or refusals have indexes too. */
static struct chat_choice *choice_at(struct chat *c, const struct event *e)
{
	int64_t index = index_of(e->output, e->part);
	if (index < 0)
		return NULL;
	return str_eq(e->type, STR("\"response.output_text.delta\"")) ? chat_choice_of(c, index) : chat_choice_find(c, index);
}

bool responses_event(struct rewriting *r, struct str root)
{
	struct chat *c = r->c;
	struct event e;
	struct span_walk w;
	struct str key, value;
	if (!read_event(root, &e))
		return false;
	c->sequence = e.sequence >= 0 ? e.sequence : c->sequence;
	struct chat_choice *k = choice_at(c, &e);
	bool changed = hear_event(c, k, &e);
	span_enter(&w, root);
	while (span_member(&w, &key, &value))
		if (changed && str_eq(key, STR("\"delta\""))) {
			rewrite_at(r, value);
			chat_put_text(k, buf_str(&c->text), false, r->out);
		} else {
			rewrite_member(r, k, &e, key, value);
		}
	c->sequence += c->sequence >= 0;
	return true;
}
