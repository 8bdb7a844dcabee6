/* Hearing changes: a stream names changed merchants, an epoch tells that it is still the Redis we know. Blocking reads are
 * short slices, below the command timeout, so that a stop, a flush and a dead peer are all noticed soon. */
#include "feed/cache.h"

#include <stdlib.h>
#include <string.h>

#define SLICE_MS 200
#define AT_ONCE 1000 /* messages; as many or more and everything is looked at */

struct hearing {
	struct feed_cache *c;
	struct arena *a;
	struct str *name;
	size_t n;
	bool all;
};

static bool copy_text(char *out, size_t cap, struct str s)
{
	if (s.n >= cap)
		return false;
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

/* The id of the last (from "+") or first ("-") message; "0-0" when the stream is empty. */
static enum status edge_id(struct feed_cache *c, bool last, char out[STREAM_ID_MAX], struct err *e)
{
	redisReply *reply = NULL;
	struct str id = STR("0-0");
	enum status s;

	if (last)
		s = redis_call(c->redis, REDIS_ARGS(STR("XREVRANGE"), STR("inlay:log"), STR("+"), STR("-"), STR("COUNT"), STR("1")), REDIS_REPLY_ARRAY,
			&reply, e);
	else
		s = redis_call(c->redis, REDIS_ARGS(STR("XRANGE"), STR("inlay:log"), STR("-"), STR("+"), STR("COUNT"), STR("1")), REDIS_REPLY_ARRAY,
			&reply, e);
	if (s != OK)
		return s;
	if (reply->elements && reply->element[0]->type == REDIS_REPLY_ARRAY && reply->element[0]->elements)
		id = redis_text(reply->element[0]->element[0]);
	if (!copy_text(out, STREAM_ID_MAX, id))
		s = redis_fail(c->redis, e, "a stream id that is none");
	freeReplyObject(reply);
	return s;
}

static enum status read_epoch(struct feed_cache *c, char out[EPOCH_TEXT + 1], struct err *e)
{
	redisReply *reply = NULL;
	enum status s = redis_call(c->redis, REDIS_ARGS(STR("GET"), STR("inlay:epoch")), REDIS_REPLY_STRING, &reply, e);

	if (s != OK)
		return s;
	if (!copy_text(out, EPOCH_TEXT + 1, redis_text(reply)))
		out[0] = '\0'; /* not ours */
	freeReplyObject(reply);
	return OK;
}

/* From here on nothing is missed: the caller looks at everything after this. */
static enum status start_over(struct feed_cache *c, struct err *e)
{
	enum status s = read_epoch(c, c->epoch, e);

	if (s == OK)
		s = edge_id(c, true, c->last_id, e);
	if (s == OK)
		c->heard_on = redis_connections(c->redis);
	return s;
}

/* a-b as numbers: ids are compared by both. */
static int id_cmp(const char *x, const char *y)
{
	char *xe, *ye;
	unsigned long long a = strtoull(x, &xe, 10), b = strtoull(y, &ye, 10);

	if (a != b)
		return a < b ? -1 : 1;
	a = *xe == '-' ? strtoull(xe + 1, NULL, 10) : 0;
	b = *ye == '-' ? strtoull(ye + 1, NULL, 10) : 0;
	return a < b ? -1 : a > b;
}

static void add_name(struct hearing *h, struct str merchant)
{
	for (size_t i = 0; i < h->n; i++)
		if (str_eq(h->name[i], merchant))
			return;
	h->name[h->n++] = arena_take_str(h->a, merchant);
}

/* One message: [id, [field, value, ...]]. */
static void hear(struct hearing *h, const redisReply *message)
{
	const redisReply *fields;

	if (message->type != REDIS_REPLY_ARRAY || message->elements != 2 || message->element[1]->type != REDIS_REPLY_ARRAY)
		return;
	if (!copy_text(h->c->last_id, STREAM_ID_MAX, redis_text(message->element[0])))
		return;
	fields = message->element[1];
	for (size_t i = 0; i + 1 < fields->elements; i += 2)
		if (str_eq(redis_text(fields->element[i]), STR("merchant")))
			add_name(h, redis_text(fields->element[i + 1]));
}

/* The reply to XREAD: nil, or [[stream, [message, ...]]]. */
static enum status hear_all(struct hearing *h, const redisReply *reply, struct err *e)
{
	const redisReply *messages;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
		return OK;
	if (reply->element[0]->type != REDIS_REPLY_ARRAY || reply->element[0]->elements != 2)
		return redis_fail(h->c->redis, e, "a stream that is none");
	messages = reply->element[0]->element[1];
	if (messages->type != REDIS_REPLY_ARRAY)
		return redis_fail(h->c->redis, e, "a stream that is none");
	h->name = ARENA_TAKE(h->a, struct str, messages->elements + 1);
	if (!h->name)
		return err_set(e, E_NOMEM, "", "no memory for what changed");
	h->all = messages->elements >= AT_ONCE;
	for (size_t i = 0; !h->all && i < messages->elements; i++)
		hear(h, messages->element[i]);
	return OK;
}

/* True when messages behind `heard` were trimmed before we could read them. */
static enum status missed_some(struct feed_cache *c, const char *heard, bool *out, struct err *e)
{
	char first[STREAM_ID_MAX];
	enum status s = edge_id(c, false, first, e);

	if (s == OK)
		*out = strcmp(heard, "0-0") != 0 && id_cmp(first, heard) > 0;
	return s;
}

static enum status listen_once(struct hearing *h, int ms, struct err *e)
{
	struct feed_cache *c = h->c;
	char epoch[EPOCH_TEXT + 1], heard[STREAM_ID_MAX], block[16];
	redisReply *reply = NULL;
	enum status s;

	snprintf(block, sizeof(block), "%d", ms < 1 ? 1 : ms);
	memcpy(heard, c->last_id, sizeof(heard));
	s = redis_call(c->redis,
		REDIS_ARGS(STR("XREAD"), STR("COUNT"), STR("1000"), STR("BLOCK"), str_of(block), STR("STREAMS"), STR("inlay:log"), str_of(heard)),
		REDIS_REPLY_ARRAY, &reply, e);
	if (s != OK)
		return s;
	s = hear_all(h, reply, e);
	freeReplyObject(reply);
	if (s == OK)
		s = read_epoch(c, epoch, e);
	if (s == OK && strcmp(epoch, c->epoch) != 0)
		h->all = true;
	if (s == OK && h->n && !h->all)
		s = missed_some(c, heard, &h->all, e);
	return s == OK && h->all ? start_over(c, e) : s;
}

static enum status listen_until(struct hearing *h, int64_t end_us, struct err *e)
{
	while (!h->n && !h->all) {
		int64_t left_ms = (end_us - mono_us()) / 1000;
		if (redis_stopped(h->c->redis))
			return err_set(e, E_BUSY, "redis", "stopped");
		if (left_ms <= 0)
			return err_set(e, E_BUSY, "redis", "nothing happened");
		enum status s = listen_once(h, left_ms < SLICE_MS ? (int)left_ms : SLICE_MS, e);
		if (s != OK)
			return s;
	}
	return OK;
}

enum status feed_cache_wait(struct feed_cache *c, int timeout_ms, struct arena *a, struct str **merchants_out, size_t *n_out, bool *all_out,
	struct err *e)
{
	struct hearing h = {.c = c, .a = a};
	int64_t end_us = mono_us() + (int64_t)timeout_ms * 1000;
	enum status s;

	redis_pause(c->redis, timeout_ms);
	s = redis_ready(c->redis, e);
	if (s == OK && c->heard_on != redis_connections(c->redis)) {
		h.all = true;
		s = start_over(c, e);
	} else if (s == OK) {
		s = listen_until(&h, end_us, e);
	}
	if (s == OK && arena_failed(a)) {
		c->heard_on = 0; /* what was heard is lost: all of it next time */
		s = err_set(e, E_NOMEM, "", "no memory for what changed");
	}
	if (s != OK)
		return s;
	*merchants_out = h.all ? NULL : h.name;
	*n_out = h.all ? 0 : h.n;
	*all_out = h.all;
	return OK;
}
