/* phrases.c: collecting the words that name things; which of them are kinds of things is in types.c. */
#include "match/index.h"

#include <stdlib.h>
#include <string.h>

bool mentions_put(struct mentions *m, uint32_t node, uint32_t product, enum fit fit)
{
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 4096;
		struct mention *at = realloc(m->at, cap * sizeof(*at));
		if (at == NULL)
			return false;
		m->at = at;
		m->cap = cap;
	}
	m->at[m->n++] = (struct mention){.node = node, .product = product & 0xfffffff, .fit = (unsigned)fit & 15};
	return true;
}

/* One product once for each node, with its best fit; the group is in order of products already. */
static size_t group_unique(struct mention *m, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && m[kept - 1].product == m[i].product) {
			if (m[i].fit > m[kept - 1].fit)
				m[kept - 1].fit = m[i].fit;
			continue;
		}
		m[kept++] = m[i];
	}
	return kept;
}

static int cmp_product(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;
	return (x->product > y->product) - (x->product < y->product);
}

static bool in_order(const struct mention *m, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (m[i].product < m[i - 1].product)
			return false;
	return true;
}

/* first[node] .. first[node + 1] are its mentions. */
bool mentions_group(struct mentions *m, uint32_t nodes, uint32_t **first_out)
{
	uint32_t *first = calloc((size_t)nodes + 2, sizeof(*first));
	struct mention *grouped = calloc(m->n + 1, sizeof(*grouped));
	if (first == NULL || grouped == NULL) {
		free(first);
		free(grouped);
		return false;
	}
	for (size_t i = 0; i < m->n; i++)
		first[m->at[i].node + 2]++;
	for (size_t i = 2; i < (size_t)nodes + 2; i++)
		first[i] += first[i - 1];
	for (size_t i = 0; i < m->n; i++)
		grouped[first[m->at[i].node + 1]++] = m->at[i];
	uint32_t from = 0, kept = 0;
	for (uint32_t node = 0; node < nodes; node++) {
		uint32_t to = first[node + 1];
		if (!in_order(grouped + from, to - from))
			qsort(grouped + from, to - from, sizeof(*grouped), cmp_product);
		size_t n = group_unique(grouped + from, to - from);
		memmove(grouped + kept, grouped + from, n * sizeof(*grouped));
		kept += (uint32_t)n;
		first[node + 1] = kept;
		from = to;
	}
	free(m->at);
	*m = (struct mentions){.at = grouped, .n = kept, .cap = m->n + 1};
	*first_out = first;
	return true;
}

/* What the index below has found out about the words of a new node. */
static void recall(struct phrases *f, uint32_t node)
{
	struct node_fact *fact = &f->fact[node];
	uint32_t ids[MATCH_MAX_TOKENS], at = node;
	size_t n = fact->words;
	fact->known = PHRASE_NONE;
	if (n > MATCH_MAX_TOKENS)
		return;
	for (size_t i = n; i-- > 0; at = f->trie.parent[at])
		ids[i] = f->trie.word[at];
	fact->known = paths_find(f->under, ids, n);
	if (fact->known == PHRASE_NONE)
		return;
	const struct entry *e = &f->under->entries[fact->known]; /* also one that was refused */
	if (e->kind == MATCH_TYPE) {
		fact->kinds = 1u << MATCH_TYPE;
		fact->telling = e->telling;
		fact->category = e->category;
	}
}

uint32_t phrases_node(struct phrases *f, uint32_t node, const struct word *w, size_t n)
{
	for (size_t i = 0; i < n && node != NODE_NONE; i++) {
		node = trie_add(&f->trie, node, w[i].id);
		if (node == NODE_NONE)
			return NODE_NONE;
		if (node >= f->fact_cap) {
			size_t cap = f->fact_cap * 2;
			struct node_fact *fact = realloc(f->fact, cap * sizeof(*fact));
			if (fact == NULL)
				return NODE_NONE;
			memset(fact + f->fact_cap, 0, (cap - f->fact_cap) * sizeof(*fact));
			f->fact = fact;
			f->fact_cap = cap;
		}
		bool new = f->fact[node].words == 0;
		f->fact[node].words = (uint8_t)(f->fact[f->trie.parent[node]].words + 1);
		f->fact[node].han = w[i].flags & WORD_HAN;
		if (new && f->under != NULL)
			recall(f, node);
	}
	return node;
}

