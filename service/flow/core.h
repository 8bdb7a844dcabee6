/* Private to flow: what shelves, rules and inserts are made of. */
#ifndef FLOW_CORE_H
#define FLOW_CORE_H

#include "flow/bots.h"
#include "flow/caps.h"
#include "flow/demand.h"
#include "flow/flow.h"
#include "intent/intent.h"
#include "match/match.h"
#include "place/place.h"
#include "text/text.h"

struct flow_rules {
	_Atomic int refs;
	struct arena *a;
	struct intent_rules *intent;
	struct place_policy *policy;
	struct link_networks *networks;
	const struct doc *matching;
	struct bot_rules bots;
	struct cap_limits caps;
	struct demand_words demand;
	struct flow_rule_texts texts; /* copies, in a */
};

/* A product whose URL is written otherwise once it is cleaned (tracking, Han letters): for recognising our own direct links. */
struct shelf_alias {
	uint64_t hash; /* of the cleaned URL */
	uint32_t product;
};

/* What merchant, URL and policy say of a product before any answer is looked at. */
enum standing { STANDING_FINE, STANDING_OFF, STANDING_BLOCKED };
enum { STANDING_HAN = 0x80 }; /* beside it in one byte: the title has a Han character */

#define SHELF_WEIGHTS 64
struct shelf {
	_Atomic int refs;
	struct shelf *base; /* what its catalog and match lie over, or NULL */
	bool alias_whole;   /* base's aliases are not asked */
	uint8_t *standing; /* enum standing and STANDING_HAN, by product number */
	struct shelf_alias *alias; /* by hash, then product */
	size_t alias_count;
	struct catalog *catalog;
	struct match_index *match;
	struct flow_rules *rules;
	double weigh[SHELF_WEIGHTS], weigh_han[SHELF_WEIGHTS]; /* of a candidate's facts; what is added for Chinese phrases */
	double enough, last_place; /* the least chance to link; what is added to it for the last place in a sentence that lists things */
	const struct link_keys *keys;
	struct caps *caps; /* of the slot it hangs in; NULL: in none */
	char *public_url; /* without a slash at the end; "" none */
};

/* ---- own markup (own.c) -------------------------------------------------------------
 * Decisions are made on the text with our own links, labels and blocks taken out. own stands between the bytes
 * that come and the scanner: it finds our markup and remembers what it took. */

struct own_link { /* a link of ours that was there already */
	uint32_t start, end;  /* its words, in decision text */
	uint32_t raw_tail, raw_tail_n; /* "](URL)" and label in the raw answer */
	uint64_t product_key;
	uint32_t url, url_n; /* in the raw answer */
	bool confirmed;      /* the decision made here again is the same */
};
struct own_cut { /* raw bytes [from, to) are not in the decision text */
	uint32_t from, to;
};
enum own_state { OWN_PASS, OWN_LINE, OWN_LINK, OWN_LABEL, OWN_TAIL };
#define OWN_MAX_LINKS 64
struct own {
	enum own_state state;
	size_t taken;  /* raw bytes seen */
	size_t fed;    /* raw bytes given to the scanner or cut out */
	size_t held;   /* raw offset where the undecided bytes begin (state not PASS) */
	size_t words_end, url_end; /* OWN_LINK, OWN_LABEL: offsets of "]" and ")", 0 not seen */
	uint64_t key;  /* OWN_LABEL: product of the link found */
	uint32_t asked; /* URLs looked up among all merchants; bounded */
	bool notice_seen, tail_seen;
	struct own_link link[OWN_MAX_LINKS];
	uint32_t link_count;
	struct own_cut cut[3 * OWN_MAX_LINKS];
	uint32_t cut_count;
};

/* ---- insert --------------------------------------------------------------------------- */

struct edit {
	uint32_t at;    /* raw offset */
	uint32_t text, n; /* in insert.inserts */
	int64_t before, more; /* code points of the answer up to it, and of its text */
};

struct placed { /* a link, in order of decision */
	uint32_t product; /* number in the snapshot */
	uint32_t phrase;
	uint32_t start, end; /* raw: the words, without delimiters; both 0 when it stands on none (card, reference) */
	bool on_words, existing;
	uint32_t card; /* of cards: place in placed of the card's first shop */
	struct link_id id;
	struct str url; /* in the insert's arena */
	struct match_ranked why;
	struct match_ranked rivals[3];
	uint32_t rival_count;
	double chance;               /* of the candidate; 0 for a card */
	float pull[SHELF_WEIGHTS];   /* what each fact added to its logistic sum */
};

struct start { /* what begins at a token, while it is undecided */
	uint32_t last, phrase; /* phrase UINT32_MAX: nothing yet */
};
#define INSERT_WINDOW 256 /* tokens between the oldest undecided start and the newest token */

struct choice { /* a candidate for a card or a reference, until the end */
	uint32_t phrase;
	struct match_ranked top, rivals[3];
	uint32_t rival_count;
};
#define INSERT_CHOICES 64
#define INSERT_ASKED 16
#define INSERT_SEEN 32
struct candidate; /* candidate.h */
struct said { /* said.c: what the person has */
	uint32_t owned[INSERT_ASKED]; /* phrases */
	uint32_t owned_count;
	uint64_t item[INSERT_ASKED]; /* of owned names */
	uint32_t item_count;
	uint32_t asked_for; /* audiences that the question names: whom.c */
};

