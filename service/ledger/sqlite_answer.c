/* Answers: an insertion's first serve with its links, and every further serve of the same one. */
#include "ledger/sqlite_store.h"

#include <string.h>

#define TOKENS_MAX INT64_C(1000000000000)

static bool id_given(const struct ledger_id *id)
{
	static const struct ledger_id none;
	return memcmp(id, &none, sizeof(none)) != 0;
}

static void bind_hash(sqlite3_stmt *q, int i, const struct ledger_id *id)
{
	if (id_given(id))
		db_blob(q, i, id->b, LEDGER_ID);
}

/* A copy with numbers no sum can choke on; costs beyond reason count as not given. */
static void sane_copy(struct ledger_insertion *out, const struct ledger_insertion *i)
{
	memcpy(out, i, offsetof(struct ledger_insertion, link) + i->link_count * sizeof(i->link[0]));
	if (out->prompt_tokens > TOKENS_MAX)
		out->prompt_tokens = -1;
	if (out->completion_tokens > TOKENS_MAX)
		out->completion_tokens = -1;
	if (out->cost.minor < 0 || out->cost.minor > AMOUNT_MAX)
		out->cost = (struct money){0};
}

static enum status insert_insertion(struct writer *w, const struct ledger_insertion *i, bool *new_out)
{
	sqlite3_stmt *q = db_use(&w->db,
		"INSERT INTO insertion(insertion, at_ms, decision, reason, class, form, locale, app, model, request, conversation, user,"
		" eligible, holdout, prompt_tokens, completion_tokens, cost, currency, confirms)"
		" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19) ON CONFLICT(insertion) DO NOTHING");
	db_blob(q, 1, i->insertion.b, LEDGER_ID);
	db_int(q, 2, i->at_ms);
	const char *names[] = {i->decision, i->reason, i->class, i->form, i->locale, i->app, i->model};
	for (int k = 0; k < (int)ARRAY_LEN(names); k++)
		db_name(q, 3 + k, names[k]);
	bind_hash(q, 10, &i->request_hash);
	bind_hash(q, 11, &i->conversation_hash);
	bind_hash(q, 12, &i->user_hash);
	const int64_t numbers[] = {i->eligible, i->holdout, i->prompt_tokens, i->completion_tokens, i->cost.minor};
	for (int k = 0; k < (int)ARRAY_LEN(numbers); k++)
		db_int(q, 13 + k, numbers[k]);
	db_name(q, 18, i->cost.currency);
	db_int(q, 19, i->confirms);
	enum status s = db_run(&w->db, q);
	*new_out = s == OK && db_changes(&w->db) == 1;
	return s;
}

static enum status insert_link(struct writer *w, int64_t insertion_no, const struct ledger_link *l, bool later, bool *new_out)
{
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO link(link, insertion_no, merchant, product, phrase, product_key, later)"
					 " VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(link) DO NOTHING");
	db_blob(q, 1, l->link.b, LEDGER_ID);
	db_int(q, 2, insertion_no);
	db_name(q, 3, l->merchant);
	db_name(q, 4, l->product);
	db_name(q, 5, l->phrase);
	db_int(q, 6, (int64_t)l->product_key);
	db_int(q, 7, later);
	enum status s = db_run(&w->db, q);
	*new_out = s == OK && db_changes(&w->db) == 1;
	return s;
}

/* Its clicks come soon, if they come. */
static void keep_in_mind(struct writer *w, const struct ledger_insertion *i, const struct ledger_link *l)
{
	struct known_link k = {.link = l->link, .no = db_last_no(&w->db), .served_ms = i->at_ms};
	memcpy(k.phrase, l->phrase, sizeof(k.phrase));
	memcpy(k.form, i->form, sizeof(k.form));
	memcpy(k.app, i->app, sizeof(k.app));
	memcpy(k.model, i->model, sizeof(k.model));
	links_put(w->links, &k);
}

static enum status insert_wanted(struct writer *w, int64_t insertion_no, const struct ledger_insertion *i)
{
	enum status s = OK;
	for (uint32_t k = 0; k < i->wanted_count && s == OK; k++) {
		sqlite3_stmt *q = db_use(&w->db, "INSERT INTO demand(insertion_no, name, kind, reason) VALUES(?1,?2,?3,?4) ON CONFLICT DO NOTHING");
		db_int(q, 1, insertion_no);
		db_name(q, 2, i->wanted[k].name);
		db_name(q, 3, i->wanted[k].category ? "category" : "lexicon");
		db_name(q, 4, i->reason);
		s = db_run(&w->db, q);
	}
	return s;
}

/* A link id that is already stored belongs to an earlier answer, and is not counted anew. */
static enum status first_serve(struct writer *w, const struct ledger_insertion *i)
{
	int64_t no = db_last_no(&w->db);
	enum status s = insert_wanted(w, no, i);
	for (uint32_t k = 0; k < i->link_count && s == OK; k++) {
		bool fresh = false;
		if (!i->link[k].existing)
			s = insert_link(w, no, &i->link[k], false, &fresh);
		if (fresh)
			keep_in_mind(w, i, &i->link[k]);
	}
	return s;
}

