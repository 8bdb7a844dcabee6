/* Merchants: /v1/merchants and /v1/merchants/{m}. Read from the ledger, which is their truth; from the shelf on a node without one. */
#include "http/door.h"

struct listing {
	struct request *r;
	struct str only; /* "" all that the caller may see */
	size_t written;
};

static bool visible(const struct listing *l, struct str merchant)
{
	const struct caller *c = &l->r->caller;

	if (l->only.n)
		return str_eq(l->only, merchant);
	return c->roles != ROLE_MERCHANT || str_eq(str_of(c->merchant), merchant);
}

static void write_merchant(struct listing *l, const struct merchant *m)
{
	if (l->written++)
		buf_putc(&l->r->reply.body, ',');
	merchant_write_json(m, false, &l->r->reply.body);
}

static void each_stored(void *arg, struct str merchant, struct str json, struct str generation)
{
	struct listing *l = arg;
	struct merchant m;

	(void)generation;
	if (!visible(l, merchant))
		return;
	struct arena *a = arena_new(8u << 20);
	/* Parsed and written again, so that its secret stays inside. */
	if (a && merchant_parse_json(merchant, json, a, &m, NULL) == OK)
		write_merchant(l, &m);
	arena_free(a);
}

static enum status list_shelf(struct listing *l, struct err *e)
{
	struct shelf *s = shelf_get(l->r->server->services.slot);

	if (!s)
		return err_set(e, E_BUSY, "", "the catalog is still being loaded");
	const struct catalog *c = shelf_catalog(s);
	for (size_t i = 0; i < catalog_merchant_count(c); i++)
		if (visible(l, catalog_merchant(c, i)->id))
			write_merchant(l, catalog_merchant(c, i));
	shelf_unref(s);
	return OK;
}

static enum status list(struct listing *l, struct err *e)
{
	struct ledger *ledger = l->r->server->services.ledger;
	return ledger ? ledger_merchant_each(ledger, each_stored, l, e) : list_shelf(l, e);
}

enum turn answer_merchants(struct request *r)
{
	struct listing l = {.r = r};
	struct err e = {0};

	buf_put(&r->reply.body, STR("{\"data\":["));
	enum status s = list(&l, &e);
	if (s) {
		problem_of(r, s, &e);
		return ANSWERED;
	}
	buf_put(&r->reply.body, STR("],\"next_cursor\":null}"));
	reply_json(r, 200);
	return ANSWERED;
}

static void send_merchant(struct request *r, int status)
{
	struct listing l = {.r = r, .only = r->segment[0]};
	struct err e = {0};
	enum status s = r->segment[0].n ? list(&l, &e) : OK;

	if (s)
		problem_of(r, s, &e);
	else if (!l.written)
		problem(r, 404, "there is no such merchant");
	else
		reply_json(r, status);
}

enum turn answer_merchant(struct request *r)
{
	if (merchant_admitted(r, r->segment[0]))
		send_merchant(r, 200);
	return ANSWERED;
}

enum turn answer_merchant_put(struct request *r)
{
	const struct http_keeper *k = &r->server->services.keeper;
	bool created = false;
	struct err e = {0};

	if (!json_admitted(r))
		return ANSWERED;
	enum status s = k->merchant_put(k->arg, r->segment[0], r->bytes, &created, &e);
	if (s)
		problem_of(r, s, &e);
	else
		send_merchant(r, created ? 201 : 200);
	return ANSWERED;
}

enum turn answer_merchant_delete(struct request *r)
{
	const struct http_keeper *k = &r->server->services.keeper;
	struct err e = {0};
	enum status s = k->merchant_retire(k->arg, r->segment[0], &e);

	if (s)
		problem_of(r, s, &e);
	else
		reply_send(r, 204, NULL);
	return ANSWERED;
}
