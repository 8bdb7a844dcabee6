/* What was wrong with each merchant's last upload, kept in memory only: GET /v1/merchants/{m}/catalog/errors. */
#include "http/door.h"

#include <stdlib.h>
#include <string.h>

struct mishap {
	struct mishap *next;
	char merchant[LEDGER_NAME];
	int64_t at_ms;
	struct feed_report report;
};

void mishaps_init(struct mishaps *m)
{
	pthread_mutex_init(&m->lock, NULL);
}

void mishaps_done(struct mishaps *m)
{
	while (m->first) {
		struct mishap *next = m->first->next;
		feed_report_done(&m->first->report);
		free(m->first);
		m->first = next;
	}
	pthread_mutex_destroy(&m->lock);
}

/* Lock held. */
static struct mishap *find(struct mishaps *m, struct str merchant)
{
	struct mishap *x = m->first;

	while (x && !str_eq(str_of(x->merchant), merchant))
		x = x->next;
	return x;
}

static struct mishap *find_or_add(struct mishaps *m, struct str merchant)
{
	struct mishap *x = find(m, merchant);

	if (x || merchant.n >= LEDGER_NAME)
		return x;
	x = calloc(1, sizeof *x);
	if (x) {
		memcpy(x->merchant, merchant.p, merchant.n);
		x->next = m->first;
		m->first = x;
	}
	return x;
}

void mishaps_keep(struct mishaps *m, struct str merchant, int64_t now, struct feed_report *report)
{
	pthread_mutex_lock(&m->lock);
	struct mishap *x = find_or_add(m, merchant);
	if (x) {
		feed_report_done(&x->report);
		x->report = *report;
		x->at_ms = now;
	} else {
		feed_report_done(report);
	}
	pthread_mutex_unlock(&m->lock);
	*report = (struct feed_report){0};
}

bool mishaps_write(struct mishaps *m, struct str merchant, struct buf *out)
{
	char at[32];

	pthread_mutex_lock(&m->lock);
	const struct mishap *x = find(m, merchant);
	if (x) {
		time_format(x->at_ms, at);
		buf_printf(out, "{\"at\":\"%s\",", at);
		report_write_counts(&x->report, false, out);
		buf_put(out, STR(",\"errors\":"));
		report_write_errors(&x->report, out);
		buf_putc(out, '}');
	}
	pthread_mutex_unlock(&m->lock);
	return x != NULL;
}

void report_write_counts(const struct feed_report *r, bool patch, struct buf *out)
{
	buf_printf(out, "\"accepted\":%llu,\"rejected\":%llu,\"unchanged\":%llu", (unsigned long long)r->accepted, (unsigned long long)r->rejected,
		(unsigned long long)r->unchanged);
	if (patch)
		buf_printf(out, ",\"deleted\":%llu", (unsigned long long)r->deleted);
}

void report_write_errors(const struct feed_report *r, struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < r->error_count; i++) {
		const struct feed_error *x = &r->errors[i];
		buf_printf(out, "%s{\"line\":%llu,\"id\":", i ? "," : "", (unsigned long long)x->line);
		buf_put_json(out, str_of(x->id));
		buf_put(out, STR(",\"field\":"));
		buf_put_json(out, str_of(x->field));
		buf_put(out, STR(",\"detail\":"));
		buf_put_json(out, str_of(x->detail));
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}
