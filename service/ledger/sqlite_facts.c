/* Reading for reports and recounts: raw events spread into sums, or cells of the kept roll-ups. */
#include "ledger/sqlite_store.h"

#include <string.h>

/* ---- raw events ------------------------------------------------------------------------------------ */

static void read_insertion(sqlite3_stmt *q, struct ledger_insertion *i)
{
	i->link_count = 0;
	i->at_ms = db_get_int(q, 1);
	db_get_name(q, 2, i->decision, sizeof(i->decision));
	db_get_name(q, 3, i->form, sizeof(i->form));
	db_get_name(q, 4, i->app, sizeof(i->app));
	db_get_name(q, 5, i->model, sizeof(i->model));
	i->eligible = db_get_int(q, 6) != 0;
	i->prompt_tokens = db_get_int(q, 7);
	i->completion_tokens = db_get_int(q, 8);
	i->cost.minor = db_get_int(q, 9);
	db_get_name(q, 10, i->cost.currency, sizeof(i->cost.currency));
	i->confirms = db_get_int(q, 11) != 0;
}

static void read_link(sqlite3_stmt *q, struct ledger_insertion *i)
{
	if (db_is_null(q, 12) || i->link_count == LEDGER_MAX_LINKS)
		return;
	struct ledger_link *l = &i->link[i->link_count++];
	db_get_name(q, 12, l->merchant, sizeof(l->merchant));
	db_get_name(q, 13, l->product, sizeof(l->product));
	db_get_name(q, 14, l->phrase, sizeof(l->phrase));
	l->existing = false;
}

#define ANSWER_COLUMNS                                                                                                                     \
	"SELECT i.no, i.at_ms, i.decision, i.form, i.app, i.model, i.eligible, i.prompt_tokens, i.completion_tokens, i.cost, i.currency,"  \
	" i.confirms, l.merchant, l.product, l.phrase"
#define FIRST_SERVES ANSWER_COLUMNS " FROM insertion i LEFT JOIN link l ON l.insertion_no = i.no AND l.later = 0"
#define LATER_SERVES ANSWER_COLUMNS " FROM serve i LEFT JOIN serve_link s ON s.serve_no = i.no LEFT JOIN link l ON l.no = s.link_no"
#define CLICKS "SELECT at_ms, merchant, product, phrase, form, app, model, class = 'human', uniq FROM click i"
#define SHOWN "SELECT at_ms, merchant, product, phrase, form, app, model, n FROM impression i"
/* The plus keeps the other index out of it. */
#define BY_TIME " WHERE i.at_ms >= ?1 AND i.at_ms < ?2 AND +i.no > ?3 AND +i.no <= ?4"
#define BY_NUMBER " WHERE +i.at_ms >= ?1 AND +i.at_ms < ?2 AND i.no > ?3 AND i.no <= ?4"
static const char *const sql_events[EVENT_TABLES][2] = {
	[EVENT_INSERTION] = {FIRST_SERVES BY_NUMBER " ORDER BY i.no", FIRST_SERVES BY_TIME " ORDER BY i.at_ms, i.no"},
	[EVENT_SERVE] = {LATER_SERVES BY_NUMBER " ORDER BY i.no", LATER_SERVES BY_TIME " ORDER BY i.at_ms, i.no"},
	[EVENT_CLICK] = {CLICKS BY_NUMBER, CLICKS BY_TIME},
	[EVENT_IMPRESSION] = {SHOWN BY_NUMBER, SHOWN BY_TIME},
};

static sqlite3_stmt *use_events(struct db *d, enum event_table t, const struct event_range *r)
{
	sqlite3_stmt *q = db_use(d, sql_events[t][r->by_time]);
	db_int(q, 1, r->from_ms);
	db_int(q, 2, r->to_ms);
	db_int(q, 3, r->after.no[t]);
	db_int(q, 4, r->upto.no[t]);
	return q;
}

static enum status spread_answers(struct db *d, sqlite3_stmt *q, const struct spread *s)
{
	struct ledger_insertion i = {0};
	int64_t no = 0;
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row) {
		if (db_get_int(q, 0) != no) {
			if (no)
				spread_insertion(s, &i);
			no = db_get_int(q, 0);
			read_insertion(q, &i);
		}
		read_link(q, &i);
	}
	if (st == OK && no)
		spread_insertion(s, &i);
	return st;
}

static struct dims read_dims(sqlite3_stmt *q, int col)
{
	struct dims d;
	for (int c = 0; c < COLUMNS; c++)
		d.v[c] = db_get_z(q, col + c);
	return d;
}

static enum status spread_clicks(struct db *d, sqlite3_stmt *q, const struct spread *s)
{
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row) {
		struct dims dims = read_dims(q, 1);
		spread_click(s, db_get_int(q, 0), &dims, db_get_int(q, 7) != 0, db_get_int(q, 8) != 0);
	}
	return st;
}

static enum status spread_impressions(struct db *d, sqlite3_stmt *q, const struct spread *s)
{
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row) {
		struct dims dims = read_dims(q, 1);
		spread_shown(s, db_get_int(q, 0), &dims, db_get_int(q, 7));
	}
	return st;
}

