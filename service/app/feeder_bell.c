/* The bell thread: the one user of Redis. The owner of a ledger keeps Redis filled; a node without one follows it.
 * Redis may vanish at any time: nothing waits for it, and what it missed is told again. */
#include "app/feeder_state.h"

#include <stdlib.h>
#include <string.h>

#define OWNER_WAIT_MS 25
#define FOLLOWER_WAIT_MS 500
#define AWAY_PAUSE_MS 50
#define DENIED_PAUSE_MS 1000
#define NAMES_MAX (64u << 20)

/* What Redis is known to hold: parts as they were pushed (owner). */
struct rung {
	struct catalog_part **part;
	size_t count;
};

/* ---- one secret for all nodes --------------------------------------------------------------------------- */

#define MARK STR("secret")

/* What the signing key makes of a fixed text: shows that two nodes have the same one, and nothing else. */
static void mark_of(const struct link_keys *k, char out[65])
{
	struct link_mac m;
	uint8_t raw[32];
	link_mac_init(&m, k, STR("same secret"));
	link_mac_done(&m, raw);
	hex_put(out, raw, sizeof raw);
	out[64] = '\0';
}

static enum status tell_mark(struct feeder *f, struct err *e)
{
	char mark[65];
	mark_of(f->keys, mark);
	return feed_cache_note(f->cache, MARK, str_of(mark), e);
}

/* Links that the owner does not know lead nowhere. A node that has been serving goes on (its secret may just be older by a rotation), a new
 * one does not begin. */
static enum status check_mark(struct feeder *f, struct err *e)
{
	char mark[65];
	struct buf noted;
	mark_of(f->keys, mark);
	buf_init(&noted, 8192);
	enum status s = feed_cache_noted(f->cache, MARK, &noted, e);
	bool differs = s == OK && !str_eq(buf_str(&noted), str_of(mark));
	buf_done(&noted);
	if (!differs)
		return s == E_MISSING ? OK : s;
	log_event(LOG_ERROR, "app", "event=secret_differs note=\"the node with the ledger signs with another secret: give this one the same file\"");
	return feeder_loaded(f) ? OK : err_set(e, E_DENIED, "secret_file", "the node with the ledger signs with another secret");
}

/* ---- owner ------------------------------------------------------------------------------------------ */

/* The merchant's part as it was pushed, or NULL. */
static struct catalog_part *rung_of(const struct rung *r, const struct catalog_part *p)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_eq(part_merchant(r->part[i])->id, part_merchant(p)->id))
			return r->part[i];
	return NULL;
}

static void rung_done(struct rung *r)
{
	stock_all_done(r->part, r->count);
	*r = (struct rung){0};
}

static bool listed(const struct feed_listing *l, size_t n, const struct catalog_part *p)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(l[i].merchant, part_merchant(p)->id))
			return str_eq(l[i].generation, part_generation(p));
	return false;
}

/* Starts from what Redis says it has. */
static enum status compare(struct feeder *f, struct rung *r, struct arena *a, struct err *e)
{
	struct feed_listing *l;
	size_t n, count;
	struct catalog_part **part;
	enum status s = tell_mark(f, e);
	if (s == OK)
		s = feed_cache_list(f->cache, a, &l, &n, e);
	if (s == OK)
		s = stock_all(f->stock, &part, &count, e);
	if (s != OK)
		return s;
	rung_done(r);
	r->part = part;
	for (size_t i = 0; i < count; i++)
		if (listed(l, n, part[i]))
			r->part[r->count++] = part[i];
		else
			part_unref(part[i]);
	return OK;
}

/* Pushes every part that Redis does not have. Those that went through are rung even when a later one fails. */
static enum status ring(struct feeder *f, struct rung *r, struct err *e)
{
	struct catalog_part **part;
	size_t n;
	enum status s = stock_all(f->stock, &part, &n, e);
	if (s != OK)
		return s;
	struct rung now = {part, 0};
	for (size_t i = 0; i < n; i++) {
		struct catalog_part *old = rung_of(r, part[i]);
		bool there = old && str_eq(part_generation(old), part_generation(part[i]));
		if (!there && s == OK) {
			s = feed_cache_put(f->cache, old, part[i], e);
			there = s == OK;
			metric_add(METRIC_REDIS_REFILLS, there);
		}
		if (there)
			now.part[now.count++] = part[i];
		else
			part_unref(part[i]);
	}
	rung_done(r);
	*r = now;
	return s;
}

static enum status own_turn(struct feeder *f, struct rung *r, bool *look_again, struct arena *a, struct err *e)
{
	struct str *name;
	size_t n;
	bool all = false;
	enum status s = feed_cache_wait(f->cache, OWNER_WAIT_MS, a, &name, &n, &all, e);
	if (s != OK && s != E_BUSY)
		return s;
	*look_again |= s == OK && all;
	s = *look_again ? compare(f, r, a, e) : OK;
	if (s == OK) {
		*look_again = false;
		s = ring(f, r, e);
	}
	return s;
}

