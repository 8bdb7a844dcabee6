/* The feeder: owns the merchants and catalogs of this node and publishes the shelf.
 *
 * With a ledger: loads merchants first (clicks work), then their catalogs, takes changes from the doors (ledger first, then shelf, then Redis),
 * sees what other processes changed in the ledger, and keeps Redis filled. Without one: follows Redis.
 * Threads: feeder_keeper's functions from any worker; one loader, one clock (expiry, the ledger's data version) and one bell (Redis)
 * thread of its own. Locks: `change` (order of ledger writes) before `build` (order of shelves); never the other way round. */
#ifndef APP_FEEDER_H
#define APP_FEEDER_H

#include "base/base.h"
#include "flow/flow.h"
#include "http/http.h"
#include "ledger/ledger.h"

struct feeder_options {
	struct ledger *ledger;  /* NULL: insert-only, follows Redis */
	struct str redis;       /* "" or "off": none */
	struct shelf_slot *slot;
	const struct link_keys *keys;
	struct flow_rules *rules; /* referenced */
	struct str public_url;    /* copied */
	size_t max_part;          /* bytes of one merchant's catalog */
};
struct feeder;
/* Reads the merchants and publishes a shelf without products. */
MUST_USE enum status feeder_new(const struct feeder_options *o, struct feeder **out, struct err *e);
/* Starts loading, following and ringing. */
MUST_USE enum status feeder_start(struct feeder *f, struct err *e);
/* Ends its threads and frees it; the shelf stays published. */
void feeder_free(struct feeder *f);

/* Known once http listens (port 0): takes effect with the next shelf, which is built at once. */
MUST_USE enum status feeder_set_url(struct feeder *f, struct str public_url, struct err *e);
MUST_USE enum status feeder_set_rules(struct feeder *f, struct flow_rules *rules, struct err *e);
/* Catalog loaded and ledger writable; else why gets one line. */
bool feeder_ready(void *feeder, struct buf *why);
/* Waits up to timeout_ms for the first full catalog. */
bool feeder_wait_loaded(struct feeder *f, int timeout_ms);
/* All NULL on an insert-only node. */
struct http_keeper feeder_keeper(struct feeder *f);

#endif
