/* /healthz, /readyz, /metrics. */
#include "http/door.h"

enum turn answer_health(struct request *r)
{
	buf_put(&r->reply.body, STR("{\"status\":\"ok\"}"));
	reply_json(r, 200);
	return ANSWERED;
}

static bool ready(const struct http_services *s, struct buf *why)
{
	if (s->ready)
		return s->ready(s->ready_arg, why);
	return true;
}

enum turn answer_ready(struct request *r)
{
	struct buf why;

	buf_init(&why, 1024);
	reply_header(&r->reply, "Cache-Control", "no-store");
	if (atomic_load(&r->server->draining)) {
		problem(r, 503, "stopping");
	} else if (ready(&r->server->services, &why)) {
		buf_put(&r->reply.body, STR("{\"status\":\"ready\"}"));
		reply_json(r, 200);
	} else {
		problem(r, 503, "%.*s", STR_ARG(buf_str(&why)));
	}
	buf_done(&why);
	return ANSWERED;
}

enum turn answer_metrics(struct request *r)
{
	struct str accept = request_header(r, "Accept"), name = STR("application/openmetrics-text");
	bool open = str_find(accept, name, 0) < accept.n;

	streams_expire(&r->server->streams, mono_us());
	metric_render(&r->reply.body, open);
	reply_send(r, 200, open ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8");
	return ANSWERED;
}
