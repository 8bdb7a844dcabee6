/* One record of a network's report as a conversion. What the columns are called, and what the networks' words for states mean, is here and
 * nowhere else (facts: affiliate 3.2). */
#include "flow/credit.h"
#include "flow/import.h"

#include <stdio.h>
#include <string.h>

/* Names by preference, separated by spaces. */
struct columns {
	const char *name;
	const char *row, *order, *original, *click, *advertiser, *advertiser_id;
	const char *total, *total_currency, *commission, *commission_currency, *status, *paid, *date, *changed, *sku;
	bool american; /* 11/21/2026 is a date in November */
};
static const struct columns columns[IMPORTS] = {
        [IMPORT_AWIN] = {"awin", "id transactionid", "orderref orderreference orderid", "", "clickrefsclickref clickref clickref1",
                "advertiserid merchantid", "merchant_id", "saleamountamount saleamount transactionamount amount",
                "saleamountcurrency salecurrency transactioncurrency currency currencycode",
                "commissionamountamount commissionamount commission", "commissionamountcurrency commissioncurrency currency currencycode",
                "commissionstatus status transactionstatus", "paidtopublisher", "transactiondate date",
                "validationdate amendeddate amendmentdate modifieddate lastmodified changedat", "", false},
        [IMPORT_CJ] = {"cj", "commissionid", "orderid", "originalactionid", "shopperid sid", "advertiserid cid", "advertiser_id",
                "saleamountpubcurrency saleamountusd saleamount", "pubcurrency currency",
                "pubcommissionamountpubcurrency pubcommissionamountusd commissionamount commission", "pubcurrency currency",
                "actionstatus status", "", "eventdate date", "correctiondate changedat", "", true},
        [IMPORT_IMPACT] = {"impact", "id actionid", "oid orderid", "", "subid1 subid2 subid3", "campaignid", "campaign_id",
                "amount saleamount intendedamount", "currency", "payout intendedpayout", "currency", "state status", "", "eventdate date",
                "statedate modificationdate modifieddate statusdate lockeddate changedat", "", true},
        [IMPORT_RAKUTEN] = {"rakuten", "etransactionid transactionid", "orderid", "", "u1", "advertiserid mid", "mid", "saleamount sales",
                "currency", "commissions commission totalcommission", "currency", "status transactionstatus", "", "transactiondate date",
                "processdate changedat", "skunumber sku", true},
        [IMPORT_GENERIC] = {"generic", "rowid row id transactionid txid commissionid", "orderid orderref",
                "original originalrow originalid", "clickid subid click", "", "", "total amount saleamount ordertotal",
                "currency totalcurrency", "commission commissionamount payout", "commissioncurrency currency", "status state", "paid",
                "occurredat date orderdate transactiondate eventdate", "changedat modifiedat updatedat validationdate", "sku productid",
                false},
};

bool import_network_parse(struct str name, enum import_network *out)
{
	for (int n = 0; n < IMPORTS; n++)
		if (str_eq(name, str_of(columns[n].name))) {
			*out = (enum import_network)n;
			return true;
		}
	return false;
}

struct str import_network_name(enum import_network n)
{
	return str_of(columns[n].name);
}

/* ---- fields ------------------------------------------------------------------------------------- */

static bool unfilled(struct str v)
{
	return !v.n || str_eq_nocase(v, STR("null")) || str_eq_nocase(v, STR("n/a")) || str_eq(v, STR("-"));
}

/* The first of these columns that has something in it. */
static struct str field(const struct import_record *r, const char *names)
{
	for (struct str rest = str_of(names); rest.n;) {
		struct str name = str_cut(&rest, ' ');
		for (size_t i = 0; i < r->n; i++)
			if (str_eq(r->name[i], name) && !unfilled(str_trim(r->value[i])))
				return str_trim(r->value[i]);
	}
	return STR_NONE;
}

static bool has_column(const struct import_record *r, const char *names)
{
	for (struct str rest = str_of(names); rest.n;) {
		struct str name = str_cut(&rest, ' ');
		for (size_t i = 0; i < r->n; i++)
			if (str_eq(r->name[i], name))
				return true;
	}
	return false;
}

const char *import_lacks(enum import_network n, const struct import_record *header)
{
	const struct columns *c = &columns[n];
	if (n != IMPORT_GENERIC && !has_column(header, c->row))
		return c->row;
	if (n == IMPORT_GENERIC && !has_column(header, c->order))
		return "order_id";
	if (!has_column(header, c->total) && !has_column(header, c->commission) && !has_column(header, c->status))
		return c->total;
	return NULL;
}

