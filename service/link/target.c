/* The URL that goes out: built from the shop's URL and the network's rule, then read again as a stranger would. */
#include "link/unwrap.h"

#define MAX_BYTES 131072

/* One link in the making. */
struct aim {
	const struct link_networks *n;
	const struct merchant *m;
	const struct network_rule *rule;
	struct bare bare;
	struct fill fill;
	struct buf url; /* as built */
};

static enum status aim_init(struct aim *a, const struct link_networks *n, const struct merchant *m, struct str url, struct str click,
	struct err *e)
{
	enum status s;

	*a = (struct aim){.n = n, .m = m, .rule = n->of[m->network]};
	buf_init(&a->url, MAX_BYTES);
	s = bare_find(&a->bare, n, m, url, e);
	a->fill = (struct fill){.m = m, .click = click, .destination = buf_str(&a->bare.url)};
	if (s == OK && !a->rule)
		s = err_set(e, E_MISSING, "network", "no rule for network %.*s", STR_ARG(network_name(m->network)));
	return s;
}

static void aim_done(struct aim *a)
{
	bare_done(&a->bare);
	buf_done(&a->url);
}

static enum status check_click(const struct aim *a, struct err *e)
{
	struct str click = a->fill.click;

	if (click.n > a->rule->click_max)
		return err_set(e, E_INPUT, "subid", "the network carries at most %zu characters", a->rule->click_max);
	for (size_t i = 0; i < click.n; i++)
		if (!((click.p[i] >= 'a' && click.p[i] <= 'z') || (click.p[i] >= '0' && click.p[i] <= '9')))
			return err_set(e, E_INPUT, "subid", "must be made of a-z and 0-9");
	return OK;
}

/* ---- building ------------------------------------------------------------------------------- */

static void put_pair(struct buf *out, struct str name, struct str value)
{
	bool first = str_find(buf_str(out), STR("?"), 0) == out->n;

	buf_putc(out, first ? '?' : '&');
	url_put_value(out, name);
	buf_putc(out, '=');
	url_put_value(out, value);
}

static enum status put_parameter(struct aim *a, struct pair p, struct err *e)
{
	struct buf value;
	bool omit = false;
	enum status s;

	buf_init(&value, MAX_BYTES);
	s = parameter_value(&value, a->rule, p.value, &a->fill, &omit, e);
	if (s == OK && !omit)
		put_pair(&a->url, p.name, buf_str(&value));
	a->url.failed = a->url.failed || value.failed;
	buf_done(&value);
	return s;
}

static enum status put_parameters(struct aim *a, struct err *e)
{
	enum status s = OK;

	for (size_t i = 0; s == OK && i < parameter_count(a->rule, a->m); i++)
		s = put_parameter(a, parameter_at(a->rule, a->m, i), e);
	return s;
}

static bool rule_sets(const struct aim *a, struct str name)
{
	for (size_t i = 0; i < parameter_count(a->rule, a->m); i++)
		if (url_name_is(name, parameter_at(a->rule, a->m, i).name))
			return true;
	return false;
}

/* Everything before the fragment, less the parameters that the rule sets. */
static void put_head(struct aim *a, struct str url, const struct url *u)
{
	struct str query = u->query, pair, name, value;
	char sep = '?';

	buf_put(&a->url, str_sub(url, 0, (size_t)(u->path.p - url.p) + u->path.n));
	while (url_next_pair(&query, &pair, &name, &value)) {
		if (rule_sets(a, name))
			continue;
		buf_putc(&a->url, sep);
		buf_put(&a->url, pair);
		sep = '&';
	}
}

static void put_fragment(struct aim *a, const struct url *u)
{
	if (!u->has_fragment)
		return;
	buf_putc(&a->url, '#');
	buf_put(&a->url, u->fragment);
}

static enum status build_direct(struct aim *a, struct err *e)
{
	struct str bare = buf_str(&a->bare.url);
	struct url u;
	enum status s = url_split(bare, &u, e);

	if (s != OK)
		return s;
	put_head(a, bare, &u);
	s = put_parameters(a, e);
	put_fragment(a, &u);
	return s;
}

static enum status put_base(struct aim *a, struct buf *out, struct err *e)
{
	struct str missing = STR_NONE;

