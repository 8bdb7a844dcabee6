/* The whole natural phrase around a hit: which neighbours belong to it, what it names, how it stands in the answer. Reads no token
 * behind the candidate's window. */
#include "flow/candidate.h"

#include <string.h>

#define LARGE_SHELF 10000 /* products whose titles show how words are used */
#define REACH 64          /* bytes a phrase may reach to the left of what is known */
#define NAME_TAIL 4       /* words of a name behind it */
#define HAN_TAIL 8        /* characters of a lead-in behind the hit */
#define LOOK_BACK 16      /* tokens of the sentence that are searched for advice */

static const struct text_token *token(const struct insert *in, uint32_t at)
{
	return &text_tokens(in->text)[at];
}

static unsigned role(const struct insert *in, uint32_t at)
{
	return match_word(in->shelf->match, text_folded(in->text, at));
}

static bool is_han(const struct insert *in, uint32_t at)
{
	return token(in, at)->kind == TEXT_HAN;
}

bool phrase_usable(const struct text_token *t)
{
	return !(t->flags & (TEXT_BARRED | TEXT_HEADING | TEXT_LINKED)) && t->end - t->start <= MAX_TOKEN;
}

/* Are two neighbours words of one run? */
static bool joined(const struct insert *in, uint32_t left)
{
	const struct text_token *a = token(in, left), *b = token(in, left + 1);
	return b->gap <= GAP_SOFT && a->clause == b->clause && b->start - a->end <= MAX_GAP && phrase_usable(a) && phrase_usable(b);
}

static unsigned pair_role(const struct insert *in, uint32_t left)
{
	char pair[16];
	struct str a = text_folded(in->text, left), b = text_folded(in->text, left + 1);
	if (a.n + b.n > sizeof pair)
		return 0;
	memcpy(pair, a.p, a.n);
	memcpy(pair + a.n, b.p, b.n);
	return match_word(in->shelf->match, (struct str){pair, a.n + b.n});
}

/* 家用, 新款: the character is a verb or a measure by itself, not behind this one. */
static bool closes_word(const struct insert *in, uint32_t at)
{
	bool pair = at > 0 && is_han(in, at) && is_han(in, at - 1) && token(in, at)->gap == GAP_NONE;
	return pair && (pair_role(in, at - 1) & MATCH_WORD_TAIL);
}

bool phrase_has_digit(struct str w)
{
	for (size_t i = 0; i < w.n; i++)
		if (w.p[i] >= '0' && w.p[i] <= '9')
			return true;
	return false;
}

/* Is the token's pair with its right neighbour a word that ends phrases (建议), or a number with its measure (一台)? */
static bool pair_ends(const struct insert *in, uint32_t left, uint32_t end)
{
	if (left + 1 > end || !is_han(in, left + 1) || token(in, left + 1)->gap != GAP_NONE)
		return false;
	bool number = is_han(in, left) ? role(in, left) & MATCH_WORD_NUMBER : phrase_has_digit(text_folded(in->text, left));
	if (number && (role(in, left + 1) & MATCH_WORD_MEASURE))
		return true;
	return is_han(in, left) && (pair_role(in, left) & MATCH_WORD_EDGE);
}

/* "over-ear", "chef's": tied to the word behind. */
static bool tied_behind(const struct insert *in, uint32_t at)
{
	struct str s = text_source(in->text), w = text_folded(in->text, at);
	const struct text_token *t = token(in, at);
	if (t->end + 1 >= s.n && in->finished)
		return false;
	bool dash = t->end < s.n && s.p[t->end] == '-';
	if (t->end >= s.n || (dash && t->end + 1 >= s.n))
		return true; /* a hyphen may come: held back until it is known */
	bool hyphen = dash && s.p[t->end + 1] != ' ';
	bool genitive = w.n == 1 && w.p[0] == 's' && at > 0 && t->start - token(in, at - 1)->end <= 3 && s.p[t->start - 1] != ' ';
	return hyphen || genitive;
}

