/* A bounded, ageing map between calls. */
#include "hook/keep.h"

void keep_init(struct keep *p, size_t max_count, size_t max_bytes, int64_t unheard_us, void (*forget)(void *arg, struct kept *k), void *arg)
{
	*p = (struct keep){.max_count = max_count, .max_bytes = max_bytes, .unheard_us = unheard_us, .forget = forget, .arg = arg};
	pthread_mutex_init(&p->lock, NULL);
}

static struct kept **bucket_of(struct keep *p, struct keep_key key)
{
	return &p->bucket[key.hash[0] % KEEP_BUCKETS];
}

static void unlink_kept(struct keep *p, struct kept *k)
{
	struct kept **at = bucket_of(p, k->key);
	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	*(k->older ? &k->older->newer : &p->oldest) = k->newer;
	*(k->newer ? &k->newer->older : &p->newest) = k->older;
	p->count--;
	p->bytes -= k->bytes;
}

static void link_kept(struct keep *p, struct kept *k)
{
	struct kept **at = bucket_of(p, k->key);
	k->next = *at;
	*at = k;
	k->older = p->newest;
	k->newer = NULL;
	*(k->older ? &k->older->newer : &p->oldest) = k;
	p->newest = k;
	p->count++;
	p->bytes += k->bytes;
}

struct kept *keep_take(struct keep *p, struct keep_key key, int64_t (*rank)(void *arg, const struct kept *k), void *arg)
{
	struct kept *best = NULL;
	int64_t high = -1;
	pthread_mutex_lock(&p->lock);
	for (struct kept *k = *bucket_of(p, key); k; k = k->next) {
		bool same = k->key.hash[0] == key.hash[0] && k->key.hash[1] == key.hash[1];
		int64_t r = !same ? -1 : rank ? rank(arg, k) : 0;
		if (r > high) {
			best = k;
			high = r;
		}
	}
	if (best)
		unlink_kept(p, best);
	pthread_mutex_unlock(&p->lock);
	return best;
}

static struct kept *take_stale(struct keep *p, int64_t before_us)
{
	pthread_mutex_lock(&p->lock);
	struct kept *k = p->oldest;
	bool stale = k && (k->heard_us < before_us || p->count > p->max_count || p->bytes > p->max_bytes);
	if (stale)
		unlink_kept(p, k);
	pthread_mutex_unlock(&p->lock);
	return stale ? k : NULL;
}

static void forget_before(struct keep *p, int64_t before_us)
{
	struct kept *k;
	while ((k = take_stale(p, before_us)))
		p->forget(p->arg, k);
}

void keep_expire(struct keep *p, int64_t now_us)
{
	forget_before(p, now_us - p->unheard_us);
}

void keep_put(struct keep *p, struct kept *k, int64_t now_us)
{
	k->heard_us = now_us;
	pthread_mutex_lock(&p->lock);
	link_kept(p, k);
	pthread_mutex_unlock(&p->lock);
	keep_expire(p, now_us);
}

void keep_done(struct keep *p)
{
	forget_before(p, INT64_MAX);
	pthread_mutex_destroy(&p->lock);
}
