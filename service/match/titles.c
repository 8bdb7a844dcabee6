/* titles.c: reading a snapshot's words once. */
#include "match/titles.h"

#include <stdlib.h>
#include <string.h>

enum { TITLE_BYTES = 1 << 16, KEY_BYTES = 1 << 28, LONGEST_TITLE = 64 /* words; the rest is noise */ };

struct slice wordlists_get(const struct wordlists *l, size_t i)
{
	return (struct slice){l->words + l->first[i], l->first[i + 1] - l->first[i]};
}

void wordlists_done(struct wordlists *l)
{
	free(l->words);
	free(l->first);
	*l = (struct wordlists){0};
}

static bool wordlists_room(struct wordlists *l, size_t more)
{
	if (l->count + 2 > l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 1024;
		uint32_t *first = realloc(l->first, cap * sizeof(*first));
		if (first == NULL)
			return false;
		first[0] = 0;
		l->first = first;
		l->cap = cap;
	}
	if (l->word_count + more > l->word_cap) {
		size_t cap = l->word_cap ? l->word_cap * 2 : 4096;
		while (cap < l->word_count + more)
			cap *= 2;
		struct word *words = realloc(l->words, cap * sizeof(*words));
		if (words == NULL)
			return false;
		l->words = words;
		l->word_cap = cap;
	}
	return true;
}

static bool wordlists_end(struct wordlists *l)
{
	if (!wordlists_room(l, 1))
		return false;
	l->count++;
	l->first[l->count] = (uint32_t)l->word_count;
	return true;
}

/* Digits followed by a known unit, or by "d" of 3d and the like: a quantity, no model. */
static bool is_quantity(const struct tuning *tune, struct str w)
{
	size_t i = 0;
	while (i < w.n && w.p[i] >= '0' && w.p[i] <= '9')
		i++;
	return i > 0 && i < w.n && (tuning_roles(tune, str_sub(w, i, w.n)) & ROLE_UNIT) != 0;
}

static uint8_t word_flags(const struct tuning *tune, struct str w, const struct text_token *t, bool joined)
{
	unsigned f = joined ? WORD_JOINED : 0;
	if (t->kind == TEXT_HAN)
		return (uint8_t)(f | WORD_HAN);
	for (size_t i = 0; i < w.n; i++) {
		if (w.p[i] >= '0' && w.p[i] <= '9')
			f |= WORD_DIGIT;
		else
			f |= WORD_ALPHA;
	}
	if ((f & WORD_DIGIT) && (f & WORD_ALPHA) && is_quantity(tune, w))
		f |= WORD_UNIT;
	return (uint8_t)f;
}

static bool no_space(struct str source, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (source.p[i] != '-' && source.p[i] != '/' && source.p[i] != '.' && source.p[i] != '\'')
			return false;
	return true;
}

/* Most words come again and again, and rules have few. */
static bool roles_of(struct titles *t, const struct tuning *tune, uint32_t id, struct str w, uint8_t *out)
{
	uint32_t from = t->lexicon.from;
	/* What a lexicon brings to another word is looked up as it is spelt. */
	bool own = id >= from && str_eq(lexicon_text(&t->lexicon, id), w);
	if (own && id - from >= t->role_cap) {
		uint32_t cap = (id - from) * 2 + 1024;
		uint8_t *role = realloc(t->role, cap);
		if (role == NULL)
			return false;
		t->role = role;
		t->role_cap = cap;
	}
	if (own && id - from < t->role_count) {
		*out = t->role[id - from];
		return true;
	}
	*out = (uint8_t)tuning_roles(tune, w);
	if (own && id - from == t->role_count)
		t->role[t->role_count++] = *out;
	return true;
}

bool titles_read_list(struct titles *t, const struct tuning *tune, struct str s, struct wordlists *l)
{
	text_reset(t->reader);
	s = str_sub(s, 0, TITLE_BYTES / 2);
	if (text_feed(t->reader, s) != OK || text_finish(t->reader) != OK)
		return false;
	size_t n = text_count(t->reader);
	if (n > LONGEST_TITLE)
		n = LONGEST_TITLE;
	if (!wordlists_room(l, n + 1))
		return false;
	const struct text_token *tokens = text_tokens(t->reader);
	struct str source = text_source(t->reader);
	for (size_t i = 0; i < n; i++) {
		struct str w = text_folded(t->reader, i);
		uint32_t id = lexicon_add(&t->lexicon, w);
		uint8_t roles = 0;
		if (id == WORD_NONE || !roles_of(t, tune, id, w, &roles))
			return false;
		bool joined = i > 0 && no_space(source, tokens[i - 1].end, tokens[i].start);
		l->words[l->word_count++] = (struct word){.id = id,
		        .gap = i == 0 ? GAP_BLOCK : tokens[i].gap,
		        .flags = word_flags(tune, w, &tokens[i], joined),
		        .roles = roles};
	}
	return wordlists_end(l);
}