/* Reads no token behind end. */
static bool is_edge(const struct insert *in, uint32_t at, uint32_t end)
{
	if (!is_han(in, at))
		return (role(in, at) & MATCH_WORD_EDGE) && !tied_behind(in, at);
	bool alone = (role(in, at) & MATCH_WORD_EDGE) && !closes_word(in, at);
	return alone || pair_ends(in, at, end) || (at > 0 && pair_ends(in, at - 1, end));
}

/* ---- the phrase -------------------------------------------------------------------------- */

uint32_t phrase_reach(const struct insert *in, uint32_t before, uint32_t at)
{
	uint32_t first = before;
	while (first > 0) {
		const struct text_token *a = token(in, first - 1);
		bool near = first < text_count(in->text) ? joined(in, first - 1) : phrase_usable(a) && at <= a->end + MAX_GAP;
		if (!near || at - a->start > REACH || is_edge(in, first - 1, before < text_count(in->text) ? before : before - 1))
			break;
		first--;
	}
	return first;
}

/* In a Chinese lead-in the words behind the noun belong to it too: 榨汁机小型家用. Only when nothing else follows. */
static uint32_t tail_end(const struct insert *in, const struct candidate *c)
{
	uint32_t last = c->hit_last;
	bool lead_in = (token(in, c->hit)->flags & (TEXT_EMPHASIS | TEXT_CELL)) || c->fact[FACT_item] > 0;
	while (lead_in && last < c->window && joined(in, last) && last - c->hit_last <= HAN_TAIL) {
		if (is_edge(in, last + 1, c->window))
			return c->hit_last;
		last++;
	}
	return last < c->window && joined(in, last) ? c->hit_last : last;
}

static bool is_capital(const struct insert *in, uint32_t at)
{
	char first = text_source(in->text).p[token(in, at)->start];
	return first >= 'A' && first <= 'Z';
}

static bool names_product(const struct candidate *c)
{
	return c->words.kind == MATCH_MODEL || c->words.kind == MATCH_PRODUCT || c->words.kind == MATCH_BRANDED;
}

/* 500ml, 46 mm, 3.5 L: an amount is no name. Reads no token behind last. */
static bool is_amount(const struct insert *in, uint32_t at, uint32_t last)
{
	struct str w = text_folded(in->text, at);
	size_t i = 0;
	while (i < w.n && w.p[i] >= '0' && w.p[i] <= '9')
		i++;
	if (i < w.n)
		return i > 0 && (match_word(in->shelf->match, str_sub(w, i, w.n)) & MATCH_WORD_UNIT);
	bool unit = at < last && (role(in, at + 1) & MATCH_WORD_UNIT), more = at < last && phrase_has_digit(text_folded(in->text, at + 1));
	return unit || (more && is_amount(in, at + 1, last));
}

/* "iPhone 13 mini": small letters, and yet another model. */
static bool is_variant(const struct insert *in, uint32_t at)
{
	static const char *const words[] = {"pro", "max", "mini", "ultra", "lite", "se", "xl", "ii", "iii", "iv"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq(text_folded(in->text, at), str_of(words[i])))
			return true;
	return false;
}

/* A name goes on with numbers and capitals: Galaxy Note | 10, iPhone 11 Pro | Max, 小米空气净化器 | 4 Pro. */
static uint32_t name_end(const struct insert *in, const struct candidate *c)
{
	uint32_t last = c->hit_last;
	while (names_product(c) && last < c->window && joined(in, last) && last - c->hit_last < NAME_TAIL) {
		bool on = !is_han(in, last + 1) && (is_capital(in, last + 1) || phrase_has_digit(text_folded(in->text, last + 1)) || is_variant(in, last + 1));
		bool amount = on && is_han(in, c->hit_last) && phrase_has_digit(text_folded(in->text, last + 1)) && is_amount(in, last + 1, c->window);
		if (!on || amount || (role(in, last + 1) & MATCH_WORD_EDGE))
			break;
		last++;
	}
	return last;
}

static uint32_t block_start(const struct insert *in, uint32_t at)
{
	uint32_t first = at;
	while (first > 0 && token(in, first - 1)->block == token(in, at)->block && at - first < LOOK_BACK)
		first--;
	return first;
}

