/* libmicrohttpd's callbacks: the life of a connection and of a request. Their `void *` ends here.
 *
 * Never answered in the first callback (that would close the connection) but for what should close it: malformed headers, and
 * bodies that are refused unread. */
#include "http/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_MAX (4u << 20) /* bytes of a refused body that are read, so that the client gets to see the answer */
#define IDLE_SLACK_US 2000000
#define SMALL_BODY 65536u
#define NO_BODY 16384u /* read and forgotten where a route takes none */
#define BATCH_BODIES 16u
#define GUEST_BODY (64u << 20) /* images and sound travel inside */

/* ---- a request -------------------------------------------------------------------- */

struct str request_header(const struct request *r, const char *name)
{
	const char *value = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(r->connection, MHD_HEADER_KIND, name, strlen(name), &value, &n) != MHD_YES)
		return STR_NONE;
	return (struct str){value ? value : "", value ? n : 0};
}

void request_suspend(struct request *r)
{
	r->stage = STAGE_WAITING;
	atomic_fetch_add(&r->server->suspended, 1);
	MHD_suspend_connection(r->connection);
}

void request_resume(struct request *r)
{
	struct http_server *h = r->server;

	r->stage = STAGE_READY;
	MHD_resume_connection(r->connection);
	atomic_fetch_sub(&h->suspended, 1); /* r may be gone */
}

static struct visit *visit_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return i ? i->socket_context : NULL;
}

/* MHD has read the first line. The raw target is kept, as MHD decodes its own copy in place. */
void *request_begin(void *arg, const char *uri, struct MHD_Connection *c)
{
	struct door *d = arg;
	struct request *r = calloc(1, sizeof *r);
	size_t n = uri ? strlen(uri) : 0;
	char *target = malloc(n + 1);

	if (!r || !target) {
		free(r);
		free(target);
		return NULL;
	}
	if (n)
		memcpy(target, uri, n);
	target[n] = '\0';
	r->magic = REQUEST_MAGIC;
	r->door = d;
	r->server = d->server;
	r->connection = c;
	r->visit = visit_of(c);
	r->target = (struct str){target, n};
	r->began_us = mono_us();
	reply_init(&r->reply);
	body_init(&r->body, 0, NULL);
	if (r->visit && !r->visit->first)
		atomic_store(&r->visit->deadline_us, r->began_us + r->server->options.deadline_ms * 1000);
	atomic_fetch_add(&r->server->active, 1);
	return r;
}

static void log_request(const struct request *r)
{
	if (r->reply.status == 0)
		return;
	log_event(r->reply.status >= 500 ? LOG_INFO : LOG_DEBUG, "http", "method=%s route=%s status=%d us=%lld trace=%s key=%s", r->method,
		r->route ? r->route->path : "-", r->reply.status, (long long)(mono_us() - r->began_us), r->trace[0] ? r->trace : "-",
		r->caller.key_id[0] ? r->caller.key_id : "-");
}

void request_completed(void *arg, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode code)
{
	struct request *r = *con_cls;

	(void)arg;
	(void)c;
	(void)code;
	*con_cls = NULL;
	if (!r || r->magic != REQUEST_MAGIC)
		return;
	log_request(r);
	if (r->visit) {
		r->visit->first = false;
		/* A little more than MHD's own time-out, which ends idle connections. */
		atomic_store(&r->visit->deadline_us, mono_us() + r->server->options.deadline_ms * 1000 + IDLE_SLACK_US);
	}
	hook_call_free(r->call); /* before the socket is closed */
	atomic_fetch_sub(&r->server->active, 1);
	reply_done(&r->reply);
	body_done(&r->body);
	arena_free(r->arena);
	free((void *)(uintptr_t)r->target.p);
	r->magic = 0;
	free(r);
}

/* ---- before the body ------------------------------------------------------------------ */

