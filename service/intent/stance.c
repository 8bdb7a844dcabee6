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
	return kind == KIND_OWNED ? STANCE_OWNED : kind == KIND_LOSER ? STANCE_LOSER : kind == KIND_PICKED ? STANCE_PICKED : STANCE_AGAINST;
}

/* The first rule for this place that fits decides. A match that gave up counts as one that fits where that means no link. */
static enum intent_stance first_stance(const struct intent_rules *r, struct str text, unsigned where, struct str *rule_out)
{
	pcre2_match_data *match = rules_match_new();
	enum intent_stance stance = STANCE_PLAIN;
	unsigned scripts = plain_scripts(text);
	/* no memory is no licence to link */
	if (match == NULL)
		return where == WHERE_VERDICT ? STANCE_PLAIN : STANCE_AGAINST;
	for (size_t i = 0; i < r->stance.count && stance == STANCE_PLAIN; i++) {
		const struct pattern *p = &r->stance.items[i];
		if (p->where != where || (p->scripts & scripts) == 0)
			continue;
		int hit = intent_rule_match(r, p, text, 0, match);
		if (hit == RULE_MISSED || (hit == RULE_LIMIT && where == WHERE_VERDICT))
			continue;
		stance = stance_of(p->kind);
		if (rule_out != NULL)
			*rule_out = p->name;
	}
	pcre2_match_data_free(match);
	return stance;
}

static enum intent_stance stance_at(
        const struct intent_rules *r, struct str sentence, size_t from, size_t to, unsigned where, struct str *rule_out)
{
	struct buf text;
	if (to > sentence.n || from > to)
		return STANCE_PLAIN;
	buf_init(&text, (BEFORE_MAX + AFTER_MAX) * 12 + 128);
	enum intent_stance stance = where == WHERE_VERDICT ? STANCE_PLAIN : STANCE_AGAINST;
	if (marked_text(sentence, from, to, &text))
		stance = first_stance(r, buf_str(&text), where, rule_out);
	buf_done(&text);
	return stance;
}

enum intent_stance intent_stance(const struct intent_rules *r, struct str sentence, size_t from, size_t to, struct str *rule_out)
{
	return stance_at(r, sentence, from, to, WHERE_ANSWER, rule_out);
}

bool intent_picked(const struct intent_rules *r, struct str sentence, size_t from, size_t to)
{
	return stance_at(r, sentence, from, to, WHERE_VERDICT, NULL) == STANCE_PICKED;
}

enum intent_stance intent_lead(const struct intent_rules *r, struct str line)
{
	struct buf text;
	buf_init(&text, BEFORE_MAX * 12 + 128);
	enum intent_stance stance = STANCE_PLAIN;
	if (plain_text(near_before(line, line.n), &text))
		stance = first_stance(r, buf_str(&text), WHERE_LEAD, NULL);
	buf_done(&text);
	return stance;
}
