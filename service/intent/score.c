/* score.c: the verdict. Every rule that fits adds its weight to the log-odds of "is shopping"; topics veto.
 *
 * Whatever goes wrong (a match limit, a question too long) ends as "not shopping", never as a link. */
#include "intent/constraints.h"
#include "intent/plain.h"
#include "intent/rules.h"

#include <math.h>
#include <string.h>

enum {
	QUESTION_MAX = 64 << 10, /* a longer question is work on a document, not shopping */
	REGEX_HEAD = 2048, REGEX_TAIL = 512, /* bytes of a long text that regexes see; words are looked for in all of it */
	TURNS_READ = 8, TURN_MAX = 4096,
	SEEN_TOPIC_PATTERN = 0x8000 /* in intent_memory.seen: a pattern's number, not a term's */
};

struct judging {
	const struct intent_rules *rules;
	struct str plain, view; /* view: what regexes see */
	unsigned scripts;
	pcre2_match_data *match;
	struct arena *arena;
	struct intent *out;
	struct intent_memory turn;    /* what has been counted of this turn of the person */
	struct intent_memory *memory; /* what has been counted: turn, or of the whole answer */
	enum pattern_where where;
	bool only_against; /* evidence for shopping does not count */
	bool quiet;        /* no signals */
	struct gates_open open; /* what cannot fit is not tried */
	double strength[INTENT_MAX_SIGNALS];
};

struct str intent_class_name(enum intent_class c)
{
	static const char *const names[] = {"none", "informational", "consumer", "sensitive"};
	return str_of((unsigned)c < ARRAY_LEN(names) ? names[c] : "none");
}

/* ---- signals ---------------------------------------------------------------------------- */

/* Keeps out->signals sorted by strength; the weakest falls off the end. */
static void signal_add(struct judging *j, struct str signal, double strength)
{
	struct intent *out = j->out;
	uint32_t i = out->signal_count;
	if (j->quiet)
		return;
	if (i == INTENT_MAX_SIGNALS && strength <= j->strength[--i])
		return;
	for (; i > 0 && j->strength[i - 1] < strength; i--) {
		out->signals[i] = out->signals[i - 1];
		j->strength[i] = j->strength[i - 1];
	}
	out->signals[i] = signal;
	j->strength[i] = strength;
	if (out->signal_count < INTENT_MAX_SIGNALS)
		out->signal_count++;
}

enum { STRENGTH_TOPIC = 1000, STRENGTH_LIMIT = 2000 };

static void give_up(struct judging *j, const char *why)
{
	signal_add(j, str_of(why), STRENGTH_LIMIT);
	if (j->out->class != INTENT_SENSITIVE)
		j->out->class = INTENT_NONE;
	j->out->score = 0;
	/* and nothing that follows may outweigh it */
	j->out->memory.question = j->out->memory.answer = -1e6;
}

static double odds_score(double log_odds)
{
	return 1.0 / (1.0 + exp(-log_odds));
}

/* ---- topics ------------------------------------------------------------------------------ */

static bool locale_fits(const struct topic *t, struct str locale)
{
	if (t->locale_count == 0 || locale.n == 0)
		return true;
	for (size_t i = 0; i < t->locale_count; i++)
		if (str_eq_nocase(str_sub(locale, 0, t->locales[i].n), t->locales[i]))
			return true;
	return false;
}

/* Chinese words are read by Chinese rules, whatever the client's locale says. */
static uint64_t topics_off(const struct intent_rules *r, struct str locale, unsigned scripts)
{
	uint64_t off = 0;
	for (size_t i = 0; i < r->topic_count; i++)
		if (!locale_fits(&r->topics[i], locale) && !((scripts & PLAIN_HAN) != 0 && locale_fits(&r->topics[i], STR("zh"))))
			off |= (uint64_t)1 << i;
	return off;
}

static bool topic_on(const struct judging *j, size_t index)
{
	return (j->out->memory.topics_off >> index & 1) == 0;
}

static void add_points(uint8_t *points, unsigned more)
{
	*points = (uint8_t)(*points + more > 255 ? 255 : *points + more);
}

/* Was a term or pattern of a topic counted already? When the memory is full all counts again: that errs towards no link. */
static bool seen_before(struct intent_memory *m, uint32_t mark)
{
	for (uint32_t i = 0; i < m->seen_count; i++)
		if (m->seen[i] == mark)
			return true;
	if (m->seen_count < INTENT_MAX_SEEN)
		m->seen[m->seen_count++] = (uint16_t)mark;
	return false;
}

