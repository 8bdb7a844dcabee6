/* The scribe's side of SQLite: transactions, clicks, life. */
#include <sqlite3.h>
/* first, for db.h has its own idea of a statement */
#include "ledger/central.h"
#include "ledger/message.h"
#include "ledger/sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUDGE_PAGES = 2000, BEHIND_MAX = 32768, RECALLED = 100000 };

/* ---- transactions ------------------------------------------------------------------------------- */

enum status writer_begin(struct writer *w)
{
	roll_clear(&w->roll);
	w->as_of_ms = 0;
	return db_run(&w->db, db_use(&w->db, "BEGIN IMMEDIATE"));
}

static enum status recall_confirming(struct writer *w)
{
	sqlite3_stmt *q = db_use(&w->db, "SELECT 1 FROM confirming LIMIT 1");
	enum status s = db_step(&w->db, q, &w->confirming);
	db_end(q);
	return s;
}

static bool is_outbox(const struct writer *w)
{
	return w->ledger->central && !db_is_pg(&w->db);
}

void writer_rollback(struct writer *w)
{
	if (is_outbox(w))
		central_rolled_back(w->ledger->central);
	traffic_undo(&w->traffic);
	err_ignore(recall_confirming(w));
	links_clear(w->links); /* some may have been this batch's */
	/* A failed write may have rolled back by itself. */
	if (db_in_transaction(&w->db))
		err_ignore(db_run(&w->db, db_use(&w->db, "ROLLBACK")));
}

void writer_saw(struct writer *w, int64_t ms)
{
	if (ms > w->as_of_ms)
		w->as_of_ms = ms;
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
	enum status s = writer_flush(w, &w->roll);
	if (s == OK)
		s = advance(w);
	if (s == OK)
		s = db_run(&w->db, db_use(&w->db, "COMMIT"));
	if (s == OK)
		traffic_keep(&w->traffic);
	if (s == OK && is_outbox(w))
		central_committed(w->ledger->central);
	return s;
}

static const char sql_message[] = "INSERT INTO message(body) VALUES(?1) RETURNING no";

enum status writer_outbox(struct writer *w, const struct ledger_conversion *c, ledger_done *done, void *arg)
{
	struct buf body;
	int64_t no = 0;
	buf_init(&body, 64 << 20);
	message_write(c, &body);
	sqlite3_stmt *q = db_use(&w->db, sql_message);
	db_blob(q, 1, body.p, body.n);
	enum status s = body.failed ? E_NOMEM : db_insert(&w->db, q, &no);
	buf_done(&body);
	return s == OK ? central_expect(w->ledger->central, no, done, arg, c->reply) : s;
}

enum status store_submit(struct ledger *l, const struct ledger_conversion *c, ledger_done *done, void *arg)
{
	return central_submit(l->central, c, done, arg);
}

