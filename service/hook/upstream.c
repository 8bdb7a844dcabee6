/* The hook's thread: all upstream connections in one libcurl multi handle, driven by epoll. Besides curl's sockets it watches the clients' for a hang-up,
 * as the door hears nothing of a connection that it has put to sleep. */
#include "hook/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS 64
#define KEPT_CONNECTIONS 256L
#define SCRATCH_MAX (64u << 20)

/* What an event is about: the two low bits say which kind, the rest is an address or a descriptor. */
enum tag { TAG_BELL, TAG_CLIENT, TAG_CURL };
static uint64_t tag_of(enum tag t, uint64_t what)
{
	return what << 2 | (uint64_t)t;
}

/* ---- curl's callbacks -------------------------------------------------------------------- */

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct hook *h = arg;
	struct epoll_event ev = {.data.u64 = tag_of(TAG_CURL, (uint64_t)fd)};
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(h->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	/* A number may have been closed and opened again without our hearing of it. */
	if (epoll_ctl(h->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) != 0)
		epoll_ctl(h->epoll, errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
	curl_multi_assign(h->multi, fd, h);
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct hook *h = arg;
	(void)multi;
	h->deadline_us = ms < 0 ? INT64_MAX : mono_us() + ms * 1000;
	return 0;
}

/* ---- calls under way ------------------------------------------------------------------------- */

static void watch_client(struct hook_call *c)
{
	struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.u64 = tag_of(TAG_CLIENT, (uint64_t)(uintptr_t)c)};
	pthread_mutex_lock(&c->lock);
	if (c->client >= 0 && epoll_ctl(c->hook->epoll, EPOLL_CTL_ADD, c->client, &ev) != 0)
		c->client = -1;
	pthread_mutex_unlock(&c->lock);
}

static void list_in(struct hook_call *c)
{
	struct hook *h = c->hook;
	c->running = true;
	c->next = h->running;
	if (c->next)
		c->next->prev = c;
	h->running = c;
}

static void list_out(struct hook_call *c)
{
	c->running = false;
	if (c->prev)
		c->prev->next = c->next;
	else
		c->hook->running = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->next = c->prev = NULL;
}

/* The upstream's side is over, and with it the need for the request's bytes. */
static void leave(struct hook_call *c)
{
	curl_multi_remove_handle(c->hook->multi, c->easy);
	list_out(c);
	curl_easy_cleanup(c->easy);
	c->easy = NULL;
	if (c->body_free)
		c->body_free(c->body_owner);
	c->body_free = NULL;
}

static void cut(struct hook_call *c)
{
	if (!c->running)
		return;
	answer_cut(c);
	leave(c);
}

static void begin(struct hook_call *c)
{
	list_in(c);
	watch_client(c);
	if (curl_multi_add_handle(c->hook->multi, c->easy) != CURLM_OK)
		cut(c);
}

static void end_done(struct hook *h)
{
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct hook_call *c = NULL;
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		answer_done(c, code);
		leave(c);
	}
}

/* ---- what the doors want ------------------------------------------------------------------------- */

static void obey(struct hook_call *c, unsigned wants)
{
	if (wants & WANT_START)
		begin(c);
	if ((wants & WANT_CONTINUE) && c->running && c->paused) {
		c->paused = false;
		curl_easy_pause(c->easy, CURLPAUSE_CONT);
	}
	if (wants & WANT_FREE) {
		cut(c);
		call_destroy(c);
	}
}

/* True: time to end. */
static bool hear(struct hook *h)
{
	pthread_mutex_lock(&h->lock);
	struct hook_call *c = h->queue;
	bool closing = h->closing;
	h->queue = NULL;
	pthread_mutex_unlock(&h->lock);
	while (c) {
		pthread_mutex_lock(&h->lock);
		struct hook_call *next = c->queued_next;
		unsigned wants = c->wants;
		c->wants = 0;
		c->queued = false;
		pthread_mutex_unlock(&h->lock);
		obey(c, wants);
		c = next;
	}
	return closing;
}

static int wait_ms(const struct hook *h)
{
	int64_t next = h->running && h->look_us < h->deadline_us ? h->look_us : h->deadline_us;
	if (next == INT64_MAX)
		return -1;
	int64_t left = next - mono_us();
	return left <= 0 ? 0 : left > 60000000 ? 60000 : (int)((left + 999) / 1000);
}

