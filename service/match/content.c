/* content.c: windows of sums, and titles as bags of words alone. */
#include "match/content.h"
#include "match/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- windows ---------------------------------------------------------------------------- */

static bool add_list(struct content_sweep *s, struct content_list *l)
{
	uint32_t at = l->at, end = s->from + CONTENT_WINDOW;
	for (; at < l->end && l->product[at] < end; at++)
		s->sum[l->product[at] - s->from] = (uint16_t)(s->sum[l->product[at] - s->from] + l->worth[l->impact[at]]);
	bool any = at > l->at;
	l->at = at;
	return any;
}

/* Windows in which no list has anything are passed over. */
static bool fill(struct content_sweep *s)
{
	bool any = false;
	for (; !any && s->from < s->products; s->from += any ? 0 : CONTENT_WINDOW)
		for (size_t i = 0; i < s->count; i++)
			any |= add_list(s, &s->list[i]);
	s->next = 0;
	return any;
}

void content_begin(struct content_sweep *s)
{
	memset(s->sum, 0, sizeof(s->sum));
	s->from = 0;
	if (!fill(s))
		s->next = CONTENT_WINDOW;
}

/* The compiler's own vectors: some instruction of any machine compares eight sums at once. */
typedef uint16_t lanes __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

/* The first step from `at` on with a sum over `over`, or the window's end; those before it are cleared. */
static uint32_t pass_over(lanes *sum, uint32_t at, uint16_t over)
{
	for (; at < CONTENT_WINDOW; at += CONTENT_STEP) {
		lanes *l = sum + at / 8;
		halves found = (halves)((l[0] > over) | (l[1] > over) | (l[2] > over) | (l[3] > over));
		if ((found[0] | found[1]) != 0)
			return at;
		l[0] = l[1] = l[2] = l[3] = (lanes){0};
	}
	return at;
}

static bool next_here(struct content_sweep *s, uint16_t over, uint32_t *product_out, uint16_t *sum_out)
{
	while (s->next < CONTENT_WINDOW) {
		if (s->next % CONTENT_STEP == 0)
			s->next = pass_over((lanes *)(void *)s->sum, s->next, over);
		if (s->next == CONTENT_WINDOW)
			return false;
		uint16_t sum = s->sum[s->next];
		s->sum[s->next] = 0;
		s->next++;
		if (sum <= over)
			continue;
		*product_out = s->from + s->next - 1;
		*sum_out = sum;
		return true;
	}
	return false;
}

bool content_next(struct content_sweep *s, uint16_t over, uint32_t *product_out, uint16_t *sum_out)
{
	while (s->from < s->products) {
		if (next_here(s, over, product_out, sum_out))
			return true;
		s->from += CONTENT_WINDOW;
		if (!fill(s))
			return false;
	}
	return false;
}

/* ---- titles alone ------------------------------------------------------------------------- */

enum { MOST_WORDS = 64 /* of a query */ };
#define K1 1.2
#define B 0.75

struct match_titles {
	struct map *ids;
	uint32_t count, words;
	uint32_t *first, *product; /* by word; two more of first than words */
	uint8_t *impact;
	size_t postings;
};

/* Titles as runs of numbers of words, each once. */
struct bags {
	uint32_t *first, *word;
	size_t n, cap;
};

static bool bags_put(struct bags *b, size_t from, uint32_t word)
{
	for (size_t i = from; i < b->n; i++)
		if (b->word[i] == word)
			return true;
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 1 << 16;
		uint32_t *more = realloc(b->word, cap * sizeof(*more));
		if (more == NULL)
			return false;
		b->word = more;
		b->cap = cap;
	}
	b->word[b->n++] = word;
	return true;
}

static bool bags_read(struct bags *b, struct match_titles *t, const struct str *title)
{
	b->first = malloc(((size_t)t->count + 1) * sizeof(*b->first));
	for (uint32_t i = 0; b->first != NULL && i < t->count; i++) {
		struct str rest = title[i];
		b->first[i] = (uint32_t)b->n;
		while (rest.n > 0) {
			struct str word = str_cut(&rest, ' ');
			uint32_t id = word.n == 0 ? MAP_NONE : map_add(t->ids, word, t->words);
			if (word.n == 0)
				continue;
			if (id == MAP_NONE || !bags_put(b, b->first[i], id))
				return false;
			t->words += id == t->words;
		}
	}
	if (b->first != NULL)
		b->first[t->count] = (uint32_t)b->n;
	return b->first != NULL;
}

static uint8_t impact_of(const struct match_titles *t, uint32_t df, double length, double mean)
{
	double n = t->count, scale = 255 / (log(1 + n) * (K1 + 1) / (1 + K1 * (1 - B)));
	double norm = 1 + K1 * (1 - B + B * length / mean);
	double w = (double)(float)log(1 + (n - df + 0.5) / (df + 0.5)) * (K1 + 1) / norm * scale;
	return (uint8_t)(w < 1 ? 1 : w > 255 ? 255 : w);
}

