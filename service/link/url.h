/* Web addresses in parts: checking, parameters, encoding. All slices point into the text that was split. */
#ifndef LINK_URL_H
#define LINK_URL_H

#include "base/base.h"

struct url {
	struct str scheme, host, port; /* port "" if not given */
	struct str path;               /* with its '/', or "" */
	struct str query, fragment;    /* without '?' and '#' */
	bool has_fragment;
};
/* Every rule of link_url_check. */
MUST_USE enum status url_split(struct str url, struct url *out, struct err *e);

/* The next non-empty name=value of *query; false at its end. *pair_out is the text of both, name and value still encoded. */
bool url_next_pair(struct str *query, struct str *pair_out, struct str *name_out, struct str *value_out);

/* Percent-decodes once; what is no valid escape stays. '+' stays. */
void url_decode(struct buf *out, struct str s);
/* Whether the encoded name, decoded, is wanted or starts with it, in any ASCII case. */
bool url_name_is(struct str encoded, struct str wanted);
bool url_name_starts(struct str encoded, struct str wanted);
/* Appends the URL in the characters of RFC 3986 that also mean nothing to Markdown: escapes are kept as they are, other
 * bytes are percent-encoded, an '&name;' that would be read as an HTML entity loses its ';'. Idempotent. */
void url_put_safe(struct buf *out, struct str url);
/* Everything but RFC 3986 unreserved characters, and '~', which Markdown has a use for. */
void url_put_value(struct buf *out, struct str s);
/* Same host, or a host under it. */
bool url_host_under(struct str host, struct str owner);

#endif
