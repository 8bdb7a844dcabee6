/* Orders as rows: load, store, frozen rules, and what a click or link id leads to. */
#include "ledger/sha256.h"
#include "ledger/sqlite_store.h"

#include <stdlib.h>
#include <string.h>

#define CLICK_SKEW_MS 120000 /* an order may be dated this much before its click: clocks differ */

struct dims order_dims(const struct order *o)
{
	return (struct dims){{o->merchant, o->product, o->phrase, o->form, o->app, o->model}};
}

void order_takings(const struct order *o, int64_t v[TALLY_WIDTH])
{
	bool counts = order_counts(o->status) && !o->review;
	v[T_ORDERS] = counts;
	v[T_VALUE] = counts ? o->total : 0;
	v[T_PENDING] = o->books.pending;
	v[T_APPROVED] = o->books.approved;
	v[T_PAID] = o->books.paid;
	v[T_REVERSED] = o->books.reversed;
	v[T_CLAWED] = o->books.clawed;
	v[T_COST] = 0;
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static void read_order(sqlite3_stmt *q, struct order *o)
{
	o->no = db_get_int(q, 0);
	db_get_name(q, 1, o->currency, sizeof(o->currency));
	o->status = (enum order_status)db_get_int(q, 2);
	o->total = db_get_int(q, 3);
	o->applied_ms = db_get_int(q, 4);
	o->event_ms = db_get_int(q, 5);
	o->review = db_get_int(q, 6) != 0;
	o->stated = db_get_int(q, 7);
	o->stated_total = db_get_int(q, 8);
	o->rule_set = db_get_int(q, 9);
	o->seq = db_get_int(q, 10);
	o->has_click = !db_is_null(q, 11);
	db_get_blob(q, 11, o->click.b, LEDGER_ID);
	o->click_from_ms = db_get_int(q, 12);
	o->attributed = db_get_int(q, 13) != 0;
	db_get_name(q, 14, o->click_class, sizeof(o->click_class));
	db_get_name(q, 15, o->product, sizeof(o->product));
	db_get_name(q, 16, o->phrase, sizeof(o->phrase));
	db_get_name(q, 17, o->form, sizeof(o->form));
	db_get_name(q, 18, o->app, sizeof(o->app));
	db_get_name(q, 19, o->model, sizeof(o->model));
	o->books = (struct books){
		db_get_int(q, 20), db_get_int(q, 21), db_get_int(q, 22), db_get_int(q, 23), db_get_int(q, 24), db_get_int(q, 25)};
	o->stated_rest = db_get_int(q, 26);
	o->deal = (struct deal){(enum ledger_deal)db_get_int(q, 27), db_get_int(q, 28)};
}

enum status order_load(struct db *d, const char *merchant, const char *order_id, struct order *out, bool *found_out)
{
	sqlite3_stmt *q = db_use(d,
		"SELECT no, currency, status, total, applied_ms, event_ms, review, stated, stated_total, rule_set, seq, click, click_from_ms,"
		" attributed, click_class, product, phrase, form, app, model, pending, approved, paid, reversed, clawed,"
		" rest, stated_rest, deal, share_ppm FROM orders WHERE merchant = ?1 AND order_id = ?2");
	db_name(q, 1, merchant);
	db_name(q, 2, order_id);
	*out = (struct order){.stated = -1};
	memcpy(out->merchant, merchant, strlen(merchant));
	memcpy(out->order_id, order_id, strlen(order_id));
	enum status s = db_step(d, q, found_out);
	if (s != OK || !*found_out)
		return s;
	read_order(q, out);
	db_end(q);
	return OK;
}

static const char sql_insert[] =
	"INSERT INTO orders(merchant, order_id, currency, status, total, applied_ms, event_ms, review, stated, stated_total,"
	" rule_set, seq, click, click_from_ms, attributed, click_class, product, phrase, form, app, model, pending, approved, paid,"
	" reversed, clawed, rest, stated_rest, deal, share_ppm) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,"
	"?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30) RETURNING no";
static const char sql_update[] =
	"UPDATE orders SET merchant=?1, order_id=?2, currency=?3, status=?4, total=?5, applied_ms=?6, event_ms=?7, review=?8, stated=?9,"
	" stated_total=?10, rule_set=?11, seq=?12, click=?13, click_from_ms=?14, attributed=?15, click_class=?16, product=?17, phrase=?18,"
	" form=?19, app=?20, model=?21, pending=?22, approved=?23, paid=?24, reversed=?25, clawed=?26, rest=?27, stated_rest=?28,"
	" deal=?29, share_ppm=?30 WHERE no=?31";

enum status order_store(struct db *d, struct order *o)
{
	sqlite3_stmt *q = db_use(d, o->no ? sql_update : sql_insert);
	db_name(q, 1, o->merchant);
	db_name(q, 2, o->order_id);
	db_name(q, 3, o->currency);
	const int64_t first[] = {
		o->status, o->total, o->applied_ms, o->event_ms, o->review, o->stated, o->stated_total, o->rule_set, o->seq};
	for (int i = 0; i < (int)ARRAY_LEN(first); i++)
		db_int(q, 4 + i, first[i]);
	if (o->has_click)
		db_blob(q, 13, o->click.b, LEDGER_ID);
	db_int(q, 14, o->click_from_ms);
	db_int(q, 15, o->attributed);
	const char *names[] = {o->click_class, o->product, o->phrase, o->form, o->app, o->model};
	for (int i = 0; i < (int)ARRAY_LEN(names); i++)
		db_name(q, 16 + i, names[i]);
	const struct books *b = &o->books;
	const int64_t last[] = {b->pending, b->approved, b->paid, b->reversed, b->clawed, b->rest, o->stated_rest, o->deal.kind, o->deal.share_ppm};
	for (int i = 0; i < (int)ARRAY_LEN(last); i++)
		db_int(q, 22 + i, last[i]);
	if (!o->no)
		return db_insert(d, q, &o->no);
	db_int(q, 31, o->no);
	return db_run(d, q);
}

/* ---- attribution ---------------------------------------------------------------------------------- */

static const char sql_by_click[] = "SELECT merchant, at_ms, class, product, phrase, form, app, model FROM click WHERE click = ?1";
/* Direct links carry the link's own id; there is no click of ours to judge, hence no class. */
static const char sql_by_link[] = "SELECT l.merchant, i.at_ms, '', l.product, l.phrase, i.form, i.app, i.model FROM link l"
				  " JOIN insertion i ON i.no = l.insertion_no WHERE l.link = ?1";

static enum status attribute_by(struct db *d, const char *sql, struct order *o, int64_t window_ms, bool *found_out)
{
	sqlite3_stmt *q = db_use(d, sql);
	db_blob(q, 1, o->click.b, LEDGER_ID);
	enum status s = db_step(d, q, found_out);
	if (s != OK || !*found_out)
		return s;
	bool ours = str_eq(db_get_text(q, 0), str_of(o->merchant));
	int64_t at = db_get_int(q, 1);
	/* Differences of the stored time: sums with the order's could overflow, for that is what a stranger says. */
	o->attributed = ours && o->event_ms >= at - CLICK_SKEW_MS && (window_ms <= 0 || o->event_ms - window_ms <= at);
	if (o->attributed) {
		db_get_name(q, 2, o->click_class, sizeof(o->click_class));
		db_get_name(q, 3, o->product, sizeof(o->product));
		db_get_name(q, 4, o->phrase, sizeof(o->phrase));
		db_get_name(q, 5, o->form, sizeof(o->form));
		db_get_name(q, 6, o->app, sizeof(o->app));
		db_get_name(q, 7, o->model, sizeof(o->model));
	}
	db_end(q);
	return OK;
}

enum status order_attribute(struct db *d, struct order *o, int64_t window_ms)
{
	o->attributed = false;
	o->click_class[0] = o->product[0] = o->phrase[0] = o->form[0] = o->app[0] = o->model[0] = '\0';
	if (!o->has_click)
		return OK;
	bool found;
	enum status s = attribute_by(d, sql_by_click, o, window_ms, &found);
	return s == OK && !found ? attribute_by(d, sql_by_link, o, window_ms, &found) : s;
}

/* ---- frozen rules ----------------------------------------------------------------------------------- */

static void rules_digest(const struct ledger_rule *rules, uint32_t n, uint8_t out[SHA256_BYTES])
{
	struct sha256 c;
	sha256_init(&c);
	for (uint32_t i = 0; i < n; i++) {
		sha256_put_str(&c, str_of(rules[i].category));
		sha256_put_str(&c, str_of(rules[i].product));
		sha256_put_int(&c, rules[i].rate_ppm);
		sha256_put_int(&c, rules[i].flat_minor);
		sha256_put_int(&c, rules[i].cap_minor);
	}
	sha256_done(&c, out);
}

static enum status insert_rules(struct db *d, int64_t set, const struct ledger_rule *rules, uint32_t n)
{
	enum status s = OK;
	for (uint32_t i = 0; i < n && s == OK; i++) {
		sqlite3_stmt *q = db_use(
			d, "INSERT INTO rule(set_no, seq, category, product, rate_ppm, flat, cap) VALUES(?1,?2,?3,?4,?5,?6,?7)");
		db_int(q, 1, set);
		db_int(q, 2, i);
		db_name(q, 3, rules[i].category);
		db_name(q, 4, rules[i].product);
		db_int(q, 5, rules[i].rate_ppm);
		db_int(q, 6, rules[i].flat_minor);
		db_int(q, 7, rules[i].cap_minor);
		s = db_run(d, q);
	}
	return s;
}

enum status rules_freeze(struct db *d, const struct ledger_rule *rules, uint32_t n, int64_t *set_out)
{
	uint8_t digest[SHA256_BYTES];
	rules_digest(rules, n, digest);
	sqlite3_stmt *q = db_use(d, "SELECT no FROM rule_set WHERE digest = ?1");
	db_blob(q, 1, digest, sizeof(digest));
	bool row;
	enum status s = db_step(d, q, &row);
	if (s == OK && row)
		*set_out = db_get_int(q, 0);
	db_end(q);
	if (s != OK || row)
		return s;
	q = db_use(d, "INSERT INTO rule_set(digest) VALUES(?1) RETURNING no");
	db_blob(q, 1, digest, sizeof(digest));
	s = db_insert(d, q, set_out);
	if (s != OK)
		return s;
	return insert_rules(d, *set_out, rules, n);
}

enum status rules_load(struct db *d, int64_t set, struct ledger_rule **out, uint32_t *n_out)
{
	struct ledger_rule *rules = NULL;
	uint32_t n = 0, cap = 0;
	sqlite3_stmt *q = db_use(d, "SELECT category, product, rate_ppm, flat, cap FROM rule WHERE set_no = ?1 ORDER BY seq");
	db_int(q, 1, set);
	bool row = true;
	enum status s = OK;
	while (s == OK && (s = db_step(d, q, &row)) == OK && row) {
		if (n == cap) {
			cap = cap ? cap * 2 : 8;
			struct ledger_rule *more = realloc(rules, cap * sizeof(*rules));
			if (!more) {
				s = E_NOMEM;
				break;
			}
			rules = more;
		}
		struct ledger_rule *r = &rules[n++];
		db_get_name(q, 0, r->category, sizeof(r->category));
		db_get_name(q, 1, r->product, sizeof(r->product));
		r->rate_ppm = db_get_int(q, 2);
		r->flat_minor = db_get_int(q, 3);
		r->cap_minor = db_get_int(q, 4);
	}
	db_end(q);
	if (s != OK) {
		free(rules);
		return s;
	}
	*out = rules;
	*n_out = n;
	return OK;
}
