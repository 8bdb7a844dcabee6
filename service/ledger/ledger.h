/* ledger: what happened, once and for good. Insertions, links, clicks, conversions, commissions, reports; and, because it is the
 * durable store, the truth of merchants, catalogs and keys.
 *
 * SQLite: WAL, synchronous=FULL, one writer thread (the scribe) with natural group commit, time-ordered event ids (facts: server 4.3). The
 * roll-ups take money in with the transaction that books it, and insertions and clicks in strides, each in one transaction with the mark up
 * to which they count; reports add the rows beyond the mark, so at every moment and after every crash they are those of the events. An event
 * is acknowledged only after its COMMIT. Readers have their own connections and never
 * block the scribe. With PostgreSQL the same file is the node's outbox (central.h), and all that is read comes from over there.
 *
 * Files: PATH (events, orders, roll-ups, keys, merchants) with -wal, -shm and -lock beside it, and PATH-catalog (products, targets,
 * generations), so that an upload of seconds never holds a click up.
 *
 * Refuses: HTTP, JSON of requests, deciding what is attributed to whom beyond the ids given. Owns: struct ledger; events are taken by value.
 * Threads: ledger_submit and the readers from any thread; done callbacks run on the scribe and must not block.
 * Money is integer minor units; rows are append-only (corrections are new rows). */
#ifndef LEDGER_H
#define LEDGER_H

#include "base/base.h"

struct ledger;
struct ledger_options {
	struct str url;      /* "sqlite:PATH", or "postgresql://…" */
	struct str outbox;   /* with PostgreSQL: the SQLite file in which this node keeps events until they are shipped; "": none, only for commands */
	size_t queue_max;    /* events waiting for a commit; over it: E_BUSY. 0: 65536 */
	struct str report_zones; /* beside UTC, up to two IANA names by a comma, whose days reports answer at once; p NULL: as they were. Zones that
	                          * are new to the file are summed up from its events when it is opened, which takes minutes for tens of millions */
	bool read_only;      /* report, verify on a running service's file */
};
/* Creates or migrates the schema; after an unclean stop runs quick_check and refuses (E_IO) a damaged file. */
MUST_USE enum status ledger_open(const struct ledger_options *o, struct ledger **out, struct err *e);
/* Commits what is queued, checkpoints, closes. */
void ledger_close(struct ledger *l);
bool ledger_writable(const struct ledger *l); /* false after a failed commit until a probe succeeds */

/* ---- events -------------------------------------------------------------------------- */

#define LEDGER_ID 16
struct ledger_id {
	uint8_t b[LEDGER_ID];
};
/* Time-ordered, unique: 48-bit ms, then node and counter and random; never goes back when the clock does. */
struct ledger_id ledger_new_id(struct ledger *l, int64_t now_ms);

#define LEDGER_NAME 64   /* merchant ids */
#define LEDGER_TEXT 128  /* product ids, phrases, models: longer ones are cut at a code point */
#define LEDGER_MAX_LINKS 16

