/* hook: the dialects of chat pipelines, over flow: the reverse proxy of OpenAI's chat completions and responses and of Anthropic's messages; guests that hand us
 * a text: LiteLLM, Dify, Portkey; and MCP.
 *
 * A call is a request that a guest made; its bytes go to the upstream (from configuration only) and the upstream's bytes come back, with links where
 * an answer's text may carry them and every other byte as it was. On any trouble inside, the upstream's bytes go through unchanged.
 *
 * Refuses: listening, keys, deciding where a link goes (flow does), durability (what is to be recorded is handed to `record`).
 * Owns: one thread with all upstream connections (libcurl's multi interface over epoll); calls.
 * Threads: hook_call_* of one call from one thread at a time; wake is called from the hook's thread, or from within hook_call_start. */
#ifndef HOOK_H
#define HOOK_H

#include "base/base.h"
#include "flow/flow.h"

/* Which chat calls may get links: all, those for a model named "…+links", none. */
enum hook_links { HOOK_ALL, HOOK_ALIAS, HOOK_OFF };
bool hook_links_parse(struct str s, enum hook_links *out); /* "all", "alias", "off" */

struct hook_options {
	struct str upstream;    /* base URL as clients' libraries write it: https://api.openai.com/v1 */
	struct str key;         /* sent to the upstream in place of the caller's; "": none */
	enum hook_links links;
	struct str links_by_key; /* "ID=off, ID=alias": for callers with these keys, in place of links */
	int64_t connect_ms, idle_ms; /* 0: 10 s, 10 min: to connect, and without a byte from the upstream */
	int64_t keep_alive_ms;       /* 0: 15 s: a stream whose text is held back says so for so long with a comment */
	struct shelf_slot *slot;
	/* Takes an insertion for the ledger; called on the hook's thread. NULL: nothing is recorded. */
	void (*record)(void *arg, const struct ledger_insertion *rec);
	void *record_arg;
};
struct hook;
/* E_INPUT: the upstream is no http(s) URL, or links_by_key is not of that form. Strings are copied. */
MUST_USE enum status hook_new(const struct hook_options *o, struct hook **out, struct err *e);
/* Ends all calls as if the upstream had closed; no new ones. Returns when every waker was woken. */
void hook_close(struct hook *h);
void hook_free(struct hook *h); /* after hook_close, and after the last hook_call_free */

/* ---- a call --------------------------------------------------------------------------------- */

struct hook_field { /* a header */
	struct str name, value;
};
struct hook_request {
	struct str method, target; /* target: raw path and query, "/v1/…" */
	const struct hook_field *field;
	size_t field_count;
	struct str caller; /* id of our key; "" none */
	bool own_key;    /* the key among the headers is for us: it goes no further */
	struct str body; /* may be packed as its Content-Encoding says only if it is not a chat call */
	/* Frees the body; called once, when the upstream has it or needs it no more. May be NULL. */
	void (*body_free)(void *owner);
	void *body_owner;
	int client; /* the client's socket: while it is open the call goes on; -1: not watched */
};
struct hook_call;
/* E_BUSY: closing, or too many calls. E_INPUT: a target that leads out of the upstream's base. The body is the call's only on success. */
MUST_USE enum status hook_call_new(struct hook *h, const struct hook_request *r, struct hook_call **out, struct err *e);
/* wake is called once, when the head is there. */
void hook_call_start(struct hook_call *c, void (*wake)(void *arg), void *arg);
/* The head, after the first wake. Of a call that failed before it had one: ours, in its client's form. */
int hook_call_status(const struct hook_call *c);
int64_t hook_call_length(const struct hook_call *c); /* -1: not known before the end */
bool hook_call_field(const struct hook_call *c, size_t i, struct hook_field *out); /* i from 0; strings end in NUL */
/* Bytes for the client: over 0. 0: none yet; then `sleep` was called, under the call's lock, and wake comes once, later. */
#define HOOK_END (-1)
#define HOOK_BROKEN (-2) /* the upstream broke off: so must we */
long hook_call_read(struct hook_call *c, char *out, size_t n, void (*sleep)(void *arg), void *arg);
/* The client has all of it, or is gone: then the upstream is stopped. No wake after this. Before the client's socket is closed. NULL is fine. */
void hook_call_free(struct hook_call *c);

/* ---- guests that hand us a text ------------------------------------------------------------- */

/* What stands between their calls: the question of an answer that is still to come, the answer as far as it was told. */
struct hook_desk_options {
	struct shelf_slot *slot;
	void (*record)(void *arg, const struct ledger_insertion *rec); /* as above; on the caller's thread */
	void *record_arg;
};
struct hook_desk;
MUST_USE enum status hook_desk_new(const struct hook_desk_options *o, struct hook_desk **out, struct err *e);
void hook_desk_free(struct hook_desk *d); /* records what is still open */
/* Records answers that have not been heard of for a while; call it about once a second. */
void hook_desk_expire(struct hook_desk *d, int64_t now_us);

/* Each takes a request's JSON and appends the reply's, for status 200; any thread. Whatever goes wrong, the reply says "leave it as it is". caller:
 * whose key it was; what one told, another does not find. */
void hook_litellm(struct hook_desk *d, struct str caller, struct str json, int64_t now_us, struct buf *reply);
void hook_dify(struct hook_desk *d, struct str caller, struct str json, int64_t now_us, struct buf *reply);
void hook_portkey(struct hook_desk *d, struct str caller, struct str json, int64_t now_us, struct buf *reply);

struct hook_mcp_call { /* headers; {NULL,0} where there is none */
	struct str origin, host, version, method, name;
};
/* A JSON-RPC request of MCP; returns the HTTP status: with 202 there is no body. */
int hook_mcp(struct hook_desk *d, const struct hook_mcp_call *call, struct str json, struct buf *reply);

/* An error as clients of the path read it: Anthropic's under /v1/messages, else OpenAI's. */
void hook_error_json(struct buf *out, struct str path, int status, const char *code, struct str message);
/* Is an answer to a POST there one that may get links? Then its body must not be packed. */
bool hook_reads(struct str path);

#endif
