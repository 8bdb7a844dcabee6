/* Private to the room: one connection to Redis. Any trouble frees the context, for a context that failed once gives
 * answers to other questions when used again (facts: server 3); the next call connects anew, after a pause that grows. */
#ifndef FEED_REDIS_H
#define FEED_REDIS_H

#include "base/base.h"

#include <hiredis/hiredis.h>

struct redis;
MUST_USE enum status redis_new(struct str url, struct redis **out, struct err *e);
void redis_free(struct redis *r);
/* From any thread: calls from now on fail with E_BUSY. */
void redis_stop(struct redis *r);
bool redis_stopped(const struct redis *r);
bool redis_up(const struct redis *r);
/* Counts connections made; 0 before the first. */
unsigned redis_connections(const struct redis *r);
/* Connects if needed. E_IO: away, or the pause since the last failure is not over. */
MUST_USE enum status redis_ready(struct redis *r, struct err *e);
/* Sleeps until a new attempt makes sense, at most ms; less when stopped. */
void redis_pause(const struct redis *r, int ms);

/* One command. *reply_out is the caller's to free, and no error reply. A reply of another type than `type` (-1: any) is E_IO. */
MUST_USE enum status redis_call(struct redis *r, const struct str *args, size_t n, int type, redisReply **reply_out, struct err *e);
/* Pipelining: any number of sends, then as many takes. After a failure the rest is void. */
MUST_USE enum status redis_send(struct redis *r, const struct str *args, size_t n, struct err *e);
MUST_USE enum status redis_take(struct redis *r, redisReply **reply_out, struct err *e);
/* Gives up the connection, because what it said makes no sense. */
enum status redis_fail(struct redis *r, struct err *e, const char *text);
struct str redis_text(const redisReply *reply); /* empty unless a string */

#define REDIS_ARGS(...) \
	(const struct str[]){__VA_ARGS__}, sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)

#endif
