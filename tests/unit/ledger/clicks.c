/* Classes that the commit decides: too many, scanners, unique clicks, and what is kept of a visitor; links confirmed as shown. */
#include "ledger/bench.h"

#include <sqlite3.h>

/* What is old is emptied by the retention job. */
static int64_t lately(void)
{
	static int64_t begin;
	if (!begin)
		begin = (now_ms() / DAY_MS - 5) * DAY_MS + DAY_MS / 2;
	return begin;
}
#undef T0
#define T0 lately()

static char *ask(struct bench *b, const char *sql)
{
	static char out[4096];
	char path[128];
	sqlite3 *h;
	sqlite3_stmt *q;
	size_t n = 0;
	snprintf(path, sizeof(path), "%s/ledger.db", b->dir);
	assert_int_equal(sqlite3_open_v2(path, &h, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &q, NULL), SQLITE_OK);
	out[0] = '\0';
	while (sqlite3_step(q) == SQLITE_ROW && n < sizeof(out) - 200)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s", n ? " " : "", (const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	sqlite3_close(h);
	return out;
}

static void click(struct bench *b, struct ledger_click c, const char *class)
{
	struct ledger_booking k = {0};
	assert_int_equal(ledger_submit_wait(b->l, LEDGER_CLICK, &c, 10000, &k), OK);
	if (strcmp(k.click_class, class) != 0)
		fail_msg("click %d: %s, not %s", c.click.b[15], k.click_class, class);
}

/* Two answers with three links each: insertions 1 and 2, links 11, 12, 13 and 21, 22, 23. */
static void serve(struct bench *b)
{
	for (uint64_t n = 1; n <= 2; n++) {
		struct ledger_insertion i = bench_insertion(n, T0);
		for (uint64_t k = 1; k <= 3; k++) {
			char product[8];
			snprintf(product, sizeof(product), "p%d", (int)k);
			bench_link(&i, 10 * n + k, "m1", product, "phones");
		}
		bench_submit(b->l, LEDGER_INSERTION, &i);
	}
}

static struct ledger_click visit(uint64_t n, uint64_t link, uint64_t visitor, int64_t after_ms)
{
	struct ledger_click c = bench_click(n, link / 10, link, T0 + after_ms, "m1", link % 10 == 1 ? "p1" : link % 10 == 2 ? "p2" : "p3");
	memset(c.visitor, 0, sizeof(c.visitor));
	memcpy(c.visitor, &visitor, sizeof(visitor));
	c.product_key = link % 10;
	c.scanner_ms = 2000;
	return c;
}

static void too_many_within_a_minute(void **state)
{
	struct bench *b = *state;
	serve(b);
	for (uint64_t n = 0; n < 12; n++) {
		struct ledger_click c = visit(100 + n, 11 + n % 3, 7, 100000 + (int64_t)n * 4000);
		c.visitor_per_minute = 5;
		click(b, c, n < 5 ? "human" : "rate");
	}
	struct ledger_click other = visit(200, 11, 8, 100000 + 12 * 4000), later = visit(201, 11, 7, 100000 + 70000);
	other.visitor_per_minute = later.visitor_per_minute = 5;
	click(b, other, "human");
	click(b, later, "human");
	assert_string_equal(ask(b, "SELECT DISTINCT rule FROM click WHERE class = 'rate'"), "velocity:visitor");
}

static void a_network_of_many_visitors(void **state)
{
	struct bench *b = *state;
	serve(b);
	for (uint64_t n = 0; n < 8; n++) {
		struct ledger_click c = visit(100 + n, 11, 1000 + n, 100000 + (int64_t)n);
		c.network_per_minute = 6;
		c.network[0] = 9;
		click(b, c, n < 6 ? "human" : "rate");
	}
	struct ledger_click elsewhere = visit(300, 11, 5000, 100100), unknown = visit(301, 11, 5001, 100100);
	elsewhere.network_per_minute = unknown.network_per_minute = 6;
	elsewhere.network[0] = 10;
	click(b, elsewhere, "human");
	click(b, unknown, "human"); /* no network: no limit */
}