/* "- ", "3. ", "| " before the block's first word. */
static bool marked_item(const struct insert *in, uint32_t first)
{
	struct str s = text_source(in->text);
	size_t from = token(in, first)->start, i = from;
	while (i > 0 && s.p[i - 1] != '\n' && from - i < 32)
		i--;
	for (size_t k = i; k < from; k++) {
		bool digit = k > i && s.p[k - 1] >= '0' && s.p[k - 1] <= '9';
		if (strchr("-*+|", s.p[k]) ? s.p[k] != '*' || (k + 1 < from && s.p[k + 1] == ' ') : digit && strchr(".)", s.p[k]))
			return true;
	}
	return (token(in, first)->flags & TEXT_CELL) != 0;
}

/* Does the block's first noun begin here? Articles and numbers may stand before it. */
static bool begins_block(const struct insert *in, uint32_t first, uint32_t block)
{
	for (uint32_t i = block; i < first; i++)
		if (!(role(in, i) & MATCH_WORD_ARTICLE))
			return false;
	return token(in, block)->gap == GAP_BLOCK || block == 0;
}

void phrase_draw(const struct insert *in, struct candidate *c)
{
	c->first = work_named(in, c) ? c->hit : phrase_reach(in, c->hit, token(in, c->hit)->start);
	while (c->first < c->hit && (role(in, c->first) & MATCH_WORD_ARTICLE) && !tied_behind(in, c->first))
		c->first++;
	uint32_t block = block_start(in, c->first);
	bool item = marked_item(in, block);
	c->fact[FACT_item] = item && begins_block(in, c->first, block);
	c->fact[FACT_trailing] = item && !(c->fact[FACT_item] > 0);
	bool latin_behind = c->hit_last < c->window && joined(in, c->hit_last) && !is_han(in, c->hit_last + 1);
	c->last = is_han(in, c->hit_last) && !(latin_behind && names_product(c)) ? tail_end(in, c) : name_end(in, c);
}

/* ---- parts of other words, and verbs ------------------------------------------------------------ */

static bool plural(struct str w)
{
	return w.n > 3 && w.p[w.n - 1] == 's' && w.p[w.n - 2] != 's';
}

static bool hyphen_at(const struct insert *in, uint32_t at)
{
	struct str s = text_source(in->text);
	return at < s.n && s.p[at] == '-';
}

/* "designed", "running", "easily" say something of the noun before; another noun makes another thing of it. */
static bool describes_back(struct str w)
{
	return str_ends(w, STR("ed")) || str_ends(w, STR("ing")) || str_ends(w, STR("ly")) || w.n < 3;
}

static bool names_thing(const struct insert *in, struct str word)
{
	struct match_scan scan;
	struct match_hit hits[MATCH_MAX_TOKENS];
	match_scan_init(&scan, in->shelf->match);
	size_t n = match_scan_push(&scan, word, GAP_BLOCK, hits);
	return n > 0 && match_phrase(in->shelf->match, hits[0].phrase).kind == MATCH_TYPE;
}

/* Right behind the hit: a word for a part of things, in Chinese a pair or a character that is no everyday word with the next. */
static bool is_part(const struct insert *in, const struct candidate *c, uint32_t at)
{
	if (!is_han(in, at))
		return (role(in, at) & MATCH_WORD_PART) && !is_han(in, c->last);
	if (!is_han(in, c->last) || token(in, at)->gap != GAP_NONE)
		return false;
	unsigned pair = at < c->window && is_han(in, at + 1) && token(in, at + 1)->gap == GAP_NONE ? pair_role(in, at) : 0;
	return (pair & MATCH_WORD_PART) || ((role(in, at) & MATCH_WORD_PART) && !(pair & (MATCH_WORD_PLAIN | MATCH_WORD_EDGE | MATCH_WORD_TAIL)));
}

