/* The tables. A change is a new step at the end of sqlite_open.c's list, never an edit of a step that has been shipped. */
#include "ledger/sqlite_store.h"

/* Main file. Event tables grow at the end only; roll and takings are the roll-ups (spread.h says what cube means). entry and posting are
 * append-only; orders is their present sum. */
const char *const schema_ledger[] = {
	"CREATE TABLE counter(name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE value(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE merchant(merchant TEXT PRIMARY KEY, json TEXT NOT NULL, changed_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE key(id TEXT PRIMARY KEY, role INTEGER NOT NULL, merchant TEXT NOT NULL, sha256 BLOB NOT NULL,"
	" created_ms INTEGER NOT NULL, revoked_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE reply(key TEXT PRIMARY KEY, request_hash BLOB NOT NULL, http_status INTEGER NOT NULL, reply BLOB NOT NULL,"
	" at_ms INTEGER NOT NULL) STRICT;"
	"CREATE INDEX reply_at ON reply(at_ms);",

	"CREATE TABLE insertion(no INTEGER PRIMARY KEY, insertion BLOB NOT NULL UNIQUE, at_ms INTEGER NOT NULL, decision TEXT NOT NULL,"
	" reason TEXT NOT NULL, class TEXT NOT NULL, form TEXT NOT NULL, locale TEXT NOT NULL, app TEXT NOT NULL, model TEXT NOT NULL,"
	" request BLOB, conversation BLOB, user BLOB, eligible INTEGER NOT NULL, holdout INTEGER NOT NULL,"
	" prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, cost INTEGER NOT NULL, currency TEXT NOT NULL) STRICT;"
	"CREATE INDEX insertion_at ON insertion(at_ms);"
	"CREATE TABLE link(no INTEGER PRIMARY KEY, link BLOB NOT NULL UNIQUE, insertion_no INTEGER NOT NULL REFERENCES insertion(no),"
	" merchant TEXT NOT NULL, product TEXT NOT NULL, phrase TEXT NOT NULL, product_key INTEGER NOT NULL,"
	" clicks INTEGER NOT NULL DEFAULT 0, human_clicks INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX link_insertion ON link(insertion_no);"
	"CREATE TABLE click(click BLOB PRIMARY KEY, insertion BLOB NOT NULL, link BLOB NOT NULL, product_key INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL, merchant TEXT NOT NULL, product TEXT NOT NULL, phrase TEXT NOT NULL, form TEXT NOT NULL,"
	" app TEXT NOT NULL, model TEXT NOT NULL, class TEXT NOT NULL, rule TEXT NOT NULL, visitor BLOB) STRICT, WITHOUT ROWID;"
	"CREATE INDEX click_at ON click(at_ms);"
	/* The last human click of a visitor on a link, for 10 s. */
	"CREATE TABLE seen(link BLOB, visitor BLOB, at_ms INTEGER NOT NULL, PRIMARY KEY(link, visitor)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX seen_at ON seen(at_ms);",

	"CREATE TABLE rule_set(no INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE rule(set_no INTEGER NOT NULL REFERENCES rule_set(no), seq INTEGER NOT NULL, category TEXT NOT NULL,"
	" product TEXT NOT NULL, rate_ppm INTEGER NOT NULL, flat INTEGER NOT NULL, cap INTEGER NOT NULL,"
	" PRIMARY KEY(set_no, seq)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE orders(no INTEGER PRIMARY KEY, merchant TEXT NOT NULL, order_id TEXT NOT NULL, currency TEXT NOT NULL,"
	" status INTEGER NOT NULL, total INTEGER NOT NULL, applied_ms INTEGER NOT NULL, event_ms INTEGER NOT NULL,"
	" review INTEGER NOT NULL, stated INTEGER NOT NULL, stated_total INTEGER NOT NULL, rule_set INTEGER NOT NULL,"
	" seq INTEGER NOT NULL, click BLOB, click_from_ms INTEGER NOT NULL, attributed INTEGER NOT NULL, click_class TEXT NOT NULL,"
	" product TEXT NOT NULL, phrase TEXT NOT NULL, form TEXT NOT NULL, app TEXT NOT NULL, model TEXT NOT NULL,"
	" pending INTEGER NOT NULL, approved INTEGER NOT NULL, paid INTEGER NOT NULL, reversed INTEGER NOT NULL,"
	" clawed INTEGER NOT NULL, UNIQUE(merchant, order_id)) STRICT;"
	"CREATE INDEX orders_event ON orders(event_ms);",

	/* How an order's total is split between its frozen rules: sums of its items; rule_seq -1 is goods no rule pays for. */
	"CREATE TABLE order_weight(order_no INTEGER NOT NULL REFERENCES orders(no), rule_seq INTEGER NOT NULL, weight INTEGER NOT NULL,"
	" PRIMARY KEY(order_no, rule_seq)) STRICT, WITHOUT ROWID;"
	/* One row a change; amounts are differences. */
	"CREATE TABLE entry(order_no INTEGER NOT NULL REFERENCES orders(no), seq INTEGER NOT NULL, status INTEGER NOT NULL,"
	" total INTEGER NOT NULL, orders INTEGER NOT NULL, value INTEGER NOT NULL, pending INTEGER NOT NULL, approved INTEGER NOT NULL,"
	" paid INTEGER NOT NULL, reversed INTEGER NOT NULL, clawed INTEGER NOT NULL, occurred_ms INTEGER NOT NULL,"
	" posted_ms INTEGER NOT NULL, source TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY(order_no, seq)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX entry_posted ON entry(posted_ms);"
	"CREATE TABLE posting(seq INTEGER PRIMARY KEY, order_no INTEGER NOT NULL, entry_seq INTEGER NOT NULL, account TEXT NOT NULL,"
	" currency TEXT NOT NULL, amount INTEGER NOT NULL, posted_ms INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;"
	"CREATE TRIGGER entry_keep BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'entry is append-only'); END;"
	"CREATE TRIGGER entry_hold BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'entry is append-only'); END;"
	"CREATE TRIGGER posting_keep BEFORE UPDATE ON posting BEGIN SELECT raise(ABORT, 'posting is append-only'); END;"
	"CREATE TRIGGER posting_hold BEFORE DELETE ON posting BEGIN SELECT raise(ABORT, 'posting is append-only'); END;"
	/* Messages, or parts of them, that could not be booked. */
	"CREATE TABLE quarantine(no INTEGER PRIMARY KEY, merchant TEXT NOT NULL, order_id TEXT NOT NULL, digest BLOB NOT NULL,"
	" reason TEXT NOT NULL, status INTEGER NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, occurred_ms INTEGER NOT NULL,"
	" received_ms INTEGER NOT NULL, source TEXT NOT NULL, UNIQUE(merchant, order_id, digest)) STRICT;",

	"CREATE TABLE roll(cube INTEGER NOT NULL, merchant TEXT NOT NULL, day INTEGER NOT NULL, key TEXT NOT NULL,"
	" answers INTEGER NOT NULL, eligible INTEGER NOT NULL, linked INTEGER NOT NULL, links INTEGER NOT NULL, clicks INTEGER NOT NULL,"
	" human_clicks INTEGER NOT NULL, tokens INTEGER NOT NULL, PRIMARY KEY(cube, merchant, day, key)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE takings(cube INTEGER NOT NULL, basis INTEGER NOT NULL, merchant TEXT NOT NULL, day INTEGER NOT NULL,"
	" key TEXT NOT NULL, currency TEXT NOT NULL, orders INTEGER NOT NULL, value INTEGER NOT NULL, pending INTEGER NOT NULL,"
	" approved INTEGER NOT NULL, paid INTEGER NOT NULL, reversed INTEGER NOT NULL, clawed INTEGER NOT NULL, cost INTEGER NOT NULL,"
	" PRIMARY KEY(cube, basis, merchant, day, key, currency)) STRICT, WITHOUT ROWID;"
	"INSERT INTO counter(name, n) VALUES('data_version', 1), ('generation', 0), ('as_of', 0), ('probe', 0);"
	"PRAGMA user_version=1;",
	NULL};

