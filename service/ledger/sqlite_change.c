/* What an admissible message does to its order: day and click, total and commission, state; and from the difference the entry, the postings
 * and the sums. */
#include "ledger/sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- day and click of an order ---------------------------------------------------------------------- */

/* Moves what is booked already from the cells of one state to those of another. */
static enum status respread(struct writer *w, const struct order *o, int sign)
{
	int64_t v[TALLY_WIDTH];
	struct dims d = order_dims(o);
	order_takings(o, v);
	for (int i = 0; i < TALLY_WIDTH; i++)
		v[i] *= sign;
	spread_takings(&w->spread, o->event_ms, &d, BASIS_EVENT, o->currency, v);
	sqlite3_stmt *q =
	        db_use(&w->db, "SELECT posted_ms, orders, value, pending, approved, paid, reversed, clawed FROM entry WHERE order_no = ?1");
	db_int(q, 1, o->no);
	bool row = true;
	enum status s = OK;
	while (s == OK && (s = db_step(&w->db, q, &row)) == OK && row) {
		int64_t e[TALLY_WIDTH] = {0};
		for (int i = T_ORDERS; i <= T_CLAWED; i++)
			e[i] = sign * db_get_int(q, 1 + i);
		spread_takings(&w->spread, db_get_int(q, 0), &d, BASIS_POSTING, o->currency, e);
	}
	return s;
}

static bool same_place(const struct order *a, const struct order *b)
{
	return a->event_ms == b->event_ms && strcmp(a->product, b->product) == 0 && strcmp(a->phrase, b->phrase) == 0 &&
	       strcmp(a->form, b->form) == 0 && strcmp(a->app, b->app) == 0 && strcmp(a->model, b->model) == 0;
}

static int64_t window_of(const struct change *ch)
{
	return ch->o.stated >= 0 || ch->c->has_commission ? 0 : ch->c->window_ms;
}

/* Is the click that the message names the better one? One that can be attributed is; else the one of the earlier message. */
static enum status weigh_click(struct db *d, struct change *ch, bool *taken_out)
{
	struct order *o = &ch->o, other = ch->o;
	other.has_click = true;
	other.click = ch->c->click;
	other.click_from_ms = ch->c->occurred_at_ms;
	enum status s = order_attribute(d, &other, window_of(ch));
	*taken_out = !o->has_click || (other.attributed != o->attributed ? other.attributed : other.click_from_ms < o->click_from_ms);
	if (s == OK && *taken_out)
		*o = other;
	return s;
}

/* The order is dated by its earliest message. */
static enum status settle_place(struct writer *w, struct change *ch, bool *changed_out)
{
	struct order *o = &ch->o;
	const struct ledger_conversion *c = ch->c;
	bool earlier = !ch->known || c->occurred_at_ms < o->event_ms, taken = false;
	bool confirmed = c->has_commission && o->has_click && !o->attributed; /* a click of any age will do now */
	enum status s = OK;
	if (earlier)
		o->event_ms = c->occurred_at_ms;
	if (earlier || confirmed)
		s = order_attribute(&w->db, o, window_of(ch));
	if (s == OK && c->has_click)
		s = weigh_click(&w->db, ch, &taken);
	*changed_out = earlier || confirmed || taken;
	if (s != OK || !*changed_out || !ch->known || same_place(&ch->before, o))
		return s;
	s = respread(w, &ch->before, -1);
	return s == OK ? respread(w, o, 1) : s;
}

/* ---- commission ---------------------------------------------------------------------------------------- */

static enum status put_weight(struct writer *w, int64_t order_no, int rule, int64_t weight)
{
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO order_weight(order_no, rule_seq, weight) VALUES(?1,?2,?3)"
	                                 " ON CONFLICT(order_no, rule_seq) DO UPDATE SET weight = order_weight.weight + excluded.weight");
	db_int(q, 1, order_no);
	db_int(q, 2, rule);
	db_int(q, 3, weight);
	return db_run(&w->db, q);
}

/* Items say how much of the order falls under which rule. A later message with items replaces the split. */
static enum status weigh_items(struct writer *w, const struct change *ch, const struct ledger_rule *rules, uint32_t n)
{
	const struct ledger_conversion *c = ch->c;
	if (!c->item_count)
		return OK;
	sqlite3_stmt *q = db_use(&w->db, "DELETE FROM order_weight WHERE order_no = ?1");
	db_int(q, 1, ch->o.no);
	enum status s = db_run(&w->db, q);
	for (uint32_t i = 0; i < c->item_count && s == OK; i++) {
		int rule = rule_match(rules, n, str_of(c->item[i].id), str_of(c->item[i].category));
		s = put_weight(w, ch->o.no, rule, c->item[i].total.minor);
	}
	return s;
}

