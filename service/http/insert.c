/* POST /v1/insert and /v1/insert/batch. The decision is made where the request arrived; the answer goes out after its record is durable, or after a
 * short bound, since the reader does not wait for our disk. Wall time is looked at here and nowhere below. */
#include "http/door.h"

#include <string.h>

#define PIECE 8192 /* fed between two looks at the clock; how an answer is cut changes no byte of the output */
#define BATCH_WAIT_MS 2000

static bool over_budget(const struct http_server *h, int64_t began_us)
{
	return h->options.budget_ms > 0 && mono_us() - began_us > h->options.budget_ms * 1000;
}

static bool feed_all(const struct http_server *h, struct insert *in, struct str answer, int64_t began_us, struct buf *out)
{
	for (size_t at = 0; at < answer.n; at += PIECE)
		if (insert_feed(in, str_sub(answer, at, at + PIECE), out) || over_budget(h, began_us))
			return false;
	return insert_finish(in, out) == OK && !out->failed && !over_budget(h, began_us);
}

struct insert *insert_decide(struct http_server *h, const struct insert_request *q, int64_t began_us, struct buf *out)
{
	struct shelf *s = shelf_get(h->services.slot);
	struct insert *in = NULL;

	bool fine = s && insert_new(s, q, &in, NULL) == OK && feed_all(h, in, q->answer, began_us, out);
	if (s)
		shelf_unref(s);
	if (fine)
		return in;
	insert_free(in);
	buf_clear(out);
	metric_add(METRIC_INSERT_UNAVAILABLE, 1);
	return NULL;
}

void insert_count(const struct insert *in, const struct ledger_insertion *rec, int64_t took_us)
{
	metric_add(insert_linked(in) ? METRIC_INSERT_LINKED : METRIC_INSERT_NONE, 1);
	metric_observe_us(METRIC_INSERT_SECONDS, took_us);
	for (uint32_t i = 0; rec && i < rec->link_count; i++)
		metric_add(METRIC_LINKS, !rec->link[i].existing);
}

void insert_after(struct request *r, enum status s)
{
	(void)r;
	if (s)
		metric_add(METRIC_INSERT_UNRECORDED, 1);
}

/* Writes the response object; true when rec must go to the ledger. */
static bool decide_and_write(struct http_server *h, const struct insert_request *q, int64_t began_us, struct ledger_insertion *rec, struct buf *reply)
{
	struct buf answer;
	bool record = false;

	buf_init(&answer, REPLY_MAX);
	struct insert *in = insert_decide(h, q, began_us, &answer);
	int64_t took_us = mono_us() - began_us;
	if (in) {
		struct str text = buf_str(&answer);
		insert_write_json(in, &text, took_us, reply);
		record = insert_record(in, now_ms(), rec);
		insert_count(in, record ? rec : NULL, took_us);
	} else {
		insert_write_unavailable(q, took_us, reply);
	}
	insert_free(in);
	buf_done(&answer);
	return record && h->services.ledger;
}

enum turn answer_insert(struct request *r)
{
	int64_t began_us = mono_us();
	struct insert_request q;
	struct err e = {0};

	if (!json_admitted(r))
		return ANSWERED;
	enum status s = insert_request_parse(r->bytes, true, r->server->options.max_answer, r->arena, &q, &e);
	if (s) {
		problem_of(r, s, &e);
		return ANSWERED;
	}
	q.now_ms = now_ms();
	struct ledger_insertion rec;
	bool record = decide_and_write(r->server, &q, began_us, &rec, &r->reply.body);
	reply_json(r, 200);
	return record ? wait_for_ledger(r, WAIT_INSERT, LEDGER_INSERTION, &rec, insert_after) : ANSWERED;
}

/* ---- batches ------------------------------------------------------------------------- */

struct batch {
	struct request *r;
	struct arena *arena; /* of one line */
	struct ledger_insertion rec;
	bool pending; /* rec waits to be submitted: the last one is waited for */
};

static void submit_pending(struct batch *b)
{
	if (b->pending && ledger_submit(b->r->server->services.ledger, LEDGER_INSERTION, &b->rec, NULL, NULL))
		metric_add(METRIC_INSERT_UNRECORDED, 1);
	b->pending = false;
}

static void write_line_error(struct buf *out, uint64_t line, const struct err *e)
{
	buf_printf(out, "{\"error\":{\"line\":%llu,\"pointer\":", (unsigned long long)line);
	buf_put_json(out, str_of(e->where));
	buf_put(out, STR(",\"detail\":"));
	buf_put_json(out, str_of(e->text));
	buf_put(out, STR("}}"));
}

static void batch_line(struct batch *b, struct str line, uint64_t number, struct buf *out)
{
	int64_t began_us = mono_us();
	struct insert_request q;
	struct err e = {0};

	arena_reset(b->arena);
	if (insert_request_parse(line, true, b->r->server->options.max_answer, b->arena, &q, &e)) {
		write_line_error(out, number, &e);
	} else {
		submit_pending(b);
		q.now_ms = now_ms();
		b->pending = decide_and_write(b->r->server, &q, began_us, &b->rec, out);
	}
	buf_putc(out, '\n');
}

static void batch_finish(struct batch *b)
{
	/* The ledger commits in order: when the last is durable, all are. */
	if (b->pending && ledger_submit_wait(b->r->server->services.ledger, LEDGER_INSERTION, &b->rec, BATCH_WAIT_MS, NULL))
		metric_add(METRIC_INSERT_UNRECORDED, 1);
	b->pending = false;
}

static bool batch_type_admitted(struct request *r)
{
	static const char *const known[] = {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines",
		"application/jsonlines", "application/json", "text/plain"};
	struct str type = media_type(request_header(r, "Content-Type"));

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq_nocase(type, str_of(known[i])))
			return true;
	if (type.n == 0)
		return true;
	problem(r, 415, "JSON Lines are wanted: application/x-ndjson");
	return false;
}

enum turn answer_batch(struct request *r)
{
	struct batch b = {.r = r};
	struct str rest = r->bytes;

	if (!batch_type_admitted(r))
		return ANSWERED;
	b.arena = arena_new(r->server->options.max_body * 8 + (1u << 20));
	if (!b.arena) {
		problem(r, 503, "no memory");
		return ANSWERED;
	}
	for (uint64_t number = 1; rest.n; number++) {
		struct str line = str_trim(str_cut(&rest, '\n'));
		if (line.n)
			batch_line(&b, line, number, &r->reply.body);
	}
	batch_finish(&b);
	arena_free(b.arena);
	reply_send(r, 200, "application/x-ndjson");
	return ANSWERED;
}

/* ---- what was decided --------------------------------------------------------------------- */

enum turn answer_insertion(struct request *r)
{
	struct str text = r->segment[0];
	struct link_id id;
	struct ledger_id key;
	struct err e = {0};

	if (str_starts(text, STR("ins_")))
		text = str_sub(text, 4, text.n);
	if (!link_id_read(text, &id)) {
		problem(r, 404, "no insertion has this id");
		return ANSWERED;
	}
	memcpy(key.b, id.b, sizeof key.b);
	enum status s = ledger_insertion_json(r->server->services.ledger, key, &r->reply.body, &e);
	if (s == E_MISSING)
		problem(r, 404, "no insertion has this id");
	else if (s)
		problem_of(r, s, &e);
	else
		reply_json(r, 200);
	return ANSWERED;
}
