/* Links that were shown, as the apps confirm it. */
#include "ledger/sqlite_store.h"

#include <string.h>

/* A link with what its impressions are counted under. */
struct shown_link {
	int64_t no, shown, first_ms,
		since_ms; /* first_ms INT64_MIN: not among the first serve's; since_ms: INT64_MIN: its app does not confirm yet */
	char app[LEDGER_TEXT];
};

static enum status find_link(struct writer *w, const struct ledger_id *link, struct shown_link *out)
{
	sqlite3_stmt *q =
		db_use(&w->db, "SELECT l.no, l.shown, CASE WHEN l.later THEN NULL ELSE i.at_ms END, c.since_ms, i.app, i.at_ms FROM link l"
			       " JOIN insertion i ON i.no = l.insertion_no LEFT JOIN confirming c ON c.app = i.app WHERE l.link = ?1");
	bool row;
	db_blob(q, 1, link->b, LEDGER_ID);
	enum status s = db_step(&w->db, q, &row);
	*out = (struct shown_link){.first_ms = INT64_MIN, .since_ms = INT64_MIN};
	if (s != OK || !row)
		return s;
	out->no = db_get_int(q, 0);
	out->shown = db_get_int(q, 1);
	if (!db_is_null(q, 2))
		out->first_ms = db_get_int(q, 2);
	if (!db_is_null(q, 3))
		out->since_ms = db_get_int(q, 3);
	db_get_name(q, 4, out->app, sizeof(out->app));
	db_end(q);
	return OK;
}

/* How often the link was served since then, and when last. */
static enum status count_serves(struct writer *w, const struct shown_link *l, int64_t since_ms, int64_t *n_out, int64_t *last_out)
{
	sqlite3_stmt *q = db_use(&w->db, "SELECT count(*), max(s.at_ms) FROM serve_link x JOIN serve s ON s.no = x.serve_no"
					 " WHERE x.link_no = ?1 AND s.at_ms >= ?2");
	bool row, first = l->first_ms != INT64_MIN && l->first_ms >= since_ms;
	db_int(q, 1, l->no);
	db_int(q, 2, since_ms);
	enum status s = db_step(&w->db, q, &row);
	if (s != OK)
		return s;
	*n_out = db_get_int(q, 0) + first;
	*last_out = db_get_int(q, 0) ? db_get_int(q, 1) : l->first_ms;
	if (first && l->first_ms > *last_out)
		*last_out = l->first_ms;
	db_end(q);
	return OK;
}

#define TAKE_BACK                                                                                                                          \
	"INSERT INTO impression(link_no, at_ms, n, merchant, product, phrase, form, app, model)"                                           \
	" SELECT l.no, i.at_ms, -1, l.merchant, l.product, l.phrase, i.form, i.app, i.model FROM "

static enum status take_back(struct writer *w, const char *sql, const char *app, int64_t since_ms)
{
	sqlite3_stmt *q = db_use(&w->db, sql);
	db_name(q, 1, app);
	db_int(q, 2, since_ms);
	enum status s = db_run(&w->db, q);
	atomic_fetch_add(&w->behind, db_changes(&w->db));
	return s;
}

/* From the day of this answer on the app's links count when confirmed; those of that day that were counted when served are taken back. */
static enum status begin_confirming(struct writer *w, struct shown_link *l, int64_t served_ms)
{
	l->since_ms = day_of(served_ms) * 86400000;
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO confirming(app, since_ms) VALUES(?1, ?2)");
	db_name(q, 1, l->app);
	db_int(q, 2, l->since_ms);
	enum status s = db_run(&w->db, q);
	if (s == OK)
		s = take_back(w,
			TAKE_BACK "insertion i JOIN link l ON l.insertion_no = i.no AND l.later = 0 WHERE i.at_ms >= ?2 AND i.app = ?1"
				  " AND i.confirms = 0",
			l->app, l->since_ms);
	if (s == OK)
		s = take_back(w,
			TAKE_BACK "serve i JOIN serve_link x ON x.serve_no = i.no JOIN link l ON l.no = x.link_no WHERE i.at_ms >= ?2"
				  " AND i.app = ?1 AND i.confirms = 0",
			l->app, l->since_ms);
	w->confirming = true;
	return s;
}

static enum status add_shown(struct writer *w, const struct shown_link *l, int64_t at_ms)
{
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO impression(link_no, at_ms, n, merchant, product, phrase, form, app, model)"
					 " SELECT l.no, ?2, 1, l.merchant, l.product, l.phrase, i.form, i.app, i.model FROM link l"
					 " JOIN insertion i ON i.no = l.insertion_no WHERE l.no = ?1");
	db_int(q, 1, l->no);
	db_int(q, 2, at_ms);
	enum status s = db_run(&w->db, q);
	if (s != OK)
		return s;
	atomic_fetch_add(&w->behind, 1);
	q = db_use(&w->db, "UPDATE link SET shown = shown + 1 WHERE no = ?1");
	db_int(q, 1, l->no);
	return db_run(&w->db, q);
}

static enum status show_link(struct writer *w, const struct ledger_id *link, struct ledger_booking *out)
{
	struct shown_link l;
	int64_t serves = 0, last_ms = INT64_MIN;
	enum status s = find_link(w, link, &l);
	if (s != OK || !l.no) {
		out->unknown += s == OK;
		return s;
	}
	/* An answer of before the app confirmed was counted when it was served. */
	s = count_serves(w, &l, l.since_ms, &serves, &last_ms);
	if (s != OK || l.shown >= serves)
		return s;
	if (l.since_ms == INT64_MIN)
		s = begin_confirming(w, &l, last_ms);
	if (s == OK)
		s = add_shown(w, &l, last_ms);
	out->confirmed += s == OK;
	return s;
}

static enum status show_whole(struct writer *w, const struct ledger_id *insertion, struct ledger_booking *out)
{
	struct ledger_id link[LEDGER_MAX_SHOWN];
	size_t n = 0;
	bool row = true;
	sqlite3_stmt *q =
		db_use(&w->db, "SELECT l.link FROM link l JOIN insertion i ON i.no = l.insertion_no WHERE i.insertion = ?1 ORDER BY l.no");
	db_blob(q, 1, insertion->b, LEDGER_ID);
	enum status s = OK;
	while (n < ARRAY_LEN(link) && (s = db_step(&w->db, q, &row)) == OK && row)
		db_get_blob(q, 0, link[n++].b, LEDGER_ID);
	db_end(q);
	out->unknown += s == OK && n == 0;
	for (size_t i = 0; i < n && s == OK; i++)
		s = show_link(w, &link[i], out);
	return s;
}

enum status writer_impression(struct writer *w, const struct ledger_impression *i, struct ledger_booking *out)
{
	enum status s = OK;
	*out = (struct ledger_booking){0};
	if (i->whole)
		s = show_whole(w, &i->insertion, out);
	for (uint32_t k = 0; k < i->link_count && s == OK; k++)
		s = show_link(w, &i->link[k], out);
	if (out->confirmed)
		writer_saw(w, i->at_ms);
	return s;
}