static void on_event(struct hook *h, const struct epoll_event *ev)
{
	uint64_t what = ev->data.u64 >> 2, rung;
	int running;
	switch ((enum tag)(ev->data.u64 & 3)) {
	case TAG_BELL:
		err_ignore(read(h->bell, &rung, sizeof rung) == 8 ? OK : E_IO);
		break;
	case TAG_CLIENT:
		cut((struct hook_call *)(uintptr_t)what);
		break;
	case TAG_CURL:
		curl_multi_socket_action(h->multi, (curl_socket_t)what,
			(ev->events & EPOLLIN ? CURL_CSELECT_IN : 0) | (ev->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
				(ev->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0),
			&running);
		break;
	}
}

/* Four times in the time after which a silent stream must speak. */
static void look_for_silence(struct hook *h)
{
	int64_t now = mono_us();
	if (now < h->look_us)
		return;
	for (struct hook_call *c = h->running; c; c = c->next)
		answer_wait(c, now);
	h->look_us = now + h->options.keep_alive_ms * 250;
}

static void *work(void *arg)
{
	struct hook *h = arg;
	struct epoll_event ev[EVENTS];
	int running;
	while (!hear(h)) {
		end_done(h); /* what was begun may be over at once */
		int n = epoll_wait(h->epoll, ev, EVENTS, wait_ms(h));
		for (int i = 0; i < n; i++)
			on_event(h, &ev[i]);
		if (h->deadline_us <= mono_us()) {
			h->deadline_us = INT64_MAX;
			curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		}
		end_done(h);
		look_for_silence(h);
	}
	while (h->running)
		cut(h->running);
	return NULL;
}

/* ---- made and ended -------------------------------------------------------------------------------- */

static enum status read_upstream(struct hook *h, struct str url, struct err *e)
{
	struct str rest;
	if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
		return err_set(e, E_INPUT, "upstream", "must begin with http:// or https://");
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ' || strchr("?#\\", url.p[i]))
			return err_set(e, E_INPUT, "upstream", "must be a base URL, without a query");
	while (str_ends(url, STR("/")))
		url.n--;
	rest = str_sub(url, str_find(url, STR("://"), 0) + 3, url.n);
	h->base_has_path = str_find(rest, STR("/"), 0) < rest.n;
	h->base = strndup(url.p, url.n);
	return rest.n == 0 ? err_set(e, E_INPUT, "upstream", "names no host") : OK;
}

static enum status read_key(struct hook *h, struct str key, struct err *e)
{
	for (size_t i = 0; i < key.n; i++)
		if ((unsigned char)key.p[i] <= ' ' || (unsigned char)key.p[i] >= 0x7F)
			return err_set(e, E_INPUT, "upstream_key", "has characters that no key has");
	h->key = strndup(key.p ? key.p : "", key.n);
	return OK;
}

static enum status read_links(struct hook *h, struct str by_key, struct err *e)
{
	h->links_by_key = strndup(by_key.p ? by_key.p : "", by_key.n);
	return h->links_by_key ? links_check(by_key, e) : err_set(e, E_NOMEM, "", "out of memory");
}

static enum status open_multi(struct hook *h, struct err *e)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = tag_of(TAG_BELL, 0)};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->multi = curl_multi_init();
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	h->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!h->multi || !h->base || !h->key || h->epoll < 0 || h->bell < 0 || epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->bell, &ev) != 0)
		return err_set(e, E_NOMEM, "upstream", "no memory, or no descriptors");
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
	if (pthread_create(&h->thread, NULL, work, h) != 0)
		return err_set(e, E_NOMEM, "upstream", "no thread");
	return OK;
}

enum status hook_new(const struct hook_options *o, struct hook **out, struct err *e)
{
	struct hook *h = calloc(1, sizeof *h);
	if (!h)
		return err_set(e, E_NOMEM, "upstream", "out of memory");
	h->options = *o;
	h->options.connect_ms = o->connect_ms > 0 ? o->connect_ms : 10000;
	h->options.keep_alive_ms = o->keep_alive_ms > 0 ? o->keep_alive_ms : 15000;
	h->options.idle_ms = o->idle_ms > 0 ? o->idle_ms : 600000;
	h->deadline_us = INT64_MAX;
	h->epoll = h->bell = -1;
	h->joined = true; /* there is no thread yet */
	buf_init(&h->scratch, SCRATCH_MAX);
	pthread_mutex_init(&h->lock, NULL);
	enum status s = read_upstream(h, o->upstream, e);
	if (s == OK)
		s = read_key(h, o->key, e);
	if (s == OK)
		s = read_links(h, o->links_by_key, e);
	if (s == OK)
		s = open_multi(h, e);
	if (s != OK) {
		hook_free(h);
		return s;
	}
	h->joined = false;
	*out = h;
	return OK;
}

void hook_close(struct hook *h)
{
	if (h->joined)
		return;
	pthread_mutex_lock(&h->lock);
	h->closing = true;
	err_ignore(write(h->bell, &(uint64_t){1}, 8) == 8 ? OK : E_IO);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	h->joined = true;
}

void hook_free(struct hook *h)
{
	if (!h)
		return;
	hook_close(h);
	hear(h); /* calls that were let go after the thread had ended */
	if (h->multi)
		curl_multi_cleanup(h->multi);
	if (h->epoll >= 0)
		close(h->epoll);
	if (h->bell >= 0)
		close(h->bell);
	buf_done(&h->scratch);
	pthread_mutex_destroy(&h->lock);
	free(h->base);
	if (h->key)
		explicit_bzero(h->key, strlen(h->key));
	free(h->key);
	free(h->links_by_key);
	free(h);
}
