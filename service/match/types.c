/* types.c: which heads of titles are kinds of things. All of it is counted in the catalog itself: how often the
 * words end a title when they occur, whether their products share a category, and whether they are also
 * ordinary words (as in titles of books and games). */
#include "match/index.h"

#include <stdlib.h>

enum { LONGEST_INNER = 4, CLOSES_ENOUGH = 8, CLOSES_PART = 5 };
enum { LONGEST_TYPE = 4, LONGEST_HAN_TYPE = 7, SHORTEST_HAN_TYPE = 2 };
enum { COINED_ENOUGH = 5, RARE_ENOUGH = 4, ALONE_ENOUGH = 3 /* titles */ };
#define COINED_SHARE 0.8
#define COINED_NOUN 0.3
#define RARE_SHARE 0.75

/* With so few titles nothing can be counted: what one of them names first is a kind of thing. */
static bool is_small(const struct phrases *f)
{
	return f->titles->population < (size_t)f->tune->small_shelf;
}

/* Words of the maker's name that w begins with, 0 if it does not. */
static uint32_t brand_length(const struct titles *t, uint32_t product, struct slice w)
{
	for (size_t b = 0; b < NAMES_MAX && t->brand[product][b] != 0; b++) {
		struct slice name = wordlists_get(&t->name, t->brand[product][b]);
		size_t i = 0;
		while (i < name.n && i < w.n && name.p[i].id == w.p[i].id)
			i++;
		if (name.n > 0 && i == name.n)
			return (uint32_t)name.n;
	}
	return 0;
}

/* Do all of these words stand in the maker's name? Then they say nothing about the thing ("Palm Tree", "Red Tape"). */
static bool in_brand(const struct titles *t, uint32_t product, struct slice w)
{
	for (size_t b = 0; b < NAMES_MAX && t->brand[product][b] != 0; b++) {
		struct slice name = wordlists_get(&t->name, t->brand[product][b]);
		size_t found = 0;
		for (size_t i = 0; i < w.n; i++)
			for (size_t k = 0; k < name.n; k++)
				if (name.p[k].id == w.p[i].id) {
					found++;
					break;
				}
		if (found == w.n)
			return true;
	}
	return false;
}

/* Words of a head that are not the maker's name before it. */
static uint32_t head_room(const struct phrases *f, uint32_t product, struct slice title, const struct head *h)
{
	return h->to - h->from - brand_length(f->titles, product, (struct slice){title.p + h->from, h->to - h->from});
}

/* The ends of one head, from the shortest to where the maker's name ends: "Red Tape" names no tape. */
static bool put_ends(struct phrases *f, uint32_t product, struct slice title, const struct head *h, bool inner)
{
	uint32_t longest = inner ? LONGEST_INNER : h->han ? LONGEST_HAN_TYPE : LONGEST_TYPE, suffix = 0;
	uint32_t room = head_room(f, product, title, h);
	for (uint32_t n = h->han ? SHORTEST_HAN_TYPE : 1; n <= longest && n <= room; n++) {
		struct slice end = {title.p + h->to - n, n};
		if ((end.p[0].flags & WORD_DIGIT) || brand_length(f->titles, product, end) > 0)
			break;
		uint32_t node = phrases_node(f, 0, end.p, n);
		if (node == NODE_NONE)
			return false;
		f->fact[node].suffix = suffix;
		suffix = node;
		if (in_brand(f->titles, product, end))
			continue;
		enum fit fit = inner || !h->first ? FIT_LATER : n == room ? FIT_WHOLE : FIT_HEAD;
		if (!mentions_put(&f->mentions, node, product, fit))
			return false;
	}
	return true;
}

/* How many runs of Chinese titles each character closes: those of nouns (镜, 锅, 机) do so often. */
static bool count_closers(struct phrases *f)
{
	const struct titles *t = f->titles;
	f->closes = calloc((size_t)t->lexicon.count + 1, sizeof(*f->closes));
	for (uint32_t p = 0; f->closes != NULL && p < t->title.count; p++) {
		struct slice title = wordlists_get(&t->title, p);
		struct head heads[HEADS_MAX];
		size_t n = t->category_work[t->category[p]] ? 0 : heads_find(t, f->tune, title, heads);
		for (size_t i = 0; i < n; i++)
			f->closes[title.p[heads[i].to - 1].id] += heads[i].han;
	}
	return f->closes != NULL;
}

