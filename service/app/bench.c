/* Files, clock and medians of the benchmarks. */
#include "app/bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LARGEST = 2000 /* MiB of one file */ };

void bench_set_done(struct bench_set *s)
{
	free(s->item);
	free(s->block);
	*s = (struct bench_set){0};
}

static bool set_add(struct bench_set *s, size_t *cap, struct str item)
{
	if (s->count == *cap) {
		size_t want = *cap ? *cap * 2 : 4096;
		struct str *more = realloc(s->item, want * sizeof(*more));
		if (more == NULL)
			return false;
		s->item = more;
		*cap = want;
	}
	s->item[s->count++] = item;
	s->bytes += item.n;
	if (item.n > s->longest)
		s->longest = item.n;
	return true;
}

static enum status set_open(const char *path, struct bench_set *s, struct str *all, struct err *e)
{
	size_t n;
	*s = (struct bench_set){0};
	enum status st = file_read(path, (size_t)LARGEST << 20, &s->block, &n, e);
	*all = st == OK ? (struct str){s->block, n} : STR_NONE;
	return st;
}

static enum status set_close(struct bench_set *s, const char *path, enum status st, struct err *e)
{
	if (st == E_NOMEM)
		err_set(e, E_NOMEM, path, "no memory for so many pieces");
	if (st == OK && s->count == 0)
		st = err_set(e, E_INPUT, path, "the file holds nothing");
	if (st != OK)
		bench_set_done(s);
	return st;
}

enum status bench_lines(const char *path, size_t most, struct bench_set *out, struct err *e)
{
	struct str rest;
	size_t cap = 0;
	enum status st = set_open(path, out, &rest, e);
	if (st != OK)
		return st;
	while (st == OK && rest.n > 0 && (most == 0 || out->count < most)) {
		struct str line = str_cut(&rest, '\n');
		if (line.n > 0 && !set_add(out, &cap, line))
			st = E_NOMEM;
	}
	return set_close(out, path, st, e);
}

static uint32_t read_u32(const char *p)
{
	uint8_t b[4];
	memcpy(b, p, sizeof(b));
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

enum status bench_texts(const char *path, struct bench_set *out, struct err *e)
{
	struct str rest;
	size_t cap = 0;
	enum status st = set_open(path, out, &rest, e);
	if (st != OK)
		return st;
	while (st == OK && rest.n > 0) {
		size_t n = rest.n < 4 ? SIZE_MAX : read_u32(rest.p);
		if (rest.n < 4 || n > rest.n - 4) {
			st = err_set(e, E_INPUT, path, "text %zu is cut short", out->count);
			break;
		}
		if (!set_add(out, &cap, str_sub(rest, 4, 4 + n)))
			st = E_NOMEM;
		rest = str_sub(rest, 4 + n, rest.n);
	}
	return set_close(out, path, st, e);
}

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_seconds(void)
{
	return seconds(CLOCK_MONOTONIC);
}

double bench_cpu_seconds(void)
{
	return seconds(CLOCK_THREAD_CPUTIME_ID);
}

static int cmp_time(const void *a, const void *b)
{
	return cmp_double(*(const double *)a, *(const double *)b);
}

double bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), cmp_time);
	return v[n / 2];
}
