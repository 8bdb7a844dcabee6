/* credit: postbacks and webhooks of networks and merchants become conversion records, or are refused when their secret is wrong. */
#include "flow/credit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEBHOOK_SKEW_MS (5 * 60 * 1000)
#define DAY_MS INT64_C(86400000)
#define AHEAD_MS DAY_MS /* a shop's clock or zone may be wrong; later dates would silence all that comes after them */

enum status credit_text(struct str s, const char *where, char *out, size_t size, struct err *e)
{
	if (s.n >= size)
		return err_set(e, E_INPUT, where, "longer than %zu bytes", size - 1);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
			return err_set(e, E_INPUT, where, "control characters are not allowed");
	if (!utf8_valid(s))
		return err_set(e, E_INPUT, where, "not UTF-8");
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return OK;
}

static enum status take_terms(const struct merchant *m, struct arena *a, struct ledger_conversion *c, struct err *e)
{
	enum status st = OK;
	struct ledger_rule *rules = ARENA_TAKE(a, struct ledger_rule, m->rule_count);
	for (uint32_t i = 0; rules && st == OK && i < m->rule_count; i++) {
		const struct commission_rule *from = &m->rules[i];
		rules[i] = (struct ledger_rule){.rate_ppm = from->rate_ppm, .flat_minor = from->flat_minor, .cap_minor = from->cap_minor};
		st = credit_text(from->category, "/commission", rules[i].category, sizeof rules[i].category, e);
		if (st == OK)
			st = credit_text(from->product, "/commission", rules[i].product, sizeof rules[i].product, e);
	}
	if (st == OK && !rules && m->rule_count)
		st = err_set(e, E_NOMEM, "", "out of memory");
	c->deal = m->deal == MERCHANT_SPLIT ? DEAL_SPLIT : m->deal == MERCHANT_SWAP ? DEAL_SWAP : DEAL_COMMISSION;
	c->share_ppm = m->deal_share_ppm;
	c->window_ms = m->window_days * DAY_MS;
	c->rule = rules;
	c->rule_count = rules ? m->rule_count : 0;
	return st;
}

enum status credit_terms_of(struct str merchant_json, struct arena *a, struct ledger_conversion *c, struct err *e)
{
	struct merchant m;
	enum status s = merchant_parse_json(str_of(c->merchant), merchant_json, a, &m, e);
	return s == OK ? take_terms(&m, a, c, e) : s;
}

enum status credit_terms(
        const struct merchant *m, const char *source, int64_t now, struct arena *a, struct ledger_conversion *c, struct err *e)
{
	*c = (struct ledger_conversion){.received_at_ms = now, .occurred_at_ms = now, .status = ORDER_PENDING};
	snprintf(c->source, sizeof c->source, "%s", source);
	enum status st = credit_text(m->id, "/merchant", c->merchant, sizeof c->merchant, e);
	return st == OK ? take_terms(m, a, c, e) : st;
}

enum status credit_begin(const struct shelf *s, struct str merchant, const char *source, int64_t now, struct arena *a,
        const struct merchant **merchant_out, struct ledger_conversion *c, struct err *e)
{
	const struct merchant *m = catalog_merchant_by_id(s->catalog, merchant);
	if (!m)
		return err_set(e, E_MISSING, "/merchant", "no such merchant");
	*merchant_out = m;
	return credit_terms(m, source, now, a, c, e);
}

enum status credit_click(struct str text, struct ledger_conversion *c, struct err *e)
{
	struct link_id id;
	struct str bare = str_starts(text, STR("lnk_")) || str_starts(text, STR("clk_")) ? str_sub(text, 4, text.n) : text;
	if (!link_subid_read(bare, &id) && !(bare.n == LINK_ID_TEXT && link_id_read(bare, &id)))
		return err_set(e, E_INPUT, "/click_id", "not a click id: cut, changed or not ours");
	memcpy(c->click.b, id.b, sizeof c->click.b);
	c->has_click = true;
	return OK;
}

enum status credit_dates(const struct ledger_conversion *c, struct err *e)
{
	if (c->occurred_at_ms < 0 || c->occurred_at_ms > c->received_at_ms + AHEAD_MS)
		return err_set(e, E_INPUT, "/occurred_at", "lies more than a day ahead, or before 1970");
	return OK;
}

