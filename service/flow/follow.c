/* follow: a click's token becomes the merchant's page and a record. The target is rebuilt from catalog and template for a verified
 * token, never read from the request. */
#include "flow/core.h"

#include <stdio.h>
#include <string.h>

/* A day's keyed hash of address and agent: enough to see the same visitor twice, nothing to keep. */
static void visitor_of(const struct follow_request *r, const uint8_t salt[32], uint8_t out[16])
{
	uint8_t digest[32];
	struct buf b;
	buf_init(&b, 16384);
	buf_put(&b, (struct str){(const char *)salt, 32});
	buf_printf(&b, "%zu:", r->address.n);
	buf_put(&b, r->address);
	buf_put(&b, str_sub(r->user_agent, 0, 4096));
	link_sha256(buf_str(&b), digest);
	buf_done(&b);
	memcpy(out, digest, 16);
}

static bool has_part(struct str agent, const struct str *parts, size_t n)
{
	char lower[1024];
	size_t len = agent.n < sizeof lower ? agent.n : sizeof lower;
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)(agent.p[i] >= 'A' && agent.p[i] <= 'Z' ? agent.p[i] + 32 : agent.p[i]);
	for (size_t i = 0; i < n; i++)
		if (parts[i].n && str_find((struct str){lower, len}, parts[i], 0) < len)
			return true;
	return false;
}

struct verdict {
	enum click_class class;
	const char *rule;
};

static struct verdict classify(const struct bot_rules *bots, const struct follow_request *r, bool stale)
{
	if (str_starts(r->purpose, STR("prefetch")) || str_starts(r->purpose, STR("prerender")) || str_eq(r->purpose, STR("preview")))
		return (struct verdict){CLICK_PREFETCH, "header:purpose"};
	if (has_part(r->user_agent, bots->previews, bots->preview_count))
		return (struct verdict){CLICK_PREVIEW, "agent:preview"};
	if (r->user_agent.n == 0)
		return (struct verdict){CLICK_BOT, "agent:none"};
	if (has_part(r->user_agent, bots->bots, bots->bot_count))
		return (struct verdict){CLICK_BOT, "agent:bot"};
	if (r->fetch_mode.n && !str_eq(r->fetch_mode, STR("navigate")))
		return (struct verdict){CLICK_BOT, "fetch:mode"};
	if (r->fetch_dest.n && !str_eq(r->fetch_dest, STR("document")))
		return (struct verdict){CLICK_BOT, "fetch:dest"};
	return stale ? (struct verdict){CLICK_STALE, "token:stale"} : (struct verdict){CLICK_HUMAN, ""};
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

static void fill_click(struct ledger_click *c, const struct link_token *t, const struct link_keys *keys, const struct target *target, struct verdict v)
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
	fill_click(&f.click, &t, keys, &target, classify(&s->rules->bots, r, stale));
	visitor_of(r, day_salt, f.click.visitor);
	*out = f;
	return OK;
}

struct ledger_id flow_pseudonym(const struct link_keys *keys, const char *kind, struct str id)
{
	struct ledger_id out = {{0}};
	uint8_t mac[32];
	if (id.n == 0)
		return out;
	struct link_mac m;
	link_mac_init(&m, keys, STR("pseudonym"));
	link_mac_field(&m, str_of(kind));
	link_mac_field(&m, id);
	link_mac_done(&m, mac);
	memcpy(out.b, mac, sizeof out.b);
	return out;
}
