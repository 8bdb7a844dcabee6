/* The table of routes: who may call, how large a body may be, where it runs, and what /openapi.json says of it. */
#include "http/door.h"

#include <stdio.h>
#include <string.h>

#define R_MONEY (R_FINANCE | R_MERCHANT)

const struct route routes[] = {
	{"GET", "/c/{token}", 0, POOL, BODY_NONE, false, true, answer_click,
		"Follow a link: 302 to the merchant, after the click is durable. HEAD is answered alike and is no click", "", "", "redirect"},
	{"POST", "/v1/clicks", R_PUBLISHER, WORKER, BODY_JSON, false, true, answer_reported_click,
		"Record a click on a link that was not redirected", "", "ReportedClick", "ReportedClickReply"},
	{"POST", "/v1/impressions", R_PUBLISHER, WORKER, BODY_JSON, false, true, answer_impressions, "Confirm that links were shown", "",
		"Impressions", "ImpressionsReply"},
	{"POST", "/v1/insert", R_PUBLISHER, POOL, BODY_JSON, false, false, answer_insert, "Put links into an answer", "", "InsertRequest", "InsertResponse"},
	{"POST", "/v1/insert/stream", R_PUBLISHER, POOL, BODY_JSON, false, false, answer_stream,
		"Put links into an answer that comes in pieces: one call a piece", "", "StreamCall", "StreamReply"},
	{"POST", "/v1/insert/batch", R_PUBLISHER, WORKER, BODY_LINES, false, false, answer_batch,
		"JSON Lines of insert requests in, of insert responses out, in order", "", "application/x-ndjson", "application/x-ndjson"},
	{"POST", "/v1/replay", R_PUBLISHER, WORKER, BODY_LINES, false, false, answer_replay,
		"Given requests under other rules: the links that differ", "", "ReplayCall", "ReplayReply"},
	{"GET", "/v1/insertions/{id}", R_PUBLISHER | R_FINANCE, WORKER, BODY_NONE, false, true, answer_insertion, "What was decided, and why", "", "", "Insertion"},

	{"POST", "/v1/chat/completions", R_PUBLISHER, POOL, BODY_GUEST, false, false, answer_guest,
		"Chat completion by the configured upstream, streamed or whole, with links in its text; X-Inlay: off leaves it alone. "
		"Inlay-Links, of a whole answer: how many there are", "", "application/json",
		"application/json"},
	{"POST", "/v1/responses", R_PUBLISHER, POOL, BODY_GUEST, false, false, answer_guest,
		"The same for OpenAI's Responses: the text of closing events is that of the deltas", "", "application/json", "application/json"},
	{"POST", "/v1/messages", R_PUBLISHER, POOL, BODY_GUEST, false, false, answer_guest,
		"The same for Anthropic's Messages", "", "application/json", "application/json"},
	{"GET", "/v1/models", R_PUBLISHER, POOL, BODY_GUEST, false, false, answer_guest, "The upstream's models, as all else under /v1/ that is not here",
		"", "", "application/json"},

	{"POST", "/beta/litellm_basic_guardrail_api", R_PUBLISHER, POOL, BODY_LINES, false, false, answer_litellm,
		"LiteLLM's generic guardrail, pre_call and post_call", "", "application/json", "application/json"},
	{"POST", "/hooks/dify", R_PUBLISHER, POOL, BODY_LINES, false, false, answer_dify, "Dify's API extension: ping, app.moderation.output", "",
		"application/json", "application/json"},
	{"POST", "/hooks/portkey", R_PUBLISHER, POOL, BODY_LINES, false, false, answer_portkey, "Portkey's webhook guardrail, after the request", "",
		"application/json", "application/json"},
	{"POST", "/mcp", R_PUBLISHER, POOL, BODY_JSON, false, false, answer_mcp,
		"MCP without streams: tools search_catalog, lookup_catalog, get_product", "", "application/json", "application/json"},

	{"GET", "/v1/merchants", R_PUBLISHER | R_MONEY, WORKER, BODY_NONE, false, false, answer_merchants, "All merchants", "", "", "Merchants"},
	{"PUT", "/v1/merchants/{m}", R_ADMIN, WORKER, BODY_JSON, false, true, answer_merchant_put, "Make or change a merchant", "", "Merchant", "Merchant"},
	{"GET", "/v1/merchants/{m}", R_PUBLISHER | R_MONEY, WORKER, BODY_NONE, false, false, answer_merchant, "A merchant", "", "", "Merchant"},
	{"DELETE", "/v1/merchants/{m}", R_ADMIN, WORKER, BODY_NONE, false, true, answer_merchant_delete,
		"Retire a merchant; its money stays", "", "", "none"},
	{"PUT", "/v1/merchants/{m}/catalog", R_MERCHANT, UPLOAD, BODY_UPLOAD, false, true, answer_catalog_put,
		"Replace a catalog whole: all or nothing", "format,dry_run,force", "feed", "CatalogReport"},
	{"PATCH", "/v1/merchants/{m}/catalog", R_MERCHANT, UPLOAD, BODY_UPLOAD, false, true, answer_catalog_patch,
		"Change products: JSON Lines, a line changes the fields it names", "dry_run", "application/x-ndjson", "CatalogReport"},
	{"GET", "/v1/merchants/{m}/catalog", R_PUBLISHER | R_MERCHANT, WORKER, BODY_NONE, false, false, answer_catalog, "State of a catalog", "", "",
		"CatalogState"},
	{"GET", "/v1/merchants/{m}/catalog/errors", R_MERCHANT, WORKER, BODY_NONE, false, false, answer_catalog_errors,
		"What the last upload's lines were refused for", "", "", "CatalogErrors"},
	{"GET", "/v1/merchants/{m}/products", R_PUBLISHER | R_MERCHANT, WORKER, BODY_NONE, false, false, answer_products, "Products in order of id",
		"cursor,limit", "", "Products"},
	{"GET", "/v1/catalog/search", R_PUBLISHER, WORKER, BODY_NONE, false, false, answer_search, "What the matcher would pick", "q,limit", "", "Search"},

	{"POST", "/v1/conversions", R_MONEY, WORKER, BODY_JSON, false, true, answer_conversion, "An order, or a change to one", "", "Conversion", "Booking"},
	{"GET", "/v1/postback/{m}", 0, WORKER, BODY_NONE, false, true, answer_postback, "An order, as a network reports it",
		"click_id,order_id,total,commission,currency,status,occurred_at,secret,sig", "", "Booking"},
	{"POST", "/v1/postback/{m}", 0, WORKER, BODY_SMALL, false, true, answer_postback,
		"An order, as a form, or as JSON under Standard Webhooks headers", "", "postback", "Booking"},
	{"DELETE", "/v1/users/{user_id}", R_PUBLISHER, WORKER, BODY_NONE, false, true, answer_forget,
		"Erase what links rows to a user; totals and postings stay", "", "", "Erasure"},
	{"GET", "/v1/commissions", R_MONEY, WORKER, BODY_NONE, true, true, answer_commissions, "Commissions with their history",
		"status,merchant,cursor,limit", "", "Commissions"},
	{"POST", "/v1/imports/{network}", R_FINANCE, UPLOAD, BODY_UPLOAD, false, true, answer_import,
		"A network's own report (awin, cj, impact, rakuten, generic), CSV or JSON; what was imported before changes nothing", "merchant,tz,decimal",
		"text/csv", "ImportReport"},
	{"GET", "/v1/quarantine", R_FINANCE, WORKER, BODY_NONE, true, true, answer_quarantine,
		"What could not be booked: parked until its order comes, or kept for a person", "state,merchant,cursor,limit", "", "Quarantine"},
	{"GET", "/v1/accounts", R_FINANCE, WORKER, BODY_NONE, true, true, answer_accounts, "Balances of the accounts, by currency", "merchant", "", "Accounts"},
	{"GET", "/v1/reports/commissions", R_MONEY | R_PUBLISHER, WORKER, BODY_NONE, true, true, answer_report, "The funnel and the money",
		"from,to,tz,group_by,date_basis,format,merchant,cursor,limit", "", "Report"},

	{"GET", "/v1/reports/holdout", R_FINANCE | R_PUBLISHER, WORKER, BODY_NONE, true, true, answer_holdout,
		"Answers with links against held-out ones, with a 95 % interval", "from,to,tz", "", "Holdout"},
	{"GET", "/v1/reports/demand", R_FINANCE | R_PUBLISHER, WORKER, BODY_NONE, true, true, answer_demand,
		"What shoppers asked for and got no link for, from ten conversations up", "from,to,tz,limit", "", "Demand"},

	{"GET", "/healthz", 0, POOL, BODY_NONE, false, false, answer_health, "The process lives", "", "", "Health"},
	{"GET", "/readyz", 0, POOL, BODY_NONE, false, false, answer_ready, "Catalog loaded, ledger writable", "", "", "Health"},
	{"GET", "/metrics", R_PUBLISHER | R_FINANCE, POOL, BODY_NONE, true, false, answer_metrics, "Prometheus text, or OpenMetrics by Accept", "", "",
		"text/plain"},
	{"GET", "/openapi.json", 0, POOL, BODY_NONE, false, false, answer_openapi, "This document", "", "", "application/json"},
	{"GET", "/robots.txt", 0, POOL, BODY_NONE, false, false, answer_robots, "Robots stay away from /c/", "", "", "text/plain"},
	{"GET", "/", 0, POOL, BODY_NONE, true, false, answer_console, "The console", "", "", "text/html"},
};
const size_t route_count = ARRAY_LEN(routes);