static uint32_t closes_of(const struct phrases *f, uint32_t word)
{
	if (f->under == NULL)
		return f->closes[word];
	return word < f->under->counts.words ? f->under->counts.closes[word] : 0;
}

/* Chinese titles are strings of search words (儿童太阳镜男童女童偏光): a thing may stand anywhere in a run, closed by a noun's character.
 */
static bool put_inner(struct phrases *f, uint32_t product, struct slice title, const struct head *h)
{
	for (uint32_t i = h->from + 1; h->han && i + 1 < h->to; i++) {
		uint32_t word = title.p[i].id;
		struct head inner = {.from = h->from, .to = i + 1, .han = true};
		uint32_t closes = closes_of(f, word);
		if (closes < CLOSES_ENOUGH || closes * CLOSES_PART < phrases_frequency(f, word))
			continue;
		if (!put_ends(f, product, title, &inner, true))
			return false;
	}
	return true;
}

enum { LONGEST_CLOSER = 3 };

/* Does the run end as nouns of goods do: 锅, 机器人? */
static bool closes_noun(const struct phrases *f, struct slice title, const struct head *h)
{
	for (uint32_t n = 1; n <= LONGEST_CLOSER && n <= h->to - h->from; n++)
		if (heads_roles(f->titles, f->tune, (struct slice){title.p + h->to - n, n}) & ROLE_CLOSER)
			return true;
	return false;
}

static bool describes(const struct phrases *f, uint32_t product, struct slice title, const struct head *h)
{
	uint32_t room = head_room(f, product, title, h);
	return room == 0 || (heads_roles(f->titles, f->tune, (struct slice){title.p + h->to - room, room}) & (ROLE_GENERIC | ROLE_TAIL));
}

/* Every run of a Chinese title may name the thing (便携炉头 户外卡式炉). Of a small shelf only one: the first that ends as nouns of goods
 * do, or else is more than the maker and words that describe. What follows is said of it (宝宝保湿, 无泪配方). */
static void mark_first(const struct phrases *f, uint32_t product, struct slice title, struct head *heads, size_t n)
{
	size_t named = n;
	for (size_t i = 0; i < n && named == n; i++)
		if (heads[i].han && !describes(f, product, title, &heads[i]) && closes_noun(f, title, &heads[i]))
			named = i;
	for (size_t i = 0; i < n && named == n; i++)
		if (heads[i].han && !describes(f, product, title, &heads[i]))
			named = i;
	for (size_t i = 0; i < n; i++)
		if (heads[i].han)
			heads[i].first = !is_small(f) || i == named;
}

static bool collect_heads(struct phrases *f)
{
	struct titles *t = f->titles;
	for (uint32_t p = 0; p < t->title.count; p++) {
		struct slice title = wordlists_get(&t->title, p);
		struct head heads[HEADS_MAX];
		if (t->category_work[t->category[p]])
			continue;
		size_t n = heads_find(t, f->tune, title, heads);
		mark_first(f, p, title, heads, n);
		for (size_t i = 0; i < n; i++)
			if (!put_ends(f, p, title, &heads[i], false) || !put_inner(f, p, title, &heads[i]))
				return false;
	}
	return true;
}

/* Where the collected words stand in any title, head or not. */
static bool collect_inside(struct phrases *f)
{
	const struct titles *t = f->titles;
	for (uint32_t p = 0; p < t->title.count; p++) {
		struct slice title = wordlists_get(&t->title, p);
		for (size_t i = 0; i < title.n; i++) {
			uint32_t node = 0;
			for (size_t j = i; j < title.n && j < i + LONGEST_HAN_TYPE; j++) {
				if (j > i && title.p[j].gap > GAP_SOFT)
					break;
				node = trie_step(&f->trie, node, title.p[j].id);
				if (node == NODE_NONE)
					break;
				bool could_be = !(title.p[j].flags & WORD_HAN) || j > i;
				if (could_be && !mentions_put(&f->mentions, node, p, FIT_INSIDE))
					return false;
			}
		}
	}
	return true;
}

struct usage {
	uint32_t heads, later, all, works;
};

