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
	struct cache_read *read;        /* what was fetched last, by merchant */
	size_t read_count, read_cap;
};

/* A part that was fetched: what must be read of it again when it changes. */
struct cache_read {
	char merchant[65], version[EPOCH_TEXT + 1], generation[64], digest[33];
	uint64_t changes;
};

/* What inlay:merchants holds of a merchant. */
struct entry {
	struct merchant merchant;
	struct str generation, version, digest;
	uint64_t chunks, count;
	struct str base;             /* generation of the chunks alone */
	uint64_t changes, changed;   /* pieces of changes on top of the chunks, and their lines */
	struct str changes_digest;   /* of all pieces, "" of none */
};
#define LINE_MEMORY (16u << 20)
#define ENTRY_MAX (8u << 20)
#define WRITE_GRACE "3600" /* seconds until what was not finished is gone */
void entry_write(const struct entry *en, struct buf *out);
/* Strict: foreign data is E_INPUT. Into a. */
MUST_USE enum status entry_read(struct str merchant, struct str json, struct arena *a, struct entry *out, struct err *e);

/* Two chained 64-bit hashes: tells half, mixed or foreign data, not an attacker's. */
struct digest {
	uint64_t a, b;
};
void digest_add(struct digest *d, struct str bytes);
void digest_write(const struct digest *d, char out[33]);

struct cache_key {
	char text[256];
};
/* kind: 'c' chunk, 'd' piece of changes. */
struct str cache_key(struct cache_key *k, struct str merchant, struct str version, char kind, uint64_t i);
enum status cache_drain(struct feed_cache *c, size_t n, struct err *e);
enum status cache_run(struct feed_cache *c, const struct str *args, size_t n, struct err *e);
enum status cache_ring(struct feed_cache *c, struct str merchant, struct str generation, struct str version, struct err *e);
enum status cache_find(struct feed_cache *c, struct str merchant, struct arena *a, struct entry *out, struct err *e);
enum status cache_keep_epoch(struct feed_cache *c, struct err *e);
enum status cache_damaged(const struct entry *en, struct err *e);
/* Shows a version: entry and bell. */
enum status cache_flip(struct feed_cache *c, const struct entry *en, struct err *e);

/* cache_changes.c. E_MISSING: Redis does not hold just `old`, or too much has changed: write it whole. */
enum status cache_put_changes(struct feed_cache *c, const struct catalog_part *old, const struct catalog_part *p, struct arena *a, struct err *e);
/* The changes on top of have, which is the chunks alone (fresh) or was fetched before; E_MISSING: it was not, or from another version. */
enum status cache_get_changes(struct feed_cache *c, const struct entry *en, struct catalog_part *have, bool fresh, size_t max_bytes,
	struct catalog_part **out, struct err *e);
/* cache_json.c: the line of a product that has gone. */
void gone_line_write(struct str id, struct buf *out);
bool gone_line_read(struct str line, struct arena *a, struct str *id_out);

#endif
