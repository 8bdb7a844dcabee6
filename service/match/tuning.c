/* tuning.c: rules/matching.yaml into numbers and one map of words. */
#include "match/tuning.h"

#include "text/text.h"

static const struct tuning built_in = {
        .content = 0.40,
        .phrase = 0.20,
        .title = 0.10,
        .category = 0.30,
        .k1 = 1.2,
        .b = 0.5,
        .w_title = 3,
        .w_brand = 2,
        .w_category = 2,
        .w_attributes = 1,
        .category_share = 0.5,
        .head_share = 0.1,
        .fragment_share = 0.8,
        .han_head_share = 0.1,
        .han_fragment_share = 0.8,
        .han_cohesion = 0.4,
        .namesake_share = 0.15,
        .half_support = 1.5,
        .han_half_support = 3,
        .min_word_heads = 2,
        .min_han_heads = 2,
        .everyday_heads = 100,
        .small_shelf = 1000,
        .min_han_inner = 3,
};

struct number {
	const char *group, *key;
	size_t offset;
};

static const struct number numbers[] = {
        {"score", "content", offsetof(struct tuning, content)},
        {"score", "phrase", offsetof(struct tuning, phrase)},
        {"score", "title", offsetof(struct tuning, title)},
        {"score", "category", offsetof(struct tuning, category)},
        {"bm25", "k1", offsetof(struct tuning, k1)},
        {"bm25", "b", offsetof(struct tuning, b)},
        {"bm25", "title", offsetof(struct tuning, w_title)},
        {"bm25", "brand", offsetof(struct tuning, w_brand)},
        {"bm25", "category", offsetof(struct tuning, w_category)},
        {"bm25", "attributes", offsetof(struct tuning, w_attributes)},
        {"types", "category_share", offsetof(struct tuning, category_share)},
        {"types", "head_share", offsetof(struct tuning, head_share)},
        {"types", "fragment_share", offsetof(struct tuning, fragment_share)},
        {"types", "han_head_share", offsetof(struct tuning, han_head_share)},
        {"types", "han_fragment_share", offsetof(struct tuning, han_fragment_share)},
        {"types", "han_cohesion", offsetof(struct tuning, han_cohesion)},
        {"types", "namesake_share", offsetof(struct tuning, namesake_share)},
        {"types", "han_half_support", offsetof(struct tuning, han_half_support)},
        {"types", "half_support", offsetof(struct tuning, half_support)},
};

static const struct {
	const char *key;
	unsigned role;
} lists[] = {
        {"breaks", ROLE_BREAK},
        {"tails", ROLE_TAIL},
        {"generic", ROLE_GENERIC},
        {"units", ROLE_UNIT},
        {"links", ROLE_LINK},
        {"ordinary", ROLE_GENERIC},
        {"bylines", ROLE_BYLINE},
        {"counted", ROLE_COUNTED},
        {"closers", ROLE_CLOSER},
        {"wide", ROLE_WIDE},
        {"articles", ROLE_ARTICLE | ROLE_EDGE},
        {"edges", ROLE_EDGE},
        {"advice", ROLE_ADVICE | ROLE_EDGE},
        {"verbals", ROLE_VERBAL | ROLE_EDGE},
        {"listing", ROLE_LISTING},
        {"measures", ROLE_MEASURE},
        {"parts", ROLE_PART},
        {"numbers", ROLE_NUMBER},
};

static enum status load_numbers(const struct doc *d, struct tuning *t, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		double *at = (double *)(void *)((char *)t + numbers[i].offset);
		enum status s = doc_real(doc_get(d, numbers[i].group), numbers[i].key, *at, at, e);
		if (s != OK)
			return s;
		if (!(*at >= 0 && *at <= 1000))
			return err_set(e, E_INPUT, numbers[i].key, "%s must be between 0 and 1000", numbers[i].key);
	}
	const struct doc *types = doc_get(d, "types");
	enum status s = doc_int(types, "min_word_heads", t->min_word_heads, &t->min_word_heads, e);
	s = s != OK ? s : doc_int(types, "everyday_heads", t->everyday_heads, &t->everyday_heads, e);
	s = s != OK ? s : doc_int(types, "small_shelf", t->small_shelf, &t->small_shelf, e);
	s = s != OK ? s : doc_int(types, "min_han_inner", t->min_han_inner, &t->min_han_inner, e);
	return s != OK ? s : doc_int(types, "min_han_heads", t->min_han_heads, &t->min_han_heads, e);
}

