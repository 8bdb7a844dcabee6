/* bench: what the commands `inlay bench ...` share. Each measure has its own file (bench_scan.c, ...) and its own row in the table of
 * main.c; here are the files they read, the clock and the middle of several rounds. */
#ifndef APP_BENCH_H
#define APP_BENCH_H

#include "base/base.h"

#define BENCH_ROUNDS_MAX 101

/* Pieces of one file: lines, or texts as records of `u32 little-endian length, bytes`. */
struct bench_set {
	struct str *item;
	size_t count, bytes; /* bytes: of all items together */
	size_t longest;
	char *block;
};
/* Empty lines are left out; most: 0 for all. E_INPUT when there is none, or a record is cut short. */
MUST_USE enum status bench_lines(const char *path, size_t most, struct bench_set *out, struct err *e);
MUST_USE enum status bench_texts(const char *path, struct bench_set *out, struct err *e);
void bench_set_done(struct bench_set *s);

double bench_seconds(void);     /* wall, monotonic */
double bench_cpu_seconds(void); /* of this thread */
double bench_median(double *v, size_t n); /* sorts v */

#endif