struct str import_id(const struct import_source *s, const struct import_record *r)
{
	struct str row = field(r, columns[s->o->network].row);
	return row.n ? row : field(r, columns[s->o->network].order);
}

/* ---- dates ---------------------------------------------------------------------------------------- */

struct moment {
	int y, m, d, h, min, s;
	int64_t east_ms;
	bool zoned;
};

static bool read_day(const char *z, bool american, struct moment *t, int *n)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char name[4] = "";
	if ((sscanf(z, "%4d-%2d-%2d%n", &t->y, &t->m, &t->d, n) == 3 && *n) ||
	        (sscanf(z, "%4d/%2d/%2d%n", &t->y, &t->m, &t->d, n) == 3 && *n))
		if (t->y > 999) /* 9/1/2026 is none of these */
			return true;
	*n = 0;
	if (american && sscanf(z, "%2d/%2d/%4d%n", &t->m, &t->d, &t->y, n) == 3 && *n)
		return true;
	*n = 0;
	if (sscanf(z, "%*3[A-Za-z] %3[A-Za-z] %2d %4d%n", name, &t->d, &t->y, n) != 3 || !*n || strlen(name) != 3)
		return false;
	const char *at = strstr(months, name);
	t->m = at ? (int)(at - months) / 3 + 1 : 0;
	return at && (at - months) % 3 == 0;
}

/* "", Z, UTC, GMT, +0800, GMT+0800 (China Standard Time) */
static bool read_zone(struct str s, struct moment *t)
{
	s = str_trim(s);
	bool named = str_starts(s, STR("UTC")) || str_starts(s, STR("GMT"));
	if (named)
		s = str_sub(s, 3, s.n);
	t->zoned = named || s.n > 0;
	if (s.n == 0 || str_eq(s, STR("Z")))
		return true;
	char text[8] = "", sign = '+';
	int hours = 0, minutes = 0;
	memcpy(text, s.p, s.n < 7 ? s.n : 7);
	if (sscanf(text, "%c%2d:%2d", &sign, &hours, &minutes) < 3 && sscanf(text, "%c%2d%2d", &sign, &hours, &minutes) < 2)
		return false;
	t->east_ms = (hours * 60 + minutes) * INT64_C(60000) * (sign == '-' ? -1 : 1);
	return sign == '+' || sign == '-';
}

static bool read_moment(const char *z, bool american, struct moment *t)
{
	int n = 0, more = 0;
	if (!read_day(z, american, t, &n))
		return false;
	z += n;
	z += strspn(z, " T");
	if (sscanf(z, "%2d:%2d:%2d%n", &t->h, &t->min, &t->s, &more) == 3 && more) {
		z += more;
		if (*z == '.')
			z += 1 + strspn(z + 1, "0123456789");
	} else if (more = 0, sscanf(z, "%2d:%2d%n", &t->h, &t->min, &more) == 2 && more) {
		t->s = 0;
		z += more;
	}
	return read_zone(str_of(z), t);
}

/* 0 and OK where there is none. */
static enum status read_date(const struct import_source *s, struct str text, const char *where, int64_t *out, struct err *e)
{
	struct moment t = {0};
	char z[64] = "", iso[96];
	int64_t ms;
	if (!text.n)
		return OK;
	if (text.n > 10 && time_parse(text, out, NULL) == OK)
		return OK;
	memcpy(z, text.p, text.n < sizeof z - 1 ? text.n : sizeof z - 1);
	if (!read_moment(z, columns[s->o->network].american, &t))
		return err_set(e, E_INPUT, where, "no date that can be read");
	snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.y, t.m, t.d, t.h, t.min, t.s);
	if (time_parse(str_of(iso), &ms, NULL) != OK)
		return err_set(e, E_INPUT, where, "no date that can be read");
	if (!t.zoned && s->o->tz.n)
		return ledger_local_time(s->o->tz, ms, out, e);
	*out = ms - t.east_ms;
	return OK;
}

/* The latest of the columns that tell of a change; dates ahead (a lock to come) tell of none. */
static enum status read_changed(const struct import_source *s, const struct import_record *r, int64_t *out, struct err *e)
{
	enum status st = OK;
	for (struct str rest = str_of(columns[s->o->network].changed); st == OK && rest.n;) {
		char name[32] = "";
		struct str one = str_cut(&rest, ' ');
		int64_t at = 0;
		memcpy(name, one.p, one.n < sizeof name - 1 ? one.n : sizeof name - 1);
		st = read_date(s, field(r, name), name, &at, e);
		if (at > *out && at <= s->o->now_ms + INT64_C(86400000))
			*out = at;
	}
	return st;
}

