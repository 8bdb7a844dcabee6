/* What the sqlite_*.c files share. */
#ifndef LEDGER_SQLITE_STORE_H
#define LEDGER_SQLITE_STORE_H

#include "ledger/db.h"
#include "ledger/links.h"
#include "ledger/store.h"
#include "ledger/traffic.h"

struct writer {
	struct ledger *ledger;
	struct db db;
	struct zone *zone[ROLL_ZONES]; /* whose days are kept; the first is UTC and NULL */
	struct roll_zones zones;       /* the same, for rolls */
	struct roll roll;     /* of the open transaction: money, or a stride of events */
	struct spread spread; /* into roll */
	int64_t as_of_ms;     /* latest time among the batch's events */
	struct traffic traffic;
	bool confirming; /* some app confirms what it shows */
	struct links *links;
	atomic_llong behind; /* about how many events the roll-ups do not count yet */
};
struct reader {
	struct db db;
};
struct catalog_store {
	struct db db;
};

/* Pieces of SQL, ended by NULL. */
extern const char *const schema_ledger[], *const schema_ledger_2[], *const schema_ledger_3[], *const schema_ledger_4[],
	*const schema_ledger_5[], *const schema_ledger_6[], *const schema_ledger_7[], *const schema_catalog[];
#define LEDGER_SCHEMA 7 /* user_version of the main file when all its steps are taken */

MUST_USE enum status keeper_start(struct ledger *l, struct keeper **out, struct err *e);
/* Ends its thread; the scribe may go on to nudge it until it is freed. */
void keeper_stop(struct keeper *k);
void keeper_free(struct keeper *k);
/* The scribe's commits tell it how long the log has grown. */
void keeper_nudge(struct keeper *k);

MUST_USE enum status writer_open(struct ledger *l, struct str zones, struct writer **out, struct err *e);
void writer_close(struct writer *w);
/* An event of this time is in the batch: the report's as_of follows. */
void writer_saw(struct writer *w, int64_t ms);
/* Adds a roll to the tables, in the open transaction. */
MUST_USE enum status writer_flush(struct writer *w, struct roll *r);

/* ---- how far the roll-ups count (sqlite_roll.c) ---------------------------------------------- */

enum event_table { EVENT_INSERTION, EVENT_SERVE, EVENT_CLICK, EVENT_IMPRESSION, EVENT_TABLES };
/* The last row of each table. */
struct position {
	int64_t no[EVENT_TABLES];
};
MUST_USE enum status position_rolled(struct db *d, struct position *out);
MUST_USE enum status position_last(struct db *d, struct position *out);

/* Rows of the event tables: after < no <= upto, and a time in [from_ms, to_ms). by_time: the index over time is the way in, else the number. */
struct event_range {
	int64_t from_ms, to_ms;
	struct position after, upto;
	bool by_time;
};
/* Orders and their entries by the bases asked for. */
MUST_USE enum status money_spread(struct db *d, const struct spread *s, int64_t from_ms, int64_t to_ms, unsigned bases);
MUST_USE enum status facts_spread(struct db *d, const struct spread *s, const struct event_range *r);

/* Clicks of a link among the rows of a stride. */
struct link_count {
	int64_t no, clicks, human;
};
/* What the next rows add to the roll-ups: gathered by whoever may read, added by the scribe. */
struct stride {
	struct position after, upto;
	struct roll roll;
	struct link_count *link;
	size_t links;
};
/* ---- which spans are kept (sqlite_span.c) ------------------------------------------------------ */

MUST_USE enum status zones_stored(struct db *d, char name_out[ROLL_ZONES][64], size_t *n_out);
MUST_USE enum status first_quarter(struct db *d, int64_t *out);
/* Loads the zones of the file, or puts names (by comma; p NULL: as they are) in their place; makes roll-ups that are missing from the events. */
MUST_USE enum status spans_open(struct writer *w, struct str names, struct err *e);
void spans_close(struct writer *w);
/* A store_task: drops quarters of an hour that are too old; arg is a const int64_t *, now in ms. */
MUST_USE enum status spans_trim(struct writer *w, void *now_ms);

/* d is in a transaction. */
MUST_USE enum status stride_gather(struct db *d, struct stride *s);
/* A store_task: adds what was gathered, if nobody has done so meanwhile (E_CONFLICT). */
MUST_USE enum status stride_add(struct writer *w, void *stride);
void stride_init(struct stride *s, const struct roll_zones *zones);
void stride_done(struct stride *s);
int64_t stride_events(const struct stride *s);

/* Adds 1 to a counter of the main file. */
MUST_USE enum status db_count_up(struct db *d, const char *counter);

