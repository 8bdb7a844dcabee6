/* Our own direct links, recognised: the sub-id is read out, the link is made once more with it, and must be the same. */
#include "link/unwrap.h"

#define MAX_BYTES 131072

/* What stands for {click} in value, which is encoded; false if value is not shaped like the template. */
static bool click_of_value(struct str template, struct str value, struct buf *out)
{
	size_t at = str_find(template, STR("{click}"), 0);
	struct str head = str_sub(template, 0, at), tail = str_sub(template, at + STR("{click}").n, template.n);
	struct buf plain;
	struct str s;
	bool fits;

	buf_init(&plain, MAX_BYTES);
	url_decode(&plain, value);
	s = buf_str(&plain);
	fits = s.n >= head.n + tail.n && str_starts(s, head) && str_ends(s, tail);
	if (fits)
		buf_put(out, str_sub(s, head.n, head.n + LINK_SUBID_TEXT));
	buf_done(&plain);
	return fits;
}

static bool click_of_query(const struct network_rule *r, const struct merchant *m, const struct url *u, struct buf *out)
{
	struct pair click = parameter_of_click(r, m);
	struct str query = u->query, pair, name, value;

	while (click.name.n > 0 && url_next_pair(&query, &pair, &name, &value))
		if (url_name_is(name, click.name))
			return click_of_value(click.value, value, out);
	return true; /* none: made without */
}

static bool click_of_path(const struct network_rule *r, struct str url, const struct url *u, struct buf *out)
{
	struct str head = str_sub(url, 0, unwrap_tail(r, url, u)), rest;
	size_t at = str_find(head, r->click_segment, 0);

	if (r->click_segment.n > 0 && at < head.n) {
		rest = str_sub(head, at + r->click_segment.n, head.n);
		buf_put(out, str_cut(&rest, '/'));
	}
	return true;
}

static bool find_click(const struct network_rule *r, const struct merchant *m, struct str url, struct buf *out)
{
	struct link_id id;
	struct url u;

	if (url_split(url, &u, NULL) != OK)
		return false;
	if (!(r->kind == WRAP_TAIL && unwrap_tail(r, url, &u) < url.n ? click_of_path(r, url, &u, out) : click_of_query(r, m, &u, out)))
		return false;
	return out->n == 0 || link_subid_read(buf_str(out), &id);
}

bool link_untarget(const struct link_networks *n, const struct merchant *m, struct str url, struct buf *out)
{
	const struct network_rule *r = n->of[m->network];
	struct buf click, again;
	bool ours;

	buf_init(&click, MAX_BYTES);
	buf_init(&again, MAX_BYTES);
	ours = r && find_click(r, m, url, &click);
	ours = ours && link_target(n, m, url, buf_str(&click), &again, NULL) == OK && str_eq(buf_str(&again), url);
	ours = ours && link_clean(n, m, url, out, NULL) == OK;
	buf_done(&click);
	buf_done(&again);
	return ours;
}
