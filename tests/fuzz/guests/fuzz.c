/* Guests that hand us a text: any bytes as their request, and any text told again and again as LiteLLM does. What was let out once stays what later
 * replies begin with. First byte: which guest; second: seed of the cuts. */
#include "../../unit/flow/check.h"
#include "hook/desk.h"

static struct shelf_slot *slot;

static void json_of(struct buf *b, struct str text, bool question)
{
	buf_clear(b);
	buf_printf(b, "{\"input_type\":\"%s\",\"litellm_call_id\":\"c\",\"texts\":[", question ? "request" : "response");
	buf_put_json(b, text);
	buf_put(b, STR("]}"));
}

/* What LiteLLM lets out: the reply's text less what is held back. */
static void let_out(struct str reply, struct str text, struct buf *given, size_t *sure)
{
	struct span_walk w;
	struct str texts = json_member(reply, "texts"), held = json_member(reply, "stream_holdback_chars"), value;
	int64_t n = 0;
	buf_clear(given);
	if (!texts.n) {
		buf_put(given, text);
	} else {
		span_enter(&w, texts);
		if (!span_item(&w, &value) || !span_text(value, NULL, given))
			check_fail("a text that is none", text, reply);
		span_enter(&w, held);
		if (!span_item(&w, &value) || !span_integer(value, &n))
			check_fail("nothing about what is held", text, reply);
	}
	*sure = given->n;
	for (; n > 0 && *sure > 0; n--)
		do
			--*sure;
		while (*sure > 0 && ((unsigned char)given->p[*sure] & 0xC0) == 0x80);
}

static void tell_on(struct hook_desk *d, struct str text, uint64_t seed)
{
	struct buf json, reply, given, out;
	size_t sure;
	buf_init(&json, 1u << 20);
	buf_init(&reply, 1u << 20);
	buf_init(&given, 1u << 20);
	buf_init(&out, 1u << 20);
	json_of(&json, STR("Which headphones or tent should I buy?"), true);
	hook_litellm(d, STR("k"), buf_str(&json), 0, &reply);
	for (size_t n = 0; n < text.n;) {
		n += 1 + (size_t)((seed = hash_mix(seed + 1)) % 23);
		n = n < text.n ? utf8_whole(str_sub(text, 0, n)) : text.n;
		json_of(&json, str_sub(text, 0, n), false);
		buf_clear(&reply);
		hook_litellm(d, STR("k"), buf_str(&json), 0, &reply);
		let_out(buf_str(&reply), str_sub(text, 0, n), &given, &sure);
		if (!str_starts(buf_str(&given), buf_str(&out)))
			check_fail("what went out is another's", buf_str(&out), buf_str(&given));
		if (sure > out.n)
			buf_put(&out, str_sub(buf_str(&given), out.n, sure));
	}
	buf_done(&json);
	buf_done(&reply);
	buf_done(&given);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct hook_desk *d;
	struct err e = {0};
	struct buf reply;
	if (!slot) {
		slot = shelf_slot_new();
		shelf_publish(slot, kit_shelf(kit_rules(), kit_keys(), KIT_PUBLIC, 0, 1));
	}
	if (n < 2 || n > 4096)
		return 0;
	struct str bytes = {(const char *)data + 2, n - 2};
	kit_ok(hook_desk_new(&(struct hook_desk_options){.slot = slot}, &d, &e), &e);
	buf_init(&reply, 64u << 20);
	switch (data[0] % 5) {
	case 0:
		hook_litellm(d, STR("k"), bytes, 0, &reply);
		break;
	case 1:
		hook_dify(d, STR("k"), bytes, 0, &reply);
		break;
	case 2:
		hook_portkey(d, STR("k"), bytes, 0, &reply);
		break;
	case 3:
		hook_mcp(d, &(struct hook_mcp_call){.version = data[1] & 1 ? STR("2026-07-28") : STR_NONE, .method = STR("tools/list")}, bytes, &reply);
		break;
	default:
		if (utf8_valid(bytes) && !memchr(bytes.p, '\0', bytes.n))
			tell_on(d, bytes, data[1]);
	}
	struct str value;
	if (reply.n && !span_document(buf_str(&reply), &value))
		check_fail("no JSON", bytes, buf_str(&reply));
	buf_done(&reply);
	hook_desk_free(d);
	return 0;
}
