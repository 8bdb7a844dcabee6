/* Reports from roll-ups of days, months and quarters of an hour, in several zones and in pages, against the same sums from raw events. */
#include "ledger/bench.h"
#include "ledger/spread.h"

#define ZONES "Asia/Shanghai,America/New_York"
enum { EVENTS = 250, LINES = 20000, DAYS = 100 };

static const char *const merchants[] = {"m1", "m2", "m3"};

static uint64_t pick(uint64_t *random, uint64_t n)
{
	*random = hash_mix(*random + 0x9e3779b97f4a7c15);
	return *random % n;
}

static struct ledger *open_in(const struct bench *b, struct str zones)
{
	struct ledger *l = NULL;
	struct err e = {0};
	struct ledger_options o = {.url = str_of(b->url), .report_zones = zones};
	if (ledger_open(&o, &l, &e) != OK)
		fail_msg("ledger_open: %s %s", e.where, e.text);
	return l;
}

/* Product ids that several merchants have, and phrases that lead to several. */
static void fill(struct ledger *l)
{
	uint64_t random = 7;
	for (uint64_t n = 0; n < EVENTS; n++) {
		int64_t at = T0 + (int64_t)pick(&random, DAYS * (uint64_t)DAY_MS);
		const char *merchant = merchants[pick(&random, 3)];
		char product[16], phrase[16], order[16];
		snprintf(product, sizeof(product), "p%02d", (int)pick(&random, 40));
		snprintf(phrase, sizeof(phrase), "f%02d", (int)pick(&random, 25));
		struct ledger_insertion i = bench_insertion(n + 1, at);
		bench_link(&i, 10000 + n, merchant, product, phrase);
		snprintf(i.app, sizeof(i.app), "a%d", (int)pick(&random, 3));
		assert_int_equal(ledger_submit(l, LEDGER_INSERTION, &i, NULL, NULL), OK);
		struct ledger_click c = bench_click(20000 + n, n + 1, 10000 + n, at + 60000, merchant, product);
		assert_int_equal(ledger_submit(l, LEDGER_CLICK, &c, NULL, NULL), OK);
		if (n % 5)
			continue;
		snprintf(order, sizeof(order), "o%d", (int)n);
		struct ledger_conversion o = bench_order(merchant, order, at + 120000, n % 2 ? ORDER_PENDING : ORDER_APPROVED, 1000 + (int64_t)n);
		o.has_click = true;
		o.click = c.click;
		bench_submit(l, LEDGER_CONVERSION, &o);
	}
	struct ledger_insertion last = bench_insertion(EVENTS + 1, T0);
	bench_submit(l, LEDGER_INSERTION, &last);
}

/* One line a row: its key, clicks, orders, order value. */
struct line {
	char key[80];
	int64_t v[3];
};
struct lines {
	struct line line[LINES];
	size_t n;
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->key, ((const struct line *)b)->key);
}

static int64_t number(const char *from, const char *name)
{
	char quoted[64];
	snprintf(quoted, sizeof(quoted), "\"%s\":", name);
	const char *at = strstr(from, quoted);
	assert_non_null(at);
	return strtoll(at + strlen(quoted), NULL, 10);
}

static int64_t dollars(const char *from, const char *name)
{
	char quoted[64];
	snprintf(quoted, sizeof(quoted), "\"%s\":{\"USD\":", name);
	const char *at = strstr(from, quoted), *end = strstr(from, "\"margin\"");
	return at && at < end ? strtoll(at + strlen(quoted), NULL, 10) : 0;
}

/* Adds the rows of one page; returns the cursor of the next in q. */
static void add_page(struct bench *b, struct ledger_report_query *q, struct lines *out, size_t *rows)
{
	struct buf page;
	struct err e = {0};
	buf_init(&page, 64 << 20);
	if (ledger_report(b->l, q, &page, &e) != OK)
		fail_msg("%s: %s %s", q->group_by, e.where, e.text);
	*rows = 0;
	for (char *p = page.p; (p = strstr(p, "{\"key\":{")); ++*rows) {
		struct line *l = &out->line[out->n++];
		assert_true(out->n < LINES);
		p += 8;
		snprintf(l->key, sizeof(l->key), "%.*s", (int)strcspn(p, "}"), p);
		l->v[0] = number(p, "clicks");
		l->v[1] = number(p, "orders");
		l->v[2] = dollars(p, "order_value");
	}
	const char *next = strstr(page.p, "\"next_cursor\":\"");
	size_t n = next ? strcspn(next + 15, "\"") : 0;
	assert_true(n < sizeof(q->cursor));
	if (n)
		memcpy(q->cursor, next + 15, n);
	q->cursor[n] = '\0';
	buf_done(&page);
}