/* Stored replies. E_MISSING: a new key; E_CONFLICT: used for another request. reply may be NULL. */
MUST_USE enum status reply_find(struct db *d, const struct ledger_idempotency *k, int *http_status_out, struct buf *reply);
/* The first reply under a key stays; old ones go. */
MUST_USE enum status reply_store(struct db *d, const struct ledger_idempotency *k, int http_status, struct str reply, int64_t now_ms);

/* Rows of the append-only, hash-chained table. amount is in minor units, micro what lies beyond them; each sums to zero over a group. */
struct posting {
	int64_t seq, order_no, entry_seq, amount, micro, posted_ms;
	struct str account, currency;
};
void posting_hash(const uint8_t previous[32], const struct posting *p, uint8_t out[32]);
MUST_USE enum status posting_add_group(struct db *d, int64_t order_no, int64_t entry_seq, int64_t posted_ms, const char *currency,
				       const struct balances *change);

/* An order as it stands. */
struct order {
	int64_t no; /* 0: not stored yet */
	char merchant[LEDGER_NAME], order_id[LEDGER_TEXT], currency[4];
	enum order_status status;
	int64_t total, applied_ms, event_ms;
	bool review;             /* waits for the network's word */
	int64_t stated;          /* commission as last stated for stated_total; -1: by rule */
	int64_t stated_rest;     /* micro units beside it */
	int64_t stated_total;
	int64_t rule_set, seq;
	struct deal deal;
	bool has_click, attributed;
	struct ledger_id click;  /* a click's or a link's id, as the message gave it */
	int64_t click_from_ms;   /* date of the message that gave it */
	char click_class[12];
	char product[LEDGER_TEXT], phrase[LEDGER_TEXT], form[12], app[LEDGER_TEXT], model[LEDGER_TEXT];
	struct books books;
};
struct dims order_dims(const struct order *o);
/* What the order puts into the takings now. */
void order_takings(const struct order *o, int64_t v[TALLY_WIDTH]);
MUST_USE enum status order_load(struct db *d, const char *merchant, const char *order_id, struct order *out, bool *found_out);
MUST_USE enum status order_store(struct db *d, struct order *o);
/* Fills click_class, attributed and the dimensions from what click names. window_ms 0: a click of any age. */
MUST_USE enum status order_attribute(struct db *d, struct order *o, int64_t window_ms);

/* Frozen rules: the same rules are stored once. */
MUST_USE enum status rules_freeze(struct db *d, const struct ledger_rule *rules, uint32_t n, int64_t *set_out);
/* malloc'd. */
MUST_USE enum status rules_load(struct db *d, int64_t set, struct ledger_rule **out, uint32_t *n_out);

/* ---- conversions (sqlite_conversion.c, sqlite_change.c, sqlite_part.c, sqlite_quarantine.c) ---------- */

/* A message in work. */
struct change {
	const struct ledger_conversion *c;
	struct order before, o;
	bool known, shadow;
	int64_t excess; /* what would have taken the total below zero */
	char detail[160];
};
/* What the message asks for is admissible and its date is right, or does not matter: the order moves, entries and postings are made. */
MUST_USE enum status change_apply(struct writer *w, struct change *ch, enum booking *out);
/* Of a message that came too late: the date or the click it shows. */
MUST_USE enum status change_place(struct writer *w, struct change *ch);
/* How far along a state is; what is called off is furthest. */
int order_rank(enum order_status s);
/* The date that counts when messages are put in order. */
int64_t message_date(const struct ledger_conversion *c);
const struct money *message_money(const struct ledger_conversion *c);
bool money_sane(bool has, const struct money *m);

/* A row of a network's report becomes the message that its order is now the sum of its rows. */
struct rowed {
	bool settled;         /* nothing more is to be done: *booking says why */
	enum booking booking;
	bool shadow;
	int64_t excess;
	const char *detail;
	struct ledger_conversion whole; /* not settled: to be applied whatever its date */
};
MUST_USE enum status part_take(struct db *d, const struct ledger_conversion *c, const struct order *o, bool known, struct rowed *out);

enum kept { KEPT_QUARANTINED, KEPT_PARKED, KEPT_MATCHED };
/* Kept for a person, or for its order; the same message again is kept once. */
MUST_USE enum status quarantine_put(struct db *d, const struct ledger_conversion *c, enum kept state, const char *reason, int64_t amount);
/* Takes the first message that waits for this order out of the car park. No row: *found_out is false. */
MUST_USE enum status quarantine_unpark(struct db *d, const char *merchant, const char *order_id, struct ledger_conversion *out, bool *found_out);

#endif
