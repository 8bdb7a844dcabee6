/* Demand without supply. Of the question only entries of our own lexicon are kept, and the catalog categories of what it named. */
#include "flow/core.h"

#include <string.h>

enum { QUESTION_MAX = 4096, WORD_MAX = 63 };

static enum status add_words(struct str line, const struct doc *at, struct arena *a, struct str *word, size_t *n, struct err *e)
{
	while (line.n) {
		struct str w = str_trim(str_cut(&line, ','));
		if (!w.n)
			continue;
		if (w.n > WORD_MAX)
			return err_set(e, E_INPUT, "demand", "line %d: a word is at most %d bytes", at->line, WORD_MAX);
		word[*n] = arena_take_str(a, w);
		*n += word[*n].n > 0;
	}
	return OK;
}

static size_t commas(const struct doc *list)
{
	size_t n = 0;
	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < list->items[i].text.n; k++)
			n += list->items[i].text.p[k] == ',';
	return n;
}

enum status demand_read(const struct doc *placement, struct arena *a, struct demand_words *out, struct err *e)
{
	const struct doc *list = doc_get(placement, "demand");
	enum status s = OK;
	size_t n = 0;
	if (!list)
		return OK;
	if (list->kind != DOC_LIST)
		return err_set(e, E_INPUT, "demand", "line %d: demand must be a list", list->line);
	struct str *word = ARENA_TAKE(a, struct str, list->count + commas(list) + 1);
	for (size_t i = 0; word && i < list->count && s == OK; i++)
		s = add_words(list->items[i].text, &list->items[i], a, word, &n, e);
	*out = (struct demand_words){word, word ? n : 0};
	return s;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* At word borders where the word is of ASCII letters; a plural's s or es belongs to it. */
static bool names(struct str question, struct str word)
{
	for (size_t at = str_find(question, word, 0); at < question.n; at = str_find(question, word, at + 1)) {
		size_t end = at + word.n;
		if ((signed char)word.p[0] < 0)
			return true;
		end += end < question.n && question.p[end] == 'e' && end + 1 < question.n && question.p[end + 1] == 's';
		end += end < question.n && question.p[end] == 's';
		if ((at == 0 || !is_letter(question.p[at - 1])) && (end >= question.n || !is_letter(question.p[end])))
			return true;
	}
	return false;
}

static void want(struct ledger_insertion *out, struct str name, bool category)
{
	if (!name.n || out->wanted_count == LEDGER_MAX_WANTED)
		return;
	struct ledger_wanted *w = &out->wanted[out->wanted_count];
	*w = (struct ledger_wanted){.category = category};
	flow_put_name(w->name, sizeof w->name, name);
	for (uint32_t i = 0; i < out->wanted_count; i++)
		if (strcmp(out->wanted[i].name, w->name) == 0)
			return;
	out->wanted_count++;
}

/* Part of a longer word that was found too (phone in phone case). */
static bool within_another(const struct demand_words *d, const bool *found, size_t i)
{
	for (size_t k = 0; k < d->count; k++)
		if (found[k] && k != i && d->word[k].n > d->word[i].n && str_find(d->word[k], d->word[i], 0) < d->word[k].n)
			return true;
	return false;
}

static void want_words(const struct insert *in, struct ledger_insertion *out)
{
	const struct demand_words *d = &in->shelf->rules->demand;
	char lower[QUESTION_MAX];
	struct str q = str_sub(in->asked, 0, sizeof lower);
	bool *found = ARENA_TAKE(in->scratch, bool, d->count + 1);
	for (size_t i = 0; i < q.n; i++)
		lower[i] = (char)(q.p[i] >= 'A' && q.p[i] <= 'Z' ? q.p[i] + 32 : q.p[i]);
	for (size_t i = 0; found && i < d->count; i++)
		found[i] = names((struct str){lower, q.n}, d->word[i]);
	for (size_t i = 0; found && i < d->count; i++)
		if (found[i] && !within_another(d, found, i))
			want(out, d->word[i], false);
}

void demand_record(const struct insert *in, struct ledger_insertion *out)
{
	static const char *const wanting[] = {"no_match", "below_threshold", "out_of_stock", "over_budget"};
	bool vain = false;
	for (size_t i = 0; i < ARRAY_LEN(wanting); i++)
		vain |= strcmp(out->reason, wanting[i]) == 0;
	if (!vain || in->placed_count || in->intent.class != INTENT_CONSUMER)
		return;
	want_words(in, out);
	for (uint32_t i = 0; i < in->asked_count; i++)
		want(out, match_phrase(in->shelf->match, in->asked_phrase[i]).category, true);
}