static void all_pages(struct bench *b, struct ledger_report_query q, struct lines *out)
{
	size_t rows;
	out->n = 0;
	do {
		add_page(b, &q, out, &rows);
		assert_true(rows <= q.limit);
		assert_true(rows || !q.cursor[0]);
	} while (q.cursor[0]);
	for (size_t i = 1; i < out->n; i++)
		if (strcmp(out->line[i - 1].key, out->line[i].key) == 0)
			fail_msg("twice: %s", out->line[i].key);
}

/* Of a key like "day":"…","merchant":"…","product":"…","phrase":"…" those parts that group_by names, in its order. */
static void project(const char *key, const char *group_by, char out[80])
{
	struct str rest = str_of(group_by);
	size_t n = 0;
	out[0] = '\0';
	while (rest.n) {
		struct str name = str_cut(&rest, ',');
		char quoted[32];
		snprintf(quoted, sizeof(quoted), "\"%.*s\":", STR_ARG(name));
		const char *at = strstr(key, quoted);
		assert_non_null(at);
		n += (size_t)snprintf(out + n, 80 - n, "%s%.*s", n ? "," : "", (int)(strcspn(at, ",")), at);
	}
}

static void sum_up(const struct lines *raw, const char *group_by, struct lines *out)
{
	out->n = 0;
	for (size_t i = 0; i < raw->n; i++) {
		struct line *l = &out->line[out->n++];
		project(raw->line[i].key, group_by, l->key);
		memcpy(l->v, raw->line[i].v, sizeof(l->v));
	}
	qsort(out->line, out->n, sizeof(*out->line), by_key);
	size_t n = 0;
	for (size_t i = 0; i < out->n; i++)
		if (n && strcmp(out->line[n - 1].key, out->line[i].key) == 0)
			for (int k = 0; k < 3; k++)
				out->line[n - 1].v[k] += out->line[i].v[k];
		else
			out->line[n++] = out->line[i];
	out->n = n;
}

/* Rows where nothing of the three is told apart: an answer without a link. */
static void drop_empty(struct lines *l)
{
	size_t n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (l->line[i].v[0] || l->line[i].v[1] || l->line[i].v[2])
			l->line[n++] = l->line[i];
	l->n = n;
}

static void equal(const struct ledger_report_query *q, struct lines *got, struct lines *want)
{
	drop_empty(got);
	drop_empty(want);
	qsort(got->line, got->n, sizeof(*got->line), by_key);
	for (size_t i = 0; i < got->n || i < want->n; i++)
		if (i == got->n || i == want->n || memcmp(got->line[i].v, want->line[i].v, sizeof(got->line[i].v)) != 0 ||
			strcmp(got->line[i].key, want->line[i].key) != 0)
			fail_msg("%s by %s limit %u: row %zu is %s %lld %lld %lld, not %s %lld %lld %lld", q->tz, q->group_by, q->limit, i,
				i < got->n ? got->line[i].key : "none", (long long)got->line[i].v[0], (long long)got->line[i].v[1],
				(long long)got->line[i].v[2], i < want->n ? want->line[i].key : "none", (long long)want->line[i].v[0],
				(long long)want->line[i].v[1], (long long)want->line[i].v[2]);
}

static void compare(struct bench *b, const char *tz, int64_t from, int64_t to, bool posting, const char *merchant, const char *const *groupings, size_t n)
{
	static struct lines raw, want, got;
	struct ledger_report_query q = {.from_ms = from, .to_ms = to, .posting = posting, .limit = 100000};
	NAME(q.tz, tz);
	NAME(q.merchant, merchant);
	for (size_t i = 0; i < n; i++) {
		snprintf(q.group_by, sizeof(q.group_by), "%s", strstr(groupings[i], "hour")    ? "hour,merchant,product,phrase"
							       : strstr(groupings[i], "month") ? "month,merchant,product,phrase"
											       : "day,merchant,product,phrase");
		q.limit = 100000;
		all_pages(b, q, &raw);
		sum_up(&raw, groupings[i], &want);
		NAME(q.group_by, groupings[i]);
		for (q.limit = 3; q.limit < 100000; q.limit *= 40) {
			all_pages(b, q, &got);
			equal(&q, &got, &want);
		}
	}
}

