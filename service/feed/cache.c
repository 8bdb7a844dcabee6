/* Catalogs in Redis: written in chunks under a version of their own, seen only by the entry that names the version, and
 * checked when read. Chunks that are not (or no longer) named expire by themselves, so that a writer's death leaves
 * no litter. */
#include "feed/cache.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES (1u << 20) /* in flight at once */
#define BATCH_GETS 8
#define CHUNK_MAX (512u << 20) /* Redis' own limit of a string */
#define READ_GRACE "60"    /* seconds that readers of a replaced version have left */
#define TRIES 3            /* a version may be replaced while it is read */

#define KEY_MERCHANTS STR("inlay:merchants")
#define KEY_LOG STR("inlay:log")
#define KEY_EPOCH STR("inlay:epoch")

enum status feed_cache_new(struct str url, struct feed_cache **out, struct err *e)
{
	struct feed_cache *c = calloc(1, sizeof(*c));
	enum status s;

	if (!c)
		return err_set(e, E_NOMEM, "", "no memory");
	s = redis_new(url, &c->redis, e);
	if (s != OK) {
		free(c);
		return s;
	}
	*out = c;
	return OK;
}

void feed_cache_free(struct feed_cache *c)
{
	if (!c)
		return;
	redis_free(c->redis);
	free(c->read);
	free(c);
}

void feed_cache_stop(struct feed_cache *c)
{
	redis_stop(c->redis);
}

bool feed_cache_up(const struct feed_cache *c)
{
	return redis_up(c->redis);
}

/* ---- digest ------------------------------------------------------------------------------------ */

void digest_add(struct digest *d, struct str bytes)
{
	d->a = hash_bytes(bytes, d->a ^ 0x1f3d5b79a8c6e402u);
	d->b = hash_bytes(bytes, d->b ^ 0x9e2c4a6807153b5du);
}

