/* Plain phrases in plain text: every kernel says what the naive way says; a table that lies in foreign memory is looked at first. */
#include "match/naive.h"
#include "match/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static uint64_t drawn;

static uint32_t draw(uint32_t n)
{
	drawn = hash_mix(drawn + 0x9e3779b97f4a7c15);
	return (uint32_t)(drawn % n);
}

/* A few words and many marks, so that runs meet phrases often. */
static const char *const bits[] = {"a", "face", "Mask", "ＭＡＳＫ", "caf\xc3\xa9", "\xc3\x89t\xc3\xa9", "ﬁ", "面", "膜", "补水", "カ", "한", "𠀀", "wh",
        "1000xm5", "averyveryverylongwordindeedforatest", "Привет", "ΑΒγ", "\xc3", "\xe9\x9d", "\xf0\x9f\x98\x80", "\x80", "’"};
static const char *const gaps[] = {" ", " ", " ", "", "", "-", ".", ". ", ", ", "\n", "，", "。", "、", "\xc2\xa0", "/", "…", "(", "．", "“", "\t"};

static size_t draw_text(char *out, size_t max, uint32_t words)
{
	size_t n = 0;
	for (uint32_t i = 0; i < words; i++) {
		struct str parts[] = {str_of(bits[draw(ARRAY_LEN(bits))]), str_of(gaps[draw(ARRAY_LEN(gaps))])};
		for (size_t k = 0; k < 2 && n + parts[k].n <= max; k++) {
			memcpy(out + n, parts[k].p, parts[k].n);
			n += parts[k].n;
		}
	}
	return n;
}

static struct naive_words phrase_words[NAIVE_PHRASES], text_naive;

static void same_words(const struct text_words *w, const struct naive_words *naive)
{
	assert_int_equal(w->count, naive->n);
	for (uint32_t i = 0; i < w->count; i++) {
		char folded[256];
		size_t n = text_word(w, i, folded);
		assert_int_equal(w->start[i], naive->at[i].start);
		assert_int_equal(w->end[i], naive->at[i].end);
		assert_int_equal(text_word_is_han(w, i), naive->at[i].han);
		assert_true(str_eq((struct str){folded, n}, (struct str){naive->at[i].text, naive->at[i].text_n}));
		if (i > 0)
			assert_int_equal(w->hash[i] != w->after[i], naive->at[i].hard);
	}
}

/* Hashes are those of text_hash: the main line's scan meets the same tables. */
static void same_hashes(const struct text_words *w, const struct text_key *k)
{
	for (uint32_t i = 0; i < w->count; i++) {
		char folded[256];
		size_t n = text_word(w, i, folded);
		assert_true(w->hash[i] == text_hash(k, (struct str){folded, n}));
	}
}

static void words_are_the_same_by_all_kernels(void **state)
{
	(void)state;
	struct text_words w;
	struct text_key k;
	char text[1200];
	assert_true(text_words_init(&w, sizeof(text)));
	for (uint32_t round = 0; round < 3000; round++) {
		size_t n = draw_text(text, draw(sizeof(text)), 1 + draw(120));
		text_key_init(&k, round);
		naive_read(&text_naive, (struct str){text, n});
		for (enum cpu_kernel kernel = 0; kernel < CPU_KERNELS; kernel++) {
			if (!cpu_runs(kernel))
				continue;
			text_words_read(&w, &k, kernel, (struct str){text, n});
			same_words(&w, &text_naive);
			same_hashes(&w, &k);
		}
	}
	text_words_done(&w);
}

static void every_character_is_classed_alike(void **state)
{
	(void)state;
	struct text_words w;
	struct text_key k;
	text_key_init(&k, 7);
	assert_true(text_words_init(&w, 64));
	for (uint32_t c = 0; c < 0x30010; c++) {
		char text[16] = "a";
		int n = utf8_put(text + 1, c);
		if (n == 0)
			continue;
		text[1 + n] = 'b';
		struct str s = {text, (size_t)n + 2};
		naive_read(&text_naive, s);
		for (enum cpu_kernel kernel = 0; kernel < CPU_KERNELS; kernel++) {
			if (!cpu_runs(kernel))
				continue;
			text_words_read(&w, &k, kernel, s);
			same_words(&w, &text_naive);
		}
	}
	text_words_done(&w);
}

