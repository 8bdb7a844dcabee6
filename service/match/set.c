/* set.c: phrases without a catalog. */
#include "match/match.h"
#include "match/sweep.h"

#include <stdlib.h>
#include <string.h>

enum { SEEDS = 8 /* tried, should two phrases have one hash */, LONGEST_PHRASE = 1 << 16 /* bytes */ };

enum { ORIGIN_TEXT = 26 };

/* Of a phrase, by its number: which of the given it was, and its text as it is compared, words with a space between, other characters
 * without. A longer text lies in `texts`, at the offset that stands here instead. */
struct origin {
	char text[ORIGIN_TEXT];
	uint16_t text_n;
	uint32_t given;
};
_Static_assert(sizeof(struct origin) == 32, "two in a cache line");

struct match_set {
	struct table table;
	size_t left_out;
	struct origin *origin;
	char *texts;
	size_t texts_n, texts_room, origin_room;
};

/* ---- reading ------------------------------------------------------------------------------------- */

struct reading {
	const struct str *phrases;
	size_t n;
	struct text_words words;
	uint64_t *hash;
	size_t hashes, cap;
	uint32_t *first, *number;
	uint32_t *text_at; /* by phrase as given */
};

static bool reading_init(struct reading *r, const struct str *phrases, size_t n)
{
	*r = (struct reading){.phrases = phrases,
	        .n = n,
	        .first = malloc((n + 1) * sizeof(*r->first)),
	        .number = malloc((n + 1) * sizeof(*r->number)),
	        .text_at = malloc((n + 1) * sizeof(*r->text_at))};
	return r->first && r->number && r->text_at && text_words_init(&r->words, LONGEST_PHRASE);
}

static void reading_done(struct reading *r)
{
	if (r->words.hash)
		text_words_done(&r->words);
	free(r->hash);
	free(r->first);
	free(r->number);
	free(r->text_at);
}

static bool read_room(struct reading *r, size_t more)
{
	if (r->hashes + more <= r->cap)
		return true;
	size_t cap = r->cap ? r->cap * 2 : r->n * 6 + more;
	while (cap < r->hashes + more)
		cap *= 2;
	uint64_t *hash = realloc(r->hash, cap * sizeof(*hash));
	if (hash == NULL)
		return false;
	r->hash = hash;
	r->cap = cap;
	return true;
}

/* Words as they are compared; out has room for all of them and a space each. */
static size_t spell(const struct text_words *w, char *out)
{
	size_t n = 0;
	bool was_word = false;
	for (uint32_t i = 0; i < w->count; i++) {
		bool is_word = !text_word_is_han(w, i);
		if (was_word && is_word)
			out[n++] = ' ';
		char word[256];
		size_t size = text_word(w, i, word);
		memcpy(out + n, word, size);
		n += size;
		was_word = is_word;
	}
	return n;
}

/* As many bytes as all texts can take: no character folds to more than it has, and words stand apart. */
static bool texts_room(struct match_set *s, const struct reading *r)
{
	size_t n = 64;
	for (size_t i = 0; i < r->n; i++)
		n += (r->phrases[i].n < LONGEST_PHRASE ? r->phrases[i].n : LONGEST_PHRASE) + 1;
	s->texts_room = n;
	s->texts = n < UINT32_MAX ? pages_new(n) : NULL;
	return s->texts != NULL;
}

/* Hard marks inside a phrase are none: it is one phrase. */
static bool read_phrases(struct match_set *s, struct reading *r, const struct text_key *k, enum cpu_kernel kernel)
{
	r->hashes = s->texts_n = 0;
	for (size_t i = 0; i < r->n; i++) {
		r->first[i] = (uint32_t)r->hashes;
		text_words_read(&r->words, k, kernel, r->phrases[i]);
		if (!read_room(r, r->words.count) || r->hashes + r->words.count > UINT32_MAX)
			return false;
		if (r->words.count > 0)
			memcpy(r->hash + r->hashes, r->words.hash, r->words.count * sizeof(*r->hash));
		r->hashes += r->words.count;
		r->text_at[i] = (uint32_t)s->texts_n;
		s->texts_n += spell(&r->words, s->texts + s->texts_n);
	}
	r->first[r->n] = (uint32_t)r->hashes;
	r->text_at[r->n] = (uint32_t)s->texts_n;
	return true;
}

