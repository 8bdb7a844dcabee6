/* What the files of http share: the server, a request on its way, routes, replies, waiting. Private to http.
 *
 * A request is made when MHD has read its first line, and freed in MHD's completed callback. A route's function runs on an MHD thread (POOL) or
 * on a worker (the connection is suspended meanwhile), fills r->reply, and returns ANSWERED; a POOL route may return WAITING after wait_for_ledger. */
#ifndef HTTP_DOOR_H
#define HTTP_DOOR_H

#include "http/http.h"

#include <microhttpd.h>
#include <pthread.h>

struct request;
struct door;

/* ---- connections under a deadline (watchdog.c) ----------------------------------------------- */

struct visit {
	struct visit *next, *prev;
	int fd;
	bool cut;
	bool ended;                  /* the client had said its last word by the latest look */
	_Atomic int64_t deadline_us; /* INT64_MAX: none */
	bool first;                  /* no request was completed yet: the deadline counts from the accept */
};
struct watchdog {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct visit *visits;
	pthread_t thread;
	bool stop;
};
enum status watchdog_start(struct watchdog *w, struct err *e);
void watchdog_stop(struct watchdog *w);
struct visit *watchdog_add(struct watchdog *w, int fd, int64_t deadline_us); /* NULL: no memory */
/* Before the fd is closed: no shutdown() can hit another's socket afterwards. */
void watchdog_remove(struct watchdog *w, struct visit *v);

/* ---- bodies (body.c, unpack.c) ------------------------------------------------------------------- */

#define BODY_IN_MEMORY (256u * 1024)
struct body {
	struct buf mem;
	int fd; /* -1: in memory; else an unlinked file that holds all n bytes */
	size_t n, cap;
	void *map;
	const char *temp_dir; /* NULL: never to a file */
};
void body_init(struct body *b, size_t cap, const char *temp_dir);
void body_done(struct body *b);
/* E_NOMEM: over cap. E_IO: the file. */
MUST_USE enum status body_add(struct body *b, struct str bytes);
MUST_USE enum status body_bytes(struct body *b, struct str *out); /* mapped where it is a file */
enum coding { CODING_NONE, CODING_GZIP, CODING_ZSTD };
bool coding_parse(struct str content_encoding, enum coding *out);
/* Replaces the body by what it unpacks to. E_NOMEM: over the cap. E_INPUT: damaged or cut short. */
MUST_USE enum status body_unpack(struct body *b, enum coding c, struct err *e);

/* ---- replies (reply.c) ------------------------------------------------------------------------------ */

