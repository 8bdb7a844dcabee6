/* Counters of a day that nodes share: inlay:caps:DAY, a hash of hex keys to totals, and inlay:caps, a stream of the keys that somebody
 * has counted, so that the others read their totals anew. Both go by themselves. */
#include "feed/cache.h"
#include "feed/feed.h"
#include "feed/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEX = 2 * FEED_COUNTER_KEY, HEARD_AT_ONCE = 100 };
#define DAY_SECONDS "172800"

struct sync {
	struct feed_cache *c;
	char key[48];
	int64_t day;
	void (*total)(void *arg, int64_t day, const struct feed_counter *f, bool told);
	void *arg;
};

static void tell(const struct sync *s, struct str hex, int64_t n)
{
	struct feed_counter f = {.n = n};
	if (hex.n == HEX && hex_get(hex, f.key, sizeof f.key))
		s->total(s->arg, s->day, &f, false);
}

/* ---- counting --------------------------------------------------------------------------------------- */

static enum status send_counts(const struct sync *s, const struct feed_counter *count, size_t n, struct err *e)
{
	struct buf keys;
	enum status st = OK;

	buf_init(&keys, n * HEX + 1);
	for (size_t i = 0; i < n && st == OK; i++) {
		char hex[HEX], by[24];
		hex_put(hex, count[i].key, FEED_COUNTER_KEY);
		snprintf(by, sizeof by, "%lld", (long long)count[i].n);
		buf_put(&keys, (struct str){hex, HEX});
		st = redis_send(s->c->redis, REDIS_ARGS(STR("HINCRBY"), str_of(s->key), (struct str){hex, HEX}, str_of(by)), e);
	}
	if (st == OK)
		st = redis_send(s->c->redis, REDIS_ARGS(STR("EXPIRE"), str_of(s->key), STR(DAY_SECONDS)), e);
	if (st == OK)
		st = redis_send(s->c->redis,
			REDIS_ARGS(STR("XADD"), STR("inlay:caps"), STR("MAXLEN"), STR("~"), STR("10000"), STR("*"), STR("k"), buf_str(&keys)), e);
	buf_done(&keys);
	return st;
}

static enum status take_totals(const struct sync *s, const struct feed_counter *count, size_t n, struct err *e)
{
	enum status st = OK;

	for (size_t i = 0; i < n + 2 && st == OK; i++) {
		redisReply *reply = NULL;
		st = redis_take(s->c->redis, &reply, e);
		if (st == OK && i < n && reply->type == REDIS_REPLY_INTEGER) {
			struct feed_counter f = count[i];
			f.n = reply->integer;
			s->total(s->arg, s->day, &f, true);
		}
		if (reply)
			freeReplyObject(reply);
	}
	return st;
}

/* ---- hearing ------------------------------------------------------------------------------------------ */

/* Everything there is, in steps. */
static enum status read_all(const struct sync *s, struct err *e)
{
	char cursor[32] = "0";
	enum status st;

	do {
		redisReply *reply = NULL;
		st = redis_call(s->c->redis, REDIS_ARGS(STR("HSCAN"), str_of(s->key), str_of(cursor), STR("COUNT"), STR("1000")), REDIS_REPLY_ARRAY,
			&reply, e);
		if (st != OK)
			return st;
		if (reply->elements != 2 || reply->element[1]->type != REDIS_REPLY_ARRAY)
			st = redis_fail(s->c->redis, e, "a scan that is none");
		for (size_t i = 0; st == OK && i + 1 < reply->element[1]->elements; i += 2) {
			int64_t n;
			if (str_int(redis_text(reply->element[1]->element[i + 1]), &n))
				tell(s, redis_text(reply->element[1]->element[i]), n);
		}
		if (st == OK)
			snprintf(cursor, sizeof cursor, "%.*s", STR_ARG(redis_text(reply->element[0])));
		freeReplyObject(reply);
	} while (st == OK && strcmp(cursor, "0") != 0);
	return st;
}

