/* Events to sums, and sums to the cells of the kept roll-ups. */
#include "ledger/spread.h"
#include "ledger/zone.h"

#include <string.h>

const unsigned roll_mask[ROLL_CUBES] = {
	0,
	COL(COL_MERCHANT),
	COL(COL_MERCHANT) | COL(COL_PRODUCT),
	COL(COL_MERCHANT) | COL(COL_PHRASE),
	COL(COL_FORM),
	COL(COL_MERCHANT) | COL(COL_FORM),
	COL(COL_APP),
	COL(COL_MERCHANT) | COL(COL_APP),
	COL(COL_MODEL),
	COL(COL_MERCHANT) | COL(COL_MODEL),
	COL(COL_PRODUCT),
	COL(COL_PHRASE),
};

int roll_cube(unsigned columns)
{
	for (int i = 0; i < ROLL_CUBES; i++)
		if (roll_mask[i] == columns)
			return i;
	return -1;
}

bool roll_has(int cube, enum grain g)
{
	unsigned many = roll_mask[cube] & (COL(COL_PRODUCT) | COL(COL_PHRASE)), m = roll_mask[cube];
	if (g == GRAIN_MONTH)
		return m == COL(COL_MERCHANT) || m == COL(COL_PRODUCT) || m == COL(COL_PHRASE);
	return g == GRAIN_DAY || !many;
}

static struct dims masked(const struct dims *d, unsigned mask)
{
	struct dims out;
	for (unsigned c = 0; c < COLUMNS; c++)
		out.v[c] = mask & COL(c) ? d->v[c] : "";
	return out;
}

static bool same(const struct dims *a, const struct dims *b)
{
	for (unsigned c = 0; c < COLUMNS; c++)
		if (strcmp(a->v[c], b->v[c]) != 0)
			return false;
	return true;
}

static void put_everywhere(const struct spread *s, int64_t at_ms, const struct dims *d, const char *currency, enum basis basis,
	const int64_t v[TALLY_WIDTH])
{
	for (size_t k = 0; k < s->cubes; k++) {
		struct dims m = masked(d, s->mask[k]);
		s->put(s->arg, k, at_ms, &m, currency, basis, v);
	}
}

static struct dims dims_of_link(const struct ledger_insertion *i, uint32_t n)
{
	const struct ledger_link *l = &i->link[n];
	return (struct dims){{l->merchant, l->product, l->phrase, i->form, i->app, i->model}};
}

static void put_answer(const struct spread *s, size_t cube, const struct ledger_insertion *i, const struct dims *d)
{
	int64_t n[TALLY_WIDTH] = {[N_ANSWERS] = 1, [N_ELIGIBLE] = i->eligible, [N_LINKED] = strcmp(i->decision, "linked") == 0};
	n[N_TOKENS] = (i->prompt_tokens > 0 ? i->prompt_tokens : 0) + (i->completion_tokens > 0 ? i->completion_tokens : 0);
	s->put(s->arg, cube, i->at_ms, d, NULL, BASIS_EVENT, n);
	if (!i->cost.currency[0])
		return;
	int64_t t[TALLY_WIDTH] = {[T_COST] = i->cost.minor};
	s->put(s->arg, cube, i->at_ms, d, i->cost.currency, BASIS_EVENT, t);
	s->put(s->arg, cube, i->at_ms, d, i->cost.currency, BASIS_POSTING, t);
}

/* The answer in one cube: once a distinct cell. Links are few, so the search is over the earlier ones. */
static void answer_in_cube(const struct spread *s, size_t cube, const struct ledger_insertion *i)
{
	struct dims seen[LEDGER_MAX_LINKS];
	uint32_t n = 0;
	for (uint32_t k = 0; k < i->link_count && s->mask[cube] & LINK_COLUMNS; k++) {
		if (i->link[k].existing)
			continue;
		struct dims full = dims_of_link(i, k);
		seen[n] = masked(&full, s->mask[cube]);
		uint32_t j = 0;
		while (!same(&seen[j], &seen[n]))
			j++;
		if (j == n)
			put_answer(s, cube, i, &seen[n++]);
	}
	if (n)
		return;
	struct dims whole = {{"", "", "", i->form, i->app, i->model}};
	whole = masked(&whole, s->mask[cube]);
	put_answer(s, cube, i, &whole);
}

void spread_insertion(const struct spread *s, const struct ledger_insertion *i)
{
	const int64_t one[TALLY_WIDTH] = {[N_LINKS] = 1, [N_SHOWN] = !i->confirms};
	for (size_t k = 0; k < s->cubes; k++)
		answer_in_cube(s, k, i);
	for (uint32_t k = 0; k < i->link_count; k++) {
		struct dims d = dims_of_link(i, k);
		if (!i->link[k].existing)
			put_everywhere(s, i->at_ms, &d, NULL, BASIS_EVENT, one);
	}
}

void spread_click(const struct spread *s, int64_t at_ms, const struct dims *d, bool human, bool unique)
{
	int64_t n[TALLY_WIDTH] = {[N_CLICKS] = 1, [N_HUMAN] = human, [N_UNIQUE] = unique};
	put_everywhere(s, at_ms, d, NULL, BASIS_EVENT, n);
}

void spread_shown(const struct spread *s, int64_t at_ms, const struct dims *d, int64_t n)
{
	int64_t v[TALLY_WIDTH] = {[N_SHOWN] = n};
	put_everywhere(s, at_ms, d, NULL, BASIS_EVENT, v);
}