/* Does a kind of thing begin with the token? 空气净化器 | 滤芯 */
static bool thing_begins(const struct insert *in, uint32_t at, uint32_t end)
{
	struct match_scan scan;
	struct match_hit hits[MATCH_MAX_TOKENS];
	match_scan_init(&scan, in->shelf->match);
	for (uint32_t i = at; i <= end && i - at < MATCH_MAX_TOKENS && is_han(in, i) && (i == at || token(in, i)->gap == GAP_NONE); i++) {
		size_t n = match_scan_push(&scan, text_folded(in->text, i), i == at ? GAP_BLOCK : GAP_NONE, hits);
		for (size_t k = 0; k < n; k++)
			if (hits[k].first == 0 && match_phrase(in->shelf->match, hits[k].phrase).kind == MATCH_TYPE)
				return true;
	}
	return false;
}

/* A word right behind that makes another thing of the hit: phone | case, coffee | table, 手机 | 壳. */
static bool is_compound(const struct insert *in, const struct candidate *c)
{
	if (c->last != c->hit_last || c->last >= c->window || !joined(in, c->last))
		return false;
	const struct text_token *next = token(in, c->last + 1);
	struct str word = text_folded(in->text, c->last + 1);
	if (match_continues(in->shelf->match, c->phrase, word, (enum text_kind)next->kind, (enum text_gap)next->gap))
		return true;
	if (is_part(in, c, c->last + 1))
		return true;
	if (next->kind == TEXT_HAN || is_han(in, c->last))
		return is_han(in, c->last) && next->kind == TEXT_HAN && next->gap == GAP_NONE && thing_begins(in, c->last + 1, c->window);
	if (names_product(c))
		return names_thing(in, word); /* what is no thing is said of it: "the AirPods Pro 2 beat" */
	if (hyphen_at(in, token(in, c->last)->end))
		return true;
	if ((role(in, c->last + 1) & MATCH_WORD_EDGE) || plural(text_folded(in->text, c->last)) || describes_back(word))
		return false;
	/* "a vacuum deals with": what ends in s behind a singular is a verb, unless it is sold. */
	return !plural(word) || names_thing(in, word);
}

/* Could the word be a verb? The titles then have its -ing form: rinsing, brushing; a flashlight does nothing. */
static bool may_act(const struct insert *in, struct str w)
{
	char form[MAX_TOKEN + 4];
	size_t n = w.n > 0 && w.n <= MAX_TOKEN && w.p[w.n - 1] == 'e' ? w.n - 1 : w.n;
	if (n == 0 || n > MAX_TOKEN)
		return false;
	memcpy(form, w.p, n);
	memcpy(form + n, "ing", 3);
	return match_used(in->shelf->match, UINT32_MAX, STR_NONE, (struct str){form, n + 3}, 1) > 0;
}

/* "to jam", "Rinse the tires", "they can dress": no things. */
static bool is_verb(const struct insert *in, const struct candidate *c)
{
	if (c->words.kind != MATCH_TYPE || c->first != c->last || is_han(in, c->last))
		return false;
	if (c->first > 0 && joined(in, c->first - 1) && (role(in, c->first - 1) & MATCH_WORD_VERBAL))
		return true;
	bool begins = token(in, c->first)->gap >= GAP_HARD;
	if (c->last >= c->window || !joined(in, c->last) || plural(text_folded(in->text, c->last)))
		return false;
	unsigned next = role(in, c->last + 1);
	struct str word = text_folded(in->text, c->last + 1);
	bool bound = str_eq(word, STR("or")) || str_eq(word, STR("and")) || str_eq(word, STR("for")) || (c->fact[FACT_item] > 0 && str_eq(word, STR("with")));
	if (bound || ((next & MATCH_WORD_BEHIND) && !may_act(in, text_folded(in->text, c->last))))
		return false;
	return begins && (next & (MATCH_WORD_EDGE | MATCH_WORD_ARTICLE));
}

/* Another word before, tied by a hyphen, which no title has with it: check-ups. */
static bool is_hyphened(const struct insert *in, const struct candidate *c)
{
	if (c->hit == 0 || is_han(in, c->hit) || !joined(in, c->hit - 1) || !hyphen_at(in, token(in, c->hit - 1)->end))
		return false;
	return match_used(in->shelf->match, c->phrase, STR_NONE, text_folded(in->text, c->hit - 1), 1) == 0;
}

