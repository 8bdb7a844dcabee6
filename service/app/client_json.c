/* What an Inlay service answers, for a person. */
#include "app/client.h"

#include <jansson.h>

static struct str text_of(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);
	return json_is_string(v) ? (struct str){json_string_value(v), json_string_length(v)} : STR_NONE;
}

static void put_number(const json_t *object, const char *key, const char *before, struct buf *out)
{
	const json_t *v = json_object_get(object, key);
	if (json_is_integer(v))
		buf_printf(out, "%s%lld %s", before, (long long)json_integer_value(v), key);
}

static void put_errors(const json_t *root, struct buf *out)
{
	size_t i;
	const json_t *item;
	json_array_foreach(json_object_get(root, "errors"), i, item)
	{
		const json_t *line = json_object_get(item, "line");
		buf_put(out, STR("\n  "));
		if (json_is_integer(line))
			buf_printf(out, "line %lld ", (long long)json_integer_value(line));
		buf_put(out, text_of(item, "pointer"));
		buf_put(out, text_of(item, "field"));
		buf_put(out, STR(": "));
		buf_put(out, text_of(item, "detail"));
	}
}

void client_explain_json(struct str reply, struct buf *out)
{
	json_t *root = json_loadb(reply.p ? reply.p : "", reply.n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(root)) {
		buf_put(out, str_trim(reply));
		json_decref(root);
		return;
	}
	struct str title = text_of(root, "title"), detail = text_of(root, "detail"), generation = text_of(root, "generation");
	buf_put(out, title);
	if (title.n && detail.n)
		buf_put(out, STR(": "));
	buf_put(out, detail);
	buf_put(out, generation);
	put_number(root, "accepted", ": ", out);
	put_number(root, "unchanged", ", ", out);
	put_number(root, "rejected", ", ", out);
	put_errors(root, out);
	json_decref(root);
}