static const char sql_orders[] =
	"SELECT event_ms, merchant, product, phrase, form, app, model, currency, (status IN (0, 1, 4) AND review = 0),"
	" CASE WHEN status IN (0, 1, 4) AND review = 0 THEN total ELSE 0 END, pending, approved, paid, reversed, clawed FROM orders"
	" WHERE event_ms >= ?1 AND event_ms < ?2";
static const char sql_entries[] = "SELECT e.posted_ms, o.merchant, o.product, o.phrase, o.form, o.app, o.model, o.currency, e.orders,"
				  " e.value, e.pending, e.approved, e.paid, e.reversed, e.clawed FROM entry e JOIN orders o ON o.no = e.order_no"
				  " WHERE e.posted_ms >= ?1 AND e.posted_ms < ?2";

static enum status spread_orders(struct db *d, const char *sql, enum basis basis, const struct spread *s, int64_t from_ms, int64_t to_ms)
{
	_Static_assert(ORDER_PENDING == 0 && ORDER_APPROVED == 1 && ORDER_PAID == 4, "sql_orders names the states that count");
	sqlite3_stmt *q = db_use(d, sql);
	db_int(q, 1, from_ms);
	db_int(q, 2, to_ms);
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row) {
		char currency[4];
		int64_t v[TALLY_WIDTH] = {0};
		struct dims dims = read_dims(q, 1);
		db_get_name(q, 7, currency, sizeof(currency));
		for (int i = T_ORDERS; i <= T_CLAWED; i++)
			v[i] = db_get_int(q, 8 + i);
		spread_takings(s, db_get_int(q, 0), &dims, basis, currency, v);
	}
	return st;
}

enum status facts_spread(struct db *d, const struct spread *s, const struct event_range *r)
{
	enum status st = spread_answers(d, use_events(d, EVENT_INSERTION, r), s);
	if (st == OK)
		st = spread_answers(d, use_events(d, EVENT_SERVE, r), s);
	if (st == OK)
		st = spread_clicks(d, use_events(d, EVENT_CLICK, r), s);
	return st == OK ? spread_impressions(d, use_events(d, EVENT_IMPRESSION, r), s) : st;
}

static const struct position no_end = {{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}};

enum status money_spread(struct db *d, const struct spread *s, int64_t from_ms, int64_t to_ms, unsigned bases)
{
	enum status st = OK;
	if (bases & BASIS_BIT(BASIS_EVENT))
		st = spread_orders(d, sql_orders, BASIS_EVENT, s, from_ms, to_ms);
	if (st == OK && bases & BASIS_BIT(BASIS_POSTING))
		st = spread_orders(d, sql_entries, BASIS_POSTING, s, from_ms, to_ms);
	return st;
}

enum status reader_spread_events(
	struct reader *r, const struct spread *s, int64_t from_ms, int64_t to_ms, unsigned bases, struct err *e)
{
	enum status st = facts_spread(&r->db, s, &(struct event_range){from_ms, to_ms, .upto = no_end, .by_time = true});
	if (st == OK)
		st = money_spread(&r->db, s, from_ms, to_ms, bases);
	return st == OK ? OK : db_fail(&r->db, st, "report", e);
}

enum status reader_spread_rolled(struct reader *r, const struct spread *s, struct err *e)
{
	struct event_range range = {INT64_MIN, INT64_MAX, .by_time = false};
	enum status st = position_rolled(&r->db, &range.upto);
	if (st == OK)
		st = facts_spread(&r->db, s, &range);
	if (st == OK)
		st = money_spread(&r->db, s, INT64_MIN, INT64_MAX, BASIS_BIT(BASIS_EVENT) | BASIS_BIT(BASIS_POSTING));
	return st == OK ? OK : db_fail(&r->db, st, "report", e);
}

enum status reader_spread_unrolled(struct reader *r, const struct spread *s, int64_t from_ms, int64_t to_ms, struct err *e)
{
	struct event_range range = {from_ms, to_ms, .upto = no_end};
	enum status st = position_rolled(&r->db, &range.after);
	if (st == OK)
		st = facts_spread(&r->db, s, &range);
	return st == OK ? OK : db_fail(&r->db, st, "report", e);
}

/* ---- roll-ups ---------------------------------------------------------------------------------------- */

#define COUNT_COLUMNS "answers, eligible, linked, links, clicks, human_clicks, tokens, unique_clicks, impressions"
#define TAKING_COLUMNS "orders, value, pending, approved, paid, reversed, clawed, cost"
/* The merchants of a cube by stepping from one to the next in the key, then each one's spans: no scan over other spans. */
#define BY_MERCHANT(table, also) \
	"WITH RECURSIVE m(x) AS (SELECT min(merchant) FROM " table " WHERE cube = ?1" also " UNION ALL" \
	" SELECT (SELECT min(merchant) FROM " table " WHERE cube = ?1" also " AND merchant > m.x) FROM m WHERE m.x IS NOT NULL)"
