/* One batch from the outbox to PostgreSQL. Rows are read from SQLite by number behind the node's offset, which stands over there; rows that
 * name others are found again by ids, for numbers are each store's own. Insertions go first, then what refers to them: a table is begun
 * only when all before it are through. */
#include "ledger/central.h"
#include "ledger/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 500, COLUMNS_MAX = 32 };
enum stage { STAGE_INSERTION, STAGE_SERVE, STAGE_CLICK, STAGE_IMPRESSION, STAGE_MESSAGE, STAGES };

/* How rows of one table are written over there: made from the first row's column names. */
struct copier {
	char *sql;
	int from[COLUMNS_MAX]; /* column of the outbox's row, or -1 - k: the k-th value given beside it */
	int n;
};

struct shipment {
	struct db outbox;
	uint8_t node[LEDGER_ID];
	struct copier insertion, link, serve, click, impression, demand;
	int64_t offset[STAGES];
	struct shipped_message message[SHIP_MESSAGES];
	size_t messages;
	int64_t poison[SHIP_MESSAGES]; /* messages that the database itself refuses: kept in quarantine on the next try */
	size_t poisons;
	ledger_reply *(*reply_of)(void *arg, int64_t no);
	void *arg;
};

/* ---- copying rows --------------------------------------------------------------------------------------------- */

static int given_index(const char *const *given, const char *name)
{
	for (int k = 0; given[k]; k++)
		if (strcmp(given[k], name) == 0)
			return k;
	return -1;
}

static bool left_out(const char *const *out, const char *name)
{
	for (; *out; out++)
		if (strcmp(*out, name) == 0)
			return true;
	return false;
}

/* skip: counted anew over there. given: columns whose values come beside the row, in that order. */
static enum status prepare(
        struct copier *c, sqlite3_stmt *row, const char *table, const char *const *skip, const char *const *given, const char *tail)
{
	struct buf names, values;
	if (c->sql)
		return OK;
	buf_init(&names, 1 << 16);
	buf_init(&values, 1 << 16);
	buf_printf(&names, "INSERT INTO main.%s(", table);
	for (int i = 0; i < db_columns(row) && c->n < COLUMNS_MAX; i++) {
		const char *name = db_column_name(row, i);
		if (left_out(skip, name))
			continue;
		int k = given_index(given, name);
		buf_printf(&names, "%s%s", c->n ? ", " : "", name);
		buf_printf(&values, "%s?%d", c->n ? "," : ") VALUES(", c->n + 1);
		c->from[c->n++] = k < 0 ? i : -1 - k;
	}
	buf_put(&names, buf_str(&values));
	buf_printf(&names, ") %s", tail);
	buf_done(&values);
	c->sql = buf_steal(&names, NULL);
	return c->sql ? OK : E_NOMEM;
}

struct given {
	bool is_text;
	int64_t number;
	struct str text;
};

static sqlite3_stmt *fill(struct copier *c, struct db *to, sqlite3_stmt *row, const struct given *given)
{
	sqlite3_stmt *q = db_use(to, c->sql);
	for (int i = 0; q && i < c->n; i++) {
		const struct given *g = c->from[i] < 0 ? &given[-1 - c->from[i]] : NULL;
		if (!g)
			db_copy(q, i + 1, row, c->from[i]);
		else if (g->is_text)
			db_text(q, i + 1, g->text);
		else
			db_int(q, i + 1, g->number);
	}
	return q;
}

static const char *const nothing[] = {NULL};

/* ---- insertions, serves, links ---------------------------------------------------------------------------------- */

static enum status find_no(struct db *to, const char *sql, sqlite3_stmt *row, int col, int64_t *no_out)
{
	uint8_t id[LEDGER_ID];
	bool found;
	db_get_blob(row, col, id, sizeof(id));
	sqlite3_stmt *q = db_use(to, sql);
	db_blob(q, 1, id, sizeof(id));
	enum status s = db_step(to, q, &found);
	*no_out = s == OK && found ? db_get_int(q, 0) : 0;
	db_end(q);
	return s;
}

static const char sql_link_no[] = "SELECT no FROM main.link WHERE link = ?1";

