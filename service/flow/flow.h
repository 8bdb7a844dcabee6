/* flow: the coordinators. insert (the incremental core), follow (a click), credit (a conversion); and the shelf, what
 * decisions are made from.
 *
 * insert: bytes of an answer in, bytes with links out, whatever the cutting; every decision is a function of the request, the
 * shelf and answer[0 .. p+L) and of nothing else (no clock, no chunk borders). Trouble inside gives the reader the
 * answer unchanged. Clicks fail toward the shop, money fails closed.
 *
 * Refuses: sockets, files, Redis, choosing durability (doors submit the records made here to the ledger).
 * Owns: a shelf is counted and immutable; an insert owns its memory; records are by value.
 * Threads: shelf_get from any; one insert belongs to one thread at a time. */
#ifndef FLOW_H
#define FLOW_H

#include "base/base.h"
#include "catalog/catalog.h"
#include "ledger/ledger.h"
#include "link/link.h"

/* ---- rules: everything human-edited, parsed together --------------------------------- */

struct flow_rule_texts { /* YAML, but weights: see rules/intent.weights; empty is none */
	struct str intent, topics, matching, placement, disclosure, bots, networks, weights;
	struct str own_bots; /* the operator's additions to bots */
};
struct flow_rules;
/* E_INPUT: e->where is "<file>: line N" or so. Counted. */
MUST_USE enum status flow_rules_new(const struct flow_rule_texts *t, struct flow_rules **out, struct err *e);
struct flow_rules *flow_rules_ref(struct flow_rules *r);
void flow_rules_unref(struct flow_rules *r);
const struct link_networks *flow_networks(const struct flow_rules *r);

/* ---- the shelf: catalog + indexes + rules + keys, published together --------------------- */

struct shelf;
/* Builds the match index (seconds for large catalogs). References catalog and rules; keys and public_url are copied or shared:
 * keys must outlive every shelf. public_url "" : links go straight to the merchant. seed: no decision depends on it. */
MUST_USE enum status shelf_new(struct catalog *c, struct flow_rules *r, const struct link_keys *keys, struct str public_url, uint64_t seed,
			       struct shelf **out, struct err *e);
/* The same rules, keys and URL for a catalog that lies over base's (catalog_over); costs what has changed. References base, which is none
 * that lies over another. */
MUST_USE enum status shelf_over(struct shelf *base, struct catalog *c, struct shelf **out, struct err *e);
/* E_INPUT where a public_url is none that links can begin with. shelf_new takes what it is given. */
MUST_USE enum status shelf_check_url(struct str public_url, struct err *e);
struct shelf *shelf_ref(struct shelf *s);
void shelf_unref(struct shelf *s);
const struct catalog *shelf_catalog(const struct shelf *s);
const struct flow_rules *shelf_rules(const struct shelf *s);
bool shelf_wants_question(const struct shelf *s); /* words of an answer are linked only where its question is known */

/* Links shown today, by reader and by merchant, for frequency caps (rules/placement.yaml): a mirror of what all nodes count. Counted by
 * insert_record; decisions read it once, at their beginning. */
struct caps;
#define CAPS_KEY 16
struct caps_count {
	uint8_t key[CAPS_KEY]; /* a hash */
	int64_t n;
};
struct caps *caps_new(void); /* NULL: no memory */
void caps_free(struct caps *c);
/* Counts that nobody else was told of yet, at most n; they are the caller's to tell or to give back. */
size_t caps_take(struct caps *c, int64_t *day_out, struct caps_count *out, size_t n);
void caps_give_back(struct caps *c, int64_t day, const struct caps_count *count, size_t n);
/* What all nodes together have counted. told: with all that was taken here; a total below ours then has forgotten something, and is told it
 * again. */
void caps_total(struct caps *c, int64_t day, const struct caps_count *count, bool told);
/* Counts of an earlier life of this node. */
void caps_recall(struct caps *c, int64_t day, struct ledger_id user, struct str merchant, int64_t n);

