/* POST /v1/imports/{network}: a network's own report file, booked row by row. */
#include "http/door.h"

#include <stdlib.h>

static bool read_options(struct request *r, struct import_options *o)
{
	struct str decimal = params_get(&r->query, "decimal");

	*o = (struct import_options){.merchant = params_get(&r->query, "merchant"), .tz = params_get(&r->query, "tz"), .now_ms = now_ms()};
	o->comma = str_eq(decimal, STR("comma"));
	if (!import_network_parse(r->segment[0], &o->network)) {
		problem(r, 404, "reports of awin, cj, impact, rakuten and generic can be imported");
		return false;
	}
	if (decimal.n && !o->comma && !str_eq(decimal, STR("point"))) {
		problem_field(r, 400, "decimal", "point or comma");
		return false;
	}
	return true;
}

static void import(struct request *r, const struct import_options *o, const struct shelf *shelf, struct import_report *report)
{
	struct err e = {0};
	enum status s = flow_import(shelf_catalog(shelf), r->server->services.ledger, o, r->bytes, report, &e);

	if (s) {
		problem_of(r, s == E_IO ? E_BUSY : s, &e);
		return;
	}
	metric_add(METRIC_CONVERSIONS, (int64_t)(report->booked + report->changed));
	import_write_json(o, report, &r->reply.body);
	reply_json(r, 200);
}

static void import_under_key(struct request *r, const struct import_options *o)
{
	struct shelf *shelf = shelf_get(r->server->services.slot);
	struct import_report *report = malloc(sizeof *report);

	if (!shelf || !report)
		problem(r, 503, shelf ? "no memory" : "merchants are still being loaded");
	else if (o->merchant.n && !catalog_merchant_by_id(shelf_catalog(shelf), o->merchant))
		problem_field(r, 400, "merchant", "there is no such merchant");
	else
		import(r, o, shelf, report);
	free(report);
	if (shelf)
		shelf_unref(shelf);
}

enum turn answer_import(struct request *r)
{
	struct ledger_idempotency key;
	struct import_options o;

	if (!read_options(r, &o) || !idempotency_begin(r, &key))
		return ANSWERED;
	import_under_key(r, &o);
	idempotency_end(r, &key);
	return ANSWERED;
}
