/* base: what every room stands on. Slices, bounded buffers, arenas, errors, UTF-8,
 * hashing, money, times as values, YAML documents, the log and the metrics.
 *
 * Refuses: anything that knows what a product, a link or a request is.
 * Owns: nothing global but the log's level and the metric counters (relaxed atomics).
 * Threads: all functions are re-entrant; one buf, arena, map or doc belongs to one
 * thread at a time (a finished map or doc may be read by many).
 * Memory words, everywhere in Inlay: _new/_free heap, _init/_done caller's storage,
 * _ref/_unref counted, _take arena. A struct str is always borrowed. */
#ifndef BASE_H
#define BASE_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* ---- errors ------------------------------------------------------------------ */

enum status {
	OK = 0,
	E_NOMEM = -1,    /* memory, or a stated maximum of a buffer or arena, ran out */
	E_INPUT = -2,    /* the caller's bytes are wrong; the text says where */
	E_MISSING = -3,  /* what was named is not there */
	E_CONFLICT = -4, /* it is there already, or has changed meanwhile */
	E_BUSY = -5,     /* a bounded queue is full, or a peer is away: try again */
	E_IO = -6,       /* disk, socket or database said no */
	E_BUG = -7,      /* cannot happen */
	E_DENIED = -8,   /* a signature or key does not verify */
};

/* Filled on failure only, where the caller passed one. */
struct err {
	enum status status;
	char where[64]; /* field, JSON pointer, or "line 12" */
	char text[256]; /* one sentence for a person */
};

/* Fills e (may be NULL) and returns s, so that `return err_set(...)` reads well. */
enum status err_set(struct err *e, enum status s, const char *where, const char *fmt, ...) PRINTF_LIKE(4, 5);
#ifdef __clang_analyzer__ /* sees one file at a time, and would think that it may return OK */
#define err_set(e, s, ...) (err_set(e, s, __VA_ARGS__), (s))
#endif
const char *status_name(enum status s);
/* A deliberate ignore, greppable. */
void err_ignore(enum status s);

/* ---- slices ------------------------------------------------------------------- */

struct str {
	const char *p;
	size_t n;
};
#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})
#define STR_NONE ((struct str){NULL, 0})
#define STR_ARG(s) (int)(s).n, (s).p /* for "%.*s" */

struct str str_of(const char *z); /* NULL gives the empty slice */
struct str str_sub(struct str s, size_t from, size_t to); /* [from, to), clamped */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII case only */
int str_cmp(struct str a, struct str b);        /* bytes as unsigned, then length */
bool str_starts(struct str s, struct str head);
bool str_ends(struct str s, struct str tail);
/* First offset of needle at or after from, or s.n if there is none. */
size_t str_find(struct str s, struct str needle, size_t from);
struct str str_trim(struct str s); /* ASCII white space at both ends */
/* Cuts *rest at the first sep: returns the part before, moves *rest behind it. */
struct str str_cut(struct str *rest, char sep);
/* Whole string as decimal; false on anything else or overflow. */
bool str_int(struct str s, int64_t *out);
/* Numeric order of two doubles, for qsort; NaN counts as smallest. */
int cmp_double(double a, double b);

/* ---- UTF-8 --------------------------------------------------------------------- */

/* Decodes one code point at s.p; returns its length, 0 when s is empty, and -1 when the
 * bytes are malformed (overlong, surrogate, above U+10FFFF) or cut short. */
int utf8_next(struct str s, uint32_t *cp_out);
int utf8_put(char out[4], uint32_t cp); /* returns the length, 0 if cp is no scalar value */
bool utf8_valid(struct str s);
/* Length of the longest prefix of s that does not end inside a code point. */
size_t utf8_whole(struct str s);

/* ---- buffers ------------------------------------------------------------------- */

/* Bytes that grow up to max. Failure is sticky: after one refused growth, failed is set,
 * further puts do nothing, and the holder checks once. p is NUL-terminated when not NULL. */
