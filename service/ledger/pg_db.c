/* Statements on a libpq connection. SQL is written once, in the dialect that both stores understand with a few functions of ours
 * (pg_schema.c); what is left to say otherwise is said by pg_translate. */
#include "ledger/pg_db.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS = 40, NUMBER = 24 };
enum { OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25 };

struct pg {
	PGconn *c;
	int64_t changes;
	char words[240];
};
struct pg_query {
	struct pg *pg;
	char *sql;
	char name[16];
	bool prepared, ran;
	int params;
	enum pg_kind kind[PARAMS];
	const char *value[PARAMS];
	int length[PARAMS];
	char number[PARAMS][NUMBER];
	char *mended[PARAMS]; /* texts that had to be made UTF-8 */
	PGresult *result;
	int row;
};

/* ---- translation --------------------------------------------------------------------------------------- */

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const struct {
	const char *from, *to;
} words[] = {
        {"user", "\"user\""},
        {"IMMEDIATE", ""},
        {"INTEGER", "BIGINT"},
        {"BLOB", "BYTEA"},
        {"TEXT", "TEXT COLLATE \"C\""},
        {"STRICT", ""},
};

static void put_word(struct buf *out, struct str w)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq(w, str_of(words[i].from))) {
			buf_put(out, str_of(words[i].to));
			return;
		}
	buf_put(out, w);
}

static int number_at(const char *p)
{
	int n = 0;
	while (*p >= '0' && *p <= '9' && n < 1000)
		n = n * 10 + (*p++ - '0');
	return n;
}

char *pg_translate(const char *sql, int *params_out)
{
	struct buf out;
	bool quoted = false;
	int most = 0;
	buf_init(&out, 1 << 20);
	for (const char *p = sql; *p;) {
		if (*p == '\'')
			quoted = !quoted;
		if (!quoted && *p == '?') {
			int n = number_at(p + 1);
			most = n > most ? n : most;
			buf_putc(&out, '$');
			p++;
		} else if (!quoted && word_char(*p)) {
			size_t n = 0;
			while (word_char(p[n]))
				n++;
			put_word(&out, (struct str){p, n});
			p += n;
		} else {
			buf_putc(&out, *p++);
		}
	}
	if (params_out)
		*params_out = most;
	return buf_steal(&out, NULL);
}

/* ---- connections ------------------------------------------------------------------------------------------ */

static void keep_words(struct pg *p, const char *text)
{
	size_t n = strcspn(text, "\n");
	n = n < sizeof(p->words) - 1 ? n : sizeof(p->words) - 1;
	n = utf8_whole((struct str){text, n});
	memcpy(p->words, text, n);
	p->words[n] = '\0';
}

static void silent(void *arg, const PGresult *r)
{
	(void)arg, (void)r;
}

/* libpq's own words on a bad address may hold the password. */
static bool well_formed(const char *address)
{
	char *said = NULL;
	PQconninfoOption *options = PQconninfoParse(address, &said);
	bool fine = options != NULL;
	PQconninfoFree(options);
	PQfreemem(said);
	return fine;
}

/* No lock is waited for, and none is held, for ever: another node may have gone with it. */
#define SESSION "SET synchronous_commit TO on; SET lock_timeout TO '10s'; SET statement_timeout TO '300s'; SET idle_in_transaction_session_timeout TO '60s'"

enum status pg_open(struct str url, const char *schema, struct pg **out, struct err *e)
{
	struct pg *p = calloc(1, sizeof(*p));
	char *text = strndup(url.p, url.n), path[64];
	if (!p || !text) {
		free(p);
		free(text);
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	}
	if (!well_formed(text)) {
		free(p);
		free(text);
		return err_set(e, E_INPUT, "ledger", "the ledger's address is not well formed (is its password percent-encoded?)");
	}
	/* A database that falls silent is noticed within half a minute; the address may say otherwise. */
	const char *const names[] = {"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "dbname", "connect_timeout", "application_name",
		"client_encoding", NULL};
	const char *const values[] = {"10", "5", "3", "20000", text, "3", "inlay", "UTF8", NULL};
	p->c = PQconnectdbParams(names, values, 1);
	free(text);
	enum status s = PQstatus(p->c) == CONNECTION_OK ? OK : E_BUSY;
	if (s != OK)
		err_set(e, s, "ledger", "PostgreSQL cannot be reached: %.*s", (int)strcspn(PQerrorMessage(p->c), "\n"),
		        PQerrorMessage(p->c));
	PQsetNoticeReceiver(p->c, silent, NULL);
	snprintf(path, sizeof(path), "SET search_path TO %s", schema);
	if (s == OK && ((s = pg_exec(p, path)) != OK || (s = pg_exec(p, SESSION)) != OK))
		err_set(e, s, "ledger", "PostgreSQL: %s", p->words);
	if (s != OK) {
		pg_close(p);
		return s;
	}
	*out = p;
	return OK;
}

void pg_close(struct pg *p)
{
	if (p)
		PQfinish(p->c);
	free(p);
}

const char *pg_words(const struct pg *p)
{
	return p->words;
}

bool pg_lost(const struct pg *p)
{
	return PQstatus(p->c) != CONNECTION_OK;
}

bool pg_in_transaction(const struct pg *p)
{
	return PQtransactionStatus(p->c) != PQTRANS_IDLE && !pg_lost(p);
}

int64_t pg_changes(const struct pg *p)
{
	return p->changes;
}

