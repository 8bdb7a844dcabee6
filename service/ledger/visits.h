/* visits: who has clicked which link within the last seconds, so that a person's second click is known as such. In memory, bounded; filled
 * from the clicks themselves when the ledger opens. What a batch has put in can be taken back. */
#ifndef LEDGER_VISITS_H
#define LEDGER_VISITS_H

#include "base/base.h"

struct visit {
	uint8_t link[16], visitor[16];
	int64_t at_ms;
};
/* Two generations: the young one takes what is new and becomes the old one when it is older than the window, or full. */
struct visit_table {
	struct visit *visit;
	uint32_t *slot; /* visit + 1, 0 is free; power of two */
	size_t n, cap, slots;
	int64_t since_ms;
};
struct visits {
	struct visit_table young, old;
	struct visit *undo; /* as they were before this batch; at_ms VISIT_NONE: not there */
	size_t undo_n, undo_cap;
	int64_t window_ms;
};
#define VISIT_NONE INT64_MIN

void visits_init(struct visits *v, int64_t window_ms);
void visits_done(struct visits *v);
/* Was this visitor's last counted click on the link no more than the window away from at_ms? */
bool visits_recent(const struct visits *v, const uint8_t link[16], const uint8_t visitor[16], int64_t at_ms);
MUST_USE enum status visits_put(struct visits *v, const uint8_t link[16], const uint8_t visitor[16], int64_t at_ms);
/* What was put since visits_keep or visits_undo stays, or is forgotten. */
void visits_keep(struct visits *v);
void visits_undo(struct visits *v);

#endif
