/* The sample catalogs of the repository: every merchant parses, every product is taken. Also the large catalogs for measuring quality,
 * where they lie beside the project. Runs from the project's root. */
#include "parts.h"

#include <unistd.h>

struct sample {
	struct merchant m;
	struct feed_options o;
	const char *file;
};

/* YAML scalars have no types: a value is a number where the merchant's JSON has one. */
static void put_json(struct buf *out, const struct doc *d)
{
	int64_t n;

	if (d->kind == DOC_SCALAR && str_int(d->text, &n)) {
		buf_put(out, d->text);
	} else if (d->kind == DOC_SCALAR) {
		buf_put_json(out, d->text);
	} else {
		buf_putc(out, d->kind == DOC_MAP ? '{' : '[');
		for (size_t i = 0; i < d->count; i++) {
			buf_put(out, i ? STR(",") : STR(""));
			if (d->kind == DOC_MAP) {
				buf_put_json(out, d->items[i].key);
				buf_putc(out, ':');
			}
			put_json(out, &d->items[i]);
		}
		buf_putc(out, d->kind == DOC_MAP ? '}' : ']');
	}
}

static struct catalog_part *read_sample(const struct doc *d, struct arena *a)
{
	struct str file = doc_text(d, "file", STR_NONE), path = arena_take_printf(a, "catalogs/%.*s", STR_ARG(file));
	struct feed_options o = {.now_ms = 1795000000000};
	struct catalog_part *part = NULL;
	struct feed_report report;
	struct merchant m;
	struct err e = {0};
	struct buf json;
	char *bytes;
	size_t n;

	buf_init(&json, 1 << 20);
	put_json(&json, d);
	if (merchant_parse_json(doc_text(d, "id", STR_NONE), buf_str(&json), a, &m, &e) != OK)
		fail_msg("%.*s: %s: %s", STR_ARG(file), e.where, e.text);
	buf_done(&json);
	assert_int_equal(file_read(path.p, 1 << 24, &bytes, &n, &e), OK);
	assert_true(feed_format_parse(doc_text(d, "format", STR_NONE), &o.format));
	/* What the command line would take it for. */
	assert_int_equal(feed_format_guess(path, (struct str){bytes, n}, &o.container), o.format);
	if (feed_read_part((struct str){bytes, n}, &o, &m, STR("gen-1"), NULL, &part, &report, &e) != OK)
		fail_msg("%.*s: %s", STR_ARG(file), e.text);
	if (report.rejected || report.error_count)
		fail_msg("%.*s line %llu %s: %s", STR_ARG(file), (unsigned long long)report.errors[0].line, report.errors[0].field,
			report.errors[0].detail);
	feed_report_done(&report);
	free(bytes);
	return part;
}

static void every_sample_product_is_taken(void **state)
{
	struct arena *a = arena_new(1 << 24);
	struct catalog_part *part[16];
	const struct doc *doc;
	struct catalog *c = NULL;
	struct err e = {0};
	char *yaml;
	size_t n, sale = 0, branded = 0;

	(void)state;
	assert_int_equal(file_read("catalogs/merchants.yaml", 1 << 20, &yaml, &n, &e), OK);
	if (doc_parse((struct str){yaml, n}, a, &doc, &e) != OK)
		fail_msg("%s: %s", e.where, e.text);
	assert_in_range(doc->count, 4, 16);
	for (size_t i = 0; i < doc->count; i++)
		part[i] = read_sample(&doc->items[i], a);
	assert_int_equal(catalog_new(part, doc->count, STR("samples"), &c, &e), OK);
	assert_true(catalog_count(c) >= 400);
	for (uint32_t i = 0; i < catalog_count(c); i++) {
		const struct product *p = catalog_product(c, i);
		sale += p->sale_price.currency[0] != '\0';
		branded += p->brand.n > 0 && p->category.n > 0 && p->image.n > 0;
		assert_int_equal(catalog_find_url(c, p->url), i);
	}
	assert_true(sale >= 20);
	assert_int_equal(branded, catalog_count(c));
	for (size_t i = 0; i < doc->count; i++)
		part_unref(part[i]);
	catalog_unref(c);
	arena_free(a);
	free(yaml);
}

static void the_quality_catalogs_load_whole(void **state)
{
	static const char *const FILES[] = {"../shared/quality/catalog_en.jsonl.gz", "../shared/quality/catalog_zh.jsonl.gz"};
	static const uint64_t COUNTS[] = {163863, 12757};
	struct feed_options o = {.lenient = true};
	struct feed_parts parts = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
		struct feed_report report;
		struct err e = {0};
		if (access(FILES[i], R_OK) != 0) {
			printf("skipped: no %s\n", FILES[i]);
			feed_parts_done(&parts);
			skip();
		}
		if (feed_read_file(FILES[i], STR_NONE, &o, &parts, &report, &e) != OK)
			fail_msg("%s", e.text);
		assert_int_equal(report.rejected, 0);
		assert_int_equal(report.accepted, COUNTS[i]);
		feed_report_done(&report);
	}
	feed_parts_done(&parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sample_product_is_taken),
		cmocka_unit_test(the_quality_catalogs_load_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
