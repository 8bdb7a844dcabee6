/* Orders: one whatever is repeated, in whatever order, thread or restart; commissions by state, rule and refund. */
#include "ledger/bench.h"

#include <pthread.h>

static void has(const char *text, const char *want)
{
	if (!strstr(text, want))
		fail_msg("expected %s in %s", want, text);
}

static void report_has(struct ledger *l, const char *group_by, const char *want)
{
	char *r = bench_report(l, group_by, REPORT_JSON);
	has(r, want);
	free(r);
}

/* A click of class on a link of m1, p1; click id 100. */
static void one_click(struct ledger *l, enum click_class class)
{
	struct ledger_insertion i = bench_insertion(1, T0);
	bench_link(&i, 11, "m1", "p1", "phones");
	bench_submit(l, LEDGER_INSERTION, &i);
	struct ledger_click c = bench_click(100, 1, 11, T0 + 60000, "m1", "p1");
	c.class = class;
	bench_submit(l, LEDGER_CLICK, &c);
}

static const struct ledger_rule ten_percent = {.rate_ppm = 100000, .flat_minor = -1, .cap_minor = -1};

static struct ledger_conversion clicked_order(const char *order, int64_t after_ms, enum order_status status, int64_t total)
{
	struct ledger_conversion c = bench_order("m1", order, T0 + 60000 + after_ms, status, total);
	c.has_click = true;
	c.click = bench_id(100);
	c.rule = &ten_percent;
	c.rule_count = 1;
	return c;
}

static void a_repeated_message_counts_once(void **state)
{
	struct bench *b = *state;
	one_click(b->l, CLICK_HUMAN);
	struct ledger_conversion c = clicked_order("o1", 1000, ORDER_PENDING, 10000);
	struct ledger_booking k = bench_book(b->l, &c);
	assert_int_equal(k.booking, BOOKED);
	assert_true(k.attributed);
	assert_string_equal(k.click_class, "human");
	assert_int_equal(k.commission.minor, 1000);
	assert_int_equal(bench_book(b->l, &c).booking, BOOKED_REPEAT);
	bench_again(b);
	assert_int_equal(bench_book(b->l, &c).booking, BOOKED_REPEAT);
	struct ledger_conversion approve = clicked_order("o1", 5000, ORDER_APPROVED, 10000);
	assert_int_equal(bench_book(b->l, &approve).booking, BOOKED_CHANGE);
	assert_int_equal(bench_book(b->l, &c).booking, BOOKED_REPEAT); /* an old page of the network's list */
	assert_int_equal(bench_book(b->l, &approve).booking, BOOKED_REPEAT);
	report_has(b->l, "day,product",
		"\"product\":\"p1\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":1,\"impressions\":1,\"clicks\":1,"
		"\"human_clicks\":1,\"orders\":1,\"order_value\":{\"USD\":10000},\"commission_pending\":{\"USD\":0},"
		"\"commission_approved\":{\"USD\":1000},\"commission_paid\":{\"USD\":0},\"commission_reversed\":{\"USD\":0}");
	bench_verify(b->l);
}

struct racer {
	struct ledger *l;
	struct ledger_conversion c;
	pthread_barrier_t *start;
	int booked, repeated;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	pthread_barrier_wait(r->start);
	for (int i = 0; i < 50; i++) {
		struct ledger_booking k = {0};
		snprintf(r->c.order_id, sizeof(r->c.order_id), "o%d", i);
		if (ledger_submit_wait(r->l, LEDGER_CONVERSION, &r->c, 10000, &k) != OK)
			continue;
		r->booked += k.booking == BOOKED;
		r->repeated += k.booking == BOOKED_REPEAT;
	}
	return NULL;
}

