/* Which of its meanings a word has here: an apple in a pie is no phone, 小米 that takes photos no grain, a tablet with water no computer.
 * What stands around the word decides; the words stand in rules/matching.yaml under `ambiguous` and `senses`. */
#include "flow/candidate.h"

static bool is_ambiguous(const struct insert *in, struct str phrase)
{
	const struct doc *d = doc_get(in->shelf->rules->matching, "ambiguous");
	for (size_t i = 0; d && d->kind == DOC_LIST && i < d->count; i++)
		if (str_eq(d->items[i].text, phrase))
			return true;
	return false;
}

/* How many of the sense's words the text has. */
static size_t cues(struct str folded, const struct doc *words)
{
	size_t n = 0;
	for (size_t i = 0; words && words->kind == DOC_LIST && i < words->count; i++)
		n += words->items[i].text.n > 0 && said_word(folded, words->items[i].text);
	return n;
}

static bool lies_at(struct str category, const struct doc *names)
{
	for (size_t i = 0; names && names->kind == DOC_LIST && i < names->count; i++)
		if (str_find(category, names->items[i].text, 0) < category.n)
			return true;
	return false;
}

/* The question and what the decision may read of the answer's sentence, folded. */
static void company(const struct insert *in, const struct candidate *c, size_t sentence, struct buf *out)
{
	text_fold(str_sub(in->asked, 0, 4096), out);
	buf_putc(out, ' ');
	text_fold(str_sub(text_source(in->text), sentence, c->from), out);
	buf_putc(out, ' ');
	text_fold(str_sub(text_source(in->text), c->to, text_tokens(in->text)[c->window].end), out);
}

bool sense_is_other(const struct insert *in, const struct candidate *c, size_t sentence)
{
	const struct doc *senses = doc_get(in->shelf->rules->matching, "senses");
	if (!is_ambiguous(in, c->words.text) || !senses || senses->kind != DOC_LIST)
		return false;
	struct str category = catalog_product(in->shelf->catalog, c->ranked[0].product)->category;
	struct buf text;
	size_t own = 0, other = 0;
	buf_init(&text, 1u << 16);
	company(in, c, sentence, &text);
	for (size_t i = 0; i < senses->count; i++) {
		size_t n = cues(buf_str(&text), doc_get(&senses->items[i], "by"));
		size_t *side = lies_at(category, doc_get(&senses->items[i], "at")) ? &own : &other;
		if (n > *side)
			*side = n;
	}
	bool failed = text.failed;
	buf_done(&text);
	return failed || other > own;
}