/* Where the current shelf hangs. */
struct shelf_slot;
struct shelf_slot *shelf_slot_new(void);
void shelf_slot_free(struct shelf_slot *slot);
struct caps *shelf_slot_caps(struct shelf_slot *slot);       /* the slot's own */
struct shelf *shelf_get(struct shelf_slot *slot);            /* a reference, or NULL before the first publish */
void shelf_publish(struct shelf_slot *slot, struct shelf *s); /* takes the reference; the old shelf goes with its last reader */

/* ---- insert ------------------------------------------------------------------------------- */

enum form { FORM_INLINE, FORM_CARDS, FORM_REFERENCES, FORM_ANNOTATIONS };
bool form_parse(struct str s, enum form *out);
struct str form_name(enum form f);

struct insert_turn {
	struct str role, content;
};
struct insert_request {
	struct str id_json; /* the request's own `id`, as JSON text to echo; "" none */
	struct str answer;
	bool has_answer;
	struct str question, locale, country, request_id, conversation_id, user_id, app, model;
	const struct insert_turn *turns;
	size_t turn_count;
	enum form form;
	bool plain_format; /* format "text": no markup can be inserted */
	int64_t max_links; /* -1: the policy's default */
	bool opt_out, dry_run, explain;
	int64_t prompt_tokens, completion_tokens; /* -1: not given */
	struct money cost;                        /* currency "": not given */
	int64_t now_ms; /* the door's clock, for one thing: is a price still fresh? 0: not known, then it is */
};
#define INSERT_MAX_ANSWER (256u * 1024)
/* Strict JSON: a known field of the wrong type is E_INPUT with its JSON pointer in e->where; unknown fields are ignored; an answer over
 * max_answer is E_NOMEM (413). Strings point into json, or into a where they have escapes. need_answer: false for the first call of a stream. */
MUST_USE enum status insert_request_parse(struct str json, bool need_answer, size_t max_answer, struct arena *a, struct insert_request *out, struct err *e);
/* Defaults of a request (form inline, max_links -1, numbers not given). */
void insert_request_init(struct insert_request *r);

struct insert;
/* References the shelf, copies what it needs of r (r->answer is not fed). */
MUST_USE enum status insert_new(struct shelf *s, const struct insert_request *r, struct insert **out, struct err *e);
void insert_free(struct insert *in);
/* Feeds bytes, cut anywhere; what may be released is appended to out, on code point borders unless the input itself is malformed. On
 * failure (memory, over INSERT_MAX_ANSWER) these bytes were not taken: call insert_abandon, feed them again, go on. */
MUST_USE enum status insert_feed(struct insert *in, struct str bytes, struct buf *out);
/* The rest of the answer, and the closing block. */
MUST_USE enum status insert_finish(struct insert *in, struct buf *out);
/* What insert_finish would append now; the insert stays as it is and goes on. For guests that cannot tell which of their calls is the last. */
MUST_USE enum status insert_preview(const struct insert *in, struct buf *out);
/* Trouble: no further links; releases all held bytes unchanged. From here on insert_feed passes bytes through. reason unavailable. */
void insert_abandon(struct insert *in, struct buf *out);
size_t insert_held(const struct insert *in); /* bytes fed and not yet released */
bool insert_linked(const struct insert *in); /* decision is "linked" (after finish) */
bool insert_idle(const struct insert *in); /* nothing can be linked: all that is fed comes out at once, as it is */
uint32_t insert_link_count(const struct insert *in); /* links in what was given out, those that were there before among them (after finish) */

/* The response object of API.md section 2 (after finish). full: with `answer`, which the caller gives; else without. */
void insert_write_json(const struct insert *in, const struct str *answer, int64_t took_us, struct buf *out);
/* The fields alone, without braces, beginning with a comma: for the last reply of a stream. */
void insert_write_fields(const struct insert *in, int64_t took_us, struct buf *out);
/* The response for an answer that could not be worked on: unchanged, decision none, reason unavailable. */
void insert_write_unavailable(const struct insert_request *r, int64_t took_us, struct buf *out);
/* What the ledger keeps (after finish). False: nothing to record (dry_run). */
bool insert_record(const struct insert *in, int64_t now_ms, struct ledger_insertion *out);
/* Whole answer at once: new, feed, finish; out gets the answer. Any trouble inside: out is r->answer, and *in_out is NULL. */
void insert_whole(struct shelf *s, const struct insert_request *r, struct insert **in_out, struct buf *out);