/* A shop's or platform's name in or over the phrase: 大|润发, Best Buy. */
static bool is_store(const struct insert *in, const struct candidate *c)
{
	const struct doc *d = doc_get(in->shelf->rules->matching, "stores");
	struct str source = text_source(in->text);
	for (size_t i = 0; d && d->kind == DOC_LIST && i < d->count; i++) {
		struct str name = d->items[i].text;
		size_t from = c->from > name.n ? c->from - name.n : 0, to = token(in, c->window)->end;
		if (to > c->to + name.n)
			to = c->to + name.n;
		if (str_find(str_sub(source, from, to), name, 0) < to - from)
			return true;
	}
	return false;
}

/* A name in small letters is words: "for intense repair", "Sony wireless headphones". */
static bool is_plain_prose(const struct insert *in, const struct candidate *c)
{
	uint32_t last = c->hit_last;
	return c->words.kind == MATCH_PRODUCT && !is_han(in, last) && !is_capital(in, last) && !phrase_has_digit(text_folded(in->text, last));
}

bool phrase_is_other(const struct insert *in, const struct candidate *c)
{
	return is_plain_prose(in, c) || phrase_is_predicate(in, c) || is_store(in, c) || is_compound(in, c) || is_verb(in, c) || is_hyphened(in, c);
}

/* ---- names -------------------------------------------------------------------------------------- */

/* 304不锈钢, 316不锈钢: digits by themselves before Chinese words, as several titles have them. */
static bool is_grade(const struct insert *in, const struct candidate *c, uint32_t at)
{
	struct str w = text_folded(in->text, at);
	for (size_t i = 0; i < w.n; i++)
		if (w.p[i] < '0' || w.p[i] > '9')
			return false;
	bool before = at > c->first && !is_han(in, at - 1), behind = at < c->last && is_han(in, at + 1);
	return !before && behind && match_used(in->shelf->match, UINT32_MAX, STR_NONE, w, 3) >= 3;
}

/* 64GB, 10000mAh: an amount by which such things are told apart. */
static bool is_capacity(struct str w)
{
	return str_ends(w, STR("gb")) || str_ends(w, STR("tb")) || str_ends(w, STR("mah"));
}

static bool is_hit(const struct candidate *c, uint32_t at)
{
	return at >= c->hit && at <= c->hit_last;
}

static struct str before_han(const struct insert *in, uint32_t at)
{
	bool pair = at > 0 && is_han(in, at) && is_han(in, at - 1) && token(in, at)->gap == GAP_NONE;
	return pair ? text_folded(in->text, at - 1) : STR_NONE;
}

/* Marks the makers' names among the tokens [from, to], at most 64. */
static uint64_t find_makers(const struct insert *in, uint32_t from, uint32_t to)
{
	struct match_scan scan;
	struct match_hit hits[MATCH_MAX_TOKENS];
	uint64_t makers = 0;
	match_scan_init(&scan, in->shelf->match);
	for (uint32_t i = from; i <= to && i - from < 64; i++) {
		size_t n = match_scan_push(&scan, text_folded(in->text, i), i == from ? GAP_BLOCK : (enum text_gap)token(in, i)->gap, hits);
		for (size_t k = 0; k < n; k++) {
			bool one = hits[k].first == hits[k].last, han = is_han(in, i);
			bool plain = one && (role(in, i) & (MATCH_WORD_PLAIN | MATCH_WORD_EDGE | MATCH_WORD_TAIL));
			if (match_phrase(in->shelf->match, hits[k].phrase).kind != MATCH_BRAND || plain || (one && han))
				continue;
			if (!han && !is_capital(in, from + hits[k].first))
				continue;
			for (uint32_t j = hits[k].first; j <= hits[k].last; j++)
				makers |= 1ULL << j;
		}
	}
	return makers;
}

/* Is the pair that ends here one that titles use, or an everyday word? The titles of a large shelf have all pairs of words that describe
 * (敏感|肌专|专用|补水); on a small one only the phrase's first pair tells, where a maker would stand. */
