/* Dify's API extension: POST /hooks/dify. Its moderation of an output sends the text so far every few hundred characters and once more at
 * the end; what we reply replaces what the person sees. It never says what was asked: where the policy wants a question, references at the
 * end are all that can be. */
#include "hook/desk.h"

static void moderate_output(struct hook_desk *d, struct str caller, struct str root, struct arena *a, int64_t now_us, struct buf *reply)
{
	struct str app = json_text(root, "params.app_id", a), text = json_text(root, "params.text", a);
	struct shelf *s = shelf_get(d->slot);
	struct insert_request q;
	struct buf out;
	size_t sure;
	buf_init(&out, 4u << 20);
	if (s && text.n) {
		insert_request_init(&q);
		q.now_ms = now_ms();
		q.app = app;
		q.form = shelf_wants_question(s) ? FORM_REFERENCES : FORM_INLINE;
		desk_tell(d, desk_key(d, STR("dify"), caller, app, 0), s, &q, text, now_us, &out, &sure);
	}
	if (out.n && !out.failed && !str_eq(buf_str(&out), text)) {
		buf_put(reply, STR("{\"flagged\":true,\"action\":\"overridden\",\"text\":"));
		buf_put_json(reply, buf_str(&out));
		buf_putc(reply, '}');
	} else {
		buf_put(reply, STR("{\"flagged\":false,\"action\":\"direct_output\"}"));
	}
	buf_done(&out);
	if (s)
		shelf_unref(s);
}

void hook_dify(struct hook_desk *d, struct str caller, struct str json, int64_t now_us, struct buf *reply)
{
	struct arena *a = arena_new(json.n * 2 + (1u << 16));
	struct str root = STR_NONE, point = STR("");
	if (a && span_document(json, &root))
		point = json_text(root, "point", a);
	if (str_eq(point, STR("ping")))
		buf_put(reply, STR("{\"result\":\"pong\"}"));
	else if (str_eq(point, STR("app.moderation.output")))
		moderate_output(d, caller, root, a, now_us, reply);
	else
		buf_put(reply, STR("{\"flagged\":false,\"action\":\"direct_output\"}"));
	arena_free(a);
}
