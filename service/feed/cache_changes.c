/* Changes of a cached catalog: written as pieces on top of its version, and read without reading the version again. */
#include "feed/cache.h"

#include <stdlib.h>
#include <string.h>

#define PIECES_MOST 1000 /* on top of one version */
#define LINES_LEAST 4096 /* of all pieces, that may always be; and a share of the products */
#define LINES_PART 10
#define PIECE_MAX (256u << 20)

/* ---- writing ------------------------------------------------------------------------------ */

struct piece {
	struct buf lines;
	uint64_t count, most;
};

static bool put_line(void *arg, const struct product *p, bool gone)
{
	struct piece *x = arg;

	if (gone)
		gone_line_write(p->id, &x->lines);
	else
		feed_line_write(p, &x->lines);
	buf_putc(&x->lines, '\n');
	return ++x->count <= x->most && !x->lines.failed;
}

/* The digest of all pieces: each time of the one before and the new piece. */
static void digest_next(struct str before, struct str piece, char out[33])
{
	struct digest d = {0};

	digest_add(&d, before);
	digest_add(&d, piece);
	digest_write(&d, out);
}

static enum status write_piece(struct feed_cache *c, struct entry *en, struct str piece, struct err *e)
{
	struct cache_key k;
	struct str key = cache_key(&k, en->merchant.id, en->version, 'd', en->changes);
	char digest[33];
	enum status s = cache_run(c, REDIS_ARGS(STR("SET"), key, piece, STR("EX"), STR(WRITE_GRACE)), e);

	digest_next(en->changes_digest, piece, digest);
	en->changes_digest = str_of(digest);
	en->changes++;
	if (s == OK)
		s = cache_keep_epoch(c, e);
	if (s == OK)
		s = cache_run(c, REDIS_ARGS(STR("PERSIST"), key), e);
	return s == OK ? cache_flip(c, en, e) : s;
}

enum status cache_put_changes(struct feed_cache *c, const struct catalog_part *old, const struct catalog_part *p, struct arena *a, struct err *e)
{
	struct entry en = {0};
	enum status s = cache_find(c, part_merchant(p)->id, a, &en, e);

	if (s == E_INPUT)
		return E_MISSING;
	if (s != OK)
		return s;
	uint64_t most = part_count(p) / LINES_PART > LINES_LEAST ? part_count(p) / LINES_PART : LINES_LEAST;
	if (!str_eq(en.generation, part_generation(old)) || en.count != part_count(old) || en.changes >= PIECES_MOST || en.changed >= most)
		return E_MISSING;
	struct piece x = {.most = most - en.changed};
	buf_init(&x.lines, PIECE_MAX);
	part_diff(old, p, put_line, &x);
	if (x.lines.failed || x.count > x.most) {
		buf_done(&x.lines);
		return E_MISSING;
	}
	en.merchant = *part_merchant(p);
	en.generation = part_generation(p);
	en.count = part_count(p);
	en.changed += x.count;
	s = write_piece(c, &en, buf_str(&x.lines), e);
	buf_done(&x.lines);
	return s;
}

/* ---- what was read last ----------------------------------------------------------------------- */

static struct cache_read *find_read(struct feed_cache *c, struct str merchant)
{
	for (size_t i = 0; i < c->read_count; i++)
		if (str_eq(str_of(c->read[i].merchant), merchant))
			return &c->read[i];
	return NULL;
}

static bool fits(struct str s, size_t room)
{
	return s.n < room;
}

static void copy(char *out, struct str s)
{
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

static struct cache_read *new_read(struct feed_cache *c)
{
	if (c->read_count == c->read_cap) {
		size_t cap = c->read_cap ? 2 * c->read_cap : 16;
		struct cache_read *more = realloc(c->read, cap * sizeof(*more));
		if (!more)
			return NULL;
		c->read = more;
		c->read_cap = cap;
	}
	return &c->read[c->read_count++];
}

/* What cannot be remembered is read whole the next time. */
static void remember(struct feed_cache *c, const struct entry *en)
{
	struct cache_read *r = find_read(c, en->merchant.id);

	if (!fits(en->merchant.id, sizeof(r->merchant)) || !fits(en->version, sizeof(r->version)) || !fits(en->generation, sizeof(r->generation)) ||
		!fits(en->changes_digest, sizeof(r->digest)))
		return;
	r = r ? r : new_read(c);
	if (!r)
		return;
	copy(r->merchant, en->merchant.id);
	copy(r->version, en->version);
	copy(r->generation, en->generation);
	copy(r->digest, en->changes_digest);
	r->changes = en->changes;
}

/* ---- reading ---------------------------------------------------------------------------------------- */

struct applying {
	struct feed_cache *c;
	const struct entry *entry;
	struct part_builder *builder;
	struct arena *line;
	char digest[33];
};

static enum status apply_line(struct applying *x, struct str line, struct err *e)
{
	struct product p = {0};
	struct str id;

	arena_reset(x->line);
	if (gone_line_read(line, x->line, &id))
		return part_builder_remove(x->builder, id, e);
	enum status s = feed_line_read(line, x->line, &p, e);
	return s == OK ? part_builder_add(x->builder, &p, true, e) : s;
}

static enum status apply_piece(struct applying *x, uint64_t i, struct err *e)
{
	struct cache_key k;
	redisReply *reply = NULL;
	enum status s = redis_call(x->c->redis, REDIS_ARGS(STR("GET"), cache_key(&k, x->entry->merchant.id, x->entry->version, 'd', i)), REDIS_REPLY_STRING,
		&reply, e);

	if (s != OK)
		return s;
	if (reply->type != REDIS_REPLY_STRING)
		s = cache_damaged(x->entry, e);
	struct str rest = s == OK ? redis_text(reply) : STR_NONE;
	digest_next(str_of(x->digest), rest, x->digest);
	while (s == OK && rest.n > 0)
		s = apply_line(x, str_cut(&rest, '\n'), e);
	freeReplyObject(reply);
	return s;
}

static enum status apply(struct applying *x, uint64_t from, struct err *e)
{
	enum status s = OK;

	for (uint64_t i = from; s == OK && i < x->entry->changes; i++)
		s = apply_piece(x, i, e);
	if (s == OK && !str_eq(str_of(x->digest), x->entry->changes_digest))
		s = cache_damaged(x->entry, e);
	return s;
}

enum status cache_get_changes(struct feed_cache *c, const struct entry *en, struct catalog_part *have, bool fresh, size_t max_bytes,
	struct catalog_part **out, struct err *e)
{
	struct applying x = {.c = c, .entry = en};
	struct cache_read *r = find_read(c, en->merchant.id);
	bool known = r && str_eq(str_of(r->version), en->version) && str_eq(str_of(r->generation), part_generation(have)) && r->changes <= en->changes;

	if (!fresh && !known)
		return E_MISSING;
	if (!fresh)
		memcpy(x.digest, r->digest, sizeof(x.digest));
	struct catalog_part *seller;
	enum status s = part_with_merchant(have, &en->merchant, part_generation(have), &seller, e);
	if (s != OK)
		return s;
	x.builder = part_builder_over(seller, max_bytes);
	part_unref(seller);
	x.line = arena_new(LINE_MEMORY);
	s = x.builder && x.line ? apply(&x, fresh ? 0 : r->changes, e) : err_set(e, E_NOMEM, "", "no memory for a catalog");
	arena_free(x.line);
	if (s != OK) {
		part_builder_free(x.builder);
		return s;
	}
	s = part_builder_finish(x.builder, en->generation, out, e);
	if (s == OK)
		remember(c, en);
	return s;
}
