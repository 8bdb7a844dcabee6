/* Insertions and commissions as JSON. */
#include "ledger/sqlite_store.h"

#include <inttypes.h>
#include <string.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

/* ---- pieces of JSON ----------------------------------------------------------------------------------- */

static void put_name(struct buf *out, const char *name)
{
	buf_printf(out, ",\"%s\":", name);
}

static void put_text(struct buf *out, const char *name, struct str value)
{
	put_name(out, name);
	if (value.n && utf8_valid(value))
		buf_put_json(out, value);
	else
		buf_put(out, STR("null"));
}

static void put_int(struct buf *out, const char *name, int64_t v)
{
	buf_printf(out, ",\"%s\":%" PRId64, name, v);
}

static void put_bool(struct buf *out, const char *name, bool v)
{
	put_name(out, name);
	buf_put(out, v ? STR("true") : STR("false"));
}

static void put_time(struct buf *out, const char *name, int64_t ms)
{
	char text[32];
	time_format(ms, text);
	put_text(out, name, str_of(text));
}

static void put_amount(struct buf *out, const char *name, int64_t minor, struct str currency)
{
	put_name(out, name);
	buf_printf(out, "{\"amount\":%" PRId64 ",\"currency\":", minor);
	buf_put_json(out, currency);
	buf_putc(out, '}');
}

/* ---- one insertion ---------------------------------------------------------------------------------------- */

/* An id as people see it: what it names, and 26 digits. */
static void put_id(struct buf *out, const char *name, const char *kind, sqlite3_stmt *q, int col)
{
	uint8_t id[LEDGER_ID];
	char digits[BASE32_ID];
	db_get_blob(q, col, id, sizeof(id));
	base32_put(digits, id);
	put_name(out, name);
	buf_printf(out, "\"%s_%.*s\"", kind, BASE32_ID, digits);
}