struct insert {
	struct shelf *shelf;
	struct arena *a;       /* the request's strings, urls */
	struct arena *scratch; /* of one decision */
	struct insert_request r;
	struct str gate;  /* why no (further) link can be made; "" while one can */
	struct str reason; /* of decision "none", decided at the end */
	bool abandoned, finished, stopped, holdout, evidence;

	struct buf raw;   /* the answer as it came */
	size_t released;  /* of it, given out */
	struct own own;
	struct text *text;     /* the decision text */
	struct text *question; /* its words */
	struct str asked;      /* the question that counts */

	struct match_scan scan;
	uint32_t pushed; /* tokens given to the scan */
	uint32_t next;   /* oldest token that may still begin a link */
	struct start start[INSERT_WINDOW]; /* of token t at [t % INSERT_WINDOW] */
	uint32_t counted; /* tokens that han and words have counted */
	size_t han, words, traditional; /* Han characters, those of them that Simplified writes otherwise, words */

	struct cap_view caps;

	struct intent intent;
	uint32_t judged; /* sentences that intent has read whole */
	uint32_t judged_token; /* first token of the first sentence not read */
	struct place_spots spots;
	enum refusal refusal; /* the one most worth telling */
	const struct place_locale *locale; /* NULL until the first link */

	struct link_mac mac;
	struct link_id insertion;
	bool id_known;
	uint32_t asked_phrase[INSERT_ASKED]; /* kinds of things that the question names */
	uint32_t asked_count;
	uint32_t within_phrase[INSERT_ASKED]; /* what they are for: 手机 where a 手机壳 is asked for, and never by itself */
	uint32_t within_count;
	struct said said;
	bool listing; /* it asks for a list of goods */
	double *world;       /* by department: how much the question's words are used there; NULL until a candidate asks */
	double world_most, realm_most;
	uint32_t seen_phrase[INSERT_SEEN], seen_department[INSERT_SEEN]; /* of the answer, the last ones */
	uint32_t seen_count;
	uint32_t elsewhere; /* names so far of things that are not sold here */
	void (*trace)(void *arg, const struct insert *in, const struct candidate *c); /* tools: told of each candidate, and nothing is linked */
	void *trace_arg;
	struct placed placed[PLACE_MAX_LINKS];
	uint32_t placed_count;
	struct choice choice[INSERT_CHOICES];
	uint32_t choice_count;
	struct edit edit[2 * PLACE_MAX_LINKS + 1];
	uint32_t edit_count, edit_out;
	struct buf inserts;
};

enum standing shelf_standing(const struct shelf *s, const struct product *p);
bool shelf_title_is_han(const struct shelf *s, const struct product *p);
/* The product that a cleaned URL of merchant m shows, or PRODUCT_NONE. */
uint32_t shelf_find_url(const struct shelf *s, const struct merchant *m, struct str cleaned);

/* Products that say when they were updated show their price for place_limits' price_days. */
bool flow_price_fresh(const struct insert *in, const struct product *p);

/* Code points of s. */
int64_t flow_points(struct str s);

/* Copies into a record at most size - 1 bytes, cut at a code point. */
void flow_put_name(char *out, size_t size, struct str s);

/* own.c */
MUST_USE enum status own_feed(struct insert *in); /* what was appended to raw */
MUST_USE enum status own_finish(struct insert *in);
/* Raw offset of a decision-text offset: of a byte that begins a range, or of the end of one. */
uint32_t own_raw_start(const struct own *o, uint32_t at);
uint32_t own_raw_end(const struct own *o, uint32_t at);
/* An existing link that touches [from, to), or NULL. */
struct own_link *own_overlap(struct own *o, uint32_t from, uint32_t to);

/* Marks products that our links in the conversation have shown. */
void own_read_turns(struct insert *in);
/* The id of a link of ours that was there: its token's; a direct one gets what it would get now, in its place. After decide_identity. */
struct link_id own_link_id(const struct insert *in, struct str url, uint64_t key);
/* Links in our own closing block (cards, references), after own_finish and decide_identity. */
void own_read_tail(struct insert *in);

/* decide.c */
MUST_USE enum status decide_ready(struct insert *in);
void decide_sentences(struct insert *in, uint32_t before);
const struct place_locale *decide_locale(struct insert *in);
/* May this product be linked in this answer: stock, budget, market, policy, what is shown already? */
bool decide_allows(struct insert *in, const struct product *p);
/* Fixes the insertion's id by the text before the first link (all of it when there is none). */
void decide_identity(struct insert *in, struct str before);
MUST_USE enum status decide_url(struct insert *in, uint32_t product, struct placed *p);
void insert_edit(struct insert *in, uint32_t at, struct str text);

/* offers.c: the shops that sell the chosen item, cheapest first, one product each; offers has room for OFFERS. Returns how many, at least 1. */
#define OFFERS 3
size_t offers_of(struct insert *in, const struct choice *c, uint32_t offers[]);

#endif
