/* place: the policy. Which candidates, how many, where; what a link looks like, its label and its notice.
 *
 * Refuses: to know products' worth (match), people's intent, URLs' making (link). Pure. Owns: a policy is immutable and shared;
 * spots belong to one insert. Threads: as owned. */
#ifndef PLACE_H
#define PLACE_H

#include "base/base.h"
#include "catalog/catalog.h"
#include "match/match.h"
#include "text/text.h"

/* ---- policy: rules/placement.yaml, rules/disclosure.yaml ------------------------------- */

/* How links are labelled and disclosed in one language. */
struct place_locale {
	struct str tag;      /* "en", "zh", "zh-hant": matched by longest prefix of the request's locale, lower case */
	struct str label;    /* visible text right after the link: " (Ad)", " （广告）" */
	bool label_inside;   /* label stands within the brackets instead */
	struct str title;    /* label of an annotation: "Ad: " */
	struct str notice;   /* closing paragraph under inline links */
	struct str cards, references; /* first line of those blocks; unique enough to be recognised again */
};

struct place_policy;
MUST_USE enum status place_policy_new(const struct doc *placement, const struct doc *disclosure, struct place_policy **out, struct err *e);
void place_policy_free(struct place_policy *p);

struct place_limits {
	uint32_t max_links;     /* default of a request */
	uint32_t per_sentence;  /* 2 */
	uint32_t lookahead;     /* bytes behind a candidate that its decision may read: 64 */
	double min_score;       /* of phrase and product together, 0..1 */
	double min_telling;     /* of a kind of product's phrase */
	double min_intent;      /* of intent's score for inline links */
	uint32_t price_days;    /* a price older than that is not shown; 0: prices do not age */
	uint32_t holdout_ppm;   /* of shoppers that get no links, for comparison */
	bool without_question;  /* inline links without a question are allowed */
	bool amazon_allowed;
	bool renders_disclosure; /* the client shows an annotation's title */
};
const struct place_limits *place_limits(const struct place_policy *p);
/* Block-lists: folded words of a phrase, a category path or a part of it, a merchant id. */
bool place_blocks_phrase(const struct place_policy *p, struct str folded);
bool place_blocks_category(const struct place_policy *p, struct str category);
bool place_blocks_merchant(const struct place_policy *p, struct str merchant);
/* By tag; then by what the text is written in: han and words are counts of its tokens, traditional tells of the script. */
const struct place_locale *place_locale(const struct place_policy *p, struct str tag, size_t han, size_t words, bool traditional);
size_t place_locale_count(const struct place_policy *p);
const struct place_locale *place_locale_at(const struct place_policy *p, size_t i);

/* ---- spots: what has been placed -------------------------------------------------------- */

/* Why a candidate is not linked; also the answer's reason when nothing was. In rising order of what is worth telling. */
enum refusal {
	REFUSED_NOT,
	REFUSED_NO_MATCH,
	REFUSED_BELOW_THRESHOLD,
	REFUSED_CROWDED, /* clause, sentence, or the product or phrase is there already: told as capped */
	REFUSED_OUT_OF_STOCK,
	REFUSED_OVER_BUDGET,
	REFUSED_BLOCKED,
};
struct str refusal_name(enum refusal r);

#define PLACE_MAX_LINKS 16
struct place_spots {
	uint32_t max;
	uint32_t count;
	uint32_t clause, sentence, in_sentence; /* of the last spot */
	uint64_t item[PLACE_MAX_LINKS];         /* product_item of each */
	uint64_t phrase[PLACE_MAX_LINKS];       /* hashes of folded phrases */
	uint64_t shown[64]; /* items of the conversation so far */
	uint32_t shown_count;
};
void place_spots_init(struct place_spots *s, uint32_t max);
void place_spots_shown(struct place_spots *s, uint64_t item);
/* Is there room for a link at this token of this phrase? */
enum refusal place_room(const struct place_spots *s, const struct place_policy *p, const struct text_token *at, struct str phrase);
/* Was this item, of whatever shop, placed here or shown in the conversation? */
bool place_has_item(const struct place_spots *s, const struct product *p);
void place_take(struct place_spots *s, const struct text_token *at, struct str phrase, uint64_t item);

/* ---- markup -------------------------------------------------------------------------------- */

/* What goes behind the words of a link: "](URL)" and the label where the locale wants it. Before them stands "[". url is from link/. A
 * link that text may follow directly has its URL in <>: md4c's bare URLs run on over the bracket; and so has one that ends in "_", which md4c
 * takes for a delimiter. */
void place_link_tail(const struct place_locale *l, struct str url, struct buf *out);
/* Blank line (as the answer's last bytes need) and the notice. */
void place_notice(const struct place_locale *l, struct str answer_tail, struct buf *out);
struct place_item {
	const struct product *product;
	struct str merchant; /* its name */
	struct str url;
	bool priced; /* the price may be shown */
	bool also; /* of a card: another shop of the item before it */
};
/* A numbered list (references), or cards with image, title, price, shop; further shops of an item stand behind it. */
void place_references(const struct place_locale *l, struct str answer_tail, const struct place_item *items, size_t n, struct buf *out);
void place_cards(const struct place_locale *l, struct str answer_tail, const struct place_item *items, size_t n, struct buf *out);

#endif
