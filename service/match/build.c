/* build.c: an index from a snapshot: read, judge, seal. */
#include "match/index.h"
#include "match/plural.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_NAMED = 12 /* products one full name may have */, WORDS_MAX = 1 << 22, LONGEST_TEXT = 1 << 30 };
#define MODEL_BRAND_SHARE 0.6
#define MODEL_MOST 60

struct seal {
	struct match_index *ix;
	struct phrases *f;
	const uint32_t *first; /* mentions of a node */
	bool *keep;
	struct buf texts;
	uint32_t *phrase; /* by old node */
	size_t entry_cap, product_cap, product_count;
	struct entry *refused;
	size_t refused_count, refused_cap, sample_cap;
};

static enum match_kind node_kind(const struct node_fact *fact)
{
	static const enum match_kind order[] = {
	        MATCH_TYPE, MATCH_MODEL, MATCH_BRANDED, MATCH_BRAND, MATCH_PRODUCT, MATCH_KEYWORD, MATCH_CATEGORY};
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (fact->kinds & 1u << order[i])
			return order[i];
	return MATCH_BRAND;
}

static bool han_name(const struct titles *t, uint32_t brand)
{
	return wordlists_get(&t->name, brand).p[0].flags & WORD_HAN;
}

/* Do most of these come from one maker? 1080p does not, and is no model. Names in two scripts may be one maker's: Sony, 索尼. */
static bool one_maker_in(const struct titles *t, const struct mention *m, size_t n, bool han)
{
	uint32_t vote = 0, same = 0, branded = 0;
	int64_t lead = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t b = t->brand[m[i].product][0];
		if (b == 0 || han_name(t, b) != han)
			continue;
		if (lead == 0)
			vote = b;
		lead += b == vote ? 1 : -1;
		branded++;
	}
	for (size_t i = 0; i < n; i++)
		same += vote != 0 && t->brand[m[i].product][0] == vote;
	return branded == 0 || same >= MODEL_BRAND_SHARE * branded;
}

static bool one_maker(const struct titles *t, const struct mention *m, size_t n)
{
	return one_maker_in(t, m, n, false) && one_maker_in(t, m, n, true);
}

static bool below(const struct titles *t, uint32_t category, uint32_t top)
{
	return top == 0 || titles_common(t, category, top) == top;
}

/* Moves the mentions that stand for a kind of thing to the front, in order of products: those in its category; where some titles
 * there name it first, only such titles, and those of other categories too: what is talked about decides between worlds (a toy cash
 * register). */
static size_t choose(const struct titles *t, uint32_t category, struct mention *m, size_t n, bool *heads_only)
{
	size_t kept = 0, heads = 0;
	for (size_t i = 0; i < n; i++)
		heads += m[i].fit >= FIT_HEAD && below(t, t->category[m[i].product], category);
	for (size_t i = 0; heads == 0 && i < n; i++)
		if (m[i].fit != FIT_GROUP && below(t, t->category[m[i].product], category))
			m[kept++] = m[i];
	*heads_only = heads > 0;
	if (heads == 0)
		return kept;
	kept = 0;
	for (size_t i = 0; i < n; i++)
		if (m[i].fit >= FIT_HEAD && t->category[m[i].product] != 0)
			m[kept++] = m[i];
	return kept;
}

/* A name means the thing before its parts: the filter of a Core 300 only where no Core 300 is sold. */
static size_t without_parts(struct mention *m, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (m[i].fit != FIT_LATER)
			m[kept++] = m[i];
	return kept > 0 ? kept : n;
}

/* Telling of a node whose words are several things at once, or 0 to drop it. */
static double settle_telling(
        const struct seal *s, const struct node_fact *fact, enum match_kind kind, const struct mention *m, size_t n, double share)
{
	double telling = fact->telling;
	size_t brand = 0;
	for (size_t i = 0; i < n; i++)
		brand += m[i].fit == FIT_GROUP;
	if (kind == MATCH_TYPE && (fact->kinds & 1u << MATCH_BRAND))
		telling *= (double)(n - brand) / (double)n;
	if (kind == MATCH_MODEL && (n > MODEL_MOST || !one_maker(s->f->titles, m, n)))
		return 0;
	if (kind == MATCH_PRODUCT && n > MOST_NAMED)
		return 0;
	if ((kind == MATCH_MODEL || kind == MATCH_PRODUCT) && share < 0.5 && share > 0)
		telling *= 0.5;
	return telling;
}

