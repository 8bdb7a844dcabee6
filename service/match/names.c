/* names.c: what names a product, a model, a maker's kind of thing, a category; and the merchants' own keywords. */
#include "match/phrases.h"

#include <stdlib.h>

enum {
	LONGEST_BRANDED = 3, /* words of the type behind the brand */
	LONGEST_HAN_BRANDED = 5,
	LONGEST_MODEL = 6,
	SHORTEST_MODEL = 4, /* bytes; less needs the word before it: galaxy s20 */
	MODEL_REACH = 6,    /* a number that far behind is no model */
	LONGEST_NAME = 9,
	LONGEST_HAN_NAME = 12, /* characters: no more than MATCH_MAX_TOKENS */
	SHORTEST_NAME = 3,
	SHORTEST_SAID = 2, /* words that say something; of Han characters it takes SHORTEST_HAN_NAME */
	SHORTEST_HAN_NAME = 4,
	LONGEST_CATEGORY = 3,
	LONGEST_LINE = 5, /* words of a maker's own name for a thing */
	MOST_SHARED_NAME = 12, /* products with one full name; more are a kind */
};

static bool put(struct phrases *f, uint32_t node, uint32_t product, enum fit fit, enum match_kind kind, double telling)
{
	if (node == NODE_NONE)
		return false;
	struct node_fact *fact = &f->fact[node];
	if (!(fact->kinds & 1u << MATCH_TYPE) && (float)telling > fact->telling)
		fact->telling = (float)telling;
	fact->kinds |= (uint8_t)(1u << kind);
	return mentions_put(&f->mentions, node, product, fit);
}

bool phrases_put(struct phrases *f, struct slice w, uint32_t product, enum fit fit, enum match_kind kind, double telling)
{
	if (w.n == 0 || w.n > MATCH_MAX_TOKENS)
		return true;
	return put(f, phrases_node(f, 0, w.p, w.n), product, fit, kind, telling);
}

static bool is_type(const struct phrases *f, uint32_t node)
{
	return node != NODE_NONE && node != 0 && (f->fact[node].kinds & 1u << MATCH_TYPE);
}

/* ---- brands and what they make ------------------------------------------------------- */

static bool put_branded(struct phrases *f, uint32_t product, struct slice brand, struct slice title, const struct head *h)
{
	uint32_t longest = h->han ? LONGEST_HAN_BRANDED : LONGEST_BRANDED;
	for (uint32_t n = 1; n <= longest && n <= h->to - h->from && brand.n + n <= MATCH_MAX_TOKENS; n++) {
		const struct word *end = title.p + h->to - n;
		uint32_t type = phrases_find(f, end, n);
		if (!is_type(f, type))
			continue;
		uint32_t node = phrases_node(f, 0, brand.p, brand.n);
		if (node != NODE_NONE)
			node = phrases_node(f, node, end, n);
		if (!put(f, node, product, h->first ? FIT_WHOLE : FIT_HEAD, MATCH_BRANDED, 0.7 + 0.3 * f->fact[type].telling))
			return false;
		f->fact[node].category = f->fact[type].category;
	}
	return true;
}

static bool put_brand(struct phrases *f, uint32_t product, struct slice title, const struct head *heads, size_t n)
{
	const struct titles *t = f->titles;
	for (size_t b = 0; b < NAMES_MAX && t->brand[product][b] != 0; b++) {
		struct slice brand = wordlists_get(&t->name, t->brand[product][b]);
		if (brand.n == 0 || !phrases_put(f, brand, product, FIT_GROUP, MATCH_BRAND, 0))
			return brand.n == 0;
		for (size_t i = 0; i < n; i++)
			if (!put_branded(f, product, brand, title, &heads[i]))
				return false;
	}
	return true;
}

/* A filter, a case: the name before it may be that of what it belongs to, which goes first by that name. */
static bool is_part(const struct phrases *f, struct slice title, const struct head *h)
{
	return h->to > h->from && (tuning_roles(f->tune, lexicon_text(&f->titles->lexicon, title.p[h->to - 1].id)) & ROLE_PART);
}

