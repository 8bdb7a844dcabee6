/* One conversion message: may it be booked, is it new, does it wait for its order. Everything it writes lies in the scribe's transaction.
 *
 * Messages apply by their own date: one that is not later than the last applied is a repeat and books nothing, whatever it says. It may
 * still show that the order is older than thought, or bring the click id, so that the order stands under the same day and product in
 * whatever order its messages came. Rows of networks' reports and parked messages are put in order before they come here. */
#include "ledger/sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- admission ------------------------------------------------------------------------------------- */

int64_t message_date(const struct ledger_conversion *c)
{
	return c->changed_at_ms ? c->changed_at_ms : c->occurred_at_ms;
}

int order_rank(enum order_status s)
{
	static const int rank[] = {[ORDER_PENDING] = 0, [ORDER_APPROVED] = 1, [ORDER_PAID] = 2, [ORDER_DECLINED] = 3, [ORDER_REVERSED] = 3};
	return rank[s];
}

const struct money *message_money(const struct ledger_conversion *c)
{
	static const struct money none;
	return c->has_total ? &c->total : c->has_adjustment ? &c->adjustment : c->has_commission ? &c->commission : &none;
}

bool money_sane(bool has, const struct money *m)
{
	if (!has)
		return true;
	int64_t unit = money_micro(m->currency);
	int64_t most = unit ? MICRO_MAX / unit : 0;
	most = most < AMOUNT_MAX ? most : AMOUNT_MAX;
	return unit && m->minor <= most && m->minor >= -most;
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
	if (c->voided)
		return "void by the merchant's list: a test, or an own purchase";
	if (!money_sane(c->has_total, &c->total) || !money_sane(c->has_adjustment, &c->adjustment) ||
	        !money_sane(c->has_commission, &c->commission))
		return "an amount without a currency, or beyond reason";
	if (c->has_total && c->total.minor < 0)
		return "a total below zero";
	if (c->has_commission && c->commission.minor < 0 && !c->has_adjustment)
		return "a commission below zero";
	if (!ch->known && !message_money(c)->currency[0])
		return "a change to an order that is not known";
	if (!ch->known)
		memcpy(ch->o.currency, message_money(c)->currency, sizeof(ch->o.currency));
	const char *currency = ch->o.currency;
	if (!same_currency(c->has_total, &c->total, currency) || !same_currency(c->has_adjustment, &c->adjustment, currency) ||
	        !same_currency(c->has_commission, &c->commission, currency))
		return "another currency than the order's";
	if (!items_sane(c, currency))
		return "items in another currency than the order's, or below zero";
	return NULL;
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
	out->shadow = ch->shadow;
	memcpy(out->detail, ch->detail, sizeof(out->detail));
}

/* Speaks of an order that has to come yet: its amounts are below zero, or it has none and yet is further along than pending. */
static bool runs_ahead(const struct ledger_conversion *c)
{
	if (c->has_adjustment)
		return c->adjustment.minor < 0;
	return !message_money(c)->currency[0] && c->status != ORDER_PENDING;
}

static enum status refuse(struct writer *w, struct change *ch, const char *why)
{
	snprintf(ch->detail, sizeof(ch->detail), "%s", why);
	if (!ch->known)
		ch->o.status = ch->c->status;
	return quarantine_put(&w->db, ch->c, KEPT_QUARANTINED, why, message_money(ch->c)->minor);
}

static enum status park(struct writer *w, struct change *ch)
{
	snprintf(ch->detail, sizeof(ch->detail), "the order is not known yet: kept until it comes");
	ch->o.status = ch->c->status;
	return quarantine_put(&w->db, ch->c, KEPT_PARKED, "came before its order", message_money(ch->c)->minor);
}

static enum status load(struct writer *w, const struct ledger_conversion *c, struct change *ch)
{
	*ch = (struct change){.c = c};
	enum status s = order_load(&w->db, c->merchant, c->order_id, &ch->before, &ch->known);
	ch->o = ch->before;
	return s;
}

/* In any order: a parked change counts unless the order is as far along by a later word. */
static enum status apply_parked_one(struct writer *w, const struct ledger_conversion *c)
{
	struct change ch;
	enum booking booking;
	enum status s = load(w, c, &ch);
	if (s != OK || !ch.known || c->row[0]) /* a row has its amounts in its order's sum by now */
		return s;
	if (!c->has_adjustment && c->occurred_at_ms <= ch.o.applied_ms && order_rank(c->status) <= order_rank(ch.o.status))
		return OK;
	const char *why = refusal(&ch);
	return why ? refuse(w, &ch, why) : change_apply(w, &ch, &booking);
}

static enum status apply_parked(struct writer *w, const struct ledger_conversion *first, struct change *ch)
{
	struct ledger_conversion *c = malloc(sizeof(*c));
	bool found = true, any = false;
	enum status s = c ? OK : E_NOMEM;
	while (s == OK && (s = quarantine_unpark(&w->db, first->merchant, first->order_id, c, &found)) == OK && found) {
		any = true;
		s = apply_parked_one(w, c);
	}
	free(c);
	if (s != OK || !any)
		return s;
	struct order before = ch->before;
	s = load(w, first, ch);
	ch->before = before;
	snprintf(ch->detail, sizeof(ch->detail), "what had come before the order was applied to it");
	return s;
}

/* forced: whatever its date. */
static enum status admit(struct writer *w, struct change *ch, bool forced, enum booking *out)
{
	const struct ledger_conversion *c = ch->c;
	*out = BOOKED_REFUSED;
	if (!ch->known && !c->voided && runs_ahead(c)) {
		*out = BOOKED_PARKED;
		return park(w, ch);
	}
	const char *why = refusal(ch);
	if (why)
		return refuse(w, ch, why);
	if (ch->known && !forced && message_date(c) <= ch->o.applied_ms) {
		*out = BOOKED_REPEAT;
		return change_place(w, ch);
	}
	enum status s = change_apply(w, ch, out);
	return s == OK && !ch->known ? apply_parked(w, c, ch) : s;
}

static enum status apply_row(struct writer *w, struct change *ch, enum booking *out)
{
	struct rowed *r = calloc(1, sizeof(*r));
	if (!r)
		return E_NOMEM;
	enum status s = part_take(&w->db, ch->c, &ch->before, ch->known, r);
	ch->shadow = r->shadow;
	ch->excess = r->excess;
	if (r->detail)
		snprintf(ch->detail, sizeof(ch->detail), "%s", r->detail);
	if (s == OK && r->settled)
		*out = r->booking;
	if (s == OK && r->settled && !ch->known)
		ch->o.status = ch->c->status;
	if (s == OK && !r->settled) {
		const struct ledger_conversion *row = ch->c;
		ch->c = &r->whole;
		s = admit(w, ch, true, out);
		ch->c = row;
	}
	free(r);
	return s;
}

static enum status apply_conversion(struct writer *w, const struct ledger_conversion *c, struct ledger_booking *out)
{
	struct change ch;
	enum booking booking = BOOKED_REFUSED;
	enum status s = load(w, c, &ch);
	if (s == OK)
		s = c->row[0] && !c->voided ? apply_row(w, &ch, &booking) : admit(w, &ch, false, &booking);
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
