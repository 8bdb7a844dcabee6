/* traffic: what a click's class depends on beside the click itself: who clicked what lately. In memory, on the scribe, bounded; what a
 * batch has put in can be taken back. */
#ifndef LEDGER_TRAFFIC_H
#define LEDGER_TRAFFIC_H

#include "ledger/ledger.h"
#include "ledger/pace.h"
#include "ledger/visits.h"

#define DUPLICATE_MS INT64_C(10000)
#define UNIQUE_MS INT64_C(1800000)

struct traffic {
	struct visits link, answer, offer; /* last click of a visitor on a link; on any link of an answer; counted one on a product */
	struct pace visitor, network;
};
void traffic_init(struct traffic *t);
void traffic_done(struct traffic *t);

struct traffic_verdict {
	enum click_class class;
	const char *rule;
	bool unique; /* the first click of this visitor on this product within half an hour */
};
/* served_ms: when the link was served last; INT64_MIN: not known. Remembers the click. Without memory it errs toward people. */
struct traffic_verdict traffic_judge(struct traffic *t, const struct ledger_click *c, int64_t served_ms);
/* A counted click of an earlier life of the process. */
MUST_USE enum status traffic_recall(struct traffic *t, const struct ledger_click *c);
void traffic_keep(struct traffic *t);
void traffic_undo(struct traffic *t);

#endif
