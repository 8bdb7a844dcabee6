/* constraints.c: what the rules of the sections budget and said make of a turn. */
#include "intent/constraints.h"
#include "intent/amount.h"
#include "intent/plain.h"

#include <string.h>

struct reading {
	const struct intent_rules *rules;
	struct str text, locale;
	unsigned scripts;
	pcre2_match_data *match;
	const struct gates_open *open;
	struct arena *arena;
	struct intent *out;
};

/* ---- budget ----------------------------------------------------------------------------- */

static void set_max(struct reading *in, int64_t hundredths, const char *currency)
{
	in->out->has_max = true;
	in->out->max_price = amount_money(hundredths, currency);
}

static void set_min(struct reading *in, int64_t hundredths, const char *currency)
{
	in->out->has_min = true;
	in->out->min_price = amount_money(hundredths, currency);
}

/* "£20-30", "2-3千": what one end leaves out is what the other says. */
static void set_range(struct reading *in, struct amount lo, struct amount hi)
{
	const char *currency = hi.currency[0] != '\0' ? hi.currency : lo.currency;
	if (lo.scale == 1 && hi.scale > 1 && lo.lo * hi.scale <= hi.hi)
		lo.lo *= hi.scale;
	if (lo.lo > hi.hi) {
		int64_t swap = lo.lo;
		lo.lo = hi.hi;
		hi.hi = swap;
	}
	set_min(in, lo.lo, currency);
	set_max(in, hi.hi, currency);
}

static void apply_budget(struct reading *in, const struct pattern *p)
{
	struct amount lo = {0}, hi = {0};
	bool has_lo = amount_read(rule_group(p, GROUP_LO, in->text, in->match), in->locale, &lo);
	bool has_hi = amount_read(rule_group(p, GROUP_HI, in->text, in->match), in->locale, &hi);
	if (p->kind == KIND_CHEAPEST)
		in->out->cheapest = true;
	else if (p->kind == KIND_RANGE && has_lo && has_hi)
		set_range(in, lo, hi);
	else if (p->kind == KIND_MAX && has_hi)
		set_max(in, hi.hi, hi.currency);
	else if (p->kind == KIND_MIN && has_lo)
		set_min(in, lo.lo, lo.currency);
}

/* A cheap look before the costly rules: figures, number words, or nothing to read. */
static bool may_name_sum(struct str text)
{
	static const char *const words[] = {"一", "二", "两", "三", "四", "五", "六", "七", "八", "九", "十", "百", "千", "万", "几",
	        "hundred", "thousand", "dollar", "buck", "euro", "quid", "grand"};
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= '0' && text.p[i] <= '9')
			return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_find(text, str_of(words[i]), 0) < text.n)
			return true;
	return false;
}

/* Within a turn the first rule of the file that fits wins; a range settles both ends. */
static bool read_budget(struct reading *in)
{
	bool done[KIND_CHEAPEST + 1] = {false};
	bool sums = may_name_sum(in->text);
	for (size_t i = 0; i < in->rules->budget.count; i++) {
		const struct pattern *p = &in->rules->budget.items[i];
		if ((!sums && p->kind != KIND_CHEAPEST) || done[p->kind] || (done[KIND_RANGE] && p->kind != KIND_CHEAPEST) ||
		        (p->scripts & in->scripts) == 0 || !rule_may_fit(p, in->open))
			continue;
		int hit = intent_rule_match(in->rules, p, in->text, 0, in->match);
		if (hit == RULE_LIMIT)
			return false;
		if (hit != RULE_HIT)
			continue;
		/* a budget that is said anew takes the place of the one before */
		if (p->kind != KIND_CHEAPEST && !done[KIND_MAX] && !done[KIND_MIN])
			in->out->has_max = in->out->has_min = false;
		done[p->kind] = true;
		apply_budget(in, p);
	}
	return true;
}

/* ---- owned, unwanted ------------------------------------------------------------------------ */

static bool list_holds(const struct str *list, uint32_t count, struct str word)
{
	for (uint32_t i = 0; i < count; i++)
		if (str_eq(list[i], word))
			return true;
	return false;
}

static void list_add(struct reading *in, struct str *list, uint32_t *count, struct str word)
{
	word = str_trim(word);
	if (word.n == 0 || *count == INTENT_MAX_WORDS || list_holds(list, *count, word))
		return;
	struct str copy = arena_take_str(in->arena, word);
	if (copy.n > 0)
		list[(*count)++] = copy;
}

/* "not Sony or Bose": each is one. */
static void list_add_each(struct reading *in, enum pattern_kind kind, struct str words)
{
	static const char *const joints[] = {" or ", " and ", ", ", "、", "和", "或", "及"};
	struct intent *out = in->out;
	while (words.n > 0) {
		size_t cut = words.n, next = words.n;
		for (size_t i = 0; i < ARRAY_LEN(joints); i++) {
			size_t at = str_find(words, str_of(joints[i]), 0);
			if (at < cut) {
				cut = at;
				next = at + strlen(joints[i]);
			}
		}
		struct str word = str_sub(words, 0, cut);
		if (kind == KIND_OWNED)
			list_add(in, out->owned, &out->owned_count, word);
		else
			list_add(in, out->unwanted, &out->unwanted_count, word);
		words = str_sub(words, next, words.n);
	}
}

/* All hits of one rule, at most INTENT_MAX_WORDS. */
static bool read_said_rule(struct reading *in, const struct pattern *p)
{
	size_t from = 0;
	for (int i = 0; i < INTENT_MAX_WORDS && from < in->text.n; i++) {
		int hit = intent_rule_match(in->rules, p, in->text, from, in->match);
		if (hit != RULE_HIT)
			return hit == RULE_MISSED;
		size_t end = pcre2_get_ovector_pointer(in->match)[1];
		if (p->kind == KIND_COMPARES) {
			in->out->compares = true;
			return true;
		}
		list_add_each(in, p->kind, rule_group(p, GROUP_IT, in->text, in->match));
		if (end <= from)
			return true;
		from = end;
	}
	return true;
}

bool constraints_read(const struct intent_rules *r, struct str plain, struct str locale, struct arena *a, pcre2_match_data *match,
        const struct gates_open *open, struct intent *out)
{
	struct reading in = {.rules = r, .text = plain, .locale = locale, .match = match, .open = open, .arena = a, .out = out};
	in.scripts = plain_scripts(plain);
	out->compares = false; /* what was compared before is settled */
	if (!read_budget(&in))
		return false;
	for (size_t i = 0; i < r->said.count; i++) {
		const struct pattern *p = &r->said.items[i];
		if ((p->scripts & in.scripts) != 0 && rule_may_fit(p, open) && !read_said_rule(&in, p))
			return false;
	}
	return true;
}