/* The same answer served again (its ids are deterministic): a row a serve after the first, with its own time and numbers, and the links it
 * showed. later: the link was not among the first serve's, since the catalog had changed in between. */
const char *const schema_ledger_2[] = {
	"ALTER TABLE insertion ADD COLUMN serves INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE link ADD COLUMN later INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE serve(no INTEGER PRIMARY KEY, insertion_no INTEGER NOT NULL REFERENCES insertion(no), at_ms INTEGER NOT NULL,"
	" decision TEXT NOT NULL, form TEXT NOT NULL, app TEXT NOT NULL, model TEXT NOT NULL, eligible INTEGER NOT NULL,"
	" prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, cost INTEGER NOT NULL, currency TEXT NOT NULL) STRICT;"
	"CREATE INDEX serve_at ON serve(at_ms);"
	"CREATE TABLE serve_link(serve_no INTEGER NOT NULL REFERENCES serve(no), link_no INTEGER NOT NULL REFERENCES link(no),"
	" PRIMARY KEY(serve_no, link_no)) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version=2;",
	NULL};

/* Clicks get a number, and the roll-ups say up to which numbers they count (counters rolled_*): events are written without them, and they
 * follow in strides (sqlite_roll.c). Rows of insertion, serve and click are therefore never deleted. Visits live in memory. */
