/* The desk: what was asked, what was told so far, and the answers that are over. */
#include "hook/desk.h"

#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX 2048
#define ANSWERS_BYTES (256u << 20)
#define ANSWER_COST (96u * 1024) /* of its state, beside the text */
#define ANSWER_UNHEARD_US (60 * 1000000LL)
#define ASKED_MAX 8192
#define ASKED_BYTES (64u << 20)
#define ASKED_UNHEARD_US (600 * 1000000LL)
#define TEXT_MOST (1u << 20)

struct told {
	struct kept kept;
	struct insert *in;
	struct buf raw, out; /* what came, what was given for it and stays */
};

static void forget_answer(void *arg, struct kept *k)
{
	struct hook_desk *d = arg;
	struct told *t = (struct told *)k;
	struct buf rest;
	buf_init(&rest, 4u << 20);
	if (insert_finish(t->in, &rest) == OK)
		chat_book(t->in, d->record, d->record_arg);
	buf_done(&rest);
	buf_done(&t->raw);
	buf_done(&t->out);
	insert_free(t->in);
	free(t);
}

static void forget_asked(void *arg, struct kept *k)
{
	struct asked *q = (struct asked *)k;
	(void)arg;
	chat_ask_done(&q->ask);
	arena_free(q->a);
	free(q);
}

enum status hook_desk_new(const struct hook_desk_options *o, struct hook_desk **out, struct err *e)
{
	struct hook_desk *d = calloc(1, sizeof *d);
	if (!d)
		return err_set(e, E_NOMEM, "", "out of memory");
	d->slot = o->slot;
	d->record = o->record;
	d->record_arg = o->record_arg;
	random_bytes(&d->seed, sizeof d->seed);
	keep_init(&d->answers, ANSWERS_MAX, ANSWERS_BYTES, ANSWER_UNHEARD_US, forget_answer, d);
	keep_init(&d->asked, ASKED_MAX, ASKED_BYTES, ASKED_UNHEARD_US, forget_asked, d);
	*out = d;
	return OK;
}

void hook_desk_free(struct hook_desk *d)
{
	if (!d)
		return;
	keep_done(&d->answers);
	keep_done(&d->asked);
	free(d);
}

void hook_desk_expire(struct hook_desk *d, int64_t now_us)
{
	keep_expire(&d->answers, now_us);
	keep_expire(&d->asked, now_us);
}

struct keep_key desk_key(const struct hook_desk *d, struct str guest, struct str caller, struct str id, uint64_t index)
{
	struct keep_key k;
	for (uint64_t i = 0; i < 2; i++)
		k.hash[i] = hash_mix(hash_bytes(id, hash_bytes(caller, hash_bytes(guest, d->seed + i))) + index);
	return k;
}

/* ---- answers ------------------------------------------------------------------------------------- */

/* The longest that the text goes on from. */
static int64_t goes_on(void *arg, const struct kept *k)
{
	const struct told *t = (const struct told *)k;
	return str_starts(*(struct str *)arg, buf_str(&t->raw)) ? (int64_t)t->raw.n : -1;
}

/* What an insert copies of its question. */
static size_t asked_bytes(const struct insert_request *q)
{
	size_t n = q->question.n;
	for (size_t i = 0; i < q->turn_count; i++)
		n += q->turns[i].role.n + q->turns[i].content.n + sizeof(struct insert_turn);
	return n;
}

static struct told *begin(struct keep_key key, struct shelf *s, const struct insert_request *q)
{
	struct told *t = calloc(1, sizeof *t);
	if (!t || insert_new(s, q, &t->in, NULL) != OK) {
		free(t);
		metric_add(METRIC_INSERT_UNAVAILABLE, 1);
		return NULL;
	}
	t->kept.key = key;
	buf_init(&t->raw, TEXT_MOST);
	buf_init(&t->out, 2 * TEXT_MOST);
	return t;
}

static void hear(struct told *t, struct str more)
{
	buf_put(&t->raw, more);
	if (insert_feed(t->in, more, &t->out) == OK)
		return;
	insert_abandon(t->in, &t->out); /* as if these bytes had not come */
	err_ignore(insert_feed(t->in, more, &t->out));
}

static void answer(const struct told *t, struct buf *out, size_t *sure)
{
	struct str raw = buf_str(&t->raw);
	buf_put(out, buf_str(&t->out));
	*sure = out->n;
	if (insert_preview(t->in, out) != OK)
		buf_put(out, str_sub(raw, raw.n - insert_held(t->in), raw.n));
}

void desk_tell(struct hook_desk *d, struct keep_key key, struct shelf *s, const struct insert_request *q, struct str text, int64_t now_us,
        struct buf *out, size_t *sure)
{
	struct told *t = text.n <= TEXT_MOST ? (struct told *)keep_take(&d->answers, key, goes_on, &text) : NULL;
	if (!t && text.n <= TEXT_MOST)
		t = begin(key, s, q);
	if (!t) {
		buf_put(out, text);
		*sure = out->n;
		return;
	}
	hear(t, str_sub(text, t->raw.n, text.n));
	answer(t, out, sure);
	t->kept.bytes = ANSWER_COST + 8 * t->raw.n + 2 * asked_bytes(q);
	keep_put(&d->answers, &t->kept, now_us);
}

/* ---- what was asked ------------------------------------------------------------------------------- */

void desk_ask(struct hook_desk *d, struct keep_key key, struct str body, int64_t now_us)
{
	struct asked *q = calloc(1, sizeof *q);
	struct shelf *s = shelf_get(d->slot);
	if (q)
		q->a = arena_new(body.n * 4 + (1u << 16));
	if (q && q->a && s) {
		q->kept.key = key;
		chat_ask_read(s, DIALECT_COMPLETIONS, body, CHAT_ON, false, q->a, &q->ask);
		chat_ask_done(&q->ask); /* the body without our links, which goes nowhere here */
		q->kept.bytes = arena_used(q->a) + 4096;
		struct kept *old = keep_take(&d->asked, key, NULL, NULL);
		if (old)
			forget_asked(d, old);
		keep_put(&d->asked, &q->kept, now_us);
	} else if (q) {
		arena_free(q->a);
		free(q);
	}
	if (s)
		shelf_unref(s);
}

struct asked *desk_asked(struct hook_desk *d, struct keep_key key)
{
	return (struct asked *)keep_take(&d->asked, key, NULL, NULL);
}

/* ---- reading ------------------------------------------------------------------------------------------ */

size_t code_points(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

/* key, as written, is this name; names of dialects have no escapes. */
static bool is_named(struct str key, struct str name)
{
	return key.n == name.n + 2 && str_eq(str_sub(key, 1, key.n - 1), name);
}

struct str json_member(struct str object, const char *path)
{
	struct str names = str_of(path), at = object;
	while (names.n) {
		struct span_walk w;
		struct str key, value, name = str_cut(&names, '.'), found = STR_NONE;
		if (!span_is(at, '{'))
			return STR_NONE;
		span_enter(&w, at);
		while (span_member(&w, &key, &value))
			if (is_named(key, name))
				found = value;
		at = found;
	}
	return at;
}

struct str json_text(struct str object, const char *path, struct arena *a)
{
	struct buf b;
	buf_init(&b, TEXT_MOST);
	struct str s = span_text(json_member(object, path), NULL, &b) ? arena_take_str(a, buf_str(&b)) : STR("");
	buf_done(&b);
	return s.p ? s : STR("");
}
