/* Messages, or parts of them, that could not be booked: those that a person has to look at, and those that came before their order and wait
 * for it. */
#include "ledger/sha256.h"
#include "ledger/sqlite_store.h"

#include <string.h>

static void put_money(struct sha256 *h, bool has, const struct money *m)
{
	sha256_put_int(h, has);
	sha256_put_int(h, has ? m->minor : 0);
	sha256_put_str(h, has ? str_of(m->currency) : STR_NONE);
}

static void message_digest(const struct ledger_conversion *c, uint8_t out[SHA256_BYTES])
{
	struct sha256 h;
	sha256_init(&h);
	sha256_put_int(&h, c->occurred_at_ms);
	sha256_put_int(&h, c->status);
	put_money(&h, c->has_total, &c->total);
	put_money(&h, c->has_adjustment, &c->adjustment);
	put_money(&h, c->has_commission, &c->commission);
	if (c->row[0]) {
		sha256_put_str(&h, str_of(c->source));
		sha256_put_str(&h, str_of(c->row));
	}
	sha256_done(&h, out);
}

enum status quarantine_put(struct db *d, const struct ledger_conversion *c, enum kept state, const char *reason, int64_t amount)
{
	uint8_t digest[SHA256_BYTES];
	message_digest(c, digest);
	sqlite3_stmt *q = db_use(d, "INSERT INTO quarantine(merchant, order_id, digest, reason, status, amount, currency, occurred_ms, "
	                            "received_ms, source, state,"
	                            " commission, commission_rest, click, row_id) "
	                            "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15) ON CONFLICT DO NOTHING");
	db_name(q, 1, c->merchant);
	db_name(q, 2, c->order_id);
	db_blob(q, 3, digest, sizeof(digest));
	db_name(q, 4, reason);
	db_int(q, 5, c->status);
	db_int(q, 6, amount);
	db_name(q, 7, message_money(c)->currency);
	db_int(q, 8, c->occurred_at_ms);
	db_int(q, 9, c->received_at_ms);
	db_name(q, 10, c->source);
	db_int(q, 11, state);
	if (c->has_commission)
		db_int(q, 12, c->commission.minor);
	db_int(q, 13, c->commission_rest);
	if (c->has_click)
		db_blob(q, 14, c->click.b, LEDGER_ID);
	db_name(q, 15, c->row);
	return db_run(d, q);
}

static void read_parked(sqlite3_stmt *q, struct ledger_conversion *c)
{
	c->status = (enum order_status)db_get_int(q, 1);
	c->adjustment.minor = db_get_int(q, 2);
	db_get_name(q, 3, c->adjustment.currency, sizeof(c->adjustment.currency));
	c->has_adjustment = c->adjustment.currency[0] != '\0';
	c->occurred_at_ms = db_get_int(q, 4);
	c->received_at_ms = db_get_int(q, 5);
	db_get_name(q, 6, c->source, sizeof(c->source));
	c->has_commission = !db_is_null(q, 7);
	c->commission = c->adjustment;
	c->commission.minor = db_get_int(q, 7);
	c->commission_rest = db_get_int(q, 8);
	c->has_click = !db_is_null(q, 9);
	db_get_blob(q, 9, c->click.b, LEDGER_ID);
	db_get_name(q, 10, c->row, sizeof(c->row));
}

enum status quarantine_unpark(struct db *d, const char *merchant, const char *order_id, struct ledger_conversion *out, bool *found_out)
{
	sqlite3_stmt *q = db_use(d,
	        "SELECT no, status, amount, currency, occurred_ms, received_ms, source, commission, commission_rest, click, row_id"
	        " FROM quarantine WHERE merchant = ?1 AND order_id = ?2 AND state = 1 ORDER BY occurred_ms, no LIMIT 1");
	db_name(q, 1, merchant);
	db_name(q, 2, order_id);
	enum status s = db_step(d, q, found_out);
	if (s != OK || !*found_out)
		return s;
	*out = (struct ledger_conversion){0};
	memcpy(out->merchant, merchant, strlen(merchant));
	memcpy(out->order_id, order_id, strlen(order_id));
	int64_t no = db_get_int(q, 0);
	read_parked(q, out);
	db_end(q);
	q = db_use(d, "UPDATE quarantine SET state = 2 WHERE no = ?1");
	db_int(q, 1, no);
	return db_run(d, q);
}