static enum status put_link(struct shipment *s, struct db *to, sqlite3_stmt *row, int64_t insertion_no, bool later, int64_t serve_no)
{
	static const char *const skip[] = {"no", "clicks", "human_clicks", "shown", "served_no", NULL}, *const beside[] = {"insertion_no",
	                                                                                                        "later", NULL};
	enum status st = prepare(&s->link, row, "link", skip, beside, "ON CONFLICT (link) DO NOTHING");
	const struct given given[] = {{.number = insertion_no}, {.number = later}};
	if (st == OK)
		st = db_run(to, fill(&s->link, to, row, given));
	if (st != OK || !serve_no)
		return st;
	uint8_t link[LEDGER_ID];
	db_get_blob(row, 1, link, sizeof(link)); /* no, link, … */
	sqlite3_stmt *q = db_use(to,
	        "INSERT INTO main.serve_link(serve_no, link_no) SELECT ?1, no FROM main.link WHERE link = ?2 AND insertion_no = ?3"
	        " ON CONFLICT DO NOTHING");
	db_int(q, 1, serve_no);
	db_blob(q, 2, link, sizeof(link));
	db_int(q, 3, insertion_no);
	return db_run(to, q);
}

static enum status put_links(
        struct shipment *s, struct db *to, const char *sql, int64_t local_no, int64_t insertion_no, bool later, int64_t serve_no)
{
	sqlite3_stmt *links = db_use(&s->outbox, sql);
	db_int(links, 1, local_no);
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(&s->outbox, links, &row)) == OK && row)
		st = put_link(s, to, links, insertion_no, later, serve_no);
	db_end(links);
	return st;
}

static const char sql_first_links[] = "SELECT * FROM link WHERE insertion_no = ?1 AND later = 0 ORDER BY no";
static const char sql_serve_links[] = "SELECT l.* FROM serve_link x JOIN link l ON l.no = x.link_no WHERE x.serve_no = ?1 ORDER BY l.no";
static const char sql_count_serve[] = "UPDATE main.insertion SET serves = serves + 1 WHERE insertion = ?1 RETURNING no";

/* Another node had the answer first. A retry of one request is no serve of its own. */
static enum status served_elsewhere(struct shipment *s, struct db *to, sqlite3_stmt *row, int64_t local_no)
{
	static const char sql[] =
	        "INSERT INTO main.serve(insertion_no, at_ms, decision, form, app, model, eligible, prompt_tokens, completion_tokens, cost,"
	        " currency, confirms) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) RETURNING no";
	static const char *const columns[] = {"at_ms", "decision", "form", "app", "model", "eligible", "prompt_tokens", "completion_tokens",
	        "cost", "currency", "confirms"};
	int64_t insertion_no = 0, serve_no = 0;
	enum status st = OK;
	for (int i = 0; i < db_columns(row); i++)
		if (strcmp(db_column_name(row, i), "request") == 0 && !db_is_null(row, i))
			return OK;
	st = find_no(to, sql_count_serve, row, 1, &insertion_no);
	sqlite3_stmt *q = db_use(to, sql);
	db_int(q, 1, insertion_no);
	for (size_t k = 0; k < ARRAY_LEN(columns); k++)
		for (int i = 0; i < db_columns(row); i++)
			if (strcmp(db_column_name(row, i), columns[k]) == 0)
				db_copy(q, 2 + (int)k, row, i);
	if (st == OK)
		st = db_insert(to, q, &serve_no);
	return st == OK ? put_links(s, to, sql_first_links, local_no, insertion_no, true, serve_no) : st;
}

static enum status put_demand(struct shipment *s, struct db *to, int64_t local_no, int64_t insertion_no)
{
	static const char *const beside[] = {"insertion_no", NULL};
	const struct given given[] = {{.number = insertion_no}};
	sqlite3_stmt *q = db_use(&s->outbox, "SELECT * FROM demand WHERE insertion_no = ?1");
	db_int(q, 1, local_no);
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(&s->outbox, q, &row)) == OK && row) {
		st = prepare(&s->demand, q, "demand", nothing, beside, "ON CONFLICT DO NOTHING");
		if (st == OK)
			st = db_run(to, fill(&s->demand, to, q, given));
	}
	db_end(q);
	return st;
}