static void scanners_open_links_as_they_come(void **state)
{
	struct bench *b = *state;
	serve(b);
	struct ledger_click blind = visit(1, 11, 1, 800);
	click(b, blind, "bot");
	struct ledger_click browser = visit(2, 11, 2, 800), slow = visit(3, 11, 3, 2000);
	browser.vouched = browser.fetch_metadata = true;
	click(b, browser, "human");
	click(b, slow, "human");
	/* With some headers, yet opening one after the other. */
	struct ledger_click first = visit(4, 11, 4, 900), second = visit(5, 12, 4, 950), third = visit(6, 13, 4, 1200);
	first.vouched = second.vouched = third.vouched = true;
	click(b, first, "human");
	click(b, second, "bot");
	click(b, third, "bot");
	struct ledger_click quick = visit(7, 12, 2, 1500), of_another = visit(8, 22, 4, 1500);
	quick.vouched = quick.fetch_metadata = of_another.vouched = true;
	click(b, quick, "human"); /* a browser that says so may be quick */
	click(b, of_another, "human");
	/* The same answer served anew: the seconds count from then. */
	struct ledger_insertion again = bench_insertion(2, T0 + 60000);
	again.once = false;
	bench_link(&again, 21, "m1", "p1", "phones");
	bench_submit(b->l, LEDGER_INSERTION, &again);
	click(b, visit(9, 21, 5, 60500), "bot");
	click(b, visit(10, 21, 6, 63000), "human");
	click(b, visit(11, 21, 7, -5000), "human"); /* a clock that was behind accuses nobody */
	assert_string_equal(ask(b, "SELECT rule FROM click WHERE class = 'bot' ORDER BY no"),
		"scanner:first seconds scanner:every link scanner:every link scanner:first seconds");
}

/* What is known of a link that left the memory comes from the tables. */
static void a_restart_knows_when_links_were_served(void **state)
{
	struct bench *b = *state;
	serve(b);
	bench_again(b);
	click(b, visit(1, 11, 1, 800), "bot");
	click(b, visit(2, 11, 2, 3000), "human");
	bench_again(b);
	click(b, visit(3, 11, 2, 3500), "duplicate");
	click(b, visit(4, 21, 2, 15000), "human"); /* the same product on another link: a click, not a unique one */
	assert_string_equal(ask(b, "SELECT uniq FROM click ORDER BY no"), "0 1 0 0");
}

static void the_first_click_on_a_product_is_unique(void **state)
{
	struct bench *b = *state;
	serve(b);
	click(b, visit(1, 11, 1, 100000), "human");
	click(b, visit(2, 21, 1, 101000), "human");
	click(b, visit(3, 12, 1, 102000), "human");
	click(b, visit(4, 11, 2, 103000), "human");
	click(b, visit(5, 11, 1, 101000 + 1800000), "human");
	click(b, visit(6, 11, 1, 101000 + 2 * 1800000 + 1), "human");
	struct ledger_click bot = visit(7, 11, 3, 100000);
	bot.class = CLICK_BOT;
	click(b, bot, "bot");
	assert_string_equal(ask(b, "SELECT uniq FROM click ORDER BY no"), "1 0 1 1 0 1 0");
	char *r = bench_report(b->l, "merchant", REPORT_JSON);
	assert_non_null(strstr(r, "\"human_clicks\":6"));
	assert_non_null(strstr(r, "\"unique_clicks\":4"));
	free(r);
	bench_verify(b->l);
}