#define REPLY_HEADERS 10
#define REPLY_MAX (256u << 20)
struct reply {
	int status; /* 0: none yet */
	const char *type;
	struct buf body;
	struct {
		const char *name;
		char *value; /* malloc'd */
	} header[REPLY_HEADERS];
	unsigned header_count;
};
void reply_init(struct reply *p);
void reply_done(struct reply *p);
void reply_clear(struct reply *p);
void reply_header(struct reply *p, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
struct request;
/* Status and type; the body is what was put into r->reply.body. A body that outgrew memory becomes 500. */
void reply_send(struct request *r, int status, const char *type);
void reply_json(struct request *r, int status);
/* application/problem+json in place of whatever was in the reply. */
void problem(struct request *r, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);
void problem_field(struct request *r, int status, const char *pointer, const char *detail);
/* The one translation of statuses of rooms. */
int http_status_of(enum status s);
void problem_of(struct request *r, enum status s, const struct err *e);
enum MHD_Result reply_queue(struct request *r, bool closing);
void count_status(int status);

/* ---- parameters (params.c) ------------------------------------------------------------------------------- */

#define PARAMS_MAX 64
struct params {
	struct credit_param *p; /* decoded, in an arena; names and values are UTF-8 */
	size_t n;
};
/* application/x-www-form-urlencoded. E_INPUT: too many, or not UTF-8. */
MUST_USE enum status params_parse(struct str encoded, struct arena *a, struct params *out, struct err *e);
struct str params_get(const struct params *p, const char *name); /* the first; {NULL,0} if absent */
/* Percent-decodes into a; '+' stays unless form. */
struct str percent_decode(struct str s, bool form, struct arena *a);
/* A decimal from min to max, missing when absent. E_INPUT names the parameter. */
MUST_USE enum status params_int(const struct params *p, const char *name, int64_t missing, int64_t min, int64_t max, int64_t *out, struct err *e);
bool params_flag(const struct params *p, const char *name); /* 1, true or empty */

/* ---- keys (keyring.c) ------------------------------------------------------------------------------------------ */

struct caller {
	bool known;
	unsigned roles;
	char key_id[16];
	char merchant[LEDGER_NAME]; /* "" any */
};
struct keyring {
	pthread_rwlock_t lock;
	struct ledger_key *key;
	size_t count;
	bool required; /* latches */
};
enum status keyring_reload(struct keyring *k, struct ledger *l, struct err *e);
/* E_DENIED: a key is needed and this is none (present tells whether one was shown). */
MUST_USE enum status keyring_check(struct keyring *k, struct str key, bool present, struct caller *out);
/* False after a problem was put into the reply: 401, 403. */
bool caller_admitted(struct request *r);

/* ---- routes (route.c) ---------------------------------------------------------------------------------------------- */

enum turn { ANSWERED, WAITING };
enum where { POOL, WORKER, UPLOAD }; /* UPLOAD: a worker too, never all of them */
enum body_kind { BODY_NONE, BODY_SMALL, BODY_JSON, BODY_LINES, BODY_UPLOAD, BODY_GUEST }; /* GUEST: any, or none; as it came */
#define R_PUBLISHER ROLE_PUBLISHER
#define R_MERCHANT ROLE_MERCHANT
#define R_FINANCE ROLE_FINANCE
#define R_ADMIN ROLE_ADMIN
struct route {
	const char *method, *path; /* {x} is one segment */
	unsigned roles;            /* 0: public */
	enum where where;
	enum body_kind body;
	bool private_door; /* behind --admin-listen where there is one */
	bool needs_ledger; /* 421 on an insert-only node */
	enum turn (*answer)(struct request *r);
	/* For /openapi.json */
	const char *summary, *query, *takes, *gives; /* query: names by comma; takes, gives: schema or media type, "" none */
};
extern const struct route routes[];
extern const size_t route_count;
#define ALLOW_MOST 64
/* NULL: 404 or 405 (then *allow_out is not empty). Fills r->segment. */
const struct route *route_find(struct request *r, struct str method, struct str path, char allow_out[ALLOW_MOST]);

/* ---- a request ------------------------------------------------------------------------------------------------------- */

#define REQUEST_MAGIC 0x494E4C59u
enum stage { STAGE_NEW, STAGE_BODY, STAGE_WAITING, STAGE_READY };
struct request {
	uint32_t magic;
	struct door *door;
	struct http_server *server;
	struct MHD_Connection *connection;
	struct visit *visit;
	const struct route *route;
	enum stage stage;
	bool head, refused, flooded;  /* refused: the reply stands already, the body is only drained */
	struct str target;            /* raw, malloc'd */
	struct str raw_query;
	struct str segment[3];        /* decoded parts of the path that stand for {x} */
	struct params query;
	struct arena *arena;
	struct caller caller;
	struct body body;
	enum coding coding;
	struct str bytes; /* the body, unpacked, when the route's function runs */
	struct reply reply;
	struct hook_call *call; /* a guest's, on its way to the upstream and back */
	int64_t began_us;
	char trace[33]; /* of traceparent, or "" */
	char method[12];
	/* waiting for a commit */
	enum status settled;
	void (*after)(struct request *r, enum status s);
	struct request *next; /* in a worker's queue */
};
struct str request_header(const struct request *r, const char *name); /* {NULL,0} if absent */
/* After suspend: the MHD thread goes on with it. The caller must not touch r afterwards. */
void request_suspend(struct request *r);
void request_resume(struct request *r);

/* What a worker does with r: the body is unpacked, the route's function runs. */
void worker_answer(struct request *r);

/* ---- workers (workers.c) -------------------------------------------------------------------------------------------------- */

struct queue {
	struct request *head, *tail;
	size_t n;
};
#define WORKERS_MAX 4
#define WORKERS_QUEUE 256
struct workers {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue quick, upload;
	unsigned uploading;
	pthread_t thread[WORKERS_MAX];
	unsigned count;
	bool stop;
};
enum status workers_start(struct workers *w, unsigned n, struct err *e);
/* Runs what is queued, then ends the threads. */
void workers_stop(struct workers *w);
/* Suspends and queues; false when the queue is full (nothing was suspended). */
bool workers_take(struct workers *w, struct request *r, bool upload);

/* ---- waiting for a commit, with a bound (waits.c) ------------------------------------------------------------------------------ */

enum wait_kind { WAIT_CLICK, WAIT_INSERT, WAIT_KINDS };
struct wait;
struct waits {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct {
		struct wait *head, *tail;
		int64_t limit_us;
	} lane[WAIT_KINDS]; /* each in order of deadline, as its limit is one */
	pthread_t thread;
	bool stop;
};
enum status waits_start(struct waits *w, int64_t click_us, int64_t insert_us, struct err *e);
void waits_stop(struct waits *w);
/* Suspends r, submits the event, and resumes r exactly once: after the commit, or its failure, or the bound (E_BUSY). Then `after` runs on the
 * MHD thread before the reply goes out. Returns WAITING, always. */
enum turn wait_for_ledger(struct request *r, enum wait_kind k, enum ledger_event_kind kind, const void *event, void (*after)(struct request *r, enum status s));

/* ---- insert streams (streams.c) ---------------------------------------------------------------------------------------------------- */

#define STREAM_BUCKETS 1024
#define STREAM_UNHEARD_US (600 * 1000000LL)
struct stream {
	struct stream *next; /* in its bucket */
	uint8_t id[16];
	char key_id[16]; /* who opened it */
	bool busy;       /* a call has it: nobody else touches it */
	bool ended;      /* only the last reply is kept, for repeats */
	int64_t seq, heard_us, took_us;
	struct insert *in; /* NULL: ended, or opened before a shelf was there (bytes pass unchanged) */
	struct buf reply;  /* to seq */
};
struct streams {
	pthread_mutex_t lock;
	struct stream *bucket[STREAM_BUCKETS];
	size_t open, kept, max; /* kept: ended ones */
	size_t hand;            /* where the search for an ended one to forget goes on */
};
void streams_init(struct streams *s, size_t max);
void streams_done(struct streams *s);
void streams_expire(struct streams *s, int64_t now_us);
/* A new stream, busy; NULL: too many are open, or no memory. */
struct stream *streams_open(struct streams *s, const char key_id[16], int64_t now_us);
/* Busy from now on. E_MISSING: unknown, unheard of for too long, or another's. E_BUSY: another call has it. */
MUST_USE enum status streams_take(struct streams *s, const uint8_t id[16], const char key_id[16], int64_t now_us, struct stream **out);
void streams_give_back(struct streams *s, struct stream *t, bool ends, int64_t now_us);

/* One call of a stream, read (stream_json.c). Strings are in a. E_INPUT with a JSON pointer. */
struct stream_call {
	struct str stream, delta;
	int64_t seq; /* 0: not given */
	bool end;
};
MUST_USE enum status stream_call_parse(struct str json, struct arena *a, struct stream_call *out, struct err *e);

/* ---- clicks and impressions that an app reports (event_json.c) ------------------------------------------------------------------------
 */

struct reported_click {
	struct ledger_id link;
	int64_t occurred_ms; /* INT64_MIN: not given */
	struct follow_request seen;
};
/* Strings are in a. E_INPUT with a JSON pointer. */
MUST_USE enum status reported_click_parse(struct str json, struct arena *a, struct reported_click *out, struct err *e);
#define IMPRESSIONS_MAX 1000
struct reported_links {
	bool whole;
	struct ledger_id insertion;
	struct ledger_id *link; /* in a */
	size_t count;
};
MUST_USE enum status reported_links_parse(struct str json, struct arena *a, struct reported_links *out, struct err *e);

/* ---- last errors of catalogs (mishaps.c) ------------------------------------------------------------------------------------------------
 */

struct mishap;
struct mishaps {
	pthread_mutex_t lock;
	struct mishap *first;
};
void mishaps_init(struct mishaps *m);
void mishaps_done(struct mishaps *m);
/* Takes the report's errors over. */
void mishaps_keep(struct mishaps *m, struct str merchant, int64_t now_ms, struct feed_report *report);
bool mishaps_write(struct mishaps *m, struct str merchant, struct buf *out);
void report_write_counts(const struct feed_report *r, bool patch, struct buf *out); /* "accepted":1,… */
void report_write_errors(const struct feed_report *r, struct buf *out);             /* [{"line":…}] */

/* ---- requests with an Idempotency-Key that run now (idempotency.c) ------------------------------------------------------------------------ */

struct running_keys {
	pthread_mutex_t lock;
	const struct ledger_idempotency *key[WORKERS_MAX]; /* only workers run such requests: there is always room */
};

/* ---- the server ------------------------------------------------------------------------------------------------------------------------------ */

struct door {
	struct http_server *server;
	struct MHD_Daemon *daemon;
	int fd;
	bool private_door;
	char address[80];
};
struct salt {
	pthread_mutex_t lock;
	int64_t day;
	uint8_t bytes[32];
};
struct http_server {
	struct http_options options;
	struct http_services services;
	char *temp_dir;
	struct door main_door, admin_door;
	struct watchdog watchdog;
	struct workers workers;
	struct waits waits;
	struct streams streams;
	struct mishaps mishaps;
	struct keyring keyring;
	struct running_keys running_keys;
	struct salt salt; /* of visitors: lives in memory only, one day */
	_Atomic int64_t active;    /* requests begun and not completed */
	_Atomic int64_t suspended;
	_Atomic bool draining;
	_Atomic bool replaying; /* one at a time */
};
/* Today's, made when it is first asked for (click.c). */
void day_salt(struct salt *s, int64_t at_ms, uint8_t out[32]);
/* libmicrohttpd's callbacks (daemon.c); arg is a struct door. */
void *request_begin(void *arg, const char *uri, struct MHD_Connection *c);
void request_completed(void *arg, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode code);
enum MHD_Result access_request(void *arg, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *piece,
			       size_t *piece_n, void **con_cls);
void connection_changed(void *arg, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code);
/* Pulls in our epoll_wait, and tells whether it is the one libmicrohttpd will call (epoll.c). */
bool epoll_is_capped(void);
/* NULL: fine. Else why these headers are refused (headers.c). */
const char *headers_refused(struct MHD_Connection *c, const char *version);
void trace_parse(struct str traceparent, char out[33]);

/* ---- what routes share --------------------------------------------------------------------------------------------------------------------------- */

/* Ids are compared with the caller's merchant; 403 into the reply. */
bool merchant_admitted(struct request *r, struct str merchant);
bool json_admitted(struct request *r); /* Content-Type; 415 into the reply */
/* Media type of a Content-Type or Accept item, without parameters. */
struct str media_type(struct str header);

/* Guests: what goes on to the upstream (guest.c). */
extern const struct route guest_route; /* whatever else is under /v1/, where an upstream is configured */
bool is_guest(const struct request *r);
enum turn answer_guest(struct request *r);
enum MHD_Result guest_queue(struct request *r); /* the upstream's head is there */
enum turn answer_litellm(struct request *r); /* desk.c */
enum turn answer_dify(struct request *r);
enum turn answer_portkey(struct request *r);
enum turn answer_mcp(struct request *r);
enum turn answer_insert(struct request *r);
enum turn answer_batch(struct request *r);
enum turn answer_stream(struct request *r);
enum turn answer_insertion(struct request *r);
enum turn answer_replay(struct request *r);
enum turn answer_click(struct request *r);
enum turn answer_reported_click(struct request *r);
enum turn answer_impressions(struct request *r);
enum turn answer_robots(struct request *r);
enum turn answer_merchants(struct request *r);
enum turn answer_merchant(struct request *r);
enum turn answer_merchant_put(struct request *r);
enum turn answer_merchant_delete(struct request *r);
enum turn answer_catalog(struct request *r);
enum turn answer_catalog_put(struct request *r);
enum turn answer_catalog_patch(struct request *r);
enum turn answer_catalog_errors(struct request *r);
enum turn answer_products(struct request *r);
enum turn answer_search(struct request *r);
enum turn answer_conversion(struct request *r);
enum turn answer_postback(struct request *r);
enum turn answer_commissions(struct request *r);
enum turn answer_quarantine(struct request *r);
enum turn answer_accounts(struct request *r);
enum turn answer_import(struct request *r);
enum turn answer_report(struct request *r);
enum turn answer_holdout(struct request *r);
enum turn answer_demand(struct request *r);
enum turn answer_forget(struct request *r);
enum turn answer_health(struct request *r);
enum turn answer_ready(struct request *r);
enum turn answer_metrics(struct request *r);
enum turn answer_openapi(struct request *r);
enum turn answer_console(struct request *r);

/* ---- parts of inserts that several routes need (insert.c) ---------------------------------------------------------------------------------------------- */

/* Decides a whole answer within the server's budget. NULL: trouble or too late, *out is empty; counted. */
struct insert *insert_decide(struct http_server *h, const struct insert_request *q, int64_t began_us, struct buf *out);
void insert_count(const struct insert *in, const struct ledger_insertion *rec, int64_t took_us);
void insert_after(struct request *r, enum status s);

/* ---- idempotency (idempotency.c) --------------------------------------------------------------------------------------------------------------------------- */

/* True: go on, and call idempotency_end with the reply there, whatever it is. False: the reply is there (a repeat, or 409). */
bool idempotency_begin(struct request *r, struct ledger_idempotency *k);
void idempotency_end(struct request *r, const struct ledger_idempotency *k);
/* In its place where the reply was stored together with what it answers. */
void idempotency_release(struct request *r, const struct ledger_idempotency *k);
/* E_MISSING: a new key. Else the reply is there: the stored one, or a problem. */
enum status idempotency_replay(struct request *r, const struct ledger_idempotency *k);

#endif
