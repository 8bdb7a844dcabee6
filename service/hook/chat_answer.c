/* What streams and whole answers share: one insert a choice, fed with the text of JSON strings; trouble costs links, never text. */
#include "hook/chat.h"

#include <stdlib.h>

#define MAX_DELTA (1u << 20)

void chat_init(struct chat *c, struct shelf *s, const struct insert_request *q)
{
	*c = (struct chat){.q = q, .prompt_tokens = -1, .completion_tokens = -1};
	c->shelf = s ? shelf_ref(s) : NULL;
	buf_init(&c->scratch, MAX_DELTA);
	buf_init(&c->text, 2 * MAX_DELTA);
	buf_init(&c->body, 4 * MAX_DELTA);
	buf_init(&c->head, 4096);
	sse_init(&c->sse);
}

void chat_done(struct chat *c)
{
	for (size_t i = 0; i < c->count; i++)
		insert_free(c->choice[i].in);
	free(c->choice);
	buf_done(&c->scratch);
	buf_done(&c->text);
	buf_done(&c->body);
	buf_done(&c->head);
	sse_done(&c->sse);
	if (c->shelf)
		shelf_unref(c->shelf);
	c->shelf = NULL;
}

struct chat_choice *chat_choice_of(struct chat *c, int64_t index)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->choice[i].index == index)
			return &c->choice[i];
	struct chat_choice *more = c->count < CHAT_MAX_CHOICES ? realloc(c->choice, (c->count + 1) * sizeof *more) : NULL;
	if (!more)
		return NULL;
	c->choice = more;
	more[c->count] = (struct chat_choice){.index = index};
	return &more[c->count++];
}

/* ---- feeding ------------------------------------------------------------------------------- */

static bool has_insert(struct chat *c, struct chat_choice *k)
{
	if (!k->in && insert_new(c->shelf, c->q, &k->in, NULL) != OK)
		metric_add(METRIC_INSERT_UNAVAILABLE, 1);
	return k->in != NULL;
}

void chat_give_up(struct chat *c, struct chat_choice *k, struct buf *out)
{
	size_t before = out->n;
	(void)c;
	if (k->in && !k->closed)
		insert_abandon(k->in, out);
	k->put += out->n - before;
	k->closed = true;
}

void chat_finish(struct chat *c, struct chat_choice *k, struct buf *out)
{
	size_t before = out->n;
	if (k->closed)
		return;
	k->finished = k->in && insert_finish(k->in, out) == OK;
	if (k->finished)
		k->put += out->n - before;
	else
		chat_give_up(c, k, out);
	k->closed = true;
}

bool chat_feed(struct chat *c, struct chat_choice *k, struct str value)
{
	buf_clear(&c->scratch);
	buf_clear(&c->text);
	if (!has_insert(c, k) || !span_text(value, &k->high, &c->scratch)) {
		chat_give_up(c, k, &c->text);
		return false;
	}
	struct str said = buf_str(&c->scratch);
	if (insert_feed(k->in, said, &c->text) != OK) { /* as if these bytes had not come */
		insert_abandon(k->in, &c->text);
		err_ignore(insert_feed(k->in, said, &c->text)); /* passes */
		k->closed = true;
	}
	k->fed += said.n;
	k->put += c->text.n;
	return true;
}

/* ---- annotations of the upstream ------------------------------------------------------------- */

static bool is_offset(struct str key, bool *end)
{
	*end = str_eq(key, STR("\"end_index\""));
	return *end || str_eq(key, STR("\"start_index\""));
}

/* Offsets stand in the annotation itself or in the object that it is named for. */
static void shift_in(const struct chat_choice *k, struct str object, struct str all, size_t *copied, struct buf *out, int depth)
{
	struct span_walk w;
	struct str key, value;
	int64_t index;
	bool end;
	span_enter(&w, object);
	while (span_member(&w, &key, &value)) {
		if (span_is(value, '{') && depth > 0)
			shift_in(k, value, all, copied, out, depth - 1);
		if (!is_offset(key, &end) || !span_integer(value, &index) || index < 0)
			continue;
		size_t from = (size_t)(value.p - all.p);
		buf_put(out, str_sub(all, *copied, from));
		buf_printf(out, "%lld", (long long)insert_shift(k->in, index, end));
		*copied = from + value.n;
	}
}

bool chat_shift(const struct chat_choice *k, struct str annotations, struct buf *out)
{
	struct span_walk w;
	struct str item;
	size_t copied = 0;
	if (!k->in || !span_is(annotations, '['))
		return false;
	span_enter(&w, annotations);
	while (span_item(&w, &item))
		if (span_is(item, '{'))
			shift_in(k, item, annotations, &copied, out, 1);
	buf_put(out, str_sub(annotations, copied, annotations.n));
	return copied > 0;
}

/* ---- the end ------------------------------------------------------------------------------------ */

void chat_read_usage(struct chat *c, struct str usage)
{
	struct span_walk w;
	struct str key, value;
	int64_t n;
	if (!span_is(usage, '{'))
		return;
	span_enter(&w, usage);
	while (span_member(&w, &key, &value))
		if (span_integer(value, &n) && n >= 0) {
			if (str_eq(key, STR("\"prompt_tokens\"")))
				c->prompt_tokens = n;
			else if (str_eq(key, STR("\"completion_tokens\"")))
				c->completion_tokens = n;
		}
}

/* Of a choice that did not come to its end only what went out counts. */
static bool counts(struct chat *c, struct chat_choice *k)
{
	if (!k->in || k->finished)
		return k->in != NULL;
	if (k->put + insert_held(k->in) <= k->fed)
		return false;
	buf_clear(&c->text);
	chat_give_up(c, k, &c->text);
	return insert_linked(k->in);
}

void chat_record(struct chat *c, void (*record)(void *arg, const struct ledger_insertion *rec), void *arg)
{
	struct ledger_insertion rec;
	bool first = true;
	for (size_t i = 0; i < c->count; i++) {
		struct chat_choice *k = &c->choice[i];
		if (!counts(c, k))
			continue;
		insert_usage(k->in, first ? c->prompt_tokens : -1, first ? c->completion_tokens : -1);
		first = false;
		metric_add(insert_linked(k->in) ? METRIC_INSERT_LINKED : METRIC_INSERT_NONE, 1);
		if (!insert_record(k->in, now_ms(), &rec))
			continue;
		for (uint32_t n = 0; n < rec.link_count; n++)
			metric_add(METRIC_LINKS, !rec.link[n].existing);
		if (record)
			record(arg, &rec);
	}
}
