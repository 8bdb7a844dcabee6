/* Rules: every human-edited file, parsed together and published with the shelf. */
#include "flow/core.h"

#include <stdio.h>

static enum status parse(struct str yaml, const char *file, struct arena *a, const struct doc **out, struct err *e)
{
	struct err inner = {0};
	enum status s = doc_parse(yaml, a, out, &inner);
	return s == OK ? OK : err_set(e, s, file, "%s: %s", inner.where, inner.text);
}

/* Names the file in an error that a room reported about its document. */
static enum status blame(enum status s, const char *file, struct err *e)
{
	if (s == OK || !e)
		return s;
	struct err inner = *e;
	return err_set(e, s, file, "%s: %s", inner.where, inner.text);
}

static enum status read_rules(struct flow_rules *r, const struct flow_rule_texts *t, struct err *e)
{
	const struct doc *intent, *topics, *placement, *disclosure, *bots, *networks, *own_bots = NULL;
	struct err own;
	e = e ? e : &own;
	enum status s = parse(t->intent, "intent", r->a, &intent, e);
	if (s == OK)
		s = parse(t->topics, "topics", r->a, &topics, e);
	if (s == OK)
		s = parse(t->matching, "matching", r->a, &r->matching, e);
	if (s == OK)
		s = parse(t->placement, "placement", r->a, &placement, e);
	if (s == OK)
		s = parse(t->disclosure, "disclosure", r->a, &disclosure, e);
	if (s == OK)
		s = parse(t->bots, "bots", r->a, &bots, e);
	if (s == OK && t->own_bots.n)
		s = parse(t->own_bots, "bots of the operator", r->a, &own_bots, e);
	if (s == OK)
		s = parse(t->networks, "networks", r->a, &networks, e);
	if (s == OK)
		s = blame(intent_rules_new(intent, topics, &r->intent, e), "intent or topics", e);
	if (s == OK && t->weights.n > 0)
		s = blame(intent_rules_weigh(r->intent, t->weights, e), "weights", e);
	if (s == OK)
		s = blame(place_policy_new(placement, disclosure, &r->policy, e), "placement or disclosure", e);
	if (s == OK)
		s = blame(link_networks_new(networks, &r->networks, e), "networks", e);
	if (s == OK)
		s = blame(caps_read(placement, &r->caps, e), "placement", e);
	if (s == OK)
		s = blame(demand_read(placement, r->a, &r->demand, e), "placement", e);
	return s == OK ? blame(bots_read(bots, own_bots, r->a, &r->bots, e), "bots", e) : s;
}

static struct flow_rule_texts copy_texts(const struct flow_rule_texts *t, struct arena *a)
{
	return (struct flow_rule_texts){
		.intent = arena_take_str(a, t->intent),
		.topics = arena_take_str(a, t->topics),
		.matching = arena_take_str(a, t->matching),
		.placement = arena_take_str(a, t->placement),
		.disclosure = arena_take_str(a, t->disclosure),
		.bots = arena_take_str(a, t->bots),
		.own_bots = arena_take_str(a, t->own_bots),
		.networks = arena_take_str(a, t->networks),
		.weights = arena_take_str(a, t->weights),
	};
}

enum status flow_rules_new(const struct flow_rule_texts *t, struct flow_rules **out, struct err *e)
{
	struct arena *a = arena_new(32u << 20);
	struct flow_rules *r = a ? ARENA_TAKE(a, struct flow_rules, 1) : NULL;
	if (!r) {
		arena_free(a);
		return err_set(e, E_NOMEM, "", "out of memory");
	}
	r->a = a;
	atomic_init(&r->refs, 1);
	enum status s = read_rules(r, t, e);
	r->texts = copy_texts(t, a);
	if (s == OK && arena_failed(a))
		s = err_set(e, E_NOMEM, "", "the rules are too large");
	if (s != OK) {
		flow_rules_unref(r);
		return s;
	}
	*out = r;
	return OK;
}

struct flow_rules *flow_rules_ref(struct flow_rules *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void flow_rules_unref(struct flow_rules *r)
{
	if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	intent_rules_free(r->intent);
	place_policy_free(r->policy);
	link_networks_free(r->networks);
	arena_free(r->a);
}

const struct link_networks *flow_networks(const struct flow_rules *r)
{
	return r->networks;
}

const struct flow_rule_texts *flow_rules_texts(const struct flow_rules *r)
{
	return &r->texts;
}
