/* Changes that come through the doors: ledger first, then the stock and the shelf; the bell thread tells Redis. */
#include "app/feeder_state.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_MAX (8u << 20)
#define LINE_MAX_BYTES (8u << 20)
#define UNLOCKED_TRIES 2 /* reading an upload outside the lock; after that, inside */

/* ---- the difference between two parts, for the ledger ----------------------------------------------- */

struct difference {
	struct {
		const struct product *product;
		bool gone;
	} *item;
	size_t count, cap, gone, at;
	bool failed;
	struct buf line;
};

static bool note_change(void *arg, const struct product *p, bool gone)
{
	struct difference *d = arg;
	if (d->count == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 256;
		void *more = realloc(d->item, cap * sizeof *d->item);
		if (!more) {
			d->failed = true;
			return false;
		}
		d->item = more;
		d->cap = cap;
	}
	d->item[d->count].product = p;
	d->item[d->count++].gone = gone;
	d->gone += gone;
	return true;
}

static enum status difference_init(struct difference *d, const struct catalog_part *old, const struct catalog_part *new, struct err *e)
{
	*d = (struct difference){0};
	buf_init(&d->line, LINE_MAX_BYTES);
	part_diff(old, new, note_change, d);
	return d->failed ? err_set(e, E_NOMEM, "", "out of memory") : OK;
}

static void difference_done(struct difference *d)
{
	free(d->item);
	buf_done(&d->line);
}

static bool next_line(void *arg, struct ledger_catalog_line *out)
{
	struct difference *d = arg;
	if (d->at == d->count)
		return false;
	const struct product *p = d->item[d->at].product;
	bool gone = d->item[d->at++].gone;
	buf_clear(&d->line);
	if (!gone)
		feed_line_write(p, &d->line);
	*out = (struct ledger_catalog_line){p->id, gone ? STR_NONE : buf_str(&d->line), p->url, p->key};
	return true;
}

static bool no_line(void *arg, struct ledger_catalog_line *out)
{
	(void)arg;
	(void)out;
	return false;
}

/* ---- generations ------------------------------------------------------------------------------------ */

/* A whole replacement, or the first of anything: a new number. Else one more change on top. */
static enum status next_generation(struct feeder *f, const struct catalog_part *old, bool on_top, char out[64], struct err *e)
{
	uint64_t n, changes;
	if (on_top && old && generation_parse(part_generation(old), &n, &changes)) {
		generation_write(n, changes + 1, out);
		return OK;
	}
	enum status s = ledger_generation_next(f->ledger, &n, e);
	if (s == OK)
		generation_write(n, 0, out);
	return s;
}

/* ---- catalogs ---------------------------------------------------------------------------------------- */

struct upload {
	struct feeder *f;
	struct str merchant, body;
	const struct feed_options *options;
	bool patch, force, dry_run;
	struct str if_generation;
	char *generation_out;
	struct feed_report *report;
};

static enum status read_body(const struct upload *u, struct catalog_part *old, struct str generation, struct catalog_part **out, struct err *e)
{
	enum status s;
	struct feed_options o = *u->options;
	o.max_bytes = o.max_bytes ? o.max_bytes : u->f->max_part;
	o.now_ms = o.now_ms ? o.now_ms : now_ms();
	feed_report_done(u->report);
	*u->report = (struct feed_report){0};
	if (u->patch)
		s = feed_patch_part(u->body, &o, generation, old, out, u->report, e);
	else
		s = feed_read_part(u->body, &o, part_merchant(old), generation, old, out, u->report, e);
	uint64_t used = u->report->accepted + (u->patch ? u->report->deleted : 0); /* what a replacement drops is no use of its lines */
	if (s == OK && u->report->rejected && used == 0) {
		part_unref(*out);
		return err_set(e, E_INPUT, "", "not one usable product: %s %s", u->report->error_count ? u->report->errors[0].field : "",
			u->report->error_count ? u->report->errors[0].detail : "");
	}
	return s;
}