/* ---- the model ----------------------------------------------------------------------------- */

static double within(double x, double least, double most)
{
	return x < least ? least : x > most ? most : x;
}

/* What the model says of a text, with its strongest features on the side it takes as signals. memory: what has been counted. */
static double model_says(struct judging *j, enum model_field field, double counted, struct model_seen *seen, double *total)
{
	const struct intent_rules *r = j->rules;
	struct model_top top = {0};
	*total = counted + model_add(r->model, field, j->plain, seen, &top);
	double odds = r->model_share * (model_bias(r->model, field) + *total);
	for (size_t i = 0; i < MODEL_TOP; i++) {
		if (odds > 0 && top.up[i].signal.n > 0)
			signal_add(j, top.up[i].signal, r->model_share * top.up[i].weight);
		else if (odds < 0 && top.down[i].signal.n > 0)
			signal_add(j, top.down[i].signal, -r->model_share * top.down[i].weight);
	}
	return odds;
}

static double model_of_question(struct judging *j)
{
	struct model_seen seen = {0};
	double total;
	if (j->rules->model == NULL)
		return 0;
	return within(model_says(j, MODEL_QUESTION, 0, &seen, &total), -j->rules->model_against, j->rules->model_for);
}

/* An answer comes in pieces: what was said before is in the memory. */
static double model_of_answer(struct judging *j)
{
	struct intent_memory *m = j->memory;
	struct model_seen seen;
	_Static_assert(sizeof(seen) == sizeof(m->model_seen), "a bit for each feature");
	if (j->rules->model == NULL)
		return 0;
	memcpy(&seen, m->model_seen, sizeof(seen));
	double odds = model_says(j, MODEL_ANSWER, m->model, &seen, &m->model);
	memcpy(m->model_seen, &seen, sizeof(seen));
	return within(odds, -j->rules->model_answer, j->rules->model_answer);
}

/* ---- one text ------------------------------------------------------------------------------ */

/* Adds the rule's weight to *sum, once. */
static void fire_evidence(struct judging *j, size_t index, double *sum)
{
	const struct pattern *p = &j->rules->evidence.items[index];
	uint8_t bit = (uint8_t)(1 << (index % 8));
	if ((p->where & j->where) == 0 || (j->memory->fired[index / 8] & bit) != 0 || (j->only_against && p->weight > 0))
		return;
	j->memory->fired[index / 8] |= bit;
	*sum += p->weight;
	signal_add(j, p->signal, fabs(p->weight));
}

/* Words of topics and evidence in one walk. */
static void read_words(struct judging *j, double *sum)
{
	struct word_scan scan;
	uint32_t term;
	size_t from, to;
	words_scan(j->rules->words, j->plain, &scan);
	while (words_next(&scan, &term, &from, &to)) {
		const struct term *t = &j->rules->terms[term];
		if (t->kind == TERM_EXCEPTION)
			words_skip(&scan, to);
		else if (t->kind == TERM_EVIDENCE)
			fire_evidence(j, t->index, sum);
		else if (topic_on(j, t->index) && !seen_before(j->memory, term))
			add_points(&j->memory->points[t->index], t->points);
	}
}

/* False on a match limit. */
static bool read_topic_regexes(struct judging *j)
{
	for (size_t i = 0; i < j->rules->topic_patterns.count; i++) {
		const struct pattern *p = &j->rules->topic_patterns.items[i];
		size_t topic = (size_t)p->weight;
		if (!topic_on(j, topic) || (p->scripts & j->scripts) == 0 || !rule_may_fit(p, &j->open))
			continue;
		int hit = intent_rule_match(j->rules, p, j->view, 0, j->match);
		if (hit == RULE_LIMIT)
			return false;
		if (hit == RULE_HIT && !seen_before(j->memory, SEEN_TOPIC_PATTERN | (uint32_t)i))
			add_points(&j->memory->points[topic], 2);
	}
	return true;
}

/* Strongest for first, then strongest against (the order of rules->order): an answer that can only speak against, and a
 * question that nothing speaks for, need no more than their part. */
