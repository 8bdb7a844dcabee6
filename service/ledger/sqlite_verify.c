/* ledger verify: the chain of postings, their balance, orders against entries and postings, roll-ups against a recount, orphans. */
#include "ledger/sha256.h"
#include "ledger/sqlite_store.h"
#include "ledger/zone.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the chain -------------------------------------------------------------------------------------- */

struct walk {
	uint8_t hash[SHA256_BYTES];
	struct posting last;  /* only its numbers */
	__extension__ __int128 sum, micro; /* of the open group */
	bool head_seen;
	int64_t rows;
};

static enum status break_at(struct err *e, struct buf *out, const char *what, int64_t seq)
{
	buf_printf(out, "posting %" PRId64 ": %s\n", seq, what);
	return err_set(e, E_CONFLICT, "posting", "posting %" PRId64 ": %s", seq, what);
}

/* A group is one currency of one entry, and its rows stand together. */
static bool same_group(const struct posting *a, const struct posting *b)
{
	return a->order_no == b->order_no && a->entry_seq == b->entry_seq;
}

static enum status walk_row(struct walk *w, sqlite3_stmt *q, struct str head, struct buf *out, struct err *e)
{
	struct posting p = {.seq = db_get_int(q, 0), .order_no = db_get_int(q, 1), .entry_seq = db_get_int(q, 2)};
	p.account = db_get_text(q, 3);
	p.currency = db_get_text(q, 4);
	p.amount = db_get_int(q, 5);
	p.posted_ms = db_get_int(q, 6);
	p.micro = db_get_int(q, 8);
	uint8_t stored[SHA256_BYTES], computed[SHA256_BYTES];
	char hex[2 * SHA256_BYTES];
	db_get_blob(q, 7, stored, sizeof(stored));
	if (p.seq != w->rows + 1)
		return break_at(e, out, "is missing", w->rows + 1);
	posting_hash(w->hash, &p, computed);
	if (memcmp(stored, computed, sizeof(stored)) != 0)
		return break_at(e, out, "was changed, or one before it was: its hash does not follow", p.seq);
	if (w->rows && !same_group(&w->last, &p)) {
		if (w->sum != 0 || w->micro != 0)
			return break_at(e, out, "ends a group that does not sum to zero", w->rows);
	}
	w->sum += p.amount;
	w->micro += p.micro;
	memcpy(w->hash, stored, sizeof(stored));
	hex_put(hex, stored, sizeof(stored));
	w->head_seen = w->head_seen || str_eq_nocase(head, (struct str){hex, sizeof(hex)});
	w->last = p;
	w->last.account = w->last.currency = STR_NONE;
	w->rows++;
	return OK;
}

static enum status check_chain(struct db *d, struct str head, struct buf *out, char head_out[65], struct err *e)
{
	struct walk w = {.head_seen = head.n == 0};
	sqlite3_stmt *q = db_use(d, "SELECT seq, order_no, entry_seq, account, currency, amount, posted_ms, hash, micro FROM main.posting ORDER BY seq");
	bool row = true;
	enum status s = OK;
	while (s == OK && row) {
		s = db_step(d, q, &row);
		if (s != OK)
			return db_fail(d, s, "posting", e);
		if (row)
			s = walk_row(&w, q, head, out, e);
	}
	db_end(q);
	if (s != OK)
		return s;
	if (w.sum != 0 || w.micro != 0)
		return break_at(e, out, "ends a group that does not sum to zero", w.rows);
	hex_put(head_out, w.hash, sizeof(w.hash));
	head_out[64] = '\0';
	if (!w.head_seen && !str_eq_nocase(head, str_of(head_out)))
		return break_at(e, out, "is the last; the head that was asked for is not on the chain", w.rows);
	buf_printf(out, "postings: %" PRId64 " on one chain, every group sums to zero, head %s\n", w.rows, head_out);
	return OK;
}

/* ---- rows that must agree ---------------------------------------------------------------------------------- */

