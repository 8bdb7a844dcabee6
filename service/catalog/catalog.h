/* catalog: merchants and their products as one immutable snapshot.
 *
 * A part is one merchant's products at one generation; a snapshot is a set of parts, with products
 * in the order of the bytes of (merchant, product id), so that no decision can depend on upload order.
 * Replacing one merchant's part shares all others.
 *
 * Refuses: I/O, formats of feeds (feed/), matching (match/), URLs of networks (link/).
 * Owns: parts and snapshots are counted; a product, merchant or str from one lives as long as it.
 * Threads: immutable once finished: read by any number; the builder belongs to one. */
#ifndef CATALOG_H
#define CATALOG_H

#include "base/base.h"

enum availability { AVAIL_IN_STOCK, AVAIL_OUT_OF_STOCK, AVAIL_PREORDER, AVAIL_BACKORDER, AVAIL_UNKNOWN };
struct str availability_name(enum availability a); /* "in_stock" ... */
/* Accepts what feeds write: "in stock", "In_Stock", "pre_order", "preorder", schema.org URLs. */
MUST_USE enum status availability_parse(struct str s, enum availability *out);

/* ---- web addresses ----------------------------------------------------------------- */

#define URL_MAX 2048
/* An absolute http(s) URL without userinfo, white space, control characters or characters that end a link early
 * (<>"`\), with an ASCII host of two labels or more (or localhost). Non-ASCII is allowed behind the host. *host_out (may be
 * NULL) is a slice of url. E_INPUT says what is wrong; e->where is "url". */
MUST_USE enum status url_check(struct str url, struct str *host_out, struct err *e);
bool host_valid(struct str host);

/* ---- products ---------------------------------------------------------------------- */

struct product {
	struct str id, title, url, image, brand, mpn, gtin;
	struct str category;   /* path joined by " > " */
	struct str description;
	struct str attributes; /* "name: value" pairs joined by "; ", text for matching */
	struct str locale;     /* "" is any */
	const struct str *keywords;
	uint32_t keyword_count;
	uint64_t key;      /* product_key(merchant, id) */
	struct money price, sale_price; /* sale_price.currency "" when there is none */
	int64_t updated_ms, expires_ms; /* 0: not given */
	int64_t commission_ppm;         /* -1: not given; no input to ranking, ever */
	enum availability availability;
};
/* What a buyer pays now: the sale price where there is one. */
struct money product_price(const struct product *p);
bool product_same(const struct product *a, const struct product *b);
/* Do both say the same in words (title, brand, category, description, attributes, keywords)? Prices, stock and addresses may differ. */
bool product_reads_same(const struct product *a, const struct product *b);
/* First 8 bytes, big-endian, of a fixed keyless 64-bit hash of merchant NUL id. Stable over versions: it is
 * in tokens and the ledger. */
uint64_t product_key(struct str merchant, struct str id);
/* The item that several shops may sell: equal for equal GTIN (leading zeros aside), or equal brand and MPN (case, spaces and
 * punctuation aside); without either the product's own key. */
uint64_t product_item(const struct product *p);

enum network { NET_PLAIN, NET_AWIN, NET_CJ, NET_RAKUTEN, NET_IMPACT, NET_EBAY, NET_PARTNERIZE, NET_AMAZON, NET_COUNT };
enum click_mode { CLICK_REDIRECT, CLICK_DIRECT, CLICK_NONE };

