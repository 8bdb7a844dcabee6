/* Opening and closing: the lock that tells a crash from a second process, schema steps, the check after a crash, checkpoints, readers. */
#include <sqlite3.h>
/* first, for db.h has its own idea of a statement */
#include "ledger/central.h"
#include "ledger/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHECK_WHOLE_MAX (INT64_C(256) << 20) /* larger files: only the tables of money and roll-ups, so that clicks are soon served again */
#define HOUR_MS INT64_C(3600000)
#define RESTART_ABOVE (INT64_C(64) << 20)

/* ---- the lock ------------------------------------------------------------------------------------- */

static char *path_with(const char *path, const char *suffix)
{
	struct buf b;
	buf_init(&b, 8192);
	buf_printf(&b, "%s%s", path, suffix);
	return buf_steal(&b, NULL);
}

static int64_t file_size(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* Every writing process holds a shared lock while it lives. Whoever gets the exclusive one is alone; a write-ahead log that lies there
 * then was left by a crash. Others wait until the first one has checked and migrated. */
static enum status lock_take(struct ledger *l, bool *alone_out, struct err *e)
{
	char *path = path_with(l->path, "-lock");
	if (!path)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(path);
	if (l->lock_fd < 0)
		return err_set(e, E_IO, "ledger", "cannot open %.180s-lock: %s", l->path, strerror(errno));
	*alone_out = flock(l->lock_fd, LOCK_EX | LOCK_NB) == 0;
	if (!*alone_out && flock(l->lock_fd, LOCK_SH) != 0)
		return err_set(e, E_IO, "ledger", "cannot lock %.180s-lock: %s", l->path, strerror(errno));
	return OK;
}

/* ---- schema and check -------------------------------------------------------------------------------- */

static enum status pragma_int(struct db *d, const char *sql, int64_t *out)
{
	sqlite3_stmt *q = db_use(d, sql);
	bool row;
	enum status s = db_step(d, q, &row);
	*out = row ? db_get_int(q, 0) : 0;
	db_end(q);
	return s;
}

/* steps[i] leads from version i to i + 1, and sets user_version itself. */
static enum status migrate(struct db *d, const char *const *const *steps, int64_t newest, const char *path, struct err *e)
{
	int64_t version = 0;
	enum status s = db_exec(d, "BEGIN IMMEDIATE");
	if (s == OK)
		s = pragma_int(d, "PRAGMA user_version", &version);
	if (s == OK && version > newest) {
		err_ignore(db_exec(d, "ROLLBACK"));
		return err_set(e, E_IO, path, "written by a newer Inlay (schema %lld, this one knows %lld)", (long long)version, (long long)newest);
	}
	for (; s == OK && version < newest; version++)
		for (const char *const *piece = steps[version]; s == OK && *piece; piece++)
			s = db_exec(d, *piece);
	if (s == OK)
		s = db_exec(d, "COMMIT");
	if (s == OK)
		return OK;
	s = db_fail(d, s, path, e);
	if (db_in_transaction(d))
		err_ignore(db_exec(d, "ROLLBACK"));
	return s;
}

static enum status check_with(struct db *d, const char *sql, const char *path, struct err *e)
{
	sqlite3_stmt *q = db_use(d, sql);
	bool row;
	enum status s = db_step(d, q, &row);
	if (s != OK)
		return db_fail(d, s, path, e);
	struct str word = db_get_text(q, 0);
	bool good = str_eq(word, STR("ok"));
	if (!good)
		s = err_set(e, E_IO, path, "the file is damaged: %.*s", (int)(word.n < 120 ? word.n : 120), word.p);
	db_end(q);
	return s;
}

static enum status check(struct db *d, const char *path, const char *const *small_tables, size_t n, struct err *e)
{
	if (file_size(path) <= CHECK_WHOLE_MAX)
		return check_with(d, "PRAGMA quick_check(1)", path, e);
	enum status s = OK;
	for (size_t i = 0; i < n && s == OK; i++)
		s = check_with(d, small_tables[i], path, e);
	return s;
}

static bool crashed(const char *path)
{
	char *wal = path_with(path, "-wal");
	bool there = wal && file_size(wal) > 0;
	free(wal);
	return there;
}

static enum status prepare_file(const char *path, const char *const *const *steps, int64_t newest, const char *const *checks, size_t n, bool alone,
	struct err *e)
{
	struct db d;
	bool unclean = alone && crashed(path);
	enum status s = db_open(&d, path, DB_WRITE, e);
	if (s != OK)
		return s;
	if (unclean)
		s = check(&d, path, checks, n, e);
	if (s == OK)
		s = migrate(&d, steps, newest, path, e);
	db_close(&d);
	return s;
}

const char *const *const ledger_steps[LEDGER_SCHEMA] = {schema_ledger, schema_ledger_2, schema_ledger_3, schema_ledger_4, schema_ledger_5,
	schema_ledger_6, schema_ledger_7};
const char *const *const catalog_steps[1] = {schema_catalog};

static enum status prepare(struct ledger *l, bool alone, struct err *e)
{
	static const char *const main_checks[] = {"PRAGMA quick_check(roll)", "PRAGMA quick_check(takings)", "PRAGMA quick_check(orders)",
		"PRAGMA quick_check(entry)", "PRAGMA quick_check(posting)", "PRAGMA quick_check(merchant)", "PRAGMA quick_check(key)"};
	static const char *const catalog_checks[] = {"PRAGMA quick_check(catalog)"};
	enum status s = prepare_file(l->path, ledger_steps, ARRAY_LEN(ledger_steps), main_checks, ARRAY_LEN(main_checks), alone, e);
	if (s != OK)
		return s;
	return prepare_file(
		l->catalog_path, catalog_steps, ARRAY_LEN(catalog_steps), catalog_checks, ARRAY_LEN(catalog_checks), alone, e);
}

/* ---- checkpoints and strides ----------------------------------------------------------------------------------------- */

struct keeper {
	struct ledger *ledger;
	struct db db;
	char *wal_path;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool stop, nudged;
	int64_t hour; /* of the latest housekeeping */
};

static void keeper_wait(struct keeper *k)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 1;
	int rc = 0;
	while (!k->stop && !k->nudged && !rc)
		rc = pthread_cond_timedwait(&k->wake, &k->mutex, &until);
	k->nudged = false;
}