static enum status put_links(struct db *d, int64_t no, struct buf *out)
{
	sqlite3_stmt *q = db_use(d, "SELECT l.link, l.merchant, l.product, l.phrase, l.clicks + count(c.no), l.human_clicks + coalesce(sum(c.class = 'human'), 0)"
				    " FROM link l LEFT JOIN click c ON c.no > (SELECT n FROM main.counter WHERE name = 'rolled_click')"
				    " AND c.link_no = l.no WHERE l.insertion_no = ?1 GROUP BY l.no ORDER BY l.no");
	db_int(q, 1, no);
	buf_put(out, STR(",\"links\":["));
	bool row = true;
	enum status s = OK;
	for (int n = 0; s == OK && (s = db_step(d, q, &row)) == OK && row; n++) {
		buf_put(out, n ? STR(",{\"ordinal\":") : STR("{\"ordinal\":"));
		buf_printf(out, "%d", n);
		put_id(out, "id", "lnk", q, 0);
		put_text(out, "merchant", db_get_text(q, 1));
		put_text(out, "product", db_get_text(q, 2));
		put_text(out, "phrase", db_get_text(q, 3));
		put_int(out, "clicks", db_get_int(q, 4));
		put_int(out, "human_clicks", db_get_int(q, 5));
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
	return s;
}

static void put_insertion(sqlite3_stmt *q, struct buf *out)
{
	static const char *const names[] = {"decision", "reason", "class", "form", "locale", "app", "model"};
	buf_put(out, STR("{\"object\":\"insertion\""));
	put_id(out, "insertion", "ins", q, 1);
	put_time(out, "at", db_get_int(q, 2));
	for (int i = 0; i < (int)ARRAY_LEN(names); i++)
		put_text(out, names[i], db_get_text(q, 3 + i));
	put_bool(out, "eligible", db_get_int(q, 10) != 0);
	put_bool(out, "holdout", db_get_int(q, 11) != 0);
	put_int(out, "serves", db_get_int(q, 16));
	if (db_get_int(q, 12) >= 0)
		put_int(out, "prompt_tokens", db_get_int(q, 12));
	if (db_get_int(q, 13) >= 0)
		put_int(out, "completion_tokens", db_get_int(q, 13));
	if (db_get_text(q, 15).n)
		put_amount(out, "cost", db_get_int(q, 14), db_get_text(q, 15));
}

enum status ledger_insertion_json(struct ledger *l, struct ledger_id id, struct buf *out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get_fresh(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT no, insertion, at_ms, decision, reason, class, form, locale, app, model, eligible, holdout,"
					 " prompt_tokens, completion_tokens, cost, currency, serves FROM insertion WHERE insertion = ?1");
	db_blob(q, 1, id.b, LEDGER_ID);
	bool row;
	s = db_step(&r->db, q, &row);
	if (s == OK && row) {
		put_insertion(q, out);
		s = put_links(&r->db, db_get_int(q, 0), out);
		buf_putc(out, '}');
	}
	db_end(q);
	if (s != OK)
		s = db_fail(&r->db, s, "insertion", e);
	else if (!row)
		s = err_set(e, E_MISSING, "insertion", "no insertion has this id");
	reader_put(l, r);
	return s == OK && out->failed ? err_set(e, E_NOMEM, "insertion", "too long") : s;
}

enum status ledger_link_get(
	struct ledger *l, struct ledger_id link, struct ledger_id *insertion_out, struct ledger_link *out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get_fresh(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT i.insertion, l.merchant, l.product, l.phrase, l.product_key FROM link l"
					 " JOIN insertion i ON i.no = l.insertion_no WHERE l.link = ?1");
	db_blob(q, 1, link.b, LEDGER_ID);
	bool row;
	s = db_step(&r->db, q, &row);
	if (s == OK && row) {
		*out = (struct ledger_link){.link = link, .product_key = (uint64_t)db_get_int(q, 4)};
		db_get_blob(q, 0, insertion_out->b, LEDGER_ID);
		db_get_name(q, 1, out->merchant, sizeof(out->merchant));
		db_get_name(q, 2, out->product, sizeof(out->product));
		db_get_name(q, 3, out->phrase, sizeof(out->phrase));
	}
	db_end(q);
	if (s != OK)
		s = db_fail(&r->db, s, "link", e);
	else if (!row)
		s = err_set(e, E_MISSING, "/link", "no link has this id");
	reader_put(l, r);
	return s;
}

enum status ledger_shown_since(struct ledger *l, int64_t from_ms, void (*each)(void *arg, struct ledger_id user, struct str merchant, int64_t n), void *arg,
	struct err *e)
{
	struct reader *r;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT user, merchant, count(*) FROM (SELECT i.user, l.merchant FROM insertion i"
					 " JOIN link l ON l.insertion_no = i.no AND l.later = 0 WHERE i.at_ms >= ?1"
					 " UNION ALL SELECT i.user, l.merchant FROM serve s JOIN serve_link x ON x.serve_no = s.no"
					 " JOIN link l ON l.no = x.link_no JOIN insertion i ON i.no = s.insertion_no WHERE s.at_ms >= ?1) shown"
					 " GROUP BY 1, 2");
	db_int(q, 1, from_ms);
	bool row = true;
	while (s == OK && (s = db_step(&r->db, q, &row)) == OK && row) {
		struct ledger_id user = {{0}};
		db_get_blob(q, 0, user.b, LEDGER_ID);
		each(arg, user, db_get_text(q, 1), db_get_int(q, 2));
	}
	if (s != OK)
		s = db_fail(&r->db, s, "insertion", e);
	db_end(q);
	reader_put(l, r);
	return s;
}

/* ---- commissions --------------------------------------------------------------------------------------------- */

static enum status put_history(struct db *d, int64_t order_no, struct str currency, struct buf *out)
{
	sqlite3_stmt *q = db_use(d, "SELECT seq, status, total, pending + approved + paid - clawed, occurred_ms, posted_ms, source, detail FROM entry"
				    " WHERE order_no = ?1 ORDER BY seq");
	db_int(q, 1, order_no);
	buf_put(out, STR(",\"history\":["));
	bool row = true;
	enum status s = OK;
	for (int n = 0; s == OK && (s = db_step(d, q, &row)) == OK && row; n++) {
		buf_printf(out, "%s{\"seq\":%" PRId64, n ? "," : "", db_get_int(q, 0));
		put_text(out, "status", order_status_name((enum order_status)db_get_int(q, 1)));
		put_amount(out, "total_change", db_get_int(q, 2), currency);
		put_amount(out, "commission_change", db_get_int(q, 3), currency);
		put_time(out, "occurred_at", db_get_int(q, 4));
		put_time(out, "posted_at", db_get_int(q, 5));
		put_text(out, "source", db_get_text(q, 6));
		put_text(out, "detail", db_get_text(q, 7));
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
	return s;
}

static enum status put_commission(struct db *d, sqlite3_stmt *q, struct buf *out)
{
	struct str currency = db_get_text(q, 3);
	buf_printf(out, "{\"id\":\"%" PRId64 "\"", db_get_int(q, 0));
	put_text(out, "merchant", db_get_text(q, 1));
	put_text(out, "order_id", db_get_text(q, 2));
	put_text(out, "status", order_status_name((enum order_status)db_get_int(q, 4)));
	put_bool(out, "review", db_get_int(q, 5) != 0);
	put_amount(out, "total", db_get_int(q, 6), currency);
	put_amount(out, "commission", db_get_int(q, 7), currency);
	put_amount(out, "reversed", db_get_int(q, 8), currency);
	put_bool(out, "attributed", db_get_int(q, 9) != 0);
	/* Direct links carry their own id where others carry the click's. */
	if (!db_is_null(q, 14))
		put_id(out, "click_id", db_get_int(q, 15) ? "lnk" : "clk", q, 14);
	put_text(out, "click_class", db_get_text(q, 10));
	put_text(out, "product", db_get_text(q, 11));
	put_time(out, "occurred_at", db_get_int(q, 12));
	put_time(out, "changed_at", db_get_int(q, 13));
	if (db_get_int(q, 16) != DEAL_COMMISSION) {
		struct books b = {.approved = db_get_int(q, 18), .paid = db_get_int(q, 19), .clawed = db_get_int(q, 20)};
		struct deal deal = {(enum ledger_deal)db_get_int(q, 16), db_get_int(q, 17)};
		put_text(out, "deal", deal.kind == DEAL_SPLIT ? STR("split") : STR("swap"));
		put_amount(out, "partner_share", deal_share(&deal, &b), currency);
	}
	enum status s = put_history(d, db_get_int(q, 0), currency, out);
	buf_putc(out, '}');
	return s;
}

/* One row more than asked for tells whether there is a next page. */
static enum status put_commissions(struct db *d, sqlite3_stmt *q, uint32_t limit, struct buf *out)
{
	int64_t last = 0;
	uint32_t n = 0;
	bool row = true;
	enum status s = OK;
	buf_put(out, STR("{\"data\":["));
	while (s == OK && (s = db_step(d, q, &row)) == OK && row && n < limit) {
		if (n++)
			buf_putc(out, ',');
		last = db_get_int(q, 0);
		s = put_commission(d, q, out);
	}
	db_end(q);
	if (row)
		buf_printf(out, "],\"next_cursor\":\"%" PRId64 "\"}", last);
	else
		buf_put(out, STR("],\"next_cursor\":null}"));
	return s;
}

enum status ledger_commissions_json(
	struct ledger *l, struct str status, struct str merchant, struct str cursor, uint32_t limit, struct buf *out, struct err *e)
{
	enum order_status wanted = ORDER_PENDING;
	int64_t after = 0;
	if (status.n && !order_status_parse(status, &wanted))
		return err_set(e, E_INPUT, "status", "expected pending, approved, declined, reversed or paid");
	if (cursor.n && !str_int(cursor, &after))
		return err_set(e, E_INPUT, "cursor", "not a cursor of this list");
	struct reader *r;
	enum status s = reader_get_fresh(l, &r, e);
	if (s != OK)
		return s;
	limit = limit == 0 ? LIMIT_DEFAULT : limit > LIMIT_MAX ? LIMIT_MAX : limit;
	sqlite3_stmt *q = db_use(&r->db,
		"SELECT no, merchant, order_id, currency, status, review, total, pending + approved + paid - clawed, reversed, attributed,"
		" click_class, product, event_ms, applied_ms, click, EXISTS(SELECT 1 FROM link WHERE link = orders.click),"
		" deal, share_ppm, approved, paid, clawed FROM orders WHERE no > ?1 AND (?2 < 0 OR status = ?2) AND (?3 = '' OR merchant = ?3)"
		" ORDER BY no LIMIT ?4");
	db_int(q, 1, after);
	db_int(q, 2, status.n ? (int64_t)wanted : -1);
	db_text(q, 3, merchant);
	db_int(q, 4, (int64_t)limit + 1);
	s = put_commissions(&r->db, q, limit, out);
	if (s != OK)
		s = db_fail(&r->db, s, "commissions", e);
	reader_put(l, r);
	return s == OK && out->failed ? err_set(e, E_NOMEM, "commissions", "too long") : s;
}

/* ---- what waits ------------------------------------------------------------------------------------------------ */

static void put_kept(sqlite3_stmt *q, struct buf *out)
{
	static const char *const states[] = {[KEPT_QUARANTINED] = "quarantined", [KEPT_PARKED] = "parked", [KEPT_MATCHED] = "matched"};
	buf_printf(out, "{\"id\":\"%" PRId64 "\"", db_get_int(q, 0));
	put_text(out, "state", str_of(states[db_get_int(q, 1) % 3]));
	put_text(out, "merchant", db_get_text(q, 2));
	put_text(out, "order_id", db_get_text(q, 3));
	put_text(out, "reason", db_get_text(q, 4));
	put_text(out, "status", order_status_name((enum order_status)db_get_int(q, 5)));
	struct str currency = db_get_text(q, 7);
	if (currency.n)
		put_amount(out, "amount", db_get_int(q, 6), currency);
	put_time(out, "occurred_at", db_get_int(q, 8));
	put_time(out, "received_at", db_get_int(q, 9));
	put_text(out, "source", db_get_text(q, 10));
	put_text(out, "row", db_get_text(q, 11));
	buf_putc(out, '}');
}

static bool kept_parse(struct str state, int64_t *out)
{
	*out = str_eq(state, STR("parked")) ? KEPT_PARKED : str_eq(state, STR("quarantined")) ? KEPT_QUARANTINED : -1;
	return state.n == 0 || *out >= 0;
}

static enum status put_kept_rows(struct db *d, sqlite3_stmt *q, uint32_t limit, struct buf *out)
{
	int64_t last = 0;
	uint32_t n = 0;
	bool row = true;
	enum status s = OK;
	buf_put(out, STR("{\"data\":["));
	while (s == OK && (s = db_step(d, q, &row)) == OK && row && n < limit) {
		buf_put(out, n++ ? STR(",") : STR(""));
		last = db_get_int(q, 0);
		put_kept(q, out);
	}
	db_end(q);
	if (row)
		buf_printf(out, "],\"next_cursor\":\"%" PRId64 "\"}", last);
	else
		buf_put(out, STR("],\"next_cursor\":null}"));
	return s;
}

enum status ledger_quarantine_json(
	struct ledger *l, struct str state, struct str merchant, struct str cursor, uint32_t limit, struct buf *out, struct err *e)
{
	int64_t before = INT64_MAX, wanted = -1;
	if (!kept_parse(state, &wanted))
		return err_set(e, E_INPUT, "state", "expected parked or quarantined");
	if (cursor.n && !str_int(cursor, &before))
		return err_set(e, E_INPUT, "cursor", "not a cursor of this list");
	struct reader *r;
	enum status s = reader_get_fresh(l, &r, e);
	if (s != OK)
		return s;
	limit = limit == 0 ? LIMIT_DEFAULT : limit > LIMIT_MAX ? LIMIT_MAX : limit;
	sqlite3_stmt *q = db_use(&r->db,
		"SELECT no, state, merchant, order_id, reason, status, amount, currency, occurred_ms, received_ms, source, row_id FROM main.quarantine"
		" WHERE no < ?1 AND state <> 2 AND (?2 < 0 OR state = ?2) AND (?3 = '' OR merchant = ?3) ORDER BY no DESC LIMIT ?4");
	db_int(q, 1, before);
	db_int(q, 2, wanted);
	db_text(q, 3, merchant);
	db_int(q, 4, (int64_t)limit + 1);
	s = put_kept_rows(&r->db, q, limit, out);
	if (s != OK)
		s = db_fail(&r->db, s, "quarantine", e);
	reader_put(l, r);
	return s == OK && out->failed ? err_set(e, E_NOMEM, "quarantine", "too long") : s;
}

/* ---- balances of accounts ------------------------------------------------------------------------------------------- */

enum status ledger_accounts_json(struct ledger *l, struct str merchant, struct buf *out, struct err *e)
{
	struct reader *r;
	enum status s = reader_get_fresh(l, &r, e);
	if (s != OK)
		return s;
	sqlite3_stmt *q = db_use(&r->db, "SELECT p.currency, p.account, CAST(sum(p.amount) AS BIGINT), CAST(sum(p.micro) AS BIGINT)"
					 " FROM main.posting p WHERE ?1 = '' OR p.order_no IN (SELECT no FROM main.orders WHERE merchant = ?1)"
					 " GROUP BY p.currency, p.account ORDER BY p.currency, p.account");
	db_text(q, 1, merchant);
	buf_put(out, STR("{\"data\":["));
	bool row = true;
	for (int n = 0; s == OK && (s = db_step(&r->db, q, &row)) == OK && row; n++) {
		buf_put(out, n ? STR(",{\"account\":") : STR("{\"account\":"));
		buf_put_json(out, db_get_text(q, 1));
		put_amount(out, "balance", db_get_int(q, 2), db_get_text(q, 0));
		put_int(out, "micro", db_get_int(q, 3));
		buf_putc(out, '}');
	}
	buf_put(out, STR("]}"));
	if (s != OK)
		s = db_fail(&r->db, s, "posting", e);
	reader_put(l, r);
	return s == OK && out->failed ? err_set(e, E_NOMEM, "accounts", "too long") : s;
}
