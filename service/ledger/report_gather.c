/* What a report's page needs, summed: from roll-ups where they keep the spans it asks for, from raw events where not. Groupings with many keys
 * are read only as far as the page goes: rows behind report.bound may be there in part, and are not shown. */
#include "ledger/report.h"
#include "ledger/store.h"
#include "ledger/zone.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define LAST_KEY STR("\xf4\x8f\xbf\xbf") /* U+10FFFF: no store minds it */

struct gather {
	struct report *report;
	const struct zone *zone;
	struct reader *reader;
	unsigned mask;
	int time;       /* a part, or -1 */
	int cube;
	unsigned slot;  /* of the zone among those kept */
	bool quarters;  /* made of quarters of an hour */
	const char *merchant; /* of the cells to read; NULL: all */
	struct map *shared;   /* phrases that may be told; NULL: all */
	struct arena *names;  /* theirs */
	/* Of the slice that is being read: */
	size_t read, cells; /* cells of the slice; those of the page that were not zero */
	char last[LEDGER_TEXT]; /* key of its last cell */
};

/* ---- sums by row ----------------------------------------------------------------------------------------- */

/* A local date and time as it stands in the key. offset_s: of hours, which a clock may show twice. */
static void put_time(struct buf *key, const struct zone *z, int part, int64_t local_ms, int32_t offset_s)
{
	char text[32];
	time_format(local_ms, text);
	if (part != PART_HOUR) {
		buf_put(key, (struct str){text, part == PART_DAY ? 10 : 7});
		return;
	}
	buf_put(key, (struct str){text, 13});
	int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
	if (zone_is_utc(z))
		buf_put(key, STR(":00Z"));
	else
		buf_printf(key, ":00%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static bool all_zero(const int64_t v[TALLY_WIDTH])
{
	static const int64_t zero[TALLY_WIDTH];
	return memcmp(v, zero, sizeof(zero)) == 0;
}

static void add_sums(struct gather *g, int64_t local_ms, int32_t offset_s, const struct dims *d, struct str currency, const int64_t v[TALLY_WIDTH])
{
	static const int64_t zero[TALLY_WIDTH];
	struct report *r = g->report;
	char room[REPORT_PARTS * (LEDGER_TEXT + 1) + 64];
	struct buf key = {.p = room, .cap = sizeof(room), .max = sizeof(room) - 1};
	if (all_zero(v))
		return;
	if (r->query->merchant[0] && strcmp(d->v[COL_MERCHANT], r->query->merchant) != 0)
		return;
	for (size_t i = 0; i < r->parts; i++) {
		struct str text = r->part[i] < COLUMNS ? str_of(d->v[r->part[i]]) : STR_NONE;
		if (r->part[i] == COL_PHRASE && g->shared && map_get(g->shared, text) == MAP_NONE)
			text = STR_NONE;
		if (r->part[i] < COLUMNS)
			buf_put(&key, text);
		else
			put_time(&key, g->zone, r->part[i], local_ms, offset_s);
		buf_putc(&key, '\0');
	}
	tally_add(&r->counts, buf_str(&key), currency.n ? zero : v);
	if (!currency.n)
		return;
	buf_put(&key, currency);
	tally_add(&r->takings, buf_str(&key), v);
}

static void put_raw(
	void *arg, size_t cube, int64_t at_ms, const struct dims *d, const char *currency, enum basis basis, const int64_t v[TALLY_WIDTH])
{
	struct gather *g = arg;
	int32_t offset = g->time < 0 ? 0 : zone_offset_s(g->zone, at_ms);
	(void)cube;
	if (!currency || basis == (g->report->query->posting ? BASIS_POSTING : BASIS_EVENT))
		add_sums(g, at_ms + offset * INT64_C(1000), offset, d, str_of(currency), v);
}

static void put_cell(void *arg, const struct roll_cell *c, const int64_t v[TALLY_WIDTH])
{
	struct gather *g = arg;
	struct dims d = {{"", "", "", "", "", ""}};
	int32_t offset = 0;
	for (unsigned col = 0; col < COLUMNS; col++)
		if (g->mask & COL(col))
			d.v[col] = col == COL_MERCHANT ? c->merchant.p : c->key.p;
	if (!c->currency.n) {
		g->read++;
		g->cells += !all_zero(v);
		memcpy(g->last, c->key.p, c->key.n < sizeof(g->last) ? c->key.n : sizeof(g->last) - 1);
		g->last[c->key.n < sizeof(g->last) ? c->key.n : sizeof(g->last) - 1] = '\0';
	}
	int64_t local_ms = (c->grain == GRAIN_MONTH ? month_begin(c->span) : c->span) * DAY_MS;
	if (c->grain == GRAIN_QUARTER) {
		offset = zone_offset_s(g->zone, c->span * QUARTER_MS);
		local_ms = c->span * QUARTER_MS + offset * INT64_C(1000);
	}
	add_sums(g, local_ms, offset, &d, c->currency, v);
}

/* ---- which way ---------------------------------------------------------------------------------------------- */

static int time_part(const struct report *r)
{
	for (size_t i = 0; i < r->parts; i++)
		if (r->part[i] >= COLUMNS)
			return r->part[i];
	return -1;
}

/* The columns to sum by: those asked for, and the merchant where it filters. */
static unsigned columns_of(const struct report *r)
{
	unsigned mask = r->query->merchant[0] ? COL(COL_MERCHANT) : 0;
	for (size_t i = 0; i < r->parts; i++)
		if (r->part[i] < COLUMNS)
			mask |= COL(r->part[i]);
	return mask;
}

static enum basis basis_of(const struct gather *g)
{
	return g->report->query->posting ? BASIS_POSTING : BASIS_EVENT;
}

/* Is this the zone of days that are kept? */
static enum status find_slot(struct gather *g, bool *found, struct err *e)
{
	char name[ROLL_ZONES][64];
	size_t n = 0;
	const char *tz = g->report->query->tz;
	enum status s = reader_zones(g->reader, name, &n, e);
	*found = s == OK && zone_is_utc(g->zone);
	for (unsigned i = 1; i < n && s == OK && !*found; i++)
		if (strcmp(name[i], tz) == 0) {
			g->slot = i;
			*found = true;
		}
	return s;
}

static enum status raw(struct gather *g, int64_t from_ms, int64_t to_ms, struct err *e)
{
	struct spread s = {&g->mask, 1, put_raw, g};
	return from_ms < to_ms ? reader_spread_events(g->reader, &s, from_ms, to_ms, BASIS_BIT(basis_of(g)), e) : OK;
}

/* ---- slices ----------------------------------------------------------------------------------------------------- */

static struct roll_slice slice_of(const struct gather *g, enum grain grain, int64_t from, int64_t to)
{
	return (struct roll_slice){.cube = g->cube, .grain = grain, .zone = grain == GRAIN_QUARTER ? 0 : g->slot, .from = from, .to = to, .merchant = g->merchant};
}

static enum status read_slice(struct gather *g, const struct roll_slice *s, struct err *e)
{
	if (s->from >= s->to)
		return OK;
	enum status st = reader_each_count(g->reader, s, put_cell, g, e);
	return st == OK ? reader_each_taking(g->reader, s, basis_of(g), put_cell, g, e) : st;
}

static int64_t local_instant(const struct gather *g, int64_t day)
{
	return zone_instant(g->zone, day * DAY_MS);
}

/* All of [from, to) days: whole months as such where they are kept and no days are asked for. */
static enum status read_days(struct gather *g, int64_t from, int64_t to, struct err *e)
{
	int64_t first = month_of(from) + (month_begin(month_of(from)) < from), last = month_of(to);
	bool months = g->time != PART_DAY && g->time != PART_HOUR && roll_has(g->cube, GRAIN_MONTH) && first < last;
	struct roll_slice whole = slice_of(g, GRAIN_DAY, from, to);
	if (g->quarters)
		whole = slice_of(g, GRAIN_QUARTER, local_instant(g, from) / QUARTER_MS, local_instant(g, to) / QUARTER_MS);
	if (!months || g->quarters)
		return read_slice(g, &whole, e);
	struct roll_slice head = slice_of(g, GRAIN_DAY, from, month_begin(first)), middle = slice_of(g, GRAIN_MONTH, first, last),
			  tail = slice_of(g, GRAIN_DAY, month_begin(last), to);
	enum status s = read_slice(g, &head, e);
	if (s == OK)
		s = read_slice(g, &middle, e);
	return s == OK ? read_slice(g, &tail, e) : s;
}

/* ---- many keys: only as far as the page goes ----------------------------------------------------------------------- */

/* The part of a key, and whether it lies behind the cursor only. */
static struct str part_of(struct str key, size_t i)
{
	while (i--)
		str_cut(&key, '\0');
	return str_cut(&key, '\0');
}

static void set_bound(struct gather *g, struct str time_text, struct str key)
{
	struct buf *b = &g->report->bound;
	buf_clear(b);
	if (time_text.n) {
		buf_put(b, time_text);
		buf_putc(b, '\0');
	}
	buf_put(b, key);
	buf_putc(b, '\0');
}

static bool keyed(const struct gather *g)
{
	return g->merchant && g->mask & ~COL(COL_MERCHANT) && !g->shared; /* what is told together is not in order */
}

/* One day (or month) of a report whose rows go by time first. *full: it gave all that the page needs. */
static enum status read_chunk(struct gather *g, enum grain grain, int64_t span, int64_t from_day, int64_t to_day, bool first, bool *full, struct err *e)
{
	char text[32];
	size_t limit = report_limit(g->report) + 1;
	time_format(from_day * DAY_MS, text);
	text[g->time == PART_MONTH ? 7 : 10] = g->time == PART_HOUR ? LAST_KEY.p[0] : '\0'; /* hours go on behind the date */
	text[11] = '\0';
	struct str when = str_of(text);
	bool kept = grain == GRAIN_MONTH ? roll_has(g->cube, GRAIN_MONTH) && month_begin(span) == from_day && month_begin(span + 1) == to_day : true;
	if (!keyed(g) || g->quarters || !kept || grain == GRAIN_QUARTER) {
		enum status s = read_days(g, from_day, to_day, e);
		if (first && g->report->from_key.n)
			g->cells = 0; /* some or all of these were on the page before */
		*full = g->cells >= limit;
		if (*full)
			set_bound(g, when, LAST_KEY);
		return s;
	}
	struct roll_slice c = slice_of(g, grain, span, span + 1);
	c.keyed = true;
	c.limit = (uint32_t)limit;
	c.past = first && g->report->from_key.n;
	c.after = c.past ? part_of(g->report->from_key, 1) : STR_NONE;
	c.upto = LAST_KEY;
	g->read = 0;
	enum status s = reader_each_count(g->reader, &c, put_cell, g, e);
	bool cut = g->read == limit;
	char last[LEDGER_TEXT];
	memcpy(last, g->last, sizeof(last));
	if (cut)
		c.upto = str_of(last);
	if (s == OK)
		s = reader_each_taking(g->reader, &c, basis_of(g), put_cell, g, e);
	*full = cut || g->cells >= limit;
	if (*full)
		set_bound(g, when, cut ? str_of(last) : LAST_KEY);
	return s;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Time first, then a column: day by day (hours too), or month by month, from the cursor's on. */
static enum status by_time(struct gather *g, int64_t from, int64_t to, struct err *e)
{
	struct str at = part_of(g->report->from_key, 0);
	bool months = g->time == PART_MONTH, first = true, full = false;
	char date[16] = "";
	int64_t ms, begin = from;
	snprintf(date, sizeof(date), "%.*s%s", (int)(at.n < (months ? 7 : 10) ? at.n : (months ? 7 : 10)), at.p ? at.p : "", months ? "-01" : "");
	if (at.n && time_parse(str_of(date), &ms, NULL) != OK)
		return err_set(e, E_INPUT, "cursor", "not a cursor of this report");
	if (at.n && day_of(ms) > from)
		begin = day_of(ms);
	else
		first = at.n && (months ? month_of(day_of(ms)) == month_of(from) : day_of(ms) == from);
	enum status s = OK;
	for (int64_t day = begin; day < to && s == OK && !full; first = false) {
		int64_t month = month_of(day), end = months ? month_begin(month + 1) : day + 1;
		end = end < to ? end : to;
		s = read_chunk(g, months ? GRAIN_MONTH : g->quarters ? GRAIN_QUARTER : GRAIN_DAY, months ? month : day, later(day, from), end, first, &full, e);
		day = end;
	}
	return s;
}

struct span {
	enum grain grain;
	int64_t at;
};
#define SPANS_MAX 512 /* more days and months than that: all is read */

static size_t list_spans(const struct gather *g, int64_t from, int64_t to, struct span *out)
{
	bool months = roll_has(g->cube, GRAIN_MONTH);
	size_t n = 0;
	for (int64_t day = from; day < to && n < SPANS_MAX;) {
		int64_t month = month_of(day), end = month_begin(month + 1);
		bool whole = months && month_begin(month) == day && end <= to;
		out[n++] = whole ? (struct span){GRAIN_MONTH, month} : (struct span){GRAIN_DAY, day};
		day = whole ? end : day + 1;
		if (n == SPANS_MAX && day < to)
			return SPANS_MAX + 1;
	}
	return n;
}

static struct roll_slice keys_of_span(const struct gather *g, struct span at)
{
	struct roll_slice c = slice_of(g, at.grain, at.at, at.at + 1);
	c.keyed = true;
	c.past = g->report->from_key.n > 0;
	c.after = c.past ? part_of(g->report->from_key, 0) : STR_NONE;
	c.upto = LAST_KEY;
	return c;
}

/* A column alone: each span gives its first keys behind the cursor; up to the least of the last ones of those that had more, sums are whole. */
static enum status by_key(struct gather *g, int64_t from, int64_t to, struct err *e)
{
	struct span span[SPANS_MAX];
	char least[LEDGER_TEXT] = "";
	size_t n = list_spans(g, from, to, span), limit = report_limit(g->report) + 1;
	bool cut = false;
	enum status s = OK;
	if (n > SPANS_MAX)
		return read_days(g, from, to, e);
	for (size_t i = 0; i < n && s == OK; i++) {
		struct roll_slice c = keys_of_span(g, span[i]);
		g->read = 0;
		c.limit = (uint32_t)limit;
		s = reader_each_count(g->reader, &c, put_cell, g, e);
		if (g->read < limit || (cut && strcmp(g->last, least) >= 0))
			continue;
		memcpy(least, g->last, sizeof(least));
		cut = true;
	}
	for (size_t i = 0; i < n && s == OK; i++) {
		struct roll_slice c = keys_of_span(g, span[i]);
		if (cut)
			c.upto = str_of(least);
		s = reader_each_taking(g->reader, &c, basis_of(g), put_cell, g, e);
	}
	if (cut)
		set_bound(g, STR_NONE, str_of(least));
	return s;
}

static enum status read_cells(struct gather *g, int64_t from, int64_t to, struct err *e)
{
	const struct report *r = g->report;
	if (r->parts == 2 && r->part[0] >= COLUMNS)
		return by_time(g, from, to, e);
	if (r->parts == 1 && r->part[0] < COLUMNS && keyed(g) && !g->quarters)
		return by_key(g, from, to, e);
	return read_days(g, from, to, e);
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

/* Whole local days between from and to. */
static void whole_days(const struct gather *g, int64_t *first, int64_t *last)
{
	const struct ledger_report_query *q = g->report->query;
	int64_t from_local = q->from_ms + zone_offset_s(g->zone, q->from_ms) * INT64_C(1000), to_local = q->to_ms + zone_offset_s(g->zone, q->to_ms) * INT64_C(1000);
	*first = day_of(from_local) + (local_instant(g, day_of(from_local)) < q->from_ms);
	*last = day_of(to_local);
	if (local_instant(g, *last) > q->to_ms)
		--*last;
}

/* Are hours, or the days of a zone that is not kept, to be had from quarters? */
static enum status try_quarters(struct gather *g, int64_t first_ms, bool *can, struct err *e)
{
	int64_t kept = 0;
	enum status s = reader_first_quarter(g->reader, &kept, e);
	*can = s == OK && roll_has(g->cube, GRAIN_QUARTER) && first_ms % QUARTER_MS == 0 && first_ms / QUARTER_MS >= kept;
	return s;
}

static enum status gather_days(struct gather *g, int64_t first, int64_t last, struct err *e)
{
	const struct ledger_report_query *q = g->report->query;
	struct spread rest = {&g->mask, 1, put_raw, g};
	int64_t from_ms = local_instant(g, first), to_ms = local_instant(g, last);
	enum status s = raw(g, q->from_ms, from_ms, e);
	if (s == OK)
		s = raw(g, to_ms, q->to_ms, e);
	if (s == OK)
		s = reader_spread_unrolled(g->reader, &rest, from_ms, to_ms, e);
	return s == OK ? read_cells(g, first, last, e) : s;
}

static void take_phrase(void *arg, struct str phrase)
{
	struct gather *g = arg;
	struct str copy = arena_take_str(g->names, phrase);
	if (copy.p)
		map_add(g->shared, copy, 1);
}

static enum status load_shared(struct gather *g, struct err *e)
{
	const struct ledger_report_query *q = g->report->query;
	g->names = arena_new((size_t)64 << 20);
	g->shared = map_new(256, 0);
	if (!g->names || !g->shared)
		return err_set(e, E_NOMEM, "report", "out of memory");
	enum status s = reader_shared_phrases(g->reader, q->merchant, q->from_ms, q->to_ms, LEDGER_GROUP_LEAST, take_phrase, g, e);
	return s == OK && arena_failed(g->names) ? err_set(e, E_NOMEM, "report", "out of memory") : s;
}

static enum status gather_all(struct gather *g, struct err *e)
{
	struct report *r = g->report;
	int64_t first = 0, last = 0;
	bool kept = false;
	g->cube = roll_cube(g->mask);
	g->merchant = r->query->merchant[0] ? r->query->merchant : g->mask & COL(COL_MERCHANT) ? NULL : "";
	whole_days(g, &first, &last);
	enum status s = OK;
	if (g->cube >= 0 && first < last)
		s = find_slot(g, &kept, e);
	if (s == OK && g->cube >= 0 && first < last && (!kept || g->time == PART_HOUR)) {
		s = try_quarters(g, local_instant(g, first), &kept, e);
		g->quarters = kept;
	}
	if (s != OK)
		return s;
	return kept ? gather_days(g, first, last, e) : raw(g, r->query->from_ms, r->query->to_ms, e);
}

enum status report_gather(struct report *r, const struct zone *zone, struct reader *reader, struct err *e)
{
	struct gather g = {.report = r, .zone = zone, .reader = reader, .mask = columns_of(r), .time = time_part(r)};
	enum status s = r->query->shared && g.mask & COL(COL_PHRASE) ? load_shared(&g, e) : OK;
	if (s == OK)
		s = gather_all(&g, e);
	map_free(g.shared);
	arena_free(g.names);
	return s;
}
