/* The connection to Redis: addresses, time limits, failure, back-off. */
#include "feed/redis.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_MS 1000
#define COMMAND_MS 500
#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 5000
#define MAX_ARGS 16

struct redis {
	char *path; /* Unix socket, or NULL */
	char *host, *user, *password;
	int port, db;
	redisContext *c;
	size_t due; /* answers to what was sent; must be none when something else is asked */
	int pause_ms;
	int64_t retry_us; /* monotonic: no attempt before */
	unsigned connections;
	atomic_bool up, stopped;
};

/* ---- the address -------------------------------------------------------------------------- */

static char *copy_of(struct str s)
{
	return strndup(s.p ? s.p : "", s.n);
}

static char *decoded(struct str s)
{
	char *out = malloc(s.n + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < s.n; i++) {
		uint8_t byte;
		if (s.p[i] == '%' && hex_get(str_sub(s, i + 1, i + 3), &byte, 1)) {
			out[n++] = (char)byte;
			i += 2;
		} else {
			out[n++] = s.p[i];
		}
	}
	if (out)
		out[n] = '\0';
	return out;
}

static bool number_at(struct str s, int64_t max, int *out)
{
	int64_t n;

	if (!s.n)
		return true;
	if (!str_int(s, &n) || n < 0 || n > max)
		return false;
	*out = (int)n;
	return true;
}

/* [user:password@]host[:port][/db] */
static bool parse_authority(struct redis *r, struct str rest)
{
	size_t at = rest.n;
	struct str db, host, port = STR_NONE;

	while (at > 0 && rest.p[at - 1] != '@')
		at--;
	if (at > 0) {
		struct str password = str_sub(rest, 0, at - 1), user = str_cut(&password, ':');
		r->user = decoded(user);
		r->password = decoded(password);
		rest = str_sub(rest, at, rest.n);
	}
	db = rest;
	host = str_cut(&db, '/');
	if (str_starts(host, STR("["))) { /* IPv6 */
		port = str_sub(host, 1, host.n);
		host = str_cut(&port, ']');
		if (port.n && port.p[0] != ':')
			return false;
		port = str_sub(port, 1, port.n);
	} else {
		port = host;
		host = str_cut(&port, ':');
	}
	r->host = copy_of(host);
	return host.n && number_at(port, 65535, &r->port) && number_at(db, 1 << 20, &r->db);
}

static bool parse_url(struct redis *r, struct str url)
{
	if (str_starts(url, STR("unix:"))) {
		struct str path = str_sub(url, 5, url.n);
		if (str_starts(path, STR("//")))
			path = str_sub(path, 2, path.n);
		r->path = copy_of(path);
		return path.n > 0;
	}
	return str_starts(url, STR("redis://")) && parse_authority(r, str_sub(url, 8, url.n));
}

enum status redis_new(struct str url, struct redis **out, struct err *e)
{
	struct redis *r = calloc(1, sizeof(*r));

	if (!r)
		return err_set(e, E_NOMEM, "", "no memory");
	r->port = 6379;
	if (!parse_url(r, url)) {
		redis_free(r);
		return err_set(e, E_INPUT, "redis", "must be unix:PATH or redis://[user:password@]host[:port][/db]");
	}
	*out = r;
	return OK;
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	if (r->c)
		redisFree(r->c);
	if (r->password)
		explicit_bzero(r->password, strlen(r->password));
	free(r->path);
	free(r->host);
	free(r->user);
	free(r->password);
	free(r);
}

/* ---- state ------------------------------------------------------------------------------------ */

void redis_stop(struct redis *r)
{
	atomic_store(&r->stopped, true);
}

bool redis_stopped(const struct redis *r)
{
	return atomic_load(&r->stopped);
}

bool redis_up(const struct redis *r)
{
	return atomic_load(&r->up);
}

unsigned redis_connections(const struct redis *r)
{
	return r->connections;
}

void redis_pause(const struct redis *r, int ms)
{
	int64_t end = mono_us() + (int64_t)ms * 1000;

	if (r->retry_us < end)
		end = r->retry_us;
	/* In short naps, so that a stop is noticed. */
	for (int64_t left; (left = end - mono_us()) > 0 && !redis_stopped(r);)
		poll(NULL, 0, left > 50000 ? 50 : (int)(left / 1000) + 1);
}

static void drop(struct redis *r)
{
	if (r->c)
		redisFree(r->c);
	r->c = NULL;
	r->due = 0;
	atomic_store(&r->up, false);
}

enum status redis_fail(struct redis *r, struct err *e, const char *text)
{
	uint32_t jitter;
	enum status s = err_set(e, E_IO, "redis", "%s", text);