static bool han_known(const struct insert *in, const struct candidate *c, uint32_t at)
{
	bool large = catalog_count(in->shelf->catalog) >= LARGE_SHELF;
	uint32_t wanted = large ? 2 : 1;
	if (!large && at != c->first + 1)
		return true;
	return match_used(in->shelf->match, UINT32_MAX, before_han(in, at), text_folded(in->text, at), wanted) >= wanted ||
	       (pair_role(in, at - 1) & (MATCH_WORD_PLAIN | MATCH_WORD_TAIL)) || ((role(in, at) | role(in, at - 1)) & MATCH_WORD_TAIL);
}

/* Does the word name something, so that a product without it is another one? Two titles of the kind that use it make it a
 * describing word; one that nothing sold of the kind has is a name if it looks like one. */
enum word_kind { WORD_DESCRIBES, WORD_NAMES, WORD_UNKNOWN };

static enum word_kind word_kind(const struct insert *in, const struct candidate *c, uint32_t at, bool maker)
{
	struct str w = text_folded(in->text, at), before = before_han(in, at);
	if (is_han(in, at)) {
		if (before.n == 0 || is_hit(c, at - 1) || at == c->first)
			return WORD_DESCRIBES;
		if (maker)
			return WORD_NAMES;
		return han_known(in, c, at) ? WORD_DESCRIBES : WORD_UNKNOWN;
	}
	if (maker || (names_product(c) && at > c->hit_last))
		return WORD_NAMES;
	if (phrase_has_digit(w) && is_capacity(w))
		return WORD_NAMES;
	if (phrase_has_digit(w))
		return is_amount(in, at, c->last) || is_grade(in, c, at) ? WORD_DESCRIBES : WORD_NAMES;
	bool short_mark = w.n < 2 && c->fact[FACT_han] > 0;                                        /* NF - HC300 - A */
	bool begins = at == c->first && token(in, at)->gap >= GAP_HARD && !is_capital(in, c->hit); /* "Fuzzy socks" in a list */
	if (short_mark || (is_capital(in, at) && !begins && match_used(in->shelf->match, UINT32_MAX, STR_NONE, w, 3) < 3))
		return WORD_NAMES;
	if (match_calls(in->shelf->match, w))
		return WORD_NAMES; /* a camping stove is no kitchen stove, a dog bed no bed */
	bool latin_in_han = c->fact[FACT_han] > 0 && match_used(in->shelf->match, c->phrase, STR_NONE, w, 3) < 3;
	return latin_in_han ? WORD_NAMES : WORD_DESCRIBES;
}

/* Behind a kind of thing a number or a Latin word names one of its makers': 跑步机 | ELF Pro, Laptop | X1. */
static bool name_goes_on(const struct insert *in, const struct candidate *c)
{
	if (c->last >= c->window || !joined(in, c->last) || is_han(in, c->last + 1))
		return false;
	struct str w = text_folded(in->text, c->last + 1);
	if (phrase_has_digit(w))
		return !is_amount(in, c->last + 1, c->last);
	return is_han(in, c->last) && is_capital(in, c->last + 1) && !(role(in, c->last + 1) & MATCH_WORD_EDGE);
}

bool phrase_spaced_model(const struct insert *in, uint32_t left)
{
	const struct text_token *a = token(in, left), *b = token(in, left + 1);
	struct str between = str_sub(text_source(in->text), a->end, b->start);
	return str_eq(between, STR(" - ")) && a->block == b->block && a->kind == TEXT_WORD &&
	       (phrase_has_digit(text_folded(in->text, left)) || phrase_has_digit(text_folded(in->text, left + 1)));
}

/* "松下NF - HC300 - A": the dash cuts the clause, not the name. */
static bool name_before(const struct insert *in, const struct candidate *c)
{
	return c->first > 0 && phrase_spaced_model(in, c->first - 1);
}

bool phrase_needs(const struct insert *in, struct candidate *c, struct match_context *context)
{
	uint64_t makers = find_makers(in, c->first, c->last);
	if (name_goes_on(in, c) || name_before(in, c))
		return false;
	for (uint32_t i = c->first; i <= c->last; i++) {
		if (is_hit(c, i))
			continue;
		bool maker = i - c->first < 64 && (makers >> (i - c->first) & 1);
		c->maker |= maker;
		switch (word_kind(in, c, i, maker)) {
		case WORD_DESCRIBES:
			break;
		case WORD_NAMES:
			match_context_need(context, before_han(in, i), text_folded(in->text, i));
			break;
		case WORD_UNKNOWN: /* of a maker that we sell, a word of praise; else a maker or a line that we do not */
			if (makers == 0)
				return false;
			break;
		}
	}
	return true;
}

