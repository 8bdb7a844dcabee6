/* How fast reports answer: LEDGER_EVENTS events (default 10,000,000) over 90 days, 500 merchants with 20 products each, then each grouping that is
 * answered at once, as a page of 1,000 rows: the median of nine, in ms, beside the same sums from raw events of one day. In the end the
 * roll-ups are compared with a recount. The file is kept in the folder and used again when it has the right size. */
#include "ledger/ledger.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)
enum { MERCHANTS = 500, PRODUCTS = 20, PHRASES = 2000, DAYS = 90, IN_FLIGHT = 8000, ROUNDS = 9 };

struct load {
	struct ledger *l;
	uint64_t random;
	sem_t room;
	atomic_llong done, failed;
};

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "bench: %s %s %s\n", what, e ? e->where : "", e ? e->text : "");
	exit(1);
}

static uint64_t pick(struct load *b, uint64_t n)
{
	b->random = hash_mix(b->random + 0x9e3779b97f4a7c15);
	return b->random % n;
}

/* Small numbers more often than large ones, as shops and goods are. */
static uint64_t skewed(struct load *b, uint64_t n)
{
	uint64_t a = pick(b, n), c = pick(b, n);
	return a < c ? a : c;
}

static struct ledger_id id_of(uint64_t n, uint64_t kind)
{
	struct ledger_id id;
	uint64_t half[2] = {hash_mix(n * 4 + kind), hash_mix(n ^ kind << 60 ^ UINT64_C(0x5bd1e9955bd1e995))};
	memcpy(id.b, half, sizeof(id.b));
	return id;
}

static void done(void *arg, enum status s, const struct ledger_booking *booking)
{
	struct load *b = arg;
	(void)booking;
	atomic_fetch_add(s == OK ? &b->done : &b->failed, 1);
	sem_post(&b->room);
}

static void submit(struct load *b, enum ledger_event_kind kind, const void *event)
{
	while (sem_wait(&b->room) != 0)
		;
	if (ledger_submit(b->l, kind, event, done, b) != OK)
		die("the ledger refused an event", NULL);
}

struct goods {
	char merchant[LEDGER_NAME], product[LEDGER_TEXT], phrase[LEDGER_TEXT];
	uint64_t key;
};

static struct goods choose(struct load *b)
{
	struct goods g;
	uint64_t m = skewed(b, MERCHANTS), p = skewed(b, PRODUCTS);
	g.key = m * PRODUCTS + p;
	snprintf(g.merchant, sizeof(g.merchant), "merchant-%03d", (int)m);
	snprintf(g.product, sizeof(g.product), "sku-%05d-colour", (int)g.key);
	snprintf(g.phrase, sizeof(g.phrase), "phrase number %d", (int)skewed(b, PHRASES));
	return g;
}

static void answer(struct load *b, uint64_t n, int64_t at_ms, const struct goods *g)
{
	struct ledger_insertion i = {.insertion = id_of(n, 0), .at_ms = at_ms, .eligible = true, .prompt_tokens = 800, .completion_tokens = 300, .once = true};
	snprintf(i.decision, sizeof(i.decision), g ? "linked" : "none");
	snprintf(i.class, sizeof(i.class), "consumer");
	snprintf(i.form, sizeof(i.form), n % 9 ? "inline" : "cards");
	snprintf(i.locale, sizeof(i.locale), "en");
	snprintf(i.app, sizeof(i.app), "app-%d", (int)pick(b, 4));
	snprintf(i.model, sizeof(i.model), "model-%d", (int)pick(b, 3));
	i.link_count = g != NULL;
	if (g) {
		struct ledger_link *l = &i.link[0];
		l->link = id_of(n, 1);
		l->product_key = g->key;
		memcpy(l->merchant, g->merchant, sizeof(l->merchant));
		memcpy(l->product, g->product, sizeof(l->product));
		memcpy(l->phrase, g->phrase, sizeof(l->phrase));
	}
	submit(b, LEDGER_INSERTION, &i);
}

