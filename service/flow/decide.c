/* Decisions: which candidate becomes a link. Each is a function of the request, the shelf and the text up to the end of its window, never
 * of how the text was cut; see `window` and `ready`. */
#include "flow/candidate.h"

#include <string.h>

#define LOOKED_AT 64      /* products that are looked at for the cheapest, and for one made for whom it should be */
#define HOPE 0.2           /* of a chance: what another product behind the phrase may add */
#define MAX_SENTENCE 1024 /* bytes before a candidate that its decision looks at */

/* ---- feeding the scan ------------------------------------------------------------- */

/* An answer that is JSON stays JSON: told by what stands before its first word. */
static bool looks_structured(struct str head)
{
	head = str_trim(head);
	if (str_starts(head, STR("{")))
		return true;
	struct str inner = str_trim(str_sub(head, 1, head.n));
	return str_starts(head, STR("[")) && inner.n && strchr("{[\"", inner.p[0]);
}

static void push_token(struct insert *in)
{
	uint32_t at = in->pushed++;
	const struct text_token *tokens = text_tokens(in->text), *t = &tokens[at];
	if (at == 0 && looks_structured(str_sub(text_source(in->text), 0, t->start)))
		in->gate = STR("structured_output");
	enum text_gap gap = (enum text_gap)t->gap;
	if (gap > GAP_SOFT && at > 0 && phrase_spaced_model(in, at - 1))
		gap = GAP_SOFT;
	if (gap <= GAP_SOFT && at > 0 && t->start - tokens[at - 1].end > MAX_GAP)
		gap = GAP_HARD;
	struct match_hit hits[MATCH_MAX_TOKENS];
	size_t n = match_scan_push(&in->scan, phrase_usable(t) ? text_folded(in->text, at) : STR_NONE, gap, hits);
	in->start[at % INSERT_WINDOW] = (struct start){.phrase = NO_PHRASE};
	for (size_t i = 0; i < n; i++) {
		if (hits[i].first < in->next || match_phrase(in->shelf->match, hits[i].phrase).kind == MATCH_BRAND)
			continue;
		in->start[hits[i].first % INSERT_WINDOW] = (struct start){.last = hits[i].last, .phrase = hits[i].phrase};
	}
}

/* ---- windows -------------------------------------------------------------------------- */

/* The last token that the decision about a candidate ending with token `last` may read. */
static uint32_t window(const struct insert *in, uint32_t last)
{
	const struct text_token *t = text_tokens(in->text);
	size_t count = text_count(in->text);
	uint32_t limit = t[last].end + place_limits(in->shelf->rules->policy)->lookahead, w = last;
	while (w + 1 < count && t[w + 1].clause == t[last].clause && t[w + 1].start <= limit && t[w + 1].end - t[w + 1].start <= MAX_TOKEN)
		w++;
	return w;
}

/* Has all that the window can ever hold come? */
static bool ready(const struct insert *in, uint32_t last)
{
	const struct text_token *t = &text_tokens(in->text)[last];
	size_t settled = text_settled(in->text);
	if (in->finished || text_clauses_over(in->text) > t->clause)
		return true;
	return settled > t->end + place_limits(in->shelf->rules->policy)->lookahead || text_source(in->text).n - settled > 2 * MAX_TOKEN;
}

/* First token of the sentence of token at, no further back than MAX_SENTENCE bytes. */
static uint32_t sentence_start(const struct insert *in, uint32_t at)
{
	const struct text_token *t = text_tokens(in->text);
	uint32_t first = at;
	while (first > 0 && t[first - 1].sentence == t[at].sentence && t[at].end - t[first - 1].start <= MAX_SENTENCE)
		first--;
	return first;
}

/* ---- what the answer says about intent --------------------------------------------------- */

static void veto(struct insert *in)
{
	if (in->intent.class == INTENT_CONSUMER || in->gate.n)
		return;
	if (in->placed_count > 0) {
		in->stopped = true;
		in->gate = STR("stopped");
	} else if (in->intent.class == INTENT_SENSITIVE) {
		in->gate = STR("sensitive");
	} else if (in->evidence) {
		in->gate = STR("no_intent");
	}
}

/* Intent reads source bytes [from, to). Trouble in a rule (a match limit) means no links. */
static void judge(struct insert *in, uint32_t from, uint32_t to)
{
	struct str s = str_sub(text_source(in->text), from, to);
	if (s.n > 4 * MAX_SENTENCE)
		s.n = 4 * MAX_SENTENCE;
	struct err e = {0};
	if (intent_answer(in->shelf->rules->intent, s, !in->evidence, in->a, &in->intent, &e) != OK)
		in->intent.class = INTENT_NONE;
	veto(in);
}

