/* Rows of networks' reports. A network names its rows: one for a line of goods, one for a bonus, one for a correction. The same row mutates
 * (Awin, Impact), or a new one below zero takes back what another gave (CJ, Rakuten). Either way the order is the sum of its rows, so each
 * row is kept as it last stood, and what goes on to the books is the order as a whole. */
#include "ledger/sqlite_store.h"

#include <string.h>

struct part {
	char currency[4];
	int64_t total, commission; /* micro units */
	bool has_commission;
	enum order_status status;
	int64_t changed_ms;
};

static int64_t clamp(int64_t micro)
{
	return micro > MICRO_MAX ? MICRO_MAX : micro < -MICRO_MAX ? -MICRO_MAX : micro;
}

static struct part part_of(const struct ledger_conversion *c)
{
	int64_t unit = money_micro(message_money(c)->currency);
	struct part p = {.has_commission = c->has_commission, .status = c->status, .changed_ms = message_date(c)};
	memcpy(p.currency, message_money(c)->currency, sizeof(p.currency));
	if (c->has_total)
		p.total = clamp(c->total.minor * unit + c->total_rest);
	if (c->has_commission)
		p.commission = clamp(c->commission.minor * unit + c->commission_rest);
	return p;
}

static void bind_key(sqlite3_stmt *q, const struct ledger_conversion *c)
{
	db_name(q, 1, c->merchant);
	db_name(q, 2, c->order_id);
	db_name(q, 3, c->source);
	db_name(q, 4, c->row);
}

static enum status find(struct db *d, const struct ledger_conversion *c, struct part *out, bool *found_out)
{
	sqlite3_stmt *q = db_use(d, "SELECT currency, total, commission, status, changed_ms FROM part"
	                            " WHERE merchant = ?1 AND order_id = ?2 AND source = ?3 AND row_id = ?4");
	bind_key(q, c);
	enum status s = db_step(d, q, found_out);
	if (s != OK || !*found_out)
		return s;
	db_get_name(q, 0, out->currency, sizeof(out->currency));
	out->total = db_get_int(q, 1);
	out->has_commission = !db_is_null(q, 2);
	out->commission = db_get_int(q, 2);
	out->status = (enum order_status)db_get_int(q, 3);
	out->changed_ms = db_get_int(q, 4);
	db_end(q);
	return OK;
}

static enum status store(struct db *d, const struct ledger_conversion *c, const struct part *p, bool shadow)
{
	sqlite3_stmt *q =
	        db_use(d, "INSERT INTO part(merchant, order_id, source, row_id, currency, total, commission, status, changed_ms, shadow)"
	                  " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT(merchant, order_id, source, row_id) DO UPDATE SET total = "
	                  "excluded.total,"
	                  " commission = excluded.commission, status = excluded.status, changed_ms = excluded.changed_ms");
	bind_key(q, c);
	db_name(q, 5, p->currency);
	db_int(q, 6, p->total);
	if (p->has_commission)
		db_int(q, 7, p->commission);
	db_int(q, 8, p->status);
	db_int(q, 9, p->changed_ms);
	db_int(q, 10, shadow);
	return db_run(d, q);
}

/* Another network had the order first? */
static enum status overshadowed(struct db *d, const struct ledger_conversion *c, bool *out)
{
	sqlite3_stmt *q = db_use(d, "SELECT 1 FROM part WHERE merchant = ?1 AND order_id = ?2 AND source <> ?3 AND shadow = 0 LIMIT 1");
	db_name(q, 1, c->merchant);
	db_name(q, 2, c->order_id);
	db_name(q, 3, c->source);
	enum status s = db_step(d, q, out);
	db_end(q);
	return s;
}

/* With no later date a row only goes forward; what was called off may be restored, but not to pending: that is an old page. */
static bool is_old_page(const struct part *old, const struct part *new)
{
	if (new->changed_ms != old->changed_ms)
		return new->changed_ms < old->changed_ms;
	bool off = !order_counts(old->status);
	return off ? new->status == ORDER_PENDING : order_rank(new->status) < order_rank(old->status);
}

static bool says_the_same(const struct part *a, const struct part *b)
{
	return a->total == b->total && a->commission == b->commission && a->has_commission == b->has_commission && a->status == b->status;
}

