/* Books, games, programs: their names are often everyday words ("It", "Risk", "Night"), so the question must ask for such works, and the
 * answer must write the name as a name. rules/matching.yaml, works_asked. */
#include "flow/candidate.h"

#define SURE 0.95   /* in quotes, 《》 or emphasis, by itself */
#define LIKELY 0.8  /* several words with capitals, or a capital inside a sentence */

/* Does the question hold the word, token for token? */
static bool question_has(const struct text *q, struct str word)
{
	size_t count = text_count(q);
	for (size_t i = 0; i < count; i++) {
		struct str rest = word;
		for (size_t k = i; k < count && rest.n > 0 && str_starts(rest, text_folded(q, k)); k++)
			rest = str_sub(rest, text_folded(q, k).n, rest.n);
		if (rest.n == 0)
			return true;
	}
	return false;
}

static bool asks_for(const struct text *q, struct str words)
{
	while (words.n > 0) {
		struct str word = str_trim(str_cut(&words, ' '));
		if (word.n > 0 && question_has(q, word))
			return true;
	}
	return false;
}

/* The first entry for the category; NULL: its titles are no works. */
static const struct doc *entry_for(const struct insert *in, struct str category)
{
	const struct doc *list = doc_get(in->shelf->rules->matching, "works_asked");
	for (size_t i = 0; list && list->kind == DOC_LIST && i < list->count; i++)
		if (weigh_lies_below(category, doc_text(&list->items[i], "category", STR("?"))))
			return &list->items[i];
	return NULL;
}

bool work_named(const struct insert *in, const struct candidate *c)
{
	return c->words.kind == MATCH_PRODUCT && entry_for(in, c->words.category) != NULL;
}

bool work_is(const struct insert *in, const struct candidate *c)
{
	return c->words.kind == MATCH_PRODUCT && entry_for(in, catalog_product(in->shelf->catalog, c->ranked[0].product)->category) != NULL;
}

static bool is_capital(const struct insert *in, uint32_t at)
{
	char first = text_source(in->text).p[text_tokens(in->text)[at].start];
	return (first >= 'A' && first <= 'Z') || (first >= '0' && first <= '9');
}

/* Something hard on both sides: quotes, brackets, 《》, delimiters of emphasis, the borders of an item. */
static bool stands_alone(const struct insert *in, const struct candidate *c)
{
	const struct text_token *t = text_tokens(in->text);
	bool left = t[c->first].gap >= GAP_HARD, right = c->last >= c->window || t[c->last + 1].gap >= GAP_HARD;
	return left && right;
}

/* All its words begin with capitals, but little ones between them. */
static bool is_titled(const struct insert *in, const struct candidate *c)
{
	for (uint32_t i = c->first; i <= c->last; i++) {
		unsigned role = match_word(in->shelf->match, text_folded(in->text, i));
		bool small = i > c->first && i < c->last && (role & (MATCH_WORD_EDGE | MATCH_WORD_ARTICLE | MATCH_WORD_VERBAL));
		if (text_tokens(in->text)[i].kind == TEXT_HAN || (!small && !is_capital(in, i)))
			return false;
	}
	return true;
}

double work_chance(const struct insert *in, const struct candidate *c)
{
	const struct doc *entry = entry_for(in, catalog_product(in->shelf->catalog, c->ranked[0].product)->category);
	const struct text_token *t = text_tokens(in->text);
	if (!entry || !asks_for(in->question, doc_text(entry, "words", STR_NONE)))
		return 0;
	bool han = t[c->first].kind == TEXT_HAN, titled = is_titled(in, c);
	if (stands_alone(in, c) && (han || titled))
		return SURE;
	bool inside = c->first > 0 && t[c->first].gap <= GAP_SOFT && t[c->first - 1].sentence == t[c->first].sentence;
	return titled && (c->last > c->first || inside) ? LIKELY : 0;
}
