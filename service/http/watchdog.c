/* The deadline watchdog: MHD's connection timeout is one of inactivity, so a byte a second holds a connection for ever. Every open connection
 * has an entry; a thread shuts down those whose deadline has passed. Entries are removed under the same lock before MHD closes the
 * fd, so a number used again by another connection cannot be hit. */
#include "http/door.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define LOOK_EVERY_MS 100

static void cut_late(struct watchdog *w, int64_t now)
{
	for (struct visit *v = w->visits; v; v = v->next) {
		if (v->cut || atomic_load_explicit(&v->deadline_us, memory_order_relaxed) > now)
			continue;
		v->cut = true;
		shutdown(v->fd, SHUT_RDWR);
		metric_add(METRIC_HTTP_CUT, 1);
	}
}

static void *watch(void *arg)
{
	struct watchdog *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		struct timespec t;
		clock_gettime(CLOCK_MONOTONIC, &t);
		t.tv_nsec += LOOK_EVERY_MS * 1000000L;
		if (t.tv_nsec >= 1000000000L) {
			t.tv_nsec -= 1000000000L;
			t.tv_sec++;
		}
		pthread_cond_timedwait(&w->wake, &w->lock, &t);
		cut_late(w, mono_us());
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

enum status watchdog_start(struct watchdog *w, struct err *e)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	w->stop = false;
	if (pthread_create(&w->thread, NULL, watch, w))
		return err_set(e, E_NOMEM, "http", "no thread for the watchdog");
	return OK;
}

void watchdog_stop(struct watchdog *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
}

struct visit *watchdog_add(struct watchdog *w, int fd, int64_t deadline_us)
{
	struct visit *v = calloc(1, sizeof *v);

	if (!v)
		return NULL;
	v->fd = fd;
	v->first = true;
	atomic_store(&v->deadline_us, deadline_us);
	pthread_mutex_lock(&w->lock);
	v->next = w->visits;
	if (v->next)
		v->next->prev = v;
	w->visits = v;
	pthread_mutex_unlock(&w->lock);
	return v;
}

void watchdog_remove(struct watchdog *w, struct visit *v)
{
	pthread_mutex_lock(&w->lock);
	if (v->prev)
		v->prev->next = v->next;
	else
		w->visits = v->next;
	if (v->next)
		v->next->prev = v->prev;
	pthread_mutex_unlock(&w->lock);
	free(v);
}
