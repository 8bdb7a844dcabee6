/* From the ledger into the stock. */
#include "app/feeder_state.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX (256u << 20)
#define LINE_MAX_BYTES (8u << 20)
#define STOP_EVERY 4096 /* lines between looks at whether the service stops */

/* ---- the list of merchants -------------------------------------------------------------------- */

struct entry {
	struct str id, json, generation;
};
struct list {
	struct arena *a;
	struct entry *item;
	size_t count, cap;
	bool failed;
};

static void collect(void *arg, struct str merchant, struct str json, struct str generation)
{
	struct list *l = arg;
	if (l->count == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct entry *more = realloc(l->item, cap * sizeof *more);
		if (!more) {
			l->failed = true;
			return;
		}
		l->item = more;
		l->cap = cap;
	}
	l->item[l->count++] = (struct entry){arena_take_str(l->a, merchant), arena_take_str(l->a, json), arena_take_str(l->a, generation)};
}

static void list_done(struct list *l)
{
	arena_free(l->a);
	free(l->item);
}

static enum status list_read(struct ledger *ledger, struct list *l, struct err *e)
{
	*l = (struct list){.a = arena_new(LIST_MAX)};
	if (!l->a)
		return err_set(e, E_NOMEM, "", "out of memory");
	enum status s = ledger_merchant_each(ledger, collect, l, e);
	if (s == OK && (l->failed || arena_failed(l->a)))
		s = err_set(e, E_NOMEM, "", "out of memory for the list of merchants");
	if (s != OK)
		list_done(l);
	return s;
}

/* ---- one merchant -------------------------------------------------------------------------------- */

struct loading {
	struct feeder *f;
	struct part_builder *b;
	struct arena *a;
	size_t lines, bad;
	struct err e;
	enum status status;
};

static bool add_line(void *arg, struct str line)
{
	struct loading *l = arg;
	struct product p;
	if (l->lines++ % STOP_EVERY == 0 && feeder_pause(l->f, 0)) {
		l->status = err_set(&l->e, E_BUSY, "", "the service stops");
		return false;
	}
	arena_reset(l->a);
	l->status = feed_line_read(line, l->a, &p, &l->e);
	if (l->status == OK)
		l->status = part_builder_add(l->b, &p, true, &l->e);
	if (l->status != E_INPUT)
		return l->status == OK;
	l->bad++; /* stricter rules than when it was stored: that product alone is left out */
	l->status = OK;
	return true;
}

static enum status read_lines(struct feeder *f, struct str merchant, struct part_builder *b, struct err *e)
{
	struct loading l = {.f = f, .b = b, .a = arena_new(LINE_MAX_BYTES)};
	if (!l.a)
		return err_set(e, E_NOMEM, "", "out of memory");
	enum status s = ledger_catalog_each(f->ledger, merchant, add_line, &l, e);
	if (s == OK && l.status != OK)
		s = err_set(e, l.status, l.e.where, "%s", l.e.text);
	if (l.bad)
		feeder_log_error("stored_lines_refused", merchant, &l.e);
	arena_free(l.a);
	return s;
}

static enum status load_part(struct feeder *f, const struct entry *i, bool products, struct catalog_part **out, struct err *e)
{
	struct merchant m;
	struct arena *a = arena_new(LINE_MAX_BYTES);
	enum status s = a ? merchant_parse_json(i->id, i->json, a, &m, e) : err_set(e, E_NOMEM, "", "out of memory");
	struct part_builder *b = s == OK ? part_builder_new(&m, f->max_part) : NULL;
	if (s == OK && !b)
		s = err_set(e, E_NOMEM, "", "out of memory");
	if (s == OK && products)
		s = read_lines(f, i->id, b, e);
	if (s == OK)
		s = part_builder_finish(b, i->generation, out, e);
	else
		part_builder_free(b);
	arena_free(a);
	return s;
}

static enum status load_into_stock(struct feeder *f, const struct entry *i, bool products, struct err *e)
{
	struct catalog_part *part;
	enum status s = load_part(f, i, products, &part, e);
	if (s == OK)
		return stock_put(f->stock, part, e);
	feeder_log_error("merchant_not_loaded", i->id, e);
	return s == E_INPUT ? OK : s; /* one bad merchant does not keep the others off the shelf */
}

/* ---- all ----------------------------------------------------------------------------------------- */

enum status feeder_load_merchants(struct feeder *f, struct err *e)
{
	struct list l;
	enum status s = list_read(f->ledger, &l, e);
	if (s != OK)
		return s;
	for (size_t i = 0; s == OK && i < l.count; i++)
		s = load_into_stock(f, &l.item[i], false, e);
	list_done(&l);
	return s;
}

/* Before the first load every part is only its merchant; later the generation tells. */
static bool is_current(struct feeder *f, const struct entry *i)
{
	struct catalog_part *p = feeder_loaded(f) ? stock_get(f->stock, i->id) : NULL;
	bool current = p && str_eq(part_generation(p), i->generation);
	part_unref(p);
	return current;
}

enum status feeder_load_catalogs(struct feeder *f, struct err *e)
{
	struct list l;
	pthread_mutex_lock(&f->change);
	enum status s = list_read(f->ledger, &l, e);
	if (s == OK) {
		for (size_t i = 0; s == OK && i < l.count; i++)
			if (!is_current(f, &l.item[i]))
				s = load_into_stock(f, &l.item[i], true, e);
		list_done(&l);
	}
	pthread_mutex_unlock(&f->change);
	return s;
}
