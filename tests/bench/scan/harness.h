/* What the peers' programs share: PROGRAM PHRASES TEXTS...: builds, prints a line about it, then for every number that comes on stdin
 * searches that file of texts once and prints a line. Texts are canonical already (canon.c): engines that know bytes only get case, accents
 * and separators for free. A hit counts where it begins and ends with a word; of each text all hits, and the leftmost longest of them. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct piece {
	uint32_t n;
	const uint8_t *p;
};
struct pieces {
	struct piece *at;
	size_t n;
};
struct hit {
	uint32_t start, end, id;
};
struct result {
	uint64_t count, sum, longest_count, longest_sum;
};

static double bench_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint8_t *bench_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	*n = (size_t)ftell(f);
	rewind(f);
	uint8_t *p = (uint8_t *)malloc(*n + 64);
	if (p == NULL || fread(p, 1, *n, f) != *n)
		exit(1);
	memset(p + *n, 0, 64);
	fclose(f);
	return p;
}

static void bench_add(struct pieces *x, size_t *cap, const uint8_t *p, size_t n)
{
	if (x->n == *cap) {
		*cap = *cap ? *cap * 2 : 4096;
		x->at = (struct piece *)realloc(x->at, *cap * sizeof(*x->at));
		if (x->at == NULL)
			exit(1);
	}
	x->at[x->n].p = p;
	x->at[x->n++].n = (uint32_t)n;
}

static inline struct pieces bench_lines(const char *path)
{
	struct pieces x = {NULL, 0};
	size_t n, cap = 0;
	uint8_t *p = bench_file(path, &n);
	for (size_t i = 0, end; i < n; i = end + 1) {
		const uint8_t *e = (const uint8_t *)memchr(p + i, '\n', n - i);
		end = e ? (size_t)(e - p) : n;
		p[end] = 0;
		bench_add(&x, &cap, p + i, end - i);
	}
	return x;
}

static inline struct pieces bench_texts(const char *path)
{
	struct pieces x = {NULL, 0};
	size_t n, cap = 0;
	const uint8_t *p = bench_file(path, &n);
	for (size_t i = 0; i + 4 <= n;) {
		uint32_t size;
		memcpy(&size, p + i, 4);
		bench_add(&x, &cap, p + i + 4, size);
		i += 4 + size;
	}
	return x;
}

static inline uint64_t bench_mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

/* ---- which hits count ---------------------------------------------------------------------- */

static inline int bench_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
static inline int bench_word_before(const uint8_t *p, size_t i)
{
	if (i == 0)
		return 0;
	return p[i - 1] < 0x80 ? bench_word(p[i - 1]) : i >= 2 && p[i - 2] >= 0xC2 && p[i - 2] < 0xE0;
}
static inline int bench_word_at(const uint8_t *p, size_t n, size_t i)
{
	if (i >= n)
		return 0;
	return p[i] < 0x80 ? bench_word(p[i]) : p[i] >= 0xC2 && p[i] < 0xE0;
}
static inline int bench_counts(const uint8_t *p, size_t n, size_t s, size_t e)
{
	return !(bench_word_before(p, s) && bench_word_at(p, n, s)) && !(bench_word_before(p, e) && bench_word_at(p, n, e));
}

static inline int bench_order(const void *a, const void *b)
{
	const struct hit *x = (const struct hit *)a, *y = (const struct hit *)b;
	return x->start != y->start ? (x->start < y->start ? -1 : 1) : x->end != y->end ? (x->end > y->end ? -1 : 1) : 0;
}

static inline void bench_tell(struct result *r, uint64_t text, struct hit *h, size_t n)
{
	size_t i = 1;
	for (size_t k = 0; k < n; k++)
		r->sum += bench_mix(text << 32 | h[k].id);
	r->count += n;
	while (i < n && bench_order(&h[i - 1], &h[i]) <= 0)
		i++;
	if (i < n)
		qsort(h, n, sizeof(*h), bench_order);
	uint32_t end = 0;
	for (size_t k = 0; k < n; k++) {
		if (h[k].start < end)
			continue;
		end = h[k].end;
		r->longest_count++;
		r->longest_sum += bench_mix(text << 32 | h[k].id);
	}
}

/* ---- talking to run.py ----------------------------------------------------------------------- */

static inline void bench_ready(double seconds, double bytes)
{
	printf("{\"build_seconds\":%.4f,\"bytes\":%.0f}\n", seconds, bytes);
	fflush(stdout);
}

static inline void bench_print(double seconds, size_t texts, const struct result *r)
{
	printf("{\"ns_per_text\":%.1f,\"count\":%llu,\"sum\":\"%016llx\",\"longest_count\":%llu,\"longest_sum\":\"%016llx\"}\n",
	        seconds * 1e9 / (double)texts, (unsigned long long)r->count, (unsigned long long)r->sum, (unsigned long long)r->longest_count,
	        (unsigned long long)r->longest_sum);
	fflush(stdout);
}

/* The next file that is asked for, or -1 at the end. */
static inline int bench_asked(int files)
{
	int i;
	return scanf("%d", &i) == 1 && i >= 0 && i < files ? i : -1;
}

#endif
