/* POST /v1/insert/stream: one short call a piece. The same seq again gives the same reply, a gap is 409, another's stream is not there. */
#include "http/door.h"

#include <string.h>

static void put_id(const struct stream *t, char out[40])
{
	struct link_id id;

	memcpy(id.b, t->id, sizeof id.b);
	memcpy(out, "st_", 3);
	link_id_write(id, out + 3);
}

/* Trouble costs the links, never the bytes. */
static void feed(struct stream *t, struct str delta, bool end, struct buf *out)
{
	if (!t->in) {
		buf_put(out, delta);
		return;
	}
	if (insert_feed(t->in, delta, out)) { /* then it is as if these bytes had not come */
		insert_abandon(t->in, out);
		err_ignore(insert_feed(t->in, delta, out)); /* bytes pass; out's failure is sticky */
	}
	if (end && insert_finish(t->in, out))
		insert_abandon(t->in, out);
}

static void put_unavailable(struct buf *b, int64_t took_us)
{
	metric_add(METRIC_INSERT_UNAVAILABLE, 1);
	buf_printf(b,
		",\"insertion\":null,\"decision\":\"none\",\"reason\":\"unavailable\",\"intent\":{\"class\":\"none\",\"score\":0,\"signals\":[]},"
		"\"links\":[],\"edits\":[],\"disclosure\":\"\",\"caps\":{},\"catalog\":null,\"took_us\":%lld",
		(long long)took_us);
}

static void write_reply(struct stream *t, struct str delta, bool end)
{
	struct buf *b = &t->reply;
	char id[40];

	put_id(t, id);
	buf_clear(b);
	buf_printf(b, "{\"stream\":\"%s\",\"seq\":%lld,\"delta\":", id, (long long)t->seq);
	buf_put_json(b, delta);
	buf_printf(b, ",\"held\":%zu", t->in ? insert_held(t->in) : 0); /* what a client must show should its next call fail */
	if (end && t->in)
		insert_write_fields(t->in, t->took_us, b);
	else if (end)
		put_unavailable(b, t->took_us);
	buf_putc(b, '}');
}

static enum turn send_reply(struct request *r, struct stream *t)
{
	buf_put(&r->reply.body, buf_str(&t->reply));
	reply_json(r, 200);
	return ANSWERED;
}

/* t is busy and ours; it is given back here. */
static enum turn advance(struct request *r, struct stream *t, const struct stream_call *c)
{
	struct http_server *h = r->server;
	struct ledger_insertion rec;
	struct buf delta;
	int64_t began_us = mono_us();
	bool record = false;

	buf_init(&delta, REPLY_MAX);
	feed(t, c->delta, c->end, &delta);
	t->seq++;
	t->took_us += mono_us() - began_us;
	write_reply(t, buf_str(&delta), c->end);
	buf_done(&delta);
	if (c->end && t->in) {
		record = insert_record(t->in, now_ms(), &rec);
		insert_count(t->in, record ? &rec : NULL, t->took_us);
	}
	send_reply(r, t);
	streams_give_back(&h->streams, t, c->end, mono_us());
	return record && h->services.ledger ? wait_for_ledger(r, WAIT_INSERT, LEDGER_INSERTION, &rec, insert_after) : ANSWERED;
}

static enum turn open_stream(struct request *r, const struct stream_call *c)
{
	struct http_server *h = r->server;
	struct insert_request q;
	struct err e = {0};

	if (c->seq > 1) {
		problem_field(r, 400, "/seq", "the first call has seq 1 or none");
		return ANSWERED;
	}
	enum status s = insert_request_parse(r->bytes, false, h->options.max_answer, r->arena, &q, &e);
	if (s) {
		problem_of(r, s, &e);
		return ANSWERED;
	}
	struct stream *t = streams_open(&h->streams, r->caller.key_id, mono_us());
	if (!t) {
		problem(r, 503, "too many streams are open");
		return ANSWERED;
	}
	q.now_ms = now_ms();
	struct shelf *shelf = shelf_get(h->services.slot);
	if (shelf && insert_new(shelf, &q, &t->in, &e))
		t->in = NULL;
	if (shelf)
		shelf_unref(shelf);
	return advance(r, t, c);
}

static enum turn next_piece(struct request *r, const struct stream_call *c)
{
	struct streams *all = &r->server->streams;
	struct link_id id;
	struct stream *t;

	if (!str_starts(c->stream, STR("st_")) || !link_id_read(str_sub(c->stream, 3, c->stream.n), &id)) {
		problem_field(r, 404, "/stream", "no stream has this id");
		return ANSWERED;
	}
	enum status s = streams_take(all, id.b, r->caller.key_id, mono_us(), &t);
	if (s) {
		problem_field(r, s == E_BUSY ? 409 : 404, "/stream", s == E_BUSY ? "another call of this stream is under way" : "no stream has this id");
		return ANSWERED;
	}
	if (c->seq == t->seq + 1 && !t->ended)
		return advance(r, t, c);
	if (c->seq == t->seq)
		send_reply(r, t);
	else if (t->ended)
		problem_field(r, 409, "/seq", "the stream has ended");
	else
		problem_field(r, 409, "/seq", "a gap: the reply before is the last that was given");
	streams_give_back(all, t, false, mono_us());
	return ANSWERED;
}

enum turn answer_stream(struct request *r)
{
	struct stream_call c;
	struct err e = {0};

	if (!json_admitted(r))
		return ANSWERED;
	enum status s = stream_call_parse(r->bytes, r->arena, &c, &e);
	if (s) {
		problem_of(r, s, &e);
		return ANSWERED;
	}
	if (!c.stream.p)
		return open_stream(r, &c);
	if (c.seq == 0) {
		problem_field(r, 400, "/seq", "is needed with a stream");
		return ANSWERED;
	}
	return next_piece(r, &c);
}
