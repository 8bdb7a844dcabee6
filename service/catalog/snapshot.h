/* Private to the room: what a catalog is made of; and laying with another idea of what reads the same, with which tests lay everything anew. */
#ifndef CATALOG_SNAPSHOT_H
#define CATALOG_SNAPSHOT_H

#include "catalog/catalog.h"

struct entry {
	uint64_t hash;
	uint32_t product;
};

/* Rows of one part, for finding a product by its address. */
struct range {
	const struct product *from, *to;
	uint32_t part;
};

struct catalog {
	atomic_uint refs;
	char *name;
	struct catalog *base; /* what it lies over, or NULL */
	struct catalog_part **part; /* by merchant id */
	uint32_t *first;            /* of a base: first product of each part, and the count at the end */
	size_t part_count;
	const struct product **row; /* by number */
	size_t numbers, count;
	struct range *range;   /* of a base: by address */
	struct entry *by_key, *by_url; /* of a base: of all; else of what differs */
	size_t key_count, url_count;
	uint32_t *touched; /* base numbers whose product is not the base's */
	size_t touched_count;
	uint32_t *extra_part; /* by number less the base's numbers */
};

enum status catalog_lay(struct catalog *base, struct catalog_part *const *parts, size_t n, struct str name,
	bool (*same)(const struct product *a, const struct product *b), struct catalog **out, struct err *e);
uint64_t catalog_url_hash(struct str url);

#endif
