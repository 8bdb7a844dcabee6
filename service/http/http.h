/* http: the doors. Routes, keys and roles, limits, problem+json; libmicrohttpd underneath with its pitfalls handled
 * (facts: server 1.4 and 6.2).
 *
 * Refuses: deciding anything: it parses, calls flow, feed, ledger, and translates statuses (one switch). Owns: daemons, connections, request
 * bodies, open insert streams. Threads: the pool answers inserts and clicks; a second small pool does slow work (uploads, reports, conversions
 * that wait for a commit) so that slow reads never starve clicks. */
#ifndef HTTP_H
#define HTTP_H

#include "base/base.h"
#include "catalog/catalog.h"
#include "feed/feed.h"
#include "flow/flow.h"
#include "hook/hook.h"
#include "ledger/ledger.h"
#include "link/link.h"

/* Changes of merchants and catalogs go through the one who owns them (app's feeder): it writes the ledger, builds and publishes the shelf, rings
 * Redis, and returns when this node's inserts see the change. Calls may come from several worker threads. On an insert-only node all are NULL
 * (421). */
struct http_keeper {
	void *arg;
	/* E_INPUT with a JSON pointer. *created_out: it was not there before. */
	enum status (*merchant_put)(void *arg, struct str merchant, struct str json, bool *created_out, struct err *e);
	enum status (*merchant_retire)(void *arg, struct str merchant, struct err *e); /* E_MISSING */
	/* A whole upload (replace) or a patch, all or nothing. if_generation may be empty; E_CONFLICT when it does not match, or when a replacement
	 * would drop more than half of a live catalog and force is false (e->where "generation" or "force"). dry_run changes nothing. The report is
	 * filled in every case where the body could be read. E_INPUT: nothing usable. generation_out: at least 32 bytes. */
	enum status (*catalog_change)(void *arg, struct str merchant, struct str body, const struct feed_options *o, bool patch, bool force, bool dry_run,
	                              struct str if_generation, char generation_out[64], struct feed_report *report, struct err *e);
};

struct http_options {
	struct str listen;       /* "127.0.0.1:8080", "[::1]:0" */
	struct str admin_listen; /* "" : reports, metrics and console on the main port */
	struct str publisher_fallback; /* reserved */
	unsigned threads;        /* 0: cores - 1, at least 1 */
	unsigned connection_limit, per_address_limit; /* 0: 10000 (the caller raises RLIMIT_NOFILE above it); 0: none */
	size_t max_answer, max_body, max_upload;      /* bytes; 0: 256 KiB, 1 MiB, 1 GiB */
	int64_t budget_ms;       /* insert; 0 none */
	int64_t click_wait_ms;   /* 0: 250 */
	int64_t deadline_ms;     /* headers and body; 0: 15000 */
	bool keys_required;      /* false only on loopback with no key configured */
	struct str temp_dir;     /* where uploads over 256 KiB wait for their end; "": the system's */
	size_t max_streams;      /* open insert streams; 0: 4096 */
};
struct http_services {
	struct shelf_slot *slot;
	struct ledger *ledger; /* NULL: insert-only node (421 for what needs it) */
	const struct link_keys *keys;
	struct http_keeper keeper;
	bool (*ready)(void *arg, struct buf *why); /* /readyz */
	void *ready_arg;
	struct hook *hook; /* NULL: no upstream. Closed by http_stop, freed by its owner after it */
	struct hook_desk *desk;
};
struct http_server;
MUST_USE enum status http_start(const struct http_options *o, const struct http_services *s, struct http_server **out, struct err *e);
/* "127.0.0.1:43121": where it really listens. */
struct str http_address(const struct http_server *h);
/* Rereads keys from the ledger (app calls it when ledger_data_version moved; http_start does it once itself). Once a key was seen, keys are
 * required for as long as the process lives, even if all are revoked. */
MUST_USE enum status http_reload_keys(struct http_server *h, struct err *e);
/* No new connections; what is running is answered; open streams are closed; then everything is freed. Waits up to timeout_ms for requests under
 * way; a call of the keeper that runs by then is waited for. */
void http_stop(struct http_server *h, int64_t timeout_ms);

#endif