/* Each query finds the first row that is wrong, as text. */
static const struct agreement {
	const char *good, *bad, *sql;
} agreements[] = {
	{"links belong to insertions", "a link without its insertion",
		"SELECT hex(link) FROM main.link l WHERE NOT EXISTS (SELECT 1 FROM main.insertion i WHERE i.no = l.insertion_no) LIMIT 1"},
	{"serves are counted on their insertions", "an insertion whose serves are not the number of its rows",
		"SELECT hex(i.insertion) FROM main.insertion i LEFT JOIN (SELECT insertion_no, count(*) n FROM main.serve GROUP BY insertion_no) s"
		" ON s.insertion_no = i.no WHERE i.serves <> 1 + coalesce(s.n, 0) LIMIT 1"},
	{"serves belong to insertions, and so do their links", "a serve, or a link it showed, without its insertion",
		"SELECT 'serve ' || s.no FROM main.serve s LEFT JOIN main.insertion i ON i.no = s.insertion_no WHERE i.no IS NULL UNION ALL"
		" SELECT 'serve ' || x.serve_no FROM main.serve_link x LEFT JOIN main.serve s ON s.no = x.serve_no LEFT JOIN main.link l"
		" ON l.no = x.link_no WHERE s.insertion_no IS DISTINCT FROM l.insertion_no LIMIT 1"},
	{"entries belong to orders", "an entry without its order",
		"SELECT order_no || '/' || seq FROM main.entry e WHERE NOT EXISTS (SELECT 1 FROM main.orders o WHERE o.no = e.order_no) LIMIT 1"},
	{"postings belong to entries", "a posting without its entry",
		"SELECT seq FROM main.posting p WHERE NOT EXISTS"
		" (SELECT 1 FROM main.entry e WHERE e.order_no = p.order_no AND e.seq = p.entry_seq) LIMIT 1"},
	{"orders are the sums of their entries", "an order that is not the sum of its entries",
		"SELECT o.merchant || ' ' || o.order_id FROM main.orders o LEFT JOIN (SELECT order_no, count(*) n, max(seq) seq, sum(total) total,"
		" sum(pending) pending, sum(approved) approved, sum(paid) paid, sum(reversed) reversed, sum(clawed) clawed FROM main.entry"
		" GROUP BY order_no) e ON e.order_no = o.no WHERE (o.seq, o.seq, o.total, o.pending, o.approved, o.paid, o.reversed, o.clawed)"
		" IS DISTINCT FROM (coalesce(e.n, 0), coalesce(e.seq, 0), coalesce(e.total, 0), coalesce(e.pending, 0), coalesce(e.approved, 0),"
		" coalesce(e.paid, 0), coalesce(e.reversed, 0), coalesce(e.clawed, 0)) LIMIT 1"},
	{"orders and accounts agree", "an order whose accounts do not show what it stands at",
		"SELECT o.merchant || ' ' || o.order_id FROM main.orders o LEFT JOIN (SELECT order_no,"
		" sum(CASE WHEN account = 'recv_pending' THEN amount ELSE 0 END) a,"
		" sum(CASE WHEN account = 'recv_approved' THEN amount ELSE 0 END) b,"
		" sum(CASE WHEN account = 'cash' OR account = 'in_kind' THEN amount ELSE 0 END) c,"
		" sum(CASE WHEN account = 'reversals' THEN amount ELSE 0 END) d,"
		" sum(CASE WHEN account = 'recv_payable' THEN amount ELSE 0 END) f,"
		" sum(CASE WHEN account = 'rounding' THEN micro ELSE 0 END) g FROM main.posting GROUP BY order_no) p ON p.order_no = o.no"
		" WHERE (o.pending, o.approved, o.paid, o.reversed, -o.clawed, o.rest) IS DISTINCT FROM"
		" (coalesce(p.a, 0), coalesce(p.b, 0), coalesce(p.c, 0), coalesce(p.d, 0), coalesce(p.f, 0), coalesce(p.g, 0)) LIMIT 1"},
	{"clicks on links add up", "a link whose click count is not the number of its clicks",
		"SELECT hex(l.link) FROM main.link l LEFT JOIN (SELECT link_no, count(*) n, sum(class = 'human') h FROM main.click"
		" WHERE no <= (SELECT n FROM main.counter WHERE name = 'rolled_click') GROUP BY link_no) c"
		" ON c.link_no = l.no WHERE l.clicks <> coalesce(c.n, 0) OR l.human_clicks <> coalesce(c.h, 0) LIMIT 1"},
};

