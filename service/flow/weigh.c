/* How likely an editor would link a candidate: a logistic sum of its facts, with the weights of rules/matching.yaml. */
#include "flow/candidate.h"

#include <math.h>
#include <string.h>

#define WORLD_WORDS 64 /* of the question, from its end */
#define EARLY_WORDS 50.0
#define TITLES_KNOW 3 /* so many titles have a word that they know */

static const char *const names[FACT_COUNT] = {
#define X(name) #name,
        FACTS(X)
#undef X
};

static enum status read_weights(const struct doc *d, double weights[], struct err *e)
{
	enum status s = OK;
	for (size_t i = 0; s == OK && i < FACT_COUNT; i++)
		s = doc_real(d, names[i], 0, &weights[i], e);
	return s;
}

enum status weigh_rules(const struct doc *matching, struct shelf *s, struct err *e)
{
	const struct doc *d = doc_get(matching, "weigh");
	enum status st = doc_real(d, "enough", 0, &s->enough, e);
	if (st == OK)
		st = doc_real(d, "last_place", 0, &s->last_place, e);
	if (st == OK)
		st = read_weights(d, s->weigh, e);
	return st != OK ? st : read_weights(doc_get(matching, "weigh_han"), s->weigh_han, e);
}

double weigh_pull(const struct insert *in, const struct candidate *c, enum fact f)
{
	return c->fact[f] * (in->shelf->weigh[f] + c->fact[FACT_han] * in->shelf->weigh_han[f]);
}

const char *weigh_name(enum fact f)
{
	return names[f];
}

/* ---- the question ------------------------------------------------------------------------- */

static bool has_phrase(const uint32_t *list, uint32_t n, uint32_t phrase)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i] == phrase)
			return true;
	return false;
}

/* Sorts the question's hits: kinds that are asked for, and those that only begin the name of another (an espresso machine in an
 * espresso machine cleaner). */
/* Does a part of the thing follow in the question: a bike | rack, 电饭煲 | 内胆? */
static bool part_follows(const struct insert *in, uint32_t last)
{
	const struct text *q = in->question;
	if (last + 1 >= text_count(q) || text_tokens(q)[last + 1].gap > GAP_SOFT)
		return false;
	struct str next = text_folded(q, last + 1);
	bool pair = last + 2 < text_count(q) && text_tokens(q)[last + 2].gap == GAP_NONE && text_tokens(q)[last + 1].kind == TEXT_HAN;
	struct str more = pair ? text_folded(q, last + 2) : STR_NONE;
	char both[16];
	unsigned roles = match_word(in->shelf->match, next), two = 0;
	if (pair && next.n + more.n <= sizeof both) {
		memcpy(both, next.p, next.n);
		memcpy(both + next.n, more.p, more.n);
		two = match_word(in->shelf->match, (struct str){both, next.n + more.n});
	}
	return (two & MATCH_WORD_PART) || ((roles & MATCH_WORD_PART) && !(two & (MATCH_WORD_PLAIN | MATCH_WORD_EDGE)));
}

static void sort_asked(struct insert *in, const struct match_hit *hit, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		bool begins = part_follows(in, hit[i].last);
		for (uint32_t k = 0; k < n; k++)
			begins |= hit[k].first == hit[i].first && hit[k].last > hit[i].last;
		if (!begins)
			in->asked_phrase[in->asked_count++] = hit[i].phrase;
	}
	for (uint32_t i = 0; i < n; i++)
		if (!has_phrase(in->asked_phrase, in->asked_count, hit[i].phrase))
			in->within_phrase[in->within_count++] = hit[i].phrase;
}

bool weigh_only_within(const struct insert *in, uint32_t phrase)
{
	return has_phrase(in->within_phrase, in->within_count, phrase);
}

bool weigh_is_asked(const struct insert *in, uint32_t phrase)
{
	return has_phrase(in->asked_phrase, in->asked_count, phrase);
}

void weigh_question(struct insert *in)
{
	struct match_scan scan;
	struct match_hit hits[MATCH_MAX_TOKENS], asked[INSERT_ASKED];
	uint32_t asked_count = 0;
	const struct text *q = in->question;
	match_scan_init(&scan, in->shelf->match);
	for (uint32_t i = 0; i < text_count(q); i++) {
		struct str w = text_folded(q, i);
		in->listing |= (match_word(in->shelf->match, w) & MATCH_WORD_LISTING) != 0;
		size_t n = match_scan_push(&scan, w, (enum text_gap)text_tokens(q)[i].gap, hits);
		for (size_t k = 0; k < n && asked_count < INSERT_ASKED; k++) {
			struct match_phrase p = match_phrase(in->shelf->match, hits[k].phrase);
			if (p.kind != MATCH_BRAND && p.telling >= 0.2)
				asked[asked_count++] = hits[k];
		}
	}
	sort_asked(in, asked, asked_count);
}

