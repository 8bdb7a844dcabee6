/* What the person and the answer say of things, held against what would be linked: things owned, things compared, the line above a list,
 * a kind of thing beside the name of one, the cheapest. */
#include "flow/candidate.h"

#include <string.h>

#define LEAD_REACH 2048     /* bytes above an item in which the line over its list is looked for */
#define FEW_PRODUCTS 3      /* a name of more is a kind */
#define CHEAPEST_MARGIN 0.2 /* of a score: what fits less well is no choice however cheap */

static bool is_name(enum match_kind k)
{
	return k == MATCH_MODEL || k == MATCH_PRODUCT || k == MATCH_BRANDED;
}

static bool has_number(const uint32_t *list, size_t n, uint32_t number)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == number)
			return true;
	return false;
}

static bool word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool said_word(struct str text, struct str word)
{
	for (size_t at = str_find(text, word, 0); at < text.n; at = str_find(text, word, at + 1)) {
		size_t end = at + word.n;
		bool left = at == 0 || !word_byte(text.p[at - 1]) || !word_byte(word.p[0]);
		bool right = end == text.n || !word_byte(text.p[end]) || !word_byte(word.p[word.n - 1]);
		if (left && right)
			return true;
	}
	return false;
}

/* ---- owned ------------------------------------------------------------------------------- */

/* How often the words of one text stand in another. */
static uint32_t count_run(const struct text *in, const struct text *run)
{
	uint32_t n = (uint32_t)text_count(run), found = 0;
	for (uint32_t i = 0; n > 0 && i + n <= text_count(in); i++) {
		uint32_t k = 0;
		while (k < n && str_eq(text_folded(in, i + k), text_folded(run, k)))
			k++;
		found += k == n;
	}
	return found;
}

static uint32_t count_phrase(const struct insert *in, uint32_t phrase)
{
	struct match_scan scan;
	struct match_hit hits[MATCH_MAX_TOKENS];
	uint32_t found = 0;
	match_scan_init(&scan, in->shelf->match);
	for (uint32_t i = 0; i < text_count(in->question); i++) {
		size_t n = match_scan_push(&scan, text_folded(in->question, i), (enum text_gap)text_tokens(in->question)[i].gap, hits);
		found += n > 0 && hits[0].phrase == phrase;
	}
	return found;
}

static void own_phrase(struct insert *in, uint32_t phrase)
{
	struct match_phrase p = match_phrase(in->shelf->match, phrase);
	if (in->said.owned_count < INSERT_ASKED)
		in->said.owned[in->said.owned_count++] = phrase;
	for (uint32_t i = 0; is_name(p.kind) && p.total <= FEW_PRODUCTS && i < p.product_count && in->said.item_count < INSERT_ASKED; i++) {
		uint32_t product = match_phrase_product(in->shelf->match, phrase, i);
		if (product != PRODUCT_NONE)
			in->said.item[in->said.item_count++] = product_item(catalog_product(in->shelf->catalog, product));
	}
}

/* Names anywhere in what is owned; a kind of thing only as its noun, and unless another one is asked for. */
static void read_owned(struct insert *in, const struct text *t)
{
	struct match_scan scan;
	struct match_hit hits[MATCH_MAX_TOKENS];
	uint32_t mine = count_run(in->question, t);
	match_scan_init(&scan, in->shelf->match);
	for (uint32_t i = 0; i < text_count(t); i++) {
		size_t n = match_scan_push(&scan, text_folded(t, i), (enum text_gap)text_tokens(t)[i].gap, hits);
		if (n == 0)
			continue;
		enum match_kind kind = match_phrase(in->shelf->match, hits[0].phrase).kind;
		bool noun = i + 1 == text_count(t) && kind != MATCH_BRAND && count_phrase(in, hits[0].phrase) <= mine;
		if (is_name(kind) || noun)
			own_phrase(in, hits[0].phrase);
	}
}

