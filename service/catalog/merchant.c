/* Merchants as values: names of networks, host rules, copies. */
#include "catalog/merchant.h"

static const char *const NETWORKS[NET_COUNT] = {"plain", "awin", "cj", "rakuten", "impact", "ebay", "partnerize", "amazon"};

struct str network_name(enum network n)
{
	return str_of(NETWORKS[n]);
}

bool network_parse(struct str name, enum network *out)
{
	for (size_t i = 0; i < NET_COUNT; i++)
		if (str_eq(name, str_of(NETWORKS[i]))) {
			*out = (enum network)i;
			return true;
		}
	return false;
}

bool merchant_id_valid(struct str id)
{
	if (id.n == 0 || id.n > 64 || id.p[0] == '-' || id.p[0] == '_')
		return false;
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

struct str merchant_network_id(const struct merchant *m, const char *name)
{
	for (uint32_t i = 0; i < m->network_id_count; i++)
		if (str_eq(m->network_ids[i].name, str_of(name)))
			return m->network_ids[i].value;
	return STR_NONE;
}

static bool host_covers(struct str owner, struct str host)
{
	size_t extra = host.n - owner.n;

	if (owner.n == 0 || host.n < owner.n || !str_eq_nocase(str_sub(host, extra, host.n), owner))
		return false;
	return extra == 0 || host.p[extra - 1] == '.';
}

bool merchant_has_host(const struct merchant *m, struct str host)
{
	for (uint32_t i = 0; i < m->host_count; i++)
		if (host_covers(m->hosts[i], host))
			return true;
	return false;
}

bool merchant_voids(const struct merchant *m, struct str order_id)
{
	for (uint32_t i = 0; i < m->void_order_count; i++) {
		struct str v = m->void_orders[i];
		bool head = str_ends(v, STR("*"));
		if (head ? str_starts(order_id, str_sub(v, 0, v.n - 1)) : str_eq(order_id, v))
			return true;
	}
	return false;
}

static const struct str *take_hosts(struct arena *a, const struct merchant *m)
{
	struct str *hosts = ARENA_TAKE(a, struct str, m->host_count);

	for (uint32_t i = 0; hosts && i < m->host_count; i++)
		hosts[i] = arena_take_str(a, m->hosts[i]);
	return hosts;
}

static const struct pair *take_ids(struct arena *a, const struct merchant *m)
{
	struct pair *ids = ARENA_TAKE(a, struct pair, m->network_id_count);

	for (uint32_t i = 0; ids && i < m->network_id_count; i++) {
		ids[i].name = arena_take_str(a, m->network_ids[i].name);
		ids[i].value = arena_take_str(a, m->network_ids[i].value);
	}
	return ids;
}

static const struct str *take_void_orders(struct arena *a, const struct merchant *m)
{
	struct str *orders = ARENA_TAKE(a, struct str, m->void_order_count);

	for (uint32_t i = 0; orders && i < m->void_order_count; i++)
		orders[i] = arena_take_str(a, m->void_orders[i]);
	return orders;
}

static const struct commission_rule *take_rules(struct arena *a, const struct merchant *m)
{
	struct commission_rule *rules = ARENA_TAKE(a, struct commission_rule, m->rule_count);

	for (uint32_t i = 0; rules && i < m->rule_count; i++) {
		rules[i] = m->rules[i];
		rules[i].category = arena_take_str(a, m->rules[i].category);
		rules[i].product = arena_take_str(a, m->rules[i].product);
	}
	return rules;
}

struct merchant merchant_take(struct arena *a, const struct merchant *m)
{
	struct merchant copy = *m;

	copy.id = arena_take_str(a, m->id);
	copy.name = arena_take_str(a, m->name);
	copy.fallback_url = arena_take_str(a, m->fallback_url);
	copy.currency = arena_take_str(a, m->currency);
	copy.postback_secret = arena_take_str(a, m->postback_secret);
	copy.feed_url = arena_take_str(a, m->feed_url);
	copy.feed_format = arena_take_str(a, m->feed_format);
	copy.hosts = take_hosts(a, m);
	copy.network_ids = take_ids(a, m);
	copy.rules = take_rules(a, m);
	copy.deal_partner = arena_take_str(a, m->deal_partner);
	copy.void_orders = take_void_orders(a, m);
	return copy;
}