static bool read_evidence_regexes(struct judging *j, double *sum)
{
	const struct intent_rules *r = j->rules;
	for (size_t k = 0; k < r->evidence.count; k++) {
		const struct pattern *p = &r->evidence.items[r->order[k]];
		if (p->code == NULL || (p->where & j->where) == 0 || (p->scripts & j->scripts) == 0 || (j->only_against && p->weight > 0) ||
		        !rule_may_fit(p, &j->open))
			continue;
		if (j->where == WHERE_QUESTION && p->weight < 0 && odds_score(*sum) < r->informational)
			return true; /* none already, and it only gets less */
		int hit = intent_rule_match(r, p, j->view, 0, j->match);
		if (hit == RULE_LIMIT)
			return false;
		if (hit == RULE_HIT)
			fire_evidence(j, r->order[k], sum);
	}
	return true;
}

/* Reads the text once; false on a match limit. */
static bool read_text(struct judging *j, double *sum)
{
	read_words(j, sum);
	rules_open_gates(j->rules, j->view, &j->open);
	return read_topic_regexes(j) && read_evidence_regexes(j, sum);
}

/* held_only: only topics that hold for the whole conversation. */
static bool raise_topics(struct judging *j, bool held_only)
{
	bool raised = false;
	for (size_t i = 0; i < j->rules->topic_count; i++) {
		const struct topic *t = &j->rules->topics[i];
		if (j->memory->points[i] < (j->where == WHERE_QUESTION ? t->question : t->answer) || (held_only && !t->holds))
			continue;
		signal_add(j, t->signal, STRENGTH_TOPIC);
		raised = true;
	}
	if (raised) {
		j->out->class = INTENT_SENSITIVE;
		j->out->score = 0;
	}
	return raised;
}

/* Head and tail of a long text; the text itself when it is short. */
static struct str regex_view(struct str plain, struct arena *a)
{
	if (plain.n <= REGEX_HEAD + REGEX_TAIL)
		return plain;
	struct str head = str_sub(plain, 0, REGEX_HEAD), tail = str_sub(plain, plain.n - REGEX_TAIL, plain.n);
	head.n = utf8_whole(head);
	while (tail.n > 0 && ((uint8_t)tail.p[0] & 0xC0) == 0x80)
		tail = str_sub(tail, 1, tail.n);
	return arena_take_printf(a, "%.*s\n%.*s", STR_ARG(head), STR_ARG(tail));
}

static enum status judging_init(struct judging *j, const struct intent_rules *r, struct str raw, struct arena *a, struct intent *out, struct err *e)
{
	struct buf plain;
	*j = (struct judging){.rules = r, .arena = a, .out = out, .where = WHERE_QUESTION};
	j->memory = &j->turn;
	buf_init(&plain, raw.n * 12 + 64);
	bool good = plain_text(raw, &plain);
	if (good) {
		j->plain = arena_take_str(a, buf_str(&plain));
		j->view = regex_view(j->plain, a);
		j->scripts = plain_scripts(j->plain);
		j->match = rules_match_new();
	}
	buf_done(&plain);
	if (!good || arena_failed(a) || j->match == NULL) {
		pcre2_match_data_free(j->match);
		return err_set(e, E_NOMEM, "intent", "no memory to read the text");
	}
	return OK;
}

/* ---- question -------------------------------------------------------------------------------- */

static void settle_question(struct judging *j)
{
	struct intent *out = j->out;
	out->score = odds_score(out->memory.question);
	out->class = out->score >= j->rules->consumer ? INTENT_CONSUMER : out->score >= j->rules->informational ? INTENT_INFORMATIONAL : INTENT_NONE;
}

static void judge_question(struct judging *j, struct str locale, double carried)
{
	double sum = j->rules->bias + carried + model_of_question(j);
	bool good = read_text(j, &sum);
	j->out->memory.question = sum;
	if (raise_topics(j, false))
		return;
	settle_question(j);
	if (good && j->out->class == INTENT_CONSUMER)
		good = constraints_read(j->rules, j->view, locale, j->arena, j->match, &j->open, j->out);
	if (!good)
		give_up(j, "limit:match");
}