/* ---- models ---------------------------------------------------------------------------- */

/* A run without spaces that holds letters and digits: wh-1000xm5. */
struct group {
	uint32_t from, to;
	size_t bytes;
	bool digit, alpha, unit;
};

static struct group group_at(const struct titles *t, struct slice title, uint32_t i)
{
	struct group g = {.from = i, .to = i};
	do {
		const struct word *w = &title.p[g.to++];
		g.digit |= (w->flags & WORD_DIGIT) != 0;
		g.alpha |= (w->flags & WORD_ALPHA) != 0;
		g.unit |= (w->flags & WORD_UNIT) || ((w->roles & ROLE_UNIT) && g.to - g.from > 1);
		g.bytes += lexicon_text(&t->lexicon, w->id).n;
	} while (g.to < title.n && (title.p[g.to].flags & WORD_JOINED) && !(title.p[g.to].flags & WORD_HAN));
	return g;
}

static bool plain_word(const struct word *w)
{
	return (w->flags & WORD_ALPHA) && !(w->flags & WORD_DIGIT) && w->roles == 0;
}

static bool same_word_run(const struct word *w)
{
	return w->gap <= GAP_SOFT;
}

/* What sets one model of a line apart from another: the name does not end before it. */
static bool is_variant(const struct phrases *f, struct slice title, size_t at)
{
	const struct word *w = &title.p[at];
	static const char *const words[] = {"pro", "plus", "max", "mini", "ultra", "lite", "air", "se", "xl", "ii", "iii", "iv", "gen", "fe", "go", "duo"};
	struct str text = lexicon_text(&f->titles->lexicon, w->id);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq(text, str_of(words[i])))
			return true;
	bool amount = (w->flags & WORD_UNIT) || (at + 1 < title.n && (title.p[at + 1].roles & (ROLE_UNIT | ROLE_COUNTED)));
	return (w->flags & WORD_DIGIT) && !amount;
}

/* Behind the variant's words: an iPhone 13 Pro Max is no iPhone 13. */
static uint32_t variant_end(const struct phrases *f, struct slice title, uint32_t at)
{
	while (at < title.n && same_word_run(&title.p[at]) && !(title.p[at].flags & WORD_DIGIT) && is_variant(f, title, at))
		at++;
	return at;
}

/* "iphone 12", "galaxy s20 ultra": a short number needs the word before it, and takes the words of its variant. */
static bool put_short_model(struct phrases *f, uint32_t product, struct slice title, const struct group *g, enum fit fit)
{
	if (g->from == 0 || g->from > MODEL_REACH || !plain_word(&title.p[g->from - 1]) || !same_word_run(&title.p[g->from]))
		return true;
	uint32_t to = variant_end(f, title, g->to);
	struct slice w = {title.p + g->from - 1, to - g->from + 1};
	if (!phrases_put(f, w, product, fit, MATCH_MODEL, to > g->to ? 0.75 : 0.7))
		return false;
	if (to > g->to || to >= title.n || !plain_word(&title.p[to]) || !same_word_run(&title.p[to]))
		return true;
	w.n++;
	return phrases_put(f, w, product, fit, MATCH_MODEL, 0.75);
}

/* 科沃斯T20, Dyson V15: a short mark by itself is no model, behind its maker's name it is. */
static bool put_makers_model(struct phrases *f, uint32_t product, struct slice title, const struct group *g, enum fit fit)
{
	const struct titles *t = f->titles;
	for (size_t b = 0; b < NAMES_MAX && t->brand[product][b] != 0; b++) {
		struct slice brand = wordlists_get(&t->name, t->brand[product][b]);
		uint32_t node = brand.n == 0 || brand.n + g->to - g->from > MATCH_MAX_TOKENS ? 0 : phrases_node(f, 0, brand.p, brand.n);
		if (node == 0)
			continue;
		node = node == NODE_NONE ? node : phrases_node(f, node, title.p + g->from, variant_end(f, title, g->to) - g->from);
		if (!put(f, node, product, fit, MATCH_MODEL, 0.8))
			return false;
	}
	return true;
}