/* ---- the same answer again -------------------------------------------------------------------- */

static enum status count_serve(struct writer *w, const struct ledger_id *insertion, int64_t *no_out)
{
	sqlite3_stmt *q = db_use(&w->db, "UPDATE insertion SET serves = serves + 1 WHERE insertion = ?1 RETURNING no");
	db_blob(q, 1, insertion->b, LEDGER_ID);
	bool row;
	enum status s = db_step(&w->db, q, &row);
	if (s != OK || !row)
		return s == OK ? E_BUG : s;
	*no_out = db_get_int(q, 0);
	return db_run(&w->db, q);
}

static enum status insert_serve(struct writer *w, int64_t insertion_no, const struct ledger_insertion *i)
{
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO serve(insertion_no, at_ms, decision, form, app, model, eligible, prompt_tokens, "
					 "completion_tokens, cost, currency,"
					 " confirms) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)");
	db_int(q, 1, insertion_no);
	db_int(q, 2, i->at_ms);
	const char *names[] = {i->decision, i->form, i->app, i->model};
	for (int k = 0; k < (int)ARRAY_LEN(names); k++)
		db_name(q, 3 + k, names[k]);
	const int64_t numbers[] = {i->eligible, i->prompt_tokens, i->completion_tokens, i->cost.minor};
	for (int k = 0; k < (int)ARRAY_LEN(numbers); k++)
		db_int(q, 7 + k, numbers[k]);
	db_name(q, 11, i->cost.currency);
	db_int(q, 12, i->confirms);
	return db_run(&w->db, q);
}

/* The stored link's number if it is one of this insertion's, else 0. */
static enum status find_own_link(struct writer *w, int64_t insertion_no, const struct ledger_link *l, int64_t *no_out)
{
	sqlite3_stmt *q = db_use(&w->db, "SELECT no FROM link WHERE link = ?1 AND insertion_no = ?2");
	db_blob(q, 1, l->link.b, LEDGER_ID);
	db_int(q, 2, insertion_no);
	bool row;
	enum status s = db_step(&w->db, q, &row);
	*no_out = row ? db_get_int(q, 0) : 0;
	db_end(q);
	return s;
}

static void served_again(struct writer *w, const struct ledger_id *link, int64_t at_ms)
{
	struct known_link k;
	if (!links_get(w->links, link, &k) || k.served_ms >= at_ms)
		return;
	k.served_ms = at_ms;
	links_put(w->links, &k);
}

/* A link that is another answer's is none of this one's; twice in one is once. */
static enum status serve_link(struct writer *w, int64_t serve_no, int64_t insertion_no, int64_t at_ms, const struct ledger_link *l)
{
	bool fresh = false;
	int64_t no = 0;
	enum status s = find_own_link(w, insertion_no, l, &no);
	if (s == OK && !no) {
		s = insert_link(w, insertion_no, l, true, &fresh);
		no = fresh ? db_last_no(&w->db) : 0;
	}
	if (s != OK || !no)
		return s;
	sqlite3_stmt *q = db_use(&w->db, "INSERT INTO serve_link(serve_no, link_no) VALUES(?1,?2) ON CONFLICT DO NOTHING");
	db_int(q, 1, serve_no);
	db_int(q, 2, no);
	served_again(w, &l->link, at_ms);
	return db_run(&w->db, q);
}

static enum status serve_again(struct writer *w, const struct ledger_insertion *i)
{
	int64_t no = 0;
	enum status s = count_serve(w, &i->insertion, &no);
	if (s == OK)
		s = insert_serve(w, no, i);
	int64_t serve = db_last_no(&w->db);
	for (uint32_t k = 0; k < i->link_count && s == OK; k++)
		if (!i->link[k].existing)
			s = serve_link(w, serve, no, i->at_ms, &i->link[k]);
	return s;
}

/* Apps that confirm are few: they are known without asking. */
static enum status app_confirms(struct writer *w, struct ledger_insertion *i)
{
	if (!w->confirming)
		return OK;
	sqlite3_stmt *q = db_use(&w->db, "SELECT 1 FROM confirming WHERE app = ?1 AND since_ms <= ?2");
	db_name(q, 1, i->app);
	db_int(q, 2, i->at_ms);
	enum status s = db_step(&w->db, q, &i->confirms);
	db_end(q);
	return s;
}

enum status writer_insertion(struct writer *w, const struct ledger_insertion *given)
{
	struct ledger_insertion i;
	sane_copy(&i, given);
	bool fresh = false;
	enum status s = app_confirms(w, &i);
	if (s == OK)
		s = insert_insertion(w, &i, &fresh);
	if (s != OK || (!fresh && i.once))
		return s;
	s = fresh ? first_serve(w, &i) : serve_again(w, &i);
	atomic_fetch_add(&w->behind, 1);
	writer_saw(w, i.at_ms);
	return s;
}
