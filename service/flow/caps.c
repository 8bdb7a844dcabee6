/* Counts of links shown today, by reader, by merchant, and by both: a mirror that nodes share through Redis, where there is one. Keys are
 * hashes. One day is kept: an older one is forgotten when the first count of a new one comes. */
#include "flow/caps.h"

#include "link/link.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define TODAY INT64_C(-1) /* of a door without a clock: the latest day that was counted on */
enum { CAPS_FIRST = 1024, CAPS_MAX = 1 << 20 }; /* past it new readers are not counted: they are shown links */

struct cap_entry {
	uint8_t key[CAPS_KEY];
	int64_t total, pending; /* total includes pending: what Redis has not been told yet */
};
struct caps {
	pthread_mutex_t lock;
	int64_t day;
	struct cap_entry *entry;
	uint32_t *slot; /* entry + 1 */
	size_t n, cap;
	size_t hand; /* where the search for pending ones goes on */
};

/* ---- the table ------------------------------------------------------------------------------------- */

struct caps *caps_new(void)
{
	struct caps *c = calloc(1, sizeof *c);
	if (c)
		pthread_mutex_init(&c->lock, NULL);
	return c;
}

void caps_free(struct caps *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c->entry);
	free(c->slot);
	free(c);
}

static size_t slot_of(const struct caps *c, const uint8_t key[CAPS_KEY])
{
	uint64_t h;
	memcpy(&h, key, sizeof h);
	size_t mask = c->cap * 2 - 1, i = (size_t)h & mask;
	while (c->slot[i] && memcmp(c->entry[c->slot[i] - 1].key, key, CAPS_KEY) != 0)
		i = (i + 1) & mask;
	return i;
}

static bool grow(struct caps *c)
{
	size_t cap = c->cap ? c->cap * 2 : CAPS_FIRST;
	struct cap_entry *entry = cap > CAPS_MAX ? NULL : realloc(c->entry, cap * sizeof *entry);
	uint32_t *slot = entry ? calloc(cap * 2, sizeof *slot) : NULL;
	c->entry = entry ? entry : c->entry;
	if (!slot)
		return false;
	free(c->slot);
	c->slot = slot;
	c->cap = cap;
	for (size_t i = 0; i < c->n; i++)
		slot[slot_of(c, entry[i].key)] = (uint32_t)i + 1;
	return true;
}

static void turn_day(struct caps *c, int64_t day)
{
	if (day <= c->day)
		return;
	c->day = day;
	c->n = c->hand = 0;
	if (c->slot)
		memset(c->slot, 0, c->cap * 2 * sizeof *c->slot);
}

static struct cap_entry *entry_of(struct caps *c, const uint8_t key[CAPS_KEY])
{
	if (c->n == c->cap && !grow(c))
		return c->cap && c->slot[slot_of(c, key)] ? &c->entry[c->slot[slot_of(c, key)] - 1] : NULL;
	if (!c->entry)
		return NULL;
	size_t i = slot_of(c, key);
	if (!c->slot[i]) {
		c->entry[c->n] = (struct cap_entry){0};
		memcpy(c->entry[c->n].key, key, CAPS_KEY);
		c->slot[i] = (uint32_t)++c->n;
	}
	return &c->entry[c->slot[i] - 1];
}

static void add(struct caps *c, int64_t day, const uint8_t key[CAPS_KEY], int64_t n, bool pending)
{
	pthread_mutex_lock(&c->lock);
	turn_day(c, day);
	struct cap_entry *e = day == c->day ? entry_of(c, key) : NULL;
	if (e) {
		e->total += n;
		e->pending += pending ? n : 0;
	}
	pthread_mutex_unlock(&c->lock);
}

static int64_t used(const struct caps *shared, int64_t day, const uint8_t key[CAPS_KEY])
{
	struct caps *c = (struct caps *)(uintptr_t)shared; /* the lock is not part of what is read */
	pthread_mutex_lock(&c->lock);
	bool there = c->cap && (day == TODAY || c->day == day);
	size_t i = there ? slot_of(c, key) : 0;
	int64_t n = there && c->slot[i] ? c->entry[c->slot[i] - 1].total : 0;
	pthread_mutex_unlock(&c->lock);
	return n;
}

/* ---- sharing ------------------------------------------------------------------------------------------- */

size_t caps_take(struct caps *c, int64_t *day_out, struct caps_count *out, size_t n)
{
	size_t taken = 0;
	pthread_mutex_lock(&c->lock);
	*day_out = c->day;
	for (size_t looked = 0; looked < c->n && taken < n; looked++) {
		struct cap_entry *e = &c->entry[c->hand++ % c->n];
		if (!e->pending)
			continue;
		memcpy(out[taken].key, e->key, CAPS_KEY);
		out[taken++].n = e->pending;
		e->pending = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return taken;
}

void caps_give_back(struct caps *c, int64_t day, const struct caps_count *count, size_t n)
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < n && day == c->day; i++) {
		struct cap_entry *e = entry_of(c, count[i].key);
		if (e)
			e->pending += count[i].n;
	}
	pthread_mutex_unlock(&c->lock);
}

void caps_total(struct caps *c, int64_t day, const struct caps_count *count, bool told)
{
	pthread_mutex_lock(&c->lock);
	turn_day(c, day);
	struct cap_entry *e = day == c->day ? entry_of(c, count->key) : NULL;
	int64_t together = e ? count->n + e->pending : 0;
	if (e && together > e->total)
		e->total = together;
	else if (e && told)
		e->pending += e->total - together;
	pthread_mutex_unlock(&c->lock);
}

/* ---- limits and keys -------------------------------------------------------------------------------------- */