static enum status check_agreement(struct db *d, const struct agreement *a, struct buf *out, struct err *e)
{
	sqlite3_stmt *q = db_use(d, a->sql);
	bool row;
	enum status s = db_step(d, q, &row);
	if (s != OK)
		return db_fail(d, s, "ledger", e);
	if (row) {
		struct str which = db_get_text(q, 0);
		buf_printf(out, "%s: %.*s\n", a->bad, STR_ARG(which));
		s = err_set(e, E_CONFLICT, "ledger", "%s: %.*s", a->bad, (int)(which.n < 120 ? which.n : 120), which.p);
	} else {
		buf_printf(out, "%s\n", a->good);
	}
	db_end(q);
	return s;
}

/* ---- roll-ups against events --------------------------------------------------------------------------------- */

struct compare {
	const struct roll *recount;
	struct buf *out;
	struct err *e;
	size_t cells; /* stored ones that are not zero */
	int64_t first_quarter;
	enum status status;
};

static bool all_zero(const int64_t v[TALLY_WIDTH])
{
	static const int64_t zero[TALLY_WIDTH];
	return memcmp(v, zero, sizeof(zero)) == 0;
}

static void name_span(const struct roll_cell *cell, char out[40])
{
	static const char *const grains[] = {"day", "month", "quarter of an hour"};
	char text[32];
	int64_t ms = cell->grain == GRAIN_QUARTER ? cell->span * QUARTER_MS
						  : (cell->grain == GRAIN_MONTH ? month_begin(cell->span) : cell->span) * INT64_C(86400000);
	time_format(ms, text);
	snprintf(out, 40, "%s %.*s", grains[cell->grain], cell->grain == GRAIN_QUARTER ? 16 : cell->grain == GRAIN_MONTH ? 7 : 10, text);
}

static enum status differs(struct compare *c, const struct roll_cell *cell, const char *what)
{
	char span[40], text[200];
	struct buf where;
	name_span(cell, span);
	buf_init(&where, 2000);
	buf_printf(&where, "roll-up cube %d, %s, zone %u, merchant '%.*s', key '%.*s' %.*s", cell->cube, span, cell->zone, STR_ARG(cell->merchant),
		STR_ARG(cell->key), STR_ARG(cell->currency));
	buf_printf(c->out, "%s: %s\n", where.p ? where.p : "roll-up", what);
	size_t n = utf8_whole(str_sub(buf_str(&where), 0, sizeof(text) - 1));
	memcpy(text, where.p ? where.p : "", n);
	text[n] = '\0';
	buf_done(&where);
	return c->status = err_set(c->e, E_CONFLICT, "roll", "%s: %s", text, what);
}

static void compare_cell(void *arg, const struct roll_cell *cell, const int64_t v[TALLY_WIDTH])
{
	struct compare *c = arg;
	char room[512];
	struct buf key = {.p = room, .cap = sizeof(room), .max = sizeof(room) - 1};
	if (c->status != OK || all_zero(v) || (cell->grain == GRAIN_QUARTER && cell->span < c->first_quarter))
		return;
	struct roll_cell plain = *cell;
	if (!cell->currency.n)
		plain.basis = BASIS_EVENT;
	roll_key(&key, &plain);
	const struct tally_row *row = tally_find(cell->currency.n ? &c->recount->takings : &c->recount->counts, buf_str(&key));
	c->cells++;
	if (!row || memcmp(row->v, v, sizeof(row->v)) != 0)
		differs(c, cell, "is not what its events add up to");
}