/* Splits the total by the items' weights and applies each part's rule; without items the default rule takes all. */
static enum status commission_by_rules(struct writer *w, const struct order *o, const struct ledger_rule *rules, uint32_t n, int64_t *out)
{
	int64_t rule[LEDGER_MAX_ITEMS], weight[LEDGER_MAX_ITEMS], part[LEDGER_MAX_ITEMS];
	size_t parts = 0;
	sqlite3_stmt *q = db_use(&w->db, "SELECT rule_seq, weight FROM order_weight WHERE order_no = ?1 ORDER BY rule_seq");
	db_int(q, 1, o->no);
	bool row = true;
	enum status s = OK;
	while (s == OK && parts < LEDGER_MAX_ITEMS && (s = db_step(&w->db, q, &row)) == OK && row) {
		rule[parts] = db_get_int(q, 0);
		weight[parts++] = db_get_int(q, 1);
	}
	db_end(q);
	if (!parts) {
		rule[0] = rule_match(rules, n, STR_NONE, STR_NONE);
		weight[0] = 1;
		parts = 1;
	}
	split_by_weight(o->total, weight, parts, part);
	int64_t sum = 0, unit = money_micro(o->currency);
	for (size_t i = 0; i < parts; i++)
		if (rule[i] >= 0 && rule[i] < n && sum < MICRO_MAX)
			sum += rule_commission(&rules[rule[i]], part[i], unit);
	*out = sum;
	return s;
}

/* The network's own figure stands until it names another, and shrinks or grows with the total it was named for. */
static int64_t stated_commission(const struct order *o)
{
	int64_t stated = o->stated * money_micro(o->currency) + o->stated_rest;
	return o->total == o->stated_total || o->stated_total <= 0 ? stated : scale_amount(stated, o->total, o->stated_total);
}

/* In micro units. */
static enum status commission_now(struct writer *w, struct change *ch, int64_t *out)
{
	struct ledger_rule *rules = NULL;
	uint32_t n = 0;
	enum status s = rules_load(&w->db, ch->o.rule_set, &rules, &n);
	if (s == OK)
		s = weigh_items(w, ch, rules, n);
	if (s == OK && ch->o.stated >= 0)
		*out = stated_commission(&ch->o);
	else if (s == OK)
		s = commission_by_rules(w, &ch->o, rules, n, out);
	free(rules);
	*out = *out < MICRO_MAX ? *out : MICRO_MAX;
	return s;
}

/* ---- the change itself ----------------------------------------------------------------------------------- */

/* Beside an adjustment the commission is a difference too (networks' negative rows). */
static void state_commission(struct order *o, const struct ledger_conversion *c)
{
	int64_t unit = money_micro(o->currency);
	int64_t base = c->has_adjustment && o->stated > 0 ? o->stated * unit + o->stated_rest : 0;
	int64_t stated = base + c->commission.minor * unit + c->commission_rest;
	o->stated = minor_of(stated < 0 ? 0 : stated < MICRO_MAX ? stated : MICRO_MAX, unit, &o->stated_rest);
	o->stated_total = o->total;
}

static void apply_amounts(struct change *ch)
{
	const struct ledger_conversion *c = ch->c;
	struct order *o = &ch->o;
	if (c->has_total)
		o->total = c->total.minor;
	if (c->has_adjustment) {
		o->total += c->adjustment.minor;
		ch->excess = o->total < 0 ? -o->total : 0;
		o->total = o->total > AMOUNT_MAX ? AMOUNT_MAX : o->total + ch->excess;
	}
	if (c->has_commission)
		state_commission(o, c);
}

/* Attested only by us, and by a click that was no person's: it waits until the network names a commission. */
static bool waits_for_review(const struct order *o)
{
	return o->stated < 0 && o->attributed && o->click_class[0] && strcmp(o->click_class, "human") != 0;
}

static enum status insert_entry(struct writer *w, const struct change *ch, const int64_t delta[TALLY_WIDTH])
{
	sqlite3_stmt *q = db_use(&w->db,
	        "INSERT INTO entry(order_no, seq, status, total, orders, value, pending, approved, paid, reversed, clawed, occurred_ms,"
	        " posted_ms, source, detail) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)");
	db_int(q, 1, ch->o.no);
	db_int(q, 2, ch->o.seq);
	db_int(q, 3, ch->o.status);
	db_int(q, 4, ch->o.total - ch->before.total);
	for (int i = T_ORDERS; i <= T_CLAWED; i++)
		db_int(q, 5 + i, delta[i]);
	db_int(q, 12, ch->c->occurred_at_ms);
	db_int(q, 13, ch->c->received_at_ms);
	db_name(q, 14, ch->c->source);
	db_name(q, 15, ch->detail);
	return db_run(&w->db, q);
}

