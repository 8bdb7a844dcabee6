/* Other people's formats: the same product in each must come out the same, and their oddities must not hurt. */
#include "parts.h"

static const char INLAY[] = "{\"id\":\"k1\",\"title\":\"Kettle, 1.7 L\",\"url\":\"https://shop.example/k1\",\"image\":\"https://img.example/k1.jpg\","
			    "\"brand\":\"Acme\",\"mpn\":\"K-17\",\"gtin\":\"4006381333931\",\"category\":\"Home > Kettles\",\"description\":\"Boils.\","
			    "\"price\":\"15.00 USD\",\"sale_price\":\"12.00 USD\",\"availability\":\"in_stock\",\"attributes\":{\"color\":\"red\"}}\n";
static const char OPENAI[] = "{\"item_id\":\"k1\",\"title\":\"Kettle, 1.7 L\",\"url\":\"https://shop.example/k1\",\"image_url\":\"https://img.example/k1.jpg\","
			     "\"brand\":\"Acme\",\"mpn\":\"K-17\",\"gtin\":\"4006381333931\",\"product_category\":\"Home > Kettles\",\"description\":\"Boils.\","
			     "\"price\":\"15.00 USD\",\"sale_price\":\"12.00 USD\",\"availability\":\"in_stock\",\"color\":\"red\",\"condition\":\"new\","
			     "\"seller_name\":\"Acme Inc\",\"is_eligible_search\":true}\n";
static const char ACP[] = "{\"id\":\"P\",\"title\":\"Kettle\",\"description\":{\"plain\":\"Boils.\"},\"url\":\"https://shop.example/k1\",\"brand\":\"Acme\","
			  "\"media\":[{\"type\":\"video\",\"url\":\"https://img.example/v\"},{\"type\":\"image\",\"url\":\"https://img.example/k1.jpg\"}],"
			  "\"variants\":[{\"id\":\"k1\",\"title\":\"Kettle, 1.7 L\",\"price\":{\"amount\":1200,\"currency\":\"USD\"},"
			  "\"list_price\":{\"amount\":1500,\"currency\":\"USD\"},\"availability\":{\"available\":true,\"status\":\"in_stock\"},"
			  "\"barcodes\":[{\"type\":\"gtin\",\"value\":\"4006381333931\"},{\"type\":\"mpn\",\"value\":\"K-17\"}],"
			  "\"categories\":[{\"value\":\"500\",\"taxonomy\":\"google\"},{\"value\":\"Home > Kettles\",\"taxonomy\":\"merchant\"}],"
			  "\"variant_options\":[{\"name\":\"color\",\"value\":\"red\"}],\"condition\":[\"new\"]}]}\n";
static const char TSV[] =
	"id\ttitle\tdescription\tlink\timage link\tavailability\tprice\tsale_price\tsale_price_effective_date\tbrand\tmpn\tgtin\tgoogle_product_category\tcolor\n"
	"k1\tKettle, 1.7 L\tBoils.\thttps://shop.example/k1\thttps://img.example/k1.jpg\tin stock\t15.00 USD\t12.00 USD\t2026-11-01T00:00Z/"
	"2026-12-01T00:00Z\tAcme\tK-17\t4006381333931\tHome > Kettles\tred\n";
static const char CSV[] =
	"\xef\xbb\xbfg:id,Title,description,link,image_link,availability,price,sale_price,brand,mpn,gtin,google_product_category,product_type,color,x\r\n"
	"k1,\"Kettle, 1.7 L\",\"Boils.\",https://shop.example/k1,https://img.example/k1.jpg,in_stock,USD 15.00,12.00 USD,Acme,K-17,4006381333931,"
	"1234,Home > Kettles,red,\"\"\r\n";

static struct buf line_of(enum feed_format format, enum feed_container container, const char *bytes)
{
	struct feed_report r;
	struct catalog_part *part = read_as(format, container, str_of(bytes), NULL, &r);
	struct buf b;

	if (r.error_count)
		fail_msg("%s: %s", r.errors[0].field, r.errors[0].detail);
	assert_int_equal(part_count(part), 1);
	buf_init(&b, 1 << 16);
	feed_line_write(part_at(part, 0), &b);
	part_unref(part);
	return b;
}

static void one_product_in_every_format(void **state)
{
	static const struct {
		enum feed_format format;
		enum feed_container container;
		const char *bytes;
	} CASES[] = {
		{FEED_OPENAI, FEED_JSONL, OPENAI},
		{FEED_ACP, FEED_JSONL, ACP},
		{FEED_GOOGLE, FEED_TSV, TSV},
		{FEED_GOOGLE, FEED_CSV, CSV},
		{FEED_OPENAI, FEED_CSV, CSV},
	};
	struct buf want = line_of(FEED_INLAY, FEED_JSONL, INLAY);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct buf got = line_of(CASES[i].format, CASES[i].container, CASES[i].bytes);
		assert_string_equal(got.p, want.p);
		buf_done(&got);
	}
	buf_done(&want);
}

