/* table_build.c: a table from phrases. Runs that begin phrases are counted by their hash; each becomes an entry, until only one phrase goes
 * on from it. */
#include "match/table.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SLOTS = 1024,
	BITS_EACH = 12, /* of a filter, a member */
	LEAST_WORDS = 8,
	AHEAD = 6, /* phrases whose lines are asked for early */
	LOAD = 24, /* entries of a bucket, on average, of 28 */
};

/* A run of words that begins some phrase of two and more. */
struct run {
	uint64_t hash;
	uint32_t count : 31; /* phrases it begins */
	uint32_t made : 1;   /* it has its entry */
	uint32_t ends;       /* phrase + 1 that is just this run */
};

struct node {
	uint64_t hash;
	uint32_t phrase;
	uint8_t kind, words;
};

struct members {
	uint64_t *at;
	size_t n;
};

/* Different hashes; grows with how many they are. */
struct distinct {
	uint64_t *slot; /* 0: free */
	size_t mask, n;
	bool failed;
};

struct build {
	struct table *t;
	struct table_phrases p;
	uint32_t *number; /* while building: the phrase it equals, itself mostly; UINT32_MAX: left out */
	uint64_t *hash;   /* by word of the phrases: of the run up to it */
	struct run *run;
	size_t run_bytes;
	int run_shift;
	size_t run_mask;
	struct node *node, *sorted;
	size_t nodes;
	struct members two, two_end, three;
	struct distinct one, begins, second;
};

static uint32_t words_of(const struct build *b, uint32_t i)
{
	return b->p.first[i + 1] - b->p.first[i];
}

static void hash_runs(struct build *b)
{
	for (uint32_t i = 0; i < b->p.count; i++) {
		uint32_t from = b->p.first[i], to = b->p.first[i + 1];
		b->number[i] = to > from && to - from <= TABLE_LONGEST ? i : UINT32_MAX;
		for (uint32_t j = from; j < to; j++)
			b->hash[j] = j == from ? b->p.word[j] : table_join(b->t, b->hash[j - 1], b->p.word[j]);
		if (b->number[i] == i && to - from > b->t->shape.longest)
			b->t->shape.longest = to - from;
	}
}

static bool same_words(const struct build *b, uint32_t i, uint32_t k)
{
	return words_of(b, i) == words_of(b, k) &&
	       memcmp(b->p.word + b->p.first[i], b->p.word + b->p.first[k], words_of(b, i) * sizeof(*b->p.word)) == 0;
}

static bool is_first(const struct build *b, uint32_t i)
{
	return b->number[i] == i;
}

static struct run *find_run(const struct build *b, uint64_t hash)
{
	size_t s = hash >> b->run_shift;
	while (b->run[s].count != 0 && b->run[s].hash != hash)
		s = (s + 1) & b->run_mask;
	return &b->run[s];
}

static void look_early(const struct build *b, uint32_t i)
{
	for (uint32_t j = b->p.first[i]; j < b->p.first[i + 1]; j++)
		__builtin_prefetch(&b->run[b->hash[j] >> b->run_shift], 1);
}

/* Equal phrases are one, the first. False: different ones with one hash. */
static bool count_runs(struct build *b)
{
	for (uint32_t i = 0; i < b->p.count; i++) {
		if (i + AHEAD < b->p.count)
			look_early(b, i + AHEAD);
		uint32_t from = b->p.first[i], to = b->p.first[i + 1];
		for (uint32_t j = to; is_first(b, i) && j-- > from;) {
			struct run *r = find_run(b, b->hash[j]);
			if (j + 1 == to && r->ends != 0) {
				if (!same_words(b, i, r->ends - 1))
					return false;
				b->number[i] = r->ends - 1;
				break;
			}
			if (j + 1 == to)
				r->ends = i + 1;
			r->hash = b->hash[j];
			r->count++;
		}
	}
	return true;
}

static void put_member(struct members *m, uint64_t hash)
{
	m->at[m->n++] = hash;
}

