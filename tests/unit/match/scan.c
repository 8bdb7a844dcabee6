/* The scan against a naive reference, forks, borders, and words that go on. */
#include "match/shop.h"

#include <stdio.h>

static struct match_index *ix;

static int open_shop(void **state)
{
	(void)state;
	ix = SHOP_INDEX(shop_rows);
	return 0;
}

static int close_shop(void **state)
{
	(void)state;
	match_index_free(ix);
	return 0;
}

enum { STREAM = 400 };
static struct str stream[STREAM];
static enum text_gap gaps[STREAM];

/* A deterministic stream of the catalog's words and strangers. */
static void fill_stream(uint64_t seed)
{
	static const char *const words[] = {"noise", "cancelling", "headphones", "headphone", "sony", "wh", "1000xm5", "sleeping", "bag",
	        "bags", "iphone", "12", "phone", "case", "手", "机", "壳", "面", "膜", "自", "然", "堂", "zebra", "the", "war", "and",
	        "peace"};
	for (size_t i = 0; i < STREAM; i++) {
		seed = hash_mix(seed + i);
		stream[i] = str_of(words[seed % ARRAY_LEN(words)]);
		gaps[i] = (seed >> 32) % 8 == 0 ? GAP_CLAUSE : (seed >> 32) % 2 == 0 ? GAP_NONE : GAP_SOFT;
	}
}

/* All phrases that end at token `last`, by a fresh scan from each start: longest first. */
static size_t naive(size_t last, struct match_hit *out)
{
	size_t n = 0, from = last + 1 > MATCH_MAX_TOKENS ? last + 1 - MATCH_MAX_TOKENS : 0;
	for (size_t start = from; start <= last; start++) {
		bool joined = true;
		for (size_t i = start + 1; i <= last; i++)
			joined = joined && gaps[i] <= GAP_SOFT;
		if (!joined)
			continue;
		struct match_scan s;
		struct match_hit hits[MATCH_MAX_TOKENS];
		size_t got = 0;
		match_scan_init(&s, ix);
		for (size_t i = start; i <= last; i++)
			got = match_scan_push(&s, stream[i], i == start ? GAP_BLOCK : gaps[i], hits);
		if (got > 0 && hits[0].first == 0 && hits[0].last == last - start)
			out[n++] = (struct match_hit){.first = (uint32_t)start, .last = (uint32_t)last, .phrase = hits[0].phrase};
	}
	return n;
}

static void equals_the_naive_reference(void **state)
{
	(void)state;
	size_t all = 0;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct match_scan s;
		match_scan_init(&s, ix);
		fill_stream(seed * 977);
		for (size_t i = 0; i < STREAM; i++) {
			struct match_hit got[MATCH_MAX_TOKENS], want[MATCH_MAX_TOKENS];
			size_t n = match_scan_push(&s, stream[i], gaps[i], got);
			assert_int_equal(n, naive(i, want));
			for (size_t k = 0; k < n; k++) {
				assert_int_equal(got[k].first, want[k].first);
				assert_int_equal(got[k].last, want[k].last);
				assert_int_equal(got[k].phrase, want[k].phrase);
			}
			all += n;
		}
	}
	assert_true(all > 500);
}

static void a_hit_spells_its_phrase(void **state)
{
	(void)state;
	struct match_scan s;
	match_scan_init(&s, ix);
	fill_stream(31);
	for (size_t i = 0; i < STREAM; i++) {
		struct match_hit hits[MATCH_MAX_TOKENS];
		size_t n = match_scan_push(&s, stream[i], gaps[i], hits);
		for (size_t k = 0; k < n; k++) {
			struct str text = match_phrase(ix, hits[k].phrase).text;
			size_t bytes = 0, spelt = 0;
			for (uint32_t t = hits[k].first; t <= hits[k].last; t++)
				bytes += stream[t].n;
			for (size_t b = 0; b < text.n; b++)
				spelt += text.p[b] != ' ';
			/* But for a plural's ending they are the same bytes. */
			assert_true(spelt <= bytes + 1 && bytes <= spelt + 1);
			assert_memory_equal(text.p, stream[hits[k].first].p, 2);
		}
	}
}