static bool invert(struct match_titles *t, const struct bags *b)
{
	double mean = (double)b->n / (double)t->count;
	t->postings = b->n;
	t->first = calloc((size_t)t->words + 2, sizeof(*t->first));
	t->product = malloc((b->n + 1) * sizeof(*t->product));
	t->impact = malloc(b->n + 1);
	if (t->first == NULL || t->product == NULL || t->impact == NULL)
		return false;
	for (size_t i = 0; i < b->n; i++)
		t->first[b->word[i] + 2]++;
	for (uint32_t w = 2; w < t->words + 2; w++)
		t->first[w] += t->first[w - 1];
	uint32_t *df = malloc(((size_t)t->words + 1) * sizeof(*df));
	for (uint32_t w = 0; df != NULL && w < t->words; w++)
		df[w] = t->first[w + 2] - t->first[w + 1];
	for (uint32_t i = 0; df != NULL && i < t->count; i++) {
		for (uint32_t k = b->first[i]; k < b->first[i + 1]; k++) {
			uint32_t at = t->first[b->word[k] + 1]++;
			t->product[at] = i;
			t->impact[at] = impact_of(t, df[b->word[k]], b->first[i + 1] - b->first[i], mean);
		}
	}
	free(df);
	return df != NULL;
}

enum status match_titles_new(const struct str *title, size_t n, struct match_titles **out, struct err *e)
{
	struct bags b = {0};
	struct match_titles *t = n > 0 && n < UINT32_MAX / 64 ? calloc(1, sizeof(*t)) : NULL;
	bool fine = t != NULL;
	if (fine) {
		t->count = (uint32_t)n;
		t->ids = map_new(1 << 16, 1);
		fine = t->ids != NULL && bags_read(&b, t, title) && b.n > 0 && b.n < UINT32_MAX && invert(t, &b);
	}
	free(b.first);
	free(b.word);
	if (!fine) {
		match_titles_free(t);
		return err_set(e, E_NOMEM, "titles", "no words, or no memory for them");
	}
	*out = t;
	return OK;
}

void match_titles_free(struct match_titles *t)
{
	if (t == NULL)
		return;
	map_free(t->ids);
	free(t->first);
	free(t->product);
	free(t->impact);
	free(t);
}

size_t match_titles_bytes(const struct match_titles *t)
{
	return t->postings * (sizeof(*t->product) + 1) + ((size_t)t->words + 2) * sizeof(*t->first);
}

static size_t lists_of(const struct match_titles *t, struct str query, struct content_list list[MOST_WORDS])
{
	size_t n = 0;
	while (query.n > 0 && n < MOST_WORDS) {
		struct str word = str_cut(&query, ' ');
		uint32_t id = word.n > 0 ? map_get(t->ids, word) : MAP_NONE;
		if (id == MAP_NONE)
			continue;
		list[n].product = t->product;
		list[n].impact = t->impact;
		list[n].at = t->first[id];
		list[n].end = t->first[id + 1];
		n++;
	}
	return n;
}

/* The worst of the best on top. */
static void sift(struct match_scored *out, size_t n, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		child += child + 1 < n && out[child + 1].score < out[child].score;
		if (out[child].score >= out[at].score)
			return;
		struct match_scored t = out[at];
		out[at] = out[child];
		out[child] = t;
	}
}

static int by_score(const void *a, const void *b)
{
	const struct match_scored *x = a, *y = b;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return (x->title > y->title) - (x->title < y->title);
}

struct match_search_room {
	struct content_list list[MOST_WORDS];
	struct content_sweep sweep;
};

struct match_search_room *match_search_room_new(void)
{
	struct match_search_room *r = aligned_alloc(64, (sizeof(*r) + 63) / 64 * 64);
	for (size_t i = 0; r != NULL && i < MOST_WORDS; i++)
		for (unsigned k = 0; k < 256; k++)
			r->list[i].worth[k] = (uint16_t)k;
	return r;
}

size_t match_titles_top(const struct match_titles *t, struct str query, struct match_search_room *r, struct match_scored *out, size_t max)
{
	uint16_t sum, over = 0;
	uint32_t product;
	size_t n = 0;
	r->sweep.list = r->list;
	r->sweep.products = t->count;
	r->sweep.count = lists_of(t, query, r->list);
	content_begin(&r->sweep);
	while (max > 0 && content_next(&r->sweep, over, &product, &sum)) {
		if (n < max) {
			out[n++] = (struct match_scored){product, sum};
			for (size_t i = n / 2; n == max && i-- > 0;)
				sift(out, n, i);
		} else {
			out[0] = (struct match_scored){product, sum};
			sift(out, n, 0);
		}
		over = n == max ? (uint16_t)out[0].score : 0;
	}
	if (n > 0)
		qsort(out, n, sizeof(*out), by_score);
	return n;
}