struct ledger_link {
	struct ledger_id link;
	char merchant[LEDGER_NAME];
	char product[LEDGER_TEXT];
	char phrase[LEDGER_TEXT];
	uint64_t product_key;
	bool existing; /* was there before (our own output fed again): not counted anew */
};
#define LEDGER_MAX_WANTED 4
struct ledger_insertion {
	struct ledger_id insertion;
	int64_t at_ms;
	char decision[12], reason[24], class[16], form[12], locale[16];
	char app[LEDGER_TEXT], model[LEDGER_TEXT];
	struct ledger_id request_hash, conversation_hash, user_hash; /* keyed hashes; all zero: not given */
	bool eligible, holdout, dry_run;
	bool confirms;                            /* the app says itself which links were shown; the ledger knows */
	int64_t prompt_tokens, completion_tokens; /* -1: not given */
	struct money cost;                        /* currency "": not given */
	bool once; /* a request_id was given: the same insertion again counts nothing. Without one every serve counts: the insertion stays as
		    * it is, a row for the serve is added, and answers, links, tokens and costs grow again under the serve's own time */
	struct ledger_wanted {
		char name[64];
		bool category; /* of a catalog; else an entry of the rules' lexicon */
	} wanted[LEDGER_MAX_WANTED]; /* asked for, and not linked */
	uint32_t wanted_count;
	uint32_t link_count;
	struct ledger_link link[LEDGER_MAX_LINKS]; /* the last: only link_count of them are copied */
};
enum click_class { CLICK_HUMAN, CLICK_BOT, CLICK_PREVIEW, CLICK_PREFETCH, CLICK_DUPLICATE, CLICK_RATE, CLICK_STALE };
struct str click_class_name(enum click_class c);
struct ledger_click {
	struct ledger_id click; /* made with ledger_new_id; it is the sub-id sent to the network */
	struct ledger_id insertion, link;
	uint64_t product_key;
	int64_t at_ms;
	char merchant[LEDGER_NAME], product[LEDGER_TEXT];
	enum click_class class; /* as the door sees it. The commit may make a human one a bot (a scanner), a duplicate (same link and
				 * visitor within 10 s) or a rate */
	char rule[32];
	uint8_t visitor[16], network[8]; /* keyed by a daily salt; all zero: unknown */
	bool unlinkable;                 /* both are used for the class, and not stored */
	/* What the commit decides by. Limits of 0 are none. */
	uint16_t visitor_per_minute, network_per_minute;
	uint16_t scanner_ms;          /* since the link was served */
	bool repeatable;              /* the id is the caller's: it may be stored already */
	bool fetch_metadata, vouched; /* the request had Sec-Fetch-*; had some header that scanners do not send */
};
enum order_status { ORDER_PENDING, ORDER_APPROVED, ORDER_DECLINED, ORDER_REVERSED, ORDER_PAID };
bool order_status_parse(struct str s, enum order_status *out);
struct str order_status_name(enum order_status s);
#define LEDGER_MAX_ITEMS 32
struct ledger_item {
	char id[LEDGER_TEXT], category[LEDGER_TEXT];
	int64_t quantity;
	struct money total;
};
/* A rule as it stands in the merchant's data, resolved by the caller; frozen on the order when it is first booked. */
struct ledger_rule {
	char category[LEDGER_TEXT], product[LEDGER_TEXT];
	int64_t rate_ppm, flat_minor, cap_minor; /* -1: none */
};
enum ledger_deal { DEAL_COMMISSION, DEAL_SPLIT, DEAL_SWAP };
/* Idempotency of writing doors: the same key with the same request gets the stored reply, another request a conflict. Kept 24 h or more. A
 * conversion's is stored in its own transaction. */
struct ledger_idempotency {
	char key[LEDGER_TEXT]; /* "" none */
	uint8_t request_hash[16];
};
struct ledger_conversion;
struct ledger_booking;
/* Writes the reply to a conversion. Runs on the scribe: pure and quick. */
typedef void ledger_reply(const struct ledger_conversion *c, const struct ledger_booking *b, struct buf *out);
struct ledger_conversion {
	char merchant[LEDGER_NAME], order_id[LEDGER_TEXT];
	bool has_click;
	struct ledger_id click; /* a click id, or a link id (direct links carry those) */
	int64_t occurred_at_ms, received_at_ms;
	enum order_status status;
	bool has_total, has_adjustment, has_commission;
	struct money total;      /* the order's new total */
	struct money adjustment; /* or a delta */
	struct money commission; /* as the network says; else computed from rules */
	int64_t total_rest, commission_rest; /* micro units beyond the minor ones (CJ writes "-51.826"): at most half a minor unit */
	char row[LEDGER_TEXT];   /* a network's own row of the order: total and commission are that row's, and may be below zero. "" none */
	int64_t changed_at_ms;   /* of the row's last change; 0: occurred_at_ms */
	int64_t window_ms;       /* a click older than this earns nothing unless the network states a commission; 0: any age */
	bool voided;             /* a test order or an own purchase by the merchant's list: kept aside, never booked */
	enum ledger_deal deal;   /* frozen with the order, as the rules are */
	int64_t share_ppm;       /* of a split: what the partner gets */
	char source[24];         /* "api", "postback", ... */
	uint32_t item_count, rule_count;
	struct ledger_item item[LEDGER_MAX_ITEMS];
	const struct ledger_rule *rule; /* borrowed for the call: ledger_submit copies it */
	struct ledger_idempotency key;  /* with one, either the booking and the reply to it are stored, or neither; a refused one stores none */
	ledger_reply *reply;            /* needed with a key; stored under status 200 */
};
/* How a conversion is booked:
 * - One order by (merchant, order_id). A message dated not later than the last applied one is a BOOKED_REPEAT; so is one that changes nothing.
 *   A repeat may still show an earlier date, or the click: the order stands under the day of its earliest message and the click that the
 *   earliest message with one named (of clicks that can be attributed, if any can), in whatever order they came.
 * - Rows: an order that a network reports is the sum of its rows (one for a line of goods, one for a correction). The same row again
 *   replaces what it said before; a step back to pending with no later date is an old page, and a repeat. Rows of a second network for an order
 *   are kept as its shadow and add nothing.
 * - Attributed when the click (or link) is the merchant's, the order is dated no more than 120 s before it, and, unless a commission is stated,
 *   no more than window_ms after it; else booked unattributed.
 * - commission: as stated, else by the rules frozen at first booking, on the total split by the items' weights (product, longest category,
 *   default), summed up in micro units and rounded once. A stated one stands, in proportion to the total, until another is stated; beside an
 *   adjustment it is a difference too.
 * - Attested only by us on a click that was not human: waits in review; counts in no orders and earns nothing until a commission is stated.
 * - What was paid is never unpaid: a lower total, declined or reversed is clawed back, and the status stays paid or becomes reversed.
 * - BOOKED_PARKED: a negative adjustment, a negative row or a change without amounts to an order that is not known yet. Applied when the order
 *   comes.
 * - BOOKED_REFUSED, and kept in quarantine: another currency than the order's, sums below zero, pending without amounts for an unknown order,
 *   the whole of an adjustment on a total of zero, a voided order. Of one that would go below zero the rest is quarantined. */