static bool put_model(struct phrases *f, uint32_t product, struct slice title, const struct group *g, bool part)
{
	if (!g->digit || g->unit || g->to - g->from > LONGEST_MODEL)
		return true;
	bool sold_first = g->to >= title.n || !(title.p[g->to].roles & ROLE_UNIT);
	if (!sold_first)
		return true;
	enum fit fit = part ? FIT_LATER : FIT_HEAD;
	if (g->alpha && g->bytes < SHORTEST_MODEL && !put_makers_model(f, product, title, g, fit))
		return false;
	if (!g->alpha || g->bytes < SHORTEST_MODEL)
		return f->titles->brand[product][0] == 0 || put_short_model(f, product, title, g, fit);
	double telling = g->bytes > SHORTEST_MODEL ? 0.95 : 0.7;
	return phrases_put(f, (struct slice){title.p + g->from, g->to - g->from}, product, FIT_HEAD, MATCH_MODEL, telling);
}

static bool put_models(struct phrases *f, uint32_t product, struct slice title, bool part)
{
	for (uint32_t i = 0; i < title.n;) {
		/* Behind "for" or "with" stands what the thing goes with: a case for an iPhone 12 is none. */
		if (title.p[i].roles & ROLE_BREAK)
			break;
		if (title.p[i].flags & WORD_HAN) {
			i++;
			continue;
		}
		struct group g = group_at(f->titles, title, i);
		if (!put_model(f, product, title, &g, part))
			return false;
		i = g.to;
	}
	return true;
}

/* ---- full names --------------------------------------------------------------------------- */

/* Enough to be a name: "the job" and 全国 are none. */
static bool is_name(const struct phrases *f, struct slice w)
{
	size_t words = 0, han = 0;
	for (size_t i = 0; i < w.n; i++) {
		bool is_han = w.p[i].flags & WORD_HAN;
		han += is_han;
		words += !is_han && !(w.p[i].roles & (ROLE_LINK | ROLE_BREAK | ROLE_GENERIC | ROLE_TAIL));
	}
	if (w.n > (han > words ? LONGEST_HAN_NAME : LONGEST_NAME) || (heads_roles(f->titles, f->tune, w) & (ROLE_GENERIC | ROLE_TAIL)))
		return false;
	return han > 0 ? han >= SHORTEST_HAN_NAME || words > 0 : words >= SHORTEST_SAID;
}

static bool put_name(struct phrases *f, uint32_t product, struct slice title, const struct head *heads, size_t n)
{
	if (n == 0)
		return true;
	bool whole = title.n >= SHORTEST_NAME && is_name(f, title);
	if (whole && !phrases_put(f, title, product, FIT_WHOLE, MATCH_PRODUCT, 0.85))
		return false;
	struct slice head = {title.p + heads[0].from, heads[0].to - heads[0].from};
	bool named = f->titles->brand[product][0] != 0 && heads[0].first && head.n >= SHORTEST_NAME && is_name(f, head);
	return !named || phrases_put(f, head, product, FIT_WHOLE, MATCH_PRODUCT, 0.75);
}

/* ---- lines: the maker's own name for a thing, before what it is --------------------------- */

static bool begins_with(struct slice title, struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (i >= title.n || title.p[i].id != name.p[i].id)
			return false;
	return name.n > 0;
}

/* Has the product's category the word in its name? Then it says what the thing is: the Air of an Air Purifier. */
static bool in_category(const struct titles *t, uint32_t product, uint32_t word)
{
	for (size_t i = 0;; i++) {
		struct slice name = titles_called(t, t->category[product], i);
		for (size_t k = 0; k < name.n; k++)
			if (name.p[k].id == word)
				return true;
		if (name.n == 0)
			return false;
	}
}