static void an_unlinkable_visitor_is_not_stored(void **state)
{
	struct bench *b = *state;
	serve(b);
	struct ledger_click c = visit(1, 11, 1, 100000), again = visit(2, 11, 1, 100500), open = visit(3, 11, 2, 100000);
	c.unlinkable = again.unlinkable = true;
	c.network[0] = open.network[0] = 1;
	click(b, c, "human");
	click(b, again, "duplicate"); /* told apart while it matters, in memory */
	click(b, open, "human");
	assert_string_equal(ask(b, "SELECT (visitor IS NULL) || (network IS NULL) FROM click ORDER BY no"), "11 11 00");
}

static void a_retry_gets_the_class_that_stands(void **state)
{
	struct bench *b = *state;
	serve(b);
	struct ledger_click c = visit(1, 11, 1, 100000);
	c.repeatable = true;
	click(b, c, "human");
	click(b, c, "human");
	assert_string_equal(ask(b, "SELECT count(*) FROM click"), "1");
}

static void people_are_forgotten_after_a_time(void **state)
{
	struct bench *b = *state;
	static const char visitors[] = "SELECT (visitor IS NULL) || (network IS NULL) FROM click ORDER BY no";
	struct ledger_insertion i = bench_insertion(1, T0), late = bench_insertion(2, T0 + 400 * DAY_MS);
	i.user_hash = late.user_hash = bench_id(70);
	i.conversation_hash = bench_id(71);
	bench_link(&i, 11, "m1", "p1", "phones");
	bench_submit(b->l, LEDGER_INSERTION, &i);
	bench_submit(b->l, LEDGER_INSERTION, &late);
	for (uint64_t n = 0; n < 3; n++) {
		struct ledger_click c = visit(10 + n, 11, n + 1, 100000 + (int64_t)n * 20 * DAY_MS);
		c.network[0] = 5;
		bench_submit(b->l, LEDGER_CLICK, &c);
	}
	char *before = bench_report(b->l, "day,merchant", REPORT_JSON);
	assert_int_equal(ledger_retain(b->l, T0 + 100000 + LEDGER_VISITOR_MS, NULL), OK);
	assert_string_equal(ask(b, visitors), "00 00 00"); /* thirty days to the millisecond */
	assert_int_equal(ledger_retain(b->l, T0 + 100001 + LEDGER_VISITOR_MS, NULL), OK);
	assert_string_equal(ask(b, visitors), "11 00 00");
	assert_int_equal(ledger_retain(b->l, T0 + 21 * DAY_MS + LEDGER_VISITOR_MS, NULL), OK);
	assert_string_equal(ask(b, visitors), "11 11 00");
	assert_string_equal(ask(b, "SELECT count(user) || count(conversation) FROM insertion"), "21");
	assert_int_equal(ledger_retain(b->l, T0 + 1 + LEDGER_PERSON_MS, NULL), OK);
	assert_string_equal(ask(b, "SELECT count(user) || count(conversation) FROM insertion"), "10");
	assert_string_equal(ask(b, visitors), "11 11 11");
	char *after = bench_report(b->l, "day,merchant", REPORT_JSON);
	assert_string_equal(before, after);
	free(before);
	free(after);
	bench_verify(b->l);
}

static void a_user_leaves_and_the_sums_stay(void **state)
{
	struct bench *b = *state;
	for (uint64_t n = 1; n <= 1200; n++) {
		struct ledger_insertion i = bench_insertion(n, T0 + (int64_t)n);
		i.user_hash = bench_id(n % 2 ? 5000 : 5001);
		bench_link(&i, 10000 + n, "m1", "p1", "phones");
		assert_int_equal(ledger_submit(b->l, LEDGER_INSERTION, &i, NULL, NULL), OK);
	}
	struct ledger_click c = visit(1, 11, 1, 100000);
	c.insertion = bench_id(3);
	bench_submit(b->l, LEDGER_CLICK, &c);
	char *before = bench_report(b->l, "day,merchant", REPORT_JSON);
	int64_t n = -1;
	assert_int_equal(ledger_forget(b->l, bench_id(5000), &n, NULL), OK);
	assert_int_equal(n, 600);
	assert_string_equal(ask(b, "SELECT count(user) FROM insertion"), "600");
	assert_string_equal(ask(b, "SELECT count(visitor) FROM click"), "0");
	char *after = bench_report(b->l, "day,merchant", REPORT_JSON);
	assert_string_equal(before, after);
	free(before);
	free(after);
	bench_verify(b->l);
}

