/* Private to the room: what parts are made of. A part is a store of rows, which it shares with the parts that it comes from, and
 * changes on top; so a change of a few products among a million costs a few. */
#ifndef CATALOG_PART_H
#define CATALOG_PART_H

#include "catalog/catalog.h"

/* Memory of strings; counted, for rows are taken over by younger stores. */
struct strings {
	atomic_uint refs;
	struct arena *arena;
};

struct store {
	atomic_uint refs;
	struct strings **strings; /* where the strings of its rows lie; the first is its own */
	size_t string_count;
	struct product *row; /* by id, but for a store of changes */
	size_t count;
	size_t expiring; /* rows that say when they expire */
	char generation[64]; /* at which the rows were just these */
};

/* A merchant as parts share him: the same pointer is the same data. */
struct seller {
	atomic_uint refs;
	struct arena *arena;
	struct merchant merchant;
};

struct change {
	const struct product *row; /* as it is now; as it was, where it has gone */
	uint32_t base;             /* rows of the store that come before it */
	uint32_t before;           /* products of the part that come before it */
	bool gone, known;          /* known: the store has a row of this id, number `base` */
};

struct catalog_part {
	atomic_uint refs;
	struct seller *seller;
	char generation[64];
	struct store *store;
	struct store **later; /* where rows of changes lie, or what these rows need */
	size_t later_count;
	struct change *change; /* by id */
	size_t change_count;
	size_t count;
	size_t expiring; /* at most so many products say when they expire */
};

struct store *store_new(size_t max_bytes);
struct store *store_ref(struct store *s);
void store_unref(struct store *s);
void store_count_expiring(struct store *s);
size_t store_bytes(const struct store *s);
/* The row's number in the store, or where it would stand. */
size_t store_place(const struct store *s, struct str id, bool *found);

struct seller *seller_new(const struct merchant *m);
struct seller *seller_ref(struct seller *s);
void seller_unref(struct seller *s);

/* A copy with all strings in a. shared: of a row before, whose equal strings are used again; may be empty. */
struct product product_copy(struct arena *a, const struct product *p, const struct product *shared);

/* Takes the references on store and later, and the arrays, in any case; changes are in order of ids, with base and known set. */
enum status part_make(struct catalog_part **out, struct seller *seller, struct str generation, struct store *store, struct store **later,
	size_t later_count, struct change *change, size_t change_count, struct err *e);

#endif
