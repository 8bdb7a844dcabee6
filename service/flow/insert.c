/* insert: the incremental core's life: made from a request, fed, finished; what it holds back and what it lets go. */
#include "flow/candidate.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_MEMORY (8u << 20)
#define MAX_DELIMITERS 16

bool form_parse(struct str s, enum form *out)
{
	for (enum form f = FORM_INLINE; f <= FORM_ANNOTATIONS; f++)
		if (str_eq(s, form_name(f))) {
			*out = f;
			return true;
		}
	return false;
}

struct str form_name(enum form f)
{
	static const char *const name[] = {"inline", "cards", "references", "annotations"};
	return str_of(name[f]);
}

void insert_request_init(struct insert_request *r)
{
	*r = (struct insert_request){.max_links = -1, .prompt_tokens = -1, .completion_tokens = -1};
}

/* ---- making one ---------------------------------------------------------------------- */

static void copy_request(struct insert *in, const struct insert_request *r)
{
	in->r = *r;
	struct str *s[] = {&in->r.id_json, &in->r.question, &in->r.locale, &in->r.country, &in->r.request_id, &in->r.conversation_id, &in->r.user_id, &in->r.app,
		&in->r.model};
	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		*s[i] = arena_take_str(in->a, *s[i]);
	struct insert_turn *t = ARENA_TAKE(in->a, struct insert_turn, r->turn_count);
	for (size_t i = 0; t && i < r->turn_count; i++)
		t[i] = (struct insert_turn){arena_take_str(in->a, r->turns[i].role), arena_take_str(in->a, r->turns[i].content)};
	in->r.turns = t;
	in->r.turn_count = t ? r->turn_count : 0;
	in->r.answer = STR_NONE;
}

/* The request without the answer, in a fixed order: what the insertion's id is made of. */
static void begin_identity(struct insert *in)
{
	const struct insert_request *r = &in->r;
	struct str f[] = {r->question, r->locale, r->country, r->request_id, r->conversation_id, r->user_id, r->app, r->model, form_name(r->form)};
	link_mac_init(&in->mac, in->shelf->keys, STR("insertion"));
	for (size_t i = 0; i < ARRAY_LEN(f); i++)
		link_mac_field(&in->mac, f[i]);
	struct str numbers = arena_take_printf(in->a, "%lld %d %zu", (long long)r->max_links, r->plain_format, r->turn_count);
	link_mac_field(&in->mac, numbers);
	for (size_t i = 0; i < r->turn_count; i++) {
		link_mac_field(&in->mac, r->turns[i].role);
		link_mac_field(&in->mac, r->turns[i].content);
	}
}

static struct str last_asked(const struct insert_request *r)
{
	if (str_trim(r->question).n)
		return r->question;
	for (size_t i = r->turn_count; i-- > 0;)
		if (str_eq(r->turns[i].role, STR("user")) && str_trim(r->turns[i].content).n)
			return r->turns[i].content;
	return STR_NONE;
}

static enum status read_question(struct insert *in)
{
	in->asked = last_asked(&in->r);
	in->evidence = in->asked.n > 0;
	struct intent_turn *turns = ARENA_TAKE(in->a, struct intent_turn, in->r.turn_count);
	for (size_t i = 0; turns && i < in->r.turn_count; i++)
		turns[i] = (struct intent_turn){in->r.turns[i].role, in->r.turns[i].content};
	struct str asked = str_sub(in->asked, 0, 16384);
	asked.n = utf8_whole(asked);
	enum status s = text_feed(in->question, asked);
	if (s == OK)
		s = text_finish(in->question);
	if (s == OK && intent_question(in->shelf->rules->intent, in->r.question, turns, turns ? in->r.turn_count : 0, in->r.locale, in->a, &in->intent, NULL) != OK)
		in->intent = (struct intent){.class = INTENT_NONE}; /* a rule that ran away: no shopping */
	return s;
}