/* ---- the order as the sum of its rows ------------------------------------------------------------------ */

struct sum {
	int64_t total, commission;             /* of rows that stand */
	int64_t gross_total, gross_commission; /* of those that give, whatever became of them */
	int64_t given_total, given_commission; /* of those that give and stand */
	bool has_commission, gives, taken;     /* taken: a standing row below zero */
	unsigned states;                       /* bits of the states of the rows that give */
};

static void add(struct sum *s, const struct part *p)
{
	bool stands = order_counts(p->status), gives = p->total > 0 || (p->total == 0 && p->commission >= 0);
	s->has_commission |= p->has_commission;
	if (stands) {
		s->total = clamp(s->total + p->total);
		s->commission = clamp(s->commission + p->commission);
		s->taken |= !gives;
	}
	if (!gives)
		return;
	s->gives = true;
	s->states |= 1u << p->status;
	s->gross_total = clamp(s->gross_total + p->total);
	s->gross_commission = clamp(s->gross_commission + p->commission);
	if (stands) {
		s->given_total = clamp(s->given_total + p->total);
		s->given_commission = clamp(s->given_commission + p->commission);
	}
}

static enum status sum_up(struct db *d, const struct ledger_conversion *c, struct sum *out)
{
	sqlite3_stmt *q = db_use(d, "SELECT total, commission, status FROM part WHERE merchant = ?1 AND order_id = ?2 AND source = ?3");
	db_name(q, 1, c->merchant);
	db_name(q, 2, c->order_id);
	db_name(q, 3, c->source);
	*out = (struct sum){0};
	bool row = true;
	enum status s = OK;
	while (s == OK && (s = db_step(d, q, &row)) == OK && row) {
		struct part p = {.total = db_get_int(q, 0), .commission = db_get_int(q, 1), .status = (enum order_status)db_get_int(q, 2)};
		p.has_commission = !db_is_null(q, 1);
		add(out, &p);
	}
	return s;
}

static bool any(const struct sum *s, enum order_status status)
{
	return s->states >> status & 1;
}

/* The least far of the rows that stand tells how far the order is; all taken back, it is reversed. */
static enum order_status state_of(const struct sum *s)
{
	bool stands = any(s, ORDER_PENDING) || any(s, ORDER_APPROVED) || any(s, ORDER_PAID);
	if (!stands)
		return any(s, ORDER_REVERSED) ? ORDER_REVERSED : ORDER_DECLINED;
	if (s->taken && s->total <= 0 && s->commission <= 0)
		return ORDER_REVERSED;
	return any(s, ORDER_PENDING) ? ORDER_PENDING : any(s, ORDER_APPROVED) ? ORDER_APPROVED : ORDER_PAID;
}

static void compose(const struct ledger_conversion *c, const struct part *p, const struct sum *s, struct rowed *out)
{
	struct ledger_conversion *w = &out->whole;
	int64_t unit = money_micro(p->currency), nothing;
	*w = *c;
	w->row[0] = '\0';
	w->status = state_of(s);
	bool all_off = (s->states & (1u << ORDER_PENDING | 1u << ORDER_APPROVED | 1u << ORDER_PAID)) == 0,
	     taken_back = w->status == ORDER_REVERSED;
	int64_t total = all_off ? s->gross_total : taken_back ? s->given_total : s->total;
	int64_t commission = all_off ? s->gross_commission : taken_back ? s->given_commission : s->commission;
	w->has_total = true;
	w->has_adjustment = false;
	w->has_commission = s->has_commission;
	memcpy(w->total.currency, p->currency, sizeof(p->currency));
	w->commission = w->total;
	w->total.minor = minor_of(total > 0 ? total : 0, unit, &nothing);
	w->commission.minor = minor_of(commission > 0 ? commission : 0, unit, &w->commission_rest);
	out->excess = s->total < 0 ? -minor_of(s->total, unit, &nothing) : 0;
}

/* ---- one row ------------------------------------------------------------------------------------------------- */

static void settle(struct rowed *out, enum booking b, const char *detail)
{
	out->settled = true;
	out->booking = b;
	out->detail = detail;
}

