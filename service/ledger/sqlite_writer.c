/* The scribe's side of SQLite: transactions, clicks, roll-ups. */
#include "ledger/sqlite_store.h"

#include <stdlib.h>
#include <string.h>

enum { DUPLICATE_MS = 10000, NUDGE_PAGES = 4000 };

/* ---- transactions ------------------------------------------------------------------------------- */

enum status writer_begin(struct writer *w)
{
	roll_clear(&w->roll);
	w->as_of_ms = 0;
	return db_run(&w->db, db_use(&w->db, "BEGIN IMMEDIATE"));
}

void writer_rollback(struct writer *w)
{
	/* A failed write may have rolled back by itself. */
	if (!sqlite3_get_autocommit(w->db.h))
		err_ignore(db_run(&w->db, db_use(&w->db, "ROLLBACK")));
}

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

void writer_saw(struct writer *w, int64_t ms)
{
	if (ms > w->as_of_ms)
		w->as_of_ms = ms;
}

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

/* as_of moves at every batch, so that two reports of the same as_of are the same report. */
static enum status advance(struct writer *w)
{
	if (!w->as_of_ms)
		return OK;
	sqlite3_stmt *q = db_use(&w->db, "UPDATE counter SET n = max(n + 1, ?1) WHERE name = 'as_of'");
	db_int(q, 1, w->as_of_ms);
	return db_run(&w->db, q);
}

enum status writer_commit(struct writer *w)
{
	enum status s = flush(w, &w->roll.counts, sql_roll, N_TOKENS + 1);
	if (s == OK)
		s = flush(w, &w->roll.takings, sql_takings, TALLY_WIDTH);
	if (s == OK)
		s = advance(w);
	return s == OK ? db_run(&w->db, db_use(&w->db, "COMMIT")) : s;
}

enum status db_count_up(struct db *d, const char *counter)
{
	sqlite3_stmt *q = db_use(d, "UPDATE counter SET n = n + 1 WHERE name = ?1");
	db_name(q, 1, counter);
	return db_run(d, q);
}

enum status writer_probe(struct writer *w)
{
	enum status s = writer_begin(w);
	if (s == OK)
		s = db_count_up(&w->db, "probe");
	if (s == OK)
		s = writer_commit(w);
	if (s != OK)
		writer_rollback(w);
	return s;
}

/* A task's own refusal (missing, conflict) is undone alone; trouble with the disk is the batch's. */
enum status writer_task(struct writer *w, store_task *run, void *arg, enum status *status_out)
{
	enum status s = db_run(&w->db, db_use(&w->db, "SAVEPOINT task"));
	if (s != OK)
		return s;
	enum status own = run(w, arg);
	if (own == E_IO || own == E_BUSY || own == E_BUG || own == E_NOMEM)
		return own;
	*status_out = own;
	if (own != OK)
		s = db_run(&w->db, db_use(&w->db, "ROLLBACK TO task"));
	return s == OK ? db_run(&w->db, db_use(&w->db, "RELEASE task")) : s;
}

/* ---- clicks -------------------------------------------------------------------------------------- */

struct click_link {
	int64_t no; /* 0: the link is not known here */
	char phrase[LEDGER_TEXT], form[12], app[LEDGER_TEXT], model[LEDGER_TEXT];
};

static enum status find_link(struct writer *w, const struct ledger_id *link, struct click_link *out)
{
	*out = (struct click_link){0};
	sqlite3_stmt *q = db_use(&w->db, "SELECT l.no, l.phrase, i.form, i.app, i.model FROM link l"
					 " JOIN insertion i ON i.no = l.insertion_no WHERE l.link = ?1");
	db_blob(q, 1, link->b, LEDGER_ID);
	bool row;
	enum status s = db_step(&w->db, q, &row);
	if (s != OK || !row)
		return s;
	out->no = db_get_int(q, 0);
	db_get_name(q, 1, out->phrase, sizeof(out->phrase));
	db_get_name(q, 2, out->form, sizeof(out->form));
	db_get_name(q, 3, out->app, sizeof(out->app));
	db_get_name(q, 4, out->model, sizeof(out->model));
	db_end(q);
	return OK;
}

static bool visitor_known(const struct ledger_click *c)
{
	static const uint8_t nobody[sizeof(c->visitor)];
	return memcmp(c->visitor, nobody, sizeof(nobody)) != 0;
}

static enum status is_duplicate(struct writer *w, const struct ledger_click *c, bool *out)
{
	*out = false;
	sqlite3_stmt *q = db_use(&w->db, "SELECT 1 FROM seen WHERE link = ?1 AND visitor = ?2 AND abs(at_ms - ?3) <= ?4");
	db_blob(q, 1, c->link.b, LEDGER_ID);
	db_blob(q, 2, c->visitor, sizeof(c->visitor));
	db_int(q, 3, c->at_ms);
	db_int(q, 4, DUPLICATE_MS);
	enum status s = db_step(&w->db, q, out);
	db_end(q);
	return s;
}

