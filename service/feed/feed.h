/* feed: catalogs from the formats merchants have, and Redis as the nodes' shared cache and bell.
 *
 * Reading is strict: every refused line is reported with line, field and reason; an upload is taken whole or not at all
 * (the caller decides by the report). Redis is never on a request path: one struct feed_cache is used by one
 * background thread. hiredis calls common to 0.14 and 1.x; a context that failed is freed, never reused.
 *
 * Refuses: deciding what is served (flow), durable truth (ledger). Owns: readers own nothing of the input.
 * Threads: readers are re-entrant; a cache belongs to one thread, feed_cache_stop may come from another. */
#ifndef FEED_H
#define FEED_H

#include "base/base.h"
#include "catalog/catalog.h"

/* ---- reading ------------------------------------------------------------------------ */

enum feed_format { FEED_INLAY, FEED_ACP, FEED_OPENAI, FEED_GOOGLE, FEED_FORMAT_COUNT };
enum feed_container { FEED_JSONL, FEED_TSV, FEED_CSV, FEED_JSON, FEED_XML };
bool feed_format_parse(struct str name, enum feed_format *out); /* "inlay", "acp", "openai", "google" */
/* From a Content-Type (parameters ignored); false: 415. */
bool feed_container_parse(struct str content_type, enum feed_container *out);
/* Guess from a file name and its first bytes, for the command line. */
enum feed_format feed_format_guess(struct str path, struct str head, enum feed_container *container_out);

struct feed_error {
	uint64_t line; /* 1-based, header included */
	char id[64];
	char field[40];
	char detail[160];
};
struct feed_report {
	uint64_t accepted, rejected, unchanged, deleted;
	struct feed_error *errors; /* the first FEED_MAX_ERRORS, malloc'd */
	size_t error_count;
};
#define FEED_MAX_ERRORS 100
#define FEED_MAX_LINE (1u << 20)
void feed_report_done(struct feed_report *r);

struct feed_options {
	enum feed_format format;
	enum feed_container container;
	bool lenient; /* `inlay insert`: price as bare number with `currency`, a missing url is made, url hosts are not checked,
	                 the line's own `merchant` field names the merchant */
	bool gzip;    /* input is gzip (also recognised by its magic when read from a file) */
	size_t max_bytes; /* of a part's memory; also caps what gzip unpacks to */
	int64_t now_ms;   /* for expiry */
};

/* Reads a whole feed for one merchant into a new part. `old` (may be NULL) is what it replaces, for `unchanged`.
 * Not OK only when nothing can be read at all (truncated gzip, not UTF-8 text, memory): then *out is untouched. A UTF-8 BOM,
 * CRLF and a last line without newline are fine. Product URLs must be on the merchant's hosts unless lenient. */
MUST_USE enum status feed_read_part(struct str bytes, const struct feed_options *o, const struct merchant *m, struct str generation,
                                    const struct catalog_part *old, struct catalog_part **out, struct feed_report *report, struct err *e);
/* PATCH: JSON Lines of changes on top of old: a line changes the fields it names (null clears an optional one), a new id needs all required
 * ones, {"id","deleted":true} removes. */
MUST_USE enum status feed_patch_part(struct str bytes, const struct feed_options *o, struct str generation, struct catalog_part *old,
                                     struct catalog_part **out, struct feed_report *report, struct err *e);
/* `inlay insert --catalog FILE[=MERCHANT]`: a file (maybe .gz) that may hold several merchants when lenient. Appends parts, generation
 * "file". Format and container are guessed from the unpacked bytes, those in o are not looked at. Without merchant: lenient lines' own,
 * else the file's name ("shops/Tea House.jsonl.gz" is tea-house). Merchants are made up: plain, redirect, hosts those of their products. */
struct feed_parts {
	struct catalog_part **part;
	size_t count;
};
void feed_parts_done(struct feed_parts *p);
MUST_USE enum status feed_read_file(const char *path, struct str merchant, const struct feed_options *o, struct feed_parts *into,
                                    struct feed_report *report, struct err *e);

/* The canonical Inlay JSON line of a product (no newline), and back (strict, one line; strings are slices of it, or in a). What Redis and the
 * ledger store. */