static struct usage count_usage(const struct titles *t, const struct mention *m, size_t n)
{
	struct usage u = {0};
	for (size_t i = 0; i < n; i++) {
		if (t->category_work[t->category[m[i].product]])
			u.works++;
		else
			u.all++;
		u.heads += m[i].fit >= FIT_HEAD;
		u.later += m[i].fit == FIT_LATER;
	}
	return u;
}

/* Roles of a node's words: all of one word, and those of the whole. A wide noun behind another word is a kind of thing: sleeping bag. */
static unsigned node_roles(const struct phrases *f, uint32_t node, bool *all_generic, bool *link_at_end)
{
	uint32_t ids[MATCH_MAX_TOKENS];
	size_t n = 0;
	for (uint32_t at = node; at != 0 && n < MATCH_MAX_TOKENS; at = f->trie.parent[at])
		ids[n++] = f->trie.word[at];
	const struct lexicon *x = &f->titles->lexicon;
	*all_generic = true;
	for (size_t i = 0; i < n; i++)
		*all_generic = *all_generic && (tuning_roles(f->tune, lexicon_text(x, ids[i])) & (ROLE_GENERIC | ROLE_TAIL | ROLE_LINK));
	unsigned before = n > 1 ? tuning_roles(f->tune, lexicon_text(x, ids[1])) : ROLE_TAIL;
	if ((tuning_roles(f->tune, lexicon_text(x, ids[0])) & ROLE_WIDE) && !(before & (ROLE_TAIL | ROLE_LINK | ROLE_BREAK | ROLE_EDGE)))
		*all_generic = false;
	*link_at_end = (tuning_roles(f->tune, lexicon_text(x, ids[0])) | tuning_roles(f->tune, lexicon_text(x, ids[n - 1]))) & ROLE_LINK;
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t w = ids[i];
		ids[i] = ids[n - 1 - i];
		ids[n - 1 - i] = w;
	}
	struct buf spelt;
	buf_init(&spelt, 1024);
	unsigned roles = heads_spell(x, ids, n, &spelt) ? tuning_roles(f->tune, buf_str(&spelt)) : 0;
	buf_done(&spelt);
	return roles;
}

/* "diced", "shredded": participles describe. Short ones and -eed are nouns mostly: bed, seed. */
static bool is_participle(struct str w)
{
	return w.n >= 5 && str_ends(w, STR("ed")) && !str_ends(w, STR("eed"));
}

static double headness(const struct phrases *f, const struct node_fact *fact, double ends)
{
	return ends / (ends + (fact->han ? f->tune->han_head_share : f->tune->head_share));
}

/* So many things are sold under an everyday word, in a category called so, that it means them: watch. */
static bool overwhelming(const struct phrases *f, uint32_t node, const struct usage *u, uint32_t namesake)
{
	/* A small shop's own name for them is all there is to know, but a case is a part of something. */
	bool part = tuning_roles(f->tune, lexicon_text(&f->titles->lexicon, f->trie.word[node])) & ROLE_PART;
	uint64_t enough = is_small(f) && !part ? 1 : (uint64_t)f->tune->everyday_heads;
	return namesake != 0 && u->heads >= enough && u->heads * 2 >= u->all + u->works;
}

/* Everyday words that together are one thing's name, as shops use them: hard drive, power bank. Its noun ends titles by itself too, so that
 * "fine point" and "air force" are none. */
static bool coined(const struct phrases *f, uint32_t node, const struct usage *u, double share)
{
	const struct node_fact *fact = &f->fact[node];
	uint32_t n = u->heads + u->later, last = trie_step(&f->trie, 0, f->trie.word[node]);
	bool noun = last != NODE_NONE && (double)f->fact[last].ends >= headness(f, fact, COINED_NOUN);
	return fact->words > 1 && !fact->han && n >= COINED_ENOUGH && n * 3 >= u->all + u->works && share >= COINED_SHARE && noun;
}

static bool word_allowed(const struct phrases *f, uint32_t node, bool always)
{
	bool all_generic, link_at_end;
	unsigned roles = node_roles(f, node, &all_generic, &link_at_end);
	bool everyday = (roles & ROLE_GENERIC) != 0 && !always;
	if (everyday || (roles & (ROLE_TAIL | ROLE_BREAK | ROLE_LINK | ROLE_UNIT)))
		return false;
	all_generic = all_generic && !always;
	const struct node_fact *fact = &f->fact[node];
	struct str last = lexicon_text(&f->titles->lexicon, f->trie.word[node]);
	bool long_enough = fact->han || fact->words > 1 || last.n >= 3;
	return !all_generic && !link_at_end && long_enough && !is_participle(last);
}

