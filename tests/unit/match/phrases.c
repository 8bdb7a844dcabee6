/* Which words become phrases, and of which kind. */
#include "match/shop.h"

static struct match_index *ix;

static int open_shop(void **state)
{
	(void)state;
	ix = SHOP_INDEX(shop_rows);
	return 0;
}

static int close_shop(void **state)
{
	(void)state;
	match_index_free(ix);
	return 0;
}

static void heads_of_titles_are_types(void **state)
{
	(void)state;
	assert_true(shop_knows(ix, "headphones", MATCH_TYPE));
	assert_true(shop_knows(ix, "noise cancelling headphones", MATCH_TYPE));
	assert_true(shop_knows(ix, "sleeping bag", MATCH_TYPE));
	assert_true(shop_knows(ix, "phone case", MATCH_TYPE));
	assert_true(shop_knows(ix, "面膜", MATCH_TYPE));
	assert_true(shop_knows(ix, "手机", MATCH_TYPE));
	assert_true(shop_knows(ix, "手机壳", MATCH_TYPE));
}

static void variants_are_the_same_words(void **state)
{
	(void)state;
	uint32_t p = shop_phrase(ix, "noise cancelling headphones");
	assert_int_equal(shop_phrase(ix, "Noise-Cancelling headphone"), p);
	assert_int_equal(shop_phrase(ix, "ＮＯＩＳＥ cancelling headphones"), p);
	assert_int_equal(shop_phrase(ix, "手機殼"), shop_phrase(ix, "手机壳"));
	assert_int_equal(shop_phrase(ix, "sleeping bags"), shop_phrase(ix, "sleeping bag"));
}

static void what_describes_is_no_type(void **state)
{
	(void)state;
	const char *const never[] = {"wireless", "cancelling", "adults", "set", "tea set set", "black", "apple", "iphone 14", "正品",
	        "补水保湿", "的", "stand", "peace", "storage set by", "双卡"};
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		uint32_t p = shop_phrase(ix, never[i]);
		if (p != UINT32_MAX && match_phrase(ix, p).kind != MATCH_BRAND)
			fail_msg("%s is a %s", never[i], match_kind_name(match_phrase(ix, p).kind).p);
	}
}

/* Everyday words that shops use as one name, often and at the end of titles. */
static void shops_coin_names(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {"a", "1", "Acme Rugged Switch Case", "", "Electronics > Gaming > Cases", 1, 1, -1, NULL},
	        {"a", "2", "Acme Slim Switch Case", "", "Electronics > Gaming > Cases", 1, 1, -1, NULL},
	        {"a", "3", "Bolt Hardened Switch Case", "", "Electronics > Gaming > Cases", 1, 1, -1, NULL},
	        {"a", "4", "Bolt Archive Switch Case", "", "Electronics > Gaming > Cases", 1, 1, -1, NULL},
	        {"a", "5", "Corin Switch Case", "", "Electronics > Gaming > Cases", 1, 1, -1, NULL},
	        {"a", "6", "Corin Apple Set", "", "Food > Fruit > Apples", 1, 1, -1, NULL},
	        {"a", "7", "Fuji Apple Set", "", "Food > Fruit > Apples", 1, 1, -1, NULL},
	};
	struct match_index *one = SHOP_INDEX(rows);
	assert_true(shop_knows(one, "switch case", MATCH_TYPE));
	assert_false(shop_knows(one, "switch", MATCH_TYPE));
	assert_false(shop_knows(one, "case", MATCH_TYPE));
	assert_false(shop_knows(one, "apple set", MATCH_TYPE));
	match_index_free(one);
}

static void a_fragment_of_one_phrase_is_none(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {"a", "1", "Family First Aid Kit", "", "Health > First Aid", 1, 1, -1, NULL},
	        {"a", "2", "Travel First Aid Kit", "", "Health > First Aid", 1, 1, -1, NULL},
	        {"a", "3", "Small First Aid Kit", "", "Health > First Aid", 1, 1, -1, NULL},
	};
	struct match_index *kits = SHOP_INDEX(rows);
	assert_true(shop_knows(kits, "first aid kits", MATCH_TYPE));
	assert_false(shop_knows(kits, "aid kit", MATCH_TYPE));
	match_index_free(kits);
}

static void brands_and_what_they_make(void **state)
{
	(void)state;
	assert_true(shop_knows(ix, "Sony", MATCH_BRAND));
	assert_true(match_phrase(ix, shop_phrase(ix, "Sony")).telling == 0);
	assert_true(shop_knows(ix, "sony headphones", MATCH_BRANDED));
	assert_true(shop_knows(ix, "自然堂面膜", MATCH_BRANDED));
	assert_int_equal(match_phrase(ix, shop_phrase(ix, "sony headphones")).product_count, 2);
	assert_int_equal(shop_phrase(ix, "bose smartphone"), UINT32_MAX);
}

static void models_by_number(void **state)
{
	(void)state;
	assert_true(shop_knows(ix, "WH-1000XM5", MATCH_MODEL));
	assert_true(shop_knows(ix, "wh 1000xm5", MATCH_MODEL));
	assert_true(shop_knows(ix, "iPhone 12", MATCH_MODEL));
	struct match_phrase p = match_phrase(ix, shop_phrase(ix, "iPhone 12"));
	assert_int_equal(p.product_count, 1);
	assert_true(str_eq(catalog_product(match_catalog(ix), match_phrase_product(ix, shop_phrase(ix, "iPhone 12"), 0))->id, STR("p1")));
	/* Only a case fits that one; and no such thing is sold at all. */
	assert_int_equal(shop_phrase(ix, "iPhone 14"), UINT32_MAX);
	assert_int_equal(shop_phrase(ix, "WH-1000XM4"), UINT32_MAX);
}