void feed_line_write(const struct product *p, struct buf *out);
MUST_USE enum status feed_line_read(struct str line, struct arena *a, struct product *out, struct err *e);

/* ---- Redis ---------------------------------------------------------------------------
 * Keys (DESIGN, facts server 3); {M} is the merchant's hash tag:
 *   inlay:merchants            hash: merchant -> JSON {"merchant":{…} (no secret),"generation":"gen-12+3","version":V,"chunks":N,"count":N,"digest":…}
 *   inlay:cat:{M}:V:c:N        chunk: up to 256 JSON lines of version V
 *   inlay:cat:{M}:V:d:N        changes on top: products as they are now, {"id":…,"deleted":true} for those that have gone
 *   inlay:log                  stream: XADD MAXLEN ~ 10000 {merchant, generation, version}
 *   inlay:epoch                random id made with the first fill: a change of it (flush, other server) is a full reload
 * A version is visible only by its entry in inlay:merchants (one HSET after all chunks): readers never see half. Replaced
 * chunks expire after 60 s, those of a writer that died after an hour. */
struct feed_cache;
/* url: "unix:PATH" or "redis://[user:pass@]host[:port][/db]". Connects lazily: 1 s connect, 500 ms command timeouts, back-off 50 ms..5 s with
 * jitter, SIGPIPE ignored by the caller. */
MUST_USE enum status feed_cache_new(struct str url, struct feed_cache **out, struct err *e);
void feed_cache_free(struct feed_cache *c);
void feed_cache_stop(struct feed_cache *c); /* any thread: a blocked wait returns E_BUSY soon */
bool feed_cache_up(const struct feed_cache *c);

/* Writes one merchant and rings the bell: what has changed since old, where Redis holds just that and it is little, else whole under a new
 * version. old may be NULL. E_IO: Redis is away; nothing half-visible is left. */
MUST_USE enum status feed_cache_put(struct feed_cache *c, const struct catalog_part *old, const struct catalog_part *p, struct err *e);
MUST_USE enum status feed_cache_remove(struct feed_cache *c, struct str merchant, struct err *e);
/* Reads one merchant, checked against its digest; only what has changed where `have` (may be NULL) was got from here last. E_MISSING: not cached. E_INPUT: damaged or foreign; damage for good takes the entry
 * away and rings the bell, so that the owner, who finds the merchant missing from the list, writes it again. */
MUST_USE enum status feed_cache_get(struct feed_cache *c, struct str merchant, struct catalog_part *have, size_t max_bytes, struct catalog_part **out,
	struct err *e);
/* What is there: merchant -> generation, from inlay:merchants. */
struct feed_listing {
	struct str merchant, generation;
};
MUST_USE enum status feed_cache_list(struct feed_cache *c, struct arena *a, struct feed_listing **out, size_t *n_out, struct err *e);
/* Waits up to timeout_ms for changes. Names (in a) of changed merchants; *all_out is true when everything must be looked at again
 * (reconnected, stream trimmed, epoch changed, first call). E_BUSY: stopped or nothing happened. E_IO: Redis is away (call again). */
MUST_USE enum status feed_cache_wait(struct feed_cache *c, int timeout_ms, struct arena *a, struct str **merchants_out, size_t *n_out, bool *all_out,
                                     struct err *e);

/* Counters of a day that all nodes add to. Adds count, and tells the totals of those keys, of keys that others have added to since the last
 * call, and (first call, new day, reconnected) of all there are.
 * told: with count in it. E_IO: Redis is away; whether count was added is then not known. */
#define FEED_COUNTER_KEY 16
struct feed_counter {
	uint8_t key[FEED_COUNTER_KEY];
	int64_t n;
};
MUST_USE enum status feed_cache_count(struct feed_cache *c, int64_t day, const struct feed_counter *count, size_t n,
                                      void (*total)(void *arg, int64_t day, const struct feed_counter *f, bool told), void *arg, struct err *e);

/* Small named values that the nodes share (inlay:<name>): the owner of the ledger writes, the others read. E_MISSING: not written yet. */
MUST_USE enum status feed_cache_note(struct feed_cache *c, struct str name, struct str value, struct err *e);
MUST_USE enum status feed_cache_noted(struct feed_cache *c, struct str name, struct buf *out, struct err *e);

#endif