static bool categories_room(struct titles *t)
{
	if (t->category_count < t->category_cap)
		return true;
	size_t cap = t->category_cap ? t->category_cap * 2 : 256;
	struct str *text = realloc(t->category_text, cap * sizeof(*text));
	if (text != NULL)
		t->category_text = text;
	uint32_t *called = realloc(t->category_called, (cap + 1) * sizeof(*called));
	if (called != NULL)
		t->category_called = called;
	uint32_t *parent = realloc(t->category_parent, cap * sizeof(*parent));
	if (parent != NULL)
		t->category_parent = parent;
	uint8_t *depth = realloc(t->category_depth, cap);
	if (depth != NULL)
		t->category_depth = depth;
	bool *work = realloc(t->category_work, cap * sizeof(*work));
	if (work != NULL)
		t->category_work = work;
	if (text == NULL || called == NULL || parent == NULL || depth == NULL || work == NULL)
		return false;
	t->category_cap = cap;
	return true;
}

enum { DEEPEST = 12 };

static struct str path_parent(struct str path)
{
	size_t at = path.n;
	for (size_t i = str_find(path, STR(" > "), 0); i < path.n; i = str_find(path, STR(" > "), i + 3))
		at = i;
	return at == path.n ? STR_NONE : str_sub(path, 0, at);
}

/* The last step of a path, cut at commas and "&". */
static bool read_called(struct titles *t, const struct tuning *tune, struct str path)
{
	struct str above = path_parent(path), leaf = str_sub(path, above.n > 0 ? above.n + 3 : 0, path.n);
	while (leaf.n > 0) {
		size_t amp = str_find(leaf, STR("&"), 0), comma = str_find(leaf, STR(","), 0);
		size_t cut = amp < comma ? amp : comma;
		if (!titles_read_list(t, tune, str_trim(str_sub(leaf, 0, cut)), &t->called))
			return false;
		leaf = str_sub(leaf, cut + 1, leaf.n);
	}
	return true;
}

struct slice titles_path(const struct titles *t, uint32_t category)
{
	return category < t->category_from ? titles_path(t->under, category) : wordlists_get(&t->path, category - t->category_from);
}

struct slice titles_called(const struct titles *t, uint32_t category, size_t i)
{
	if (category < t->category_from)
		return titles_called(t->under, category, i);
	category -= t->category_from;
	size_t list = t->category_called[category] + i;
	return list < t->category_called[category + 1] ? wordlists_get(&t->called, list) : (struct slice){0};
}

/* The number of a path, with those of the paths above it; UINT32_MAX: no memory. */
static uint32_t category_number(struct titles *t, const struct tuning *tune, struct str path, unsigned guard)
{
	uint32_t old = t->under != NULL ? map_get(t->under->category_ids, path) : MAP_NONE;
	if (old == MAP_NONE)
		old = map_get(t->category_ids, path);
	if (old != MAP_NONE)
		return old;
	uint32_t parent = 0;
	if (path.n > 0 && guard < DEEPEST)
		parent = category_number(t, tune, path_parent(path), guard + 1);
	if (parent == UINT32_MAX || !categories_room(t) || !titles_read_list(t, tune, path, &t->path))
		return UINT32_MAX;
	uint32_t id = (uint32_t)t->category_count;
	t->category_called[id - t->category_from] = (uint32_t)t->called.count;
	if (!read_called(t, tune, path))
		return UINT32_MAX;
	t->category_called[id - t->category_from + 1] = (uint32_t)t->called.count;
	if (map_add(t->category_ids, path, id) == MAP_NONE)
		return UINT32_MAX;
	t->category_text[id] = path;
	t->category_parent[id] = parent;
	t->category_depth[id] = (uint8_t)(path.n == 0 ? 0 : t->category_depth[parent] + 1);
	t->category_work[id] = tuning_is_work(tune, path);
	t->category_count++;
	return id;
}

uint32_t titles_common(const struct titles *t, uint32_t a, uint32_t b)
{
	while (a != b) {
		if (t->category_depth[a] >= t->category_depth[b])
			a = t->category_parent[a];
		else
			b = t->category_parent[b];
	}
	return a;
}

static uint32_t name_number(struct titles *t, const struct tuning *tune, struct str name)
{
	name = str_trim(name);
	if (name.n == 0)
		return 0;
	uint32_t old = map_get(t->name_ids, name);
	if (old != MAP_NONE)
		return old;
	uint32_t id = (uint32_t)t->name.count;
	struct str key = arena_take_str(t->keys, name);
	if (key.p == NULL || !titles_read_list(t, tune, name, &t->name) || map_add(t->name_ids, key, id) == MAP_NONE)
		return UINT32_MAX;
	return id;
}

/* Where "SENNHEISER森海塞尔" or "古奇 阿玛尼" passes to another name of the brand. */
static size_t name_end(struct str s)
{
	for (size_t i = 0; i + 1 < s.n; i++) {
		bool here = (unsigned char)s.p[i] >= 0x80, next = (unsigned char)s.p[i + 1] >= 0x80;
		if (s.p[i] == '/' || s.p[i] == '(')
			return i;
		if (here != next && i > 1)
			return i + 1;
		if (s.p[i] == ' ' && i > 0 && (unsigned char)s.p[i - 1] >= 0xe0 && next)
			return i;
	}
	return s.n;
}

