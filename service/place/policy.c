/* The policy as the operator wrote it: limits, block-lists, languages. */
#include "place/place.h"

#include <string.h>

struct word_list {
	const struct str *word;
	size_t count;
};

struct place_policy {
	struct arena *a;
	struct place_limits limits;
	struct word_list keywords, categories, merchants;
	struct place_locale *locale;
	size_t locale_count;
};

/* As match writes its phrases: folded tokens, a space where two words meet, so that "WH-900" is "wh 900". */
static struct str phrase_copy(struct arena *a, struct str s)
{
	struct text *t = text_new_plain(4096);
	struct str copy = STR_NONE;
	struct buf b;
	buf_init(&b, 16384);
	if (t && text_feed(t, s) == OK && text_finish(t) == OK) {
		const struct text_token *token = text_tokens(t);
		for (size_t i = 0; i < text_count(t); i++) {
			if (i && token[i].kind == TEXT_WORD && token[i - 1].kind == TEXT_WORD)
				buf_putc(&b, ' ');
			buf_put(&b, text_folded(t, i));
		}
		copy = arena_take_str(a, buf_str(&b));
	}
	buf_done(&b);
	text_free(t);
	return copy;
}

static enum status read_list(struct arena *a, const struct doc *block, const char *key, bool fold, struct word_list *out, struct err *e)
{
	const struct doc *list = doc_get(block, key);
	if (!list)
		return OK;
	if (list->kind != DOC_LIST)
		return err_set(e, E_INPUT, key, "line %d: %s must be a list", list->line, key);
	struct str *word = ARENA_TAKE(a, struct str, list->count);
	for (size_t i = 0; word && i < list->count; i++)
		word[i] = fold ? phrase_copy(a, list->items[i].text) : arena_take_str(a, list->items[i].text);
	*out = (struct word_list){word, word ? list->count : 0};
	return OK;
}

static enum status read_count(const struct doc *d, const char *key, int64_t missing, int64_t most, uint32_t *out, struct err *e)
{
	int64_t v;
	enum status s = doc_int(d, key, missing, &v, e);
	if (s == OK && (v < 0 || v > most))
		return err_set(e, E_INPUT, key, "%s must lie between 0 and %lld", key, (long long)most);
	if (s == OK)
		*out = (uint32_t)v;
	return s;
}

static enum status read_limits(const struct doc *d, struct place_limits *l, struct err *e)
{
	double holdout = 0;
	enum status s = read_count(d, "max_links", 3, PLACE_MAX_LINKS, &l->max_links, e);
	if (s == OK)
		s = read_count(d, "per_sentence", 2, PLACE_MAX_LINKS, &l->per_sentence, e);
	if (s == OK)
		s = read_count(d, "lookahead", 64, 512, &l->lookahead, e);
	if (s == OK)
		s = read_count(d, "price_days", 7, 3650, &l->price_days, e);
	if (s == OK)
		s = doc_real(d, "min_score", 0.3, &l->min_score, e);
	if (s == OK)
		s = doc_real(d, "min_telling", 0.3, &l->min_telling, e);
	if (s == OK)
		s = doc_real(d, "min_intent", 0.5, &l->min_intent, e);
	if (s == OK)
		s = doc_real(d, "holdout_percent", 0, &holdout, e);
	if (s == OK)
		s = doc_bool(d, "without_question", false, &l->without_question, e);
	if (s == OK)
		s = doc_bool(d, "amazon", false, &l->amazon_allowed, e);
	if (s == OK)
		s = doc_bool(d, "renders_disclosure", false, &l->renders_disclosure, e);
	if (s == OK && (holdout < 0 || holdout > 100))
		return err_set(e, E_INPUT, "holdout_percent", "holdout_percent must lie between 0 and 100");
	l->holdout_ppm = (uint32_t)(holdout * 10000 + 0.5);
	return s;
}

