/* Catalogs in their own file: products, where their links lead, generations. Written by the uploading thread, one at a time, so that a
 * replacement of a million lines never stands in a click's way. */
#include "ledger/central.h"
#include "ledger/sqlite_store.h"

#define TOMBSTONE_MS (INT64_C(397) * 86400000) /* 13 months */

/* ---- writing ---------------------------------------------------------------------------------- */

static enum status catalog_row(struct db *d, struct str merchant, int64_t *no_out, struct buf *generation, bool *found_out)
{
	sqlite3_stmt *q = db_use(d, "SELECT no, generation FROM catalog WHERE merchant = ?1");
	db_text(q, 1, merchant);
	enum status s = db_step(d, q, found_out);
	if (s != OK || !*found_out)
		return s;
	*no_out = db_get_int(q, 0);
	buf_put(generation, db_get_text(q, 1));
	db_end(q);
	return generation->failed ? E_NOMEM : OK;
}

static enum status set_generation(struct db *d, struct str merchant, struct str generation, int64_t now_ms, int64_t *no_out)
{
	sqlite3_stmt *q = db_use(d, "INSERT INTO catalog(merchant, generation, changed_ms) VALUES(?1,?2,?3)"
				    " ON CONFLICT(merchant) DO UPDATE SET generation=excluded.generation, changed_ms=excluded.changed_ms RETURNING no");
	db_text(q, 1, merchant);
	db_text(q, 2, generation);
	db_int(q, 3, now_ms);
	return db_insert(d, q, no_out);
}

/* An unchanged line costs a look, not a write. */
static enum status put_line(struct db *d, int64_t catalog, const struct ledger_catalog_line *l)
{
	sqlite3_stmt *q = db_use(d, "INSERT INTO product(catalog_no, id, line, product_key) VALUES(?1,?2,?3,?4) ON CONFLICT(catalog_no, id)"
				    " DO UPDATE SET line=excluded.line, product_key=excluded.product_key"
				    " WHERE product.line <> excluded.line OR product.product_key <> excluded.product_key");
	db_int(q, 1, catalog);
	db_text(q, 2, l->id);
	db_text(q, 3, l->line);
	db_int(q, 4, (int64_t)l->product_key);
	enum status s = db_run(d, q);
	if (s != OK)
		return s;
	q = db_use(d, "INSERT INTO target(product_key, catalog_no, id, url, departed_ms) VALUES(?1,?2,?3,?4,0) ON CONFLICT(product_key)"
		      " DO UPDATE SET catalog_no=excluded.catalog_no, id=excluded.id, url=excluded.url, departed_ms=0"
		      " WHERE target.url <> excluded.url OR target.departed_ms <> 0 OR target.id <> excluded.id OR target.catalog_no <> excluded.catalog_no");
	db_int(q, 1, (int64_t)l->product_key);
	db_int(q, 2, catalog);
	db_text(q, 3, l->id);
	db_text(q, 4, l->url);
	return db_run(d, q);
}

static enum status drop_line(struct db *d, int64_t catalog, struct str id, int64_t now_ms)
{
	sqlite3_stmt *q = db_use(d, "DELETE FROM product WHERE catalog_no = ?1 AND id = ?2 RETURNING product_key");
	db_int(q, 1, catalog);
	db_text(q, 2, id);
	bool row;
	enum status s = db_step(d, q, &row);
	if (s != OK || !row)
		return s;
	int64_t key = db_get_int(q, 0);
	s = db_run(d, q);
	if (s != OK)
		return s;
	q = db_use(d, "UPDATE target SET departed_ms = ?2 WHERE product_key = ?1");
	db_int(q, 1, key);
	db_int(q, 2, now_ms);
	return db_run(d, q);
}

static enum status put_lines(
	struct db *d, int64_t catalog, bool (*next)(void *arg, struct ledger_catalog_line *out), void *arg, int64_t now_ms)
{
	struct ledger_catalog_line l = {0};
	enum status s = OK;
	while (s == OK && next(arg, &l)) {
		s = l.line.n ? put_line(d, catalog, &l) : drop_line(d, catalog, l.id, now_ms);
		l = (struct ledger_catalog_line){0};
	}
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(d, "DELETE FROM target WHERE departed_ms > 0 AND departed_ms < ?1");
	db_int(q, 1, now_ms - TOMBSTONE_MS);
	return db_run(d, q);
}

