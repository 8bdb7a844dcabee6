/* What links do to people, and what people asked for in vain: comparisons over raw events. */
#include "ledger/sqlite_store.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- held out against not --------------------------------------------------------------------------- */

enum { LINKED, HELD_OUT, ARMS };
struct arm {
	int64_t answers, ordered; /* answers; those that an order came of */
	int64_t conversations, continued; /* and those that went on after an answer that counts */
	int64_t clicks;
};
struct study {
	struct arm arm[ARMS];
	struct buf earned[ARMS]; /* "USD":12,… */
};

static sqlite3_stmt *use_range(struct db *d, const char *sql, int64_t from_ms, int64_t to_ms)
{
	sqlite3_stmt *q = db_use(d, sql);
	db_int(q, 1, from_ms);
	db_int(q, 2, to_ms);
	return q;
}

/* Answers of shoppers: eligible ones, and those that only the holdout kept from it. */
#define SHOPPERS " i.at_ms >= ?1 AND i.at_ms < ?2 AND (i.eligible <> 0 OR i.holdout <> 0)"
/* An order's answer: by its click, or by its link where links are direct. */
#define ORDERED \
	" FROM orders o LEFT JOIN click c ON c.click = o.click JOIN link l ON l.link = coalesce(c.link, o.click)" \
	" JOIN insertion i ON i.no = l.insertion_no WHERE o.attributed <> 0 AND o.review = 0 AND o.status IN (0, 1, 4) AND" SHOPPERS

static enum status count_answers(struct db *d, struct study *s, int64_t from_ms, int64_t to_ms)
{
	sqlite3_stmt *q = use_range(d, "SELECT i.holdout, count(*) FROM insertion i WHERE" SHOPPERS " GROUP BY i.holdout", from_ms, to_ms);
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row)
		s->arm[db_get_int(q, 0) != 0].answers = db_get_int(q, 1);
	db_end(q);
	return st;
}

static enum status count_conversations(struct db *d, struct study *s, int64_t from_ms, int64_t to_ms)
{
	sqlite3_stmt *q = use_range(d,
		"SELECT held, count(*), sum(CASE WHEN last_ms > first_ms THEN 1 ELSE 0 END) FROM (SELECT max(i.holdout) held,"
		" min(CASE WHEN i.eligible <> 0 OR i.holdout <> 0 THEN i.at_ms END) first_ms, max(i.at_ms) last_ms FROM insertion i"
		" WHERE i.at_ms >= ?1 AND i.at_ms < ?2 AND i.conversation IS NOT NULL GROUP BY i.conversation) x WHERE first_ms IS NOT NULL GROUP BY held",
		from_ms, to_ms);
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row) {
		struct arm *a = &s->arm[db_get_int(q, 0) != 0];
		a->conversations = db_get_int(q, 1);
		a->continued = db_get_int(q, 2);
	}
	db_end(q);
	return st;
}

static enum status count_orders(struct db *d, struct study *s, int64_t from_ms, int64_t to_ms)
{
	sqlite3_stmt *q = use_range(d, "SELECT i.holdout, count(DISTINCT i.no)" ORDERED " GROUP BY i.holdout", from_ms, to_ms);
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row)
		s->arm[db_get_int(q, 0) != 0].ordered = db_get_int(q, 1);
	db_end(q);
	q = use_range(d, "SELECT i.holdout, o.currency, sum(o.pending + o.approved + o.paid - o.clawed)" ORDERED " GROUP BY i.holdout, o.currency"
			 " ORDER BY o.currency",
		from_ms, to_ms);
	row = true;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row) {
		struct buf *out = &s->earned[db_get_int(q, 0) != 0];
		buf_put(out, out->n ? STR(",") : STR_NONE);
		buf_put_json(out, db_get_text(q, 1));
		buf_printf(out, ":%" PRId64, db_get_int(q, 2));
	}
	db_end(q);
	return st;
}

