/* Inlay's own lines: what is taken, what is refused and how that is said; changes; the canonical line. */
#include "parts.h"

#define HEAD "{\"id\":\"a\",\"title\":\"Kettle\",\"url\":\"https://shop.example/a\",\"price\":\"15.00 USD\""

static void everything_is_read(void **state)
{
	struct feed_report r;
	struct catalog_part *part = read_inlay(
		"\xef\xbb\xbf{\"id\":\"a\",\"title\":\" Kettle 1.7 L \",\"url\":\"https://www.shop.example/a?x=1\",\"image\":\"https://img.example/a.jpg\",\"brand\":"
		"\"Acme\",\"mpn\":\"K-17\",\"gtin\":\"4006381333931\",\"category\":[\"Home\",\"Kitchen > Kettles\"],\"description\":\"Boils.\\nFast.\","
		"\"price\":{\"amount\":1500,\"currency\":\"USD\"},\"sale_price\":\"12 USD\",\"availability\":\"In Stock\",\"keywords\":[\"kettle\",\" 烧水壶 \"],"
		"\"attributes\":{\"color\":\"red\",\"litres\":1.7,\"cordless\":true,\"for\":[\"tea\",\"coffee\"]},\"locale\":\"en-US\","
		"\"updated_at\":\"2026-11-01T00:00:00Z\",\"expires_at\":\"2027-01-01T00:00:00+01:00\",\"commission_ppm\":50000,\"novel\":{}}\r\n\r\n",
		&r);
	const struct product *p = part_at(part, 0);

	(void)state;
	assert_int_equal(r.accepted, 1);
	assert_int_equal(r.rejected + r.error_count, 0);
	assert_str(p->title, "Kettle 1.7 L");
	assert_str(p->brand, "Acme");
	assert_str(p->mpn, "K-17");
	assert_str(p->gtin, "4006381333931");
	assert_str(p->category, "Home > Kitchen > Kettles");
	assert_str(p->description, "Boils. Fast.");
	assert_str(p->attributes, "color: red; litres: 1.7; cordless: yes; for: tea, coffee");
	assert_str(p->locale, "en-US");
	assert_int_equal(p->keyword_count, 2);
	assert_str(p->keywords[1], "烧水壶");
	assert_int_equal(p->price.minor, 1500);
	assert_int_equal(p->sale_price.minor, 1200);
	assert_int_equal(product_price(p).minor, 1200);
	assert_int_equal(p->availability, AVAIL_IN_STOCK);
	assert_int_equal(p->commission_ppm, 50000);
	assert_true(p->expires_ms == 1798758000000);
	part_unref(part);
}

static void the_least_is_enough(void **state)
{
	struct feed_report r;
	struct catalog_part *part = read_inlay(HEAD ",\"brand\":null}", &r);

	(void)state;
	assert_int_equal(r.accepted, 1);
	assert_int_equal(part_at(part, 0)->availability, AVAIL_UNKNOWN);
	assert_int_equal(part_at(part, 0)->commission_ppm, -1);
	assert_string_equal(part_at(part, 0)->sale_price.currency, "");
	part_unref(part);
}

