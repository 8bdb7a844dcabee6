/* `ledger verify` finds whatever was changed behind the ledger's back, and names it. The test writes to the file as an intruder would. */
#include "ledger/bench.h"

#include <sqlite3.h>

static const struct ledger_rule ten_percent = {.rate_ppm = 100000, .flat_minor = -1, .cap_minor = -1};

static void some_history(struct ledger *l)
{
	for (uint64_t n = 1; n <= 6; n++) {
		struct ledger_insertion i = bench_insertion(n, T0 + (int64_t)n);
		bench_link(&i, 100 + n, "m1", "p1", "phones");
		bench_submit(l, LEDGER_INSERTION, &i);
		struct ledger_click k = bench_click(200 + n, n, 100 + n, T0 + (int64_t)n, "m1", "p1");
		bench_submit(l, LEDGER_CLICK, &k);
		char order[16];
		snprintf(order, sizeof(order), "o%d", (int)n);
		struct ledger_conversion c = bench_order("m1", order, T0 + 1000, ORDER_PENDING, 1000);
		c.rule = &ten_percent;
		c.rule_count = 1;
		bench_book(l, &c);
		c.occurred_at_ms++;
		c.status = n % 2 ? ORDER_PAID : ORDER_REVERSED;
		bench_book(l, &c);
	}
}

static void tamper(const struct bench *b, const char *sql)
{
	char path[128];
	sqlite3 *h;
	snprintf(path, sizeof(path), "%s/ledger.db", b->dir);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	if (sqlite3_exec(h, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(h));
	sqlite3_close(h);
}

static const char drop_guards[] = "DROP TRIGGER posting_keep; DROP TRIGGER posting_hold; DROP TRIGGER entry_keep; DROP TRIGGER entry_hold;"
				  "PRAGMA foreign_keys=OFF;";

static void every_kind_of_damage_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *sql, *named;
	} damage[] = {
		{"UPDATE posting SET amount = amount + 1 WHERE seq = 5", "posting 5"},
		{"UPDATE posting SET account = 'cash' WHERE seq = 3", "posting 3"},
		{"UPDATE posting SET micro = 1 WHERE seq = 3", "posting 3"},
		{"DELETE FROM posting WHERE seq = 4", "posting 4"},
		{"UPDATE posting SET seq = -1 WHERE seq = 1; UPDATE posting SET seq = 1 WHERE seq = 2; UPDATE posting SET seq = 2 WHERE seq = -1",
			"posting 1"},
		{"DELETE FROM posting WHERE order_no = 6", "m1 o6"}, /* the tail of the chain: orders tell */
		{"UPDATE orders SET paid = paid + 1 WHERE no = 1", "m1 o1"},
		{"UPDATE entry SET total = total + 1 WHERE order_no = 2 AND seq = 1", "m1 o2"},
		{"DELETE FROM orders WHERE no = 3", "entry without its order"},
		{"DELETE FROM insertion WHERE no = 2", "link without its insertion"},
		{"UPDATE roll SET clicks = clicks + 1 WHERE cube = 1", "roll-up cube 1"},
		{"DELETE FROM roll WHERE cube = 8", "missing"},
		{"UPDATE takings SET pending = pending + 1 WHERE cube = 0 AND basis = 1", "roll-up cube 0"},
		{"INSERT INTO takings SELECT cube, basis, merchant, day, key, 'XXX', 1, 0, 0, 0, 0, 0, 0, 0 FROM takings WHERE cube = 2", "XXX"},
		{"DELETE FROM click WHERE at_ms = 1790000000003", "click count"},
	};
	for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
		void *one;
		bench_start(&one);
		struct bench *b = one;
		some_history(b->l);
		bench_verify(b->l);
		bench_again(b); /* on closing, the roll-ups catch up */
		tamper(b, drop_guards);
		tamper(b, damage[i].sql);
		struct buf out;
		char head[65];
		struct err e = {0};
		buf_init(&out, 1 << 16);
		enum status s = ledger_verify(b->l, STR_NONE, &out, head, &e);
		if (s != E_CONFLICT || !strstr(e.text, damage[i].named))
			fail_msg("%s: %s, %s", damage[i].sql, status_name(s), e.text);
		buf_done(&out);
		bench_stop(&one);
	}
}

static void append_only_rows_refuse_changes(void **state)
{
	struct bench *b = *state;
	some_history(b->l);
	char path[128];
	sqlite3 *h;
	snprintf(path, sizeof(path), "%s/ledger.db", b->dir);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, "UPDATE posting SET amount = 0", NULL, NULL, NULL), SQLITE_CONSTRAINT);
	assert_int_equal(sqlite3_exec(h, "DELETE FROM posting", NULL, NULL, NULL), SQLITE_CONSTRAINT);
	assert_int_equal(sqlite3_exec(h, "UPDATE entry SET total = 0", NULL, NULL, NULL), SQLITE_CONSTRAINT);
	assert_int_equal(sqlite3_exec(h, "DELETE FROM entry", NULL, NULL, NULL), SQLITE_CONSTRAINT);
	sqlite3_close(h);
}

static void a_head_kept_elsewhere_must_be_on_the_chain(void **state)
{
	struct bench *b = *state;
	struct buf out;
	char first[65], last[65], again[65];
	struct err e = {0};
	buf_init(&out, 1 << 16);
	assert_int_equal(ledger_verify(b->l, STR_NONE, &out, first, NULL), OK); /* an empty chain */
	some_history(b->l);
	assert_int_equal(ledger_verify(b->l, STR_NONE, &out, last, NULL), OK);
	assert_int_equal(ledger_verify(b->l, str_of(last), &out, again, NULL), OK);
	assert_string_equal(last, again);
	last[0] = last[0] == '0' ? '1' : '0';
	assert_int_equal(ledger_verify(b->l, str_of(last), &out, again, &e), E_CONFLICT);
	buf_done(&out);
}

static void a_damaged_file_is_refused_after_a_crash(void **state)
{
	struct bench *b = *state;
	char path[128], wal[160];
	some_history(b->l);
	ledger_close(b->l);
	b->l = NULL;
	snprintf(path, sizeof(path), "%s/ledger.db", b->dir);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	FILE *f = fopen(path, "r+b");
	assert_non_null(f);
	for (long page = 2; page < 30; page++) { /* a page's own head, so that its structure breaks */
		fseek(f, page * 4096, SEEK_SET);
		fwrite("damage damage damage", 1, 20, f);
	}
	fclose(f);
	f = fopen(wal, "wb"); /* an unclean stop leaves a log */
	assert_non_null(f);
	fputs("not a log, but not empty", f);
	fclose(f);
	struct ledger_options o = {.url = str_of(b->url)};
	struct err e = {0};
	assert_int_equal(ledger_open(&o, &b->l, &e), E_IO);
	if (!strstr(e.text, "damaged") && !strstr(e.text, "malformed"))
		fail_msg("%s", e.text);
	b->l = NULL;
}

#define T(f) cmocka_unit_test_setup_teardown(f, bench_start, bench_stop)
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_damage_is_named),
		T(append_only_rows_refuse_changes),
		T(a_head_kept_elsewhere_must_be_on_the_chain),
		T(a_damaged_file_is_refused_after_a_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
