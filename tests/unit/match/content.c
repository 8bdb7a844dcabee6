/* Windows of sums against adding up everything, title by title. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "match/match.h"

enum { TITLES = 40000, QUERIES = 60, TOP = 20 };

static unsigned next(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33) % below;
}

/* Words of very different frequency; some titles, and whole windows of them, have only rare ones. */
static struct str line_of(uint64_t *seed, struct arena *a, unsigned words, bool rare)
{
	char line[256];
	size_t n = 0;
	for (unsigned i = 0; i < words; i++)
		n += (size_t)snprintf(line + n, sizeof line - n, "%sw%u", i ? " " : "", rare ? 5000 + next(seed, 90000) : next(seed, 1u << next(seed, 12)));
	return arena_take_str(a, (struct str){line, n});
}

static int by_score(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x < y) - (x > y);
}

static void windows_find_the_best(void **state)
{
	(void)state;
	uint64_t seed = 5;
	struct arena *a = arena_new(64u << 20);
	struct str *title = ARENA_TAKE(a, struct str, TITLES);
	struct match_titles *t;
	struct match_search_room *room = match_search_room_new();
	for (unsigned i = 0; i < TITLES; i++)
		title[i] = line_of(&seed, a, 1 + next(&seed, 9), i >= 16384 && i < 32768);
	assert_int_equal(match_titles_new(title, TITLES, &t, NULL), OK);
	for (unsigned q = 0; q < QUERIES; q++) {
		struct str query = line_of(&seed, a, 1 + q % 25, q % 7 == 0), rest = query;
		struct match_scored best[TOP], one[1];
		static uint32_t sum[TITLES], sorted[TITLES];
		memset(sum, 0, sizeof sum);
		/* A word alone tells what each title has of it. */
		while (rest.n > 0) {
			static struct match_scored all[TITLES];
			size_t n = match_titles_top(t, str_cut(&rest, ' '), room, all, TITLES);
			for (size_t i = 0; i < n; i++)
				sum[all[i].title] += all[i].score;
		}
		memcpy(sorted, sum, sizeof sum);
		qsort(sorted, TITLES, sizeof sorted[0], by_score);
		size_t n = match_titles_top(t, query, room, best, TOP);
		for (size_t i = 0; i < TOP; i++)
			assert_int_equal(i < n ? best[i].score : 0, sorted[i]);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(sum[best[i].title], best[i].score);
		assert_int_equal(match_titles_top(t, query, room, one, 0), 0);
	}
	assert_int_equal(match_titles_top(t, STR("unknown words"), room, (struct match_scored[1]){{0}}, 1), 0);
	match_titles_free(t);
	free(room);
	arena_free(a);
}

static void an_impact_is_what_bm25_says(void **state)
{
	(void)state;
	const struct str title[] = {STR("red kettle kettle"), STR("blue kettle"), STR("red"), STR("")};
	struct match_titles *t;
	struct match_search_room *room = match_search_room_new();
	struct match_scored best[4];
	assert_int_equal(match_titles_new(title, 4, &t, NULL), OK);
	assert_int_equal(match_titles_top(t, STR("red"), room, best, 4), 2);
	assert_int_equal(best[0].title, 2); /* the shorter title says it more */
	assert_true(best[0].score > best[1].score);
	assert_int_equal(match_titles_top(t, STR("kettle red"), room, best, 4), 3);
	assert_int_equal(best[0].title, 0);
	assert_int_equal(match_titles_new(title + 3, 1, &t, NULL), E_NOMEM);
	free(room);
	match_titles_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(windows_find_the_best), cmocka_unit_test(an_impact_is_what_bm25_says)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
