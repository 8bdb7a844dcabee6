/* variants.c: spellings that lexicon_find brings to another word, as far as phrases have that word. */
#include "match/variants.h"
#include "match/table.h"

#include <stdlib.h>
#include <string.h>

enum { PLURALS = 4, LONGEST = 64 };

struct spellings {
	uint64_t *hash;
	size_t n, cap;
};

static bool put(struct spellings *s, uint64_t hash)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 1024;
		uint64_t *more = realloc(s->hash, cap * sizeof(*more));
		if (more == NULL)
			return false;
		s->hash = more;
		s->cap = cap;
	}
	s->hash[s->n++] = hash;
	return true;
}

/* All spellings of which lexicon_singulars may say that they are this word's plural. */
static size_t plurals_of(struct str w, char out[PLURALS][LONGEST], struct str got[PLURALS])
{
	static const struct {
		const char *end, *plural;
		size_t cut;
	} ways[PLURALS] = {{"", "s", 0}, {"", "es", 0}, {"y", "ies", 1}, {"f", "ves", 1}};
	size_t n = 0;
	if (w.n < 2 || w.n + 3 > LONGEST)
		return 0;
	for (size_t i = 0; i < PLURALS; i++) {
		bool fe = i == 3 && str_ends(w, STR("fe"));
		if (!fe && !str_ends(w, str_of(ways[i].end)))
			continue;
		size_t stem = w.n - (fe ? 2 : ways[i].cut), more = strlen(ways[i].plural);
		memcpy(out[n], w.p, stem);
		memcpy(out[n] + stem, ways[i].plural, more);
		got[n] = (struct str){out[n], stem + more};
		n++;
	}
	return n;
}

static bool collect(struct spellings *s, const struct lexicon *x, const bool *used, const struct text_key *k)
{
	for (uint32_t id = 0; id < x->count; id++) {
		char out[PLURALS][LONGEST];
		struct str plural[PLURALS];
		if (!used[lexicon_same(x, id)])
			continue;
		if (lexicon_same(x, id) != id && !put(s, text_hash(k, lexicon_text(x, id))))
			return false;
		size_t n = plurals_of(lexicon_text(x, id), out, plural);
		for (size_t i = 0; i < n; i++) {
			uint32_t found = lexicon_find(x, plural[i]);
			bool other = found != WORD_NONE && used[found] && !str_eq(lexicon_text(x, found), plural[i]);
			if (other && !put(s, text_hash(k, plural[i])))
				return false;
		}
	}
	return true;
}

bool variants_build(struct variants *v, const struct lexicon *x, const bool *used, const struct text_key *k)
{
	struct spellings s = {0};
	bool fine = collect(&s, x, used, k);
	v->n = (uint32_t)(s.n * 12 / 64) + 8;
	v->filter = fine ? calloc(v->n, sizeof(*v->filter)) : NULL;
	for (size_t i = 0; v->filter != NULL && i < s.n; i++)
		v->filter[(s.hash[i] >> 32) * v->n >> 32] |= filter_bits(s.hash[i]);
	free(s.hash);
	return v->filter != NULL;
}

void variants_done(struct variants *v)
{
	free(v->filter);
	*v = (struct variants){0};
}

bool variants_may_have(const struct variants *v, uint64_t hash)
{
	uint64_t bits = filter_bits(hash);
	return (filter_word(v->filter, v->n, hash) & bits) == bits;
}
