/* stance.c: how a sentence treats some of its words. The words are taken out and a mark is put in their place, so a
 * rule says where they stand: "avoid <it>", "better than <it>". */
#include "intent/plain.h"
#include "intent/rules.h"

enum { BEFORE_MAX = 240, AFTER_MAX = 120 }; /* bytes of the sentence that are looked at */

static struct str near_before(struct str sentence, size_t from)
{
	size_t start = from > BEFORE_MAX ? from - BEFORE_MAX : 0;
	while (start < from && ((uint8_t)sentence.p[start] & 0xC0) == 0x80)
		start++;
	return str_sub(sentence, start, from);
}

static struct str near_after(struct str sentence, size_t to)
{
	struct str after = str_sub(sentence, to, to + AFTER_MAX < sentence.n ? to + AFTER_MAX : sentence.n);
	after.n = utf8_whole(after);
	return after;
}

static bool marked_text(struct str sentence, size_t from, size_t to, struct buf *out)
{
	bool good = plain_text(near_before(sentence, from), out);
	buf_put(out, STR(STANCE_MARK));
	return plain_text(near_after(sentence, to), out) && good && !out->failed;
}

static enum intent_stance stance_of(enum pattern_kind kind)
{
	return kind == KIND_OWNED ? STANCE_OWNED : kind == KIND_LOSER ? STANCE_LOSER : STANCE_AGAINST;
}

static enum intent_stance first_stance(const struct intent_rules *r, struct str text, struct str *rule_out)
{
	pcre2_match_data *match = rules_match_new();
	enum intent_stance stance = STANCE_PLAIN;
	unsigned scripts = plain_scripts(text);
	/* no memory is no licence to link */
	if (match == NULL)
		return STANCE_AGAINST;
	for (size_t i = 0; i < r->stance.count && stance == STANCE_PLAIN; i++) {
		const struct pattern *p = &r->stance.items[i];
		if ((p->scripts & scripts) == 0 || intent_rule_match(r, p, text, 0, match) == RULE_MISSED)
			continue;
		stance = stance_of(p->kind);
		if (rule_out != NULL)
			*rule_out = p->name;
	}
	pcre2_match_data_free(match);
	return stance;
}

enum intent_stance intent_stance(const struct intent_rules *r, struct str sentence, size_t from, size_t to, struct str *rule_out)
{
	struct buf text;
	if (to > sentence.n || from > to)
		return STANCE_PLAIN;
	buf_init(&text, (BEFORE_MAX + AFTER_MAX) * 12 + 128);
	enum intent_stance stance = STANCE_AGAINST;
	if (marked_text(sentence, from, to, &text))
		stance = first_stance(r, buf_str(&text), rule_out);
	buf_done(&text);
	return stance;
}
