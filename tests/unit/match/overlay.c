/* An index with products laid over it gives the same bytes as all products read anew under the same statistics. */
#include "shop.h"

#include "catalog/snapshot.h"

enum { PRODUCTS = 1600, CHANGES = 160, SENTENCES = 250 };

struct shelf {
	uint64_t seed;
	struct arena *a;
};

static unsigned next(struct shelf *s, unsigned below)
{
	s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(s->seed >> 33) % below;
}

static const char *const makers[] = {"Sony", "Bose", "Acme", "Palm Tree", "自然堂", "小米/Xiaomi", "Tefal", "", "Nordisk", "Osprey"};
static const char *const sorts[] = {"Wireless", "Trail", "Copper", "Kids", "Noise Cancelling", "Ultra Light", "Gooseneck", "户外", "补水保湿", "Red Tape"};
static const char *const kinds[] = {"Headphones", "Tent", "Kettle", "Sleeping Bag", "Water Bottle", "Desk Lamp", "面膜", "帐篷", "保温杯", "Knives", "Phone Case"};
static const char *const categories[] = {"Electronics > Audio > Headphones", "Outdoors > Camping > Tents", "Kitchen > Kettles", "Outdoors > Camping > Sleeping Bags",
        "Kitchen > Drinkware > Water Bottles & Flasks", "Home > Lighting > Desk Lamps", "Beauty > Skin Care > Masks", "Outdoors > Camping > Tents",
        "Kitchen > Drinkware", "Kitchen > Knives", "Electronics > Telephony > Phone Accessories"};
static const char *const tails[] = {"", ", black", " 500 ml", " for iPhone 12", " - 2 pack", " 正品包邮", " with lid"};
static const char *const says[] = {"", "a soft lamp for reading", "glassy widget with knobs", "适合户外露营", "frobnicators and gizmos"};
static const char *const keywords[] = {"bivvy", "flask", "gizmo", "露营灯", "night light"};

#define PICK(s, list) (list)[next(s, ARRAY_LEN(list))]

/* fresh: with words that no base has. */
static struct product product_made(struct shelf *s, unsigned id, bool fresh)
{
	unsigned kind = next(s, ARRAY_LEN(kinds));
	const char *maker = PICK(s, makers);
	bool work = next(s, 12) == 0;
	struct product p = {.updated_ms = 5 + next(s, 3), .commission_ppm = -1, .availability = AVAIL_IN_STOCK};
	p.id = arena_take_printf(s->a, "p%05u", id);
	p.url = arena_take_printf(s->a, "https://shop.example/%u", id);
	p.title = work ? arena_take_printf(s->a, "The %s and the %s of %s: a novel", PICK(s, sorts), kinds[kind], PICK(s, sorts))
	               : arena_take_printf(s->a, "%s %s %s%s%c%u%s", maker, PICK(s, sorts), fresh && next(s, 3) == 0 ? "Zorbing " : "", kinds[kind],
	                         next(s, 2) ? ' ' : '-', next(s, 300), PICK(s, tails));
	if (!work && next(s, 3) == 0)
		p.title = arena_take_printf(s->a, "%s XK%uT%s %s", maker, next(s, fresh ? 900 : 200), fresh ? "q" : "", kinds[kind]);
	p.brand = str_of(maker);
	p.category = str_of(work ? BOOKS : fresh && next(s, 5) == 0 ? "Garden > Novelties > Zorbs" : categories[kind]);
	p.description = str_of(PICK(s, says));
	p.attributes = str_of(next(s, 4) ? "" : "color: zinnia");
	p.price = (struct money){100 + next(s, 900), "USD"};
	if (next(s, 6) == 0) {
		struct str *k = ARENA_TAKE(s->a, struct str, 1);
		*k = fresh && next(s, 2) ? STR("zorb ball") : str_of(PICK(s, keywords));
		p.keywords = k;
		p.keyword_count = 1;
	}
	return p;
}

static struct catalog_part *first_part(struct shelf *s, const char *merchant, unsigned from)
{
	const struct merchant m = {.id = str_of(merchant), .name = STR("M")};
	struct part_builder *b = part_builder_new(&m, 1 << 28);
	struct catalog_part *out;
	for (unsigned i = from; i < PRODUCTS; i += 2) {
		struct product p = product_made(s, i * 2, false);
		assert_int_equal(part_builder_add(b, &p, false, NULL), OK);
	}
	assert_int_equal(part_builder_finish(b, STR("gen-1"), &out, NULL), OK);
	return out;
}

