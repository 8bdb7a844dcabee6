/* Commands on the ledger: report, verify, keys. */
#include "app/command.h"
#include "app/store.h"
#include "link/link.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORT_LIMIT ((size_t)1 << 30)
#define DAY_MS INT64_C(86400000)

enum status store_open(const struct config *c, bool read_only, struct ledger **out, struct err *e)
{
	char text[PATH_MAX];
	if (!config_has_ledger(c))
		return err_set(e, E_INPUT, "ledger", "this node has no ledger");
	struct str url = config_ledger_url(c, text, sizeof text);
	if (read_only && str_starts(url, STR("sqlite:")) && access(url.p + 7, F_OK) != 0)
		return err_set(e, E_MISSING, "ledger", "there is no ledger at %s", url.p + 7);
	return ledger_open(&(struct ledger_options){.url = url, .read_only = read_only}, out, e);
}

static int print_and_close(struct ledger *l, enum status s, struct buf *out, const struct err *e)
{
	if (out->n)
		fwrite(out->p, 1, out->n, stdout);
	if (out->n && out->p[out->n - 1] != '\n')
		putchar('\n');
	fflush(stdout);
	buf_done(out);
	ledger_close(l);
	return s == OK ? EXIT_DONE : s == E_INPUT ? complain_usage(e) : complain(e);
}

/* ---- report ----------------------------------------------------------------------------------------- */

struct report_own {
	const char *from, *to, *tz, *group_by, *merchant, *date_basis, *format, *cursor;
	int64_t limit;
};
#define AT(field) .offset = offsetof(struct report_own, field), .own_only = true
static const struct option report_rows[] = {
	{"from", OPTION_TEXT, NULL, "DATE", 0, 0, "first day or moment [30 days ago]", AT(from)},
	{"to", OPTION_TEXT, NULL, "DATE", 0, 0, "the first that no longer counts [tomorrow]", AT(to)},
	{"tz", OPTION_TEXT, "UTC", "ZONE", 0, 0, "time zone of days, like Asia/Shanghai", AT(tz)},
	{"group_by", OPTION_TEXT, "day", "KEYS", 0, 0, "day, merchant, product, phrase, form, app, model, or two of them by a comma", AT(group_by)},
	{"merchant", OPTION_TEXT, NULL, "M", 0, 0, "one merchant only", AT(merchant)},
	{"date_basis", OPTION_TEXT, "event", "BASIS", 0, 0, "event or posting", AT(date_basis)},
	{"format", OPTION_TEXT, "table", "FORMAT", 0, 0, "table, csv or json", AT(format)},
	{"cursor", OPTION_TEXT, NULL, "C", 0, 0, "next_cursor of the page before", AT(cursor)},
	{"limit", OPTION_WHOLE, "1000", "N", 1, 100000, "rows", AT(limit)},
};
#undef AT

/* A date or a moment as it was given. */
struct when {
	int64_t ms;
	bool date; /* ms is midnight as if UTC: which instant that is, the zone tells */
};

static enum status read_when(const char *text, const char *name, struct when missing, struct when *out, struct err *e)
{
	struct when w = {.date = strlen(text) == 10};
	if (!*text) {
		*out = missing;
		return OK;
	}
	enum status s = time_parse(str_of(text), &w.ms, e);
	if (s != OK)
		snprintf(e->where, sizeof e->where, "%s", name);
	else
		*out = w;
	return s;
}

static enum status instant(struct when w, const char *tz, int64_t *out, struct err *e)
{
	if (w.date)
		return ledger_local_time(str_of(tz), w.ms, out, e);
	*out = w.ms;
	return OK;
}

/* The first day of the zone that has not begun yet. */
static enum status tomorrow(const char *tz, int64_t now, struct when *out, struct err *e)
{
	struct when day = {.ms = (now / DAY_MS - 1) * DAY_MS, .date = true}; /* no zone is a day away from UTC */
	int64_t begins = now;
	enum status s = OK;
	for (; s == OK && begins <= now; day.ms += DAY_MS)
		s = instant(day, tz, &begins, e);
	day.ms -= DAY_MS;
	*out = day;
	return s;
}

