/* rules.c: from YAML to compiled rules. Every complaint names the rule and its line. */
#include "intent/load.h"
#include "intent/plain.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 16 << 20, MATCH_LIMIT = 200000, DEPTH_LIMIT = 500, HEAP_LIMIT_KIB = 1024 };

/* ---- the sections of intent.yaml --------------------------------------------------------- */

struct choice {
	const char *name;
	unsigned value;
};

static bool choose(struct str text, const struct choice *choices, unsigned *out)
{
	for (; choices->name != NULL; choices++)
		if (str_eq(text, str_of(choices->name))) {
			*out = choices->value;
			return true;
		}
	return false;
}

static enum status load_common(struct loader *l, const struct doc *at, struct pattern *p)
{
	static const struct choice langs[] = {{"en", PLAIN_LATIN}, {"zh", PLAIN_HAN}, {"any", PLAIN_LATIN | PLAIN_HAN}, {NULL, 0}};
	if (!choose(doc_text(at, "lang", STR("any")), langs, &p->scripts))
		return load_bad(l, at, "lang is en, zh or any");
	p->name = arena_take_str(l->r->arena, doc_text(at, "name", STR_NONE));
	if (p->name.n == 0)
		return load_bad(l, at, "has no name");
	struct str regex = doc_text(at, "regex", STR_NONE);
	return regex.n > 0 ? load_regex(l, at, regex, p) : OK;
}

static enum status load_evidence(struct loader *l, const struct doc *at, size_t index, struct pattern *p)
{
	static const char *const keys[] = {"name", "lang", "where", "weight", "regex", "words", NULL};
	static const struct choice places[] = {{"question", WHERE_QUESTION}, {"answer", WHERE_ANSWER}, {"both", WHERE_QUESTION | WHERE_ANSWER}, {NULL, 0}};
	enum status s = load_only_keys(l, at, keys);
	if (s == OK)
		s = load_common(l, at, p);
	if (s != OK)
		return s;
	if (!choose(doc_text(at, "where", STR("question")), places, &p->where))
		return load_bad(l, at, "where is question, answer or both");
	if (doc_real(at, "weight", 0, &p->weight, NULL) != OK || !(p->weight >= -20 && p->weight <= 20) || p->weight == 0)
		return load_bad(l, at, "weight is a number from -20 to 20, not 0");
	if (p->code == NULL && doc_get(at, "words") == NULL)
		return load_bad(l, at, "needs a regex or words");
	p->signal = arena_take_printf(l->r->arena, "%s:%.*s", p->where == WHERE_ANSWER ? "answer" : "question", STR_ARG(p->name));
	return load_words(l, at, "words", (struct term){.kind = TERM_EVIDENCE, .index = (uint16_t)index});
}

static enum status load_kind(struct loader *l, const struct doc *at, const struct choice *kinds, struct pattern *p)
{
	static const char *const keys[] = {"name", "lang", "where", "kind", "regex", NULL};
	unsigned kind;
	enum status s = load_only_keys(l, at, keys);
	if (s == OK)
		s = load_common(l, at, p);
	if (s != OK)
		return s;
	if (p->code == NULL)
		return load_bad(l, at, "needs a regex");
	if (!choose(doc_text(at, "kind", STR_NONE), kinds, &kind))
		return load_bad(l, at, "has an unknown kind");
	p->kind = (enum pattern_kind)kind;
	return OK;
}

static enum status load_budget(struct loader *l, const struct doc *at, size_t index, struct pattern *p)
{
	static const struct choice kinds[] = {{"max", KIND_MAX}, {"min", KIND_MIN}, {"range", KIND_RANGE}, {"cheapest", KIND_CHEAPEST}, {NULL, 0}};
	(void)index;
	enum status s = load_kind(l, at, kinds, p);
	if (s != OK)
		return s;
	bool needs_lo = p->kind == KIND_MIN || p->kind == KIND_RANGE, needs_hi = p->kind == KIND_MAX || p->kind == KIND_RANGE;
	if ((needs_lo && p->group[GROUP_LO] == 0) || (needs_hi && p->group[GROUP_HI] == 0))
		return load_bad(l, at, "its kind needs the group (?<lo>), (?<hi>) or both");
	return OK;
}

static enum status load_said(struct loader *l, const struct doc *at, size_t index, struct pattern *p)
{
	static const struct choice kinds[] = {{"owned", KIND_OWNED}, {"unwanted", KIND_UNWANTED}, {"compares", KIND_COMPARES}, {NULL, 0}};
	(void)index;
	enum status s = load_kind(l, at, kinds, p);
	if (s == OK && p->kind != KIND_COMPARES && p->group[GROUP_IT] == 0)
		return load_bad(l, at, "needs the group (?<it>) around the thing");
	return s;
}

