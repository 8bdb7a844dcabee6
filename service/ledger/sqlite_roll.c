/* The kept roll-ups. Money goes into them with the transaction that books it. Insertions and clicks follow in strides: their rows are what is
 * durable, counters say up to which row the roll-ups count, and a stride moves both in one transaction. Whoever reads roll-ups adds the rows
 * beyond. So a commit writes a page or two for a hundred clicks, and not one for each product in each cube; and the sums are made beside the
 * scribe, on the keeper's thread. */
#include "ledger/sqlite_store.h"

#include <stdlib.h>
#include <string.h>

enum { STRIDE = 65536 };

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
		"SELECT (SELECT n FROM main.counter WHERE name = 'rolled_insertion'), (SELECT n FROM main.counter WHERE name = "
		"'rolled_serve'),"
		" (SELECT n FROM main.counter WHERE name = 'rolled_click'), (SELECT n FROM main.counter WHERE name = 'rolled_impression')",
		out);
}

enum status position_last(struct db *d, struct position *out)
{
	return read_position(d,
		"SELECT (SELECT max(no) FROM main.insertion), (SELECT max(no) FROM main.serve), (SELECT max(no) FROM main.click),"
		" (SELECT max(no) FROM main.impression)",
		out);
}

static enum status store_position(struct db *d, const struct position *p)
{
	static const char *const names[EVENT_TABLES] = {"rolled_insertion", "rolled_serve", "rolled_click", "rolled_impression"};
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
	"INSERT INTO roll(cube, merchant, day, key, answers, eligible, linked, links, clicks, human_clicks, tokens, unique_clicks,"
	" impressions) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) ON CONFLICT(cube, merchant, day, key) DO UPDATE SET answers=roll.answers+excluded.answers,"
	" eligible=roll.eligible+excluded.eligible, linked=roll.linked+excluded.linked, links=roll.links+excluded.links, clicks=roll.clicks+excluded.clicks,"
	" human_clicks=roll.human_clicks+excluded.human_clicks, tokens=roll.tokens+excluded.tokens, "
	"unique_clicks=roll.unique_clicks+excluded.unique_clicks,"
	" impressions=roll.impressions+excluded.impressions";
static const char sql_takings[] =
	"INSERT INTO takings(cube, merchant, day, key, orders, value, pending, approved, paid, reversed, clawed, cost, basis, currency)"
	" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14) ON CONFLICT(cube, basis, merchant, day, key, currency) DO UPDATE SET orders=takings.orders+excluded.orders,"
	" value=takings.value+excluded.value, pending=takings.pending+excluded.pending, approved=takings.approved+excluded.approved, paid=takings.paid+excluded.paid,"
	" reversed=takings.reversed+excluded.reversed, clawed=takings.clawed+excluded.clawed, cost=takings.cost+excluded.cost";

static enum status flush(struct writer *w, struct tally *t, const char *sql, int width)
{
	tally_sort(t);
	enum status s = t->failed ? E_NOMEM : OK;
	for (size_t i = 0; i < t->n && s == OK; i++) {
		struct roll_cell c = roll_cell_of(tally_key(t, &t->row[i]));
		sqlite3_stmt *q = db_use(&w->db, sql);
		db_int(q, 1, roll_family(c.cube, c.grain, c.zone));
		db_text(q, 2, c.merchant);
		db_int(q, 3, c.span);
		db_text(q, 4, c.key);
		for (int k = 0; k < width; k++)
			db_int(q, 5 + k, t->row[i].v[k]);
		if (width == TAKINGS) {
			db_int(q, 13, c.basis);
			db_text(q, 14, c.currency);
		}
		s = db_run(&w->db, q);
	}
	return s;
}

enum status writer_flush(struct writer *w, struct roll *r)
{
	enum status s = flush(w, &r->counts, sql_roll, COUNTS);
	return s == OK ? flush(w, &r->takings, sql_takings, TAKINGS) : s;
}

/* ---- strides --------------------------------------------------------------------------------------- */

void stride_init(struct stride *s, const struct roll_zones *zones)
{
	memset(s, 0, sizeof(*s));
	roll_init(&s->roll);
	s->roll.zones = *zones;
}

void stride_done(struct stride *s)
{
	roll_done(&s->roll);
	free(s->link);
}

int64_t stride_events(const struct stride *s)
{
	int64_t n = 0;
	for (int t = 0; t < EVENT_TABLES; t++)
		n += s->upto.no[t] - s->after.no[t];
	return n;
}

static enum status gather_links(struct db *d, struct stride *s)
{
	size_t cap = 0;
	sqlite3_stmt *q = db_use(d, "SELECT link_no, count(*), sum(class = 'human') FROM click WHERE no > ?1 AND no <= ?2 AND link_no > 0"
				    " GROUP BY link_no");
	db_int(q, 1, s->after.no[EVENT_CLICK]);
	db_int(q, 2, s->upto.no[EVENT_CLICK]);
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(d, q, &row)) == OK && row) {
		if (s->links == cap) {
			cap = cap ? cap * 2 : 256;
			struct link_count *more = realloc(s->link, cap * sizeof(*more));
			if (!more) {
				st = E_NOMEM;
				break;
			}
			s->link = more;
		}
		s->link[s->links++] = (struct link_count){db_get_int(q, 0), db_get_int(q, 1), db_get_int(q, 2)};
	}
	db_end(q);
	return st;
}

enum status stride_gather(struct db *d, struct stride *s)
{
	struct event_range r = {.from_ms = INT64_MIN, .to_ms = INT64_MAX};
	struct spread spread = roll_spread(&s->roll);
	enum status st = position_rolled(d, &r.after);
	if (st == OK)
		st = position_last(d, &r.upto);
	for (int t = 0; t < EVENT_TABLES && st == OK; t++)
		if (r.upto.no[t] > r.after.no[t] + STRIDE)
			r.upto.no[t] = r.after.no[t] + STRIDE;
	if (st != OK)
		return st;
	s->after = r.after;
	s->upto = r.upto;
	st = facts_spread(d, &spread, &r);
	return st == OK ? gather_links(d, s) : st;
}

static enum status count_on_links(struct writer *w, const struct stride *s)
{
	enum status st = OK;
	for (size_t i = 0; i < s->links && st == OK; i++) {
		sqlite3_stmt *q = db_use(&w->db, "UPDATE link SET clicks = clicks + ?2, human_clicks = human_clicks + ?3 WHERE no = ?1");
		db_int(q, 1, s->link[i].no);
		db_int(q, 2, s->link[i].clicks);
		db_int(q, 3, s->link[i].human);
		st = db_run(&w->db, q);
	}
	return st;
}

enum status stride_add(struct writer *w, void *stride)
{
	struct stride *s = stride;
	struct position now;
	enum status st = position_rolled(&w->db, &now);
	if (st == OK && memcmp(&now, &s->after, sizeof(now)) != 0)
		return E_CONFLICT;
	if (st == OK)
		st = writer_flush(w, &s->roll);
	if (st == OK)
		st = count_on_links(w, s);
	if (st == OK)
		st = store_position(&w->db, &s->upto);
	return st;
}

enum status writer_catch_up(struct writer *w)
{
	struct stride st;
	stride_init(&st, &w->zones);
	enum status s = writer_begin(w);
	if (s == OK)
		s = stride_gather(&w->db, &st);
	if (s == OK && stride_events(&st))
		s = stride_add(w, &st);
	if (s == OK)
		s = writer_commit(w);
	if (s != OK)
		writer_rollback(w);
	stride_done(&st);
	return s;
}