/* ---- amounts ------------------------------------------------------------------------------------------ */

static enum status read_amount(const struct import_source *s, struct str text, struct str code, const char *where, struct arena *a,
        bool *has, struct money *out, int64_t *rest, struct err *e)
{
	char currency[4];
	struct err inner = {0};
	if (!text.n)
		return OK;
	if (!money_currency(code, currency))
		return err_set(e, E_INPUT, where, "needs an ISO 4217 currency");
	if (s->o->comma) {
		text = arena_take_str(a, text);
		char *p = (char *)(uintptr_t)text.p; /* a copy of our own */
		for (size_t i = 0; p && i < text.n; i++)
			p[i] = p[i] == ',' ? '.' : p[i] == '.' ? ',' : p[i];
	}
	if (money_parse_fine(text, currency, out, rest, &inner) != OK)
		return err_set(e, E_INPUT, where, "%s", inner.text);
	*has = true;
	return OK;
}

/* CJ's amounts in dollars say so in the column's name. */
static struct str currency_of(const struct import_record *r, const char *names, const char *amounts, const struct merchant *m)
{
	struct str code = field(r, names);
	struct str rest = str_of(amounts), first = str_cut(&rest, ' ');
	char name[48] = "";
	memcpy(name, first.p, first.n < sizeof name - 1 ? first.n : sizeof name - 1);
	bool first_named = field(r, name).n > 0;
	if (!first_named && str_find(str_of(amounts), STR("usd"), 0) < strlen(amounts)) {
		struct str second = str_cut(&rest, ' ');
		memset(name, 0, sizeof name);
		memcpy(name, second.p, second.n < sizeof name - 1 ? second.n : sizeof name - 1);
		if (str_ends(second, STR("usd")) && field(r, name).n)
			return STR("USD");
	}
	return code.n ? code : m->currency;
}

static enum status read_amounts(const struct import_source *s, const struct import_record *r, const struct merchant *m, struct arena *a,
        struct ledger_conversion *c, struct err *e)
{
	const struct columns *k = &columns[s->o->network];
	enum status st = read_amount(s, field(r, k->total), currency_of(r, k->total_currency, k->total, m), "total", a, &c->has_total,
	        &c->total, &c->total_rest, e);
	if (st == OK)
		st = read_amount(s, field(r, k->commission), currency_of(r, k->commission_currency, k->commission, m), "commission", a,
		        &c->has_commission, &c->commission, &c->commission_rest, e);
	return st;
}

/* ---- states ------------------------------------------------------------------------------------------------ */

static const struct word {
	enum import_network network; /* IMPORTS: any */
	const char *word;
	enum order_status status;
} words[] = {
        {IMPORTS, "pending", ORDER_PENDING},
        {IMPORTS, "approved", ORDER_APPROVED},
        {IMPORTS, "declined", ORDER_DECLINED},
        {IMPORTS, "reversed", ORDER_REVERSED},
        {IMPORTS, "paid", ORDER_PAID},
        {IMPORT_AWIN, "confirmed", ORDER_APPROVED},
        {IMPORT_AWIN, "deleted", ORDER_DECLINED},
        {IMPORT_AWIN, "approved & uncleared", ORDER_APPROVED},
        {IMPORT_AWIN, "approved & cleared", ORDER_APPROVED},
        {IMPORT_AWIN, "bonus", ORDER_APPROVED},
        {IMPORT_CJ, "new", ORDER_PENDING},
        {IMPORT_CJ, "extended", ORDER_PENDING},
        {IMPORT_CJ, "locked", ORDER_APPROVED},
        {IMPORT_CJ, "closed", ORDER_PAID}, /* settled, not reversed */
        {IMPORT_IMPACT, "locked", ORDER_APPROVED},
        {IMPORT_RAKUTEN, "realtime", ORDER_PENDING},
        {IMPORT_RAKUTEN, "batch", ORDER_APPROVED},
        {IMPORT_GENERIC, "rejected", ORDER_DECLINED},
        {IMPORT_GENERIC, "cancelled", ORDER_REVERSED},
        {IMPORT_GENERIC, "canceled", ORDER_REVERSED},
        {IMPORT_GENERIC, "refunded", ORDER_REVERSED},
        {IMPORT_GENERIC, "locked", ORDER_APPROVED},
        {IMPORT_GENERIC, "confirmed", ORDER_APPROVED},
};