/* A telling word ends most titles that hold it, in one category, and is no everyday word. Several words are seldom anything but
 * what they say, and as good a noun as their last one is. */
static double type_telling(struct phrases *f, uint32_t node, const struct usage *u, double share, uint32_t category)
{
	struct node_fact *fact = &f->fact[node];
	bool several = fact->words > 1 && !fact->han;
	double n = u->heads + (several ? 0.5 : 0.25) * u->later;
	double half = fact->han ? f->tune->han_half_support : several ? f->tune->half_support / 3 : f->tune->half_support;
	if (is_small(f) && !several)
		half /= 3; /* few titles are no reason to doubt */
	double support = n / (n + half);
	double head = headness(f, fact, n / (double)(u->all + u->works));
	if (several) {
		uint32_t last = trie_step(&f->trie, 0, f->trie.word[node]);
		double noun = last == NODE_NONE ? 0 : (double)f->fact[last].ends;
		head = noun > head ? noun : head;
	}
	double depth = f->titles->category_depth[category] >= 2 ? 1 : 0.6;
	fact->share = (float)share;
	fact->noun = (float)head;
	return support * share * head * depth;
}

static bool enough_heads(const struct phrases *f, const struct node_fact *fact, const struct usage *u)
{
	if (is_small(f) && fact->words < LONGEST_HAN_TYPE)
		return u->heads >= 1 || (fact->words > 1 && !fact->han && u->later >= 1);
	if (fact->han)
		return (u->heads >= f->tune->min_han_heads || u->heads + u->later >= f->tune->min_han_inner) &&
		       fact->words <= LONGEST_HAN_TYPE - 1;
	return fact->words > 1 ? u->heads + u->later >= 1 : u->heads >= f->tune->min_word_heads;
}

/* A rare word (gruyere, 手电筒) that ends a title or two, where all titles that hold it lie in one category: it is about that kind of
 * thing wherever it stands. */
static bool rare_name(struct phrases *f, const struct node_fact *fact, const struct usage *u, const struct mention *m, size_t n)
{
	double share;
	bool ends = fact->han ? u->heads >= 1 || (fact->words > SHORTEST_HAN_TYPE && u->heads + u->later >= 2)
	                      : fact->words == 1 && u->heads >= 1;
	uint32_t all = u->all + u->works;
	if (!ends || fact->words >= LONGEST_HAN_TYPE || u->works * 4 > all ||
	        all < (fact->han && fact->words > SHORTEST_HAN_TYPE && u->heads + u->later >= 2 ? 2 : RARE_ENOUGH))
		return false;
	uint32_t category = phrases_category(f, m, n, FIT_INSIDE, RARE_SHARE, &share);
	return category != 0 && f->titles->category_depth[category] >= 3;
}

/* How much oftener a Chinese phrase's first character stands before the rest than chance would have it: 度高 and
 * 用电池 are no words, 帐篷 is one. */
static double cohesion(const struct phrases *f, uint32_t node, uint32_t all)
{
	uint32_t first = node, rest = f->fact[node].suffix;
	while (f->trie.parent[first] != 0)
		first = f->trie.parent[first];
	double head = f->frequency[f->trie.word[first]];
	double tail = rest != 0 ? f->fact[rest].all : f->frequency[f->trie.word[node]];
	return (double)all * f->han_titles / (head * tail + 1);
}

static bool holds_together(const struct phrases *f, uint32_t node, const struct usage *u)
{
	const struct node_fact *fact = &f->fact[node];
	double all = u->all + u->works;
	if (!fact->han)
		return true;
	if (fact->words == SHORTEST_HAN_TYPE)
		return cohesion(f, node, u->all + u->works) >= f->tune->han_cohesion;
	/* A rest that hardly stands without the first character is no word of its own: 机壳 of 手机壳. */
	bool rest_is_word = all < 0.8 * f->fact[fact->suffix].all;
	return !rest_is_word || cohesion(f, node, u->all + u->works) >= 4 * f->tune->han_cohesion;
}

/* Nearly always the end of one longer phrase. A single English word is whole by itself; of few Chinese titles
 * nothing can be said. */