static size_t cells_of(const struct tally *t, int64_t first)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n; i++) {
		struct roll_cell c = roll_cell_of(tally_key(t, &t->row[i]));
		n += !all_zero(t->row[i].v) && (c.grain != GRAIN_QUARTER || c.span >= first);
	}
	return n;
}

static enum status compare_slice(struct reader *r, struct compare *c, const struct roll_slice *slice)
{
	enum status s = reader_each_count(r, slice, compare_cell, c, c->e);
	for (int basis = BASIS_EVENT; basis <= BASIS_POSTING && s == OK; basis++)
		s = reader_each_taking(r, slice, (enum basis)basis, compare_cell, c, c->e);
	return s;
}

static enum status compare_all(struct reader *r, struct compare *c, size_t zones)
{
	enum status s = OK;
	for (unsigned family = 0; family < zones * GRAINS * ROLL_CUBES && s == OK && c->status == OK; family++) {
		struct roll_slice slice = {.cube = (int)(family % ROLL_CUBES), .grain = (enum grain)(family / ROLL_CUBES % GRAINS),
			.zone = family / ROLL_CUBES / GRAINS, .from = INT64_MIN, .to = INT64_MAX};
		s = compare_slice(r, c, &slice);
	}
	return s == OK ? c->status : s;
}

static enum status compare_rolls(struct reader *r, struct roll *recount, size_t zones, struct buf *out, struct err *e)
{
	struct spread spread = roll_spread(recount);
	struct compare c = {.recount = recount, .out = out, .e = e};
	enum status s = reader_first_quarter(r, &c.first_quarter, e);
	if (s == OK)
		s = reader_spread_rolled(r, &spread, e);
	if (s == OK && (recount->counts.failed || recount->takings.failed))
		s = err_set(e, E_NOMEM, "roll", "too many cells to recount");
	if (s == OK)
		s = compare_all(r, &c, zones);
	size_t want = cells_of(&recount->counts, c.first_quarter) + cells_of(&recount->takings, c.first_quarter);
	if (s == OK && c.cells != want) {
		buf_printf(out, "roll-ups: %zu cells are missing\n", want - c.cells);
		s = err_set(e, E_CONFLICT, "roll", "%zu roll-up cells are missing", want - c.cells);
	}
	if (s == OK)
		buf_printf(out, "roll-ups: %zu cells equal a recount from events\n", c.cells);
	return s;
}

static enum status check_rolls(struct reader *r, struct buf *out, struct err *e)
{
	char name[ROLL_ZONES][64];
	struct zone *zone[ROLL_ZONES] = {NULL};
	struct roll recount;
	size_t n = 0;
	roll_init(&recount);
	enum status s = reader_zones(r, name, &n, e);
	for (size_t i = 1; i < n && s == OK; i++) {
		s = zone_load(str_of(name[i]), &zone[i], e);
		recount.zones.zone[i] = zone[i];
	}
	recount.zones.n = n;
	if (s == OK)
		s = compare_rolls(r, &recount, n, out, e);
	roll_done(&recount);
	for (size_t i = 0; i < ROLL_ZONES; i++)
		zone_free(zone[i]);
	return s;
}

enum status ledger_verify(struct ledger *l, struct str head, struct buf *out, char head_out[65], struct err *e)
{
	struct reader *r;
	enum status s = reader_get_fresh(l, &r, e);
	if (s != OK)
		return s;
	s = check_chain(&r->db, head, out, head_out, e);
	for (size_t i = 0; i < ARRAY_LEN(agreements) && s == OK; i++)
		s = check_agreement(&r->db, &agreements[i], out, e);
	if (s == OK)
		s = check_rolls(r, out, e);
	reader_put(l, r);
	return s;
}
