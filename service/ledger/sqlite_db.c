/* Connections and statements: SQLite here, PostgreSQL in pg_db.c; results as enum status. */
#include "ledger/db.h"
#include "ledger/pg_db.h"

#undef sqlite3_stmt
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 5000 };

struct query {
	sqlite3_stmt *lite; /* or */
	struct pg_query *pg;
};

static enum status db_status(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return E_BUSY;
	case SQLITE_NOMEM:
		return E_NOMEM;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
	case SQLITE_MISUSE:
	case SQLITE_ERROR:
		return E_BUG;
	default:
		return E_IO;
	}
}

enum status db_fail(struct db *d, enum status s, const char *where, struct err *e)
{
	return err_set(e, s == E_BUG ? E_IO : s, where, "database: %s", d->pg ? pg_words(d->pg) : d->h ? sqlite3_errmsg(d->h) : "not open");
}

static const char pragmas_write[] =
        "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
        "PRAGMA temp_store=MEMORY;";
static const char pragmas_read[] = "PRAGMA query_only=ON; PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;";

enum status db_open(struct db *d, const char *path, enum db_mode mode, struct err *e)
{
	memset(d, 0, sizeof(*d));
	int flags = SQLITE_OPEN_NOMUTEX | (mode == DB_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
	enum status s = db_status(sqlite3_open_v2(path, &d->h, flags, NULL));
	if (s == OK)
		s = db_status(sqlite3_busy_timeout(d->h, BUSY_MS));
	if (s == OK)
		s = db_exec(d, mode == DB_WRITE ? pragmas_write : pragmas_read);
	if (s == OK)
		return OK;
	s = db_fail(d, s, path, e);
	db_close(d);
	return s;
}

enum status db_open_pg(struct db *d, struct str url, const char *schema, struct err *e)
{
	memset(d, 0, sizeof(*d));
	return pg_open(url, schema, &d->pg, e);
}

bool db_is_pg(const struct db *d)
{
	return d->pg != NULL;
}

void db_forget(struct db *d)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++) {
		if (!d->cache[i].query)
			continue;
		sqlite3_finalize(d->cache[i].query->lite);
		pg_query_free(d->cache[i].query->pg);
		free(d->cache[i].query);
	}
	memset(d->cache, 0, sizeof(d->cache));
}

bool db_lost(const struct db *d)
{
	return d->pg ? pg_lost(d->pg) : !d->h;
}

void db_close(struct db *d)
{
	db_forget(d);
	sqlite3_close(d->h);
	pg_close(d->pg);
	memset(d, 0, sizeof(*d));
}

/* ---- transactions ------------------------------------------------------------------------------------------ */

bool db_in_transaction(const struct db *d)
{
	return d->pg ? pg_in_transaction(d->pg) : d->h && !sqlite3_get_autocommit(d->h);
}

enum status db_begin(struct db *d)
{
	return db_run(d, db_use(d, "BEGIN IMMEDIATE"));
}

void db_rollback(struct db *d)
{
	/* A failed write may have rolled back by itself. */
	if (db_in_transaction(d))
		err_ignore(db_run(d, db_use(d, "ROLLBACK")));
}

int64_t db_changes(const struct db *d)
{
	return d->pg ? pg_changes(d->pg) : sqlite3_changes(d->h);
}

int64_t db_last_no(const struct db *d)
{
	return d->pg ? 0 : sqlite3_last_insert_rowid(d->h);
}

/* ---- statements -------------------------------------------------------------------------------------------- */

static void reset(struct query *q)
{
	if (q->pg) {
		pg_query_reset(q->pg);
		return;
	}
	sqlite3_reset(q->lite);
	sqlite3_clear_bindings(q->lite);
}

static struct query *make(struct db *d, const char *sql, size_t number)
{
	struct query *q = calloc(1, sizeof(*q));
	if (q && d->pg)
		q->pg = pg_query_new(d->pg, sql, (unsigned)number);
	else if (q && sqlite3_prepare_v3(d->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->lite, NULL) != SQLITE_OK)
		q->lite = NULL;
	if (q && (q->pg || q->lite))
		return q;
	free(q);
	return NULL;
}

struct query *db_use(struct db *d, const char *sql)
{
	size_t i = (size_t)hash_mix((uint64_t)(uintptr_t)sql) & (DB_STATEMENTS - 1);
	for (size_t tries = 0; d->cache[i].sql && d->cache[i].sql != sql && tries < DB_STATEMENTS; tries++)
		i = (i + 1) & (DB_STATEMENTS - 1);
	if (d->cache[i].sql == sql) {
		reset(d->cache[i].query);
		return d->cache[i].query;
	}
	struct query *q = d->cache[i].sql ? NULL : make(d, sql, i);
	if (!q)
		return NULL;
	d->cache[i].sql = sql;
	d->cache[i].query = q;
	return q;
}

static enum status lite_step(struct db *d, sqlite3_stmt *s, bool *row_out)
{
	int rc = sqlite3_step(s);
	(void)d;
	*row_out = rc == SQLITE_ROW;
	if (!*row_out)
		sqlite3_reset(s);
	return *row_out ? OK : db_status(rc);
}

enum status db_step(struct db *d, struct query *q, bool *row_out)
{
	*row_out = false;
	if (q)
		return q->pg ? pg_step(q->pg, row_out) : lite_step(d, q->lite, row_out);
	/* A statement that could not be prepared: its reason is still in the connection. */
	enum status s = d->h ? db_status(sqlite3_errcode(d->h)) : E_BUG;
	return s == OK ? E_BUG : s;
}

