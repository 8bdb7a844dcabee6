/* Merchants, keys, values, stored replies, the generation counter: small rows, written as tasks of the scribe, so that one connection writes
 * the main file and each of them shares a commit with the events beside it. */
#include "ledger/sqlite_store.h"

#include <string.h>

#define REPLY_KEPT_MS (INT64_C(48) * 3600000)

static enum status changed_data(struct writer *w, enum status s)
{
	return s == OK ? db_count_up(&w->db, "data_version") : s;
}

/* ---- merchants ------------------------------------------------------------------------------------ */

struct merchant_put {
	struct str merchant, json;
	int64_t now_ms;
};

/* Rules hold by the order's date, so what was in force when is kept. */
static enum status put_version(struct writer *w, const struct merchant_put *m)
{
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO merchant_version(merchant, from_ms, json) VALUES(?1,?2,?3)"
					 " ON CONFLICT(merchant, from_ms) DO UPDATE SET json=excluded.json");
	db_text(q, 1, m->merchant);
	db_int(q, 2, m->now_ms);
	db_text(q, 3, m->json);
	return db_run(&w->db, q);
}

static enum status put_merchant(struct writer *w, void *arg)
{
	const struct merchant_put *m = arg;
	enum status s = put_version(w, m);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO merchant(merchant, json, changed_ms) VALUES(?1,?2,?3)"
					 " ON CONFLICT(merchant) DO UPDATE SET json=excluded.json, changed_ms=excluded.changed_ms");
	db_text(q, 1, m->merchant);
	db_text(q, 2, m->json);
	db_int(q, 3, m->now_ms);
	return changed_data(w, db_run(&w->db, q));
}

enum status ledger_merchant_put(struct ledger *l, struct str merchant, struct str json, int64_t now_ms, struct err *e)
{
	struct merchant_put m = {merchant, json, now_ms};
	return ledger_task(l, put_merchant, &m, e);
}

enum status ledger_merchant_then(struct ledger *l, struct str merchant, int64_t at_ms, struct buf *out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db,
		"SELECT json FROM main.merchant_version v WHERE merchant = ?1 AND from_ms <= ?2 AND EXISTS (SELECT 1 FROM main.merchant_version n"
		" WHERE n.merchant = ?1 AND n.from_ms > ?2) ORDER BY from_ms DESC LIMIT 1");
	db_text(q, 1, merchant);
	db_int(q, 2, at_ms);
	bool row;
	s = db_step(&r->db, q, &row);
	if (s != OK)
		s = db_fail(&r->db, s, "merchant", e);
	else if (!row)
		s = err_set(e, E_MISSING, "merchant", "nothing else was in force then");
	else
		buf_put(out, db_get_text(q, 0));
	db_end(q);
	reader_put(l, r);
	return s == OK && out->failed ? err_set(e, E_NOMEM, "merchant", "too long") : s;
}

enum status ledger_merchant_each(
	struct ledger *l, void (*each)(void *arg, struct str merchant, struct str json, struct str generation), void *arg, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT m.merchant, m.json, coalesce(c.generation, '') FROM main.merchant m"
					 " LEFT JOIN cat.catalog c ON c.merchant = m.merchant ORDER BY m.merchant");
	bool row = true;
	while (s == OK && row) {
		s = db_step(&r->db, q, &row);
		if (s == OK && row)
			each(arg, db_get_text(q, 0), db_get_text(q, 1), db_get_text(q, 2));
	}
	if (s != OK)
		s = db_fail(&r->db, s, "merchant", e);
	reader_put(l, r);
	return s;
}

/* ---- keys ------------------------------------------------------------------------------------------- */

static enum status put_key(struct writer *w, void *arg)
{
	const struct ledger_key *k = arg;
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO key(id, role, merchant, sha256, created_ms, revoked_ms) VALUES(?1,?2,?3,?4,?5,?6)"
					 " ON CONFLICT DO NOTHING");
	db_name(q, 1, k->id);
	db_int(q, 2, k->role);
	db_name(q, 3, k->merchant);
	db_blob(q, 4, k->sha256, sizeof(k->sha256));
	db_int(q, 5, k->created_ms);
	db_int(q, 6, k->revoked_ms);
	enum status s = db_run(&w->db, q);
	if (s == OK && db_changes(&w->db) == 0)
		return E_CONFLICT;
	return changed_data(w, s);
}

enum status ledger_key_put(struct ledger *l, const struct ledger_key *k, struct err *e)
{
	struct ledger_key copy = *k;
	return ledger_task(l, put_key, &copy, e);
}

struct key_revoke {
	struct str id;
	int64_t now_ms;
};

/* A second revocation keeps the first date. */
static enum status revoke_key(struct writer *w, void *arg)
{
	const struct key_revoke *k = arg;
	sqlite3_stmt *q = db_use(&w->db, "UPDATE key SET revoked_ms = CASE revoked_ms WHEN 0 THEN ?2 ELSE revoked_ms END WHERE id = ?1");
	db_text(q, 1, k->id);
	db_int(q, 2, k->now_ms);
	enum status s = db_run(&w->db, q);
	if (s == OK && db_changes(&w->db) == 0)
		return E_MISSING;
	return changed_data(w, s);
}

enum status ledger_key_revoke(struct ledger *l, struct str id, int64_t now_ms, struct err *e)
{
	struct key_revoke k = {id, now_ms};
	return ledger_task(l, revoke_key, &k, e);
}

