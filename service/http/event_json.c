/* Bodies of POST /v1/clicks and /v1/impressions. */
#include "http/door.h"

#include <jansson.h>
#include <stdio.h>
#include <strings.h>

static enum status load(struct str json, json_t **out, struct err *e)
{
	json_error_t why;
	json_t *o = json_loadb(json.n ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &why);

	if (!o)
		return err_set(e, E_INPUT, "", "not JSON: %s", why.text);
	if (!json_is_object(o)) {
		json_decref(o);
		return err_set(e, E_INPUT, "", "an object is wanted");
	}
	*out = o;
	return OK;
}

static const json_t *field(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	return json_is_null(v) ? NULL : v;
}

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static enum status read_text(const json_t *v, const char *pointer, struct arena *a, struct str *out, struct err *e)
{
	if (!v)
		return OK;
	if (!json_is_string(v))
		return err_set(e, E_INPUT, pointer, "a string is wanted");
	*out = arena_take_str(a, text_of(v));
	return out->p ? OK : err_set(e, E_NOMEM, pointer, "too long");
}

/* An id with or without the word in front. */
static enum status read_id(const json_t *v, const char *word, const char *pointer, struct ledger_id *out, struct err *e)
{
	struct str text = json_is_string(v) ? text_of(v) : STR_NONE;

	if (str_starts(text, str_of(word)))
		text = str_sub(text, 4, text.n);
	if (!base32_get(text, true, out->b))
		return err_set(e, E_INPUT, pointer, "an id like %s… is wanted", word);
	return OK;
}

/* ---- clicks ------------------------------------------------------------------------------------ */

static struct str *header_place(struct follow_request *r, const char *name)
{
	static const char *const purposes[] = {"sec-purpose", "purpose", "x-purpose", "x-moz"};

	for (size_t i = 0; i < ARRAY_LEN(purposes); i++)
		if (strcasecmp(name, purposes[i]) == 0)
			return &r->purpose[i];
	if (strcasecmp(name, "user-agent") == 0)
		return &r->user_agent;
	if (strcasecmp(name, "accept-language") == 0)
		return &r->accept_language;
	if (strcasecmp(name, "sec-fetch-mode") == 0)
		return &r->fetch_mode;
	if (strcasecmp(name, "sec-fetch-dest") == 0)
		return &r->fetch_dest;
	return strcasecmp(name, "sec-fetch-site") == 0 ? &r->fetch_site : NULL;
}

static enum status read_headers(const json_t *o, struct arena *a, struct follow_request *r, struct err *e)
{
	const json_t *headers = field(o, "headers");
	enum status s = OK;

	if (headers && !json_is_object(headers))
		return err_set(e, E_INPUT, "/headers", "an object is wanted");
	for (void *it = json_object_iter((json_t *)(uintptr_t)headers); it && s == OK;
		it = json_object_iter_next((json_t *)(uintptr_t)headers, it)) {
		const char *name = json_object_iter_key(it);
		const json_t *v = json_object_iter_value(it);
		struct str *to = header_place(r, name);
		if (to)
			s = read_text(v, "/headers", a, to, e);
		else if (strcasecmp(name, "sec-gpc") == 0)
			r->gpc = json_is_string(v) && str_eq(str_trim(text_of(v)), STR("1"));
	}
	return s;
}

static enum status read_time(const json_t *v, int64_t *out, struct err *e)
{
	if (!v)
		return OK;
	if (!json_is_string(v) || time_parse(text_of(v), out, NULL) != OK)
		return err_set(e, E_INPUT, "/occurred_at", "a time of RFC 3339 is wanted");
	return OK;
}

static enum status read_click(const json_t *o, struct arena *a, struct reported_click *c, struct err *e)
{
	enum status s = read_id(field(o, "link"), "lnk_", "/link", &c->link, e);

	if (s == OK)
		s = read_headers(o, a, &c->seen, e);
	if (s == OK)
		s = read_text(field(o, "user_agent"), "/user_agent", a, &c->seen.user_agent, e);
	if (s == OK)
		s = read_text(field(o, "address"), "/address", a, &c->seen.address, e);
	return s == OK ? read_time(field(o, "occurred_at"), &c->occurred_ms, e) : s;
}

enum status reported_click_parse(struct str json, struct arena *a, struct reported_click *out, struct err *e)
{
	struct reported_click c = {.occurred_ms = INT64_MIN};
	json_t *o;
	enum status s = load(json, &o, e);

	if (s)
		return s;
	s = read_click(o, a, &c, e);
	json_decref(o);
	if (s == OK && c.seen.address.n > 63)
		s = err_set(e, E_INPUT, "/address", "is no address");
	if (s == OK)
		*out = c;
	return s;
}

/* ---- impressions ---------------------------------------------------------------------------------- */

static enum status read_links(const json_t *list, struct arena *a, struct reported_links *l, struct err *e)
{
	char pointer[48];
	enum status s = OK;

	if (!list)
		return OK;
	if (!json_is_array(list) || json_array_size(list) > IMPRESSIONS_MAX)
		return err_set(e, E_INPUT, "/links", "a list of at most %d ids is wanted", IMPRESSIONS_MAX);
	l->count = json_array_size(list);
	l->link = ARENA_TAKE(a, struct ledger_id, l->count + 1);
	if (!l->link)
		return err_set(e, E_NOMEM, "/links", "no memory");
	for (size_t i = 0; i < l->count && s == OK; i++) {
		snprintf(pointer, sizeof pointer, "/links/%zu", i);
		s = read_id(json_array_get(list, i), "lnk_", pointer, &l->link[i], e);
	}
	return s;
}

enum status reported_links_parse(struct str json, struct arena *a, struct reported_links *out, struct err *e)
{
	struct reported_links l = {0};
	json_t *o;
	enum status s = load(json, &o, e);

	if (s)
		return s;
	const json_t *insertion = field(o, "insertion"), *links = field(o, "links");
	l.whole = insertion && !links;
	if (insertion)
		s = read_id(insertion, "ins_", "/insertion", &l.insertion, e);
	if (s == OK && !insertion && !links)
		s = err_set(e, E_INPUT, "/links", "insertion or links is required");
	if (s == OK)
		s = read_links(links, a, &l, e);
	json_decref(o);
	if (s == OK)
		*out = l;
	return s;
}
