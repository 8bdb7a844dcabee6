/* Files for the command line: lenient lines, made-up merchants, gzip. And the canonical line, there and back. */
#include "parts.h"

#include <unistd.h>
#include <zlib.h>

static const struct feed_options LENIENT = {.lenient = true};

/* A file of the test's own, removed by the caller. */
static void write_file(char path[64], struct str bytes)
{
	int fd;

	strcpy(path, "/tmp/inlay-feed-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
	close(fd);
}

static struct feed_parts read_file(struct str bytes, const char *merchant, const struct feed_options *o, struct feed_report *r)
{
	struct feed_parts parts = {0};
	struct err e = {0};
	char path[64];

	write_file(path, bytes);
	if (feed_read_file(path, str_of(merchant), o, &parts, r, &e) != OK)
		fail_msg("%s", e.text);
	unlink(path);
	return parts;
}

static void lenient_lines_name_their_merchants(void **state)
{
	struct feed_report r;
	struct feed_parts parts = read_file(
		STR("{\"id\":\"a b/1\",\"merchant\":\"tea\",\"title\":\"Oolong\\u0085 tin\",\"price\":220.0,\"currency\":\"INR\",\"url\":\"\",\"gtin\":\"9\",\"image\":\"\"}\n"
		    "{\"id\":\"2\",\"merchant\":\"cups\",\"title\":\"杯\",\"price\":null,\"currency\":\"\",\"url\":\"https://www.cups.example/2\"}\n"
		    "{\"id\":3,\"merchant\":\"tea\",\"title\":\"Yen\",\"price\":1500,\"currency\":\"JPY\",\"url\":\"https://tea.example/3\",\"availability\":\"soon\"}\n"
		    "{\"id\":\"4\",\"merchant\":\"tea\",\"title\":\"Free\",\"price\":0,\"currency\":\"USD\",\"sale_price\":\"1 USD\"}\n"
		    "{\"id\":\"5\",\"merchant\":\"Bad Name\",\"title\":\"x\"}\n{\"id\":\"6\",\"merchant\":\"tea\"}\n{\"id\":\"2\",\"merchant\":\"cups\",\"title\":\"again\"}\n"),
		"", &LENIENT, &r);
	const struct catalog_part *tea = parts.part[0], *cups = parts.part[1];

	(void)state;
	assert_int_equal(parts.count, 2);
	assert_int_equal(r.accepted, 4);
	assert_int_equal(r.rejected, 3);
	assert_string_equal(r.errors[0].field, "merchant");
	assert_string_equal(r.errors[1].field, "title");
	assert_string_equal(r.errors[2].field, "id");
	assert_str(part_merchant(tea)->id, "tea");
	assert_str(part_find(tea, STR("a b/1"))->url, "https://example.invalid/tea/a%20b%2F1");
	assert_str(part_find(tea, STR("a b/1"))->title, "Oolong   tin");
	assert_int_equal(part_find(tea, STR("a b/1"))->price.minor, 22000);
	assert_str(part_find(tea, STR("a b/1"))->gtin, "");
	assert_int_equal(part_find(tea, STR("3"))->price.minor, 1500);
	assert_string_equal(part_find(tea, STR("4"))->price.currency, "");
	assert_string_equal(part_find(tea, STR("4"))->sale_price.currency, "");
	assert_true(merchant_has_host(part_merchant(tea), STR("tea.example")));
	assert_true(merchant_has_host(part_merchant(tea), STR("example.invalid")));
	assert_true(merchant_has_host(part_merchant(cups), STR("www.cups.example")));
	assert_false(merchant_has_host(part_merchant(cups), STR("tea.example")));
	assert_int_equal(part_merchant(tea)->network, NET_PLAIN);
	assert_int_equal(part_merchant(tea)->click_mode, CLICK_REDIRECT);
	feed_report_done(&r);
	feed_parts_done(&parts);
}

static void a_given_merchant_has_all_lines(void **state)
{
	struct feed_report r;
	struct feed_parts parts = read_file(STR("{\"id\":\"1\",\"merchant\":\"tea\",\"title\":\"x\"}\n"), "mine", &LENIENT, &r);

	(void)state;
	assert_int_equal(parts.count, 1);
	assert_str(part_merchant(parts.part[0])->id, "mine");
	feed_parts_done(&parts);
}

static void strict_files_are_strict(void **state)
{
	const struct feed_options strict = {0};
	struct feed_report r;
	struct feed_parts parts = read_file(STR("id,title,link,price\na,A,https://shop.example/a,1 USD\nb,B,,1 USD\n"), "mine", &strict, &r);

	(void)state;
	assert_int_equal(r.accepted, 1);
	assert_int_equal(r.rejected, 1);
	assert_true(merchant_has_host(part_merchant(parts.part[0]), STR("shop.example")));
	feed_report_done(&r);
	feed_parts_done(&parts);
}

static void what_is_not_there_is_said(void **state)
{
	struct feed_parts parts = {0};
	struct feed_report r;
	struct err e = {0};

	(void)state;
	assert_int_not_equal(feed_read_file("/nowhere/x.jsonl", STR_NONE, &LENIENT, &parts, &r, &e), OK);
	assert_true(e.text[0] != '\0');
	assert_int_equal(feed_read_file("/nowhere/x.jsonl", STR("No!"), &LENIENT, &parts, &r, &e), E_INPUT);
	assert_int_equal(parts.count, 0);
}

/* ---- gzip ------------------------------------------------------------------------------------ */

static size_t packed(const char *text, size_t n, Bytef *out, size_t cap)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static void gzip_in_all_its_shapes(void **state)
{
	static const char ONE[] = "{\"id\":\"1\",\"title\":\"x\"}\n", TWO[] = "{\"id\":\"2\",\"title\":\"y\"}\n";
	struct feed_parts parts;
	struct feed_report r;
	Bytef bytes[512];
	char path[64];
	size_t n = packed(ONE, sizeof(ONE) - 1, bytes, sizeof(bytes)), whole;

	(void)state;
	whole = n + packed(TWO, sizeof(TWO) - 1, bytes + n, sizeof(bytes) - n);
	parts = read_file((struct str){(char *)bytes, whole}, "m", &LENIENT, &r);
	assert_int_equal(r.accepted, 2); /* both members */
	feed_parts_done(&parts);
	/* Cut anywhere but between members: nothing is taken. */
	for (size_t cut = 3; cut < whole; cut++) {
		enum status s;
		write_file(path, (struct str){(char *)bytes, cut});
		s = feed_read_file(path, STR("m"), &LENIENT, &parts, &r, NULL);
		assert_int_equal(s, cut == n ? OK : E_INPUT);
		feed_parts_done(&parts);
		unlink(path);
	}
}

static void a_bomb_is_defused(void **state)
{
	size_t n = 64 << 20;
	char *zeros = calloc(1, n);
	Bytef *bytes = malloc(1 << 20);
	struct feed_options o = {.format = FEED_INLAY, .gzip = true, .max_bytes = 1 << 20};
	struct merchant m = shop("demo");
	struct catalog_part *part = NULL;
	struct feed_report r;
	struct err e = {0};
	size_t small = packed(zeros, n, bytes, 1 << 20);

	(void)state;
	assert_int_equal(feed_read_part((struct str){(char *)bytes, small}, &o, &m, STR("g"), NULL, &part, &r, &e), E_INPUT);
	assert_non_null(strstr(e.text, "unpacks to more"));
	free(zeros);
	free(bytes);
}

/* ---- the canonical line --------------------------------------------------------------------------- */

static uint64_t roll(uint64_t *seed)
{
	return *seed = hash_mix(*seed + 0x9e3779b97f4a7c15u);
}

/* Any valid text without control characters, of odd letters. */
static struct str any_text(struct arena *a, uint64_t *seed, size_t max)
{
	static const char *const PIECES[] = {"a", "Z", " ", "\"", "\\", "/", "茶", "é", "🎧", "; ", ": ", ">", "<b>", "&", "'", "\xe2\x80\xa8", "0"};
	size_t n = roll(seed) % (max + 1);
	struct str out;
	struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < n; i++)
		buf_put(&b, str_of(PIECES[roll(seed) % ARRAY_LEN(PIECES)]));
	out = arena_take_str(a, str_trim(buf_str(&b)));
	buf_done(&b);
	return out;
}