	if (!template_fill(out, a->rule->base, &a->fill, true, &missing))
		return err_set(e, E_MISSING, "network_ids", "the merchant has no network id %.*s", STR_ARG(missing));
	return OK;
}

static enum status build_wrapped(struct aim *a, struct err *e)
{
	struct buf base;
	struct url u;
	enum status s;

	buf_init(&base, MAX_BYTES);
	s = put_base(a, &base, e);
	if (s == OK)
		s = url_split(buf_str(&base), &u, e);
	if (s == OK) {
		put_head(a, buf_str(&base), &u);
		s = put_parameters(a, e);
	}
	buf_done(&base);
	return s;
}

static bool is_destination(const struct network_rule *r, struct str name)
{
	for (size_t i = 0; i < r->destination.n; i++)
		if (url_name_is(name, r->destination.p[i]))
			return true;
	return false;
}

/* One parameter of a wrapped link of ours: the destination cleaned, our ids as configured, the rest as it was. */
static enum status keep_pair(struct aim *a, struct str pair, struct str name, struct err *e)
{
	if (is_destination(a->rule, name) && !a->bare.opaque) {
		put_pair(&a->url, name, buf_str(&a->bare.url));
		return OK;
	}
	for (size_t i = 0; i < a->rule->parameter_count; i++)
		if (url_name_is(name, a->rule->parameters[i].name))
			return put_parameter(a, a->rule->parameters[i], e);
	buf_putc(&a->url, str_find(buf_str(&a->url), STR("?"), 0) == a->url.n ? '?' : '&');
	buf_put(&a->url, pair);
	return OK;
}

static enum status build_kept(struct aim *a, struct str url, struct err *e)
{
	struct pair click = parameter_of_click(a->rule, a->m);
	struct str query, pair, name, value;
	bool clicked = false;
	struct url u;
	enum status s = url_split(url, &u, e);

	if (s != OK)
		return s;
	buf_put(&a->url, str_sub(url, 0, (size_t)(u.path.p - url.p) + u.path.n));
	query = u.query;
	while (s == OK && url_next_pair(&query, &pair, &name, &value)) {
		bool is_click = url_name_is(name, click.name);
		if (!is_click || !clicked)
			s = keep_pair(a, pair, name, e);
		clicked = clicked || is_click;
	}
	if (s == OK && !clicked)
		s = put_parameter(a, click, e);
	put_fragment(a, &u);
	return s;
}

static enum status build_new(struct aim *a, struct err *e)
{
	switch (a->rule->kind) {
	case WRAP_DIRECT:
		return build_direct(a, e);
	case WRAP_PARAMETER:
		return build_wrapped(a, e);
	case WRAP_TAIL:
		return put_base(a, &a->url, e);
	case WRAP_NEVER:
		break;
	}
	return err_set(e, E_BUG, "network", "the network cannot wrap");
}

/* A link kept as ours must still be ours with the parameters replaced: its mark may have stood in one of them by chance. */
static enum status build(struct aim *a, struct str url, struct err *e)
{
	enum status s;

	if (!a->bare.kept)
		return build_new(a, e);
	s = build_kept(a, url, e);
	if (s != OK || wrapped_is_ours(a->rule, a->m, buf_str(&a->url)))
		return s;
	if (a->bare.opaque)
		return err_set(e, E_INPUT, "url", "a network's link that does not show where it leads");
	buf_clear(&a->url);
	return build_new(a, e);
}

/* ---- the last look ---------------------------------------------------------------------------- */

static enum status check_shop(const struct aim *a, struct str url, struct err *e)
{
	struct url u;
	enum status s = url_split(url, &u, e);

	if (s == OK && !merchant_has_host(a->m, u.host))
		s = err_set(e, E_INPUT, "url", "%.*s is no host of the merchant", STR_ARG(u.host));
	if (s == OK && a->rule->kind != WRAP_DIRECT && link_is_amazon(url))
		s = err_set(e, E_INPUT, "url", "Amazon allows no link through a redirect");
	return s;
}

static enum status check_wrapped(const struct aim *a, struct str url, struct err *e)
{
	struct buf inner;
	struct url u;
	enum status s = url_split(url, &u, e);