static bool truthy(struct str v)
{
	return str_eq_nocase(v, STR("true")) || str_eq(v, STR("1")) || str_eq_nocase(v, STR("yes"));
}

static enum status read_status(const struct import_source *s, const struct import_record *r, enum order_status *out, struct err *e)
{
	enum import_network n = s->o->network;
	struct str text = field(r, columns[n].status), checked = n == IMPORT_CJ ? field(r, "validationstatus") : STR_NONE;
	bool found = text.n == 0;
	*out = ORDER_PENDING;
	if (n == IMPORT_RAKUTEN && found) { /* rows of its report have no state: what was transmitted live is not locked yet */
		text = field(r, "transactiontype");
		*out = text.n && !str_eq_nocase(text, STR("realtime")) ? ORDER_APPROVED : ORDER_PENDING;
	}
	for (size_t i = 0; i < ARRAY_LEN(words) && !found; i++)
		if ((words[i].network == IMPORTS || words[i].network == n) && str_eq_nocase(text, str_of(words[i].word))) {
			*out = words[i].status;
			found = true;
		}
	if (!found)
		return err_set(e, E_INPUT, "status", "\"%.*s\" is no state this network is known to have", (int)(text.n < 40 ? text.n : 40),
		        text.p);
	if (str_eq_nocase(checked, STR("declined")) || str_eq_nocase(checked, STR("rejected")))
		*out = ORDER_DECLINED;
	/* The flag beats the word. */
	if (truthy(field(r, columns[n].paid)) || (n == IMPORT_IMPACT && *out == ORDER_APPROVED && field(r, "cleareddate").n))
		*out = ORDER_PAID;
	return OK;
}

/* ---- whose, and which -------------------------------------------------------------------------------------- */

/* Impact's campaign is the last part of the path of its base link: /c/1/2/9383. */
static bool is_advertiser(const struct merchant *m, enum import_network n, struct str id)
{
	if (n == IMPORT_IMPACT && !merchant_network_id(m, "campaign_id").n) {
		struct str base = merchant_network_id(m, "base_url"), path = str_cut(&base, '?');
		return path.n > id.n && str_ends(path, id) && path.p[path.n - id.n - 1] == '/';
	}
	return str_eq(merchant_network_id(m, columns[n].advertiser_id), id);
}

static bool on_network(const struct merchant *m, enum import_network n)
{
	static const enum network of[IMPORTS] = {NET_AWIN, NET_CJ, NET_IMPACT, NET_RAKUTEN, NET_PLAIN};
	return m->network == of[n];
}

static const struct merchant *by_advertiser(const struct import_source *s, struct str id)
{
	const struct merchant *found = NULL, *sole = NULL;
	size_t count = 0;
	for (size_t i = 0; i < catalog_merchant_count(s->catalog); i++) {
		const struct merchant *m = catalog_merchant(s->catalog, i);
		if (!on_network(m, s->o->network))
			continue;
		count++;
		sole = m;
		if (id.n && is_advertiser(m, s->o->network, id))
			found = m;
	}
	bool tells = s->o->network != IMPORT_CJ || (sole && merchant_network_id(sole, "advertiser_id").n);
	return found ? found : count == 1 && (!id.n || !tells) ? sole : NULL;
}

static const struct merchant *by_click(const struct import_source *s, const struct ledger_conversion *c)
{
	char name[LEDGER_NAME];
	if (!c->has_click || ledger_click_merchant(s->ledger, c->click, name, NULL) != OK)
		return NULL;
	return catalog_merchant_by_id(s->catalog, str_of(name));
}

static enum status find_merchant(const struct import_source *s, const struct import_record *r, const struct ledger_conversion *c,
        const struct merchant **out, struct err *e)
{
	struct str named = s->o->merchant.n ? s->o->merchant : field(r, "merchant"), id = field(r, columns[s->o->network].advertiser);
	const struct merchant *m = named.n ? catalog_merchant_by_id(s->catalog, named) : NULL;
	if (!m && named.n && s->o->network == IMPORT_GENERIC)
		return err_set(e, E_INPUT, "merchant", "there is no merchant \"%.*s\"", (int)(named.n < 64 ? named.n : 64), named.p);
	if (!m && s->o->network != IMPORT_GENERIC)
		m = by_advertiser(s, id);
	if (!m)
		m = by_click(s, c);
	if (!m && catalog_merchant_count(s->catalog) == 1 && !id.n)
		m = catalog_merchant(s->catalog, 0);
	if (!m)
		return err_set(
		        e, E_INPUT, "merchant", "no merchant of ours has the advertiser \"%.*s\"", (int)(id.n < 40 ? id.n : 40), id.p);
	*out = m;
	return OK;
}

