/* The shelf: catalog, indexes, rules and keys, published together and counted. */
#include "flow/candidate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- our own direct links ------------------------------------------------------------ */

static int by_hash(const void *a, const void *b)
{
	const struct shelf_alias *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->product > y->product) - (x->product < y->product);
}

static bool is_direct(const struct shelf *s, const struct product *p)
{
	return !s->public_url[0] || link_is_direct(catalog_merchant_of(s->catalog, p), p->url);
}

static bool clean(const struct shelf *s, const struct product *p, struct buf *out)
{
	buf_clear(out);
	return link_clean(s->rules->networks, catalog_merchant_of(s->catalog, p), p->url, out, NULL) == OK && !out->failed;
}

static enum status put_alias(struct shelf *s, size_t *cap, uint32_t product, struct buf *cleaned)
{
	const struct product *p = catalog_product(s->catalog, product);
	if (!p || !is_direct(s, p) || !clean(s, p, cleaned) || str_eq(buf_str(cleaned), p->url))
		return OK;
	if (s->alias_count == *cap) {
		size_t more = *cap ? 2 * *cap : 64;
		struct shelf_alias *alias = realloc(s->alias, more * sizeof *alias);
		if (!alias)
			return E_NOMEM;
		s->alias = alias;
		*cap = more;
	}
	s->alias[s->alias_count++] = (struct shelf_alias){hash_bytes(buf_str(cleaned), 0), product};
	return OK;
}

/* Products that are linked directly and whose cleaned URL is not the one in the catalog. */
static enum status index_aliases(struct shelf *s, const uint32_t *touched, size_t touched_count, uint32_t from)
{
	struct buf cleaned;
	size_t cap = 0;
	enum status st = OK;
	buf_init(&cleaned, 1u << 16);
	for (size_t i = 0; st == OK && i < touched_count; i++)
		st = put_alias(s, &cap, touched[i], &cleaned);
	for (uint32_t i = from; st == OK && i < catalog_numbers(s->catalog); i++)
		st = put_alias(s, &cap, i, &cleaned);
	buf_done(&cleaned);
	if (s->alias_count)
		qsort(s->alias, s->alias_count, sizeof *s->alias, by_hash);
	return st;
}

/* The first in order of the aliases that s now has such a product for; or best. */
static uint32_t find_alias(const struct shelf *s, const struct shelf *table, const struct merchant *m, struct str cleaned, struct buf *b, uint32_t best)
{
	uint64_t hash = hash_bytes(cleaned, 0);
	size_t lo = 0, hi = table->alias_count;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (table->alias[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < table->alias_count && table->alias[lo].hash == hash; lo++) {
		uint32_t i = table->alias[lo].product;
		const struct product *p = catalog_product(s->catalog, i);
		if (!p || catalog_merchant_of(s->catalog, p) != m || !clean(s, p, b) || !str_eq(buf_str(b), cleaned))
			continue;
		if (best == PRODUCT_NONE || catalog_before(s->catalog, i, best))
			best = i;
	}
	return best;
}

uint32_t shelf_find_url(const struct shelf *s, const struct merchant *m, struct str cleaned)
{
	uint32_t found = catalog_find_url(s->catalog, cleaned);
	if (found != PRODUCT_NONE && catalog_merchant_of(s->catalog, catalog_product(s->catalog, found)) == m)
		return found;
	struct buf b;
	buf_init(&b, 1u << 16);
	found = find_alias(s, s, m, cleaned, &b, PRODUCT_NONE);
	if (s->base && !s->alias_whole)
		found = find_alias(s, s->base, m, cleaned, &b, found);
	buf_done(&b);
	return found;
}

/* ---- what may be linked at all ----------------------------------------------------------- */

static bool has_han(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0xe4 && (unsigned char)s.p[i] <= 0xe9)
			return true;
	return false;
}

static enum standing judge_product(const struct shelf *s, const struct product *p)
{
	const struct merchant *m = catalog_merchant_of(s->catalog, p);
	const struct place_policy *policy = s->rules->policy;
	if (m->paused || m->retired || link_refuses(s->rules->networks, m, p->url, place_limits(policy)->amazon_allowed) != LINK_FINE)
		return STANDING_OFF;
	return place_blocks_merchant(policy, m->id) || place_blocks_category(policy, p->category) ? STANDING_BLOCKED : STANDING_FINE;
}

static void judge_one(struct shelf *s, uint32_t i)
{
	const struct product *p = catalog_product(s->catalog, i);
	s->standing[i] = (uint8_t)(p ? judge_product(s, p) | (has_han(p->title) ? STANDING_HAN : 0) : STANDING_OFF);
}

/* Once a shelf: URL checks are dear, and a phrase may have thousands of products behind it. */
static enum status judge_products(struct shelf *s)
{
	size_t n = catalog_numbers(s->catalog);
	s->standing = malloc(n ? n : 1);
	for (uint32_t i = 0; s->standing && i < n; i++)
		judge_one(s, i);
	return s->standing ? OK : E_NOMEM;
}

enum standing shelf_standing(const struct shelf *s, const struct product *p)
{
	return (enum standing)(s->standing[catalog_number(s->catalog, p)] & ~STANDING_HAN);
}

bool shelf_title_is_han(const struct shelf *s, const struct product *p)
{
	return s->standing[catalog_number(s->catalog, p)] & STANDING_HAN;
}

/* ---- making, counting ------------------------------------------------------------------ */

