/* A report as JSON, as CSV, and as a table for terminals. One list of columns makes all three. */
#include "ledger/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 int128;

enum kind {
	COUNT,    /* counts[at] */
	ORDERS,   /* takings[at], summed over currencies: a number of things */
	MONEY,    /* takings[at] */
	MARGIN,   /* earned less token cost */
	RATIO,    /* counts[at] / counts[over] */
	RATE,     /* orders / counts[over] */
	EARNED,   /* earned * times / counts[over] */
};
struct column_def {
	const char *name;
	enum kind kind;
	int at, over;
	int64_t times;
	bool in_table;
};
static const struct column_def columns[] = {
	{"answers", COUNT, N_ANSWERS, 0, 0, true},
	{"eligible", COUNT, N_ELIGIBLE, 0, 0, false},
	{"linked", COUNT, N_LINKED, 0, 0, true},
	{"links", COUNT, N_LINKS, 0, 0, true},
	{"impressions", COUNT, N_SHOWN, 0, 0, false},
	{"clicks", COUNT, N_CLICKS, 0, 0, true},
	{"human_clicks", COUNT, N_HUMAN, 0, 0, true},
	{"orders", ORDERS, T_ORDERS, 0, 0, true},
	{"order_value", MONEY, T_VALUE, 0, 0, true},
	{"commission_pending", MONEY, T_PENDING, 0, 0, true},
	{"commission_approved", MONEY, T_APPROVED, 0, 0, true},
	{"commission_paid", MONEY, T_PAID, 0, 0, true},
	{"commission_reversed", MONEY, T_REVERSED, 0, 0, true},
	{"fill_rate", RATIO, N_LINKED, N_ELIGIBLE, 0, false},
	{"ctr", RATIO, N_HUMAN, N_SHOWN, 0, true},
	{"cvr", RATE, T_ORDERS, N_HUMAN, 0, true},
	{"epc", EARNED, 0, N_HUMAN, 1, true},
	{"rpm", EARNED, 0, N_ANSWERS, 1000, false},
	{"commission_per_million_tokens", EARNED, 0, N_TOKENS, 1000000, false},
	{"token_cost", MONEY, T_COST, 0, 0, false},
	{"margin", MARGIN, 0, 0, 0, false},
	{"unique_clicks", COUNT, N_UNIQUE, 0, 0, false},
};

static bool by_currency(enum kind k)
{
	return k == MONEY || k == MARGIN || k == EARNED;
}

/* ---- one number ------------------------------------------------------------------------------------- */

/* num / den to so many decimals, half to even, without trailing zeros. */
static void put_quotient(struct buf *out, int128 num, int64_t den, int decimals)
{
	for (int i = 0; i < decimals; i++)
		num *= 10;
	bool minus = num < 0;
	int128 n = minus ? -num : num, q = n / den, rest = n % den;
	if (rest * 2 > den || (rest * 2 == den && q % 2))
		q++;
	char text[48];
	int at = (int)sizeof(text), shown = 0;
	bool tail = true;
	for (; q > 0 || shown <= decimals; q /= 10, shown++) {
		int digit = (int)(q % 10);
		if (shown == decimals && !tail)
			text[--at] = '.';
		tail = tail && shown < decimals && digit == 0;
		if (!tail)
			text[--at] = (char)('0' + digit);
	}
	struct str s = {text + at, sizeof(text) - (size_t)at};
	if (minus && !str_eq(s, STR("0")))
		buf_putc(out, '-');
	buf_put(out, s);
}

static int64_t earned(const int64_t *t)
{
	return t[T_PENDING] + t[T_APPROVED] + t[T_PAID] - t[T_CLAWED];
}

static int64_t orders(const struct report_row *row)
{
	int64_t n = 0;
	for (size_t i = 0; i < row->currencies; i++)
		n += row->takings[i].v[T_ORDERS];
	return n;
}

/* A column that is one number; empty is false. */
static bool put_plain(struct buf *out, const struct column_def *c, const struct report_row *row)
{
	int64_t num = c->kind == COUNT || c->kind == RATIO ? row->counts[c->at] : orders(row);
	if (c->kind == COUNT || c->kind == ORDERS) {
		buf_printf(out, "%" PRId64, num);
		return true;
	}
	if (row->counts[c->over] == 0)
		return false;
	put_quotient(out, num, row->counts[c->over], 6);
	return true;
}

static bool money_known(const struct column_def *c, const struct report_row *row)
{
	return c->kind != EARNED || row->counts[c->over] != 0;
}

