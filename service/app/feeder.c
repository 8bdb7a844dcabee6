/* The feeder's life: shelves, threads, readiness. */
#include "app/feeder_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLL_MS 200
#define EXPIRY_REST_MS 60000 /* between shelves that only drop what has expired */

/* ---- what shelves depend on ------------------------------------------------------------------- */

static enum status republish(struct feeder *f, struct err *e)
{
	stock_touch(f->stock);
	return feeder_publish(f, f->ledger && !feeder_loaded(f) ? STR("loading") : STR_NONE, e);
}

enum status feeder_set_url(struct feeder *f, struct str public_url, struct err *e)
{
	if (public_url.n >= URL_TEXT)
		return err_set(e, E_INPUT, "public_url", "longer than %d bytes", URL_TEXT - 1);
	pthread_mutex_lock(&f->build);
	snprintf(f->public_url, sizeof f->public_url, "%.*s", STR_ARG(public_url));
	f->base_old = true;
	pthread_mutex_unlock(&f->build);
	return republish(f, e);
}

enum status feeder_set_rules(struct feeder *f, struct flow_rules *rules, struct err *e)
{
	pthread_mutex_lock(&f->build);
	struct flow_rules *old = f->rules;
	f->rules = flow_rules_ref(rules);
	f->base_old = true;
	pthread_mutex_unlock(&f->build);
	flow_rules_unref(old);
	return republish(f, e);
}

/* ---- flags --------------------------------------------------------------------------------- */

static struct timespec deadline_in(int ms)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

bool feeder_pause(struct feeder *f, int ms)
{
	struct timespec until = deadline_in(ms);
	pthread_mutex_lock(&f->flag_lock);
	while (!f->stop && pthread_cond_timedwait(&f->flagged, &f->flag_lock, &until) == 0)
		;
	bool stop = f->stop;
	pthread_mutex_unlock(&f->flag_lock);
	return stop;
}

bool feeder_wait_loaded(struct feeder *f, int timeout_ms)
{
	struct timespec until = deadline_in(timeout_ms);
	pthread_mutex_lock(&f->flag_lock);
	while (!f->stop && !f->loaded && pthread_cond_timedwait(&f->flagged, &f->flag_lock, &until) == 0)
		;
	bool loaded = f->loaded;
	pthread_mutex_unlock(&f->flag_lock);
	return loaded;
}

bool feeder_loaded(struct feeder *f)
{
	return feeder_wait_loaded(f, 0);
}

static void raise_flag(struct feeder *f, bool *flag)
{
	pthread_mutex_lock(&f->flag_lock);
	*flag = true;
	pthread_cond_broadcast(&f->flagged);
	pthread_mutex_unlock(&f->flag_lock);
}

void feeder_set_loaded(struct feeder *f)
{
	raise_flag(f, &f->loaded);
}

bool feeder_ready(void *feeder, struct buf *why)
{
	struct feeder *f = feeder;
	bool loaded = feeder_loaded(f), writable = !f->ledger || ledger_writable(f->ledger);
	if (!loaded)
		buf_put(why, STR("the catalog is being loaded"));
	else if (!writable)
		buf_put(why, STR("the ledger cannot be written"));
	return loaded && writable;
}

