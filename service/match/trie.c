/* trie.c: the table of edges. */
#include "match/trie.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_EDGES = 4096, FIRST_NODES = 4096 };

bool trie_init(struct trie *t)
{
	*t = (struct trie){.mask = FIRST_EDGES - 1, .count = 1, .cap = FIRST_NODES};
	t->edges = calloc(FIRST_EDGES, sizeof(*t->edges));
	t->parent = calloc(FIRST_NODES, sizeof(*t->parent));
	t->word = calloc(FIRST_NODES, sizeof(*t->word));
	return t->edges && t->parent && t->word;
}

void trie_done(struct trie *t)
{
	free(t->edges);
	free(t->parent);
	free(t->word);
	*t = (struct trie){0};
}

static size_t trie_slot(const struct trie_edge *edges, size_t mask, uint32_t from, uint32_t word)
{
	size_t i = (size_t)hash_mix((uint64_t)from << 32 | word) & mask;
	while (edges[i].to != 0 && (edges[i].from != from || edges[i].word != word))
		i = (i + 1) & mask;
	return i;
}

uint32_t trie_step(const struct trie *t, uint32_t from, uint32_t word)
{
	uint32_t to = t->edges[trie_slot(t->edges, t->mask, from, word)].to;
	return to == 0 ? NODE_NONE : to;
}

static bool edges_resize(struct trie *t, size_t slots)
{
	struct trie_edge *edges = calloc(slots, sizeof(*edges));
	if (edges == NULL)
		return false;
	for (size_t i = 0; i <= t->mask; i++)
		if (t->edges[i].to != 0)
			edges[trie_slot(edges, slots - 1, t->edges[i].from, t->edges[i].word)] = t->edges[i];
	free(t->edges);
	t->edges = edges;
	t->mask = slots - 1;
	return true;
}

static bool nodes_grow(struct trie *t)
{
	size_t cap = t->cap * 2;
	uint32_t *parent = realloc(t->parent, cap * sizeof(*parent));
	if (parent != NULL)
		t->parent = parent;
	uint32_t *word = realloc(t->word, cap * sizeof(*word));
	if (word != NULL)
		t->word = word;
	if (parent == NULL || word == NULL)
		return false;
	t->cap = cap;
	return true;
}

uint32_t trie_add(struct trie *t, uint32_t from, uint32_t word)
{
	size_t i = trie_slot(t->edges, t->mask, from, word);
	if (t->edges[i].to != 0)
		return t->edges[i].to;
	if (t->used * 3 > t->mask * 2) {
		if (!edges_resize(t, (t->mask + 1) * 2))
			return NODE_NONE;
		i = trie_slot(t->edges, t->mask, from, word);
	}
	if (t->count == t->cap && !nodes_grow(t))
		return NODE_NONE;
	t->parent[t->count] = from;
	t->word[t->count] = word;
	t->edges[i] = (struct trie_edge){.from = from, .word = word, .to = t->count};
	t->used++;
	return t->count++;
}

bool trie_prune(struct trie *t, const bool *keep, uint32_t *renumber)
{
	struct trie small;
	if (!trie_init(&small)) {
		trie_done(&small);
		return false;
	}
	memset(renumber, 0, t->count * sizeof(*renumber));
	for (uint32_t n = t->count; n-- > 1;)
		if (keep[n] || renumber[n] == 1)
			renumber[n] = renumber[t->parent[n]] = 1;
	renumber[0] = 0;
	/* A parent is always numbered below its children. */
	for (uint32_t n = 1; n < t->count; n++) {
		if (renumber[n] == 0) {
			renumber[n] = NODE_NONE;
			continue;
		}
		renumber[n] = trie_add(&small, renumber[t->parent[n]], t->word[n]);
		if (renumber[n] == NODE_NONE) {
			trie_done(&small);
			return false;
		}
	}
	trie_done(t);
	*t = small;
	return true;
}
