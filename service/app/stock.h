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

/* Everything that may be served at now_ms, under a name that equal contents share on all nodes: the newest generation of any part,
 * plus the sum of all changes on top and of the products that have expired. name "" makes that name. *version_out: what it holds. */
MUST_USE enum status stock_snapshot(struct stock *s, int64_t now_ms, struct str name, struct catalog **out, uint64_t *version_out, struct err *e);
/* References on all parts, malloc'd array; for a full comparison with Redis. */
MUST_USE enum status stock_all(struct stock *s, struct catalog_part ***out, size_t *n_out, struct err *e);
void stock_all_done(struct catalog_part **parts, size_t n);

/* "gen-12+3" -> 12, 3; "gen-12" -> 12, 0. */
bool generation_parse(struct str generation, uint64_t *n_out, uint64_t *changes_out);
void generation_write(uint64_t n, uint64_t changes, char out[64]);

#endif
