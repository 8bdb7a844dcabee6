/* plural.c: which plurals are the same word as their singular. Decided by the titles: the two must stand in
 * titles of the same categories. So tents are tents, while glasses are not glass. */
#include "match/plural.h"

#include <stdlib.h>

enum { FEW = 5 };
#define SHARED_ENOUGH 0.15
#define RARE_ENOUGH 0.1

/* The categories of the titles that mention each word. */
struct spread {
	uint32_t *at; /* of word w from first[w] to first[w + 1], rising, one for each mention */
	uint32_t *first;
	uint32_t words;
};

static int cmp_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static size_t first_of(const struct spread *s, uint32_t word)
{
	return s->first[word < s->words ? word : s->words];
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
		uint32_t category = s->at[ia];
		size_t ka = run(s, ia, ea);
		while (ib < eb && s->at[ib] < category)
			ib++;
		size_t kb = ib < eb && s->at[ib] == category ? run(s, ib, eb) : 0;
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

/* A work's title says nothing about what its words are. */
static bool tells(const struct titles *t, uint32_t category)
{
	return category != 0 && !t->category_work[category];
}

static void count_mentions(const struct titles *t, struct spread *s, bool put)
{
	for (size_t p = 0; p < t->title.count; p++) {
		struct slice title = wordlists_get(&t->title, p);
		uint32_t category = t->category[p];
		for (size_t i = 0; tells(t, category) && i < title.n; i++) {
			if (title.p[i].flags & (WORD_HAN | WORD_DIGIT))
				continue;
			if (put)
				s->at[s->first[title.p[i].id + 1]++] = category;
			else
				s->first[title.p[i].id + 2]++;
		}
	}
}

static bool spread_read(const struct titles *t, struct spread *s)
{
	uint32_t words = t->lexicon.count;
	s->words = words;
	s->at = malloc((t->title.word_count + 1) * sizeof(*s->at));
	s->first = calloc((size_t)words + 2, sizeof(*s->first));
	if (s->at == NULL || s->first == NULL)
		return false;
	count_mentions(t, s, false);
	for (uint32_t w = 2; w < words + 2; w++)
		s->first[w] += s->first[w - 1];
	count_mentions(t, s, true);
	for (uint32_t w = 0; w < words; w++)
		if (s->first[w + 1] - s->first[w] > 1)
			qsort(s->at + s->first[w], s->first[w + 1] - s->first[w], sizeof(*s->at), cmp_u32);
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

static uint32_t root_of(const struct lexicon *x, uint32_t id)
{
	for (int guard = 0; guard < 4 && x->same[id] != id; guard++)
		id = x->same[id];
	return id;
}

/* Two spellings are one word: what the titles do not have is added, so that answers may have it. */
static bool join_spelling(struct lexicon *x, struct str a, struct str b)
{
	uint32_t ia = map_get(x->ids, a), ib = map_get(x->ids, b);
	if (ia == MAP_NONE && ib == MAP_NONE)
		return true;
	if (ia == MAP_NONE || ib == MAP_NONE) {
		uint32_t have = ia == MAP_NONE ? ib : ia, made = lexicon_add(x, ia == MAP_NONE ? a : b);
		if (made == WORD_NONE)
			return false;
		x->same[made] = root_of(x, have);
		return true;
	}
	x->same[root_of(x, ib)] = root_of(x, ia);
	return true;
}

static bool join_spellings(struct lexicon *x, const struct tuning *tune)
{
	for (size_t i = 0; i < tune->spelling_count; i++)
		if (!join_spelling(x, tune->spelling[i].a, tune->spelling[i].b))
			return false;
	return true;
}

bool plurals_join(struct titles *t, const struct tuning *tune)
{
	struct spread s = {0};
	if (!spread_read(t, &s)) {
		free(s.at);
		free(s.first);
		return false;
	}
	uint32_t words = t->lexicon.count;
	bool fine = true;
	for (uint32_t w = 0; fine && w < words; w++)
		fine = join_word(&t->lexicon, &s, w);
	free(s.at);
	free(s.first);
	fine = fine && join_spellings(&t->lexicon, tune);
	lexicon_flatten(&t->lexicon);
	rename_words(&t->lexicon, &t->title);
	rename_words(&t->lexicon, &t->name);
	rename_words(&t->lexicon, &t->path);
	rename_words(&t->lexicon, &t->called);
	return fine;
}
