/* heads.c: English titles name the thing at the end of the part before "for", "with", a comma or a dash
 * ("Wildcraft Unisex Grey Camera Bag - 20L"); Chinese ones at the end of a run ("补水保湿面膜 正品"). */
#include "match/heads.h"

bool heads_spell(const struct lexicon *x, const uint32_t *words, size_t n, struct buf *out)
{
	bool was_word = false;
	for (size_t i = 0; i < n; i++) {
		struct str w = lexicon_text(x, words[i]);
		bool word = w.n == 0 || (unsigned char)w.p[0] < 0xe1; /* Latin, Greek, Cyrillic and the like */
		if (i > 0 && word && was_word)
			buf_putc(out, ' ');
		buf_put(out, w);
		was_word = word;
	}
	return !out->failed;
}

unsigned heads_roles(const struct titles *t, const struct tuning *tune, struct slice words)
{
	uint32_t ids[8];
	if (words.n == 0 || words.n > ARRAY_LEN(ids))
		return 0;
	for (size_t i = 0; i < words.n; i++)
		ids[i] = words.p[i].id;
	struct buf spelt;
	buf_init(&spelt, 1024);
	unsigned roles = heads_spell(&t->lexicon, ids, words.n, &spelt) ? tuning_roles(tune, buf_str(&spelt)) : 0;
	buf_done(&spelt);
	return roles;
}

static bool same_part(const struct word *before, const struct word *w)
{
	if ((before->flags ^ w->flags) & WORD_HAN)
		return false;
	return w->flags & WORD_HAN ? w->gap == GAP_NONE : w->gap <= GAP_SOFT;
}

/* Words at the end that are not the thing: sizes, colours, counts. */
static uint32_t trim_word_tail(const struct word *w, uint32_t from, uint32_t to)
{
	for (; to > from; to--) {
		bool counted = (w[to - 1].roles & ROLE_COUNTED) && to - 1 > from && (w[to - 2].flags & WORD_DIGIT) && !(w[to - 2].flags & WORD_ALPHA);
		if (!counted && !(w[to - 1].flags & WORD_DIGIT) && !(w[to - 1].roles & (ROLE_TAIL | ROLE_LINK | ROLE_UNIT)))
			break;
	}
	return to;
}

enum { LONGEST_HAN_TAIL = 4 };

static uint32_t trim_han_tail(const struct titles *t, const struct tuning *tune, const struct word *w, uint32_t from, uint32_t to)
{
	for (bool cut = true; cut && to > from;) {
		cut = false;
		for (uint32_t n = 1; !cut && n <= LONGEST_HAN_TAIL && n <= to - from; n++) {
			unsigned roles = heads_roles(t, tune, (struct slice){w + to - n, n});
			/* what is counted by itself is a part of the word behind another: 背|包, 清洁|片 */
			bool closes = n == 1 && to - from > 1 && (roles & ROLE_MEASURE) && (roles & ROLE_CLOSER);
			cut = (roles & ROLE_TAIL) && !closes;
			if (cut)
				to -= n;
		}
	}
	return to;
}

/* One part of a title: words [from, to) between breaks. Tail words inside it ("Sleeping Bag Unisex Yellow Nylon") set
 * apart what stands before them; the last stretch names the thing. */
static size_t put_part(
        const struct titles *t, const struct tuning *tune, const struct word *w, struct head part, struct head *out, size_t n)
{
	if (part.han) {
		part.to = trim_han_tail(t, tune, w, part.from, part.to);
		if (part.to > part.from && n < HEADS_MAX)
			out[n++] = part;
		return n;
	}
	size_t last = n;
	for (uint32_t i = part.from; i < part.to;) {
		uint32_t end = i;
		while (end < part.to && !(w[end].roles & ROLE_TAIL))
			end++;
		uint32_t to = trim_word_tail(w, i, end);
		if (to > i && n < HEADS_MAX) {
			last = n;
			out[n++] = (struct head){.from = i, .to = to};
		}
		i = end + 1;
	}
	if (last < n)
		out[last].first = part.first;
	return n;
}

/* "7-in-1", "on-ear", "plug-in": inside a hyphened word it sets nothing apart. */
static bool breaks(struct slice title, uint32_t i)
{
	const struct word *w = title.p;
	bool joined = (w[i].flags & WORD_JOINED) || (i + 1 < title.n && (w[i + 1].flags & WORD_JOINED));
	return (w[i].roles & ROLE_BREAK) && !joined;
}

size_t heads_find(const struct titles *t, const struct tuning *tune, struct slice title, struct head out[HEADS_MAX])
{
	const struct word *w = title.p;
	size_t n = 0;
	bool silent = false; /* behind "for" or "with": what it goes with, up to the next comma */
	for (uint32_t i = 0; i < title.n && n < HEADS_MAX;) {
		if (w[i].gap >= GAP_HARD)
			silent = false;
		if (breaks(title, i)) {
			silent = true;
			i++;
			continue;
		}
		uint32_t end = i + 1;
		while (end < title.n && !breaks(title, end) && same_part(&w[end - 1], &w[end]))
			end++;
		struct head part = {.from = i, .to = end, .han = w[i].flags & WORD_HAN, .first = n == 0};
		if (!silent || part.han)
			n = put_part(t, tune, w, part, out, n);
		i = end;
	}
	return n;
}
