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
	o->has_click = sqlite3_column_type(q, 11) != SQLITE_NULL;
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
		db_get_int(q, 20), db_get_int(q, 21), db_get_int(q, 22), db_get_int(q, 23), db_get_int(q, 24)};
}

enum status order_load(struct db *d, const char *merchant, const char *order_id, struct order *out, bool *found_out)
{
	sqlite3_stmt *q = db_use(d,
		"SELECT no, currency, status, total, applied_ms, event_ms, review, stated, stated_total, rule_set, seq, click, click_from_ms,"
		" attributed, click_class, product, phrase, form, app, model, pending, approved, paid, reversed, clawed"
		" FROM orders WHERE merchant = ?1 AND order_id = ?2");
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

enum status order_store(struct db *d, struct order *o)
{
	sqlite3_stmt *q = db_use(d,
		"INSERT INTO orders(no, merchant, order_id, currency, status, total, applied_ms, event_ms, review, stated, stated_total,"
		" rule_set, seq, click, click_from_ms, attributed, click_class, product, phrase, form, app, model, pending, approved, paid,"
		" reversed, clawed) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27)"
		" ON CONFLICT(no) DO UPDATE SET status=?5, total=?6, applied_ms=?7, event_ms=?8, review=?9, stated=?10, stated_total=?11,"
		" rule_set=?12, seq=?13, click=?14, click_from_ms=?15, attributed=?16, click_class=?17, product=?18, phrase=?19, form=?20,"
		" app=?21, model=?22, pending=?23, approved=?24, paid=?25, reversed=?26, clawed=?27");
	if (o->no)
		db_int(q, 1, o->no);
	db_name(q, 2, o->merchant);
	db_name(q, 3, o->order_id);
	db_name(q, 4, o->currency);
	const int64_t first[] = {
		o->status, o->total, o->applied_ms, o->event_ms, o->review, o->stated, o->stated_total, o->rule_set, o->seq};
	for (int i = 0; i < (int)ARRAY_LEN(first); i++)
		db_int(q, 5 + i, first[i]);
	if (o->has_click)
		db_blob(q, 14, o->click.b, LEDGER_ID);
	db_int(q, 15, o->click_from_ms);
	db_int(q, 16, o->attributed);
	const char *names[] = {o->click_class, o->product, o->phrase, o->form, o->app, o->model};
	for (int i = 0; i < (int)ARRAY_LEN(names); i++)
		db_name(q, 17 + i, names[i]);
	const int64_t books[] = {o->books.pending, o->books.approved, o->books.paid, o->books.reversed, o->books.clawed};
	for (int i = 0; i < (int)ARRAY_LEN(books); i++)
		db_int(q, 23 + i, books[i]);
	enum status s = db_run(d, q);
	if (s == OK && !o->no)
		o->no = sqlite3_last_insert_rowid(d->h);
	return s;
}

/* ---- attribution ---------------------------------------------------------------------------------- */

static const char sql_by_click[] = "SELECT merchant, at_ms, class, product, phrase, form, app, model FROM click WHERE click = ?1";
/* Direct links carry the link's own id; there is no click of ours to judge, hence no class. */
static const char sql_by_link[] = "SELECT l.merchant, i.at_ms, '', l.product, l.phrase, i.form, i.app, i.model FROM link l"
				  " JOIN insertion i ON i.no = l.insertion_no WHERE l.link = ?1";

static enum status attribute_by(struct db *d, const char *sql, struct order *o, bool *found_out)
{
	sqlite3_stmt *q = db_use(d, sql);
	db_blob(q, 1, o->click.b, LEDGER_ID);
	enum status s = db_step(d, q, found_out);
	if (s != OK || !*found_out)
		return s;
	bool ours = str_eq(db_get_text(q, 0), str_of(o->merchant));
	/* Without the sum o->event_ms + skew, which a hostile date could overflow. */
	o->attributed = ours && o->event_ms >= db_get_int(q, 1) - CLICK_SKEW_MS;
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

enum status order_attribute(struct db *d, struct order *o)
{
	o->attributed = false;
	o->click_class[0] = o->product[0] = o->phrase[0] = o->form[0] = o->app[0] = o->model[0] = '\0';
	if (!o->has_click)
		return OK;
	bool found;
	enum status s = attribute_by(d, sql_by_click, o, &found);
	return s == OK && !found ? attribute_by(d, sql_by_link, o, &found) : s;
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
	q = db_use(d, "INSERT INTO rule_set(digest) VALUES(?1)");
	db_blob(q, 1, digest, sizeof(digest));
	s = db_run(d, q);
	if (s != OK)
		return s;
	*set_out = sqlite3_last_insert_rowid(d->h);
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