static enum status load_stance(struct loader *l, const struct doc *at, size_t index, struct pattern *p)
{
	static const struct choice kinds[] = {{"against", KIND_AGAINST}, {"loser", KIND_LOSER}, {"owned", KIND_OWNED}, {"picked", KIND_PICKED}, {NULL, 0}};
	static const struct choice places[] = {{"answer", WHERE_ANSWER}, {"lead", WHERE_LEAD}, {"verdict", WHERE_VERDICT}, {NULL, 0}};
	(void)index;
	enum status s = load_kind(l, at, kinds, p);
	if (s == OK && !choose(doc_text(at, "where", STR("answer")), places, &p->where))
		return load_bad(l, at, "where is answer, lead or verdict");
	if (s == OK && (p->kind == KIND_PICKED) != (p->where == WHERE_VERDICT))
		return load_bad(l, at, "what is picked is told by verdicts, and they tell nothing else");
	if (s == OK && p->where != WHERE_LEAD && str_find(doc_text(at, "regex", STR_NONE), STR("<it>"), 0) == doc_text(at, "regex", STR_NONE).n)
		return load_bad(l, at, "must say where the words stand: <it>");
	return s;
}

typedef enum status (*load_rule)(struct loader *l, const struct doc *at, size_t index, struct pattern *p);

static enum status load_section(struct loader *l, const struct doc *root, const char *key, load_rule load, struct patterns *out)
{
	const struct doc *list = doc_get(root, key);
	if (list == NULL)
		return OK;
	if (list->kind != DOC_LIST || list->count > RULES_MAX)
		return load_bad(l, list, "must be a list of at most 512 rules");
	out->items = ARENA_TAKE(l->r->arena, struct pattern, list->count + 1);
	if (out->items == NULL)
		return load_no_memory(l);
	for (size_t i = 0; i < list->count; i++) {
		out->count = i + 1; /* before loading, so that a half-loaded rule is freed too */
		enum status s = load(l, &list->items[i], i, &out->items[i]);
		if (s != OK)
			return s;
	}
	return OK;
}

/* Is rule a to be tried before rule b? */
static bool tried_before(const struct pattern *a, const struct pattern *b)
{
	if ((a->weight > 0) != (b->weight > 0))
		return a->weight > 0;
	return a->weight > 0 ? a->weight > b->weight : a->weight < b->weight;
}

static enum status order_evidence(struct loader *l)
{
	const struct patterns *all = &l->r->evidence;
	uint16_t *order = ARENA_TAKE(l->r->arena, uint16_t, all->count + 1);
	if (order == NULL)
		return load_no_memory(l);
	for (size_t i = 0; i < all->count; i++) {
		size_t k = i;
		for (; k > 0 && tried_before(&all->items[i], &all->items[order[k - 1]]); k--)
			order[k] = order[k - 1];
		order[k] = (uint16_t)i;
	}
	l->r->order = order;
	return OK;
}

static enum status load_score(struct loader *l, const struct doc *at)
{
	static const char *const keys[] = {"consumer", "informational", "answer_alone", "bias", "answer_bias", "carry", "question_max", "model_share", "model_for",
		"model_against", "model_answer", NULL};
	if (at == NULL)
		return err_set(l->e, E_MISSING, "score", "intent rules need the section score");
	struct intent_rules *r = l->r;
	enum status s = load_only_keys(l, at, keys);
	if (s != OK)
		return s;
	if (doc_real(at, "consumer", 0.6, &r->consumer, l->e) != OK || doc_real(at, "informational", 0.3, &r->informational, l->e) != OK ||
	        doc_real(at, "answer_alone", 0.8, &r->answer_alone, l->e) != OK || doc_real(at, "bias", -2, &r->bias, l->e) != OK ||
	        doc_real(at, "answer_bias", -3, &r->answer_bias, l->e) != OK || doc_real(at, "carry", 2, &r->carry, l->e) != OK)
		return E_INPUT;
	if (doc_real(at, "question_max", 3, &r->question_max, l->e) != OK)
		return E_INPUT;
	if (doc_real(at, "model_share", 1, &r->model_share, l->e) != OK || doc_real(at, "model_for", 0, &r->model_for, l->e) != OK ||
	        doc_real(at, "model_against", 0, &r->model_against, l->e) != OK || doc_real(at, "model_answer", 0, &r->model_answer, l->e) != OK)
		return E_INPUT;
	return OK;
}