static size_t body_cap(const struct request *r)
{
	const struct http_options *o = &r->server->options;

	switch (r->route->body) {
	case BODY_SMALL:
		return SMALL_BODY;
	case BODY_JSON:
		return o->max_body;
	case BODY_LINES:
		return o->max_body * BATCH_BODIES;
	case BODY_UPLOAD:
		return o->max_upload;
	case BODY_GUEST:
		return o->max_body > GUEST_BODY ? o->max_body : GUEST_BODY;
	case BODY_NONE:
		break;
	}
	return NO_BODY;
}

/* Proxies may send the absolute form. */
static struct str origin_form(struct str t)
{
	if (!str_starts(t, STR("http://")) && !str_starts(t, STR("https://")))
		return t;
	return str_sub(t, str_find(t, STR("/"), str_find(t, STR("://"), 0) + 3), t.n);
}

static bool split_target(struct request *r, struct str *path_out)
{
	struct str t = origin_form(r->target), path = str_cut(&t, '?');
	struct err e = {0};

	*path_out = path;
	r->raw_query = t;
	if (!params_parse(t, r->arena, &r->query, &e))
		return true;
	problem_field(r, 400, e.where, e.text);
	return false;
}

static bool route_request(struct request *r)
{
	char allow[ALLOW_MOST];
	struct str path;

	if (!split_target(r, &path))
		return false;
	r->route = route_find(r, str_of(r->method), path, allow);
	if (!r->route && allow[0]) {
		reply_header(&r->reply, "Allow", "%s", allow);
		problem(r, 405, "this path knows %s", allow);
		return false;
	}
	if (!r->route) {
		problem(r, 404, "there is nothing here");
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(r->segment); i++)
		if (r->segment[i].n)
			r->segment[i] = percent_decode(r->segment[i], false, r->arena);
	return true;
}

static bool coding_admitted(struct request *r)
{
	if (r->route->body == BODY_GUEST || coding_parse(request_header(r, "Content-Encoding"), &r->coding))
		return true;
	reply_header(&r->reply, "Accept-Encoding", "gzip, zstd");
	problem(r, 415, "Content-Encoding may be gzip or zstd");
	return false;
}

static bool length_admitted(struct request *r, int64_t length, bool chunked)
{
	size_t cap = body_cap(r);

	if (length < 0 && !chunked && r->route->body != BODY_NONE && r->route->body != BODY_GUEST) {
		problem(r, 411, "a body is needed: Content-Length, or chunked");
		return false;
	}
	if (length > 0 && (uint64_t)length > cap) {
		problem(r, 413, "the body is larger than %zu bytes", cap);
		return false;
	}
	return true;
}

/* Everything that can be refused without the body. False: the reply stands. */
static bool admit(struct request *r, int64_t length, bool chunked)
{
	if (!route_request(r) || !caller_admitted(r))
		return false;
	if (r->route->needs_ledger && !r->server->services.ledger) {
		problem(r, 421, "this node inserts only; ask one that has the ledger");
		return false;
	}
	return coding_admitted(r) && length_admitted(r, length, chunked);
}

static int64_t content_length(const struct request *r)
{
	struct str s = request_header(r, "Content-Length");
	int64_t n = -1;

	if (s.p && !str_int(str_trim(s), &n))
		return INT64_MAX;
	return n;
}

static enum MHD_Result on_headers(struct request *r, const char *method, const char *version)
{
	const char *wrong = headers_refused(r->connection, version);

	snprintf(r->method, sizeof r->method, "%s", method);
	r->stage = STAGE_BODY;
	r->head = strcmp(method, "HEAD") == 0;
	if (wrong) {
		problem(r, 400, "%s", wrong);
		return reply_queue(r, true);
	}
	trace_parse(request_header(r, "traceparent"), r->trace);
	int64_t length = content_length(r);
	bool chunked = request_header(r, "Transfer-Encoding").p != NULL;
	r->arena = arena_new(r->server->options.max_body * 8 + (1u << 20));
	if (!r->arena)
		return MHD_NO;
	r->refused = !admit(r, length, chunked);
	if (r->refused && length > (int64_t)DRAIN_MAX)
		return reply_queue(r, true);
	if (!r->refused)
		body_init(&r->body, body_cap(r), r->route->body >= BODY_LINES ? r->server->temp_dir : NULL);
	return MHD_YES;
}