static enum status check_old(const struct upload *u, const struct catalog_part *old, struct err *e)
{
	if (!old)
		return err_set(e, E_MISSING, "", "there is no such merchant: PUT /v1/merchants/{m} first");
	if (part_merchant(old)->retired)
		return err_set(e, E_CONFLICT, "merchant", "the merchant is retired");
	if (u->if_generation.n && !str_eq(u->if_generation, part_generation(old)))
		return err_set(e, E_CONFLICT, "generation", "the catalog is at %.*s", STR_ARG(part_generation(old)));
	return OK;
}

static enum status check_drop(const struct upload *u, const struct catalog_part *old, const struct difference *d, struct err *e)
{
	if (u->patch || u->force || d->gone <= part_count(old) / 2)
		return OK;
	return err_set(e, E_CONFLICT, "force", "this would drop %zu of %zu products; ?force=1 if it is meant", d->gone, part_count(old));
}

static void tell_generation(const struct upload *u, struct str generation)
{
	size_t n = generation.n < 63 ? generation.n : 63;
	memcpy(u->generation_out, generation.p, n);
	u->generation_out[n] = '\0';
}

/* The lock is held. Takes new. */
static enum status book(const struct upload *u, struct catalog_part *new, struct difference *d, struct str expected, struct err *e)
{
	char generation[64];
	tell_generation(u, part_generation(new));
	memcpy(generation, u->generation_out, sizeof generation);
	enum status s = ledger_catalog_put(u->f->ledger, u->merchant, expected, str_of(generation), next_line, d, now_ms(), e);
	if (s == OK)
		return stock_put(u->f->stock, new, e);
	part_unref(new);
	return s;
}

/* Takes new. E_BUSY: old is no longer what the merchant has: read again. */
static enum status settle(const struct upload *u, struct catalog_part *old, struct catalog_part *new, bool locked, struct err *e)
{
	struct difference d;
	enum status s = difference_init(&d, old, new, e);
	if (s == OK)
		s = check_drop(u, old, &d, e);
	bool nothing = d.count == 0 && part_generation(old).n > 0;
	if (s != OK || u->dry_run || nothing) {
		if (s == OK)
			tell_generation(u, part_generation(old));
		part_unref(new);
		difference_done(&d);
		return s;
	}
	if (!locked)
		pthread_mutex_lock(&u->f->change);
	struct catalog_part *now = stock_get(u->f->stock, u->merchant);
	part_unref(now); /* only compared: it lives as long as the lock is held */
	if (now == old) {
		s = book(u, new, &d, part_generation(old), e);
	} else {
		part_unref(new);
		s = E_BUSY;
	}
	if (!locked)
		pthread_mutex_unlock(&u->f->change);
	difference_done(&d);
	return s;
}

static enum status apply_upload(const struct upload *u, bool locked, struct err *e)
{
	char generation[64];
	struct catalog_part *new, *old = stock_get(u->f->stock, u->merchant);
	enum status s = check_old(u, old, e);
	if (s == OK)
		s = u->dry_run ? OK : next_generation(u->f, old, u->patch, generation, e);
	if (s == OK)
		s = read_body(u, old, u->dry_run ? part_generation(old) : str_of(generation), &new, e);
	if (s == OK)
		s = settle(u, old, new, locked, e);
	part_unref(old);
	return s;
}

static void wait_for_load(struct feeder *f)
{
	while (!feeder_wait_loaded(f, 1000) && !feeder_pause(f, 0))
		;
}

static enum status catalog_change(void *arg, struct str merchant, struct str body, const struct feed_options *o, bool patch, bool force, bool dry_run,
	struct str if_generation, char generation_out[64], struct feed_report *report, struct err *e)
{
	struct feeder *f = arg;
	const struct upload u = {f, merchant, body, o, patch, force, dry_run, if_generation, generation_out, report};
	enum status s = E_BUSY;
	wait_for_load(f);
	*report = (struct feed_report){0};
	for (int i = 0; s == E_BUSY && i < UNLOCKED_TRIES; i++)
		s = apply_upload(&u, false, e);
	if (s == E_BUSY) {
		pthread_mutex_lock(&f->change);
		s = apply_upload(&u, true, e);
		pthread_mutex_unlock(&f->change);
	}
	if (s == OK && !dry_run)
		s = feeder_publish(f, STR_NONE, e);
	return s;
}

/* ---- merchants ----------------------------------------------------------------------------------------- */

