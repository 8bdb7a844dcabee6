/* plural.c: which plurals are the same word as their singular. Decided by the titles: the two must stand in
 * titles of the same categories. So tents are tents, while glasses are not glass. */
#include "match/plural.h"

#include <stdlib.h>

enum { FEW = 5 };
#define SHARED_ENOUGH 0.15
#define RARE_ENOUGH 0.1

/* One word's categories, most of them few. */
struct spread {
	uint64_t *at; /* sorted: word << 32 | category, one for each title's mention */
	size_t n;
};

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x, y;
	x = *(const uint64_t *)a;
	y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static size_t first_of(const struct spread *s, uint32_t word)
{
	size_t lo = 0, hi = s->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->at[mid] < (uint64_t)word << 32)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t run(const struct spread *s, size_t i, size_t end)
{
	size_t j = i;
	while (j < end && s->at[j] == s->at[i])
		j++;
	return j - i;
}

/* How much two words' categories have in common, 0..1; *top: share of the second in the first's main category. */
static double spread_overlap(const struct spread *s, uint32_t a, uint32_t b, double *top)
{
	size_t ia = first_of(s, a), ea = first_of(s, a + 1), ib = first_of(s, b), eb = first_of(s, b + 1);
	double na = (double)(ea - ia), nb = (double)(eb - ib), sum = 0;
	size_t most = 0;
	*top = 0;
	while (ia < ea) {
		uint32_t category = (uint32_t)s->at[ia];
		size_t ka = run(s, ia, ea);
		while (ib < eb && (uint32_t)s->at[ib] < category)
			ib++;
		size_t kb = ib < eb && (uint32_t)s->at[ib] == category ? run(s, ib, eb) : 0;
		double pa = (double)ka / na, pb = (double)kb / nb;
		sum += pa < pb ? pa : pb;
		if (ka > most) {
			most = ka;
			*top = pb;
		}
		ia += ka;
	}
	return sum;
}

static bool same_thing(const struct spread *s, uint32_t a, uint32_t b)
{
	size_t na = first_of(s, a + 1) - first_of(s, a), nb = first_of(s, b + 1) - first_of(s, b);
	if (na == 0 || nb == 0)
		return true;
	if (na > nb) {
		uint32_t t = a;
		a = b;
		b = t;
		na = nb;
	}
	double top, overlap = spread_overlap(s, a, b, &top);
	return na < FEW ? top >= RARE_ENOUGH : overlap >= SHARED_ENOUGH;
}

static bool spread_read(const struct titles *t, struct spread *s)
{
	s->n = 0;
	s->at = malloc((t->title.word_count + 1) * sizeof(*s->at));
	if (s->at == NULL)
		return false;
	for (size_t p = 0; p < t->title.count; p++) {
		struct slice title = wordlists_get(&t->title, p);
		uint32_t category = t->category[p];
		/* A work's title says nothing about what its words are. */
		if (category == 0 || t->category_work[category])
			continue;
		for (size_t i = 0; i < title.n; i++)
			if (!(title.p[i].flags & (WORD_HAN | WORD_DIGIT)))
				s->at[s->n++] = (uint64_t)title.p[i].id << 32 | category;
	}
	qsort(s->at, s->n, sizeof(*s->at), cmp_u64);
	return true;
}

static bool join_word(struct lexicon *x, const struct spread *s, uint32_t plural)
{
	char out[2][64];
	struct str got[2];
	size_t n = lexicon_singulars(x->text[plural], out, got);
	for (size_t i = 0; i < n; i++) {
		uint32_t singular = map_get(x->ids, got[i]);
		if (singular == MAP_NONE)
			continue;
		if (!same_thing(s, plural, singular))
			return true;
		/* The commoner one stands for both: "lens" of "lens" and a stray "len". */
		if (first_of(s, plural + 1) - first_of(s, plural) > first_of(s, singular + 1) - first_of(s, singular))
			x->same[singular] = plural;
		else
			x->same[plural] = singular;
		return true;
	}
	if (n == 0)
		return true;
	/* Only the plural is in the titles: its singular is the same word. */
	uint32_t made = lexicon_add(x, got[0]);
	if (made == WORD_NONE)
		return false;
	x->same[made] = plural;
	return true;
}

static void rename_words(const struct lexicon *x, struct wordlists *l)
{
	for (size_t i = 0; i < l->word_count; i++)
		l->words[i].id = x->same[l->words[i].id];
}

bool plurals_join(struct titles *t)
{
	struct spread s;
	if (!spread_read(t, &s))
		return false;
	uint32_t words = t->lexicon.count;
	bool fine = true;
	for (uint32_t w = 0; fine && w < words; w++)
		fine = join_word(&t->lexicon, &s, w);
	free(s.at);
	lexicon_flatten(&t->lexicon);
	rename_words(&t->lexicon, &t->title);
	rename_words(&t->lexicon, &t->name);
	rename_words(&t->lexicon, &t->path);
	rename_words(&t->lexicon, &t->called);
	return fine;
}