enum status credit_check(const struct ledger_conversion *c, struct err *e)
{
	enum status s = c->order_id[0] ? credit_dates(c, e) : err_set(e, E_INPUT, "/order_id", "is required");
	if (s != OK)
		return s;
	if (c->has_total && c->has_adjustment)
		return err_set(e, E_INPUT, "/adjustment", "total and adjustment exclude each other");
	if (c->has_total && c->total.minor < 0)
		return err_set(e, E_INPUT, "/total", "must not be negative; a refund is an adjustment or a smaller total");
	return OK;
}

enum status credit_parse_json(
        const struct shelf *s, struct str json, int64_t now, struct arena *a, struct ledger_conversion *out, struct err *e)
{
	struct str merchant;
	const struct merchant *m = NULL;
	struct ledger_conversion *c = ARENA_TAKE(a, struct ledger_conversion, 1);
	if (!c)
		return err_set(e, E_NOMEM, "", "out of memory");
	enum status st = credit_json_merchant(json, a, &merchant, e);
	if (st == OK)
		st = credit_begin(s, merchant, "api", now, a, &m, c, e);
	if (st == OK)
		st = credit_read_json(json, c, e);
	c->voided = st == OK && merchant_voids(m, str_of(c->order_id));
	if (st == OK)
		*out = *c;
	return st;
}

/* ---- postbacks -------------------------------------------------------------------- */

/* A macro of the sender's that nothing was put in place of: {payout}, [txid], !!!clickRef!!!, %%amount%%. */
static bool is_macro(struct str v)
{
	static const char *const fences[][2] = {{"{", "}"}, {"[", "]"}, {"!!!", "!!!"}, {"%%", "%%"}};
	for (size_t i = 0; i < ARRAY_LEN(fences); i++)
		if (str_starts(v, str_of(fences[i][0])) && str_ends(v, str_of(fences[i][1])) && v.n > strlen(fences[i][0]))
			return true;
	return false;
}

/* The first of these names (separated by spaces) that has a value. */
static struct str param(const struct credit_param *p, size_t n, const char *names)
{
	for (struct str rest = str_of(names); rest.n;) {
		struct str name = str_cut(&rest, ' ');
		for (size_t i = 0; i < n; i++)
			if (str_eq(p[i].name, name) && str_trim(p[i].value).n && !is_macro(str_trim(p[i].value)))
				return str_trim(p[i].value);
	}
	return STR_NONE;
}

static int by_name(const void *a, const void *b)
{
	const struct credit_param *const *x = a, *const *y = b;
	int c = str_cmp((*x)->name, (*y)->name);
	return c ? c : (*x > *y) - (*x < *y);
}

/* Queries are encoded in two ways: a space is %20, or + as forms have it (then "~" is kept or not: %7E as in browsers). */
enum query_dialect { QUERY_PERCENT, QUERY_FORM, QUERY_BROWSER, QUERY_DIALECTS };

static void put_query_text(struct buf *b, struct str s, enum query_dialect d)
{
	for (size_t i = 0; i < s.n; i++)
		if (d != QUERY_PERCENT && s.p[i] == ' ')
			buf_putc(b, '+');
		else if (d == QUERY_BROWSER && s.p[i] == '~')
			buf_put(b, STR("%7E"));
		else if (d == QUERY_BROWSER && s.p[i] == '*')
			buf_putc(b, '*');
		else
			buf_put_url(b, str_sub(s, i, i + 1));
}

static bool signed_in(
        struct str secret, const struct credit_param *const *order, size_t count, const uint8_t have[32], enum query_dialect d)
{
	struct buf query;
	uint8_t want[32];
	buf_init(&query, 1u << 16);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_putc(&query, '&');
		put_query_text(&query, order[i]->name, d);
		buf_putc(&query, '=');
		put_query_text(&query, order[i]->value, d);
	}
	link_hmac_sha256(secret, buf_str(&query), want);
	bool ok = !query.failed && link_equal(have, want, sizeof want);
	buf_done(&query);
	return ok;
}

/* hex HMAC-SHA256 over the other parameters, sorted by name, encoded as a query. */
static bool signed_right(const struct merchant *m, const struct credit_param *p, size_t n, struct str sig)
{
	const struct credit_param *order[64];
	uint8_t have[32];
	size_t count = 0;
	bool ok = false;
	for (size_t i = 0; i < n; i++) {
		if (str_eq(p[i].name, STR("sig")))
			continue;
		if (count == ARRAY_LEN(order))
			return false;
		order[count++] = &p[i];
	}
	qsort(order, count, sizeof *order, by_name);
	if (hex_get(sig, have, sizeof have))
		for (enum query_dialect d = QUERY_PERCENT; d < QUERY_DIALECTS; d++)
			ok |= signed_in(m->postback_secret, order, count, have, d);
	return ok;
}