/* What the server says is wrong with the statement or its data is a bug of ours; all else is trouble with the store. */
static enum status status_of(struct pg *p, const PGresult *r)
{
	ExecStatusType t = PQresultStatus(r);
	if (t == PGRES_COMMAND_OK || t == PGRES_TUPLES_OK)
		return OK;
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	keep_words(p, r ? PQresultErrorMessage(r) : PQerrorMessage(p->c));
	if (pg_lost(p))
		return E_BUSY;
	if (state && (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 || strncmp(state, "42", 2) == 0))
		return E_BUG;
	return state && strncmp(state, "40", 2) == 0 ? E_BUSY : E_IO;
}

enum status pg_exec(struct pg *p, const char *sql)
{
	PGresult *r = PQexec(p->c, sql);
	enum status s = status_of(p, r);
	PQclear(r);
	return s;
}

/* ---- statements ------------------------------------------------------------------------------------------------ */

struct pg_query *pg_query_new(struct pg *p, const char *sql, unsigned number)
{
	struct pg_query *q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->pg = p;
	q->sql = pg_translate(sql, &q->params);
	snprintf(q->name, sizeof(q->name), "q%u", number);
	if (q->sql && q->params < PARAMS)
		return q;
	pg_query_free(q);
	return NULL;
}

void pg_query_free(struct pg_query *q)
{
	if (!q)
		return;
	pg_query_reset(q);
	free(q->sql);
	free(q);
}

void pg_query_end(struct pg_query *q)
{
	PQclear(q->result);
	q->result = NULL;
	q->ran = false;
}

void pg_query_reset(struct pg_query *q)
{
	pg_query_end(q);
	for (int i = 0; i < PARAMS; i++) {
		free(q->mended[i]);
		q->mended[i] = NULL;
		q->value[i] = NULL;
		q->kind[i] = PG_NULL;
	}
}

/* PostgreSQL takes UTF-8 without NUL only; what is not is shown as question marks, rather than stop everything behind it. */
static char *text_for_pg(struct str s)
{
	char *out = malloc(s.n + 1);
	if (!out)
		return NULL;
	for (size_t i = 0; i < s.n;) {
		uint32_t cp;
		int n = s.p[i] ? utf8_next(str_sub(s, i, s.n), &cp) : -1;
		if (n > 0)
			memcpy(out + i, s.p + i, (size_t)n);
		else
			out[i] = '?';
		i += n > 0 ? (size_t)n : 1;
	}
	out[s.n] = '\0';
	return out;
}

void pg_bind(struct pg_query *q, int i, enum pg_kind kind, const void *p, size_t n)
{
	if (i < 1 || i > q->params)
		return;
	struct str s = {p ? p : "", p ? n : 0};
	q->kind[i - 1] = kind;
	q->value[i - 1] = s.p;
	q->length[i - 1] = (int)s.n;
	if (kind != PG_TEXT)
		return;
	/* libpq wants texts that end with NUL. */
	free(q->mended[i - 1]);
	q->value[i - 1] = q->mended[i - 1] = text_for_pg(s);
}

void pg_bind_int(struct pg_query *q, int i, int64_t v)
{
	if (i < 1 || i > q->params)
		return;
	snprintf(q->number[i - 1], NUMBER, "%lld", (long long)v);
	q->kind[i - 1] = PG_INT;
	q->value[i - 1] = q->number[i - 1];
}

static enum status prepare(struct pg_query *q)
{
	static const Oid type[] = {[PG_NULL] = 0, [PG_INT] = OID_INT8, [PG_TEXT] = OID_TEXT, [PG_BLOB] = OID_BYTEA};
	Oid types[PARAMS];
	for (int i = 0; i < q->params; i++) {
		char named[16];
		snprintf(named, sizeof(named), "$%d", i + 1);
		/* A number that the statement leaves out needs a type all the same. */
		types[i] = strstr(q->sql, named) ? type[q->kind[i]] : OID_TEXT;
	}
	PGresult *r = PQprepare(q->pg->c, q->name, q->sql, q->params, types);
	enum status s = status_of(q->pg, r);
	PQclear(r);
	q->prepared = s == OK;
	return s;
}

static enum status execute(struct pg_query *q)
{
	int formats[PARAMS];
	enum status s = q->prepared ? OK : prepare(q);
	if (s != OK)
		return s;
	for (int i = 0; i < q->params; i++)
		formats[i] = q->kind[i] == PG_BLOB;
	q->result = PQexecPrepared(q->pg->c, q->name, q->params, q->value, q->length, formats, 0);
	s = status_of(q->pg, q->result);
	const char *changed = s == OK ? PQcmdTuples(q->result) : "";
	int64_t n = 0;
	q->pg->changes = str_int(str_of(changed), &n) ? n : 0;
	q->ran = s == OK;
	q->row = -1;
	if (s != OK)
		pg_query_end(q);
	return s;
}

enum status pg_step(struct pg_query *q, bool *row_out)
{
	enum status s = q->ran ? OK : execute(q);
	*row_out = s == OK && ++q->row < PQntuples(q->result);
	if (!*row_out)
		pg_query_end(q);
	return s;
}

bool pg_is_null(const struct pg_query *q, int col)
{
	return !q->result || PQgetisnull(q->result, q->row, col);
}

struct str pg_text(const struct pg_query *q, int col)
{
	if (pg_is_null(q, col))
		return STR("");
	return (struct str){PQgetvalue(q->result, q->row, col), (size_t)PQgetlength(q->result, q->row, col)};
}

size_t pg_blob(const struct pg_query *q, int col, void *out, size_t n)
{
	struct str hex = pg_text(q, col);
	if (!str_starts(hex, STR("\\x")))
		return 0;
	size_t have = (hex.n - 2) / 2;
	return hex_get(str_sub(hex, 2, 2 + 2 * (have < n ? have : n)), out, have < n ? have : n) ? have : 0;
}
