/* Our own markup in what we are given: recognised, taken out before decisions are made, and remembered.
 *
 * f(q, f(q, a)) = f(q, a) rests on this: the scanner is fed the text as it was before we touched it. A link is ours by a token that
 * verifies, or by leading where we would lead, with our label; a closing block by its first line. Bytes are looked at once; what is
 * undecided is bounded by MAX_WORDS + MAX_URL. Where the scanner stands (in code, say) does not matter: words without markup and a URL that
 * verifies change nothing of what surrounds them. */
#include "flow/core.h"

#include <string.h>

#define MAX_WORDS 512
#define MAX_URL 2048
#define MAX_ASKED 256 /* direct URLs looked up in one insert: each asks every merchant */

static struct str raw_slice(const struct insert *in, size_t from, size_t to)
{
	return str_sub(buf_str(&in->raw), from, to);
}

/* Feeds the scanner raw bytes up to `to`. */
static enum status flush(struct insert *in, size_t to)
{
	struct own *o = &in->own;
	enum status s = o->fed < to ? text_feed(in->text, raw_slice(in, o->fed, to)) : OK;
	o->fed = to;
	return s;
}

static void cut(struct own *o, size_t from, size_t to)
{
	if (from < to && o->cut_count < ARRAY_LEN(o->cut))
		o->cut[o->cut_count++] = (struct own_cut){(uint32_t)from, (uint32_t)to};
}

uint32_t own_raw_start(const struct own *o, uint32_t at)
{
	uint32_t removed = 0;
	for (uint32_t i = 0; i < o->cut_count && o->cut[i].from - removed <= at; i++)
		removed += o->cut[i].to - o->cut[i].from;
	return at + removed;
}

uint32_t own_raw_end(const struct own *o, uint32_t at)
{
	return at ? own_raw_start(o, at - 1) + 1 : 0;
}

struct own_link *own_overlap(struct own *o, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < o->link_count; i++)
		if (o->link[i].start < to && from < o->link[i].end)
			return &o->link[i];
	return NULL;
}

/* ---- whose is a URL ---------------------------------------------------------------- */

static bool token_url(const struct shelf *s, struct str url, uint64_t *key_out)
{
	struct str base = str_of(s->public_url);
	struct link_token t;
	if (!base.n || !str_starts(url, base))
		return false;
	url = str_sub(url, base.n, url.n);
	if (!str_starts(url, STR("/c/")) || link_token_verify(s->keys, str_sub(url, 3, url.n), &t) != OK)
		return false;
	*key_out = t.product_key;
	return true;
}

/* Is this url one of ours? Fills the product's key. */
static bool own_url(struct insert *in, struct str url, uint64_t *key_out)
{
	const struct shelf *s = in->shelf;
	if (token_url(s, url, key_out))
		return true;
	bool found = false;
	if (in->own.asked++ >= MAX_ASKED)
		return false;
	struct buf plain;
	buf_init(&plain, 8192);
	for (size_t i = 0; i < catalog_merchant_count(s->catalog) && !found; i++) {
		const struct merchant *m = catalog_merchant(s->catalog, i);
		buf_clear(&plain);
		if (!link_untarget(s->rules->networks, m, url, &plain))
			continue;
		uint32_t p = shelf_find_url(s, m, buf_str(&plain));
		found = p != PRODUCT_NONE;
		if (found)
			*key_out = catalog_product(s->catalog, p)->key;
	}
	buf_done(&plain);
	return found;
}

/* ---- lines that begin our closing blocks ----------------------------------------------- */

enum line_kind { LINE_NONE, LINE_PART, LINE_NOTICE, LINE_BLOCK };

static enum line_kind one_line(struct str have, struct str line, enum line_kind whole)
{
	return str_eq(have, line) ? whole : str_starts(line, have) ? LINE_PART : LINE_NONE;
}

static enum line_kind line_of(const struct place_policy *p, struct str have)
{
	enum line_kind best = LINE_NONE;
	for (size_t i = 0; i < place_locale_count(p); i++) {
		const struct place_locale *l = place_locale_at(p, i);
		enum line_kind k[] = {one_line(have, l->notice, LINE_NOTICE), one_line(have, l->cards, LINE_BLOCK), one_line(have, l->references, LINE_BLOCK)};
		for (size_t j = 0; j < ARRAY_LEN(k); j++)
			best = k[j] > best ? k[j] : best;
	}
	return best;
}

