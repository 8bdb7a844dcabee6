/* set.c: phrases without a catalog. */
#include "match/match.h"
#include "match/sweep.h"

#include <stdlib.h>
#include <string.h>

enum { SEEDS = 8 /* tried, should two phrases have one hash */, LONGEST_PHRASE = 1 << 16 /* bytes */ };

struct match_set {
	struct table table;
	size_t left_out;
	char *text;         /* of all phrases as they are compared: words with a space between, other characters without */
	uint32_t *text_at;  /* by number: where in text; the next one's is its end */
	uint32_t *given;    /* by number: which phrase it was */
};

/* ---- reading ------------------------------------------------------------------------------------- */

struct reading {
	const struct str *phrases;
	size_t n;
	struct text_words words;
	uint64_t *hash;
	size_t hashes, cap;
	uint32_t *first, *number;
};

static bool reading_init(struct reading *r, const struct str *phrases, size_t n)
{
	*r = (struct reading){.phrases = phrases,
	        .n = n,
	        .first = malloc((n + 1) * sizeof(*r->first)),
	        .number = malloc((n + 1) * sizeof(*r->number))};
	return r->first && r->number && text_words_init(&r->words, LONGEST_PHRASE);
}

static void reading_done(struct reading *r)
{
	if (r->words.hash)
		text_words_done(&r->words);
	free(r->hash);
	free(r->first);
	free(r->number);
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

/* Hard marks inside a phrase are none: it is one phrase. */
static bool read_phrases(struct reading *r, const struct text_key *k, enum cpu_kernel kernel)
{
	r->hashes = 0;
	for (size_t i = 0; i < r->n; i++) {
		r->first[i] = (uint32_t)r->hashes;
		text_words_read(&r->words, k, kernel, r->phrases[i]);
		if (!read_room(r, r->words.count) || r->hashes + r->words.count > UINT32_MAX)
			return false;
		memcpy(r->hash + r->hashes, r->words.hash, r->words.count * sizeof(*r->hash));
		r->hashes += r->words.count;
	}
	r->first[r->n] = (uint32_t)r->hashes;
	return true;
}

/* ---- texts -------------------------------------------------------------------------------------- */

static bool put_text(struct buf *out, const struct text_words *w)
{
	bool was_word = false;
	for (uint32_t i = 0; i < w->count; i++) {
		char word[256];
		bool is_word = !text_word_is_han(w, i);
		if (was_word && is_word)
			buf_putc(out, ' ');
		buf_put(out, (struct str){word, text_word(w, i, word)});
		was_word = is_word;
	}
	return !out->failed;
}

static bool keep_texts(struct match_set *s, struct reading *r, enum cpu_kernel kernel)
{
	uint32_t count = s->table.shape.phrases;
	struct buf text;
	size_t n;
	s->text_at = calloc((size_t)count + 1, sizeof(*s->text_at));
	s->given = malloc(((size_t)count + 1) * sizeof(*s->given));
	if (s->text_at == NULL || s->given == NULL)
		return false;
	memset(s->given, 0xff, ((size_t)count + 1) * sizeof(*s->given));
	for (size_t i = r->n; i-- > 0;) {
		s->left_out += r->number[i] == UINT32_MAX;
		if (r->number[i] != UINT32_MAX)
			s->given[r->number[i]] = (uint32_t)i; /* of equal ones the first stays */
	}
	buf_init(&text, UINT32_MAX);
	buf_putc(&text, ' ');
	bool fine = true;
	for (uint32_t k = 0; fine && k < count; k++) {
		s->text_at[k] = (uint32_t)text.n;
		text_words_read(&r->words, &s->table.key, kernel, r->phrases[s->given[k]]);
		fine = put_text(&text, &r->words);
	}
	s->text_at[count] = (uint32_t)text.n;
	if (fine)
		s->text = buf_steal(&text, &n);
	buf_done(&text);
	return fine;
}

static enum status build(struct match_set *s, struct reading *r, uint64_t seed, enum cpu_kernel kernel, struct err *e)
{
	enum status st = E_CONFLICT;
	for (unsigned i = 0; st == E_CONFLICT && i < SEEDS; i++) {
		uint64_t one = hash_mix(seed + i);
		struct text_key key;
		text_key_init(&key, one);
		if (!read_phrases(r, &key, kernel))
			return err_set(e, E_NOMEM, "phrases", "no memory for them");
		st = table_build(&s->table, one, (struct table_phrases){r->hash, r->first, (uint32_t)r->n}, r->number, e);
	}
	if (st == OK && !keep_texts(s, r, kernel))
		st = err_set(e, E_NOMEM, "phrases", "no memory for their texts");
	return st;
}

enum status match_set_new(
        const struct str *phrases, size_t n, uint64_t seed, enum cpu_kernel kernel, struct match_set **out, struct err *e)
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
	free(s->text);
	free(s->text_at);
	free(s->given);
	free(s);
}

struct match_set_size match_set_size(const struct match_set *s)
{
	struct match_set_size z = {.phrases = s->table.shape.phrases, .left_out = s->left_out};
	for (enum table_part i = 0; i < TABLE_PARTS; i++)
		z.table += table_length(&s->table.shape, i);
	z.texts = s->text_at[z.phrases] + 2 * (z.phrases + 1) * sizeof(uint32_t);
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

static bool is_phrase(const struct match_set *s, const struct text_words *w, const struct sweep_find *f)
{
	struct str text = {s->text + s->text_at[f->phrase], s->text_at[f->phrase + 1] - s->text_at[f->phrase]};
	size_t off = 0;
	for (uint32_t i = f->first; i < f->first + f->words; i++) {
		bool spaced = off > 0 && off < text.n && text.p[off] == ' ';
		off += spaced;
		if (!word_follows(text, &off, w, i))
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
	if (out->sweep == NULL || !sweep_run(out->sweep, &s->table, kernel, (struct sweep_words){w->hash, w->after, w->count}) ||
	        !places_room(out, out->sweep->count))
		return false;
	const struct sweep_find *f = out->sweep->find;
	size_t n = out->sweep->count;
	for (size_t i = 0; i < n; i++) {
		__builtin_prefetch(&s->text_at[f[i].phrase]);
		__builtin_prefetch(&s->given[f[i].phrase]);
	}
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(&s->text[s->text_at[f[i].phrase]]);
	for (size_t i = 0; i < n; i++)
		if (is_phrase(s, w, &f[i]))
			out->at[out->count++] =
			        (struct match_place){.first = f[i].first, .last = f[i].first + f[i].words - 1, .phrase = s->given[f[i].phrase]};
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
