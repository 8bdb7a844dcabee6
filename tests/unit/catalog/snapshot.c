/* Parts and snapshots: order, sharing, finding. */
#include "catalog/catalog.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct part_builder *builder(const char *merchant, size_t max_bytes)
{
	struct merchant m = {.id = str_of(merchant), .name = str_of(merchant)};

	return part_builder_new(&m, max_bytes);
}

static enum status add(struct part_builder *b, const char *id, const char *title, bool replace)
{
	char url[64];

	snprintf(url, sizeof(url), "https://shop.example/%s", id);
	struct product p = {.id = str_of(id), .title = str_of(title), .url = str_of(url), .price = {100, "USD"}, .commission_ppm = -1};
	return part_builder_add(b, &p, replace, NULL);
}

static struct catalog_part *finished(struct part_builder *b)
{
	struct catalog_part *p = NULL;

	assert_int_equal(part_builder_finish(b, STR("gen-1"), &p, NULL), OK);
	return p;
}

static struct catalog_part *part_of(const char *merchant, const char *const *ids)
{
	struct part_builder *b = builder(merchant, 1 << 20);

	for (; *ids; ids++)
		assert_int_equal(add(b, *ids, "x", false), OK);
	return finished(b);
}

static void the_key_is_for_ever(void **state)
{
	(void)state;
	/* From the reference SipHash-2-4 with a zero key; tokens and ledger rows hold these. */
	assert_true(product_key(STR(""), STR("")) == 0x8b5a0baa49fbc58du);
	assert_true(product_key(STR("huanxi"), STR("hx20432")) == 0x2b355898aa9ebf4fu);
	assert_true(product_key(STR("a"), STR("bc")) != product_key(STR("ab"), STR("c")));
}

static void products_stand_by_id(void **state)
{
	const char *const ids[] = {"b", "a", "B", "é", "aa", NULL};
	struct catalog_part *p = part_of("m", ids);

	(void)state;
	assert_int_equal(part_count(p), 5);
	for (size_t i = 1; i < 5; i++)
		assert_true(str_cmp(part_at(p, i - 1)->id, part_at(p, i)->id) < 0);
	assert_true(str_eq(part_find(p, STR("é"))->id, STR("é")));
	assert_null(part_find(p, STR("c")));
	assert_true(part_find(p, STR("a"))->key == product_key(STR("m"), STR("a")));
	part_unref(p);
}

static void the_builder_changes_its_mind(void **state)
{
	struct part_builder *b = builder("m", 1 << 20), *c;
	struct catalog_part *p, *q;

	(void)state;
	assert_int_equal(add(b, "a", "one", false), OK);
	assert_int_equal(add(b, "a", "two", false), E_CONFLICT);
	assert_int_equal(add(b, "a", "three", true), OK);
	assert_int_equal(add(b, "b", "x", false), OK);
	assert_int_equal(part_builder_remove(b, STR("b"), NULL), OK);
	assert_int_equal(part_builder_remove(b, STR("never"), NULL), OK);
	assert_null(part_builder_find(b, STR("b")));
	p = finished(b);
	assert_int_equal(part_count(p), 1);
	assert_true(str_eq(part_find(p, STR("a"))->title, STR("three")));
	c = builder("m", 1 << 20);
	assert_int_equal(part_builder_copy(c, p, NULL), OK);
	assert_int_equal(part_builder_remove(c, STR("a"), NULL), OK);
	assert_int_equal(add(c, "a", "again", false), OK);
	assert_int_equal(add(c, "z", "more", false), OK);
	q = finished(c);
	assert_int_equal(part_count(q), 2);
	assert_true(str_eq(part_find(q, STR("a"))->title, STR("again")));
	assert_true(str_eq(part_find(p, STR("a"))->title, STR("three")));
	part_unref(p);
	part_unref(q);
}

static void memory_has_a_limit(void **state)
{
	struct part_builder *b = builder("m", 64 << 10);
	enum status s = OK;
	char id[16];

	(void)state;
	for (int i = 0; s == OK && i < 100000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		s = add(b, id, "a title of some length", false);
	}
	assert_int_equal(s, E_NOMEM);
	part_builder_free(b);
}