/* No-link holdout: a stable part of the shoppers, by conversation, else user, else the question itself. */
static bool held_out(const struct insert *in, uint32_t ppm)
{
	const struct insert_request *r = &in->r;
	struct str who = r->conversation_id.n ? r->conversation_id : r->user_id.n ? r->user_id : in->asked;
	if (!ppm)
		return false;
	struct link_mac m;
	uint8_t mac[32];
	link_mac_init(&m, in->shelf->keys, STR("holdout"));
	link_mac_field(&m, who);
	link_mac_done(&m, mac);
	uint64_t h = 0;
	for (int i = 0; i < 8; i++)
		h = h << 8 | mac[i];
	return h % 1000000 < ppm;
}

/* Why no link can be made, before the answer has begun; "" if one can. */
static struct str first_gate(struct insert *in)
{
	const struct place_limits *l = place_limits(in->shelf->rules->policy);
	bool on_words = in->r.form == FORM_INLINE || in->r.form == FORM_ANNOTATIONS;
	if (in->r.opt_out)
		return STR("opted_out");
	if (in->intent.class == INTENT_SENSITIVE)
		return STR("sensitive");
	if (!in->evidence && on_words && !l->without_question)
		return STR("no_evidence");
	if (in->evidence && (in->intent.class != INTENT_CONSUMER || in->intent.score < l->min_intent))
		return STR("no_intent");
	if (in->spots.max == 0)
		return STR("capped");
	bool beside = in->r.form == FORM_ANNOTATIONS || (in->r.form == FORM_CARDS && in->r.plain_format); /* in `links`, not in the text */
	if (beside ? !l->renders_disclosure : in->r.plain_format)
		return STR("no_disclosure"); /* without markup there is no label at the link */
	in->holdout = held_out(in, l->holdout_ppm);
	return in->holdout ? STR("holdout") : STR("");
}

/* Of so many links, those that the reader may still see today. */
static uint64_t within_caps(struct insert *in, uint64_t max)
{
	const struct cap_limits *l = &in->shelf->rules->caps;
	caps_look(&in->caps, in->shelf->caps, l, flow_pseudonym(in->shelf->keys, "user", in->r.user_id), in->r.now_ms);
	if (!in->caps.caps || !l->user || !in->caps.has_user)
		return max;
	uint64_t left = in->caps.user_used < l->user ? (uint64_t)(l->user - in->caps.user_used) : 0;
	return left < max ? left : max;
}

static enum status set_up(struct insert *in, const struct insert_request *r)
{
	in->a = arena_new(REQUEST_MEMORY);
	in->scratch = arena_new(REQUEST_MEMORY);
	in->text = text_new(INSERT_MAX_ANSWER);
	in->question = text_new_plain(INSERT_MAX_ANSWER);
	if (!in->a || !in->scratch || !in->text || !in->question)
		return E_NOMEM;
	buf_init(&in->raw, INSERT_MAX_ANSWER);
	buf_init(&in->inserts, 1u << 20);
	copy_request(in, r);
	begin_identity(in);
	const struct place_limits *l = place_limits(in->shelf->rules->policy);
	uint64_t max = in->r.max_links < 0 ? l->max_links : (uint64_t)in->r.max_links;
	max = within_caps(in, max);
	place_spots_init(&in->spots, max < PLACE_MAX_LINKS ? (uint32_t)max : PLACE_MAX_LINKS);
	match_scan_init(&in->scan, in->shelf->match);
	enum status s = read_question(in);
	if (s != OK)
		return s;
	own_read_turns(in);
	weigh_question(in);
	said_read(in);
	whom_read(in);
	in->gate = first_gate(in);
	return arena_failed(in->a) ? E_NOMEM : OK;
}

enum status insert_new(struct shelf *s, const struct insert_request *r, struct insert **out, struct err *e)
{
	struct insert *in = calloc(1, sizeof *in);
	if (!in)
		return err_set(e, E_NOMEM, "", "out of memory");
	in->shelf = shelf_ref(s);
	enum status st = set_up(in, r);
	if (st != OK) {
		insert_free(in);
		return err_set(e, st, "", "the request does not fit in memory");
	}
	*out = in;
	return OK;
}

