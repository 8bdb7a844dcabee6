/* trie: phrases as paths of words. Edges live in one open-addressed table keyed by (node, word): one
 * probe a step. Node 0 is the root. */
#ifndef MATCH_TRIE_H
#define MATCH_TRIE_H

#include "base/base.h"

#define NODE_NONE UINT32_MAX

struct trie_edge {
	uint32_t from, word, to; /* to 0: free */
};
struct trie {
	uint32_t *root; /* by word: where it leads from the root, 0 nowhere; most steps begin there */
	uint32_t root_cap;
	struct trie_edge *edges; /* the others */
	size_t mask, used;
	uint32_t count;          /* nodes */
	uint32_t *parent, *word; /* by node, while building; NULL once sealed */
	size_t cap;
};

bool trie_init(struct trie *t);
void trie_done(struct trie *t);
uint32_t trie_step(const struct trie *t, uint32_t from, uint32_t word); /* NODE_NONE: no such edge */
uint32_t trie_add(struct trie *t, uint32_t from, uint32_t word);        /* NODE_NONE: no memory */
/* Keeps the marked nodes and those above them, in order of their numbers; renumber[old] gives the new. */
bool trie_prune(struct trie *t, const bool *keep, uint32_t *renumber);

#endif