/* A column of one currency, in minor units. */
static void put_money(struct buf *out, const struct column_def *c, const struct report_row *row, size_t currency)
{
	const int64_t *t = row->takings[currency].v;
	if (c->kind == EARNED)
		put_quotient(out, (int128)earned(t) * c->times, row->counts[c->over], 4);
	else
		buf_printf(out, "%" PRId64, c->kind == MARGIN ? earned(t) - t[T_COST] : t[c->at]);
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

static void json_money(struct buf *out, const struct report *r, const struct column_def *c, const struct report_row *row)
{
	if (!money_known(c, row)) {
		buf_put(out, STR("null"));
		return;
	}
	buf_putc(out, '{');
	for (size_t i = 0; i < row->currencies; i++) {
		if (i)
			buf_putc(out, ',');
		buf_put_json(out, report_currency(r, row, i));
		buf_putc(out, ':');
		put_money(out, c, row, i);
	}
	buf_putc(out, '}');
}

static void json_key(struct buf *out, const struct report *r, const struct report_row *row)
{
	buf_put(out, STR("{\"key\":{"));
	for (size_t i = 0; i < r->parts; i++) {
		struct str text = report_part(row, i);
		buf_printf(out, "%s\"%s\":", i ? "," : "", part_name[r->part[i]]);
		if (text.n)
			buf_put_json(out, text);
		else
			buf_put(out, STR("null"));
	}
	buf_putc(out, '}');
}

static void json_row(struct buf *out, const struct report *r, const struct report_row *row)
{
	json_key(out, r, row);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		buf_printf(out, ",\"%s\":", columns[i].name);
		if (by_currency(columns[i].kind))
			json_money(out, r, &columns[i], row);
		else if (!put_plain(out, &columns[i], row))
			buf_put(out, STR("null"));
	}
	buf_putc(out, '}');
}

static void format_json(const struct report *r, struct buf *out)
{
	char as_of[32];
	time_format(r->as_of_ms, as_of);
	buf_put(out, STR("{\"tz\":"));
	buf_put_json(out, str_of(r->query->tz[0] ? r->query->tz : "UTC"));
	buf_printf(out, ",\"date_basis\":\"%s\",\"as_of\":", r->query->posting ? "posting" : "event");
	if (r->as_of_ms)
		buf_printf(out, "\"%s\"", as_of);
	else
		buf_put(out, STR("null"));
	buf_put(out, STR(",\"rows\":["));
	for (size_t i = 0; i < r->rows; i++) {
		if (i)
			buf_putc(out, ',');
		json_row(out, r, &r->row[i]);
	}
	buf_put(out, STR("],\"next_cursor\":"));
	if (r->next_cursor[0])
		buf_put_json(out, str_of(r->next_cursor));
	else
		buf_put(out, STR("null"));
	buf_putc(out, '}');
}

/* ---- currencies of a page --------------------------------------------------------------------------------- */

enum { CURRENCIES_MAX = 200 };
struct currencies {
	char code[CURRENCIES_MAX][4];
	size_t n;
};

static int by_code(const void *a, const void *b)
{
	return memcmp(a, b, 4);
}

static void page_currencies(const struct report *r, struct currencies *out)
{
	out->n = 0;
	for (size_t i = 0; i < r->rows; i++)
		for (size_t k = 0; k < r->row[i].currencies; k++) {
			struct str c = report_currency(r, &r->row[i], k);
			size_t j = 0;
			while (j < out->n && memcmp(out->code[j], c.p, 3) != 0)
				j++;
			if (j == out->n && j < CURRENCIES_MAX) {
				memcpy(out->code[j], c.p, 3);
				out->code[out->n++][3] = '\0';
			}
		}
	qsort(out->code, out->n, sizeof(out->code[0]), by_code);
}

/* The row's place of a currency, or SIZE_MAX. */
static size_t currency_at(const struct report *r, const struct report_row *row, const char *code)
{
	for (size_t i = 0; i < row->currencies; i++)
		if (str_eq(report_currency(r, row, i), str_of(code)))
			return i;
	return SIZE_MAX;
}

/* ---- CSV (RFC 4180) ------------------------------------------------------------------------------------------ */

/* Text that a spreadsheet would run as a formula gets a quote in front. */
static void csv_text(struct buf *out, struct str s)
{
	bool quote = false;
	for (size_t i = 0; i < s.n; i++)
		quote = quote || s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\r' || s.p[i] == '\n';
	if (quote)
		buf_putc(out, '"');
	if (s.n && strchr("=+-@\t\r", s.p[0]))
		buf_putc(out, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_putc(out, '"');
		buf_putc(out, s.p[i]);
	}
	if (quote)
		buf_putc(out, '"');
}

static void csv_head(const struct report *r, const struct currencies *cs, struct buf *out)
{
	const char *comma = "";
	for (size_t i = 0; i < r->parts; i++, comma = ",")
		buf_printf(out, "%s%s", comma, part_name[r->part[i]]);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		if (!by_currency(columns[i].kind)) {
			buf_printf(out, "%s%s", comma, columns[i].name);
			comma = ",";
			continue;
		}
		for (size_t k = 0; k < cs->n; k++)
			buf_printf(out, "%s%s_%s", comma, columns[i].name, cs->code[k]);
	}
	buf_put(out, STR("\r\n"));
}