static const char sql_roll_all[] = BY_MERCHANT("roll", "") " SELECT day, merchant, key, '', " COUNT_COLUMNS
							   " FROM m CROSS JOIN roll WHERE cube = ?1 AND merchant = m.x AND day >= ?2 AND day < ?3";
static const char sql_roll_one[] = "SELECT day, merchant, key, '', " COUNT_COLUMNS " FROM roll WHERE cube = ?1 AND merchant = ?4 AND day >= ?2"
				   " AND day < ?3";
#define ROLL_KEYED "SELECT day, merchant, key, '', " COUNT_COLUMNS " FROM roll WHERE cube = ?1 AND merchant = ?4 AND day = ?2 AND key "
static const char sql_roll_from[] = ROLL_KEYED ">= ?6 ORDER BY key LIMIT ?8";
static const char sql_roll_past[] = ROLL_KEYED "> ?6 ORDER BY key LIMIT ?8";
static const char sql_takings_all[] = BY_MERCHANT("takings", " AND basis = ?5") " SELECT day, merchant, key, currency, " TAKING_COLUMNS
	" FROM m CROSS JOIN takings WHERE cube = ?1 AND basis = ?5 AND merchant = m.x AND day >= ?2 AND day < ?3";
static const char sql_takings_one[] = "SELECT day, merchant, key, currency, " TAKING_COLUMNS
				      " FROM takings WHERE cube = ?1 AND basis = ?5 AND merchant = ?4 AND day >= ?2 AND day < ?3";
#define TAKINGS_KEYED \
	"SELECT day, merchant, key, currency, " TAKING_COLUMNS " FROM takings WHERE cube = ?1 AND basis = ?5 AND merchant = ?4 AND day = ?2 AND key <= ?7" \
	" AND key "
static const char sql_takings_from[] = TAKINGS_KEYED ">= ?6";
static const char sql_takings_past[] = TAKINGS_KEYED "> ?6";

static enum status each_cell(
	struct reader *r, sqlite3_stmt *q, const struct roll_slice *slice, enum basis basis, int width, roll_each *each, void *arg, struct err *e)
{
	struct roll_cell c = {.cube = slice->cube, .grain = slice->grain, .zone = slice->zone, .basis = basis};
	int64_t v[TALLY_WIDTH] = {0};
	bool row = true;
	enum status s = OK;
	while (s == OK && (s = db_step(&r->db, q, &row)) == OK && row) {
		c.span = db_get_int(q, 0);
		c.merchant = db_get_text(q, 1);
		c.key = db_get_text(q, 2);
		c.currency = db_get_text(q, 3);
		for (int i = 0; i < width; i++)
			v[i] = db_get_int(q, 4 + i);
		each(arg, &c, v);
	}
	return s == OK ? OK : db_fail(&r->db, s, "report", e);
}

static sqlite3_stmt *use_slice(struct reader *r, const struct roll_slice *s, const char *all, const char *one, const char *from, const char *past)
{
	sqlite3_stmt *q = db_use(&r->db, !s->merchant ? all : !s->keyed ? one : s->past ? past : from);
	db_int(q, 1, roll_family(s->cube, s->grain, s->zone));
	db_int(q, 2, s->from);
	if (!s->keyed)
		db_int(q, 3, s->to);
	else
		db_text(q, 6, s->after.p ? s->after : STR(""));
	if (s->merchant)
		db_name(q, 4, s->merchant);
	return q;
}

enum status reader_each_count(struct reader *r, const struct roll_slice *s, roll_each *each, void *arg, struct err *e)
{
	sqlite3_stmt *q = use_slice(r, s, sql_roll_all, sql_roll_one, sql_roll_from, sql_roll_past);
	if (s->merchant && s->keyed)
		db_int(q, 8, s->limit);
	return each_cell(r, q, s, BASIS_EVENT, COUNTS, each, arg, e);
}

enum status reader_each_taking(struct reader *r, const struct roll_slice *s, enum basis basis, roll_each *each, void *arg, struct err *e)
{
	sqlite3_stmt *q = use_slice(r, s, sql_takings_all, sql_takings_one, sql_takings_from, sql_takings_past);
	db_int(q, 5, basis);
	if (s->merchant && s->keyed)
		db_text(q, 7, s->upto);
	return each_cell(r, q, s, basis, TAKINGS, each, arg, e);
}

enum status reader_zones(struct reader *r, char name_out[ROLL_ZONES][64], size_t *n_out, struct err *e)
{
	enum status s = zones_stored(&r->db, name_out, n_out);
	return s == OK ? OK : db_fail(&r->db, s, "report", e);
}

enum status reader_first_quarter(struct reader *r, int64_t *out, struct err *e)
{
	enum status s = first_quarter(&r->db, out);
	return s == OK ? OK : db_fail(&r->db, s, "report", e);
}

enum status reader_as_of(struct reader *r, int64_t *out, struct err *e)
{
	sqlite3_stmt *q = db_use(&r->db, "SELECT n FROM main.counter WHERE name = 'as_of'");
	bool row;
	enum status s = db_step(&r->db, q, &row);
	*out = row ? db_get_int(q, 0) : 0;
	db_end(q);
	return s == OK ? OK : db_fail(&r->db, s, "report", e);
}