static void works_by_their_name(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {"a", "1", "War and Peace by Leo Tolstoy", "", BOOKS, 1, 1, -1, NULL},
	        {"a", "2", "The Job (Fox and O'Hare, #3) by Janet Evanovich", "", BOOKS, 1, 1, -1, NULL},
	        {"a", "3", "Ticket to Ride: Europe board game", "", BOOKS, 1, 1, -1, NULL},
	};
	enum { GOODS = 300 };
	static struct row shelf[ARRAY_LEN(rows) + GOODS];
	static char ids[GOODS][8];
	memcpy(shelf, rows, sizeof(rows));
	for (size_t i = 0; i < GOODS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "g%zu", i);
		shelf[ARRAY_LEN(rows) + i] = (struct row){"a", ids[i], "Tea", "", CAMP, 1, 1, -1, NULL};
	}
	struct match_index *books = SHOP_INDEX(shelf);
	assert_true(shop_knows(books, "War and Peace", MATCH_PRODUCT));
	assert_int_equal(shop_phrase(books, "Peace"), UINT32_MAX);
	assert_true(shop_knows(books, "The Job", MATCH_PRODUCT)); /* flow asks for more than the words */
	assert_int_equal(shop_phrase(books, "job"), UINT32_MAX);
	assert_int_equal(shop_phrase(books, "Evanovich"), UINT32_MAX);
	assert_true(shop_knows(books, "Ticket to Ride", MATCH_PRODUCT));
	assert_int_equal(shop_phrase(books, "Ride board game"), UINT32_MAX);
	match_index_free(books);
}

static void keywords_of_merchants(void **state)
{
	(void)state;
	assert_true(shop_knows(ix, "bivvy", MATCH_KEYWORD));
	assert_int_equal(shop_phrase(ix, "set"), UINT32_MAX);
}

static void categories_and_counts(void **state)
{
	(void)state;
	uint32_t phrase = shop_phrase(ix, "headphones");
	struct match_phrase p = match_phrase(ix, phrase);
	assert_true(str_eq(p.category, STR(AUDIO)));
	assert_int_equal(p.total, 4);
	assert_true(p.telling > 0 && p.telling <= 1);
	for (uint32_t i = 1; i < p.product_count; i++)
		assert_true(match_phrase_product(ix, phrase, i - 1) < match_phrase_product(ix, phrase, i));
}

static void many_products_are_cut_evenly(void **state)
{
	(void)state;
	enum { MANY = MATCH_MAX_PRODUCTS + 1000 };
	static struct row rows[MANY];
	static char ids[MANY][8];
	for (size_t i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%05zu", i);
		rows[i] = (struct row){"a", ids[i], "Camping Tent", "", CAMP, 100, 1, -1, NULL};
	}
	struct match_index *big = shop_index_of(rows, MANY);
	uint32_t phrase = shop_phrase(big, "tents");
	struct match_phrase p = match_phrase(big, phrase);
	assert_int_equal(p.total, MANY);
	assert_int_equal(p.product_count, MATCH_MAX_PRODUCTS);
	assert_true(match_phrase_product(big, phrase, 0) < 50);
	assert_true(match_phrase_product(big, phrase, p.product_count - 1) >= MANY - 50);
	match_index_free(big);
}

static void an_empty_catalog_and_odd_titles(void **state)
{
	(void)state;
	struct catalog *none = shop_open(NULL, 0, false);
	struct match_index *empty;
	assert_int_equal(match_index_new(none, NULL, 1, &empty, NULL), OK);
	assert_int_equal(match_phrase_count(empty), 0);
	assert_int_equal(shop_phrase(empty, "headphones"), UINT32_MAX);
	match_index_free(empty);
	catalog_unref(none);
	static const struct row rows[] = {
	        {"a", "1", "!!!", "---", "", 0, 0, -1, NULL},
	        {"a", "2", "for with by of", "&", " > ", 0, 0, -1, NULL},
	        {"a", "3", "12", "/", "A >  > B", 0, 0, -1, NULL},
	        {"a", "4", "的", "的/", "&,&", 0, 0, -1, NULL},
	        {"a", "5", "s ' t's", "'s", " > &", 0, 0, -1, NULL},
	};
	match_index_free(SHOP_INDEX(rows));
}

static void tuning_is_checked(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 16);
	struct catalog *c = shop_open(NULL, 0, false);
	const struct doc *d;
	struct match_index *out = NULL;
	struct err e;
	assert_int_equal(doc_parse(STR("score: {content: -1}"), a, &d, NULL), OK);
	assert_int_equal(match_index_new(c, d, 1, &out, &e), E_INPUT);
	assert_string_equal(e.where, "content");
	assert_int_equal(doc_parse(STR("tails: black"), a, &d, NULL), OK);
	assert_int_equal(match_index_new(c, d, 1, &out, &e), E_INPUT);
	assert_null(out);
	catalog_unref(c);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(heads_of_titles_are_types),
	        cmocka_unit_test(variants_are_the_same_words),
	        cmocka_unit_test(what_describes_is_no_type),
	        cmocka_unit_test(shops_coin_names),
	        cmocka_unit_test(a_fragment_of_one_phrase_is_none),
	        cmocka_unit_test(brands_and_what_they_make),
	        cmocka_unit_test(models_by_number),
	        cmocka_unit_test(works_by_their_name),
	        cmocka_unit_test(keywords_of_merchants),
	        cmocka_unit_test(categories_and_counts),
	        cmocka_unit_test(many_products_are_cut_evenly),
	        cmocka_unit_test(an_empty_catalog_and_odd_titles),
	        cmocka_unit_test(tuning_is_checked),
	};
	return cmocka_run_group_tests(tests, open_shop, close_shop);
}
