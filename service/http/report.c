/* Commissions and reports, read from the ledger. */
#include "http/door.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000LL

/* The merchant that is asked for; a merchant's key sees its own only. False: 403 stands. */
static bool merchant_filter(struct request *r, struct str *out)
{
	struct str m = params_get(&r->query, "merchant");

	if (r->caller.roles == ROLE_MERCHANT && m.n == 0)
		m = str_of(r->caller.merchant);
	*out = m;
	return merchant_admitted(r, m);
}

static bool send_or_refuse(struct request *r, enum status s, const struct err *e, const char *type)
{
	if (s)
		problem_of(r, s, e);
	else
		reply_send(r, 200, type);
	return s == OK;
}

enum turn answer_commissions(struct request *r)
{
	struct str merchant, status = params_get(&r->query, "status");
	enum order_status known;
	struct err e = {0};
	int64_t limit;

	if (!merchant_filter(r, &merchant))
		return ANSWERED;
	enum status s = params_int(&r->query, "limit", 100, 1, 1000, &limit, &e);
	if (s == OK && status.n && !order_status_parse(status, &known))
		s = err_set(&e, E_INPUT, "status", "pending, approved, declined, reversed or paid");
	if (s == OK)
		s = ledger_commissions_json(r->server->services.ledger, status, merchant, params_get(&r->query, "cursor"), (uint32_t)limit,
			&r->reply.body, &e);
	send_or_refuse(r, s, &e, "application/json");
	return ANSWERED;
}

static enum status copy_text(struct str s, const char *name, char *out, size_t size, struct err *e)
{
	if (s.n >= size || (s.n && memchr(s.p, '\0', s.n)))
		return err_set(e, E_INPUT, name, "is too long");
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return OK;
}

/* A bare date is its midnight on the zone's clocks. */
static enum status read_time(struct request *r, const char *name, const char *tz, int64_t missing, int64_t *out, struct err *e)
{
	struct str s = params_get(&r->query, name);
	int64_t at;

	if (s.n == 0) {
		*out = missing;
		return OK;
	}
	if (time_parse(s, &at, NULL))
		return err_set(e, E_INPUT, name, "a date (2026-11-21) or a time of RFC 3339");
	if (s.n == 10)
		return ledger_local_time(str_of(tz), at, out, e);
	*out = at;
	return OK;
}

/* The zone's midnight of the day offset days after UTC's today. */
static enum status midnight(const char *tz, int64_t now, int64_t offset, int64_t *out, struct err *e)
{
	return ledger_local_time(str_of(tz), (now / DAY_MS + offset) * DAY_MS, out, e);
}

/* By default the last 31 days of the zone, today's included. */
static enum status read_span(struct request *r, struct ledger_report_query *q, struct err *e)
{
	int64_t now = now_ms(), to, from;
	int64_t last = 1;

	enum status s = midnight(q->tz, now, last, &to, e);
	if (s == OK && to <= now)
		s = midnight(q->tz, now, ++last, &to, e);
	if (s == OK)
		s = midnight(q->tz, now, last - 31, &from, e);
	if (s == OK)
		s = read_time(r, "from", q->tz, from, &q->from_ms, e);
	if (s == OK)
		s = read_time(r, "to", q->tz, to, &q->to_ms, e);
	if (s == OK && q->to_ms < q->from_ms)
		return err_set(e, E_INPUT, "to", "is before from");
	return s;
}

static enum status read_choices(const struct request *r, struct ledger_report_query *q, struct err *e)
{
	struct str basis = params_get(&r->query, "date_basis"), format = params_get(&r->query, "format");

	if (basis.n && !str_eq(basis, STR("event")) && !str_eq(basis, STR("posting")))
		return err_set(e, E_INPUT, "date_basis", "event or posting");
	if (format.n && !str_eq(format, STR("json")) && !str_eq(format, STR("csv")))
		return err_set(e, E_INPUT, "format", "json or csv");
	bool csv = format.n ? str_eq(format, STR("csv")) : str_eq_nocase(media_type(request_header(r, "Accept")), STR("text/csv"));
	q->posting = str_eq(basis, STR("posting"));
	q->format = csv ? REPORT_CSV : REPORT_JSON;
	return OK;
}

static enum status read_query(struct request *r, struct str merchant, struct ledger_report_query *q, struct err *e)
{
	const struct params *p = &r->query;
	struct str group = params_get(p, "group_by");
	int64_t limit = 0;
	enum status s = copy_text(params_get(p, "tz"), "tz", q->tz, sizeof q->tz, e);

	if (s == OK)
		s = read_span(r, q, e);
	if (s == OK)
		s = read_choices(r, q, e);
	if (s == OK)
		s = params_int(p, "limit", 1000, 1, 10000, &limit, e);
	if (s == OK)
		s = copy_text(group.n ? group : STR("day"), "group_by", q->group_by, sizeof q->group_by, e);
	if (s == OK)
		s = copy_text(merchant, "merchant", q->merchant, sizeof q->merchant, e);
	if (s == OK)
		s = copy_text(params_get(p, "cursor"), "cursor", q->cursor, sizeof q->cursor, e);
	q->limit = (uint32_t)limit;
	return s;
}

/* The span of a report without days: from, to, in UTC. */
static enum status read_plain_span(struct request *r, struct ledger_report_query *q, struct err *e)
{
	enum status s = copy_text(params_get(&r->query, "tz"), "tz", q->tz, sizeof q->tz, e);
	return s == OK ? read_span(r, q, e) : s;
}

enum turn answer_holdout(struct request *r)
{
	struct ledger_report_query q = {0};
	struct err e = {0};
	enum status s = read_plain_span(r, &q, &e);

	if (s == OK)
		s = ledger_holdout_json(r->server->services.ledger, q.from_ms, q.to_ms, &r->reply.body, &e);
	send_or_refuse(r, s, &e, "application/json");
	return ANSWERED;
}

enum turn answer_demand(struct request *r)
{
	struct ledger_report_query q = {0};
	struct err e = {0};
	int64_t limit = 0;
	enum status s = read_plain_span(r, &q, &e);

	if (s == OK)
		s = params_int(&r->query, "limit", 1000, 1, 10000, &limit, &e);
	if (s == OK)
		s = ledger_demand_json(r->server->services.ledger, q.from_ms, q.to_ms, (uint32_t)limit, &r->reply.body, &e);
	send_or_refuse(r, s, &e, "application/json");
	return ANSWERED;
}

enum turn answer_report(struct request *r)
{
	struct ledger_report_query q = {0};
	struct str merchant;
	struct err e = {0};

	if (!merchant_filter(r, &merchant))
		return ANSWERED;
	enum status s = read_query(r, merchant, &q, &e);
	q.shared = r->caller.roles == ROLE_MERCHANT;
	if (s == OK)
		s = ledger_report(r->server->services.ledger, &q, &r->reply.body, &e);
	if (send_or_refuse(r, s, &e, q.format == REPORT_CSV ? "text/csv; charset=utf-8" : "application/json") && q.format == REPORT_CSV)
		reply_header(&r->reply, "Content-Disposition", "attachment; filename=\"commissions.csv\"");
	return ANSWERED;
}