static struct product any_product(struct arena *a, uint64_t *seed)
{
	struct product p = {.id = any_text(a, seed, 20), .title = any_text(a, seed, 60), .brand = any_text(a, seed, 10), .mpn = any_text(a, seed, 8),
		.description = any_text(a, seed, 90), .attributes = any_text(a, seed, 40), .commission_ppm = (int64_t)(roll(seed) % 1000002) - 1};
	struct str *words = ARENA_TAKE(a, struct str, 4);

	p.id = p.id.n ? p.id : STR("x");
	p.title = p.title.n ? p.title : STR("y");
	p.url = STR("https://shop.example/x?y=%20#z");
	p.image = roll(seed) % 2 ? STR("https://img.example/茶.jpg") : STR_NONE;
	p.gtin = roll(seed) % 2 ? STR("4006381333931") : STR_NONE;
	p.category = roll(seed) % 2 ? STR("Home > Tea & Cups") : STR_NONE;
	p.locale = roll(seed) % 2 ? STR("zh-Hant-TW") : STR_NONE;
	p.price = (struct money){(int64_t)(roll(seed) % 1000000) + 1, "KWD"};
	if (roll(seed) % 2)
		p.sale_price = (struct money){p.price.minor / 2 + 1, "KWD"};
	p.availability = (enum availability)(roll(seed) % 5);
	p.updated_ms = roll(seed) % 2 ? (int64_t)(roll(seed) % 4000000000000) : 0;
	p.expires_ms = roll(seed) % 2 ? (int64_t)(roll(seed) % 4000000000000) : 0;
	p.keywords = words;
	for (p.keyword_count = 0; p.keyword_count < roll(seed) % 4; p.keyword_count++) {
		struct str word = any_text(a, seed, 6);
		words[p.keyword_count] = word.n ? word : STR("w");
	}
	return p;
}