	drop(r);
	r->pause_ms = r->pause_ms ? r->pause_ms * 2 : PAUSE_FIRST_MS;
	if (r->pause_ms > PAUSE_MAX_MS)
		r->pause_ms = PAUSE_MAX_MS;
	random_bytes(&jitter, sizeof(jitter));
	r->retry_us = mono_us() + r->pause_ms * 500 + jitter % ((uint32_t)r->pause_ms * 500);
	return s;
}

/* The reason of the context's failure, before the context is freed. */
static enum status fail_with_reason(struct redis *r, struct err *e)
{
	char reason[128];

	snprintf(reason, sizeof(reason), "%s", r->c && r->c->err ? r->c->errstr : "no answer");
	return redis_fail(r, e, reason);
}

/* ---- commands ------------------------------------------------------------------------------------ */

enum status redis_send(struct redis *r, const struct str *args, size_t n, struct err *e)
{
	const char *p[MAX_ARGS];
	size_t len[MAX_ARGS];

	if (redis_stopped(r))
		return err_set(e, E_BUSY, "redis", "stopped");
	if (!r->c || n > MAX_ARGS)
		return err_set(e, r->c ? E_BUG : E_IO, "redis", "not connected");
	for (size_t i = 0; i < n; i++) {
		p[i] = args[i].p ? args[i].p : "";
		len[i] = args[i].n;
	}
	if (redisAppendCommandArgv(r->c, (int)n, p, len) != REDIS_OK)
		return fail_with_reason(r, e);
	r->due++;
	return OK;
}

enum status redis_take(struct redis *r, redisReply **reply_out, struct err *e)
{
	void *reply = NULL;

	if (!r->c)
		return err_set(e, E_IO, "redis", "not connected");
	if (redisGetReply(r->c, &reply) != REDIS_OK || !reply)
		return fail_with_reason(r, e);
	r->due--;
	redisReply *answer = reply;
	if (answer->type == REDIS_REPLY_ERROR) {
		char reason[128];
		snprintf(reason, sizeof(reason), "%.100s", answer->str);
		freeReplyObject(answer);
		return redis_fail(r, e, reason);
	}
	*reply_out = answer;
	return OK;
}

enum status redis_call(struct redis *r, const struct str *args, size_t n, int type, redisReply **reply_out, struct err *e)
{
	redisReply *reply = NULL;
	enum status s = redis_send(r, args, n, e);

	if (s == OK)
		s = redis_take(r, &reply, e);
	if (s != OK)
		return s;
	if (type >= 0 && reply->type != type && reply->type != REDIS_REPLY_NIL) {
		freeReplyObject(reply);
		return redis_fail(r, e, "an answer of another kind than expected");
	}
	*reply_out = reply;
	return OK;
}

struct str redis_text(const redisReply *reply)
{
	if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
		return STR_NONE;
	return (struct str){reply->str, (size_t)reply->len};
}

/* ---- connecting ------------------------------------------------------------------------------------- */

static struct timeval interval(int ms)
{
	return (struct timeval){ms / 1000, (ms % 1000) * 1000};
}

static enum status simple(struct redis *r, const struct str *args, size_t n, struct err *e)
{
	redisReply *reply = NULL;
	enum status s = redis_call(r, args, n, -1, &reply, e);

	if (s == OK)
		freeReplyObject(reply);
	return s;
}

static enum status introduce(struct redis *r, struct err *e)
{
	enum status s = OK;
	char db[16];

	if (r->password && r->user && r->user[0])
		s = simple(r, REDIS_ARGS(STR("AUTH"), str_of(r->user), str_of(r->password)), e);
	else if (r->password)
		s = simple(r, REDIS_ARGS(STR("AUTH"), str_of(r->password)), e);
	snprintf(db, sizeof(db), "%d", r->db);
	if (s == OK && r->db)
		s = simple(r, REDIS_ARGS(STR("SELECT"), str_of(db)), e);
	/* A stopped server still accepts: only an answer says that it is there. */
	return s == OK ? simple(r, REDIS_ARGS(STR("PING")), e) : s;
}

enum status redis_ready(struct redis *r, struct err *e)
{
	enum status s;

	if (redis_stopped(r))
		return err_set(e, E_BUSY, "redis", "stopped");
	if (r->c && r->due)
		drop(r); /* somebody gave up half way */
	if (r->c)
		return OK;
	if (mono_us() < r->retry_us)
		return err_set(e, E_IO, "redis", "away; waiting before the next attempt");
	r->c = r->path ? redisConnectUnixWithTimeout(r->path, interval(CONNECT_MS))
		       : redisConnectWithTimeout(r->host, r->port, interval(CONNECT_MS));
	if (!r->c || r->c->err || redisSetTimeout(r->c, interval(COMMAND_MS)) != REDIS_OK)
		return fail_with_reason(r, e);
	s = introduce(r, e);
	if (s != OK)
		return s;
	r->pause_ms = 0;
	r->connections++;
	atomic_store(&r->up, true);
	return OK;
}