/* Where the kind of thing begins, at the end of the head: the shortest that is one. Behind from: the maker's name, and at least a word. */
static uint32_t noun_start(struct phrases *f, struct slice title, uint32_t from, const struct head *h)
{
	for (uint32_t at = h->to; at-- > from + 1;)
		if (is_type(f, phrases_find(f, title.p + at, h->to - at)))
			return at;
	return (uint32_t)title.n;
}

/* Where the words that may be a line's end: at the noun, a break, Chinese words. */
static uint32_t line_end(struct phrases *f, struct slice title, uint32_t from, const struct head *h)
{
	uint32_t end = from, noun = noun_start(f, title, from, h);
	while (end < title.n && end < from + LONGEST_LINE && (end == from || title.p[end].gap <= GAP_SOFT)) {
		const struct word *w = &title.p[end];
		if ((w->flags & WORD_HAN) || (w->roles & (ROLE_BREAK | ROLE_LINK)) || end == noun)
			break;
		end++;
	}
	return end;
}

/* "breville bambino plus", "小米 14"; behind the maker every word may be the last said, but not inside a model or before what tells it from
 * another. Without the maker it takes two words, of which one is no everyday word. */
static bool put_line(struct phrases *f, uint32_t product, struct slice title, struct slice brand, const struct head *h)
{
	enum fit fit = is_part(f, title, h) ? FIT_LATER : FIT_WHOLE;
	uint32_t from = begins_with(title, brand) ? (uint32_t)brand.n : 0, to = line_end(f, title, from, h), names = 0;
	bool digit = false;
	for (uint32_t end = from + 1; end <= to; end++) {
		const struct word *last = &title.p[end - 1];
		digit |= (last->flags & WORD_DIGIT) != 0;
		names += plain_word(last);
		bool goes_on = end < title.n && title.p[end].gap <= GAP_SOFT && ((title.p[end].flags & (WORD_JOINED | WORD_HAN)) == WORD_JOINED || (is_variant(f, title, end) && !in_category(f->titles, product, title.p[end].id)));
		bool sized = (last->flags & WORD_UNIT) || (end < title.n && (title.p[end].roles & ROLE_UNIT) && (last->flags & WORD_DIGIT));
		bool weak = !(last->flags & WORD_DIGIT) && ((names == 0 && from == 0) || (last->roles & ROLE_TAIL));
		if (goes_on || sized || weak)
			continue;
		enum match_kind kind = digit ? MATCH_MODEL : MATCH_PRODUCT;
		struct slice line = {title.p + from, end - from};
		uint32_t node = phrases_node(f, 0, brand.p, brand.n);
		if (node != NODE_NONE)
			node = phrases_node(f, node, line.p, line.n);
		if (!put(f, node, product, fit, kind, 0.8))
			return false;
		if (line.n >= 2 && names > 0 && !phrases_put(f, line, product, fit, kind, 0.7))
			return false;
	}
	return true;
}

static bool put_lines(struct phrases *f, uint32_t product, struct slice title, const struct head *heads, size_t n)
{
	const struct titles *t = f->titles;
	bool small = t->population < (size_t)f->tune->small_shelf; /* large ones have titles that shout: "NEW Laptop ..." */
	for (size_t b = 0; small && n > 0 && b < NAMES_MAX && t->brand[product][b] != 0; b++) {
		struct slice brand = wordlists_get(&t->name, t->brand[product][b]);
		if (brand.n > 0 && brand.n < MATCH_MAX_TOKENS - LONGEST_LINE && !put_line(f, product, title, brand, &heads[0]))
			return false;
	}
	return true;
}

/* ---- categories and keywords ------------------------------------------------------------------ */

