/* The scribe: one thread that takes whatever is queued, writes it in one transaction, and only after the COMMIT tells the callers. While a
 * commit waits for the disk the queue fills, so the batch size follows the load by itself. */
#include "ledger/store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH_MAX = 1000, QUEUE_DEFAULT = 65536, PROBE_MS = 100 };

enum job_kind {
	JOB_INSERTION = LEDGER_INSERTION,
	JOB_CLICK = LEDGER_CLICK,
	JOB_CONVERSION = LEDGER_CONVERSION,
	JOB_IMPRESSION = LEDGER_IMPRESSION,
	JOB_TASK
};

struct job {
	struct job *next;
	enum job_kind kind;
	enum status status;
	struct ledger_booking booking;
	ledger_done *done;
	void *arg;
	store_task *task; /* its argument is event */
	void *event;      /* behind this struct, in the same allocation; a task's is the caller's */
};

struct scribe {
	struct ledger *ledger;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct job *head, **tail;
	size_t queued, queue_max;
	bool stop;
	atomic_bool writable;
};

/* ---- one batch ---------------------------------------------------------------------------------- */

static enum status apply(const struct ledger *l, struct job *j)
{
	struct writer *w = l->writer;
	switch (j->kind) {
	case JOB_INSERTION:
		return writer_insertion(w, j->event);
	case JOB_CLICK:
		return writer_click(w, j->event, &j->booking);
	case JOB_CONVERSION:
		return l->central ? writer_outbox(w, j->event, j->done, j->arg) : writer_conversion(w, j->event, &j->booking);
	case JOB_IMPRESSION:
		return writer_impression(w, j->event, &j->booking);
	case JOB_TASK:
		return writer_task(w, j->task, j->event, &j->status);
	}
	return E_BUG;
}

static enum status commit_once(const struct ledger *l, struct job **jobs, size_t n)
{
	struct writer *w = l->writer;
	enum status s = writer_begin(w);
	for (size_t i = 0; i < n && s == OK; i++) {
		jobs[i]->status = OK;
		s = apply(l, jobs[i]);
	}
	if (s == OK)
		s = writer_commit(w);
	if (s != OK)
		writer_rollback(w);
	return s;
}

/* An event that the store itself refuses must not take its neighbours down: alone, each shows what it is. */
static enum status commit_apart(const struct ledger *l, struct job **jobs, size_t n)
{
	enum status s = OK;
	for (size_t i = 0; i < n; i++) {
		enum status one = s == OK || s == E_BUG ? commit_once(l, &jobs[i], 1) : s;
		if (one == OK)
			continue;
		jobs[i]->status = E_IO;
		s = one == E_BUG ? s : one;
	}
	return s;
}

/* What was written to an outbox is told when it is booked. */
static void finish(const struct ledger *l, struct job **jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool later = l->central && jobs[i]->kind == JOB_CONVERSION && jobs[i]->status == OK;
		if (jobs[i]->done && !later)
			jobs[i]->done(jobs[i]->arg, jobs[i]->status,
				jobs[i]->kind != JOB_INSERTION && jobs[i]->kind != JOB_TASK ? &jobs[i]->booking : NULL);
		free(jobs[i]);
	}
}

static void commit_batch(struct scribe *s, struct job **jobs, size_t n)
{
	int64_t start = mono_us();
	enum status st = commit_once(s->ledger, jobs, n);
	if (st == E_BUG)
		st = commit_apart(s->ledger, jobs, n);
	else if (st != OK)
		for (size_t i = 0; i < n; i++)
			jobs[i]->status = E_IO;
	if (st == OK) {
		metric_add(METRIC_LEDGER_BATCHES, 1);
		metric_add(METRIC_LEDGER_EVENTS, (int64_t)n);
		metric_observe_us(METRIC_LEDGER_SECONDS, mono_us() - start);
	} else {
		metric_add(METRIC_LEDGER_FAILURES, 1);
		atomic_store(&s->writable, false);
	}
	finish(s->ledger, jobs, n);
}

/* After a failure nothing more is tried on this dirty state: all that waits is told so, and a probe decides when to go on. */
static void refuse_batch(const struct scribe *s, struct job **jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		jobs[i]->status = E_IO;
	finish(s->ledger, jobs, n);
}

static size_t take_batch(struct scribe *s, struct job **out)
{
	size_t n = 0;
	while (s->head && n < BATCH_MAX) {
		out[n++] = s->head;
		s->head = s->head->next;
	}
	if (!s->head)
		s->tail = &s->head;
	s->queued -= n;
	return n;
}

