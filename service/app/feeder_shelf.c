/* Shelves: what the stock holds is laid over a base, which costs what has changed; a new base is built beside serving when much has, or
 * what has changed cannot be laid over the old one. Until it is there, the rest is laid over the old one. */
#include "app/feeder_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SMALL 20000    /* products; below, texts that change are counted at once: a new base costs little */
#define FOLD_PART 50   /* one product in so many has changed: time for a new base */
#define LAID_PART 8    /* more than one in so many is not laid but built */
#define LAID_LEAST 2000
#define IDLE 19        /* niceness of rebuilding a large base */

/* ---- laying ---------------------------------------------------------------------------------------- */

struct laying {
	struct catalog *base;
	struct catalog_part **part; /* references, in the order of base's */
	size_t count;
	struct stock_name now, below;
	bool whole; /* everything of the view is in it */
	bool worn;  /* some part has another store than base's */
};

static size_t find_part(const struct stock_view *v, struct str merchant)
{
	size_t i = 0;
	while (i < v->count && !str_eq(part_merchant(v->part[i])->id, merchant))
		i++;
	return i;
}

/* What can be shown of a merchant until there is a base for what he has now. */
static struct catalog_part *part_shown(const struct catalog *shown, struct catalog_part *below)
{
	struct catalog_part *p = shown ? catalog_part_by_id(shown, part_merchant(below)->id) : NULL;
	return part_ref(p && part_shares(p, below) ? p : below);
}

static enum status lay_part(struct laying *l, const struct stock_view *v, const struct catalog *shown, struct catalog_part *below, struct err *e)
{
	size_t at = find_part(v, part_merchant(below)->id), most = part_base_count(below) / LAID_PART + LAID_LEAST;
	struct catalog_part *p;
	enum status s = at < v->count ? part_onto(below, v->part[at], most, &p, e) : E_CONFLICT;
	if (s == E_CONFLICT)
		p = part_shown(shown, below);
	else if (s != OK)
		return s;
	l->whole &= s == OK;
	l->worn |= s == OK && !part_shares(v->part[at], below);
	stock_name_add(&l->now, p, s == OK ? v->expired[at] : 0);
	stock_name_add(&l->below, below, 0);
	l->part[l->count++] = p;
	return OK;
}

static enum status lay_parts(struct laying *l, const struct stock_view *v, const struct catalog *shown, struct err *e)
{
	size_t n = catalog_merchant_count(l->base);
	enum status s = OK;
	l->part = calloc(n + 1, sizeof(struct catalog_part *));
	if (!l->part)
		return err_set(e, E_NOMEM, "", "out of memory");
	l->whole = n == v->count;
	for (size_t i = 0; s == OK && i < n; i++)
		s = lay_part(l, v, shown, catalog_part(l->base, i), e);
	return s;
}

static void laying_done(struct laying *l)
{
	for (size_t i = 0; l->part && i < l->count; i++)
		part_unref(l->part[i]);
	free(l->part);
}

/* Products that the base has and this has not, or that read differently, or are new. */
static size_t texts_laid(const struct catalog *c)
{
	size_t base = catalog_base_numbers(c), extra = catalog_numbers(c) - base;
	return extra + base - (catalog_count(c) - extra);
}

/* Where texts are laid, answers depend on what was counted in the base too. */
static void name_laid(const struct laying *l, bool texts, char out[160])
{
	char now[64], below[64];
	generation_write(l->now.newest, l->now.changes, now);
	generation_write(l->below.newest, l->below.changes, below);
	snprintf(out, 160, texts ? "%s~%s" : "%s", now, below);
}

static enum status over(struct laying *l, struct str name, struct catalog **out, struct err *e)
{
	char made[160];
	name_laid(l, false, made);
	enum status s = catalog_over(l->base, l->part, l->count, name.n ? name : str_of(made), out, e);
	if (s != OK || name.n || texts_laid(*out) == 0)
		return s;
	catalog_unref(*out);
	name_laid(l, true, made);
	return catalog_over(l->base, l->part, l->count, str_of(made), out, e);
}

/* ---- publishing ------------------------------------------------------------------------------------- */