enum status ledger_key_each(struct ledger *l, void (*each)(void *arg, const struct ledger_key *k), void *arg, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT id, role, merchant, sha256, created_ms, revoked_ms FROM main.key ORDER BY created_ms, id");
	bool row = true;
	while (s == OK && row) {
		s = db_step(&r->db, q, &row);
		if (s != OK || !row)
			break;
		struct ledger_key k = {.role = (enum role)db_get_int(q, 1), .created_ms = db_get_int(q, 4), .revoked_ms = db_get_int(q, 5)};
		db_get_name(q, 0, k.id, sizeof(k.id));
		db_get_name(q, 2, k.merchant, sizeof(k.merchant));
		db_get_blob(q, 3, k.sha256, sizeof(k.sha256));
		each(arg, &k);
	}
	if (s != OK)
		s = db_fail(&r->db, s, "key", e);
	reader_put(l, r);
	return s;
}

/* ---- values, generations ------------------------------------------------------------------------------ */

struct value_put {
	struct str name, value;
};

static enum status put_value(struct writer *w, void *arg)
{
	const struct value_put *v = arg;
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO value(name, value) VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET value=excluded.value");
	db_text(q, 1, v->name);
	db_blob(q, 2, v->value.p, v->value.n);
	return db_run(&w->db, q);
}

enum status ledger_value_put(struct ledger *l, struct str name, struct str value, struct err *e)
{
	struct value_put v = {name, value};
	return ledger_task(l, put_value, &v, e);
}

enum status ledger_value_get(struct ledger *l, struct str name, struct buf *out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT value FROM main.value WHERE name = ?1");
	db_text(q, 1, name);
	bool row;
	s = db_step(&r->db, q, &row);
	if (s != OK)
		s = db_fail(&r->db, s, "value", e);
	else if (!row)
		s = err_set(e, E_MISSING, "value", "no value of this name");
	else
		db_put_blob(q, 0, out);
	db_end(q);
	reader_put(l, r);
	return s == OK && out->failed ? err_set(e, E_NOMEM, "value", "too long") : s;
}

static enum status next_generation(struct writer *w, void *arg)
{
	sqlite3_stmt *q = db_use(&w->db, "UPDATE counter SET n = n + 1 WHERE name = 'generation' RETURNING n");
	bool row;
	enum status s = db_step(&w->db, q, &row);
	if (s != OK || !row)
		return s == OK ? E_BUG : s;
	*(uint64_t *)arg = (uint64_t)db_get_int(q, 0);
	return db_run(&w->db, q);
}

enum status ledger_generation_next(struct ledger *l, uint64_t *out, struct err *e)
{
	uint64_t n = 0;
	enum status s = ledger_task(l, next_generation, &n, e);
	if (s == OK)
		*out = n;
	return s;
}

/* ---- stored replies ------------------------------------------------------------------------------------- */

enum status reply_find(struct db *d, const struct ledger_idempotency *k, int *http_status_out, struct buf *reply)
{
	uint8_t hash[sizeof(k->request_hash)];
	bool row;
	sqlite3_stmt *q = db_use(d, "SELECT request_hash, http_status, reply FROM main.reply WHERE key = ?1");
	db_name(q, 1, k->key);
	enum status s = db_step(d, q, &row);
	if (s != OK || !row)
		return s == OK ? E_MISSING : s;
	db_get_blob(q, 0, hash, sizeof(hash));
	if (memcmp(hash, k->request_hash, sizeof(hash)) != 0)
		s = E_CONFLICT;
	else if (reply) {
		*http_status_out = (int)db_get_int(q, 1);
		db_put_blob(q, 2, reply);
	}
	db_end(q);
	return s;
}

enum status ledger_reply_get(struct ledger *l, const struct ledger_idempotency *k, int *http_status_out, struct buf *reply, struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s == E_BUSY && l->central) /* the booking itself looks at the key */
		return err_set(e, E_MISSING, "reply", "not known while the database is away");
	if (s != OK)
		return s;
	s = reply_find(&r->db, k, http_status_out, reply);
	if (s == E_MISSING)
		err_set(e, s, "reply", "a new key");
	else if (s == E_CONFLICT)
		err_set(e, s, "Idempotency-Key", "this key was used for another request");
	else if (s != OK)
		s = db_fail(&r->db, s, "reply", e);
	reader_put(l, r);
	return s == OK && reply->failed ? err_set(e, E_NOMEM, "reply", "too long") : s;
}

enum status reply_store(struct db *d, const struct ledger_idempotency *k, int http_status, struct str reply, int64_t now_ms)
{
	sqlite3_stmt *old = db_use(d, "DELETE FROM reply WHERE at_ms < ?1");
	db_int(old, 1, now_ms - REPLY_KEPT_MS);
	enum status s = db_run(d, old);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(d, "INSERT INTO reply(key, request_hash, http_status, reply, at_ms) VALUES(?1,?2,?3,?4,?5)"
				    " ON CONFLICT DO NOTHING");
	db_name(q, 1, k->key);
	db_blob(q, 2, k->request_hash, sizeof(k->request_hash));
	db_int(q, 3, http_status);
	db_blob(q, 4, reply.p, reply.n);
	db_int(q, 5, now_ms);
	return db_run(d, q);
}

struct reply_put {
	const struct ledger_idempotency *key;
	int http_status;
	struct str reply;
	int64_t now_ms;
};

static enum status put_reply(struct writer *w, void *arg)
{
	const struct reply_put *r = arg;
	return reply_store(&w->db, r->key, r->http_status, r->reply, r->now_ms);
}

enum status ledger_reply_put(
	struct ledger *l, const struct ledger_idempotency *k, int http_status, struct str reply, int64_t now_ms, struct err *e)
{
	if (!k->key[0])
		return OK;
	struct reply_put r = {k, http_status, reply, now_ms};
	return ledger_task(l, put_reply, &r, e);
}