static bool authentic(const struct merchant *m, const struct credit_param *p, size_t n)
{
	struct str secret = param(p, n, "secret"), sig = param(p, n, "sig");
	if (m->postback_secret.n == 0)
		return false;
	if (sig.n)
		return signed_right(m, p, n, sig);
	return secret.n == m->postback_secret.n && link_equal(secret.p, m->postback_secret.p, secret.n);
}

static enum status money_param(
        struct str decimal, const char *currency, bool *has, struct money *out, int64_t *rest, const char *where, struct err *e)
{
	if (decimal.n == 0)
		return OK;
	struct err inner = {0};
	if (money_parse_fine(decimal, currency, out, rest, &inner) != OK)
		return err_set(e, E_INPUT, where, "%s", inner.text);
	*has = true;
	return OK;
}

static enum status read_params(const struct merchant *m, const struct credit_param *p, size_t n, struct ledger_conversion *c, struct err *e)
{
	/* Our own names first, then those that trackers' templates have. */
	struct str click = param(p, n, "click_id cid tid"), status = param(p, n, "status"), at = param(p, n, "occurred_at"),
	           code = param(p, n, "currency");
	struct str total = param(p, n, "total amount"), adjustment = param(p, n, "adjustment"),
	           commission = param(p, n, "commission payout");
	char currency[4] = "";
	enum status st = credit_text(param(p, n, "order_id txid xid"), "/order_id", c->order_id, sizeof c->order_id, e);
	if (click.n)
		err_ignore(credit_click(click, c, NULL)); /* what came back changed attributes nothing; the money is booked all the same */
	if (st == OK && status.n && !order_status_parse(status, &c->status))
		st = err_set(e, E_INPUT, "/status", "must be pending, approved, declined, reversed or paid");
	if (st == OK && at.n)
		st = time_parse(at, &c->occurred_at_ms, e);
	if (st == OK && !money_currency(code.n ? code : m->currency, currency) && (total.n || commission.n || adjustment.n))
		st = err_set(e, E_INPUT, "/currency", "an ISO 4217 currency is needed");
	if (st == OK)
		st = money_param(total, currency, &c->has_total, &c->total, &c->total_rest, "/total", e);
	if (st == OK)
		st = money_param(adjustment, currency, &c->has_adjustment, &c->adjustment, &c->total_rest, "/adjustment", e);
	if (st == OK)
		st = money_param(commission, currency, &c->has_commission, &c->commission, &c->commission_rest, "/commission", e);
	c->voided = merchant_voids(m, str_of(c->order_id));
	return st == OK ? credit_check(c, e) : st;
}

enum status credit_parse_postback(const struct shelf *s, struct str merchant, const struct credit_param *p, size_t n, int64_t now,
        struct arena *a, struct ledger_conversion *out, struct err *e)
{
	const struct merchant *m = NULL;
	struct ledger_conversion *c = ARENA_TAKE(a, struct ledger_conversion, 1);
	if (!c)
		return err_set(e, E_NOMEM, "", "out of memory");
	enum status st = credit_begin(s, merchant, "postback", now, a, &m, c, e);
	if (st == OK && !authentic(m, p, n))
		st = err_set(e, E_DENIED, "sig", "secret or sig is missing or wrong");
	if (st == OK)
		st = read_params(m, p, n, c, e);
	if (st == OK)
		*out = *c;
	return st;
}

/* ---- Standard Webhooks (standardwebhooks.com): v1,base64(HMAC-SHA256(secret, id.timestamp.body)) ---- */

static const char base64_digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool one_signature(struct str sig, const uint8_t mac[32])
{
	char want[48];
	size_t n = 0;
	for (size_t i = 0; i < 33; i += 3) {
		uint32_t v = (uint32_t)mac[i] << 16 | (uint32_t)(i + 1 < 32 ? mac[i + 1] : 0u) << 8 | (i + 2 < 32 ? mac[i + 2] : 0u);
		for (int k = 18; k >= 0; k -= 6)
			want[n++] = base64_digit[v >> k & 63];
	}
	want[43] = '='; /* 32 bytes: the last group holds two */
	return str_starts(sig, STR("v1,")) && sig.n == 47 && link_equal(sig.p + 3, want, 44);
}

