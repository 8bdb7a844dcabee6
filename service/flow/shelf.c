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

/* Products that are linked directly and whose cleaned URL is not the one in the catalog. */
static enum status index_aliases(struct shelf *s)
{
	struct buf cleaned;
	size_t cap = 0;
	enum status st = OK;
	buf_init(&cleaned, 1u << 16);
	for (uint32_t i = 0; st == OK && i < catalog_count(s->catalog); i++) {
		const struct product *p = catalog_product(s->catalog, i);
		if (!is_direct(s, p) || !clean(s, p, &cleaned) || str_eq(buf_str(&cleaned), p->url))
			continue;
		if (s->alias_count == cap) {
			cap = cap ? 2 * cap : 64;
			struct shelf_alias *more = realloc(s->alias, cap * sizeof *more);
			st = more ? OK : E_NOMEM;
			s->alias = more ? more : s->alias;
		}
		if (st == OK)
			s->alias[s->alias_count++] = (struct shelf_alias){hash_bytes(buf_str(&cleaned), 0), i};
	}
	buf_done(&cleaned);
	if (s->alias_count)
		qsort(s->alias, s->alias_count, sizeof *s->alias, by_hash);
	return st;
}

uint32_t shelf_find_url(const struct shelf *s, const struct merchant *m, struct str cleaned)
{
	uint32_t found = catalog_find_url(s->catalog, cleaned);
	if (found != PRODUCT_NONE && catalog_merchant_of(s->catalog, catalog_product(s->catalog, found)) == m)
		return found;
	uint64_t hash = hash_bytes(cleaned, 0);
	size_t lo = 0, hi = s->alias_count;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (s->alias[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	struct buf b;
	buf_init(&b, 1u << 16);
	found = PRODUCT_NONE;
	for (; found == PRODUCT_NONE && lo < s->alias_count && s->alias[lo].hash == hash; lo++) {
		const struct product *p = catalog_product(s->catalog, s->alias[lo].product);
		if (catalog_merchant_of(s->catalog, p) == m && clean(s, p, &b) && str_eq(buf_str(&b), cleaned))
			found = s->alias[lo].product;
	}
	buf_done(&b);
	return found;
}

/* ---- what may be linked at all ----------------------------------------------------------- */

static enum standing judge_product(const struct shelf *s, const struct product *p)
{
	const struct merchant *m = catalog_merchant_of(s->catalog, p);
	const struct place_policy *policy = s->rules->policy;
	if (m->paused || m->retired || link_refuses(s->rules->networks, m, p->url, place_limits(policy)->amazon_allowed) != LINK_FINE)
		return STANDING_OFF;
	return place_blocks_merchant(policy, m->id) || place_blocks_category(policy, p->category) ? STANDING_BLOCKED : STANDING_FINE;
}

/* Once a shelf: URL checks are dear, and a phrase may have thousands of products behind it. */
static enum status judge_products(struct shelf *s)
{
	size_t n = catalog_count(s->catalog);
	s->standing = malloc(n ? n : 1);
	for (uint32_t i = 0; s->standing && i < n; i++)
		s->standing[i] = (uint8_t)judge_product(s, catalog_product(s->catalog, i));
	return s->standing ? OK : E_NOMEM;
}

enum standing shelf_standing(const struct shelf *s, const struct product *p)
{
	return (enum standing)s->standing[catalog_number(s->catalog, p)];
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
	enum status st = weigh_rules(r->matching, s, e);
	if (st == OK)
		st = match_index_new(c, r->matching, seed, &s->match, e);
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
	st = judge_products(s);
	if (st == OK)
		st = index_aliases(s);
	if (st != OK) {
		shelf_unref(s);
		return err_set(e, st, "", "out of memory");
	}
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
	free(s->alias);
	free(s->standing);
	free(s);
}

enum status shelf_with_rules(const struct shelf *s, struct flow_rules *r, struct shelf **out, struct err *e)
{
	return shelf_new(s->catalog, r, s->keys, str_of(s->public_url), 0, out, e);
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
