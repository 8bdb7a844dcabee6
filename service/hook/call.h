/* A call, and the hook's thread. Private to hook.
 *
 * A call lives between two threads: the hook's, which has the upstream's side (curl, chat, everything not marked), and the door's, which reads. What both
 * touch is under the call's lock. Only the hook's thread frees a call, between two rounds of events, as events name calls by address. */
#ifndef HOOK_CALL_H
#define HOOK_CALL_H

#include "hook/chat.h"
#include "hook/hook.h"

#include <curl/curl.h>
#include <pthread.h>

#define OUT_HIGH (32u * 1024) /* bytes that wait for the client: above it the upstream is not read */
#define OUT_LOW (8u * 1024)
#define WHOLE_MAX (8u << 20)  /* an answer that comes whole and is longer passes as it is */
#define HEAD_MAX 8000u        /* of the upstream's header fields */

enum mode { MODE_PASS, MODE_STREAM, MODE_WHOLE };
enum want { WANT_START = 1, WANT_CONTINUE = 2, WANT_FREE = 4 };

struct head {
	int status;
	int64_t length;     /* -1 unknown */
	struct buf fields;  /* name NUL value NUL … */
	bool packed, event_stream, json; /* Content-Encoding; Content-Type */
};

struct hook_call {
	struct hook *hook;
	struct hook_call *next, *prev; /* among those that run; the hook's thread */
	struct arena *a;
	enum dialect dialect;
	struct chat_ask ask;
	struct chat chat;
	CURL *easy;
	struct curl_slist *headers;
	struct str body;
	void (*body_free)(void *owner);
	void *body_owner;
	enum mode mode;
	enum hook_links links; /* of the caller's key */
	bool models;  /* the list of models, to which aliases are added */
	bool touched; /* the answer may be changed: it must come unpacked */
	struct buf lines; /* of the head under way */
	bool running, head_over, paused;
	int64_t spoke_us; /* when bytes last went to the client, or the head */
	struct head head; /* written before head_ready, read after it */
	struct buf whole;

	struct hook_call *queued_next; /* queued, wants: under the hook's lock */
	bool queued;
	unsigned wants;

	pthread_mutex_t lock; /* from here on */
	int client;           /* -1: not watched */
	struct buf out;
	bool ended, broken;
	bool asleep;          /* the door waits to be woken */
	bool freed;           /* the door is gone: nothing is called any more */
	bool starved;         /* the upstream is paused until out is low */
	void (*wake)(void *arg);
	void *wake_arg;
};

struct hook {
	struct hook_options options; /* strings are owned */
	char *base, *key, *links_by_key;
	bool base_has_path;
	CURLM *multi;
	int epoll, bell; /* bell: eventfd */
	int64_t deadline_us; /* curl's timer; INT64_MAX none */
	int64_t look_us;     /* when to look for streams that have fallen silent */
	pthread_t thread;
	bool joined;
	struct hook_call *running;
	struct buf scratch; /* of one write */
	_Atomic int calls;

	pthread_mutex_t lock;
	struct hook_call *queue;
	bool closing;
};

/* call.c: asks the thread to do something. */
bool call_want(struct hook_call *c, enum want w); /* false: WANT_START, and the thread is ending */
/* On the hook's thread. */
void call_head_ready(struct hook_call *c);
void call_put(struct hook_call *c, struct str bytes);
void call_end(struct hook_call *c, bool broken);
void call_destroy(struct hook_call *c);
/* The answer from the upstream (answer.c). */
size_t answer_header(char *line, size_t size, size_t n, void *arg);
size_t answer_body(char *bytes, size_t size, size_t n, void *arg);
void answer_done(struct hook_call *c, CURLcode code);
void answer_wait(struct hook_call *c, int64_t now_us); /* a word of life, where text is held and nothing was said for long */
void answer_cut(struct hook_call *c); /* the client is gone, or we close */

/* links.c: for a caller. */
MUST_USE enum status links_check(struct str by_key, struct err *e);
enum hook_links links_for(const struct hook *h, struct str caller);

/* models.c. False: out is untouched. */
bool models_with_aliases(struct str body, struct buf *out);

/* wire.c: headers, both ways. */
MUST_USE enum status wire_request(struct hook_call *c, const struct hook_request *r, struct err *e);
void wire_head(struct head *h, struct str lines, bool touched);
struct str wire_field(const struct hook_request *r, const char *name);

#endif