	if (s != OK)
		return s;
	if (!network_on_host(a->rule, a->m, u.host))
		return err_set(e, E_INPUT, "url", "%.*s is no host of the network", STR_ARG(u.host));
	if (a->bare.opaque)
		return OK;
	buf_init(&inner, MAX_BYTES);
	if (unwrap_once(&inner, a->rule, url, &u))
		s = check_shop(a, buf_str(&inner), e);
	else
		s = err_set(e, E_INPUT, "url", "the link does not show where it leads");
	buf_done(&inner);
	return s;
}

static enum status check_outgoing(const struct aim *a, struct str url, struct err *e)
{
	return a->rule->kind == WRAP_DIRECT ? check_shop(a, url, e) : check_wrapped(a, url, e);
}

static enum status put_checked(const struct aim *a, struct buf *out, struct err *e)
{
	struct buf safe;
	enum status s;

	buf_init(&safe, MAX_BYTES);
	url_put_safe(&safe, buf_str(&a->url));
	if (a->url.failed || safe.failed)
		s = err_set(e, E_NOMEM, "url", "the link is too long");
	else
		s = check_outgoing(a, buf_str(&safe), e);
	if (s == OK)
		buf_put(out, buf_str(&safe));
	if (s == OK && out->failed)
		s = err_set(e, E_NOMEM, "url", "the link is too long");
	buf_done(&safe);
	return s;
}

/* ---- the room's doors --------------------------------------------------------------------------- */

enum status link_target(const struct link_networks *n, const struct merchant *m, struct str product_url, struct str subid, struct buf *out,
	struct err *e)
{
	struct aim a;
	enum status s = aim_init(&a, n, m, product_url, subid, e);

	if (s == OK)
		s = check_click(&a, e);
	if (s == OK)
		s = build(&a, product_url, e);
	if (s == OK)
		s = put_checked(&a, out, e);
	aim_done(&a);
	return s;
}

enum status link_fallback(const struct link_networks *n, const struct merchant *m, struct str subid, struct buf *out, struct err *e)
{
	struct buf root;
	enum status s;

	if (m->fallback_url.n > 0)
		return link_target(n, m, m->fallback_url, subid, out, e);
	if (m->host_count == 0)
		return err_set(e, E_MISSING, "hosts", "the merchant has no host to fall back to");
	buf_init(&root, MAX_BYTES);
	buf_printf(&root, "https://%.*s/", STR_ARG(m->hosts[0]));
	s = link_target(n, m, buf_str(&root), subid, out, e);
	buf_done(&root);
	return s;
}

enum status link_clean(const struct link_networks *n, const struct merchant *m, struct str url, struct buf *out, struct err *e)
{
	struct aim a;
	enum status s = aim_init(&a, n, m, url, STR_NONE, e);

	if (s == OK && a.bare.opaque)
		s = build(&a, url, e);
	if (s == OK)
		url_put_safe(out, buf_str(a.bare.opaque ? &a.url : &a.bare.url));
	if (s == OK && out->failed)
		s = err_set(e, E_NOMEM, "url", "the URL is too long");
	aim_done(&a);
	return s;
}

enum link_refusal link_refuses(const struct link_networks *n, const struct merchant *m, struct str product_url, bool amazon_allowed)
{
	enum link_refusal refusal = LINK_FINE;
	struct aim a;
	struct url u;

	if (url_split(product_url, &u, NULL) != OK)
		return LINK_BAD_URL;
	if (aim_init(&a, n, m, product_url, STR_NONE, NULL) == E_MISSING) {
		refusal = LINK_NO_IDS;
	} else if (!a.rule || (a.bare.url.n == 0 && !a.bare.opaque)) {
		refusal = LINK_FOREIGN_HOST; /* led nowhere that can be seen */
	} else {
		bool amazon = m->network == NET_AMAZON || link_is_amazon(product_url) || link_is_amazon(buf_str(&a.bare.url));
		if (amazon && !(amazon_allowed && m->network_permission && a.rule->kind == WRAP_DIRECT))
			refusal = LINK_NO_PERMISSION;
		else if (!a.bare.opaque && check_shop(&a, buf_str(&a.bare.url), NULL) != OK)
			refusal = LINK_FOREIGN_HOST;
		else if (build(&a, product_url, NULL) != OK)
			refusal = LINK_NO_IDS;
	}
	aim_done(&a);
	return refusal;
}

bool link_is_direct(const struct merchant *m, struct str product_url)
{
	return m->click_mode != CLICK_REDIRECT || m->network == NET_AMAZON || link_is_amazon(product_url);
}
