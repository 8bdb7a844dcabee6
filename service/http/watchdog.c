/* The deadline watchdog: MHD's connection timeout is one of inactivity, so a byte a second holds a connection for ever. Every open connection
 * has an entry; a thread shuts down those whose deadline has passed. Entries are removed under the same lock before MHD closes the
 * fd, so a number used again by another connection cannot be hit.
 *
 * It also shuts down those whose client is gone: a FIN that came together with data escapes MHD (see epoll.c), and many clients that
 * break off under load would fill the table of connections until their deadlines. */
#include "http/door.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define LOOK_EVERY_MS 100
#define ROUNDS 10 /* each connection is asked for its end in one round of so many */

/* All that the client sent has been read, and no more will come. */
static bool at_end(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void cut(struct visit *v)
{
	v->cut = true;
	shutdown(v->fd, SHUT_RDWR);
}

/* Twice at its end, a second apart, and still no whole request: between the two MHD had the time to begin one it had just read. A
 * request that is being answered has no deadline; its client may have half-closed and be waiting. */
static void cut_ended(struct visit *v, int64_t deadline)
{
	bool ended = deadline != INT64_MAX && at_end(v->fd);

	if (ended && v->ended)
		cut(v);
	v->ended = ended;
}

static void look(struct watchdog *w, int64_t now, int round)
{
	for (struct visit *v = w->visits; v; v = v->next) {
		int64_t deadline = atomic_load_explicit(&v->deadline_us, memory_order_relaxed);
		if (v->cut)
			continue;
		if (deadline <= now) {
			cut(v);
			metric_add(METRIC_HTTP_CUT, 1);
		} else if (v->fd % ROUNDS == round) {
			cut_ended(v, deadline);
		}
	}
}

static void *watch(void *arg)
{
	struct watchdog *w = arg;
	int round = 0;

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
		round = (round + 1) % ROUNDS;
		look(w, mono_us(), round);
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
