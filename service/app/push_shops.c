/* A list of shops in YAML (catalogs/merchants.yaml) through the merchants' door: each merchant, then its catalog. */
#include "app/client.h"
#include "app/command.h"
#include "app/push.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_LIMIT (16u << 20)

/* YAML has no types here: numbers are numbers but for the ids of networks, and only permission is true or false. */
static void write_value(const struct doc *d, bool text_only, struct buf *out)
{
	int64_t n;
	bool truth = str_eq(d->key, STR("permission"));
	if (d->kind == DOC_SCALAR && (truth || (!text_only && str_int(d->text, &n)))) {
		buf_put(out, d->text);
	} else if (d->kind == DOC_SCALAR) {
		buf_put_json(out, d->text);
	} else {
		bool map = d->kind == DOC_MAP;
		buf_putc(out, map ? '{' : '[');
		for (size_t i = 0; i < d->count; i++) {
			if (i)
				buf_putc(out, ',');
			if (map) {
				buf_put_json(out, d->items[i].key);
				buf_putc(out, ':');
			}
			write_value(&d->items[i], text_only || str_eq(d->items[i].key, STR("network_ids")), out);
		}
		buf_putc(out, map ? '}' : ']');
	}
}

static int put_merchant(const struct push_own *o, const struct doc *shop, const char *id)
{
	struct buf path, json, reply;
	struct err e = {0};
	int status = 0;
	buf_init(&path, 1024);
	buf_init(&json, LIST_LIMIT);
	buf_init(&reply, LIST_LIMIT);
	buf_put(&path, STR("/v1/merchants/"));
	buf_put_url(&path, str_of(id));
	write_value(shop, false, &json);
	const struct client_request r = {
		.method = "PUT",
		.base = str_of(o->url),
		.path = buf_str(&path),
		.key = str_of(o->key),
		.content_type = "application/json",
		.body = buf_str(&json),
	};
	enum status s = client_send(&r, &status, &reply, &e);
	bool good = s == OK && status >= 200 && status < 300;
	int code = good ? EXIT_DONE : s == OK ? push_tell(id, status, buf_str(&reply)) : complain(&e);
	buf_done(&path);
	buf_done(&json);
	buf_done(&reply);
	return code;
}

static int put_shop(const struct push_own *o, const struct doc *shop, const char *folder)
{
	char id[80], path[PATH_MAX], format[32];
	struct str file = doc_text(shop, "file", STR_NONE);
	snprintf(id, sizeof id, "%.*s", STR_ARG(doc_text(shop, "id", STR_NONE)));
	snprintf(format, sizeof format, "%.*s", STR_ARG(doc_text(shop, "format", STR_NONE)));
	snprintf(path, sizeof path, "%s/%.*s", folder, STR_ARG(file));
	struct push_own one = *o;
	one.merchant = id;
	one.format = *o->format ? o->format : format;
	int code = o->dry_run ? EXIT_DONE : put_merchant(o, shop, id);
	return code == EXIT_DONE && file.n ? push_file(&one, path) : code;
}

static int put_list(const struct push_own *o, const struct doc *list)
{
	char folder[PATH_MAX];
	struct err e = {0};
	int code = EXIT_DONE;
	snprintf(folder, sizeof folder, "%s", o->merchants);
	if (list->kind != DOC_LIST) {
		err_ignore(err_set(&e, E_INPUT, "merchants", "must be a list of shops"));
		return complain(&e);
	}
	const char *at = dirname(folder);
	for (size_t i = 0; code == EXIT_DONE && i < list->count; i++)
		code = put_shop(o, &list->items[i], at);
	return code;
}

int push_shops(const struct push_own *o)
{
	char *text;
	size_t n;
	const struct doc *list;
	struct err e = {0};
	enum status s = file_read(o->merchants, LIST_LIMIT, &text, &n, &e);
	if (s != OK)
		return complain(&e);
	struct arena *a = arena_new(4 * LIST_LIMIT);
	s = a ? doc_parse((struct str){text, n}, a, &list, &e) : err_set(&e, E_NOMEM, "", "out of memory");
	int code = s == OK ? put_list(o, list) : complain(&e);
	arena_free(a);
	free(text);
	return code;
}
