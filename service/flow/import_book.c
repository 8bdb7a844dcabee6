/* A whole report: rows are read, booked in their order a group at a time, and counted. */
#include "flow/import.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 256, NAMES_MAX = 8 << 20, ROW_MAX = 16 << 20 };

struct ticket {
	struct batch *batch;
	uint64_t line;
	char id[64];
	enum status status;
	struct ledger_booking booking;
};
struct batch {
	pthread_mutex_t lock;
	pthread_cond_t done;
	size_t under_way;
	struct ticket ticket[GROUP];
};
struct work {
	struct import_source source;
	struct import_report *report;
	struct batch batch;
	size_t n; /* tickets out */
	struct arena *row;
	struct arena *terms;
	bool begun;
	struct ledger_conversion conversion;
	struct err *e;
};

static void complain(struct import_report *r, uint64_t line, const char *id, const char *field, const char *detail)
{
	if (r->error_count == IMPORT_ERRORS)
		return;
	struct import_error *x = &r->error[r->error_count++];
	x->line = line;
	snprintf(x->id, sizeof x->id, "%s", id);
	snprintf(x->field, sizeof x->field, "%.31s", field);
	snprintf(x->detail, sizeof x->detail, "%.159s", detail);
}

static void name_of(struct str id, char out[64])
{
	size_t n = utf8_whole(str_sub(id, 0, 63));
	if (n)
		memcpy(out, id.p, n);
	out[n] = '\0';
}

/* ---- a group ------------------------------------------------------------------------------------------ */

static void booked(void *arg, enum status s, const struct ledger_booking *b)
{
	struct ticket *t = arg;
	struct batch *all = t->batch;
	pthread_mutex_lock(&all->lock);
	t->status = s;
	if (b)
		t->booking = *b;
	all->under_way--;
	pthread_cond_signal(&all->done);
	pthread_mutex_unlock(&all->lock);
}

static void count(struct import_report *r, const struct ticket *t)
{
	switch (t->booking.booking) {
	case BOOKED:
		r->booked++;
		break;
	case BOOKED_CHANGE:
		r->changed++;
		break;
	case BOOKED_REPEAT:
	case BOOKED_REPLAY:
	case BOOKED_KEY_TAKEN:
		r->repeated++;
		break;
	case BOOKED_PARKED:
		r->parked++;
		break;
	case BOOKED_QUEUED:
		r->accepted++;
		break;
	case BOOKED_REFUSED:
		r->quarantined++;
		complain(r, t->line, t->id, "", t->booking.detail);
		break;
	}
}

/* Waits for the group and counts it. */
static enum status settle(struct work *w)
{
	enum status s = OK;
	pthread_mutex_lock(&w->batch.lock);
	while (w->batch.under_way)
		pthread_cond_wait(&w->batch.done, &w->batch.lock);
	pthread_mutex_unlock(&w->batch.lock);
	for (size_t i = 0; i < w->n; i++) {
		if (w->batch.ticket[i].status == OK)
			count(w->report, &w->batch.ticket[i]);
		else
			s = w->batch.ticket[i].status;
	}
	w->n = 0;
	return s == OK ? OK : err_set(w->e, s, "", "the ledger failed on the way: send the file again");
}

static enum status submit(struct work *w, const struct import_record *r)
{
	struct ticket *t = &w->batch.ticket[w->n++];
	*t = (struct ticket){.batch = &w->batch, .line = r->line};
	name_of(import_id(&w->source, r), t->id);
	pthread_mutex_lock(&w->batch.lock);
	w->batch.under_way++;
	pthread_mutex_unlock(&w->batch.lock);
	enum status s = ledger_submit(w->source.ledger, LEDGER_CONVERSION, &w->conversion, booked, t);
	if (s == OK)
		return OK;
	pthread_mutex_lock(&w->batch.lock);
	w->batch.under_way--;
	pthread_mutex_unlock(&w->batch.lock);
	w->n--;
	return err_set(w->e, s, "", "the ledger takes no more now: send the file again");
}

/* ---- rows --------------------------------------------------------------------------------------------------- */

