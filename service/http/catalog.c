/* Catalogs: replaced, patched, listed, searched. */
#include "http/door.h"

#include <string.h>

#define PAGE 100
#define PAGE_MAX 1000

/* ---- preconditions ------------------------------------------------------------------- */

static void set_etag(struct request *r, struct str generation)
{
	if (generation.n)
		reply_header(&r->reply, "ETag", "\"%.*s\"", STR_ARG(generation));
}

/* One entity tag off a list: quotes and W/ taken off. */
static struct str next_tag(struct str *list)
{
	struct str t = str_trim(str_cut(list, ','));

	if (str_starts(t, STR("W/")))
		t = str_sub(t, 2, t.n);
	if (t.n >= 2 && t.p[0] == '"' && t.p[t.n - 1] == '"')
		t = str_sub(t, 1, t.n - 1);
	return t;
}

static bool tag_listed(struct str list, struct str tag)
{
	while (list.n) {
		struct str t = next_tag(&list);
		if (str_eq(t, STR("*")) || str_eq(t, tag))
			return true;
	}
	return false;
}

/* The part of a merchant with its shelf held; NULL after a problem. */
static struct catalog_part *open_part(struct request *r, struct str merchant, struct shelf **shelf_out)
{
	struct shelf *s = shelf_get(r->server->services.slot);
	struct catalog_part *p = s ? catalog_part_by_id(shelf_catalog(s), merchant) : NULL;

	if (p) {
		*shelf_out = s;
		return p;
	}
	if (s)
		shelf_unref(s);
	if (s)
		problem(r, 404, "there is no such merchant");
	else
		problem(r, 503, "the catalog is still being loaded");
	return NULL;
}

/* What If-Match asks for, as the one generation the keeper compares. False: 412 stands in the reply. */
static bool read_if_match(struct request *r, struct str *out)
{
	struct str list = request_header(r, "If-Match");
	struct shelf *s = NULL;

	*out = STR_NONE;
	if (!list.p)
		return true;
	struct catalog_part *p = open_part(r, r->segment[0], &s);
	if (!p)
		return false;
	struct str now = arena_take_str(r->arena, part_generation(p));
	shelf_unref(s);
	if (now.n && tag_listed(list, now)) {
		*out = now;
		return true;
	}
	problem(r, 412, now.n ? "the catalog is at %.*s" : "there is no catalog yet%.*s", STR_ARG(now));
	return false;
}

/* ---- changes ------------------------------------------------------------------------------- */

static bool read_format(struct request *r, bool patch, struct feed_options *o)
{
	struct str name = params_get(&r->query, "format"), type = request_header(r, "Content-Type");

	o->format = FEED_INLAY;
	if (!patch && name.p && !feed_format_parse(name, &o->format)) {
		problem_field(r, 400, "format", "is not known");
		return false;
	}
	o->container = FEED_JSONL;
	if (type.p && !feed_container_parse(type, &o->container)) {
		problem(r, 415, "a feed is JSON Lines (application/x-ndjson), text/tab-separated-values and the like");
		return false;
	}
	if (patch && o->container != FEED_JSONL) {
		problem(r, 415, "changes come as JSON Lines: application/x-ndjson");
		return false;
	}
	o->now_ms = now_ms();
	return true;
}

static void put_report(struct request *r, const char *generation, const struct feed_report *report, bool patch)
{
	struct buf *b = &r->reply.body;

	if (generation) {
		buf_put(b, STR("{\"generation\":"));
		buf_put_json(b, str_of(generation));
	}
	buf_putc(b, ',');
	report_write_counts(report, patch, b);
	buf_put(b, STR(",\"errors\":"));
	report_write_errors(report, b);
	buf_putc(b, '}');
}

static int change_status(const struct request *r, enum status s, const struct err *e)
{
	if (s == E_CONFLICT && strcmp(e->where, "generation") == 0 && request_header(r, "If-Match").p)
		return 412;
	return http_status_of(s);
}

/* A problem that also says what was wrong with the lines. */
static void refuse_change(struct request *r, enum status s, const struct err *e, const struct feed_report *report, bool patch)
{
	int status = change_status(r, s, e);

	if (status >= 500) {
		problem_of(r, s, e);
		return;
	}
	problem(r, status, "%s", e->text);
	if (report->accepted + report->rejected + report->deleted == 0)
		return;
	r->reply.body.n--; /* its closing brace */
	put_report(r, NULL, report, patch);
}

static void change(struct request *r, bool patch, struct str if_generation, const struct feed_options *o)
{
	const struct http_keeper *k = &r->server->services.keeper;
	bool dry_run = params_flag(&r->query, "dry_run"), force = params_flag(&r->query, "force");
	struct feed_report report = {0};
	char generation[64] = "";
	struct err e = {0};

	enum status s = k->catalog_change(k->arg, r->segment[0], r->bytes, o, patch, force, dry_run, if_generation, generation, &report, &e);
	if (s == OK) {
		put_report(r, generation, &report, patch);
		set_etag(r, str_of(generation));
		reply_json(r, 200);
	} else {
		refuse_change(r, s, &e, &report, patch);
	}
	if (s == E_MISSING || dry_run)
		feed_report_done(&report);
	else
		mishaps_keep(&r->server->mishaps, r->segment[0], now_ms(), &report);
}

static enum turn answer_change(struct request *r, bool patch)
{
	struct ledger_idempotency key;
	struct feed_options o = {0};
	struct str if_generation;

