/* words.c: the trie. Edges live in one open-addressed table keyed by (node, byte): a step is one probe. */
#include "intent/words.h"

#include <stdlib.h>
#include <string.h>

struct edge {
	uint32_t key; /* node << 8 | byte, plus one; 0 is an empty slot */
	uint32_t to;
};

struct entry {
	uint32_t term, next; /* next entry of the same node, plus one */
	bool prefix;
};

struct words {
	struct edge *edges;
	size_t slots, edge_count; /* slots: a power of two */
	uint32_t *first;          /* per node: its first entry, plus one */
	uint32_t node_count, node_cap;
	struct entry *entries;
	uint32_t entry_count, entry_cap;
};

enum { FIRST_SLOTS = 1024, MAX_NODES = 1 << 22 };

struct words *words_new(void)
{
	struct words *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return NULL;
	w->slots = FIRST_SLOTS;
	w->edges = calloc(w->slots, sizeof(*w->edges));
	w->node_cap = FIRST_SLOTS;
	w->first = calloc(w->node_cap, sizeof(*w->first));
	w->node_count = 1;
	if (w->edges == NULL || w->first == NULL) {
		words_free(w);
		return NULL;
	}
	return w;
}

void words_free(struct words *w)
{
	if (w == NULL)
		return;
	free(w->edges);
	free(w->first);
	free(w->entries);
	free(w);
}

static size_t edge_slot(const struct edge *edges, size_t slots, uint32_t key)
{
	size_t i = (size_t)((key * 2654435761u) >> 7) & (slots - 1);
	while (edges[i].key != 0 && edges[i].key != key)
		i = (i + 1) & (slots - 1);
	return i;
}

static uint32_t edge_key(uint32_t node, char byte)
{
	return ((node << 8) | (uint8_t)byte) + 1;
}

/* The node reached, or 0 (the root is no one's child). */
static uint32_t words_step(const struct words *w, uint32_t node, char byte)
{
	return w->edges[edge_slot(w->edges, w->slots, edge_key(node, byte))].to;
}

static bool edges_grow(struct words *w)
{
	size_t slots = w->slots * 2;
	struct edge *grown = calloc(slots, sizeof(*grown));
	if (grown == NULL)
		return false;
	for (size_t i = 0; i < w->slots; i++)
		if (w->edges[i].key != 0)
			grown[edge_slot(grown, slots, w->edges[i].key)] = w->edges[i];
	free(w->edges);
	w->edges = grown;
	w->slots = slots;
	return true;
}

static bool nodes_grow(struct words *w)
{
	uint32_t cap = w->node_cap * 2;
	uint32_t *grown = realloc(w->first, cap * sizeof(*grown));
	if (grown == NULL)
		return false;
	memset(grown + w->node_cap, 0, (cap - w->node_cap) * sizeof(*grown));
	w->first = grown;
	w->node_cap = cap;
	return true;
}

/* The child of node by byte, made where it is missing; 0 when there is no memory. */
static uint32_t words_child(struct words *w, uint32_t node, char byte)
{
	uint32_t to = words_step(w, node, byte);
	if (to != 0)
		return to;
	if (w->node_count >= MAX_NODES || (w->edge_count * 2 >= w->slots && !edges_grow(w)) || (w->node_count == w->node_cap && !nodes_grow(w)))
		return 0;
	size_t slot = edge_slot(w->edges, w->slots, edge_key(node, byte));
	w->edges[slot] = (struct edge){edge_key(node, byte), w->node_count};
	w->edge_count++;
	return w->node_count++;
}

static bool ascii_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

static bool may_begin(char c)
{
	return ascii_alnum(c) || (uint8_t)c >= 0xC0;
}

static enum status entry_add(struct words *w, uint32_t node, uint32_t term, bool prefix)
{
	if (w->entry_count == w->entry_cap) {
		uint32_t cap = w->entry_cap == 0 ? 256 : w->entry_cap * 2;
		struct entry *grown = realloc(w->entries, cap * sizeof(*grown));
		if (grown == NULL)
			return E_NOMEM;
		w->entries = grown;
		w->entry_cap = cap;
	}
	w->entries[w->entry_count] = (struct entry){.term = term, .next = w->first[node], .prefix = prefix};
	w->first[node] = ++w->entry_count;
	return OK;
}

enum status words_add(struct words *w, struct str word, uint32_t term, struct err *e)
{
	bool prefix = word.n > 1 && word.p[word.n - 1] == '*';
	if (prefix)
		word.n--;
	if (word.n == 0 || word.n > WORD_MAX_BYTES)
		return err_set(e, E_INPUT, "words", "a word has 1 to %d bytes", WORD_MAX_BYTES);
	if (!may_begin(word.p[0]))
		return err_set(e, E_INPUT, "words", "\"%.*s\" must begin with a letter or digit", STR_ARG(word));
	uint32_t node = 0;
	for (size_t i = 0; i < word.n; i++) {
		node = words_child(w, node, word.p[i]);
		if (node == 0)
			return err_set(e, E_NOMEM, "words", "no memory for the words");
	}
	return entry_add(w, node, term, prefix);
}

void words_scan(const struct words *w, struct str text, struct word_scan *s)
{
	/* path and length are written before they are read */
	s->words = w;
	s->text = text;
	s->at = s->start = s->end = 0;
	s->depth = s->entry = 0;
	s->anywhere = false;
}

void words_scan_anywhere(const struct words *w, struct str text, struct word_scan *s)
{
	words_scan(w, text, s);
	s->anywhere = true;
}

/* Walks the trie from s->start; leaves the nodes that end a word in s->path. */
static void scan_place(struct word_scan *s)
{
	uint32_t node = 0;
	s->depth = 0;
	for (size_t i = s->start; i < s->text.n; i++) {
		node = words_step(s->words, node, s->text.p[i]);
		if (node == 0)
			return;
		if (s->words->first[node] == 0)
			continue;
		s->path[s->depth] = node;
		s->length[s->depth++] = (uint8_t)(i + 1 - s->start);
	}
}

/* May the word [.., end) stand there: not inside a longer word of letters, "s" aside? */
static bool word_ends(struct str text, size_t end, bool prefix)
{
	if (prefix || !ascii_alnum(text.p[end - 1]) || end == text.n || !ascii_alnum(text.p[end]))
		return true;
	return text.p[end] == 's' && (end + 1 == text.n || !ascii_alnum(text.p[end + 1]));
}

static bool next_place(struct word_scan *s)
{
	while (s->at < s->text.n) {
		size_t i = s->at++;
		if (!may_begin(s->text.p[i]) || (!s->anywhere && i > 0 && ascii_alnum(s->text.p[i]) && ascii_alnum(s->text.p[i - 1])))
			continue;
		s->start = i;
		scan_place(s);
		if (s->depth > 0)
			return true;
	}
	return false;
}

bool words_next(struct word_scan *s, uint32_t *term, size_t *from, size_t *to)
{
	for (;;) {
		while (s->entry != 0) {
			const struct entry *entry = &s->words->entries[s->entry - 1];
			s->entry = entry->next;
			if (!s->anywhere && !word_ends(s->text, s->end, entry->prefix))
				continue;
			*term = entry->term;
			*from = s->start;
			*to = s->end;
			return true;
		}
		if (s->depth == 0 && !next_place(s))
			return false;
		/* longest first, so that an exception hides what it holds */
		s->depth--;
		s->end = s->start + s->length[s->depth];
		s->entry = s->words->first[s->path[s->depth]];
	}
}

void words_skip(struct word_scan *s, size_t to)
{
	s->at = to;
	s->depth = 0;
	s->entry = 0;
}