/* PASSIVE never makes the scribe wait; only a log grown beyond reason is worth a short halt. */
static void checkpoint(struct keeper *k, int *frames_before)
{
	int frames = 0, done = 0;
	int mode = file_size(k->wal_path) > RESTART_ABOVE ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
	int rc = sqlite3_wal_checkpoint_v2(k->db.h, NULL, mode, &frames, &done);
	/* Idle for a tick, and all of it is in the file: give the log's space back. */
	if (rc == SQLITE_OK && frames > 0 && frames == done && frames == *frames_before && file_size(k->wal_path) > RESTART_ABOVE / 16)
		rc = sqlite3_wal_checkpoint_v2(k->db.h, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	*frames_before = frames;
	(void)rc; /* busy: the next tick tries again; broken: the scribe's own commit will say so */
}

/* Sums up what is new beside the scribe, and has the scribe add it. Whatever fails is tried again at the next tick: reports lose only time. */
static void catch_up(struct keeper *k)
{
	struct writer *w = k->ledger->writer;
	struct stride stride;
	if (k->ledger->central) /* the sums are kept over there */
		return;
	if (!atomic_load(&w->behind) || db_run(&k->db, db_use(&k->db, "BEGIN")) != OK)
		return;
	stride_init(&stride, &w->zones);
	enum status s = stride_gather(&k->db, &stride);
	err_ignore(db_run(&k->db, db_use(&k->db, "COMMIT")));
	/* Nothing new in spite of the count: batches that failed were counted too. */
	int64_t events = s == OK ? stride_events(&stride) : 0;
	if (s == OK && (!events || ledger_task(k->ledger, stride_add, &stride, NULL) == OK))
		atomic_fetch_sub(&w->behind, events ? events : atomic_load(&w->behind));
	stride_done(&stride);
}

/* Once an hour, what is kept for a while only. */
static void housekeep(struct keeper *k)
{
	int64_t now = now_ms();
	if (now / HOUR_MS == k->hour)
		return;
	k->hour = now / HOUR_MS;
	/* A refusal waits for the next hour. */
	err_ignore(ledger_task(k->ledger, spans_trim, &now, NULL));
	err_ignore(ledger_retain(k->ledger, now, NULL));
}

static void *keeper_run(void *arg)
{
	struct keeper *k = arg;
	int frames = 0;
	pthread_mutex_lock(&k->mutex);
	while (!k->stop) {
		keeper_wait(k);
		pthread_mutex_unlock(&k->mutex);
		catch_up(k);
		housekeep(k);
		checkpoint(k, &frames);
		pthread_mutex_lock(&k->mutex);
	}
	pthread_mutex_unlock(&k->mutex);
	return NULL;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->mutex);
	db_close(&k->db);
	free(k->wal_path);
	free(k);
}