static void lines_come_back_as_they_were(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct buf one, two;
	uint64_t seed = 42;

	(void)state;
	buf_init(&one, 1 << 16);
	buf_init(&two, 1 << 16);
	for (int i = 0; i < 5000; i++) {
		struct product p = any_product(a, &seed), q;
		struct err e = {0};
		feed_line_write(&p, &one);
		if (feed_line_read(buf_str(&one), a, &q, &e) != OK)
			fail_msg("%s: %s: %s", one.p, e.where, e.text);
		assert_true(str_eq(p.attributes, q.attributes));
		assert_true(p.updated_ms == q.updated_ms && p.expires_ms == q.expires_ms && p.commission_ppm == q.commission_ppm);
		feed_line_write(&q, &two);
		assert_string_equal(one.p, two.p);
		buf_clear(&one);
		buf_clear(&two);
		arena_reset(a);
	}
	buf_done(&one);
	buf_done(&two);
	arena_free(a);
}

static void attributes_are_written_as_an_object(void **state)
{
	struct product p = {.id = STR("a"), .attributes = STR("color: red; size: 7; 8")};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	p.attributes = STR("color: red; size: 7");
	feed_line_write(&p, &b);
	assert_non_null(strstr(b.p, "\"attributes\":{\"color\":\"red\",\"size\":\"7\"}"));
	buf_clear(&b);
	p.attributes = STR("red; size: 7");
	feed_line_write(&p, &b);
	assert_non_null(strstr(b.p, "\"attributes\":\"red; size: 7\""));
	buf_done(&b);
}

static void memory_running_out_is_no_crash(void **state)
{
	static const char LINE[] = "{\"id\":\"a\",\"title\":\"T\",\"url\":\"https://shop.example/\",\"price\":\"1 USD\",\"category\":[\"a\",\"b\"],"
				   "\"keywords\":[\"k\",\"l\"],\"attributes\":{\"c\":\"d\"},\"mpn\":7,\"description\":\"a\\nb\"}";
	enum status s = E_NOMEM;

	(void)state;
	for (size_t n = 0; s != OK && n < 200; n++) {
		struct arena *a = arena_new(1 << 20);
		struct product p;
		arena_fail_after(a, n);
		s = feed_line_read(str_of(LINE), a, &p, NULL);
		assert_true(s == OK || s == E_NOMEM || s == E_INPUT);
		arena_free(a);
	}
	assert_int_equal(s, OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lenient_lines_name_their_merchants),
		cmocka_unit_test(a_given_merchant_has_all_lines),
		cmocka_unit_test(strict_files_are_strict),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(gzip_in_all_its_shapes),
		cmocka_unit_test(a_bomb_is_defused),
		cmocka_unit_test(lines_come_back_as_they_were),
		cmocka_unit_test(attributes_are_written_as_an_object),
		cmocka_unit_test(memory_running_out_is_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
