/* paths.c: entries by their words, for reading products that come after the index was built. */
#include "match/index.h"

#include <stdlib.h>

enum { LONGEST_PATH = 1 << 12 };

static struct str entry_text(const struct match_index *ix, uint32_t i)
{
	return (struct str){ix->texts + ix->entries[i].text, ix->entries[i].text_n};
}

bool paths_build(struct match_index *ix)
{
	struct counts *c = &ix->counts;
	uint32_t n = ix->entry_count + ix->refused_count;
	size_t slots = 16;
	while (slots < (size_t)n * 2)
		slots *= 2;
	c->paths = calloc(slots, sizeof(*c->paths));
	c->path_mask = slots - 1;
	for (uint32_t i = 0; c->paths != NULL && i < n; i++) {
		size_t at = hash_bytes(entry_text(ix, i), ix->seed) & c->path_mask;
		while (c->paths[at] != 0)
			at = (at + 1) & c->path_mask;
		c->paths[at] = i + 1;
	}
	return c->paths != NULL;
}

/* A text has one way to be read as words, so it stands for them. */
uint32_t paths_find(const struct match_index *ix, const uint32_t *words, size_t n)
{
	const struct counts *c = &ix->counts;
	struct buf spelt;
	uint32_t found = PHRASE_NONE;
	for (size_t i = 0; i < n; i++)
		if (words[i] >= ix->titles.lexicon.count)
			return PHRASE_NONE;
	buf_init(&spelt, LONGEST_PATH);
	if (heads_spell(&ix->titles.lexicon, words, n, &spelt)) {
		size_t at = hash_bytes(buf_str(&spelt), ix->seed) & c->path_mask;
		for (; found == PHRASE_NONE && c->paths[at] != 0; at = (at + 1) & c->path_mask)
			if (str_eq(entry_text(ix, c->paths[at] - 1), buf_str(&spelt)))
				found = c->paths[at] - 1;
	}
	buf_done(&spelt);
	return found;
}

/* ---- phrases with too many products ------------------------------------------------------ */

uint64_t sample_hash(const struct product *p)
{
	return hash_mix(p->key ^ SAMPLE_MIX);
}

bool sample_takes(const struct match_index *ix, uint32_t phrase, const struct product *p)
{
	const struct counts *c = &ix->counts;
	size_t lo = 0, hi = c->sample_count;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (c->samples[mid].phrase < phrase)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == c->sample_count || c->samples[lo].phrase != phrase || sample_hash(p) <= c->samples[lo].most;
}