static bool seal_room(struct seal *s, size_t more)
{
	struct match_index *ix = s->ix;
	if (ix->entry_count == s->entry_cap) {
		size_t cap = s->entry_cap ? s->entry_cap * 2 : 4096;
		struct entry *entries = realloc(ix->entries, cap * sizeof(*entries));
		if (entries == NULL)
			return false;
		ix->entries = entries;
		s->entry_cap = cap;
	}
	if (s->product_count + more > s->product_cap) {
		size_t cap = s->product_cap ? s->product_cap * 2 : 1 << 16;
		while (cap < s->product_count + more)
			cap *= 2;
		uint32_t *products = realloc(ix->products, cap * sizeof(*products));
		if (products != NULL)
			ix->products = products;
		uint8_t *fits = realloc(ix->fits, cap);
		if (fits != NULL)
			ix->fits = fits;
		if (products == NULL || fits == NULL)
			return false;
		s->product_cap = cap;
	}
	return true;
}

static bool seal_text(struct seal *s, uint32_t node, struct entry *e)
{
	uint32_t ids[MATCH_MAX_TOKENS];
	size_t n = s->f->fact[node].words;
	for (size_t i = n; i-- > 0; node = s->f->trie.parent[node])
		ids[i] = s->f->trie.word[node];
	e->text = (uint32_t)s->texts.n;
	bool fine = heads_spell(&s->f->titles->lexicon, ids, n, &s->texts);
	e->text_n = (uint32_t)(s->texts.n - e->text);
	return fine;
}