void feeder_log_error(const char *event, struct str merchant, const struct err *e)
{
	char where[128], text[512];
	log_event(LOG_ERROR, "app", "event=%s merchant=%.*s status=%s where=%s text=%s", event, STR_ARG(merchant), status_name(e->status),
		log_quote(str_of(e->where), where, sizeof where), log_quote(str_of(e->text), text, sizeof text));
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *load_run(void *feeder)
{
	struct feeder *f = feeder;
	struct err e = {0};
	for (;;) {
		enum status s = feeder_load_catalogs(f, &e);
		stock_touch(f->stock); /* what is published is called "loading" */
		if (s == OK)
			s = feeder_publish(f, STR_NONE, &e);
		if (s == OK)
			break;
		feeder_log_error("load_failed", STR_NONE, &e);
		if (feeder_pause(f, 1000))
			return NULL;
	}
	feeder_set_loaded(f);
	return NULL;
}

/* What other processes wrote to the ledger, and products whose time is over. */
static void *clock_run(void *feeder)
{
	struct feeder *f = feeder;
	int64_t seen = -1, version = -1, rest_until = 0;
	struct err e = {0};
	while (!feeder_pause(f, POLL_MS)) {
		enum status s = OK;
		bool look = f->ledger && feeder_loaded(f) && ledger_data_version(f->ledger, &version, &e) == OK && version != seen;
		bool expired = mono_us() / 1000 >= rest_until && stock_stale(f->stock, now_ms());
		if (expired)
			rest_until = mono_us() / 1000 + EXPIRY_REST_MS;
		if (look)
			s = feeder_load_catalogs(f, &e);
		if (s == OK && (look || expired))
			s = feeder_publish(f, STR_NONE, &e);
		if (s == OK && look)
			seen = version;
		if (s != OK)
			feeder_log_error("refresh_failed", STR_NONE, &e);
	}
	return NULL;
}

enum status feeder_start(struct feeder *f, struct err *e)
{
	bool ok = true;
	if (f->ledger)
		ok = f->has_loader = pthread_create(&f->loader, NULL, load_run, f) == 0;
	if (ok)
		ok = f->has_clock = pthread_create(&f->clock, NULL, clock_run, f) == 0;
	if (ok)
		ok = f->has_folder = pthread_create(&f->folder, NULL, feeder_fold_run, f) == 0;
	if (ok && f->cache)
		ok = f->has_bell = pthread_create(&f->bell, NULL, feeder_bell_run, f) == 0;
	return ok ? OK : err_set(e, E_NOMEM, "", "cannot start a thread");
}

/* ---- life -------------------------------------------------------------------------------------- */

static void init_locks(struct feeder *f)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&f->flagged, &monotonic);
	pthread_cond_init(&f->settled, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&f->change, NULL);
	pthread_mutex_init(&f->build, NULL);
	pthread_mutex_init(&f->flag_lock, NULL);
}

static enum status open_cache(struct feeder *f, struct str url, struct err *e)
{
	bool none = url.n == 0 || str_eq(url, STR("off"));
	if (none && !f->ledger)
		return err_set(e, E_INPUT, "redis", "a node without a ledger gets its catalog from Redis: give it --redis");
	return none ? OK : feed_cache_new(url, &f->cache, e);
}

static enum status open_all(struct feeder *f, const struct feeder_options *o, struct err *e)
{
	if (o->public_url.n >= URL_TEXT)
		return err_set(e, E_INPUT, "public_url", "longer than %d bytes", URL_TEXT - 1);
	snprintf(f->public_url, sizeof f->public_url, "%.*s", STR_ARG(o->public_url));
	f->stock = stock_new();
	if (!f->stock)
		return err_set(e, E_NOMEM, "", "out of memory");
	enum status s = open_cache(f, o->redis, e);
	if (s == OK && f->ledger)
		s = feeder_load_merchants(f, e);
	return s == OK ? feeder_publish(f, f->ledger ? STR("loading") : STR("none"), e) : s;
}

enum status feeder_new(const struct feeder_options *o, struct feeder **out, struct err *e)
{
	struct feeder *f = calloc(1, sizeof *f);
	if (!f)
		return err_set(e, E_NOMEM, "", "out of memory");
	f->ledger = o->ledger;
	f->slot = o->slot;
	f->keys = o->keys;
	f->max_part = o->max_part;
	f->rules = flow_rules_ref(o->rules);
	random_bytes(&f->seed, sizeof f->seed);
	init_locks(f);
	enum status s = open_all(f, o, e);
	if (s == OK)
		*out = f;
	else
		feeder_free(f);
	return s;
}

void feeder_free(struct feeder *f)
{
	if (!f)
		return;
	raise_flag(f, &f->stop);
	feeder_fold_stop(f);
	if (f->cache)
		feed_cache_stop(f->cache);
	if (f->has_loader)
		pthread_join(f->loader, NULL);
	if (f->has_clock)
		pthread_join(f->clock, NULL);
	if (f->has_bell)
		pthread_join(f->bell, NULL);
	if (f->has_folder)
		pthread_join(f->folder, NULL);
	feed_cache_free(f->cache);
	stock_free(f->stock);
	flow_rules_unref(f->rules);
	shelf_unref(f->base);
	pthread_cond_destroy(&f->flagged);
	pthread_cond_destroy(&f->settled);
	pthread_mutex_destroy(&f->change);
	pthread_mutex_destroy(&f->build);
	pthread_mutex_destroy(&f->flag_lock);
	free(f);
}