/* Numbers of a model's call that are known only after the answer; no decision and no id depends on them. Before insert_record. */
void insert_usage(struct insert *in, int64_t prompt_tokens, int64_t completion_tokens);
/* Where code point `index` of the answer stands in what is given out, as far as is decided by now: for citations that others have made. end: index is
 * the end of a range (exclusive), and what is inserted there stays outside. */
int64_t insert_shift(const struct insert *in, int64_t index, bool end);
/* The links on words, as url_citation (comma between; flat: of the Responses kind), in code points of what was given out. None but where the operator
 * says that clients show a citation's title, which has the label. Returns their number (after finish). */
size_t insert_citations(const struct insert *in, bool flat, struct buf *out);
/* An earlier answer without our links, labels and closing blocks. False: it holds none, out is untouched. */
bool flow_restore(struct shelf *s, struct str text, struct buf *out);

/* ---- follow: a click ------------------------------------------------------------------------- */

struct follow_request {
	struct str token;
	struct str user_agent, accept_language;
	struct str purpose[4];                         /* Sec-Purpose, Purpose, X-Purpose, X-Moz */
	struct str fetch_mode, fetch_dest, fetch_site; /* Sec-Fetch-*; "" not sent */
	bool gpc;                                      /* Sec-GPC: 1: nothing is kept that links this click to others of the visitor */
	struct str address;                            /* of the client, text */
	int64_t now_ms;
};
struct follow_result {
	struct str location;       /* in a: where the 302 goes */
	struct ledger_click click; /* to submit; its id is the sub-id in location */
};
/* Verifies the token, rebuilds the target from shelf or ledger (s may be NULL before the catalog is loaded: then merchants come from
 * `fallback`, a shelf with merchants but no products; both NULL is E_BUSY). E_DENIED: tampered or foreign: 404. E_MISSING: a good token whose
 * merchant is not known. click_id: from ledger_new_id. day_salt: of the visitor hash, destroyed by its owner after 48 h. */
MUST_USE enum status flow_follow(const struct shelf *s, struct ledger *l, const struct link_keys *keys, const struct follow_request *r,
				 struct ledger_id click_id, const uint8_t day_salt[32], struct arena *a, struct follow_result *out, struct err *e);

/* The class of a click that an app reports, for a link that must not be redirected, with what it knows of the reader's request; a user
 * agent, address or header that it did not see says nothing. Fills class, rule, limits, visitor and network of c. */
void flow_judge_reported(const struct shelf *s, const struct follow_request *r, const uint8_t day_salt[32], struct ledger_click *c);

/* ---- credit: a conversion ------------------------------------------------------------------------ */

/* POST /v1/conversions. E_INPUT with a JSON pointer; E_MISSING: no such merchant. The record borrows rules from a. */
MUST_USE enum status credit_parse_json(const struct shelf *s, struct str json, int64_t now_ms, struct arena *a, struct ledger_conversion *out, struct err *e);
struct credit_param {
	struct str name, value; /* decoded */
};
/* GET|POST /v1/postback/{merchant}: E_DENIED when secret and sig are wrong or absent or the merchant has no postback_secret. */
MUST_USE enum status credit_parse_postback(const struct shelf *s, struct str merchant, const struct credit_param *p, size_t n, int64_t now_ms, struct arena *a,
					   struct ledger_conversion *out, struct err *e);
/* The same as JSON under Standard Webhooks headers (webhook-id, webhook-timestamp within 5 min of now, webhook-signature "v1,<base64>"). */
MUST_USE enum status credit_parse_webhook(const struct shelf *s, struct str merchant, struct str body, struct str id, struct str timestamp, struct str signature,
                                          int64_t now_ms, struct arena *a, struct ledger_conversion *out, struct err *e);
