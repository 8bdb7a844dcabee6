/* Ledgers that an earlier Inlay wrote: opened, brought to today's tables, and nothing in them is another number than before. */
#include "ledger/bench.h"

#include <sqlite3.h>

/* What `report --group-by day,merchant --format csv` said of version1.sql when that was written. */
static const char *const report_then[] = {
	"2026-09-21,高山,1,1,1,1,1,1,1,0,0,0,0,0,0,1,1,0,0,0,0,2,-2",
	"2026-09-22,lark,2,2,2,3,3,3,2,0,0,0,0,600,600,1,0.666667,0,0,0,,0,0",
	"2026-09-22,高山,1,1,1,1,1,1,0,0,0,0,0,0,0,1,0,,,0,0,2,-2",
	"2026-09-23,,1,0,0,0,0,0,0,0,0,0,0,0,0,,,,,0,0,2,-2",
	"2026-09-23,lark,1,1,1,1,1,1,1,0,,,,,,1,1,0,,,,,",
	"2026-09-24,lark,1,1,1,2,2,1,1,0,,,,,,1,0.5,0,,,,,",
};

static void load(const char *path, const char *sql_file)
{
	char *sql;
	size_t n;
	sqlite3 *h;
	struct err e = {0};
	if (file_read(sql_file, 1 << 20, &sql, &n, &e) != OK)
		fail_msg("%s: %s", sql_file, e.text);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	if (sqlite3_exec(h, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql_file, sqlite3_errmsg(h));
	sqlite3_close(h);
	free(sql);
}

static int start_with_version1(void **state)
{
	char path[128];
	assert_int_equal(bench_start(state), 0);
	struct bench *b = *state;
	ledger_close(b->l);
	b->l = NULL;
	snprintf(path, sizeof(path), "%s/ledger.db", b->dir);
	bench_remove_files(b->dir);
	load(path, "tests/unit/ledger/version1.sql");
	return 0;
}

static void the_report_is_what_it_was(struct ledger *l)
{
	char *r = bench_report(l, "day,merchant", REPORT_CSV);
	for (size_t i = 0; i < ARRAY_LEN(report_then); i++)
		if (!strstr(r, report_then[i]))
			fail_msg("expected %s in\n%s", report_then[i], r);
	free(r);
}

static void version1_is_taken_along(void **state)
{
	struct bench *b = *state;
	b->l = bench_open(b->url);
	bench_verify(b->l);
	the_report_is_what_it_was(b->l);
	bench_again(b);
	the_report_is_what_it_was(b->l);
	struct buf reply;
	int status = 0;
	buf_init(&reply, 100);
	struct ledger_idempotency key = {.key = "once"};
	assert_int_equal(ledger_reply_get(b->l, &key, &status, &reply, NULL), OK);
	assert_int_equal(status, 200);
	buf_done(&reply);
}

/* Yesterday's rows and today's events meet: a retry is a retry, a click finds its link, a serve its insertion, an order goes on. */
static void version1_goes_on(void **state)
{
	struct bench *b = *state;
	b->l = bench_open(b->url);
	struct ledger_click k = bench_click(308, 8, 108, T0 + 8 * (DAY_MS / 3) + 1000, "lark", "p1");
	bench_submit(b->l, LEDGER_CLICK, &k); /* is there */
	the_report_is_what_it_was(b->l);
	k.click = bench_id(1301);
	k.at_ms += 100;
	bench_submit(b->l, LEDGER_CLICK, &k); /* the same visitor within 10 s */
	k.click = bench_id(1302);
	k.at_ms += 60000;
	bench_submit(b->l, LEDGER_CLICK, &k);
	struct ledger_insertion i = bench_insertion(1, T0 + DAY_MS / 3);
	bench_link(&i, 101, "高山", "p1", "phones");
	bench_submit(b->l, LEDGER_INSERTION, &i);
	struct ledger_conversion c = bench_order("高山", "o1", T0 + 10 * DAY_MS, ORDER_PAID, 4000);
	assert_int_equal(bench_book(b->l, &c).booking, BOOKED_CHANGE);
	char *r = bench_report(b->l, "day,merchant", REPORT_JSON);
	if (!strstr(r, "{\"day\":\"2026-09-21\",\"merchant\":\"高山\"},\"answers\":2,\"eligible\":2,\"linked\":2,\"links\":2,"
		       "\"impressions\":2,\"clicks\":1,\"human_clicks\":1,\"orders\":1,"))
		fail_msg("%s", r);
	if (!strstr(r, "{\"day\":\"2026-09-24\",\"merchant\":\"lark\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":2,"
		       "\"impressions\":2,\"clicks\":3,\"human_clicks\":2,"))
		fail_msg("%s", r);
	free(r);
	r = bench_report(b->l, "phrase", REPORT_JSON);
	if (!strstr(r, "{\"phrase\":\"phones\"},\"answers\":6,"))
		fail_msg("%s", r);
	free(r);
	bench_verify(b->l);
}

static void a_newer_file_is_refused(void **state)
{
	struct bench *b = *state;
	char path[128];
	struct err e = {0};
	sqlite3 *h;
	ledger_close(b->l);
	b->l = NULL;
	snprintf(path, sizeof(path), "%s/ledger.db", b->dir);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(h);
	struct ledger_options o = {.url = str_of(b->url)};
	assert_int_equal(ledger_open(&o, &b->l, &e), E_IO);
	assert_non_null(strstr(e.text, "newer"));
	o.read_only = true;
	assert_int_equal(ledger_open(&o, &b->l, &e), E_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(version1_is_taken_along, start_with_version1, bench_stop),
		cmocka_unit_test_setup_teardown(version1_goes_on, start_with_version1, bench_stop),
		cmocka_unit_test_setup_teardown(a_newer_file_is_refused, bench_start, bench_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