bool phrase_is_purpose(const struct insert *in, const struct candidate *c)
{
	uint32_t start = c->first;
	if (start > 0 && joined(in, start - 1) && (role(in, start - 1) & MATCH_WORD_ARTICLE))
		start--;
	bool behind = start > 0 && joined(in, start - 1) && (role(in, start - 1) & MATCH_WORD_BEHIND) && !(role(in, start - 1) & MATCH_WORD_ADVICE);
	return behind && in->listing && weigh_is_asked(in, c->phrase);
}

/* ---- facts of form -------------------------------------------------------------------------- */

static bool has_advice(const struct insert *in, const struct candidate *c)
{
	for (uint32_t i = c->first, n = 0; i > 0 && n < LOOK_BACK && token(in, i - 1)->sentence == token(in, c->first)->sentence; i--, n++)
		if (role(in, i - 1) & MATCH_WORD_ADVICE)
			return true;
	return false;
}

static bool binds(const struct insert *in, uint32_t at)
{
	struct str w = text_folded(in->text, at);
	return str_eq(w, STR("and")) || str_eq(w, STR("or")) || str_eq(w, STR("和")) || str_eq(w, STR("与")) || str_eq(w, STR("或")) ||
	       str_eq(w, STR("及"));
}

/* 一顶帐篷, 两盒面膜: what "a" and "two" are. */
static bool counted(const struct insert *in, uint32_t first)
{
	if (first < 2 || !is_han(in, first) || !is_han(in, first - 1) || !(role(in, first - 1) & MATCH_WORD_MEASURE) || !joined(in, first - 2))
		return false;
	return is_han(in, first - 2) ? (role(in, first - 2) & MATCH_WORD_NUMBER) != 0 : phrase_has_digit(text_folded(in->text, first - 2));
}

void phrase_facts(const struct insert *in, struct candidate *c)
{
	double *f = c->fact;
	bool more = c->last < c->window, tied = more && joined(in, c->last);
	bool article = c->first > 0 && token(in, c->first)->clause == token(in, c->first - 1)->clause &&
	               ((role(in, c->first - 1) & MATCH_WORD_ARTICLE) || counted(in, c->first));
	uint32_t start = c->first - (article ? 1 : 0);
	bool left = token(in, start)->gap >= GAP_CLAUSE || (start > 0 && binds(in, start - 1));
	bool right = !more || token(in, c->last + 1)->gap >= GAP_HARD;
	bool item = f[FACT_item] > 0;
	f[FACT_whole] = !more || token(in, c->last + 1)->gap >= GAP_HARD || binds(in, c->last + 1);
	f[FACT_emphasis] = (token(in, c->first)->flags & TEXT_EMPHASIS) != 0;
	f[FACT_extended] = c->first < c->hit || c->last > c->hit_last;
	f[FACT_series] = left && right && !item;
	f[FACT_article] = article;
	f[FACT_advice] = has_advice(in, c);
	f[FACT_tied] = tied && !(role(in, c->last + 1) & MATCH_WORD_EDGE);
	f[FACT_bare] = !(f[FACT_han] > 0) && !item && !article && !(f[FACT_series] > 0) && !plural(text_folded(in->text, c->last)) &&
	               c->first == c->last;
	f[FACT_several] = f[FACT_han] > 0 ? c->hit_last - c->hit >= 2 : c->hit_last > c->hit;
	f[FACT_behind] = start > 0 && joined(in, start - 1) && (role(in, start - 1) & MATCH_WORD_BEHIND) && !(role(in, start - 1) & MATCH_WORD_ADVICE);
	f[FACT_leads] = left && !item;
	f[FACT_bracket] = token(in, start)->start > 0 && strchr("([", text_source(in->text).p[token(in, start)->start - 1]) != NULL;
}