static struct ledger_id click(struct load *b, uint64_t n, int64_t at_ms, const struct goods *g)
{
	uint64_t visitor = hash_mix(b->random ^ n);
	struct ledger_click c = {.click = ledger_new_id(b->l, at_ms), .insertion = id_of(n, 0), .link = id_of(n, 1), .at_ms = at_ms, .product_key = g->key,
		.class = pick(b, 20) ? CLICK_HUMAN : CLICK_BOT};
	memcpy(c.merchant, g->merchant, sizeof(c.merchant));
	memcpy(c.product, g->product, sizeof(c.product));
	memcpy(c.visitor, &visitor, sizeof(visitor));
	submit(b, LEDGER_CLICK, &c);
	return c.click;
}

static void order(struct load *b, uint64_t n, int64_t at_ms, const struct goods *g, struct ledger_id click)
{
	static const struct ledger_rule rule = {.rate_ppm = 50000, .flat_minor = -1, .cap_minor = -1};
	struct ledger_conversion c = {.occurred_at_ms = at_ms, .received_at_ms = at_ms, .status = n % 3 ? ORDER_APPROVED : ORDER_PENDING, .has_total = true,
		.has_click = true, .click = click, .rule = &rule, .rule_count = 1};
	c.total = (struct money){.minor = 1000 + (int64_t)pick(b, 20000)};
	snprintf(c.total.currency, sizeof(c.total.currency), n % 4 ? "USD" : "EUR");
	snprintf(c.merchant, sizeof(c.merchant), "%s", g->merchant);
	snprintf(c.order_id, sizeof(c.order_id), "order-%llu", (unsigned long long)n);
	snprintf(c.source, sizeof(c.source), "bench");
	submit(b, LEDGER_CONVERSION, &c);
}

/* Of ten events five are answers (four with a link), five are clicks; of two hundred one is an order. */
static void fill(struct load *b, uint64_t events, int64_t begin_ms)
{
	int64_t began = mono_us();
	uint64_t made = 0;
	for (uint64_t n = 0; made < events; n++) {
		int64_t at = begin_ms + (int64_t)((double)made / (double)events * DAYS * (double)DAY_MS);
		struct goods g = choose(b);
		bool linked = n % 5 != 0;
		answer(b, n, at, linked ? &g : NULL);
		made++;
		for (uint64_t k = 0; linked && k < 1 + n % 2 && made < events; k++, made++) {
			struct ledger_id id = click(b, n, at + 30000 + (int64_t)k * 20000, &g);
			if (n % 100 == 1 && k == 0 && ++made)
				order(b, n, at + 3600000, &g, id);
		}
	}
	for (int i = 0; i < IN_FLIGHT; i++)
		while (sem_wait(&b->room) != 0)
			;
	if (atomic_load(&b->failed))
		die("events failed", NULL);
	printf("report filled: %llu events in %.0f s\n", (unsigned long long)made, (double)(mono_us() - began) / 1e6);
	fflush(stdout);
}