static enum status put_insertion(struct shipment *s, struct writer *w, sqlite3_stmt *row)
{
	static const char *const skip[] = {"no", "serves", NULL};
	int64_t no = 0, local_no = db_get_int(row, 0);
	enum status st = prepare(&s->insertion, row, "insertion", skip, nothing, "ON CONFLICT (insertion) DO NOTHING RETURNING no");
	if (st == OK)
		st = db_insert(&w->db, fill(&s->insertion, &w->db, row, NULL), &no);
	writer_saw(w, db_get_int(row, 2));
	if (st != OK)
		return st;
	if (!no)
		return served_elsewhere(s, &w->db, row, local_no);
	st = put_demand(s, &w->db, local_no, no);
	return st == OK ? put_links(s, &w->db, sql_first_links, local_no, no, false, 0) : st;
}

static enum status insertion_of(struct shipment *s, int64_t local_no, uint8_t id[LEDGER_ID])
{
	sqlite3_stmt *q = db_use(&s->outbox, "SELECT insertion FROM insertion WHERE no = ?1");
	db_int(q, 1, local_no);
	bool row;
	enum status st = db_step(&s->outbox, q, &row);
	if (st == OK && row)
		db_get_blob(q, 0, id, LEDGER_ID);
	db_end(q);
	return st == OK && !row ? E_BUG : st;
}

static enum status put_serve(struct shipment *s, struct writer *w, sqlite3_stmt *row)
{
	static const char *const skip[] = {"no", NULL}, *const beside[] = {"insertion_no", NULL};
	uint8_t id[LEDGER_ID];
	bool found = false;
	enum status st = insertion_of(s, db_get_int(row, 1), id);
	sqlite3_stmt *q = db_use(&w->db, sql_count_serve);
	db_blob(q, 1, id, sizeof(id));
	if (st == OK)
		st = db_step(&w->db, q, &found);
	struct given given[] = {{.number = st == OK && found ? db_get_int(q, 0) : 0}};
	db_end(q);
	int64_t no = 0;
	if (st == OK)
		st = prepare(&s->serve, row, "serve", skip, beside, "RETURNING no");
	if (st == OK)
		st = db_insert(&w->db, fill(&s->serve, &w->db, row, given), &no);
	writer_saw(w, db_get_int(row, 2));
	return st == OK ? put_links(s, &w->db, sql_serve_links, db_get_int(row, 0), given[0].number, true, no) : st;
}

/* ---- clicks, impressions ------------------------------------------------------------------------------------------- */

/* A click on a link that another node served finds its link here. */
static enum status put_click(struct shipment *s, struct writer *w, sqlite3_stmt *row)
{
	static const char *const skip[] = {"no", NULL}, *const beside[] = {"link_no", "phrase", "form", "app", "model", NULL};
	uint8_t link[LEDGER_ID];
	char phrase[LEDGER_TEXT] = "", form[12] = "", app[LEDGER_TEXT] = "", model[LEDGER_TEXT] = "";
	bool found = false;
	db_get_blob(row, 3, link, sizeof(link));
	sqlite3_stmt *q = db_use(&w->db, "SELECT l.no, l.phrase, i.form, i.app, i.model FROM main.link l JOIN main.insertion i ON i.no = "
	                                 "l.insertion_no WHERE l.link = ?1");
	db_blob(q, 1, link, sizeof(link));
	enum status st = db_step(&w->db, q, &found);
	int64_t no = st == OK && found ? db_get_int(q, 0) : 0;
	if (no) {
		db_get_name(q, 1, phrase, sizeof(phrase));
		db_get_name(q, 2, form, sizeof(form));
		db_get_name(q, 3, app, sizeof(app));
		db_get_name(q, 4, model, sizeof(model));
	}
	db_end(q);
	const struct given given[] = {
	        {.number = no}, {true, 0, str_of(phrase)}, {true, 0, str_of(form)}, {true, 0, str_of(app)}, {true, 0, str_of(model)}};
	if (st == OK)
		st = prepare(&s->click, row, "click", skip, beside, "ON CONFLICT (click) DO NOTHING");
	writer_saw(w, db_get_int(row, 6));
	return st == OK ? db_run(&w->db, fill(&s->click, &w->db, row, given)) : st;
}