static void a_snapshot_does_not_know_upload_order(void **state)
{
	const char *const tea[] = {"t2", "t1", NULL}, *const cups[] = {"c1", NULL}, *const none[] = {NULL};
	struct catalog_part *one[] = {part_of("tea", tea), part_of("cups", cups), part_of("zero", none)};
	struct catalog_part *other[] = {one[2], one[1], one[0]};
	struct catalog *a = NULL, *b = NULL;

	(void)state;
	assert_int_equal(catalog_new(one, 3, STR("gen-1"), &a, NULL), OK);
	assert_int_equal(catalog_new(other, 3, STR("gen-1"), &b, NULL), OK);
	for (size_t i = 0; i < 3; i++)
		part_unref(one[i]); /* the snapshots hold their own */
	assert_int_equal(catalog_count(a), 3);
	assert_int_equal(catalog_merchant_count(a), 3);
	for (uint32_t i = 0; i < 3; i++) {
		const struct product *p = catalog_product(a, i), *q = catalog_product(b, i);
		assert_true(str_eq(p->id, q->id));
		assert_ptr_equal(catalog_merchant_of(a, p), part_merchant(catalog_part_by_id(a, catalog_merchant_of(b, q)->id)));
		assert_int_equal(catalog_find(a, catalog_merchant_of(a, p)->id, p->id), i);
		assert_int_equal(catalog_find_key(a, p->key), i);
		assert_int_equal(catalog_find_url(a, p->url), i);
	}
	assert_true(str_eq(catalog_product(a, 0)->id, STR("c1")));
	assert_int_equal(catalog_find(a, STR("tea"), STR("c1")), PRODUCT_NONE);
	assert_int_equal(catalog_find_url(a, STR("https://shop.example/t3")), PRODUCT_NONE);
	assert_int_equal(catalog_find_key(a, 0), PRODUCT_NONE);
	assert_non_null(catalog_merchant_by_id(a, STR("zero")));
	assert_null(catalog_part_by_id(a, STR("nobody")));
	catalog_unref(catalog_ref(a));
	catalog_unref(a);
	catalog_unref(b);
}

static void two_parts_of_a_merchant_conflict(void **state)
{
	const char *const ids[] = {"a", NULL};
	struct catalog_part *p = part_of("m", ids), *both[] = {p, p};
	struct catalog *c = NULL;

	(void)state;
	assert_int_equal(catalog_new(both, 2, STR("x"), &c, NULL), E_CONFLICT);
	assert_null(c);
	assert_int_equal(catalog_new(NULL, 0, STR("empty"), &c, NULL), OK);
	assert_int_equal(catalog_find_key(c, 1), PRODUCT_NONE);
	catalog_unref(c);
	part_unref(p);
}

static void a_merchant_changes_and_products_stay(void **state)
{
	const char *const ids[] = {"a", NULL};
	struct catalog_part *p = part_of("m", ids), *q = NULL;
	struct merchant m = {.id = STR("m"), .name = STR("New name"), .paused = true}, other = {.id = STR("n")};

	(void)state;
	assert_int_equal(part_with_merchant(p, &other, STR("x"), &q, NULL), E_BUG);
	assert_int_equal(part_with_merchant(p, &m, part_generation(p), &q, NULL), OK);
	assert_ptr_equal(part_at(p, 0), part_at(q, 0)); /* shared, not copied */
	part_unref(p);
	assert_true(str_eq(part_merchant(q)->name, STR("New name")));
	assert_true(part_merchant(q)->paused);
	assert_true(str_eq(part_generation(q), STR("gen-1")));
	assert_non_null(part_find(q, STR("a")));
	part_unref(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_is_for_ever),
		cmocka_unit_test(products_stand_by_id),
		cmocka_unit_test(the_builder_changes_its_mind),
		cmocka_unit_test(memory_has_a_limit),
		cmocka_unit_test(a_snapshot_does_not_know_upload_order),
		cmocka_unit_test(two_parts_of_a_merchant_conflict),
		cmocka_unit_test(a_merchant_changes_and_products_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
