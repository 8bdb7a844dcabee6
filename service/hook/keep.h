/* What is kept between calls that belong together: found by a key, forgotten when unheard of for long, or when there is too much of it. Private to hook.
 *
 * Who works on a thing takes it out and puts it back: two calls never hold the same. */
#ifndef HOOK_KEEP_H
#define HOOK_KEEP_H

#include "base/base.h"

#include <pthread.h>

#define KEEP_BUCKETS 1024

struct keep_key {
	uint64_t hash[2];
};
struct kept { /* first member of what is kept */
	struct kept *next; /* in its bucket */
	struct kept *older, *newer;
	struct keep_key key;
	int64_t heard_us;
	size_t bytes;
};
struct keep {
	pthread_mutex_t lock;
	struct kept *bucket[KEEP_BUCKETS], *oldest, *newest;
	size_t count, bytes, max_count, max_bytes;
	int64_t unheard_us;
	void (*forget)(void *arg, struct kept *k); /* frees it; no lock is held */
	void *arg;
};
void keep_init(struct keep *p, size_t max_count, size_t max_bytes, int64_t unheard_us, void (*forget)(void *arg, struct kept *k), void *arg);
void keep_done(struct keep *p); /* forgets all */
/* Takes out the one under key for which rank is highest; below 0: not that one. rank NULL: any. NULL: none. */
struct kept *keep_take(struct keep *p, struct keep_key key, int64_t (*rank)(void *arg, const struct kept *k), void *arg);
/* Puts in, as the newest; what is too old or too much by then is forgotten. */
void keep_put(struct keep *p, struct kept *k, int64_t now_us);
void keep_expire(struct keep *p, int64_t now_us);

#endif
