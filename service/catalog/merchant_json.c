/* A merchant from JSON (API.md section 5). Strict: a known field of the wrong form is refused with its JSON pointer; unknown
 * fields are ignored. */
#include "catalog/merchant.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MAX_JSON (1u << 20)
#define MAX_HOSTS 1000
#define MAX_RULES 10000
#define MAX_IDS 64
#define MAX_TEXT 512
#define MAX_EVERY_S (31 * 24 * 3600)

struct reading {
	struct arena *a;
	struct merchant m;
	struct err *e;
};

/* ---- scalars -------------------------------------------------------------------------- */

static struct str json_text(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static bool has_controls(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

/* Absent and null leave *out alone. */
static enum status read_text(const struct reading *r, const json_t *v, const char *pointer, size_t max, struct str *out)
{
	if (!v || json_is_null(v))
		return OK;
	if (!json_is_string(v))
		return err_set(r->e, E_INPUT, pointer, "must be a string");
	if (json_string_length(v) > max || has_controls(json_text(v)))
		return err_set(r->e, E_INPUT, pointer, "must be at most %zu bytes without control characters", max);
	*out = arena_take_str(r->a, json_text(v));
	return OK;
}

static enum status read_count(const struct reading *r, const json_t *v, const char *pointer, int64_t max, int64_t *out)
{
	if (!v || json_is_null(v))
		return OK;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > max)
		return err_set(r->e, E_INPUT, pointer, "must be an integer from 0 to %lld", (long long)max);
	*out = json_integer_value(v);
	return OK;
}

static enum status read_url(const struct reading *r, const json_t *v, const char *pointer, struct str *out, struct str *host_out)
{
	struct str url = STR_NONE;
	struct err why;
	enum status s = read_text(r, v, pointer, URL_MAX, &url);

	if (s != OK || url.n == 0)
		return s;
	if (url_check(url, host_out, &why) != OK)
		return err_set(r->e, E_INPUT, pointer, "%s", why.text);
	*out = url;
	return OK;
}

/* ---- fields ----------------------------------------------------------------------------- */

static enum status read_name(struct reading *r, json_t *v)
{
	r->m.name = r->m.id;
	enum status s = read_text(r, v, "/name", MAX_TEXT, &r->m.name);
	if (s == OK && str_trim(r->m.name).n == 0)
		return err_set(r->e, E_INPUT, "/name", "must not be empty");
	return s;
}

static struct str lower_case(struct arena *a, struct str s)
{
	char *p = ARENA_TAKE(a, char, s.n + 1);

	for (size_t i = 0; p && i < s.n; i++)
		p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	return p ? (struct str){p, s.n} : STR_NONE;
}

static enum status read_hosts(struct reading *r, json_t *v)
{
	size_t n = json_array_size(v);
	struct str *hosts;

	if (!v || json_is_null(v))
		return OK;
	if (!json_is_array(v) || n > MAX_HOSTS)
		return err_set(r->e, E_INPUT, "/hosts", "must be a list of at most %d host names", MAX_HOSTS);
	hosts = ARENA_TAKE(r->a, struct str, n + 1);
	if (!hosts)
		return OK; /* the arena has failed; the end looks */
	for (size_t i = 0; i < n; i++) {
		const json_t *host = json_array_get(v, i);
		char pointer[32];
		snprintf(pointer, sizeof(pointer), "/hosts/%zu", i);
		if (!json_is_string(host) || !host_valid(json_text(host)))
			return err_set(r->e, E_INPUT, pointer, "must be a host name such as \"shop.example\"");
		hosts[i] = lower_case(r->a, json_text(host));
	}
	r->m.hosts = hosts;
	r->m.host_count = (uint32_t)n;
	return OK;
}

static enum status read_network(struct reading *r, json_t *v)
{
	r->m.network = NET_PLAIN;
	if (!v || json_is_null(v))
		return OK;
	if (!json_is_string(v) || !network_parse(json_text(v), &r->m.network))
		return err_set(r->e, E_INPUT, "/network", "must be one of plain, awin, cj, rakuten, impact, ebay, partnerize, amazon");
	return OK;
}

static enum status read_click_mode(struct reading *r, json_t *v)
{
	bool amazon = r->m.network == NET_AMAZON;

	r->m.click_mode = amazon ? CLICK_DIRECT : CLICK_REDIRECT;
	if (!v || json_is_null(v))
		return OK;
	struct str mode = json_is_string(v) ? json_text(v) : STR_NONE;
	if (str_eq(mode, STR("redirect")))
		r->m.click_mode = CLICK_REDIRECT;
	else if (str_eq(mode, STR("direct")))
		r->m.click_mode = CLICK_DIRECT;
	else if (str_eq(mode, STR("none")))
		r->m.click_mode = CLICK_NONE;
	else
		return err_set(r->e, E_INPUT, "/click_mode", "must be redirect, direct or none");
	if (amazon && r->m.click_mode == CLICK_REDIRECT)
		return err_set(r->e, E_INPUT, "/click_mode", "Amazon does not allow redirecting links: direct or none");
	return OK;
}

static enum status read_currency(struct reading *r, json_t *v)
{
	struct str code = STR_NONE;
	char known[4];
	enum status s = read_text(r, v, "/currency", MAX_TEXT, &code);

	if (s != OK || code.n == 0)
		return s;
	if (!money_currency(code, known))
		return err_set(r->e, E_INPUT, "/currency", "must be an ISO 4217 code");
	r->m.currency = arena_take_str(r->a, str_of(known));
	return OK;
}

static enum status read_status(struct reading *r, json_t *v)
{
	struct str status = json_is_string(v) ? json_text(v) : STR_NONE;

	if (!v || json_is_null(v) || str_eq(status, STR("active")))
		return OK;
	r->m.paused = str_eq(status, STR("paused"));
	r->m.retired = str_eq(status, STR("retired"));
	if (!r->m.paused && !r->m.retired)
		return err_set(r->e, E_INPUT, "/status", "must be active or paused");
	return OK;
}

/* ---- network ids -------------------------------------------------------------------------- */

static const struct {
	enum network network;
	const char *name;
} NEEDED_IDS[] = {
	{NET_AWIN, "merchant_id"},
	{NET_AWIN, "affiliate_id"},
	{NET_CJ, "publisher_id"},
	{NET_RAKUTEN, "id"},
	{NET_RAKUTEN, "mid"},
	{NET_IMPACT, "base_url"},
	{NET_EBAY, "campid"},
	{NET_EBAY, "mkrid"},
	{NET_PARTNERIZE, "camref"},
	{NET_AMAZON, "tag"},
};

static enum status read_id(struct reading *r, const char *name, const json_t *v, const char *under, struct pair *out)
{
	char pointer[64], digits[24];
	struct str text = STR_NONE;

	snprintf(pointer, sizeof(pointer), "%s/%.40s", under, name);
	if (name[0] == '\0' || strlen(name) > 64 || has_controls(str_of(name)))
		return err_set(r->e, E_INPUT, pointer, "the name must be 1 to 64 bytes without control characters");
	if (json_is_integer(v)) {
		snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(v));
		text = arena_take_str(r->a, str_of(digits));
	} else if (!json_is_string(v)) {
		return err_set(r->e, E_INPUT, pointer, "must be a string");
	} else {
		enum status s = read_text(r, v, pointer, URL_MAX, &text);
		if (s != OK)
			return s;
	}
	out->name = arena_take_str(r->a, str_of(name));
	out->value = text;
	return OK;
}