/* By default the last 31 days of the zone, today's included. */
static enum status read_span(const struct report_own *own, struct ledger_report_query *q, struct err *e)
{
	struct when from, to;
	enum status s = tomorrow(own->tz, now_ms(), &to, e);
	if (s == OK)
		s = read_when(own->to, "to", to, &to, e);
	if (s == OK)
		s = read_when(own->from, "from", (struct when){to.ms - 31 * DAY_MS, to.date}, &from, e);
	if (s == OK)
		s = instant(to, own->tz, &q->to_ms, e);
	return s == OK ? instant(from, own->tz, &q->from_ms, e) : s;
}

static bool fits(char *field, size_t n, const char *text)
{
	return (size_t)snprintf(field, n, "%s", text) < n;
}

static enum status read_query(const struct report_own *own, struct ledger_report_query *q, struct err *e)
{
	static const char *const formats[] = {[REPORT_JSON] = "json", [REPORT_CSV] = "csv", [REPORT_TABLE] = "table"};
	*q = (struct ledger_report_query){.limit = (uint32_t)own->limit, .posting = strcmp(own->date_basis, "posting") == 0};
	enum status s = read_span(own, q, e);
	if (s != OK)
		return s;
	if (!q->posting && strcmp(own->date_basis, "event") != 0)
		return err_set(e, E_INPUT, "date_basis", "must be event or posting");
	if (!fits(q->tz, sizeof q->tz, strcmp(own->tz, "UTC") == 0 ? "" : own->tz) || !fits(q->group_by, sizeof q->group_by, own->group_by) ||
		!fits(q->merchant, sizeof q->merchant, own->merchant) || !fits(q->cursor, sizeof q->cursor, own->cursor))
		return err_set(e, E_INPUT, "", "an option is too long");
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(own->format, formats[i]) == 0) {
			q->format = (enum report_format)i;
			return OK;
		}
	return err_set(e, E_INPUT, "format", "must be table, csv or json");
}

static int run_report(const struct config *c, const void *own, char **operand, size_t operands)
{
	struct ledger_report_query q;
	struct ledger *l;
	struct err e = {0};
	struct buf out;
	(void)operand, (void)operands;
	enum status s = read_query(own, &q, &e);
	if (s != OK)
		return complain_usage(&e);
	s = store_open(c, true, &l, &e);
	if (s != OK)
		return complain(&e);
	buf_init(&out, REPORT_LIMIT);
	s = ledger_report(l, &q, &out, &e);
	return print_and_close(l, s, &out, &e);
}

const struct command command_report = {
	.words = "report",
	.operands = "",
	.about = "the funnel and the commissions, from the ledger",
	.config = CONFIG_STORE,
	.own = report_rows,
	.own_count = ARRAY_LEN(report_rows),
	.own_size = sizeof(struct report_own),
	.run = run_report,
};

/* ---- verify -------------------------------------------------------------------------------------------- */

struct verify_own {
	const char *head;
};
static const struct option verify_rows[] = {
	{"head", OPTION_TEXT, NULL, "H", 0, 0, "a head printed before: it must be on the chain", .offset = offsetof(struct verify_own, head), .own_only = true},
};

static int run_verify(const struct config *c, const void *own, char **operand, size_t operands)
{
	const struct verify_own *v = own;
	struct ledger *l;
	struct err e = {0};
	struct buf out;
	char head[65] = "";
	(void)operand, (void)operands;
	enum status s = store_open(c, true, &l, &e);
	if (s != OK)
		return complain(&e);
	buf_init(&out, REPORT_LIMIT);
	s = ledger_verify(l, str_of(v->head), &out, head, &e);
	if (s == OK)
		buf_printf(&out, "ok head %s\n", head);
	return print_and_close(l, s, &out, &e);
}

const struct command command_verify = {
	.words = "ledger verify",
	.operands = "",
	.about = "walk the ledger: hash chain, balances, roll-ups, orphans",
	.config = CONFIG_STORE,
	.own = verify_rows,
	.own_count = ARRAY_LEN(verify_rows),
	.own_size = sizeof(struct verify_own),
	.run = run_verify,
};
