/* Streams of every dialect, cut at every byte: the same bytes come out; without a shopper they are the bytes that came, wherever the stream breaks off. */
#include "../flow/kit.h"
#include "hook/chat.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct sample {
	enum dialect d;
	const char *bytes;
};

#define CHUNK(delta, finish) "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":" finish "}]}\n\n"
#define AT "\"item_id\":\"m\",\"output_index\":0,\"content_index\":0,"
#define TEXT "Take the Sony WH-1000XM5 \xF0\x9F\x8E\xA7 along."
#define PART "{\"type\":\"output_text\",\"text\":\"" TEXT "\",\"annotations\":[{\"start_index\":27,\"end_index\":32}]}"

static const struct sample samples[] = {
	{DIALECT_COMPLETIONS,
		"\xEF\xBB\xBF: hello\n\n" CHUNK("\"role\":\"assistant\",\"content\":\"\"", "null") CHUNK("\"content\":\"Take the Sony WH-\"", "null")
			":ping\n" CHUNK("\"content\":\"1000XM5 \\ud83c\"", "null") CHUNK("\"content\":\"\\udfa7 along.\"", "null")
				CHUNK("\"annotations\":[{\"url_citation\":{\"end_index\":32,\"start_index\":27}}]", "null") CHUNK("", "\"stop\"") "data: [DONE]\n\n"},
	{DIALECT_COMPLETIONS, "id: 1\nevent: x\nretry: 5\n" CHUNK("\"content\":\"" TEXT "\"", "\"stop\"") "data: {\"choices\":[],\"usage\":{}}\n\n"},
	{DIALECT_COMPLETIONS, CHUNK("\"content\":\"Take the Sony\"", "null") "data: {\"error\":{\"message\":\"x\"}}\n\n"},
	{DIALECT_COMPLETIONS, CHUNK("\"content\":\"Take the Sony\"", "null") "data: nonsense\n\n" CHUNK("\"content\":\" WH-1000XM5\"", "\"stop\"")},
	{DIALECT_COMPLETIONS, CHUNK("\"content\":\"Take the Sony WH-1000XM5 \\ud83c\"", "null") CHUNK("\"content\":\"x\"", "\"stop\"")},
	{DIALECT_COMPLETIONS, CHUNK("\"content\":\"Take the Sony WH-1000XM5\"", "null") "data: {\"choices\":\ndata: []}\n\ndata"},
	{DIALECT_RESPONSES, "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"output\":[]}}\n\n"
			    "data: {\"type\":\"response.output_text.delta\",\"sequence_number\":1," AT "\"delta\":\"Take the Sony WH-\"}\n\n"
			    "data: {\"sequence_number\":2," AT "\"delta\":\"1000XM5 \xF0\x9F\x8E\xA7 along.\",\"type\":\"response.output_text.delta\"}\n\n"
			    "data: {\"type\":\"response.output_text.done\",\"sequence_number\":3," AT "\"text\":\"" TEXT "\"}\n\n"
			    "data: {\"type\":\"response.content_part.done\"," AT "\"part\":" PART ",\"sequence_number\":4}\n\n"
			    "data: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"message\",\"content\":[" PART "]},\"sequence_number\":5}\n\n"
			    "data: {\"type\":\"response.completed\",\"sequence_number\":6,\"response\":{\"output\":[{\"content\":[" PART "],\"type\":\"message\"}]}}\n\n"},
	{DIALECT_MESSAGES, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1}}}\n\n"
			   "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n"
			   "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Take the Sony WH-\"}}\n\n"
			   "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"1000XM5 along.\"}}\n\n"
			   "data: {\"type\":\"content_block_stop\",\"index\":0}\n\ndata: {\"type\":\"message_stop\"}\n\n"},
};

struct room {
	struct flow_rules *rules;
	struct link_keys *keys;
	struct shelf *shelf;
	struct insert_request shopper, idler;
};

static int set_up(void **state)
{
	static struct insert_turn buys = {{"user", 4}, {"Which headphones should I buy?", 30}}, muses = {{"user", 4}, {"Why does water boil?", 20}};
	static struct room r;
	r.rules = kit_rules();
	r.keys = kit_keys();
	r.shelf = kit_shelf(r.rules, r.keys, KIT_PUBLIC, 0, 1);
	insert_request_init(&r.shopper);
	r.shopper.turns = &buys;
	r.shopper.turn_count = 1;
	r.idler = r.shopper;
	r.idler.turns = &muses;
	*state = &r;
	return 0;
}

static int tear_down(void **state)
{
	struct room *r = *state;
	shelf_unref(r->shelf);
	flow_rules_unref(r->rules);
	link_keys_free(r->keys);
	return 0;
}