static const char *const groupings[] = {"day", "day,merchant", "day,product", "day,phrase", "merchant", "product", "phrase", "month", "month,product",
	"month,merchant", "month,phrase", "product,day", "merchant,product", "hour"};

static void groupings_from_roll_ups_are_those_of_events(void **state)
{
	struct bench *b = *state;
	ledger_close(b->l);
	b->l = open_in(b, STR(ZONES));
	fill(b->l);
	ledger_close(b->l); /* all is rolled */
	b->l = open_in(b, STR(ZONES));
	bench_verify(b->l);
	static const char *const tz[] = {"", "Asia/Shanghai", "America/New_York", "Asia/Kolkata"};
	for (size_t i = 0; i < ARRAY_LEN(tz); i++) {
		int64_t from = 0, to = 0;
		assert_int_equal(ledger_local_time(str_of(tz[i]), 20720 * DAY_MS, &from, NULL), OK);
		assert_int_equal(ledger_local_time(str_of(tz[i]), 20801 * DAY_MS, &to, NULL), OK);
		compare(b, tz[i], from, to, i % 2, "", groupings, ARRAY_LEN(groupings));
		compare(b, tz[i], from, to, false, "m2", groupings, ARRAY_LEN(groupings));
		compare(b, tz[i], from + 12345678, to - 9876543, false, "", groupings, ARRAY_LEN(groupings)); /* the edges from events */
	}
}

static void a_zone_that_comes_later_is_summed_up(void **state)
{
	struct bench *b = *state;
	static const char *const some[] = {"day", "day,product", "merchant"};
	fill(b->l);
	bench_again(b);
	ledger_close(b->l);
	b->l = open_in(b, STR("Asia/Shanghai"));
	bench_verify(b->l);
	compare(b, "Asia/Shanghai", T0 - DAY_MS, T0 + DAYS * DAY_MS, false, "", some, ARRAY_LEN(some));
	ledger_close(b->l);
	b->l = open_in(b, STR("Europe/Berlin,Asia/Shanghai"));
	bench_verify(b->l);
	compare(b, "Europe/Berlin", T0 - DAY_MS, T0 + DAYS * DAY_MS, false, "", some, ARRAY_LEN(some));
	ledger_close(b->l);
	b->l = open_in(b, STR_NONE); /* as they were */
	bench_verify(b->l);
	ledger_close(b->l);
	b->l = open_in(b, STR(""));
	bench_verify(b->l);
	compare(b, "Europe/Berlin", T0 - DAY_MS, T0 + DAYS * DAY_MS, false, "", some, ARRAY_LEN(some));
	struct ledger *l = NULL;
	struct err e = {0};
	struct ledger_options o = {.url = STR("sqlite:/nowhere/x"), .report_zones = STR("No/Where")};
	assert_int_not_equal(ledger_open(&o, &l, &e), OK);
}

static void months_are_those_of_the_calendar(void **state)
{
	(void)state;
	static const struct {
		const char *date;
		int64_t month;
	} cases[] = {{"1970-01-01", 1970 * 12}, {"1999-12-31", 1999 * 12 + 11}, {"2000-02-29", 2000 * 12 + 1}, {"2026-11-21", 2026 * 12 + 10}, {"2100-03-01", 2100 * 12 + 2}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t ms;
		assert_int_equal(time_parse(str_of(cases[i].date), &ms, NULL), OK);
		assert_int_equal(month_of(day_of(ms)), cases[i].month);
	}
	for (int64_t day = -800000; day < 800000; day += 13) {
		assert_true(month_begin(month_of(day)) <= day && month_begin(month_of(day) + 1) > day);
		assert_int_equal(month_of(month_begin(month_of(day))), month_of(day));
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(groupings_from_roll_ups_are_those_of_events),
		T(a_zone_that_comes_later_is_summed_up),
		cmocka_unit_test(months_are_those_of_the_calendar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
