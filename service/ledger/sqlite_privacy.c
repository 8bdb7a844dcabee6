/* What is known of people: taken out after a time, or when somebody asks. Rows are never deleted, since the roll-ups count by their numbers:
 * fields are emptied. The hash chain of postings holds nothing of a person, and stays as it is. */
#include "ledger/sqlite_store.h"

#include <string.h>

enum { AT_ONCE = 500 };
#define HOUR_MS INT64_C(3600000)

/* ---- one user -------------------------------------------------------------------------------------- */

struct found {
	int64_t no[AT_ONCE];
	size_t n;
};
struct erasure {
	const char *sql; /* empties row ?1 */
	const struct found *rows;
};

static enum status erase(struct writer *w, void *arg)
{
	const struct erasure *x = arg;
	enum status s = OK;
	for (size_t i = 0; i < x->rows->n && s == OK; i++) {
		sqlite3_stmt *q = db_use(&w->db, x->sql);
		db_int(q, 1, x->rows->no[i]);
		s = db_run(&w->db, q);
	}
	return s;
}

/* Rows that sql finds behind the number `after`, for the user. */
static enum status find_rows(struct ledger *l, const char *sql, const struct ledger_id *user, int64_t after, struct found *out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get_fresh(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, sql);
	db_blob(q, 1, user->b, LEDGER_ID);
	db_int(q, 2, after);
	db_int(q, 3, AT_ONCE);
	bool row = true;
	out->n = 0;
	while (out->n < AT_ONCE && (s = db_step(&r->db, q, &row)) == OK && row)
		out->no[out->n++] = db_get_int(q, 0);
	db_end(q);
	if (s != OK)
		s = db_fail(&r->db, s, "forget", e);
	reader_put(l, r);
	return s;
}

static enum status erase_all(struct ledger *l, const char *find, const char *empty, const struct ledger_id *user, int64_t *count, struct err *e)
{
	struct found rows = {.n = 0};
	struct erasure x = {empty, &rows};
	int64_t after = 0;
	enum status s;
	do {
		s = find_rows(l, find, user, after, &rows, e);
		if (s == OK && rows.n)
			s = ledger_task(l, erase, &x, e);
		*count += s == OK ? (int64_t)rows.n : 0;
		after = rows.n ? rows.no[rows.n - 1] : after;
	} while (s == OK && rows.n == AT_ONCE);
	return s;
}

/* In an outbox, before what lies there is shipped. Few rows are a person's: no index is kept for this. */
static enum status forget_here(struct writer *w, void *user)
{
	static const char *const empty[] = {
		"UPDATE click SET visitor = NULL, network = NULL WHERE visitor IS NOT NULL AND insertion IN (SELECT insertion FROM insertion WHERE user = ?1)",
		"UPDATE insertion SET user = NULL, conversation = NULL, request = NULL WHERE user = ?1"};
	enum status s = OK;
	for (size_t i = 0; i < ARRAY_LEN(empty) && s == OK; i++) {
		sqlite3_stmt *q = db_use(&w->db, empty[i]);
		db_blob(q, 1, user, LEDGER_ID);
		s = db_run(&w->db, q);
	}
	return s;
}

/* The clicks first: they are found by the answers. */
enum status ledger_forget(struct ledger *l, struct ledger_id user, int64_t *answers_out, struct err *e)
{
	int64_t clicks = 0, answers = 0;
	enum status s = ledger_task_here(l, forget_here, user.b, e);
	if (s == OK)
		s = erase_all(l,
		"SELECT c.no FROM click c WHERE c.visitor IS NOT NULL AND c.no > ?2 AND EXISTS (SELECT 1 FROM insertion i WHERE i.insertion = c.insertion"
		" AND i.user = ?1) ORDER BY c.no LIMIT ?3",
		"UPDATE click SET visitor = NULL, network = NULL WHERE no = ?1", &user, &clicks, e);
	if (s == OK)
		s = erase_all(l, "SELECT no FROM insertion WHERE user = ?1 AND no > ?2 ORDER BY no LIMIT ?3",
			"UPDATE insertion SET user = NULL, conversation = NULL, request = NULL WHERE no = ?1", &user, &answers, e);
	if (s == OK)
		*answers_out = answers;
	return s;
}

/* ---- retention ---------------------------------------------------------------------------------------- */

/* A kind of data, emptied hour by hour from the mark on. */
struct retention {
	const char *mark; /* counter: all before this time is empty */
	const char *first, *empty;
	int64_t keep_ms, now_ms;
	bool more;
};

static enum status read_mark(struct db *d, const struct retention *r, int64_t *out)
{
	sqlite3_stmt *q = db_use(d, "SELECT n FROM counter WHERE name = ?1");
	bool row;
	db_name(q, 1, r->mark);
	enum status s = db_step(d, q, &row);
	*out = row ? db_get_int(q, 0) : INT64_MIN;
	db_end(q);
	return s;
}

static enum status store_mark(struct db *d, const struct retention *r, int64_t mark)
{
	sqlite3_stmt *q = db_use(d, "INSERT INTO counter(name, n) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET n = ?2");
	db_name(q, 1, r->mark);
	db_int(q, 2, mark);
	return db_run(d, q);
}

/* Goes on at the first event that is there: empty years are passed over. */
static enum status next_event(struct db *d, const struct retention *r, int64_t from, int64_t *out)
{
	sqlite3_stmt *q = db_use(d, r->first);
	bool row;
	db_int(q, 1, from);
	enum status s = db_step(d, q, &row);
	*out = row && !db_is_null(q, 0) ? db_get_int(q, 0) : INT64_MAX;
	db_end(q);
	return s;
}

static enum status retain_hour(struct writer *w, void *arg)
{
	struct retention *r = arg;
	int64_t mark, first = 0, until = r->now_ms - r->keep_ms;
	enum status s = read_mark(&w->db, r, &mark);
	if (s == OK)
		s = next_event(&w->db, r, mark, &first);
	r->more = s == OK && first < until;
	if (!r->more)
		return s;
	int64_t end = first + HOUR_MS < until ? first + HOUR_MS : until;
	sqlite3_stmt *q = db_use(&w->db, r->empty);
	db_int(q, 1, first);
	db_int(q, 2, end);
	s = db_run(&w->db, q);
	return s == OK ? store_mark(&w->db, r, end) : s;
}

enum status ledger_retain(struct ledger *l, int64_t now, struct err *e)
{
	struct retention kinds[] = {
		{.mark = "retained_click", .first = "SELECT min(at_ms) FROM click WHERE at_ms >= ?1",
			.empty = "UPDATE click SET visitor = NULL, network = NULL WHERE at_ms >= ?1 AND at_ms < ?2", .keep_ms = LEDGER_VISITOR_MS},
		{.mark = "retained_insertion", .first = "SELECT min(at_ms) FROM insertion WHERE at_ms >= ?1",
			.empty = "UPDATE insertion SET user = NULL, conversation = NULL, request = NULL WHERE at_ms >= ?1 AND at_ms < ?2",
			.keep_ms = LEDGER_PERSON_MS},
	};
	enum status s = OK;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		kinds[i].now_ms = now;
		do
			s = s == OK ? ledger_task(l, retain_hour, &kinds[i], e) : s;
		while (s == OK && kinds[i].more);
		do {
			kinds[i].more = false;
			s = s == OK ? ledger_task_here(l, retain_hour, &kinds[i], e) : s;
		} while (s == OK && kinds[i].more);
	}
	return s;
}