/* Waits for work; while not writable, no longer than the next probe. */
static void await(struct scribe *s)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PROBE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	int timed_out = 0;
	while (!s->head && !s->stop && !timed_out) {
		if (atomic_load(&s->writable))
			pthread_cond_wait(&s->wake, &s->mutex);
		else
			timed_out = pthread_cond_timedwait(&s->wake, &s->mutex, &until);
	}
}

static void *scribe_run(void *arg)
{
	struct scribe *s = arg;
	struct job *jobs[BATCH_MAX];
	pthread_mutex_lock(&s->mutex);
	for (;;) {
		await(s);
		size_t n = take_batch(s, jobs);
		if (!n && s->stop)
			break;
		metric_set(METRIC_LEDGER_QUEUE, (int64_t)s->queued);
		pthread_mutex_unlock(&s->mutex);
		if (n && atomic_load(&s->writable))
			commit_batch(s, jobs, n);
		else
			refuse_batch(s, jobs, n);
		if (!atomic_load(&s->writable) && writer_probe(s->ledger->writer) == OK)
			atomic_store(&s->writable, true);
		pthread_mutex_lock(&s->mutex);
	}
	pthread_mutex_unlock(&s->mutex);
	return NULL;
}

/* ---- the queue ---------------------------------------------------------------------------------- */

static size_t event_size(enum ledger_event_kind kind, const void *event)
{
	const struct ledger_insertion *i = event;
	const struct ledger_conversion *c = event;
	switch (kind) {
	case LEDGER_INSERTION:
		return offsetof(struct ledger_insertion, link) + i->link_count * sizeof(i->link[0]);
	case LEDGER_CLICK:
		return sizeof(struct ledger_click);
	case LEDGER_CONVERSION:
		return sizeof(*c) + c->rule_count * sizeof(*c->rule);
	case LEDGER_IMPRESSION:
		return sizeof(struct ledger_impression);
	}
	return 0;
}

/* The rules are copied too: a caller that stopped waiting may free its own. */
static struct job *job_new(enum ledger_event_kind kind, const void *event)
{
	size_t head = (sizeof(struct job) + 15) & ~(size_t)15;
	struct job *j = malloc(head + event_size(kind, event));
	if (!j)
		return NULL;
	memset(j, 0, sizeof(*j));
	j->kind = (enum job_kind)kind;
	j->event = (char *)j + head;
	if (kind != LEDGER_CONVERSION) {
		memcpy(j->event, event, event_size(kind, event));
		return j;
	}
	const struct ledger_conversion *from = event;
	struct ledger_conversion *c = j->event;
	*c = *from;
	c->rule = (struct ledger_rule *)(c + 1);
	if (from->rule_count)
		memcpy(c + 1, from->rule, from->rule_count * sizeof(*from->rule));
	return j;
}

static enum status push(struct scribe *s, struct job *j)
{
	pthread_mutex_lock(&s->mutex);
	if (s->stop || s->queued >= s->queue_max) {
		pthread_mutex_unlock(&s->mutex);
		return E_BUSY;
	}
	*s->tail = j;
	s->tail = &j->next;
	s->queued++;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->mutex);
	return OK;
}

static bool event_fits(enum ledger_event_kind kind, const void *event)
{
	if (kind == LEDGER_INSERTION)
		return ((const struct ledger_insertion *)event)->link_count <= LEDGER_MAX_LINKS &&
		       ((const struct ledger_insertion *)event)->wanted_count <= LEDGER_MAX_WANTED;
	if (kind == LEDGER_CONVERSION)
		return ((const struct ledger_conversion *)event)->item_count <= LEDGER_MAX_ITEMS;
	if (kind == LEDGER_IMPRESSION)
		return ((const struct ledger_impression *)event)->link_count <= LEDGER_MAX_SHOWN;
	return kind == LEDGER_CLICK;
}

enum status ledger_submit(struct ledger *l, enum ledger_event_kind kind, const void *event, ledger_done *done, void *arg)
{
	if (!event_fits(kind, event))
		return E_INPUT;
	if (!l->scribe && l->central && kind == LEDGER_CONVERSION && !l->read_only)
		return store_submit(l, event, done, arg);
	if (!l->scribe || !scribe_writable(l->scribe))
		return E_BUSY;
	struct job *j = job_new(kind, event);
	if (!j)
		return E_NOMEM;
	j->done = done;
	j->arg = arg;
	enum status s = push(l->scribe, j);
	if (s != OK)
		free(j);
	return s;
}

/* ---- waiting for one's own event ------------------------------------------------------------------ */

