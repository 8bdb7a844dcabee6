/* follow: a click's token becomes the merchant's page and a record. The target is rebuilt from catalog and template for a verified
 * token, never read from the request. */
#include "flow/core.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void salted(const uint8_t salt[32], struct str address, struct str rest, void *out, size_t n)
{
	char room[32 + 72 + 4096 + 8];
	struct buf b = {.p = room, .cap = sizeof room, .max = sizeof room - 1};
	uint8_t digest[32];
	buf_put(&b, (struct str){(const char *)salt, 32});
	buf_printf(&b, "%zu:", address.n);
	buf_put(&b, address);
	buf_put(&b, str_sub(rest, 0, 4096));
	link_sha256(buf_str(&b), digest);
	memcpy(out, digest, n);
}

/* IPv4 /24, IPv6 /48, as bytes; 0 bytes of what is no address. */
static struct str network_of(struct str address, uint8_t room[16])
{
	char text[64];
	struct in6_addr v6;
	struct in_addr v4;
	snprintf(text, sizeof text, "%.*s", STR_ARG(address));
	if (inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_V4MAPPED(&v6)) {
		memcpy(room, v6.s6_addr + 12, 3);
		return (struct str){(const char *)room, 3};
	}
	if (inet_pton(AF_INET6, text, &v6) == 1) {
		memcpy(room, v6.s6_addr, 6);
		return (struct str){(const char *)room, 6};
	}
	if (inet_pton(AF_INET, text, &v4) != 1)
		return STR_NONE;
	memcpy(room, &v4, 3);
	return (struct str){(const char *)room, 3};
}

/* Private and loopback networks: where proxies stand, and offices behind one address. */
static bool is_shared(struct str network)
{
	const uint8_t *p = (const uint8_t *)network.p;
	if (network.n == 3)
		return p[0] == 127 || p[0] == 10 || (p[0] == 172 && p[1] >> 4 == 1) || (p[0] == 192 && p[1] == 168);
	return network.n == 0 || (p[0] & 0xfe) == 0xfc || (p[0] == 0xfe && p[1] >> 6 == 2) ||
	       (p[0] | p[1] | p[2] | p[3] | p[4] | p[5]) == 0;
}

/* A day's keyed hashes of address and agent, and of the network: enough to see the same visitor twice. */
static void visitor_of(const struct follow_request *r, const uint8_t salt[32], struct ledger_click *c)
{
	uint8_t room[16];
	struct str network = network_of(r->address, room);
	salted(salt, r->address, r->user_agent, c->visitor, sizeof c->visitor);
	if (!is_shared(network))
		salted(salt, network, STR("network"), c->network, sizeof c->network);
	c->unlinkable = r->gpc;
}

static uint16_t limit_of(int64_t n)
{
	return (uint16_t)(n > UINT16_MAX ? UINT16_MAX : n);
}

/* What the commit decides by. */
static void fill_limits(const struct bot_rules *b, const struct follow_request *r, struct ledger_click *c)
{
	c->visitor_per_minute = limit_of(b->visitor_per_minute);
	c->network_per_minute = limit_of(b->network_per_minute);
	c->scanner_ms = limit_of(b->scanner_ms);
	c->fetch_metadata = r->fetch_mode.n || r->fetch_dest.n || r->fetch_site.n;
	c->vouched = c->fetch_metadata || r->accept_language.n;
}

/* Where the product's page is: on the shelf, else in the ledger's targets, live or departed. */
struct target {
	const struct merchant *merchant;
	struct str product, url;
	bool departed;
};

static enum status find_target(const struct shelf *s, struct ledger *l, uint64_t key, struct arena *a, struct target *out, struct err *e)
{
	uint32_t i = catalog_find_key(s->catalog, key);
	if (i != PRODUCT_NONE) {
		const struct product *p = catalog_product(s->catalog, i);
		*out = (struct target){.merchant = catalog_merchant_of(s->catalog, p), .product = p->id, .url = p->url};
		return OK;
	}
	struct ledger_target t;
	if (!l)
		return err_set(e, E_MISSING, "token", "the product has left and this node keeps no ledger");
	enum status st = ledger_target_get(l, key, a, &t, e);
	if (st != OK)
		return st;
	*out = (struct target){.merchant = catalog_merchant_by_id(s->catalog, t.merchant), .product = t.product, .url = t.url, .departed = t.departed};
	return out->merchant ? OK : err_set(e, E_MISSING, "token", "the merchant is not known");
}