void said_read(struct insert *in)
{
	for (uint32_t i = 0; i < in->intent.owned_count; i++) {
		struct text *t = text_new_plain(4096);
		if (t && text_feed(t, in->intent.owned[i]) == OK && text_finish(t) == OK)
			read_owned(in, t);
		text_free(t);
	}
}

bool said_owns(const struct insert *in, const struct product *p)
{
	for (uint32_t i = 0; i < in->said.item_count; i++)
		if (in->said.item[i] == product_item(p))
			return true;
	return false;
}

/* "your AirPods Pro": whoever is told so has them. Of a kind ("your tent") it may be the one to buy. */
static bool yours(const struct insert *in, const struct candidate *c)
{
	static const char *const before[] = {"your ", "Your ", "your new ", "Your new ", "你的", "您的"};
	struct str text = str_sub(text_source(in->text), 0, c->from);
	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		if (str_ends(text, str_of(before[i])))
			return is_name(c->words.kind) || i >= 4;
	return false;
}

/* ---- the line above -------------------------------------------------------------------------- */

static struct str line_before(struct str s, size_t *at)
{
	size_t end = *at, start;
	for (start = end; start > 0 && s.p[start - 1] != '\n'; start--)
		;
	*at = start > 0 ? start - 1 : 0;
	return str_sub(s, start, end);
}

static bool is_item(struct str line)
{
	struct str rest = str_trim(line);
	size_t i = 0;
	while (i < rest.n && rest.p[i] >= '0' && rest.p[i] <= '9')
		i++;
	bool counted = i > 0 && i < rest.n && strchr(".)", rest.p[i]);
	bool marked = rest.n > 0 && strchr("-*+|", rest.p[0]) && (rest.n == 1 || rest.p[1] == ' ' || rest.p[0] == '|');
	return counted || marked || str_starts(rest, STR("•")) || str_starts(line, STR("  "));
}

static bool is_title(struct str line)
{
	return str_starts(line, STR("#")) ||
	       (str_starts(line, STR("**")) && (str_ends(line, STR("**")) || str_ends(line, STR("**:")) || str_ends(line, STR("**："))));
}

static bool leads(struct str line)
{
	return is_title(line) || str_ends(line, STR(":")) || str_ends(line, STR("："));
}

/* What the lines above the candidate say of all that follows: the one over its list, and the title above. */
static bool led_away(const struct insert *in, const struct candidate *c)
{
	struct str s = text_source(in->text);
	size_t at = c->from;
	struct str here = line_before(s, &at);
	bool item = is_item(here);
	while (at > 0 && c->from - at < LEAD_REACH) {
		struct str raw = line_before(s, &at), line = str_trim(raw);
		bool listed = item && is_item(raw);
		if (line.n == 0 || listed)
			continue;
		bool lead = item ? leads(line) : is_title(line);
		if (lead && intent_lead(in->shelf->rules->intent, line) != STANCE_PLAIN)
			return true;
		if (is_title(line))
			return false;
		item = false; /* above the list's own line only a title speaks for it */
	}
	return false;
}

/* 跑步机润滑油 in question and answer: what we know of it is the beginning of a thing that we do not sell. */
static bool begins_asked(const struct insert *in, const struct candidate *c)
{
	const struct text_token *t = text_tokens(in->text);
	char both[16];
	if (c->last + 2 > c->window || t[c->last].kind != TEXT_HAN || t[c->last + 1].kind != TEXT_HAN || t[c->last + 2].kind != TEXT_HAN)
		return false;
	if (t[c->last + 1].gap != GAP_NONE || t[c->last + 2].gap != GAP_NONE)
		return false;
	struct str a = text_folded(in->text, c->last + 1), b = text_folded(in->text, c->last + 2);
	if (a.n + b.n > sizeof both)
		return false;
	memcpy(both, a.p, a.n);
	memcpy(both + a.n, b.p, b.n);
	unsigned known = match_word(in->shelf->match, (struct str){both, a.n + b.n}) | (match_word(in->shelf->match, a) & MATCH_WORD_EDGE);
	if (known & (MATCH_WORD_EDGE | MATCH_WORD_PLAIN | MATCH_WORD_TAIL))
		return false;
	for (uint32_t i = 0; i + 2 < text_count(in->question); i++)
		if (str_eq(text_folded(in->question, i), text_folded(in->text, c->last)) && str_eq(text_folded(in->question, i + 1), a) &&
		        str_eq(text_folded(in->question, i + 2), b))
			return true;
	return false;
}