static enum status put_impression(struct shipment *s, struct writer *w, sqlite3_stmt *row)
{
	static const char *const skip[] = {"no", "link", NULL}, *const beside[] = {"link_no", NULL};
	struct given given[] = {{.number = 0}};
	enum status st = find_no(&w->db, sql_link_no, row, 0, &given[0].number);
	if (st == OK)
		st = prepare(&s->impression, row, "impression", skip, beside, "");
	if (st != OK || !given[0].number)
		return st;
	st = db_run(&w->db, fill(&s->impression, &w->db, row, given));
	sqlite3_stmt *q = db_use(&w->db, "UPDATE main.link SET shown = shown + 1 WHERE no = ?1");
	db_int(q, 1, given[0].number);
	return st == OK ? db_run(&w->db, q) : st;
}

/* ---- conversions ------------------------------------------------------------------------------------------------------ */

static bool is_poison(const struct shipment *s, int64_t no)
{
	for (size_t i = 0; i < s->poisons; i++)
		if (s->poison[i] == no)
			return true;
	return false;
}

static void call_poison(struct shipment *s, int64_t no)
{
	if (s->poisons == SHIP_MESSAGES) /* older ones have been shipped since */
		s->poisons = 0;
	s->poison[s->poisons++] = no;
}

static enum status put_message(struct shipment *s, struct writer *w, sqlite3_stmt *row)
{
	struct shipped_message *m = &s->message[s->messages++];
	struct ledger_conversion *c = malloc(sizeof(*c));
	struct ledger_rule *rules = NULL;
	struct buf body;
	*m = (struct shipped_message){.no = db_get_int(row, 0)};
	buf_init(&body, 64 << 20);
	db_put_blob(row, 1, &body);
	enum status st = c && !body.failed ? message_read(buf_str(&body), c, &rules) : E_NOMEM;
	if (st == E_INPUT) { /* damaged, or of another version: it stays in the outbox, and the others go on */
		m->booking.booking = BOOKED_REFUSED;
		st = OK;
	} else if (st == OK) {
		bool poison = is_poison(s, m->no);
		c->reply = s->reply_of(s->arg, m->no);
		if (!c->reply) /* nobody here can word it any more: the order's date tells repeats */
			c->key.key[0] = '\0';
		if (poison)
			st = quarantine_put(&w->db, c, KEPT_QUARANTINED, "the database refused it", message_money(c)->minor);
		else
			st = writer_conversion(w, c, &m->booking);
		if (poison)
			m->booking.booking = BOOKED_REFUSED;
		if ((st == E_BUG || st == E_INPUT) && !poison)
			call_poison(s, m->no);
	}
	free(rules);
	free(c);
	buf_done(&body);
	return st;
}

/* ---- one batch ---------------------------------------------------------------------------------------------------------- */

static const char *const sql_rows[STAGES] = {
        "SELECT * FROM insertion WHERE no > ?1 ORDER BY no LIMIT ?2",
        "SELECT * FROM serve WHERE no > ?1 ORDER BY no LIMIT ?2",
        "SELECT * FROM click WHERE no > ?1 ORDER BY no LIMIT ?2",
        "SELECT l.link, m.* FROM impression m JOIN link l ON l.no = m.link_no WHERE m.no > ?1 ORDER BY m.no LIMIT ?2",
        "SELECT no, body FROM message WHERE no > ?1 ORDER BY no LIMIT ?2",
};

static enum status put_row(struct shipment *s, struct writer *w, enum stage stage, sqlite3_stmt *row)
{
	switch (stage) {
	case STAGE_INSERTION:
		return put_insertion(s, w, row);
	case STAGE_SERVE:
		return put_serve(s, w, row);
	case STAGE_CLICK:
		return put_click(s, w, row);
	case STAGE_IMPRESSION:
		return put_impression(s, w, row);
	case STAGE_MESSAGE:
		return put_message(s, w, row);
	case STAGES:
		break;
	}
	return E_BUG;
}