static enum status outgoing(const struct shelf *s, const struct target *t, struct ledger_id click, struct arena *a, struct str *out, struct err *e)
{
	struct link_id id;
	char subid[LINK_SUBID_TEXT + 1];
	struct buf url;
	memcpy(id.b, click.b, sizeof id.b);
	link_subid_write(id, subid);
	buf_init(&url, 16384);
	enum status st = E_INPUT;
	if (!t->departed && !t->merchant->retired)
		st = link_target(s->rules->networks, t->merchant, t->url, str_of(subid), &url, e);
	if (st != OK) {
		buf_clear(&url);
		st = link_fallback(s->rules->networks, t->merchant, str_of(subid), &url, e);
	}
	if (st == OK)
		*out = arena_take_str(a, buf_str(&url));
	buf_done(&url);
	return st == OK && arena_failed(a) ? err_set(e, E_NOMEM, "", "out of memory") : st;
}

static void fill_click(
	struct ledger_click *c, const struct link_token *t, const struct link_keys *keys, const struct target *target, struct bot_verdict v)
{
	struct link_id link = link_id_of_token(keys, t);
	memcpy(c->insertion.b, t->insertion.b, sizeof c->insertion.b);
	memcpy(c->link.b, link.b, sizeof c->link.b);
	c->product_key = t->product_key;
	c->class = v.class;
	flow_put_name(c->rule, sizeof c->rule, str_of(v.rule));
	flow_put_name(c->merchant, sizeof c->merchant, target->merchant->id);
	flow_put_name(c->product, sizeof c->product, target->product);
}

enum status flow_follow(const struct shelf *s, struct ledger *l, const struct link_keys *keys, const struct follow_request *r, struct ledger_id click_id,
	const uint8_t day_salt[32], struct arena *a, struct follow_result *out, struct err *e)
{
	struct link_token t;
	struct target target = {0};
	if (link_token_verify(keys, r->token, &t) != OK)
		return err_set(e, E_DENIED, "token", "not a link of ours");
	if (!s)
		return err_set(e, E_BUSY, "", "merchants are still being loaded");
	enum status st = find_target(s, l, t.product_key, a, &target, e);
	if (st != OK)
		return st;
	struct follow_result f = {.click = {.click = click_id, .at_ms = r->now_ms}};
	st = outgoing(s, &target, click_id, a, &f.location, e);
	if (st != OK)
		return st;
	bool stale = t.stale || target.departed || target.merchant->retired;
	struct bot_verdict v = bots_judge(&s->rules->bots, r, true);
	if (stale && v.class == CLICK_HUMAN)
		v = (struct bot_verdict){CLICK_STALE, "token:stale"};
	fill_click(&f.click, &t, keys, &target, v);
	fill_limits(&s->rules->bots, r, &f.click);
	visitor_of(r, day_salt, &f.click);
	*out = f;
	return OK;
}

void flow_judge_reported(const struct shelf *s, const struct follow_request *r, const uint8_t day_salt[32], struct ledger_click *c)
{
	struct bot_verdict v = bots_judge(&s->rules->bots, r, r->user_agent.n > 0);
	c->class = v.class;
	flow_put_name(c->rule, sizeof c->rule, v.rule[0] ? str_of(v.rule) : STR("reported"));
	fill_limits(&s->rules->bots, r, c);
	c->vouched = true; /* the app has seen the click, with whatever headers it does not tell */
	if (r->user_agent.n || r->address.n)
		visitor_of(r, day_salt, c);
}

static struct ledger_id finish_pseudonym(struct link_mac *m, const char *kind, struct str id)
{
	struct ledger_id out;
	uint8_t mac[32];
	link_mac_field(m, str_of(kind));
	link_mac_field(m, id);
	link_mac_done(m, mac);
	memcpy(out.b, mac, sizeof out.b);
	return out;
}

struct ledger_id flow_pseudonym(const struct link_keys *keys, const char *kind, struct str id)
{
	struct link_mac m;
	if (id.n == 0)
		return (struct ledger_id){{0}};
	link_mac_init(&m, keys, STR("pseudonym"));
	return finish_pseudonym(&m, kind, id);
}

bool flow_pseudonym_nth(const struct link_keys *keys, size_t n, const char *kind, struct str id, struct ledger_id *out)
{
	struct link_mac m;
	if (id.n == 0 || !link_mac_init_nth(&m, keys, n, STR("pseudonym")))
		return false;
	*out = finish_pseudonym(&m, kind, id);
	return true;
}
