/* libmicrohttpd underneath: listening, the life of a connection and of a request. The `void *` of its callbacks ends here.
 *
 * Never answered in the first callback (that would close the connection) but for what should close it: malformed headers, and
 * bodies that are refused unread. */
#include "http/door.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_MEMORY 16384 /* zeroed after every request: more costs (facts: server 1.4.3) */
#define BACKLOG 4096
#define INSERT_WAIT_US 50000
#define DRAIN_MAX (4u << 20) /* bytes of a refused body that are read, so that the client gets to see the answer */
#define SMALL_BODY 65536u
#define NO_BODY 16384u /* read and forgotten where a route takes none */
#define BATCH_BODIES 16u

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
static void *request_begin(void *arg, const char *uri, struct MHD_Connection *c)
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

static void request_completed(void *arg, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode code)
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
		atomic_store(&r->visit->deadline_us, mono_us() + r->server->options.deadline_ms * 1000);
	}
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
	char allow[64];
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
	if (coding_parse(request_header(r, "Content-Encoding"), &r->coding))
		return true;
	reply_header(&r->reply, "Accept-Encoding", "gzip, zstd");
	problem(r, 415, "Content-Encoding may be gzip or zstd");
	return false;
}

static bool length_admitted(struct request *r, int64_t length, bool chunked)
{
	size_t cap = body_cap(r);

	if (length < 0 && !chunked && r->route->body != BODY_NONE) {
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
	if (r->visit && r->route && r->route->body == BODY_UPLOAD && !r->refused) /* only a standstill is late */
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
	if (!unpack(r))
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
	if (r->after)
		r->after(r, r->settled);
	return reply_queue(r, false);
}

static enum MHD_Result access_request(void *arg, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *piece,
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

static void connection_changed(void *arg, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code)
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

static void mhd_log(void *arg, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void mhd_log(void *arg, const char *fmt, va_list ap)
{
	char text[300], quoted[320];

	(void)arg;
	vsnprintf(text, sizeof text, fmt, ap);
	log_event(LOG_DEBUG, "http", "event=mhd detail=%s", log_quote(str_trim(str_of(text)), quoted, sizeof quoted));
}

/* ---- listening ---------------------------------------------------------------------------------------- */

static enum status split_address(struct str at, char host[64], char port[8], struct err *e)
{
	size_t colon = at.n;

	while (colon > 0 && at.p[colon - 1] != ':')
		colon--;
	struct str h = str_sub(at, 0, colon ? colon - 1 : 0), p = str_sub(at, colon, at.n);
	if (h.n > 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = str_sub(h, 1, h.n - 1);
	int64_t number;
	if (!colon || h.n == 0 || h.n >= 64 || !str_int(p, &number) || number < 0 || number > 65535)
		return err_set(e, E_INPUT, "listen", "HOST:PORT is wanted, not \"%.*s\"", STR_ARG(at));
	snprintf(host, 64, "%.*s", STR_ARG(h));
	snprintf(port, 8, "%lld", (long long)number);
	return OK;
}

static int open_listener(const struct addrinfo *a)
{
	int one = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void write_address(struct door *d)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	char host[64], port[8];

	if (getsockname(d->fd, (struct sockaddr *)&sa, &n) ||
		getnameinfo((struct sockaddr *)&sa, n, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	snprintf(d->address, sizeof d->address, sa.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static enum status door_listen(struct door *d, struct str at, struct err *e)
{
	char host[64], port[8];
	struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;

	enum status s = split_address(at, host, port, e);
	if (s)
		return s;
	int r = getaddrinfo(host, port, &want, &found);
	if (r)
		return err_set(e, E_INPUT, "listen", "%s: %s", host, gai_strerror(r));
	d->fd = open_listener(found);
	freeaddrinfo(found);
	if (d->fd < 0)
		return err_set(e, E_IO, "listen", "%.*s: %s", STR_ARG(at), strerror(errno));
	write_address(d);
	return OK;
}

static unsigned default_threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores > 2 ? (unsigned)cores - 1 : 1;
}

static enum status door_open(struct door *d, struct http_server *h, struct str at, unsigned threads, struct err *e)
{
	struct MHD_OptionItem items[4];
	const struct http_options *o = &h->options;
	size_t n = 0;

	d->server = h;
	enum status s = door_listen(d, at, e);
	if (s)
		return s;
	if (threads > 1)
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL};
	if (o->per_address_limit)
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)o->per_address_limit, NULL};
	items[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	unsigned timeout_s = (unsigned)((o->deadline_ms + 999) / 1000);
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (d->address[0] == '[' ? MHD_USE_IPv6 : 0);
	d->daemon = MHD_start_daemon(flags, 0, NULL, NULL, access_request, d, MHD_OPTION_EXTERNAL_LOGGER, mhd_log, NULL, MHD_OPTION_LISTEN_SOCKET, d->fd,
		MHD_OPTION_URI_LOG_CALLBACK, request_begin, d, MHD_OPTION_NOTIFY_COMPLETED, request_completed, d, MHD_OPTION_NOTIFY_CONNECTION,
		connection_changed, d, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, timeout_s,
		MHD_OPTION_CONNECTION_LIMIT, o->connection_limit, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	if (d->daemon)
		return OK;
	close(d->fd);
	return err_set(e, E_IO, "listen", "libmicrohttpd does not start on %s", d->address);
}

/* ---- start and stop --------------------------------------------------------------------------------------- */

static void fill_defaults(struct http_options *o)
{
	o->threads = o->threads ? o->threads : default_threads();
	o->connection_limit = o->connection_limit ? o->connection_limit : 10000;
	o->max_answer = o->max_answer ? o->max_answer : INSERT_MAX_ANSWER;
	o->max_body = o->max_body ? o->max_body : 1u << 20;
	o->max_upload = o->max_upload ? o->max_upload : 1u << 30;
	o->click_wait_ms = o->click_wait_ms > 0 ? o->click_wait_ms : 250;
	o->deadline_ms = o->deadline_ms > 0 ? o->deadline_ms : 15000;
	o->max_streams = o->max_streams ? o->max_streams : 4096;
}

static char *choose_temp_dir(struct str wanted)
{
	const char *env = getenv("TMPDIR");
	struct str s = wanted.n ? wanted : env && env[0] == '/' ? str_of(env) : STR("/tmp");
	return strndup(s.p, s.n);
}

static void server_free(struct http_server *h)
{
	streams_done(&h->streams);
	mishaps_done(&h->mishaps);
	free(h->keyring.key);
	free(h->temp_dir);
	free(h);
}

static enum status start_threads(struct http_server *h, struct err *e)
{
	enum status s = watchdog_start(&h->watchdog, e);

	if (s)
		return s;
	s = waits_start(&h->waits, h->options.click_wait_ms * 1000, INSERT_WAIT_US, e);
	if (s) {
		watchdog_stop(&h->watchdog);
		return s;
	}
	s = workers_start(&h->workers, h->options.threads >= 3 ? WORKERS_MAX : 3, e);
	if (s) {
		waits_stop(&h->waits);
		watchdog_stop(&h->watchdog);
	}
	return s;
}

static enum status open_doors(struct http_server *h, struct err *e)
{
	enum status s = OK;

	if (h->options.admin_listen.n) {
		h->admin_door.private_door = true;
		s = door_open(&h->admin_door, h, h->options.admin_listen, 1, e);
	}
	return s ? s : door_open(&h->main_door, h, h->options.listen, h->options.threads, e);
}

enum status http_start(const struct http_options *o, const struct http_services *services, struct http_server **out, struct err *e)
{
	struct http_server *h = calloc(1, sizeof *h);

	if (!h)
		return err_set(e, E_NOMEM, "http", "no memory");
	if (!epoll_is_capped()) {
		free(h);
		return err_set(e, E_BUG, "http", "epoll_wait of this program is not in front of the C library's: see http/epoll.c");
	}
	h->options = *o;
	h->services = *services;
	fill_defaults(&h->options);
	h->temp_dir = choose_temp_dir(o->temp_dir);
	pthread_rwlock_init(&h->keyring.lock, NULL);
	pthread_mutex_init(&h->salt.lock, NULL);
	h->salt.day = -1;
	h->keyring.required = o->keys_required;
	streams_init(&h->streams, h->options.max_streams);
	mishaps_init(&h->mishaps);
	enum status s = h->temp_dir ? keyring_reload(&h->keyring, services->ledger, e) : err_set(e, E_NOMEM, "http", "no memory");
	if (s == OK)
		s = start_threads(h, e);
	if (s) {
		server_free(h);
		return s;
	}
	s = open_doors(h, e);
	if (s) {
		http_stop(h, 0);
		return s;
	}
	*out = h;
	return OK;
}

struct str http_address(const struct http_server *h)
{
	return str_of(h->main_door.address);
}

enum status http_reload_keys(struct http_server *h, struct err *e)
{
	return keyring_reload(&h->keyring, h->services.ledger, e);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static void door_close_listener(struct door *d)
{
	if (d->daemon && MHD_quiesce_daemon(d->daemon) != MHD_INVALID_SOCKET)
		close(d->fd);
}

static void door_stop(struct door *d)
{
	if (d->daemon)
		MHD_stop_daemon(d->daemon);
}

void http_stop(struct http_server *h, int64_t timeout_ms)
{
	int64_t until = mono_us() + timeout_ms * 1000;

	atomic_store(&h->draining, true);
	door_close_listener(&h->main_door);
	door_close_listener(&h->admin_door);
	while (atomic_load(&h->active) > 0 && mono_us() < until)
		pause_ms(2);
	workers_stop(&h->workers);
	waits_stop(&h->waits);
	/* MHD must not be stopped with suspended connections. All of them are resumed by now or are about to be. */
	while (atomic_load(&h->suspended) > 0)
		pause_ms(1);
	door_stop(&h->main_door);
	door_stop(&h->admin_door);
	watchdog_stop(&h->watchdog);
	server_free(h);
}