static bool is_fragment(const struct phrases *f, const struct node_fact *fact, const struct usage *u)
{
	double share = fact->han ? f->tune->han_fragment_share : f->tune->fragment_share;
	uint32_t all = u->all + u->works;
	bool alone = !fact->han && all >= fact->longest + ALONE_ENOUGH; /* picture frame of digital picture frame */
	return all >= (fact->han ? 3 : 2) && fact->words > 1 && fact->longest > share * all && !alone;
}

/* A category that is called just what the phrase says, the deepest one with enough of its products: Sunscreen. */
static uint32_t namesake(const struct phrases *f, uint32_t node, const struct mention *m, size_t n)
{
	const struct titles *t = f->titles;
	uint32_t best = 0, before = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t c = t->category[m[i].product];
		if (m[i].fit < FIT_LATER || c == before)
			continue;
		bool deeper = best == 0 || t->category_depth[c] > t->category_depth[best];
		if (deeper && phrases_category_is(f, c, node))
			best = c;
		before = c;
	}
	size_t there = 0, heads = 0;
	for (size_t i = 0; best != 0 && i < n; i++) {
		heads += m[i].fit >= FIT_LATER;
		there += m[i].fit >= FIT_LATER && titles_common(t, t->category[m[i].product], best) == best;
	}
	return (double)there >= f->tune->namesake_share * (double)heads ? best : 0;
}

static void judge_type(struct phrases *f, uint32_t node, const struct mention *m, size_t n)
{
	struct node_fact *fact = &f->fact[node];
	struct usage u = count_usage(f->titles, m, n);
	bool counted = enough_heads(f, fact, &u) || rare_name(f, fact, &u, m, n);
	uint32_t same = u.heads >= f->tune->everyday_heads || is_small(f) ? namesake(f, node, m, n) : 0;
	bool enough = counted || (is_small(f) && same != 0);
	if (!enough || is_fragment(f, fact, &u) || !holds_together(f, node, &u))
		return;
	double share;
	enum fit least = u.heads >= 2 ? FIT_HEAD : FIT_LATER;
	fact->category = phrases_category(f, m, n, least, f->tune->category_share, &share);
	if (!word_allowed(f, node, overwhelming(f, node, &u, same) || coined(f, node, &u, share)))
		return;
	same = same != 0 ? same : namesake(f, node, m, n);
	if (same != 0) {
		fact->category = same;
		share = share < 0.9 ? 0.9 : share;
	}
	if (fact->category == 0)
		return;
	fact->telling = (float)type_telling(f, node, &u, share, fact->category);
	fact->kinds |= 1u << MATCH_TYPE;
}

static void count_heads(struct phrases *f, const uint32_t *first)
{
	for (uint32_t node = 1; node < f->trie.count; node++)
		for (uint32_t i = first[node]; i < first[node + 1]; i++)
			f->fact[node].heads += f->mentions.at[i].fit >= FIT_HEAD;
	for (uint32_t node = 1; node < f->trie.count; node++) {
		struct node_fact *shorter = &f->fact[f->fact[node].suffix];
		uint32_t all = first[node + 1] - first[node];
		if (all > shorter->longest)
			shorter->longest = all;
		f->fact[node].all = all;
		f->fact[node].ends = (float)headness(f, &f->fact[node], all == 0 ? 0 : f->fact[node].heads / (double)all);
	}
}

/* Only what says something about a kind of thing is kept. */
static void keep_types(struct phrases *f)
{
	size_t kept = 0;
	for (size_t i = 0; i < f->mentions.n; i++) {
		struct mention m = f->mentions.at[i];
		if (m.fit >= FIT_LATER && (f->fact[m.node].kinds & 1u << MATCH_TYPE))
			f->mentions.at[kept++] = m;
	}
	f->mentions.n = kept;
}

bool phrases_types(struct phrases *f)
{
	uint32_t *first;
	if (f->under != NULL) {
		bool read = collect_heads(f);
		keep_types(f);
		return read;
	}
	if (!count_closers(f) || !collect_heads(f) || !collect_inside(f) || !mentions_group(&f->mentions, f->trie.count, &first))
		return false;
	count_heads(f, first);
	for (uint32_t node = 1; node < f->trie.count; node++)
		judge_type(f, node, f->mentions.at + first[node], first[node + 1] - first[node]);
	free(first);
	keep_types(f);
	return true;
}
