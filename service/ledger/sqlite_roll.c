/* The kept roll-ups. Money goes into them with the transaction that books it. Insertions and clicks follow in strides: their rows are what is
 * durable, counters say up to which row the roll-ups count, and a stride moves both in one transaction. Whoever reads roll-ups adds the rows
 * beyond. So a commit writes a page or two for a hundred clicks, and not one for each product in each cube. */
#include "ledger/sqlite_store.h"

enum { STRIDE = 32768 };

/* ---- positions --------------------------------------------------------------------------------- */

static enum status read_position(struct db *d, const char *sql, struct position *out)
{
	sqlite3_stmt *q = db_use(d, sql);
	bool row;
	enum status s = db_step(d, q, &row);
	for (int t = 0; t < EVENT_TABLES && s == OK; t++)
		out->no[t] = row ? db_get_int(q, t) : 0;
	db_end(q);
	return s;
}

enum status position_rolled(struct db *d, struct position *out)
{
	return read_position(d,
		"SELECT (SELECT n FROM main.counter WHERE name = 'rolled_insertion'), (SELECT n FROM main.counter WHERE name = 'rolled_serve'),"
		" (SELECT n FROM main.counter WHERE name = 'rolled_click')",
		out);
}

enum status position_last(struct db *d, struct position *out)
{
	return read_position(
		d, "SELECT (SELECT max(no) FROM main.insertion), (SELECT max(no) FROM main.serve), (SELECT max(no) FROM main.click)", out);
}

static enum status store_position(struct db *d, const struct position *p)
{
	static const char *const names[EVENT_TABLES] = {"rolled_insertion", "rolled_serve", "rolled_click"};
	enum status s = OK;
	for (int t = 0; t < EVENT_TABLES && s == OK; t++) {
		sqlite3_stmt *q = db_use(d, "UPDATE counter SET n = ?2 WHERE name = ?1");
		db_name(q, 1, names[t]);
		db_int(q, 2, p->no[t]);
		s = db_run(d, q);
	}
	return s;
}

/* ---- cells --------------------------------------------------------------------------------------- */

static const char sql_roll[] =
	"INSERT INTO roll(cube, merchant, day, key, answers, eligible, linked, links, clicks, human_clicks, tokens)"
	" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) ON CONFLICT DO UPDATE SET answers=answers+excluded.answers,"
	" eligible=eligible+excluded.eligible, linked=linked+excluded.linked, links=links+excluded.links, clicks=clicks+excluded.clicks,"
	" human_clicks=human_clicks+excluded.human_clicks, tokens=tokens+excluded.tokens";
static const char sql_takings[] =
	"INSERT INTO takings(cube, merchant, day, key, orders, value, pending, approved, paid, reversed, clawed, cost, basis, currency)"
	" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14) ON CONFLICT DO UPDATE SET orders=orders+excluded.orders,"
	" value=value+excluded.value, pending=pending+excluded.pending, approved=approved+excluded.approved, paid=paid+excluded.paid,"
	" reversed=reversed+excluded.reversed, clawed=clawed+excluded.clawed, cost=cost+excluded.cost";

static enum status flush(struct writer *w, struct tally *t, const char *sql, int width)
{
	tally_sort(t);
	enum status s = t->failed ? E_NOMEM : OK;
	for (size_t i = 0; i < t->n && s == OK; i++) {
		struct roll_cell c = roll_cell_of(tally_key(t, &t->row[i]));
		sqlite3_stmt *q = db_use(&w->db, sql);
		db_int(q, 1, c.cube);
		db_text(q, 2, c.merchant);
		db_int(q, 3, c.day);
		db_text(q, 4, c.key);
		for (int k = 0; k < width; k++)
			db_int(q, 5 + k, t->row[i].v[k]);
		if (width == TALLY_WIDTH) {
			db_int(q, 13, c.basis);
			db_text(q, 14, c.currency);
		}
		s = db_run(&w->db, q);
	}
	return s;
}

enum status writer_flush(struct writer *w)
{
	enum status s = flush(w, &w->roll.counts, sql_roll, N_TOKENS + 1);
	return s == OK ? flush(w, &w->roll.takings, sql_takings, TALLY_WIDTH) : s;
}

/* ---- strides --------------------------------------------------------------------------------------- */

static enum status count_on_links(struct db *d, int64_t after, int64_t upto)
{
	sqlite3_stmt *q = db_use(d,
		"UPDATE link SET clicks = clicks + c.n, human_clicks = human_clicks + c.h FROM (SELECT link_no, count(*) n, sum(class = 'human') h"
		" FROM click WHERE no > ?1 AND no <= ?2 AND link_no > 0 GROUP BY link_no) c WHERE link.no = c.link_no");
	db_int(q, 1, after);
	db_int(q, 2, upto);
	return db_run(d, q);
}

static enum status stride(struct writer *w)
{
	struct event_range r = {.from_ms = INT64_MIN, .to_ms = INT64_MAX};
	enum status s = position_rolled(&w->db, &r.after);
	if (s == OK)
		s = position_last(&w->db, &r.upto);
	w->behind = 0;
	for (int t = 0; t < EVENT_TABLES && s == OK; t++) {
		int64_t end = r.after.no[t] + STRIDE;
		w->behind += r.upto.no[t] > end ? r.upto.no[t] - end : 0;
		r.upto.no[t] = r.upto.no[t] < end ? r.upto.no[t] : end;
	}
	if (s == OK)
		s = facts_spread(&w->db, &w->spread, &r);
	if (s == OK)
		s = count_on_links(&w->db, r.after.no[EVENT_CLICK], r.upto.no[EVENT_CLICK]);
	return s == OK ? store_position(&w->db, &r.upto) : s;
}

enum status writer_catch_up(struct writer *w)
{
	int64_t behind = w->behind;
	enum status s = writer_begin(w);
	if (s == OK)
		s = stride(w);
	if (s == OK)
		s = writer_commit(w);
	if (s == OK)
		return OK;
	w->behind = behind;
	writer_rollback(w);
	return s;
}

int64_t writer_behind(const struct writer *w)
{
	return w->behind;
}
