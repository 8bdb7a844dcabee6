/* The shelf: catalog, indexes, rules and keys, published together and counted. */
#include "flow/core.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum status shelf_new(struct catalog *c, struct flow_rules *r, const struct link_keys *keys, struct str public_url, uint64_t seed, struct shelf **out,
	struct err *e)
{
	struct shelf *s = calloc(1, sizeof *s);
	while (str_ends(public_url, STR("/")))
		public_url.n--;
	char *url = strndup(public_url.n ? public_url.p : "", public_url.n);
	if (!s || !url) {
		free(s);
		free(url);
		return err_set(e, E_NOMEM, "", "out of memory");
	}
	enum status st = match_index_new(c, r->matching, seed, &s->match, e);
	if (st != OK) {
		free(s);
		free(url);
		return st;
	}
	atomic_init(&s->refs, 1);
	s->catalog = catalog_ref(c);
	s->rules = flow_rules_ref(r);
	s->keys = keys;
	s->public_url = url;
	*out = s;
	return OK;
}

struct shelf *shelf_ref(struct shelf *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void shelf_unref(struct shelf *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	match_index_free(s->match);
	catalog_unref(s->catalog);
	flow_rules_unref(s->rules);
	free(s->public_url);
	free(s);
}

const struct catalog *shelf_catalog(const struct shelf *s)
{
	return s->catalog;
}

const struct flow_rules *shelf_rules(const struct shelf *s)
{
	return s->rules;
}

struct shelf_slot {
	pthread_mutex_t lock; /* held for a pointer copy and a count only */
	struct shelf *now;
};

struct shelf_slot *shelf_slot_new(void)
{
	struct shelf_slot *slot = calloc(1, sizeof *slot);
	if (slot)
		pthread_mutex_init(&slot->lock, NULL);
	return slot;
}

void shelf_slot_free(struct shelf_slot *slot)
{
	if (!slot)
		return;
	shelf_unref(slot->now);
	pthread_mutex_destroy(&slot->lock);
	free(slot);
}

struct shelf *shelf_get(struct shelf_slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	struct shelf *s = slot->now ? shelf_ref(slot->now) : NULL;
	pthread_mutex_unlock(&slot->lock);
	return s;
}

void shelf_publish(struct shelf_slot *slot, struct shelf *s)
{
	pthread_mutex_lock(&slot->lock);
	struct shelf *old = slot->now;
	slot->now = s;
	pthread_mutex_unlock(&slot->lock);
	shelf_unref(old);
}