static void put_slot(struct distinct *d, uint64_t hash)
{
	size_t i = hash & d->mask;
	while (d->slot[i] != 0 && d->slot[i] != hash)
		i = (i + 1) & d->mask;
	d->n += d->slot[i] == 0;
	d->slot[i] = hash;
}

static void put_distinct(struct distinct *d, uint64_t hash)
{
	if (d->n * 2 > d->mask) {
		struct distinct larger = {.mask = d->mask * 2 + 1, .slot = calloc(d->mask * 2 + 2, sizeof(*d->slot))};
		for (size_t i = 0; larger.slot != NULL && i <= d->mask; i++)
			if (d->slot[i] != 0)
				put_slot(&larger, d->slot[i]);
		d->failed |= larger.slot == NULL;
		if (larger.slot == NULL)
			return;
		free(d->slot);
		*d = larger;
	}
	put_slot(d, hash | (hash == 0));
}

static void put_node(struct build *b, uint64_t hash, uint32_t words, uint32_t phrase, enum entry_kind kind)
{
	b->node[b->nodes++] = (struct node){.hash = hash, .phrase = phrase, .kind = (uint8_t)kind, .words = (uint8_t)words};
}

/* Entries of one phrase that no phrase before it has made. Its pair has one only where it is the whole phrase: the filter of pairs tells
 * the rest. */
static void put_phrase(struct build *b, uint32_t i)
{
	const uint64_t *word = b->p.word + b->p.first[i], *hash = b->hash + b->p.first[i];
	uint32_t n = words_of(b, i);
	if (n == 1) {
		put_node(b, hash[0], 1, i, ENTRY_END);
		put_distinct(&b->one, hash[0]);
		return;
	}
	uint64_t pair = table_pair(b->t, word[0], word[1]);
	struct run *r = find_run(b, hash[1]);
	put_distinct(&b->begins, word[0]);
	put_distinct(&b->second, word[1]);
	if (n == 2) {
		put_node(b, hash[1], 2, i, ENTRY_END);
		put_member(&b->two_end, pair);
	} else if (!r->made) {
		r->made = 1;
		put_member(&b->two, pair);
	}
	for (uint32_t j = 2; j < n; j++) {
		r = find_run(b, hash[j]);
		if (!r->made) {
			r->made = 1;
			if (j == 2)
				put_member(&b->three, table_triple(b->t, pair, word[2]));
			if (r->count == 1)
				put_node(b, hash[j], j + 1, i, j + 1 == n ? ENTRY_END : ENTRY_TAIL);
			else if (r->ends != 0)
				put_node(b, hash[j], j + 1, r->ends - 1, ENTRY_BOTH);
			else
				put_node(b, hash[j], j + 1, 0, ENTRY_INNER);
		}
		if (r->count == 1)
			return;
	}
}

/* ---- arrays -------------------------------------------------------------------------------------- */

static uint32_t filter_size(size_t members)
{
	return (uint32_t)(members * BITS_EACH / 64) + LEAST_WORDS;
}

static void fill(uint64_t *f, uint32_t n, const struct members *m, uint64_t (*bits)(uint64_t))
{
	for (size_t i = 0; i < m->n; i++)
		f[(m->at[i] >> 32) * n >> 32] |= bits(m->at[i]);
}

static uint64_t first_bits(uint64_t h)
{
	return filter_bits(h);
}
static uint64_t second_bits(uint64_t h)
{
	return filter_bits2(h);
}

static void fill_words(uint64_t *f, uint32_t n, const struct distinct *d, uint64_t (*bits)(uint64_t))
{
	for (size_t i = 0; i <= d->mask; i++)
		if (d->slot[i] != 0)
			f[(d->slot[i] >> 32) * n >> 32] |= bits(d->slot[i]);
}

static uint64_t one_bits(uint64_t h)
{
	return word_bits(h, WORD_ONE);
}
static uint64_t begins_bits(uint64_t h)
{
	return word_bits(h, WORD_BEGINS);
}
static uint64_t second_word_bits(uint64_t h)
{
	return word_bits(h, WORD_SECOND);
}