/* Rows without a name of their own are told apart by what they say: an order's own row, its lines by sku, what is below zero by date and
 * amount. */
static enum status name_row(const struct import_source *s, const struct import_record *r, struct ledger_conversion *c, struct err *e)
{
	const struct columns *k = &columns[s->o->network];
	struct str row = field(r, k->row), sku = field(r, k->sku);
	char text[2 * LEDGER_TEXT];
	bool below = c->has_total ? c->total.minor < 0 : c->commission.minor < 0;
	if (row.n)
		snprintf(text, sizeof text, "%.*s%s%.*s", (int)(row.n < LEDGER_TEXT ? row.n : LEDGER_TEXT), row.p, sku.n ? ":" : "",
		        (int)(sku.n < LEDGER_TEXT ? sku.n : LEDGER_TEXT - 1), sku.p ? sku.p : "");
	else if (below)
		snprintf(text, sizeof text, "%lld:%lld:%lld:%.*s", (long long)c->occurred_at_ms, (long long)c->total.minor,
		        (long long)c->commission.minor, (int)(sku.n < 64 ? sku.n : 64), sku.p ? sku.p : "");
	else
		snprintf(text, sizeof text, "order:%.*s", (int)(sku.n < 64 ? sku.n : 64), sku.p ? sku.p : "");
	return credit_text(str_of(text), "row", c->row, sizeof c->row, e);
}

/* The order: as the row says; else the one of the row that this one corrects; else the row stands for itself. */
static enum status name_order(const struct import_source *s, const struct import_record *r, struct ledger_conversion *c, struct err *e)
{
	const struct columns *k = &columns[s->o->network];
	struct str order = field(r, k->order), original = field(r, k->original), row = field(r, k->row);
	if (order.n)
		return credit_text(order, "order", c->order_id, sizeof c->order_id, e);
	if (original.n && ledger_row_order(s->ledger, c->merchant, c->source, original, c->order_id, NULL) == OK)
		return OK;
	if (!row.n)
		return err_set(e, E_INPUT, "order", "is missing");
	struct str self = original.n ? original : row;
	int n = snprintf(c->order_id, sizeof c->order_id, "%s:%.*s", k->name, (int)(self.n < 100 ? self.n : 100), self.p);
	return n > 0 && utf8_valid(str_of(c->order_id)) ? OK : err_set(e, E_INPUT, "order", "is not UTF-8");
}

static enum status terms_then(const struct import_source *s, struct arena *a, struct ledger_conversion *c, struct err *e)
{
	struct buf json;
	buf_init(&json, 1u << 20);
	enum status st = ledger_merchant_then(s->ledger, str_of(c->merchant), c->occurred_at_ms, &json, NULL);
	st = st == OK                          ? credit_terms_of(buf_str(&json), a, c, e)
	     : st == E_MISSING || st == E_BUSY ? OK
	                                       : err_set(e, st, "", "the merchant's terms cannot be read");
	buf_done(&json);
	return st;
}

enum status import_conversion(
        const struct import_source *s, const struct import_record *r, struct arena *a, struct ledger_conversion *out, struct err *e)
{
	const struct columns *k = &columns[s->o->network];
	const struct merchant *m = NULL;
	struct ledger_conversion click = {0};
	struct str sub = field(r, k->click);
	if (r->fault)
		return err_set(e, E_INPUT, "", "%s", r->fault);
	if (sub.n)
		err_ignore(credit_click(sub, &click, NULL)); /* another publisher's, or cut: the money is booked all the same */
	enum status st = find_merchant(s, r, &click, &m, e);
	if (st == OK)
		st = credit_terms(m, columns[s->o->network].name, s->o->now_ms, a, out, e);
	if (st != OK)
		return st;
	out->has_click = click.has_click;
	out->click = click.click;
	st = read_status(s, r, &out->status, e);
	if (st == OK)
		st = read_date(s, field(r, k->date), "date", &out->occurred_at_ms, e);
	out->changed_at_ms = out->occurred_at_ms;
	if (st == OK)
		st = read_changed(s, r, &out->changed_at_ms, e);
	if (st == OK)
		st = read_amounts(s, r, m, a, out, e);
	if (st == OK)
		st = name_row(s, r, out, e);
	if (st == OK)
		st = name_order(s, r, out, e);
	if (st == OK)
		st = credit_dates(out, e);
	out->voided = merchant_voids(m, str_of(out->order_id));
	return st == OK ? terms_then(s, a, out, e) : st;
}