static enum status read_pairs(struct reading *r, json_t *object, const char *under)
{
	struct pair *pairs;
	const char *name;
	json_t *v;

	if (!json_is_object(object) || json_object_size(object) > MAX_IDS)
		return err_set(r->e, E_INPUT, under, "must be an object of at most %d fields", MAX_IDS);
	pairs = ARENA_TAKE(r->a, struct pair, json_object_size(object) + 1);
	json_object_foreach(object, name, v)
	{
		if (!pairs)
			return OK; /* the arena has failed; the end looks */
		if (json_is_boolean(v) || json_is_null(v) || json_is_object(v))
			continue; /* permission; what is cleared; what belongs to other networks */
		enum status s = read_id(r, name, v, under, &pairs[r->m.network_id_count]);
		if (s != OK)
			return s;
		r->m.network_id_count++;
	}
	r->m.network_ids = pairs;
	return OK;
}

static enum status check_ids(const struct reading *r)
{
	for (size_t i = 0; i < ARRAY_LEN(NEEDED_IDS); i++) {
		char pointer[48];
		if (NEEDED_IDS[i].network != r->m.network || merchant_network_id(&r->m, NEEDED_IDS[i].name).n)
			continue;
		snprintf(pointer, sizeof(pointer), "/network_ids/%s", NEEDED_IDS[i].name);
		return err_set(r->e, E_INPUT, pointer, "is required for network %.*s", STR_ARG(network_name(r->m.network)));
	}
	if (r->m.network == NET_IMPACT) {
		struct err why;
		if (url_check(merchant_network_id(&r->m, "base_url"), NULL, &why) != OK)
			return err_set(r->e, E_INPUT, "/network_ids/base_url", "%s", why.text);
	}
	return OK;
}

