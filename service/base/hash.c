/* Hashing for tables (not for secrets), hex, and the string map: open addressing, power of two, load under 2/3. */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

uint64_t hash_mix(uint64_t x)
{
	x ^= x >> 32; /* Stafford's mix 13, as in splitmix64 */
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 29;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 32;
}

uint64_t hash_bytes(struct str s, uint64_t seed)
{
	uint64_t h = seed ^ (s.n * 0x9e3779b97f4a7c15u), w;
	while (s.n >= 8) {
		memcpy(&w, s.p, 8);
		h = hash_mix(h ^ w) + 0x9e3779b97f4a7c15u;
		s = str_sub(s, 8, s.n);
	}
	w = 0;
	if (s.n)
		memcpy(&w, s.p, s.n);
	return hash_mix(h ^ w);
}

void hex_put(char *out, const uint8_t *bytes, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digit[bytes[i] >> 4];
		out[2 * i + 1] = digit[bytes[i] & 15];
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_get(struct str hex, uint8_t *out, size_t n)
{
	if (hex.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(hex.p[2 * i]), lo = hex_digit(hex.p[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

struct slot {
	struct str key; /* p NULL: free */
	uint32_t value, tag;
};

struct map {
	struct slot *slot;
	size_t mask, count;
	uint64_t seed;
};

struct map *map_new(size_t expected, uint64_t seed)
{
	struct map *m = calloc(1, sizeof *m);
	size_t cap = 16;
	while (cap < expected + expected / 2 + 1)
		cap *= 2;
	if (m)
		*m = (struct map){.slot = calloc(cap, sizeof *m->slot), .mask = cap - 1, .seed = seed};
	if (m && !m->slot) {
		free(m);
		m = NULL;
	}
	return m;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	free(m->slot);
	free(m);
}

/* The slot that holds key, or the free one where it would go. */
static struct slot *find(const struct map *m, struct str key, uint64_t h)
{
	uint32_t tag = (uint32_t)(h >> 32);
	size_t i = tag & m->mask;
	while (m->slot[i].key.p && (m->slot[i].tag != tag || !str_eq(m->slot[i].key, key)))
		i = (i + 1) & m->mask;
	return &m->slot[i];
}

static bool enlarge(struct map *m)
{
	struct map bigger = {.slot = calloc((m->mask + 1) * 2, sizeof *m->slot), .mask = (m->mask + 1) * 2 - 1, .count = m->count, .seed = m->seed};
	if (!bigger.slot)
		return false;
	/* The tag tells the place, and all keys differ: no key is read. */
	for (size_t i = 0; i <= m->mask; i++) {
		size_t at = m->slot[i].tag & bigger.mask;
		if (!m->slot[i].key.p)
			continue;
		while (bigger.slot[at].key.p)
			at = (at + 1) & bigger.mask;
		bigger.slot[at] = m->slot[i];
	}
	free(m->slot);
	*m = bigger;
	return true;
}

uint32_t map_get(const struct map *m, struct str key)
{
	const struct slot *s = find(m, key, hash_bytes(key, m->seed));
	return s->key.p ? s->value : MAP_NONE;
}

static struct slot *place(struct map *m, struct str key, bool *fresh)
{
	if (m->count * 3 >= (m->mask + 1) * 2 && !enlarge(m))
		return NULL;
	uint64_t h = hash_bytes(key, m->seed);
	struct slot *s = find(m, key, h);
	*fresh = !s->key.p;
	if (*fresh) {
		*s = (struct slot){.key = {key.p ? key.p : "", key.n}, .value = MAP_NONE, .tag = (uint32_t)(h >> 32)};
		m->count++;
	}
	return s;
}

uint32_t map_add(struct map *m, struct str key, uint32_t value)
{
	bool fresh;
	struct slot *s = place(m, key, &fresh);
	if (!s)
		return MAP_NONE;
	if (fresh)
		s->value = value;
	return s->value;
}

bool map_set(struct map *m, struct str key, uint32_t value)
{
	bool fresh;
	struct slot *s = place(m, key, &fresh);
	if (s)
		s->value = value;
	return s != NULL;
}

size_t map_count(const struct map *m)
{
	return m->count;
}