void digest_write(const struct digest *d, char out[33])
{
	uint8_t bytes[16];

	for (unsigned i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(d->a >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(d->b >> (56 - 8 * i));
	}
	hex_put(out, bytes, sizeof(bytes));
	out[32] = '\0';
}

/* ---- keys and small commands --------------------------------------------------------------------- */

static void random_name(char out[EPOCH_TEXT + 1])
{
	uint8_t bytes[EPOCH_TEXT / 2];

	random_bytes(bytes, sizeof(bytes));
	hex_put(out, bytes, sizeof(bytes));
	out[EPOCH_TEXT] = '\0';
}

struct str cache_key(struct cache_key *k, struct str merchant, struct str version, char kind, uint64_t i)
{
	int n = snprintf(k->text, sizeof(k->text), "inlay:cat:{%.*s}:%.*s:%c:%llu", STR_ARG(merchant), STR_ARG(version), kind, (unsigned long long)i);

	return (struct str){k->text, n < 0 ? 0 : (size_t)n};
}

/* Takes the answers of n commands that were sent, and forgets them. */
enum status cache_drain(struct feed_cache *c, size_t n, struct err *e)
{
	enum status s = OK;

	while (s == OK && n-- > 0) {
		redisReply *reply = NULL;
		s = redis_take(c->redis, &reply, e);
		if (s == OK)
			freeReplyObject(reply);
	}
	return s;
}

enum status cache_run(struct feed_cache *c, const struct str *args, size_t n, struct err *e)
{
	enum status s = redis_send(c->redis, args, n, e);

	return s == OK ? cache_drain(c, 1, e) : s;
}

/* The same command with one argument behind for every chunk. command: PERSIST KEY or EXPIRE KEY SECONDS. */
static enum status for_chunks(struct feed_cache *c, struct str merchant, struct str version, char kind, uint64_t chunks, const char *expire,
	struct err *e)
{
	enum status s = OK;
	size_t sent = 0;

	for (uint64_t i = 0; s == OK && i < chunks; i++) {
		struct cache_key k;
		struct str key = cache_key(&k, merchant, version, kind, i);
		if (expire)
			s = redis_send(c->redis, REDIS_ARGS(STR("EXPIRE"), key, str_of(expire)), e);
		else
			s = redis_send(c->redis, REDIS_ARGS(STR("PERSIST"), key), e);
		if (s == OK && ++sent == 500) {
			s = cache_drain(c, sent, e);
			sent = 0;
		}
	}
	return s == OK ? cache_drain(c, sent, e) : s;
}

/* Replaced chunks and changes stay for those who are reading them. */
static enum status expire(struct feed_cache *c, const struct entry *old, struct err *e)
{
	enum status s = for_chunks(c, old->merchant.id, old->version, 'c', old->chunks, READ_GRACE, e);

	return s == OK ? for_chunks(c, old->merchant.id, old->version, 'd', old->changes, READ_GRACE, e) : s;
}

enum status cache_ring(struct feed_cache *c, struct str merchant, struct str generation, struct str version, struct err *e)
{
	return cache_run(c,
		REDIS_ARGS(STR("XADD"), KEY_LOG, STR("MAXLEN"), STR("~"), STR("10000"), STR("*"), STR("merchant"), merchant, STR("generation"),
			generation, STR("version"), version),
		e);
}

/* E_MISSING, or E_INPUT when it is not ours. */
enum status cache_find(struct feed_cache *c, struct str merchant, struct arena *a, struct entry *out, struct err *e)
{
	redisReply *reply = NULL;
	enum status s = redis_call(c->redis, REDIS_ARGS(STR("HGET"), KEY_MERCHANTS, merchant), REDIS_REPLY_STRING, &reply, e);

	if (s != OK)
		return s;
	if (reply->type == REDIS_REPLY_NIL)
		s = err_set(e, E_MISSING, "redis", "%.*s is not cached", STR_ARG(merchant));
	else
		s = entry_read(merchant, redis_text(reply), a, out, e);
	freeReplyObject(reply);
	return s;
}

/* ---- writing ---------------------------------------------------------------------------------------- */

struct writing {
	struct feed_cache *c;
	const struct catalog_part *part;
	struct entry entry;
	struct digest digest;
	struct buf chunk;
	size_t sent, sent_bytes; /* commands and bytes not yet answered */
};

static enum status send_chunk(struct writing *w, struct err *e)
{
	struct cache_key k;
	struct str key = cache_key(&k, w->entry.merchant.id, w->entry.version, 'c', w->entry.chunks);
	enum status s;

	if (w->chunk.failed)
		return err_set(e, E_NOMEM, "", "no memory for a chunk");
	digest_add(&w->digest, buf_str(&w->chunk));
	s = redis_send(w->c->redis, REDIS_ARGS(STR("SET"), key, buf_str(&w->chunk), STR("EX"), STR(WRITE_GRACE)), e);
	w->entry.chunks++;
	w->sent++;
	w->sent_bytes += w->chunk.n;
	buf_clear(&w->chunk);
	if (s != OK || w->sent_bytes < BATCH_BYTES)
		return s;
	s = cache_drain(w->c, w->sent, e);
	w->sent = w->sent_bytes = 0;
	return s;
}

static enum status send_chunks(struct writing *w, struct err *e)
{
	size_t n = part_count(w->part);
	enum status s = OK;

	for (size_t i = 0; s == OK && i < n; i++) {
		feed_line_write(part_at(w->part, i), &w->chunk);
		buf_putc(&w->chunk, '\n');
		if ((i + 1) % CHUNK_LINES == 0 || i + 1 == n)
			s = send_chunk(w, e);
	}
	return s == OK ? cache_drain(w->c, w->sent, e) : s;
}

/* Makes the epoch if there is none. Where the waiter has been told that it was missing, it need not be told of this
 * one; in all other cases it must, for more than this merchant may be missing. */
enum status cache_keep_epoch(struct feed_cache *c, struct err *e)
{
	char epoch[EPOCH_TEXT + 1];
	redisReply *reply = NULL;
	enum status s;

	random_name(epoch);
	s = redis_call(c->redis, REDIS_ARGS(STR("SET"), KEY_EPOCH, str_of(epoch), STR("NX")), REDIS_REPLY_STATUS, &reply, e);
	if (s != OK)
		return s;
	if (reply->type == REDIS_REPLY_STATUS && c->heard_on == redis_connections(c->redis) && !c->epoch[0])
		memcpy(c->epoch, epoch, sizeof(epoch));
	freeReplyObject(reply);
	return OK;
}

enum status cache_flip(struct feed_cache *c, const struct entry *en, struct err *e)
{
	struct buf json;
	enum status s;

	buf_init(&json, ENTRY_MAX);
	entry_write(en, &json);
	if (json.failed)
		s = err_set(e, E_NOMEM, "", "the merchant's own data is too large");
	else
		s = cache_run(c, REDIS_ARGS(STR("HSET"), KEY_MERCHANTS, en->merchant.id, buf_str(&json)), e);
	buf_done(&json);
	return s == OK ? cache_ring(c, en->merchant.id, en->generation, en->version, e) : s;
}

static enum status write_version(struct writing *w, struct arena *a, struct err *e)
{
	char version[EPOCH_TEXT + 1], digest[33];
	struct str id = part_merchant(w->part)->id;
	struct entry old = {0};
	bool had_old;
	enum status s;

	random_name(version);
	w->entry = (struct entry){.merchant = *part_merchant(w->part), .generation = part_generation(w->part), .base = part_generation(w->part),
		.version = str_of(version), .count = part_count(w->part)};
	s = cache_find(w->c, id, a, &old, e);
	had_old = s == OK;
	if (s != OK && s != E_MISSING && s != E_INPUT)
		return s;
	s = send_chunks(w, e);
	digest_write(&w->digest, digest);
	w->entry.digest = str_of(digest);
	if (s == OK)
		s = cache_keep_epoch(w->c, e);
	if (s == OK)
		s = for_chunks(w->c, id, w->entry.version, 'c', w->entry.chunks, NULL, e);
	if (s == OK)
		s = cache_flip(w->c, &w->entry, e);
	if (s == OK && had_old)
		s = expire(w->c, &old, e);
	return s;
}

static enum status put(struct feed_cache *c, const struct catalog_part *old, const struct catalog_part *p, struct arena *a, struct err *e)
{
	struct writing w = {.c = c, .part = p};
	enum status s = old ? cache_put_changes(c, old, p, a, e) : E_MISSING;

	if (s != E_MISSING)
		return s;
	buf_init(&w.chunk, CHUNK_MAX);
	s = write_version(&w, a, e);
	buf_done(&w.chunk);
	return s;
}

enum status feed_cache_put(struct feed_cache *c, const struct catalog_part *old, const struct catalog_part *p, struct err *e)
{
	struct arena *a;
	enum status s = redis_ready(c->redis, e);

	if (s != OK)
		return s;
	a = arena_new(ENTRY_MAX * 8);
	if (!a)
		return err_set(e, E_NOMEM, "", "no memory");
	s = put(c, old, p, a, e);
	arena_free(a);
	return s;
}

enum status feed_cache_remove(struct feed_cache *c, struct str merchant, struct err *e)
{
	struct arena *a;
	struct entry old = {0};
	enum status s = redis_ready(c->redis, e);

	if (s != OK)
		return s;
	a = arena_new(ENTRY_MAX * 4);
	if (!a)
		return err_set(e, E_NOMEM, "", "no memory");
	s = cache_find(c, merchant, a, &old, e);
	if (s == OK || s == E_INPUT) {
		bool ours = s == OK;
		s = cache_run(c, REDIS_ARGS(STR("HDEL"), KEY_MERCHANTS, merchant), e);
		if (s == OK)
			s = cache_ring(c, merchant, STR("gone"), STR("gone"), e);
		if (s == OK && ours)
			s = expire(c, &old, e);
	} else if (s == E_MISSING) {
		s = OK;
	}
	arena_free(a);
	return s;
}

/* ---- reading ------------------------------------------------------------------------------------------ */

struct fetching {
	struct feed_cache *c;
	const struct entry *entry;
	struct part_builder *builder;
	struct arena *line;
	struct digest digest;
};

enum status cache_damaged(const struct entry *en, struct err *e)
{
	return err_set(e, E_INPUT, "redis", "the cached catalog of %.*s is damaged", STR_ARG(en->merchant.id));
}

static enum status add_lines(struct fetching *f, struct str chunk, struct err *e)
{
	enum status s = OK;

	while (s == OK && chunk.n > 0) {
		struct product p = {0};
		arena_reset(f->line);
		s = feed_line_read(str_cut(&chunk, '\n'), f->line, &p, e);
		if (s == OK)
			s = part_builder_add(f->builder, &p, false, e);
	}
	return s == E_CONFLICT ? cache_damaged(f->entry, e) : s;
}

static enum status take_chunk(struct fetching *f, struct err *e)
{
	redisReply *reply = NULL;
	enum status s = redis_take(f->c->redis, &reply, e);

	if (s != OK)
		return s;
	if (reply->type == REDIS_REPLY_STRING) {
		digest_add(&f->digest, redis_text(reply));
		s = add_lines(f, redis_text(reply), e);
	} else {
		s = cache_damaged(f->entry, e);
	}
	freeReplyObject(reply);
	return s;
}

static enum status fetch_chunks(struct fetching *f, struct err *e)
{
	enum status s = OK;

	for (uint64_t i = 0; s == OK && i < f->entry->chunks;) {
		uint64_t end = i + BATCH_GETS < f->entry->chunks ? i + BATCH_GETS : f->entry->chunks, taken = 0, sent = end - i;
		struct cache_key k;
		for (; s == OK && i < end; i++)
			s = redis_send(f->c->redis, REDIS_ARGS(STR("GET"), cache_key(&k, f->entry->merchant.id, f->entry->version, 'c', i)), e);
		for (; s == OK && taken < sent; taken++)
			s = take_chunk(f, e);
		/* After a bad line the answers still due must not be taken for others. */
		if (s != OK)
			err_ignore(cache_drain(f->c, sent - taken, NULL));
	}
	return s;
}

static enum status fetch_entry(struct feed_cache *c, const struct entry *en, size_t max_bytes, struct catalog_part **out, struct err *e)
{
	struct fetching f = {.c = c, .entry = en};
	char digest[33];
	enum status s = E_NOMEM;

	f.builder = part_builder_new(&en->merchant, max_bytes);
	f.line = arena_new(LINE_MEMORY);
	if (f.builder && f.line)
		s = fetch_chunks(&f, e);
	else
		err_ignore(err_set(e, E_NOMEM, "", "no memory for a catalog"));
	arena_free(f.line);
	digest_write(&f.digest, digest);
	if (s == OK && !str_eq(str_of(digest), en->digest))
		s = cache_damaged(en, e);
	if (s == OK)
		return part_builder_finish(f.builder, en->base, out, e);
	part_builder_free(f.builder);
	return s;
}

/* All of it, or only what is new since `have` was fetched. */
static enum status fetch_parts(struct feed_cache *c, const struct entry *en, struct catalog_part *have, size_t max_bytes, struct catalog_part **out, struct err *e)
{
	struct catalog_part *base;
	enum status s = have ? cache_get_changes(c, en, have, false, max_bytes, out, e) : E_MISSING;

	if (s != E_MISSING && s != E_INPUT)
		return s;
	s = fetch_entry(c, en, max_bytes, &base, e);
	if (s != OK)
		return s;
	s = cache_get_changes(c, en, base, true, max_bytes, out, e);
	part_unref(base);
	return s;
}

/* What is damaged for good is no use to anyone: without its entry the owner writes it again. */
static void disown(struct feed_cache *c, const struct entry *en)
{
	if (cache_run(c, REDIS_ARGS(STR("HDEL"), KEY_MERCHANTS, en->merchant.id), NULL) == OK)
		err_ignore(cache_ring(c, en->merchant.id, STR("damaged"), en->version, NULL));
}

static enum status fetch(struct feed_cache *c, struct str merchant, struct catalog_part *have, size_t max_bytes, struct arena *a, struct catalog_part **out,
	struct err *e)
{
	struct entry en = {0}, now = {0};
	enum status s = E_BUG;

	for (int i = 0; i < TRIES; i++) {
		s = cache_find(c, merchant, a, &en, e);
		if (s == OK)
			s = fetch_parts(c, &en, have, max_bytes, out, e);
		if (s != E_INPUT)
			return s;
		if (cache_find(c, merchant, a, &now, NULL) == OK && en.version.n && str_eq(now.version, en.version)) {
			disown(c, &en);
			return s;
		}
	}
	return s;
}

enum status feed_cache_get(struct feed_cache *c, struct str merchant, struct catalog_part *have, size_t max_bytes, struct catalog_part **out, struct err *e)
{
	struct arena *a;
	enum status s = redis_ready(c->redis, e);

	if (s != OK)
		return s;
	a = arena_new(ENTRY_MAX * 8);
	if (!a)
		return err_set(e, E_NOMEM, "", "no memory");
	s = fetch(c, merchant, have, max_bytes, a, out, e);
	arena_free(a);
	return s;
}

static enum status list_entries(const redisReply *reply, struct arena *a, struct feed_listing **out, size_t *n_out, struct err *e)
{
	struct feed_listing *list = ARENA_TAKE(a, struct feed_listing, reply->elements / 2 + 1);
	struct arena *scratch = arena_new(ENTRY_MAX * 4);
	size_t n = 0;

	for (size_t i = 0; scratch && list && i + 1 < reply->elements; i += 2) {
		struct entry en;
		struct str merchant = redis_text(reply->element[i]);
		arena_reset(scratch);
		/* What is not ours is as good as absent: the owner writes it again. */
		if (entry_read(merchant, redis_text(reply->element[i + 1]), scratch, &en, NULL) != OK)
			continue;
		list[n].merchant = arena_take_str(a, merchant);
		list[n++].generation = arena_take_str(a, en.generation);
	}
	bool fine = scratch && !arena_failed(a);
	arena_free(scratch);
	if (!fine)
		return err_set(e, E_NOMEM, "", "no memory for the list of catalogs");
	*out = list;
	*n_out = n;
	return OK;
}

enum status feed_cache_list(struct feed_cache *c, struct arena *a, struct feed_listing **out, size_t *n_out, struct err *e)
{
	redisReply *reply = NULL;
	enum status s = redis_ready(c->redis, e);

	if (s == OK)
		s = redis_call(c->redis, REDIS_ARGS(STR("HGETALL"), KEY_MERCHANTS), REDIS_REPLY_ARRAY, &reply, e);
	if (s != OK)
		return s;
	s = list_entries(reply, a, out, n_out, e);
	freeReplyObject(reply);
	return s;
}
