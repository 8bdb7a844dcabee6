/* PostgreSQL from a node's point of view: one writing connection under a mutex, the shipper's thread, and who waits for what. */
#include "ledger/central.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RETRY_MS = 200, CATCH_UP_MS = 2000 };

/* A conversion in the outbox whose sender waits. Known before its row is committed, so that no shipper can overtake it. */
struct expected {
	struct expected *next;
	int64_t no;
	bool committed;
	ledger_done *done;
	void *arg;
	ledger_reply *reply;
};

struct central {
	struct ledger *ledger;
	struct str url, zones;
	bool make, spans; /* spans: the roll-ups' zones are loaded */

	pthread_mutex_t mutex; /* of the writer */
	struct writer *writer;
	struct shipment *shipment;

	pthread_mutex_t queue_mutex;
	pthread_cond_t wake, shipped_cond;
	struct expected *expected;
	uint64_t committed, shipped;
	bool stop, threaded;
	pthread_t thread;
	atomic_bool away;
};

/* ---- who waits ------------------------------------------------------------------------------------------ */

static const struct ledger_booking queued = {.booking = BOOKED_QUEUED, .detail = "durable here; booked when the ledger's database is back"};

/* Calls and forgets those that pass; with booking NULL only forgets. */
static struct expected *take_expected(struct central *c, bool (*passes)(const struct expected *x, int64_t no), int64_t no)
{
	struct expected *taken = NULL, **at = &c->expected;
	pthread_mutex_lock(&c->queue_mutex);
	while (*at) {
		struct expected *x = *at;
		if (!passes(x, no)) {
			at = &x->next;
			continue;
		}
		*at = x->next;
		x->next = taken;
		taken = x;
	}
	pthread_mutex_unlock(&c->queue_mutex);
	return taken;
}

static void tell(struct expected *x, enum status s, const struct ledger_booking *b)
{
	while (x) {
		struct expected *next = x->next;
		if (b && x->done)
			x->done(x->arg, s, b);
		free(x);
		x = next;
	}
}

static bool is_no(const struct expected *x, int64_t no)
{
	return x->no == no;
}

static bool is_committed(const struct expected *x, int64_t no)
{
	(void)no;
	return x->committed;
}

static bool is_open(const struct expected *x, int64_t no)
{
	(void)no;
	return !x->committed;
}

enum status central_expect(struct central *c, int64_t no, ledger_done *done, void *arg, ledger_reply *reply)
{
	struct expected *x = malloc(sizeof(*x));
	if (!x)
		return E_NOMEM;
	*x = (struct expected){.no = no, .done = done, .arg = arg, .reply = reply};
	pthread_mutex_lock(&c->queue_mutex);
	x->next = c->expected;
	c->expected = x;
	pthread_mutex_unlock(&c->queue_mutex);
	return OK;
}

void central_committed(struct central *c)
{
	pthread_mutex_lock(&c->queue_mutex);
	for (struct expected *x = c->expected; x; x = x->next)
		x->committed = true;
	c->committed++;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->queue_mutex);
	if (atomic_load(&c->away))
		tell(take_expected(c, is_committed, 0), OK, &queued);
}

void central_rolled_back(struct central *c)
{
	tell(take_expected(c, is_open, 0), OK, NULL);
}

static ledger_reply *reply_of(void *arg, int64_t no)
{
	struct central *c = arg;
	ledger_reply *reply = NULL;
	pthread_mutex_lock(&c->queue_mutex);
	for (const struct expected *x = c->expected; x; x = x->next)
		if (x->no == no)
			reply = x->reply;
	pthread_mutex_unlock(&c->queue_mutex);
	return reply;
}

/* ---- the connection ---------------------------------------------------------------------------------------- */

bool central_away(const struct central *c)
{
	return atomic_load(&c->away);
}

enum status central_connect(struct central *c, struct db *d, const char *schema, struct err *e)
{
	if (central_away(c))
		return err_set(e, E_BUSY, "ledger", "the ledger's database is away");
	return db_open_pg(d, c->url, schema, e);
}