static bool read_brand(struct titles *t, const struct tuning *tune, struct str brand, uint32_t out[NAMES_MAX])
{
	size_t n = 0;
	/* Only names with Han characters come in several scripts; "Procter & Gamble" is one name. */
	bool han = false;
	for (size_t i = 0; i < brand.n; i++)
		han |= (unsigned char)brand.p[i] >= 0xe3;
	while (brand.n > 0 && n < NAMES_MAX) {
		size_t end = han ? name_end(brand) : brand.n;
		uint32_t id = name_number(t, tune, str_sub(brand, 0, end));
		if (id == UINT32_MAX)
			return false;
		if (id != 0)
			out[n++] = id;
		while (end < brand.n && strchr("/() ", brand.p[end]) != NULL)
			end++;
		brand = str_sub(brand, end == 0 ? 1 : end, brand.n);
	}
	return true;
}

static bool read_products(struct titles *t, const struct tuning *tune)
{
	size_t n = catalog_numbers(t->catalog) - t->from;
	for (uint32_t i = 0; i < n; i++) {
		const struct product *p = titles_product(t, i);
		if (!titles_read_list(t, tune, p->title, &t->title) || !read_brand(t, tune, p->brand, t->brand[i]))
			return false;
		t->category[i] = category_number(t, tune, p->category, 0);
		if (t->category[i] == UINT32_MAX)
			return false;
	}
	return true;
}

const struct product *titles_product(const struct titles *t, uint32_t i)
{
	return catalog_product(t->catalog, t->from + i);
}

static bool titles_begin(struct titles *t, uint64_t seed)
{
	size_t n = catalog_numbers(t->catalog) - t->from;
	t->reader = text_new_plain(TITLE_BYTES);
	t->keys = arena_new(KEY_BYTES);
	t->category_ids = map_new(512, seed);
	t->name_ids = map_new(512, seed);
	t->brand = calloc(n + 1, sizeof(*t->brand));
	t->category = calloc(n + 1, sizeof(*t->category));
	bool ready = t->reader && t->keys && t->category_ids && t->name_ids && t->brand && t->category;
	return ready && wordlists_room(&t->title, 1) && wordlists_room(&t->name, 1) && wordlists_end(&t->name);
}

bool titles_read(struct titles *t, const struct catalog *c, const struct tuning *tune, uint64_t seed)
{
	*t = (struct titles){.catalog = c, .population = catalog_count(c)};
	return lexicon_init(&t->lexicon, seed) && titles_begin(t, seed) && category_number(t, tune, STR(""), 0) == 0 && read_products(t, tune);
}

static bool copy_categories(struct titles *t, const struct titles *from)
{
	size_t n = from->category_count;
	t->category_cap = n + 1;
	t->category_count = n;
	t->category_from = (uint32_t)n;
	t->category_text = malloc((n + 1) * sizeof(*t->category_text));
	t->category_called = malloc((n + 2) * sizeof(*t->category_called));
	t->category_parent = malloc((n + 1) * sizeof(*t->category_parent));
	t->category_depth = malloc(n + 1);
	t->category_work = malloc((n + 1) * sizeof(*t->category_work));
	if (!t->category_text || !t->category_called || !t->category_parent || !t->category_depth || !t->category_work)
		return false;
	memcpy(t->category_text, from->category_text, n * sizeof(*t->category_text));
	memcpy(t->category_parent, from->category_parent, n * sizeof(*t->category_parent));
	memcpy(t->category_depth, from->category_depth, n);
	memcpy(t->category_work, from->category_work, n * sizeof(*t->category_work));
	return true;
}

bool titles_read_over(struct titles *t, const struct titles *under, const struct catalog *c, const struct tuning *tune, uint64_t seed)
{
	*t = (struct titles){.catalog = c, .under = under, .from = (uint32_t)catalog_base_numbers(c), .population = under->population};
	return lexicon_init_over(&t->lexicon, &under->lexicon, seed) && titles_begin(t, seed) && copy_categories(t, under) && read_products(t, tune);
}

void titles_done(struct titles *t)
{
	text_free(t->reader);
	arena_free(t->keys);
	map_free(t->category_ids);
	map_free(t->name_ids);
	lexicon_done(&t->lexicon);
	wordlists_done(&t->title);
	wordlists_done(&t->name);
	wordlists_done(&t->path);
	wordlists_done(&t->called);
	free(t->role);
	free(t->category_called);
	free(t->brand);
	free(t->category);
	free(t->category_text);
	free(t->category_parent);
	free(t->category_depth);
	free(t->category_work);
	*t = (struct titles){0};
}

void titles_shed(struct titles *t)
{
	text_free(t->reader);
	t->reader = NULL;
	arena_free(t->keys);
	t->keys = NULL;
	free(t->role);
	t->role = NULL;
	map_free(t->name_ids);
	t->name_ids = NULL;
	wordlists_done(&t->title);
	wordlists_done(&t->name);
	free(t->brand);
	t->brand = NULL;
}
