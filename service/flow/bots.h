/* Private to flow: which clicks are people's, as far as the request itself tells. Pure. */
#ifndef FLOW_BOTS_H
#define FLOW_BOTS_H

#include "flow/flow.h"

/* Parts of user agents, lower case, by a hash of their first two bytes: a user agent is gone over once, however many there are. */
struct bot_list {
	const struct str *part; /* '^' in front is taken off and stands in anchored */
	const bool *anchored;
	size_t count;
	const uint32_t *bucket; /* BOT_BUCKETS + 1: parts of bucket b are [bucket[b], bucket[b + 1]) */
};
#define BOT_BUCKETS 1024
struct bot_rules { /* rules/bots.yaml, and the operator's own file */
	struct bot_list people, previews, bots, devices;
	int64_t visitor_per_minute, network_per_minute, scanner_ms; /* 0: no limit */
};
/* own may be NULL. E_INPUT names what is wrong. */
MUST_USE enum status bots_read(const struct doc *rules, const struct doc *own, struct arena *a, struct bot_rules *out, struct err *e);

struct bot_verdict {
	enum click_class class;
	const char *rule; /* "" of a person */
};
/* agent_seen: without it a missing user agent tells nothing. */
struct bot_verdict bots_judge(const struct bot_rules *b, const struct follow_request *r, bool agent_seen);

#endif
