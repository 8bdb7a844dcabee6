/* Metrics: a table with prose, relaxed atomics, fixed buckets; Prometheus text and OpenMetrics.
 * Rows of one family stand together in the table, so that HELP and TYPE are written once. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };

struct row {
	enum kind kind;
	const char *name, *labels, *help;
};

#define METRIC_ROW(id, kind, name, labels, help) {kind, name, labels, help},
static const struct row table[METRIC_COUNT] = {METRICS(METRIC_ROW)};

/* Upper bounds in microseconds. */
static const int64_t bound_us[] = {50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 10000000};

struct cell {
	_Atomic int64_t value; /* histogram: sum in microseconds */
	_Atomic int64_t count;
	_Atomic int64_t bucket[ARRAY_LEN(bound_us)];
};
static struct cell cell[METRIC_COUNT];

void metric_add(enum metric m, int64_t n)
{
	atomic_fetch_add_explicit(&cell[m].value, n, memory_order_relaxed);
}

void metric_set(enum metric m, int64_t value)
{
	atomic_store_explicit(&cell[m].value, value, memory_order_relaxed);
}

void metric_observe_us(enum metric m, int64_t us)
{
	atomic_fetch_add_explicit(&cell[m].value, us, memory_order_relaxed);
	atomic_fetch_add_explicit(&cell[m].count, 1, memory_order_relaxed);
	for (size_t i = 0; i < ARRAY_LEN(bound_us); i++)
		if (us <= bound_us[i]) {
			atomic_fetch_add_explicit(&cell[m].bucket[i], 1, memory_order_relaxed);
			return;
		}
}

int64_t metric_value(enum metric m)
{
	return atomic_load_explicit(&cell[m].value, memory_order_relaxed);
}

static void render_histogram(struct buf *out, const struct row *r, const struct cell *c)
{
	int64_t below = 0;
	for (size_t i = 0; i < ARRAY_LEN(bound_us); i++) {
		below += atomic_load_explicit(&c->bucket[i], memory_order_relaxed);
		buf_printf(out, "%s_bucket{le=\"%g\"} %lld\n", r->name, (double)bound_us[i] / 1e6, (long long)below);
	}
	/* The counters are read one after the other: count may be ahead, never behind its buckets. */
	int64_t count = atomic_load_explicit(&c->count, memory_order_relaxed);
	count = count < below ? below : count;
	buf_printf(out, "%s_bucket{le=\"+Inf\"} %lld\n%s_sum %.6f\n%s_count %lld\n", r->name, (long long)count, r->name,
		(double)atomic_load_explicit(&c->value, memory_order_relaxed) / 1e6, r->name, (long long)count);
}

static void render_head(struct buf *out, const struct row *r, bool openmetrics)
{
	static const char *const kind[] = {"counter", "gauge", "histogram"};
	size_t n = strlen(r->name);
	if (openmetrics && r->kind == COUNTER && n > 6 && strcmp(r->name + n - 6, "_total") == 0)
		n -= 6;
	buf_printf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)n, r->name, r->help, (int)n, r->name, kind[r->kind]);
}

void metric_render(struct buf *out, bool openmetrics)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct row *r = &table[i];
		if (i == 0 || strcmp(table[i - 1].name, r->name) != 0)
			render_head(out, r, openmetrics);
		if (r->kind == HISTOGRAM)
			render_histogram(out, r, &cell[i]);
		else
			buf_printf(out, r->labels[0] ? "%s{%s} %lld\n" : "%s%s %lld\n", r->name, r->labels, (long long)metric_value((enum metric)i));
	}
	if (openmetrics)
		buf_put(out, STR("# EOF\n"));
}
