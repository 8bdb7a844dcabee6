/* works.c: books, games and programs are called by their names: "Ticket to Ride: Europe board game", "The Book Thief by Markus Zusak". The
 * name is what stands before the bracket, the colon, the byline and the kind of work. */
#include "match/phrases.h"

#include <math.h>

enum { LONGEST_WORK = 9, LONGEST_HAN_WORK = 12, SHORTEST_HAN_WORK = 2, SHORTEST_SUBTITLE = 3, SHORTEST_LETTERS = 4, LONGEST_KIND = 2 };
#define LEAST_TELLING 0.05

/* The more unusual the words of a work's title, the surer that it is meant: 0 for "it", near 1 for "war and peace". */
static double rarity(const struct phrases *f, struct slice w)
{
	double bits = 0, n = (double)f->titles->population + 1;
	for (size_t i = 0; i < w.n; i++)
		bits += log2(n / (phrases_frequency(f, w.p[i].id) + 1));
	double r = (bits - 14) / 30;
	return r < 0 ? 0 : r > 1 ? 1 : r;
}

/* The words up to the first bracket or colon, and to the last "by". */
static uint32_t name_end(struct slice title)
{
	uint32_t end = title.n > 0;
	while (end < title.n && title.p[end].gap < GAP_HARD)
		end++;
	for (uint32_t i = end; i-- > 1;)
		if (title.p[i].roles & ROLE_BYLINE)
			return i;
	return end;
}

/* Where the whole title's name ends, subtitle and all. */
static uint32_t whole_end(struct slice title)
{
	for (uint32_t i = (uint32_t)title.n; i-- > 1;)
		if (title.p[i].roles & ROLE_BYLINE)
			return i;
	return (uint32_t)title.n;
}

static bool is_work(const struct titles *t, uint32_t product)
{
	return t->category_work[t->category[product]];
}

/* Without the kind at the end: Ticket to Ride | board game. */
static uint32_t without_kind(const struct phrases *f, struct slice title, uint32_t end)
{
	for (uint32_t n = LONGEST_KIND; n > 0; n--)
		if (end > n && (heads_roles(f->titles, f->tune, (struct slice){title.p + end - n, n}) & ROLE_WORK_KIND))
			return end - n;
	return end;
}

/* ---- names ------------------------------------------------------------------------------------- */

/* "It" and 他 are names of works, but as words they are found everywhere. */
static bool is_name(struct slice w, const struct titles *t)
{
	size_t han = 0, letters = 0;
	for (size_t i = 0; i < w.n; i++) {
		han += (w.p[i].flags & WORD_HAN) != 0;
		letters += w.p[i].flags & WORD_HAN ? 0 : lexicon_text(&t->lexicon, w.p[i].id).n;
	}
	if (han > 0)
		return w.n <= LONGEST_HAN_WORK && (han >= SHORTEST_HAN_WORK || letters >= SHORTEST_LETTERS);
	bool alone = w.n == 1 && (w.p[0].roles & (ROLE_LINK | ROLE_BREAK | ROLE_TAIL));
	return w.n > 0 && w.n <= LONGEST_WORK && letters >= SHORTEST_LETTERS && !alone;
}

static bool put_work(struct phrases *f, uint32_t product, struct slice title)
{
	uint32_t end = name_end(title), whole = without_kind(f, title, whole_end(title));
	if (end > whole)
		end = whole;
	struct slice name = {title.p, end}, rest = {title.p + end, whole - end};
	enum fit fit = rest.n == 0 ? FIT_WHOLE : FIT_HEAD;
	if (is_name(name, f->titles) && !phrases_put(f, name, product, fit, MATCH_PRODUCT, fmax(LEAST_TELLING, 0.8 * rarity(f, name))))
		return false;
	bool subtitle = rest.n >= SHORTEST_SUBTITLE && rest.p[0].gap >= GAP_CLAUSE && is_name(rest, f->titles);
	return !subtitle || phrases_put(f, rest, product, FIT_LATER, MATCH_PRODUCT, fmax(LEAST_TELLING, 0.6 * rarity(f, rest)));
}

bool phrases_works(struct phrases *f)
{
	const struct titles *t = f->titles;
	bool fine = true;
	for (uint32_t p = 0; fine && p < t->title.count; p++)
		fine = !is_work(t, p) || put_work(f, p, wordlists_get(&t->title, p));
	return fine;
}
