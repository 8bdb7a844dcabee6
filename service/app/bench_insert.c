/* inlay bench insert: what each stage of an insert costs, for a catalog and requests of one's own; one JSON object. */
#include "app/bench.h"
#include "app/command.h"
#include "app/filter.h"
#include "app/rulebook.h"
#include "app/secret.h"

#include <stdio.h>
#include <stdlib.h>

#define REPLY_LIMIT ((size_t)64 << 20)

struct insert_own {
	struct texts catalog;
	const char *rules, *catalogs, *requests, *public_url;
	int64_t rounds;
	bool lenient;
};

#define AT(field) .offset = offsetof(struct insert_own, field), .own_only = true
static const struct option rows[] = {
        {"catalog", OPTION_TEXTS, NULL, "FILE[=MERCHANT]", 0, 0, "a feed, maybe .gz; may be repeated", AT(catalog)},
        {"requests", OPTION_TEXT, NULL, "FILE", 0, 0, "insert requests, one a line", AT(requests)},
        {"rules", OPTION_TEXT, NULL, "DIR", 0, 0, "folder of the rules [rules, here or beside the program]", AT(rules)},
        {"catalogs", OPTION_TEXT, NULL, "DIR", 0, 0, "folder of networks.yaml [catalogs beside the rules]", AT(catalogs)},
        {"public_url", OPTION_TEXT, NULL, "URL", 0, 0, "links go through this service; without it straight to the merchant", AT(public_url)},
        {"lenient", OPTION_SWITCH, NULL, NULL, 0, 0, "prices as bare numbers, missing urls made up, several merchants in one file", AT(lenient)},
        {"rounds", OPTION_WHOLE, "5", "N", 1, BENCH_ROUNDS_MAX, "times are medians of so many", AT(rounds)},
};
#undef AT

/* parse: the request's JSON; begin: the question is read; feed: the answer's bytes; finish: its end and the closing block; write: the reply. */
enum stage { STAGE_PARSE, STAGE_BEGIN, STAGE_FEED, STAGE_FINISH, STAGE_WRITE, STAGES };
static const char *const stage_names[STAGES] = {"parse", "begin", "feed", "finish", "write"};

struct inserting {
	struct bench_set requests;
	struct flow_rules *rules;
	struct link_keys *keys;
	struct shelf *shelf;
	struct arena *arena;
	struct buf text, reply;
	double build_seconds, seconds[STAGES][BENCH_ROUNDS_MAX];
	size_t products, linked;
};

static enum status open_all(struct inserting *x, const struct insert_own *own, struct err *e)
{
	struct catalog *c = NULL;
	enum status s = bench_lines(own->requests, 0, &x->requests, e);
	if (s == OK)
		s = rulebook_read(own->rules, own->catalogs, "", &x->rules, e);
	if (s == OK)
		s = secret_for_filter("", &x->keys, e);
	if (s == OK)
		s = filter_catalogs(&own->catalog, own->lenient, &c, e);
	double before = bench_seconds();
	if (s == OK)
		s = shelf_new(c, x->rules, x->keys, str_of(own->public_url), 0, &x->shelf, e);
	x->build_seconds = bench_seconds() - before;
	x->products = c ? catalog_count(c) : 0;
	catalog_unref(c);
	x->arena = arena_new(4 * FILTER_LINE);
	buf_init(&x->text, REPLY_LIMIT);
	buf_init(&x->reply, REPLY_LIMIT);
	return s == OK && !x->arena ? err_set(e, E_NOMEM, "", "out of memory") : s;
}

static void close_all(struct inserting *x)
{
	buf_done(&x->text);
	buf_done(&x->reply);
	arena_free(x->arena);
	shelf_unref(x->shelf);
	flow_rules_unref(x->rules);
	link_keys_free(x->keys);
	bench_set_done(&x->requests);
	free(x);
}

static void lap(struct inserting *x, size_t round, enum stage stage, double *since)
{
	double now = bench_cpu_seconds();
	x->seconds[stage][round] += now - *since;
	*since = now;
}

static enum status one_request(struct inserting *x, struct str line, size_t round, struct err *e)
{
	const struct filter_defaults defaults = {.max_links = -1};
	struct insert_request r;
	struct insert *in = NULL;
	double since = bench_cpu_seconds();
	buf_clear(&x->text);
	buf_clear(&x->reply);
	enum status s = filter_request(line, &defaults, x->arena, &r, e);
	lap(x, round, STAGE_PARSE, &since);
	if (s == OK)
		s = insert_new(x->shelf, &r, &in, e);
	lap(x, round, STAGE_BEGIN, &since);
	if (s == OK)
		s = insert_feed(in, r.answer, &x->text);
	lap(x, round, STAGE_FEED, &since);
	if (s == OK)
		s = insert_finish(in, &x->text);
	lap(x, round, STAGE_FINISH, &since);
	if (s == OK) {
		struct str text = buf_str(&x->text);
		insert_write_json(in, &text, 0, &x->reply);
		x->linked += round == 0 && insert_linked(in);
	}
	lap(x, round, STAGE_WRITE, &since);
	insert_free(in);
	return s;
}

static void print(struct inserting *x, size_t rounds)
{
	double n = (double)x->requests.count, all = 0;
	printf("{\"products\":%zu,\"requests\":%zu,\"linked\":%zu,\"build_seconds\":%.3f,\"cpu_us\":{", x->products, x->requests.count, x->linked, x->build_seconds);
	for (enum stage i = 0; i < STAGES; i++) {
		double us = bench_median(x->seconds[i], rounds) / n * 1e6;
		all += us;
		printf("\"%s\":%.2f,", stage_names[i], us);
	}
	printf("\"all\":%.2f}}\n", all);
}

static int run(const struct config *c, const void *options, char **operand, size_t operands)
{
	(void)c;
	(void)operand;
	(void)operands;
	const struct insert_own *own = options;
	struct err e = {0};
	struct inserting *x = calloc(1, sizeof(*x));
	if (x == NULL)
		return EXIT_FAILED;
	enum status s = own->catalog.count > 0 ? open_all(x, own, &e) : err_set(&e, E_INPUT, "catalog", "at least one --catalog FILE is needed");
	for (size_t r = 0; s == OK && r < (size_t)own->rounds; r++)
		for (size_t i = 0; s == OK && i < x->requests.count; i++)
			s = one_request(x, x->requests.item[i], r, &e);
	if (s == OK)
		print(x, (size_t)own->rounds);
	close_all(x);
	return s == OK ? EXIT_DONE : s == E_INPUT ? complain_usage(&e) : complain(&e);
}

const struct command command_bench_insert = {.words = "bench insert",
        .operands = "",
        .about = "Inserts links into the answers of given requests; prints what each stage takes, as JSON",
        .config = CONFIG_NONE,
        .own = rows,
        .own_count = ARRAY_LEN(rows),
        .own_size = sizeof(struct insert_own),
        .run = run};