uint32_t phrases_find(struct phrases *f, const struct word *w, size_t n)
{
	/* What the index below knows is not all in this trie. */
	if (f->under != NULL)
		return phrases_node(f, 0, w, n);
	uint32_t node = 0;
	for (size_t i = 0; i < n && node != NODE_NONE; i++)
		node = trie_step(&f->trie, node, w[i].id);
	return node;
}

uint32_t phrases_frequency(const struct phrases *f, uint32_t word)
{
	if (f->under == NULL)
		return f->frequency[word];
	return word < f->under->counts.words ? f->under->counts.frequency[word] : 0;
}

static void add_up(struct phrases *f, uint32_t category, size_t *touched)
{
	const struct titles *t = f->titles;
	for (; category != 0; category = t->category_parent[category])
		if (f->count[category]++ == 0)
			f->touched[(*touched)++] = category;
}

uint32_t phrases_category(struct phrases *f, const struct mention *m, size_t n, enum fit least, double wanted, double *share_out)
{
	const struct titles *t = f->titles;
	size_t touched = 0, total = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t category = t->category[m[i].product];
		if (m[i].fit < (unsigned)least || category == 0)
			continue;
		total++;
		add_up(f, category, &touched);
	}
	uint32_t best = 0;
	for (size_t i = 0; i < touched; i++) {
		uint32_t c = f->touched[i], count = f->count[c];
		if (count < wanted * (double)total)
			continue;
		bool deeper = t->category_depth[c] > t->category_depth[best];
		bool level = t->category_depth[c] == t->category_depth[best];
		if (best == 0 || deeper || (level && (count > f->count[best] || (count == f->count[best] && c < best))))
			best = c;
	}
	*share_out = total == 0 || best == 0 ? 0 : (double)f->count[best] / (double)total;
	for (size_t i = 0; i < touched; i++)
		f->count[f->touched[i]] = 0;
	return best;
}

bool phrases_category_is(const struct phrases *f, uint32_t category, uint32_t node)
{
	for (size_t i = 0;; i++) {
		struct slice name = titles_called(f->titles, category, i);
		if (name.n == 0)
			return false;
		uint32_t at = node;
		size_t n = name.n;
		while (n > 0 && at != 0 && f->trie.word[at] == name.p[n - 1].id) {
			at = f->trie.parent[at];
			n--;
		}
		if (n == 0 && at == 0)
			return true;
	}
}

static bool count_words(struct phrases *f)
{
	const struct titles *t = f->titles;
	uint32_t words = t->lexicon.count;
	f->counted = words;
	uint32_t *last = calloc((size_t)words + 1, sizeof(*last));
	f->frequency = calloc((size_t)words + 1, sizeof(*f->frequency));
	if (last == NULL || f->frequency == NULL) {
		free(last);
		return false;
	}
	for (uint32_t p = 0; p < t->title.count; p++) {
		struct slice title = wordlists_get(&t->title, p);
		bool han = false;
		for (size_t i = 0; i < title.n; i++) {
			uint32_t w = title.p[i].id;
			han |= (title.p[i].flags & WORD_HAN) != 0;
			f->frequency[w] += last[w] != p + 1;
			last[w] = p + 1;
		}
		f->han_titles += han;
	}
	free(last);
	return true;
}

bool phrases_init(struct phrases *f, struct titles *t, const struct tuning *tune, const struct match_index *under)
{
	*f = (struct phrases){.titles = t, .tune = tune, .under = under, .fact_cap = 4096};
	f->fact = calloc(f->fact_cap, sizeof(*f->fact));
	f->count = calloc(t->category_count + 1, sizeof(*f->count));
	f->touched = calloc(t->category_count + 1, sizeof(*f->touched));
	return f->fact && f->count && f->touched && trie_init(&f->trie) && (under != NULL || count_words(f));
}

void phrases_done(struct phrases *f)
{
	trie_done(&f->trie);
	free(f->fact);
	free(f->mentions.at);
	free(f->count);
	free(f->touched);
	free(f->frequency);
	free(f->closes);
	*f = (struct phrases){0};
}
