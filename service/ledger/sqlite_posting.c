/* Postings: append-only rows whose hash takes in the hash before, so that a changed, missing or moved row shows. */
#include "ledger/sha256.h"
#include "ledger/sqlite_store.h"

void posting_hash(const uint8_t previous[32], const struct posting *p, uint8_t out[32])
{
	struct sha256 c;
	sha256_init(&c);
	sha256_put(&c, previous, SHA256_BYTES);
	sha256_put_int(&c, p->seq);
	sha256_put_int(&c, p->order_no);
	sha256_put_int(&c, p->entry_seq);
	sha256_put_str(&c, p->account);
	sha256_put_str(&c, p->currency);
	sha256_put_int(&c, p->amount);
	sha256_put_int(&c, p->posted_ms);
	if (p->micro) /* rows from before there were any hash as they did */
		sha256_put_int(&c, p->micro);
	sha256_done(&c, out);
}

/* Read anew for each group: another process may have posted since. */
static enum status chain_head(struct db *d, int64_t *seq_out, uint8_t hash_out[32])
{
	sqlite3_stmt *q = db_use(d, "SELECT seq, hash FROM posting ORDER BY seq DESC LIMIT 1");
	bool row;
	enum status s = db_step(d, q, &row);
	*seq_out = row ? db_get_int(q, 0) : 0;
	if (row)
		db_get_blob(q, 1, hash_out, SHA256_BYTES);
	db_end(q);
	return s;
}

static enum status add(struct db *d, const struct posting *p, const uint8_t hash[32])
{
	sqlite3_stmt *q = db_use(d, "INSERT INTO posting(seq, order_no, entry_seq, account, currency, amount, posted_ms, hash, micro)"
				    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)");
	db_int(q, 1, p->seq);
	db_int(q, 2, p->order_no);
	db_int(q, 3, p->entry_seq);
	db_text(q, 4, p->account);
	db_text(q, 5, p->currency);
	db_int(q, 6, p->amount);
	db_int(q, 7, p->posted_ms);
	db_blob(q, 8, hash, SHA256_BYTES);
	db_int(q, 9, p->micro);
	return db_run(d, q);
}

enum status posting_add_group(
	struct db *d, int64_t order_no, int64_t entry_seq, int64_t posted_ms, const char *currency, const struct balances *change)
{
	uint8_t hash[SHA256_BYTES] = {0};
	struct posting p = {.order_no = order_no, .entry_seq = entry_seq, .posted_ms = posted_ms, .currency = str_of(currency)};
	enum status s = chain_head(d, &p.seq, hash);
	for (int a = 0; a < ACCOUNTS && s == OK; a++) {
		if (!change->minor[a] && !change->micro[a])
			continue;
		uint8_t next[SHA256_BYTES];
		p.seq++;
		p.account = str_of(account_name[a]);
		p.amount = change->minor[a];
		p.micro = change->micro[a];
		posting_hash(hash, &p, next);
		s = add(d, &p, next);
		for (int i = 0; i < SHA256_BYTES; i++)
			hash[i] = next[i];
	}
	return s;
}
