/* book: where an order's commission stands, and what a change of state does to it. Pure; amounts are minor units of the order's currency. */
#ifndef LEDGER_BOOK_H
#define LEDGER_BOOK_H

#include "ledger/ledger.h"

/* The report's columns. Earned = pending + approved + paid - clawed. reversed includes clawed. */
struct books {
	int64_t pending, approved, paid, reversed, clawed;
	int64_t rest; /* micro units that were rounded off what stands (negative: rounded up) */
};
int64_t books_earned(const struct books *b);

/* Moves b to a state in which commission (>= 0) stands, and returns the state reached: what was once paid is never unpaid, it is clawed
 * back (facts: affiliate 3.3). first: nothing was booked before. */
enum order_status books_move(struct books *b, bool first, enum order_status from, enum order_status to, int64_t commission);
/* Does an order in this state count in orders and order_value? */
bool order_counts(enum order_status s);

/* What was agreed with the merchant or publisher, frozen with the order. A split passes share_ppm of what is approved on to a partner; under a
 * swap what is paid comes as goods, data or placements, and no cash moves. */
struct deal {
	enum ledger_deal kind;
	int64_t share_ppm;
};
/* The partner's share of what was approved or paid, half to even. */
int64_t deal_share(const struct deal *d, const struct books *b);

/* Accounts of facts: affiliate 6, with the balance each holds while an order stands at b. Debit is positive; minor units and micro units each
 * sum to zero. Receivables are whole minor units, income is exact, and what was rounded off lies in rounding. */
enum account {
	ACC_RECV_PENDING,
	ACC_RECV_APPROVED,
	ACC_RECV_PAYABLE,
	ACC_CASH,
	ACC_INCOME_UNEARNED,
	ACC_INCOME,
	ACC_REVERSALS,
	ACC_ROUNDING,
	ACC_IN_KIND,
	ACC_PARTNER_SHARE,
	ACC_PARTNER_PAYABLE,
	ACCOUNTS
};
extern const char *const account_name[ACCOUNTS];
struct balances {
	int64_t minor[ACCOUNTS], micro[ACCOUNTS];
};
void books_balances(const struct books *b, const struct deal *d, struct balances *out);

/* ---- commission by rule --------------------------------------------------------------------- */

/* The rule that an item falls under: product, then the longest category path, then the default. -1: none. */
int rule_match(const struct ledger_rule *rules, uint32_t n, struct str product, struct str category);
#define MICRO_MAX INT64_C(1000000000000000000) /* of one amount: a million million in major units */
/* What one rule yields on amount, in micro units, of which a minor unit has `unit`: rate half to even, flat, cap. */
int64_t rule_commission(const struct ledger_rule *r, int64_t amount, int64_t unit);
/* Micro units to whole minor ones, half to even; rest_out is what that leaves. */
int64_t minor_of(int64_t micro, int64_t unit, int64_t *rest_out);
/* Splits total by weights, largest remainder first, ties by position; the parts sum to total. Weights of zero sum: all to the first. */
void split_by_weight(int64_t total, const int64_t *weight, size_t n, int64_t *part_out);
/* amount * to / from, half to even; to and from >= 0, from > 0; held within INT64_MAX. */
int64_t scale_amount(int64_t amount, int64_t to, int64_t from);

#endif
