/* For whom it is: a dog's shampoo is no person's, a man's watch no gift for a wife, and where one made for sensitive skin is sold it goes
 * first. Whom a question asks for and whom a product is made for is told by words; they stand in rules/matching.yaml under `audiences`. */
#include "flow/candidate.h"

#include <string.h>

enum { MOST_AUDIENCES = 32, MOST_LOOKS = 24 };
#define WHOM_MARGIN 0.2 /* of a score: what fits less well is not chosen for whom it is made */

static const struct doc *audiences(const struct insert *in)
{
	return doc_get(in->shelf->rules->matching, "audiences");
}

static const struct doc *audience_at(const struct doc *all, size_t i)
{
	return all && all->kind == DOC_LIST && i < all->count && i < MOST_AUDIENCES ? &all->items[i] : NULL;
}

static bool says_one(struct str text, const struct doc *words)
{
	for (size_t i = 0; words && words->kind == DOC_LIST && i < words->count; i++)
		if (words->items[i].text.n > 0 && said_word(text, words->items[i].text))
			return true;
	return false;
}

/* The audiences whose words (under key) the text has. */
static uint32_t audiences_of(const struct insert *in, struct str folded, const char *key)
{
	const struct doc *all = audiences(in);
	const struct doc *d;
	uint32_t found = 0;
	for (size_t i = 0; (d = audience_at(all, i)) != NULL; i++)
		if (says_one(folded, doc_get(d, key)))
			found |= 1u << i;
	return found;
}

void whom_read(struct insert *in)
{
	struct buf folded;
	buf_init(&folded, 1u << 18);
	text_fold(str_sub(in->asked, 0, 16384), &folded);
	in->said.asked_for = audiences_of(in, buf_str(&folded), "asks");
	buf_done(&folded);
}

static bool list_names(const struct doc *list, struct str name)
{
	for (size_t i = 0; list && list->kind == DOC_LIST && i < list->count; i++)
		if (str_eq(list->items[i].text, name))
			return true;
	return false;
}

/* Is what is made for these no good for those who asked? */
static bool is_unfit(const struct insert *in, uint32_t made_for, uint32_t asked_for)
{
	const struct doc *all = audiences(in);
	const struct doc *d, *other;
	for (size_t i = 0; (d = audience_at(all, i)) != NULL; i++) {
		if (!(made_for & ~asked_for & 1u << i))
			continue;
		bool only = false;
		if (doc_bool(d, "only", false, &only, NULL) != OK || (only && !(made_for & asked_for)))
			return true;
		for (size_t k = 0; (other = audience_at(all, k)) != NULL; k++)
			if ((asked_for & 1u << k) && list_names(doc_get(d, "not_for"), doc_text(other, "name", STR_NONE)))
				return true;
	}
	return false;
}

static bool lies_under(const struct insert *in, const char *list, struct str category)
{
	const struct doc *kinds = doc_get(in->shelf->rules->matching, list);
	for (size_t i = 0; kinds && kinds->kind == DOC_LIST && i < kinds->count; i++)
		if (str_find(category, kinds->items[i].text, 0) < category.n)
			return true;
	return false;
}

/* What is put on a body or eaten by one of these must be made for them: no person's shampoo for a dog. */
static bool must_be_made_for(const struct insert *in, uint32_t asked_for, struct str category)
{
	const struct doc *all = audiences(in);
	const struct doc *d;
	bool bodily = lies_under(in, "bodily", category), own = false;
	for (size_t i = 0; bodily && (d = audience_at(all, i)) != NULL; i++) {
		bool needs = false;
		own |= (asked_for & 1u << i) && doc_bool(d, "bodily", false, &needs, NULL) == OK && needs;
	}
	return own;
}

enum fitness { UNFIT, FIT_FOR_ALL, MADE_FOR };

static enum fitness fitness_of(const struct insert *in, const struct product *p, uint32_t asked_for)
{
	struct buf folded;
	buf_init(&folded, 16384);
	text_fold(p->title, &folded);
	uint32_t made_for = audiences_of(in, buf_str(&folded), "has");
	bool failed = folded.failed;
	buf_done(&folded);
	if (failed || (!lies_under(in, "playful", p->category) && is_unfit(in, made_for, asked_for)))
		return UNFIT;
	if (made_for & asked_for)
		return MADE_FOR;
	return must_be_made_for(in, asked_for, p->category) ? UNFIT : FIT_FOR_ALL;
}

/* The words of the phrase ask too: a dog bed, 婴儿洗发水. */
static uint32_t asked_by(const struct insert *in, const struct candidate *c)
{
	struct buf folded;
	buf_init(&folded, 4096);
	text_fold(str_sub(text_source(in->text), c->from, c->to), &folded);
	uint32_t asked = audiences_of(in, buf_str(&folded), "has");
	buf_done(&folded);
	return asked | in->said.asked_for;
}

/* Each look at a title costs: without anybody to look for, the first that fits is enough, and its rivals are taken as they are. */
size_t whom_sort(const struct insert *in, const struct candidate *c, struct match_ranked *ranked, size_t n)
{
	bool named = c->words.kind == MATCH_MODEL || c->words.kind == MATCH_PRODUCT;
	if (named || n == 0) /* who names it knows whom it is for */
		return n;
	uint32_t asked_for = asked_by(in, c);
	size_t kept = 0;
	double best = ranked[0].score;
	for (size_t i = 0; i < n; i++) {
		bool look = i < MOST_LOOKS && (kept == 0 || (asked_for != 0 && ranked[i].score >= best - WHOM_MARGIN));
		enum fitness fit = look ? fitness_of(in, catalog_product(in->shelf->catalog, ranked[i].product), asked_for) : FIT_FOR_ALL;
		if (fit == UNFIT || (!look && kept == 0))
			continue;
		ranked[kept++] = ranked[i];
		if (fit == MADE_FOR) {
			struct match_ranked first = ranked[kept - 1];
			memmove(ranked + 1, ranked, (kept - 1) * sizeof *ranked);
			ranked[0] = first;
			asked_for = 0;
		}
	}
	return kept;
}
