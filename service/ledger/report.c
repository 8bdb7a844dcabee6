/* Reports: parse the grouping, gather sums from roll-ups where a kept cube answers and from raw events where not, sort, cut a page. */
#include "ledger/report.h"
#include "ledger/store.h"
#include "ledger/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_DEFAULT = 1000, ROWS_MAX = 100000 };
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

size_t report_limit(const struct report *r)
{
	size_t limit = r->query->limit ? r->query->limit : ROWS_DEFAULT;
	return limit < ROWS_MAX ? limit : ROWS_MAX;
}

/* A cursor is the last row's key, in hex. */
static enum status read_cursor(struct report *r, struct err *e)
{
	struct str hex = str_of(r->query->cursor);
	if (hex.n % 2 || hex.n / 2 > sizeof(r->from_room) || !hex_get(hex, (uint8_t *)r->from_room, hex.n / 2))
		return err_set(e, E_INPUT, "cursor", "not a cursor of this report");
	r->from_key = (struct str){r->from_room, hex.n / 2};
	size_t parts = 0;
	for (size_t i = 0; i < r->from_key.n; i++)
		parts += r->from_key.p[i] == '\0';
	if (hex.n && (parts != r->parts || r->from_key.p[r->from_key.n - 1]))
		return err_set(e, E_INPUT, "cursor", "not a cursor of this report");
	return OK;
}

/* The rows of the page among those in order: behind the cursor, and whole. */
static void cut_page(struct report *r, const struct report_row *row)
{
	size_t start = 0, end = r->counts.n, limit = report_limit(r);
	while (start < end && r->from_key.n && str_cmp(row[start].key, r->from_key) <= 0)
		start++;
	size_t whole = end;
	while (whole > start && r->bound.n && str_cmp(row[whole - 1].key, buf_str(&r->bound)) > 0)
		whole--;
	r->row = row + start;
	r->rows = whole - start < limit ? whole - start : limit;
	bool more = r->bound.n || start + r->rows < end;
	if (r->rows && more)
		hex_put(r->next_cursor, (const uint8_t *)r->row[r->rows - 1].key.p, r->row[r->rows - 1].key.n);
}

static enum status write_page(struct report *r, struct buf *out, struct err *e)
{
	tally_sort(&r->counts);
	tally_sort(&r->takings);
	struct report_row *row = r->counts.failed || r->takings.failed || r->bound.failed ? NULL : join(r);
	if (!row)
		return err_set(e, E_NOMEM, "group_by", "too many rows for this grouping");
	cut_page(r, row);
	report_format(r, out);
	free(row);
	return OK;
}

static enum status run(struct ledger *l, struct report *r, const struct zone *zone, struct buf *out, struct err *e)
{
	struct reader *reader;
	enum status s = reader_get_fresh(l, &reader, e);
	if (s != OK)
		return s;
	s = reader_as_of(reader, &r->as_of_ms, e);
	if (s == OK)
		s = report_gather(r, zone, reader, e);
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
	if (s == OK)
		s = read_cursor(&r, e);
	buf_init(&r.bound, LEDGER_CURSOR);
	tally_init(&r.counts, REPORT_KEYS_MAX);
	tally_init(&r.takings, REPORT_KEYS_MAX);
	if (s == OK)
		s = run(l, &r, zone, out, e);
	tally_done(&r.counts);
	tally_done(&r.takings);
	buf_done(&r.bound);
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
