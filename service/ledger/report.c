/* Reports: parse the grouping, gather sums from roll-ups where a kept cube answers and from raw events where not, sort, cut a page. */
#include "ledger/report.h"
#include "ledger/store.h"
#include "ledger/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_DEFAULT = 1000, ROWS_MAX = 100000, CURSOR_PREFIX = 100 };
#define DAY_MS INT64_C(86400000)
#define REPORT_KEYS_MAX ((size_t)256 << 20)

const char *const part_name[PARTS] = {
	[COL_MERCHANT] = "merchant", [COL_PRODUCT] = "product", [COL_PHRASE] = "phrase", [COL_FORM] = "form", [COL_APP] = "app",
	[COL_MODEL] = "model", [PART_HOUR] = "hour", [PART_DAY] = "day", [PART_MONTH] = "month"};

/* ---- grouping ------------------------------------------------------------------------------------- */

static enum status add_part(struct report *r, struct str name, struct err *e)
{
	int part = 0;
	while (part < PARTS && !str_eq(name, str_of(part_name[part])))
		part++;
	if (part == PARTS)
		return err_set(e, E_INPUT, "group_by", "expected day, hour, month, merchant, product, phrase, form, app or model");
	for (size_t i = 0; i < r->parts; i++)
		if (r->part[i] == part || (r->part[i] >= COLUMNS && part >= COLUMNS))
			return err_set(e, E_INPUT, "group_by", "the same thing twice, or two spans of time");
	if (r->parts == REPORT_PARTS)
		return err_set(e, E_INPUT, "group_by", "at most %d parts", REPORT_PARTS);
	r->part[r->parts++] = part;
	return OK;
}

static enum status parse_grouping(struct report *r, struct err *e)
{
	struct str rest = str_of(r->query->group_by);
	enum status s = OK;
	while (rest.n && s == OK)
		s = add_part(r, str_trim(str_cut(&rest, ',')), e);
	return s;
}

static int time_part(const struct report *r)
{
	for (size_t i = 0; i < r->parts; i++)
		if (r->part[i] >= COLUMNS)
			return r->part[i];
	return -1;
}

/* The columns to sum by: those asked for, the merchant where it filters, and beside a product or phrase, which belong to one. */
static unsigned columns_of(const struct report *r)
{
	unsigned mask = r->query->merchant[0] ? COL(COL_MERCHANT) : 0;
	for (size_t i = 0; i < r->parts; i++)
		if (r->part[i] < COLUMNS)
			mask |= COL(r->part[i]);
	return mask & (COL(COL_PRODUCT) | COL(COL_PHRASE)) ? mask | COL(COL_MERCHANT) : mask;
}

/* ---- gathering --------------------------------------------------------------------------------------- */

struct gather {
	struct report *report;
	const struct zone *zone;
	unsigned mask;
};

