/* The inside of reports: what report.c gathers and report_format.c writes. */
#ifndef LEDGER_REPORT_H
#define LEDGER_REPORT_H

#include "ledger/spread.h"

#define REPORT_PARTS 4
enum part { PART_HOUR = COLUMNS, PART_DAY, PART_MONTH, PARTS }; /* an enum column, or a span of time */
extern const char *const part_name[PARTS];

struct report_row {
	struct str key;         /* each part's text followed by NUL */
	const int64_t *counts;  /* TALLY_WIDTH */
	const struct tally_row *takings; /* one a currency */
	size_t currencies;
};
struct report {
	const struct ledger_report_query *query;
	int part[REPORT_PARTS];
	size_t parts;
	struct tally counts, takings; /* keys: a row's key; and followed by the currency */
	const struct report_row *row;
	size_t rows;
	int64_t as_of_ms;
	struct str from_key; /* of the cursor: rows behind it only; n 0: from the beginning */
	char from_room[LEDGER_CURSOR / 2];
	struct buf bound;    /* rows up to this key are whole; what lies behind was not gathered. Empty: all was */
	char next_cursor[LEDGER_CURSOR]; /* "" at the end */
};
/* Gathers into counts and takings what the page needs (report_gather.c). */
struct zone;
struct reader;
MUST_USE enum status report_gather(struct report *r, const struct zone *zone, struct reader *reader, struct err *e);
size_t report_limit(const struct report *r);
struct str report_currency(const struct report *r, const struct report_row *row, size_t i);
/* Text of part i of a row. */
struct str report_part(const struct report_row *row, size_t i);
void report_format(const struct report *r, struct buf *out);

#endif