static enum status step_line(struct insert *in)
{
	struct own *o = &in->own;
	enum line_kind k = line_of(in->shelf->rules->policy, raw_slice(in, o->held, o->taken + 1));
	if (k == LINE_NONE) {
		o->state = OWN_PASS; /* the byte is looked at again there */
		return OK;
	}
	o->taken++;
	if (k == LINE_PART)
		return OK;
	cut(o, o->held, o->taken);
	o->fed = o->taken;
	o->state = k == LINE_NOTICE ? OWN_PASS : OWN_TAIL;
	o->notice_seen |= k == LINE_NOTICE;
	o->tail_seen |= k == LINE_BLOCK;
	return OK;
}

/* ---- links -------------------------------------------------------------------------------- */

/* The destination between "](" and ")", out of its <> if it has them. */
static struct str destination(const struct insert *in)
{
	struct str url = raw_slice(in, in->own.words_end + 2, in->own.url_end);
	return str_starts(url, STR("<")) && str_ends(url, STR(">")) ? str_sub(url, 1, url.n - 1) : url;
}

/* The link from held to tail_end is ours: its words go to the scanner, the rest is cut. */
static enum status take_link(struct insert *in, size_t words_end, size_t tail_end)
{
	struct own *o = &in->own;
	size_t start = text_source(in->text).n;
	struct str url = destination(in);
	cut(o, o->held, o->held + 1);
	o->fed = o->held + 1;
	enum status s = flush(in, words_end);
	cut(o, words_end, tail_end);
	o->link[o->link_count++] = (struct own_link){
		.start = (uint32_t)start,
		.end = (uint32_t)text_source(in->text).n,
		.raw_tail = (uint32_t)words_end,
		.raw_tail_n = (uint32_t)(tail_end - words_end),
		.url = (uint32_t)(url.p - in->raw.p),
		.url_n = (uint32_t)url.n,
		.product_key = o->key,
	};
	o->fed = o->taken = tail_end;
	o->state = OWN_PASS;
	return s;
}

static enum status url_seen(struct insert *in)
{
	struct own *o = &in->own;
	o->url_end = o->taken++;
	if (!own_url(in, destination(in), &o->key)) {
		o->state = OWN_PASS;
		return OK;
	}
	struct str words = raw_slice(in, o->held + 1, o->words_end);
	const struct place_policy *p = in->shelf->rules->policy;
	for (size_t i = 0; i < place_locale_count(p); i++) {
		const struct place_locale *l = place_locale_at(p, i);
		if (l->label_inside && str_ends(words, l->label))
			return take_link(in, o->words_end - l->label.n, o->taken);
	}
	o->state = OWN_LABEL;
	return OK;
}

static enum status step_link(struct insert *in)
{
	struct own *o = &in->own;
	char c = in->raw.p[o->taken];
	bool in_words = !o->words_end;
	if (in_words && c == ']') {
		o->words_end = o->taken++;
		return OK;
	}
	if (!in_words && o->taken > o->words_end + 1 && c == ')')
		return url_seen(in);
	bool bad = in_words ? strchr("[\n\\`<>|$!", c) || o->taken - o->held > MAX_WORDS
	         : o->taken == o->words_end + 1 ? c != '('
	                                        : strchr(" \t\r\n(", c) || (c == '<' && o->taken > o->words_end + 2) || o->taken - o->words_end > MAX_URL;
	if (bad)
		o->state = OWN_PASS;
	else
		o->taken++;
	return OK;
}

static enum status step_label(struct insert *in)
{
	struct own *o = &in->own;
	struct str have = raw_slice(in, o->url_end + 1, o->taken + 1);
	const struct place_policy *p = in->shelf->rules->policy;
	bool part = false;
	for (size_t i = 0; i < place_locale_count(p); i++) {
		const struct place_locale *l = place_locale_at(p, i);
		if (!l->label_inside && str_eq(have, l->label))
			return take_link(in, o->words_end, o->taken + 1);
		part |= !l->label_inside && str_starts(l->label, have);
	}
	if (part)
		o->taken++;
	else
		o->state = OWN_PASS;
	return OK;
}

