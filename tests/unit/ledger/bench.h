/* What the ledger's tests share: a ledger in a fresh folder, and events with sane defaults. */
#ifndef TEST_LEDGER_BENCH_H
#define TEST_LEDGER_BENCH_H

#include "ledger/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>

#define T0 INT64_C(1790000000000) /* 2026-09-21T14:13:20Z */
#define DAY_MS INT64_C(86400000)

struct bench {
	char dir[64], url[128];
	struct ledger *l;
};

static inline struct ledger *bench_open(const char *url)
{
	struct ledger *l = NULL;
	struct err e = {0};
	/* With PostgreSQL events go through an outbox in the bench's folder. */
	struct ledger_options o = {.url = str_of(url), .outbox = strncmp(url, "postgres", 8) == 0 ? str_of(getenv("LEDGER_OUTBOX")) : STR_NONE};
	if (ledger_open(&o, &l, &e) != OK)
		fail_msg("ledger_open: %s %s", e.where, e.text);
	return l;
}

/* LEDGER_POSTGRESQL names a database of the tests' own: then the ledger is there, and empty again for each test. */
static inline void bench_choose_store(struct bench *b)
{
	const char *url = getenv("LEDGER_POSTGRESQL");
	snprintf(b->url, sizeof(b->url), "sqlite:%s/ledger.db", b->dir);
	if (!url)
		return;
	setenv("LEDGER_OUTBOX", b->url + 7, 1);
	snprintf(b->url, sizeof(b->url), "%s", url);
	PGconn *c = PQconnectdb(url);
	PQclear(PQexec(c, "SET client_min_messages TO error"));
	PGresult *r = PQexec(c, "DROP SCHEMA IF EXISTS main CASCADE; DROP SCHEMA IF EXISTS cat CASCADE");
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		fail_msg("%s", PQerrorMessage(c));
	PQclear(r);
	PQfinish(c);
}

static inline int bench_start(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	assert_non_null(b);
	/* In memory where there is a place for it: these tests end processes, not the power, and would wait for the disk only. */
	snprintf(b->dir, sizeof(b->dir), "%s/inlay-ledger-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(b->dir));
	bench_choose_store(b);
	b->l = bench_open(b->url);
	*state = b;
	return 0;
}

static inline void bench_again(struct bench *b)
{
	ledger_close(b->l);
	b->l = bench_open(b->url);
}

static inline void bench_remove_files(const char *dir)
{
	static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-lock", "ledger.db-catalog",
		"ledger.db-catalog-wal", "ledger.db-catalog-shm"};
	char path[256];
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
}

static inline void bench_remove(const char *dir)
{
	bench_remove_files(dir);
	rmdir(dir);
}

static inline int bench_stop(void **state)
{
	struct bench *b = *state;
	ledger_close(b->l);
	bench_remove(b->dir);
	free(b);
	return 0;
}

static inline struct ledger_id bench_id(uint64_t n)
{
	struct ledger_id id = {{0}};
	for (int i = 0; i < 8; i++)
		id.b[15 - i] = (uint8_t)(n >> (8 * i));
	id.b[0] = 1;
	return id;
}

static inline void bench_name(char *out, size_t n, const char *text)
{
	snprintf(out, n, "%s", text);
}
#define NAME(field, text) bench_name((field), sizeof(field), (text))

/* An eligible, linked answer with one link a merchant named. */
static inline struct ledger_insertion bench_insertion(uint64_t n, int64_t at_ms)
{
	struct ledger_insertion i = {
		.insertion = bench_id(n), .at_ms = at_ms, .eligible = true, .prompt_tokens = -1, .completion_tokens = -1};
	NAME(i.decision, "linked");
	NAME(i.class, "consumer");
	NAME(i.form, "inline");
	NAME(i.locale, "en");
	NAME(i.app, "web");
	NAME(i.model, "gpt-x");
	return i;
}

static inline void bench_link(struct ledger_insertion *i, uint64_t n, const char *merchant, const char *product, const char *phrase)
{
	struct ledger_link *l = &i->link[i->link_count++];
	l->link = bench_id(n);
	l->product_key = n;
	NAME(l->merchant, merchant);
	NAME(l->product, product);
	NAME(l->phrase, phrase);
}

static inline struct ledger_click bench_click(uint64_t n, uint64_t insertion, uint64_t link, int64_t at_ms, const char *merchant, const char *product)
{
	struct ledger_click c = {.click = bench_id(n), .insertion = bench_id(insertion), .link = bench_id(link), .at_ms = at_ms};
	NAME(c.merchant, merchant);
	NAME(c.product, product);
	NAME(c.rule, "none");
	memcpy(c.visitor, &n, sizeof(n));
	c.visitor[15] = 1;
	return c;
}

static inline struct money bench_money(int64_t minor, const char *currency)
{
	struct money m = {.minor = minor};
	NAME(m.currency, currency);
	return m;
}

static inline struct ledger_conversion bench_order(const char *merchant, const char *order, int64_t at_ms, enum order_status status, int64_t total)
{
	struct ledger_conversion c = {.occurred_at_ms = at_ms, .received_at_ms = at_ms + 1000, .status = status, .has_total = true};
	NAME(c.merchant, merchant);
	NAME(c.order_id, order);
	NAME(c.source, "api");
	c.total = bench_money(total, "USD");
	return c;
}

static inline void bench_submit(struct ledger *l, enum ledger_event_kind kind, const void *event)
{
	assert_int_equal(ledger_submit_wait(l, kind, event, 10000, NULL), OK);
}

static inline struct ledger_booking bench_book(struct ledger *l, const struct ledger_conversion *c)
{
	struct ledger_booking b = {0};
	assert_int_equal(ledger_submit_wait(l, LEDGER_CONVERSION, c, 10000, &b), OK);
	return b;
}

static inline char *bench_report(struct ledger *l, const char *group_by, enum report_format format)
{
	struct ledger_report_query q = {.to_ms = INT64_C(46000) * DAY_MS, .format = format};
	struct buf out;
	struct err e = {0};
	NAME(q.group_by, group_by);
	buf_init(&out, 64 << 20);
	if (ledger_report(l, &q, &out, &e) != OK)
		fail_msg("report: %s %s", e.where, e.text);
	return buf_steal(&out, NULL);
}

static inline void bench_verify(struct ledger *l)
{
	struct buf out;
	char head[65];
	struct err e = {0};
	buf_init(&out, 1 << 20);
	if (ledger_verify(l, STR_NONE, &out, head, &e) != OK)
		fail_msg("verify: %s\n%s", e.text, out.p ? out.p : "");
	buf_done(&out);
}

#endif
