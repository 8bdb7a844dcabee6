/* YAML documents as a small immutable tree. libyaml reads; this keeps scalars, lists and maps, and refuses the rest. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 32
#define MAX_ITEMS 200000

struct reading {
	yaml_parser_t parser;
	struct arena *a;
	struct err *e;
	size_t items; /* of the whole document: bounds the work */
};

static enum status refuse(struct reading *r, const yaml_event_t *at, const char *why)
{
	char where[32];
	snprintf(where, sizeof where, "line %zu", at ? at->start_mark.line + 1 : r->parser.problem_mark.line + 1);
	return err_set(r->e, E_INPUT, where, "%s", why);
}

static enum status next_event(struct reading *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return OK;
	return refuse(r, NULL, r->parser.problem ? r->parser.problem : "not YAML");
}

/* Items while a list or map is read: a chain, laid out as an array at its end. */
struct link_item {
	struct doc doc;
	struct link_item *next;
};

static enum status read_node(struct reading *r, const yaml_event_t *event, int depth, struct doc *out);

static enum status read_key(struct reading *r, const yaml_event_t *event, const struct link_item *seen, struct str *key)
{
	if (event->type != YAML_SCALAR_EVENT)
		return refuse(r, event, "a key must be a plain word");
	*key = arena_take_str(r->a, (struct str){(const char *)event->data.scalar.value, event->data.scalar.length});
	for (; seen; seen = seen->next)
		if (str_eq(seen->doc.key, *key))
			return refuse(r, event, "the key stands twice");
	return OK;
}

static enum status read_item(struct reading *r, yaml_event_t *event, bool map, int depth, struct link_item **chain)
{
	struct link_item *item = ARENA_TAKE(r->a, struct link_item, 1);
	if (!item || ++r->items > MAX_ITEMS)
		return refuse(r, event, "the document is too large");
	struct str key = STR_NONE;
	if (map) {
		/* Duplicate keys are looked for in small maps only: rules have few keys. */
		enum status s = read_key(r, event, *chain, &key);
		yaml_event_delete(event);
		if (s == OK)
			s = next_event(r, event);
		if (s != OK) {
			*event = (yaml_event_t){0};
			return s;
		}
	}
	enum status s = read_node(r, event, depth + 1, &item->doc);
	item->doc.key = key;
	item->next = *chain;
	*chain = item;
	return s;
}

static enum status read_items(struct reading *r, bool map, int depth, struct doc *out)
{
	struct link_item *chain = NULL;
	for (size_t count = 0;; count++) {
		yaml_event_t event;
		enum status s = next_event(r, &event);
		if (s != OK)
			return s;
		bool end = event.type == (map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT);
		if (!end)
			s = read_item(r, &event, map, depth, &chain);
		yaml_event_delete(&event);
		if (s != OK)
			return s;
		if (!end)
			continue;
		struct doc *items = ARENA_TAKE(r->a, struct doc, count);
		for (size_t i = count; items && chain && i-- > 0; chain = chain->next)
			items[i] = chain->doc;
		out->items = items;
		out->count = items ? count : 0;
		return OK;
	}
}

static enum status read_node(struct reading *r, const yaml_event_t *event, int depth, struct doc *out)
{
	out->line = (int)event->start_mark.line + 1;
	if (depth > MAX_DEPTH)
		return refuse(r, event, "nested too deep");
	switch ((int)event->type) {
	case YAML_SCALAR_EVENT:
		if (memchr(event->data.scalar.value, 0, event->data.scalar.length) || event->data.scalar.anchor)
			return refuse(r, event, "NUL bytes and anchors are not allowed");
		out->kind = DOC_SCALAR;
		out->text = arena_take_str(r->a, (struct str){(const char *)event->data.scalar.value, event->data.scalar.length});
		return OK;
	case YAML_SEQUENCE_START_EVENT:
		out->kind = DOC_LIST;
		return read_items(r, false, depth, out);
	case YAML_MAPPING_START_EVENT:
		out->kind = DOC_MAP;
		return read_items(r, true, depth, out);
	default:
		return refuse(r, event, "aliases and other YAML extras are not allowed");
	}
}

static enum status read_stream(struct reading *r, struct doc *out)
{
	enum status s = OK;
	bool done = false, read = false;
	while (s == OK && !done) {
		yaml_event_t event;
		s = next_event(r, &event);
		if (s != OK)
			break;
		switch ((int)event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_STREAM_END_EVENT:
			done = true;
			break;
		default:
			s = read ? refuse(r, &event, "one document only") : read_node(r, &event, 0, out);
			read = true;
		}
		yaml_event_delete(&event);
	}
	if (s == OK && !read)
		*out = (struct doc){.kind = DOC_MAP, .line = 1};
	return s;
}

enum status doc_parse(struct str yaml, struct arena *a, const struct doc **out, struct err *e)
{
	struct reading r = {.a = a, .e = e};
	struct doc *root = ARENA_TAKE(a, struct doc, 1);
	if (!root || !yaml_parser_initialize(&r.parser))
		return err_set(e, E_NOMEM, "", "out of memory");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)yaml.p, yaml.n);
	enum status s = read_stream(&r, root);
	yaml_parser_delete(&r.parser);
	if (s == OK && arena_failed(a))
		s = err_set(e, E_NOMEM, "", "the document is too large");
	if (s == OK)
		*out = root;
	return s;
}

const struct doc *doc_get(const struct doc *map, const char *key)
{
	if (!map || map->kind != DOC_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (str_eq(map->items[i].key, str_of(key)))
			return &map->items[i];
	return NULL;
}

struct str doc_text(const struct doc *map, const char *key, struct str missing)
{
	const struct doc *d = doc_get(map, key);
	return d && d->kind == DOC_SCALAR ? d->text : missing;
}

static enum status wrong_form(const struct doc *d, const char *key, const char *form, struct err *e)
{
	return err_set(e, E_INPUT, key, "line %d: %s must be %s", d->line, key, form);
}

enum status doc_int(const struct doc *map, const char *key, int64_t missing, int64_t *out, struct err *e)
{
	const struct doc *d = doc_get(map, key);
	int64_t v = missing;
	if (d && (d->kind != DOC_SCALAR || !str_int(d->text, &v)))
		return wrong_form(d, key, "a whole number", e);
	*out = v;
	return OK;
}

enum status doc_bool(const struct doc *map, const char *key, bool missing, bool *out, struct err *e)
{
	const struct doc *d = doc_get(map, key);
	bool yes = d && (str_eq_nocase(d->text, STR("true")) || str_eq_nocase(d->text, STR("yes")));
	bool no = d && (str_eq_nocase(d->text, STR("false")) || str_eq_nocase(d->text, STR("no")));
	if (d && (d->kind != DOC_SCALAR || yes == no))
		return wrong_form(d, key, "true or false", e);
	*out = d ? yes : missing;
	return OK;
}

enum status doc_real(const struct doc *map, const char *key, double missing, double *out, struct err *e)
{
	const struct doc *d = doc_get(map, key);
	double v = missing;
	if (d) {
		char *end = NULL;
		v = d->kind == DOC_SCALAR && d->text.n ? strtod(d->text.p, &end) : 0;
		if (!end || *end || !(v > -1e15 && v < 1e15))
			return wrong_form(d, key, "a number", e);
	}
	*out = v;
	return OK;
}