/* ---- impressions ----------------------------------------------------------------------------- */

static void shown(struct bench *b, const char *impressions)
{
	char want[64];
	for (int again = 0; again < 2; again++) { /* from rows, and from roll-ups once they have caught up */
		char *r = bench_report(b->l, "", REPORT_JSON);
		snprintf(want, sizeof(want), "\"impressions\":%s,", impressions);
		if (!strstr(r, want))
			fail_msg("expected %s in %s", want, r);
		free(r);
		bench_verify(b->l);
		bench_again(b);
	}
}

static void confirm(struct bench *b, const uint64_t *link, uint32_t n, uint32_t confirmed, uint32_t unknown)
{
	struct ledger_impression i = {.at_ms = T0 + 5000, .link_count = n};
	struct ledger_booking k = {0};
	for (uint32_t at = 0; at < n; at++)
		i.link[at] = bench_id(link[at]);
	assert_int_equal(ledger_submit_wait(b->l, LEDGER_IMPRESSION, &i, 10000, &k), OK);
	assert_int_equal(k.confirmed, confirmed);
	assert_int_equal(k.unknown, unknown);
}

static void links_count_as_shown_when_the_app_says_so(void **state)
{
	struct bench *b = *state;
	serve(b);
	shown(b, "6"); /* nobody confirms: what was served */
	confirm(b, (const uint64_t[]){11, 12, 999}, 3, 2, 1);
	shown(b, "2");
	confirm(b, (const uint64_t[]){11, 12}, 2, 0, 0); /* a repeat */
	shown(b, "2");
	struct ledger_impression whole = {.at_ms = T0 + 6000, .whole = true, .insertion = bench_id(2)};
	bench_submit(b->l, LEDGER_IMPRESSION, &whole);
	shown(b, "5");
	/* Served again: may be shown again, once. */
	struct ledger_insertion again = bench_insertion(1, T0 + 60000);
	again.once = false;
	bench_link(&again, 11, "m1", "p1", "phones");
	bench_submit(b->l, LEDGER_INSERTION, &again);
	shown(b, "5");
	confirm(b, (const uint64_t[]){11, 11, 11}, 3, 1, 0);
	shown(b, "6");
}

static void other_apps_and_days_before_stay_as_they_were(void **state)
{
	struct bench *b = *state;
	for (uint64_t n = 1; n <= 4; n++) {
		struct ledger_insertion i = bench_insertion(n, n == 1 ? T0 - DAY_MS : T0);
		snprintf(i.app, sizeof(i.app), "%s", n == 2 ? "other" : "web");
		bench_link(&i, 10 * n, "m1", "p1", "phones");
		bench_submit(b->l, LEDGER_INSERTION, &i);
	}
	confirm(b, (const uint64_t[]){30}, 1, 1, 0);
	shown(b, "3");                               /* yesterday's, the other app's, and the one that was confirmed */
	confirm(b, (const uint64_t[]){10}, 1, 0, 0); /* counted already */
	shown(b, "3");
	confirm(b, (const uint64_t[]){20}, 1, 1, 0);
	shown(b, "3");
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(too_many_within_a_minute),
		T(a_network_of_many_visitors),
		T(scanners_open_links_as_they_come),
		T(a_restart_knows_when_links_were_served),
		T(the_first_click_on_a_product_is_unique),
		T(an_unlinkable_visitor_is_not_stored),
		T(a_retry_gets_the_class_that_stands),
		T(people_are_forgotten_after_a_time),
		T(a_user_leaves_and_the_sums_stay),
		T(links_count_as_shown_when_the_app_says_so),
		T(other_apps_and_days_before_stay_as_they_were),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