/* The standard writes a secret as whsec_ and base64 of its bytes. 0: it is not written so. */
static size_t secret_bytes(struct str s, uint8_t *out, size_t size)
{
	size_t n = 0;
	uint32_t bits = 0, count = 0;
	if (!str_starts(s, STR("whsec_")))
		return 0;
	s = str_sub(s, 6, s.n);
	while (s.n && s.p[s.n - 1] == '=')
		s.n--;
	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(base64_digit, s.p[i]) : NULL;
		if (!at || n == size)
			return 0;
		bits = (bits << 6 | (uint32_t)(at - base64_digit)) & 0xFFFF;
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[n++] = (uint8_t)(bits >> count);
		}
	}
	return n;
}

static bool webhook_authentic(const struct merchant *m, struct str body, struct str id, struct str timestamp, struct str signature)
{
	struct buf signed_text;
	uint8_t mac[32], key[256];
	size_t key_n = secret_bytes(m->postback_secret, key, sizeof key);
	bool ok = false;
	buf_init(&signed_text, body.n + id.n + timestamp.n + 16);
	buf_put(&signed_text, id);
	buf_putc(&signed_text, '.');
	buf_put(&signed_text, timestamp);
	buf_putc(&signed_text, '.');
	buf_put(&signed_text, body);
	link_hmac_sha256(key_n ? (struct str){(const char *)key, key_n} : m->postback_secret, buf_str(&signed_text), mac);
	while (signature.n)
		ok |= one_signature(str_cut(&signature, ' '), mac);
	ok &= !signed_text.failed;
	buf_done(&signed_text);
	return ok;
}

enum status credit_parse_webhook(const struct shelf *s, struct str merchant, struct str body, struct str id, struct str timestamp,
        struct str signature, int64_t now, struct arena *a, struct ledger_conversion *out, struct err *e)
{
	const struct merchant *m = NULL;
	int64_t at;
	struct ledger_conversion *c = ARENA_TAKE(a, struct ledger_conversion, 1);
	if (!c)
		return err_set(e, E_NOMEM, "", "out of memory");
	enum status st = credit_begin(s, merchant, "webhook", now, a, &m, c, e);
	if (st != OK)
		return st;
	bool fresh = str_int(timestamp, &at) && at > now / 1000 - WEBHOOK_SKEW_MS / 1000 && at < now / 1000 + WEBHOOK_SKEW_MS / 1000;
	if (!fresh || m->postback_secret.n == 0 || !webhook_authentic(m, body, id, timestamp, signature))
		return err_set(e, E_DENIED, "webhook-signature", "the signature is missing, wrong or too old");
	st = credit_read_json(body, c, e);
	c->voided = st == OK && merchant_voids(m, str_of(c->order_id));
	if (st == OK)
		*out = *c;
	return st;
}

void credit_write_json(const struct ledger_conversion *c, const struct ledger_booking *b, struct buf *out)
{
	static const char *const result[] = {[BOOKED] = "booked",
	        [BOOKED_CHANGE] = "changed",
	        [BOOKED_REPEAT] = "repeated",
	        [BOOKED_REFUSED] = "quarantined",
	        [BOOKED_PARKED] = "parked",
	        [BOOKED_QUEUED] = "accepted"};
	buf_printf(out, "{\"result\":\"%s\",\"merchant\":", result[b->booking]);
	buf_put_json(out, str_of(c->merchant));
	buf_put(out, STR(",\"order_id\":"));
	buf_put_json(out, str_of(c->order_id));
	buf_printf(out, ",\"status\":\"%.*s\",\"attributed\":%s", STR_ARG(order_status_name(b->status)), b->attributed ? "true" : "false");
	if (b->click_class[0])
		buf_printf(out, ",\"click_class\":\"%s\"", b->click_class);
	if (b->total.currency[0])
		buf_printf(out, ",\"total\":{\"amount\":%lld,\"currency\":\"%s\"}", (long long)b->total.minor, b->total.currency);
	if (b->commission.currency[0])
		buf_printf(out, ",\"commission\":{\"amount\":%lld,\"currency\":\"%s\"}", (long long)b->commission.minor,
		        b->commission.currency);
	if (b->detail[0]) {
		buf_put(out, STR(",\"detail\":"));
		buf_put_json(out, str_of(b->detail));
	}
	buf_putc(out, '}');
}
