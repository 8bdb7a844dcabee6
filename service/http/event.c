/* POST /v1/clicks and /v1/impressions: what an app has seen itself. Answered after the commit. */
#include "http/door.h"

#include <string.h>

enum { COMMIT_WAIT_MS = 5000 };
#define AHEAD_MS (120 * 1000LL)
#define LATE_MS (7 * 86400000LL)

static bool committed(struct request *r, enum status s)
{
	if (s)
		problem(r, 503, "it could not be made durable, send it again");
	return s == OK;
}

/* ---- clicks -------------------------------------------------------------------------------------- */

/* Under an Idempotency-Key the click's id follows from the key: however often it is sent, it is one. Such ids are older than all others. */
static struct ledger_id click_id(struct ledger *l, const struct ledger_idempotency *k, int64_t now)
{
	struct ledger_id id = {{0}};
	uint8_t digest[32];

	if (!k->key[0])
		return ledger_new_id(l, now);
	link_sha256(str_of(k->key), digest);
	memcpy(id.b + 6, digest, sizeof id.b - 6);
	return id;
}

static enum status fill_click(struct request *r, const struct reported_click *said, struct shelf *shelf, const struct ledger_idempotency *k,
	struct ledger_click *c, struct err *e)
{
	struct ledger *l = r->server->services.ledger;
	struct ledger_link link;
	uint8_t salt[32];
	int64_t now = now_ms();

	c->at_ms = said->occurred_ms == INT64_MIN ? now : said->occurred_ms;
	if (c->at_ms > now + AHEAD_MS || c->at_ms < now - LATE_MS)
		return err_set(e, E_INPUT, "/occurred_at", "lies ahead, or more than seven days back");
	enum status s = ledger_link_get(l, said->link, &c->insertion, &link, e);
	if (s)
		return s;
	c->click = click_id(l, k, now);
	c->repeatable = k->key[0] != '\0';
	c->link = link.link;
	c->product_key = link.product_key;
	memcpy(c->merchant, link.merchant, sizeof c->merchant);
	memcpy(c->product, link.product, sizeof c->product);
	day_salt(&r->server->salt, now, salt);
	flow_judge_reported(shelf, &said->seen, salt, c);
	return OK;
}

static void write_click(struct request *r, const struct ledger_click *c, const struct ledger_booking *b)
{
	char id[LINK_SUBID_TEXT + 1];
	struct link_id raw;

	memcpy(raw.b, c->click.b, sizeof raw.b);
	link_subid_write(raw, id);
	buf_printf(&r->reply.body, "{\"click_id\":\"%s\",\"class\":\"%s\"}", id, b->click_class);
	metric_add(METRIC_CLICK_OK, 1);
	reply_json(r, 200);
}

static void record_click(struct request *r, const struct ledger_idempotency *k)
{
	struct ledger_booking booking = {0};
	struct ledger_click c = {0};
	struct reported_click said;
	struct err e = {0};
	struct shelf *shelf = shelf_get(r->server->services.slot);

	enum status s =
		shelf ? reported_click_parse(r->bytes, r->arena, &said, &e) : err_set(&e, E_BUSY, "", "merchants are still being loaded");
	if (s == OK)
		s = fill_click(r, &said, shelf, k, &c, &e);
	if (shelf)
		shelf_unref(shelf);
	if (s)
		problem_of(r, s, &e);
	else if (committed(r, ledger_submit_wait(r->server->services.ledger, LEDGER_CLICK, &c, COMMIT_WAIT_MS, &booking)))
		write_click(r, &c, &booking);
}

enum turn answer_reported_click(struct request *r)
{
	struct ledger_idempotency key;

	if (!json_admitted(r) || !idempotency_begin(r, &key))
		return ANSWERED;
	record_click(r, &key);
	idempotency_end(r, &key);
	return ANSWERED;
}

/* ---- impressions ------------------------------------------------------------------------------------ */

static enum status confirm(struct ledger *l, const struct reported_links *said, struct ledger_booking *sum)
{
	struct ledger_impression i = {.at_ms = now_ms(), .whole = said->whole, .insertion = said->insertion};
	size_t at = 0;
	enum status s = OK;

	do {
		struct ledger_booking b = {0};
		size_t n = said->count - at < LEDGER_MAX_SHOWN ? said->count - at : LEDGER_MAX_SHOWN;
		if (n)
			memcpy(i.link, said->link + at, n * sizeof *said->link);
		i.link_count = (uint32_t)n;
		at += n;
		s = ledger_submit_wait(l, LEDGER_IMPRESSION, &i, COMMIT_WAIT_MS, &b);
		sum->confirmed += b.confirmed;
		sum->unknown += b.unknown;
	} while (s == OK && at < said->count);
	return s;
}

/* A link counts at most as often as it was served: a repeat does no harm, and needs no key. */
enum turn answer_impressions(struct request *r)
{
	struct ledger_booking sum = {0};
	struct reported_links said;
	struct err e = {0};

	if (!json_admitted(r))
		return ANSWERED;
	enum status s = reported_links_parse(r->bytes, r->arena, &said, &e);
	if (s) {
		problem_of(r, s, &e);
	} else if (committed(r, confirm(r->server->services.ledger, &said, &sum))) {
		buf_printf(&r->reply.body, "{\"confirmed\":%u,\"unknown\":%u}", sum.confirmed, sum.unknown);
		reply_json(r, 200);
	}
	return ANSWERED;
}
