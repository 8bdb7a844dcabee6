/* A call between the door's thread and the hook's: bytes that wait for the client, who sleeps, who is gone. */
#include "hook/call.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CALLS_MAX 8192

/* ---- made -------------------------------------------------------------------------------------- */

static enum chat_wish wish_of(const struct hook_request *r)
{
	struct str s = str_trim(wire_field(r, "x-inlay"));
	if (str_eq_nocase(s, STR("off")))
		return CHAT_OFF;
	return str_eq_nocase(s, STR("on")) ? CHAT_ON : CHAT_DEFAULT;
}

static bool asks_for(const struct hook_request *r, struct str method, struct str wanted)
{
	struct str rest = r->target, path = str_cut(&rest, '?');
	return str_eq(r->method, method) && str_eq(path, wanted);
}

bool hook_reads(struct str path)
{
	return dialect_of(path) != DIALECT_NONE;
}

static enum dialect dialect_asked(const struct hook_request *r)
{
	struct str rest = r->target;
	return str_eq(r->method, STR("POST")) ? dialect_of(str_cut(&rest, '?')) : DIALECT_NONE;
}

static void read_chat(struct hook_call *c, const struct hook_request *r)
{
	const struct hook_options *o = &c->hook->options;
	struct shelf *s = shelf_get(o->slot);
	enum chat_wish wish = wish_of(r);
	if (wish == CHAT_DEFAULT && c->links == HOOK_OFF)
		wish = CHAT_OFF;
	chat_ask_read(s, c->dialect, r->body, wish, c->links == HOOK_ALIAS, c->a, &c->ask);
	if (c->ask.changed)
		c->body = buf_str(&c->ask.body);
	if (c->ask.links) {
		chat_init(&c->chat, c->dialect, s, &c->ask.q);
		chat_prepare(&c->chat); /* here, as the hook's one thread has all streams to serve */
	}
	if (s)
		shelf_unref(s);
}

static void free_parts(struct hook_call *c)
{
	if (c->easy)
		curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	if (c->body_free)
		c->body_free(c->body_owner);
	chat_done(&c->chat);
	chat_ask_done(&c->ask);
	arena_free(c->a);
	buf_done(&c->lines);
	buf_done(&c->head.fields);
	buf_done(&c->whole);
	buf_done(&c->out);
	pthread_mutex_destroy(&c->lock);
}

void call_destroy(struct hook_call *c)
{
	atomic_fetch_sub(&c->hook->calls, 1);
	metric_add(METRIC_HOOK_OPEN, -1);
	free_parts(c);
	free(c);
}

static enum status admit(struct hook *h, struct err *e)
{
	pthread_mutex_lock(&h->lock);
	bool closing = h->closing;
	pthread_mutex_unlock(&h->lock);
	if (!closing && atomic_fetch_add(&h->calls, 1) < CALLS_MAX)
		return OK;
	if (!closing)
		atomic_fetch_sub(&h->calls, 1);
	return err_set(e, E_BUSY, "", closing ? "the service is stopping" : "too many calls are open");
}

enum status hook_call_new(struct hook *h, const struct hook_request *r, struct hook_call **out, struct err *e)
{
	enum status s = admit(h, e);
	struct hook_call *c = s == OK ? calloc(1, sizeof *c) : NULL;
	if (!c) {
		if (s == OK)
			atomic_fetch_sub(&h->calls, 1);
		return s ? s : err_set(e, E_NOMEM, "", "out of memory");
	}
	metric_add(METRIC_HOOK_OPEN, 1);
	c->hook = h;
	c->body = r->body;
	c->client = r->client;
	c->head.length = -1;
	pthread_mutex_init(&c->lock, NULL);
	buf_init(&c->lines, 256u * 1024);
	buf_init(&c->head.fields, HEAD_MAX + 64);
	buf_init(&c->whole, WHOLE_MAX);
	buf_init(&c->out, 4 * WHOLE_MAX);
	c->a = arena_new(r->body.n * 4 + (1u << 20));
	s = c->a ? OK : err_set(e, E_NOMEM, "", "out of memory");
	c->dialect = dialect_asked(r);
	c->links = links_for(h, r->caller);
	if (s == OK && c->dialect != DIALECT_NONE)
		read_chat(c, r);
	c->models = c->links == HOOK_ALIAS && asks_for(r, STR("GET"), STR("/v1/models")) && wish_of(r) != CHAT_OFF;
	c->touched = c->ask.links || c->models;
	if (s == OK)
		s = wire_request(c, r, e);
	if (s != OK) {
		call_destroy(c);
		return s;
	}
	c->body_free = r->body_free;
	c->body_owner = r->body_owner;
	*out = c;
	return OK;
}

