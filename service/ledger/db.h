/* A connection with its prepared statements, to SQLite or PostgreSQL; what the statements are behind is settled when it is opened. The only
 * place that maps the stores' results to ours. One connection belongs to one thread at a time. */
#ifndef LEDGER_DB_H
#define LEDGER_DB_H

#include "base/base.h"

struct pg;
/* A statement of either store. */
struct query;
#define sqlite3_stmt struct query
struct sqlite3;

#define DB_STATEMENTS 256 /* power of two, well above the number of SQL texts in this room */

struct db {
	struct sqlite3 *h; /* or */
	struct pg *pg;
	struct {
		const char *sql;
		struct query *query;
	} cache[DB_STATEMENTS];
};

enum db_mode { DB_WRITE, DB_READ };

/* WAL, synchronous=FULL, foreign keys, busy timeout. DB_WRITE creates the file. */
MUST_USE enum status db_open(struct db *d, const char *path, enum db_mode mode, struct err *e);
/* postgresql://…; schema is where names without one are looked for. E_BUSY: it cannot be reached. */
MUST_USE enum status db_open_pg(struct db *d, struct str url, const char *schema, struct err *e);
bool db_is_pg(const struct db *d);
bool db_in_transaction(const struct db *d);
/* BEGIN for writing, and what ends it. */
MUST_USE enum status db_begin(struct db *d);
void db_rollback(struct db *d);
/* Rows that the last statement changed; SQLite's last row number (PostgreSQL: RETURNING). */
int64_t db_changes(const struct db *d);
int64_t db_last_no(const struct db *d);
/* Lets go of all statements: the next use prepares them anew. */
void db_forget(struct db *d);
bool db_lost(const struct db *d); /* the connection is gone, and has to be opened again */
/* Columns of a row, by name and kind, for copying rows whole. */
enum db_kind { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };
int db_columns(sqlite3_stmt *s);
const char *db_column_name(sqlite3_stmt *s, int col);
enum db_kind db_column_kind(sqlite3_stmt *s, int col);
/* Binds what stands in a column of another statement; it must not step on before this one has run. */
void db_copy(sqlite3_stmt *to, int i, sqlite3_stmt *from, int col);
void db_close(struct db *d);
/* The prepared statement of a constant SQL text (kept by the text's address), reset and unbound. NULL if it cannot be prepared: binding and
 * stepping NULL is harmless and ends in an error from db_run. */
sqlite3_stmt *db_use(struct db *d, const char *sql);
/* Steps to the end and resets. */
MUST_USE enum status db_run(struct db *d, sqlite3_stmt *s);
/* One step. *row_out tells whether there is a row; without one, or on failure, the statement is reset. */
MUST_USE enum status db_step(struct db *d, sqlite3_stmt *s, bool *row_out);
/* Runs an INSERT … RETURNING no. *no_out is 0 when nothing was inserted (ON CONFLICT DO NOTHING). */
MUST_USE enum status db_insert(struct db *d, sqlite3_stmt *s, int64_t *no_out);
/* Ends a statement early. */
void db_end(sqlite3_stmt *s);
/* Constant SQL without parameters. */
MUST_USE enum status db_exec(struct db *d, const char *sql);
/* E_IO with SQLite's own words in e, or what s says. */
enum status db_fail(struct db *d, enum status s, const char *where, struct err *e);

void db_text(sqlite3_stmt *s, int i, struct str text); /* bytes must live until the statement is reset */
void db_name(sqlite3_stmt *s, int i, const char *z);
void db_blob(sqlite3_stmt *s, int i, const void *p, size_t n);
void db_int(sqlite3_stmt *s, int i, int64_t v);
const char *db_get_z(sqlite3_stmt *s, int col); /* never NULL */
struct str db_get_text(sqlite3_stmt *s, int col); /* borrowed until the next step */
int64_t db_get_int(sqlite3_stmt *s, int col);
bool db_is_null(sqlite3_stmt *s, int col);
void db_put_blob(sqlite3_stmt *s, int col, struct buf *out);
/* Copies up to n bytes; a shorter blob (or NULL) leaves zeros. */
void db_get_blob(sqlite3_stmt *s, int col, void *out, size_t n);
void db_get_name(sqlite3_stmt *s, int col, char *out, size_t n);

#endif
