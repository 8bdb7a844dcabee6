/* Small named values that the nodes on one Redis share: inlay:<name>. */
#include "feed/cache.h"
#include "feed/feed.h"
#include "feed/redis.h"

#include <stdio.h>

#define NOTE_MAX 4096

static struct str note_key(char out[64], struct str name)
{
	int n = snprintf(out, 64, "inlay:%.*s", STR_ARG(name));

	return (struct str){out, n > 0 && n < 64 ? (size_t)n : 0};
}

enum status feed_cache_note(struct feed_cache *c, struct str name, struct str value, struct err *e)
{
	char key[64];
	redisReply *reply = NULL;
	enum status s = redis_call(c->redis, REDIS_ARGS(STR("SET"), note_key(key, name), value), REDIS_REPLY_STATUS, &reply, e);

	if (s == OK)
		freeReplyObject(reply);
	return s;
}

enum status feed_cache_noted(struct feed_cache *c, struct str name, struct buf *out, struct err *e)
{
	char key[64];
	redisReply *reply = NULL;
	enum status s = redis_call(c->redis, REDIS_ARGS(STR("GET"), note_key(key, name)), -1, &reply, e);

	if (s != OK)
		return s;
	struct str value = redis_text(reply);
	if (reply->type == REDIS_REPLY_NIL)
		s = err_set(e, E_MISSING, "redis", "there is no %s", key);
	else if (value.n == 0 || value.n > NOTE_MAX)
		s = redis_fail(c->redis, e, "a note is no short text");
	else
		buf_put(out, value);
	freeReplyObject(reply);
	return s;
}
