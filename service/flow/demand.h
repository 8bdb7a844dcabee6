/* Private to flow: what a question asked for, in words of ours: for the report on demand that the catalogs did not meet. */
#ifndef FLOW_DEMAND_H
#define FLOW_DEMAND_H

#include "flow/flow.h"

struct demand_words { /* rules/placement.yaml, demand */
	const struct str *word; /* lower case */
	size_t count;
};
MUST_USE enum status demand_read(const struct doc *placement, struct arena *a, struct demand_words *out, struct err *e);
/* Fills wanted where a shopper's answer has no link for want of goods. */
struct insert;
void demand_record(const struct insert *in, struct ledger_insertion *out);

#endif