static bool path_match(const char *pattern, struct str path, struct str segment[3])
{
	struct str p = str_of(pattern);
	size_t n = 0;

	while (p.n && path.n) {
		p = str_sub(p, 1, p.n);
		path = str_sub(path, 1, path.n);
		size_t pe = str_find(p, STR("/"), 0), se = str_find(path, STR("/"), 0);
		if (pe > 0 && p.p[0] == '{') {
			if (se == 0)
				return false;
			segment[n++] = str_sub(path, 0, se);
		} else if (!str_eq(str_sub(p, 0, pe), str_sub(path, 0, se))) {
			return false;
		}
		p = str_sub(p, pe, p.n);
		path = str_sub(path, se, path.n);
	}
	return p.n == 0 && path.n == 0;
}

static void allow_add(char allow[ALLOW_MOST], const char *method)
{
	size_t n = strlen(allow);

	snprintf(allow + n, ALLOW_MOST - n, "%s%s%s", n ? ", " : "", method, strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

static bool behind_this_door(const struct request *r, const struct route *t)
{
	const struct http_server *h = r->server;

	if (h->options.admin_listen.n == 0)
		return true;
	if (r->door->private_door)
		return t->private_door || strcmp(t->path, "/healthz") == 0 || strcmp(t->path, "/readyz") == 0 || strcmp(t->path, "/openapi.json") == 0;
	return !t->private_door;
}

const struct route *route_find(struct request *r, struct str method, struct str path, char allow_out[ALLOW_MOST])
{
	struct str wanted = str_eq(method, STR("HEAD")) ? STR("GET") : method;

	allow_out[0] = '\0';
	if (path.n == 0 || path.p[0] != '/')
		return NULL;
	for (size_t i = 0; i < route_count; i++) {
		const struct route *t = &routes[i];
		if (!path_match(t->path, path, r->segment) || !behind_this_door(r, t))
			continue;
		if (str_eq(wanted, str_of(t->method)))
			return t;
		allow_add(allow_out, t->method);
	}
	bool guest = r->server->services.hook && !r->door->private_door && str_starts(path, STR("/v1/"));
	return guest && !allow_out[0] ? &guest_route : NULL;
}