void insert_free(struct insert *in)
{
	if (!in)
		return;
	text_free(in->text);
	text_free(in->question);
	buf_done(&in->raw);
	buf_done(&in->inserts);
	arena_free(in->scratch);
	arena_free(in->a);
	shelf_unref(in->shelf);
	free(in);
}

/* ---- letting go -------------------------------------------------------------------------- */

/* Raw bytes [0, to) and the edits among them. */
static void release(struct insert *in, size_t to, struct buf *out)
{
	struct str raw = buf_str(&in->raw), inserts = buf_str(&in->inserts);
	while (in->edit_out < in->edit_count && in->edit[in->edit_out].at <= to) {
		const struct edit *e = &in->edit[in->edit_out++];
		buf_put(out, str_sub(raw, in->released, e->at));
		buf_put(out, str_sub(inserts, e->text, e->text + e->n));
		in->released = e->at;
	}
	if (to > in->released) {
		buf_put(out, str_sub(raw, in->released, to));
		in->released = to;
	}
}

/* Raw offset up to which nothing can be inserted any more. */
static size_t settled(const struct insert *in)
{
	size_t all = in->own.state == OWN_LINE ? in->own.held : in->raw.n;
	bool on_words = in->r.form == FORM_INLINE;
	if (in->gate.n || !on_words)
		return all;
	struct str source = text_source(in->text);
	size_t to = in->next < text_count(in->text) ? text_tokens(in->text)[in->next].start : text_settled(in->text);
	/* A phrase that is still to come may reach back over words that have been decided. */
	uint32_t reach = phrase_reach(in, in->next, (uint32_t)to);
	if (reach < in->next)
		to = text_tokens(in->text)[reach].start;
	/* The bracket may have to stand before the delimiters that open an emphasis around the words. */
	for (int i = 0; i < MAX_DELIMITERS && to > 0 && source.p[to - 1] && strchr("*_~", source.p[to - 1]); i++)
		to--;
	if (to >= source.n)
		return all;
	return own_raw_start(&in->own, (uint32_t)to);
}

static void release_settled(struct insert *in, struct buf *out)
{
	size_t to = settled(in);
	if (to > in->raw.n)
		to = in->raw.n;
	to = utf8_whole(str_sub(buf_str(&in->raw), 0, to));
	if (to > in->released)
		release(in, to, out);
}

size_t insert_held(const struct insert *in)
{
	return in->raw.n - in->released;
}

bool insert_linked(const struct insert *in)
{
	return in->placed_count > 0;
}

uint32_t insert_link_count(const struct insert *in)
{
	return in->placed_count;
}

/* ---- feeding -------------------------------------------------------------------------------- */

/* The gate was closed before the answer began: nothing can be linked, so the text passes unread. */
bool insert_idle(const struct insert *in)
{
	return in->gate.n && in->own.taken == 0;
}

enum status insert_feed(struct insert *in, struct str bytes, struct buf *out)
{
	if (in->abandoned) {
		buf_put(out, bytes);
		return out->failed ? E_NOMEM : OK;
	}
	size_t before = in->raw.n;
	uint32_t edits = in->edit_count, placed = in->placed_count;
	buf_put(&in->raw, bytes);
	if (in->raw.failed) {
		in->raw.failed = false;
		return E_NOMEM;
	}
	enum status s = insert_idle(in) ? OK : own_feed(in);
	if (s == OK && !insert_idle(in))
		s = decide_ready(in);
	if (s != OK) {
		in->raw.n = before; /* as if these bytes had not come: the caller abandons, then feeds them again */
		in->edit_count = edits;
		in->placed_count = placed;
		return s;
	}
	release_settled(in, out);
	return out->failed ? E_NOMEM : OK;
}

void insert_abandon(struct insert *in, struct buf *out)
{
	if (in->abandoned)
		return;
	decide_identity(in, buf_str(&in->raw));
	release(in, in->raw.n, out);
	in->abandoned = true;
	in->gate = STR("unavailable");
}