enum status keeper_start(struct ledger *l, struct keeper **out, struct err *e)
{
	struct keeper *k = calloc(1, sizeof(*k));
	if (!k)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&k->mutex, NULL);
	pthread_cond_init(&k->wake, &clock);
	pthread_condattr_destroy(&clock);
	k->ledger = l;
	k->wal_path = path_with(l->path, "-wal");
	enum status s = k->wal_path ? db_open(&k->db, l->path, DB_WRITE, e) : err_set(e, E_NOMEM, "ledger", "out of memory");
	if (s == OK) /* a log in full use is the scribe's to grow; a RESTART gives up after a moment */
		sqlite3_busy_timeout(k->db.h, 50);
	if (s == OK && pthread_create(&k->thread, NULL, keeper_run, k) != 0)
		s = err_set(e, E_NOMEM, "ledger", "cannot start the checkpoint thread");
	if (s != OK) {
		keeper_free(k);
		return s;
	}
	*out = k;
	return OK;
}

void keeper_stop(struct keeper *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->mutex);
	k->stop = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->mutex);
	pthread_join(k->thread, NULL);
}

void keeper_nudge(struct keeper *k)
{
	pthread_mutex_lock(&k->mutex);
	k->nudged = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->mutex);
}

/* ---- readers ----------------------------------------------------------------------------------------------- */

static void reader_free(struct reader *r)
{
	db_close(&r->db);
	free(r);
}