static enum status begin(struct work *w, const struct import_record *r)
{
	const char *lacks = import_lacks(w->source.o->network, r);
	w->begun = true;
	if (!lacks)
		return OK;
	struct str rest = str_of(lacks), first = str_cut(&rest, ' ');
	return err_set(w->e, E_INPUT, "line 1", "names no column %.*s", STR_ARG(first));
}

static enum status each_record(void *arg, const struct import_record *r)
{
	struct work *w = arg;
	struct err why = {0};
	enum status s = w->begun || r->fault ? OK : begin(w, r);
	if (s == OK && w->n == GROUP)
		s = settle(w);
	if (s != OK)
		return s;
	w->report->rows++;
	arena_reset(w->terms);
	w->conversion = (struct ledger_conversion){0};
	s = import_conversion(&w->source, r, w->terms, &w->conversion, &why);
	if (s == E_MISSING || s == E_INPUT) {
		char id[64];
		name_of(import_id(&w->source, r), id);
		w->report->rejected++;
		complain(w->report, r->line, id, why.where, why.text);
		return OK;
	}
	if (s != OK)
		return err_set(w->e, s, why.where, "%s", why.text);
	return submit(w, r);
}

static bool is_json(struct str text)
{
	text = str_trim(text);
	return text.n && (text.p[0] == '[' || text.p[0] == '{');
}

static enum status read_all(struct work *w, struct str text)
{
	struct arena *names = arena_new(NAMES_MAX);
	enum status s = names ? OK : E_NOMEM;
	if (s == OK && is_json(text))
		s = import_json(text, w->row, each_record, w, w->e);
	else if (s == OK)
		s = import_table(text, names, w->row, each_record, w, w->e);
	enum status rest = settle(w);
	arena_free(names);
	return s == OK ? rest : s;
}

enum status flow_import(const struct catalog *c, struct ledger *l, const struct import_options *o, struct str text,
        struct import_report *out, struct err *e)
{
	struct work *w = calloc(1, sizeof *w);
	memset(out, 0, sizeof *out);
	if (!w)
		return err_set(e, E_NOMEM, "", "out of memory");
	w->source = (struct import_source){c, l, o};
	w->report = out;
	w->e = e;
	w->row = arena_new(ROW_MAX);
	w->terms = arena_new(ROW_MAX);
	pthread_mutex_init(&w->batch.lock, NULL);
	pthread_cond_init(&w->batch.done, NULL);
	enum status s = w->row && w->terms ? read_all(w, text) : err_set(e, E_NOMEM, "", "out of memory");
	pthread_cond_destroy(&w->batch.done);
	pthread_mutex_destroy(&w->batch.lock);
	if (w->row)
		arena_free(w->row);
	if (w->terms)
		arena_free(w->terms);
	free(w);
	return s;
}

void import_write_json(const struct import_options *o, const struct import_report *r, struct buf *out)
{
	struct str network = import_network_name(o->network);
	buf_printf(out,
	        "{\"network\":\"%.*s\",\"rows\":%llu,\"booked\":%llu,\"changed\":%llu,\"repeated\":%llu,\"parked\":%llu,\"quarantined\":%"
	        "llu,"
	        "\"accepted\":%llu,\"rejected\":%llu,\"errors\":[",
	        STR_ARG(network), (unsigned long long)r->rows, (unsigned long long)r->booked, (unsigned long long)r->changed,
	        (unsigned long long)r->repeated, (unsigned long long)r->parked, (unsigned long long)r->quarantined,
	        (unsigned long long)r->accepted, (unsigned long long)r->rejected);
	for (size_t i = 0; i < r->error_count; i++) {
		const struct import_error *x = &r->error[i];
		buf_printf(out, "%s{\"line\":%llu,\"id\":", i ? "," : "", (unsigned long long)x->line);
		buf_put_json(out, str_of(x->id));
		buf_put(out, STR(",\"field\":"));
		buf_put_json(out, str_of(x->field));
		buf_put(out, STR(",\"detail\":"));
		buf_put_json(out, str_of(x->detail));
		buf_putc(out, '}');
	}
	buf_put(out, STR("]}"));
}