static void the_kind_is_guessed(void **state)
{
	static const struct {
		const char *path, *bytes;
		enum feed_format format;
		enum feed_container container;
	} CASES[] = {
		{"x", INLAY, FEED_INLAY, FEED_JSONL},
		{"x.jsonl", OPENAI, FEED_OPENAI, FEED_JSONL},
		{"x", ACP, FEED_ACP, FEED_JSONL},
		{"x.txt", TSV, FEED_GOOGLE, FEED_TSV},
		{"x.csv", CSV, FEED_GOOGLE, FEED_CSV},
		{"x.csv", "item_id,title\n", FEED_OPENAI, FEED_CSV},
		{"x", "{\"id\":\"a\",\"description\":\"the item_id of image_url\"}", FEED_INLAY, FEED_JSONL},
		{"x.jsonl.gz", "", FEED_INLAY, FEED_JSONL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		enum feed_container c = FEED_XML;
		assert_int_equal(feed_format_guess(str_of(CASES[i].path), str_of(CASES[i].bytes), &c), CASES[i].format);
		assert_int_equal(c, CASES[i].container);
	}
}

static void names_and_types_are_known(void **state)
{
	enum feed_container c;
	enum feed_format f;

	(void)state;
	assert_true(feed_container_parse(STR("Application/X-NDJSON; charset=utf-8"), &c));
	assert_int_equal(c, FEED_JSONL);
	assert_true(feed_container_parse(STR("application/jsonl"), &c));
	assert_true(feed_container_parse(STR("text/csv"), &c));
	assert_int_equal(c, FEED_CSV);
	assert_false(feed_container_parse(STR("application/xml"), &c));
	assert_false(feed_container_parse(STR("application/json"), &c));
	assert_false(feed_container_parse(STR_NONE, &c));
	assert_true(feed_format_parse(STR("google"), &f));
	assert_int_equal(f, FEED_GOOGLE);
	assert_false(feed_format_parse(STR("awin"), &f));
}

static void formats_keep_to_their_containers(void **state)
{
	static const enum feed_container C[] = {FEED_TSV, FEED_CSV, FEED_JSON, FEED_XML};
	struct merchant m = shop("demo");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(C); i++) {
		struct feed_options o = {.format = FEED_INLAY, .container = C[i]};
		struct catalog_part *part = NULL;
		struct feed_report r;
		assert_int_equal(feed_read_part(STR("x"), &o, &m, STR("g"), NULL, &part, &r, NULL), E_INPUT);
		o.format = FEED_ACP;
		assert_int_equal(feed_read_part(STR("x"), &o, &m, STR("g"), NULL, &part, &r, NULL), E_INPUT);
	}
	struct feed_options o = {.format = FEED_GOOGLE, .container = FEED_JSONL};
	struct catalog_part *part = NULL;
	struct feed_report r;
	assert_int_equal(feed_read_part(STR("{}\n"), &o, &m, STR("g"), NULL, &part, &r, NULL), E_INPUT);
}

/* ---- rows -------------------------------------------------------------------------------------- */

#define COLUMNS "id\ttitle\tlink\tprice\tsale_price\tsale_price_effective_date\tavailability\texpiration_date\n"
#define CSV_COLUMNS "id,title,link,price\n"

static struct catalog_part *tsv(const char *rows, struct feed_report *r)
{
	char feed[4096];

	snprintf(feed, sizeof(feed), COLUMNS "%s", rows);
	return read_as(FEED_GOOGLE, FEED_TSV, str_of(feed), NULL, r);
}

static void sales_have_their_time(void **state)
{
	struct feed_report r;
	struct catalog_part *part = tsv(
		"a\tA\thttps://shop.example/\t10 USD\t8 USD\t2026-11-01T00:00Z/2026-11-10T00:00Z\t\t\n"  /* over */
		"b\tB\thttps://shop.example/\t10 USD\t8 USD\t2026-11-01T00:00+0800/2026-11-30T00:00:00-0100\t\t\n"  /* on */
		"c\tC\thttps://shop.example/\t10 USD\t8 USD\t2026-12-01T00:00Z/2026-12-30T00:00Z\t\t\n"  /* to come */
		"d\tD\thttps://shop.example/\t10 USD\t80 USD\t2026-11-01T00:00Z/2026-11-10T00:00Z\t\t\n" /* wrong, but over */
		"e\tE\thttps://shop.example/\t10 USD\t8 USD\tsoon\t\t\n",
		&r);

	(void)state;
	assert_int_equal(r.accepted, 4);
	assert_int_equal(r.rejected, 1);
	assert_string_equal(r.errors[0].field, "sale_price_effective_date");
	assert_int_equal(r.errors[0].line, 6);
	assert_int_equal(product_price(part_find(part, STR("a"))).minor, 1000);
	assert_int_equal(product_price(part_find(part, STR("b"))).minor, 800);
	assert_int_equal(product_price(part_find(part, STR("c"))).minor, 1000);
	feed_report_done(&r);
	part_unref(part);
}

