/* What was agreed with a merchant besides its rates: the deal, the window in which a click earns, the orders that are none. */
#include "catalog/merchant.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define MAX_VOID 1000
#define MAX_ORDER 128
#define MAX_PARTNER 64
#define MAX_WINDOW 3650

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static bool plain_text(const json_t *v, size_t max)
{
	struct str s = text_of(v);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return json_is_string(v) && s.n > 0 && s.n <= max;
}

static enum status read_deal(const json_t *v, struct arena *a, struct merchant *m, struct err *e)
{
	static const char *const kinds[] = {[MERCHANT_COMMISSION] = "commission", [MERCHANT_SPLIT] = "split", [MERCHANT_SWAP] = "swap"};
	const json_t *share = json_object_get(v, "share_ppm"), *partner = json_object_get(v, "partner");
	struct str kind = text_of(json_object_get(v, "kind"));
	size_t k = 0;
	if (!v || json_is_null(v))
		return OK;
	while (k < ARRAY_LEN(kinds) && !str_eq(kind, str_of(kinds[k])))
		k++;
	if (!json_is_object(v) || k == ARRAY_LEN(kinds))
		return err_set(e, E_INPUT, "/deal/kind", "must be commission, split or swap");
	if (partner && !plain_text(partner, MAX_PARTNER))
		return err_set(e, E_INPUT, "/deal/partner", "must be 1 to %d bytes without control characters", MAX_PARTNER);
	bool fits = json_is_integer(share) && json_integer_value(share) >= 0 && json_integer_value(share) <= 1000000;
	if ((share && !fits) || (k == MERCHANT_SPLIT) != (share != NULL))
		return err_set(e, E_INPUT, "/deal/share_ppm", "goes with a split, and only with it: an integer from 0 to 1000000");
	m->deal = (enum merchant_deal)k;
	m->deal_share_ppm = json_integer_value(share);
	m->deal_partner = partner ? arena_take_str(a, text_of(partner)) : STR_NONE;
	return OK;
}

static enum status read_window(const json_t *v, struct merchant *m, struct err *e)
{
	m->window_days = MERCHANT_WINDOW_DAYS;
	if (!v || json_is_null(v))
		return OK;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > MAX_WINDOW)
		return err_set(e, E_INPUT, "/window_days", "must be an integer from 0 (for ever) to %d", MAX_WINDOW);
	m->window_days = json_integer_value(v);
	return OK;
}

static enum status read_void_orders(const json_t *v, struct arena *a, struct merchant *m, struct err *e)
{
	size_t n = json_array_size(v);
	if (!v || json_is_null(v))
		return OK;
	if (!json_is_array(v) || n > MAX_VOID)
		return err_set(e, E_INPUT, "/void_orders", "must be a list of at most %d order ids, where * may end one", MAX_VOID);
	struct str *orders = ARENA_TAKE(a, struct str, n + 1);
	for (size_t i = 0; orders && i < n; i++) {
		char pointer[48];
		snprintf(pointer, sizeof(pointer), "/void_orders/%zu", i);
		if (!plain_text(json_array_get(v, i), MAX_ORDER))
			return err_set(e, E_INPUT, pointer, "must be an order id, or the beginning of some and *");
		orders[i] = arena_take_str(a, text_of(json_array_get(v, i)));
	}
	m->void_orders = orders;
	m->void_order_count = orders ? (uint32_t)n : 0;
	return OK;
}

enum status merchant_read_terms(const json_t *o, struct arena *a, struct merchant *m, struct err *e)
{
	enum status s = read_deal(json_object_get(o, "deal"), a, m, e);
	if (s == OK)
		s = read_window(json_object_get(o, "window_days"), m, e);
	return s == OK ? read_void_orders(json_object_get(o, "void_orders"), a, m, e) : s;
}