static struct writer *writer_new(struct ledger *l)
{
	struct writer *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->ledger = l;
	roll_init(&w->roll);
	traffic_init(&w->traffic);
	w->links = links_new();
	w->spread = roll_spread(&w->roll);
	if (w->links)
		return w;
	writer_close(w);
	return NULL;
}

/* Once a process; nodes that start together take turns, or what is missing would be made twice. */
static enum status open_spans(struct central *c, struct err *e)
{
	struct db *d = &c->writer->db;
	enum status s = db_exec(d, "SELECT pg_advisory_lock(7311465221)");
	if (s != OK)
		return db_fail(d, s, "ledger", e);
	s = spans_open(c->writer, c->zones, e);
	err_ignore(db_exec(d, "SELECT pg_advisory_unlock(7311465221)"));
	c->spans = s == OK;
	return s;
}

/* Under the mutex. */
static enum status connected(struct central *c, struct err *e)
{
	struct db *d = &c->writer->db;
	if (db_is_pg(d) && !db_lost(d))
		return OK;
	db_close(d);
	enum status s = db_open_pg(d, c->url, "main", e);
	if (s == OK)
		s = central_prepare(d, c->make, e);
	if (s == OK && !c->spans && c->make)
		s = open_spans(c, e);
	if (s != OK)
		db_close(d);
	return s;
}

static enum status begin(struct central *c, struct err *e)
{
	enum status s = connected(c, e);
	if (s != OK)
		return s;
	s = writer_begin(c->writer);
	return s == OK ? OK : db_fail(&c->writer->db, s, "ledger", e);
}

/* Commits, or undoes and says why. */
static enum status end(struct central *c, enum status s, struct err *e)
{
	if (s == OK)
		s = writer_commit(c->writer);
	if (s == OK)
		return OK;
	s = db_fail(&c->writer->db, s, "ledger", e);
	writer_rollback(c->writer);
	if (db_lost(&c->writer->db))
		s = E_BUSY;
	return s;
}

enum status central_task(struct central *c, store_task *run, void *arg, struct err *e)
{
	enum status own = OK;
	if (central_away(c))
		return err_set(e, E_BUSY, "ledger", "the ledger's database is away");
	pthread_mutex_lock(&c->mutex);
	enum status s = begin(c, e);
	if (s == OK)
		s = end(c, writer_task(c->writer, run, arg, &own), e);
	pthread_mutex_unlock(&c->mutex);
	if (s == OK && own != OK)
		return err_set(e, own, "ledger", "refused");
	return s;
}

enum status central_submit(struct central *c, const struct ledger_conversion *m, ledger_done *done, void *arg)
{
	struct ledger_booking b = {0};
	pthread_mutex_lock(&c->mutex);
	enum status s = begin(c, NULL);
	if (s == OK) {
		s = db_exec(&c->writer->db, CENTRAL_LOCK);
		s = end(c, s == OK ? writer_conversion(c->writer, m, &b) : s, NULL);
	}
	pthread_mutex_unlock(&c->mutex);
	if (s == OK && done)
		done(arg, OK, &b);
	return s == OK ? OK : E_BUSY;
}

/* ---- shipping ------------------------------------------------------------------------------------------------- */

static enum status ship_once(struct central *c, bool *more)
{
	const struct shipped_message *m;
	pthread_mutex_lock(&c->mutex);
	enum status s = begin(c, NULL);
	if (s == OK) {
		s = db_exec(&c->writer->db, CENTRAL_LOCK);
		s = end(c, s == OK ? shipment_load(c->shipment, c->writer, reply_of, c, more) : s, NULL);
	}
	pthread_mutex_unlock(&c->mutex);
	size_t n = s == OK ? shipment_messages(c->shipment, &m) : 0;
	for (size_t i = 0; i < n; i++)
		tell(take_expected(c, is_no, m[i].no), OK, &m[i].booking);
	return s;
}

static enum status ship_all(struct central *c)
{
	bool more = true;
	enum status s = OK;
	while (s == OK && more)
		s = ship_once(c, &more);
	return s;
}

static void wait_until(struct timespec *t, int ms)
{
	clock_gettime(CLOCK_MONOTONIC, t);
	t->tv_nsec += ms % 1000 * 1000000L;
	t->tv_sec += ms / 1000 + t->tv_nsec / 1000000000L;
	t->tv_nsec %= 1000000000L;
}