enum status store_task_elsewhere(struct ledger *l, store_task *run, void *arg, struct err *e)
{
	return central_task(l->central, run, arg, e);
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

static enum status find_link(struct writer *w, const struct ledger_id *link, struct known_link *out)
{
	if (links_get(w->links, link, out))
		return OK;
	*out = (struct known_link){.link = *link};
	sqlite3_stmt *q = db_use(&w->db,
		"SELECT l.no, l.phrase, i.form, i.app, i.model, max(i.at_ms, coalesce((SELECT max(s.at_ms) FROM serve s"
		" JOIN serve_link x ON x.serve_no = s.no WHERE s.insertion_no = i.no AND x.link_no = l.no), i.at_ms)) FROM link l"
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
	out->served_ms = db_get_int(q, 5);
	db_end(q);
	links_put(w->links, out);
	return OK;
}

static void bind_key(sqlite3_stmt *q, int i, const uint8_t *key, size_t n)
{
	static const uint8_t nobody[16];
	if (memcmp(key, nobody, n) != 0)
		db_blob(q, i, key, n);
}

static enum status insert_click(
	struct writer *w, const struct ledger_click *c, const struct known_link *l, const struct traffic_verdict *v, bool *new_out)
{
	sqlite3_stmt *q = db_use(&w->db,
		"INSERT INTO click(click, insertion, link, product_key, at_ms, merchant, product, phrase, form, app, model, class, rule, "
		"visitor, link_no,"
		" network, uniq) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17) ON CONFLICT(click) DO NOTHING");
	db_blob(q, 1, c->click.b, LEDGER_ID);
	db_blob(q, 2, c->insertion.b, LEDGER_ID);
	db_blob(q, 3, c->link.b, LEDGER_ID);
	db_int(q, 4, (int64_t)c->product_key);
	db_int(q, 5, c->at_ms);
	const char *names[] = {c->merchant, c->product, l->phrase, l->form, l->app, l->model};
	for (int k = 0; k < (int)ARRAY_LEN(names); k++)
		db_name(q, 6 + k, names[k]);
	db_text(q, 12, click_class_name(v->class));
	db_name(q, 13, v->rule);
	if (!c->unlinkable) {
		bind_key(q, 14, c->visitor, sizeof(c->visitor));
		bind_key(q, 16, c->network, sizeof(c->network));
	}
	db_int(q, 15, l->no);
	db_int(q, 17, v->unique);
	enum status s = db_run(&w->db, q);
	*new_out = s == OK && db_changes(&w->db) == 1;
	return s;
}

/* A retry of an event that is stored changes nothing, and gets the class that stands. */
static enum status stored_class(struct writer *w, const struct ledger_id *click, struct ledger_booking *out, bool *there)
{
	sqlite3_stmt *q = db_use(&w->db, "SELECT class FROM click WHERE click = ?1");
	db_blob(q, 1, click->b, LEDGER_ID);
	enum status s = db_step(&w->db, q, there);
	if (s == OK && *there)
		db_get_name(q, 0, out->click_class, sizeof(out->click_class));
	db_end(q);
	return s;
}

enum status writer_click(struct writer *w, const struct ledger_click *c, struct ledger_booking *out)
{
	struct known_link l;
	bool fresh = false, there = false;
	enum status s = c->repeatable ? stored_class(w, &c->click, out, &there) : OK;
	if (s == OK && !there)
		s = find_link(w, &c->link, &l);
	if (s != OK || there)
		return s;
	struct traffic_verdict v = traffic_judge(&w->traffic, c, l.no ? l.served_ms : INT64_MIN);
	s = insert_click(w, c, &l, &v, &fresh);
	snprintf(out->click_class, sizeof(out->click_class), "%s", click_class_name(v.class).p);
	if (s != OK || !fresh)
		return s;
	atomic_fetch_add(&w->behind, 1);
	writer_saw(w, c->at_ms);
	return OK;
}

/* ---- life ---------------------------------------------------------------------------------------- */

static int on_commit(void *arg, sqlite3 *h, const char *name, int pages)
{
	struct writer *w = arg;
	(void)h;
	(void)name;
	if ((pages >= NUDGE_PAGES || atomic_load(&w->behind) >= BEHIND_MAX) && w->ledger->keeper)
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

/* Those of the last half hour that there were clicks in, or the last of them. */
static enum status recall_traffic(struct writer *w)
{
	sqlite3_stmt *q = db_use(&w->db, "SELECT * FROM (SELECT link, insertion, product_key, merchant, visitor, at_ms FROM click"
					 " WHERE at_ms >= (SELECT max(at_ms) FROM click) - ?1 AND class = 'human' AND visitor IS NOT NULL"
					 " ORDER BY at_ms DESC LIMIT ?2) ORDER BY at_ms");
	db_int(q, 1, UNIQUE_MS);
	db_int(q, 2, RECALLED);
	bool row = true;
	enum status s = OK;
	while (s == OK && (s = db_step(&w->db, q, &row)) == OK && row) {
		struct ledger_click c = {.product_key = (uint64_t)db_get_int(q, 2), .at_ms = db_get_int(q, 5)};
		db_get_blob(q, 0, c.link.b, LEDGER_ID);
		db_get_blob(q, 1, c.insertion.b, LEDGER_ID);
		db_get_name(q, 3, c.merchant, sizeof(c.merchant));
		db_get_blob(q, 4, c.visitor, sizeof(c.visitor));
		s = traffic_recall(&w->traffic, &c);
	}
	db_end(q);
	traffic_keep(&w->traffic);
	return s;
}

static enum status count_behind(struct writer *w)
{
	struct position rolled, last;
	enum status s = position_rolled(&w->db, &rolled);
	if (s == OK)
		s = position_last(&w->db, &last);
	for (int t = 0; t < EVENT_TABLES && s == OK; t++)
		atomic_fetch_add(&w->behind, last.no[t] - rolled.no[t]);
	return s;
}

static enum status take_up(struct writer *w)
{
	enum status s = continue_ids(w);
	if (s == OK)
		s = recall_confirming(w);
	if (s == OK)
		s = recall_traffic(w);
	return s == OK ? count_behind(w) : s;
}

enum status writer_open(struct ledger *l, struct str zones, struct writer **out, struct err *e)
{
	struct writer *w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	w->ledger = l;
	roll_init(&w->roll);
	traffic_init(&w->traffic);
	w->links = links_new();
	w->spread = roll_spread(&w->roll);
	enum status s = w->links ? db_open(&w->db, l->path, DB_WRITE, e) : err_set(e, E_NOMEM, "ledger", "out of memory");
	if (s == OK)
		s = spans_open(w, zones, e);
	if (s == OK && (s = take_up(w)) != OK)
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
	spans_close(w);
	roll_done(&w->roll);
	traffic_done(&w->traffic);
	links_free(w->links);
	free(w);
}