static struct origin origin_of(const struct match_set *s, const struct reading *r, size_t i)
{
	struct origin o = {.given = (uint32_t)i};
	uint32_t at = r->text_at[i], n = r->text_at[i + 1] - at;
	o.text_n = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
	if (n <= sizeof(o.text))
		memcpy(o.text, s->texts + at, n);
	else
		memcpy(o.text, &at, sizeof(at));
	return o;
}

static bool keep_origins(struct match_set *s, const struct reading *r)
{
	s->origin_room = ((size_t)s->table.shape.phrases + 1) * sizeof(*s->origin);
	s->origin = pages_new(s->origin_room);
	for (size_t i = r->n; s->origin != NULL && i-- > 0;) {
		s->left_out += r->number[i] == UINT32_MAX;
		if (r->number[i] != UINT32_MAX) /* of equal ones the first stays */
			s->origin[r->number[i]] = origin_of(s, r, i);
	}
	return s->origin != NULL;
}

static enum status build(struct match_set *s, struct reading *r, uint64_t seed, enum cpu_kernel kernel, struct err *e)
{
	enum status st = E_CONFLICT;
	if (!texts_room(s, r))
		return err_set(e, E_NOMEM, "phrases", "no memory for their texts");
	for (unsigned i = 0; st == E_CONFLICT && i < SEEDS; i++) {
		uint64_t one = hash_mix(seed + i);
		struct text_key key;
		text_key_init(&key, one);
		if (!read_phrases(s, r, &key, kernel))
			return err_set(e, E_NOMEM, "phrases", "no memory for them");
		st = table_build(&s->table, one, (struct table_phrases){r->hash, r->first, (uint32_t)r->n}, r->number, e);
	}
	if (st == OK && !keep_origins(s, r))
		st = err_set(e, E_NOMEM, "phrases", "no memory for their numbers");
	return st;
}

enum status match_set_new(const struct str *phrases, size_t n, uint64_t seed, enum cpu_kernel kernel, struct match_set **out, struct err *e)
{
	struct reading r;
	if (n >= UINT32_MAX / 2)
		return err_set(e, E_INPUT, "phrases", "too many");
	struct match_set *s = calloc(1, sizeof(*s));
	enum status st = reading_init(&r, phrases, n) && s ? build(s, &r, seed, kernel, e) : err_set(e, E_NOMEM, "phrases", "no memory");
	reading_done(&r);
	if (st != OK) {
		match_set_free(s);
		return st;
	}
	*out = s;
	return OK;
}

void match_set_free(struct match_set *s)
{
	if (s == NULL)
		return;
	table_done(&s->table);
	pages_free(s->texts, s->texts_room);
	pages_free(s->origin, s->origin_room);
	free(s);
}

struct match_set_size match_set_size(const struct match_set *s)
{
	struct match_set_size z = {.phrases = s->table.shape.phrases,
	        .left_out = s->left_out,
	        .texts = s->texts_n + s->table.shape.phrases * sizeof(*s->origin)};
	for (enum table_part i = 0; i < TABLE_PARTS; i++)
		z.table += table_length(&s->table.shape, i);
	return z;
}

const struct text_key *match_set_key(const struct match_set *s)
{
	return &s->table.key;
}

/* ---- finding -------------------------------------------------------------------------------------- */

void match_places_done(struct match_places *p)
{
	free(p->at);
	free(p->best);
	sweep_free(p->sweep);
	*p = (struct match_places){0};
}

/* Does the text of the phrase go on with the i-th word at *off? */
static bool word_follows(struct str text, size_t *off, const struct text_words *w, uint32_t i)
{
	char folded[256];
	struct str word = {w->folded + w->start[i], w->end[i] - w->start[i]};
	if (*off + word.n <= text.n && memcmp(text.p + *off, word.p, word.n) == 0) {
		*off += word.n;
		return true;
	}
	word = (struct str){folded, text_word(w, i, folded)};
	bool same = *off + word.n <= text.n && memcmp(text.p + *off, word.p, word.n) == 0;
	*off += word.n;
	return same;
}