struct tally {
	size_t count;
	uint64_t sum;
};

static struct tally tally_naive(const struct naive_words *text, size_t phrases)
{
	struct tally t = {0};
	for (size_t i = 0; i < text->n; i++)
		for (size_t p = 0; p < phrases; p++) {
			const struct naive_words *w = &phrase_words[p];
			bool again = false; /* the first of equal phrases stands for all */
			if (w->n == 0 || w->n > NAIVE_LONGEST || i + w->n > text->n || !naive_same(text, i, w))
				continue;
			for (size_t q = 0; q < p && !again; q++)
				again = phrase_words[q].n == w->n && naive_same(text, i, &phrase_words[q]);
			if (again)
				continue;
			t.count++;
			t.sum += hash_mix((uint64_t)i << 40 | (uint64_t)w->n << 32 | p);
		}
	return t;
}

static struct tally tally_places(const struct match_places *p)
{
	struct tally t = {.count = p->count};
	for (size_t i = 0; i < p->count; i++)
		t.sum += hash_mix((uint64_t)p->at[i].first << 40 | (uint64_t)(p->at[i].last - p->at[i].first + 1) << 32 | p->at[i].phrase);
	return t;
}

static void longest_from_the_left(const struct match_places *all, const struct match_places *kept)
{
	uint32_t next = 0;
	size_t k = 0;
	for (;;) { /* the leftmost that begins at `next` or later, of these the longest */
		const struct match_place *best = NULL;
		for (size_t i = 0; i < all->count; i++) {
			const struct match_place *one = &all->at[i];
			if (one->first >= next && (!best || one->first < best->first || (one->first == best->first && one->last > best->last)))
				best = one;
		}
		if (!best)
			break;
		assert_true(k < kept->count);
		assert_int_equal(kept->at[k].first, best->first);
		assert_int_equal(kept->at[k].last, best->last);
		next = best->last + 1;
		k++;
	}
	assert_int_equal(k, kept->count);
}

static void look(const struct match_set *set, enum cpu_kernel kernel, struct text_words *w, struct str text, struct tally want)
{
	struct match_places p = {0}, all;
	text_words_read(w, match_set_key(set), kernel, text);
	assert_true(match_set_find(set, kernel, w, &p));
	struct tally got = tally_places(&p);
	assert_int_equal(got.count, want.count);
	assert_true(got.sum == want.sum);
	all = p;
	all.at = malloc((p.count + 1) * sizeof(*all.at));
	assert_non_null(all.at);
	if (p.count > 0)
		memcpy(all.at, p.at, p.count * sizeof(*all.at));
	assert_true(match_set_longest(w, &p));
	longest_from_the_left(&all, &p);
	free(all.at);
	match_places_done(&p);
}

static void phrases_are_found_as_naively(void **state)
{
	(void)state;
	static char space[NAIVE_PHRASES][512], text[4000];
	struct str phrases[NAIVE_PHRASES];
	struct text_words w;
	size_t hits = 0;
	assert_true(text_words_init(&w, sizeof(text)));
	for (uint32_t round = 0; round < 60; round++) {
		size_t n = 1 + draw(round % 7 == 0 ? NAIVE_PHRASES : 60);
		for (size_t i = 0; i < n; i++) {
			phrases[i] = (struct str){space[i], draw_text(space[i], sizeof(space[i]), 1 + draw(draw(20) == 0 ? 40 : 5))};
			naive_read(&phrase_words[i], phrases[i]);
			for (size_t k = 0; k < phrase_words[i].n; k++)
				phrase_words[i].at[k].hard = false; /* one phrase, whatever stands in it */
		}
		struct str s = {text, draw_text(text, sizeof(text), 400)};
		naive_read(&text_naive, s);
		struct tally want = tally_naive(&text_naive, n);
		hits += want.count;
		for (uint64_t seed = 0; seed < 3; seed++) {
			struct match_set *set;
			assert_int_equal(match_set_new(phrases, n, drawn + seed, (enum cpu_kernel)(seed % (unsigned)(cpu_best() + 1)), &set, NULL), OK);
			for (enum cpu_kernel kernel = 0; kernel < CPU_KERNELS; kernel++)
				if (cpu_runs(kernel))
					look(set, kernel, &w, s, want);
			match_set_free(set);
		}
	}
	assert_true(hits > 1000);
	text_words_done(&w);
}