/* Prices, texts, new products and such as go. */
static struct catalog_part *changed_part(struct shelf *s, struct catalog_part *old, unsigned changes)
{
	struct part_builder *b = part_builder_over(old, 1 << 28);
	struct catalog_part *out;
	for (unsigned i = 0; i < changes; i++) {
		unsigned id = next(s, PRODUCTS * 2);
		struct product p = product_made(s, id, true);
		const struct product *was = part_builder_find(b, p.id);
		if (was && next(s, 3) == 0) {
			p = *was;
			p.price.minor += 7;
			p.updated_ms++;
		}
		if (was && next(s, 4) == 0)
			assert_int_equal(part_builder_remove(b, p.id, NULL), OK);
		else
			assert_int_equal(part_builder_add(b, &p, true, NULL), OK);
	}
	assert_int_equal(part_builder_finish(b, STR("gen-1+1"), &out, NULL), OK);
	return out;
}

static bool never_same(const struct product *a, const struct product *b)
{
	(void)a;
	(void)b;
	return false;
}

static bool cheap(void *arg, const struct product *p)
{
	(void)arg;
	return p->price.minor < 900;
}

static void put_ranked(struct buf *out, const struct match_index *ix, const struct match_ranked *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct product *p = catalog_product(match_catalog(ix), r[i].product);
		struct str m = catalog_merchant_of(match_catalog(ix), p)->id;
		buf_printf(out, "    %.*s %.*s %lld %.12f %.12f %.12f %.12f\n", STR_ARG(m), STR_ARG(p->id), (long long)p->price.minor, r[i].score, r[i].content,
		        r[i].title, r[i].category);
	}
}

static void put_hit(struct buf *out, const struct match_index *ix, struct match_hit h, const struct match_context *c, struct str behind)
{
	struct match_phrase p = match_phrase(ix, h.phrase);
	struct match_ranked best[8];
	size_t refused = 0, n = match_rank(ix, h.phrase, c, (struct match_filter){cheap, NULL}, best, ARRAY_LEN(best), &refused);
	uint32_t live = 0;
	for (uint32_t i = 0; i < p.product_count; i++)
		live += match_phrase_product(ix, h.phrase, i) != PRODUCT_NONE;
	buf_printf(out, "  %u-%u %.*s: %.*s %.9f %.*s of %u, %u live, %zu refused, %d %u\n", h.first, h.last, STR_ARG(p.text), STR_ARG(match_kind_name(p.kind)),
	        p.telling, STR_ARG(p.category), p.total, live, refused, match_continues(ix, h.phrase, behind, TEXT_WORD, GAP_SOFT),
	        match_used(ix, h.phrase, STR_NONE, behind, 9));
	put_ranked(out, ix, best, n);
}

/* Everything that the index says of a sentence. */
static void put_sentence(struct buf *out, const struct match_index *ix, struct str words)
{
	struct text *t = text_new_plain(1 << 12);
	struct arena *a = arena_new(1 << 20);
	struct match_context *c = match_context_new(ix, a);
	struct match_scan s;
	struct match_ranked best[8];
	assert_int_equal(text_feed(t, words), OK);
	assert_int_equal(text_finish(t), OK);
	buf_printf(out, "%.*s\n", STR_ARG(words));
	shop_say(c, words.p, 2);
	match_scan_init(&s, ix);
	for (size_t i = 0; i < text_count(t); i++) {
		struct match_hit hits[MATCH_MAX_TOKENS];
		size_t n = match_scan_push(&s, text_folded(t, i), text_tokens(t)[i].gap, hits);
		struct str behind = i + 1 < text_count(t) ? text_folded(t, i + 1) : STR("case");
		for (size_t k = 0; k < n; k++)
			put_hit(out, ix, hits[k], c, behind);
	}
	put_ranked(out, ix, best, match_search(ix, c, (struct match_filter){0}, best, ARRAY_LEN(best)));
	text_free(t);
	arena_free(a);
}

static void put_all(struct buf *out, const struct match_index *ix, uint64_t seed)
{
	struct shelf s = {.seed = seed, .a = arena_new(1 << 24)};
	for (unsigned i = 0; i < SENTENCES; i++) {
		struct product p = product_made(&s, i, i % 2);
		put_sentence(out, ix, arena_take_printf(s.a, "%.*s and gizmos, zorb ball", STR_ARG(p.title)));
		put_sentence(out, ix, arena_take_printf(s.a, "%s %s XK%uTq %s %s %s", PICK(&s, makers), PICK(&s, sorts), next(&s, 900), PICK(&s, kinds), PICK(&s, keywords),
		                              PICK(&s, kinds)));
	}
	arena_free(s.a);
}