static void publish(struct feeder *f, struct shelf *s, int64_t started)
{
	const struct catalog *c = shelf_catalog(s);
	metric_set(METRIC_CATALOG_PRODUCTS, (int64_t)catalog_count(c));
	metric_add(METRIC_CATALOG_BUILDS, 1);
	metric_observe_us(METRIC_CATALOG_SECONDS, mono_us() - started);
	log_event(LOG_INFO, "app", "event=shelf catalog=%.*s products=%zu merchants=%zu us=%lld", STR_ARG(catalog_name(c)), catalog_count(c),
		catalog_merchant_count(c), (long long)(mono_us() - started));
	shelf_publish(f->slot, s);
	f->published = true;
}

static bool is_base(const struct catalog *c, const struct catalog *base)
{
	size_t touched;
	catalog_touched(c, &touched);
	bool same = touched == 0 && catalog_numbers(c) == catalog_numbers(base) && str_eq(catalog_name(c), catalog_name(base));
	for (size_t i = 0; same && i < catalog_merchant_count(c); i++)
		same = catalog_merchant(c, i) == catalog_merchant(base, i) &&
		       str_eq(part_generation(catalog_part(c, i)), part_generation(catalog_part(base, i)));
	return same;
}

static enum status publish_over(struct feeder *f, struct catalog *c, int64_t started, struct err *e)
{
	struct shelf *s;
	enum status st = OK;
	if (is_base(c, shelf_catalog(f->base)))
		s = shelf_ref(f->base);
	else
		st = shelf_over(f->base, c, &s, e);
	if (st == OK)
		publish(f, s, started);
	return st;
}

/* The build lock is held. *whole_out: everything of v is published now. */
static enum status lay(struct feeder *f, const struct stock_view *v, struct str name, bool *whole_out, struct err *e)
{
	int64_t started = mono_us();
	struct shelf *shown = shelf_get(f->slot);
	struct laying l = {.base = catalog_ref((struct catalog *)(uintptr_t)shelf_catalog(f->base))};
	struct catalog *c = NULL;
	enum status s = lay_parts(&l, v, shown ? shelf_catalog(shown) : NULL, e);
	if (s == OK)
		s = over(&l, name, &c, e);
	if (s == OK) {
		size_t texts = texts_laid(c), base = catalog_base_numbers(c);
		bool small = base < SMALL, much = texts > (small ? 0 : base / LAID_PART + LAID_LEAST);
		*whole_out = l.whole && !much && !f->base_old;
		if (!much && (*whole_out || !small))
			s = publish_over(f, c, started, e);
		f->folding |= *whole_out && (l.worn || texts * FOLD_PART > base);
	}
	if (f->folding)
		pthread_cond_broadcast(&f->settled);
	catalog_unref(c);
	catalog_unref(l.base);
	laying_done(&l);
	shelf_unref(shown);
	return s;
}

/* ---- a base --------------------------------------------------------------------------------------------- */

static size_t view_products(const struct stock_view *v)
{
	size_t n = 0;
	for (size_t i = 0; i < v->count; i++)
		n += part_count(v->part[i]);
	return n;
}

/* Few changes stay what they are; many, or any of a small shelf, become part of the base. */
static enum status base_parts(struct stock_view *v, struct err *e)
{
	bool small = view_products(v) < SMALL;
	enum status s = OK;
	for (size_t i = 0; s == OK && i < v->count; i++) {
		struct catalog_part *p = v->part[i], *below;
		bool fold = small || part_change_count(p) * FOLD_PART > part_base_count(p);
		s = fold ? part_fold(p, &below, e) : part_base(p, &below, e);
		if (s != OK)
			break;
		v->part[i] = below;
		v->expired[i] = fold ? v->expired[i] : 0;
		part_unref(p);
	}
	return s;
}

static enum status base_catalog(struct feeder *f, struct catalog **out, struct err *e)
{
	struct stock_view v;
	struct stock_name name = {0};
	char made[64];
	enum status s = stock_fold(f->stock, FOLD_PART, e);
	if (s == OK)
		s = stock_view(f->stock, now_ms(), &v, e);
	if (s != OK)
		return s;
	s = base_parts(&v, e);
	for (size_t i = 0; s == OK && i < v.count; i++)
		stock_name_add(&name, v.part[i], v.expired[i]);
	generation_write(name.newest, name.changes, made);
	if (s == OK)
		s = catalog_new(v.part, v.count, str_of(made), out, e);
	stock_view_done(&v);
	return s;
}