static enum status store_merchant(struct feeder *f, const struct merchant *m, struct err *e)
{
	struct buf json;
	buf_init(&json, ARENA_MAX);
	merchant_write_json(m, true, &json);
	enum status s = json.failed ? err_set(e, E_NOMEM, "", "out of memory") : ledger_merchant_put(f->ledger, m->id, buf_str(&json), now_ms(), e);
	buf_done(&json);
	return s;
}

/* A part of m's with old's products (none when keep is false), under a new generation. */
static enum status rebuild(struct feeder *f, const struct merchant *m, struct catalog_part *old, bool keep, struct catalog_part **out, struct err *e)
{
	char generation[64];
	enum status s = next_generation(f, old, keep, generation, e);
	if (s == OK && keep && old)
		return part_with_merchant(old, m, str_of(generation), out, e);
	struct part_builder *b = s == OK ? part_builder_new(m, f->max_part) : NULL;
	if (s == OK && !b)
		s = err_set(e, E_NOMEM, "", "out of memory");
	if (s == OK)
		return part_builder_finish(b, str_of(generation), out, e);
	part_builder_free(b);
	return s;
}

/* The lock is held. */
static enum status change_merchant(struct feeder *f, const struct merchant *m, struct catalog_part *old, bool keep, struct err *e)
{
	struct catalog_part *new;
	struct difference d;
	enum status s = rebuild(f, m, old, keep, &new, e);
	if (s != OK)
		return s;
	s = keep ? OK : difference_init(&d, old, new, e);
	if (s == OK)
		s = store_merchant(f, m, e);
	if (s == OK)
		s = ledger_catalog_put(f->ledger, m->id, STR_NONE, part_generation(new), keep ? no_line : next_line, keep ? NULL : &d, now_ms(), e);
	if (!keep)
		difference_done(&d);
	if (s == OK)
		return stock_put(f->stock, new, e);
	part_unref(new);
	return s;
}

/* The secret cannot be read back through the doors, so a PUT without one keeps it. */
static enum status put_parsed(struct feeder *f, struct merchant *m, bool *created_out, struct err *e)
{
	pthread_mutex_lock(&f->change);
	struct catalog_part *old = stock_get(f->stock, m->id);
	if (old && m->postback_secret.n == 0)
		m->postback_secret = part_merchant(old)->postback_secret;
	*created_out = !old;
	enum status s = old && merchant_same(m, part_merchant(old)) ? OK : change_merchant(f, m, old, true, e);
	part_unref(old);
	pthread_mutex_unlock(&f->change);
	return s;
}

static enum status merchant_put(void *arg, struct str merchant, struct str json, bool *created_out, struct err *e)
{
	struct feeder *f = arg;
	struct merchant m;
	struct arena *a = arena_new(ARENA_MAX);
	wait_for_load(f);
	enum status s = a ? merchant_parse_json(merchant, json, a, &m, e) : err_set(e, E_NOMEM, "", "out of memory");
	if (s == OK)
		s = put_parsed(f, &m, created_out, e);
	arena_free(a);
	return s == OK ? feeder_publish(f, STR_NONE, e) : s;
}

static enum status retire_held(struct feeder *f, struct str merchant, struct err *e)
{
	struct catalog_part *old = stock_get(f->stock, merchant);
	if (!old)
		return err_set(e, E_MISSING, "", "there is no such merchant");
	struct merchant m = *part_merchant(old);
	bool already = m.retired;
	m.retired = true;
	m.paused = false;
	enum status s = already ? OK : change_merchant(f, &m, old, false, e);
	part_unref(old);
	return s;
}

static enum status merchant_retire(void *arg, struct str merchant, struct err *e)
{
	struct feeder *f = arg;
	wait_for_load(f);
	pthread_mutex_lock(&f->change);
	enum status s = retire_held(f, merchant, e);
	pthread_mutex_unlock(&f->change);
	return s == OK ? feeder_publish(f, STR_NONE, e) : s;
}

struct http_keeper feeder_keeper(struct feeder *f)
{
	if (!f->ledger)
		return (struct http_keeper){0};
	return (struct http_keeper){f, merchant_put, merchant_retire, catalog_change};
}