void spread_takings(
	const struct spread *s, int64_t at_ms, const struct dims *d, enum basis basis, const char *currency, const int64_t v[TALLY_WIDTH])
{
	put_everywhere(s, at_ms, d, currency, basis, v);
}

/* ---- roll-up cells ------------------------------------------------------------------------ */

enum { ROLL_KEYS_MAX = 1 << 30 };

int64_t day_of(int64_t ms)
{
	int64_t d = ms / 86400000;
	return ms % 86400000 < 0 ? d - 1 : d;
}

static int64_t down(int64_t n, int64_t by)
{
	return n / by - (n % by < 0);
}

/* Days to civil months, by the era of 400 years; years begin in March. */
int64_t month_of(int64_t day)
{
	int64_t z = day + 719468, era = down(z, 146097), doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 2 : mp - 10;
	return (yoe + era * 400 + (month < 2)) * 12 + month;
}

int64_t month_begin(int64_t month)
{
	int64_t year = down(month, 12), m = month - year * 12 + 1;
	year -= m <= 2;
	int64_t era = down(year, 400), yoe = year - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int roll_family(int cube, enum grain g, unsigned zone)
{
	return (int)zone * 64 + (int)g * 16 + cube;
}

void roll_family_of(int family, struct roll_cell *out)
{
	out->cube = family % 16;
	out->grain = (enum grain)(family / 16 % 4);
	out->zone = (unsigned)family / 64;
}

void roll_init(struct roll *r)
{
	tally_init(&r->counts, ROLL_KEYS_MAX);
	tally_init(&r->takings, ROLL_KEYS_MAX);
	r->zones = (struct roll_zones){.n = 1};
	r->only = 0;
}

void roll_done(struct roll *r)
{
	tally_done(&r->counts);
	tally_done(&r->takings);
}

void roll_clear(struct roll *r)
{
	tally_clear(&r->counts);
	tally_clear(&r->takings);
}

/* family, basis, span (8 bytes, biased, big endian), merchant NUL key NUL currency. The order of the roll-up tables' primary keys is close to
 * this one, so a sorted flush walks their pages forward. */
void roll_key(struct buf *out, const struct roll_cell *c)
{
	char head[10] = {(char)roll_family(c->cube, c->grain, c->zone), (char)c->basis};
	uint64_t span = (uint64_t)c->span ^ UINT64_C(1) << 63;
	for (int i = 0; i < 8; i++)
		head[2 + i] = (char)(span >> (56 - 8 * i));
	buf_put(out, (struct str){head, sizeof(head)});
	buf_put(out, c->merchant);
	buf_putc(out, '\0');
	buf_put(out, c->key);
	buf_putc(out, '\0');
	buf_put(out, c->currency);
}

struct roll_cell roll_cell_of(struct str key)
{
	struct roll_cell c = {.basis = key.p[1] ? BASIS_POSTING : BASIS_EVENT};
	uint64_t span = 0;
	roll_family_of((uint8_t)key.p[0], &c);
	for (int i = 0; i < 8; i++)
		span = span << 8 | (uint8_t)key.p[2 + i];
	c.span = (int64_t)(span ^ UINT64_C(1) << 63);
	struct str rest = str_sub(key, 10, key.n);
	c.merchant = str_cut(&rest, '\0');
	c.key = str_cut(&rest, '\0');
	c.currency = rest;
	return c;
}

static void add_cell(struct roll *r, const struct roll_cell *c, const int64_t v[TALLY_WIDTH])
{
	char room[10 + LEDGER_NAME + LEDGER_TEXT + 8];
	struct buf key = {.p = room, .cap = sizeof(room), .max = sizeof(room) - 1};
	struct tally *t = c->currency.n ? &r->takings : &r->counts;
	roll_key(&key, c);
	if (key.failed)
		t->failed = true;
	else
		tally_add(t, buf_str(&key), v);
}

static void add_days(struct roll *r, struct roll_cell c, int64_t at_ms, const int64_t v[TALLY_WIDTH])
{
	for (c.zone = 0; c.zone < r->zones.n; c.zone++) {
		if (r->only && !(r->only & 1u << c.zone))
			continue;
		const struct zone *z = r->zones.zone[c.zone];
		c.grain = GRAIN_DAY;
		c.span = day_of(z ? at_ms + zone_offset_s(z, at_ms) * INT64_C(1000) : at_ms);
		add_cell(r, &c, v);
		if (!roll_has(c.cube, GRAIN_MONTH))
			continue;
		c.grain = GRAIN_MONTH;
		c.span = month_of(c.span);
		add_cell(r, &c, v);
	}
}

static void roll_put(
	void *arg, size_t cube, int64_t at_ms, const struct dims *d, const char *currency, enum basis basis, const int64_t v[TALLY_WIDTH])
{
	struct roll *r = arg;
	struct roll_cell c = {.cube = (int)cube, .basis = basis, .currency = str_of(currency), .merchant = str_of(d->v[COL_MERCHANT])};
	for (unsigned i = COL_PRODUCT; i < COLUMNS; i++)
		if (roll_mask[cube] & COL(i))
			c.key = str_of(d->v[i]);
	add_days(r, c, at_ms, v);
	if (!roll_has(c.cube, GRAIN_QUARTER) || (r->only && !(r->only & 1)))
		return;
	c.grain = GRAIN_QUARTER;
	c.span = down(at_ms, QUARTER_MS);
	add_cell(r, &c, v);
}

struct spread roll_spread(struct roll *r)
{
	return (struct spread){roll_mask, ROLL_CUBES, roll_put, r};
}