/* The build lock is held, and let go meanwhile. */
static enum status build_base(struct feeder *f, struct err *e)
{
	struct flow_rules *rules = flow_rules_ref(f->rules);
	char url[URL_TEXT];
	struct catalog *c;
	struct shelf *base = NULL, *old = NULL;
	snprintf(url, sizeof url, "%s", f->public_url);
	f->building = true;
	f->folding = f->base_old = false;
	pthread_mutex_unlock(&f->build);
	enum status s = base_catalog(f, &c, e);
	if (s == OK) {
		s = shelf_new(c, rules, f->keys, str_of(url), f->seed, &base, e);
		catalog_unref(c);
	}
	flow_rules_unref(rules);
	pthread_mutex_lock(&f->build);
	f->building = false;
	if (s == OK) {
		old = f->base;
		f->base = base;
	} else {
		f->base_old = true;
		f->failures++;
	}
	pthread_cond_broadcast(&f->settled);
	shelf_unref(old);
	return s;
}

static size_t base_size(struct feeder *f)
{
	struct stock_view v;
	if (stock_view(f->stock, now_ms(), &v, NULL) != OK)
		return 0;
	size_t n = view_products(&v);
	stock_view_done(&v);
	return n;
}

/* A large base beside a shelf that serves is the folder's work, which leaves others the machine. */
static enum status get_base(struct feeder *f, struct err *e)
{
	if (f->building) {
		pthread_cond_wait(&f->settled, &f->build);
		return OK;
	}
	if (!f->base || !feeder_loaded(f) || !f->has_folder || base_size(f) < SMALL)
		return build_base(f, e);
	unsigned failures = f->failures;
	f->folding = true;
	pthread_cond_broadcast(&f->settled);
	pthread_cond_wait(&f->settled, &f->build);
	if (f->failures != failures)
		return err_set(e, E_NOMEM, "", "the index of the catalog could not be built");
	return feeder_pause(f, 0) ? err_set(e, E_BUSY, "", "the service stops") : OK;
}

/* The build lock is held. */
static enum status publish_once(struct feeder *f, struct str name, bool *whole_out, struct err *e)
{
	struct stock_view v;
	enum status s = stock_view(f->stock, now_ms(), &v, e);
	if (s != OK)
		return s;
	*whole_out = false;
	if (f->base)
		s = lay(f, &v, name, whole_out, e);
	if (s == OK && *whole_out)
		f->built = v.version;
	stock_view_done(&v);
	return s;
}

enum status feeder_publish(struct feeder *f, struct str name, struct err *e)
{
	uint64_t wanted = stock_version(f->stock);
	enum status s = OK;
	pthread_mutex_lock(&f->build);
	for (bool done = f->published && f->built >= wanted && !name.n; s == OK && !done;) {
		s = publish_once(f, name, &done, e);
		done |= f->published && f->built >= wanted && !name.n;
		if (s == OK && !done)
			s = get_base(f, e);
	}
	pthread_mutex_unlock(&f->build);
	return s;
}

/* ---- the folder -------------------------------------------------------------------------------------------- */

void *feeder_fold_run(void *feeder)
{
	struct feeder *f = feeder;
	struct err e = {0};
	bool whole;
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), IDLE);
	pthread_mutex_lock(&f->build);
	while (!feeder_pause(f, 0)) {
		if (!f->folding || f->building) {
			pthread_cond_wait(&f->settled, &f->build);
			continue;
		}
		enum status s = build_base(f, &e);
		if (s == OK)
			s = publish_once(f, STR_NONE, &whole, &e);
		if (s != OK)
			feeder_log_error("fold_failed", STR_NONE, &e);
		pthread_cond_broadcast(&f->settled);
	}
	pthread_mutex_unlock(&f->build);
	return NULL;
}

void feeder_fold_stop(struct feeder *f)
{
	pthread_mutex_lock(&f->build);
	pthread_cond_broadcast(&f->settled);
	pthread_mutex_unlock(&f->build);
}