static int cmp_hash(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Over the maximum, those whose keys mix to the least: no upload order shows, and a product that comes later is judged alone. */
static bool seal_sample(struct seal *s, const struct mention *m, size_t n)
{
	struct counts *c = &s->ix->counts;
	uint64_t *hash = malloc(n * sizeof(*hash));
	if (c->sample_count == s->sample_cap) {
		size_t cap = s->sample_cap ? s->sample_cap * 2 : 16;
		struct sample *more = realloc(c->samples, cap * sizeof(*more));
		if (more != NULL) {
			c->samples = more;
			s->sample_cap = cap;
		}
	}
	if (hash == NULL || c->sample_count == s->sample_cap) {
		free(hash);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		hash[i] = sample_hash(titles_product(s->f->titles, m[i].product));
	qsort(hash, n, sizeof(*hash), cmp_hash);
	c->samples[c->sample_count++] = (struct sample){s->ix->entry_count, hash[MATCH_MAX_PRODUCTS - 1]};
	free(hash);
	return true;
}

static bool seal_products(struct seal *s, struct entry *e, const struct mention *m, size_t n)
{
	bool all = n <= MATCH_MAX_PRODUCTS;
	e->first = (uint32_t)s->product_count;
	e->total = (uint32_t)n;
	if (!all && !seal_sample(s, m, n))
		return false;
	uint64_t most = all ? 0 : s->ix->counts.samples[s->ix->counts.sample_count - 1].most;
	for (size_t i = 0; i < n && e->count < MATCH_MAX_PRODUCTS; i++) {
		if (!all && sample_hash(titles_product(s->f->titles, m[i].product)) > most)
			continue;
		s->ix->products[s->product_count] = s->ix->from_product + m[i].product;
		s->ix->fits[s->product_count++] = (uint8_t)m[i].fit;
		e->count++;
	}
	return true;
}

/* What was judged to be no phrase is remembered, so that later products do not make it one. */
static bool seal_refused(struct seal *s, uint32_t node, enum match_kind kind, double telling)
{
	const struct node_fact *fact = &s->f->fact[node];
	if (s->f->under != NULL)
		return true;
	if (s->refused_count == s->refused_cap) {
		size_t cap = s->refused_cap ? s->refused_cap * 2 : 1024;
		struct entry *more = realloc(s->refused, cap * sizeof(*more));
		if (more == NULL)
			return false;
		s->refused = more;
		s->refused_cap = cap;
	}
	struct entry e = {.category = fact->category, .telling = (float)telling, .kind = (uint8_t)kind, .words = fact->words, .han = fact->han};
	if (!seal_text(s, node, &e))
		return false;
	s->refused[s->refused_count++] = e;
	return true;
}

static bool seal_node(struct seal *s, uint32_t node)
{
	struct node_fact *fact = &s->f->fact[node];
	struct mention *m = s->f->mentions.at + s->first[node];
	size_t n = s->first[node + 1] - s->first[node];
	if (fact->kinds == 0 || n == 0 || fact->words > MATCH_MAX_TOKENS || (s->f->under != NULL && fact->known != PHRASE_NONE))
		return true;
	bool heads_only = false;
	enum match_kind kind = node_kind(fact);
	double share = 1;
	if (kind != MATCH_TYPE)
		fact->category = phrases_category(s->f, m, n, FIT_GROUP, 0.5, &share);
	double telling = kind == MATCH_BRAND ? 0 : settle_telling(s, fact, kind, m, n, share);
	if (kind == MATCH_MODEL || kind == MATCH_PRODUCT)
		n = without_parts(m, n);
	if (kind == MATCH_TYPE)
		n = choose(s->f->titles, fact->category, m, n, &heads_only);
	if (n == 0 || (telling <= 0 && kind != MATCH_BRAND))
		return seal_refused(s, node, kind, telling);
	if (!seal_room(s, n))
		return false;
	struct entry e = {.category = fact->category,
	        .telling = (float)(telling > 1 ? 1 : telling),
	        .kind = (uint8_t)kind,
	        .words = fact->words,
	        .share = (uint8_t)(255 * (kind == MATCH_TYPE ? (double)fact->share : share)),
	        .noun = (uint8_t)(255 * (double)fact->noun),
	        .han = fact->han,
	        .heads_only = heads_only};
	if (!seal_text(s, node, &e) || !seal_products(s, &e, m, n))
		return false;
	s->phrase[node] = s->ix->entry_count;
	s->ix->entries[s->ix->entry_count++] = e;
	s->keep[node] = true;
	return true;
}

/* The trie without what did not become a phrase. */
static bool seal_trie(struct seal *s)
{
	struct match_index *ix = s->ix;
	uint32_t old = s->f->trie.count;
	uint32_t *renumber = calloc(old, sizeof(*renumber));
	bool fine = renumber != NULL && trie_prune(&s->f->trie, s->keep, renumber);
	if (fine) {
		ix->trie = s->f->trie;
		s->f->trie = (struct trie){0};
		ix->phrase = malloc(ix->trie.count * sizeof(*ix->phrase));
		fine = ix->phrase != NULL;
	}
	if (fine) {
		memset(ix->phrase, 0xff, ix->trie.count * sizeof(*ix->phrase));
		for (uint32_t node = 0; node < old; node++)
			if (s->keep[node])
				ix->phrase[renumber[node]] = s->phrase[node];
		free(ix->trie.parent);
		free(ix->trie.word);
		ix->trie.parent = ix->trie.word = NULL;
	}
	free(renumber);
	return fine;
}

/* ---- the table ------------------------------------------------------------------------------------- */

enum { SEEDS = 8 /* tried, should two phrases have one hash */ };

struct runs {
	uint64_t *word, *hash; /* of the phrases' words; by word of the lexicon */
	uint32_t *first, *number;
	bool *used; /* by word of the lexicon */
};

static bool runs_init(struct runs *r, const struct seal *s)
{
	uint32_t n = s->ix->entry_count, words = s->f->titles->lexicon.count;
	*r = (struct runs){.word = malloc(((size_t)n * MATCH_MAX_TOKENS + 1) * sizeof(*r->word)),
	        .hash = malloc(((size_t)words + 1) * sizeof(*r->hash)),
	        .first = malloc(((size_t)n + 1) * sizeof(*r->first)),
	        .number = malloc(((size_t)n + 1) * sizeof(*r->number)),
	        .used = calloc((size_t)words + 1, sizeof(*r->used))};
	return r->word && r->hash && r->first && r->number && r->used;
}

static void runs_done(struct runs *r)
{
	free(r->word);
	free(r->hash);
	free(r->first);
	free(r->number);
	free(r->used);
}

/* The phrases as hashes of their words, in the order they were sealed in. */
static void runs_hash(struct runs *r, const struct seal *s, uint64_t seed)
{
	const struct lexicon *x = &s->f->titles->lexicon;
	struct text_key key;
	text_key_init(&key, seed);
	memset(r->used, 0, x->count * sizeof(*r->used));
	uint32_t phrase = 0, at = 0;
	for (uint32_t node = 1; node < s->f->trie.count; node++) {
		if (!s->keep[node])
			continue;
		uint32_t words = s->f->fact[node].words;
		r->first[phrase++] = at;
		for (uint32_t i = words, n = node; i-- > 0; n = s->f->trie.parent[n]) {
			uint32_t w = s->f->trie.word[n];
			if (!r->used[w])
				r->hash[w] = text_hash(&key, lexicon_text(x, w));
			r->word[at + i] = r->hash[w];
			r->used[w] = true;
		}
		at += words;
	}
	r->first[phrase] = at;
}

static int cmp_sample(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	return (x->phrase > y->phrase) - (x->phrase < y->phrase);
}

/* Entries into the order of their numbers. */
static bool seal_order(struct seal *s, const uint32_t *number)
{
	struct match_index *ix = s->ix;
	struct entry *moved = malloc(((size_t)ix->entry_count + 1) * sizeof(*moved));
	if (moved == NULL)
		return false;
	for (uint32_t i = 0; i < ix->entry_count; i++)
		moved[number[i]] = ix->entries[i];
	for (uint32_t node = 0; node < s->f->trie.count; node++)
		if (s->keep[node])
			s->phrase[node] = number[s->phrase[node]];
	struct sample *samples = ix->counts.samples;
	for (size_t i = 0; i < ix->counts.sample_count; i++)
		samples[i].phrase = number[samples[i].phrase];
	if (samples != NULL)
		qsort(samples, ix->counts.sample_count, sizeof(*samples), cmp_sample);
	free(ix->entries);
	ix->entries = moved;
	return true;
}

static bool seal_table(struct seal *s, uint64_t seed)
{
	struct match_index *ix = s->ix;
	struct runs r;
	bool fine = runs_init(&r, s);
	enum status built = E_CONFLICT;
	for (unsigned i = 0; fine && built == E_CONFLICT && i < SEEDS; i++) {
		uint64_t one = hash_mix(seed + i);
		runs_hash(&r, s, one);
		built = table_build(&ix->table, one, (struct table_phrases){r.word, r.first, ix->entry_count}, r.number, NULL);
		if (built == OK && ix->table.shape.phrases != ix->entry_count) { /* two words have one hash */
			table_done(&ix->table);
			built = E_CONFLICT;
		}
	}
	fine = fine && built == OK && seal_order(s, r.number) &&
	       variants_build(&ix->variants, &s->f->titles->lexicon, r.used, &ix->table.key);
	runs_done(&r);
	return fine;
}

/* Refused entries come to stand behind the others. */
static bool seal_append(struct seal *s)
{
	struct match_index *ix = s->ix;
	size_t n = ix->entry_count + s->refused_count;
	struct entry *entries = realloc(ix->entries, (n + 1) * sizeof(*entries));
	if (entries == NULL)
		return false;
	if (s->refused_count > 0)
		memcpy(entries + ix->entry_count, s->refused, s->refused_count * sizeof(*entries));
	ix->entries = entries;
	ix->refused_count = (uint32_t)s->refused_count;
	return true;
}

bool seal_phrases(struct match_index *ix, struct phrases *f, const uint32_t *first)
{
	struct seal s = {.ix = ix, .f = f, .first = first};
	bool fine = true;
	buf_init(&s.texts, LONGEST_TEXT);
	s.keep = calloc(f->trie.count, sizeof(*s.keep));
	s.phrase = calloc(f->trie.count, sizeof(*s.phrase));
	fine = fine && s.keep && s.phrase && seal_room(&s, 1);
	for (uint32_t node = 1; fine && node < f->trie.count; node++)
		fine = seal_node(&s, node);
	fine = fine && ((ix->under != NULL && ix->entry_count == 0) || seal_table(&s, ix->seed)) && seal_append(&s) && seal_trie(&s);
	size_t n;
	if (fine && s.texts.n > 0)
		ix->texts = buf_steal(&s.texts, &n);
	buf_done(&s.texts);
	free(s.refused);
	free(s.keep);
	free(s.phrase);
	return fine;
}

static bool seal_all(struct match_index *ix, struct phrases *f)
{
	uint32_t *first = NULL;
	bool fine = mentions_group(&f->mentions, f->trie.count, &first) && seal_phrases(ix, f, first);
	free(first);
	ix->counts.words = f->counted;
	ix->counts.frequency = f->frequency;
	ix->counts.closes = f->closes;
	f->frequency = f->closes = NULL;
	return fine && paths_build(ix);
}

static bool build(struct match_index *ix, uint64_t seed)
{
	struct phrases f = {0};
	bool fine = titles_read(&ix->titles, ix->catalog, &ix->tune, seed) && plurals_join(&ix->titles, &ix->tune) &&
	            phrases_init(&f, &ix->titles, &ix->tune, NULL) && phrases_types(&f) && phrases_names(&f) && seal_all(ix, &f);
	phrases_done(&f);
	fine = fine && joins_build(ix) && words_build(ix) && terms_build(&ix->terms, &ix->titles, &ix->tune, NULL);
	titles_shed(&ix->titles);
	trie_done(&ix->trie);
	free(ix->phrase);
	ix->phrase = NULL;
	return fine;
}

enum status match_index_new(struct catalog *c, const struct doc *tuning, uint64_t seed, struct match_index **out, struct err *e)
{
	if (catalog_count(c) >= 1u << 28)
		return err_set(e, E_INPUT, "catalog", "over %u products", (1u << 28) - 1);
	struct match_index *ix = calloc(1, sizeof(*ix));
	if (ix == NULL)
		return err_set(e, E_NOMEM, "match", "no memory for the index");
	atomic_init(&ix->refs, 1);
	ix->seed = seed;
	ix->catalog = catalog_ref(c);
	ix->words = arena_new(WORDS_MAX);
	enum status s = ix->words == NULL ? E_NOMEM : tuning_load(tuning, ix->words, &ix->tune, e);
	if (s == OK && !build(ix, seed))
		s = err_set(e, E_NOMEM, "match", "no memory for the index");
	if (s != OK) {
		match_index_free(ix);
		return s;
	}
	*out = ix;
	return OK;
}

void match_index_free(struct match_index *ix)
{
	if (ix == NULL || atomic_fetch_sub(&ix->refs, 1) != 1)
		return;
	terms_done(&ix->terms);
	trie_done(&ix->trie);
	table_done(&ix->table);
	variants_done(&ix->variants);
	titles_done(&ix->titles);
	free(ix->phrase);
	free(ix->entries);
	free(ix->texts);
	free(ix->products);
	free(ix->fits);
	free(ix->joins);
	free(ix->calls);
	free(ix->counts.frequency);
	free(ix->counts.closes);
	free(ix->counts.paths);
	free(ix->counts.samples);
	free(ix->added.phrase);
	free(ix->added.first);
	free(ix->added.product);
	free(ix->added.fit);
	if (ix->under == NULL) /* else it is the other's */
		map_free(ix->tune.roles);
	arena_free(ix->words);
	catalog_unref(ix->catalog);
	match_index_free(ix->under);
	free(ix);
}

struct match_index *match_index_ref(struct match_index *ix)
{
	atomic_fetch_add(&ix->refs, 1);
	return ix;
}

const struct catalog *match_catalog(const struct match_index *ix)
{
	return ix->catalog;
}

size_t match_phrase_count(const struct match_index *ix)
{
	return ix->from_phrase + ix->entry_count;
}

struct match_phrase match_phrase(const struct match_index *ix, uint32_t phrase)
{
	const struct entry *e = entry_of(ix, phrase);
	uint32_t added;
	added_of(ix, phrase, &added);
	return (struct match_phrase){.text = {(phrase < ix->from_phrase ? ix->under->texts : ix->texts) + e->text, e->text_n},
	        .kind = e->kind,
	        .telling = (double)e->telling,
	        .share = e->share / 255.0,
	        .noun = e->noun / 255.0,
	        .category = ix->titles.category_text[e->category],
	        .product_count = e->count + added,
	        .total = e->total};
}

struct str match_kind_name(enum match_kind k)
{
	static const char *const names[] = {"product", "model", "branded", "type", "category", "keyword", "brand"};
	return str_of((unsigned)k < ARRAY_LEN(names) ? names[k] : "unknown");
}
