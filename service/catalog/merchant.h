/* Private to the room: copying a merchant into an arena. */
#ifndef CATALOG_MERCHANT_H
#define CATALOG_MERCHANT_H

#include "catalog/catalog.h"

/* Deep copy; check arena_failed afterwards. */
struct merchant merchant_take(struct arena *a, const struct merchant *m);
struct json_t;
/* deal, window_days and void_orders of a merchant's JSON. */
MUST_USE enum status merchant_read_terms(const struct json_t *o, struct arena *a, struct merchant *m, struct err *e);
bool network_parse(struct str name, enum network *out);

#endif