void decide_sentences(struct insert *in, uint32_t before)
{
	const struct text_token *t = text_tokens(in->text);
	size_t count = text_count(in->text);
	while (in->judged_token < count && t[in->judged_token].sentence < before) {
		uint32_t first = in->judged_token, last = first;
		while (last + 1 < count && t[last + 1].sentence == t[first].sentence)
			last++;
		in->judged_token = last + 1;
		judge(in, t[first].start, t[last].end);
	}
}

/* ---- context, filter, rank ------------------------------------------------------------------ */

static void add_tokens(struct match_context *c, const struct text *t, uint32_t from, uint32_t to, double weight)
{
	for (uint32_t i = from; i < to; i++) {
		const struct text_token *k = &text_tokens(t)[i];
		match_context_add(c, text_folded(t, i), (enum text_kind)k->kind, i == from ? GAP_BLOCK : (enum text_gap)k->gap, weight);
	}
}

/* The sentence weighs 3, the question 2, what stands just before 1. */
static struct match_context *context_of(struct insert *in, uint32_t first, uint32_t w)
{
	struct match_context *c = match_context_new(in->shelf->match, in->scratch);
	if (!c)
		return NULL;
	size_t asked = text_count(in->question);
	add_tokens(c, in->question, asked > 256 ? (uint32_t)asked - 256 : 0, (uint32_t)asked, 2);
	uint32_t start = sentence_start(in, first);
	add_tokens(c, in->text, start > 64 ? start - 64 : 0, start, 1);
	add_tokens(c, in->text, start, w + 1, 3);
	return c;
}

const struct place_locale *decide_locale(struct insert *in)
{
	if (in->locale)
		return in->locale;
	return place_locale(in->shelf->rules->policy, in->r.locale, in->han, in->words, in->traditional * 10 > in->han);
}

static void count_script(struct insert *in, const struct text *t, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		const struct text_token *k = &text_tokens(t)[i];
		if (k->kind != TEXT_HAN) {
			in->words++;
			continue;
		}
		in->han++;
		in->traditional += !str_eq(text_folded(t, i), str_sub(text_source(t), k->start, k->end));
	}
}

/* ---- making a link ------------------------------------------------------------------------------ */

void decide_identity(struct insert *in, struct str before)
{
	uint8_t mac[32];
	if (in->id_known)
		return;
	link_mac_field(&in->mac, before);
	link_mac_done(&in->mac, mac);
	in->insertion = link_id_of_mac(mac);
	in->id_known = true;
}

enum status decide_url(struct insert *in, uint32_t product, struct placed *p)
{
	const struct shelf *s = in->shelf;
	const struct product *pr = catalog_product(s->catalog, product);
	const struct merchant *m = catalog_merchant_of(s->catalog, pr);
	p->product = product;
	p->id = link_id_of(s->keys, in->insertion, in->placed_count, pr->key);
	struct buf url;
	buf_init(&url, 8192);
	enum status st = OK;
	if (s->public_url[0] && !link_is_direct(m, pr->url)) {
		char token[LINK_TOKEN_MAX];
		struct link_token t = {.insertion = in->insertion, .ordinal = (uint8_t)in->placed_count, .product_key = pr->key};
		size_t n = link_token_write(s->keys, &t, token);
		buf_put(&url, str_of(s->public_url));
		buf_put(&url, STR("/c/"));
		buf_put(&url, (struct str){token, n});
	} else {
		char subid[LINK_SUBID_TEXT + 1] = "";
		if (m->click_mode != CLICK_NONE)
			link_subid_write(p->id, subid);
		st = link_target(s->rules->networks, m, pr->url, str_of(subid), &url, NULL);
	}
	if (st == OK && url.failed)
		st = E_NOMEM;
	if (st == OK)
		p->url = arena_take_str(in->a, buf_str(&url));
	buf_done(&url);
	return st == OK && arena_failed(in->a) ? E_NOMEM : st;
}

void insert_edit(struct insert *in, uint32_t at, struct str text)
{
	const struct edit *last = in->edit_count ? &in->edit[in->edit_count - 1] : NULL;
	int64_t before = (last ? last->before : 0) + flow_points(str_sub(buf_str(&in->raw), last ? last->at : 0, at));
	in->edit[in->edit_count++] = (struct edit){.at = at, .text = (uint32_t)in->inserts.n, .n = (uint32_t)text.n, .before = before, .more = flow_points(text)};
	buf_put(&in->inserts, text);
}

