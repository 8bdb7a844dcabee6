/* A merchant as JSON, just what merchant_parse_json reads; by hand, so that fields keep their order. */
#include "catalog/catalog.h"

static void put_field(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_put_json(out, value);
}

static void put_amount(const struct merchant *m, struct buf *out, const char *name, int64_t minor)
{
	if (minor < 0)
		return;
	if (m->currency.n)
		buf_printf(out, ",\"%s\":{\"amount\":%lld,\"currency\":\"%.*s\"}", name, (long long)minor, STR_ARG(m->currency));
	else
		buf_printf(out, ",\"%s\":%lld", name, (long long)minor);
}

static void put_ids(const struct merchant *m, struct buf *out)
{
	buf_put(out, m->network == NET_PLAIN ? STR(",\"network_ids\":{\"params\":{") : STR(",\"network_ids\":{"));
	for (uint32_t i = 0; i < m->network_id_count; i++) {
		buf_put(out, i ? STR(",") : STR(""));
		buf_put_json(out, m->network_ids[i].name);
		buf_putc(out, ':');
		buf_put_json(out, m->network_ids[i].value);
	}
	if (m->network == NET_PLAIN)
		buf_putc(out, '}');
	if (m->network_permission)
		buf_put(out, m->network == NET_PLAIN || m->network_id_count ? STR(",\"permission\":true") : STR("\"permission\":true"));
	buf_putc(out, '}');
}

static void put_rules(const struct merchant *m, struct buf *out)
{
	buf_put(out, STR(",\"commission\":["));
	for (uint32_t i = 0; i < m->rule_count; i++) {
		const struct commission_rule *rule = &m->rules[i];
		buf_put(out, i ? STR(",{\"category\":") : STR("{\"category\":"));
		buf_put_json(out, rule->category);
		put_field(out, "product", rule->product);
		if (rule->rate_ppm >= 0)
			buf_printf(out, ",\"rate_ppm\":%lld", (long long)rule->rate_ppm);
		put_amount(m, out, "flat", rule->flat_minor);
		put_amount(m, out, "cap", rule->cap_minor);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

static void put_hosts(const struct merchant *m, struct buf *out)
{
	buf_put(out, STR(",\"hosts\":["));
	for (uint32_t i = 0; i < m->host_count; i++) {
		buf_put(out, i ? STR(",") : STR(""));
		buf_put_json(out, m->hosts[i]);
	}
	buf_putc(out, ']');
}

static void put_feed(const struct merchant *m, struct buf *out)
{
	if (m->feed_url.n == 0 && m->feed_format.n == 0 && m->feed_every_s == 0)
		return;
	buf_put(out, STR(",\"feed\":{\"url\":"));
	buf_put_json(out, m->feed_url);
	put_field(out, "format", m->feed_format);
	buf_printf(out, ",\"every\":%lld}", (long long)m->feed_every_s);
}

static void put_terms(const struct merchant *m, struct buf *out)
{
	if (m->deal == MERCHANT_SPLIT)
		buf_printf(out, ",\"deal\":{\"kind\":\"split\",\"share_ppm\":%lld", (long long)m->deal_share_ppm);
	else if (m->deal == MERCHANT_SWAP)
		buf_put(out, STR(",\"deal\":{\"kind\":\"swap\""));
	else if (m->deal_partner.n)
		buf_put(out, STR(",\"deal\":{\"kind\":\"commission\""));
	if (m->deal_partner.n)
		put_field(out, "partner", m->deal_partner);
	if (m->deal != MERCHANT_COMMISSION || m->deal_partner.n)
		buf_putc(out, '}');
	if (m->window_days != MERCHANT_WINDOW_DAYS)
		buf_printf(out, ",\"window_days\":%lld", (long long)m->window_days);
	if (m->void_order_count == 0)
		return;
	buf_put(out, STR(",\"void_orders\":["));
	for (uint32_t i = 0; i < m->void_order_count; i++) {
		buf_put(out, i ? STR(",") : STR(""));
		buf_put_json(out, m->void_orders[i]);
	}
	buf_putc(out, ']');
}

static struct str click_mode_name(enum click_mode mode)
{
	return mode == CLICK_REDIRECT ? STR("redirect") : mode == CLICK_DIRECT ? STR("direct") : STR("none");
}

void merchant_write_json(const struct merchant *m, bool with_secret, struct buf *out)
{
	buf_put(out, STR("{\"id\":"));
	buf_put_json(out, m->id);
	put_field(out, "name", m->name);
	put_hosts(m, out);
	put_field(out, "network", network_name(m->network));
	put_ids(m, out);
	put_field(out, "click_mode", click_mode_name(m->click_mode));
	if (m->fallback_url.n)
		put_field(out, "fallback_url", m->fallback_url);
	if (m->currency.n)
		put_field(out, "currency", m->currency);
	if (with_secret && m->postback_secret.n)
		put_field(out, "postback_secret", m->postback_secret);
	put_rules(m, out);
	put_terms(m, out);
	put_feed(m, out);
	put_field(out, "status", m->retired ? STR("retired") : m->paused ? STR("paused") : STR("active"));
	buf_putc(out, '}');
}
