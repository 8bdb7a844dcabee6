/* Portkey's webhook guardrail, after the request: POST /hooks/portkey. It hands over the whole answer and takes back one in its place;
 * streams it only tells of. The verdict is always true: another one would be an error for the person. */
#include "hook/desk.h"

static enum dialect dialect_named(struct str type)
{
	if (str_eq(type, STR("chatComplete")))
		return DIALECT_COMPLETIONS;
	if (str_eq(type, STR("createModelResponse")))
		return DIALECT_RESPONSES;
	return str_eq(type, STR("messages")) ? DIALECT_MESSAGES : DIALECT_NONE;
}

static bool rewrite(struct hook_desk *d, enum dialect dialect, struct str asked, struct str answered, struct arena *a, struct buf *out)
{
	struct shelf *s = shelf_get(d->slot);
	struct chat_ask ask;
	struct chat c;
	bool changed = false;
	if (!s)
		return false;
	chat_ask_read(s, dialect, asked, CHAT_DEFAULT, false, a, &ask);
	if (ask.links) {
		chat_init(&c, dialect, s, &ask.q);
		changed = chat_whole(&c, answered, out);
		chat_record(&c, d->record, d->record_arg);
		chat_done(&c);
	}
	chat_ask_done(&ask);
	shelf_unref(s);
	return changed;
}

void hook_portkey(struct hook_desk *d, struct str caller, struct str json, int64_t now_us, struct buf *reply)
{
	struct arena *a = arena_new(json.n * 4 + (1u << 16));
	struct str root = STR_NONE;
	struct buf out;
	bool changed = false;
	(void)caller, (void)now_us;
	buf_init(&out, 64u << 20);
	if (a && span_document(json, &root)) {
		struct str asked = json_member(root, "request.json"), answered = json_member(root, "response.json");
		enum dialect dialect = dialect_named(json_text(root, "requestType", a));
		bool after = str_eq(json_text(root, "eventType", a), STR("afterRequestHook"));
		if (after && dialect != DIALECT_NONE && span_is(asked, '{') && span_is(answered, '{'))
			changed = rewrite(d, dialect, asked, answered, a, &out);
	}
	if (changed && !out.failed) {
		buf_put(reply, STR("{\"verdict\":true,\"transformedData\":{\"response\":{\"json\":"));
		buf_put(reply, buf_str(&out));
		buf_put(reply, STR("}}}"));
	} else {
		buf_put(reply, STR("{\"verdict\":true}"));
	}
	buf_done(&out);
	arena_free(a);
}