static enum status count_clicks(struct db *d, struct study *s, int64_t from_ms, int64_t to_ms)
{
	sqlite3_stmt *q = use_range(d,
		"SELECT i.holdout, count(*) FROM click c JOIN link l ON l.no = c.link_no JOIN insertion i ON i.no = l.insertion_no"
		" WHERE c.at_ms >= ?1 AND c.class = 'human' AND" SHOPPERS " GROUP BY i.holdout",
		from_ms, to_ms);
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row)
		s->arm[db_get_int(q, 0) != 0].clicks = db_get_int(q, 1);
	db_end(q);
	return st;
}

/* Wilson's interval of a share, 95 %. */
static void wilson(double k, double n, double *low, double *high)
{
	const double z = 1.959963984540054;
	double p = k / n, middle = p + z * z / (2 * n), half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)), over = 1 + z * z / n;
	*low = (middle - half) / over;
	*high = (middle + half) / over;
}

/* The difference of two shares with Newcombe's interval, which holds for few and for none too; and the relative lift. null where an arm is
 * empty. */
static void put_lift(struct buf *out, const char *name, int64_t k1, int64_t n1, int64_t k0, int64_t n0)
{
	double l1, h1, l0, h0;
	buf_printf(out, "\"%s\":", name);
	if (!n1 || !n0) {
		buf_put(out, STR("null"));
		return;
	}
	double p1 = (double)k1 / (double)n1, p0 = (double)k0 / (double)n0, d = p1 - p0;
	wilson((double)k1, (double)n1, &l1, &h1);
	wilson((double)k0, (double)n0, &l0, &h0);
	double low = d - sqrt((p1 - l1) * (p1 - l1) + (h0 - p0) * (h0 - p0)), high = d + sqrt((h1 - p1) * (h1 - p1) + (p0 - l0) * (p0 - l0));
	buf_printf(out, "{\"linked\":%.6f,\"held_out\":%.6f,\"lift\":%.6f,\"interval\":[%.6f,%.6f],\"relative\":", p1, p0, d, low, high);
	if (k0)
		buf_printf(out, "%.6f}", d / p0);
	else
		buf_put(out, STR("null}"));
}

static void put_arm(struct buf *out, const char *name, const struct study *s, int which)
{
	const struct arm *a = &s->arm[which];
	buf_printf(out,
		"\"%s\":{\"answers\":%" PRId64 ",\"conversations\":%" PRId64 ",\"continued\":%" PRId64 ",\"human_clicks\":%" PRId64
		",\"answers_with_order\":%" PRId64 ",\"earned\":{%.*s}}",
		name, a->answers, a->conversations, a->continued, a->clicks, a->ordered, STR_ARG(buf_str(&s->earned[which])));
}

static void put_study(struct buf *out, const struct study *s, int64_t from_ms, int64_t to_ms, int64_t as_of_ms)
{
	const struct arm *t = &s->arm[LINKED], *c = &s->arm[HELD_OUT];
	char from[32], to[32], as_of[32];
	time_format(from_ms, from);
	time_format(to_ms, to);
	time_format(as_of_ms, as_of);
	buf_printf(out, "{\"from\":\"%s\",\"to\":\"%s\",\"as_of\":\"%s\",\"confidence\":0.95,\"arms\":{", from, to, as_of);
	put_arm(out, "linked", s, LINKED);
	buf_putc(out, ',');
	put_arm(out, "held_out", s, HELD_OUT);
	buf_put(out, STR("},\"lift\":{"));
	put_lift(out, "answers_with_order", t->ordered, t->answers, c->ordered, c->answers);
	buf_putc(out, ',');
	put_lift(out, "conversations_continued", t->continued, t->conversations, c->continued, c->conversations);
	buf_put(out, STR("}}"));
}