static enum status read_locale(struct arena *a, const struct doc *d, struct place_locale *l, struct err *e)
{
	struct str place = doc_text(d, "place", STR("after"));
	*l = (struct place_locale){
		.tag = arena_take_str(a, doc_text(d, "tag", STR_NONE)),
		.label = arena_take_str(a, doc_text(d, "label", STR_NONE)),
		.label_inside = str_eq(place, STR("inside")),
		.title = arena_take_str(a, doc_text(d, "title", STR_NONE)),
		.notice = arena_take_str(a, doc_text(d, "notice", STR_NONE)),
		.cards = arena_take_str(a, doc_text(d, "cards", STR_NONE)),
		.references = arena_take_str(a, doc_text(d, "references", STR_NONE)),
	};
	if (!l->label_inside && !str_starts(l->label, STR(" ")))
		return err_set(e, E_INPUT, "locales", "line %d: a label behind the link begins with a space", d->line);
	bool whole = l->tag.n && str_trim(l->label).n && l->title.n && l->notice.n && l->cards.n && l->references.n;
	if (!whole || (!l->label_inside && !str_eq(place, STR("after"))))
		return err_set(e, E_INPUT, "locales", "line %d: a locale needs tag, label, title, notice, cards and references; place is after or inside", d->line);
	struct str all[] = {l->label, l->title, l->notice, l->cards, l->references};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_find(all[i], STR("\n"), 0) < all[i].n || str_find(all[i], STR("["), 0) < all[i].n || str_find(all[i], STR("|"), 0) < all[i].n)
			return err_set(e, E_INPUT, "locales", "line %d: labels and notices are one line without [ and |", d->line);
	return OK;
}

static enum status read_policy(struct place_policy *p, const struct doc *placement, const struct doc *disclosure, struct err *e)
{
	const struct doc *block = doc_get(placement, "block"), *locales = doc_get(disclosure, "locales");
	enum status s = read_limits(placement, &p->limits, e);
	if (s == OK)
		s = read_list(p->a, block, "keywords", true, &p->keywords, e);
	if (s == OK)
		s = read_list(p->a, block, "categories", false, &p->categories, e);
	if (s == OK)
		s = read_list(p->a, block, "merchants", false, &p->merchants, e);
	if (s == OK && (!locales || locales->kind != DOC_LIST || locales->count == 0))
		return err_set(e, E_INPUT, "locales", "disclosure needs a list of locales: a link without a label is never placed");
	if (s != OK)
		return s;
	p->locale = ARENA_TAKE(p->a, struct place_locale, locales->count);
	for (size_t i = 0; s == OK && p->locale && i < locales->count; i++, p->locale_count++)
		s = read_locale(p->a, &locales->items[i], &p->locale[i], e);
	return s;
}

enum status place_policy_new(const struct doc *placement, const struct doc *disclosure, struct place_policy **out, struct err *e)
{
	struct arena *a = arena_new(4u << 20);
	struct place_policy *p = a ? ARENA_TAKE(a, struct place_policy, 1) : NULL;
	enum status s = p ? OK : err_set(e, E_NOMEM, "", "out of memory");
	if (p) {
		p->a = a;
		s = read_policy(p, placement, disclosure, e);
	}
	if (s == OK && arena_failed(a))
		s = err_set(e, E_NOMEM, "", "the policy is too large");
	if (s != OK) {
		arena_free(a);
		return s;
	}
	*out = p;
	return OK;
}

void place_policy_free(struct place_policy *p)
{
	if (p)
		arena_free(p->a);
}

const struct place_limits *place_limits(const struct place_policy *p)
{
	return &p->limits;
}

/* Of a letter or digit of an alphabet; Han, kana and hangul (U+3000 and up) have their borders anywhere. */
static bool is_word_byte(char c)
{
	return c != ' ' && (unsigned char)c < 0xE3;
}

static size_t code_point_before(struct str s, size_t at)
{
	do
		at--;
	while (at > 0 && ((unsigned char)s.p[at] & 0xC0) == 0x80);
	return at;
}

static bool ends_here(struct str s, size_t at)
{
	return at >= s.n || !is_word_byte(s.p[at]);
}