/* ---- follower ---------------------------------------------------------------------------------------- */

static enum status fetch(struct feeder *f, struct str merchant, struct err *e)
{
	struct catalog_part *part, *old = stock_get(f->stock, merchant);
	enum status s = feed_cache_get(f->cache, merchant, old, f->max_part, &part, e);
	if (s != OK) {
		part_unref(old);
		return s == E_MISSING ? OK : s; /* it was flushed meanwhile: what is on the shelf stays */
	}
	bool same = old && str_eq(part_generation(old), part_generation(part));
	part_unref(old);
	if (same) {
		part_unref(part);
		return OK;
	}
	metric_add(METRIC_REDIS_CHANGES, 1);
	return stock_put(f->stock, part, e);
}

/* An empty or half-filled Redis takes nothing off the shelf: retired merchants are told as parts without products. */
static enum status fetch_all(struct feeder *f, struct arena *a, bool *any, struct err *e)
{
	struct feed_listing *l;
	size_t n;
	enum status s = feed_cache_list(f->cache, a, &l, &n, e);
	for (size_t i = 0; s == OK && i < n; i++) {
		struct catalog_part *old = stock_get(f->stock, l[i].merchant);
		bool same = old && str_eq(part_generation(old), l[i].generation);
		part_unref(old);
		if (!same)
			s = fetch(f, l[i].merchant, e);
	}
	*any = s == OK && n > 0;
	return s;
}

static enum status follow_turn(struct feeder *f, bool *look_again, struct arena *a, struct err *e)
{
	struct str *name = NULL;
	size_t n = 0;
	bool all = false, any = feeder_loaded(f);
	enum status s = feed_cache_wait(f->cache, FOLLOWER_WAIT_MS, a, &name, &n, &all, e);
	if (s != OK && s != E_BUSY)
		return s;
	if (s == E_BUSY)
		n = 0;
	else
		*look_again |= all;
	bool whole = *look_again;
	*look_again = true; /* until this turn has gone well: a change that was heard is not lost */
	s = whole ? check_mark(f, e) : OK;
	if (s == OK && whole)
		s = fetch_all(f, a, &any, e);
	for (size_t i = 0; s == OK && !whole && i < n; i++)
		s = fetch(f, name[i], e);
	if (s == OK)
		s = feeder_publish(f, STR_NONE, e);
	if (s != OK)
		return s;
	*look_again = false;
	if (any || n)
		feeder_set_loaded(f);
	return OK;
}

/* ---- both ----------------------------------------------------------------------------------------------- */

enum { COUNTS_AT_ONCE = 500 };

static void hear_total(void *arg, int64_t day, const struct feed_counter *t, bool told)
{
	struct caps_count c = {.n = t->n};
	_Static_assert(sizeof c.key == sizeof t->key, "one key");
	memcpy(c.key, t->key, sizeof c.key);
	caps_total(arg, day, &c, told);
}

/* What was counted here goes to Redis, what others have counted comes back. */
static enum status share_caps(struct feeder *f, struct err *e)
{
	struct caps_count mine[COUNTS_AT_ONCE];
	struct feed_counter count[COUNTS_AT_ONCE];
	struct caps *caps = shelf_slot_caps(f->slot);
	int64_t day, today = now_ms() / 86400000;
	size_t n = caps_take(caps, &day, mine, COUNTS_AT_ONCE);
	for (size_t i = 0; i < n; i++) {
		memcpy(count[i].key, mine[i].key, sizeof count[i].key);
		count[i].n = mine[i].n;
	}
	enum status s = feed_cache_count(f->cache, n ? day : today, count, n, hear_total, caps, e);
	if (s != OK)
		caps_give_back(caps, day, mine, n);
	return s;
}

static void note_state(struct feeder *f, bool *was_up, const struct err *e)
{
	bool up = feed_cache_up(f->cache);
	char text[512];
	metric_set(METRIC_REDIS_UP, up);
	if (up != *was_up)
		log_event(up ? LOG_INFO : LOG_WARN, "app", "event=redis_%s text=%s", up ? "up" : "away",
			log_quote(up ? STR("") : str_of(e->text), text, sizeof text));
	*was_up = up;
}

void *feeder_bell_run(void *feeder)
{
	struct feeder *f = feeder;
	struct rung rung = {0};
	bool up = false, look_again = true;
	struct arena *a = arena_new(NAMES_MAX);
	while (f->ledger && !feeder_loaded(f) && !feeder_pause(f, OWNER_WAIT_MS))
		;
	while (a && !feeder_pause(f, 0)) {
		struct err e = {0};
		arena_reset(a);
		enum status s = f->ledger ? own_turn(f, &rung, &look_again, a, &e) : follow_turn(f, &look_again, a, &e);
		if (s == OK)
			s = share_caps(f, &e);
		note_state(f, &up, &e);
		if (s != OK)
			feeder_pause(f, s == E_DENIED ? DENIED_PAUSE_MS : AWAY_PAUSE_MS);
	}
	rung_done(&rung);
	arena_free(a);
	return NULL;
}
