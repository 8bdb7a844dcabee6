/* book: where an order's commission stands, and what a change of state does to it. Pure; amounts are minor units of the order's currency. */
#ifndef LEDGER_BOOK_H
#define LEDGER_BOOK_H

#include "ledger/ledger.h"

/* The report's columns. Earned = pending + approved + paid - clawed. reversed includes clawed. */
struct books {
	int64_t pending, approved, paid, reversed, clawed;
};
int64_t books_earned(const struct books *b);

/* Moves b to a state in which commission (>= 0) stands, and returns the state reached: what was once paid is never unpaid, it is clawed
 * back (facts: affiliate 3.3). first: nothing was booked before. */
enum order_status books_move(struct books *b, bool first, enum order_status from, enum order_status to, int64_t commission);
/* Does an order in this state count in orders and order_value? */
bool order_counts(enum order_status s);

/* Accounts of facts: affiliate 6, with the balance each holds while an order stands at b. Debit is positive; they sum to zero. */
enum account { ACC_RECV_PENDING, ACC_RECV_APPROVED, ACC_RECV_PAYABLE, ACC_CASH, ACC_INCOME_UNEARNED, ACC_INCOME, ACC_REVERSALS, ACCOUNTS };
extern const char *const account_name[ACCOUNTS];
void books_balances(const struct books *b, int64_t out[ACCOUNTS]);

/* ---- commission by rule --------------------------------------------------------------------- */

/* The rule that an item falls under: product, then the longest category path, then the default. -1: none. */
int rule_match(const struct ledger_rule *rules, uint32_t n, struct str product, struct str category);
/* What one rule yields on amount: rate half to even, flat, cap. */
int64_t rule_commission(const struct ledger_rule *r, int64_t amount);
/* Splits total by weights, largest remainder first, ties by position; the parts sum to total. Weights of zero sum: all to the first. */
void split_by_weight(int64_t total, const int64_t *weight, size_t n, int64_t *part_out);
/* amount * to / from, half to even; all >= 0, from > 0; held at INT64_MAX. */
int64_t scale_amount(int64_t amount, int64_t to, int64_t from);

#endif
