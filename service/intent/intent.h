/* intent: is this person shopping, about what, under which constraints; with reasons.
 *
 * Rules are data (rules/intent.yaml, rules/topics.yaml; PCRE2 with JIT and match limits); each decision
 * carries the rules that made it as `signals`. English and Chinese (both scripts: rules see folded and raw text).
 * Refuses: products, Markdown, placing. Pure. Owns: rules are immutable and shared; an intent lives in the
 * caller's arena. Threads: rules may be used by any number at once (match data is per call). */
#ifndef INTENT_H
#define INTENT_H

#include "base/base.h"
#include "text/text.h"

enum intent_class { INTENT_NONE, INTENT_INFORMATIONAL, INTENT_CONSUMER, INTENT_SENSITIVE };
struct str intent_class_name(enum intent_class c); /* "none", "informational", "consumer", "sensitive" */

struct intent_rules;
/* intent, topics: parsed rules/intent.yaml and rules/topics.yaml. E_INPUT names rule and line. */
MUST_USE enum status intent_rules_new(const struct doc *intent, const struct doc *topics, struct intent_rules **out, struct err *e);
void intent_rules_free(struct intent_rules *r);
/* weights: the text of rules/intent.weights, the linear model that speaks beside the rules. Once, before r is shared; without it the
 * rules decide alone. E_INPUT names the line. */
MUST_USE enum status intent_rules_weigh(struct intent_rules *r, struct str weights, struct err *e);

/* What was read so far, kept between calls of intent_answer; for intent's own eyes. All zero is the beginning. */
#define INTENT_MAX_TOPICS 64
#define INTENT_MAX_SEEN 64
#define INTENT_MAX_FEATURES 8192
struct intent_memory {
	double question, answer;            /* log-odds gathered from each */
	uint64_t topics_off;                /* topics that do not hold in this locale */
	uint8_t points[INTENT_MAX_TOPICS];  /* of each topic in the answer */
	uint8_t fired[64];                  /* evidence that has been counted, a bit a rule: a piece may be read twice */
	uint16_t seen[INTENT_MAX_SEEN];     /* words and patterns of topics that have been counted */
	uint32_t seen_count;
	double model;                       /* what the model's features in the answer add up to */
	uint8_t model_seen[INTENT_MAX_FEATURES / 8];
};

#define INTENT_MAX_SIGNALS 16
#define INTENT_MAX_WORDS 8
struct intent {
	enum intent_class class;
	double score;                            /* 0..1 how surely consumer */
	struct str signals[INTENT_MAX_SIGNALS];  /* "question:which_should_i_buy", "topic:medicine", "model:a gift", ... strongest first */
	uint32_t signal_count;
	/* Budget of one item in any currency that the words name; currency "" when none was named (then any). */
	bool has_max, has_min;
	struct money max_price, min_price; /* minor units; when no currency is named, of exponent 2 */
	bool cheapest;
	bool compares; /* the last thing asked is which of several it should be */
	struct str owned[INTENT_MAX_WORDS]; /* folded: things the person says they have, one a slot ("airpods pro") */
	uint32_t owned_count;
	struct str unwanted[INTENT_MAX_WORDS]; /* folded: "not Sony", "不要含酒精" */
	uint32_t unwanted_count;
	struct intent_memory memory;
};

struct intent_turn {
	struct str role, content; /* "user", "assistant", "system" */
};
/* Judges the question; turns (oldest first, may be none) carry what was said before: the last user turn counts as
 * the question when question is empty. locale hints ("zh-CN"); "" is unknown. Strings point into a. */
MUST_USE enum status intent_question(const struct intent_rules *r, struct str question, const struct intent_turn *turns, size_t n,
                                     struct str locale, struct arena *a, struct intent *out, struct err *e);

/* Evidence in the answer, clause by clause as it comes: raw bytes of whole sentences or the part of one that may
 * be read. May raise in->class to INTENT_SENSITIVE, lower it to INTENT_NONE (structured output, story, code) or, where
 * the operator allows answers without question, raise NONE to CONSUMER by the answer's own words. Adds signals.
 * Monotone: once sensitive, always sensitive. */
MUST_USE enum status intent_answer(const struct intent_rules *r, struct str sentence, bool without_question, struct arena *a, struct intent *in, struct err *e);

/* How the sentence treats the words [from, to) (bytes of sentence): the verdict of rules on negation, ownership,
 * comparison, advice against, quotes of others. Reads nothing behind `to` + what sentence holds. */
enum intent_stance { STANCE_PLAIN, STANCE_OWNED, STANCE_AGAINST, STANCE_LOSER, STANCE_PICKED };
enum intent_stance intent_stance(const struct intent_rules *r, struct str sentence, size_t from, size_t to, struct str *rule_out);
/* Does the sentence say that the words are the ones to take, where several are compared: "get <it>", "<it>更值得买"? */
bool intent_picked(const struct intent_rules *r, struct str sentence, size_t from, size_t to);
/* What a line says of the list under it: "Not worth buying:", "别买：". STANCE_PLAIN, STANCE_OWNED or STANCE_AGAINST. */
enum intent_stance intent_lead(const struct intent_rules *r, struct str line);

#endif
