/* lexicon.c: the dictionary of the index. */
#include "match/lexicon.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_PLURAL = 60, LEXICON_BYTES = 1 << 30 };

bool lexicon_init(struct lexicon *x, uint64_t seed)
{
	*x = (struct lexicon){.bytes = arena_new(LEXICON_BYTES), .ids = map_new(1024, seed)};
	return x->bytes != NULL && x->ids != NULL;
}

bool lexicon_init_over(struct lexicon *x, const struct lexicon *under, uint64_t seed)
{
	*x = (struct lexicon){.under = under, .from = under->count, .count = under->count, .bytes = arena_new(LEXICON_BYTES), .ids = map_new(64, seed)};
	return x->bytes != NULL && x->ids != NULL;
}

struct str lexicon_text(const struct lexicon *x, uint32_t id)
{
	return id < x->from ? x->under->text[id] : x->text[id - x->from];
}

uint32_t lexicon_same(const struct lexicon *x, uint32_t id)
{
	return x->under != NULL && id < x->from ? x->under->same[id] : x->same != NULL ? x->same[id] : id;
}

void lexicon_done(struct lexicon *x)
{
	arena_free(x->bytes);
	map_free(x->ids);
	free(x->text);
	free(x->same);
	*x = (struct lexicon){0};
}

static bool lexicon_grow(struct lexicon *x)
{
	uint32_t cap = x->cap ? x->cap * 2 : 1024;
	struct str *text = realloc(x->text, cap * sizeof(*text));
	if (text == NULL)
		return false;
	x->text = text;
	x->cap = cap;
	if (x->under != NULL)
		return true;
	uint32_t *same = realloc(x->same, cap * sizeof(*same));
	if (same == NULL)
		return false;
	x->same = same;
	return true;
}

static uint32_t add_new(struct lexicon *x, struct str word)
{
	if (x->count - x->from == x->cap && !lexicon_grow(x))
		return WORD_NONE;
	struct str copy = arena_take_str(x->bytes, word);
	if (copy.p == NULL || map_add(x->ids, copy, x->count) == MAP_NONE)
		return WORD_NONE;
	x->text[x->count - x->from] = copy;
	if (x->same != NULL)
		x->same[x->count] = x->count;
	return x->count++;
}

uint32_t lexicon_add(struct lexicon *x, struct str word)
{
	uint32_t id = x->under == NULL ? map_get(x->ids, word) : lexicon_find(x, word);
	return id != MAP_NONE ? id : add_new(x, word);
}

static struct str spell(char out[64], struct str word, size_t cut, const char *ending)
{
	size_t stem = word.n - cut, more = strlen(ending);
	memcpy(out, word.p, stem);
	memcpy(out + stem, ending, more);
	return (struct str){out, stem + more};
}

static bool is_sibilant_es(struct str w)
{
	return str_ends(w, STR("ches")) || str_ends(w, STR("shes")) || str_ends(w, STR("xes")) || str_ends(w, STR("sses")) ||
	       str_ends(w, STR("zzes"));
}

size_t lexicon_singulars(struct str w, char out[2][64], struct str got[2])
{
	if (w.n < 4 || w.n > LONGEST_PLURAL || w.p[w.n - 1] != 's')
		return 0;
	if (str_ends(w, STR("ss")) || str_ends(w, STR("us")) || str_ends(w, STR("is")))
		return 0;
	size_t n = 0;
	if (str_ends(w, STR("ies")) && w.n > 4)
		got[n++] = spell(out[0], w, 3, "y");
	else if (str_ends(w, STR("ives")))
		got[n++] = spell(out[0], w, 3, "fe"); /* knives */
	else if (str_ends(w, STR("lves")) || str_ends(w, STR("aves")))
		got[n++] = spell(out[0], w, 3, "f"); /* shelves, loaves */
	else if (is_sibilant_es(w) || str_ends(w, STR("oes")))
		got[n++] = spell(out[0], w, 2, "");
	got[n] = spell(out[n], w, 1, "");
	return n + 1;
}

static uint32_t find_singular(const struct lexicon *x, struct str word)
{
	char out[2][64];
	struct str got[2];
	size_t n = lexicon_singulars(word, out, got);
	for (size_t i = 0; i < n; i++) {
		uint32_t id = map_get(x->ids, got[i]);
		if (id != MAP_NONE)
			return lexicon_same(x, id);
	}
	return WORD_NONE;
}

void lexicon_settle(struct lexicon *x, uint32_t from)
{
	if (x->under != NULL)
		return;
	for (uint32_t id = from; id < x->count; id++) {
		uint32_t singular = find_singular(x, x->text[id]);
		if (singular != WORD_NONE)
			x->same[id] = singular;
	}
}

uint32_t lexicon_find(const struct lexicon *x, struct str word)
{
	uint32_t id = x->under == NULL ? WORD_NONE : lexicon_find(x->under, word);
	if (id != WORD_NONE)
		return id;
	id = map_get(x->ids, word);
	return id != MAP_NONE ? lexicon_same(x, id) : find_singular(x, word);
}

void lexicon_flatten(struct lexicon *x)
{
	for (uint32_t id = 0; id < x->count; id++) {
		uint32_t end = id;
		for (int guard = 0; x->same[end] != end && guard < 4; guard++)
			end = x->same[end];
		x->same[id] = end;
		x->same[end] = end;
	}
}