static void put_span(struct buf *key, const struct zone *z, int part, int64_t at_ms)
{
	char text[32];
	int32_t offset = zone_offset_s(z, at_ms);
	time_format(at_ms + (int64_t)offset * 1000, text);
	if (part != PART_HOUR) {
		buf_put(key, (struct str){text, part == PART_DAY ? 10 : 7});
		return;
	}
	/* With its offset: the hour that a clock shows twice is two hours. */
	buf_put(key, (struct str){text, 13});
	int32_t minutes = (offset < 0 ? -offset : offset) / 60;
	if (zone_is_utc(z))
		buf_put(key, STR(":00Z"));
	else
		buf_printf(key, ":00%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static void add_sums(struct gather *g, int64_t at_ms, const struct dims *d, struct str currency, const int64_t v[TALLY_WIDTH])
{
	static const int64_t zero[TALLY_WIDTH];
	struct report *r = g->report;
	char room[REPORT_PARTS * (LEDGER_TEXT + 1) + 64];
	struct buf key = {.p = room, .cap = sizeof(room), .max = sizeof(room) - 1};
	if (memcmp(v, zero, sizeof(zero)) == 0)
		return;
	if (r->query->merchant[0] && strcmp(d->v[COL_MERCHANT], r->query->merchant) != 0)
		return;
	for (size_t i = 0; i < r->parts; i++) {
		if (r->part[i] < COLUMNS)
			buf_put(&key, str_of(d->v[r->part[i]]));
		else
			put_span(&key, g->zone, r->part[i], at_ms);
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
	(void)cube;
	if (!currency || basis == (g->report->query->posting ? BASIS_POSTING : BASIS_EVENT))
		add_sums(g, at_ms, d, str_of(currency), v);
}

static void put_cell(void *arg, const struct roll_cell *c, const int64_t v[TALLY_WIDTH])
{
	struct gather *g = arg;
	struct dims d = {{"", "", "", "", "", ""}};
	for (unsigned col = 0; col < COLUMNS; col++)
		if (g->mask & COL(col))
			d.v[col] = col == COL_MERCHANT ? c->merchant.p : c->key.p;
	add_sums(g, c->day * DAY_MS, &d, c->currency, v);
}

static bool whole_days(const struct ledger_report_query *q)
{
	return q->from_ms % DAY_MS == 0 && q->to_ms % DAY_MS == 0;
}

static enum status gather(struct gather *g, struct reader *reader, struct err *e)
{
	const struct ledger_report_query *q = g->report->query;
	enum basis basis = q->posting ? BASIS_POSTING : BASIS_EVENT;
	int cube = roll_cube(g->mask);
	if (cube < 0 || !zone_is_utc(g->zone) || !whole_days(q) || time_part(g->report) == PART_HOUR) {
		struct spread s = {&g->mask, 1, put_raw, g};
		return reader_spread_events(reader, &s, q->from_ms, q->to_ms, BASIS_BIT(basis), e);
	}
	int64_t from = day_of(q->from_ms), to = day_of(q->to_ms);
	struct spread rest = {&g->mask, 1, put_raw, g};
	enum status s = reader_each_count(reader, cube, from, to, q->merchant, put_cell, g, e);
	if (s == OK)
		s = reader_each_taking(reader, cube, from, to, basis, q->merchant, put_cell, g, e);
	return s == OK ? reader_spread_unrolled(reader, &rest, q->from_ms, q->to_ms, e) : s;
}

/* ---- rows and pages ------------------------------------------------------------------------------------ */

struct str report_part(const struct report_row *row, size_t i)
{
	struct str rest = row->key;
	while (i--)
		str_cut(&rest, '\0');
	return str_cut(&rest, '\0');
}

struct str report_currency(const struct report *r, const struct report_row *row, size_t i)
{
	struct str key = tally_key(&r->takings, &row->takings[i]);
	return str_sub(key, row->key.n, key.n);
}

/* Both tallies are sorted, and a row's takings lie together in the same order. */
static struct report_row *join(const struct report *r)
{
	struct report_row *row = calloc(r->counts.n + 1, sizeof(*row));
	size_t t = 0;
	for (size_t i = 0; row && i < r->counts.n; i++) {
		row[i].key = tally_key(&r->counts, &r->counts.row[i]);
		row[i].counts = r->counts.row[i].v;
		row[i].takings = r->takings.row ? r->takings.row + t : NULL;
		for (; t < r->takings.n; t++, row[i].currencies++) {
			struct str key = tally_key(&r->takings, &r->takings.row[t]);
			if (!str_starts(key, row[i].key) || key.n != row[i].key.n + 3)
				break;
		}
	}
	return row;
}

static struct str cursor_prefix(const struct report_row *row)
{
	return str_sub(row->key, 0, CURSOR_PREFIX);
}

/* "HEX.SKIP": the last row's key, cut, and how many rows with that beginning have been given. */
static enum status find_start(const struct report *r, const struct report_row *row, size_t *start_out, struct err *e)
{
	struct str rest = str_of(r->query->cursor), hex = str_cut(&rest, '.');
	uint8_t prefix[CURSOR_PREFIX];
	int64_t skip;
	*start_out = 0;
	if (!r->query->cursor[0])
		return OK;
	if (hex.n > 2 * sizeof(prefix) || !hex_get(hex, prefix, hex.n / 2) || hex.n % 2 || !str_int(rest, &skip) || skip < 0)
		return err_set(e, E_INPUT, "cursor", "not a cursor of this report");
	struct str at = {(const char *)prefix, hex.n / 2};
	size_t i = 0;
	while (i < r->counts.n && str_cmp(cursor_prefix(&row[i]), at) < 0)
		i++;
	while (i < r->counts.n && skip > 0 && str_eq(cursor_prefix(&row[i]), at)) {
		i++;
		skip--;
	}
	*start_out = i;
	return OK;
}

static void make_cursor(const struct report_row *row, size_t end, char out[256])
{
	struct str prefix = cursor_prefix(&row[end - 1]);
	size_t given = 0;
	while (given < end && str_eq(cursor_prefix(&row[end - 1 - given]), prefix))
		given++;
	hex_put(out, (const uint8_t *)prefix.p, prefix.n);
	snprintf(out + 2 * prefix.n, 256 - 2 * prefix.n, ".%zu", given);
}

static enum status write_page(struct report *r, struct buf *out, struct err *e)
{
	tally_sort(&r->counts);
	tally_sort(&r->takings);
	struct report_row *row = r->counts.failed || r->takings.failed ? NULL : join(r);
	if (!row)
		return err_set(e, E_NOMEM, "group_by", "too many rows for this grouping");
	size_t start, limit = r->query->limit ? r->query->limit : ROWS_DEFAULT;
	limit = limit < ROWS_MAX ? limit : ROWS_MAX;
	enum status s = find_start(r, row, &start, e);
	if (s == OK) {
		r->row = row + start;
		r->rows = r->counts.n - start < limit ? r->counts.n - start : limit;
		if (r->rows && start + r->rows < r->counts.n)
			make_cursor(row, start + r->rows, r->next_cursor);
		report_format(r, out);
	}
	free(row);
	return s;
}

static enum status run(struct ledger *l, struct report *r, const struct zone *zone, struct buf *out, struct err *e)
{
	struct reader *reader;
	struct gather g = {r, zone, columns_of(r)};
	enum status s = reader_get(l, &reader, e);
	if (s != OK)
		return s;
	s = reader_as_of(reader, &r->as_of_ms, e);
	if (s == OK)
		s = gather(&g, reader, e);
	reader_put(l, reader);
	return s == OK ? write_page(r, out, e) : s;
}

enum status ledger_report(struct ledger *l, const struct ledger_report_query *q, struct buf *out, struct err *e)
{
	struct report r = {.query = q};
	struct zone *zone = NULL;
	enum status s = zone_load(str_of(q->tz), &zone, e);
	if (s == OK)
		s = parse_grouping(&r, e);
	tally_init(&r.counts, REPORT_KEYS_MAX);
	tally_init(&r.takings, REPORT_KEYS_MAX);
	if (s == OK)
		s = run(l, &r, zone, out, e);
	tally_done(&r.counts);
	tally_done(&r.takings);
	zone_free(zone);
	return s == OK && out->failed ? err_set(e, E_NOMEM, "limit", "the report is too long") : s;
}

enum status ledger_local_time(struct str tz, int64_t local_ms, int64_t *instant_out, struct err *e)
{
	struct zone *z;
	enum status s = zone_load(tz, &z, e);
	if (s != OK)
		return s;
	*instant_out = zone_instant(z, local_ms);
	zone_free(z);
	return OK;
}