static enum status read_key(const struct sync *s, struct str hex, struct err *e)
{
	redisReply *reply = NULL;
	int64_t n;
	enum status st = redis_call(s->c->redis, REDIS_ARGS(STR("HGET"), str_of(s->key), hex), -1, &reply, e);

	if (st == OK && str_int(redis_text(reply), &n))
		tell(s, hex, n);
	if (reply)
		freeReplyObject(reply);
	return st;
}

/* One message: [id, ["k", hex keys end to end]]. */
static enum status read_message(const struct sync *s, const redisReply *m, struct err *e)
{
	if (m->type != REDIS_REPLY_ARRAY || m->elements != 2 || m->element[1]->type != REDIS_REPLY_ARRAY || m->element[1]->elements < 2)
		return OK;
	struct str id = redis_text(m->element[0]), keys = redis_text(m->element[1]->element[1]);
	enum status st = OK;
	for (; keys.n >= HEX && st == OK; keys = str_sub(keys, HEX, keys.n))
		st = read_key(s, str_sub(keys, 0, HEX), e);
	if (st == OK && id.n < sizeof s->c->caps_id)
		snprintf(s->c->caps_id, sizeof s->c->caps_id, "%.*s", STR_ARG(id));
	return st;
}

static enum status hear(const struct sync *s, struct err *e)
{
	char after[STREAM_ID_MAX + 1], count[16];
	redisReply *reply = NULL;

	snprintf(after, sizeof after, "(%s", s->c->caps_id);
	snprintf(count, sizeof count, "%d", HEARD_AT_ONCE);
	enum status st = redis_call(s->c->redis, REDIS_ARGS(STR("XRANGE"), STR("inlay:caps"), str_of(after), STR("+"), STR("COUNT"), str_of(count)),
		REDIS_REPLY_ARRAY, &reply, e);
	if (st != OK)
		return st;
	/* Far behind: the messages are passed over, and all is read. */
	bool behind = reply->elements == HEARD_AT_ONCE;
	for (size_t i = 0; i < reply->elements && st == OK && !behind; i++)
		st = read_message(s, reply->element[i], e);
	freeReplyObject(reply);
	if (behind)
		s->c->caps_on = 0;
	return st;
}

/* The end of the stream first, then the totals: what is counted in between is heard twice and not missed. */
static enum status start_over(const struct sync *s, struct err *e)
{
	redisReply *reply = NULL;
	enum status st = redis_call(s->c->redis, REDIS_ARGS(STR("XREVRANGE"), STR("inlay:caps"), STR("+"), STR("-"), STR("COUNT"), STR("1")),
		REDIS_REPLY_ARRAY, &reply, e);

	if (st != OK)
		return st;
	bool any = reply->elements && reply->element[0]->type == REDIS_REPLY_ARRAY && reply->element[0]->elements;
	struct str id = any ? redis_text(reply->element[0]->element[0]) : STR("0-0");
	snprintf(s->c->caps_id, sizeof s->c->caps_id, "%.*s", STR_ARG(str_sub(id, 0, STREAM_ID_MAX - 1)));
	freeReplyObject(reply);
	st = read_all(s, e);
	if (st == OK) {
		s->c->caps_on = redis_connections(s->c->redis);
		s->c->caps_day = s->day;
	}
	return st;
}

enum status feed_cache_count(struct feed_cache *c, int64_t day, const struct feed_counter *count, size_t n,
	void (*total)(void *arg, int64_t day, const struct feed_counter *f, bool told), void *arg, struct err *e)
{
	struct sync s = {.c = c, .day = day, .total = total, .arg = arg};
	enum status st = redis_ready(c->redis, e);

	snprintf(s.key, sizeof s.key, "inlay:caps:%lld", (long long)day);
	if (st == OK && (c->caps_on == 0 || c->caps_on != redis_connections(c->redis) || c->caps_day != day))
		st = start_over(&s, e);
	if (st == OK && n)
		st = send_counts(&s, count, n, e);
	if (st == OK && n)
		st = take_totals(&s, count, n, e);
	return st == OK ? hear(&s, e) : st;
}