/* Plain merchants keep their parameters under params, the networks' ids lie side by side. */
static enum status read_ids(struct reading *r, json_t *ids)
{
	bool plain = r->m.network == NET_PLAIN;
	json_t *from = json_object_get(ids, "params");
	const json_t *permission = json_object_get(ids, "permission");
	enum status s = OK;

	if (ids && !json_is_null(ids) && !json_is_object(ids))
		return err_set(r->e, E_INPUT, "/network_ids", "must be an object");
	if (permission && !json_is_boolean(permission))
		return err_set(r->e, E_INPUT, "/network_ids/permission", "must be true or false");
	r->m.network_permission = json_is_true(permission);
	if (plain && from && !json_is_null(from))
		s = read_pairs(r, from, "/network_ids/params");
	else if (!plain && json_is_object(ids))
		s = read_pairs(r, ids, "/network_ids");
	return s == OK ? check_ids(r) : s;
}

/* ---- commission and feed -------------------------------------------------------------------- */

/* Minor units of the merchant's currency, bare or as money. */
static enum status read_amount(const struct reading *r, const json_t *v, const char *pointer, int64_t *out)
{
	const json_t *currency = json_object_get(v, "currency");

	if (!json_is_object(v))
		return read_count(r, v, pointer, INT64_MAX / 2, out);
	if (!json_is_string(currency) || r->m.currency.n == 0 || !str_eq(json_text(currency), r->m.currency))
		return err_set(r->e, E_INPUT, pointer, "must be in the merchant's currency");
	if (!json_is_integer(json_object_get(v, "amount")))
		return err_set(r->e, E_INPUT, pointer, "amount must be an integer of minor units");
	return read_count(r, json_object_get(v, "amount"), pointer, INT64_MAX / 2, out);
}

static enum status read_rule(const struct reading *r, const json_t *v, size_t i, struct commission_rule *out)
{
	struct commission_rule rule = {.rate_ppm = -1, .flat_minor = -1, .cap_minor = -1};
	char pointer[64];
	enum status s;

	snprintf(pointer, sizeof(pointer), "/commission/%zu", i);
	if (!json_is_object(v))
		return err_set(r->e, E_INPUT, pointer, "must be an object");
	size_t n = strlen(pointer);
	struct {
		const char *field;
		struct str *text;
		int64_t *amount;
	} fields[] = {
		{"category", &rule.category, NULL},
		{"product", &rule.product, NULL},
		{"flat", NULL, &rule.flat_minor},
		{"cap", NULL, &rule.cap_minor},
	};
	for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
		const json_t *field = json_object_get(v, fields[f].field);
		snprintf(pointer + n, sizeof(pointer) - n, "/%s", fields[f].field);
		s = fields[f].text ? read_text(r, field, pointer, MAX_TEXT, fields[f].text) : read_amount(r, field, pointer, fields[f].amount);
		if (s != OK)
			return s;
	}
	snprintf(pointer + n, sizeof(pointer) - n, "/rate_ppm");
	s = read_count(r, json_object_get(v, "rate_ppm"), pointer, 1000000, &rule.rate_ppm);
	pointer[n] = '\0';
	if (s == OK && rule.rate_ppm < 0 && rule.flat_minor < 0)
		s = err_set(r->e, E_INPUT, pointer, "needs rate_ppm or flat");
	if (s == OK)
		*out = rule;
	return s;
}

static enum status read_rules(struct reading *r, json_t *v)
{
	size_t n = json_array_size(v);
	struct commission_rule *rules;