/* ---- the door's side ----------------------------------------------------------------------------- */

bool call_want(struct hook_call *c, enum want w)
{
	struct hook *h = c->hook;
	pthread_mutex_lock(&h->lock);
	if (h->closing && w == WANT_START) {
		pthread_mutex_unlock(&h->lock);
		return false;
	}
	bool ring = !h->queue;
	c->wants |= w;
	if (!c->queued) {
		c->queued = true;
		c->queued_next = h->queue;
		h->queue = c;
	}
	if (ring)
		err_ignore(write(h->bell, &(uint64_t){1}, 8) == 8 ? OK : E_IO); /* full: it rings already */
	pthread_mutex_unlock(&h->lock);
	return true;
}

void hook_call_start(struct hook_call *c, void (*wake)(void *arg), void *arg)
{
	c->wake = wake;
	c->wake_arg = arg;
	c->asleep = true;
	if (!call_want(c, WANT_START))
		answer_cut(c); /* the thread will never see it */
}

int hook_call_status(const struct hook_call *c)
{
	return c->head.status;
}

int64_t hook_call_length(const struct hook_call *c)
{
	return c->head.length;
}

bool hook_call_field(const struct hook_call *c, size_t i, struct hook_field *out)
{
	const char *p = c->head.fields.p, *end = p + c->head.fields.n;
	for (; p && p < end; i--) {
		struct hook_field f = {.name = str_of(p)};
		p += f.name.n + 1;
		f.value = str_of(p);
		p += f.value.n + 1;
		if (i == 0) {
			*out = f;
			return true;
		}
	}
	return false;
}

long hook_call_read(struct hook_call *c, char *out, size_t n, void (*sleep)(void *arg), void *arg)
{
	bool low = false;
	long result;
	pthread_mutex_lock(&c->lock);
	if (c->out.n) {
		n = n < c->out.n ? n : c->out.n;
		memcpy(out, c->out.p, n);
		buf_drop(&c->out, n);
		low = c->starved && c->out.n < OUT_LOW;
		c->starved = c->starved && !low;
		result = (long)n;
	} else if (c->ended) {
		result = c->broken ? HOOK_BROKEN : HOOK_END;
	} else {
		c->asleep = true;
		sleep(arg);
		result = 0;
	}
	pthread_mutex_unlock(&c->lock);
	if (low)
		call_want(c, WANT_CONTINUE);
	return result;
}

void hook_call_free(struct hook_call *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->freed = true;
	c->asleep = false;
	if (c->client >= 0)
		epoll_ctl(c->hook->epoll, EPOLL_CTL_DEL, c->client, NULL);
	c->client = -1;
	pthread_mutex_unlock(&c->lock);
	call_want(c, WANT_FREE);
}

/* ---- the hook's side -------------------------------------------------------------------------------- */

/* Lock held: the door cannot go while it is woken. */
static void rouse(struct hook_call *c)
{
	if (!c->asleep || c->freed)
		return;
	c->asleep = false;
	c->wake(c->wake_arg);
}

void call_head_ready(struct hook_call *c)
{
	c->spoke_us = mono_us();
	pthread_mutex_lock(&c->lock);
	rouse(c);
	pthread_mutex_unlock(&c->lock);
}

void call_put(struct hook_call *c, struct str bytes)
{
	if (bytes.n == 0)
		return;
	c->spoke_us = mono_us();
	pthread_mutex_lock(&c->lock);
	if (!c->freed)
		buf_put(&c->out, bytes);
	rouse(c);
	pthread_mutex_unlock(&c->lock);
}

void call_end(struct hook_call *c, bool broken)
{
	pthread_mutex_lock(&c->lock);
	c->ended = true;
	c->broken = broken || c->out.failed;
	rouse(c);
	pthread_mutex_unlock(&c->lock);
}
