/* Merchants made up from a file that names them line by line: plain network, and as hosts those of their products. */
#include "feed/reader.h"

#include <stdlib.h>

#define STRINGS_MAX (16u << 20)
#define MAX_STALLS 10000

struct stall {
	struct str merchant;
	struct part_builder *builder;
	struct map *seen; /* hosts */
	struct str *host;
	size_t host_count, host_cap;
};

struct crowd {
	struct arena *strings;
	struct map *by_merchant;
	struct stall *stall;
	size_t count, cap, max_bytes;
};

struct crowd *crowd_new(size_t max_bytes)
{
	struct crowd *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->max_bytes = max_bytes;
	c->strings = arena_new(STRINGS_MAX);
	c->by_merchant = map_new(16, hash_mix((uint64_t)(uintptr_t)c));
	if (c->strings && c->by_merchant)
		return c;
	crowd_free(c);
	return NULL;
}

void crowd_free(struct crowd *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++) {
		part_builder_free(c->stall[i].builder);
		map_free(c->stall[i].seen);
		free(c->stall[i].host);
	}
	free(c->stall);
	map_free(c->by_merchant);
	arena_free(c->strings);
	free(c);
}

static enum status no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "", "no memory for a file of so many merchants or hosts");
}

static enum status open_stall(struct crowd *c, struct str merchant, struct stall **out, struct err *e)
{
	if (!c->stall || c->count == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 16;
		struct stall *grown = cap <= 2 * MAX_STALLS ? realloc(c->stall, cap * sizeof(*grown)) : NULL;
		if (!grown)
			return no_memory(e);
		c->stall = grown;
		c->cap = cap;
	}
	struct stall s = {.merchant = arena_take_str(c->strings, merchant)};
	struct merchant m = {.id = s.merchant, .name = s.merchant, .network = NET_PLAIN, .click_mode = CLICK_REDIRECT, .window_days = MERCHANT_WINDOW_DAYS};
	if (arena_failed(c->strings))
		return no_memory(e);
	s.builder = part_builder_new(&m, c->max_bytes);
	s.seen = map_new(16, hash_mix((uint64_t)(uintptr_t)s.builder));
	if (!s.builder || !s.seen || map_add(c->by_merchant, s.merchant, (uint32_t)c->count) == MAP_NONE) {
		part_builder_free(s.builder);
		map_free(s.seen);
		return no_memory(e);
	}
	c->stall[c->count] = s;
	*out = &c->stall[c->count++];
	return OK;
}

static enum status add_host(struct crowd *c, struct stall *s, struct str host, struct err *e)
{
	if (map_get(s->seen, host) != MAP_NONE)
		return OK;
	if (s->host_count == s->host_cap) {
		size_t cap = s->host_cap ? s->host_cap * 2 : 4;
		struct str *grown = realloc(s->host, cap * sizeof(*grown));
		if (!grown)
			return no_memory(e);
		s->host = grown;
		s->host_cap = cap;
	}
	host = arena_take_str(c->strings, host);
	if (arena_failed(c->strings) || map_add(s->seen, host, (uint32_t)s->host_count) == MAP_NONE)
		return no_memory(e);
	s->host[s->host_count++] = host;
	return OK;
}

enum status crowd_take(struct crowd *c, struct str merchant, const struct product *p, struct str host, struct err *e)
{
	uint32_t at = map_get(c->by_merchant, merchant);
	struct stall *stall = at == MAP_NONE ? NULL : &c->stall[at];
	enum status s = stall ? OK : open_stall(c, merchant, &stall, e);

	if (s == OK)
		s = part_builder_add(stall->builder, p, false, e);
	return s == OK ? add_host(c, stall, host, e) : s;
}

static enum status close_stall(struct stall *s, struct catalog_part **out, struct err *e)
{
	struct merchant m = {.id = s->merchant, .name = s->merchant, .network = NET_PLAIN, .click_mode = CLICK_REDIRECT, .window_days = MERCHANT_WINDOW_DAYS};
	struct catalog_part *part = NULL;
	enum status status = part_builder_finish(s->builder, STR("file"), &part, e);

	s->builder = NULL;
	if (status != OK)
		return status;
	m.hosts = s->host;
	m.host_count = (uint32_t)s->host_count;
	status = part_with_merchant(part, &m, part_generation(part), out, e);
	part_unref(part);
	return status;
}

enum status crowd_finish(struct crowd *c, struct feed_parts *into, struct err *e)
{
	struct catalog_part **grown = realloc(into->part, (into->count + c->count + 1) * sizeof(struct catalog_part *));

	if (!grown)
		return no_memory(e);
	into->part = grown;
	for (size_t i = 0; i < c->count; i++) {
		enum status s = close_stall(&c->stall[i], &into->part[into->count], e);
		if (s != OK)
			return s;
		into->count++;
	}
	return OK;
}
