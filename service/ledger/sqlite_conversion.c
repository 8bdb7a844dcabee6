/* One conversion message: is it new, what does it change, what is booked. Everything it writes lies in the scribe's transaction.
 *
 * Messages apply by their own date: one that is not later than the last applied is a repeat and books nothing, whatever it says. It may
 * still show that the order is older than thought, or bring the click id, so that the order stands under the same day and product in
 * whatever order its messages came. */
#include "ledger/sha256.h"
#include "ledger/sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The message in work. */
struct change {
	const struct ledger_conversion *c;
	struct order before, o;
	bool known;
	int64_t excess; /* part of an adjustment that would have taken the total below zero */
	char detail[160];
};

/* ---- refusals ------------------------------------------------------------------------------------- */

static void put_money(struct sha256 *h, bool has, const struct money *m)
{
	sha256_put_int(h, has);
	sha256_put_int(h, has ? m->minor : 0);
	sha256_put_str(h, has ? str_of(m->currency) : STR_NONE);
}

static void message_digest(const struct ledger_conversion *c, uint8_t out[SHA256_BYTES])
{
	struct sha256 h;
	sha256_init(&h);
	sha256_put_int(&h, c->occurred_at_ms);
	sha256_put_int(&h, c->status);
	put_money(&h, c->has_total, &c->total);
	put_money(&h, c->has_adjustment, &c->adjustment);
	put_money(&h, c->has_commission, &c->commission);
	sha256_done(&h, out);
}

static const struct money *message_money(const struct ledger_conversion *c)
{
	static const struct money none;
	return c->has_total ? &c->total : c->has_adjustment ? &c->adjustment : c->has_commission ? &c->commission : &none;
}

/* Kept for a person to look at; the same message again is kept once. */
static enum status quarantine(struct writer *w, const struct ledger_conversion *c, const char *reason, int64_t amount)
{
	uint8_t digest[SHA256_BYTES];
	message_digest(c, digest);
	sqlite3_stmt *q = db_use(&w->db,
		"INSERT INTO quarantine(merchant, order_id, digest, reason, status, amount, currency, occurred_ms, received_ms, source)"
		" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT DO NOTHING");
	db_name(q, 1, c->merchant);
	db_name(q, 2, c->order_id);
	db_blob(q, 3, digest, sizeof(digest));
	db_name(q, 4, reason);
	db_int(q, 5, c->status);
	db_int(q, 6, amount);
	db_name(q, 7, message_money(c)->currency);
	db_int(q, 8, c->occurred_at_ms);
	db_int(q, 9, c->received_at_ms);
	db_name(q, 10, c->source);
	return db_run(&w->db, q);
}

static bool money_sane(bool has, const struct money *m)
{
	return !has || (m->currency[0] && m->minor <= AMOUNT_MAX && m->minor >= -AMOUNT_MAX);
}

static bool same_currency(bool has, const struct money *m, const char *currency)
{
	return !has || strcmp(m->currency, currency) == 0;
}

static bool items_sane(const struct ledger_conversion *c, const char *currency)
{
	for (uint32_t i = 0; i < c->item_count; i++) {
		const struct money *m = &c->item[i].total;
		if (!same_currency(true, m, currency) || m->minor < 0 || m->minor > AMOUNT_MAX)
			return false;
	}
	return true;
}

/* Why the message cannot be booked, or NULL. ch->o.currency is settled here. */
static const char *refusal(struct change *ch)
{
	const struct ledger_conversion *c = ch->c;
	if (!money_sane(c->has_total, &c->total) || !money_sane(c->has_adjustment, &c->adjustment)
		|| !money_sane(c->has_commission, &c->commission))
		return "an amount without a currency, or beyond reason";
	if (c->has_total && c->total.minor < 0)
		return "a total below zero";
	if (c->has_commission && c->commission.minor < 0 && !c->has_adjustment)
		return "a commission below zero";
	if (!ch->known && !message_money(c)->currency[0])
		return "a change to an order that is not known";
	if (!ch->known && c->has_adjustment && c->adjustment.minor < 0)
		return "a negative adjustment to an order that is not known";
	if (!ch->known)
		memcpy(ch->o.currency, message_money(c)->currency, sizeof(ch->o.currency));
	const char *currency = ch->o.currency;
	if (!same_currency(c->has_total, &c->total, currency) || !same_currency(c->has_adjustment, &c->adjustment, currency)
		|| !same_currency(c->has_commission, &c->commission, currency))
		return "another currency than the order's";
	if (!items_sane(c, currency))
		return "items in another currency than the order's, or below zero";
	return NULL;
}

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
	sqlite3_stmt *q = db_use(&w->db, "SELECT posted_ms, orders, value, pending, approved, paid, reversed, clawed FROM entry WHERE order_no = ?1");
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
	return a->event_ms == b->event_ms && strcmp(a->product, b->product) == 0 && strcmp(a->phrase, b->phrase) == 0
	       && strcmp(a->form, b->form) == 0 && strcmp(a->app, b->app) == 0 && strcmp(a->model, b->model) == 0;
}

