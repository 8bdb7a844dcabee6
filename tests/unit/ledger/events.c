/* Insertions and clicks: counted once, classed in their commit, and shown by the report and the audit as they were. */
#include "ledger/bench.h"

static void has(const char *text, const char *want)
{
	if (!strstr(text, want))
		fail_msg("expected %s in %s", want, text);
}

static void the_same_insertion_counts_once(void **state)
{
	struct bench *b = *state;
	struct ledger_insertion i = bench_insertion(1, T0);
	bench_link(&i, 11, "m1", "p1", "phones");
	bench_link(&i, 12, "m2", "p1", "phones");
	bench_link(&i, 13, "m1", "p2", "cases");
	i.once = true;
	for (int n = 0; n < 3; n++) {
		bench_submit(b->l, LEDGER_INSERTION, &i);
		bench_again(b);
	}
	struct ledger_insertion none = bench_insertion(2, T0);
	NAME(none.decision, "none");
	none.eligible = false;
	bench_submit(b->l, LEDGER_INSERTION, &none);
	char *r = bench_report(b->l, "day", REPORT_JSON);
	has(r, "{\"day\":\"2026-09-21\"},\"answers\":2,\"eligible\":1,\"linked\":1,\"links\":3,\"impressions\":3,");
	has(r, "\"fill_rate\":1,\"ctr\":0,\"cvr\":null,\"epc\":null,\"rpm\":{}");
	free(r);
	/* An answer counts once with each merchant it linked to, and under none if it linked to none. */
	r = bench_report(b->l, "merchant", REPORT_JSON);
	has(r, "{\"merchant\":null},\"answers\":1,\"eligible\":0,\"linked\":0,\"links\":0");
	has(r, "{\"merchant\":\"m1\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":2");
	has(r, "{\"merchant\":\"m2\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":1");
	free(r);
	bench_verify(b->l);
}

/* Without a request id the same answer is served again and again, to whom we do not know: each serve is an answer. */
static void every_serve_counts(void **state)
{
	struct bench *b = *state;
	struct ledger_insertion i = bench_insertion(1, T0);
	bench_link(&i, 11, "m1", "p1", "phones");
	bench_link(&i, 12, "m2", "p1", "phones");
	i.prompt_tokens = 10;
	i.cost = bench_money(3, "USD");
	for (int n = 0; n < 3; n++) {
		bench_submit(b->l, LEDGER_INSERTION, &i);
		i.at_ms += DAY_MS;
		bench_again(b);
	}
	i.once = true; /* a retry that says so changes nothing */
	bench_submit(b->l, LEDGER_INSERTION, &i);
	char *r = bench_report(b->l, "day", REPORT_JSON);
	has(r, "{\"day\":\"2026-09-21\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":2,");
	has(r, "{\"day\":\"2026-09-23\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":2,");
	assert_null(strstr(r, "2026-09-24"));
	free(r);
	r = bench_report(b->l, "merchant", REPORT_JSON);
	has(r, "{\"merchant\":\"m1\"},\"answers\":3,\"eligible\":3,\"linked\":3,\"links\":3,");
	has(r, "\"token_cost\":{\"USD\":9}");
	free(r);
	/* Two columns that are no cube: from the raw events. */
	r = bench_report(b->l, "form,merchant", REPORT_JSON);
	has(r, "{\"form\":\"inline\",\"merchant\":\"m2\"},\"answers\":3,\"eligible\":3,\"linked\":3,\"links\":3,");
	free(r);
	struct buf json;
	buf_init(&json, 1 << 16);
	assert_int_equal(ledger_insertion_json(b->l, bench_id(1), &json, NULL), OK);
	has(json.p, "\"serves\":3,");
	buf_done(&json);
	bench_verify(b->l);
}

/* The catalog may change between two serves: the same insertion then shows other links, and each serve has its own. */
static void a_serve_has_the_links_it_showed(void **state)
{
	struct bench *b = *state;
	struct ledger_insertion i = bench_insertion(1, T0), other = bench_insertion(2, T0);
	bench_link(&other, 21, "m3", "p1", "phones");
	bench_submit(b->l, LEDGER_INSERTION, &other);
	bench_link(&i, 11, "m1", "p1", "phones");
	bench_submit(b->l, LEDGER_INSERTION, &i);
	i.link_count = 0;
	bench_link(&i, 12, "m2", "p1", "phones"); /* new */
	bench_link(&i, 12, "m2", "p1", "phones"); /* twice in one answer is once */
	bench_link(&i, 21, "m3", "p1", "phones"); /* another answer's */
	bench_link(&i, 11, "m1", "p1", "phones");
	i.link[3].existing = true; /* was in the text before */
	bench_submit(b->l, LEDGER_INSERTION, &i);
	i.link_count = 0;
	NAME(i.decision, "none");
	i.eligible = false;
	bench_submit(b->l, LEDGER_INSERTION, &i);
	char *r = bench_report(b->l, "merchant", REPORT_JSON);
	has(r, "{\"merchant\":null},\"answers\":1,\"eligible\":0,\"linked\":0,\"links\":0,");
	has(r, "{\"merchant\":\"m1\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":1,");
	has(r, "{\"merchant\":\"m2\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":1,");
	has(r, "{\"merchant\":\"m3\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":1,");
	free(r);
	bench_verify(b->l);
}

static void links_that_were_there_before_are_not_counted_anew(void **state)
{
	struct bench *b = *state;
	struct ledger_insertion i = bench_insertion(1, T0), again = bench_insertion(2, T0 + 5);
	bench_link(&i, 11, "m1", "p1", "phones");
	bench_submit(b->l, LEDGER_INSERTION, &i);
	bench_link(&again, 11, "m1", "p1", "phones"); /* not even where the caller did not say so */
	bench_link(&again, 12, "m1", "p9", "phones");
	again.link[1].existing = true;
	bench_submit(b->l, LEDGER_INSERTION, &again);
	char *r = bench_report(b->l, "", REPORT_JSON);
	has(r, "{\"key\":{},\"answers\":2,\"eligible\":2,\"linked\":2,\"links\":1,");
	free(r);
	bench_verify(b->l);
}

static void clicks_of_one_visitor_within_ten_seconds_are_one(void **state)
{
	struct bench *b = *state;
	struct ledger_insertion i = bench_insertion(1, T0);
	bench_link(&i, 11, "m1", "p1", "phones");
	bench_link(&i, 12, "m1", "p2", "cases");
	bench_submit(b->l, LEDGER_INSERTION, &i);
	static const struct {
		int64_t after;
		uint64_t link;
		int visitor;
		enum click_class class;
	} given[] = {
		{0, 11, 1, CLICK_PREVIEW},     /* a preview first */
		{1000, 11, 1, CLICK_HUMAN},    /* a person after a preview is a person: human */
		{1100, 11, 2, CLICK_HUMAN},    /* another visitor: human */
		{1200, 12, 1, CLICK_HUMAN},    /* another link: human */
		{11000, 11, 1, CLICK_HUMAN},   /* 10.000 s: duplicate */
		{11001, 11, 1, CLICK_HUMAN},   /* 10.001 s after the last counted one: human */
		{11002, 11, 1, CLICK_STALE},   /* kept as it is */
		{11003, 11, 0, CLICK_HUMAN},   /* an unknown visitor is nobody's duplicate: human, twice */
		{11004, 11, 0, CLICK_HUMAN},
	};
	for (size_t n = 0; n < ARRAY_LEN(given); n++) {
		struct ledger_click c = bench_click(100 + n, 1, given[n].link, T0 + given[n].after, "m1", given[n].link == 11 ? "p1" : "p2");
		memset(c.visitor, given[n].visitor, sizeof(c.visitor));
		c.class = given[n].class;
		bench_submit(b->l, LEDGER_CLICK, &c);
		bench_submit(b->l, LEDGER_CLICK, &c); /* a retry of the same event is no second click */
		if (n == 4)
			bench_again(b); /* the window survives a restart */
	}
	char *r = bench_report(b->l, "product", REPORT_JSON);
	has(r, "{\"product\":\"p1\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":1,\"impressions\":1,\"clicks\":8,\"human_clicks\":5,");
	has(r, "{\"product\":\"p2\"},\"answers\":1,\"eligible\":1,\"linked\":1,\"links\":1,\"impressions\":1,\"clicks\":1,\"human_clicks\":1,");
	has(r, "\"ctr\":5,");
	free(r);
	struct buf json;
	buf_init(&json, 1 << 16);
	assert_int_equal(ledger_insertion_json(b->l, bench_id(1), &json, NULL), OK);
	has(json.p, "\"insertion\":\"ins_01000000000000000000000001\",");
	has(json.p, "{\"ordinal\":0,\"id\":\"lnk_0100000000000000000000000b\",");
	has(json.p, "\"decision\":\"linked\"");
	has(json.p, "\"merchant\":\"m1\",\"product\":\"p1\",\"phrase\":\"phones\",\"clicks\":8,\"human_clicks\":5}");
	assert_int_equal(ledger_insertion_json(b->l, bench_id(9), &json, NULL), E_MISSING);
	buf_done(&json);
	bench_verify(b->l);
}

static void groupings_and_filters_agree(void **state)
{
	struct bench *b = *state;
	for (uint64_t n = 0; n < 40; n++) {
		struct ledger_insertion i = bench_insertion(n + 1, T0 + (int64_t)n * DAY_MS / 4);
		NAME(i.app, n % 2 ? "web" : "phone");
		bench_link(&i, 1000 + n, n % 3 ? "m1" : "m2", "p", "head phones");
		bench_submit(b->l, LEDGER_INSERTION, &i);
		struct ledger_click c = bench_click(2000 + n, n + 1, 1000 + n, i.at_ms + 5000, n % 3 ? "m1" : "m2", "p");
		bench_submit(b->l, LEDGER_CLICK, &c);
	}
	char *r = bench_report(b->l, "app", REPORT_JSON);
	has(r, "{\"app\":\"phone\"},\"answers\":20,");
	free(r);
	/* Both columns at once are computed from raw events; one from the roll-ups. */
	r = bench_report(b->l, "form,merchant", REPORT_JSON);
	has(r, "{\"form\":\"inline\",\"merchant\":\"m1\"},\"answers\":26,\"eligible\":26,\"linked\":26,\"links\":26,\"impressions\":26,\"clicks\":26,");
	free(r);
	r = bench_report(b->l, "app,phrase", REPORT_JSON);
	has(r, "{\"app\":\"phone\",\"phrase\":\"head phones\"},\"answers\":20,");
	free(r);
	r = bench_report(b->l, "month,merchant", REPORT_JSON);
	has(r, "{\"month\":\"2026-09\",\"merchant\":\"m2\"},\"answers\":13,");
	free(r);
	bench_verify(b->l);
}

static char *report_of_day(struct ledger *l, const char *group_by, int64_t day)
{
	struct ledger_report_query q = {.from_ms = day * DAY_MS, .to_ms = (day + 1) * DAY_MS};
	struct buf out;
	NAME(q.group_by, group_by);
	buf_init(&out, 1 << 20);
	assert_int_equal(ledger_report(l, &q, &out, NULL), OK);
	return buf_steal(&out, NULL);
}

/* Whether the roll-ups count an event yet or not: the same report, the same audit. */
static void reports_do_not_wait_for_the_roll_ups(void **state)
{
	if (getenv("LEDGER_POSTGRESQL")) /* sums are never behind there */
		skip();
	struct bench *b = *state;
	static const char *const groups[] = {"", "day", "merchant", "day,product", "phrase", "app,day", "month,model"};
	for (uint64_t round = 0; round < 4; round++) {
		for (uint64_t n = 0; n < 30; n++) {
			uint64_t id = round * 20 + n; /* ten of them for the second time: served again */
			struct ledger_insertion i = bench_insertion(id + 1, T0 + (int64_t)(round * 30 + n) * DAY_MS / 20);
			bench_link(&i, 1000 + id, n % 3 ? "m1" : "m2", n % 5 ? "p1" : "p2", "phones");
			i.cost = bench_money((int64_t)n, "USD");
			bench_submit(b->l, LEDGER_INSERTION, &i);
			struct ledger_click c = bench_click(5000 + round * 30 + n, id + 1, 1000 + id, i.at_ms + 1, n % 3 ? "m1" : "m2", n % 5 ? "p1" : "p2");
			bench_submit(b->l, LEDGER_CLICK, &c);
		}
		char *behind[ARRAY_LEN(groups)], *one_day = report_of_day(b->l, "merchant", (T0 / DAY_MS) + 2);
		struct buf audit[2];
		for (size_t g = 0; g < ARRAY_LEN(groups); g++)
			behind[g] = bench_report(b->l, groups[g], REPORT_JSON);
		buf_init(&audit[0], 1 << 16);
		buf_init(&audit[1], 1 << 16);
		assert_int_equal(ledger_insertion_json(b->l, bench_id(round * 20 + 5), &audit[0], NULL), OK);
		bench_verify(b->l);
		bench_again(b); /* they catch up */
		for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
			char *r = bench_report(b->l, groups[g], REPORT_JSON);
			assert_string_equal(r, behind[g]);
			free(r);
			free(behind[g]);
		}
		char *r = report_of_day(b->l, "merchant", (T0 / DAY_MS) + 2);
		assert_string_equal(r, one_day);
		free(r);
		free(one_day);
		assert_int_equal(ledger_insertion_json(b->l, bench_id(round * 20 + 5), &audit[1], NULL), OK);
		assert_string_equal(audit[0].p, audit[1].p);
		buf_done(&audit[0]);
		buf_done(&audit[1]);
		bench_verify(b->l);
	}
}

static struct buf query(struct ledger *l, const struct ledger_report_query *q)
{
	struct buf out;
	struct err e = {0};
	buf_init(&out, 64 << 20);
	if (ledger_report(l, q, &out, &e) != OK)
		fail_msg("report: %s %s", e.where, e.text);
	return out;
}

static void days_are_those_of_the_time_zone(void **state)
{
	struct bench *b = *state;
	int64_t from = 0;
	if (ledger_local_time(STR("America/New_York"), INT64_C(20758) * DAY_MS, &from, NULL) != OK)
		skip();
	/* 1 November 2026 has 25 hours there: one answer in each. */
	assert_int_equal(from, INT64_C(20758) * DAY_MS + 4 * 3600000);
	for (uint64_t h = 0; h < 26; h++) {
		struct ledger_insertion i = bench_insertion(h + 1, from + (int64_t)h * 3600000);
		bench_submit(b->l, LEDGER_INSERTION, &i);
	}
	struct ledger_report_query q = {.from_ms = from - DAY_MS, .to_ms = from + 3 * DAY_MS, .tz = "America/New_York", .group_by = "day"};
	struct buf out = query(b->l, &q);
	has(out.p, "\"tz\":\"America/New_York\",\"date_basis\":\"event\",\"as_of\":\"2026-11-02T05:00:00.");
	has(out.p, "{\"day\":\"2026-11-01\"},\"answers\":25,");
	has(out.p, "{\"day\":\"2026-11-02\"},\"answers\":1,");
	buf_done(&out);
	NAME(q.group_by, "hour");
	out = query(b->l, &q);
	has(out.p, "{\"hour\":\"2026-11-01T01:00-04:00\"},\"answers\":1,");
	has(out.p, "{\"hour\":\"2026-11-01T01:00-05:00\"},\"answers\":1,");
	buf_done(&out);
	NAME(q.tz, "Mars/Olympus");
	assert_int_equal(ledger_report(b->l, &q, &out, NULL), E_INPUT);
}

static void pages_join_to_the_whole(void **state)
{
	struct bench *b = *state;
	char name[LEDGER_TEXT];
	for (uint64_t n = 0; n < 57; n++) {
		struct ledger_insertion i = bench_insertion(n + 1, T0);
		/* Names that differ only in their ends. */
		memset(name, 'x', sizeof(name));
		snprintf(name + 110, sizeof(name) - 110, "%03d", (int)n);
		NAME(i.app, n < 40 ? name : "short");
		bench_submit(b->l, LEDGER_INSERTION, &i);
	}
	struct ledger_report_query q = {.to_ms = 46000 * DAY_MS, .group_by = "app", .limit = 7};
	size_t rows = 0, pages = 0;
	char last[LEDGER_TEXT] = "";
	do {
		struct buf out = query(b->l, &q);
		for (const char *p = out.p; (p = strstr(p, "{\"app\":\"")); rows++) {
			p += 8;
			char app[LEDGER_TEXT] = "";
			memcpy(app, p, strcspn(p, "\""));
			assert_true(strcmp(last, app) < 0);
			NAME(last, app);
		}
		const char *next = strstr(out.p, "\"next_cursor\":\"");
		q.cursor[0] = '\0';
		if (next)
			memcpy(q.cursor, next + 15, strcspn(next + 15, "\"") < sizeof(q.cursor) - 1 ? strcspn(next + 15, "\"") + 1 : 0);
		q.cursor[strcspn(q.cursor, "\"")] = '\0';
		pages++;
		buf_done(&out);
	} while (q.cursor[0]);
	assert_int_equal(rows, 41);
	assert_int_equal(pages, 6);
	static const char *const bad[] = {"zz", "0", "61", "6100.1", "61006100"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buf out;
		buf_init(&out, 1000);
		NAME(q.cursor, bad[i]);
		assert_int_equal(ledger_report(b->l, &q, &out, NULL), E_INPUT);
		buf_done(&out);
	}
}

static void wrong_groupings_are_refused(void **state)
{
	struct bench *b = *state;
	static const char *const bad[] = {"weekday", "day,day", "day,hour", "day,", "merchant,product,phrase,form,app"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct ledger_report_query q = {.to_ms = DAY_MS};
		struct buf out;
		struct err e = {0};
		buf_init(&out, 1000);
		NAME(q.group_by, bad[i]);
		enum status s = ledger_report(b->l, &q, &out, &e);
		if (strcmp(bad[i], "day,") == 0)
			assert_int_equal(s, OK); /* a comma at the end is nobody's mistake */
		else
			assert_int_equal(s, E_INPUT);
		buf_done(&out);
	}
}

/* Hostile names come back byte for byte, in JSON and CSV, and start no formula. */
static void hostile_names(void **state)
{
	struct bench *b = *state;
	static const char *const names[] = {"=cmd|'/c calc'!A1", "a\"b,c", "'; DROP TABLE click; --", "\t+1", "line\r\nbreak", "面膜"};
	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		struct ledger_insertion i = bench_insertion(n + 1, T0);
		NAME(i.app, names[n]);
		bench_submit(b->l, LEDGER_INSERTION, &i);
	}
	char *csv = bench_report(b->l, "app", REPORT_CSV);
	has(csv, "app,answers,eligible,linked,links,impressions,clicks,human_clicks,orders,fill_rate,ctr,cvr,unique_clicks\r\n");
	has(csv, "\r\n'=cmd|'/c calc'!A1,1,");
	has(csv, "\r\n\"a\"\"b,c\",1,");
	has(csv, "\r\n'; DROP TABLE click; --,1,");
	has(csv, "'\t+1,1,");
	has(csv, "\"line\r\nbreak\",1,");
	free(csv);
	char *json = bench_report(b->l, "app", REPORT_JSON);
	has(json, "{\"app\":\"a\\\"b,c\"}");
	has(json, "{\"app\":\"面膜\"}");
	free(json);
	char *table = bench_report(b->l, "app", REPORT_TABLE);
	has(table, "line??break");
	free(table);
	bench_verify(b->l);
}

static void token_costs_are_set_against_earnings(void **state)
{
	struct bench *b = *state;
	struct ledger_insertion i = bench_insertion(1, T0);
	bench_link(&i, 11, "m1", "p1", "phones");
	i.prompt_tokens = 800;
	i.completion_tokens = 200;
	i.cost = bench_money(2, "USD");
	bench_submit(b->l, LEDGER_INSERTION, &i);
	struct ledger_click c = bench_click(21, 1, 11, T0 + 1, "m1", "p1");
	bench_submit(b->l, LEDGER_CLICK, &c);
	struct ledger_conversion o = bench_order("m1", "o1", T0 + 1000, ORDER_APPROVED, 10000);
	o.has_click = o.has_commission = true;
	o.click = c.click;
	o.commission = bench_money(300, "USD");
	bench_book(b->l, &o);
	char *r = bench_report(b->l, "day,product", REPORT_JSON);
	has(r, "\"orders\":1,\"order_value\":{\"USD\":10000},\"commission_pending\":{\"USD\":0},\"commission_approved\":{\"USD\":300}");
	has(r, "\"fill_rate\":1,\"ctr\":1,\"cvr\":1,\"epc\":{\"USD\":300},\"rpm\":{\"USD\":300000},"
	       "\"commission_per_million_tokens\":{\"USD\":300000},\"token_cost\":{\"USD\":2},\"margin\":{\"USD\":298}");
	free(r);
	bench_verify(b->l);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bench_start, bench_stop)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_same_insertion_counts_once), T(every_serve_counts), T(a_serve_has_the_links_it_showed),
		T(links_that_were_there_before_are_not_counted_anew),
		T(clicks_of_one_visitor_within_ten_seconds_are_one),
		T(groupings_and_filters_agree),
		T(reports_do_not_wait_for_the_roll_ups),
		T(days_are_those_of_the_time_zone),
		T(pages_join_to_the_whole),
		T(wrong_groupings_are_refused),
		T(hostile_names),
		T(token_costs_are_set_against_earnings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