/* The link is there already and says the same: nothing to insert. */
static bool confirm_existing(struct insert *in, const struct candidate *c, struct own_link *have, struct str tail, struct placed *p)
{
	uint64_t key = catalog_product(in->shelf->catalog, c->ranked[0].product)->key;
	bool same = have->start == c->from && have->end == c->to &&
	            (have->product_key == key || str_eq(tail, str_sub(buf_str(&in->raw), have->raw_tail, have->raw_tail + have->raw_tail_n)));
	if (!same)
		return false;
	have->confirmed = p->existing = true;
	p->url = arena_take_str(in->a, str_sub(buf_str(&in->raw), have->url, have->url + have->url_n));
	p->id = own_link_id(in, p->url, key);
	return true;
}

static enum status put_link(struct insert *in, const struct candidate *c)
{
	struct placed *p = &in->placed[in->placed_count];
	*p = (struct placed){.phrase = c->phrase, .on_words = true, .why = c->ranked[0], .rival_count = (uint32_t)c->ranked_count - 1};
	memcpy(p->rivals, c->ranked + 1, (c->ranked_count - 1) * sizeof *p->rivals);
	p->chance = c->chance;
	for (size_t i = 0; i < FACT_COUNT; i++)
		p->pull[i] = (float)weigh_pull(in, c, (enum fact)i);
	decide_identity(in, str_sub(text_source(in->text), 0, c->from));
	enum status s = decide_url(in, c->ranked[0].product, p);
	if (s != OK)
		return s == E_NOMEM ? s : OK; /* a URL that cannot be made is no link */
	struct own_link *have = own_overlap(&in->own, c->from, c->to);
	struct buf tail;
	buf_init(&tail, 16384);
	place_link_tail(c->locale, p->url, &tail);
	bool edit = !have && in->r.form == FORM_INLINE;
	bool ok = !tail.failed && (!have || confirm_existing(in, c, have, buf_str(&tail), p));
	if (ok) {
		const struct text_token *t = text_tokens(in->text);
		p->start = own_raw_start(&in->own, t[c->first].start);
		p->end = own_raw_end(&in->own, t[c->last].end);
		if (edit) {
			insert_edit(in, own_raw_start(&in->own, c->from), STR("["));
			insert_edit(in, own_raw_end(&in->own, c->to), buf_str(&tail));
		}
		in->locale = c->locale;
		in->placed_count++;
		place_take(&in->spots, &text_tokens(in->text)[c->first], c->words.text, product_item(catalog_product(in->shelf->catalog, p->product)));
		if (in->spots.count >= in->spots.max)
			in->gate = STR("capped");
	}
	buf_done(&tail);
	return in->inserts.failed ? E_NOMEM : OK;
}

static bool same_item(const struct insert *in, uint32_t a, uint32_t b)
{
	const struct catalog *c = in->shelf->catalog;
	return a == b || product_item(catalog_product(c, a)) == product_item(catalog_product(c, b));
}

/* For cards and references: remembered until the end. */
static void keep_choice(struct insert *in, const struct candidate *c)
{
	uint32_t at = in->choice_count;
	for (uint32_t i = 0; i < in->choice_count; i++) {
		if (in->choice[i].phrase == c->phrase)
			return;
		if (same_item(in, in->choice[i].top.product, c->ranked[0].product))
			at = i; /* the better naming of the same item stays */
	}
	if (at == INSERT_CHOICES || (at < in->choice_count && in->choice[at].top.score >= c->ranked[0].score))
		return;
	in->choice[at] = (struct choice){.phrase = c->phrase, .top = c->ranked[0], .rival_count = (uint32_t)c->ranked_count - 1};
	memcpy(in->choice[at].rivals, c->ranked + 1, (c->ranked_count - 1) * sizeof *c->ranked);
	in->choice_count += at == in->choice_count;
}

/* ---- one candidate ----------------------------------------------------------------------------------- */

static void note(struct insert *in, enum refusal r)
{
	if (r > in->refusal)
		in->refusal = r;
}

static bool on_words(const struct insert *in)
{
	return in->r.form == FORM_INLINE || in->r.form == FORM_ANNOTATIONS;
}

/* Words that no link may stand on, whatever the product. */
static bool barred(const struct insert *in, const struct candidate *c)
{
	for (uint32_t i = c->first; i <= c->last; i++)
		if (text_tokens(in->text)[i].flags & (TEXT_BARRED | TEXT_HEADING | TEXT_LINKED | TEXT_QUOTED))
			return true;
	return false;
}

static bool generic(const struct insert *in, const struct match_phrase *p)
{
	bool kind = p->kind == MATCH_TYPE || p->kind == MATCH_CATEGORY || p->kind == MATCH_KEYWORD;
	return kind && p->telling < place_limits(in->shelf->rules->policy)->min_telling;
}