/* The order is dated by its earliest message, and goes to the click that the earliest message with one names. */
static enum status settle_place(struct writer *w, struct change *ch, bool *changed_out)
{
	struct order *o = &ch->o;
	const struct ledger_conversion *c = ch->c;
	bool earlier = !ch->known || c->occurred_at_ms < o->event_ms;
	bool click = c->has_click && (!o->has_click || c->occurred_at_ms < o->click_from_ms);
	*changed_out = earlier || click;
	if (!earlier && !click)
		return OK;
	if (earlier)
		o->event_ms = c->occurred_at_ms;
	if (click) {
		o->has_click = true;
		o->click = c->click;
		o->click_from_ms = c->occurred_at_ms;
	}
	enum status s = order_attribute(&w->db, o);
	if (s != OK || !ch->known || same_place(&ch->before, o))
		return s;
	s = respread(w, &ch->before, -1);
	return s == OK ? respread(w, o, 1) : s;
}

/* ---- commission ---------------------------------------------------------------------------------------- */

static enum status put_weight(struct writer *w, int64_t order_no, int rule, int64_t weight)
{
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO order_weight(order_no, rule_seq, weight) VALUES(?1,?2,?3)"
					 " ON CONFLICT DO UPDATE SET weight = weight + excluded.weight");
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
	int64_t sum = 0;
	for (size_t i = 0; i < parts; i++)
		if (rule[i] >= 0 && rule[i] < n)
			sum += rule_commission(&rules[rule[i]], part[i]);
	*out = sum < AMOUNT_MAX ? sum : AMOUNT_MAX;
	return s;
}

/* The network's own figure stands until it names another, and shrinks or grows with the total it was named for. */
static int64_t stated_commission(const struct order *o)
{
	if (o->total == o->stated_total || o->stated_total <= 0)
		return o->stated;
	int64_t c = scale_amount(o->stated, o->total, o->stated_total);
	return c < AMOUNT_MAX ? c : AMOUNT_MAX;
}

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
	return s;
}

/* ---- the change itself ----------------------------------------------------------------------------------- */

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
	if (!c->has_commission)
		return;
	/* Beside an adjustment the commission is a difference too (networks' negative rows). */
	int64_t base = c->has_adjustment && o->stated > 0 ? o->stated : 0;
	int64_t stated = base + c->commission.minor;
	o->stated = stated < 0 ? 0 : stated > AMOUNT_MAX ? AMOUNT_MAX : stated;
	o->stated_total = o->total;
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
	int64_t old[TALLY_WIDTH] = {0}, delta[TALLY_WIDTH], balance[ACCOUNTS], from[ACCOUNTS];
	if (ch->known)
		order_takings(&ch->before, old);
	order_takings(o, delta);
	for (int i = 0; i < TALLY_WIDTH; i++)
		delta[i] -= old[i];
	books_balances(&o->books, balance);
	books_balances(&ch->before.books, from);
	for (int i = 0; i < ACCOUNTS; i++)
		balance[i] -= from[i];
	o->seq++;
	enum status s = insert_entry(w, ch, delta);
	if (s == OK)
		s = posting_add_group(&w->db, o->no, o->seq, ch->c->received_at_ms, o->currency, balance);
	struct dims d = order_dims(o);
	spread_takings(&w->spread, o->event_ms, &d, BASIS_EVENT, o->currency, delta);
	spread_takings(&w->spread, ch->c->received_at_ms, &d, BASIS_POSTING, o->currency, delta);
	return s;
}

static bool books_same(const struct books *a, const struct books *b)
{
	return a->pending == b->pending && a->approved == b->approved && a->paid == b->paid && a->reversed == b->reversed
	       && a->clawed == b->clawed;
}

static bool order_unchanged(const struct change *ch)
{
	const struct order *a = &ch->before, *b = &ch->o;
	return ch->known && a->status == b->status && a->total == b->total && a->review == b->review && books_same(&a->books, &b->books);
}