/* ---- names beside kinds ------------------------------------------------------------------------ */

static bool sells(const struct insert *in, const struct candidate *kind, uint32_t product)
{
	for (uint32_t i = 0; product != PRODUCT_NONE && i < kind->words.product_count; i++)
		if (match_phrase_product(in->shelf->match, kind->phrase, i) == product)
			return true;
	return false;
}

/* The first product of a name that is still there. */
static uint32_t named_by(const struct insert *in, uint32_t phrase, uint32_t count)
{
	uint32_t product = PRODUCT_NONE;
	for (uint32_t i = 0; product == PRODUCT_NONE && i < count; i++)
		product = match_phrase_product(in->shelf->match, phrase, i);
	return product;
}

/* "such as the", "如": what stands between a kind of thing and the name of one. */
static bool introduces(struct str between)
{
	static const char *const words[] = {"such as", "like", "e.g", "for example", "called", "named", "is ", "are ", "would be", "by far",
	        "- ", "(", "如", "比如", "例如", "像", "是", "推荐", "推薦", "选", "選", "建议", "可以", "首"};
	between = str_trim(between);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_starts(between, str_of(words[i])))
			return true;
	return false;
}

/* A name of one of the kind follows in the window: "a grinder such as the Baratza Encore". The name is the better mention. */
static bool name_follows(const struct insert *in, const struct candidate *c)
{
	struct match_scan scan;
	struct match_hit hits[MATCH_MAX_TOKENS];
	const struct text_token *t = text_tokens(in->text);
	match_scan_init(&scan, in->shelf->match);
	for (uint32_t i = c->last + 1; i <= c->window; i++) {
		size_t n =
		        match_scan_push(&scan, phrase_usable(&t[i]) ? text_folded(in->text, i) : STR_NONE, (enum text_gap)t[i].gap, hits);
		for (size_t k = 0; k < n; k++) {
			struct match_phrase p = match_phrase(in->shelf->match, hits[k].phrase);
			bool one = (p.kind == MATCH_MODEL || p.kind == MATCH_PRODUCT) && p.total <= FEW_PRODUCTS && p.product_count > 0;
			struct str between = str_sub(text_source(in->text), t[c->last].end, t[c->last + 1 + hits[k].first].start);
			if (one && sells(in, c, named_by(in, hits[k].phrase, p.product_count)) && introduces(between))
				return true;
		}
	}
	return false;
}

/* An item of a list, or a row's cell, has one link at most. */
static bool item_has_link(const struct insert *in, const struct candidate *c)
{
	size_t start = c->from;
	bool item = is_item(line_before(text_source(in->text), &start));
	uint32_t at = own_raw_start(&in->own, c->from);
	for (uint32_t i = 0; item && i < in->placed_count; i++) {
		const struct placed *p = &in->placed[i];
		struct str between = p->on_words && p->end <= at ? str_sub(buf_str(&in->raw), p->end, at) : STR("\n");
		if (str_find(between, STR("\n"), 0) == between.n && str_find(between, STR("|"), 0) == between.n)
			return true;
	}
	return false;
}

static size_t last_of(struct str s, struct str what)
{
	size_t last = SIZE_MAX;
	for (size_t at = str_find(s, what, 0); at < s.n; at = str_find(s, what, at + 1))
		last = at + what.n;
	return last;
}