static const char *row_refusal(
        const struct ledger_conversion *c, const struct part *p, const struct part *old, bool again, const struct order *o, bool known)
{
	if (!c->has_total && !c->has_commission)
		return "a row without amounts";
	if (!money_sane(c->has_total, &c->total) || !money_sane(c->has_commission, &c->commission))
		return "an amount without a currency, or beyond reason";
	if ((again && strcmp(old->currency, p->currency) != 0) || (known && strcmp(o->currency, p->currency) != 0) ||
	        (c->has_total && c->has_commission && strcmp(c->total.currency, c->commission.currency) != 0))
		return "another currency than the order's";
	return NULL;
}

/* What the order said before by another way (a shop's postback) and later stands as far as it is further along. */
static void keep_later_word(const struct order *o, bool known, bool first, struct ledger_conversion *w)
{
	if (known && first && message_date(w) <= o->applied_ms && order_rank(w->status) < order_rank(o->status))
		w->status = o->status;
}

static enum status any_part(struct db *d, const struct ledger_conversion *c, bool *out)
{
	sqlite3_stmt *q = db_use(d, "SELECT 1 FROM part WHERE merchant = ?1 AND order_id = ?2 LIMIT 1");
	db_name(q, 1, c->merchant);
	db_name(q, 2, c->order_id);
	enum status s = db_step(d, q, out);
	db_end(q);
	return s;
}

enum status part_take(struct db *d, const struct ledger_conversion *c, const struct order *o, bool known, struct rowed *out)
{
	struct part p = part_of(c), old;
	bool again = false, shadow = false, others = false;
	enum status s = find(d, c, &old, &again);
	const char *why = s == OK ? row_refusal(c, &p, &old, again, o, known) : NULL;
	if (why) {
		settle(out, BOOKED_REFUSED, why);
		return quarantine_put(d, c, KEPT_QUARANTINED, why, message_money(c)->minor);
	}
	if (s == OK && again && (is_old_page(&old, &p) || says_the_same(&old, &p))) {
		settle(out, BOOKED_REPEAT, NULL);
		return old.changed_ms < p.changed_ms ? store(d, c, &p, false) : OK; /* an upsert leaves shadow alone */
	}
	if (s == OK)
		s = overshadowed(d, c, &shadow);
	if (s == OK)
		s = any_part(d, c, &others);
	if (s == OK)
		s = store(d, c, &p, shadow);
	if (s != OK)
		return s;
	if (shadow) {
		out->shadow = true;
		settle(out, BOOKED_REPEAT, "another network reports this order already: kept as its shadow, adds nothing");
		return OK;
	}
	struct sum sum;
	s = sum_up(d, c, &sum);
	if (s == OK && !known && (!sum.gives || sum.total < 0)) {
		settle(out, BOOKED_PARKED, "the order is not known yet: kept until it comes");
		return quarantine_put(d, c, KEPT_PARKED, "a negative row came before its order", message_money(c)->minor);
	}
	compose(c, &p, &sum, out);
	keep_later_word(o, known, !others, &out->whole);
	return s;
}

/* ---- who is whose -------------------------------------------------------------------------------------------------- */

static enum status read_name(struct ledger *l, struct reader *r, sqlite3_stmt *q, char *out, size_t n, struct err *e)
{
	bool row;
	enum status s = db_step(&r->db, q, &row);
	if (s != OK)
		s = db_fail(&r->db, s, "ledger", e);
	else if (row)
		db_get_name(q, 0, out, n);
	else
		s = err_set(e, E_MISSING, "ledger", "not known");
	db_end(q);
	reader_put(l, r);
	return s;
}

enum status ledger_click_merchant(struct ledger *l, struct ledger_id click, char *merchant_out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db,
	        "SELECT merchant FROM main.click WHERE click = ?1 UNION ALL SELECT merchant FROM main.link WHERE link = ?1 LIMIT 1");
	db_blob(q, 1, click.b, LEDGER_ID);
	return read_name(l, r, q, merchant_out, LEDGER_NAME, e);
}

enum status ledger_row_order(struct ledger *l, const char *merchant, const char *source, struct str row, char *order_out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get_fresh(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT order_id FROM main.part WHERE merchant = ?1 AND source = ?2 AND row_id = ?3 LIMIT 1");
	db_name(q, 1, merchant);
	db_name(q, 2, source);
	db_text(q, 3, row);
	return read_name(l, r, q, order_out, LEDGER_TEXT, e);
}
