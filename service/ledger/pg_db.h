/* PostgreSQL behind db.h: the same statements, prepared, on a libpq connection. Used by sqlite_db.c alone. */
#ifndef LEDGER_PG_DB_H
#define LEDGER_PG_DB_H

#include "base/base.h"

struct pg; /* a connection */
struct pg_query;

/* E_BUSY: cannot be reached. schema: what unqualified names mean. */
MUST_USE enum status pg_open(struct str url, const char *schema, struct pg **out, struct err *e);
void pg_close(struct pg *p);
const char *pg_words(const struct pg *p); /* of the last failure */
bool pg_in_transaction(const struct pg *p);
bool pg_lost(const struct pg *p);
int64_t pg_changes(const struct pg *p);
MUST_USE enum status pg_exec(struct pg *p, const char *sql);

struct pg_query *pg_query_new(struct pg *p, const char *sql, unsigned number);
void pg_query_free(struct pg_query *q);
void pg_query_reset(struct pg_query *q); /* result and parameters are gone */
void pg_query_end(struct pg_query *q);   /* the result is gone */
enum pg_kind { PG_NULL, PG_INT, PG_TEXT, PG_BLOB };
void pg_bind(struct pg_query *q, int i, enum pg_kind kind, const void *p, size_t n);
void pg_bind_int(struct pg_query *q, int i, int64_t v);
MUST_USE enum status pg_step(struct pg_query *q, bool *row_out);
/* Of the row; borrowed until the next step. */
struct str pg_text(const struct pg_query *q, int col);
bool pg_is_null(const struct pg_query *q, int col);
/* bytea into out, up to n bytes; returns how many there were. */
size_t pg_blob(const struct pg_query *q, int col, void *out, size_t n);
/* The statement in PostgreSQL's words: $1 for ?1, and so on; malloc'd. params_out may be NULL. */
char *pg_translate(const char *sql, int *params_out);

#endif