/* Reads the row, checks the generation expected, and writes the new one. */
static enum status turn_generation(
	struct db *d, struct str merchant, struct str expected, struct str generation, int64_t now_ms, int64_t *no_out, struct err *e)
{
	struct buf stored;
	buf_init(&stored, 4096);
	bool found;
	enum status s = catalog_row(d, merchant, no_out, &stored, &found);
	bool other = s == OK && expected.n && !str_eq(buf_str(&stored), expected);
	if (other)
		s = err_set(e, E_CONFLICT, "generation", "the catalog is now at %.*s", (int)(stored.n < 100 ? stored.n : 100), stored.p ? stored.p : "");
	buf_done(&stored);
	if (s != OK)
		return s;
	return set_generation(d, merchant, generation, now_ms, no_out);
}

enum status ledger_catalog_put(struct ledger *l, struct str merchant, struct str if_generation, struct str generation,
	bool (*next)(void *arg, struct ledger_catalog_line *out), void *arg, int64_t now_ms, struct err *e)
{
	if (!l->catalog)
		return err_set(e, E_BUSY, "ledger", "opened for reading only");
	struct db *d = &l->catalog->db;
	struct err own = {0};
	int64_t no = 0;
	pthread_mutex_lock(&l->catalog_mutex);
	enum status s = OK;
	if (l->central && db_lost(d)) {
		db_close(d);
		s = central_connect(l->central, d, "cat, main", &own);
	}
	if (s != OK) {
		pthread_mutex_unlock(&l->catalog_mutex);
		return err_set(e, s, "catalog", "%s", own.text);
	}
	s = db_begin(d);
	if (s == OK)
		s = turn_generation(d, merchant, if_generation, generation, now_ms, &no, &own);
	if (s == OK)
		s = put_lines(d, no, next, arg, now_ms);
	if (s == OK)
		s = db_count_up(d, "data_version");
	if (s == OK)
		s = db_run(d, db_use(d, "COMMIT"));
	if (s == E_CONFLICT && e)
		*e = own;
	else if (s != OK)
		s = db_fail(d, s, "catalog", e);
	if (s != OK && db_in_transaction(d))
		err_ignore(db_run(d, db_use(d, "ROLLBACK")));
	pthread_mutex_unlock(&l->catalog_mutex);
	return s;
}

/* ---- reading ----------------------------------------------------------------------------------- */

enum status ledger_catalog_each(
	struct ledger *l, struct str merchant, bool (*each)(void *arg, struct str line), void *arg, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT p.line FROM cat.catalog c JOIN cat.product p ON p.catalog_no = c.no WHERE c.merchant = ?1"
					 " ORDER BY p.id");
	db_text(q, 1, merchant);
	bool row = true, wanted = true;
	while (s == OK && row && wanted) {
		s = db_step(&r->db, q, &row);
		if (s == OK && row)
			wanted = each(arg, db_get_text(q, 0));
	}
	db_end(q);
	if (s != OK)
		s = db_fail(&r->db, s, "catalog", e);
	reader_put(l, r);
	return s;
}

enum status ledger_target_get(struct ledger *l, uint64_t product_key, struct arena *a, struct ledger_target *out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT c.merchant, t.id, t.url, t.departed_ms FROM cat.target t"
					 " JOIN cat.catalog c ON c.no = t.catalog_no WHERE t.product_key = ?1");
	db_int(q, 1, (int64_t)product_key);
	bool row;
	s = db_step(&r->db, q, &row);
	if (s != OK) {
		s = db_fail(&r->db, s, "target", e);
	} else if (!row) {
		s = err_set(e, E_MISSING, "target", "no product has this key");
	} else {
		struct ledger_target t = {.departed = db_get_int(q, 3) != 0};
		t.merchant = arena_take_str(a, db_get_text(q, 0));
		t.product = arena_take_str(a, db_get_text(q, 1));
		t.url = arena_take_str(a, db_get_text(q, 2));
		db_end(q);
		if (arena_failed(a))
			s = err_set(e, E_NOMEM, "target", "out of memory");
		else
			*out = t;
	}
	reader_put(l, r);
	return s;
}

/* The sum of two counters that only grow, one a file. */
enum status ledger_data_version(struct ledger *l, int64_t *out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT (SELECT n FROM main.counter WHERE name = 'data_version')"
					 " + (SELECT n FROM cat.counter WHERE name = 'data_version')");
	bool row;
	s = db_step(&r->db, q, &row);
	if (s == OK && row)
		*out = db_get_int(q, 0);
	else
		s = db_fail(&r->db, s == OK ? E_IO : s, "ledger", e);
	db_end(q);
	reader_put(l, r);
	return s;
}