/* The first two steps of a path. */
static struct str department(struct str path)
{
	size_t one = str_find(path, STR(" > "), 0);
	return one == path.n ? path : str_sub(path, 0, str_find(path, STR(" > "), one + 3));
}

static void compare_question(const struct insert *in, struct candidate *c)
{
	struct str mine = department(c->words.category);
	bool kin = false;
	for (uint32_t i = 0; i < in->asked_count; i++) {
		kin |= in->asked_phrase[i] == c->phrase;
		kin |= mine.n > 0 && str_eq(mine, department(match_phrase(in->shelf->match, in->asked_phrase[i]).category));
	}
	c->fact[FACT_stranger] = in->asked_count > 0 && !kin && !in->listing;
	c->fact[FACT_asked] = !(c->fact[FACT_item] > 0) && weigh_is_asked(in, c->phrase);
}

/* ---- worlds of goods ---------------------------------------------------------------------- */

/* Everyday words, numbers and what binds say nothing about a world. */
static void spread_question(const struct insert *in, double *sums)
{
	const struct text *q = in->question;
	uint32_t count = (uint32_t)text_count(q), first = count > WORLD_WORDS ? count - WORLD_WORDS : 0;
	for (uint32_t i = first; i < count; i++) {
		struct str w = text_folded(q, i);
		const struct text_token *t = &text_tokens(q)[i];
		bool han = t->kind == TEXT_HAN, pair = han && i > 0 && t[-1].kind == TEXT_HAN && t->gap == GAP_NONE;
		unsigned says_nothing = MATCH_WORD_EDGE | MATCH_WORD_PLAIN | MATCH_WORD_TAIL | MATCH_WORD_ARTICLE;
		if (han ? pair : !(match_word(in->shelf->match, w) & says_nothing))
			match_spread(in->shelf->match, pair ? text_folded(q, i - 1) : STR_NONE, w, sums);
	}
}

/* Departments, and behind them their realms, in one array. */
void weigh_world(struct insert *in)
{
	if (in->world != NULL)
		return;
	size_t n = match_departments(in->shelf->match);
	double *sums = ARENA_TAKE(in->a, double, 2 * n);
	if (sums == NULL)
		return;
	spread_question(in, sums);
	for (uint32_t d = 0; d < n; d++) {
		double *realm = &sums[n + match_realm(in->shelf->match, d)];
		*realm += sums[d];
		in->world_most = fmax(in->world_most, sums[d]);
		in->realm_most = fmax(in->realm_most, *realm);
	}
	in->world = sums;
}

static void compare_world(struct insert *in, struct candidate *c)
{
	uint32_t mine = match_department(in->shelf->match, c->ranked[0].product), kin = 0;
	size_t realms = match_departments(in->shelf->match);
	if (in->world != NULL && in->world_most > 0) {
		c->fact[FACT_world] = in->world[mine] / in->world_most;
		c->fact[FACT_realm] = in->world[realms + match_realm(in->shelf->match, mine)] / in->realm_most;
	}
	uint32_t n = in->seen_count < INSERT_SEEN ? in->seen_count : INSERT_SEEN;
	for (uint32_t i = 0; i < n; i++) {
		kin += in->seen_department[i] == mine;
		c->fact[FACT_again] = fmax(c->fact[FACT_again], in->seen_phrase[i] == c->phrase);
	}
	c->fact[FACT_company] = n > 0 ? (double)kin / n : 0;
}

void weigh_seen(struct insert *in, const struct candidate *c)
{
	uint32_t at = in->seen_count++ % INSERT_SEEN;
	in->seen_phrase[at] = c->phrase;
	in->seen_department[at] = c->ranked_count > 0 ? match_department(in->shelf->match, c->ranked[0].product) : UINT32_MAX;
}

bool weigh_lies_below(struct str category, struct str top)
{
	return str_starts(category, top) && (category.n == top.n || str_starts(str_sub(category, top.n, category.n), STR(" > ")));
}