struct pair {
	struct str name, value;
};
struct commission_rule {
	struct str category, product; /* "" is any */
	int64_t rate_ppm;             /* -1: none */
	int64_t flat_minor, cap_minor; /* -1: none; in the merchant's currency */
};
/* What was agreed: all of the commission is ours; or a share of it goes on to a partner; or it comes as goods, data or placements. */
enum merchant_deal { MERCHANT_COMMISSION, MERCHANT_SPLIT, MERCHANT_SWAP };
#define MERCHANT_WINDOW_DAYS 30
struct merchant {
	struct str id, name;
	const struct str *hosts; /* lower case; a host matches itself and its subdomains */
	uint32_t host_count;
	enum network network;
	enum click_mode click_mode;
	const struct pair *network_ids; /* API.md section 5; plain: params, each value may hold {click} */
	uint32_t network_id_count;
	bool network_permission; /* amazon: permission:true */
	struct str fallback_url, currency, postback_secret;
	const struct commission_rule *rules;
	uint32_t rule_count;
	enum merchant_deal deal;
	struct str deal_partner;
	int64_t deal_share_ppm;       /* of a split: the partner's */
	int64_t window_days;          /* a click earns for so long; 0: for ever */
	const struct str *void_orders; /* order ids of tests and own purchases; one that ends with * is a beginning */
	uint32_t void_order_count;
	struct str feed_url, feed_format;
	int64_t feed_every_s;
	bool paused, retired;
};
/* Strict: E_INPUT with a JSON pointer in e->where. id is the path's {m}: [a-z0-9][a-z0-9_-]{0,63}.
 * Copies into a. Unknown fields are ignored. hosts may be empty only for network plain without fallback. */
MUST_USE enum status merchant_parse_json(struct str id, struct str json, struct arena *a, struct merchant *out, struct err *e);
/* The same object back, without postback_secret unless with_secret. */
void merchant_write_json(const struct merchant *m, bool with_secret, struct buf *out);
/* Are they written the same, secret and all? */
bool merchant_same(const struct merchant *a, const struct merchant *b);
bool merchant_id_valid(struct str id);
/* Is the order on the merchant's list of tests and own purchases? */
bool merchant_voids(const struct merchant *m, struct str order_id);
struct str network_name(enum network n);
/* Value of a network id, or the empty slice. */
struct str merchant_network_id(const struct merchant *m, const char *name);
bool merchant_has_host(const struct merchant *m, struct str host);

/* ---- parts -------------------------------------------------------------------------
 * A part is a store of rows and changes on top of it. Parts that come from one another share the store, so that a change of
 * few products costs little, however many there are. */

struct catalog_part;
struct part_builder;
/* Copies m. generation: "gen-12" or "gen-12+3". max_bytes bounds all memory of the part. */
struct part_builder *part_builder_new(const struct merchant *m, size_t max_bytes);
/* Copies p (merchant and key are set here). The same id again: E_CONFLICT, unless replace. */
MUST_USE enum status part_builder_add(struct part_builder *b, const struct product *p, bool replace, struct err *e);
/* Changes on top of old's products, which it shares (for PATCH). */
struct part_builder *part_builder_over(struct catalog_part *old, size_t max_bytes);
/* Forgets a product; OK also if it was not there. */
MUST_USE enum status part_builder_remove(struct part_builder *b, struct str id, struct err *e);
/* What is there now under id, until the next change; NULL if nothing. */
const struct product *part_builder_find(const struct part_builder *b, struct str id);
/* All products of an older part as a start. */
MUST_USE enum status part_builder_copy(struct part_builder *b, const struct catalog_part *from, struct err *e);
void part_builder_free(struct part_builder *b);
/* Frees b in any case. Products sorted by id. */
MUST_USE enum status part_builder_finish(struct part_builder *b, struct str generation, struct catalog_part **out, struct err *e);

struct catalog_part *part_ref(struct catalog_part *p);
void part_unref(struct catalog_part *p);
const struct merchant *part_merchant(const struct catalog_part *p);
struct str part_generation(const struct catalog_part *p);
size_t part_count(const struct catalog_part *p);
/* The i-th product in order of ids, i < part_count. */
const struct product *part_at(const struct catalog_part *p, size_t i);
const struct product *part_find(const struct catalog_part *p, struct str id); /* NULL if absent */
/* The same products under changed merchant data. */
MUST_USE enum status part_with_merchant(struct catalog_part *p, const struct merchant *m, struct str generation, struct catalog_part **out,
	struct err *e);
