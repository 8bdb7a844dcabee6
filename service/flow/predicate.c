/* "The Canon T7 is a solid DSLR", "it is a good blender", "小米手环9是一款智能手环": the words tell what a thing already named is. Linked to
 * another product of the kind they would put that one in its place. */
#include "flow/candidate.h"

#define REACH 8    /* tokens between the verb and the words */
#define SUBJECT 12 /* tokens of the subject that are looked at */

static struct str word(const struct insert *in, uint32_t at)
{
	return text_folded(in->text, at);
}

static bool is_one_of(struct str w, const char *const list[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(w, str_of(list[i])))
			return true;
	return false;
}

static bool is_copula(struct str w)
{
	static const char *const words[] = {"is", "are", "was", "were", "be", "remains", "makes", "make", "是"};
	return is_one_of(w, words, ARRAY_LEN(words));
}

static bool is_pronoun(struct str w)
{
	static const char *const words[] = {"it", "they", "this", "these", "both", "它", "这"};
	return is_one_of(w, words, ARRAY_LEN(words));
}

/* The verb before the phrase in its clause, with nothing but what describes between; UINT32_MAX: none. */
static uint32_t copula_before(const struct insert *in, const struct candidate *c)
{
	const struct text_token *t = text_tokens(in->text);
	for (uint32_t i = c->first; i > 0 && c->first - i < REACH; i--) {
		if (t[i - 1].clause != t[c->first].clause)
			break;
		if (is_copula(word(in, i - 1)))
			return i - 1;
		bool han = t[i - 1].kind == TEXT_HAN;
		if (!han && !(match_word(in->shelf->match, word(in, i - 1)) & (MATCH_WORD_ARTICLE | MATCH_WORD_EDGE | MATCH_WORD_PLAIN)))
			break;
	}
	return UINT32_MAX;
}

/* A capital where none begins the sentence, a number, Latin letters in Chinese: a name. */
static bool is_name(const struct insert *in, uint32_t at, bool first)
{
	const struct text_token *t = &text_tokens(in->text)[at];
	if (t->kind == TEXT_HAN)
		return false;
	char c = text_source(in->text).p[t->start];
	bool capital = c >= 'A' && c <= 'Z', plain = match_word(in->shelf->match, word(in, at)) & (MATCH_WORD_PLAIN | MATCH_WORD_EDGE | MATCH_WORD_ARTICLE);
	return phrase_has_digit(word(in, at)) || (capital && !first && !plain);
}

bool phrase_is_predicate(const struct insert *in, const struct candidate *c)
{
	const struct text_token *t = text_tokens(in->text);
	bool kind = c->words.kind == MATCH_TYPE || c->words.kind == MATCH_CATEGORY || c->words.kind == MATCH_KEYWORD;
	uint32_t verb = kind ? copula_before(in, c) : UINT32_MAX;
	for (uint32_t i = verb; verb != UINT32_MAX && i > 0 && verb - i < SUBJECT && t[i - 1].clause == t[verb].clause; i--) {
		bool first = i == 1 || t[i - 2].sentence != t[i - 1].sentence;
		bool behind_han = i > 1 && t[i - 1].kind != TEXT_HAN && t[verb].kind == TEXT_HAN;
		if (is_name(in, i - 1, first && !behind_han) || (i == verb && is_pronoun(word(in, i - 1))))
			return true;
	}
	return false;
}