/* Under few phrases, hashes meet by chance in every few thousand runs: the entry of a phrase for that of a shorter beginning of it. */
static void seeds_change_nothing(void **state)
{
	(void)state;
	enum { SEEDS = 3000 };
	struct str phrases[] = {STR("one two three four five six seven"), STR("one two three"), STR("one two three four five"), STR("two three four"),
	        STR("one two"), STR("three four five six"), STR("four five six nine")};
	struct str text = STR("one two three four five six seven one two three four five six nine, one two three four five");
	struct text_words w;
	assert_true(text_words_init(&w, text.n));
	naive_read(&text_naive, text);
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
		naive_read(&phrase_words[i], phrases[i]);
	struct tally want = tally_naive(&text_naive, ARRAY_LEN(phrases));
	assert_int_equal(want.count, 16);
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct match_set *set;
		assert_int_equal(match_set_new(phrases, ARRAY_LEN(phrases), seed, CPU_PLAIN, &set, NULL), OK);
		look(set, CPU_PLAIN, &w, text, want);
		match_set_free(set);
	}
	text_words_done(&w);
}

/* Texts longer than a window of the sweep, and phrases that lie over its edge. */
static void long_texts(void **state)
{
	(void)state;
	enum { WORDS = 5000 };
	struct str phrases[] = {STR("alpha beta gamma delta"), STR("gamma delta"), STR("delta alpha beta"), STR("beta")};
	static const char *const cycle[] = {"alpha ", "beta ", "gamma ", "delta "};
	char *text = malloc(WORDS * 8);
	size_t n = 0;
	assert_non_null(text);
	for (size_t i = 0; i < WORDS; i++) {
		memcpy(text + n, cycle[i % 4], strlen(cycle[i % 4]));
		n += strlen(cycle[i % 4]);
	}
	struct match_set *set;
	struct text_words w;
	struct match_places p = {0};
	assert_int_equal(match_set_new(phrases, ARRAY_LEN(phrases), 1, CPU_PLAIN, &set, NULL), OK);
	assert_true(text_words_init(&w, n));
	for (enum cpu_kernel kernel = 0; kernel < CPU_KERNELS; kernel++) {
		if (!cpu_runs(kernel))
			continue;
		text_words_read(&w, match_set_key(set), kernel, (struct str){text, n});
		assert_true(match_set_find(set, kernel, &w, &p));
		assert_int_equal(p.count, 4 * (WORDS / 4) - 1);
		assert_true(match_set_longest(&w, &p));
		assert_int_equal(p.count, WORDS / 4);
	}
	match_places_done(&p);
	text_words_done(&w);
	match_set_free(set);
	free(text);
}

static void sizes_and_what_is_left_out(void **state)
{
	(void)state;
	char many[32 * 2 + 1] = "";
	for (size_t i = 0; i < 32; i++)
		memcpy(many + 2 * i, "x ", 3);
	struct str phrases[] = {STR("face mask"), STR("Face-Mask"), STR("..."), str_of(many), STR("x")};
	struct match_set *set;
	assert_int_equal(match_set_new(phrases, ARRAY_LEN(phrases), 1, cpu_best(), &set, NULL), OK);
	struct match_set_size z = match_set_size(set);
	assert_int_equal(z.phrases, 2);
	assert_int_equal(z.left_out, 2);
	match_set_free(set);
	assert_int_equal(match_set_new(NULL, 0, 1, cpu_best(), &set, NULL), OK);
	assert_int_equal(match_set_size(set).phrases, 0);
	match_set_free(set);
}

/* ---- sections ---------------------------------------------------------------------------------- */

enum { RUNS = 20000 };