/* What a token can be put behind, and what can stand in a Markdown link: no query, no fragment, nothing that ends a link. */
enum status shelf_check_url(struct str url, struct err *e)
{
	struct err why = {0};
	if (url.n == 0)
		return OK;
	if (link_url_check(url, NULL, &why) != OK)
		return err_set(e, E_INPUT, "public_url", "%s", why.text);
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] >= 0x80 || strchr("?#()<>\"'`|*~$&", url.p[i]))
			return err_set(e, E_INPUT, "public_url", "must be https://HOST, with a port and a path at most");
	return OK;
}

static struct shelf *shelf_make(struct catalog *c, struct flow_rules *r, const struct link_keys *keys, struct str public_url)
{
	struct shelf *s = calloc(1, sizeof *s);
	while (str_ends(public_url, STR("/")))
		public_url.n--;
	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->catalog = catalog_ref(c);
	s->rules = flow_rules_ref(r);
	s->keys = keys;
	s->public_url = strndup(public_url.n ? public_url.p : "", public_url.n);
	if (s->public_url)
		return s;
	shelf_unref(s);
	return NULL;
}

static enum status shelf_made(struct shelf *s, enum status st, struct shelf **out)
{
	if (st == OK)
		*out = s;
	else
		shelf_unref(s);
	return st;
}

enum status shelf_new(struct catalog *c, struct flow_rules *r, const struct link_keys *keys, struct str public_url, uint64_t seed, struct shelf **out,
	struct err *e)
{
	struct shelf *s = shelf_make(c, r, keys, public_url);
	if (!s)
		return err_set(e, E_NOMEM, "", "out of memory");
	enum status st = weigh_rules(r->matching, s, e);
	if (st == OK)
		st = match_index_new(c, r->matching, seed, &s->match, e);
	if (st == OK && (judge_products(s) != OK || index_aliases(s, NULL, 0, 0) != OK))
		st = err_set(e, E_NOMEM, "", "out of memory");
	return shelf_made(s, st, out);
}

/* ---- over another ------------------------------------------------------------------------- */

static bool same_merchants(const struct catalog *c)
{
	const struct catalog *base = catalog_base(c);
	for (size_t i = 0; i < catalog_merchant_count(c); i++)
		if (catalog_merchant(c, i) != catalog_merchant(base, i))
			return false;
	return true;
}

static enum status judge_over(struct shelf *s, const uint32_t *touched, size_t n)
{
	size_t base = catalog_base_numbers(s->catalog), all = catalog_numbers(s->catalog);
	s->standing = malloc(all ? all : 1);
	if (!s->standing)
		return E_NOMEM;
	memcpy(s->standing, s->base->standing, base);
	for (size_t i = 0; i < n; i++)
		judge_one(s, touched[i]);
	for (uint32_t i = (uint32_t)base; i < all; i++)
		judge_one(s, i);
	return OK;
}

enum status shelf_over(struct shelf *base, struct catalog *c, struct shelf **out, struct err *e)
{
	struct shelf *s = shelf_make(c, base->rules, base->keys, str_of(base->public_url));
	size_t n;
	const uint32_t *touched = catalog_touched(c, &n);
	if (!s)
		return err_set(e, E_NOMEM, "", "out of memory");
	s->base = shelf_ref(base);
	s->alias_whole = !same_merchants(c);
	enum status st = weigh_rules(s->rules->matching, s, e), room = OK;
	if (st == OK)
		st = match_index_over(base->match, c, &s->match, e);
	if (st == OK && s->alias_whole) {
		room = judge_products(s);
		room = room == OK ? index_aliases(s, NULL, 0, 0) : room;
	} else if (st == OK) {
		room = judge_over(s, touched, n);
		room = room == OK ? index_aliases(s, touched, n, (uint32_t)catalog_base_numbers(c)) : room;
	}
	return shelf_made(s, room == OK ? st : err_set(e, E_NOMEM, "", "out of memory"), out);
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
	shelf_unref(s->base);
	catalog_unref(s->catalog);
	flow_rules_unref(s->rules);
	free(s->public_url);
	free(s->alias);
	free(s->standing);
	free(s);
}

enum status shelf_with_rules(const struct shelf *s, struct flow_rules *r, struct shelf **out, struct err *e)
{
	struct shelf *base;
	if (!s->base)
		return shelf_new(s->catalog, r, s->keys, str_of(s->public_url), 0, out, e);
	enum status st = shelf_with_rules(s->base, r, &base, e);
	if (st != OK)
		return st;
	st = shelf_over(base, s->catalog, out, e);
	shelf_unref(base);
	return st;
}

const struct catalog *shelf_catalog(const struct shelf *s)
{
	return s->catalog;
}

const struct flow_rules *shelf_rules(const struct shelf *s)
{
	return s->rules;
}

bool shelf_wants_question(const struct shelf *s)
{
	return !place_limits(s->rules->policy)->without_question;
}

struct shelf_slot {
	struct caps *caps;
	pthread_mutex_t lock; /* held for a pointer copy and a count only */
	struct shelf *now;
};

struct shelf_slot *shelf_slot_new(void)
{
	struct shelf_slot *slot = calloc(1, sizeof *slot);
	struct caps *caps = slot ? caps_new() : NULL;
	if (!caps) {
		free(slot);
		return NULL;
	}
	slot->caps = caps;
	pthread_mutex_init(&slot->lock, NULL);
	return slot;
}

void shelf_slot_free(struct shelf_slot *slot)
{
	if (!slot)
		return;
	shelf_unref(slot->now);
	caps_free(slot->caps);
	pthread_mutex_destroy(&slot->lock);
	free(slot);
}

struct caps *shelf_slot_caps(struct shelf_slot *slot)
{
	return slot->caps;
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
	s->caps = slot->caps;
	slot->now = s;
	pthread_mutex_unlock(&slot->lock);
	shelf_unref(old);
}