static enum status load_intent(struct loader *l, const struct doc *root)
{
	static const char *const keys[] = {"score", "macros", "evidence", "budget", "said", "stance", NULL};
	struct intent_rules *r = l->r;
	enum status s = load_only_keys(l, root, keys);
	if (s == OK)
		s = load_macros(l, doc_get(root, "macros"));
	if (s == OK)
		s = load_score(l, doc_get(root, "score"));
	if (s == OK)
		s = load_section(l, root, "evidence", load_evidence, &r->evidence);
	if (s == OK)
		s = order_evidence(l);
	if (s == OK)
		s = load_section(l, root, "budget", load_budget, &r->budget);
	if (s == OK)
		s = load_section(l, root, "said", load_said, &r->said);
	if (s == OK)
		s = load_section(l, root, "stance", load_stance, &r->stance);
	return s;
}

/* ---- topics.yaml ---------------------------------------------------------------------------- */

static enum status load_locales(struct loader *l, const struct doc *at, struct topic *t)
{
	const struct doc *list = doc_get(at, "locales");
	if (list == NULL)
		return OK;
	if (list->kind != DOC_LIST || list->count > ARRAY_LEN(t->locales))
		return load_bad(l, at, "locales is a list of at most 8");
	for (size_t i = 0; i < list->count; i++)
		t->locales[t->locale_count++] = arena_take_str(l->r->arena, list->items[i].text);
	return OK;
}

static enum status load_topic_regexes(struct loader *l, const struct doc *at, size_t index)
{
	const struct doc *list = doc_get(at, "regex");
	if (list == NULL)
		return OK;
	if (list->kind != DOC_LIST)
		return load_bad(l, at, "regex is a list in topics");
	for (size_t i = 0; i < list->count; i++) {
		struct patterns *all = &l->r->topic_patterns;
		if (all->count == RULES_MAX)
			return load_bad(l, at, "more than 512 regexes in topics");
		struct pattern *p = &all->items[all->count++];
		p->name = l->r->topics[index].name;
		p->weight = (double)index;
		p->scripts = PLAIN_LATIN | PLAIN_HAN;
		enum status s = load_regex(l, at, list->items[i].text, p);
		if (s != OK)
			return s;
	}
	return OK;
}

static enum status load_topic(struct loader *l, const struct doc *at, size_t index)
{
	static const char *const keys[] = {"name", "question", "answer", "holds", "locales", "strong", "weak", "regex", NULL};
	struct topic *t = &l->r->topics[index];
	int64_t question, answer;
	enum status s = load_only_keys(l, at, keys);
	if (s != OK)
		return s;
	if (doc_int(at, "question", 2, &question, NULL) != OK || doc_int(at, "answer", 4, &answer, NULL) != OK || question < 1 || answer < 1 || question > 100 ||
	        answer > 100)
		return load_bad(l, at, "question and answer are points from 1 to 100");
	if (doc_bool(at, "holds", false, &t->holds, NULL) != OK)
		return load_bad(l, at, "holds is true or false");
	t->question = (uint32_t)question;
	t->answer = (uint32_t)answer;
	t->name = arena_take_str(l->r->arena, doc_text(at, "name", STR_NONE));
	t->signal = arena_take_printf(l->r->arena, "topic:%.*s", STR_ARG(t->name));
	if (t->name.n == 0)
		return load_bad(l, at, "has no name");
	s = load_locales(l, at, t);
	if (s == OK)
		s = load_words(l, at, "strong", (struct term){.kind = TERM_TOPIC, .points = 2, .index = (uint16_t)index});
	if (s == OK)
		s = load_words(l, at, "weak", (struct term){.kind = TERM_TOPIC, .points = 1, .index = (uint16_t)index});
	return s == OK ? load_topic_regexes(l, at, index) : s;
}

