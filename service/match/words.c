/* words.c: what single words do in an answer, and how the titles use them. */
#include "match/index.h"

#include <stdlib.h>
#include <string.h>

unsigned match_word(const struct match_index *ix, struct str folded)
{
	static const struct {
		unsigned role, bit;
	} bits[] = {
	        {ROLE_LINK | ROLE_BREAK | ROLE_EDGE, MATCH_WORD_EDGE},
	        {ROLE_ARTICLE, MATCH_WORD_ARTICLE},
	        {ROLE_ADVICE, MATCH_WORD_ADVICE},
	        {ROLE_VERBAL, MATCH_WORD_VERBAL},
	        {ROLE_GENERIC, MATCH_WORD_PLAIN},
	        {ROLE_UNIT, MATCH_WORD_UNIT},
	        {ROLE_LISTING, MATCH_WORD_LISTING},
	        {ROLE_TAIL, MATCH_WORD_TAIL},
	        {ROLE_BREAK, MATCH_WORD_BEHIND},
	        {ROLE_MEASURE, MATCH_WORD_MEASURE},
	        {ROLE_NUMBER, MATCH_WORD_NUMBER},
	        {ROLE_PART, MATCH_WORD_PART},
	};
	unsigned roles = tuning_roles(&ix->tune, folded), out = 0;
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if (roles & bits[i].role)
			out |= bits[i].bit;
	return out;
}

enum {
	LOOKED_AT = 2048, /* titles with a word, of which so many are looked at */
	SAMPLED = 256,    /* of them, for the departments they lie in */
	FEW_TITLES = 2,   /* with so many a word counts half */
};

uint32_t match_used(const struct match_index *ix, uint32_t phrase, struct str before, struct str folded, uint32_t most)
{
	char space[16];
	struct str word = folded;
	if (before.n > 0 && !terms_bigram(before, folded, space, &word))
		return 0;
	uint32_t used = 0, category = phrase == UINT32_MAX ? 0 : entry_of(ix, phrase)->category;
	const struct match_index *counted = ix->under == NULL ? ix : ix->under;
	const struct terms *x = &counted->terms;
	uint32_t id = lexicon_find(&counted->titles.lexicon, word);
	if (id >= x->count)
		return 0;
	uint32_t n = x->inverted_first[id + 1] - x->inverted_first[id];
	for (uint32_t i = 0; i < n && i < LOOKED_AT && used < most; i++) {
		uint32_t have = counted->titles.category[x->inverted_product[x->inverted_first[id] + i]];
		used += category == 0 || titles_common(&ix->titles, have, category) == category;
	}
	return used;
}

static uint32_t step_of(const struct titles *t, uint32_t category, unsigned depth)
{
	while (t->category_depth[category] > depth)
		category = t->category_parent[category];
	return category;
}

size_t match_departments(const struct match_index *ix)
{
	return ix->titles.category_count;
}

uint32_t match_department(const struct match_index *ix, uint32_t product)
{
	return step_of(&ix->titles, product_category(ix, product), 2);
}

uint32_t match_realm(const struct match_index *ix, uint32_t department)
{
	return step_of(&ix->titles, department, 1);
}

void match_spread(const struct match_index *ix, struct str before, struct str folded, double *sums)
{
	char space[16];
	struct str word = folded;
	const struct match_index *counted = ix->under == NULL ? ix : ix->under;
	const struct terms *x = &counted->terms;
	if (before.n > 0 && !terms_bigram(before, folded, space, &word))
		return;
	uint32_t id = lexicon_find(&counted->titles.lexicon, word);
	uint32_t n = id >= x->count ? 0 : x->inverted_first[id + 1] - x->inverted_first[id], step = n / SAMPLED + 1;
	double each = n == 0 ? 0 : (double)step / (n + FEW_TITLES);
	for (uint32_t i = 0; i < n; i += step)
		sums[step_of(&counted->titles, counted->titles.category[x->inverted_product[x->inverted_first[id] + i]], 2)] += each;
}

/* A camp stove is a camping stove: the verb of a name in -ing calls the category too, unless it is an everyday word. */
static void call_verb(struct match_index *ix, struct str name)
{
	char verb[32];
	if (name.n <= 5 || name.n > sizeof(verb) || !str_ends(name, STR("ing")))
		return;
	memcpy(verb, name.p, name.n);
	verb[name.n - 3] = 'e';
	for (size_t n = name.n - 3; n <= name.n - 2; n++) {
		uint32_t id = lexicon_find(&ix->titles.lexicon, (struct str){verb, n});
		if (id < ix->titles.lexicon.count && tuning_roles(&ix->tune, (struct str){verb, n}) == 0)
			ix->calls[id] = 1;
	}
}

static void call_word(struct match_index *ix, const struct word *w)
{
	if (w->roles & (ROLE_TAIL | ROLE_LINK | ROLE_BREAK | ROLE_UNIT))
		return;
	ix->calls[w->id] = 1;
	call_verb(ix, lexicon_text(&ix->titles.lexicon, w->id));
}

bool words_build(struct match_index *ix)
{
	const struct titles *t = &ix->titles;
	ix->calls = calloc((size_t)t->lexicon.count + 1, sizeof(*ix->calls));
	for (size_t list = 0; ix->calls != NULL && list < t->called.count; list++) {
		struct slice name = wordlists_get(&t->called, list);
		for (size_t i = 0; i < name.n; i++)
			call_word(ix, &name.p[i]);
	}
	ix->calls_count = t->lexicon.count;
	return ix->calls != NULL;
}

bool match_calls(const struct match_index *ix, struct str folded)
{
	const struct match_index *counted = ix->under == NULL ? ix : ix->under;
	uint32_t id = lexicon_find(&counted->titles.lexicon, folded);
	return id < counted->calls_count && counted->calls[id] != 0;
}
