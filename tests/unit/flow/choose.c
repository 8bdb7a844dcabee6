/* Which product stands behind the words: worlds of goods, modifiers, merchants across an answer; and what must not matter: commissions,
 * the order of rows and merchants, the seed. */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct row {
	const char *shop, *id, *title, *category, *gtin;
	int64_t minor;
};

#define TOYS "Toys & Games > Toys"
#define OFFICE "Office Supplies > Office Equipment"
#define CLEAN "Home & Garden > Household Supplies"
#define BEDS "Home & Garden > Linens & Bedding"
#define CAR "Vehicles & Parts > Vehicle Care"
#define FACE "Health & Beauty > Skin Care > Facial Masks"

static const struct row all[] = {
	{"ash", "r1", "Acme Steel Cash Register", OFFICE, "", 19900},
	{"birch", "r2", "Merry Kids Wooden Cash Register", TOYS, "", 2900},
	{"ash", "r3", "Merry Wooden Puppet Toys", TOYS, "", 1500},
	{"birch", "r4", "Puppet Toys Box", TOYS, "", 1700},
	{"cedar", "r5", "Animal Puppet Toys", TOYS, "", 1800},
	{"ash", "c1", "Sparkle Kitchen Cleaner", CLEAN, "", 500},
	{"birch", "c2", "Sparkle Glass Cleaner", CLEAN, "", 600},
	{"cedar", "c3", "Pine Floor Cleaner", CLEAN, "", 700},
	{"ash", "w1", "Alloy Wheel Polish", CAR, "", 900},
	{"birch", "w2", "Wheel Brush", CAR, "", 950},
	{"cedar", "w3", "Wheel Wax", CAR, "", 990},
	{"ash", "b1", "Cloudy Fleece Blanket", BEDS, "", 3000},
	{"birch", "b2", "Cloudy Fleece Blanket", BEDS, "", 3000},
	{"ash", "p1", "Cloudy Down Pillow", BEDS, "", 4000},
	{"birch", "p2", "Cloudy Down Pillow", BEDS, "", 4000},
	{"ash", "s1", "Cloudy Satin Pillowcase", BEDS, "4006381333931", 1000},
	{"birch", "s2", "Cloudy Satin Pillowcase", BEDS, "4006381333931", 1200},
	{"ash", "m1", "薇诺舒敏补水面膜 6片", FACE, "", 9900},
	{"birch", "m2", "润芽玻尿酸补水面膜 10片", FACE, "", 9900},
};

static struct link_keys *keys;
static struct flow_rules *rules;

/* What must not matter. */
struct order {
	int64_t rate;  /* of commissions; -1 not given */
	bool backward; /* rows, and merchants */
	uint64_t seed;
};

static struct catalog_part *part_of(const char *shop, const struct order *o)
{
	struct arena *a = arena_new(1u << 20);
	struct merchant m;
	struct err e = {0};
	struct catalog_part *part = NULL;
	char json[200];
	snprintf(json, sizeof json, "{\"name\":\"Shop %s\",\"hosts\":[\"%s.example\"],\"network\":\"plain\",\"currency\":\"USD\"}", shop, shop);
	kit_ok(merchant_parse_json(str_of(shop), str_of(json), a, &m, &e), &e);
	struct part_builder *b = part_builder_new(&m, 1u << 20);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct row *r = &all[o->backward ? ARRAY_LEN(all) - 1 - i : i];
		char url[128];
		if (strcmp(r->shop, shop) != 0)
			continue;
		snprintf(url, sizeof url, "https://%s.example/p/%s", shop, r->id);
		int64_t rate = o->rate < 0 ? -1 : (int64_t)(hash_bytes(str_of(r->id), (uint64_t)o->rate) % 900000);
		struct product p = {.id = str_of(r->id), .title = str_of(r->title), .url = str_of(url), .category = str_of(r->category), .gtin = str_of(r->gtin),
			.price = {.minor = r->minor, .currency = "USD"}, .commission_ppm = rate};
		kit_ok(part_builder_add(b, &p, false, &e), &e);
	}
	kit_ok(part_builder_finish(b, STR("gen-1"), &part, &e), &e);
	arena_free(a);
	return part;
}

static struct shelf *shelf_of(const struct order *o)
{
	static const char *const shops[] = {"ash", "birch", "cedar"};
	struct catalog_part *parts[ARRAY_LEN(shops)];
	struct catalog *c = NULL;
	struct shelf *s = NULL;
	struct err e = {0};
	for (size_t i = 0; i < ARRAY_LEN(shops); i++)
		parts[i] = part_of(shops[o->backward ? ARRAY_LEN(shops) - 1 - i : i], o);
	kit_ok(catalog_new(parts, ARRAY_LEN(parts), STR("gen-1"), &c, &e), &e);
	kit_ok(shelf_new(c, rules, keys, STR_NONE, o->seed, &s, &e), &e);
	catalog_unref(c);
	for (size_t i = 0; i < ARRAY_LEN(shops); i++)
		part_unref(parts[i]);
	return s;
}

