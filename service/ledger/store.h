/* The inside of struct ledger, and the calls between its files. Files named sqlite_*.c know SQLite; scribe.c, report*.c and the pure files
 * (book, spread, tally, zone, sha256) do not. A second store has to offer what is declared here under "the store". */
#ifndef LEDGER_STORE_H
#define LEDGER_STORE_H

#include "ledger/ledger.h"
#include "ledger/spread.h"

#include <pthread.h>

#define AMOUNT_MAX INT64_C(100000000000000) /* minor units of one event; sums of 90,000 such still fit */
#define READERS_KEPT 4

struct writer;
struct reader;
struct scribe;
struct keeper; /* the checkpoint thread */
struct central;

struct ledger {
	char *path, *catalog_path;
	bool read_only;
	int lock_fd; /* shared lock while a writing process lives: tells an unclean stop from a second process */
	struct writer *writer;
	struct central *central; /* PostgreSQL, or NULL */
	struct scribe *scribe;
	struct keeper *keeper;

	pthread_mutex_t catalog_mutex;
	struct catalog_store *catalog;

	pthread_mutex_t reader_mutex;
	struct reader *idle[READERS_KEPT];
	size_t idle_count;

	pthread_mutex_t id_mutex;
	int64_t id_ms;
	unsigned id_sequence;
	uint8_t node[2];
};

void ids_continue(struct ledger *l, const struct ledger_id *last);

/* ---- scribe: the queue and its thread ------------------------------------------------------- */

/* A small change that is no event (a key, a merchant, a stored reply): run on the scribe inside the batch's transaction, in a savepoint of
 * its own. */
typedef enum status store_task(struct writer *w, void *arg);
MUST_USE enum status scribe_start(struct ledger *l, size_t queue_max, struct scribe **out, struct err *e);
void scribe_stop(struct scribe *s);
bool scribe_writable(const struct scribe *s);
/* Waits until the task is durable or has failed. */
MUST_USE enum status ledger_task(struct ledger *l, store_task *run, void *arg, struct err *e);
/* The same in this node's own file, where the ledger itself is elsewhere; OK where there is no such file. */
MUST_USE enum status ledger_task_here(struct ledger *l, store_task *run, void *arg, struct err *e);

/* ---- the store, as the scribe sees it --------------------------------------------------------- */

MUST_USE enum status writer_begin(struct writer *w);
MUST_USE enum status writer_insertion(struct writer *w, const struct ledger_insertion *i);
MUST_USE enum status writer_click(struct writer *w, const struct ledger_click *c, struct ledger_booking *out);
MUST_USE enum status writer_impression(struct writer *w, const struct ledger_impression *i, struct ledger_booking *out);
MUST_USE enum status writer_conversion(struct writer *w, const struct ledger_conversion *c, struct ledger_booking *out);
/* In its place where conversions are booked elsewhere: into the outbox; done is told from there. */
MUST_USE enum status writer_outbox(struct writer *w, const struct ledger_conversion *c, ledger_done *done, void *arg);
/* Without a scribe. */
MUST_USE enum status store_submit(struct ledger *l, const struct ledger_conversion *c, ledger_done *done, void *arg);
MUST_USE enum status store_task_elsewhere(struct ledger *l, store_task *run, void *arg, struct err *e);
MUST_USE enum status writer_task(struct writer *w, store_task *run, void *arg, enum status *status_out);
MUST_USE enum status writer_commit(struct writer *w);
/* Lets the roll-ups count what was committed, in a transaction of its own; when the scribe has stopped. */
MUST_USE enum status writer_catch_up(struct writer *w);
void writer_rollback(struct writer *w);
/* An empty but real transaction: may the store be written again? */
MUST_USE enum status writer_probe(struct writer *w);

/* ---- the store, as reports see it --------------------------------------------------------------- */

/* A reader sees one moment of the ledger from get to put. */
MUST_USE enum status reader_get(struct ledger *l, struct reader **out, struct err *e);
/* The same once PostgreSQL, where there is one, has what this node has acknowledged so far, or is slow: for what people read. */
MUST_USE enum status reader_get_fresh(struct ledger *l, struct reader **out, struct err *e);
void reader_put(struct ledger *l, struct reader *r);
#define BASIS_BIT(b) (1u << (b))
/* Spreads raw events whose date lies in [from, to): insertions and clicks by their time, takings by the bases asked for. */
MUST_USE enum status reader_spread_events(struct reader *r, const struct spread *s, int64_t from_ms, int64_t to_ms, unsigned bases,
					  struct err *e);
/* Of those: all that the kept roll-ups count; or the insertions and clicks that they do not count yet, which are few. */
MUST_USE enum status reader_spread_rolled(struct reader *r, const struct spread *s, struct err *e);
MUST_USE enum status reader_spread_unrolled(struct reader *r, const struct spread *s, int64_t from_ms, int64_t to_ms, struct err *e);
typedef void roll_each(void *arg, const struct roll_cell *c, const int64_t v[TALLY_WIDTH]);
/* Cells of one cube with spans in [from, to). Counts have no currency. */
struct roll_slice {
	int cube;
	enum grain grain;
	unsigned zone;
	int64_t from, to;
	const char *merchant; /* NULL: all */
	/* Of one span and one merchant only: keys in order, from `after` on (or behind it), at most limit of them; of takings those up to `upto`. */
	bool keyed, past;
	struct str after, upto;
	uint32_t limit;
};
MUST_USE enum status reader_each_count(struct reader *r, const struct roll_slice *s, roll_each *each, void *arg, struct err *e);
MUST_USE enum status reader_each_taking(struct reader *r, const struct roll_slice *s, enum basis basis, roll_each *each, void *arg, struct err *e);
/* The zones whose days are kept; and the first quarter of an hour that is. */
MUST_USE enum status reader_zones(struct reader *r, char name_out[ROLL_ZONES][64], size_t *n_out, struct err *e);
MUST_USE enum status reader_first_quarter(struct reader *r, int64_t *out, struct err *e);
/* Phrases that led to the merchant in at least so many conversations. */
MUST_USE enum status reader_shared_phrases(struct reader *r, const char *merchant, int64_t from_ms, int64_t to_ms, int64_t least,
					   void (*each)(void *arg, struct str phrase), void *arg, struct err *e);
/* Time of the last event committed, in ms; 0 for an empty ledger. */
MUST_USE enum status reader_as_of(struct reader *r, int64_t *out, struct err *e);

#endif
