/* Replies: a status, a body that MHD takes over without a copy, a few headers; problem+json (RFC 9457) for all that is refused. The one place where
 * statuses of rooms become statuses of HTTP. */
#include "http/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_RATE 16384 /* bytes a second that a reader must take at least */

void reply_init(struct reply *p)
{
	*p = (struct reply){0};
	buf_init(&p->body, REPLY_MAX);
}

void reply_clear(struct reply *p)
{
	for (unsigned i = 0; i < p->header_count; i++)
		free(p->header[i].value);
	p->header_count = 0;
	p->status = 0;
	p->type = NULL;
	buf_clear(&p->body);
}

void reply_done(struct reply *p)
{
	reply_clear(p);
	buf_done(&p->body);
}

void reply_header(struct reply *p, const char *name, const char *fmt, ...)
{
	va_list ap;
	char *value = NULL;

	if (p->header_count == REPLY_HEADERS)
		return;
	va_start(ap, fmt);
	int n = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	p->header[p->header_count].name = name;
	p->header[p->header_count++].value = value;
}

void reply_send(struct request *r, int status, const char *type)
{
	if (r->reply.body.failed) {
		problem(r, 500, "the reply outgrew its limit");
		return;
	}
	r->reply.status = status;
	r->reply.type = type;
}

void reply_json(struct request *r, int status)
{
	reply_send(r, status, "application/json");
}

static const char *title_of(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {409, "Conflict"},
		{411, "Length Required"}, {412, "Precondition Failed"}, {413, "Content Too Large"}, {415, "Unsupported Media Type"},
		{421, "Misdirected Request"}, {422, "Unprocessable Content"}, {429, "Too Many Requests"}, {503, "Service Unavailable"}};
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Internal Server Error";
}

/* UTF-8 is not certain in what is quoted back: other bytes become '?'. */
static void put_safe_json(struct buf *out, struct str s)
{
	char safe[512];
	size_t n = 0;

	for (size_t i = 0; i < s.n && n + 4 < sizeof safe;) {
		uint32_t cp;
		int k = utf8_next(str_sub(s, i, s.n), &cp);
		if (k <= 0) {
			safe[n++] = '?';
			i++;
			continue;
		}
		memcpy(safe + n, s.p + i, (size_t)k);
		n += (size_t)k;
		i += (size_t)k;
	}
	buf_put_json(out, (struct str){safe, n});
}

static void problem_head(struct request *r, int status, const char *detail)
{
	struct reply *p = &r->reply;

	buf_clear(&p->body);
	buf_printf(&p->body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":", title_of(status), status);
	put_safe_json(&p->body, str_of(detail));
	p->status = status;
	p->type = "application/problem+json";
	if (status == 503 || status == 429)
		reply_header(p, "Retry-After", "1");
}

/* Guests read errors in their own dialect. */
static void guest_problem(struct request *r, int status, const char *detail)
{
	buf_clear(&r->reply.body);
	hook_error_json(&r->reply.body, str_of(r->route->path), status, status == 401 ? "invalid_api_key" : status == 503 ? "unavailable" : "refused", str_of(detail));
	r->reply.status = status;
	r->reply.type = "application/json";
	if (status == 503 || status == 429)
		reply_header(&r->reply, "Retry-After", "1");
}

void problem(struct request *r, int status, const char *fmt, ...)
{
	char detail[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	if (is_guest(r)) {
		guest_problem(r, status, detail);
		return;
	}
	problem_head(r, status, detail);
	buf_putc(&r->reply.body, '}');
}

void problem_field(struct request *r, int status, const char *pointer, const char *detail)
{
	struct buf *b = &r->reply.body;

	if (!pointer || pointer[0] == '\0' || is_guest(r)) {
		problem(r, status, "%s", detail);
		return;
	}
	problem_head(r, status, detail);
	buf_put(b, STR(",\"errors\":[{\"pointer\":"));
	put_safe_json(b, str_of(pointer));
	buf_put(b, STR(",\"detail\":"));
	put_safe_json(b, str_of(detail));
	buf_put(b, STR("}]}"));
}

int http_status_of(enum status s)
{
	switch (s) {
	case OK:
		return 200;
	case E_INPUT:
		return 400;
	case E_DENIED:
		return 401;
	case E_MISSING:
		return 404;
	case E_CONFLICT:
		return 409;
	case E_NOMEM:
		return 413;
	case E_BUSY:
	case E_IO:
		return 503;
	case E_BUG:
		break;
	}
	return 500;
}

void problem_of(struct request *r, enum status s, const struct err *e)
{
	int status = http_status_of(s);

	if (status >= 500) {
		char quoted[300];
		log_event(LOG_INFO, "http", "event=trouble route=%s status=%s detail=%s", r->route ? r->route->path : "?", status_name(s),
			log_quote(str_of(e->text), quoted, sizeof quoted));
		problem(r, status, "%s", status == 503 ? "not possible just now, try again" : "something is wrong inside");
		return;
	}
	problem_field(r, status, e->where, e->text[0] ? e->text : title_of(status));
}

static bool add_headers(struct MHD_Response *m, const struct reply *p)
{
	bool fine = !p->type || MHD_add_response_header(m, "Content-Type", p->type) == MHD_YES;

	/* MHD refuses CR and LF in values: a redirect without its Location must not go out. */
	for (unsigned i = 0; fine && i < p->header_count; i++)
		fine = MHD_add_response_header(m, p->header[i].name, p->header[i].value) == MHD_YES;
	return fine;
}

static struct MHD_Response *make_response(struct request *r, size_t *n_out)
{
	char *bytes = buf_steal(&r->reply.body, n_out);
	if (!bytes)
		return NULL;
	struct MHD_Response *m = MHD_create_response_from_buffer(*n_out, bytes, MHD_RESPMEM_MUST_FREE);
	if (!m)
		free(bytes);
	return m;
}

void count_status(int status)
{
	static const enum metric of_class[] = {METRIC_HTTP_2XX, METRIC_HTTP_3XX, METRIC_HTTP_4XX, METRIC_HTTP_5XX};

	if (status >= 200 && status < 600)
		metric_add(of_class[status / 100 - 2], 1);
}

enum MHD_Result reply_queue(struct request *r, bool closing)
{
	size_t n = 0;
	struct MHD_Response *m = make_response(r, &n);

	if (m && !add_headers(m, &r->reply)) {
		MHD_destroy_response(m);
		reply_clear(&r->reply);
		problem(r, 400, "the request cannot be answered");
		m = make_response(r, &n);
		if (m)
			add_headers(m, &r->reply);
	}
	if (!m)
		return MHD_NO;
	if (closing || atomic_load(&r->server->draining))
		MHD_add_response_header(m, "Connection", "close");
	if (r->visit)
		atomic_store(&r->visit->deadline_us,
			mono_us() + r->server->options.deadline_ms * 1000 + (int64_t)(n / DRAIN_RATE) * 1000000);
	enum MHD_Result q = MHD_queue_response(r->connection, (unsigned)r->reply.status, m);
	MHD_destroy_response(m);
	if (q == MHD_YES)
		count_status(r->reply.status);
	return q;
}