static struct match_index *laid(struct match_index *base, struct catalog *c)
{
	struct match_index *ix;
	assert_int_equal(match_index_over(base, c, &ix, NULL), OK);
	return ix;
}

static void assert_same_answers(const struct match_index *x, const struct match_index *y, uint64_t seed)
{
	struct buf a, b;
	buf_init(&a, 1 << 28);
	buf_init(&b, 1 << 28);
	put_all(&a, x, seed);
	put_all(&b, y, seed);
	assert_true(!a.failed && !b.failed && a.n > 100000);
	for (size_t i = 0; i < a.n && i < b.n; i++)
		if (a.p[i] != b.p[i])
			fail_msg("seed %llu: at byte %zu\n%.*s\n-- other --\n%.*s", (unsigned long long)seed, i, (int)(i < 600 ? i + 200 : 800), a.p + (i < 600 ? 0 : i - 600),
			        (int)(i < 600 ? i + 200 : 800), b.p + (i < 600 ? 0 : i - 600));
	assert_int_equal(a.n, b.n);
	buf_done(&a);
	buf_done(&b);
}

static void laid_over_is_read_anew(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct shelf s = {.seed = seed, .a = arena_new(1 << 26)};
		struct catalog_part *part[2] = {first_part(&s, "b", 0), first_part(&s, "a", 1)};
		struct catalog *c, *over, *anew;
		assert_int_equal(catalog_new(part, 2, STR("gen-1"), &c, NULL), OK);
		struct match_index *base = shop_index(c, seed), *same = NULL;
		assert_int_equal(catalog_lay(c, part, 2, STR("gen-1"), never_same, &anew, NULL), OK);
		same = laid(base, anew);
		assert_same_answers(base, same, seed);
		match_index_free(same);
		catalog_unref(anew);
		for (unsigned round = 0; round < 3; round++) {
			struct catalog_part *old = part[round % 2];
			part[round % 2] = changed_part(&s, old, CHANGES);
			part_unref(old);
			assert_int_equal(catalog_over(c, part, 2, STR("gen-1+1"), &over, NULL), OK);
			assert_int_equal(catalog_lay(c, part, 2, STR("gen-1+1"), never_same, &anew, NULL), OK);
			struct match_index *x = laid(base, over), *y = laid(base, anew);
			catalog_unref(over);
			catalog_unref(anew);
			assert_same_answers(x, y, seed * 100 + round);
			match_index_free(x);
			match_index_free(y);
		}
		match_index_free(base);
		catalog_unref(c);
		part_unref(part[0]);
		part_unref(part[1]);
		arena_free(s.a);
	}
}

/* A new product is found by its own name at once; one that has gone is not. */
static void new_ones_are_found_and_old_ones_not(void **state)
{
	(void)state;
	struct catalog *c = shop_open(shop_rows, ARRAY_LEN(shop_rows), false), *over;
	struct match_index *base = shop_index(c, 7), *ix, *wrong;
	struct catalog_part *part[2] = {catalog_part(c, 0), catalog_part(c, 1)}, *changed;
	struct part_builder *b = part_builder_over(part[0], 1 << 24);
	struct product p = *part_find(part[0], STR("h1"));
	p.id = STR("new");
	p.title = STR("Zorbtech ZX9900 Noise Cancelling Headphones");
	p.brand = STR("Zorbtech");
	assert_int_equal(part_builder_add(b, &p, false, NULL), OK);
	assert_int_equal(part_builder_remove(b, STR("h1"), NULL), OK);
	assert_int_equal(part_builder_finish(b, STR("gen-1+1"), &changed, NULL), OK);
	part[0] = changed;
	assert_int_equal(catalog_over(c, part, 2, STR("gen-1+1"), &over, NULL), OK);
	ix = laid(base, over);
	assert_int_equal(match_index_over(ix, over, &wrong, NULL), E_BUG);
	assert_string_equal(shop_best(ix, "zx9900", "a good zx9900").p, "new");
	assert_string_equal(shop_best(ix, "noise cancelling headphones", "zorbtech headphones").p, "new");
	assert_string_equal(shop_best(base, "wh-1000xm5", "sony").p, "h1");
	assert_int_equal(shop_best(ix, "wh-1000xm5", "sony").n, 0);
	assert_int_equal(shop_phrase(base, "zx9900"), UINT32_MAX);
	match_index_free(base); /* held by the one above */
	catalog_unref(c);
	catalog_unref(over);
	part_unref(changed);
	assert_string_equal(shop_best(ix, "zorbtech headphones", "").p, "new");
	match_index_free(ix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(laid_over_is_read_anew),
		cmocka_unit_test(new_ones_are_found_and_old_ones_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
