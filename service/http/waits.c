/* Waiting for a commit, with a bound. The connection is suspended before the event is submitted (a resume must not overtake the suspend);
 * the scribe and the timer both may end the wait, one of them does: the exchange of `request` says who. The wait itself is
 * counted, since the scribe may come long after the request is gone. */
#include "http/door.h"

#include <stdlib.h>
#include <time.h>

#define COARSE_US 2000 /* the timer need not wake more often */

struct wait {
	struct wait *next;
	_Atomic int refs;
	_Atomic(struct request *) request; /* NULL: somebody ended the wait */
	int64_t deadline_us;
};

static void wait_unref(struct wait *w)
{
	if (atomic_fetch_sub(&w->refs, 1) == 1)
		free(w);
}

static void settle(struct wait *w, enum status s)
{
	struct request *r = atomic_exchange(&w->request, NULL);

	if (r) {
		r->settled = s;
		request_resume(r);
	}
}

static void committed(void *arg, enum status s, const struct ledger_booking *booking)
{
	struct wait *w = arg;

	(void)booking;
	settle(w, s);
	wait_unref(w);
}

/* Lock held. Ends what is due; returns when the next one will be, INT64_MAX if none waits. */
static int64_t end_due(struct waits *ws, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < WAIT_KINDS; i++) {
		struct wait *w;
		while ((w = ws->lane[i].head) && (w->deadline_us <= now || ws->stop || !atomic_load(&w->request))) {
			ws->lane[i].head = w->next;
			if (!w->next)
				ws->lane[i].tail = NULL;
			settle(w, E_BUSY);
			wait_unref(w);
		}
		if (w && w->deadline_us < next)
			next = w->deadline_us;
	}
	return next;
}

static void *tick(void *arg)
{
	struct waits *ws = arg;

	pthread_mutex_lock(&ws->lock);
	for (;;) {
		int64_t now = mono_us(), next = end_due(ws, now);
		if (ws->stop)
			break;
		if (next == INT64_MAX) {
			pthread_cond_wait(&ws->wake, &ws->lock);
			continue;
		}
		next = next < now + COARSE_US ? now + COARSE_US : next;
		struct timespec t = {.tv_sec = (time_t)(next / 1000000), .tv_nsec = (long)(next % 1000000) * 1000};
		/* Spurious or early wake-ups only look once more. */
		pthread_cond_timedwait(&ws->wake, &ws->lock, &t);
	}
	pthread_mutex_unlock(&ws->lock);
	return NULL;
}

enum status waits_start(struct waits *w, int64_t click_us, int64_t insert_us, struct err *e)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	w->lane[WAIT_CLICK].limit_us = click_us;
	w->lane[WAIT_INSERT].limit_us = insert_us;
	if (pthread_create(&w->thread, NULL, tick, w))
		return err_set(e, E_NOMEM, "http", "no thread for the timer");
	return OK;
}

void waits_stop(struct waits *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	/* The lock stays: an MHD thread may still come by, and finds stop. */
}

static void lane_add(struct waits *ws, enum wait_kind k, struct wait *w)
{
	pthread_mutex_lock(&ws->lock);
	if (ws->stop) {
		pthread_mutex_unlock(&ws->lock);
		settle(w, E_BUSY);
		wait_unref(w);
		return;
	}
	w->deadline_us = mono_us() + ws->lane[k].limit_us; /* under the lock: a lane is in order */
	bool was_empty = !ws->lane[k].head;
	if (was_empty)
		ws->lane[k].head = w;
	else
		ws->lane[k].tail->next = w;
	ws->lane[k].tail = w;
	if (was_empty)
		pthread_cond_signal(&ws->wake);
	pthread_mutex_unlock(&ws->lock);
}

enum turn wait_for_ledger(struct request *r, enum wait_kind k, enum ledger_event_kind kind, const void *event, void (*after)(struct request *r, enum status s))
{
	struct http_server *h = r->server;
	struct wait *w = calloc(1, sizeof *w);

	r->after = after;
	request_suspend(r);
	if (w) {
		atomic_store(&w->refs, 2);
		atomic_store(&w->request, r);
		if (ledger_submit(h->services.ledger, kind, event, committed, w) == OK) {
			lane_add(&h->waits, k, w);
			return WAITING;
		}
		free(w);
	}
	r->settled = E_BUSY;
	request_resume(r);
	return WAITING;
}
