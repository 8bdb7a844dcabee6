/* Which chat calls may get links: for everybody, and by key. */
#include "hook/call.h"

bool hook_links_parse(struct str s, enum hook_links *out)
{
	static const char *const name[] = {[HOOK_ALL] = "all", [HOOK_ALIAS] = "alias", [HOOK_OFF] = "off"};
	for (size_t i = 0; i < ARRAY_LEN(name); i++)
		if (str_eq(s, str_of(name[i]))) {
			*out = (enum hook_links)i;
			return true;
		}
	return false;
}

/* The next "ID=links" of a list; false at its end. fine: what it says can be understood. */
static bool next(struct str *rest, struct str *id, enum hook_links *out, bool *fine)
{
	struct str entry = STR_NONE;
	while (rest->n && !entry.n)
		entry = str_trim(str_cut(rest, ','));
	*id = str_trim(str_cut(&entry, '='));
	*fine = id->n && hook_links_parse(str_trim(entry), out);
	return id->n || entry.n;
}

enum status links_check(struct str by_key, struct err *e)
{
	struct str id;
	enum hook_links links;
	bool fine;
	while (next(&by_key, &id, &links, &fine))
		if (!fine)
			return err_set(e, E_INPUT, "upstream_links_by_key", "must be KEY_ID=all|alias|off, with commas between");
	return OK;
}

enum hook_links links_for(const struct hook *h, struct str caller)
{
	struct str rest = str_of(h->links_by_key), id;
	enum hook_links links;
	bool fine;
	while (next(&rest, &id, &links, &fine))
		if (fine && str_eq(id, caller))
			return links;
	return h->options.links;
}