static void fields_have_their_own_names(void **state)
{
	struct feed_report r;
	struct catalog_part *part = tsv(
		"a\tA\thttps://other.example/\t10 USD\t\t\t\t\n"
		"b\tB\thttps://shop.example/\tGBP12.99\t\t\t\t\n"
		"c\tC\thttps://shop.example/\t10 USD\t\t\tmaybe\t\n"
		"d\tD\thttps://shop.example/\t10 USD\t\t\tin stock\tsoon\n"
		"\t\t\t\n"
		"e\tE\n"
		"f\tF\thttps://shop.example/\t10 USD\t\t\t\t\textra\n",
		&r);
	static const char *const FIELDS[] = {"link", "price", "availability", "expiration_date", "link", ""};
	static const uint64_t LINES[] = {2, 3, 4, 5, 7, 8};

	(void)state;
	assert_int_equal(r.accepted, 0);
	assert_int_equal(r.rejected, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(r.errors[i].field, FIELDS[i]);
		assert_int_equal(r.errors[i].line, LINES[i]);
	}
	feed_report_done(&r);
	part_unref(part);
}

static void quotes_in_tsv_are_mostly_text(void **state)
{
	struct feed_report r;
	struct catalog_part *part = tsv(
		"a\t\"Best\" mug\thttps://shop.example/\t10 USD\n"
		"b\t\"Mug \"\"Best\"\"\"\thttps://shop.example/\t10 USD\n"
		"c\t\"10 inch pan\thttps://shop.example/\t10 USD\n",
		&r);

	(void)state;
	assert_int_equal(r.accepted, 3);
	assert_str(part_find(part, STR("a"))->title, "\"Best\" mug");
	assert_str(part_find(part, STR("b"))->title, "Mug \"Best\"");
	assert_str(part_find(part, STR("c"))->title, "\"10 inch pan");
	part_unref(part);
}

static struct catalog_part *csv(const char *rows, struct feed_report *r)
{
	char feed[4096];

	snprintf(feed, sizeof(feed), CSV_COLUMNS "%s", rows);
	return read_as(FEED_GOOGLE, FEED_CSV, str_of(feed), NULL, r);
}

static void csv_follows_its_standard(void **state)
{
	struct feed_report r;
	struct catalog_part *part = csv(
		"a,\"Mug, \"\"Best\"\"\",https://shop.example/,\"10 USD\"\n"
		"\"b\",\"Two\nlines\",https://shop.example/,10 USD\n"
		"c,C,https://shop.example/,10 USD",
		&r);

	(void)state;
	assert_int_equal(r.accepted, 2);
	assert_str(part_find(part, STR("a"))->title, "Mug, \"Best\"");
	assert_int_equal(r.rejected, 1); /* a title has no line breaks */
	assert_int_equal(r.errors[0].line, 3);
	assert_string_equal(r.errors[0].id, "b");
	assert_non_null(part_find(part, STR("c")));
	feed_report_done(&r);
	part_unref(part);
}

static void a_bad_row_costs_little(void **state)
{
	struct feed_report r;
	struct catalog_part *part = csv(
		"a,\"open,https://shop.example/,1 USD\n"
		"b,B,https://shop.example/,1 USD\n"
		"c,\"C\"x,https://shop.example/,1 USD\n"
		"d,\xff,https://shop.example/,1 USD\n"
		"e,E,https://shop.example/,1 USD\n",
		&r);

	(void)state;
	assert_int_equal(r.rejected, 3);
	assert_int_equal(r.accepted, 2);
	assert_int_equal(r.errors[0].line, 2);
	assert_int_equal(r.errors[1].line, 4);
	assert_int_equal(r.errors[2].line, 5);
	feed_report_done(&r);
	part_unref(part);
}

static void headers_are_looked_at(void **state)
{
	static const char *const WRONG[] = {"", "title,link,price\n", "id,title,price\n", "a\n", "id,title,link\n1,2,3\n", "\"id,title"};
	struct feed_options o = {.format = FEED_GOOGLE, .container = FEED_CSV};
	struct merchant m = shop("demo");
	struct feed_report r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
		struct catalog_part *part = NULL;
		struct err e = {0};
		assert_int_equal(feed_read_part(str_of(WRONG[i]), &o, &m, STR("g"), NULL, &part, &r, &e), E_INPUT);
		assert_string_equal(e.where, "line 1");
	}
	struct catalog_part *part = read_as(FEED_GOOGLE, FEED_CSV, STR("ID,Title,Title,Link,Price\ra,,T,https://shop.example/,1 USD\r"), NULL, &r);
	assert_int_equal(r.accepted, 1); /* CR alone, and a column twice: the one that says something */
	assert_str(part_at(part, 0)->title, "T");
	part_unref(part);
}