bool part_expires(const struct catalog_part *p);      /* false: no product says when it expires */
size_t part_change_count(const struct catalog_part *p); /* on top of its store */
size_t part_base_count(const struct catalog_part *p);   /* rows of its store */
bool part_shares(const struct catalog_part *a, const struct catalog_part *b); /* one store? */
/* What changed from old (NULL: nothing was there) to new, in order of ids: calls with the product, or with gone=true and the old one. Stops
 * when false is returned. */
void part_diff(const struct catalog_part *old, const struct catalog_part *new, bool (*each)(void *arg, const struct product *p, bool gone), void *arg);
/* The store alone, as it was when it was new, at the generation that it then had. */
MUST_USE enum status part_base(struct catalog_part *p, struct catalog_part **out, struct err *e);
/* The same products and generation with the changes folded into a store of its own. */
MUST_USE enum status part_fold(struct catalog_part *p, struct catalog_part **out, struct err *e);
/* The same as now, as changes on top of base's store. E_CONFLICT: they would be more than `most`. */
MUST_USE enum status part_onto(struct catalog_part *base, struct catalog_part *now, size_t most, struct catalog_part **out, struct err *e);

/* ---- the snapshot --------------------------------------------------------------------
 * A base numbers its products in order of (merchant, id). One laid over it shares all that has not changed: a product that
 * reads the same keeps its number, one that has gone or reads differently leaves its number empty, and what is new follows behind
 * the base's numbers. */

struct catalog;
/* References the parts (any order; one a merchant, else E_CONFLICT); changes are folded in. name: "gen-12+7". */
MUST_USE enum status catalog_new(struct catalog_part *const *parts, size_t n, struct str name, struct catalog **out, struct err *e);
/* The parts as they are now over a base that was made of the same merchants' stores; E_CONFLICT: it was not. References base. */
MUST_USE enum status catalog_over(struct catalog *base, struct catalog_part *const *parts, size_t n, struct str name, struct catalog **out,
	struct err *e);
struct catalog *catalog_ref(struct catalog *c);
void catalog_unref(struct catalog *c);
struct str catalog_name(const struct catalog *c);
size_t catalog_merchant_count(const struct catalog *c);
const struct merchant *catalog_merchant(const struct catalog *c, size_t i); /* in order of id bytes */
const struct merchant *catalog_merchant_by_id(const struct catalog *c, struct str id);
struct catalog_part *catalog_part_by_id(const struct catalog *c, struct str merchant); /* borrowed, or NULL */
struct catalog_part *catalog_part(const struct catalog *c, size_t i);                 /* borrowed, in order of merchant ids */
size_t catalog_count(const struct catalog *c); /* products */
/* Numbers are below this; the base's are below catalog_base_numbers. */
size_t catalog_numbers(const struct catalog *c);
size_t catalog_base_numbers(const struct catalog *c);
const struct catalog *catalog_base(const struct catalog *c); /* what it lies over, or itself */
/* NULL: the number is empty. */
const struct product *catalog_product(const struct catalog *c, uint32_t i);
/* The number of one of the snapshot's own products, and its merchant. */
uint32_t catalog_number(const struct catalog *c, const struct product *p);
const struct merchant *catalog_merchant_of(const struct catalog *c, const struct product *p);
/* Does product a come before b in order of (merchant, id)? */
bool catalog_before(const struct catalog *c, uint32_t a, uint32_t b);
/* Base numbers whose product is not the base's, rising; an empty one among them has gone or is found behind. */
const uint32_t *catalog_touched(const struct catalog *c, size_t *n_out);
#define PRODUCT_NONE UINT32_MAX
uint32_t catalog_find(const struct catalog *c, struct str merchant, struct str id);
uint32_t catalog_find_key(const struct catalog *c, uint64_t key);
/* A product whose own url is just this one (the first in order), or PRODUCT_NONE. */
uint32_t catalog_find_url(const struct catalog *c, struct str url);

#endif