/* What became of a conversion. */
enum booking {
	BOOKED,
	BOOKED_CHANGE,
	BOOKED_REPEAT,
	BOOKED_REFUSED,
	BOOKED_PARKED,
	BOOKED_QUEUED,    /* durable in this node's outbox; PostgreSQL is away, and what becomes of it is not known yet */
	BOOKED_REPLAY,    /* the key was used for this very request: nothing was looked at, ledger_reply_get has the reply */
	BOOKED_KEY_TAKEN, /* the key was used for another request: nothing was looked at */
};
struct ledger_booking {
	enum booking booking;
	enum order_status status;
	bool attributed;
	char click_class[12];           /* of the click it was attributed to, or ""; of a click: its own */
	struct money total, commission; /* of the order now */
	bool shadow;                    /* another network reports this order already */
	char detail[160];     /* why refused (other currency than the order's, ...) */
	uint32_t confirmed, unknown; /* of an impression: links counted as shown; links that are not here */
};

/* Links that a reader has seen. An app that sends these has its links counted as impressions only when confirmed, from the (UTC) day of the
 * first such answer on; other apps have theirs counted when served. A link counts as often as it was served. */
#define LEDGER_MAX_SHOWN 64
struct ledger_impression {
	int64_t at_ms;
	bool whole; /* all links of insertion */
	struct ledger_id insertion;
	uint32_t link_count;
	struct ledger_id link[LEDGER_MAX_SHOWN];
};

enum ledger_event_kind { LEDGER_INSERTION, LEDGER_CLICK, LEDGER_CONVERSION, LEDGER_IMPRESSION };
/* Called once, on the scribe, after COMMIT (status OK) or when it failed (E_IO). booking tells what became of a conversion, and a click's
 * class. The same insertion id again is OK; ledger_insertion.once tells whether it counts. */
typedef void ledger_done(void *arg, enum status s, const struct ledger_booking *booking);
/* E_BUSY: the queue is full or the ledger is not writable (done is not called). The event is copied. done may be NULL. */
MUST_USE enum status ledger_submit(struct ledger *l, enum ledger_event_kind kind, const void *event, ledger_done *done, void *arg);
/* Submits and waits, up to timeout_ms: E_BUSY when it was not durable by then (it may still become so). */
MUST_USE enum status ledger_submit_wait(struct ledger *l, enum ledger_event_kind kind, const void *event, int timeout_ms, struct ledger_booking *booking_out);

/* ---- privacy ------------------------------------------------------------------------------- */

/* Takes the user out of all rows: user, conversation and request hashes of their answers, visitor and network of the clicks on them. No row goes,
 * no sum and no posting changes. *answers_out: how many answers were theirs. */
MUST_USE enum status ledger_forget(struct ledger *l, struct ledger_id user, int64_t *answers_out, struct err *e);
/* What the retention job keeps: visitor and network of clicks for 30 days, hashes of users, conversations and requests for 13 months. It runs
 * every hour by itself; this does it now, as of now_ms. */