const char *const schema_ledger_3[] = {
	"ALTER TABLE click RENAME TO old_click; DROP INDEX click_at;"
	"CREATE TABLE click(no INTEGER PRIMARY KEY, click BLOB NOT NULL UNIQUE, insertion BLOB NOT NULL, link BLOB NOT NULL,"
	" link_no INTEGER NOT NULL, product_key INTEGER NOT NULL, at_ms INTEGER NOT NULL, merchant TEXT NOT NULL, product TEXT NOT NULL,"
	" phrase TEXT NOT NULL, form TEXT NOT NULL, app TEXT NOT NULL, model TEXT NOT NULL, class TEXT NOT NULL, rule TEXT NOT NULL,"
	" visitor BLOB) STRICT;"
	"INSERT INTO click(click, insertion, link, link_no, product_key, at_ms, merchant, product, phrase, form, app, model, class, rule, visitor)"
	" SELECT c.click, c.insertion, c.link, coalesce(l.no, 0), c.product_key, c.at_ms, c.merchant, c.product, c.phrase, c.form, c.app, c.model,"
	" c.class, c.rule, c.visitor FROM old_click c LEFT JOIN link l ON l.link = c.link ORDER BY c.click;"
	"CREATE INDEX click_at ON click(at_ms);"
	"DROP TABLE old_click; DROP TABLE seen;",

	"UPDATE link SET clicks = c.n, human_clicks = c.h FROM (SELECT link_no, count(*) n, sum(class = 'human') h FROM click GROUP BY link_no) c"
	" WHERE link.no = c.link_no;"
	"INSERT INTO counter(name, n) VALUES('rolled_insertion', coalesce((SELECT max(no) FROM insertion), 0)),"
	" ('rolled_serve', coalesce((SELECT max(no) FROM serve), 0)), ('rolled_click', coalesce((SELECT max(no) FROM click), 0));"
	"PRAGMA user_version=3;",
	NULL};

/* Money: what is rounded off is posted too (micro), deals are frozen with the order, networks report orders in rows (part), what cannot be
 * matched yet is parked, and every version of a merchant's data is kept, for rules hold by the order's date. */
const char *const schema_ledger_4[] = {
	"ALTER TABLE orders ADD COLUMN rest INTEGER NOT NULL DEFAULT 0; ALTER TABLE orders ADD COLUMN stated_rest INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE orders ADD COLUMN deal INTEGER NOT NULL DEFAULT 0; ALTER TABLE orders ADD COLUMN share_ppm INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE posting ADD COLUMN micro INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE quarantine ADD COLUMN state INTEGER NOT NULL DEFAULT 0; ALTER TABLE quarantine ADD COLUMN commission INTEGER;"
	"ALTER TABLE quarantine ADD COLUMN commission_rest INTEGER NOT NULL DEFAULT 0; ALTER TABLE quarantine ADD COLUMN click BLOB;"
	"ALTER TABLE quarantine ADD COLUMN row_id TEXT NOT NULL DEFAULT '';"
	"CREATE INDEX quarantine_parked ON quarantine(merchant, order_id) WHERE state = 1;"
	/* Amounts are the row's own, in micro units. */
	"CREATE TABLE part(merchant TEXT NOT NULL, order_id TEXT NOT NULL, source TEXT NOT NULL, row_id TEXT NOT NULL, currency TEXT NOT NULL,"
	" total INTEGER NOT NULL, commission INTEGER, status INTEGER NOT NULL, changed_ms INTEGER NOT NULL, shadow INTEGER NOT NULL,"
	" PRIMARY KEY(merchant, order_id, source, row_id)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX part_row ON part(merchant, source, row_id);"
	"CREATE TABLE merchant_version(merchant TEXT NOT NULL, from_ms INTEGER NOT NULL, json TEXT NOT NULL,"
	" PRIMARY KEY(merchant, from_ms)) STRICT, WITHOUT ROWID;"
	"INSERT INTO merchant_version(merchant, from_ms, json) SELECT merchant, changed_ms, json FROM merchant;"
	"PRAGMA user_version=4;",
	NULL};

