/* The open insert streams: found by a random id, closed when unheard of for 10 minutes, bounded in number. An ended stream keeps
 * its last reply, so that a repeated call is answered alike, until it is old or the room is needed. */
#include "http/door.h"

#include <stdlib.h>
#include <string.h>

void streams_init(struct streams *s, size_t max)
{
	pthread_mutex_init(&s->lock, NULL);
	s->max = max;
}

static struct stream **bucket_of(struct streams *s, const uint8_t id[16])
{
	return &s->bucket[(id[0] | (size_t)id[1] << 8) % STREAM_BUCKETS];
}

static void stream_free(struct stream *t)
{
	insert_free(t->in);
	buf_done(&t->reply);
	free(t);
}

/* Lock held. Unlinks *at and frees it. */
static void forget(struct streams *s, struct stream **at)
{
	struct stream *t = *at;

	*at = t->next;
	if (t->ended) {
		s->kept--;
	} else {
		s->open--;
		metric_add(METRIC_STREAMS_OPEN, -1);
	}
	stream_free(t);
}

static void expire(struct streams *s, int64_t now_us)
{
	for (size_t i = 0; i < STREAM_BUCKETS; i++)
		for (struct stream **at = &s->bucket[i]; *at;) {
			if (!(*at)->busy && now_us - (*at)->heard_us > STREAM_UNHEARD_US)
				forget(s, at);
			else
				at = &(*at)->next;
		}
}

void streams_expire(struct streams *s, int64_t now_us)
{
	pthread_mutex_lock(&s->lock);
	expire(s, now_us);
	pthread_mutex_unlock(&s->lock);
}

void streams_done(struct streams *s)
{
	for (size_t i = 0; i < STREAM_BUCKETS; i++)
		while (s->bucket[i])
			forget(s, &s->bucket[i]);
	pthread_mutex_destroy(&s->lock);
}

struct stream *streams_open(struct streams *s, const char key_id[16], int64_t now_us)
{
	struct stream *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	random_bytes(t->id, sizeof t->id);
	memcpy(t->key_id, key_id, sizeof t->key_id);
	buf_init(&t->reply, REPLY_MAX);
	t->busy = true;
	t->heard_us = now_us;
	pthread_mutex_lock(&s->lock);
	if (s->open >= s->max)
		expire(s, now_us);
	bool room = s->open < s->max;
	if (room) {
		struct stream **at = bucket_of(s, t->id);
		t->next = *at;
		*at = t;
		s->open++;
		metric_add(METRIC_STREAMS_OPEN, 1);
	}
	pthread_mutex_unlock(&s->lock);
	if (room)
		return t;
	stream_free(t);
	return NULL;
}

enum status streams_take(struct streams *s, const uint8_t id[16], const char key_id[16], int64_t now_us, struct stream **out)
{
	enum status st = E_MISSING;

	pthread_mutex_lock(&s->lock);
	struct stream *t = *bucket_of(s, id);
	while (t && !link_equal(t->id, id, sizeof t->id))
		t = t->next;
	if (t && memcmp(t->key_id, key_id, sizeof t->key_id) == 0 && now_us - t->heard_us <= STREAM_UNHEARD_US) {
		st = t->busy ? E_BUSY : OK;
		t->busy = true;
	}
	pthread_mutex_unlock(&s->lock);
	if (st == OK)
		*out = t;
	return st;
}

/* Lock held. Makes room among the ended: the next one met. */
static void forget_an_ended(struct streams *s)
{
	for (size_t tries = 0; tries < STREAM_BUCKETS; tries++) {
		s->hand = (s->hand + 1) % STREAM_BUCKETS;
		for (struct stream **at = &s->bucket[s->hand]; *at; at = &(*at)->next)
			if ((*at)->ended && !(*at)->busy) {
				forget(s, at);
				return;
			}
	}
}

void streams_give_back(struct streams *s, struct stream *t, bool ends, int64_t now_us)
{
	if (ends) {
		insert_free(t->in);
		t->in = NULL;
	}
	pthread_mutex_lock(&s->lock);
	if (ends && !t->ended) {
		if (s->kept >= s->max)
			forget_an_ended(s);
		t->ended = true;
		s->open--;
		s->kept++;
		metric_add(METRIC_STREAMS_OPEN, -1);
	}
	t->heard_us = now_us;
	t->busy = false;
	pthread_mutex_unlock(&s->lock);
}
