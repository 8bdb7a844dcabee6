/* trie.c: the table of edges. */
#include "match/trie.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_EDGES = 4096, FIRST_NODES = 4096 };

bool trie_init(struct trie *t)
{
	*t = (struct trie){.mask = FIRST_EDGES - 1, .count = 1, .cap = FIRST_NODES};
	t->edges = pages_new(FIRST_EDGES * sizeof(*t->edges));
	t->parent = calloc(FIRST_NODES, sizeof(*t->parent));
	t->word = calloc(FIRST_NODES, sizeof(*t->word));
	return t->edges && t->parent && t->word;
}

void trie_done(struct trie *t)
{
	pages_free(t->edges, (t->mask + 1) * sizeof(*t->edges));
	free(t->root);
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
	if (from == 0)
		return word < t->root_cap && t->root[word] != 0 ? t->root[word] : NODE_NONE;
	uint32_t to = t->edges[trie_slot(t->edges, t->mask, from, word)].to;
	return to == 0 ? NODE_NONE : to;
}

static bool edges_resize(struct trie *t, size_t slots)
{
	struct trie_edge *edges = pages_new(slots * sizeof(*edges));
	if (edges == NULL)
		return false;
	for (size_t i = 0; i <= t->mask; i++)
		if (t->edges[i].to != 0)
			edges[trie_slot(edges, slots - 1, t->edges[i].from, t->edges[i].word)] = t->edges[i];
	pages_free(t->edges, (t->mask + 1) * sizeof(*t->edges));
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

static uint32_t new_node(struct trie *t, uint32_t from, uint32_t word)
{
	if (t->count == t->cap && !nodes_grow(t))
		return NODE_NONE;
	t->parent[t->count] = from;
	t->word[t->count] = word;
	return t->count++;
}

static uint32_t add_root(struct trie *t, uint32_t word)
{
	if (word >= t->root_cap) {
		uint32_t cap = word < UINT32_MAX / 2 ? word * 2 + 1024 : UINT32_MAX;
		uint32_t *root = realloc(t->root, cap * sizeof(*root));
		if (root == NULL)
			return NODE_NONE;
		memset(root + t->root_cap, 0, (cap - t->root_cap) * sizeof(*root));
		t->root = root;
		t->root_cap = cap;
	}
	if (t->root[word] == 0) {
		uint32_t node = new_node(t, 0, word);
		if (node == NODE_NONE)
			return NODE_NONE;
		t->root[word] = node;
	}
	return t->root[word];
}

uint32_t trie_add(struct trie *t, uint32_t from, uint32_t word)
{
	if (from == 0)
		return add_root(t, word);
	size_t i = trie_slot(t->edges, t->mask, from, word);
	if (t->edges[i].to != 0)
		return t->edges[i].to;
	if (t->used * 3 > t->mask * 2) {
		if (!edges_resize(t, (t->mask + 1) * 2))
			return NODE_NONE;
		i = trie_slot(t->edges, t->mask, from, word);
	}
	uint32_t node = new_node(t, from, word);
	if (node == NODE_NONE)
		return NODE_NONE;
	t->edges[i] = (struct trie_edge){.from = from, .word = word, .to = node};
	t->used++;
	return node;
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
