/* link: signed tokens, ids, and the URLs that affiliate networks want.
 *
 * Refuses: I/O, clocks, choosing products. Pure but for libcrypto. Owns: keys and networks are immutable and shared.
 * Threads: all calls re-entrant. Secrets are wiped when freed; MACs are compared in constant time. */
#ifndef LINK_H
#define LINK_H

#include "base/base.h"
#include "catalog/catalog.h"

/* ---- keys ---------------------------------------------------------------------------
 * A secret file: lines `EPOCH HEX` (32 bytes or more), the highest epoch signs, all verify; one bare hex line is
 * epoch 1. HMAC-SHA256 with the key's state computed once (facts: server 0). */
struct link_keys;
MUST_USE enum status link_keys_parse(struct str file, struct link_keys **out, struct err *e);
void link_keys_free(struct link_keys *k);
uint32_t link_keys_epoch(const struct link_keys *k);
/* The documented test key of `inlay insert` without --secret-file; never used by serve. */
struct str link_test_secret(void);

/* One MAC being computed with the signing key and a purpose ("insertion", "link", "user", "holdout", ...), so that no
 * two uses can be swapped. By value: copying forks it. */
struct link_mac {
	uint64_t opaque[40];
};
void link_mac_init(struct link_mac *m, const struct link_keys *k, struct str purpose);
/* Under the n-th key of the file, whichever signs; false: there are fewer. */
bool link_mac_init_nth(struct link_mac *m, const struct link_keys *k, size_t n, struct str purpose);
void link_mac_add(struct link_mac *m, struct str bytes);
void link_mac_field(struct link_mac *m, struct str bytes); /* length first: fields cannot run together */
void link_mac_done(struct link_mac *m, uint8_t out[32]);

/* Plain digest, for what is stored hashed (keys of the doors, requests). */
void link_sha256(struct str s, uint8_t out[32]);
/* HMAC-SHA256 under somebody else's secret: merchants' postbacks. */
void link_hmac_sha256(struct str secret, struct str s, uint8_t out[32]);
/* True when n bytes are the same; the time taken tells nothing. */
bool link_equal(const void *a, const void *b, size_t n);

/* ---- ids ------------------------------------------------------------------------------
 * 16 bytes; in text 26 digits of lower-case Crockford base 32. */
#define LINK_ID_TEXT 26
struct link_id {
	uint8_t b[16];
};
void link_id_write(struct link_id id, char out[LINK_ID_TEXT + 1]);
bool link_id_read(struct str s, struct link_id *out); /* any case; o=0, i,l=1 as Crockford says */
struct link_id link_id_of_mac(const uint8_t mac[32]);
/* HMAC(insertion, ordinal, product): the id of the ordinal-th link (from 0). */
struct link_id link_id_of(const struct link_keys *k, struct link_id insertion, uint32_t ordinal, uint64_t product_key);
/* Sub-id for networks: the id's 26 digits and one check digit of the same base 32 (a code over GF(32): it finds every
 * wrong digit and every two digits that changed places). Any case is read; look-alikes (o, i, l) are errors here. */
#define LINK_SUBID_TEXT 27
void link_subid_write(struct link_id id, char out[LINK_SUBID_TEXT + 1]);
bool link_subid_read(struct str s, struct link_id *out); /* false when cut, or the check fails */

/* ---- tokens ---------------------------------------------------------------------------- */

struct link_token {
	struct link_id insertion;
	uint8_t ordinal;
	uint64_t product_key; /* merchant and product */
	uint32_t epoch;       /* filled by verify */
	bool stale;           /* verify: the epoch is not the signing one */
};
#define LINK_TOKEN_MAX 80
/* 64 characters of [A-Za-z0-9.-], with the signing key. Returns the length. */
size_t link_token_write(const struct link_keys *k, const struct link_token *t, char out[LINK_TOKEN_MAX]);
/* E_DENIED on anything that is not byte for byte what link_token_write makes under a known epoch. */
MUST_USE enum status link_token_verify(const struct link_keys *k, struct str s, struct link_token *out);
/* link_id_of for a verified token, under the key of the token's own epoch: the id that was recorded when the link was made. */
struct link_id link_id_of_token(const struct link_keys *k, const struct link_token *t);

/* ---- URLs --------------------------------------------------------------------------------- */

struct link_networks;
/* doc: catalogs/networks.yaml: for each network its template, sub-id parameter and its limit, host patterns, foreign tracking
 * parameters to strip. One entry more needs no C. */
MUST_USE enum status link_networks_new(const struct doc *doc, struct link_networks **out, struct err *e);
void link_networks_free(struct link_networks *n);

/* An absolute http(s) URL, no userinfo, control characters, white space, backslash, non-ASCII host (IDNA xn-- is fine),
 * '.' and '..' segments, '%' that starts no escape.
 * E_INPUT says what is wrong. *host_out (may be NULL) is a slice of url. */
MUST_USE enum status link_url_check(struct str url, struct str *host_out, struct err *e);
bool link_is_amazon(struct str url); /* any Amazon retail or short-link host (amzn.to ...) */

/* Why a product of this merchant cannot be linked at all; LINK_FINE if it can. */
enum link_refusal { LINK_FINE, LINK_NO_PERMISSION, LINK_BAD_URL, LINK_FOREIGN_HOST, LINK_NO_IDS };
/* Amazon URLs in any catalog: only if amazon_allowed and merchant permission; always direct. */
enum link_refusal link_refuses(const struct link_networks *n, const struct merchant *m, struct str product_url, bool amazon_allowed);
/* True when the link must point to the merchant itself instead of /c/ (click_mode, Amazon). */
bool link_is_direct(const struct merchant *m, struct str product_url);

/* The outgoing URL: foreign tracking stripped, wrapped by the network's template (never twice: an already wrapped URL
 * only gets the sub-id), sub-id put in (none when subid.n is 0), encoded once, parameters before the fragment, own network parameters
 * replaced and not repeated. Checked at the end: outer host from the template, inner host among the merchant's; else E_INPUT.
 * E_MISSING: the merchant lacks a network id, or networks.yaml the network. Appended to out; nothing on failure. The
 * result is ASCII and has none of ( ) < > [ ] " ' ` \ | * ~ $ and no HTML entity: it can stand in a Markdown link.
 * Rules: facts affiliate section 1. */
MUST_USE enum status link_target(const struct link_networks *n, const struct merchant *m, struct str product_url, struct str subid,
                                 struct buf *out, struct err *e);
/* The merchant's fallback page (or its first host's root) with the same treatment; for departed products. */
MUST_USE enum status link_fallback(const struct link_networks *n, const struct merchant *m, struct str subid, struct buf *out, struct err *e);
/* What catalogs' and our own URLs are compared by: the shop's own URL with every layer of networks, others' tracking and
 * (plain, ebay, amazon) the parameters of the merchant's network taken out, scheme and host in lower case, all bytes
 * as link_target would write them. link_clean of a link_clean is itself. Of a network's link that does not show where
 * it leads: the link. */
MUST_USE enum status link_clean(const struct link_networks *n, const struct merchant *m, struct str url, struct buf *out, struct err *e);
/* url without our sub-id and network parameters where it is something link_target could have made for m: for recognising
 * our own direct links. False if it could not. Appends link_clean(product url), to be compared with cleaned URLs. */
bool link_untarget(const struct link_networks *n, const struct merchant *m, struct str url, struct buf *out);

#endif