enum status ledger_holdout_json(struct ledger *l, int64_t from_ms, int64_t to_ms, struct buf *out, struct err *e)
{
	struct study s = {.arm = {{0}}};
	struct reader *r;
	int64_t as_of = 0;
	enum status st = reader_get(l, &r, e);
	if (st != OK)
		return st;
	for (int i = 0; i < ARMS; i++)
		buf_init(&s.earned[i], 8192);
	st = count_answers(&r->db, &s, from_ms, to_ms);
	if (st == OK)
		st = count_conversations(&r->db, &s, from_ms, to_ms);
	if (st == OK)
		st = count_orders(&r->db, &s, from_ms, to_ms);
	if (st == OK)
		st = count_clicks(&r->db, &s, from_ms, to_ms);
	st = st == OK ? reader_as_of(r, &as_of, e) : db_fail(&r->db, st, "report", e);
	reader_put(l, r);
	if (st == OK)
		put_study(out, &s, from_ms, to_ms, as_of);
	for (int i = 0; i < ARMS; i++)
		buf_done(&s.earned[i]);
	return st == OK && out->failed ? err_set(e, E_NOMEM, "report", "too long") : st;
}

/* ---- what merchants may see of phrases ---------------------------------------------------------------------- */

enum status reader_shared_phrases(struct reader *r, const char *merchant, int64_t from_ms, int64_t to_ms, int64_t least, void (*each)(void *arg, struct str phrase),
	void *arg, struct err *e)
{
	sqlite3_stmt *q = use_range(&r->db,
		"SELECT l.phrase FROM insertion i JOIN link l ON l.insertion_no = i.no WHERE i.at_ms >= ?1 AND i.at_ms < ?2 AND l.merchant = ?3"
		" GROUP BY l.phrase HAVING count(DISTINCT coalesce(i.conversation, i.insertion)) >= ?4",
		from_ms, to_ms);
	bool row = true;
	enum status s = OK;
	db_name(q, 3, merchant);
	db_int(q, 4, least);
	while (s == OK && (s = db_step(&r->db, q, &row)) == OK && row)
		each(arg, db_get_text(q, 0));
	db_end(q);
	return s == OK ? OK : db_fail(&r->db, s, "report", e);
}

/* ---- demand without supply ------------------------------------------------------------------------------------- */

enum status ledger_demand_json(struct ledger *l, int64_t from_ms, int64_t to_ms, uint32_t limit, struct buf *out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = use_range(&r->db,
		"SELECT d.name, d.kind, d.reason, count(DISTINCT coalesce(i.conversation, i.insertion)), count(DISTINCT i.no) FROM demand d"
		" JOIN insertion i ON i.no = d.insertion_no WHERE i.at_ms >= ?1 AND i.at_ms < ?2 GROUP BY d.name, d.kind, d.reason"
		" HAVING count(DISTINCT coalesce(i.conversation, i.insertion)) >= ?3 ORDER BY 4 DESC, 1, 2, 3 LIMIT ?4",
		from_ms, to_ms);
	db_int(q, 3, LEDGER_GROUP_LEAST);
	db_int(q, 4, limit);
	bool row = true;
	buf_put(out, STR("{\"rows\":["));
	for (int n = 0; s == OK && (s = db_step(&r->db, q, &row)) == OK && row; n++) {
		buf_put(out, n ? STR(",{\"name\":") : STR("{\"name\":"));
		buf_put_json(out, db_get_text(q, 0));
		buf_put(out, STR(",\"kind\":"));
		buf_put_json(out, db_get_text(q, 1));
		buf_put(out, STR(",\"reason\":"));
		buf_put_json(out, db_get_text(q, 2));
		buf_printf(out, ",\"conversations\":%" PRId64 ",\"answers\":%" PRId64 "}", db_get_int(q, 3), db_get_int(q, 4));
	}
	db_end(q);
	buf_put(out, STR("]}"));
	if (s != OK)
		s = db_fail(&r->db, s, "report", e);
	reader_put(l, r);
	return s == OK && out->failed ? err_set(e, E_NOMEM, "report", "too long") : s;
}