static void refusals_name_the_field(void **state)
{
	static const struct {
		const char *line, *field;
	} CASES[] = {
		{"not json", ""},
		{"[1]", ""},
		{"{\"id\":\"a\"", ""},
		{HEAD ",\"brand\":\"\\u0000\"}", ""},
		{HEAD ",\"brand\":\"\xff\"}", ""},
		{HEAD ",\"id\":\"b\"}", ""},
		{"{\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"1 USD\"}", "id"},
		{"{\"id\":\"\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"1 USD\"}", "id"},
		{"{\"id\":[],\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"1 USD\"}", "id"},
		{"{\"id\":\"a\",\"url\":\"https://shop.example/a\",\"price\":\"1 USD\"}", "title"},
		{"{\"id\":\"a\",\"title\":\"a\\u0007b\",\"url\":\"https://shop.example/a\",\"price\":\"1 USD\"}", "title"},
		{"{\"id\":\"a\",\"title\":\"a\\u202eb\",\"url\":\"https://shop.example/a\",\"price\":\"1 USD\"}", "title"},
		{"{\"id\":\"a\",\"title\":\"a\\nb\",\"url\":\"https://shop.example/a\",\"price\":\"1 USD\"}", "title"},
		{"{\"id\":\"a\",\"title\":\"x\",\"price\":\"1 USD\"}", "url"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://other.example/a\",\"price\":\"1 USD\"}", "url"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example.evil.example/a\",\"price\":\"1 USD\"}", "url"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"javascript:alert(1)\",\"price\":\"1 USD\"}", "url"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://u@shop.example/\",\"price\":\"1 USD\"}", "url"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\"}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":15}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"0.00 USD\"}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"-1 USD\"}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"Call\"}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"12,99 €\"}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"1,234.50 USD\"}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"1 XQQ\"}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":\"1.5 JPY\"}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":{\"amount\":1.5,\"currency\":\"USD\"}}", "price"},
		{"{\"id\":\"a\",\"title\":\"x\",\"url\":\"https://shop.example/a\",\"price\":{\"amount\":99999999999999999,\"currency\":\"USD\"}}", "price"},
		{HEAD ",\"sale_price\":\"15.01 USD\"}", "sale_price"},
		{HEAD ",\"sale_price\":\"1 EUR\"}", "sale_price"},
		{HEAD ",\"sale_price\":\"0 USD\"}", "sale_price"},
		{HEAD ",\"image\":\"data:image/png;base64,x\"}", "image"},
		{HEAD ",\"availability\":\"soon\"}", "availability"},
		{HEAD ",\"keywords\":\"a,b\"}", "keywords"},
		{HEAD ",\"keywords\":[1]}", "keywords"},
		{HEAD ",\"keywords\":[\"\"]}", "keywords"},
		{HEAD ",\"attributes\":[]}", "attributes"},
		{HEAD ",\"attributes\":{\"a\":{\"b\":1}}}", "attributes"},
		{HEAD ",\"category\":7}", "category"},
		{HEAD ",\"category\":[\"a\",7]}", "category"},
		{HEAD ",\"updated_at\":\"yesterday\"}", "updated_at"},
		{HEAD ",\"expires_at\":1}", "expires_at"},
		{HEAD ",\"commission_ppm\":-1}", "commission_ppm"},
		{HEAD ",\"brand\":true}", "brand"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		char feed[1024];
		struct feed_report r;
		snprintf(feed, sizeof(feed), "\n%s\n", CASES[i].line);
		struct catalog_part *part = read_inlay(feed, &r);
		if (r.rejected != 1 || r.accepted != 0 || r.error_count != 1)
			fail_msg("taken: %s", CASES[i].line);
		if (strcmp(r.errors[0].field, CASES[i].field) != 0)
			fail_msg("%s: field \"%s\" (%s)", CASES[i].line, r.errors[0].field, r.errors[0].detail);
		assert_int_equal(r.errors[0].line, 2);
		assert_true(r.errors[0].detail[0] != '\0');
		feed_report_done(&r);
		part_unref(part);
	}
}

static struct str repeated(struct buf *b, const char *head, const char *what, size_t n, const char *tail)
{
	buf_init(b, 32 << 20);
	buf_put(b, str_of(head));
	for (size_t i = 0; i < n; i++)
		buf_put(b, str_of(what));
	buf_put(b, str_of(tail));
	return buf_str(b);
}

static void expect_one_refusal(struct str feed, const char *field)
{
	struct feed_report r;
	struct catalog_part *part = read_as(FEED_INLAY, FEED_JSONL, feed, NULL, &r);

	assert_int_equal(r.rejected, 1);
	assert_int_equal(r.accepted, 1); /* the line behind it */
	assert_string_equal(r.errors[0].field, field);
	feed_report_done(&r);
	part_unref(part);
}

static void sizes_are_bounded(void **state)
{
	static const char GOOD[] = "\"}\n{\"id\":\"z\",\"title\":\"Kettle\",\"url\":\"https://shop.example/z\",\"price\":\"15.00 USD\"}\n";
	struct buf b;

	(void)state;
	expect_one_refusal(repeated(&b, HEAD ",\"description\":\"", "x", 1 << 20, GOOD), "");
	buf_done(&b);
	expect_one_refusal(repeated(&b, HEAD ",\"description\":\"", "茶", 5001, GOOD), "description");
	buf_done(&b);
	expect_one_refusal(repeated(&b, HEAD ",\"brand\":\"", "茶", 101, GOOD), "brand");
	buf_done(&b);
	expect_one_refusal(repeated(&b, HEAD ",\"x\":", "[", 100000, GOOD + 2), "");
	buf_done(&b);
}

static void a_bad_gtin_costs_only_itself(void **state)
{
	static const char *const BAD[] = {"4006381333932", "7.89E+12", "123", "n/a", "40063813339311", "00000000"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
		char line[512];
		struct feed_report r;
		snprintf(line, sizeof(line), HEAD ",\"gtin\":\"%s\"}", BAD[i]);
		struct catalog_part *part = read_inlay(line, &r);
		assert_int_equal(r.accepted, 1);
		assert_int_equal(r.rejected, 0);
		assert_int_equal(r.error_count, 1);
		assert_string_equal(r.errors[0].field, "gtin");
		assert_str(part_at(part, 0)->gtin, "");
		feed_report_done(&r);
		part_unref(part);
	}
}

static void the_second_of_two_is_refused(void **state)
{
	struct feed_report r;
	struct catalog_part *part = read_inlay(HEAD "}\n" HEAD ",\"brand\":\"Other\"}\n", &r);

	(void)state;
	assert_int_equal(r.accepted, 1);
	assert_int_equal(r.rejected, 1);
	assert_int_equal(r.errors[0].line, 2);
	assert_string_equal(r.errors[0].id, "a");
	assert_string_equal(r.errors[0].field, "id");
	assert_str(part_at(part, 0)->brand, "");
	feed_report_done(&r);
	part_unref(part);
}

static void errors_are_kept_to_a_hundred(void **state)
{
	struct feed_report r;
	struct buf b;
	struct catalog_part *part = read_as(FEED_INLAY, FEED_JSONL, repeated(&b, "", "{}\n", 1000, ""), NULL, &r);

	(void)state;
	assert_int_equal(r.rejected, 1000);
	assert_int_equal(r.error_count, FEED_MAX_ERRORS);
	feed_report_done(&r);
	part_unref(part);
	buf_done(&b);
}

static void text_must_be_text(void **state)
{
	static const struct str WRONG[] = {{"\xff\xfe{\0", 4}, {"\xfe\xff\0{", 4}, {"\x1f\x8b\x08\0", 4}};
	struct feed_options o = {.format = FEED_INLAY};
	struct merchant m = shop("demo");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
		struct catalog_part *part = NULL;
		struct feed_report r;
		assert_int_equal(feed_read_part(WRONG[i], &o, &m, STR("g"), NULL, &part, &r, NULL), E_INPUT);
		assert_null(part);
	}
	struct feed_report r;
	struct catalog_part *part = read_as(FEED_INLAY, FEED_JSONL, (struct str){"{\"id\":\0}", 8}, NULL, &r);
	assert_int_equal(r.rejected, 1);
	feed_report_done(&r);
	part_unref(part);
}

static void what_stays_is_counted(void **state)
{
	struct feed_report r;
	struct catalog_part *old = read_inlay(HEAD "}\n{\"id\":\"b\",\"title\":\"Cup\",\"url\":\"https://shop.example/b\",\"price\":\"1 USD\"}", &r);
	struct catalog_part *new = read_as(FEED_INLAY, FEED_JSONL, STR(HEAD "}"), old, &r);

	(void)state;
	assert_int_equal(r.accepted, 1);
	assert_int_equal(r.unchanged, 1);
	assert_int_equal(r.deleted, 1);
	part_unref(old);
	part_unref(new);
}

/* ---- changes ----------------------------------------------------------------------------------- */

static struct catalog_part *patched(struct catalog_part *old, const char *lines, struct feed_report *r)
{
	struct feed_options o = {.format = FEED_INLAY};
	struct catalog_part *part = NULL;

	assert_int_equal(feed_patch_part(str_of(lines), &o, STR("gen-1+1"), old, &part, r, NULL), OK);
	return part;
}

static void a_change_changes_what_it_names(void **state)
{
	struct feed_report r;
	struct catalog_part *old = read_inlay(HEAD ",\"brand\":\"Acme\",\"sale_price\":\"9 USD\",\"keywords\":[\"k\"],\"gtin\":\"4006381333931\"}", &r);
	struct catalog_part *new = patched(old, "{\"id\":\"a\",\"price\":\"20 USD\",\"sale_price\":null,\"keywords\":null}\n", &r);
	const struct product *p = part_at(new, 0);

	(void)state;
	assert_int_equal(r.accepted, 1);
	assert_int_equal(r.unchanged, 0);
	assert_int_equal(p->price.minor, 2000);
	assert_string_equal(p->sale_price.currency, "");
	assert_int_equal(p->keyword_count, 0);
	assert_str(p->brand, "Acme");
	assert_str(p->gtin, "4006381333931");
	assert_str(part_generation(new), "gen-1+1");
	assert_int_equal(part_at(old, 0)->price.minor, 1500);
	part_unref(old);
	part_unref(new);
}

static void changes_are_checked_whole(void **state)
{
	static const struct {
		const char *line, *field;
	} CASES[] = {
		{"{\"id\":\"a\",\"price\":\"8 USD\"}", "sale_price"}, /* below the standing sale price */
		{"{\"id\":\"a\",\"title\":null}", "title"},
		{"{\"id\":\"a\",\"url\":\"https://other.example/\"}", "url"},
		{"{\"id\":\"new\",\"title\":\"x\"}", "url"},
		{"{\"title\":\"x\"}", "id"},
		{"{\"id\":\"a\",\"deleted\":\"yes\"}", "deleted"},
	};
	struct feed_report r;
	struct catalog_part *old = read_inlay(HEAD ",\"sale_price\":\"9 USD\"}", &r);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct catalog_part *new = patched(old, CASES[i].line, &r);
		assert_int_equal(r.rejected, 1);
		assert_string_equal(r.errors[0].field, CASES[i].field);
		assert_int_equal(part_count(new), 1);
		assert_int_equal(part_at(new, 0)->price.minor, 1500);
		feed_report_done(&r);
		part_unref(new);
	}
	part_unref(old);
}