/* The policy's and the sentence's word on the phrase, before any product is looked at. */
static enum refusal refuse_phrase(struct insert *in, const struct candidate *c)
{
	const struct place_policy *policy = in->shelf->rules->policy;
	const struct text_token *t = text_tokens(in->text);
	if (on_words(in) && place_room(&in->spots, policy, &t[c->first], c->words.text) != REFUSED_NOT)
		return REFUSED_CROWDED;
	if (place_blocks_phrase(policy, c->words.text) || place_blocks_category(policy, c->words.category))
		return REFUSED_BLOCKED;
	if (generic(in, &c->words) || weigh_only_within(in, c->phrase) || phrase_is_purpose(in, c))
		return REFUSED_BELOW_THRESHOLD;
	uint32_t from = t[sentence_start(in, c->first)].start;
	struct str sentence = str_sub(text_source(in->text), from, t[c->window].end), rule;
	if (intent_stance(in->shelf->rules->intent, sentence, c->from - from, c->to - from, &rule) != STANCE_PLAIN)
		return REFUSED_BELOW_THRESHOLD;
	if (said_refuses(in, c, sentence, c->from - from, c->to - from))
		return REFUSED_BELOW_THRESHOLD;
	return REFUSED_NOT;
}

/* In a sentence that lists things the last place waits for one of the surer: few and right. */
static double bar(const struct insert *in, const struct candidate *c)
{
	const struct place_spots *s = &in->spots;
	uint32_t sentence = text_tokens(in->text)[c->first].sentence, taken = s->sentence == sentence ? s->in_sentence : 0;
	bool last = taken > 0 && taken + 1 >= place_limits(in->shelf->rules->policy)->per_sentence;
	return in->shelf->enough + (last && c->fact[FACT_series] > 0 && on_words(in) ? in->shelf->last_place : 0);
}

static void take_best(struct candidate *c, const struct match_ranked *ranked, size_t n)
{
	c->ranked_count = n < ARRAY_LEN(c->ranked) ? n : ARRAY_LEN(c->ranked);
	memcpy(c->ranked, ranked, c->ranked_count * sizeof *ranked);
}

/* Most candidates are far from a link, whichever of the products it were: no more is asked about those. */
static bool is_hopeless(struct insert *in, struct candidate *c)
{
	if (c->ranked_count == 0 || in->trace)
		return false;
	phrase_facts(in, c);
	weigh_candidate(in, c);
	return c->chance < bar(in, c) - HOPE;
}

static enum refusal rank(struct insert *in, struct candidate *c)
{
	arena_reset(in->scratch);
	struct match_context *context = context_of(in, c->first, c->window);
	struct sieve f = {.in = in, .locale = c->locale};
	c->elsewhere = !context || !phrase_needs(in, c, context);
	if (c->elsewhere)
		return REFUSED_BELOW_THRESHOLD;
	weigh_world(in);
	if (in->world != NULL && in->world_most > 0)
		match_context_world(context, in->world, in->world_most);
	struct match_ranked ranked[LOOKED_AT];
	size_t n = match_rank(in->shelf->match, c->phrase, context, (struct match_filter){sieve_allows, &f}, ranked, LOOKED_AT, NULL);
	take_best(c, ranked, n);
	if (is_hopeless(in, c))
		return REFUSED_BELOW_THRESHOLD;
	n = whom_sort(in, c, ranked, n);
	if (in->intent.cheapest)
		said_cheapest(in, ranked, n);
	take_best(c, ranked, n);
	vary_merchants(in, c->ranked, c->ranked_count);
	c->unsold = c->ranked_count == 0 && f.worst == REFUSED_NOT && c->words.kind == MATCH_TYPE;
	if (c->ranked_count == 0)
		return f.worst != REFUSED_NOT ? f.worst : REFUSED_BELOW_THRESHOLD;
	if (sense_is_other(in, c, text_tokens(in->text)[sentence_start(in, c->first)].start))
		return REFUSED_BELOW_THRESHOLD;
	phrase_facts(in, c);
	weigh_candidate(in, c);
	/* An English noun and the one before it are one name. */
	if (c->fact[FACT_foreign] > 0 && !(c->fact[FACT_han] > 0))
		return REFUSED_BELOW_THRESHOLD;
	bool sure = c->ranked[0].score >= place_limits(in->shelf->rules->policy)->min_score && c->chance >= bar(in, c);
	return sure ? REFUSED_NOT : REFUSED_BELOW_THRESHOLD;
}