/* ---- the end ---------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;
	int c = cmp_double(y->top.score, x->top.score);
	return c ? c : (x->top.product > y->top.product) - (x->top.product < y->top.product);
}

/* One item, and on a card a link for each of its shops while `later` items can still have theirs. A URL that cannot be made is no link. */
static enum status place_choice(struct insert *in, const struct choice *c, uint32_t later)
{
	uint32_t offers[OFFERS] = {c->top.product}, card = in->placed_count;
	size_t n = in->r.form == FORM_CARDS ? offers_of(in, c, offers) : 1;
	enum status s = OK;
	for (size_t i = 0; s == OK && i < n && in->placed_count + later < PLACE_MAX_LINKS; i++) {
		struct placed *p = &in->placed[in->placed_count];
		*p = (struct placed){.phrase = c->phrase, .why = c->top, .rival_count = c->rival_count, .card = card};
		memcpy(p->rivals, c->rivals, sizeof p->rivals);
		s = decide_url(in, offers[i], p);
		in->placed_count += s == OK;
		s = s == E_INPUT ? OK : s;
	}
	return s;
}

static enum status place_choices(struct insert *in)
{
	enum status s = OK;
	qsort(in->choice, in->choice_count, sizeof *in->choice, by_score);
	decide_identity(in, text_source(in->text));
	for (uint32_t i = 0, cards = 0; s == OK && i < in->choice_count && cards < in->spots.max; i++) {
		uint32_t others = in->choice_count - i, room = in->spots.max - cards, before = in->placed_count;
		s = place_choice(in, &in->choice[i], (others < room ? others : room) - 1);
		cards += in->placed_count > before;
	}
	return s;
}

static struct str answer_tail(const struct insert *in)
{
	return str_sub(buf_str(&in->raw), in->raw.n > 4 ? in->raw.n - 4 : 0, in->raw.n);
}

static void write_block(struct insert *in, struct buf *block)
{
	struct place_item items[PLACE_MAX_LINKS];
	const struct catalog *c = in->shelf->catalog;
	for (uint32_t i = 0; i < in->placed_count; i++) {
		const struct product *p = catalog_product(c, in->placed[i].product);
		items[i] = (struct place_item){p, catalog_merchant_of(c, p)->name, in->placed[i].url, flow_price_fresh(in, p), in->placed[i].card != i};
	}
	if (in->r.form == FORM_CARDS)
		place_cards(in->locale, answer_tail(in), items, in->placed_count, block);
	else
		place_references(in->locale, answer_tail(in), items, in->placed_count, block);
}

/* The closing block of the form: cards, references, or the notice under inline links. */
static enum status close_block(struct insert *in)
{
	bool list = in->r.form == FORM_CARDS || in->r.form == FORM_REFERENCES;
	bool may = text_may_append(in->text) && !in->stopped;
	enum status s = OK;
	if (in->own.tail_seen) {
		decide_identity(in, text_source(in->text));
		own_read_tail(in);
	} else if (list && may && !in->gate.n) {
		s = place_choices(in);
	}
	if (s != OK || in->placed_count == 0)
		return s;
	in->locale = decide_locale(in);
	if (!may || in->own.tail_seen || in->own.notice_seen || in->r.form == FORM_ANNOTATIONS || in->r.plain_format)
		return OK;
	struct buf block;
	buf_init(&block, 256u * 1024);
	if (list)
		write_block(in, &block);
	else
		place_notice(in->locale, answer_tail(in), &block);
	if (block.failed)
		s = E_NOMEM;
	else
		insert_edit(in, (uint32_t)in->raw.n, buf_str(&block));
	buf_done(&block);
	return s == OK && in->inserts.failed ? E_NOMEM : s;
}

