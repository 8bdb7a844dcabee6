/* The networks' rules as catalogs/networks.yaml gives them. */
#ifndef LINK_NETWORKS_H
#define LINK_NETWORKS_H

#include "link/link.h"

enum network_kind {
	WRAP_NEVER,     /* others' links that are only unwrapped */
	WRAP_DIRECT,    /* parameters on the shop's own URL */
	WRAP_PARAMETER, /* the destination is a parameter of the network's URL */
	WRAP_TAIL,      /* the destination ends the network's path */
};

struct words {
	const struct str *p;
	size_t n;
};

struct network_rule {
	struct str name, base, tail, click_segment, identity, ids_host;
	const struct pair *parameters; /* values are templates */
	size_t parameter_count;
	struct words hosts, destination;
	bool own_parameters;
	size_t click_max;
	enum network_kind kind;
};

struct link_networks {
	struct arena *arena;
	const struct network_rule *rule;
	size_t count;
	struct words strip;
	const struct network_rule *of[NET_COUNT]; /* NULL: not in the file */
};

/* What a template's {names} stand for. */
struct fill {
	const struct merchant *m;
	struct str click, destination;
};
/* Appends the template; each {name} encoded as a query value, if encode is set and it is not {name:raw}. False with the
 * name when one outside [...] is empty. */
bool template_fill(struct buf *out, struct str template, const struct fill *f, bool encode, struct str *missing_out);
/* False, with why, on unknown marks or brackets that do not pair. */
bool template_valid(struct str template);
bool template_has(struct str template, struct str mark); /* mark with its braces */

/* The parameters that a link of this merchant gets, network's or own. In own ones nothing but {click} is special. */
size_t parameter_count(const struct network_rule *r, const struct merchant *m);
struct pair parameter_at(const struct network_rule *r, const struct merchant *m, size_t i);
/* The value, not encoded, appended; OK with *omit_out when it is left out, E_MISSING when the merchant lacks an id. */
MUST_USE enum status parameter_value(struct buf *out, const struct network_rule *r, struct str template, const struct fill *f,
                                     bool *omit_out, struct err *e);
/* NULL-named if the network has no parameter for the sub-id. */
struct pair parameter_of_click(const struct network_rule *r, const struct merchant *m);

/* Whether wrapped links of r live on host. m, for networks whose hosts are the merchant's ids, may be NULL. */
bool network_on_host(const struct network_rule *r, const struct merchant *m, struct str host);

#endif
