/* LiteLLM's generic guardrail: POST /beta/litellm_basic_guardrail_api.
 *
 * pre_call brings the question, post_call the answer so far, joined by the call's id. In a stream LiteLLM sends the whole text every few
 * chunks, lets all of our reply go out but the last stream_holdback_chars code points, and fails the person's request should a later reply
 * not begin with what went out. So the reply holds the answer as if it were over, and what is not sure of it is held back. Whatever goes
 * wrong in here: action NONE. */
#include "hook/desk.h"

#define TEXTS_MAX 128

struct guard {
	struct hook_desk *d;
	struct str caller, root, call;
	struct arena *a;
	int64_t now_us;
};

static struct keep_key key_of(const struct guard *g, struct str guest, uint64_t index)
{
	return desk_key(g->d, guest, g->caller, g->call, index);
}

/* ---- pre_call ----------------------------------------------------------------------------------- */

/* Texts alone are what the user says. */
static void put_turns(struct str texts, struct buf *out)
{
	struct span_walk w;
	struct str text;
	const char *comma = "";
	buf_putc(out, '[');
	span_enter(&w, texts);
	while (span_item(&w, &text)) {
		buf_printf(out, "%s{\"role\":\"user\",\"content\":", comma);
		buf_put(out, span_is(text, '"') ? text : STR("\"\""));
		buf_putc(out, '}');
		comma = ",";
	}
	buf_putc(out, ']');
}

static void hear_question(const struct guard *g)
{
	struct str messages = json_member(g->root, "structured_messages"), texts = json_member(g->root, "texts");
	struct buf body;
	buf_init(&body, 32u << 20);
	buf_put(&body, STR("{\"messages\":"));
	if (span_is(messages, '['))
		buf_put(&body, messages);
	else
		put_turns(texts, &body);
	buf_putc(&body, '}');
	if (!body.failed && g->call.n)
		desk_ask(g->d, key_of(g, STR("litellm?"), 0), buf_str(&body), g->now_us);
	buf_done(&body);
}

/* ---- post_call ------------------------------------------------------------------------------------ */

struct reply {
	struct buf texts, held;
	bool changed;
};

static void tell_text(
        const struct guard *g, struct shelf *s, const struct insert_request *q, struct str value, uint64_t index, struct reply *r)
{
	struct buf text, out;
	size_t sure = 0, unsure = 0;
	buf_init(&text, 1u << 20);
	buf_init(&out, 4u << 20);
	bool fine = span_text(value, NULL, &text);
	if (fine)
		desk_tell(g->d, key_of(g, STR("litellm"), index), s, q, buf_str(&text), g->now_us, &out, &sure);
	fine = fine && !out.failed && utf8_valid(buf_str(&out));
	const char *comma = index ? "," : "";
	buf_printf(&r->texts, "%s", comma);
	if (fine)
		buf_put_json(&r->texts, buf_str(&out));
	else
		buf_put(&r->texts, value);
	if (fine)
		unsure = code_points(str_sub(buf_str(&out), sure, out.n));
	buf_printf(&r->held, "%s%zu", comma, unsure);
	r->changed |= unsure || (fine && !str_eq(buf_str(&out), buf_str(&text)));
	buf_done(&text);
	buf_done(&out);
}

/* The question's request, with what this call says besides; true: links may be made. */
static bool make_request(const struct guard *g, const struct asked *asked, struct insert_request *q)
{
	insert_request_init(q);
	q->now_ms = now_ms();
	if (asked)
		*q = asked->ask.q;
	q->request_id = g->call;
	q->model = json_text(g->root, "model", g->a);
	q->user_id = json_text(g->root, "request_data.user_api_key_end_user_id", g->a);
	q->app = json_text(g->root, "request_data.user_api_key_alias", g->a);
	return !asked || asked->ask.links;
}

static void tell_texts(const struct guard *g, const struct insert_request *q, struct str texts, struct reply *r)
{
	struct shelf *s = shelf_get(g->d->slot);
	struct span_walk w;
	struct str value;
	span_enter(&w, texts);
	for (uint64_t i = 0; s && i < TEXTS_MAX && span_item(&w, &value); i++)
		tell_text(g, s, q, value, i, r);
	bool all = s && !w.bad && w.at + 1 == texts.n;
	r->changed &= all && !r->texts.failed;
	if (s)
		shelf_unref(s);
}

static void hear_answer(const struct guard *g, struct buf *out)
{
	struct str texts = json_member(g->root, "texts");
	struct insert_request q;
	struct reply r = {0};
	struct asked *asked = g->call.n ? desk_asked(g->d, key_of(g, STR("litellm?"), 0)) : NULL;
	buf_init(&r.texts, 32u << 20);
	buf_init(&r.held, 4096);
	if (make_request(g, asked, &q) && span_is(texts, '['))
		tell_texts(g, &q, texts, &r);
	if (asked)
		keep_put(&g->d->asked, &asked->kept, g->now_us);
	if (r.changed) {
		buf_put(out, STR("{\"action\":\"GUARDRAIL_INTERVENED\",\"texts\":["));
		buf_put(out, buf_str(&r.texts));
		buf_put(out, STR("],\"stream_holdback_chars\":["));
		buf_put(out, buf_str(&r.held));
		buf_put(out, STR("]}"));
	} else {
		buf_put(out, STR("{\"action\":\"NONE\"}"));
	}
	buf_done(&r.texts);
	buf_done(&r.held);
}

void hook_litellm(struct hook_desk *d, struct str caller, struct str json, int64_t now_us, struct buf *reply)
{
	struct guard g = {.d = d, .caller = caller, .a = arena_new(1u << 20), .now_us = now_us};
	struct str kind = STR("");
	if (g.a && span_document(json, &g.root)) {
		g.call = json_text(g.root, "litellm_call_id", g.a);
		kind = json_text(g.root, "input_type", g.a);
	}
	if (str_eq(kind, STR("response"))) {
		hear_answer(&g, reply);
	} else {
		if (str_eq(kind, STR("request")))
			hear_question(&g);
		buf_put(reply, STR("{\"action\":\"NONE\"}"));
	}
	arena_free(g.a);
}