enum status db_run(struct db *d, struct query *s)
{
	bool row = true;
	enum status st = OK;
	while (st == OK && row)
		st = db_step(d, s, &row);
	return st;
}

enum status db_insert(struct db *d, struct query *s, int64_t *no_out)
{
	bool row;
	enum status st = db_step(d, s, &row);
	*no_out = st == OK && row ? db_get_int(s, 0) : 0;
	return st == OK && row ? db_run(d, s) : st;
}

void db_end(struct query *q)
{
	if (q && q->pg)
		pg_query_end(q->pg);
	else if (q)
		sqlite3_reset(q->lite);
}

enum status db_exec(struct db *d, const char *sql)
{
	return d->pg ? pg_exec(d->pg, sql) : db_status(sqlite3_exec(d->h, sql, NULL, NULL, NULL));
}

/* ---- values -------------------------------------------------------------------------------------------------- */

void db_text(struct query *q, int i, struct str text)
{
	if (q && q->pg)
		pg_bind(q->pg, i, PG_TEXT, text.p, text.n);
	else if (q)
		sqlite3_bind_text64(q->lite, i, text.n ? text.p : "", text.n, SQLITE_STATIC, SQLITE_UTF8);
}

void db_name(struct query *q, int i, const char *z)
{
	db_text(q, i, str_of(z));
}

void db_blob(struct query *q, int i, const void *p, size_t n)
{
	if (q && q->pg)
		pg_bind(q->pg, i, PG_BLOB, p, n);
	else if (q)
		sqlite3_bind_blob64(q->lite, i, n ? p : "", n, SQLITE_STATIC);
}

void db_int(struct query *q, int i, int64_t v)
{
	if (q && q->pg)
		pg_bind_int(q->pg, i, v);
	else if (q)
		sqlite3_bind_int64(q->lite, i, v);
}

struct str db_get_text(struct query *q, int col)
{
	if (q->pg)
		return pg_text(q->pg, col);
	const char *p = (const char *)sqlite3_column_text(q->lite, col);
	return (struct str){p ? p : "", p ? (size_t)sqlite3_column_bytes(q->lite, col) : 0};
}

const char *db_get_z(struct query *q, int col)
{
	const char *p = q->pg ? pg_text(q->pg, col).p : (const char *)sqlite3_column_text(q->lite, col);
	return p ? p : "";
}

int64_t db_get_int(struct query *q, int col)
{
	if (!q->pg)
		return sqlite3_column_int64(q->lite, col);
	struct str s = pg_text(q->pg, col);
	int64_t v = 0;
	return str_eq(s, STR("t")) ? 1 : str_int(s, &v) ? v : 0;
}

bool db_is_null(struct query *q, int col)
{
	return q->pg ? pg_is_null(q->pg, col) : sqlite3_column_type(q->lite, col) == SQLITE_NULL;
}

void db_get_blob(struct query *q, int col, void *out, size_t n)
{
	memset(out, 0, n);
	if (q->pg) {
		pg_blob(q->pg, col, out, n);
		return;
	}
	const void *p = sqlite3_column_blob(q->lite, col);
	size_t have = (size_t)sqlite3_column_bytes(q->lite, col);
	if (p && have)
		memcpy(out, p, have < n ? have : n);
}

void db_put_blob(struct query *q, int col, struct buf *out)
{
	if (!q->pg) {
		const char *p = sqlite3_column_blob(q->lite, col);
		buf_put(out, (struct str){p, p ? (size_t)sqlite3_column_bytes(q->lite, col) : 0});
		return;
	}
	struct str hex = str_sub(pg_text(q->pg, col), 2, SIZE_MAX);
	for (size_t i = 0; i + 1 < hex.n; i += 2) {
		uint8_t byte;
		if (hex_get(str_sub(hex, i, i + 2), &byte, 1))
			buf_putc(out, (char)byte);
	}
}

void db_get_name(struct query *q, int col, char *out, size_t n)
{
	struct str t = db_get_text(q, col);
	t.n = t.n < n ? t.n : n - 1;
	memcpy(out, t.p, t.n);
	out[t.n] = '\0';
}

/* ---- rows whole: of SQLite's statements ------------------------------------------------------------------------- */

int db_columns(struct query *q)
{
	return sqlite3_column_count(q->lite);
}

const char *db_column_name(struct query *q, int col)
{
	return sqlite3_column_name(q->lite, col);
}

enum db_kind db_column_kind(struct query *q, int col)
{
	switch (sqlite3_column_type(q->lite, col)) {
	case SQLITE_INTEGER:
		return DB_INT;
	case SQLITE_TEXT:
		return DB_TEXT;
	case SQLITE_BLOB:
		return DB_BLOB;
	default:
		return DB_NULL;
	}
}

void db_copy(struct query *to, int i, struct query *from, int col)
{
	switch (db_column_kind(from, col)) {
	case DB_INT:
		db_int(to, i, db_get_int(from, col));
		break;
	case DB_TEXT:
		db_text(to, i, db_get_text(from, col));
		break;
	case DB_BLOB:
		db_blob(to, i, sqlite3_column_blob(from->lite, col), (size_t)sqlite3_column_bytes(from->lite, col));
		break;
	case DB_NULL:
		break;
	}
}