/* Does the word stand at `at` on its borders? English plurals are the same word. */
static bool stands_at(struct str s, size_t at, struct str word)
{
	size_t end = at + word.n;
	if (at > 0 && is_word_byte(word.p[0]) && is_word_byte(s.p[code_point_before(s, at)]))
		return false;
	if (!is_word_byte(word.p[code_point_before(word, word.n)]))
		return true;
	return ends_here(s, end) || (s.p[end] == 's' && ends_here(s, end + 1)) || (str_starts(str_sub(s, end, s.n), STR("es")) && ends_here(s, end + 2));
}

bool place_blocks_phrase(const struct place_policy *p, struct str folded)
{
	for (size_t i = 0; i < p->keywords.count; i++) {
		struct str word = p->keywords.word[i];
		if (word.n == 0)
			continue;
		for (size_t at = str_find(folded, word, 0); at < folded.n; at = str_find(folded, word, at + 1))
			if (stands_at(folded, at, word))
				return true;
	}
	return false;
}

/* "A > B" blocks "A > B" and all below; a single name blocks any part of the path. Any case. */
static bool category_under(struct str category, struct str blocked)
{
	if (str_eq_nocase(str_sub(category, 0, blocked.n), blocked) && (category.n == blocked.n || str_starts(str_sub(category, blocked.n, category.n), STR(" > "))))
		return true;
	for (struct str rest = category; rest.n;)
		if (str_eq_nocase(str_trim(str_cut(&rest, '>')), blocked))
			return true;
	return false;
}

bool place_blocks_category(const struct place_policy *p, struct str category)
{
	for (size_t i = 0; i < p->categories.count; i++)
		if (category_under(category, p->categories.word[i]))
			return true;
	return false;
}

bool place_blocks_merchant(const struct place_policy *p, struct str merchant)
{
	for (size_t i = 0; i < p->merchants.count; i++)
		if (str_eq(p->merchants.word[i], merchant))
			return true;
	return false;
}

/* Does the tag begin with these subtags? Any case; "_" is as good as "-": zh_TW, en_US. */
static bool tag_under(struct str tag, struct str subtags)
{
	for (size_t i = 0; i < subtags.n; i++) {
		char want[2] = {subtags.p[i] == '_' ? '-' : subtags.p[i]}, have[2] = {i >= tag.n ? '\0' : tag.p[i] == '_' ? '-' : tag.p[i]};
		if (!str_eq_nocase((struct str){want, 1}, (struct str){have, 1}))
			return false;
	}
	return tag.n == subtags.n || tag.p[subtags.n] == '-' || tag.p[subtags.n] == '_';
}

/* Places that write Chinese in Traditional characters. */
static bool writes_traditional(struct str tag)
{
	return tag_under(tag, STR("zh-tw")) || tag_under(tag, STR("zh-hk")) || tag_under(tag, STR("zh-mo"));
}

static const struct place_locale *by_tag(const struct place_policy *p, struct str tag)
{
	const struct place_locale *best = NULL;
	for (size_t i = 0; i < p->locale_count; i++) {
		const struct place_locale *l = &p->locale[i];
		if (tag_under(tag, l->tag) && (!best || l->tag.n > best->tag.n))
			best = l;
	}
	return best;
}

const struct place_locale *place_locale(const struct place_policy *p, struct str tag, size_t han, size_t words, bool traditional)
{
	const struct place_locale *l = by_tag(p, tag);
	if (l && str_eq_nocase(l->tag, STR("zh")) && writes_traditional(tag)) /* no entry of its own */
		l = by_tag(p, STR("zh-hant"));
	if (!l && han > words)
		l = by_tag(p, traditional ? STR("zh-hant") : STR("zh"));
	return l ? l : &p->locale[0];
}

size_t place_locale_count(const struct place_policy *p)
{
	return p->locale_count;
}

const struct place_locale *place_locale_at(const struct place_policy *p, size_t i)
{
	return &p->locale[i];
}