/* Does a category lie in one of a list's? */
static bool lies_in(const struct insert *in, const char *list, struct str category)
{
	const struct doc *d = doc_get(in->shelf->rules->matching, list);
	for (size_t i = 0; d && d->kind == DOC_LIST && i < d->count; i++)
		if (weigh_lies_below(category, d->items[i].text))
			return true;
	return false;
}

/* ---- the candidate ------------------------------------------------------------------------------ */

static size_t steps(struct str path)
{
	size_t n = path.n > 0;
	for (size_t at = str_find(path, STR(" > "), 0); at < path.n; at = str_find(path, STR(" > "), at + 3))
		n++;
	return n;
}

static double loose_share(const struct insert *in, const struct candidate *c)
{
	double words = 0, loose = 0;
	const struct text_token *t = text_tokens(in->text);
	for (uint32_t i = c->first; i <= c->last; i++) {
		bool pair = t[i].kind == TEXT_HAN, hit = i >= c->hit && i <= c->hit_last;
		if (hit || (pair && (i == 0 || t[i - 1].kind != TEXT_HAN)))
			continue;
		words++;
		loose += !match_has(
		        in->shelf->match, c->ranked[0].product, pair ? text_folded(in->text, i - 1) : STR_NONE, text_folded(in->text, i));
	}
	return words > 0 ? loose / words : 0;
}

/* "Wheel cleaner" is no kitchen cleaner: a word that titles know, before the noun, makes another thing of it unless the product has it; the
 * more so where no title of the kind has it. */
static void compare_modifier(const struct insert *in, struct candidate *c)
{
	uint32_t at = c->hit - 1;
	if (c->hit == c->first)
		return;
	const struct text_token *t = &text_tokens(in->text)[at];
	bool han = t->kind == TEXT_HAN, pair = han && at > c->first && t[-1].kind == TEXT_HAN && t->gap == GAP_NONE;
	if (han && !pair)
		return;
	const struct match_index *ix = in->shelf->match;
	struct str before = pair ? text_folded(in->text, at - 1) : STR_NONE, w = text_folded(in->text, at);
	c->fact[FACT_lacks] =
	        !match_has(ix, c->ranked[0].product, before, w) && match_used(ix, UINT32_MAX, before, w, TITLES_KNOW) >= TITLES_KNOW;
	c->fact[FACT_foreign] =
	        c->fact[FACT_lacks] > 0 && !(match_word(ix, w) & MATCH_WORD_PLAIN) && match_used(ix, c->phrase, before, w, 1) == 0;
}

void weigh_candidate(struct insert *in, struct candidate *c)
{
	double *f = c->fact, sum = 0;
	f[FACT_bias] = 1;
	f[FACT_telling] = c->words.telling;
	f[FACT_score] = c->ranked[0].score;
	f[FACT_content] = c->ranked[0].content;
	f[FACT_intent] = in->intent.score;
	f[FACT_listing] = in->listing;
	f[FACT_named] = c->words.kind == MATCH_MODEL || c->words.kind == MATCH_PRODUCT;
	f[FACT_branded] = c->words.kind == MATCH_BRANDED || c->maker;
	compare_modifier(in, c);
	f[FACT_loose] = loose_share(in, c);
	f[FACT_depth] = (double)steps(c->words.category) / 5;
	f[FACT_food] = lies_in(in, "groceries", c->words.category);
	f[FACT_fresh] = lies_in(in, "fresh", c->words.category);
	f[FACT_small] = 1 - fmin(1, log10((double)catalog_count(in->shelf->catalog) + 1) / 4);
	f[FACT_listed] = in->listing && (f[FACT_item] > 0 || f[FACT_series] > 0);
	f[FACT_share] = c->words.share;
	f[FACT_noun] = c->words.noun;
	f[FACT_support] = fmin(1, log10((double)c->words.total + 1) / 3);
	f[FACT_elsewhere] = 1 - 1 / (1.0 + in->elsewhere);
	f[FACT_fit] = c->ranked[0].phrase;
	f[FACT_early] = EARLY_WORDS / (EARLY_WORDS + (double)c->first);
	compare_question(in, c);
	compare_world(in, c);
	for (size_t i = 0; i < FACT_COUNT; i++)
		sum += weigh_pull(in, c, (enum fact)i);
	c->chance = work_is(in, c) ? work_chance(in, c) : 1 / (1 + exp(-sum));
}