#define LEDGER_VISITOR_MS (INT64_C(30) * 86400000)
#define LEDGER_PERSON_MS (INT64_C(395) * 86400000)
MUST_USE enum status ledger_retain(struct ledger *l, int64_t now_ms, struct err *e);

/* ---- stored replies of writing doors ------------------------------------------------------ */
/* E_MISSING: new key. OK: reply filled (malloc'd by buf). E_CONFLICT: the key was used for another request. */
MUST_USE enum status ledger_reply_get(struct ledger *l, const struct ledger_idempotency *k, int *http_status_out, struct buf *reply, struct err *e);
MUST_USE enum status ledger_reply_put(struct ledger *l, const struct ledger_idempotency *k, int http_status, struct str reply, int64_t now_ms, struct err *e);

/* ---- reading -------------------------------------------------------------------------------- */

/* One insertion as JSON, as GET /v1/insertions/{id} answers it: decision, reason, class, links with merchant, product, phrase, their click
 * counts. E_MISSING. */
MUST_USE enum status ledger_insertion_json(struct ledger *l, struct ledger_id id, struct buf *out, struct err *e);

/* A link that was served. E_MISSING. */
MUST_USE enum status ledger_link_get(
	struct ledger *l, struct ledger_id link, struct ledger_id *insertion_out, struct ledger_link *out, struct err *e);

/* How many links each reader (user_hash, zero if unknown) was shown of each merchant since then. */
MUST_USE enum status ledger_shown_since(struct ledger *l, int64_t from_ms, void (*each)(void *arg, struct ledger_id user, struct str merchant, int64_t n),
	void *arg, struct err *e);

/* Groups of fewer conversations are shown to nobody who was not part of them. */
#define LEDGER_GROUP_LEAST 10
/* Answers with links against held-out ones in [from, to): both arms, and the lift of each share with its 95 % interval. */
MUST_USE enum status ledger_holdout_json(struct ledger *l, int64_t from_ms, int64_t to_ms, struct buf *out, struct err *e);
/* What shoppers asked for in vain, most wanted first. */
MUST_USE enum status ledger_demand_json(struct ledger *l, int64_t from_ms, int64_t to_ms, uint32_t limit, struct buf *out, struct err *e);

#define LEDGER_CURSOR 1200
struct ledger_report_query {
	int64_t from_ms, to_ms;      /* instants, [from, to); dates in tz by ledger_local_time */
	char tz[64];                 /* IANA; "" UTC */
	char group_by[128];          /* "day,merchant", ...: up to 4 of day, hour or month, merchant, product, phrase, form, app, model; "" one row */
	char merchant[LEDGER_NAME];  /* filter, "" all */
	bool posting;                /* date_basis */
	bool shared;                 /* for the merchant: phrases of fewer than LEDGER_GROUP_LEAST conversations are told together, as null */
	char cursor[LEDGER_CURSOR];
	uint32_t limit;              /* rows; 0: 1000 */
	enum report_format { REPORT_JSON, REPORT_CSV, REPORT_TABLE } format;
};
/* API.md section 6, ratios and all. Days of UTC and of report_zones, months, and in any zone the hours of the last week,
 * with the merchant or one more column, come from roll-ups, the rest from raw events.
 * Grouped by merchant, product or phrase, an answer (its tokens and cost too) counts once with each it linked to, and under null if with none:
 * such rows may sum to more answers than there were; links, clicks, orders and money always add up. E_INPUT: unknown zone, grouping, cursor. */
MUST_USE enum status ledger_report(struct ledger *l, const struct ledger_report_query *q, struct buf *out, struct err *e);
/* The instant at which clocks in tz show local_ms (a date and time taken as if UTC): turns ?from=2026-11-21&tz=Asia/Shanghai into from_ms.
 * In a gap the instant of the change; a time shown twice is the first. E_INPUT: unknown zone. */
MUST_USE enum status ledger_local_time(struct str tz, int64_t local_ms, int64_t *instant_out, struct err *e);
/* Commission rows with their history, {"data":[…],"next_cursor"}. Filters "" are none. */
MUST_USE enum status ledger_commissions_json(struct ledger *l, struct str status, struct str merchant, struct str cursor, uint32_t limit, struct buf *out, struct err *e);