static enum status remember_visit(struct writer *w, const struct ledger_click *c)
{
	enum status s = OK;
	if (c->at_ms > w->seen_pruned_ms + DUPLICATE_MS) {
		sqlite3_stmt *old = db_use(&w->db, "DELETE FROM seen WHERE at_ms < ?1");
		db_int(old, 1, c->at_ms - DUPLICATE_MS);
		s = db_run(&w->db, old);
		w->seen_pruned_ms = c->at_ms;
	}
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO seen(link, visitor, at_ms) VALUES(?1,?2,?3) ON CONFLICT DO UPDATE SET at_ms=excluded.at_ms");
	db_blob(q, 1, c->link.b, LEDGER_ID);
	db_blob(q, 2, c->visitor, sizeof(c->visitor));
	db_int(q, 3, c->at_ms);
	return db_run(&w->db, q);
}

static enum status insert_click(
	struct writer *w, const struct ledger_click *c, const struct click_link *l, enum click_class class, bool *new_out)
{
	sqlite3_stmt *q = db_use(&w->db,
		"INSERT INTO click(click, insertion, link, product_key, at_ms, merchant, product, phrase, form, app, model, class, rule, visitor)"
		" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14) ON CONFLICT(click) DO NOTHING");
	db_blob(q, 1, c->click.b, LEDGER_ID);
	db_blob(q, 2, c->insertion.b, LEDGER_ID);
	db_blob(q, 3, c->link.b, LEDGER_ID);
	db_int(q, 4, (int64_t)c->product_key);
	db_int(q, 5, c->at_ms);
	const char *names[] = {c->merchant, c->product, l->phrase, l->form, l->app, l->model};
	for (int k = 0; k < (int)ARRAY_LEN(names); k++)
		db_name(q, 6 + k, names[k]);
	db_text(q, 12, click_class_name(class));
	db_name(q, 13, class == c->class ? c->rule : "same link and visitor");
	if (visitor_known(c))
		db_blob(q, 14, c->visitor, sizeof(c->visitor));
	enum status s = db_run(&w->db, q);
	*new_out = s == OK && sqlite3_changes(w->db.h) == 1;
	return s;
}

static enum status count_on_link(struct writer *w, int64_t link_no, bool human)
{
	sqlite3_stmt *q = db_use(&w->db, "UPDATE link SET clicks = clicks + 1, human_clicks = human_clicks + ?2 WHERE no = ?1");
	db_int(q, 1, link_no);
	db_int(q, 2, human);
	return db_run(&w->db, q);
}

enum status writer_click(struct writer *w, const struct ledger_click *c)
{
	struct click_link l;
	bool duplicate = false, fresh = false;
	bool person = c->class == CLICK_HUMAN && visitor_known(c);
	enum status s = find_link(w, &c->link, &l);
	if (s == OK && person)
		s = is_duplicate(w, c, &duplicate);
	enum click_class class = duplicate ? CLICK_DUPLICATE : c->class;
	if (s == OK)
		s = insert_click(w, c, &l, class, &fresh);
	if (s != OK || !fresh)
		return s;
	if (person && !duplicate)
		s = remember_visit(w, c);
	if (s == OK && l.no)
		s = count_on_link(w, l.no, class == CLICK_HUMAN);
	struct dims d = {{c->merchant, c->product, l.phrase, l.form, l.app, l.model}};
	spread_click(&w->spread, c->at_ms, &d, class == CLICK_HUMAN);
	writer_saw(w, c->at_ms);
	return s;
}

/* ---- life ---------------------------------------------------------------------------------------- */

static int on_commit(void *arg, sqlite3 *h, const char *name, int pages)
{
	struct writer *w = arg;
	(void)h;
	(void)name;
	if (pages >= NUDGE_PAGES && w->ledger->keeper)
		keeper_nudge(w->ledger->keeper);
	return SQLITE_OK;
}

static enum status continue_ids(struct writer *w)
{
	sqlite3_stmt *q = db_use(&w->db, "SELECT max(click) FROM click");
	bool row;
	enum status s = db_step(&w->db, q, &row);
	if (s == OK && row) {
		struct ledger_id last;
		db_get_blob(q, 0, last.b, LEDGER_ID);
		ids_continue(w->ledger, &last);
	}
	db_end(q);
	return s;
}

enum status writer_open(struct ledger *l, struct writer **out, struct err *e)
{
	struct writer *w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	w->ledger = l;
	roll_init(&w->roll);
	w->spread = roll_spread(&w->roll);
	enum status s = db_open(&w->db, l->path, DB_WRITE, e);
	if (s == OK && (s = continue_ids(w)) != OK)
		s = db_fail(&w->db, s, "ledger", e);
	if (s != OK) {
		writer_close(w);
		return s;
	}
	sqlite3_wal_hook(w->db.h, on_commit, w); /* also turns automatic checkpoints off */
	*out = w;
	return OK;
}

void writer_close(struct writer *w)
{
	if (!w)
		return;
	db_close(&w->db);
	roll_done(&w->roll);
	free(w);
}