/* Entry, postings and roll-ups: all from the difference between the order before and now. */
static enum status book(struct writer *w, struct change *ch)
{
	struct order *o = &ch->o;
	int64_t old[TALLY_WIDTH] = {0}, delta[TALLY_WIDTH];
	struct balances balance, from;
	if (ch->known)
		order_takings(&ch->before, old);
	order_takings(o, delta);
	for (int i = 0; i < TALLY_WIDTH; i++)
		delta[i] -= old[i];
	books_balances(&o->books, &o->deal, &balance);
	books_balances(&ch->before.books, &o->deal, &from);
	for (int i = 0; i < ACCOUNTS; i++) {
		balance.minor[i] -= from.minor[i];
		balance.micro[i] -= from.micro[i];
	}
	o->seq++;
	enum status s = insert_entry(w, ch, delta);
	if (s == OK)
		s = posting_add_group(&w->db, o->no, o->seq, ch->c->received_at_ms, o->currency, &balance);
	struct dims d = order_dims(o);
	spread_takings(&w->spread, o->event_ms, &d, BASIS_EVENT, o->currency, delta);
	spread_takings(&w->spread, ch->c->received_at_ms, &d, BASIS_POSTING, o->currency, delta);
	return s;
}

static bool books_same(const struct books *a, const struct books *b)
{
	return a->pending == b->pending && a->approved == b->approved && a->paid == b->paid && a->reversed == b->reversed &&
	       a->clawed == b->clawed && a->rest == b->rest;
}

static bool order_unchanged(const struct change *ch)
{
	const struct order *a = &ch->before, *b = &ch->o;
	return ch->known && a->status == b->status && a->total == b->total && a->review == b->review && books_same(&a->books, &b->books);
}

static enum status move_state(struct writer *w, struct change *ch)
{
	struct order *o = &ch->o;
	int64_t micro = 0, rest = 0;
	enum status s = commission_now(w, ch, &micro);
	if (s != OK)
		return s;
	int64_t commission = minor_of(micro, money_micro(o->currency), &rest);
	bool first = !ch->known || ch->before.review;
	/* Once booked, an order does not go back into review. */
	o->review = first && waits_for_review(o);
	o->status = o->review ? ch->c->status : books_move(&o->books, first, ch->before.status, ch->c->status, commission);
	o->books.rest = order_counts(o->status) && !o->review ? rest : 0;
	if (o->review)
		snprintf(ch->detail, sizeof(ch->detail), "waits in review: the click was %s", o->click_class);
	return OK;
}

/* The order is stored twice when it is new, since its rows need its number. */
enum status change_apply(struct writer *w, struct change *ch, enum booking *out)
{
	struct order *o = &ch->o;
	bool placed;
	enum status s = settle_place(w, ch, &placed);
	/* From here on differences are taken at the order's new place. */
	apply_amounts(ch);
	if (!ch->known || message_date(ch->c) > o->applied_ms)
		o->applied_ms = message_date(ch->c);
	if (!ch->known)
		o->deal = (struct deal){ch->c->deal, ch->c->share_ppm};
	if (s == OK && !ch->known)
		s = rules_freeze(&w->db, ch->c->rule, ch->c->rule_count, &o->rule_set);
	if (s == OK && !ch->known)
		s = order_store(&w->db, o);
	if (s == OK)
		s = move_state(w, ch);
	if (s == OK && ch->excess) {
		snprintf(ch->detail, sizeof(ch->detail), "the part that would take the total below zero is kept in quarantine");
		s = quarantine_put(&w->db, ch->c, KEPT_QUARANTINED, ch->detail, -ch->excess);
	}
	*out = ch->known ? BOOKED_CHANGE : BOOKED;
	if (s == OK && !order_unchanged(ch))
		s = book(w, ch);
	else
		*out = ch->excess ? BOOKED_REFUSED : BOOKED_REPEAT;
	return s == OK ? order_store(&w->db, o) : s;
}

enum status change_place(struct writer *w, struct change *ch)
{
	bool placed;
	enum status s = settle_place(w, ch, &placed);
	return s == OK && placed ? order_store(&w->db, &ch->o) : s;
}