/* ---- the body ------------------------------------------------------------------------------ */

static enum MHD_Result on_piece(struct request *r, struct str piece)
{
	if (r->visit && r->route && r->route->body >= BODY_UPLOAD && !r->refused) /* only a standstill is late */
		atomic_store(&r->visit->deadline_us, mono_us() + r->server->options.deadline_ms * 1000);
	if (!r->refused) {
		enum status s = body_add(&r->body, piece);
		if (s == OK)
			return MHD_YES;
		if (s == E_NOMEM)
			problem(r, 413, "the body is larger than %zu bytes", r->body.cap);
		else
			problem(r, 503, "the body cannot be kept just now");
		r->refused = true;
		body_done(&r->body);
	}
	/* MHD cannot answer between pieces: drained for a while, then cut. */
	r->body.n += piece.n;
	return r->body.n > DRAIN_MAX ? MHD_NO : MHD_YES;
}

static bool unpack(struct request *r)
{
	struct err e = {0};
	enum status s = body_unpack(&r->body, r->coding, &e);

	if (s == OK)
		s = body_bytes(&r->body, &r->bytes);
	if (s == OK)
		return true;
	problem_of(r, s, &e);
	return false;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* On a worker unpacking is done there: see worker_answer. */
static enum MHD_Result dispatch(struct request *r)
{
	if (r->visit)
		atomic_store(&r->visit->deadline_us, INT64_MAX);
	if (r->refused)
		return reply_queue(r, false);
	if (r->route->where != POOL) {
		if (workers_take(&r->server->workers, r, r->route->where == UPLOAD))
			return MHD_YES;
		problem(r, 503, "too much is waiting");
		return reply_queue(r, false);
	}
	if (r->route->body != BODY_GUEST && !unpack(r))
		return reply_queue(r, false);
	if (r->route->answer(r) == WAITING)
		return MHD_YES; /* r belongs to whoever resumes it */
	return reply_queue(r, false);
}

void worker_answer(struct request *r)
{
	if (unpack(r))
		r->route->answer(r);
}

static enum MHD_Result on_ready(struct request *r)
{
	if (r->call)
		return guest_queue(r);
	if (r->after)
		r->after(r, r->settled);
	return reply_queue(r, false);
}

enum MHD_Result access_request(void *arg, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *piece,
	size_t *piece_n, void **con_cls)
{
	struct request *r = *con_cls;

	(void)arg;
	(void)c;
	(void)url;
	if (!r || r->magic != REQUEST_MAGIC)
		return MHD_NO;
	switch (r->stage) {
	case STAGE_NEW:
		return on_headers(r, method, version);
	case STAGE_BODY:
		if (*piece_n) {
			struct str bytes = {piece, *piece_n};
			*piece_n = 0;
			return on_piece(r, bytes);
		}
		return dispatch(r);
	case STAGE_READY:
		return on_ready(r);
	case STAGE_WAITING:
		break;
	}
	return MHD_YES;
}

/* ---- connections ---------------------------------------------------------------------------------- */

void connection_changed(void *arg, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code)
{
	struct door *d = arg;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
		metric_add(METRIC_HTTP_CONNECTIONS, 1);
		*context = i ? watchdog_add(&d->server->watchdog, i->connect_fd, mono_us() + d->server->options.deadline_ms * 1000) : NULL;
		return;
	}
	metric_add(METRIC_HTTP_CONNECTIONS, -1);
	if (*context)
		watchdog_remove(&d->server->watchdog, *context);
	*context = NULL;
}
