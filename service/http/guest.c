/* Guests of the upstream: a request goes on to it through the hook, its answer comes back as fast as the client takes it. The connection sleeps while the
 * upstream has nothing to say; the hook wakes it. */
#include "http/door.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 8192
#define FIELDS_MAX 100

const struct route guest_route = {"", "/v1/", R_PUBLISHER, POOL, BODY_GUEST, false, false, answer_guest, "", "", "", ""};

bool is_guest(const struct request *r)
{
	return r->route && r->route->answer == answer_guest;
}

/* ---- to the upstream -------------------------------------------------------------------------- */

struct fields {
	struct hook_field *f;
	size_t n;
};

static enum MHD_Result add_field(void *arg, enum MHD_ValueKind kind, const char *key, size_t key_n, const char *value, size_t value_n)
{
	struct fields *all = arg;
	(void)kind;
	if (all->n == FIELDS_MAX)
		return MHD_NO;
	all->f[all->n++] = (struct hook_field){{key, key_n}, {value ? value : "", value ? value_n : 0}};
	return MHD_YES;
}

/* The body outlives the request where the client is gone before the upstream has read it. */
static struct body *move_body(struct request *r)
{
	struct body *b = malloc(sizeof *b);
	if (!b)
		return NULL;
	*b = r->body;
	body_init(&r->body, 0, NULL);
	return b;
}

static void free_body(void *owner)
{
	body_done(owner);
	free(owner);
}

static bool keys_required(struct http_server *h)
{
	pthread_rwlock_rdlock(&h->keyring.lock);
	bool required = h->keyring.required;
	pthread_rwlock_unlock(&h->keyring.lock);
	return required;
}

static int socket_of(const struct request *r)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	return i ? i->connect_fd : -1;
}

/* Chat calls are read, so they are unpacked; others go on as they are. */
static bool read_body(struct request *r, bool *unpacked)
{
	struct err e = {0};
	*unpacked = hook_reads(str_of(r->route->path)) && request_header(r, "Content-Encoding").p;
	enum status s = OK;
	if (*unpacked && (!coding_parse(request_header(r, "Content-Encoding"), &r->coding) || body_unpack(&r->body, r->coding, &e)))
		s = err_set(&e, E_INPUT, "", "Content-Encoding may be gzip or zstd, and must be whole");
	if (s == OK)
		s = body_bytes(&r->body, &r->bytes);
	if (s == OK)
		return true;
	problem_of(r, s, &e);
	return false;
}

static void drop_field(struct fields *all, struct str name)
{
	size_t kept = 0;
	for (size_t i = 0; i < all->n; i++)
		if (!str_eq_nocase(all->f[i].name, name))
			all->f[kept++] = all->f[i];
	all->n = kept;
}

static void wake(void *arg)
{
	request_resume(arg);
}

static enum status open_call(struct request *r, const struct fields *all, struct err *e)
{
	struct hook_request q = {
		.method = str_of(r->method),
		.target = r->target,
		.field = all->f,
		.field_count = all->n,
		.caller = str_of(r->caller.key_id),
		.own_key = keys_required(r->server),
		.body = r->bytes,
		.body_free = free_body,
		.client = socket_of(r),
	};
	size_t scheme = str_find(q.target, STR("://"), 0);
	if (q.target.n && q.target.p[0] != '/' && scheme < q.target.n) /* the absolute form, of proxies */
		q.target = str_sub(q.target, str_find(q.target, STR("/"), scheme + 3), q.target.n);
	struct body *b = move_body(r);
	if (!b)
		return err_set(e, E_BUSY, "", "no memory");
	if (b->fd < 0) /* the bytes moved with it */
		q.body = buf_str(&b->mem);
	q.body_owner = b;
	enum status s = hook_call_new(r->server->services.hook, &q, &r->call, e);
	if (s != OK)
		free_body(b);
	return s;
}

enum turn answer_guest(struct request *r)
{
	struct fields all = {.f = ARENA_TAKE(r->arena, struct hook_field, FIELDS_MAX)};
	struct err e = {0};
	bool unpacked;

	if (!r->server->services.hook) {
		problem(r, 503, "no upstream is configured: set upstream in inlay.yaml, INLAY_UPSTREAM or --upstream");
		return ANSWERED;
	}
	if (atomic_load(&r->server->draining)) {
		problem(r, 503, "the service is stopping");
		return ANSWERED;
	}
	if (!all.f) {
		problem(r, 503, "no memory");
		return ANSWERED;
	}
	if (!read_body(r, &unpacked))
		return ANSWERED;
	MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, add_field, &all);
	if (unpacked)
		drop_field(&all, STR("content-encoding"));
	enum status s = open_call(r, &all, &e);
	if (s != OK) {
		problem(r, s == E_INPUT ? 404 : 503, "%s", e.text);
		return ANSWERED;
	}
	request_suspend(r);
	hook_call_start(r->call, wake, r);
	return WAITING;
}

/* ---- from the upstream --------------------------------------------------------------------------- */

static void set_deadline(struct request *r, int64_t at_us)
{
	if (r->visit)
		atomic_store(&r->visit->deadline_us, at_us);
}

/* The hook holds the call's lock: it cannot wake us before we sleep. */
static void sleep_until_woken(void *arg)
{
	struct request *r = arg;
	set_deadline(r, INT64_MAX);
	request_suspend(r);
}

/* Only a client that takes nothing at all is late. */
static ssize_t read_call(void *arg, uint64_t pos, char *out, size_t n)
{
	struct request *r = arg;
	(void)pos;
	long got = hook_call_read(r->call, out, n, sleep_until_woken, r);
	if (got == HOOK_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (got == HOOK_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (got > 0)
		set_deadline(r, mono_us() + r->server->options.deadline_ms * 1000);
	return got;
}

enum MHD_Result guest_queue(struct request *r)
{
	int status = hook_call_status(r->call);
	int64_t length = status == 204 || status == 304 ? 0 : hook_call_length(r->call);
	struct hook_field f;
	struct MHD_Response *m = MHD_create_response_from_callback(length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)length, BLOCK, read_call, r, NULL);

	if (!m)
		return MHD_NO;
	for (size_t i = 0; hook_call_field(r->call, i, &f); i++)
		if (f.value.n)
			err_ignore(MHD_add_response_header(m, f.name.p, f.value.p) == MHD_YES ? OK : E_INPUT);
	if (atomic_load(&r->server->draining))
		MHD_add_response_header(m, "Connection", "close");
	set_deadline(r, mono_us() + r->server->options.deadline_ms * 1000);
	r->reply.status = status;
	enum MHD_Result q = MHD_queue_response(r->connection, (unsigned)r->reply.status, m);
	MHD_destroy_response(m);
	if (q == MHD_YES)
		count_status(r->reply.status);
	return q;
}