enum status caps_read(const struct doc *placement, struct cap_limits *out, struct err *e)
{
	const struct doc *d = doc_get(placement, "caps");
	enum status s = doc_int(d, "user", 0, &out->user, e);
	if (s == OK)
		s = doc_int(d, "user_merchant", 0, &out->user_merchant, e);
	if (s == OK)
		s = doc_int(d, "merchant", 0, &out->merchant, e);
	if (s == OK && (out->user < 0 || out->user_merchant < 0 || out->merchant < 0))
		s = err_set(e, E_INPUT, "caps", "caps are numbers of links a day, 0 for none");
	return s;
}

bool caps_wanted(const struct cap_limits *l)
{
	return l->user || l->user_merchant || l->merchant;
}

static void key_of(const struct ledger_id *user, struct str merchant, uint8_t out[CAPS_KEY])
{
	char room[16 + 256 + 8];
	struct buf b = {.p = room, .cap = sizeof room, .max = sizeof room - 1};
	uint8_t digest[32];
	buf_put(&b, user ? STR("u") : STR("m"));
	if (user)
		buf_put(&b, (struct str){(const char *)user->b, sizeof user->b});
	buf_put(&b, str_sub(merchant, 0, 200));
	link_sha256(buf_str(&b), digest);
	memcpy(out, digest, CAPS_KEY);
}

static bool known(const struct ledger_id *user)
{
	static const struct ledger_id nobody;
	return memcmp(user, &nobody, sizeof nobody) != 0;
}

/* ---- one decision --------------------------------------------------------------------------------------------- */

void caps_look(struct cap_view *v, const struct caps *c, const struct cap_limits *l, struct ledger_id user, int64_t now)
{
	uint8_t key[CAPS_KEY];
	*v = (struct cap_view){.limit = *l, .caps = c && caps_wanted(l) ? c : NULL, .day = now ? now / DAY_MS : TODAY, .user = user, .has_user = known(&user)};
	if (!v->caps || !v->has_user)
		return;
	key_of(&user, STR_NONE, key);
	v->user_used = used(v->caps, v->day, key);
}

static const struct cap_seen *see(struct cap_view *v, struct str merchant)
{
	uint8_t key[CAPS_KEY];
	for (uint32_t i = 0; i < v->seen_count; i++)
		if (str_eq(v->seen[i].merchant, merchant))
			return &v->seen[i];
	if (v->seen_count == CAPS_SEEN)
		return NULL;
	struct cap_seen *s = &v->seen[v->seen_count++];
	*s = (struct cap_seen){.merchant = merchant};
	key_of(NULL, merchant, key);
	s->used = used(v->caps, v->day, key);
	if (!v->has_user)
		return s;
	key_of(&v->user, merchant, key);
	s->user_used = used(v->caps, v->day, key);
	return s;
}

bool caps_allow(struct cap_view *v, struct str merchant, int64_t here)
{
	if (!v->caps || (!v->limit.merchant && !(v->limit.user_merchant && v->has_user)))
		return true;
	const struct cap_seen *s = see(v, merchant);
	if (!s || (v->limit.merchant && s->used + here >= v->limit.merchant))
		return false;
	return !v->limit.user_merchant || !v->has_user || s->user_used + here < v->limit.user_merchant;
}

static void put_pair(struct buf *out, const char *limit_name, int64_t limit, const char *used_name, int64_t n)
{
	buf_printf(out, "\"%s\":%" PRId64 ",\"%s\":%" PRId64, limit_name, limit, used_name, n);
}

void caps_write(const struct cap_view *v, struct buf *out)
{
	const char *comma = "";
	buf_putc(out, '{');
	if (v->caps && v->limit.user && v->has_user) {
		buf_put(out, STR("\"user\":{"));
		put_pair(out, "limit", v->limit.user, "used", v->user_used);
		buf_putc(out, '}');
		comma = ",";
	}
	for (uint32_t i = 0; i < v->seen_count; i++) {
		buf_put(out, i ? STR(",") : STR_NONE);
		if (!i)
			buf_printf(out, "%s\"merchants\":{", comma);
		buf_put_json(out, v->seen[i].merchant);
		buf_put(out, STR(":{"));
		if (v->limit.merchant)
			put_pair(out, "limit", v->limit.merchant, "used", v->seen[i].used);
		if (v->limit.user_merchant && v->has_user) {
			buf_put(out, v->limit.merchant ? STR(",") : STR_NONE);
			put_pair(out, "user_limit", v->limit.user_merchant, "user_used", v->seen[i].user_used);
		}
		buf_putc(out, '}');
	}
	buf_put(out, v->seen_count ? STR("}}") : STR("}"));
}

void caps_record(struct caps *c, const struct cap_limits *l, const struct ledger_insertion *rec)
{
	uint8_t key[CAPS_KEY];
	for (uint32_t i = 0; c && caps_wanted(l) && i < rec->link_count; i++) {
		struct str merchant = str_of(rec->link[i].merchant);
		if (rec->link[i].existing)
			continue;
		key_of(NULL, merchant, key);
		add(c, rec->at_ms / DAY_MS, key, 1, true);
		if (!known(&rec->user_hash))
			continue;
		key_of(&rec->user_hash, merchant, key);
		add(c, rec->at_ms / DAY_MS, key, 1, true);
		key_of(&rec->user_hash, STR_NONE, key);
		add(c, rec->at_ms / DAY_MS, key, 1, true);
	}
}

void caps_recall(struct caps *c, int64_t day, struct ledger_id user, struct str merchant, int64_t n)
{
	uint8_t key[CAPS_KEY];
	key_of(NULL, merchant, key);
	add(c, day, key, n, false);
	if (!known(&user))
		return;
	key_of(&user, merchant, key);
	add(c, day, key, n, false);
	key_of(&user, STR_NONE, key);
	add(c, day, key, n, false);
}