/* ---- the filter -------------------------------------------------------------------------------- */

static enum status step_pass(struct insert *in)
{
	struct own *o = &in->own;
	size_t at = o->taken;
	char c = in->raw.p[at];
	bool line = (at == 0 || in->raw.p[at - 1] == '\n') && line_of(in->shelf->rules->policy, raw_slice(in, at, at + 1)) != LINE_NONE;
	bool link = c == '[' && o->link_count < OWN_MAX_LINKS && (at == 0 || !strchr("\\!", in->raw.p[at - 1]));
	if (!line && !link) {
		o->taken++;
		return OK;
	}
	o->held = at;
	o->words_end = o->url_end = 0;
	o->state = line ? OWN_LINE : OWN_LINK;
	o->taken += link; /* step_line looks at this byte */
	return flush(in, at);
}

enum status own_feed(struct insert *in)
{
	struct own *o = &in->own;
	enum status s = OK;
	while (s == OK && o->taken < in->raw.n)
		switch (o->state) {
		case OWN_PASS:
			s = step_pass(in);
			break;
		case OWN_LINE:
			s = step_line(in);
			break;
		case OWN_LINK:
			s = step_link(in);
			break;
		case OWN_LABEL:
			s = step_label(in);
			break;
		case OWN_TAIL:
			o->taken = o->fed = in->raw.n;
			o->cut[o->cut_count - 1].to = (uint32_t)in->raw.n;
			break;
		}
	if (s == OK && o->state == OWN_PASS)
		s = flush(in, o->taken);
	return s;
}

enum status own_finish(struct insert *in)
{
	if (in->own.state != OWN_TAIL)
		in->own.state = OWN_PASS;
	return flush(in, in->raw.n);
}

/* ---- what the conversation and our closing block hold --------------------------------------------- */

/* Calls for each "](url)" of s; bounded look for the bracket. */
static void each_url(struct str s, void (*each)(struct insert *, struct str), struct insert *in)
{
	for (size_t at = str_find(s, STR("]("), 0); at < s.n; at = str_find(s, STR("]("), at + 2)) {
		size_t from = at + 2 + (at + 2 < s.n && s.p[at + 2] == '<');
		struct str rest = str_sub(s, from, from + MAX_URL);
		size_t end = 0;
		while (end < rest.n && !strchr(")>", rest.p[end]))
			end++;
		if (end < rest.n)
			each(in, str_sub(rest, 0, end));
	}
}

static void shown(struct insert *in, struct str url)
{
	uint64_t key;
	if (!own_url(in, url, &key))
		return;
	uint32_t product = catalog_find_key(in->shelf->catalog, key);
	place_spots_shown(&in->spots, product == PRODUCT_NONE ? key : product_item(catalog_product(in->shelf->catalog, product)));
}

void own_read_turns(struct insert *in)
{
	for (size_t i = 0; i < in->r.turn_count; i++)
		if (!str_eq(in->r.turns[i].role, STR("user")))
			each_url(in->r.turns[i].content, shown, in);
}

struct link_id own_link_id(const struct insert *in, struct str url, uint64_t key)
{
	const struct shelf *s = in->shelf;
	struct link_token t;
	size_t base = str_of(s->public_url).n;
	if (base && str_starts(url, str_of(s->public_url)) && link_token_verify(s->keys, str_sub(url, base + 3, url.n), &t) == OK)
		return link_id_of_token(s->keys, &t);
	return link_id_of(s->keys, in->insertion, in->placed_count, key);
}

static void in_tail(struct insert *in, struct str url)
{
	uint64_t key;
	if (in->placed_count == PLACE_MAX_LINKS || !own_url(in, url, &key))
		return;
	uint32_t product = catalog_find_key(in->shelf->catalog, key);
	if (product == PRODUCT_NONE)
		return;
	struct placed p = {.product = product, .phrase = UINT32_MAX, .existing = true, .url = arena_take_str(in->a, url)};
	p.id = own_link_id(in, url, key);
	in->placed[in->placed_count++] = p;
}

void own_read_tail(struct insert *in)
{
	if (in->own.tail_seen)
		each_url(raw_slice(in, in->own.cut[in->own.cut_count - 1].from, in->raw.n), in_tail, in);
}