/* Waits for work, or for the next try. */
static bool await(struct central *c, uint64_t *target)
{
	struct timespec until;
	int timed_out = 0;
	wait_until(&until, RETRY_MS);
	pthread_mutex_lock(&c->queue_mutex);
	while (!c->stop && !timed_out && (c->committed == c->shipped || central_away(c))) {
		if (central_away(c))
			timed_out = pthread_cond_timedwait(&c->wake, &c->queue_mutex, &until);
		else
			pthread_cond_wait(&c->wake, &c->queue_mutex);
	}
	*target = c->committed;
	bool stop = c->stop;
	pthread_mutex_unlock(&c->queue_mutex);
	return !stop;
}

static void note(struct central *c, enum status s, uint64_t target)
{
	atomic_store(&c->away, s != OK);
	metric_set(METRIC_CENTRAL_UP, s == OK);
	if (s != OK)
		tell(take_expected(c, is_committed, 0), OK, &queued);
	pthread_mutex_lock(&c->queue_mutex);
	if (s == OK)
		c->shipped = target;
	pthread_cond_broadcast(&c->shipped_cond);
	pthread_mutex_unlock(&c->queue_mutex);
}

static void *run(void *arg)
{
	struct central *c = arg;
	uint64_t target;
	while (await(c, &target))
		note(c, ship_all(c), target);
	if (!central_away(c))
		note(c, ship_all(c), target);
	return NULL;
}

void central_catch_up(struct central *c)
{
	struct timespec until;
	int timed_out = 0;
	if (!c->threaded)
		return;
	wait_until(&until, CATCH_UP_MS);
	pthread_mutex_lock(&c->queue_mutex);
	uint64_t target = c->committed;
	while (c->shipped < target && !central_away(c) && !timed_out)
		timed_out = pthread_cond_timedwait(&c->shipped_cond, &c->queue_mutex, &until);
	pthread_mutex_unlock(&c->queue_mutex);
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

static void init_conditions(struct central *c)
{
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&c->mutex, NULL);
	pthread_mutex_init(&c->queue_mutex, NULL);
	pthread_cond_init(&c->wake, &clock);
	pthread_cond_init(&c->shipped_cond, &clock);
	pthread_condattr_destroy(&clock);
}

enum status central_open(struct ledger *l, const struct ledger_options *o, bool make, struct central **out, struct err *e)
{
	struct central *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	init_conditions(c);
	c->ledger = l;
	c->make = make;
	c->url = (struct str){strndup(o->url.p, o->url.n), o->url.n};
	c->zones = o->report_zones.p ? (struct str){strndup(o->report_zones.p, o->report_zones.n), o->report_zones.n} : STR_NONE;
	c->writer = writer_new(l);
	enum status s = c->url.p && c->writer ? connected(c, e) : err_set(e, E_NOMEM, "ledger", "out of memory");
	if (s != OK) {
		central_close(c);
		return s;
	}
	metric_set(METRIC_CENTRAL_UP, 1);
	*out = c;
	return OK;
}

enum status central_ship(struct central *c, struct err *e)
{
	enum status s = shipment_new(c->ledger->path, &c->shipment, e);
	if (s != OK)
		return s;
	c->committed = 1; /* what an earlier process left */
	if (pthread_create(&c->thread, NULL, run, c) != 0)
		return err_set(e, E_NOMEM, "ledger", "cannot start the shipper's thread");
	c->threaded = true;
	return OK;
}

void central_close(struct central *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->queue_mutex);
	c->stop = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->queue_mutex);
	if (c->threaded)
		pthread_join(c->thread, NULL);
	tell(take_expected(c, is_committed, 0), OK, &queued);
	shipment_free(c->shipment);
	writer_close(c->writer);
	pthread_mutex_destroy(&c->mutex);
	pthread_mutex_destroy(&c->queue_mutex);
	pthread_cond_destroy(&c->wake);
	pthread_cond_destroy(&c->shipped_cond);
	free((char *)(uintptr_t)c->url.p);
	free((char *)(uintptr_t)c->zones.p);
	free(c);
}
