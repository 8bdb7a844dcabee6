/* GET /v1/models where only aliases are touched: every model of the upstream is listed a second time under the name that gets links, so that people
 * can choose it. */
#include "hook/call.h"

/* The entry with "+links" at the end of its id; nothing if it has none. */
static void put_alias(struct str model, struct buf *out)
{
	struct span_walk w;
	struct str key, value;
	span_enter(&w, model);
	while (span_member(&w, &key, &value)) {
		if (!str_eq(key, STR("\"id\"")) || !span_some_text(value))
			continue;
		size_t end = (size_t)(value.p - model.p) + value.n - 1;
		buf_putc(out, ',');
		buf_put(out, str_sub(model, 0, end));
		buf_put(out, STR("+links"));
		buf_put(out, str_sub(model, end, model.n));
		return;
	}
}

bool models_with_aliases(struct str body, struct buf *out)
{
	struct span_walk w, items;
	struct str root, key, value, model;
	size_t before = out->n;
	if (!span_document(body, &root) || !span_is(root, '{'))
		return false;
	span_enter(&w, root);
	while (span_member(&w, &key, &value)) {
		if (!str_eq(key, STR("\"data\"")) || !span_is(value, '['))
			continue;
		size_t end = (size_t)(value.p - body.p) + value.n - 1;
		buf_put(out, str_sub(body, 0, end));
		span_enter(&items, value);
		while (span_item(&items, &model))
			if (span_is(model, '{'))
				put_alias(model, out);
		buf_put(out, str_sub(body, end, body.n));
		break;
	}
	if (out->n == before || out->failed) {
		out->n = before;
		return false;
	}
	return true;
}