static void products_come_and_go(void **state)
{
	struct feed_report r;
	struct catalog_part *old = read_inlay(HEAD "}", &r);
	struct catalog_part *new = patched(old,
		"{\"id\":\"a\",\"deleted\":true}\n{\"id\":\"ghost\",\"deleted\":true}\n"
		"{\"id\":\"b\",\"title\":\"Cup\",\"url\":\"https://shop.example/b\",\"price\":\"1 USD\"}\n{\"id\":\"b\",\"brand\":\"Acme\"}\n"
		"{\"id\":\"b\",\"brand\":\"Acme\",\"deleted\":false}\n",
		&r);

	(void)state;
	assert_int_equal(r.accepted, 5);
	assert_int_equal(r.deleted, 1);
	assert_int_equal(r.unchanged, 1);
	assert_int_equal(part_count(new), 1);
	assert_str(part_at(new, 0)->brand, "Acme");
	part_unref(old);
	part_unref(new);
}

/* ---- what differs -------------------------------------------------------------------------------- */

static bool note_difference(void *arg, const struct product *p, bool gone)
{
	struct buf *b = arg;

	buf_printf(b, "%s%.*s ", gone ? "-" : "+", STR_ARG(p->id));
	return b->n < 12;
}

static void differences_are_listed(void **state)
{
	struct feed_report r;
	struct catalog_part *old = many("demo", 3, "gen-1", "x"), *new;
	struct buf b;

	(void)state;
	new = patched(old, "{\"id\":\"p0\",\"deleted\":true}\n{\"id\":\"p1\",\"title\":\"New\"}\n"
		"{\"id\":\"q\",\"title\":\"Cup\",\"url\":\"https://shop.example/q\",\"price\":\"1 USD\"}", &r);
	buf_init(&b, 1024);
	part_diff(old, new, note_difference, &b);
	assert_string_equal(b.p, "-p0 +p1 +q ");
	buf_clear(&b);
	part_diff(NULL, old, note_difference, &b);
	assert_string_equal(b.p, "+p0 +p1 +p2 ");
	buf_clear(&b);
	part_diff(old, old, note_difference, &b);
	assert_int_equal(b.n, 0);
	buf_done(&b);
	part_unref(old);
	part_unref(new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(the_least_is_enough),
		cmocka_unit_test(refusals_name_the_field),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(a_bad_gtin_costs_only_itself),
		cmocka_unit_test(the_second_of_two_is_refused),
		cmocka_unit_test(errors_are_kept_to_a_hundred),
		cmocka_unit_test(text_must_be_text),
		cmocka_unit_test(what_stays_is_counted),
		cmocka_unit_test(a_change_changes_what_it_names),
		cmocka_unit_test(changes_are_checked_whole),
		cmocka_unit_test(products_come_and_go),
		cmocka_unit_test(differences_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