static bool put_category_word(struct phrases *f, uint32_t category, struct slice w, const uint32_t *members, size_t n)
{
	uint32_t last = w.n == 0 ? NODE_NONE : phrases_find(f, w.p + w.n - 1, 1);
	/* "Camping & Hiking" are no things; "Headphones & Headsets" are, as titles show. */
	bool thing = is_type(f, last);
	if (!thing || w.n > LONGEST_CATEGORY || is_type(f, phrases_find(f, w.p, w.n)))
		return true;
	if ((w.p[w.n - 1].roles & (ROLE_GENERIC | ROLE_TAIL | ROLE_LINK)) || (w.p[0].roles & ROLE_LINK))
		return true;
	for (size_t i = 0; i < n; i++)
		if (!phrases_put(f, w, members[i], FIT_GROUP, MATCH_CATEGORY, w.n > 1 ? 0.4 : 0.25))
			return false;
	uint32_t node = phrases_find(f, w.p, w.n);
	if (node != NODE_NONE && n > 0)
		f->fact[node].category = category;
	return true;
}

static bool put_category(struct phrases *f, uint32_t category, const uint32_t *members, size_t n)
{
	if (f->titles->category_work[category])
		return true;
	for (size_t i = 0;; i++) {
		struct slice name = titles_called(f->titles, category, i);
		if (name.n == 0)
			return true;
		if (!put_category_word(f, category, name, members, n))
			return false;
	}
}

static bool put_categories(struct phrases *f)
{
	const struct titles *t = f->titles;
	uint32_t *first = calloc(t->category_count + 2, sizeof(*first)), *members = calloc(t->title.count + 1, sizeof(*members));
	bool fine = first != NULL && members != NULL;
	for (size_t p = 0; fine && p < t->title.count; p++)
		first[t->category[p] + 2]++;
	for (size_t c = 2; fine && c < t->category_count + 2; c++)
		first[c] += first[c - 1];
	for (uint32_t p = 0; fine && p < t->title.count; p++)
		members[first[t->category[p] + 1]++] = p;
	for (uint32_t c = 1; fine && c < t->category_count; c++)
		fine = first[c + 1] == first[c] || put_category(f, c, members + first[c], first[c + 1] - first[c]);
	free(first);
	free(members);
	return fine;
}

static bool put_keywords(struct phrases *f, uint32_t product)
{
	struct titles *t = f->titles;
	const struct product *p = titles_product(t, product);
	for (uint32_t k = 0; k < p->keyword_count; k++) {
		struct wordlists one = {0};
		uint32_t known = t->lexicon.count;
		bool fine = titles_read_list(t, f->tune, p->keywords[k], &one);
		if (fine) {
			struct slice w = wordlists_get(&one, 0);
			lexicon_settle(&t->lexicon, known);
			for (size_t i = 0; i < w.n; i++)
				one.words[i].id = lexicon_same(&t->lexicon, one.words[i].id);
			if (!(heads_roles(t, f->tune, w) & (ROLE_GENERIC | ROLE_TAIL | ROLE_LINK | ROLE_BREAK)))
				fine = phrases_put(f, w, product, FIT_HEAD, MATCH_KEYWORD, w.n > 1 ? 0.7 : 0.5);
		}
		wordlists_done(&one);
		if (!fine)
			return false;
	}
	return true;
}

bool phrases_names(struct phrases *f)
{
	struct titles *t = f->titles;
	for (uint32_t p = 0; p < t->title.count; p++) {
		struct slice title = wordlists_get(&t->title, p);
		struct head heads[HEADS_MAX];
		size_t n = heads_find(t, f->tune, title, heads);
		if (t->category_work[t->category[p]]) {
			continue;
		}
		if (!put_brand(f, p, title, heads, n) || !put_models(f, p, title, n > 0 && is_part(f, title, &heads[n - 1])) || !put_name(f, p, title, heads, n) || !put_lines(f, p, title, heads, n) ||
		        !put_keywords(f, p))
			return false;
	}
	return phrases_works(f) && put_categories(f);
}