static enum status load_topics(struct loader *l, const struct doc *root)
{
	static const char *const keys[] = {"topics", "exceptions", NULL};
	enum status s = load_only_keys(l, root, keys);
	if (s != OK)
		return s;
	const struct doc *list = doc_get(root, "topics");
	if (list == NULL || list->kind != DOC_LIST || list->count > TOPICS_MAX)
		return load_bad(l, root, "topics must be a list of at most 64");
	l->r->topic_patterns.items = ARENA_TAKE(l->r->arena, struct pattern, RULES_MAX);
	if (l->r->topic_patterns.items == NULL)
		return load_no_memory(l);
	for (size_t i = 0; i < list->count && s == OK; i++) {
		l->r->topic_count = i + 1;
		s = load_topic(l, &list->items[i], i);
	}
	return s == OK ? load_words(l, root, "exceptions", (struct term){.kind = TERM_EXCEPTION}) : s;
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool rules_init(struct intent_rules *r)
{
	r->arena = arena_new(ARENA_MAX);
	r->words = words_new();
	r->gate_words = words_new();
	r->limits = pcre2_match_context_create(NULL);
	if (r->arena == NULL || r->words == NULL || r->gate_words == NULL || r->limits == NULL)
		return false;
	pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(r->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
	r->terms = ARENA_TAKE(r->arena, struct term, LOAD_TERMS_MAX);
	return r->terms != NULL;
}

enum status intent_rules_new(const struct doc *intent, const struct doc *topics, struct intent_rules **out, struct err *e)
{
	struct intent_rules *r = calloc(1, sizeof(*r));
	struct gate *gate = malloc(sizeof(*gate));
	struct loader l = {.r = r, .e = e, .gate = gate};
	if (r == NULL || gate == NULL || !rules_init(r)) {
		intent_rules_free(r);
		free(gate);
		return err_set(e, E_NOMEM, "rules", "no memory for the rules");
	}
	enum status s = load_intent(&l, intent);
	if (s == OK)
		s = load_topics(&l, topics);
	free(gate);
	if (s == OK && arena_failed(r->arena))
		s = load_no_memory(&l);
	if (s != OK) {
		intent_rules_free(r);
		return s;
	}
	*out = r;
	return OK;
}

enum status intent_rules_weigh(struct intent_rules *r, struct str weights, struct err *e)
{
	struct model *m;
	enum status s = model_new(weights, &m, e);
	if (s != OK)
		return s;
	model_free(r->model);
	r->model = m;
	return OK;
}

static void patterns_free(struct patterns *p)
{
	for (size_t i = 0; i < p->count; i++)
		pcre2_code_free(p->items[i].code);
}

void intent_rules_free(struct intent_rules *r)
{
	if (r == NULL)
		return;
	struct patterns *all[] = {&r->evidence, &r->budget, &r->said, &r->stance, &r->topic_patterns};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		patterns_free(all[i]);
	pcre2_match_context_free(r->limits);
	words_free(r->words);
	words_free(r->gate_words);
	model_free(r->model);
	arena_free(r->arena);
	free(r);
}

/* ---- matching --------------------------------------------------------------------------------- */

void rules_open_gates(const struct intent_rules *r, struct str text, struct gates_open *out)
{
	struct word_scan scan;
	uint32_t gate;
	size_t from, to;
	memset(out, 0, sizeof(*out));
	words_scan_anywhere(r->gate_words, text, &scan);
	while (words_next(&scan, &gate, &from, &to))
		out->bits[gate / 8] |= (uint8_t)(1u << (gate % 8));
}

bool rule_may_fit(const struct pattern *p, const struct gates_open *open)
{
	return open == NULL || p->gate == 0 || (open->bits[p->gate / 8] >> (p->gate % 8) & 1) != 0;
}

pcre2_match_data *rules_match_new(void)
{
	return pcre2_match_data_create(8, NULL);
}

int intent_rule_match(const struct intent_rules *r, const struct pattern *p, struct str text, size_t from, pcre2_match_data *match)
{
	/* text is valid UTF-8 and from lies in it: the checks of pcre2_match would cost as much as the matching */
	int n = p->jit ? pcre2_jit_match(p->code, (PCRE2_SPTR)text.p, text.n, from, 0, match, r->limits)
	               : pcre2_match(p->code, (PCRE2_SPTR)text.p, text.n, from, PCRE2_NO_UTF_CHECK, match, r->limits);
	return n >= 0 ? RULE_HIT : n == PCRE2_ERROR_NOMATCH ? RULE_MISSED : RULE_LIMIT;
}

struct str rule_group(const struct pattern *p, enum pattern_group g, struct str text, pcre2_match_data *match)
{
	uint32_t number = p->group[g];
	const size_t *ends = pcre2_get_ovector_pointer(match);
	if (number == 0 || number >= pcre2_get_ovector_count(match) || ends[2 * number] == PCRE2_UNSET)
		return STR_NONE;
	return str_sub(text, ends[2 * number], ends[2 * number + 1]);
}