/* Rows that open quotes, or run into the limits, on every line: time must stay linear. A quadratic reader would take minutes here. */
static void hostile_rows_are_read_in_one_go(void **state)
{
	static const char *const LINES[] = {"a,\"b\n", "\"\n", "a\",\"b\n", "\"\"\"\n", ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\"x\n", "\",\"\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(LINES); i++) {
		struct feed_report r;
		struct buf b;
		buf_init(&b, 64 << 20);
		buf_put(&b, STR(CSV_COLUMNS));
		while (b.n < 1 << 20)
			buf_put(&b, str_of(LINES[i]));
		struct catalog_part *part = read_as(FEED_GOOGLE, FEED_CSV, buf_str(&b), NULL, &r);
		assert_int_equal(r.accepted, 0);
		feed_report_done(&r);
		part_unref(part);
		buf_done(&b);
	}
}

/* ---- OpenAI and ACP ------------------------------------------------------------------------------- */

static void only_what_may_be_found(void **state)
{
	static const char *const FLAGS[] = {"\"is_eligible_search\":false", "\"enable_search\":\"false\",\"is_eligible_search\":true",
		"\"enable_search\":true,\"is_eligible_search\":false", "\"is_eligible_search\":\"true\"", "\"x\":1"};
	static const uint64_t TAKEN[] = {0, 0, 1, 1, 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++) {
		char line[512];
		struct feed_report r;
		snprintf(line, sizeof(line), "{\"id\":\"a\",\"title\":\"x\",\"link\":\"https://shop.example/\",\"price\":\"1 USD\",%s}", FLAGS[i]);
		struct catalog_part *part = read_as(FEED_OPENAI, FEED_JSONL, str_of(line), NULL, &r);
		assert_int_equal(r.accepted, TAKEN[i]);
		feed_report_done(&r);
		part_unref(part);
	}
}

static void variants_are_products(void **state)
{
	struct feed_report r;
	struct catalog_part *part = read_as(FEED_ACP, FEED_JSONL,
		STR("{\"id\":\"P\",\"title\":\"Trail Shoe\",\"url\":\"https://shop.example/p\",\"variants\":["
		    "{\"id\":\"s\",\"title\":\"Blue / 42\",\"price\":{\"amount\":9000,\"currency\":\"USD\"},\"availability\":{\"available\":false}},"
		    "{\"id\":\"t\",\"title\":\"Trail Shoe, Red\",\"url\":\"https://shop.example/t\",\"price\":{\"amount\":9000,\"currency\":\"USD\"},"
		    "\"availability\":{\"available\":true,\"status\":\"limited_stock\"}},"
		    "{\"id\":\"u\",\"title\":\"Green\",\"price\":{\"amount\":\"9000\",\"currency\":\"USD\"}},7]}\n"
		    "{\"id\":\"Q\",\"title\":\"No variants\"}\n{\"id\":\"R\",\"variants\":[]}\n"),
		NULL, &r);

	(void)state;
	assert_int_equal(r.accepted, 2);
	assert_int_equal(r.rejected, 4);
	assert_string_equal(r.errors[0].field, "price");
	assert_string_equal(r.errors[0].id, "u");
	assert_string_equal(r.errors[3].field, "variants");
	assert_str(part_find(part, STR("s"))->title, "Trail Shoe, Blue / 42");
	assert_str(part_find(part, STR("s"))->url, "https://shop.example/p");
	assert_int_equal(part_find(part, STR("s"))->availability, AVAIL_OUT_OF_STOCK);
	assert_str(part_find(part, STR("t"))->title, "Trail Shoe, Red");
	assert_int_equal(part_find(part, STR("t"))->availability, AVAIL_IN_STOCK);
	feed_report_done(&r);
	part_unref(part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_product_in_every_format),
		cmocka_unit_test(the_kind_is_guessed),
		cmocka_unit_test(names_and_types_are_known),
		cmocka_unit_test(formats_keep_to_their_containers),
		cmocka_unit_test(sales_have_their_time),
		cmocka_unit_test(fields_have_their_own_names),
		cmocka_unit_test(quotes_in_tsv_are_mostly_text),
		cmocka_unit_test(csv_follows_its_standard),
		cmocka_unit_test(a_bad_row_costs_little),
		cmocka_unit_test(headers_are_looked_at),
		cmocka_unit_test(hostile_rows_are_read_in_one_go),
		cmocka_unit_test(only_what_may_be_found),
		cmocka_unit_test(variants_are_products),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
