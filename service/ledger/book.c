/* Commission states, account balances and commission rules. */
#include "ledger/book.h"

#include <string.h>

__extension__ typedef __int128 int128;

const char *const account_name[ACCOUNTS] = {"recv_pending", "recv_approved", "recv_payable", "cash", "income_unearned", "income",
        "reversals", "rounding", "in_kind", "partner_share", "partner_payable"};

int64_t books_earned(const struct books *b)
{
	return b->pending + b->approved + b->paid - b->clawed;
}

bool order_counts(enum order_status s)
{
	return s == ORDER_PENDING || s == ORDER_APPROVED || s == ORDER_PAID;
}

/* Money has left the bank: differences are clawed back, or what was clawed back is restored first. */
static enum order_status move_paid(struct books *b, enum order_status to, int64_t commission)
{
	int64_t want = order_counts(to) ? commission : 0;
	int64_t net = b->paid - b->clawed;
	if (want < net) {
		b->clawed += net - want;
		b->reversed += net - want;
	} else {
		int64_t back = want - net < b->clawed ? want - net : b->clawed;
		b->clawed -= back;
		b->reversed -= back;
		b->paid += want - net - back;
	}
	return order_counts(to) ? ORDER_PAID : ORDER_REVERSED;
}

enum order_status books_move(struct books *b, bool first, enum order_status from, enum order_status to, int64_t commission)
{
	if (!first && (from == ORDER_PAID || b->paid))
		return move_paid(b, to, commission);
	int64_t standing = first ? commission : b->pending + b->approved;
	int64_t reversed = !first && from == ORDER_REVERSED ? b->reversed : standing;
	*b = (struct books){0};
	switch (to) {
	case ORDER_PENDING:
		b->pending = commission;
		break;
	case ORDER_APPROVED:
		b->approved = commission;
		break;
	case ORDER_PAID:
		b->paid = commission;
		break;
	case ORDER_REVERSED:
		b->reversed = reversed;
		break;
	case ORDER_DECLINED:
		break;
	}
	return to;
}

int64_t deal_share(const struct deal *d, const struct books *b)
{
	int64_t earned = b->approved + b->paid - b->clawed;
	return d->kind == DEAL_SPLIT && earned > 0 ? money_ppm(earned, d->share_ppm) : 0;
}

void books_balances(const struct books *b, const struct deal *d, struct balances *out)
{
	*out = (struct balances){0};
	int64_t *m = out->minor, share = deal_share(d, b);
	m[ACC_RECV_PENDING] = b->pending;
	m[ACC_INCOME_UNEARNED] = -b->pending;
	m[ACC_RECV_APPROVED] = b->approved;
	m[d->kind == DEAL_SWAP ? ACC_IN_KIND : ACC_CASH] = b->paid;
	m[ACC_RECV_PAYABLE] = -b->clawed;
	m[ACC_REVERSALS] = b->reversed;
	/* Reversed but not clawed back was income for a moment: both sides stay visible. */
	m[ACC_INCOME] = -(b->approved + b->paid + b->reversed - b->clawed);
	m[ACC_PARTNER_SHARE] = share;
	m[ACC_PARTNER_PAYABLE] = -share;
	out->micro[ACC_ROUNDING] = b->rest;
	out->micro[b->approved || b->paid ? ACC_INCOME : ACC_INCOME_UNEARNED] = -b->rest;
}

/* ---- rules ------------------------------------------------------------------------------------ */

/* path is category or lies below it: "A > B" covers "A > B > C". */
static bool covers(struct str category, struct str path)
{
	if (!str_starts(path, category))
		return false;
	struct str rest = str_trim(str_sub(path, category.n, path.n));
	return rest.n == 0 || rest.p[0] == '>';
}

int rule_match(const struct ledger_rule *rules, uint32_t n, struct str product, struct str category)
{
	int best = -1;
	size_t best_rank = 0; /* default 1, category 2 + its length, product above all */
	for (uint32_t i = 0; i < n; i++) {
		struct str c = str_of(rules[i].category), p = str_of(rules[i].product);
		size_t rank = 1;
		if (p.n)
			rank = str_eq(p, product) && (!c.n || covers(c, category)) ? SIZE_MAX : 0;
		else if (c.n)
			rank = covers(c, category) ? 2 + c.n : 0;
		if (rank > best_rank) {
			best_rank = rank;
			best = (int)i;
		}
	}
	return best;
}

/* v rounded to a multiple of 1 after division by d > 0, half to even, whatever its sign. */
static int128 divide(int128 v, int128 d)
{
	bool below = v < 0;
	int128 n = below ? -v : v, whole = n / d, rest = n % d * 2;
	if (rest > d || (rest == d && whole % 2))
		whole++;
	return below ? -whole : whole;
}

static int64_t held(int128 v, int64_t most)
{
	return v > most ? most : v < -(int128)most ? -most : (int64_t)v;
}

int64_t rule_commission(const struct ledger_rule *r, int64_t amount, int64_t unit)
{
	if (amount <= 0)
		return 0;
	int128 sum = r->rate_ppm > 0 ? divide((int128)amount * r->rate_ppm * unit, 1000000) : 0;
	if (r->flat_minor > 0)
		sum += (int128)r->flat_minor * unit;
	if (r->cap_minor >= 0 && sum > (int128)r->cap_minor * unit)
		sum = (int128)r->cap_minor * unit;
	return held(sum, MICRO_MAX);
}

int64_t minor_of(int64_t micro, int64_t unit, int64_t *rest_out)
{
	int64_t minor = (int64_t)divide(micro, unit);
	*rest_out = micro - minor * unit;
	return minor;
}

void split_by_weight(int64_t total, const int64_t *weight, size_t n, int64_t *part_out)
{
	int64_t sum = 0, left = total;
	for (size_t i = 0; i < n; i++)
		sum += weight[i];
	memset(part_out, 0, n * sizeof(*part_out));
	if (n && sum <= 0)
		part_out[0] = total;
	if (!n || sum <= 0)
		return;
	for (size_t i = 0; i < n; i++) {
		part_out[i] = (int64_t)((int128)total * weight[i] / sum);
		left -= part_out[i];
	}
	/* left < n units remain: one each to the largest remainders. A share at 0 remainder never gets one, for left is then 0. */
	for (; left > 0; left--) {
		size_t best = 0;
		int128 best_rest = -1;
		for (size_t i = 0; i < n; i++) {
			int128 rest = (int128)total * weight[i] - (int128)part_out[i] * sum;
			if (rest > best_rest) {
				best = i;
				best_rest = rest;
			}
		}
		part_out[best]++;
	}
}

int64_t scale_amount(int64_t amount, int64_t to, int64_t from)
{
	return held(divide((int128)amount * to, from), INT64_MAX);
}