/* Clicks say whether they were the visitor's first on the product, and from which network; links may be confirmed as shown. An app
 * (confirming) that confirms has, from the day of its first confirmation on, its links counted as shown only when confirmed: the answers of
 * that day that were counted already are taken back by rows of n = -1. */
const char *const schema_ledger_5[] = {
	"ALTER TABLE click ADD COLUMN network BLOB;"
	"ALTER TABLE click ADD COLUMN uniq INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE insertion ADD COLUMN confirms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE serve ADD COLUMN confirms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE link ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE confirming(app TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE impression(no INTEGER PRIMARY KEY, link_no INTEGER NOT NULL REFERENCES link(no), at_ms INTEGER NOT NULL,"
	" n INTEGER NOT NULL, merchant TEXT NOT NULL, product TEXT NOT NULL, phrase TEXT NOT NULL, form TEXT NOT NULL, app TEXT NOT NULL,"
	" model TEXT NOT NULL) STRICT;"
	"CREATE INDEX impression_at ON impression(at_ms);"
	"CREATE INDEX serve_link_link ON serve_link(link_no);",

	"ALTER TABLE roll ADD COLUMN unique_clicks INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE roll ADD COLUMN impressions INTEGER NOT NULL DEFAULT 0;"
	"UPDATE roll SET impressions = links;"
	"INSERT INTO counter(name, n) VALUES('rolled_impression', 0);"
	"PRAGMA user_version=5;",
	NULL};

/* The roll-ups are kept for days of several zones, for months and for the last quarters of an hour: column cube says which (spread.h), column day
 * counts the span. They are made anew from the events when the file is opened next (counter roll_built). */
const char *const schema_ledger_6[] = {
	"DELETE FROM roll; DELETE FROM takings;"
	"CREATE TABLE zone(no INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
	"INSERT INTO zone(no, name) VALUES(0, 'UTC');"
	"INSERT INTO counter(name, n) VALUES('roll_built', 0), ('first_quarter', -1000000000000);"
	"PRAGMA user_version=6;",
	NULL};

/* What shoppers asked for and got no link for: names of our lexicon and of catalog categories. */
const char *const schema_ledger_7[] = {
	"CREATE TABLE demand(insertion_no INTEGER NOT NULL REFERENCES insertion(no), name TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,"
	" PRIMARY KEY(insertion_no, name, kind)) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version=7;",
	NULL};

/* Second file: catalogs. They are uploaded in transactions of seconds, and clicks must not wait for those. target outlives product. */
const char *const schema_catalog[] = {
	"CREATE TABLE counter(name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE catalog(no INTEGER PRIMARY KEY, merchant TEXT NOT NULL UNIQUE, generation TEXT NOT NULL,"
	" changed_ms INTEGER NOT NULL) STRICT;"
	"CREATE TABLE product(no INTEGER PRIMARY KEY, catalog_no INTEGER NOT NULL REFERENCES catalog(no), id TEXT NOT NULL,"
	" line TEXT NOT NULL, product_key INTEGER NOT NULL, UNIQUE(catalog_no, id)) STRICT;"
	"CREATE TABLE target(product_key INTEGER PRIMARY KEY, catalog_no INTEGER NOT NULL REFERENCES catalog(no), id TEXT NOT NULL,"
	" url TEXT NOT NULL, departed_ms INTEGER NOT NULL) STRICT;"
	"CREATE INDEX target_departed ON target(departed_ms) WHERE departed_ms > 0;"
	"INSERT INTO counter(name, n) VALUES('data_version', 1);"
	"PRAGMA user_version=1;",
	NULL};