/* The answer with its links, for the caller to free. */
static char *answer_on(struct shelf *s, const char *question, const char *answer, enum form form)
{
	struct insert_request r;
	struct insert *in = NULL;
	struct buf out;
	insert_request_init(&r);
	r.question = str_of(question);
	r.answer = str_of(answer);
	r.has_answer = true;
	r.max_links = 8;
	r.form = form;
	buf_init(&out, 1u << 20);
	insert_whole(s, &r, &in, &out);
	buf_putc(&out, '\0');
	char *text = strdup(out.p);
	insert_free(in);
	buf_done(&out);
	return text;
}

static bool links(const char *question, const char *answer, const char *want)
{
	struct shelf *s = shelf_of(&(struct order){-1, false, 1});
	char *text = answer_on(s, question, answer, FORM_INLINE);
	bool found = strstr(text, want) != NULL;
	if (!found)
		fprintf(stderr, "%s\n", text);
	free(text);
	shelf_unref(s);
	return found;
}

static void what_is_asked_decides_between_worlds(void **state)
{
	(void)state;
	assert_true(links("Which puppet toys should I buy my son for pretend play?", "I would buy:\n- a cash register\n- a book", "/r2)"));
	assert_true(links("Which steel cash register should I buy for my shop?", "I would buy:\n- a cash register\n- a book", "/r1)"));
}

static void another_modifier_is_another_thing(void **state)
{
	(void)state;
	assert_true(links("Which cleaner should I buy?", "I would buy a glass cleaner.", "[glass cleaner](https://birch.example/p/c2)"));
	assert_true(links("Which cleaner should I buy?", "I would buy a wheel cleaner.", "buy a wheel cleaner."));
}

static void what_a_list_is_for_is_no_item(void **state)
{
	(void)state;
	static const char q[] = "Give me a list of items to buy for a fleece blanket and bed.";
	assert_true(links(q, "Items for a fleece blanket include:\n- Pillowcase\n- Pillow", "Items for a fleece blanket include"));
	assert_true(links(q, "Items for a fleece blanket include:\n- Pillowcase\n- Pillow", "- [Pillow](https"));
}

static void shops_vary_where_offers_are_as_good(void **state)
{
	(void)state;
	static const char q[] = "Which fleece blanket and down pillow should I buy?";
	struct shelf *s = shelf_of(&(struct order){-1, false, 1});
	char *text = answer_on(s, q, "I would buy:\n- a fleece blanket\n- a down pillow", FORM_INLINE);
	assert_non_null(strstr(text, "/b1)"));
	assert_non_null(strstr(text, "/p2)"));
	free(text);
	/* One item at two prices: never the dearer one. */
	text = answer_on(s, q, "I would buy:\n- a fleece blanket\n- a satin pillowcase", FORM_INLINE);
	assert_non_null(strstr(text, "/b1)"));
	assert_non_null(strstr(text, "/s1)"));
	free(text);
	shelf_unref(s);
}

static void rates_orders_and_seeds_change_no_byte(void **state)
{
	(void)state;
	static const struct order orders[] = {{-1, false, 1}, {7, false, 1}, {99991, false, 1}, {-1, true, 1}, {-1, false, 0xfeedface}, {31, true, 77}};
	static const char *const asked[][2] = {
		{"Which fleece blanket and down pillow should I buy?", "I would buy:\n- a fleece blanket\n- a down pillow\n- a satin pillowcase"},
		{"Which puppet toys should I buy my son for pretend play?", "I would buy:\n- a cash register\n- puppet toys"},
		{"Which cleaner should I buy for the kitchen?", "I would buy a kitchen cleaner, and a floor cleaner."},
		{"敏感肌用什么面膜好？推荐一下", "推荐这些：\n- **补水面膜**：温和"},
	};
	static const enum form forms[] = {FORM_INLINE, FORM_CARDS, FORM_REFERENCES};
	struct shelf *s[ARRAY_LEN(orders)];
	size_t linked = 0;
	for (size_t k = 0; k < ARRAY_LEN(orders); k++)
		s[k] = shelf_of(&orders[k]);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
			char *first = answer_on(s[0], asked[i][0], asked[i][1], forms[f]);
			linked += strstr(first, ".example/p/") != NULL;
			for (size_t k = 1; k < ARRAY_LEN(orders); k++) {
				char *other = answer_on(s[k], asked[i][0], asked[i][1], forms[f]);
				assert_string_equal(first, other);
				free(other);
			}
			free(first);
		}
	assert_int_equal(linked, ARRAY_LEN(asked) * ARRAY_LEN(forms));
	for (size_t k = 0; k < ARRAY_LEN(orders); k++)
		shelf_unref(s[k]);
}

static int setup(void **state)
{
	(void)state;
	keys = kit_keys();
	rules = kit_rules();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	flow_rules_unref(rules);
	link_keys_free(keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_decides_between_worlds),
		cmocka_unit_test(another_modifier_is_another_thing),
		cmocka_unit_test(what_a_list_is_for_is_no_item),
		cmocka_unit_test(shops_vary_where_offers_are_as_good),
		cmocka_unit_test(rates_orders_and_seeds_change_no_byte),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
