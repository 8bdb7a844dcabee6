/* Seeded random operations against a small reference: the report's numbers have to be the reference's at every look. A failure prints its
 * seed; LEDGER_SEED replays it. */
#include "ledger/bench.h"

enum { OPERATIONS = 4000, LOOK_EVERY = 400, INSERTIONS = 60, ORDERS = 40, VISITORS = 4, MERCHANTS = 2 };

struct model_order {
	bool known;
	int64_t last_ms, total, pending, approved, paid, reversed, clawed;
	enum order_status status;
};
struct model {
	uint64_t random;
	bool inserted[INSERTIONS];
	int64_t visit[INSERTIONS][VISITORS]; /* last counted; 0 none */
	struct model_order order[ORDERS];
	long answers[MERCHANTS], clicks[MERCHANTS], human[MERCHANTS];
	uint64_t next_click;
	int64_t now;
};

static uint64_t pick(struct model *m, uint64_t n)
{
	m->random = hash_mix(m->random + 0x9e3779b97f4a7c15);
	return m->random % n;
}

static const char *const merchant[MERCHANTS] = {"m1", "m2"};

static void do_insertion(struct model *m, struct ledger *l)
{
	uint64_t n = pick(m, INSERTIONS);
	struct ledger_insertion i = bench_insertion(n + 1, m->now);
	bench_link(&i, 1000 + n, merchant[n % MERCHANTS], "p", "phrase");
	i.once = pick(m, 2);
	bench_submit(l, LEDGER_INSERTION, &i);
	if (!m->inserted[n] || !i.once)
		m->answers[n % MERCHANTS]++;
	m->inserted[n] = true;
}

static void do_click(struct model *m, struct ledger *l)
{
	uint64_t n = pick(m, INSERTIONS), visitor = pick(m, VISITORS);
	struct ledger_click c = bench_click(5000 + m->next_click++, n + 1, 1000 + n, m->now, merchant[n % MERCHANTS], "p");
	memset(c.visitor, (int)visitor + 1, sizeof(c.visitor));
	c.class = pick(m, 5) ? CLICK_HUMAN : CLICK_BOT;
	for (uint64_t repeat = pick(m, 3) + 1; repeat; repeat--)
		bench_submit(l, LEDGER_CLICK, &c);
	int64_t *last = &m->visit[n][visitor];
	m->clicks[n % MERCHANTS]++;
	if (c.class != CLICK_HUMAN || (*last && m->now - *last <= 10000))
		return;
	m->human[n % MERCHANTS]++;
	*last = m->now;
}

static void refer(struct model_order *o, const struct ledger_conversion *c)
{
	if (o->known && c->occurred_at_ms <= o->last_ms)
		return;
	bool counts = c->status != ORDER_DECLINED && c->status != ORDER_REVERSED;
	int64_t due = money_ppm(c->total.minor, 100000);
	o->total = c->total.minor;
	o->last_ms = c->occurred_at_ms;
	if (o->known && (o->status == ORDER_PAID || o->paid)) {
		int64_t keep = counts ? due : 0;
		o->paid = o->paid > keep ? o->paid : keep; /* what left the bank at most */
		o->clawed = o->reversed = o->paid - keep;
		o->status = counts ? ORDER_PAID : ORDER_REVERSED;
		return;
	}
	int64_t stood = !o->known ? due : o->status == ORDER_REVERSED ? o->reversed : o->pending + o->approved;
	o->pending = c->status == ORDER_PENDING ? due : 0;
	o->approved = c->status == ORDER_APPROVED ? due : 0;
	o->paid = c->status == ORDER_PAID ? due : 0;
	o->reversed = c->status == ORDER_REVERSED ? stood : 0;
	o->status = c->status;
	o->known = true;
}

static void do_order(struct model *m, struct ledger *l)
{
	static const struct ledger_rule rule = {.rate_ppm = 100000, .flat_minor = -1, .cap_minor = -1};
	uint64_t n = pick(m, ORDERS);
	char name[16];
	snprintf(name, sizeof(name), "o%d", (int)n);
	struct ledger_conversion c = bench_order(merchant[n % MERCHANTS], name, m->now - (int64_t)pick(m, 20000), (enum order_status)pick(m, 5),
		(int64_t)pick(m, 100000));
	c.rule = &rule;
	c.rule_count = 1;
	for (uint64_t repeat = pick(m, 3) + 1; repeat; repeat--)
		bench_book(l, &c);
	refer(&m->order[n], &c);
}

static long field(const char *row, const char *name)
{
	char key[64];
	snprintf(key, sizeof(key), "\"%s\":", name);
	const char *at = strstr(row, key);
	at = at ? at + strlen(key) : "0";
	return strncmp(at, "{\"USD\":", 7) == 0 ? strtol(at + 7, NULL, 10) : strtol(at, NULL, 10);
}

static void same(uint64_t seed, const char *row, const char *name, long want)
{
	if (field(row, name) != want)
		fail_msg("LEDGER_SEED=%llu: %s is %ld, the reference says %ld", (unsigned long long)seed, name, field(row, name), want);
}

static void look(const struct model *m, struct ledger *l, uint64_t seed)
{
	char *report = bench_report(l, "merchant", REPORT_JSON);
	for (int k = 0; k < MERCHANTS; k++) {
		struct model_order sum = {0};
		long orders = 0;
		for (int n = k; n < ORDERS; n += MERCHANTS) {
			const struct model_order *o = &m->order[n];
			bool counts = o->known && o->status != ORDER_DECLINED && o->status != ORDER_REVERSED;
			orders += counts;
			sum.total += counts ? o->total : 0;
			sum.pending += o->pending;
			sum.approved += o->approved;
			sum.paid += o->paid;
			sum.reversed += o->reversed;
			sum.clawed += o->clawed;
		}
		char key[32];
		snprintf(key, sizeof(key), "{\"merchant\":\"%s\"}", merchant[k]);
		const char *row = strstr(report, key);
		if (!row)
			row = "";
		same(seed, row, "answers", m->answers[k]);
		same(seed, row, "links", m->answers[k]);
		same(seed, row, "clicks", m->clicks[k]);
		same(seed, row, "human_clicks", m->human[k]);
		same(seed, row, "orders", orders);
		same(seed, row, "order_value", (long)sum.total);
		same(seed, row, "commission_pending", (long)sum.pending);
		same(seed, row, "commission_approved", (long)sum.approved);
		same(seed, row, "commission_paid", (long)sum.paid);
		same(seed, row, "commission_reversed", (long)sum.reversed);
		same(seed, row, "margin", (long)(sum.pending + sum.approved + sum.paid - sum.clawed));
	}
	free(report);
}

static void random_operations_match_the_reference(void **state)
{
	struct bench *b = *state;
	const char *given = getenv("LEDGER_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 20261121;
	struct model *m = calloc(1, sizeof(*m));
	assert_non_null(m);
	m->random = seed;
	m->now = T0;
	for (int i = 1; i <= OPERATIONS; i++) {
		m->now += (int64_t)pick(m, 3000);
		uint64_t what = pick(m, 100);
		if (what < 35)
			do_insertion(m, b->l);
		else if (what < 65)
			do_click(m, b->l);
		else
			do_order(m, b->l);
		if (what == 99 && pick(m, 3) == 0)
			bench_again(b);
		if (i % LOOK_EVERY == 0)
			look(m, b->l, seed);
	}
	bench_verify(b->l);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(random_operations_match_the_reference, bench_start, bench_stop)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
