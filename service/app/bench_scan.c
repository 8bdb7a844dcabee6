/* inlay bench scan: how fast given phrases are found in given texts, and what is found; one JSON object. */
#include "app/bench.h"
#include "app/command.h"
#include "match/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan_own {
	const char *phrases, *kernel;
	struct texts texts;
	int64_t limit, rounds;
};

#define AT(field) .offset = offsetof(struct scan_own, field), .own_only = true
static const struct option rows[] = {
        {"phrases", OPTION_TEXT, NULL, "FILE", 0, 0, "a phrase a line", AT(phrases)},
        {"texts", OPTION_TEXTS, NULL, "FILE", 0, 0, "texts, each as u32 little-endian length and bytes; repeated: an object for each",
                AT(texts)},
        {"limit", OPTION_WHOLE, "0", "N", 0, UINT32_MAX / 4, "only the first N phrases; 0: all", AT(limit)},
        {"rounds", OPTION_WHOLE, "5", "N", 1, BENCH_ROUNDS_MAX, "times are medians of so many", AT(rounds)},
        {"kernel", OPTION_TEXT, "", "NAME", 0, 0, "plain, avx2 or avx512 [the best that runs here]", AT(kernel)},
};
#undef AT

/* What each round does with all texts. */
enum step { STEP_COPY, STEP_CLASSIFY, STEP_TOKENISE, STEP_SCAN, STEP_REPORT, STEPS };
static const char *const step_names[STEPS] = {"memcpy", "classify", "tokenise", "scan", "scan_report"};

struct found {
	uint64_t count, sum; /* the sum depends on no order */
};

struct scanning {
	enum cpu_kernel kernel;
	struct bench_set phrases, texts;
	struct match_set *set;
	double build_seconds;
	struct text_words words;
	struct match_places places;
	char *copy;
	struct found overlapping, longest;
	double seconds[STEPS][BENCH_ROUNDS_MAX];
	uint64_t tokens;
	bool failed;
};