static void two_threads_with_one_order_book_it_once(void **state)
{
	struct bench *b = *state;
	pthread_barrier_t start;
	pthread_t thread[2];
	struct racer racer[2];
	pthread_barrier_init(&start, NULL, 2);
	for (int i = 0; i < 2; i++) {
		racer[i] = (struct racer){.l = b->l, .c = bench_order("m1", "", T0, ORDER_PENDING, 500), .start = &start};
		assert_int_equal(pthread_create(&thread[i], NULL, race, &racer[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&start);
	assert_int_equal(racer[0].booked + racer[1].booked, 50);
	assert_int_equal(racer[0].repeated + racer[1].repeated, 50);
	report_has(b->l, "", "\"orders\":50,\"order_value\":{\"USD\":25000}");
	bench_verify(b->l);
}

/* Whole-state messages, shuffled and doubled: the last by its date wins, under the day of the first. */
static void messages_converge_in_any_order(void **state)
{
	struct bench *b = *state;
	one_click(b->l, CLICK_HUMAN);
	char *first = NULL;
	for (uint64_t round = 0; round < 24; round++) {
		struct ledger_conversion m[4];
		char order[16];
		snprintf(order, sizeof(order), "o%d", (int)round);
		m[0] = clicked_order(order, -60000, ORDER_PENDING, 10000);
		m[1] = clicked_order(order, 2 * DAY_MS, ORDER_PENDING, 8000);
		m[2] = clicked_order(order, 5 * DAY_MS, ORDER_APPROVED, 8000);
		m[3] = clicked_order(order, 9 * DAY_MS, ORDER_APPROVED, 7000);
		m[1].has_click = m[3].has_click = false;
		uint64_t left = 0x3210, code = round;
		for (uint64_t n = 4; n > 0; n--) { /* the round-th permutation */
			uint64_t at = code % n * 4, pick = left >> at & 15;
			code /= n;
			left = (left & ((UINT64_C(1) << at) - 1)) | left >> (at + 4) << at;
			bench_book(b->l, &m[pick]);
			bench_book(b->l, &m[pick]);
		}
		if (round == 0) {
			first = bench_report(b->l, "day,product", REPORT_CSV);
			has(first, "2026-09-21,p1,1,1,1,1,1,1,1,1,7000,0,700,0,0,");
		}
	}
	char *all = bench_report(b->l, "day,product", REPORT_CSV);
	has(all, "2026-09-21,p1,1,1,1,1,1,1,1,24,168000,0,16800,0,0,");
	free(first);
	free(all);
	bench_verify(b->l);
}

static void refunds_never_go_below_zero(void **state)
{
	struct bench *b = *state;
	struct ledger_conversion c = clicked_order("o1", 0, ORDER_APPROVED, 10000);
	bench_book(b->l, &c);
	static const struct {
		int64_t delta, total;
		enum booking booking;
	} steps[] = {{-3000, 7000, BOOKED_CHANGE}, {-6000, 1000, BOOKED_CHANGE}, {-5000, 0, BOOKED_CHANGE}, {-10000, 0, BOOKED_REFUSED}};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct ledger_conversion m = clicked_order("o1", 1000 * (int64_t)(i + 1), ORDER_APPROVED, 0);
		m.has_total = false;
		m.has_adjustment = true;
		m.adjustment = bench_money(steps[i].delta, "USD");
		struct ledger_booking k = bench_book(b->l, &m);
		assert_int_equal(k.booking, steps[i].booking);
		assert_int_equal(k.total.minor, steps[i].total);
		assert_int_equal(k.commission.minor, steps[i].total / 10);
		if (i >= 2)
			has(k.detail, "quarantine");
	}
	report_has(b->l, "", "\"orders\":1,\"order_value\":{\"USD\":0},\"commission_pending\":{\"USD\":0},\"commission_approved\":{\"USD\":0}");
	bench_verify(b->l);
}

static void what_cannot_be_booked_is_refused(void **state)
{
	struct bench *b = *state;
	struct ledger_conversion c = clicked_order("o1", 0, ORDER_PENDING, 10000);
	bench_book(b->l, &c);
	struct ledger_conversion m = clicked_order("o1", 1000, ORDER_APPROVED, 10000);
	m.total = bench_money(9000, "EUR");
	struct ledger_booking k = bench_book(b->l, &m);
	assert_int_equal(k.booking, BOOKED_REFUSED);
	has(k.detail, "another currency");
	m = clicked_order("o1", 1000, ORDER_APPROVED, -1);
	assert_int_equal(bench_book(b->l, &m).booking, BOOKED_REFUSED);
	m = clicked_order("o1", 1000, ORDER_APPROVED, INT64_MAX);
	assert_int_equal(bench_book(b->l, &m).booking, BOOKED_REFUSED);
	m = clicked_order("o9", 1000, ORDER_REVERSED, 0);
	m.has_total = false;
	assert_int_equal(bench_book(b->l, &m).booking, BOOKED_PARKED);
	m.has_adjustment = true;
	m.adjustment = bench_money(-500, "USD");
	assert_int_equal(bench_book(b->l, &m).booking, BOOKED_PARKED);
	m.status = ORDER_PENDING;
	m.has_adjustment = false;
	assert_int_equal(bench_book(b->l, &m).booking, BOOKED_REFUSED);
	report_has(b->l, "", "\"orders\":1,\"order_value\":{\"USD\":10000},\"commission_pending\":{\"USD\":1000},\"commission_approved\":{\"USD\":0}");
	bench_verify(b->l);
}

static void orders_are_attributed_to_their_own_click_only(void **state)
{
	struct bench *b = *state;
	one_click(b->l, CLICK_HUMAN);
	struct ledger_conversion c = clicked_order("skew", -120000, ORDER_PENDING, 100);
	assert_true(bench_book(b->l, &c).attributed);
	c = clicked_order("early", -120001, ORDER_PENDING, 100);
	assert_false(bench_book(b->l, &c).attributed);
	c = clicked_order("unknown", 5, ORDER_PENDING, 100);
	c.click = bench_id(999);
	assert_false(bench_book(b->l, &c).attributed);
	c = clicked_order("foreign", 5, ORDER_PENDING, 100);
	NAME(c.merchant, "m2");
	assert_false(bench_book(b->l, &c).attributed);
	c = clicked_order("direct", 5, ORDER_PENDING, 100); /* a link's id */
	c.click = bench_id(11);
	assert_true(bench_book(b->l, &c).attributed);
	report_has(b->l, "phrase", "{\"phrase\":\"phones\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":1,\"impressions\":1,"
				   "\"clicks\":1,\"human_clicks\":1,\"orders\":2,");
	bench_verify(b->l);
}

static void orders_of_other_clicks_wait_for_the_network(void **state)
{
	struct bench *b = *state;
	one_click(b->l, CLICK_BOT);
	struct ledger_conversion c = clicked_order("o1", 1000, ORDER_PENDING, 10000);
	struct ledger_booking k = bench_book(b->l, &c);
	assert_int_equal(k.commission.minor, 0);
	assert_string_equal(k.click_class, "bot");
	has(k.detail, "review");
	report_has(b->l, "", "\"orders\":0,\"order_value\":{},\"commission_pending\":{}");
	c = clicked_order("o1", 2000, ORDER_APPROVED, 10000);
	c.has_commission = true;
	c.commission = bench_money(400, "USD");
	k = bench_book(b->l, &c);
	assert_int_equal(k.commission.minor, 400);
	assert_string_equal(k.click_class, "bot");
	report_has(b->l, "", "\"orders\":1,\"order_value\":{\"USD\":10000},\"commission_pending\":{\"USD\":0},\"commission_approved\":{\"USD\":400}");
	/* Once the network has spoken, later messages need not say so again. */
	c = clicked_order("o1", 3000, ORDER_PAID, 5000);
	assert_int_equal(bench_book(b->l, &c).commission.minor, 200);
	bench_verify(b->l);
}

static void rules_are_frozen_with_the_order(void **state)
{
	struct bench *b = *state;
	const struct ledger_rule rules[] = {{.rate_ppm = 50000, .flat_minor = -1, .cap_minor = -1},
		{.category = "Audio", .rate_ppm = 100000, .flat_minor = -1, .cap_minor = 500}};
	struct ledger_conversion c = clicked_order("o1", 0, ORDER_PENDING, 9990);
	c.rule = rules;
	c.rule_count = 2;
	c.item_count = 2;
	NAME(c.item[0].id, "a");
	NAME(c.item[0].category, "Audio > Headphones");
	c.item[0].total = bench_money(3330, "USD");
	NAME(c.item[1].id, "b");
	c.item[1].total = bench_money(6660, "USD");
	assert_int_equal(bench_book(b->l, &c).commission.minor, 333 + 333);
	/* Half of it comes back, and the merchant has other rates by now: the old ones hold, and the old split. */
	c = clicked_order("o1", 1000, ORDER_APPROVED, 4995);
	assert_int_equal(bench_book(b->l, &c).commission.minor, 333); /* 1665 at 10 % and 3330 at 5 %: summed up, then rounded */
	c = clicked_order("o1", 2000, ORDER_APPROVED, 99900);
	assert_int_equal(bench_book(b->l, &c).commission.minor, 500 + 3330); /* capped */
	bench_verify(b->l);
}

static void paid_money_is_clawed_back(void **state)
{
	struct bench *b = *state;
	struct ledger_conversion c = clicked_order("o1", 0, ORDER_PAID, 10000);
	bench_book(b->l, &c);
	c = clicked_order("o1", 1000, ORDER_REVERSED, 10000);
	struct ledger_booking k = bench_book(b->l, &c);
	assert_int_equal(k.status, ORDER_REVERSED);
	assert_int_equal(k.commission.minor, 0);
	report_has(b->l, "", "\"orders\":0,\"order_value\":{\"USD\":0},\"commission_pending\":{\"USD\":0},\"commission_approved\":{\"USD\":0},"
			     "\"commission_paid\":{\"USD\":1000},\"commission_reversed\":{\"USD\":1000}");
	report_has(b->l, "", "\"margin\":{\"USD\":0}");
	bench_verify(b->l);
}

static void posting_dates_are_the_ledgers_own(void **state)
{
	struct bench *b = *state;
	struct ledger_conversion c = clicked_order("o1", 0, ORDER_PENDING, 10000);
	c.received_at_ms = T0 + 3 * DAY_MS;
	bench_book(b->l, &c);
	c = clicked_order("o1", 1000, ORDER_APPROVED, 8000);
	c.received_at_ms = T0 + 5 * DAY_MS;
	bench_book(b->l, &c);
	struct ledger_report_query q = {.to_ms = 46000 * DAY_MS, .group_by = "day", .posting = true};
	for (int raw = 0; raw < 2; raw++) { /* from roll-ups, and recomputed in a zone of their own */
		struct buf out;
		buf_init(&out, 1 << 16);
		NAME(q.tz, raw ? "Etc/UTC" : "");
		if (raw && access("/usr/share/zoneinfo/Etc/UTC", R_OK) != 0)
			break;
		assert_int_equal(ledger_report(b->l, &q, &out, NULL), OK);
		has(out.p, "\"date_basis\":\"posting\"");
		has(out.p, "{\"day\":\"2026-09-24\"},\"answers\":0");
		has(out.p, "\"orders\":1,\"order_value\":{\"USD\":10000},\"commission_pending\":{\"USD\":1000}");
		has(out.p, "\"orders\":0,\"order_value\":{\"USD\":-2000},\"commission_pending\":{\"USD\":-1000},\"commission_approved\":{\"USD\":800}");
		buf_done(&out);
	}
	report_has(b->l, "day", "{\"day\":\"2026-09-21\"},\"answers\":0");
	bench_verify(b->l);
}

static void currencies_stay_apart(void **state)
{
	struct bench *b = *state;
	static const char *const currency[] = {"USD", "JPY", "KWD"};
	for (int i = 0; i < 3; i++) {
		char order[16];
		snprintf(order, sizeof(order), "o%d", i);
		struct ledger_conversion c = clicked_order(order, 0, ORDER_PENDING, 0);
		c.total = bench_money(1234, currency[i]);
		bench_book(b->l, &c);
	}
	report_has(b->l, "", "\"orders\":3,\"order_value\":{\"JPY\":1234,\"KWD\":1234,\"USD\":1234}");
	char *csv = bench_report(b->l, "", REPORT_CSV);
	has(csv, "orders,order_value_JPY,order_value_KWD,order_value_USD,commission_pending_JPY");
	free(csv);
	char *table = bench_report(b->l, "", REPORT_TABLE);
	has(table, "1234 JPY 1.234 KWD 12.34 USD");
	free(table);
	bench_verify(b->l);
}

static void commissions_list_with_history_and_pages(void **state)
{
	struct bench *b = *state;
	for (int i = 0; i < 5; i++) {
		char order[16];
		snprintf(order, sizeof(order), "o%d", i);
		struct ledger_conversion c = clicked_order(order, 0, ORDER_PENDING, 1000);
		bench_book(b->l, &c);
		c = clicked_order(order, 10, i % 2 ? ORDER_APPROVED : ORDER_DECLINED, 1000);
		bench_book(b->l, &c);
	}
	struct buf out;
	buf_init(&out, 1 << 16);
	assert_int_equal(ledger_commissions_json(b->l, STR("approved"), STR("m1"), STR_NONE, 1, &out, NULL), OK);
	has(out.p, "\"order_id\":\"o1\",\"status\":\"approved\"");
	has(out.p, "\"next_cursor\":\"2\"}");
	has(out.p, "\"click_id\":\"clk_01000000000000000000000034\"");
	has(out.p, "\"history\":[{\"seq\":1,\"status\":\"pending\",\"total_change\":{\"amount\":1000,\"currency\":\"USD\"}");
	buf_clear(&out);
	assert_int_equal(ledger_commissions_json(b->l, STR("approved"), STR("m1"), STR("2"), 1, &out, NULL), OK);
	has(out.p, "\"order_id\":\"o3\"");
	has(out.p, "\"next_cursor\":null}");
	buf_clear(&out);
	assert_int_equal(ledger_commissions_json(b->l, STR_NONE, STR("m2"), STR_NONE, 0, &out, NULL), OK);
	assert_string_equal(out.p, "{\"data\":[],\"next_cursor\":null}");
	assert_int_equal(ledger_commissions_json(b->l, STR("lost"), STR_NONE, STR_NONE, 0, &out, NULL), E_INPUT);
	assert_int_equal(ledger_commissions_json(b->l, STR_NONE, STR_NONE, STR("x"), 0, &out, NULL), E_INPUT);
	buf_done(&out);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bench_start, bench_stop)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_repeated_message_counts_once),
		T(two_threads_with_one_order_book_it_once),
		T(messages_converge_in_any_order),
		T(refunds_never_go_below_zero),
		T(what_cannot_be_booked_is_refused),
		T(orders_are_attributed_to_their_own_click_only),
		T(orders_of_other_clicks_wait_for_the_network),
		T(rules_are_frozen_with_the_order),
		T(paid_money_is_clawed_back),
		T(posting_dates_are_the_ledgers_own),
		T(currencies_stay_apart),
		T(commissions_list_with_history_and_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
