/* inlay bench retrieve: how fast the best of many titles are found for the words of queries; one JSON object. */
#include "app/bench.h"
#include "app/command.h"
#include "match/match.h"

#include <stdio.h>
#include <stdlib.h>

struct retrieve_own {
	const char *titles, *queries;
	int64_t limit, rounds, top;
};

#define AT(field) .offset = offsetof(struct retrieve_own, field), .own_only = true
static const struct option rows[] = {
        {"titles", OPTION_TEXT, NULL, "FILE", 0, 0, "a title a line, its words separated by spaces", AT(titles)},
        {"queries", OPTION_TEXT, NULL, "FILE", 0, 0, "a query a line, in the same way", AT(queries)},
        {"limit", OPTION_WHOLE, "0", "N", 0, UINT32_MAX / 64, "only the first N titles; 0: all", AT(limit)},
        {"rounds", OPTION_WHOLE, "5", "N", 1, BENCH_ROUNDS_MAX, "times are medians of so many", AT(rounds)},
        {"top", OPTION_WHOLE, "20", "N", 1, 1000, "how many are found for a query", AT(top)},
};
#undef AT

enum { TOP_MAX = 1000 };
struct retrieving {
	struct bench_set titles, queries;
	struct match_titles *index;
	struct match_search_room *room;
	double build_seconds, *us; /* us: by query, the median of the rounds */
	double round[BENCH_ROUNDS_MAX];
	uint64_t scores, found;
	struct match_scored best[TOP_MAX];
};

static enum status open_all(struct retrieving *x, const struct retrieve_own *own, struct err *e)
{
	enum status s = bench_lines(own->titles, (size_t)own->limit, &x->titles, e);
	if (s == OK)
		s = bench_lines(own->queries, 0, &x->queries, e);
	double before = bench_seconds();
	if (s == OK)
		s = match_titles_new(x->titles.item, x->titles.count, &x->index, e);
	x->build_seconds = bench_seconds() - before;
	if (s != OK)
		return s;
	x->room = match_search_room_new();
	x->us = calloc(x->queries.count, sizeof(*x->us));
	return x->room != NULL && x->us != NULL ? OK : err_set(e, E_NOMEM, "", "out of memory");
}

static void close_all(struct retrieving *x)
{
	match_titles_free(x->index);
	bench_set_done(&x->titles);
	bench_set_done(&x->queries);
	free(x->room);
	free(x->us);
	free(x);
}

static void one_query(struct retrieving *x, const struct retrieve_own *own, size_t i)
{
	size_t n = 0;
	for (int64_t r = 0; r < own->rounds; r++) {
		double before = bench_seconds();
		n = match_titles_top(x->index, x->queries.item[i], x->room, x->best, (size_t)own->top);
		x->round[r] = (bench_seconds() - before) * 1e6;
	}
	x->us[i] = bench_median(x->round, (size_t)own->rounds);
	x->found += n;
	for (size_t k = 0; k < n; k++)
		x->scores += x->best[k].score;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void print(struct retrieving *x)
{
	size_t n = x->queries.count;
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += x->us[i];
	qsort(x->us, n, sizeof(*x->us), by_size);
	printf("{\"titles\":%zu,\"queries\":%zu,\"build_seconds\":%.3f,\"bytes\":%zu,\"mean_us\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,\"found\":%llu,\"score_sum\":%llu}\n",
	        x->titles.count, n, x->build_seconds, match_titles_bytes(x->index), sum / (double)n, x->us[n / 2], x->us[n * 99 / 100],
	        (unsigned long long)x->found, (unsigned long long)x->scores);
}

static int run(const struct config *c, const void *options, char **operand, size_t operands)
{
	(void)c;
	(void)operand;
	(void)operands;
	const struct retrieve_own *own = options;
	struct err e = {0};
	struct retrieving *x = calloc(1, sizeof(*x));
	if (x == NULL)
		return EXIT_FAILED;
	enum status s = open_all(x, own, &e);
	for (size_t i = 0; s == OK && i < x->queries.count; i++)
		one_query(x, own, i);
	if (s == OK)
		print(x);
	close_all(x);
	return s == OK ? EXIT_DONE : s == E_INPUT ? complain_usage(&e) : complain(&e);
}

const struct command command_bench_retrieve = {.words = "bench retrieve",
        .operands = "",
        .about = "Finds the best of given titles for given queries by their words; prints what it takes, as JSON",
        .config = CONFIG_NONE,
        .own = rows,
        .own_count = ARRAY_LEN(rows),
        .own_size = sizeof(struct retrieve_own),
        .run = run};