/* Does what the answer says up to here leave room for links? */
static bool still_shopping(struct insert *in, const struct candidate *c)
{
	if (!in->gate.n)
		judge(in, text_tokens(in->text)[sentence_start(in, c->hit)].start, text_tokens(in->text)[c->window].end);
	return !in->gate.n && in->intent.class == INTENT_CONSUMER;
}

/* Where the question is evidence, the answer can only speak against a link: its words are read when there is one to be made. */
static enum status decide_candidate(struct insert *in, struct candidate *c)
{
	decide_sentences(in, text_tokens(in->text)[c->hit].sentence);
	if (in->gate.n || (!in->evidence && !still_shopping(in, c)) || in->intent.class != INTENT_CONSUMER)
		return OK;
	enum refusal r = refuse_phrase(in, c);
	if (r == REFUSED_NOT)
		r = rank(in, c);
	note(in, r);
	if (in->trace && c->ranked_count > 0) {
		in->trace(in->trace_arg, in, c);
		return OK;
	}
	if (r != REFUSED_NOT || (in->evidence && !still_shopping(in, c)))
		return OK;
	if (on_words(in))
		return put_link(in, c);
	keep_choice(in, c);
	return OK;
}

/* Decides about the phrase that starts at token first. *over: the last token that it is about. *wait: more bytes are needed. */
static enum status decide_start(struct insert *in, uint32_t first, struct start st, uint32_t *over, bool *wait)
{
	struct candidate c = {.hit = first, .hit_last = st.last, .phrase = st.phrase, .window = window(in, st.last), .words = match_phrase(in->shelf->match, st.phrase)};
	const struct text_token *t = text_tokens(in->text);
	if (in->counted <= c.window) {
		count_script(in, in->text, in->counted, c.window + 1);
		in->counted = c.window + 1;
	}
	c.locale = decide_locale(in);
	c.fact[FACT_han] = t[st.last].kind == TEXT_HAN;
	phrase_draw(in, &c);
	/* A part of another thing, whose noun may yet come. */
	c.from = t[c.first].start;
	c.to = t[c.last].end;
	bool other = phrase_is_other(in, &c);
	*over = other ? first : c.last;
	if (other)
		return OK;
	c.from = t[c.first].start;
	c.to = t[c.last].end;
	if (barred(in, &c))
		return OK;
	if (on_words(in)) {
		enum text_wrap w = text_wrap(in->text, t[c.first].start, t[c.last].end, !c.locale->label_inside, &c.from, &c.to);
		*wait = w == WRAP_WAIT && !in->finished;
		if (w != WRAP_YES)
			return OK;
	}
	enum status s = decide_candidate(in, &c);
	weigh_seen(in, &c);
	in->elsewhere += c.elsewhere || (c.unsold && c.maker);
	if (c.unsold)
		*over = first;
	return s;
}

/* Can a phrase that has begun still grow with the next token? A long gap ends them all. */
static bool may_grow(const struct insert *in)
{
	uint32_t open = match_scan_open(&in->scan);
	if (in->finished || open > in->next || in->pushed == 0)
		return false;
	if (in->pushed < text_count(in->text))
		return true;
	uint32_t end = text_tokens(in->text)[in->pushed - 1].end;
	return text_settled(in->text) <= end + MAX_GAP && text_source(in->text).n - text_settled(in->text) <= 2 * MAX_TOKEN;
}

static enum status decide_pushed(struct insert *in)
{
	enum status s = OK;
	while (s == OK && !in->gate.n && in->next < in->pushed) {
		struct start st = in->start[in->next % INSERT_WINDOW];
		bool crowded = in->pushed - in->next >= INSERT_WINDOW - 1, wait = false;
		if (!crowded && may_grow(in))
			break;
		if (st.phrase == NO_PHRASE || crowded) {
			in->next++;
			continue;
		}
		if (!ready(in, st.last))
			break;
		uint32_t over = st.last;
		s = decide_start(in, in->next, st, &over, &wait);
		if (wait)
			break;
		in->next = over + 1;
	}
	if (in->gate.n)
		in->next = in->pushed;
	return s;
}

enum status decide_ready(struct insert *in)
{
	enum status s = OK;
	if (in->counted == 0 && in->han + in->words == 0)
		count_script(in, in->question, 0, (uint32_t)text_count(in->question));
	while (s == OK && in->pushed < text_count(in->text)) {
		if (in->gate.n) {
			in->next = in->pushed = (uint32_t)text_count(in->text);
			return OK;
		}
		push_token(in);
		s = decide_pushed(in);
	}
	return s == OK ? decide_pushed(in) : s;
}