/* Which merchant a click, or a link, is of, into merchant_out[LEDGER_NAME]; which order a network's row is of, into order_out[LEDGER_TEXT]. E_MISSING. */
MUST_USE enum status ledger_click_merchant(struct ledger *l, struct ledger_id click, char *merchant_out, struct err *e);
MUST_USE enum status ledger_row_order(struct ledger *l, const char *merchant, const char *source, struct str row, char *order_out, struct err *e);
/* What waits for a person or for its order, newest first: {"data":[…],"next_cursor"}. state "parked" or "quarantined"; "" is both. */
MUST_USE enum status ledger_quarantine_json(struct ledger *l, struct str state, struct str merchant, struct str cursor, uint32_t limit, struct buf *out, struct err *e);
/* Balances of all accounts: {"data":[{"account","currency","balance","micro"}]}; merchant "" is all. */
MUST_USE enum status ledger_accounts_json(struct ledger *l, struct str merchant, struct buf *out, struct err *e);

/* Walks everything: chain of postings, balances per currency, roll-ups against events, orphans. Writes findings as lines; E_CONFLICT on the first
 * break. *head_out: the chain's last hash in hex (65 bytes); head (may be empty) must be on the chain. */
MUST_USE enum status ledger_verify(struct ledger *l, struct str head, struct buf *out, char head_out[65], struct err *e);

/* ---- merchants, catalogs, keys: the durable truth ------------------------------------------------ */

MUST_USE enum status ledger_merchant_put(struct ledger *l, struct str merchant, struct str json, int64_t now_ms, struct err *e);
/* The JSON that was in force at that time is appended to out. E_MISSING: the present one was, or the merchant was not there yet. */
MUST_USE enum status ledger_merchant_then(struct ledger *l, struct str merchant, int64_t at_ms, struct buf *out, struct err *e);
MUST_USE enum status ledger_merchant_each(struct ledger *l, void (*each)(void *arg, struct str merchant, struct str json, struct str generation), void *arg, struct err *e);

/* One change of a merchant's catalog, all or nothing. Lines are canonical product JSON. */
struct ledger_catalog_line {
	struct str id, line, url; /* line.n == 0: the product is gone (its target stays as a tombstone for 13 months) */
	uint64_t product_key;
};
/* Writes lines and the merchant's generation ("gen-12+3") in one transaction. if_generation (may be empty): E_CONFLICT when the stored
 * one differs. next: iterates the changes, false at the end. */
MUST_USE enum status ledger_catalog_put(struct ledger *l, struct str merchant, struct str if_generation, struct str generation,
					bool (*next)(void *arg, struct ledger_catalog_line *out), void *arg, int64_t now_ms, struct err *e);
/* All lines of a merchant in order of id. */
MUST_USE enum status ledger_catalog_each(struct ledger *l, struct str merchant, bool (*each)(void *arg, struct str line), void *arg, struct err *e);
/* The next number of a catalog generation: counts up for ever, durable when returned. */
MUST_USE enum status ledger_generation_next(struct ledger *l, uint64_t *out, struct err *e);
/* Where a product's link leads, live or departed: merchant and url in a. E_MISSING if the key was never seen. */
struct ledger_target {
	struct str merchant, product, url;
	bool departed;
};
MUST_USE enum status ledger_target_get(struct ledger *l, uint64_t product_key, struct arena *a, struct ledger_target *out, struct err *e);

enum role { ROLE_PUBLISHER = 1, ROLE_MERCHANT = 2, ROLE_FINANCE = 4, ROLE_ADMIN = 8 };
struct ledger_key {
	char id[16];          /* shown; not secret */
	enum role role;
	char merchant[LEDGER_NAME]; /* for ROLE_MERCHANT */
	uint8_t sha256[32];   /* of the key */
	int64_t created_ms, revoked_ms; /* revoked_ms 0: live */
};
MUST_USE enum status ledger_key_put(struct ledger *l, const struct ledger_key *k, struct err *e);
MUST_USE enum status ledger_key_revoke(struct ledger *l, struct str id, int64_t now_ms, struct err *e); /* E_MISSING */
MUST_USE enum status ledger_key_each(struct ledger *l, void (*each)(void *arg, const struct ledger_key *k), void *arg, struct err *e);
/* Grows whenever keys, merchants or catalogs were changed by any process on this file: cheap enough to ask every 200 ms. */
MUST_USE enum status ledger_data_version(struct ledger *l, int64_t *out, struct err *e);
/* Small named values that survive (secrets' check hash, installation id). E_MISSING. */
MUST_USE enum status ledger_value_get(struct ledger *l, struct str name, struct buf *out, struct err *e);
MUST_USE enum status ledger_value_put(struct ledger *l, struct str name, struct str value, struct err *e);

#endif