/* As the other engines' harnesses mix it. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

static void add_up(struct found *f, uint64_t text, const struct match_places *p)
{
	for (size_t i = 0; i < p->count; i++)
		f->sum += mix(text << 32 | p->at[i].phrase);
	f->count += p->count;
}

static void one_text(struct scanning *x, enum step step, size_t i)
{
	struct str text = x->texts.item[i];
	if (step == STEP_COPY) {
		memcpy(x->copy, text.p, text.n);
		__asm__ volatile("" : : "r"(x->copy) : "memory");
		return;
	}
	if (step == STEP_CLASSIFY) {
		text_words_classify(&x->words, x->kernel, text);
		return;
	}
	text_words_read(&x->words, match_set_key(x->set), x->kernel, text);
	x->tokens += x->words.count;
	if (step == STEP_TOKENISE)
		return;
	x->failed |= !match_set_find(x->set, x->kernel, &x->words, &x->places);
	if (step == STEP_SCAN)
		return;
	add_up(&x->overlapping, i, &x->places);
	x->failed |= !match_set_longest(&x->words, &x->places);
	add_up(&x->longest, i, &x->places);
}

static void round_of(struct scanning *x, size_t round)
{
	for (enum step step = 0; step < STEPS; step++) {
		x->tokens = 0;
		x->overlapping = x->longest = (struct found){0};
		double t = bench_cpu_seconds();
		for (size_t i = 0; i < x->texts.count; i++)
			one_text(x, step, i);
		x->seconds[step][round] = bench_cpu_seconds() - t;
	}
}

static enum status pick_kernel(const char *name, enum cpu_kernel *out, struct err *e)
{
	*out = cpu_best();
	if (!*name)
		return OK;
	for (enum cpu_kernel k = 0; k < CPU_KERNELS; k++) {
		if (!str_eq(cpu_kernel_name(k), str_of(name)))
			continue;
		*out = k;
		return cpu_runs(k) ? OK : err_set(e, E_INPUT, "kernel", "this machine cannot run %s", name);
	}
	return err_set(e, E_INPUT, "kernel", "plain, avx2 or avx512, not \"%s\"", name);
}

static enum status open_all(struct scanning *x, const struct scan_own *own, struct err *e)
{
	if (!*own->phrases || own->texts.count == 0)
		return err_set(e, E_INPUT, "", "--phrases FILE and --texts FILE are needed");
	enum status s = pick_kernel(own->kernel, &x->kernel, e);
	if (s == OK)
		s = bench_lines(own->phrases, (size_t)own->limit, &x->phrases, e);
	if (s != OK)
		return s;
	uint64_t seed;
	random_bytes(&seed, sizeof(seed));
	double t = bench_cpu_seconds();
	s = match_set_new(x->phrases.item, x->phrases.count, seed, x->kernel, &x->set, e);
	x->build_seconds = bench_cpu_seconds() - t;
	return s;
}

static void close_all(struct scanning *x)
{
	match_places_done(&x->places);
	match_set_free(x->set);
	bench_set_done(&x->phrases);
	free(x);
}

static void close_texts(struct scanning *x)
{
	text_words_done(&x->words);
	bench_set_done(&x->texts);
	free(x->copy);
	x->copy = NULL;
}

static enum status open_texts(struct scanning *x, const char *path, struct err *e)
{
	enum status s = bench_texts(path, &x->texts, e);
	if (s != OK)
		return s;
	x->copy = malloc(x->texts.longest + 1);
	bool room = x->copy != NULL && text_words_init(&x->words, x->texts.longest);
	return room ? OK : err_set(e, E_NOMEM, path, "no memory for the texts");
}

static void print(struct scanning *x, size_t rounds)
{
	struct match_set_size z = match_set_size(x->set);
	double texts = (double)x->texts.count;
	printf("{\"kernel\":\"%s\",\"phrases\":%zu,\"phrases_left_out\":%zu,\"bytes_a_phrase\":%.3f,\"table_bytes\":%zu,\"text_bytes\":%zu,"
	       "\"build_seconds\":%.4f,\"texts\":%zu,\"bytes\":%zu,\"tokens\":%llu,",
	        cpu_kernel_name(x->kernel).p, z.phrases, z.left_out, z.phrases ? (double)z.table / (double)z.phrases : 0, z.table, z.texts,
	        x->build_seconds, x->texts.count, x->texts.bytes, (unsigned long long)x->tokens);
	printf("\"overlapping\":{\"count\":%llu,\"checksum\":\"%016llx\"},\"leftmost_longest\":{\"count\":%llu,\"checksum\":\"%016llx\"},"
	       "\"ns_per_text\":{",
	        (unsigned long long)x->overlapping.count, (unsigned long long)x->overlapping.sum, (unsigned long long)x->longest.count,
	        (unsigned long long)x->longest.sum);
	for (enum step step = 0; step < STEPS; step++)
		printf("%s\"%s\":%.1f", step ? "," : "", step_names[step], bench_median(x->seconds[step], rounds) * 1e9 / texts);
	printf("}}\n");
}

static enum status one_file(struct scanning *x, const char *path, size_t rounds, struct err *e)
{
	enum status s = open_texts(x, path, e);
	for (size_t i = 0; s == OK && i < rounds; i++)
		round_of(x, i);
	if (s == OK && x->failed)
		s = err_set(e, E_NOMEM, path, "no memory while scanning");
	if (s == OK)
		print(x, rounds);
	close_texts(x);
	return s;
}

static int run(const struct config *c, const void *options, char **operand, size_t operands)
{
	(void)c;
	(void)operand;
	(void)operands;
	const struct scan_own *own = options;
	struct err e = {0};
	struct scanning *x = calloc(1, sizeof(*x));
	if (x == NULL)
		return EXIT_FAILED;
	enum status s = open_all(x, own, &e);
	for (size_t i = 0; s == OK && i < own->texts.count; i++)
		s = one_file(x, own->texts.item[i], (size_t)own->rounds, &e);
	close_all(x);
	return s == OK ? EXIT_DONE : s == E_INPUT ? complain_usage(&e) : complain(&e);
}

const struct command command_bench_scan = {.words = "bench scan",
        .operands = "",
        .about = "Finds given phrases in given texts; prints what it takes and what it found, as JSON",
        .config = CONFIG_NONE,
        .own = rows,
        .own_count = ARRAY_LEN(rows),
        .own_size = sizeof(struct scan_own),
        .run = run};