/* Bytes in pieces that end at `cut`, or of one byte each where cut is over the end. */
static void run(struct room *r, const struct insert_request *q, enum dialect d, struct str bytes, size_t cut, bool broken, struct buf *out)
{
	struct chat c;
	chat_init(&c, d, r->shelf, q);
	buf_init(out, 1u << 20);
	if (cut <= bytes.n) {
		chat_stream_feed(&c, str_sub(bytes, 0, cut), out);
		chat_stream_feed(&c, str_sub(bytes, cut, bytes.n), out);
	} else {
		for (size_t i = 0; i < bytes.n; i++)
			chat_stream_feed(&c, str_sub(bytes, i, i + 1), out);
	}
	chat_stream_end(&c, broken, out);
	chat_record(&c, NULL, NULL);
	chat_done(&c);
	assert_false(out->failed);
}

/* The sample with other line ends. */
static char *with_ends(const char *bytes, const char *end)
{
	struct buf b;
	buf_init(&b, 1u << 20);
	for (; *bytes; bytes++)
		if (*bytes == '\n')
			buf_put(&b, str_of(end));
		else
			buf_putc(&b, *bytes);
	return buf_steal(&b, NULL);
}

static void same(struct buf *got, struct str want)
{
	if (!str_eq(buf_str(got), want))
		fprintf(stderr, "got:\n%.*s\nwant:\n%.*s\n", STR_ARG(buf_str(got)), STR_ARG(want));
	assert_true(str_eq(buf_str(got), want));
	buf_done(got);
}

static void each_sample(struct room *r, void (*check)(struct room *r, enum dialect d, struct str bytes))
{
	static const char *const ends[] = {"\n", "\r\n", "\r"};
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		for (size_t e = 0; e < ARRAY_LEN(ends); e++) {
			char *bytes = with_ends(samples[i].bytes, ends[e]);
			check(r, samples[i].d, str_of(bytes));
			free(bytes);
		}
}

static void check_cuts(struct room *r, enum dialect d, struct str bytes)
{
	for (int broken = 0; broken < 2; broken++) {
		struct buf want, got;
		run(r, &r->shopper, d, bytes, 0, broken, &want);
		for (size_t cut = 1; cut <= bytes.n + 1; cut++) {
			run(r, &r->shopper, d, bytes, cut, broken, &got);
			same(&got, buf_str(&want));
		}
		buf_done(&want);
	}
}

static void test_cut_at_every_byte(void **state)
{
	each_sample(*state, check_cuts);
}

static void check_idle(struct room *r, enum dialect d, struct str bytes)
{
	struct buf got;
	for (size_t n = 0; n <= bytes.n; n++)
		for (int broken = 0; broken < 2; broken++) {
			run(r, &r->idler, d, str_sub(bytes, 0, n), SIZE_MAX, broken, &got);
			same(&got, str_sub(bytes, 0, n));
		}
}

static void test_nobody_shops_and_it_breaks_off_anywhere(void **state)
{
	each_sample(*state, check_idle);
}

static void test_links_are_there(void **state)
{
	struct room *r = *state;
	size_t linked = 0;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct buf out;
		run(r, &r->shopper, samples[i].d, str_of(samples[i].bytes), 0, false, &out);
		linked += str_find(buf_str(&out), STR("[Sony WH-1000XM5](" KIT_PUBLIC "/c/"), 0) < out.n;
		buf_done(&out);
	}
	assert_int_equal(linked, 4);
}

/* No byte of an answer is lost where it breaks off: what was held is given, and the links that went out stay. */
static void test_broken_off_text_is_all_there(void **state)
{
	struct room *r = *state;
	static const char words[] = "Take the Sony WH-1000XM5 along";
	for (size_t n = 1; n < sizeof words; n++) {
		struct buf in, out;
		buf_init(&in, 1u << 16);
		for (size_t i = 0; i < n; i++)
			buf_printf(&in, CHUNK("\"content\":\"%c\"", "null"), words[i]);
		run(r, &r->shopper, DIALECT_COMPLETIONS, buf_str(&in), 0, true, &out);
		struct str said = buf_str(&out), from;
		size_t at = 0, got = 0;
		while ((at = str_find(said, STR("\"content\":\""), at)) < said.n) {
			at += 11;
			from = str_sub(said, at, said.n);
			got += str_find(from, STR("\""), 0);
		}
		bool linked = str_find(said, STR("](" KIT_PUBLIC), 0) < said.n;
		assert_true(linked ? got > n : got == n);
		buf_done(&in);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_nobody_shops_and_it_breaks_off_anywhere),
		cmocka_unit_test(test_links_are_there),
		cmocka_unit_test(test_broken_off_text_is_all_there),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
