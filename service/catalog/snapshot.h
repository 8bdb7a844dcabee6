/* Private to the room: laying with another idea of what reads the same; tests lay everything anew with it. */
#ifndef CATALOG_SNAPSHOT_H
#define CATALOG_SNAPSHOT_H

#include "catalog/catalog.h"

enum status catalog_lay(struct catalog *base, struct catalog_part *const *parts, size_t n, struct str name,
	bool (*same)(const struct product *a, const struct product *b), struct catalog **out, struct err *e);

#endif
