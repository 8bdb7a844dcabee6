/* Private to the room: the cache's inside and the entry of one merchant. */
#ifndef FEED_CACHE_H
#define FEED_CACHE_H

#include "feed/reader.h"
#include "feed/redis.h"

#define EPOCH_TEXT 32
#define STREAM_ID_MAX 48
#define CHUNK_LINES 256

struct feed_cache {
	struct redis *redis;
	char epoch[EPOCH_TEXT + 1];     /* as last reported to the waiter; "" is none there */
	char last_id[STREAM_ID_MAX];    /* of the stream, heard so far */
	char caps_id[STREAM_ID_MAX];    /* of the stream of counted keys, heard so far */
	unsigned caps_on;               /* redis_connections() when all totals of caps_day were read; 0: never */
	int64_t caps_day;
	unsigned heard_on;              /* redis_connections() when epoch and last_id were read; 0: never */
};

/* What inlay:merchants holds of a merchant. */
struct entry {
	struct merchant merchant;
	struct str generation, version, digest;
	uint64_t chunks, count;
};
void entry_write(const struct entry *en, struct buf *out);
/* Strict: foreign data is E_INPUT. Into a. */
MUST_USE enum status entry_read(struct str merchant, struct str json, struct arena *a, struct entry *out, struct err *e);

/* Two chained 64-bit hashes: tells half, mixed or foreign data, not an attacker's. */
struct digest {
	uint64_t a, b;
};
void digest_add(struct digest *d, struct str bytes);
void digest_write(const struct digest *d, char out[33]);

#endif