static enum status put_stage(struct shipment *s, struct writer *w, enum stage stage, int64_t *room, bool *more_out)
{
	int64_t limit = stage == STAGE_MESSAGE && *room > SHIP_MESSAGES ? SHIP_MESSAGES : *room, n = 0;
	sqlite3_stmt *q = db_use(&s->outbox, sql_rows[stage]);
	db_int(q, 1, s->offset[stage]);
	db_int(q, 2, limit);
	bool row = true;
	enum status st = OK;
	while (st == OK && (st = db_step(&s->outbox, q, &row)) == OK && row) {
		int64_t no = db_get_int(q, stage == STAGE_IMPRESSION ? 1 : 0);
		st = put_row(s, w, stage, q);
		s->offset[stage] = no;
		n++;
	}
	db_end(q);
	*room -= n;
	*more_out = n == limit;
	return st;
}

static enum status read_offset(struct shipment *s, struct db *to)
{
	sqlite3_stmt *q = db_use(to, "INSERT INTO main.node(node) VALUES(?1) ON CONFLICT (node) DO NOTHING");
	db_blob(q, 1, s->node, sizeof(s->node));
	enum status st = db_run(to, q);
	q = db_use(to, "SELECT insertion, serve, click, impression, message FROM main.node WHERE node = ?1 FOR UPDATE");
	db_blob(q, 1, s->node, sizeof(s->node));
	bool row = false;
	if (st == OK)
		st = db_step(to, q, &row);
	for (int i = 0; st == OK && row && i < STAGES; i++)
		s->offset[i] = db_get_int(q, i);
	db_end(q);
	return st;
}

static enum status write_offset(struct shipment *s, struct db *to)
{
	sqlite3_stmt *q = db_use(to, "UPDATE main.node SET insertion=?2, serve=?3, click=?4, impression=?5, message=?6 WHERE node = ?1");
	db_blob(q, 1, s->node, sizeof(s->node));
	for (int i = 0; i < STAGES; i++)
		db_int(q, 2 + i, s->offset[i]);
	return db_run(to, q);
}

/* The roll-ups over there count with the batch. */
static enum status roll_up(struct writer *w)
{
	struct stride st;
	stride_init(&st, &w->zones);
	enum status s = stride_gather(&w->db, &st);
	if (s == OK && stride_events(&st))
		s = stride_add(w, &st);
	stride_done(&st);
	return s;
}

static enum status put_all(struct shipment *s, struct writer *w, bool *more_out)
{
	int64_t room = BATCH;
	enum status st = read_offset(s, &w->db);
	*more_out = false;
	for (int stage = 0; stage < STAGES && st == OK && !*more_out; stage++)
		st = put_stage(s, w, (enum stage)stage, &room, more_out);
	if (st == OK)
		st = roll_up(w);
	return st == OK ? write_offset(s, &w->db) : st;
}

enum status shipment_load(struct shipment *s, struct writer *w, ledger_reply *(*reply_of)(void *arg, int64_t no), void *arg, bool *more_out)
{
	s->messages = 0;
	s->reply_of = reply_of;
	s->arg = arg;
	enum status st = db_run(&s->outbox, db_use(&s->outbox, "BEGIN"));
	if (st == OK)
		st = put_all(s, w, more_out);
	db_rollback(&s->outbox); /* it was only read */
	return st;
}

size_t shipment_messages(const struct shipment *s, const struct shipped_message **out)
{
	*out = s->message;
	return s->messages;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------ */

static enum status read_node(struct shipment *s)
{
	sqlite3_stmt *q = db_use(&s->outbox, "SELECT value FROM value WHERE name = 'node'");
	bool row;
	enum status st = db_step(&s->outbox, q, &row);
	if (st == OK && row)
		db_get_blob(q, 0, s->node, sizeof(s->node));
	db_end(q);
	return st == OK && !row ? E_MISSING : st;
}

enum status shipment_new(const char *outbox, struct shipment **out, struct err *e)
{
	struct shipment *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	enum status st = db_open(&s->outbox, outbox, DB_READ, e);
	if (st == OK && (st = read_node(s)) != OK)
		st = db_fail(&s->outbox, st, "ledger", e);
	if (st != OK) {
		shipment_free(s);
		return st;
	}
	*out = s;
	return OK;
}

void shipment_free(struct shipment *s)
{
	if (!s)
		return;
	struct copier *all[] = {&s->insertion, &s->link, &s->serve, &s->click, &s->impression, &s->demand};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		free(all[i]->sql);
	db_close(&s->outbox);
	free(s);
}
