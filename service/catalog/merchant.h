/* Private to the room: copying a merchant into an arena. */
#ifndef CATALOG_MERCHANT_H
#define CATALOG_MERCHANT_H

#include "catalog/catalog.h"

/* Deep copy; check arena_failed afterwards. */
struct merchant merchant_take(struct arena *a, const struct merchant *m);
bool network_parse(struct str name, enum network *out);

#endif
