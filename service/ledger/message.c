/* Fields in a fixed order, each as "length:bytes," or "number,"; a new field goes to the end under a new version. */
#include "ledger/message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, RULES_MAX = 100000 };

/* One list of fields serves both ways. */
struct wire {
	struct buf *out; /* writing; or */
	struct str in;   /* reading */
	bool failed;
};

static void number(struct wire *w, int64_t *v)
{
	if (w->out) {
		buf_printf(w->out, "%" PRId64 ",", *v);
		return;
	}
	struct str one = str_cut(&w->in, ',');
	w->failed = w->failed || !str_int(one, v);
}

static void bytes(struct wire *w, void *p, size_t n)
{
	int64_t have = (int64_t)n;
	number(w, &have);
	if (w->out) {
		buf_put(w->out, (struct str){p, n});
		return;
	}
	w->failed = w->failed || have != (int64_t)n || w->in.n < n;
	if (w->failed)
		return;
	memcpy(p, w->in.p, n);
	w->in = str_sub(w->in, n, w->in.n);
}

static void text(struct wire *w, char *p, size_t size)
{
	int64_t n = w->out ? (int64_t)strlen(p) : 0;
	number(w, &n);
	if (w->out) {
		buf_put(w->out, (struct str){p, (size_t)n});
		return;
	}
	w->failed = w->failed || n < 0 || (size_t)n >= size || w->in.n < (size_t)n;
	if (w->failed)
		return;
	memcpy(p, w->in.p, (size_t)n);
	p[n] = '\0';
	w->in = str_sub(w->in, (size_t)n, w->in.n);
}

static void flag(struct wire *w, bool *b)
{
	int64_t v = *b;
	number(w, &v);
	*b = v != 0;
}

static void money(struct wire *w, struct money *m)
{
	number(w, &m->minor);
	text(w, m->currency, sizeof(m->currency));
}

static void item(struct wire *w, struct ledger_item *i)
{
	text(w, i->id, sizeof(i->id));
	text(w, i->category, sizeof(i->category));
	number(w, &i->quantity);
	money(w, &i->total);
}

static void rule(struct wire *w, struct ledger_rule *r)
{
	text(w, r->category, sizeof(r->category));
	text(w, r->product, sizeof(r->product));
	number(w, &r->rate_ppm);
	number(w, &r->flat_minor);
	number(w, &r->cap_minor);
}

static int64_t count(struct wire *w, int64_t n, int64_t most)
{
	number(w, &n);
	w->failed = w->failed || n < 0 || n > most;
	return w->failed ? 0 : n;
}

static void fields(struct wire *w, struct ledger_conversion *c)
{
	int64_t status = c->status, deal = c->deal;
	text(w, c->merchant, sizeof(c->merchant));
	text(w, c->order_id, sizeof(c->order_id));
	flag(w, &c->has_click);
	bytes(w, c->click.b, LEDGER_ID);
	number(w, &c->occurred_at_ms);
	number(w, &c->received_at_ms);
	number(w, &status);
	flag(w, &c->has_total);
	flag(w, &c->has_adjustment);
	flag(w, &c->has_commission);
	money(w, &c->total);
	money(w, &c->adjustment);
	money(w, &c->commission);
	number(w, &c->total_rest);
	number(w, &c->commission_rest);
	text(w, c->row, sizeof(c->row));
	number(w, &c->changed_at_ms);
	number(w, &c->window_ms);
	flag(w, &c->voided);
	number(w, &deal);
	number(w, &c->share_ppm);
	text(w, c->source, sizeof(c->source));
	text(w, c->key.key, sizeof(c->key.key));
	bytes(w, c->key.request_hash, sizeof(c->key.request_hash));
	w->failed = w->failed || status < ORDER_PENDING || status > ORDER_PAID || deal < DEAL_COMMISSION || deal > DEAL_SWAP;
	c->status = w->failed ? ORDER_PENDING : (enum order_status)status;
	c->deal = w->failed ? DEAL_COMMISSION : (enum ledger_deal)deal;
	c->item_count = (uint32_t)count(w, c->item_count, LEDGER_MAX_ITEMS);
	for (uint32_t i = 0; i < c->item_count; i++)
		item(w, &c->item[i]);
}

void message_write(const struct ledger_conversion *given, struct buf *out)
{
	struct ledger_conversion *c = malloc(sizeof(*c));
	struct wire w = {.out = out};
	int64_t version = VERSION;
	if (!c) {
		out->failed = true;
		return;
	}
	*c = *given;
	number(&w, &version);
	fields(&w, c);
	count(&w, c->rule_count, RULES_MAX);
	for (uint32_t i = 0; i < c->rule_count; i++) {
		struct ledger_rule r = c->rule[i];
		rule(&w, &r);
	}
	out->failed = out->failed || w.failed;
	free(c);
}

enum status message_read(struct str from, struct ledger_conversion *c, struct ledger_rule **rules_out)
{
	struct wire w = {.in = from};
	int64_t version = 0;
	*c = (struct ledger_conversion){0};
	number(&w, &version);
	if (version != VERSION)
		return E_INPUT;
	fields(&w, c);
	int64_t n = count(&w, 0, RULES_MAX);
	struct ledger_rule *rules = calloc((size_t)n + 1, sizeof(*rules));
	if (!rules)
		return E_NOMEM;
	for (int64_t i = 0; i < n && !w.failed; i++)
		rule(&w, &rules[i]);
	if (w.failed) {
		free(rules);
		return E_INPUT;
	}
	c->rule = rules;
	c->rule_count = (uint32_t)n;
	*rules_out = rules;
	return OK;
}
