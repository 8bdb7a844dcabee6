/* From a catalog's URL to the shop's own: layers of networks taken off, tracking taken out. */
#ifndef LINK_UNWRAP_H
#define LINK_UNWRAP_H

#include "link/networks.h"
#include "link/url.h"

/* What a product URL turned out to be. */
struct bare {
	struct buf url; /* the shop's URL, cleaned, in its own spelling; empty if opaque */
	bool kept;      /* the product URL is our own wrapped link: give it the sub-id, leave the rest */
	bool opaque;    /* and it does not show where it leads */
};
/* E_INPUT: no URL, or a wrapped link whose destination cannot be found. The caller ends it with bare_done, also on failure. */
MUST_USE enum status bare_find(struct bare *b, const struct link_networks *n, const struct merchant *m, struct str url, struct err *e);
void bare_done(struct bare *b);

/* The destination in a link wrapped by r, decoded, appended to out; false if there is none. */
bool unwrap_once(struct buf *out, const struct network_rule *r, struct str url, const struct url *u);
/* Offset in url where unwrap_once would find the destination in the path; url.n if nowhere. */
size_t unwrap_tail(const struct network_rule *r, struct str url, const struct url *u);

/* A wrapped link that bears our account's mark and has a parameter for the sub-id. */
bool wrapped_is_ours(const struct network_rule *r, const struct merchant *m, struct str url);

/* Whether a parameter goes out of the shop's URL: others' tracking, or what the merchant's network will set itself. */
bool strips_parameter(const struct link_networks *n, const struct merchant *m, struct str name);

#endif
