/* Which spans of time the roll-ups keep: the zones whose days they count, and the last quarters of an hour. */
#include "ledger/sqlite_store.h"
#include "ledger/zone.h"

#include <stdio.h>
#include <string.h>

/* ---- what is stored ---------------------------------------------------------------------------------- */

enum status zones_stored(struct db *d, char name_out[ROLL_ZONES][64], size_t *n_out)
{
	sqlite3_stmt *q = db_use(d, "SELECT name FROM main.zone ORDER BY no");
	bool row = true;
	enum status s = OK;
	size_t n = 0;
	while (n < ROLL_ZONES && (s = db_step(d, q, &row)) == OK && row)
		db_get_name(q, 0, name_out[n++], 64);
	db_end(q);
	*n_out = n;
	return s;
}

static enum status counter_get(struct db *d, const char *name, int64_t *out)
{
	sqlite3_stmt *q = db_use(d, "SELECT n FROM main.counter WHERE name = ?1");
	bool row;
	db_name(q, 1, name);
	enum status s = db_step(d, q, &row);
	*out = row ? db_get_int(q, 0) : 0;
	db_end(q);
	return s;
}

static enum status counter_set(struct db *d, const char *name, int64_t n)
{
	sqlite3_stmt *q = db_use(d, "UPDATE counter SET n = ?2 WHERE name = ?1");
	db_name(q, 1, name);
	db_int(q, 2, n);
	return db_run(d, q);
}

enum status first_quarter(struct db *d, int64_t *out)
{
	return counter_get(d, "first_quarter", out);
}

/* ---- zones --------------------------------------------------------------------------------------------- */

static enum status read_names(struct str names, char out[ROLL_ZONES][64], size_t *n_out, struct err *e)
{
	size_t n = 1;
	snprintf(out[0], 64, "UTC");
	while (names.n) {
		struct str name = str_trim(str_cut(&names, ','));
		if (!name.n || str_eq(name, STR("UTC")))
			continue;
		if (n == ROLL_ZONES || name.n >= 64)
			return err_set(e, E_INPUT, "report_zones", "at most %d time zones beside UTC", ROLL_ZONES - 1);
		snprintf(out[n++], 64, "%.*s", STR_ARG(name));
	}
	*n_out = n;
	return OK;
}

static enum status load(struct writer *w, char name[ROLL_ZONES][64], size_t n, struct err *e)
{
	enum status s = OK;
	w->zones = (struct roll_zones){.n = 1};
	for (size_t i = 1; i < n && s == OK; i++) {
		s = zone_load(str_of(name[i]), &w->zone[i], e);
		w->zones.zone[i] = w->zone[i];
		w->zones.n += s == OK;
	}
	w->roll.zones = w->zones;
	return s;
}

static enum status store_name(struct db *d, int64_t no, const char *name)
{
	sqlite3_stmt *q = db_use(d, "INSERT INTO zone(no, name) VALUES(?1, ?2)");
	db_int(q, 1, no);
	db_name(q, 2, name);
	return db_run(d, q);
}

/* Sums of zones from there on are no longer of the zones that stand there. */
static enum status replace_names(struct db *d, char name[ROLL_ZONES][64], size_t n)
{
	static const char *const drop[] = {"DELETE FROM roll WHERE cube >= 64", "DELETE FROM takings WHERE cube >= 64", "DELETE FROM zone WHERE no > 0"};
	enum status s = OK;
	for (size_t i = 0; i < ARRAY_LEN(drop) && s == OK; i++)
		s = db_run(d, db_use(d, drop[i]));
	for (size_t i = 1; i < n && s == OK; i++)
		s = store_name(d, (int64_t)i, name[i]);
	return s;
}

/* What the roll-ups count already, into the zones of `only` (0: all). */
static enum status build(struct writer *w, unsigned only)
{
	struct event_range range = {INT64_MIN, INT64_MAX, .by_time = false};
	enum status s = position_rolled(&w->db, &range.upto);
	w->roll.only = only;
	if (s == OK)
		s = facts_spread(&w->db, &w->spread, &range);
	if (s == OK)
		s = money_spread(&w->db, &w->spread, INT64_MIN, INT64_MAX, BASIS_BIT(BASIS_EVENT) | BASIS_BIT(BASIS_POSTING));
	if (s == OK)
		s = counter_set(&w->db, "roll_built", 1);
	return s;
}

static enum status make_missing(struct writer *w, bool replaced, char name[ROLL_ZONES][64], size_t n)
{
	int64_t built = 0;
	enum status s = writer_begin(w);
	if (s == OK && replaced)
		s = replace_names(&w->db, name, n);
	if (s == OK)
		s = counter_get(&w->db, "roll_built", &built);
	if (s == OK && !built)
		s = build(w, 0);
	else if (s == OK && n > 1)
		s = build(w, ~1u);
	if (s == OK)
		s = writer_commit(w);
	if (s != OK)
		writer_rollback(w);
	w->roll.only = 0;
	roll_clear(&w->roll);
	return s;
}

enum status spans_open(struct writer *w, struct str names, struct err *e)
{
	char stored[ROLL_ZONES][64], wanted[ROLL_ZONES][64];
	size_t n = 0, want = 0;
	int64_t built = 0;
	enum status s = zones_stored(&w->db, stored, &n);
	if (s == OK)
		s = counter_get(&w->db, "roll_built", &built);
	if (s != OK)
		return db_fail(&w->db, s, "ledger", e);
	memcpy(wanted, stored, sizeof(wanted));
	want = n;
	s = names.p ? read_names(names, wanted, &want, e) : OK;
	if (s == OK)
		s = load(w, wanted, want, e);
	bool replaced = want != n;
	for (size_t i = 0; i < want && i < n; i++)
		replaced |= strcmp(stored[i], wanted[i]) != 0;
	if (s != OK || (built && !replaced))
		return s;
	s = make_missing(w, replaced, wanted, want);
	return s == OK ? OK : db_fail(&w->db, s, "ledger", e);
}

void spans_close(struct writer *w)
{
	for (size_t i = 0; i < ROLL_ZONES; i++)
		zone_free(w->zone[i]);
}

/* ---- quarters of an hour ---------------------------------------------------------------------------------- */

enum status spans_trim(struct writer *w, void *now_ms)
{
	static const char *const drop[] = {"DELETE FROM roll WHERE cube = ?1 AND day < ?2", "DELETE FROM takings WHERE cube = ?1 AND day < ?2"};
	int64_t floor = *(const int64_t *)now_ms / QUARTER_MS - QUARTERS_KEPT, before;
	enum status s = first_quarter(&w->db, &before);
	if (s != OK || floor <= before)
		return s;
	for (int cube = 0; cube < ROLL_CUBES && s == OK; cube++)
		for (size_t i = 0; i < ARRAY_LEN(drop) && s == OK && roll_has(cube, GRAIN_QUARTER); i++) {
			sqlite3_stmt *q = db_use(&w->db, drop[i]);
			db_int(q, 1, roll_family(cube, GRAIN_QUARTER, 0));
			db_int(q, 2, floor);
			s = db_run(&w->db, q);
		}
	return s == OK ? counter_set(&w->db, "first_quarter", floor) : s;
}