static size_t line_up(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

/* Room for all arrays. */
static bool take_arrays(struct build *b, struct table_section part[TABLE_PARTS])
{
	struct table *t = b->t;
	size_t at[TABLE_PARTS + 1] = {0};
	for (enum table_part i = 0; i < TABLE_PARTS; i++)
		at[i + 1] = at[i] + line_up(table_length(&t->shape, i));
	t->owned = pages_new(at[TABLE_PARTS]);
	t->owned_n = at[TABLE_PARTS];
	for (enum table_part i = 0; t->owned != NULL && i < TABLE_PARTS; i++)
		part[i] = (struct table_section){(char *)t->owned + at[i], table_length(&t->shape, i)};
	return t->owned != NULL;
}

static uint64_t home(const struct build *b, const struct node *n)
{
	__extension__ unsigned __int128 r = (unsigned __int128)n->hash * b->t->shape.homes;
	return (uint64_t)(r >> 64);
}

/* Nodes in order of the buckets they belong to; from[h] is the first of bucket h. */
static void sort_nodes(struct build *b, uint32_t *from)
{
	uint32_t homes = b->t->shape.homes;
	for (size_t i = 0; i < b->nodes; i++)
		from[home(b, &b->node[i]) + 2]++;
	for (uint32_t h = 2; h < homes + 2; h++)
		from[h] += from[h - 1];
	for (size_t i = 0; i < b->nodes; i++)
		b->sorted[from[home(b, &b->node[i]) + 1]++] = b->node[i];
}

/* How many buckets that takes: what one cannot hold goes on into the next. */
static uint32_t count_buckets(const struct build *b, const uint32_t *from)
{
	size_t at = 0;
	uint32_t homes = b->t->shape.homes, i = 0;
	for (; i < homes || at < b->nodes; i++) {
		size_t end = i < homes ? from[i + 1] : b->nodes;
		at = end - at > BUCKET_ENTRIES ? at + BUCKET_ENTRIES : end;
	}
	return i;
}

static void fill_bucket(
        const struct build *b, struct bucket *to, const struct node *n, size_t count, uint16_t *check, uint32_t *slot, uint32_t *next)
{
	to->base = *next;
	for (int inner = 0; inner < 2; inner++) {
		for (size_t i = 0; i < count; i++) {
			if ((n[i].kind == ENTRY_INNER) != (inner == 1))
				continue;
			to->entry[to->count++] = (uint16_t)((unsigned)entry_print(n[i].hash) << 2 | n[i].kind);
			if (inner)
				continue;
			check[*next] = check_of(n[i].hash, n[i].words, words_of(b, n[i].phrase));
			slot[n[i].phrase] = (*next)++;
			to->phrases++;
		}
	}
}

/* slot[phrase] is set to its number. */
static void fill_buckets(const struct build *b, const uint32_t *from, struct bucket *bucket, uint16_t *check, uint32_t *slot)
{
	const struct table_shape *s = &b->t->shape;
	size_t at = 0;
	uint32_t next = 0;
	for (uint32_t i = 0; i < s->buckets; i++) {
		size_t end = i < s->homes ? from[i + 1] : b->nodes;
		bool spilt = end - at > BUCKET_ENTRIES;
		size_t n = spilt ? BUCKET_ENTRIES : end - at;
		bucket[i].spilt = spilt;
		fill_bucket(b, &bucket[i], b->sorted + at, n, check, slot, &next);
		at += n;
	}
}

static void fill_filters(struct build *b, const struct table_section part[TABLE_PARTS])
{
	const struct table_shape *s = &b->t->shape;
	fill_words(part[TABLE_WORDS].base, s->words, &b->one, one_bits);
	fill_words(part[TABLE_WORDS].base, s->words, &b->begins, begins_bits);
	fill_words(part[TABLE_WORDS].base, s->words, &b->second, second_word_bits);
	fill(part[TABLE_TWO].base, s->two, &b->two, first_bits);
	fill(part[TABLE_TWO].base, s->two, &b->two_end, second_bits);
	fill(part[TABLE_THREE].base, s->three, &b->three, first_bits);
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static size_t words_in(const struct build *b)
{
	return b->p.count > 0 ? b->p.first[b->p.count] : 0;
}

static int shift_for(size_t members)
{
	int bits = 6;
	while (((size_t)1 << bits) < members + members / 3)
		bits++;
	return 64 - bits;
}

static bool build_init(struct build *b)
{
	size_t n = b->p.count, words = words_in(b);
	b->run_shift = shift_for(words);
	b->run_mask = ((size_t)1 << (64 - b->run_shift)) - 1;
	b->run_bytes = (b->run_mask + 1) * sizeof(*b->run);
	b->run = pages_new(b->run_bytes);
	b->hash = malloc((words + 1) * sizeof(*b->hash));
	b->node = malloc((words + 1) * sizeof(*b->node));
	b->sorted = malloc((words + 1) * sizeof(*b->sorted));
	struct members *all[] = {&b->two, &b->two_end, &b->three};
	struct distinct *sets[] = {&b->one, &b->begins, &b->second};
	bool fine = b->run && b->hash && b->node && b->sorted;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		all[i]->at = malloc((n + 1) * sizeof(*all[i]->at));
		fine = fine && all[i]->at != NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		*sets[i] = (struct distinct){.mask = FIRST_SLOTS - 1, .slot = calloc(FIRST_SLOTS, sizeof(*sets[i]->slot))};
		fine = fine && sets[i]->slot != NULL;
	}
	return fine;
}

static void build_done(struct build *b)
{
	pages_free(b->run, b->run_bytes);
	free(b->hash);
	free(b->node);
	free(b->sorted);
	free(b->one.slot);
	free(b->begins.slot);
	free(b->second.slot);
	free(b->two.at);
	free(b->two_end.at);
	free(b->three.at);
}

static bool lay_out(struct build *b, uint32_t *number)
{
	struct table_shape *s = &b->t->shape;
	struct table_section part[TABLE_PARTS];
	s->homes = (uint32_t)(b->nodes / LOAD) + 1;
	uint32_t *from = calloc((size_t)s->homes + 3, sizeof(*from)), *slot = malloc(((size_t)b->p.count + 1) * sizeof(*slot));
	bool fine = from != NULL && slot != NULL;
	if (fine) {
		sort_nodes(b, from);
		s->buckets = count_buckets(b, from);
		fine = take_arrays(b, part);
	}
	if (fine) {
		fill_filters(b, part);
		fill_buckets(b, from, part[TABLE_BUCKETS].base, part[TABLE_CHECKS].base, slot);
		for (uint32_t i = 0; i < b->p.count; i++)
			number[i] = b->number[i] == UINT32_MAX ? UINT32_MAX : slot[b->number[i]];
		table_borrow(b->t, part);
	}
	free(from);
	free(slot);
	return fine;
}

static enum status build(struct build *b, uint32_t *number, struct err *e)
{
	if (!build_init(b))
		return err_set(e, E_NOMEM, "table", "no memory to build it");
	hash_runs(b);
	if (!count_runs(b))
		return err_set(e, E_CONFLICT, "table", "two phrases have one hash under this seed");
	for (uint32_t i = 0; i < b->p.count; i++) {
		if (i + AHEAD < b->p.count)
			look_early(b, i + AHEAD);
		if (!is_first(b, i))
			continue;
		b->t->shape.phrases++;
		put_phrase(b, i);
	}
	struct table_shape *s = &b->t->shape;
	s->words = filter_size(b->one.n + b->begins.n + b->second.n);
	s->two = filter_size(b->two.n + b->two_end.n);
	s->three = filter_size(b->three.n);
	if (b->one.failed || b->begins.failed || b->second.failed)
		return err_set(e, E_NOMEM, "table", "no memory to build it");
	return lay_out(b, number) ? OK : err_set(e, E_NOMEM, "table", "no memory for the arrays");
}

enum status table_build(struct table *t, uint64_t seed, struct table_phrases p, uint32_t *number_out, struct err *e)
{
	struct build b = {.t = t, .p = p, .number = number_out};
	*t = (struct table){.shape = {.seed = seed}};
	table_keys(t, seed); /* the runs are hashed under them */
	enum status s = build(&b, number_out, e);
	build_done(&b);
	if (s != OK)
		table_done(t);
	return s;
}
