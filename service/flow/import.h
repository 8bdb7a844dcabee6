/* Private to flow: a network's report as records of named texts, and a record as a conversion. */
#ifndef FLOW_IMPORT_H
#define FLOW_IMPORT_H

#include "flow/core.h"

#define IMPORT_FIELDS 256
#define IMPORT_ROW_MAX (1u << 20)

/* Names hold small letters and digits only: "Commission Amount" and "commission_amount" are one; so is JSON's commission.amount. */
struct import_record {
	uint64_t line;
	struct str name[IMPORT_FIELDS], value[IMPORT_FIELDS];
	size_t n;
	const char *fault; /* of the row; NULL if it can be read */
};
/* OK: goes on. Anything else ends the reading. */
typedef enum status import_each(void *arg, const struct import_record *r);

/* CSV under a header: comma, semicolon, tab or bar, whichever the header has most of; quotes as in RFC 4180; BOM, CRLF. */
MUST_USE enum status import_table(struct str text, struct arena *names, struct arena *row, import_each *each, void *arg, struct err *e);
/* The first list of objects in a JSON document. */
MUST_USE enum status import_json(struct str text, struct arena *row, import_each *each, void *arg, struct err *e);
struct str import_name(struct arena *a, struct str s);

/* What a file is read with. */
struct import_source {
	const struct catalog *catalog;
	struct ledger *ledger;
	const struct import_options *o;
};
/* E_INPUT: the record says nothing that could be booked; e->where is the field. */
MUST_USE enum status import_conversion(
        const struct import_source *s, const struct import_record *r, struct arena *a, struct ledger_conversion *out, struct err *e);
/* What names the row in reports of errors. */
struct str import_id(const struct import_source *s, const struct import_record *r);
/* NULL: fine; else the name of a column that must be there. */
const char *import_lacks(enum import_network n, const struct import_record *header);

#endif