/* Where a quotation that is still open begins, SIZE_MAX: none. 24" is no mark. */
static size_t quote_start(struct str s)
{
	static const char *const marks[][2] = {{"“", "”"}, {"「", "」"}, {"『", "』"}};
	size_t open = SIZE_MAX, plain = 0, plain_at = 0;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		size_t from = last_of(s, str_of(marks[i][0])), to = last_of(s, str_of(marks[i][1]));
		if (from != SIZE_MAX && (to == SIZE_MAX || to < from))
			open = from;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '"' && (i == 0 || s.p[i - 1] < '0' || s.p[i - 1] > '9')) {
			plain++;
			plain_at = i + 1;
		}
	return plain % 2 == 1 ? plain_at : open;
}

/* Words said by others: a quotation that goes on before or behind the thing. A name by itself in quotation marks is none. */
static bool is_quoted(const struct insert *in, const struct candidate *c)
{
	const struct text_token *t = text_tokens(in->text);
	struct str line = text_source(in->text);
	size_t start = c->from;
	while (start > 0 && line.p[start - 1] != '\n' && c->from - start < LEAD_REACH)
		start--;
	struct str before = str_sub(line, start, c->from);
	size_t open = quote_start(before);
	if (open == SIZE_MAX)
		return false;
	return str_trim(str_sub(before, open, before.n)).n > 0 || (c->window > c->last && t[c->last + 1].gap <= GAP_SOFT);
}

/* The line has linked one of the kind by its name: what follows is said of that ("The iPhone 13 is a great smartphone"). */
static bool name_stands(const struct insert *in, const struct candidate *c)
{
	struct str raw = buf_str(&in->raw);
	uint32_t at = own_raw_start(&in->own, c->from);
	for (uint32_t i = 0; i < in->placed_count; i++) {
		const struct placed *p = &in->placed[i];
		bool named = p->on_words && p->phrase != NO_PHRASE && is_name(match_phrase(in->shelf->match, p->phrase).kind);
		if (!named || p->end > at || !sells(in, c, p->product))
			continue;
		struct str between = str_sub(raw, p->end, at);
		if (str_find(between, STR("\n"), 0) == between.n)
			return true;
	}
	return false;
}

/* ---- the whole ------------------------------------------------------------------------------------- */

static bool is_compared(const struct insert *in, const struct candidate *c)
{
	if (!in->intent.compares)
		return false;
	return is_name(c->words.kind) || (in->asked_count > 1 && has_number(in->asked_phrase, in->asked_count, c->phrase));
}

bool said_refuses(const struct insert *in, const struct candidate *c, struct str sentence, size_t from, size_t to)
{
	if (has_number(in->said.owned, in->said.owned_count, c->phrase) || is_quoted(in, c) || begins_asked(in, c) ||
	        item_has_link(in, c) || yours(in, c) || led_away(in, c))
		return true;
	if (is_compared(in, c) && !intent_picked(in->shelf->rules->intent, sentence, from, to))
		return true;
	return !is_name(c->words.kind) && (name_follows(in, c) || name_stands(in, c));
}

/* Of what fits about as well as the best, the cheapest first. Prices in other currencies than the best one's cannot be compared. */
void said_cheapest(const struct insert *in, struct match_ranked *ranked, size_t n)
{
	const struct catalog *c = in->shelf->catalog;
	size_t best = 0;
	struct money least = n > 0 ? product_price(catalog_product(c, ranked[0].product)) : (struct money){0};
	for (size_t i = 1; i < n && ranked[i].score >= ranked[0].score - CHEAPEST_MARGIN; i++) {
		struct money m = product_price(catalog_product(c, ranked[i].product));
		if (least.currency[0] == '\0' || strcmp(m.currency, least.currency) != 0 || m.minor >= least.minor)
			continue;
		least = m;
		best = i;
	}
	if (n == 0)
		return;
	struct match_ranked first = ranked[best];
	memmove(ranked + 1, ranked, best * sizeof *ranked);
	ranked[0] = first;
}
