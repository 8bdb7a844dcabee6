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
	uint32_t merchant; /* index into the snapshot's merchants; 0 inside a part */
	uint64_t key;      /* product_key(merchant, id) */
	struct money price, sale_price; /* sale_price.currency "" when there is none */
	int64_t updated_ms, expires_ms; /* 0: not given */
	int64_t commission_ppm;         /* -1: not given; no input to ranking, ever */
	enum availability availability;
};
/* What a buyer pays now: the sale price where there is one. */
struct money product_price(const struct product *p);
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
bool merchant_id_valid(struct str id);
/* Is the order on the merchant's list of tests and own purchases? */
bool merchant_voids(const struct merchant *m, struct str order_id);
struct str network_name(enum network n);
/* Value of a network id, or the empty slice. */
struct str merchant_network_id(const struct merchant *m, const char *name);
bool merchant_has_host(const struct merchant *m, struct str host);

/* ---- parts ------------------------------------------------------------------------- */

struct catalog_part;
struct part_builder;
/* Copies m. generation: "gen-12" or "gen-12+3". max_bytes bounds all memory of the part. */
struct part_builder *part_builder_new(const struct merchant *m, size_t max_bytes);
/* Copies p (merchant and key are set here). The same id again: E_CONFLICT, unless replace. */
MUST_USE enum status part_builder_add(struct part_builder *b, const struct product *p, bool replace, struct err *e);
/* Forgets a product; OK also if it was not there. */
void part_builder_remove(struct part_builder *b, struct str id);
/* What is there now under id, until the next change; NULL if nothing. */
const struct product *part_builder_find(const struct part_builder *b, struct str id);
/* All products of an older part as a start (for PATCH). */
MUST_USE enum status part_builder_copy(struct part_builder *b, const struct catalog_part *from, struct err *e);
void part_builder_free(struct part_builder *b);
/* Frees b in any case. Products sorted by id. */
MUST_USE enum status part_builder_finish(struct part_builder *b, struct str generation, struct catalog_part **out, struct err *e);

struct catalog_part *part_ref(struct catalog_part *p);
void part_unref(struct catalog_part *p);
const struct merchant *part_merchant(const struct catalog_part *p);
struct str part_generation(const struct catalog_part *p);
size_t part_count(const struct catalog_part *p);
const struct product *part_products(const struct catalog_part *p);
const struct product *part_find(const struct catalog_part *p, struct str id); /* NULL if absent */
/* The same products and generation under changed merchant data. */
MUST_USE enum status part_with_merchant(struct catalog_part *p, const struct merchant *m, struct catalog_part **out, struct err *e);

/* ---- the snapshot -------------------------------------------------------------------- */

struct catalog;
/* References the parts (any order; one a merchant, else E_CONFLICT). name: "gen-12+7". */
MUST_USE enum status catalog_new(struct catalog_part *const *parts, size_t n, struct str name, struct catalog **out, struct err *e);
struct catalog *catalog_ref(struct catalog *c);
void catalog_unref(struct catalog *c);
struct str catalog_name(const struct catalog *c);
size_t catalog_merchant_count(const struct catalog *c);
const struct merchant *catalog_merchant(const struct catalog *c, size_t i); /* in order of id bytes */
const struct merchant *catalog_merchant_by_id(const struct catalog *c, struct str id);
struct catalog_part *catalog_part_by_id(const struct catalog *c, struct str merchant); /* borrowed, or NULL */
size_t catalog_count(const struct catalog *c); /* products */
/* Products by dense number 0..count-1, in order of (merchant, id). product->merchant is set for this snapshot. */
const struct product *catalog_product(const struct catalog *c, uint32_t i);
/* The dense number of one of the snapshot's own products. */
uint32_t catalog_number(const struct catalog *c, const struct product *p);
#define PRODUCT_NONE UINT32_MAX
uint32_t catalog_find(const struct catalog *c, struct str merchant, struct str id);
uint32_t catalog_find_key(const struct catalog *c, uint64_t key);
/* A product whose own url is just this one (the lowest number), or PRODUCT_NONE. */
uint32_t catalog_find_url(const struct catalog *c, struct str url);

#endif