/* What one earlier turn of the person leaves behind: constraints, a topic that holds, and whether it was shopping. */
static void judge_earlier(struct judging *j, struct str locale, bool *shopping)
{
	j->quiet = true;
	double sum = j->rules->bias + model_of_question(j);
	bool good = read_text(j, &sum) && constraints_read(j->rules, j->view, locale, j->arena, j->match, &j->open, j->out);
	j->quiet = false;
	raise_topics(j, true);
	*shopping = good && odds_score(sum) >= j->rules->consumer;
}

static bool is_user(const struct intent_turn *t)
{
	return str_eq(t->role, STR("user")) && t->content.n > 0;
}

/* The earlier turns of the person, the last TURNS_READ of them. */
static enum status read_turns(const struct intent_rules *r, const struct intent_turn *turns, size_t n, struct str locale, struct arena *a, struct intent *out,
	bool *shopping, struct err *e)
{
	size_t first = n;
	for (int wanted = TURNS_READ; first > 0 && wanted > 0; first--)
		wanted -= is_user(&turns[first - 1]);
	for (size_t i = first; i < n; i++) {
		struct judging j;
		struct str said = str_sub(turns[i].content, 0, TURN_MAX);
		if (!is_user(&turns[i]))
			continue;
		enum status s = judging_init(&j, r, said, a, out, e);
		if (s != OK)
			return s;
		judge_earlier(&j, locale, shopping);
		pcre2_match_data_free(j.match);
	}
	return OK;
}

/* The question, or the last thing the person said; *n becomes the number of turns before it. */
static struct str find_question(struct str question, const struct intent_turn *turns, size_t *n)
{
	for (size_t i = *n; i > 0; i--) {
		if (!is_user(&turns[i - 1]))
			continue;
		if (question.n > 0 && !str_eq(question, turns[i - 1].content))
			return question;
		*n = i - 1;
		return turns[i - 1].content;
	}
	*n = 0;
	return question;
}

enum status intent_question(const struct intent_rules *r, struct str question, const struct intent_turn *turns, size_t n, struct str locale, struct arena *a,
	struct intent *out, struct err *e)
{
	struct intent got = {0};
	struct judging j;
	bool shopping = false;
	question = find_question(question, turns, &n);
	bool too_long = question.n > QUESTION_MAX;
	enum status s = judging_init(&j, r, str_sub(question, 0, QUESTION_MAX), a, &got, e);
	if (s != OK)
		return s;
	got.memory.topics_off = topics_off(r, locale, j.scripts);
	s = read_turns(r, turns, n, locale, a, &got, &shopping, e);
	bool held = got.class == INTENT_SENSITIVE;
	if (s == OK && question.n > 0 && !held) {
		if (shopping)
			signal_add(&j, STR("turns:shopping"), fabs(r->carry));
		judge_question(&j, locale, shopping ? r->carry : 0);
		if (too_long)
			give_up(&j, "limit:question_length");
	}
	pcre2_match_data_free(j.match);
	if (s == OK)
		*out = got;
	return s;
}

/* ---- answer ------------------------------------------------------------------------------------ */

/* With a question the answer can only speak against; without one it must speak for itself. */
static void settle_answer(struct judging *j, bool without_question, double model)
{
	struct intent *out = j->out;
	const struct intent_memory *m = &out->memory;
	if (without_question) {
		out->score = odds_score(j->rules->answer_bias + m->answer + model);
		out->class = out->score >= j->rules->answer_alone ? INTENT_CONSUMER : INTENT_NONE;
	} else if (out->class == INTENT_CONSUMER) {
		out->score = odds_score(fmin(m->question, j->rules->question_max) + m->answer);
		if (out->score < j->rules->consumer)
			out->class = INTENT_NONE;
	}
}

enum status intent_answer(const struct intent_rules *r, struct str sentence, bool without_question, struct arena *a, struct intent *in, struct err *e)
{
	struct judging j;
	if (in->class == INTENT_SENSITIVE || (in->class != INTENT_CONSUMER && !without_question))
		return OK;
	enum status s = judging_init(&j, r, sentence, a, in, e);
	if (s != OK)
		return s;
	j.where = WHERE_ANSWER;
	j.memory = &in->memory;
	j.only_against = !without_question;
	double model = without_question ? model_of_answer(&j) : 0;
	bool good = read_text(&j, &in->memory.answer);
	pcre2_match_data_free(j.match);
	if (raise_topics(&j, false))
		return OK;
	settle_answer(&j, without_question, model);
	if (!good)
		give_up(&j, "limit:match");
	return OK;
}
