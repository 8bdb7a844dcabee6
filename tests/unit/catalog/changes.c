/* Parts as changes on top of a store, and catalogs laid over a base: always the same as what is built anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "catalog/catalog.h"

#define IDS 60

/* What the part should hold, by id: 0 nothing, else the number of its text and price. */
struct wish {
	unsigned text[IDS], price[IDS];
};

static unsigned next(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33) % below;
}

static struct product product_of(unsigned id, unsigned text, unsigned price, char space[3][64])
{
	snprintf(space[0], 64, "p%02u", id);
	snprintf(space[1], 64, "Thing %u", text);
	snprintf(space[2], 64, "https://shop.example/%u/%u", id, price % 3);
	return (struct product){.id = str_of(space[0]), .title = str_of(space[1]), .url = str_of(space[2]), .price = {price, "USD"}};
}

static void put(struct part_builder *b, struct wish *w, unsigned id, unsigned text, unsigned price)
{
	char space[3][64];
	struct product p = product_of(id, text, price, space);

	if (text)
		assert_int_equal(part_builder_add(b, &p, true, NULL), OK);
	else
		assert_int_equal(part_builder_remove(b, p.id, NULL), OK);
	w->text[id] = text;
	w->price[id] = price;
}

static struct catalog_part *whole(const struct wish *w, const char *merchant, const char *generation)
{
	const struct merchant m = {.id = str_of(merchant), .name = STR("M")};
	struct part_builder *b = part_builder_new(&m, 1 << 24);
	struct catalog_part *p;
	struct wish same = *w;

	for (unsigned i = IDS; i-- > 0;)
		if (w->text[i])
			put(b, &same, i, w->text[i], w->price[i]);
	assert_int_equal(part_builder_finish(b, str_of(generation), &p, NULL), OK);
	return p;
}

static struct catalog_part *changed(struct catalog_part *old, struct wish *w, uint64_t *seed, unsigned changes)
{
	struct part_builder *b = part_builder_over(old, 1 << 24);
	struct catalog_part *p;

	while (changes-- > 0) {
		unsigned id = next(seed, IDS), what = next(seed, 4);
		unsigned text = what == 0 ? 0 : what == 1 || w->text[id] == 0 ? 1 + next(seed, 9) : w->text[id];
		put(b, w, id, text, 1 + next(seed, 50));
	}
	assert_int_equal(part_builder_finish(b, STR("gen-1+1"), &p, NULL), OK);
	return p;
}

static void assert_part(const struct catalog_part *p, const struct wish *w)
{
	size_t n = 0;

	for (unsigned id = 0; id < IDS; id++) {
		char space[3][64];
		struct product want = product_of(id, w->text[id], w->price[id], space);
		const struct product *found = part_find(p, want.id);
		assert_int_equal(found != NULL, w->text[id] != 0);
		if (!found)
			continue;
		assert_true(product_same(found, &want));
		assert_ptr_equal(part_at(p, n++), found);
	}
	assert_int_equal(part_count(p), n);
}

static bool count_one(void *arg, const struct product *p, bool gone)
{
	(void)p;
	(void)gone;
	++*(size_t *)arg;
	return true;
}

static void assert_same_parts(const struct catalog_part *a, const struct catalog_part *b)
{
	size_t n = 0;

	part_diff(a, b, count_one, &n);
	assert_int_equal(n, 0);
}

static struct wish first_wish(uint64_t *seed)
{
	struct wish w = {0};

	for (unsigned i = 0; i < IDS; i++)
		if (next(seed, 3)) {
			w.text[i] = 1 + next(seed, 9);
			w.price[i] = 1 + next(seed, 50);
		}
	return w;
}

static void changes_lie_on_a_store(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		uint64_t s = seed;
		struct wish w = first_wish(&s);
		struct catalog_part *p = whole(&w, "m", "gen-1"), *base, *folded, *onto, *fresh;
		for (unsigned round = 0; round < 90; round++) {
			struct wish before = w;
			struct catalog_part *old = p;
			p = changed(old, &w, &s, next(&s, 5));
			assert_part(p, &w);
			assert_part(old, &before);
			assert_true(part_shares(p, old));
			part_unref(old);
		}
		assert_int_equal(part_base(p, &base, NULL), OK);
		assert_string_equal(part_generation(base).p, "gen-1");
		assert_int_equal(part_fold(p, &folded, NULL), OK);
		assert_int_equal(part_change_count(folded), 0);
		assert_part(folded, &w);
		fresh = whole(&w, "m", "gen-2");
		assert_int_equal(part_onto(base, fresh, IDS * 2, &onto, NULL), OK);
		assert_true(part_shares(onto, base));
		assert_part(onto, &w);
		assert_same_parts(onto, p);
		assert_same_parts(onto, fresh);
		assert_int_equal(part_onto(base, fresh, 3, &onto, NULL), E_CONFLICT);
		part_unref(p);
		assert_part(folded, &w); /* needs nothing of what it comes from */
		assert_part(onto, &w);
		part_unref(base);
		part_unref(folded);
		part_unref(onto);
		part_unref(fresh);
	}
}

