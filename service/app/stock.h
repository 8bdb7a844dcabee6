/* The stock: each merchant's part as it is stored, and what of it may be served now (expired products left out).
 * Threads: every function may be called from any; parts are counted, the lock is held for moments only. */
#ifndef APP_STOCK_H
#define APP_STOCK_H

#include "base/base.h"
#include "catalog/catalog.h"

struct stock;
struct stock *stock_new(void);
void stock_free(struct stock *s);

/* A reference on the merchant's part, or NULL. */
struct catalog_part *stock_get(struct stock *s, struct str merchant);
/* Takes the reference. Replaces what the merchant had. */
MUST_USE enum status stock_put(struct stock *s, struct catalog_part *part, struct err *e);
/* Counts up with every change of what a snapshot would hold. */
uint64_t stock_version(struct stock *s);
/* Something else that decisions depend on has changed (rules): a snapshot taken before is old. */
void stock_touch(struct stock *s);
/* True when a product has expired since the last snapshot. */
bool stock_stale(struct stock *s, int64_t now_ms);

/* Everything that may be served at now_ms. */
struct stock_view {
	struct catalog_part **part; /* references, in no order */
	size_t *expired;            /* by part: products left out */
	size_t count;
	uint64_t version; /* what it holds */
};
MUST_USE enum status stock_view(struct stock *s, int64_t now_ms, struct stock_view *out, struct err *e);
void stock_view_done(struct stock_view *v);
/* Folds changes into the parts where they are more than one in `part` of the products (0: in none but where there are any). What is stored
 * stays the same; so does the version. */
MUST_USE enum status stock_fold(struct stock *s, size_t part, struct err *e);
/* The name that equal contents share on all nodes: the newest generation of any part, plus the sum of all changes on top and of
 * the products that have expired. */
struct stock_name {
	uint64_t newest, changes;
};
void stock_name_add(struct stock_name *n, const struct catalog_part *p, size_t expired);
/* References on all parts, malloc'd array; for a full comparison with Redis. */
MUST_USE enum status stock_all(struct stock *s, struct catalog_part ***out, size_t *n_out, struct err *e);
void stock_all_done(struct catalog_part **parts, size_t n);

/* "gen-12+3" -> 12, 3; "gen-12" -> 12, 0. */
bool generation_parse(struct str generation, uint64_t *n_out, uint64_t *changes_out);
void generation_write(uint64_t n, uint64_t changes, char out[64]);

#endif