static double clock_ms(clockid_t which)
{
	struct timespec t;
	clock_gettime(which, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Wall clock, and what this thread computed meanwhile: the two differ where others use the machine. */
static void one(struct ledger *l, const struct ledger_report_query *q, size_t *rows, double *wall, double *cpu)
{
	struct buf out;
	struct err e = {0};
	buf_init(&out, 64 << 20);
	double wall0 = clock_ms(CLOCK_MONOTONIC), cpu0 = clock_ms(CLOCK_THREAD_CPUTIME_ID);
	if (ledger_report(l, q, &out, &e) != OK)
		die("report", &e);
	*cpu = clock_ms(CLOCK_THREAD_CPUTIME_ID) - cpu0;
	*wall = clock_ms(CLOCK_MONOTONIC) - wall0;
	*rows = 0;
	for (const char *p = out.p; (p = strstr(p, "{\"key\":")); p++)
		++*rows;
	buf_done(&out);
}

static int by_size(const void *a, const void *b)
{
	return cmp_double(*(const double *)a, *(const double *)b);
}

struct asked {
	const char *group_by, *merchant, *tz;
	int days; /* up to the last; 0: all */
};

static void ask(struct ledger *l, const struct asked *a, int64_t begin_ms)
{
	struct ledger_report_query q = {.limit = 1000};
	struct err e = {0};
	int64_t day = begin_ms / DAY_MS;
	double wall[ROUNDS], cpu[ROUNDS];
	size_t rows = 0;
	snprintf(q.group_by, sizeof(q.group_by), "%s", a->group_by);
	snprintf(q.merchant, sizeof(q.merchant), "%s", a->merchant);
	snprintf(q.tz, sizeof(q.tz), "%s", a->tz);
	if (ledger_local_time(str_of(a->tz), (a->days ? day + DAYS - a->days : day) * DAY_MS, &q.from_ms, &e) != OK ||
		ledger_local_time(str_of(a->tz), (day + DAYS) * DAY_MS, &q.to_ms, &e) != OK)
		die("zone", &e);
	for (int i = 0; i < ROUNDS; i++)
		one(l, &q, &rows, &wall[i], &cpu[i]);
	qsort(wall, ROUNDS, sizeof(*wall), by_size);
	qsort(cpu, ROUNDS, sizeof(*cpu), by_size);
	printf("report %-14s %-12s %-16s %3d days: %6.1f ms (worst %6.1f, computing %5.1f), %4zu rows\n", a->group_by, *a->merchant ? a->merchant : "all", *a->tz ? a->tz : "UTC",
		a->days ? a->days : DAYS, wall[ROUNDS / 2], wall[ROUNDS - 1], cpu[ROUNDS / 2], rows);
	fflush(stdout);
}

static const struct asked questions[] = {
	{"day", "", "", 0}, {"day", "merchant-003", "", 0}, {"day", "", "Asia/Shanghai", 0},
	{"merchant", "", "", 0}, {"product", "", "", 0}, {"phrase", "", "", 0}, {"form", "", "", 0}, {"app", "", "", 0}, {"model", "", "", 0},
	{"product", "merchant-003", "", 0}, {"phrase", "merchant-003", "", 0}, {"app", "merchant-003", "", 0},
	{"day,merchant", "", "", 0}, {"day,product", "", "", 0}, {"day,phrase", "", "", 0}, {"day,app", "", "", 0},
	{"day,merchant", "", "Asia/Shanghai", 0}, {"day,product", "", "Asia/Shanghai", 0}, {"product", "", "Asia/Shanghai", 0},
	{"day,product", "merchant-003", "", 0}, {"day,phrase", "merchant-003", "", 0},
	{"hour", "", "Asia/Kolkata", 7}, {"hour", "merchant-003", "Asia/Kolkata", 7}, {"hour,app", "", "America/New_York", 7},
	{"hour,merchant", "", "Asia/Kolkata", 7},
	{"month", "", "", 0}, {"month,merchant", "", "", 0},
};

int main(int argc, char **argv)
{
	const char *events_text = getenv("LEDGER_EVENTS");
	uint64_t events = events_text ? strtoull(events_text, NULL, 10) : 10000000;
	char path[512], url[540];
	struct load b = {.random = 11};
	struct err e = {0};
	if (argc < 2)
		die("usage: report FOLDER", NULL);
	snprintf(path, sizeof(path), "%s/report-%llu.db", argv[1], (unsigned long long)events);
	snprintf(url, sizeof(url), "sqlite:%s", path);
	int64_t begin_ms = (now_ms() / DAY_MS - DAYS) * DAY_MS; /* up to yesterday's end */
	bool there = access(path, F_OK) == 0;
	sem_init(&b.room, 0, IN_FLIGHT);
	if (ledger_open(&(struct ledger_options){.url = str_of(url), .report_zones = STR("Asia/Shanghai")}, &b.l, &e) != OK)
		die("open", &e);
	if (!there)
		fill(&b, events, begin_ms);
	ledger_close(b.l); /* the rest is rolled */
	if (ledger_open(&(struct ledger_options){.url = str_of(url), .report_zones = STR("Asia/Shanghai")}, &b.l, &e) != OK)
		die("open", &e);
	for (size_t i = 0; i < ARRAY_LEN(questions); i++)
		ask(b.l, &questions[i], begin_ms);
	if (getenv("LEDGER_RECOUNT")) {
		struct buf out;
		char head[65];
		buf_init(&out, 1 << 20);
		int64_t began = mono_us();
		enum status s = ledger_verify(b.l, STR_NONE, &out, head, &e);
		printf("report recount: %s in %.0f s\n%s", s == OK ? "equal" : e.text, (double)(mono_us() - began) / 1e6, out.p ? out.p : "");
		buf_done(&out);
		if (s != OK)
			return 1;
	}
	ledger_close(b.l);
	return 0;
}
