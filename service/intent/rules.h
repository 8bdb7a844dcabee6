/* rules: the parsed and compiled rule files, private to intent. Immutable once built. */
#ifndef INTENT_RULES_H
#define INTENT_RULES_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "intent/intent.h"
#include "intent/model.h"
#include "intent/words.h"

enum { RULES_MAX = 512, TOPICS_MAX = INTENT_MAX_TOPICS, GROUPS_MAX = 3 };
/* The letter that stands for "the words in question" in rules of stance: <it>. */
#define STANCE_MARK "\xEF\xBF\xBC"

enum pattern_where { WHERE_QUESTION = 1, WHERE_ANSWER = 2, WHERE_LEAD = 4, WHERE_VERDICT = 8 };
enum pattern_kind {
	KIND_EVIDENCE,
	KIND_MAX, KIND_MIN, KIND_RANGE, KIND_CHEAPEST,
	KIND_OWNED, KIND_UNWANTED, KIND_COMPARES,
	KIND_AGAINST, KIND_LOSER, KIND_PICKED
};

/* One rule. `code` is NULL where a rule has words only. */
struct pattern {
	struct str name, signal; /* signal: "question:name" */
	enum pattern_kind kind;
	unsigned where, scripts;
	double weight;
	pcre2_code *code;
	bool jit; /* compiled to machine code */
	uint32_t group[GROUPS_MAX]; /* numbers of the groups lo, hi, it; 0 where missing */
	uint32_t gate; /* its number in struct gates; 0: always to be tried */
};

/* Which expressions may fit a text at all: see gate.h. */
enum { GATES_MAX = 2048 };
struct gates_open {
	uint8_t bits[GATES_MAX / 8];
};
enum pattern_group { GROUP_LO, GROUP_HI, GROUP_IT };

struct patterns {
	struct pattern *items;
	size_t count;
};

struct topic {
	struct str name, signal; /* "topic:name" */
	uint32_t question, answer; /* points needed in each */
	bool holds;                /* for the whole conversation, not for this turn only */
	struct str locales[8];     /* beginnings of locales; none means everywhere */
	size_t locale_count;
};

/* What a literal word stands for. */
enum term_kind { TERM_EVIDENCE, TERM_TOPIC, TERM_EXCEPTION };
struct term {
	uint8_t kind, points;
	uint16_t index; /* of the evidence or topic */
};

struct intent_rules {
	struct arena *arena;
	pcre2_match_context *limits;
	double consumer, informational, answer_alone, bias, answer_bias; /* thresholds are of the score, biases of its log-odds */
	double question_max; /* the most a question's log-odds weigh against what its answer says */
	double carry; /* log-odds that an earlier shopping turn lends to a later one */
	double model_share; /* of the model's log-odds that is added to the rules' */
	double model_for, model_against, model_answer; /* and the most it may add or take off; in an answer: either way */
	struct model *model; /* NULL: none was given */
	struct patterns evidence, budget, said, stance, topic_patterns; /* topic_patterns: `where` unused, weight is the topic's index */
	uint16_t *order; /* of the evidence: by falling weight above 0, then by rising weight below it */
	struct topic topics[TOPICS_MAX];
	size_t topic_count;
	struct words *gate_words; /* the terms are numbers of gates */
	uint32_t gate_count;
	struct words *words;
	struct term *terms;
	uint32_t term_count;
};

/* Looks for the words of all gates in the text. */
void rules_open_gates(const struct intent_rules *r, struct str text, struct gates_open *out);
/* May the pattern fit the text that the gates were opened by? open NULL: not known, so yes. */
bool rule_may_fit(const struct pattern *p, const struct gates_open *open);

/* Match data for the patterns; one for each call that matches. */
pcre2_match_data *rules_match_new(void);

enum { RULE_MISSED = 0, RULE_HIT = 1, RULE_LIMIT = -1 };
/* text: plain. RULE_LIMIT where the match gave up: callers then decide for "no link". */
int intent_rule_match(const struct intent_rules *r, const struct pattern *p, struct str text, size_t from, pcre2_match_data *match);
/* The bytes of a group after RULE_HIT; empty where it took no part. */
struct str rule_group(const struct pattern *p, enum pattern_group g, struct str text, pcre2_match_data *match);

#endif
