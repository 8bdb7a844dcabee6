/* POST /v1/replay: given requests on the serving shelf and on the same catalog under other rules; the links that differ. Nothing is recorded.
 * One at a time: it builds a second index beside the one that serves. */
#include "http/replay.h"

/* Texts that were not given are the service's own. */
static void fill_in(struct flow_rule_texts *t, const struct flow_rule_texts *own)
{
	struct str *to[] = {&t->intent, &t->topics, &t->matching, &t->placement, &t->disclosure, &t->bots, &t->networks, &t->weights};
	const struct str from[] = {own->intent, own->topics, own->matching, own->placement, own->disclosure, own->bots, own->networks, own->weights};

	for (size_t i = 0; i < ARRAY_LEN(to); i++)
		if (!to[i]->p)
			*to[i] = from[i];
}

static enum status other_shelf(const struct shelf *now, struct replay_call *c, struct shelf **out, struct err *e)
{
	struct flow_rules *rules = NULL;

	struct err inner = {0};
	fill_in(&c->rules, flow_rules_texts(shelf_rules(now)));
	enum status s = flow_rules_new(&c->rules, &rules, &inner);
	if (s)
		return err_set(e, s, "/rules", "%s: %s", inner.where, inner.text);
	if (s == OK)
		s = shelf_with_rules(now, rules, out, e);
	flow_rules_unref(rules);
	return s;
}

static void replay_all(struct shelf *a, struct shelf *b, const struct replay_call *c, struct buf *out)
{
	struct replay totals = {0};

	buf_put(out, STR("{\"requests\":["));
	for (size_t i = 0; i < c->count; i++)
		replay_request(a, b, &c->request[i], &totals, out);
	buf_put(out, STR("],\"totals\":"));
	replay_write_totals(&totals, out);
	buf_putc(out, '}');
}

static void replay(struct request *r, struct shelf *now, struct replay_call *c)
{
	struct shelf *other = NULL;
	struct err e = {0};
	enum status s = other_shelf(now, c, &other, &e);

	if (s) {
		problem_of(r, s, &e);
		return;
	}
	replay_all(now, other, c, &r->reply.body);
	shelf_unref(other);
	reply_json(r, 200);
}

static void replay_now(struct request *r)
{
	struct replay_call c = {0};
	struct err e = {0};
	enum status s = replay_call_parse(r->bytes, r->server->options.max_answer, r->arena, &c, &e);

	if (s) {
		problem_of(r, s, &e);
		return;
	}
	struct shelf *now = shelf_get(r->server->services.slot);
	if (!now) {
		problem(r, 503, "no catalog is loaded yet");
		return;
	}
	replay(r, now, &c);
	shelf_unref(now);
}

enum turn answer_replay(struct request *r)
{
	bool idle = false;

	if (!json_admitted(r))
		return ANSWERED;
	if (atomic_compare_exchange_strong(&r->server->replaying, &idle, true)) {
		replay_now(r);
		atomic_store(&r->server->replaying, false);
	} else {
		problem(r, 503, "another replay is running");
	}
	return ANSWERED;
}
