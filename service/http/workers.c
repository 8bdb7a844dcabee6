/* The second pool: what takes long or waits for a commit, so that inserts and clicks never wait behind it. A bounded queue; uploads never
 * take all the threads. */
#include "http/door.h"

static void push(struct queue *q, struct request *r)
{
	r->next = NULL;
	if (q->tail)
		q->tail->next = r;
	else
		q->head = r;
	q->tail = r;
	q->n++;
}

static struct request *pop(struct queue *q)
{
	struct request *r = q->head;

	if (!r)
		return NULL;
	q->head = r->next;
	if (!q->head)
		q->tail = NULL;
	q->n--;
	return r;
}

/* Lock held. */
static struct request *next_job(struct workers *w, bool *upload)
{
	struct request *r = pop(&w->quick);

	*upload = false;
	if (r || w->uploading + 1 >= w->count)
		return r;
	r = pop(&w->upload);
	if (r) {
		*upload = true;
		w->uploading++;
	}
	return r;
}

static void *work(void *arg)
{
	struct workers *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		bool upload;
		struct request *r = next_job(w, &upload);
		if (!r && w->stop && !w->upload.head)
			break;
		if (!r) {
			pthread_cond_wait(&w->wake, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		worker_answer(r);
		request_resume(r);
		pthread_mutex_lock(&w->lock);
		if (upload) {
			w->uploading--;
			pthread_cond_broadcast(&w->wake);
		}
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

enum status workers_start(struct workers *w, unsigned n, struct err *e)
{
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	pthread_mutex_lock(&w->lock);
	while (w->count < n && pthread_create(&w->thread[w->count], NULL, work, w) == 0)
		w->count++;
	pthread_mutex_unlock(&w->lock);
	if (w->count == n)
		return OK;
	workers_stop(w);
	return err_set(e, E_NOMEM, "http", "no threads for the workers");
}

void workers_stop(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->count; i++)
		pthread_join(w->thread[i], NULL);
	/* The lock stays: an MHD thread may still come by, and finds stop. */
}

bool workers_take(struct workers *w, struct request *r, bool upload)
{
	struct queue *q = upload ? &w->upload : &w->quick;

	pthread_mutex_lock(&w->lock);
	bool room = q->n < WORKERS_QUEUE && !w->stop;
	if (room) {
		/* First suspended, then seen by a worker: a resume must not overtake it. */
		request_suspend(r);
		push(q, r);
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return room;
}
