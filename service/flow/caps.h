/* Private to flow: how often a reader and a merchant were shown links today, as far as this node knows. */
#ifndef FLOW_CAPS_H
#define FLOW_CAPS_H

#include "flow/flow.h"

struct cap_limits { /* rules/placement.yaml, caps: links a (UTC) day; 0 none */
	int64_t user, user_merchant, merchant;
};
MUST_USE enum status caps_read(const struct doc *placement, struct cap_limits *out, struct err *e);
bool caps_wanted(const struct cap_limits *l);

/* What one decision was told, once: later counts do not change it. */
struct cap_seen {
	struct str merchant; /* the catalog's */
	int64_t used, user_used;
};
#define CAPS_SEEN 64
struct cap_view {
	struct cap_limits limit;
	const struct caps *caps; /* NULL: nothing is counted */
	int64_t day, user_used;
	bool has_user;
	struct ledger_id user;
	struct cap_seen seen[CAPS_SEEN];
	uint32_t seen_count;
};
void caps_look(struct cap_view *v, const struct caps *c, const struct cap_limits *l, struct ledger_id user, int64_t now_ms);
/* May one more of this merchant's links be shown, beside those here already? A merchant past the CAPS_SEEN-th of one answer may not. */
bool caps_allow(struct cap_view *v, struct str merchant, int64_t here);
/* The "caps" object. */
void caps_write(const struct cap_view *v, struct buf *out);
void caps_record(struct caps *c, const struct cap_limits *l, const struct ledger_insertion *rec);

#endif
