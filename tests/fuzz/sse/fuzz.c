/* The proxy's streams: any bytes as an upstream's event stream, any cutting. However it is cut the same bytes come out; without a question about
 * shopping they are the bytes that came; and as a whole answer, an answer that is not changed is not touched. First byte: question and dialect; second:
 * seed of the cuts. */
#include "../../unit/flow/check.h"
#include "hook/chat.h"

static void stream(struct shelf *shelf, const struct insert_request *q, enum dialect d, struct str bytes, uint64_t seed, struct buf *out)
{
	struct chat c;
	chat_init(&c, d, shelf, q);
	buf_init(out, 64u << 20);
	for (size_t at = 0; at < bytes.n;) {
		size_t n = seed ? 1 + (size_t)((seed = hash_mix(seed + 1)) % 23) : bytes.n;
		chat_stream_feed(&c, str_sub(bytes, at, at + n), out);
		at += n;
	}
	chat_stream_end(&c, false, out);
	chat_record(&c, NULL, NULL);
	chat_done(&c);
}

static void same(const char *what, struct str a, struct str b)
{
	if (!str_eq(a, b))
		check_fail(what, a, b);
}

static void answer_whole(struct shelf *shelf, const struct insert_request *q, enum dialect d, struct str bytes)
{
	struct chat c;
	struct buf out;
	chat_init(&c, d, shelf, q);
	buf_init(&out, 64u << 20);
	if (!chat_whole(&c, bytes, &out) && out.n)
		check_fail("untouched, but written", bytes, buf_str(&out));
	buf_done(&out);
	chat_done(&c);
}

static void ask(struct shelf *shelf, enum dialect d, struct str bytes)
{
	struct arena *a = arena_new(1u << 22);
	struct chat_ask k;
	chat_ask_read(shelf, d, bytes, CHAT_ON, false, a, &k);
	if (k.changed && k.body.n == 0)
		check_fail("an empty body", bytes, STR(""));
	chat_ask_done(&k);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct shelf *shelf;
	static const char *const questions[] = {"Which headphones or tent should I buy?", "推荐一款面膜或者降噪耳机", "Why does water boil?"};
	if (!shelf)
		shelf = kit_shelf(kit_rules(), kit_keys(), KIT_PUBLIC, 0, 1);
	if (n < 2 || n > 8192)
		return 0;
	struct insert_turn turn = {STR("user"), str_of(questions[data[0] % 3])};
	struct insert_request q;
	insert_request_init(&q);
	q.turns = &turn;
	q.turn_count = 1;
	struct str bytes = {(const char *)data + 2, n - 2};
	enum dialect d = DIALECT_COMPLETIONS + data[0] / 3 % 3;
	struct buf once, cut;
	stream(shelf, &q, d, bytes, 0, &once);
	stream(shelf, &q, d, bytes, data[1] + 1u, &cut);
	same("the cutting shows", buf_str(&once), buf_str(&cut));
	answer_whole(shelf, &q, d, bytes);
	ask(shelf, d, bytes);
	buf_done(&once);
	buf_done(&cut);
	return 0;
}
