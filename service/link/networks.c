/* Reading catalogs/networks.yaml. A wrong rule is refused when it is read, not when a reader clicks. */
#include "link/networks.h"
#include "link/url.h"

#include <stdio.h>
#include <stdlib.h>

#define ARENA_MAX (4u << 20)
#define CLICK_MAX 32 /* what every known network carries (facts: sub-ids) */

struct reading {
	struct arena *a;
	struct err *e;
	struct str network; /* being read */
};

static enum status refuse(const struct reading *r, const struct doc *at, const char *key, const char *why)
{
	char where[32];

	snprintf(where, sizeof where, "line %d", at->line);
	return err_set(r->e, E_INPUT, where, "%.*s%s%s %s", STR_ARG(r->network), r->network.n && key[0] ? ": " : "", key, why);
}

static enum status read_words(const struct reading *r, const struct doc *map, const char *key, struct words *out)
{
	const struct doc *list = doc_get(map, key);
	struct str *words;

	if (!list)
		return OK;
	if (list->kind != DOC_LIST)
		return refuse(r, list, key, "must be a list");
	words = ARENA_TAKE(r->a, struct str, list->count + 1);
	for (size_t i = 0; words && i < list->count; i++) {
		if (list->items[i].kind != DOC_SCALAR || list->items[i].text.n == 0)
			return refuse(r, &list->items[i], key, "must hold plain words");
		words[i] = arena_take_str(r->a, list->items[i].text);
	}
	*out = (struct words){words, words ? list->count : 0};
	return OK;
}

static enum status read_template(const struct reading *r, const struct doc *map, const char *key, struct str *out)
{
	const struct doc *d = doc_get(map, key);

	if (!d)
		return OK;
	if (d->kind != DOC_SCALAR || !template_valid(d->text))
		return refuse(r, d, key, "must be text with its {} and [] in pairs");
	*out = arena_take_str(r->a, d->text);
	return OK;
}

static enum status read_parameters(const struct reading *r, const struct doc *map, struct network_rule *rule)
{
	const struct doc *list = doc_get(map, "parameters");
	struct pair *pairs;

	if (!list)
		return OK;
	if (list->kind != DOC_MAP)
		return refuse(r, list, "parameters", "must be names with values");
	pairs = ARENA_TAKE(r->a, struct pair, list->count + 1);
	for (size_t i = 0; pairs && i < list->count; i++) {
		const struct doc *d = &list->items[i];
		if (d->kind != DOC_SCALAR || d->text.n == 0 || d->key.n == 0 || !template_valid(d->text))
			return refuse(r, d, "parameters", "must be text with its {} in pairs");
		pairs[i].name = arena_take_str(r->a, d->key);
		pairs[i].value = arena_take_str(r->a, d->text);
	}
	rule->parameters = pairs;
	rule->parameter_count = pairs ? list->count : 0;
	return OK;
}

static enum network_kind kind_of(const struct network_rule *rule)
{
	if (rule->base.n == 0)
		return WRAP_NEVER;
	if (str_eq(rule->base, STR("{destination}")))
		return WRAP_DIRECT;
	return template_has(rule->base, STR("{destination")) ? WRAP_TAIL : WRAP_PARAMETER;
}

/* The literal start of base must be on the network's own hosts: what target's last check asks of every link. */
static bool base_on_hosts(const struct network_rule *rule)
{
	struct str rest = rule->base, head = str_cut(&rest, '{');
	struct str host;
	struct buf probe;
	bool on;

	if (rule->kind == WRAP_NEVER || rule->kind == WRAP_DIRECT || head.n == 0)
		return head.n > 0 || rule->ids_host.n > 0 || rule->kind == WRAP_NEVER || rule->kind == WRAP_DIRECT;
	buf_init(&probe, ARENA_MAX);
	buf_put(&probe, str_sub(head, 0, str_find(head, STR("["), 0)));
	on = link_url_check(buf_str(&probe), &host, NULL) == OK && network_on_host(rule, NULL, host);
	buf_done(&probe);
	return on;
}

/* A parameter carries the whole destination and is one that unwrapping looks for. */
static bool carries_destination(const struct network_rule *rule)
{
	for (size_t i = 0; i < rule->parameter_count; i++)
		for (size_t d = 0; d < rule->destination.n; d++)
			if (str_eq(rule->parameters[i].value, STR("{destination}")) &&
				str_eq(rule->parameters[i].name, rule->destination.p[d]))
				return true;
	return false;
}