static void a_copy_is_a_fork(void **state)
{
	(void)state;
	struct match_scan whole, fork;
	struct match_hit hits[MATCH_MAX_TOKENS];
	match_scan_init(&whole, ix);
	assert_int_equal(match_scan_push(&whole, STR("sleeping"), GAP_BLOCK, hits), 0);
	assert_int_equal(match_scan_open(&whole), 0);
	fork = whole;
	assert_int_equal(match_scan_push(&fork, STR("zebra"), GAP_SOFT, hits), 0);
	assert_int_equal(match_scan_open(&fork), UINT32_MAX);
	assert_true(match_scan_push(&whole, STR("bag"), GAP_SOFT, hits) > 0);
	assert_int_equal(hits[0].first, 0);
	assert_int_equal(hits[0].last, 1);
}

static void a_gap_ends_phrases(void **state)
{
	(void)state;
	for (int gap = GAP_NONE; gap <= GAP_BLOCK; gap++) {
		struct match_scan s;
		struct match_hit hits[MATCH_MAX_TOKENS];
		match_scan_init(&s, ix);
		match_scan_push(&s, STR("sleeping"), GAP_BLOCK, hits);
		size_t n = match_scan_push(&s, STR("bag"), (enum text_gap)gap, hits);
		assert_int_equal(n > 0 && hits[0].first == 0, gap <= GAP_SOFT);
	}
}

static void words_that_go_on(void **state)
{
	(void)state;
	uint32_t phone = shop_phrase(ix, "手机");
	assert_true(match_continues(ix, phone, STR("壳"), TEXT_HAN, GAP_NONE));
	assert_false(match_continues(ix, phone, STR("壳"), TEXT_HAN, GAP_SOFT));
	assert_false(match_continues(ix, phone, STR("是"), TEXT_HAN, GAP_NONE));
	assert_false(match_continues(ix, shop_phrase(ix, "手机壳"), STR("壳"), TEXT_HAN, GAP_NONE));
}

static void words_in_answers(void **state)
{
	(void)state;
	uint32_t mask = shop_phrase(ix, "面膜");
	assert_true(match_used(ix, UINT32_MAX, STR("保"), STR("湿"), 9) > 0);
	assert_int_equal(match_used(ix, UINT32_MAX, STR("湿"), STR("保"), 9), 0);
	assert_int_equal(match_used(ix, mask, STR_NONE, STR("headphones"), 9), 0);
	assert_true(match_used(ix, UINT32_MAX, STR_NONE, STR("headphones"), 1) == 1);
	assert_int_equal(match_used(ix, mask, STR_NONE, STR("nowhere"), 9), 0);
	assert_true(match_calls(ix, STR("camping")));
	assert_false(match_calls(ix, STR("nowhere")));
	assert_int_equal(match_word(ix, STR("nowhere")), 0);
}

static void hostile_tokens(void **state)
{
	(void)state;
	struct match_scan s;
	struct match_hit hits[MATCH_MAX_TOKENS];
	match_scan_init(&s, ix);
	static char big[70000];
	memset(big, 's', sizeof(big));
	const struct str odd[] = {
	        STR(""), STR("\0"), {big, sizeof(big)}, {big, 63}, {big, 64}, {big, 65}, STR("ies"), STR("sses"), STR("\xff\xfe")};
	for (size_t i = 0; i < ARRAY_LEN(odd) * 20; i++)
		assert_int_equal(match_scan_push(&s, odd[i % ARRAY_LEN(odd)], GAP_NONE, hits), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(equals_the_naive_reference),
	        cmocka_unit_test(a_hit_spells_its_phrase),
	        cmocka_unit_test(a_copy_is_a_fork),
	        cmocka_unit_test(a_gap_ends_phrases),
	        cmocka_unit_test(words_that_go_on),
	        cmocka_unit_test(words_in_answers),
	        cmocka_unit_test(hostile_tokens),
	};
	return cmocka_run_group_tests(tests, open_shop, close_shop);
}