/* Shared by the waiting thread and the scribe; the last of the two frees it. */
struct waiter {
	pthread_mutex_t mutex;
	pthread_cond_t done;
	bool finished, abandoned;
	enum status status;
	struct ledger_booking booking;
};

static struct waiter *waiter_new(void)
{
	struct waiter *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->done, &clock);
	pthread_condattr_destroy(&clock);
	return w;
}

static void waiter_free(struct waiter *w)
{
	pthread_cond_destroy(&w->done);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}

static void waiter_done(void *arg, enum status s, const struct ledger_booking *booking)
{
	struct waiter *w = arg;
	pthread_mutex_lock(&w->mutex);
	w->finished = true;
	w->status = s;
	if (booking)
		w->booking = *booking;
	bool abandoned = w->abandoned;
	pthread_cond_signal(&w->done);
	pthread_mutex_unlock(&w->mutex);
	if (abandoned)
		waiter_free(w);
}

/* timeout_ms < 0: for as long as it takes. */
static enum status waiter_wait(struct waiter *w, int timeout_ms, struct ledger_booking *booking_out)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&w->mutex);
	int rc = 0;
	while (!w->finished && !rc)
		rc = timeout_ms < 0 ? pthread_cond_wait(&w->done, &w->mutex) : pthread_cond_timedwait(&w->done, &w->mutex, &until);
	bool finished = w->finished;
	w->abandoned = !finished;
	enum status s = finished ? w->status : E_BUSY;
	if (finished && s == OK && booking_out)
		*booking_out = w->booking;
	pthread_mutex_unlock(&w->mutex);
	if (finished)
		waiter_free(w);
	return s;
}

enum status ledger_submit_wait(
	struct ledger *l, enum ledger_event_kind kind, const void *event, int timeout_ms, struct ledger_booking *booking_out)
{
	struct waiter *w = waiter_new();
	if (!w)
		return E_NOMEM;
	enum status s = ledger_submit(l, kind, event, waiter_done, w);
	if (s != OK) {
		waiter_free(w);
		return s;
	}
	return waiter_wait(w, timeout_ms < 0 ? 0 : timeout_ms, booking_out);
}

static enum status scribe_task(struct ledger *l, store_task *run, void *arg, struct err *e)
{
	if (!l->scribe || !scribe_writable(l->scribe))
		return err_set(e, E_BUSY, "ledger", "the ledger cannot be written now");
	struct waiter *w = waiter_new();
	struct job *j = calloc(1, sizeof(*j));
	if (!w || !j) {
		if (w)
			waiter_free(w);
		free(j);
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	}
	*j = (struct job){.kind = JOB_TASK, .task = run, .event = arg, .done = waiter_done, .arg = w};
	enum status s = push(l->scribe, j);
	if (s != OK) {
		waiter_free(w);
		free(j);
		return err_set(e, s, "ledger", "too many writes are waiting");
	}
	s = waiter_wait(w, -1, NULL);
	return s == OK ? OK : err_set(e, s, "ledger", s == E_IO ? "the write failed" : "refused");
}

enum status ledger_task(struct ledger *l, store_task *run, void *arg, struct err *e)
{
	return l->central && !l->read_only ? store_task_elsewhere(l, run, arg, e) : scribe_task(l, run, arg, e);
}

enum status ledger_task_here(struct ledger *l, store_task *run, void *arg, struct err *e)
{
	return l->central && l->scribe ? scribe_task(l, run, arg, e) : OK;
}

/* ---- life ------------------------------------------------------------------------------------------ */

enum status scribe_start(struct ledger *l, size_t queue_max, struct scribe **out, struct err *e)
{
	struct scribe *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, E_NOMEM, "ledger", "out of memory");
	s->ledger = l;
	s->tail = &s->head;
	s->queue_max = queue_max ? queue_max : QUEUE_DEFAULT;
	atomic_init(&s->writable, true);
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->wake, &clock);
	pthread_condattr_destroy(&clock);
	if (pthread_create(&s->thread, NULL, scribe_run, s) != 0) {
		pthread_cond_destroy(&s->wake);
		pthread_mutex_destroy(&s->mutex);
		free(s);
		return err_set(e, E_NOMEM, "ledger", "cannot start the writer thread");
	}
	*out = s;
	return OK;
}

void scribe_stop(struct scribe *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->mutex);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->mutex);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

bool scribe_writable(const struct scribe *s)
{
	return atomic_load(&s->writable);
}

bool ledger_writable(const struct ledger *l)
{
	return l->scribe && scribe_writable(l->scribe);
}
