/* The stock of parts behind the shelf. */
#include "app/stock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_PART (SIZE_MAX / 2)

struct stored {
	struct catalog_part *full;
	struct catalog_part *live;  /* full without what has expired; made when a snapshot needs it */
	int64_t next_expiry_ms;     /* of live; INT64_MAX: none */
	size_t expired;
};
struct stock {
	pthread_mutex_t lock;
	struct stored *item;
	size_t count, cap;
	uint64_t version;
};

struct stock *stock_new(void)
{
	struct stock *s = calloc(1, sizeof *s);
	if (s)
		pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void forget(struct stored *i)
{
	part_unref(i->full);
	part_unref(i->live);
}

void stock_free(struct stock *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		forget(&s->item[i]);
	free(s->item);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct stored *find(struct stock *s, struct str merchant)
{
	for (size_t i = 0; i < s->count; i++)
		if (str_eq(part_merchant(s->item[i].full)->id, merchant))
			return &s->item[i];
	return NULL;
}

struct catalog_part *stock_get(struct stock *s, struct str merchant)
{
	pthread_mutex_lock(&s->lock);
	struct stored *i = find(s, merchant);
	struct catalog_part *p = i ? part_ref(i->full) : NULL;
	pthread_mutex_unlock(&s->lock);
	return p;
}

static struct stored *add(struct stock *s)
{
	if (s->count == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;
		struct stored *more = realloc(s->item, cap * sizeof *more);
		if (!more)
			return NULL;
		s->item = more;
		s->cap = cap;
	}
	s->item[s->count] = (struct stored){0};
	return &s->item[s->count++];
}

enum status stock_put(struct stock *s, struct catalog_part *part, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	struct stored *i = find(s, part_merchant(part)->id);
	bool there = i != NULL;
	if (!there)
		i = add(s);
	if (i) {
		if (there)
			forget(i);
		*i = (struct stored){.full = part};
		s->version++;
	}
	pthread_mutex_unlock(&s->lock);
	if (i)
		return OK;
	part_unref(part);
	return err_set(e, E_NOMEM, "", "out of memory");
}

uint64_t stock_version(struct stock *s)
{
	pthread_mutex_lock(&s->lock);
	uint64_t v = s->version;
	pthread_mutex_unlock(&s->lock);
	return v;
}

void stock_touch(struct stock *s)
{
	pthread_mutex_lock(&s->lock);
	s->version++;
	pthread_mutex_unlock(&s->lock);
}

bool stock_stale(struct stock *s, int64_t now_ms)
{
	bool stale = false;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->count; i++)
		stale |= s->item[i].live && s->item[i].next_expiry_ms <= now_ms;
	s->version += stale;
	pthread_mutex_unlock(&s->lock);
	return stale;
}

/* ---- snapshots ------------------------------------------------------------------------------ */

static void count_expiry(struct stored *i, int64_t now_ms)
{
	i->expired = 0;
	i->next_expiry_ms = INT64_MAX;
	for (size_t k = 0; part_expires(i->full) && k < part_count(i->full); k++) {
		int64_t expires_ms = part_at(i->full, k)->expires_ms;
		if (expires_ms && expires_ms <= now_ms)
			i->expired++;
		else if (expires_ms && expires_ms < i->next_expiry_ms)
			i->next_expiry_ms = expires_ms;
	}
}

static enum status build_live(struct stored *i, int64_t now_ms, struct err *e)
{
	struct part_builder *b = part_builder_over(i->full, MAX_PART);
	if (!b)
		return err_set(e, E_NOMEM, "", "out of memory");
	enum status s = OK;
	for (size_t k = 0; s == OK && k < part_count(i->full); k++) {
		const struct product *p = part_at(i->full, k);
		if (p->expires_ms && p->expires_ms <= now_ms)
			s = part_builder_remove(b, p->id, e);
	}
	if (s == OK)
		return part_builder_finish(b, part_generation(i->full), &i->live, e);
	part_builder_free(b);
	return s;
}

static enum status refresh(struct stored *i, int64_t now_ms, struct err *e)
{
	if (i->live && now_ms < i->next_expiry_ms)
		return OK;
	part_unref(i->live);
	i->live = NULL;
	count_expiry(i, now_ms);
	if (i->expired)
		return build_live(i, now_ms, e);
	i->live = part_ref(i->full);
	return OK;
}

bool generation_parse(struct str generation, uint64_t *n_out, uint64_t *changes_out)
{
	int64_t n, changes = 0;
	if (!str_starts(generation, STR("gen-")))
		return false;
	struct str rest = str_sub(generation, 4, generation.n);
	struct str first = str_cut(&rest, '+');
	bool patched = first.n + 4 < generation.n;
	if (!str_int(first, &n) || n < 0 || (patched && (!str_int(rest, &changes) || changes < 0)))
		return false;
	*n_out = (uint64_t)n;
	*changes_out = (uint64_t)changes;
	return true;
}

void generation_write(uint64_t n, uint64_t changes, char out[64])
{
	if (changes)
		snprintf(out, 64, "gen-%llu+%llu", (unsigned long long)n, (unsigned long long)changes);
	else
		snprintf(out, 64, "gen-%llu", (unsigned long long)n);
}

void stock_name_add(struct stock_name *n, const struct catalog_part *p, size_t expired)
{
	uint64_t of, changes;
	if (!generation_parse(part_generation(p), &of, &changes))
		return;
	n->newest = of > n->newest ? of : n->newest;
	n->changes += changes + expired;
}

static enum status view(struct stock *s, int64_t now_ms, struct stock_view *v, struct err *e)
{
	enum status st = OK;
	for (size_t i = 0; st == OK && i < s->count; i++) {
		st = refresh(&s->item[i], now_ms, e);
		if (st != OK)
			break;
		v->expired[v->count] = s->item[i].expired;
		v->part[v->count++] = part_ref(s->item[i].live);
	}
	return st;
}

enum status stock_view(struct stock *s, int64_t now_ms, struct stock_view *out, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	struct stock_view v = {calloc(s->count + 1, sizeof(struct catalog_part *)), calloc(s->count + 1, sizeof(size_t)), 0, s->version};
	enum status st = v.part && v.expired ? view(s, now_ms, &v, e) : err_set(e, E_NOMEM, "", "out of memory");
	pthread_mutex_unlock(&s->lock);
	if (st == OK)
		*out = v;
	else
		stock_view_done(&v);
	return st;
}

void stock_view_done(struct stock_view *v)
{
	for (size_t i = 0; v->part && i < v->count; i++)
		part_unref(v->part[i]);
	free(v->part);
	free(v->expired);
	*v = (struct stock_view){0};
}

/* Only where nothing else has come meanwhile. */
static void swap_folded(struct stock *s, struct catalog_part *old, struct catalog_part *folded)
{
	pthread_mutex_lock(&s->lock);
	struct stored *i = find(s, part_merchant(old)->id);
	if (i && i->full == old) {
		forget(i);
		*i = (struct stored){.full = part_ref(folded)};
	}
	pthread_mutex_unlock(&s->lock);
}

enum status stock_fold(struct stock *s, size_t part, struct err *e)
{
	struct catalog_part **all, *folded;
	size_t n;
	enum status st = stock_all(s, &all, &n, e);
	if (st != OK)
		return st;
	for (size_t i = 0; st == OK && i < n; i++) {
		size_t changes = part_change_count(all[i]);
		if (changes == 0 || (part > 0 && changes * part <= part_base_count(all[i])))
			continue;
		st = part_fold(all[i], &folded, e);
		if (st != OK)
			break;
		swap_folded(s, all[i], folded);
		part_unref(folded);
	}
	stock_all_done(all, n);
	return st;
}

enum status stock_all(struct stock *s, struct catalog_part ***out, size_t *n_out, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	struct catalog_part **part = calloc(s->count + 1, sizeof(struct catalog_part *));
	for (size_t i = 0; part && i < s->count; i++)
		part[i] = part_ref(s->item[i].full);
	*n_out = s->count;
	pthread_mutex_unlock(&s->lock);
	if (!part)
		return err_set(e, E_NOMEM, "", "out of memory");
	*out = part;
	return OK;
}

void stock_all_done(struct catalog_part **parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		part_unref(parts[i]);
	free(parts);
}