static bool add_role(struct tuning *t, struct arena *a, struct str word, unsigned role)
{
	struct buf folded;
	buf_init(&folded, 4096);
	text_fold(word, &folded);
	struct str key = folded.failed ? STR_NONE : arena_take_str(a, str_trim(buf_str(&folded)));
	buf_done(&folded);
	if (key.p == NULL)
		return false;
	return map_set(t->roles, key, tuning_roles(t, key) | role);
}

static enum status load_list(const struct doc *list, struct arena *a, struct tuning *t, unsigned role, struct err *e)
{
	if (list != NULL && list->kind != DOC_LIST)
		return err_set(e, E_INPUT, "matching", "line %d: a list of words is wanted", list->line);
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		/* An item may hold several words, so that the file stays readable. */
		struct str rest = list->items[i].text;
		while (rest.n > 0) {
			struct str word = str_trim(str_cut(&rest, ' '));
			if (word.n > 0 && !add_role(t, a, word, role))
				return err_set(e, E_NOMEM, "matching", "no memory for the word lists");
		}
	}
	return OK;
}

/* Items are whole phrases here. */
static enum status load_phrases(const struct doc *list, struct arena *a, struct tuning *t, unsigned role, struct err *e)
{
	if (list != NULL && list->kind != DOC_LIST)
		return err_set(e, E_INPUT, "matching", "line %d: a list of words is wanted", list->line);
	for (size_t i = 0; list != NULL && i < list->count; i++)
		if (!add_role(t, a, list->items[i].text, role))
			return err_set(e, E_NOMEM, "matching", "no memory for the word lists");
	return OK;
}

static enum status load_works(const struct doc *list, struct arena *a, struct tuning *t, struct err *e)
{
	if (list == NULL || list->kind != DOC_LIST)
		return OK;
	t->works = ARENA_TAKE(a, struct str, list->count + 1);
	for (size_t i = 0; t->works != NULL && i < list->count; i++)
		t->works[t->work_count++] = arena_take_str(a, list->items[i].text);
	return arena_failed(a) ? err_set(e, E_NOMEM, "matching", "no memory for the word lists") : OK;
}

/* "jewellery jewelry": two words an item. */
static enum status load_spellings(const struct doc *list, struct arena *a, struct tuning *t, struct err *e)
{
	if (list == NULL)
		return OK;
	if (list->kind != DOC_LIST)
		return err_set(e, E_INPUT, "matching", "line %d: a list of pairs of words is wanted", list->line);
	t->spelling = ARENA_TAKE(a, struct spelling, list->count + 1);
	for (size_t i = 0; t->spelling != NULL && i < list->count; i++) {
		struct str rest = list->items[i].text, one = str_cut(&rest, ' ');
		if (one.n == 0 || str_trim(rest).n == 0)
			return err_set(e, E_INPUT, "matching", "line %d: two spellings of a word are wanted", list->items[i].line);
		t->spelling[t->spelling_count++] = (struct spelling){arena_take_str(a, one), arena_take_str(a, str_trim(rest))};
	}
	return arena_failed(a) ? err_set(e, E_NOMEM, "matching", "no memory for the word lists") : OK;
}

enum status tuning_load(const struct doc *d, struct arena *a, struct tuning *t, struct err *e)
{
	*t = built_in;
	t->roles = map_new(512, 0);
	if (t->roles == NULL)
		return err_set(e, E_NOMEM, "matching", "no memory for the word lists");
	if (d == NULL)
		return OK;
	enum status s = load_numbers(d, t, e);
	for (size_t i = 0; s == OK && i < ARRAY_LEN(lists); i++)
		s = load_list(doc_get(d, lists[i].key), a, t, lists[i].role, e);
	if (s == OK)
		s = load_spellings(doc_get(d, "spellings"), a, t, e);
	if (s == OK)
		s = load_phrases(doc_get(d, "work_kinds"), a, t, ROLE_WORK_KIND, e);
	return s != OK ? s : load_works(doc_get(d, "works"), a, t, e);
}

unsigned tuning_roles(const struct tuning *t, struct str folded)
{
	uint32_t bits = map_get(t->roles, folded);
	return bits == MAP_NONE ? 0 : bits;
}

bool tuning_is_work(const struct tuning *t, struct str category)
{
	for (size_t i = 0; i < t->work_count; i++) {
		struct str w = t->works[i];
		if (str_starts(category, w) && (category.n == w.n || str_starts(str_sub(category, w.n, category.n), STR(" > "))))
			return true;
	}
	return false;
}