static void assert_same_catalogs(const struct catalog *a, const struct catalog *b)
{
	assert_int_equal(catalog_count(a), catalog_count(b));
	size_t live = 0;
	uint32_t before = PRODUCT_NONE;
	for (uint32_t i = 0; i < catalog_numbers(b); i++) { /* b is a base: in order, and no number is empty */
		const struct product *q = catalog_product(b, i);
		struct str merchant = catalog_merchant_of(b, q)->id;
		uint32_t at = catalog_find(a, merchant, q->id);
		assert_int_not_equal(at, PRODUCT_NONE);
		const struct product *p = catalog_product(a, at);
		assert_true(product_same(p, q));
		assert_true(str_eq(catalog_merchant_of(a, p)->id, merchant));
		assert_int_equal(catalog_number(a, p), at);
		assert_int_equal(catalog_find_key(a, q->key), at);
		assert_true(product_same(catalog_product(a, catalog_find_url(a, q->url)), catalog_product(b, catalog_find_url(b, q->url))));
		if (before != PRODUCT_NONE)
			assert_true(catalog_before(a, before, at) && !catalog_before(a, at, before));
		before = at;
	}
	for (uint32_t i = 0; i < catalog_numbers(a); i++)
		live += catalog_product(a, i) != NULL;
	assert_int_equal(live, catalog_count(a));
}

static void a_catalog_lies_over_a_base(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		uint64_t s = seed;
		struct wish w[2] = {first_wish(&s), first_wish(&s)};
		struct catalog_part *p[2] = {whole(&w[0], "b", "gen-1"), whole(&w[1], "a", "gen-1")};
		struct catalog *base, *over, *fresh;
		assert_int_equal(catalog_new(p, 2, STR("base"), &base, NULL), OK);
		for (unsigned round = 0; round < 20; round++) {
			unsigned k = next(&s, 2);
			struct catalog_part *old = p[k];
			p[k] = changed(old, &w[k], &s, 1 + next(&s, 8));
			part_unref(old);
			assert_int_equal(catalog_over(base, p, 2, STR("over"), &over, NULL), OK);
			assert_int_equal(catalog_new(p, 2, STR("fresh"), &fresh, NULL), OK);
			assert_same_catalogs(over, fresh);
			assert_ptr_equal(catalog_base(over), base);
			catalog_unref(fresh);
			catalog_unref(over);
		}
		struct catalog_part *other = whole(&w[0], "b", "gen-2"), *mixed[2] = {other, p[1]};
		assert_int_equal(catalog_over(base, mixed, 2, STR("x"), &over, NULL), E_CONFLICT);
		assert_int_equal(catalog_over(base, p, 1, STR("x"), &over, NULL), E_CONFLICT);
		part_unref(other);
		part_unref(p[0]);
		part_unref(p[1]);
		catalog_unref(base);
	}
}

/* Texts that stay keep their numbers, so that an index over the base still knows them. */
static void numbers_stay_where_texts_stay(void **state)
{
	struct wish w = {.text = {1, 2, 3}, .price = {1, 2, 3}};
	struct catalog_part *old = whole(&w, "m", "gen-1"), *new;
	struct part_builder *b = part_builder_over(old, 1 << 24);
	struct catalog *base, *over;
	size_t n;

	(void)state;
	put(b, &w, 0, 1, 9);
	put(b, &w, 1, 5, 2);
	put(b, &w, 3, 6, 6);
	assert_int_equal(part_builder_finish(b, STR("gen-1+1"), &new, NULL), OK);
	assert_int_equal(catalog_new(&old, 1, STR("base"), &base, NULL), OK);
	assert_int_equal(catalog_over(base, &new, 1, STR("over"), &over, NULL), OK);
	assert_int_equal(catalog_base_numbers(over), 3);
	assert_int_equal(catalog_numbers(over), 5);
	assert_int_equal(catalog_product(over, 0)->price.minor, 9);
	assert_int_equal(catalog_product(base, 0)->price.minor, 1);
	assert_null(catalog_product(over, 1));
	assert_ptr_equal(catalog_product(over, 2), catalog_product(base, 2));
	assert_string_equal(catalog_product(over, 3)->id.p, "p01");
	assert_string_equal(catalog_product(over, 4)->id.p, "p03");
	const uint32_t *touched = catalog_touched(over, &n);
	assert_int_equal(n, 2);
	assert_int_equal(touched[0], 0);
	assert_int_equal(touched[1], 1);
	assert_true(catalog_before(over, 0, 3) && catalog_before(over, 3, 2) && catalog_before(over, 2, 4));
	catalog_unref(over);
	catalog_unref(base);
	part_unref(old);
	part_unref(new);
}

/* Ids that are taken are still told apart from new ones. */
static void what_lies_below_conflicts(void **state)
{
	struct wish w = {.text = {1}, .price = {1}};
	struct catalog_part *old = whole(&w, "m", "gen-1"), *new;
	struct part_builder *b = part_builder_over(old, 1 << 24);
	char space[3][64];
	struct product p = product_of(0, 2, 2, space);

	(void)state;
	assert_int_equal(part_builder_add(b, &p, false, NULL), E_CONFLICT);
	assert_int_equal(part_builder_remove(b, p.id, NULL), OK);
	assert_null(part_builder_find(b, p.id));
	assert_int_equal(part_builder_add(b, &p, false, NULL), OK);
	assert_int_equal(part_builder_add(b, &p, false, NULL), E_CONFLICT);
	assert_int_equal(part_builder_find(b, p.id)->price.minor, 2);
	assert_int_equal(part_builder_finish(b, STR("gen-1+1"), &new, NULL), OK);
	assert_int_equal(part_count(new), 1);
	part_unref(old);
	assert_int_equal(part_find(new, p.id)->price.minor, 2);
	part_unref(new);
	b = part_builder_over(new = whole(&w, "m", "gen-1"), 10);
	assert_int_equal(part_builder_add(b, &p, true, NULL), E_NOMEM); /* no room beside what is there */
	part_builder_free(b);
	part_unref(new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_lie_on_a_store),
		cmocka_unit_test(a_catalog_lies_over_a_base),
		cmocka_unit_test(numbers_stay_where_texts_stay),
		cmocka_unit_test(what_lies_below_conflicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