	if (!merchant_admitted(r, r->segment[0]) || !read_format(r, patch, &o) || !idempotency_begin(r, &key))
		return ANSWERED;
	if (read_if_match(r, &if_generation))
		change(r, patch, if_generation, &o);
	idempotency_end(r, &key);
	return ANSWERED;
}

enum turn answer_catalog_put(struct request *r)
{
	return answer_change(r, false);
}

enum turn answer_catalog_patch(struct request *r)
{
	return answer_change(r, true);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static void write_state(struct request *r, const struct catalog_part *p)
{
	struct buf *b = &r->reply.body;
	const struct merchant *m = part_merchant(p);

	buf_put(b, STR("{\"merchant\":"));
	buf_put_json(b, m->id);
	buf_put(b, STR(",\"generation\":"));
	if (part_generation(p).n)
		buf_put_json(b, part_generation(p));
	else
		buf_put(b, STR("null"));
	buf_printf(b, ",\"products\":%zu,\"status\":\"%s\"}", part_count(p), m->retired ? "retired" : m->paused ? "paused" : "active");
}

enum turn answer_catalog(struct request *r)
{
	struct shelf *s;

	if (!merchant_admitted(r, r->segment[0]))
		return ANSWERED;
	struct catalog_part *p = open_part(r, r->segment[0], &s);
	if (!p)
		return ANSWERED;
	set_etag(r, part_generation(p));
	if (part_generation(p).n && tag_listed(request_header(r, "If-None-Match"), part_generation(p))) {
		reply_send(r, 304, NULL);
	} else {
		write_state(r, p);
		reply_json(r, 200);
	}
	shelf_unref(s);
	return ANSWERED;
}

enum turn answer_catalog_errors(struct request *r)
{
	struct shelf *s;

	if (!merchant_admitted(r, r->segment[0]) || !open_part(r, r->segment[0], &s))
		return ANSWERED;
	shelf_unref(s);
	if (!mishaps_write(&r->server->mishaps, r->segment[0], &r->reply.body))
		buf_put(&r->reply.body, STR("{\"at\":null,\"accepted\":0,\"rejected\":0,\"unchanged\":0,\"errors\":[]}"));
	reply_json(r, 200);
	return ANSWERED;
}

/* A cursor is the last id seen, in hex; products come in order of id. */
static bool cursor_read(struct request *r, struct str *id)
{
	struct str c = params_get(&r->query, "cursor");
	uint8_t *bytes = c.n && c.n % 2 == 0 ? ARENA_TAKE(r->arena, uint8_t, c.n / 2) : NULL;

	*id = STR_NONE;
	if (c.n == 0)
		return true;
	if (!bytes || !hex_get(c, bytes, c.n / 2)) {
		problem_field(r, 400, "cursor", "is not one of ours");
		return false;
	}
	*id = (struct str){(const char *)bytes, c.n / 2};
	return true;
}

static size_t first_after(const struct catalog_part *p, struct str id)
{
	size_t low = 0, high = id.n ? part_count(p) : 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (str_cmp(part_at(p, mid)->id, id) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void put_next_cursor(struct buf *b, struct str id)
{
	buf_put(b, STR("\""));
	for (size_t i = 0; i < id.n; i++)
		buf_printf(b, "%02x", (unsigned char)id.p[i]);
	buf_put(b, STR("\""));
}

static void write_products(struct buf *b, const struct catalog_part *p, size_t from, size_t limit)
{
	size_t end = part_count(p) - from < limit ? part_count(p) : from + limit;

	buf_put(b, STR("{\"data\":["));
	for (size_t i = from; i < end; i++) {
		if (i > from)
			buf_putc(b, ',');
		feed_line_write(part_at(p, i), b);
	}
	buf_put(b, STR("],\"next_cursor\":"));
	if (end > from && end < part_count(p))
		put_next_cursor(b, part_at(p, end - 1)->id);
	else
		buf_put(b, STR("null"));
	buf_putc(b, '}');
}

static bool limit_read(struct request *r, int64_t missing, int64_t max, int64_t *out)
{
	struct err e = {0};

	if (params_int(&r->query, "limit", missing, 1, max, out, &e) == OK)
		return true;
	problem_field(r, 400, e.where, e.text);
	return false;
}

enum turn answer_products(struct request *r)
{
	struct shelf *s;
	struct str after;
	int64_t limit;

	if (!merchant_admitted(r, r->segment[0]) || !cursor_read(r, &after) || !limit_read(r, PAGE, PAGE_MAX, &limit))
		return ANSWERED;
	struct catalog_part *p = open_part(r, r->segment[0], &s);
	if (!p)
		return ANSWERED;
	write_products(&r->reply.body, p, first_after(p, after), (size_t)limit);
	shelf_unref(s);
	reply_json(r, 200);
	return ANSWERED;
}

enum turn answer_search(struct request *r)
{
	struct str q = params_get(&r->query, "q");
	struct err e = {0};
	int64_t limit;

	if (!limit_read(r, 10, 100, &limit))
		return ANSWERED;
	if (q.n == 0) {
		problem_field(r, 400, "q", "is needed");
		return ANSWERED;
	}
	struct shelf *shelf = shelf_get(r->server->services.slot);
	enum status s = shelf ? flow_search_json(shelf, q, (size_t)limit, &r->reply.body, &e) : err_set(&e, E_BUSY, "", "the catalog is still being loaded");
	if (shelf)
		shelf_unref(shelf);
	if (s)
		problem_of(r, s, &e);
	else
		reply_json(r, 200);
	return ANSWERED;
}