static struct str phrase_text(const struct match_set *s, uint32_t number)
{
	const struct origin *o = &s->origin[number];
	uint32_t at;
	if (o->text_n <= sizeof(o->text))
		return (struct str){o->text, o->text_n};
	memcpy(&at, o->text, sizeof(at));
	return (struct str){s->texts + at, o->text_n};
}

/* Is the text at p, readable for 32 bytes, just the phrase's? Four words at once, up to its length. */
static inline bool is_as_here(const struct origin *o, const char *p)
{
	static const uint8_t masks[64] __attribute__((aligned(64))) = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	uint64_t differ = 0;
	for (size_t i = 0; i < sizeof(*o); i += 8) {
		uint64_t a, b, mask;
		memcpy(&a, (const char *)o + i, 8);
		memcpy(&b, p + i, 8);
		memcpy(&mask, masks + 32 - o->text_n + i, 8);
		differ |= (a ^ b) & mask;
	}
	return differ == 0;
}

static bool is_phrase(const struct match_set *s, const struct text_words *w, const struct sweep_find *f)
{
	const struct origin *o = &s->origin[f->phrase];
	uint32_t last = f->first + f->words - 1, start = w->start[f->first];
	/* Written in the text as it is here: then nothing hard stands in it either. */
	if (w->end[last] - start == o->text_n && o->text_n <= ORIGIN_TEXT && is_as_here(o, w->folded + start))
		return true;
	struct str text = phrase_text(s, f->phrase);
	size_t off = 0;
	for (uint32_t i = f->first; i <= last; i++) {
		bool spaced = off > 0 && off < text.n && text.p[off] == ' ';
		off += spaced;
		if ((i > f->first && w->hash[i] != w->after[i]) || !word_follows(text, &off, w, i))
			return false;
	}
	return off == text.n;
}

static bool places_room(struct match_places *p, size_t n)
{
	if (n <= p->cap)
		return true;
	struct match_place *at = realloc(p->at, n * 2 * sizeof(*at));
	if (at == NULL)
		return false;
	p->at = at;
	p->cap = n * 2;
	return true;
}

bool match_set_find(const struct match_set *s, enum cpu_kernel kernel, const struct text_words *w, struct match_places *out)
{
	out->count = 0;
	if (out->sweep == NULL)
		out->sweep = sweep_new();
	struct sweep_words words = {w->hash, w->after, w->count, (const char *)s->origin, sizeof(*s->origin)};
	if (out->sweep == NULL || !sweep_run(out->sweep, &s->table, kernel, words) || !places_room(out, out->sweep->count))
		return false;
	const struct sweep_find *f = out->sweep->find;
	size_t n = out->sweep->count;
	for (size_t i = 0; i < n; i++)
		if (is_phrase(s, w, &f[i]))
			out->at[out->count++] = (struct match_place){
			        .first = f[i].first, .last = f[i].first + f[i].words - 1, .phrase = s->origin[f[i].phrase].given};
	return true;
}

bool match_set_longest(const struct text_words *w, struct match_places *p)
{
	if (p->count == 0)
		return true;
	if (w->count > p->best_cap) {
		uint32_t *best = realloc(p->best, ((size_t)w->count * 2) * sizeof(*best));
		if (best == NULL)
			return false;
		p->best = best;
		p->best_cap = (size_t)w->count * 2;
	}
	/* By first word: 1 + the place of the longest. */
	memset(p->best, 0, w->count * sizeof(*p->best));
	for (size_t i = 0; i < p->count; i++) {
		uint32_t *best = &p->best[p->at[i].first];
		if (*best == 0 || p->at[*best - 1].last < p->at[i].last)
			*best = (uint32_t)i + 1;
	}
	if (!places_room(p, p->count * 2))
		return false;
	/* Written behind the others, then moved to the front. */
	size_t kept = 0;
	for (uint32_t i = 0; i < w->count;) {
		if (p->best[i] == 0) {
			i++;
			continue;
		}
		const struct match_place *one = &p->at[p->best[i] - 1];
		i = one->last + 1;
		p->at[p->count + kept++] = *one;
	}
	memmove(p->at, p->at + p->count, kept * sizeof(*p->at));
	p->count = kept;
	return true;
}
