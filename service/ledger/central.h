/* PostgreSQL as the one ledger of several nodes. Each node's SQLite file is its outbox: events are durable there first, and a shipper
 * brings them over in batches; how far it came is written in the batch's own transaction, so a batch is there once or not at all.
 * Conversions are booked over there, inside that transaction; shippers take turns by a lock, so orders are unique and the postings one
 * chain. While the database is away events wait in the outbox, and conversions are answered as accepted. */
#ifndef LEDGER_CENTRAL_H
#define LEDGER_CENTRAL_H

#include "ledger/sqlite_store.h"

#define CENTRAL_LOCK "SELECT pg_advisory_xact_lock(7311465220)"

extern const char *const *const ledger_steps[LEDGER_SCHEMA];
extern const char *const *const catalog_steps[1];
/* Makes the tables where they are not (if make), and checks that they are of this version. */
MUST_USE enum status central_prepare(struct db *d, bool make, struct err *e);

struct central;
/* zones: of the roll-ups over there (spans_open); the same on all nodes. */
MUST_USE enum status central_open(struct ledger *l, const struct ledger_options *o, bool make, struct central **out, struct err *e);
/* This process ships from l->path: starts the thread. */
MUST_USE enum status central_ship(struct central *c, struct err *e);
/* Ships what is left, if the database is there; ends the thread; tells all that wait. */
void central_close(struct central *c);

/* Of the scribe's thread: a conversion is being written to the outbox under no, and its sender waits (the booking comes on the shipper's
 * thread); the transaction that wrote it is through, or was undone. */
MUST_USE enum status central_expect(struct central *c, int64_t no, ledger_done *done, void *arg, ledger_reply *reply);
void central_committed(struct central *c);
void central_rolled_back(struct central *c);

MUST_USE enum status central_task(struct central *c, store_task *run, void *arg, struct err *e);
/* Without an outbox: booked at once, on the caller's thread. */
MUST_USE enum status central_submit(struct central *c, const struct ledger_conversion *m, ledger_done *done, void *arg);
/* Until what was committed here so far is over there, or a moment has passed. */
void central_catch_up(struct central *c);
bool central_away(const struct central *c);
/* A connection of one's own; E_BUSY while the database is away. */
MUST_USE enum status central_connect(struct central *c, struct db *d, const char *schema, struct err *e);

/* ---- rows on their way (ship.c) ------------------------------------------------------------------------- */

struct shipment;
MUST_USE enum status shipment_new(const char *outbox, struct shipment **out, struct err *e);
void shipment_free(struct shipment *s);
/* Every message of the batch: booked or not, before the commit. */
struct shipped_message {
	int64_t no;
	enum status status;
	struct ledger_booking booking;
};
enum { SHIP_MESSAGES = 256 };
/* One batch in w's open transaction, node's offset included. more_out: there is more. reply_of tells a waiting sender's reply function. */
MUST_USE enum status shipment_load(
        struct shipment *s, struct writer *w, ledger_reply *(*reply_of)(void *arg, int64_t no), void *arg, bool *more_out);
size_t shipment_messages(const struct shipment *s, const struct shipped_message **out);

#endif
