/* SQLite connections: opening with the durability we promise, statements by text, results as enum status. */
#include "ledger/db.h"

#include <string.h>

enum { BUSY_MS = 5000 };

enum status db_status(int rc)
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
	return err_set(e, s == E_BUG ? E_IO : s, where, "database: %s", d->h ? sqlite3_errmsg(d->h) : "not open");
}

static const char pragmas_write[] = "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
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

void db_close(struct db *d)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++)
		sqlite3_finalize(d->cache[i].stmt);
	sqlite3_close(d->h);
	memset(d, 0, sizeof(*d));
}

sqlite3_stmt *db_use(struct db *d, const char *sql)
{
	size_t i = (size_t)hash_mix((uint64_t)(uintptr_t)sql) & (DB_STATEMENTS - 1);
	for (size_t tries = 0; d->cache[i].sql && d->cache[i].sql != sql && tries < DB_STATEMENTS; tries++)
		i = (i + 1) & (DB_STATEMENTS - 1);
	if (d->cache[i].sql == sql) {
		sqlite3_reset(d->cache[i].stmt);
		sqlite3_clear_bindings(d->cache[i].stmt);
		return d->cache[i].stmt;
	}
	sqlite3_stmt *s = NULL;
	if (d->cache[i].sql || sqlite3_prepare_v3(d->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
		return NULL;
	d->cache[i].sql = sql;
	d->cache[i].stmt = s;
	return s;
}

enum status db_step(struct db *d, sqlite3_stmt *s, bool *row_out)
{
	*row_out = false;
	/* A statement that could not be prepared: its reason is still in the connection. */
	int rc = s ? sqlite3_step(s) : sqlite3_errcode(d->h);
	if (s && rc == SQLITE_ROW) {
		*row_out = true;
		return OK;
	}
	if (s)
		sqlite3_reset(s);
	else if (db_status(rc) == OK)
		return E_BUG;
	return db_status(rc);
}

enum status db_run(struct db *d, sqlite3_stmt *s)
{
	bool row = true;
	enum status st = OK;
	while (st == OK && row)
		st = db_step(d, s, &row);
	return st;
}

enum status db_insert(struct db *d, sqlite3_stmt *s, int64_t *no_out)
{
	bool row;
	enum status st = db_step(d, s, &row);
	*no_out = st == OK && row ? db_get_int(s, 0) : 0;
	return st == OK && row ? db_run(d, s) : st;
}

void db_end(sqlite3_stmt *s)
{
	if (s)
		sqlite3_reset(s);
}

enum status db_exec(struct db *d, const char *sql)
{
	return db_status(sqlite3_exec(d->h, sql, NULL, NULL, NULL));
}

void db_text(sqlite3_stmt *s, int i, struct str text)
{
	sqlite3_bind_text64(s, i, text.n ? text.p : "", text.n, SQLITE_STATIC, SQLITE_UTF8);
}

void db_name(sqlite3_stmt *s, int i, const char *z)
{
	sqlite3_bind_text(s, i, z, -1, SQLITE_STATIC);
}

void db_blob(sqlite3_stmt *s, int i, const void *p, size_t n)
{
	sqlite3_bind_blob64(s, i, n ? p : "", n, SQLITE_STATIC);
}

void db_int(sqlite3_stmt *s, int i, int64_t v)
{
	sqlite3_bind_int64(s, i, v);
}

struct str db_get_text(sqlite3_stmt *s, int col)
{
	const char *p = (const char *)sqlite3_column_text(s, col);
	return (struct str){p ? p : "", p ? (size_t)sqlite3_column_bytes(s, col) : 0};
}

int64_t db_get_int(sqlite3_stmt *s, int col)
{
	return sqlite3_column_int64(s, col);
}

bool db_is_null(sqlite3_stmt *s, int col)
{
	return sqlite3_column_type(s, col) == SQLITE_NULL;
}

void db_get_blob(sqlite3_stmt *s, int col, void *out, size_t n)
{
	memset(out, 0, n);
	const void *p = sqlite3_column_blob(s, col);
	size_t have = (size_t)sqlite3_column_bytes(s, col);
	if (p && have)
		memcpy(out, p, have < n ? have : n);
}

void db_get_name(sqlite3_stmt *s, int col, char *out, size_t n)
{
	struct str t = db_get_text(s, col);
	t.n = t.n < n ? t.n : n - 1;
	memcpy(out, t.p, t.n);
	out[t.n] = '\0';
}