/* Rules, deal and window of the merchant's JSON (as the ledger keeps it) in place of the present ones: an order falls under what was in force at
 * its date. Borrowed from a. */
MUST_USE enum status credit_terms_of(struct str merchant_json, struct arena *a, struct ledger_conversion *c, struct err *e);
/* {"result":"booked|changed|repeated|parked|quarantined", …} */
void credit_write_json(const struct ledger_conversion *c, const struct ledger_booking *b, struct buf *out);

/* ---- imports: a network's own report file --------------------------------------------------------- */

enum import_network { IMPORT_AWIN, IMPORT_CJ, IMPORT_IMPACT, IMPORT_RAKUTEN, IMPORT_GENERIC, IMPORTS };
bool import_network_parse(struct str name, enum import_network *out);
struct str import_network_name(enum import_network n);
struct import_options {
	enum import_network network;
	struct str merchant;  /* whose rows they are; "": the file says */
	struct str tz;        /* of times without a zone; "" UTC */
	bool comma;           /* amounts are written "249,90" */
	int64_t now_ms;
};
struct import_error {
	uint64_t line; /* from 1, the header included; in JSON the number of the record */
	char id[64], field[32], detail[160];
};
#define IMPORT_ERRORS 100
struct import_report {
	uint64_t rows, booked, changed, repeated, parked, quarantined, accepted, rejected; /* accepted: durable, to be booked when the database is back */
	struct import_error error[IMPORT_ERRORS]; /* the first of what was rejected or quarantined */
	size_t error_count;
};
/* Reads CSV or JSON and books row by row, in order; a file that was imported before changes nothing. catalog: of the merchants. E_INPUT: nothing
 * in it can be read. E_BUSY, E_IO: the ledger failed on the way; the same file again goes on. */
MUST_USE enum status flow_import(const struct catalog *c, struct ledger *l, const struct import_options *o, struct str text, struct import_report *out, struct err *e);
/* {"network":…,"rows":…,…,"errors":[…]} */
void import_write_json(const struct import_options *o, const struct import_report *r, struct buf *out);

/* Keyed hash of an opaque id (user, conversation) under the installation key; zero for "". */
struct ledger_id flow_pseudonym(const struct link_keys *keys, const char *kind, struct str id);
/* What it was or is under the n-th key of the file; false: there are fewer keys. Deletion asks for all. */
bool flow_pseudonym_nth(const struct link_keys *keys, size_t n, const char *kind, struct str id, struct ledger_id *out);

/* ---- catalog search: GET /v1/catalog/search ---------------------------------------------------------- */

/* A product as responses show it. */
void flow_product_json(const struct shelf *s, const struct product *p, struct buf *out);
/* {"product":{…},"url":…}: the shop's own page. False: it is not there, or not for sale here; out is untouched. */
bool flow_find_json(const struct shelf *s, struct str merchant, struct str id, struct buf *out);
/* {"data":[{"product":{…},"score":…}],"catalog":…} */
MUST_USE enum status flow_search_json(const struct shelf *s, struct str query, size_t limit, struct buf *out, struct err *e);

/* ---- replay: the same requests on two shelves, POST /v1/replay and inlay replay --------------------------- */

struct replay { /* totals so far; zeroed by the caller */
	uint64_t requests, different, failed, links_a, links_b, only_a, only_b, changed;
};
/* Decides r on both shelves and counts; appends one element of a JSON list where links differ (or the request failed), else nothing:
 * {"request":N,"id":…,"decision":{"a":"linked","b":"no_match"},"only_a":[…],"only_b":[…],"changed":[…]}, N from 1; its comma too. */
void replay_request(struct shelf *a, struct shelf *b, const struct insert_request *r, struct replay *to, struct buf *out);
void replay_write_totals(const struct replay *t, struct buf *out);
/* The texts that rules were made of; they live as long as the rules. */
const struct flow_rule_texts *flow_rules_texts(const struct flow_rules *r);
/* A shelf of the same catalog, keys and public URL under other rules. */
MUST_USE enum status shelf_with_rules(const struct shelf *s, struct flow_rules *r, struct shelf **out, struct err *e);

#endif