static enum status reader_begin(struct reader *r)
{
	return db_is_pg(&r->db) ? db_exec(&r->db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") : db_run(&r->db, db_use(&r->db, "BEGIN"));
}

static enum status reader_open(struct ledger *l, struct reader **out, struct err *e)
{
	struct reader *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	if (l->central) {
		enum status there = central_connect(l->central, &r->db, "main", e);
		if (there == OK)
			*out = r;
		else
			free(r);
		return there;
	}
	enum status s = db_open(&r->db, l->path, DB_READ, e);
	if (s != OK) {
		free(r);
		return s;
	}
	sqlite3_stmt *q = db_use(&r->db, "ATTACH ?1 AS cat");
	db_name(q, 1, l->catalog_path);
	s = db_run(&r->db, q);
	if (s != OK) {
		s = db_fail(&r->db, s, l->catalog_path, e);
		reader_free(r);
		return s;
	}
	*out = r;
	return OK;
}

enum status reader_get(struct ledger *l, struct reader **out, struct err *e)
{
	struct reader *r = NULL;
	pthread_mutex_lock(&l->reader_mutex);
	if (l->idle_count)
		r = l->idle[--l->idle_count];
	pthread_mutex_unlock(&l->reader_mutex);
	enum status s = r ? reader_begin(r) : OK;
	if (s == OK && r) {
		*out = r;
		return OK;
	}
	if (r) /* a connection that was lost while it lay there */
		reader_free(r);
	r = NULL;
	s = reader_open(l, &r, e);
	if (s != OK)
		return s;
	s = reader_begin(r);
	if (s != OK) {
		s = db_fail(&r->db, s, "ledger", e);
		reader_free(r);
		return s;
	}
	*out = r;
	return OK;
}

enum status reader_get_fresh(struct ledger *l, struct reader **out, struct err *e)
{
	if (l->central)
		central_catch_up(l->central);
	return reader_get(l, out, e);
}

void reader_put(struct ledger *l, struct reader *r)
{
	if (!r)
		return;
	bool sound = db_run(&r->db, db_use(&r->db, "COMMIT")) == OK;
	pthread_mutex_lock(&l->reader_mutex);
	if (sound && l->idle_count < READERS_KEPT) {
		l->idle[l->idle_count++] = r;
		r = NULL;
	}
	pthread_mutex_unlock(&l->reader_mutex);
	if (r)
		reader_free(r);
}

/* ---- life -------------------------------------------------------------------------------------------------- */

static enum status catalog_open(struct ledger *l, struct err *e)
{
	l->catalog = calloc(1, sizeof(*l->catalog));
	if (!l->catalog)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	return l->central ? central_connect(l->central, &l->catalog->db, "cat, main", e) : db_open(&l->catalog->db, l->catalog_path, DB_WRITE, e);
}

static enum status open_writing(struct ledger *l, const struct ledger_options *o, struct err *e)
{
	bool alone;
	enum status s = lock_take(l, &alone, e);
	if (s == OK)
		s = prepare(l, alone, e);
	if (s == OK)
		s = writer_open(l, o->report_zones, &l->writer, e);
	if (s == OK)
		s = catalog_open(l, e);
	if (s == OK)
		s = scribe_start(l, o->queue_max, &l->scribe, e);
	if (s == OK)
		s = keeper_start(l, &l->keeper, e);
	if (s == OK && alone && flock(l->lock_fd, LOCK_SH) != 0)
		s = err_set(e, E_IO, "ledger", "cannot lock: %s", strerror(errno));
	return s;
}

/* Someone else keeps the file: its schema has to be ours. */
static enum status open_reading(struct ledger *l, struct err *e)
{
	struct reader *r = NULL;
	int64_t version = 0;
	enum status s = reader_get(l, &r, e);
	if (s != OK)
		return s;
	s = pragma_int(&r->db, "PRAGMA user_version", &version);
	reader_put(l, r);
	return s == OK && version == LEDGER_SCHEMA ? OK : err_set(e, E_IO, "ledger", "no ledger of this version in %.180s", l->path);
}

/* The outbox is a ledger of its own kind: events as everywhere, and messages that wait. Its name over there is made once. */
static enum status outbox_prepare(struct ledger *l, struct err *e)
{
	struct db d;
	uint8_t node[LEDGER_ID];
	random_bytes(node, sizeof(node));
	enum status s = db_open(&d, l->path, DB_WRITE, e);
	if (s != OK)
		return s;
	s = db_exec(&d, "CREATE TABLE IF NOT EXISTS message(no INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT");
	sqlite3_stmt *q = db_use(&d, "INSERT INTO value(name, value) VALUES('node', ?1) ON CONFLICT DO NOTHING");
	db_blob(q, 1, node, sizeof(node));
	if (s == OK)
		s = db_run(&d, q);
	if (s != OK)
		s = db_fail(&d, s, l->path, e);
	db_close(&d);
	return s;
}

static enum status open_central(struct ledger *l, const struct ledger_options *o, struct err *e)
{
	enum status s = central_open(l, o, !o->read_only, &l->central, e);
	if (s == OK && o->outbox.n)
		s = open_writing(l, o, e);
	else if (s == OK && !o->read_only)
		s = catalog_open(l, e);
	if (s == OK && o->outbox.n)
		s = outbox_prepare(l, e);
	return s == OK && o->outbox.n ? central_ship(l->central, e) : s;
}

static bool is_postgresql(struct str url)
{
	return str_starts(url, STR("postgresql://")) || str_starts(url, STR("postgres://"));
}

static enum status choose_paths(struct ledger *l, const struct ledger_options *o, struct err *e)
{
	struct str path = is_postgresql(o->url) ? o->outbox : str_sub(o->url, 7, o->url.n);
	if (!is_postgresql(o->url) && (!str_starts(o->url, STR("sqlite:")) || path.n == 0))
		return err_set(e, E_INPUT, "ledger", "expected sqlite:PATH or postgresql://…");
	if ((path.n && memchr(path.p, '\0', path.n)) || path.n > 4000)
		return err_set(e, E_INPUT, "ledger", "the path is too long or holds a NUL");
	l->path = strndup(path.n ? path.p : "", path.n);
	l->catalog_path = l->path ? path_with(l->path, "-catalog") : NULL;
	return l->catalog_path ? OK : err_set(e, E_NOMEM, "ledger", "out of memory");
}

enum status ledger_open(const struct ledger_options *o, struct ledger **out, struct err *e)
{
	struct ledger *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	l->lock_fd = -1;
	l->read_only = o->read_only;
	pthread_mutex_init(&l->catalog_mutex, NULL);
	pthread_mutex_init(&l->reader_mutex, NULL);
	pthread_mutex_init(&l->id_mutex, NULL);
	random_bytes(l->node, sizeof(l->node));
	enum status s = choose_paths(l, o, e);
	if (s == OK && is_postgresql(o->url))
		s = open_central(l, o, e);
	else if (s == OK)
		s = o->read_only ? open_reading(l, e) : open_writing(l, o, e);
	if (s != OK) {
		ledger_close(l);
		return s;
	}
	*out = l;
	return OK;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	bool sound = ledger_writable(l);
	/* The keeper's thread may wait for the scribe, and the scribe's last commits nudge the keeper. */
	keeper_stop(l->keeper);
	scribe_stop(l->scribe);
	keeper_free(l->keeper);
	l->keeper = NULL; /* the last stride's commit must not nudge it */
	central_close(l->central); /* ships what the scribe's last commits left */
	if (sound && !l->central) /* else the rows wait for the next start */
		err_ignore(writer_catch_up(l->writer));
	while (l->idle_count)
		reader_free(l->idle[--l->idle_count]);
	writer_close(l->writer);
	if (l->catalog)
		db_close(&l->catalog->db);
	free(l->catalog);
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	pthread_mutex_destroy(&l->catalog_mutex);
	pthread_mutex_destroy(&l->reader_mutex);
	pthread_mutex_destroy(&l->id_mutex);
	free(l->path);
	free(l->catalog_path);
	free(l);
}