	if (!v || json_is_null(v))
		return OK;
	if (!json_is_array(v) || n > MAX_RULES)
		return err_set(r->e, E_INPUT, "/commission", "must be a list of at most %d rules", MAX_RULES);
	rules = ARENA_TAKE(r->a, struct commission_rule, n + 1);
	for (size_t i = 0; rules && i < n; i++) {
		enum status s = read_rule(r, json_array_get(v, i), i, &rules[i]);
		if (s != OK)
			return s;
	}
	r->m.rules = rules;
	r->m.rule_count = rules ? (uint32_t)n : 0;
	return OK;
}

/* Seconds as an integer, or "15m", "6h", "1d". */
static enum status read_every(struct reading *r, const json_t *v)
{
	static const struct {
		char unit;
		int64_t seconds;
	} UNITS[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	struct str s = json_text(v);
	int64_t n;

	if (!json_is_string(v))
		return read_count(r, v, "/feed/every", MAX_EVERY_S, &r->m.feed_every_s);
	for (size_t i = 0; s.n && i < ARRAY_LEN(UNITS); i++)
		if (s.p[s.n - 1] == UNITS[i].unit && str_int(str_sub(s, 0, s.n - 1), &n) && n > 0 && n <= MAX_EVERY_S / UNITS[i].seconds) {
			r->m.feed_every_s = n * UNITS[i].seconds;
			return OK;
		}
	return err_set(r->e, E_INPUT, "/feed/every", "must be seconds, or a text such as 15m, 6h, 1d");
}

static enum status read_feed(struct reading *r, json_t *v)
{
	enum status s;

	if (!v || json_is_null(v))
		return OK;
	if (!json_is_object(v))
		return err_set(r->e, E_INPUT, "/feed", "must be an object");
	s = read_url(r, json_object_get(v, "url"), "/feed/url", &r->m.feed_url, NULL);
	if (s == OK)
		s = read_text(r, json_object_get(v, "format"), "/feed/format", 32, &r->m.feed_format);
	return s == OK ? read_every(r, json_object_get(v, "every")) : s;
}

static enum status read_fallback(struct reading *r, json_t *v)
{
	struct str host = STR_NONE;
	enum status s = read_url(r, v, "/fallback_url", &r->m.fallback_url, &host);

	if (s != OK)
		return s;
	if (r->m.host_count == 0 && (r->m.network != NET_PLAIN || r->m.fallback_url.n))
		return err_set(r->e, E_INPUT, "/hosts", "must name the shop's hosts");
	if (r->m.fallback_url.n && !merchant_has_host(&r->m, host))
		return err_set(r->e, E_INPUT, "/fallback_url", "must be on one of the merchant's hosts");
	return OK;
}

static enum status read_merchant(struct reading *r, const json_t *o)
{
	const struct {
		const char *field;
		enum status (*read)(struct reading *, json_t *);
	} fields[] = {
		/* In this order: later ones look at earlier ones. */
		{"name", read_name},
		{"hosts", read_hosts},
		{"network", read_network},
		{"network_ids", read_ids},
		{"click_mode", read_click_mode},
		{"currency", read_currency},
		{"commission", read_rules},
		{"feed", read_feed},
		{"status", read_status},
		{"fallback_url", read_fallback},
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		enum status s = fields[i].read(r, json_object_get(o, fields[i].field));
		if (s != OK)
			return s;
	}
	enum status terms = merchant_read_terms(o, r->a, &r->m, r->e);
	if (terms != OK)
		return terms;
	return read_text(r, json_object_get(o, "postback_secret"), "/postback_secret", MAX_TEXT, &r->m.postback_secret);
}

enum status merchant_parse_json(struct str id, struct str json, struct arena *a, struct merchant *out, struct err *e)
{
	struct reading r = {.a = a, .e = e};
	json_error_t why;
	enum status s;

	if (!merchant_id_valid(id))
		return err_set(e, E_INPUT, "", "a merchant id is 1 to 64 of a-z, 0-9, - and _, starting with a letter or digit");
	if (json.n > MAX_JSON)
		return err_set(e, E_INPUT, "", "a merchant's JSON is at most %u bytes", MAX_JSON);
	json_t *o = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &why);
	if (!o)
		return err_set(e, E_INPUT, "", "no JSON: %s", why.text);
	r.m.id = arena_take_str(a, id);
	s = json_is_object(o) ? read_merchant(&r, o) : err_set(e, E_INPUT, "", "must be a JSON object");
	json_decref(o);
	if (s == OK && arena_failed(a))
		s = err_set(e, E_NOMEM, "", "the merchant's data is too large");
	if (s == OK)
		*out = r.m;
	return s;
}