struct buf {
	char *p;
	size_t n, cap, max;
	bool failed;
};
void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* keeps memory, forgets failure */
void buf_put(struct buf *b, struct str s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Removes n bytes at the front. */
void buf_drop(struct buf *b, size_t n);
/* Hands the malloc'd bytes over (never NULL unless failed); b is empty afterwards. */
char *buf_steal(struct buf *b, size_t *n_out);
struct str buf_str(const struct buf *b);
/* s as a JSON string with its quotes, valid UTF-8 assumed; for hand-written JSON. */
void buf_put_json(struct buf *b, struct str s);
/* Percent-encodes everything but RFC 3986 unreserved characters. */
void buf_put_url(struct buf *b, struct str s);

/* ---- arenas --------------------------------------------------------------------- */

/* Memory that is freed all at once. Zeroed. Over max (or at the failure injected by
 * arena_fail_after) arena_take returns NULL and the arena stays failed. */
struct arena;
struct arena *arena_new(size_t max);
void arena_free(struct arena *a);
void arena_reset(struct arena *a); /* all taken memory is gone; failure is forgotten */
void *arena_take_bytes(struct arena *a, size_t n, size_t align);
#define ARENA_TAKE(a, type, count) ((type *)arena_take_array((a), (count), sizeof(type), _Alignof(type)))
void *arena_take_array(struct arena *a, size_t count, size_t size, size_t align);
/* A NUL-terminated copy; {NULL,0} when the arena has failed. */
struct str arena_take_str(struct arena *a, struct str s);
struct str arena_take_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool arena_failed(const struct arena *a);
size_t arena_used(const struct arena *a);
/* Tests: the n-th take from now on fails (0 is the next one). */
void arena_fail_after(struct arena *a, size_t n);

/* Zeroed memory for large tables, by huge pages where the machine has them; NULL: no memory. */
void *pages_new(size_t n);
void pages_free(void *p, size_t n);

/* ---- JSON, read ------------------------------------------------------------------
 * RFC 8259, strictly, for the two hot inputs (insert requests, product lines); other places use jansson. pull_check reads the whole
 * text once, allocates nothing and keeps no tree: the values below are slices of checked text, and reading them cannot
 * fail for its syntax. What pull_check refuses besides bad syntax: bad UTF-8, lone surrogates, U+0000, nesting deeper than
 * PULL_MAX_DEPTH, and anything but an object or array outside. */

#define PULL_MAX_DEPTH 2048
enum pull_kind { PULL_NONE, PULL_NULL, PULL_FALSE, PULL_TRUE, PULL_NUMBER, PULL_STRING, PULL_ARRAY, PULL_OBJECT };
struct pull { /* one value; text "" is none */
	struct str text;
};
/* E_INPUT: e says what is wrong at which byte. */
MUST_USE enum status pull_check(struct str text, struct pull *out, struct err *e);
enum pull_kind pull_kind(struct pull v);
/* Walks an object's fields, or an array's elements (key may be NULL then), from *at 0; false at the end. The key is as it is written, without its quotes. */
bool pull_next(struct pull v, size_t *at, struct str *key, struct pull *value);
/* Is a key, as written, this name (at most 64 bytes)? Escapes count as what they stand for. */
bool pull_key_is(struct str key, struct str name);
/* The first field of an object with that name; PULL_NONE: it has none, or is no object. */
struct pull pull_member(struct pull object, const char *name);
/* The string's bytes: a slice of the text where it has no escapes, else in a. {NULL,0}: no memory, or no string. */
struct str pull_text(struct pull v, struct arena *a);
/* A number without fraction and exponent; false if it is none, or does not fit. */
bool pull_int(struct pull v, int64_t *out);
/* Any number as the nearest double; infinite where it is too large. */
double pull_double(struct pull v);

/* ---- hashing and string maps ------------------------------------------------------ */

/* Not for secrets. Mix in a random seed where an attacker picks the keys. */
uint64_t hash_bytes(struct str s, uint64_t seed);
uint64_t hash_mix(uint64_t x);
void hex_put(char *out, const uint8_t *bytes, size_t n); /* 2n lower-case digits, no NUL */
bool hex_get(struct str hex, uint8_t *out, size_t n);

/* Ids of 16 bytes in text: 26 digits of Crockford's base 32, lower case, no NUL. Any case is read; alike: o as 0, i and l as 1, where a
 * person may have typed it. out is untouched on failure. */
#define BASE32_ID 26
void base32_put(char out[BASE32_ID], const uint8_t id[16]);
bool base32_get(struct str s, bool alike, uint8_t out[16]);
char base32_digit(unsigned v);           /* of the low five bits */
int base32_value(char c, bool alike);    /* -1: no digit */

/* String to uint32_t. Keys are borrowed: they must outlive the map. */
struct map;
struct map *map_new(size_t expected, uint64_t seed);
void map_free(struct map *m);
#define MAP_NONE UINT32_MAX
uint32_t map_get(const struct map *m, struct str key); /* MAP_NONE if absent */
/* Inserts value unless key is there. Returns the value now stored (MAP_NONE: no memory). */
uint32_t map_add(struct map *m, struct str key, uint32_t value);
/* Inserts or overwrites. */
bool map_set(struct map *m, struct str key, uint32_t value);
size_t map_count(const struct map *m);

/* ---- kernels -------------------------------------------------------------------------- */

/* The hottest loops are written for several instruction sets. All give the same results. */
enum cpu_kernel { CPU_PLAIN, CPU_AVX2, CPU_AVX512, CPU_KERNELS };
bool cpu_runs(enum cpu_kernel k); /* on this machine */
enum cpu_kernel cpu_best(void);
struct str cpu_kernel_name(enum cpu_kernel k); /* "plain", "avx2", "avx512" */

/* ---- money -------------------------------------------------------------------------- */

/* Integer minor units with the currency's own exponent (ISO 4217: JPY 0, USD 2, KWD 3). */
struct money {
	int64_t minor;
	char currency[4]; /* NUL-terminated upper case; "" is no money */
};
/* Exponent of an active ISO 4217 code, or -1 for an unknown one. */
int money_exponent(const char *currency);
bool money_currency(struct str code, char out[4]); /* upper-cases and checks */
/* A decimal ("12", "12.30", "-1.5") in major units of currency. More digits than the
 * exponent, exponents, signs in the middle, thousands marks: E_INPUT. */
MUST_USE enum status money_parse(struct str decimal, const char *currency, struct money *out, struct err *e);
/* Micro units (a millionth of the major unit) that one minor unit has: 10000 for USD. 0: unknown currency. */
int64_t money_micro(const char *currency);
/* As money_parse, but with up to 8 decimals and a plus sign: rounded half to even, and *rest_out is what that leaves, in micro units. */
MUST_USE enum status money_parse_fine(struct str decimal, const char *currency, struct money *out, int64_t *rest_out, struct err *e);
/* "15.00 USD" or "USD 15.00". */
MUST_USE enum status money_parse_text(struct str s, struct money *out, struct err *e);
/* "399.00" (no code). out holds at least 32 bytes. Returns the length. */
size_t money_decimal(struct money m, char out[32]);
/* amount * ppm / 1e6, half to even, 128-bit inside (facts: affiliate 3.4). */
int64_t money_ppm(int64_t amount, int64_t ppm);

/* ---- times as values ------------------------------------------------------------------ */

/* Milliseconds since 1970 UTC. Rooms never read a clock for a decision: it is passed in. */
MUST_USE enum status time_parse(struct str rfc3339, int64_t *ms_out, struct err *e); /* also "2026-11-21" */
void time_format(int64_t ms, char out[32]); /* 2026-11-21T18:00:00.000Z */
void time_day(int64_t ms, char out[16]);    /* 2026-11-21, UTC */
int64_t now_ms(void);                       /* wall clock; doors and app only */
int64_t mono_us(void);                      /* monotonic */
/* n bytes from the kernel's generator; aborts if there is none. */
void random_bytes(void *out, size_t n);

/* ---- documents (YAML, parsed with libyaml; no tags, anchors or merges) ---------------- */

enum doc_kind { DOC_SCALAR, DOC_LIST, DOC_MAP };
struct doc {
	enum doc_kind kind;
	struct str text;         /* scalar; in a map's items: see key */
	struct str key;          /* set on the items of a map */
	const struct doc *items; /* list or map */
	size_t count;
	int line; /* 1-based, for messages */
};
/* Everything is copied into a; NULs, duplicate keys and depth over 32 are E_INPUT. */
MUST_USE enum status doc_parse(struct str yaml, struct arena *a, const struct doc **out, struct err *e);
const struct doc *doc_get(const struct doc *map, const char *key); /* NULL if absent or d is no map */
/* Scalars by key with a default; E_INPUT names the key when the value has another form. */
struct str doc_text(const struct doc *map, const char *key, struct str missing);
MUST_USE enum status doc_int(const struct doc *map, const char *key, int64_t missing, int64_t *out, struct err *e);
MUST_USE enum status doc_bool(const struct doc *map, const char *key, bool missing, bool *out, struct err *e);
MUST_USE enum status doc_real(const struct doc *map, const char *key, double missing, double *out, struct err *e);

/* ---- files ------------------------------------------------------------------------------ */

/* Whole file into malloc'd, NUL-terminated memory; over max is E_INPUT. */
MUST_USE enum status file_read(const char *path, size_t max, char **out, size_t *n_out, struct err *e);
/* Temporary, fsync, rename, fsync of the folder. */
MUST_USE enum status file_write(const char *path, struct str bytes, unsigned mode, struct err *e);

/* ---- log --------------------------------------------------------------------------------- */

/* One line an event on stderr, key=value. Rooms below the doors do not log. Never answers,
 * user ids, or tokens. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
void log_set_level(enum log_level l);
/* kv: `key=value` pairs; use log_quote for free text. */
void log_event(enum log_level l, const char *room, const char *kv, ...) PRINTF_LIKE(3, 4);
/* Quoted and escaped into out (cut to fit); returns out. */
const char *log_quote(struct str s, char *out, size_t n);

/* ---- metrics ------------------------------------------------------------------------------- */

#define METRICS(X) /* id, kind, name, labels, help */ \
	X(INSERT_LINKED, COUNTER, "inlay_inserts_total", "decision=\"linked\"", "Insert decisions") \
	X(INSERT_NONE, COUNTER, "inlay_inserts_total", "decision=\"none\"", "Insert decisions") \
	X(INSERT_UNAVAILABLE, COUNTER, "inlay_inserts_unavailable_total", "", "Inserts answered unchanged because of trouble inside") \
	X(INSERT_UNRECORDED, COUNTER, "inlay_inserts_unrecorded_total", "", "Insert answers sent before their record was durable") \
	X(INSERT_SECONDS, HISTOGRAM, "inlay_insert_seconds", "", "Time to decide an insert") \
	X(LINKS, COUNTER, "inlay_links_total", "", "Links inserted") \
	X(STREAMS_OPEN, GAUGE, "inlay_streams_open", "", "Insert streams now open") \
	X(HOOK_STREAMED, COUNTER, "inlay_hook_answers_total", "way=\"streamed\"", "Answers of the upstream, by what was done with them") \
	X(HOOK_WHOLE, COUNTER, "inlay_hook_answers_total", "way=\"whole\"", "Answers of the upstream, by what was done with them") \
	X(HOOK_PASSED, COUNTER, "inlay_hook_answers_total", "way=\"passed\"", "Answers of the upstream, by what was done with them") \
	X(HOOK_BROKEN, COUNTER, "inlay_hook_broken_total", "", "Calls whose upstream could not be reached or broke off") \
	X(HOOK_KEEP_ALIVES, COUNTER, "inlay_hook_keep_alives_total", "", "Comments sent in streams whose text was held back") \
	X(HOOK_OPEN, GAUGE, "inlay_hook_calls_open", "", "Calls to the upstream now open") \
	X(HOOK_SECONDS, HISTOGRAM, "inlay_hook_seconds", "", "Time that a piece of a stream took here") \
	X(CLICK_OK, COUNTER, "inlay_clicks_total", "result=\"recorded\"", "Clicks by result") \
	X(CLICK_UNRECORDED, COUNTER, "inlay_clicks_total", "result=\"unrecorded\"", "Clicks by result") \
	X(CLICK_REFUSED, COUNTER, "inlay_clicks_total", "result=\"refused\"", "Clicks by result") \
	X(CONVERSIONS, COUNTER, "inlay_conversions_total", "", "Conversion messages accepted") \
	X(LEDGER_BATCHES, COUNTER, "inlay_ledger_batches_total", "", "Group commits") \
	X(LEDGER_EVENTS, COUNTER, "inlay_ledger_events_total", "", "Events committed") \
	X(LEDGER_FAILURES, COUNTER, "inlay_ledger_failures_total", "", "Group commits that failed") \
	X(LEDGER_QUEUE, GAUGE, "inlay_ledger_queue", "", "Events waiting for a commit") \
	X(LEDGER_SECONDS, HISTOGRAM, "inlay_ledger_commit_seconds", "", "Time of a group commit") \
	X(CENTRAL_UP, GAUGE, "inlay_postgresql_up", "", "1 while the ledger's PostgreSQL takes what this node ships") \
	X(CATALOG_PRODUCTS, GAUGE, "inlay_catalog_products", "", "Products on the shelf") \
	X(CATALOG_BUILDS, COUNTER, "inlay_catalog_builds_total", "", "Shelf builds") \
	X(CATALOG_SECONDS, HISTOGRAM, "inlay_catalog_build_seconds", "", "Time of a shelf build") \
	X(REDIS_UP, GAUGE, "inlay_redis_up", "", "1 while Redis answers") \
	X(REDIS_CHANGES, COUNTER, "inlay_redis_changes_total", "", "Catalog changes heard from Redis") \
	X(REDIS_REFILLS, COUNTER, "inlay_redis_refills_total", "", "Merchant catalogs written to Redis") \
	X(HTTP_2XX, COUNTER, "inlay_http_responses_total", "class=\"2xx\"", "HTTP responses") \
	X(HTTP_3XX, COUNTER, "inlay_http_responses_total", "class=\"3xx\"", "HTTP responses") \
	X(HTTP_4XX, COUNTER, "inlay_http_responses_total", "class=\"4xx\"", "HTTP responses") \
	X(HTTP_5XX, COUNTER, "inlay_http_responses_total", "class=\"5xx\"", "HTTP responses") \
	X(HTTP_CUT, COUNTER, "inlay_http_cut_total", "", "Connections cut by the deadline watchdog") \
	X(HTTP_CONNECTIONS, GAUGE, "inlay_http_connections", "", "Open connections")

#define METRIC_ENUM(id, kind, name, labels, help) METRIC_##id,
enum metric { METRICS(METRIC_ENUM) METRIC_COUNT };
#undef METRIC_ENUM
void metric_add(enum metric m, int64_t n);          /* counters and gauges */
void metric_set(enum metric m, int64_t value);      /* gauges */
void metric_observe_us(enum metric m, int64_t us);  /* histograms */
int64_t metric_value(enum metric m);                /* for tests and the console */
/* Prometheus text 0.0.4, or OpenMetrics 1.0 (with its _total rules and # EOF). */
void metric_render(struct buf *out, bool openmetrics);

#endif