static enum status move_state(struct writer *w, struct change *ch)
{
	struct order *o = &ch->o;
	int64_t commission = 0;
	enum status s = commission_now(w, ch, &commission);
	if (s != OK)
		return s;
	bool first = !ch->known || ch->before.review;
	/* Once booked, an order does not go back into review. */
	o->review = first && waits_for_review(o);
	o->status = o->review ? ch->c->status : books_move(&o->books, first, ch->before.status, ch->c->status, commission);
	if (o->review)
		snprintf(ch->detail, sizeof(ch->detail), "waits in review: the click was %s", o->click_class);
	return OK;
}

/* All of the message that can be applied. The order is stored twice when it is new, since its rows need its number. */
static enum status apply_message(struct writer *w, struct change *ch, enum booking *out)
{
	struct order *o = &ch->o;
	bool placed;
	enum status s = settle_place(w, ch, &placed);
	/* From here on differences are taken at the order's new place. */
	apply_amounts(ch);
	o->applied_ms = ch->c->occurred_at_ms;
	if (s == OK && !ch->known)
		s = rules_freeze(&w->db, ch->c->rule, ch->c->rule_count, &o->rule_set);
	if (s == OK && !ch->known)
		s = order_store(&w->db, o);
	if (s == OK)
		s = move_state(w, ch);
	if (s == OK && ch->excess) {
		snprintf(ch->detail, sizeof(ch->detail), "the part that would take the total below zero is kept in quarantine");
		s = quarantine(w, ch->c, ch->detail, -ch->excess);
	}
	*out = ch->known ? BOOKED_CHANGE : BOOKED;
	if (s == OK && !order_unchanged(ch))
		s = book(w, ch);
	else
		*out = ch->excess ? BOOKED_REFUSED : BOOKED_REPEAT;
	return s == OK ? order_store(&w->db, o) : s;
}

static enum status apply_late(struct writer *w, struct change *ch)
{
	bool placed;
	enum status s = settle_place(w, ch, &placed);
	return s == OK && placed ? order_store(&w->db, &ch->o) : s;
}

static void describe(const struct change *ch, enum booking booking, struct ledger_booking *out)
{
	const struct order *o = &ch->o;
	*out = (struct ledger_booking){.booking = booking, .status = o->status, .attributed = o->attributed};
	memcpy(out->click_class, o->click_class, sizeof(out->click_class));
	memcpy(out->total.currency, o->currency, sizeof(o->currency));
	memcpy(out->commission.currency, o->currency, sizeof(o->currency));
	out->total.minor = o->total;
	out->commission.minor = books_earned(&o->books);
	memcpy(out->detail, ch->detail, sizeof(out->detail));
}

static enum status apply_conversion(struct writer *w, const struct ledger_conversion *c, struct ledger_booking *out)
{
	struct change ch = {.c = c};
	enum booking booking = BOOKED_REFUSED;
	enum status s = order_load(&w->db, c->merchant, c->order_id, &ch.before, &ch.known);
	if (s != OK)
		return s;
	ch.o = ch.before;
	const char *why = refusal(&ch);
	if (why) {
		snprintf(ch.detail, sizeof(ch.detail), "%s", why);
		if (!ch.known)
			ch.o.status = c->status;
		s = quarantine(w, c, why, message_money(c)->minor);
	} else if (ch.known && c->occurred_at_ms <= ch.o.applied_ms) {
		booking = BOOKED_REPEAT;
		s = apply_late(w, &ch);
	} else {
		s = apply_message(w, &ch, &booking);
	}
	writer_saw(w, c->received_at_ms);
	if (s == OK)
		describe(&ch, booking, out);
	return s;
}

/* ---- once a key ------------------------------------------------------------------------------------------- */

enum { REPLY_MAX = 1 << 16 };

static enum status keep_reply(struct writer *w, const struct ledger_conversion *c, const struct ledger_booking *b)
{
	struct buf reply;
	buf_init(&reply, REPLY_MAX);
	if (c->reply)
		c->reply(c, b, &reply);
	enum status s = reply.failed ? E_NOMEM : reply_store(&w->db, &c->key, 200, buf_str(&reply), c->received_at_ms);
	buf_done(&reply);
	return s;
}

enum status writer_conversion(struct writer *w, const struct ledger_conversion *c, struct ledger_booking *out)
{
	if (!c->key.key[0])
		return apply_conversion(w, c, out);
	enum status s = reply_find(&w->db, &c->key, NULL, NULL);
	if (s == OK || s == E_CONFLICT) {
		*out = (struct ledger_booking){.booking = s == OK ? BOOKED_REPLAY : BOOKED_KEY_TAKEN};
		return OK;
	}
	if (s == E_MISSING)
		s = apply_conversion(w, c, out);
	return s == OK && out->booking != BOOKED_REFUSED ? keep_reply(w, c, out) : s;
}