/* Links of ours that today's decision would not make stay as they are, and are listed. */
static void list_existing(struct insert *in)
{
	decide_identity(in, text_source(in->text));
	for (uint32_t i = 0; i < in->own.link_count && in->placed_count < PLACE_MAX_LINKS; i++) {
		const struct own_link *l = &in->own.link[i];
		uint32_t product = l->confirmed ? PRODUCT_NONE : catalog_find_key(in->shelf->catalog, l->product_key);
		if (product == PRODUCT_NONE)
			continue;
		struct placed p = {
			.product = product,
			.phrase = UINT32_MAX,
			.start = own_raw_start(&in->own, l->start),
			.end = own_raw_end(&in->own, l->end),
			.on_words = true,
			.existing = true,
			.url = arena_take_str(in->a, str_sub(buf_str(&in->raw), l->url, l->url + l->url_n)),
		};
		p.id = own_link_id(in, p.url, l->product_key);
		in->placed[in->placed_count++] = p;
	}
}

static struct str why_none(const struct insert *in)
{
	if (in->gate.n)
		return in->gate;
	if (in->intent.class == INTENT_SENSITIVE)
		return STR("sensitive");
	if (in->intent.class != INTENT_CONSUMER)
		return in->evidence ? STR("no_intent") : STR("no_evidence");
	return in->refusal == REFUSED_NOT ? STR("no_match") : refusal_name(in->refusal);
}

static enum status finish_decisions(struct insert *in)
{
	if (insert_idle(in)) {
		in->finished = true;
		return OK;
	}
	enum status s = own_finish(in);
	if (s == OK)
		s = text_finish(in->text);
	in->finished = true;
	if (s == OK)
		s = decide_ready(in);
	if (s == OK)
		decide_sentences(in, UINT32_MAX);
	if (s == OK)
		s = close_block(in);
	if (s == OK)
		list_existing(in);
	return s;
}

enum status insert_finish(struct insert *in, struct buf *out)
{
	if (in->abandoned || in->finished)
		return OK;
	enum status s = finish_decisions(in);
	if (s != OK) {
		in->finished = true;
		return s;
	}
	in->reason = in->placed_count == 0 ? why_none(in) : in->stopped ? STR("stopped") : STR("");
	decide_identity(in, insert_idle(in) ? buf_str(&in->raw) : text_source(in->text));
	release(in, in->raw.n, out);
	return out->failed ? E_NOMEM : OK;
}

/* What was taken from the arena so far stays where it is, in the original's; the question is shared. */
static struct insert *copy_of(const struct insert *in)
{
	struct insert *c = malloc(sizeof *c);
	if (!c)
		return NULL;
	*c = *in;
	shelf_ref(in->shelf);
	c->question = in->question;
	c->a = arena_new(REQUEST_MEMORY);
	c->scratch = arena_new(REQUEST_MEMORY);
	c->text = text_copy(in->text);
	buf_init(&c->raw, in->raw.max);
	buf_init(&c->inserts, in->inserts.max);
	buf_put(&c->raw, buf_str(&in->raw));
	buf_put(&c->inserts, buf_str(&in->inserts));
	return c;
}

enum status insert_preview(const struct insert *in, struct buf *out)
{
	size_t before = out->n;
	struct insert *c = copy_of(in);
	enum status s = c && c->a && c->scratch && c->text && !c->raw.failed && !c->inserts.failed ? insert_finish(c, out) : E_NOMEM;
	if (c)
		c->question = NULL;
	insert_free(c);
	if (s != OK)
		out->n = before;
	return s;
}

void insert_whole(struct shelf *s, const struct insert_request *r, struct insert **in_out, struct buf *out)
{
	struct insert *in = NULL;
	size_t before = out->n;
	enum status st = insert_new(s, r, &in, NULL);
	if (st == OK)
		st = insert_feed(in, r->answer, out);
	if (st == OK)
		st = insert_finish(in, out);
	if (st != OK) {
		insert_free(in);
		in = NULL;
		out->n = before;
		out->failed = false;
		buf_put(out, r->answer);
		metric_add(METRIC_INSERT_UNAVAILABLE, 1);
	}
	*in_out = in;
}
