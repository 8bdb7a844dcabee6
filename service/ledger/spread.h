/* spread: which sums an event goes into. One definition for the roll-ups kept while events commit, for the recount that checks them, and
 * for reports computed from raw events; so the three agree by construction. Pure. */
#ifndef LEDGER_SPREAD_H
#define LEDGER_SPREAD_H

#include "ledger/book.h"
#include "ledger/ledger.h"
#include "ledger/tally.h"

enum column { COL_MERCHANT, COL_PRODUCT, COL_PHRASE, COL_FORM, COL_APP, COL_MODEL, COLUMNS };
#define COL(c) (1u << (c))
/* Columns that belong to a link rather than to the whole answer. */
#define LINK_COLUMNS (COL(COL_MERCHANT) | COL(COL_PRODUCT) | COL(COL_PHRASE))

/* Positions in a tally row. Counts: */
enum { N_ANSWERS, N_ELIGIBLE, N_LINKED, N_LINKS, N_CLICKS, N_HUMAN, N_TOKENS, N_UNIQUE, N_SHOWN, COUNTS };
/* and takings, per currency: */
enum { T_ORDERS, T_VALUE, T_PENDING, T_APPROVED, T_PAID, T_REVERSED, T_CLAWED, T_COST, TAKINGS };
_Static_assert(COUNTS <= TALLY_WIDTH && TAKINGS <= TALLY_WIDTH, "a row holds either");
enum basis { BASIS_EVENT, BASIS_POSTING };

struct dims {
	const char *v[COLUMNS]; /* "" for none, never NULL */
};

/* Receives sums. Columns outside the cube's mask are "" in d. currency NULL: v are counts; else takings. */
struct spread {
	const unsigned *mask;
	size_t cubes;
	void (*put)(void *arg, size_t cube, int64_t at_ms, const struct dims *d, const char *currency, enum basis basis, const int64_t v[TALLY_WIDTH]);
	void *arg;
};

/* An answer counts once in every cube cell that one of its new links falls into; without links, in the cell of no merchant. Its links count
 * each in theirs. */
void spread_insertion(const struct spread *s, const struct ledger_insertion *i);
void spread_click(const struct spread *s, int64_t at_ms, const struct dims *d, bool human, bool unique);
/* n links more, or fewer, were shown. */
void spread_shown(const struct spread *s, int64_t at_ms, const struct dims *d, int64_t n);
void spread_takings(
	const struct spread *s, int64_t at_ms, const struct dims *d, enum basis basis, const char *currency, const int64_t v[TALLY_WIDTH]);

/* ---- the roll-ups that are kept ---------------------------------------------------------- */

/* A cube is a set of columns: at most the merchant and one more, the cell's key. */
#define ROLL_CUBES 12
extern const unsigned roll_mask[ROLL_CUBES];
/* The cube that answers a grouping by these columns, or -1. */
int roll_cube(unsigned columns);

/* A cell is a cube's sums over a span of time: a day of a zone; a month, of cubes with many keys; a quarter of an hour, of cubes with few, from
 * which the hours and days of any zone are made, for the last days. */
enum grain { GRAIN_DAY, GRAIN_MONTH, GRAIN_QUARTER, GRAINS };
bool roll_has(int cube, enum grain g);
#define ROLL_ZONES 3
struct zone;
struct roll_zones {
	const struct zone *zone[ROLL_ZONES]; /* borrowed; the first is NULL: UTC */
	size_t n;
};
#define QUARTER_MS INT64_C(900000)
#define QUARTERS_KEPT (9 * 96) /* a week of whole days in any zone */

struct roll {
	struct tally counts, takings;
	struct roll_zones zones;
	unsigned only; /* zones to fill, as bits; 0: all */
};
struct roll_cell {
	int cube;
	enum grain grain;
	unsigned zone;
	enum basis basis;
	int64_t span; /* day since 1970, year * 12 + month from 0, or quarter since 1970 */
	struct str merchant, key, currency;
};
/* How cube, grain and zone stand in the tables. */
int roll_family(int cube, enum grain g, unsigned zone);
void roll_family_of(int family, struct roll_cell *out);
void roll_init(struct roll *r);
void roll_done(struct roll *r);
void roll_clear(struct roll *r);
struct spread roll_spread(struct roll *r);
/* Takes the tally's own key bytes apart. */
struct roll_cell roll_cell_of(struct str key);
/* Key bytes of a cell; also for recounts. */
void roll_key(struct buf *out, const struct roll_cell *c);
int64_t day_of(int64_t ms); /* rounds down, before 1970 too */
int64_t month_of(int64_t day);
int64_t month_begin(int64_t month); /* its first day */

#endif