static const char *rule_fault(const struct network_rule *rule)
{
	bool ends = str_ends(rule->base, STR("{destination}")) || str_ends(rule->base, STR("{destination:raw}"));

	if (rule->kind == WRAP_PARAMETER && !carries_destination(rule))
		return "has no parameter that is the {destination}, or does not list it under destination";
	if (rule->kind == WRAP_TAIL && (rule->tail.n == 0 || !ends))
		return "holds the {destination} but does not end in it, or has no tail to find it by";
	return base_on_hosts(rule) ? NULL : "has a base outside its hosts";
}

static enum status read_rule(struct reading *r, const struct doc *d, struct network_rule *rule)
{
	int64_t click_max = CLICK_MAX;
	struct {
		const char *key;
		struct str *out;
	} texts[] = {{"base", &rule->base}, {"tail", &rule->tail}, {"click_segment", &rule->click_segment}, {"identity", &rule->identity},
		{"ids_host", &rule->ids_host}};
	enum status s = OK;

	rule->name = r->network = arena_take_str(r->a, d->key);
	if (d->kind != DOC_MAP)
		return refuse(r, d, "", "must be a map");
	for (size_t i = 0; s == OK && i < ARRAY_LEN(texts); i++)
		s = read_template(r, d, texts[i].key, texts[i].out);
	if (s == OK)
		s = read_parameters(r, d, rule);
	if (s == OK)
		s = read_words(r, d, "hosts", &rule->hosts);
	if (s == OK)
		s = read_words(r, d, "destination", &rule->destination);
	if (s == OK)
		s = doc_bool(d, "own_parameters", false, &rule->own_parameters, r->e);
	if (s == OK)
		s = doc_int(d, "click_max", CLICK_MAX, &click_max, r->e);
	if (s != OK)
		return s;
	if (click_max < LINK_SUBID_TEXT || click_max > 4096)
		return refuse(r, d, "click_max", "must be from 27, the length of a sub-id, to 4096");
	rule->click_max = (size_t)click_max;
	rule->kind = kind_of(rule);
	const char *fault = rule_fault(rule);
	return fault ? refuse(r, d, "", fault) : OK;
}

static enum status read_rules(struct reading *r, const struct doc *doc, struct link_networks *n)
{
	const struct doc *list = doc_get(doc, "networks");
	struct network_rule *rules;

	if (!list || list->kind != DOC_MAP)
		return refuse(r, list ? list : doc, "networks", "must be a map of networks");
	rules = ARENA_TAKE(r->a, struct network_rule, list->count + 1);
	if (!rules)
		return OK; /* the end looks */
	for (size_t i = 0; i < list->count; i++) {
		enum status s = read_rule(r, &list->items[i], &rules[i]);
		if (s != OK)
			return s;
		for (size_t net = 0; net < NET_COUNT; net++)
			if (rules[i].kind != WRAP_NEVER && str_eq(rules[i].name, network_name((enum network)net)))
				n->of[net] = &rules[i];
	}
	r->network = STR_NONE;
	n->rule = rules;
	n->count = list->count;
	return OK;
}

enum status link_networks_new(const struct doc *doc, struct link_networks **out, struct err *e)
{
	struct link_networks *n = calloc(1, sizeof *n);
	struct reading r = {.a = n ? arena_new(ARENA_MAX) : NULL, .e = e};
	enum status s = E_NOMEM;

	if (!r.a) {
		free(n);
		return err_set(e, E_NOMEM, "", "out of memory");
	}
	n->arena = r.a;
	s = read_rules(&r, doc, n);
	if (s == OK)
		s = read_words(&r, doc, "strip", &n->strip);
	if (s == OK && arena_failed(r.a))
		s = err_set(e, E_NOMEM, "", "the networks' rules are too large");
	if (s != OK) {
		link_networks_free(n);
		return s;
	}
	*out = n;
	return OK;
}

void link_networks_free(struct link_networks *n)
{
	if (!n)
		return;
	arena_free(n->arena);
	free(n);
}

bool network_on_host(const struct network_rule *r, const struct merchant *m, struct str host)
{
	struct str own;

	for (size_t i = 0; i < r->hosts.n; i++)
		if (url_host_under(host, r->hosts.p[i]))
			return true;
	if (!m || r->ids_host.n == 0)
		return false;
	for (uint32_t i = 0; i < m->network_id_count; i++)
		if (str_eq(m->network_ids[i].name, r->ids_host))
			return link_url_check(m->network_ids[i].value, &own, NULL) == OK && str_eq_nocase(own, host);
	return false;
}