static void build_runs(struct table *t)
{
	uint64_t *word = malloc(RUNS * 3 * sizeof(*word));
	uint32_t *first = malloc((RUNS + 1) * sizeof(*first)), *number = malloc(RUNS * sizeof(*number));
	assert_true(word && first && number);
	for (uint32_t i = 0; i < RUNS; i++) {
		first[i] = 3 * i;
		word[3 * i] = hash_mix(i / 50 + 1);
		word[3 * i + 1] = hash_mix(i / 7 + 100000);
		word[3 * i + 2] = hash_mix(i + 200000);
	}
	first[RUNS] = 3 * RUNS;
	assert_int_equal(table_build(t, 99, (struct table_phrases){word, first, RUNS}, number, NULL), OK);
	char *seen = calloc(RUNS, 1);
	assert_non_null(seen);
	for (uint32_t i = 0; i < RUNS; i++) {
		assert_true(number[i] < RUNS && !seen[number[i]]);
		seen[number[i]] = 1;
	}
	free(seen);
	free(word);
	free(first);
	free(number);
}

static void arrays_lie_anywhere(void **state)
{
	(void)state;
	struct table t, other;
	struct table_section part[TABLE_PARTS], copy[TABLE_PARTS];
	build_runs(&t);
	table_sections(&t, part);
	for (enum table_part i = 0; i < TABLE_PARTS; i++) {
		copy[i] = (struct table_section){aligned_alloc(64, (part[i].length + 63) / 64 * 64), part[i].length};
		assert_non_null(copy[i].base);
		memcpy(copy[i].base, part[i].base, part[i].length);
	}
	assert_int_equal(table_open(&other, &t.shape, copy, NULL), OK);
	assert_memory_equal(other.bucket, t.bucket, part[TABLE_BUCKETS].length);

	/* A damaged one is refused: a base beside the phrases, too many entries, a spill behind the last bucket, a wrong length. */
	struct bucket *b = copy[TABLE_BUCKETS].base, kept = b[1];
	b[1].base = t.shape.phrases;
	b[1].phrases = 1;
	b[1].count = 1;
	assert_int_equal(table_open(&other, &t.shape, copy, NULL), E_INPUT);
	b[1] = kept;
	b[1].count = BUCKET_ENTRIES + 1;
	assert_int_equal(table_open(&other, &t.shape, copy, NULL), E_INPUT);
	b[1] = kept;
	b[t.shape.buckets - 1].spilt = 1;
	assert_int_equal(table_open(&other, &t.shape, copy, NULL), E_INPUT);
	b[t.shape.buckets - 1].spilt = 0;
	copy[TABLE_TWO].length -= 8;
	assert_int_equal(table_open(&other, &t.shape, copy, NULL), E_INPUT);
	copy[TABLE_TWO].length += 8;
	assert_int_equal(table_open(&other, &t.shape, copy, NULL), OK);
	for (enum table_part i = 0; i < TABLE_PARTS; i++)
		free(copy[i].base);
	table_done(&t);
}

static void one_hash_for_two_phrases_is_told(void **state)
{
	(void)state;
	/* Runs are joined by a product of two sums with a secret: words that make one of them zero hash alike. */
	struct table t = {0};
	table_keys(&t, 5);
	uint64_t zero = t.join_b, word[] = {1, zero, 2, zero}, same[] = {1, 2, 1, 2};
	uint32_t first[] = {0, 2, 4}, number[2];
	assert_int_equal(table_build(&t, 5, (struct table_phrases){word, first, 2}, number, NULL), E_CONFLICT);
	assert_int_equal(table_build(&t, 5, (struct table_phrases){same, first, 2}, number, NULL), OK);
	assert_int_equal(number[0], number[1]);
	assert_int_equal(t.shape.phrases, 1);
	table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(words_are_the_same_by_all_kernels),
	        cmocka_unit_test(every_character_is_classed_alike),
	        cmocka_unit_test(phrases_are_found_as_naively),
	        cmocka_unit_test(seeds_change_nothing),
	        cmocka_unit_test(long_texts),
	        cmocka_unit_test(sizes_and_what_is_left_out),
	        cmocka_unit_test(arrays_lie_anywhere),
	        cmocka_unit_test(one_hash_for_two_phrases_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
