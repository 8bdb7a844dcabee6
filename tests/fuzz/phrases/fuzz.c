/* The input's first lines are phrases, what follows an empty line is a text. Each kernel that this machine runs must read the same words as
 * the naive reader, and find what comparing every phrase at every word finds. */
#include "../../unit/match/naive.h"

static struct naive_words phrase_words[NAIVE_PHRASES], text_words_naive;

static void check(bool fine)
{
	if (!fine)
		abort();
}

static void check_words(const struct text_words *w, const struct text_key *k)
{
	check(w->count == text_words_naive.n);
	for (uint32_t i = 0; i < w->count; i++) {
		check(w->start[i] == text_words_naive.at[i].start && w->end[i] == text_words_naive.at[i].end);
		check(i == 0 || (w->hash[i] != w->after[i]) == text_words_naive.at[i].hard);
		if (w->end[i] - w->start[i] <= 80)
			check(w->hash[i] == text_hash(k, (struct str){text_words_naive.at[i].text, text_words_naive.at[i].text_n}));
	}
}

static size_t count_naive(size_t phrases)
{
	size_t count = 0;
	for (size_t i = 0; i < text_words_naive.n; i++)
		for (size_t p = 0; p < phrases; p++) {
			const struct naive_words *w = &phrase_words[p];
			bool again = false;
			if (w->n == 0 || w->n > NAIVE_LONGEST || i + w->n > text_words_naive.n || !naive_same(&text_words_naive, i, w))
				continue;
			for (size_t q = 0; q < p && !again; q++)
				again = phrase_words[q].n == w->n && naive_same(&text_words_naive, i, &phrase_words[q]);
			count += !again;
		}
	return count;
}

static void check_places(const struct match_places *p)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct naive_words *w = &phrase_words[p->at[i].phrase];
		check(p->at[i].last < text_words_naive.n && p->at[i].last - p->at[i].first + 1 == w->n);
		check(naive_same(&text_words_naive, p->at[i].first, w));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = {(const char *)data, size > 4096 ? 4096 : size}, phrases[NAIVE_PHRASES];
	size_t cut = str_find(all, STR("\n\n"), 0), n = 0;
	struct str lines = str_sub(all, 0, cut), text = str_sub(all, cut, all.n);
	while (lines.n > 0 && n < 64) {
		struct str line = str_cut(&lines, '\n');
		naive_read(&phrase_words[n], line);
		for (size_t k = 0; k < phrase_words[n].n; k++) {
			if (phrase_words[n].at[k].end - phrase_words[n].at[k].start > 80)
				return 0; /* words beyond what the naive reader keeps */
			phrase_words[n].at[k].hard = false;
		}
		phrases[n++] = line;
	}
	naive_read(&text_words_naive, text);
	size_t want = count_naive(n);
	struct text_words w;
	check(text_words_init(&w, text.n));
	for (enum cpu_kernel kernel = 0; kernel < CPU_KERNELS; kernel++) {
		struct match_set *set;
		struct match_places p = {0};
		if (!cpu_runs(kernel))
			continue;
		check(match_set_new(phrases, n, size * 31 + kernel, kernel, &set, NULL) == OK);
		text_words_read(&w, match_set_key(set), kernel, text);
		check_words(&w, match_set_key(set));
		check(match_set_find(set, kernel, &w, &p) && p.count == want);
		check_places(&p);
		check(match_set_longest(&w, &p));
		match_places_done(&p);
		match_set_free(set);
	}
	text_words_done(&w);
	return 0;
}