static void csv_row(const struct report *r, const struct currencies *cs, const struct report_row *row, struct buf *out)
{
	for (size_t i = 0; i < r->parts; i++) {
		csv_text(out, report_part(row, i));
		buf_putc(out, ',');
	}
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		if (i && !by_currency(columns[i].kind))
			buf_putc(out, ',');
		if (!by_currency(columns[i].kind)) {
			put_plain(out, &columns[i], row);
			continue;
		}
		for (size_t k = 0; k < cs->n; k++) {
			size_t at = currency_at(r, row, cs->code[k]);
			buf_putc(out, ',');
			if (at != SIZE_MAX && money_known(&columns[i], row))
				put_money(out, &columns[i], row, at);
		}
	}
	buf_put(out, STR("\r\n"));
}

static void format_csv(const struct report *r, struct buf *out)
{
	struct currencies cs;
	page_currencies(r, &cs);
	csv_head(r, &cs, out);
	for (size_t i = 0; i < r->rows; i++)
		csv_row(r, &cs, &r->row[i], out);
}

/* ---- table ------------------------------------------------------------------------------------------------------ */

/* Columns a terminal gives to text: wide for East Asian letters. */
static size_t width(struct str s)
{
	size_t w = 0;
	uint32_t cp;
	for (int n; s.n && (n = utf8_next(s, &cp)) > 0; s = str_sub(s, (size_t)n, s.n))
		w += cp >= 0x1100 && (cp <= 0x115f || (cp >= 0x2e80 && cp <= 0xffdc && !(cp >= 0xfe00 && cp <= 0xfe0f)) || cp >= 0x1f300) ? 2 : 1;
	return w;
}

static void put_printable(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(out, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
}

/* "12.30 USD 5 JPY"; rates keep the fractions of a minor unit out. */
static void cell_money(struct buf *out, const struct report *r, const struct column_def *c, const struct report_row *row)
{
	for (size_t i = 0; i < row->currencies && money_known(c, row); i++) {
		struct str code = report_currency(r, row, i);
		const int64_t *t = row->takings[i].v;
		int64_t minor = c->kind == MARGIN ? earned(t) - t[T_COST] : c->kind == EARNED ? earned(t) * c->times / row->counts[c->over] : t[c->at];
		struct money m = {.minor = minor};
		char text[32];
		if (!minor)
			continue;
		memcpy(m.currency, code.p, 3);
		money_decimal(m, text);
		buf_printf(out, "%s%s %s", out->n ? " " : "", text, m.currency);
	}
	if (!out->n)
		buf_putc(out, '-');
}

/* Cell (row, col) of the table; row 0 is the head. False past the last column. */
static bool table_cell(const struct report *r, size_t row, size_t col, struct buf *out)
{
	buf_clear(out);
	if (col < r->parts) {
		struct str text = row ? report_part(&r->row[row - 1], col) : str_of(part_name[r->part[col]]);
		put_printable(out, text.n ? text : STR("-"));
		return true;
	}
	size_t want = col - r->parts, i = 0;
	while (i < ARRAY_LEN(columns) && (!columns[i].in_table || want--))
		i++;
	if (i == ARRAY_LEN(columns))
		return false;
	if (!row)
		buf_put(out, str_of(columns[i].name));
	else if (by_currency(columns[i].kind))
		cell_money(out, r, &columns[i], &r->row[row - 1]);
	else if (!put_plain(out, &columns[i], &r->row[row - 1]))
		buf_putc(out, '-');
	return true;
}

static void format_table(const struct report *r, struct buf *out)
{
	size_t widest[REPORT_PARTS + ARRAY_LEN(columns)] = {0};
	struct buf cell;
	buf_init(&cell, 64 << 10);
	for (size_t row = 0; row <= r->rows; row++)
		for (size_t col = 0; table_cell(r, row, col, &cell); col++) {
			size_t w = width(buf_str(&cell));
			widest[col] = w > widest[col] ? w : widest[col];
		}
	for (size_t row = 0; row <= r->rows; row++) {
		for (size_t col = 0; table_cell(r, row, col, &cell); col++) {
			size_t pad = widest[col] - width(buf_str(&cell)) + (col ? 2 : 0);
			for (size_t k = 0; k < pad && col >= r->parts; k++)
				buf_putc(out, ' ');
			for (size_t k = 0; k < 2 && col && col < r->parts; k++)
				buf_putc(out, ' ');
			buf_put(out, buf_str(&cell));
			for (size_t k = col ? 2 : 0; k < pad && col < r->parts; k++)
				buf_putc(out, ' ');
		}
		buf_putc(out, '\n');
	}
	buf_done(&cell);
	if (r->next_cursor[0])
		buf_printf(out, "more: --cursor %s\n", r->next_cursor);
}

void report_format(const struct report *r, struct buf *out)
{
	switch (r->query->format) {
	case REPORT_JSON:
		format_json(r, out);
		break;
	case REPORT_CSV:
		format_csv(r, out);
		break;
	case REPORT_TABLE:
		format_table(r, out);
		break;
	}
}
