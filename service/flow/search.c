/* Catalog search: what the matcher would pick for words, with scores. */
#include "flow/core.h"

#define MAX_RESULTS 100

struct search {
	const struct shelf *shelf;
};

static bool on_sale(void *arg, const struct product *p)
{
	return shelf_standing(((struct search *)arg)->shelf, p) == STANDING_FINE;
}

static void write_results(const struct shelf *s, const struct match_ranked *r, size_t n, struct buf *out)
{
	buf_put(out, STR("{\"data\":["));
	for (size_t i = 0; i < n; i++) {
		buf_put(out, i ? STR(",{\"product\":") : STR("{\"product\":"));
		flow_product_json(s, catalog_product(s->catalog, r[i].product), out);
		buf_printf(out, ",\"score\":%.4f}", r[i].score);
	}
	buf_put(out, STR("],\"catalog\":"));
	buf_put_json(out, catalog_name(s->catalog));
	buf_putc(out, '}');
}

enum status flow_search_json(const struct shelf *s, struct str query, size_t limit, struct buf *out, struct err *e)
{
	struct arena *a = arena_new(16u << 20);
	struct text *words = text_new_plain(1u << 16);
	enum status st = a && words ? text_feed(words, query) : E_NOMEM;
	if (st == OK)
		st = text_finish(words);
	struct match_context *c = st == OK ? match_context_new(s->match, a) : NULL;
	if (c) {
		for (uint32_t i = 0; i < text_count(words); i++) {
			const struct text_token *t = &text_tokens(words)[i];
			match_context_add(c, text_folded(words, i), (enum text_kind)t->kind, (enum text_gap)t->gap, 2);
		}
		struct match_ranked ranked[MAX_RESULTS];
		struct search search = {s};
		size_t n = match_search(s->match, c, (struct match_filter){on_sale, &search}, ranked, limit < MAX_RESULTS ? limit : MAX_RESULTS);
		write_results(s, ranked, n, out);
	}
	text_free(words);
	arena_free(a);
	return c && !out->failed ? OK : err_set(e, st == OK ? E_NOMEM : st, "q", "the query does not fit in memory");
}

bool flow_find_json(const struct shelf *s, struct str merchant, struct str id, struct buf *out)
{
	uint32_t i = catalog_find(s->catalog, merchant, id);
	const struct product *p = i == PRODUCT_NONE ? NULL : catalog_product(s->catalog, i);
	if (!p || shelf_standing(s, p) != STANDING_FINE)
		return false;
	buf_put(out, STR("{\"product\":"));
	flow_product_json(s, p, out);
	buf_put(out, STR(",\"url\":"));
	buf_put_json(out, p->url);
	buf_putc(out, '}');
	return true;
}
