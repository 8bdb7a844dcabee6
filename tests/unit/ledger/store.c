/* The durable truth of merchants, catalogs, keys and small values: what is put is there after a restart, and all or nothing. */
#include "ledger/bench.h"

struct seen {
	char text[4096];
	size_t n;
};

static void note(struct seen *s, struct str t)
{
	assert_true(s->n + t.n + 2 < sizeof(s->text));
	memcpy(s->text + s->n, t.p, t.n);
	s->n += t.n;
	s->text[s->n++] = '|';
	s->text[s->n] = '\0';
}

static void note_merchant(void *arg, struct str merchant, struct str json, struct str generation)
{
	note(arg, merchant);
	note(arg, json);
	note(arg, generation);
}

static bool note_line(void *arg, struct str line)
{
	note(arg, line);
	return true;
}

struct feed {
	const struct ledger_catalog_line *line;
	size_t n;
};

static bool next_line(void *arg, struct ledger_catalog_line *out)
{
	struct feed *f = arg;
	if (!f->n)
		return false;
	*out = *f->line++;
	f->n--;
	return true;
}

static enum status put(struct ledger *l, const char *expected, const char *generation, const struct ledger_catalog_line *line, size_t n, int64_t now)
{
	struct feed f = {line, n};
	return ledger_catalog_put(l, STR("shop"), str_of(expected), str_of(generation), next_line, &f, now, NULL);
}

#define LIT(z) {(z), sizeof(z) - 1}
static const struct ledger_catalog_line two[] = {
	{LIT("b"), LIT("{\"id\":\"b\"}"), LIT("https://shop.example/b"), UINT64_C(0xfedcba9876543210)},
	{LIT("a"), LIT("{\"id\":\"a\"}"), LIT("https://shop.example/a"), 7},
};
static const struct ledger_catalog_line gone_b[] = {{LIT("b"), {NULL, 0}, {NULL, 0}, 0}};

static void merchants_survive(void **state)
{
	struct bench *b = *state;
	assert_int_equal(ledger_merchant_put(b->l, STR("zeta"), STR("{\"v\":1}"), T0, NULL), OK);
	assert_int_equal(ledger_merchant_put(b->l, STR("shop"), STR("{\"v\":2}"), T0, NULL), OK);
	assert_int_equal(ledger_merchant_put(b->l, STR("zeta"), STR("{\"v\":3}"), T0, NULL), OK);
	assert_int_equal(put(b->l, "", "gen-4", two, 2, T0), OK);
	bench_again(b);
	struct seen s = {0};
	assert_int_equal(ledger_merchant_each(b->l, note_merchant, &s, NULL), OK);
	assert_string_equal(s.text, "shop|{\"v\":2}|gen-4|zeta|{\"v\":3}||");
}

static void catalog_is_all_or_nothing(void **state)
{
	struct bench *b = *state;
	assert_int_equal(put(b->l, "", "gen-1", two, 2, T0), OK);
	assert_int_equal(put(b->l, "gen-0", "gen-2", gone_b, 1, T0), E_CONFLICT);
	struct seen s = {0};
	assert_int_equal(ledger_catalog_each(b->l, STR("shop"), note_line, &s, NULL), OK);
	assert_string_equal(s.text, "{\"id\":\"a\"}|{\"id\":\"b\"}|");
	assert_int_equal(put(b->l, "gen-1", "gen-1+1", gone_b, 1, T0), OK);
	bench_again(b);
	s = (struct seen){0};
	assert_int_equal(ledger_catalog_each(b->l, STR("shop"), note_line, &s, NULL), OK);
	assert_string_equal(s.text, "{\"id\":\"a\"}|");
}

static void departed_products_keep_their_target_for_13_months(void **state)
{
	struct bench *b = *state;
	struct arena *a = arena_new(1 << 16);
	struct ledger_target t;
	assert_int_equal(put(b->l, "", "gen-1", two, 2, T0), OK);
	assert_int_equal(put(b->l, "", "gen-1+1", gone_b, 1, T0 + 1), OK);
	assert_int_equal(ledger_target_get(b->l, two[0].product_key, a, &t, NULL), OK);
	assert_true(t.departed);
	assert_true(str_eq(t.merchant, STR("shop")) && str_eq(t.product, STR("b")) && str_eq(t.url, two[0].url));
	assert_int_equal(ledger_target_get(b->l, 7, a, &t, NULL), OK);
	assert_false(t.departed);
	assert_int_equal(ledger_target_get(b->l, 8, a, &t, NULL), E_MISSING);
	assert_int_equal(put(b->l, "", "gen-2", two + 1, 1, T0 + 400 * DAY_MS), OK);
	assert_int_equal(ledger_target_get(b->l, two[0].product_key, a, &t, NULL), E_MISSING);
	/* It may come back. */
	assert_int_equal(put(b->l, "", "gen-3", two, 2, T0 + 401 * DAY_MS), OK);
	assert_int_equal(ledger_target_get(b->l, two[0].product_key, a, &t, NULL), OK);
	assert_false(t.departed);
	arena_free(a);
}

static void note_key(void *arg, const struct ledger_key *k)
{
	char text[128];
	snprintf(text, sizeof(text), "%s %d %s %02x %lld", k->id, (int)k->role, k->merchant, k->sha256[31], (long long)k->revoked_ms);
	note(arg, str_of(text));
}

static void keys_are_created_and_revoked(void **state)
{
	struct bench *b = *state;
	struct ledger_key k = {.id = "k1", .role = ROLE_MERCHANT, .merchant = "shop", .created_ms = T0};
	k.sha256[31] = 0xab;
	assert_int_equal(ledger_key_put(b->l, &k, NULL), OK);
	assert_int_equal(ledger_key_put(b->l, &k, NULL), E_CONFLICT);
	assert_int_equal(ledger_key_revoke(b->l, STR("k2"), T0, NULL), E_MISSING);
	assert_int_equal(ledger_key_revoke(b->l, STR("k1"), 5, NULL), OK);
	assert_int_equal(ledger_key_revoke(b->l, STR("k1"), 9, NULL), OK);
	bench_again(b);
	struct seen s = {0};
	assert_int_equal(ledger_key_each(b->l, note_key, &s, NULL), OK);
	assert_string_equal(s.text, "k1 2 shop ab 5|");
}

/* As `inlay key create` beside a running service. */
static void a_second_process_is_noticed(void **state)
{
	struct bench *b = *state;
	int64_t before = 0, after = 0;
	assert_int_equal(ledger_data_version(b->l, &before, NULL), OK);
	struct ledger *other = bench_open(b->url);
	struct ledger_key k = {.id = "k9", .role = ROLE_ADMIN, .created_ms = T0};
	assert_int_equal(ledger_key_put(other, &k, NULL), OK);
	assert_int_equal(ledger_data_version(b->l, &after, NULL), OK);
	assert_true(after > before);
	before = after;
	assert_int_equal(put(other, "", "gen-1", two, 2, T0), OK);
	ledger_close(other);
	assert_int_equal(ledger_data_version(b->l, &after, NULL), OK);
	assert_true(after > before);
	struct ledger_click c = bench_click(1, 2, 3, T0, "m", "p");
	bench_submit(b->l, LEDGER_CLICK, &c);
	bench_verify(b->l);
}

static void readers_of_a_served_file_cannot_write(void **state)
{
	struct bench *b = *state;
	struct ledger *r = NULL;
	struct ledger_options o = {.url = str_of(b->url), .read_only = true};
	assert_int_equal(ledger_open(&o, &r, NULL), OK);
	struct ledger_click c = bench_click(1, 2, 3, T0, "m", "p");
	assert_int_equal(ledger_submit_wait(r, LEDGER_CLICK, &c, 1000, NULL), E_BUSY);
	assert_int_equal(ledger_value_put(r, STR("x"), STR("y"), NULL), E_BUSY);
	assert_int_equal(put(r, "", "gen-1", two, 2, T0), E_BUSY);
	assert_false(ledger_writable(r));
	bench_submit(b->l, LEDGER_CLICK, &c);
	char *report = bench_report(r, "day", REPORT_JSON);
	assert_non_null(strstr(report, "\"clicks\":1"));
	free(report);
	ledger_close(r);
	o.url = STR("sqlite:/tmp/inlay-no-such-folder/x.db");
	assert_int_equal(ledger_open(&o, &r, NULL), E_IO);
	o.read_only = false;
	assert_int_equal(ledger_open(&o, &r, NULL), E_IO);
	o.url = STR("mysql:x");
	assert_int_equal(ledger_open(&o, &r, NULL), E_INPUT);
}

static void values_and_generations(void **state)
{
	struct bench *b = *state;
	struct buf v;
	buf_init(&v, 1000);
	assert_int_equal(ledger_value_get(b->l, STR("id"), &v, NULL), E_MISSING);
	assert_int_equal(ledger_value_put(b->l, STR("id"), (struct str){"a\0b", 3}, NULL), OK);
	uint64_t g1 = 0, g2 = 0;
	assert_int_equal(ledger_generation_next(b->l, &g1, NULL), OK);
	bench_again(b);
	assert_int_equal(ledger_generation_next(b->l, &g2, NULL), OK);
	assert_true(g2 > g1);
	assert_int_equal(ledger_value_get(b->l, STR("id"), &v, NULL), OK);
	assert_int_equal(v.n, 3);
	assert_memory_equal(v.p, "a\0b", 3);
	buf_done(&v);
}

static void replies_are_kept_for_their_request_only(void **state)
{
	struct bench *b = *state;
	struct ledger_idempotency k = {.key = "once", .request_hash = {1, 2, 3}};
	struct buf reply;
	int status = 0;
	buf_init(&reply, 1000);
	assert_int_equal(ledger_reply_get(b->l, &k, &status, &reply, NULL), E_MISSING);
	assert_int_equal(ledger_reply_put(b->l, &k, 201, STR("{\"a\":1}"), T0, NULL), OK);
	assert_int_equal(ledger_reply_put(b->l, &k, 500, STR("later"), T0 + 1, NULL), OK);
	bench_again(b);
	assert_int_equal(ledger_reply_get(b->l, &k, &status, &reply, NULL), OK);
	assert_int_equal(status, 201);
	assert_string_equal(reply.p, "{\"a\":1}");
	k.request_hash[15] = 9;
	assert_int_equal(ledger_reply_get(b->l, &k, &status, &reply, NULL), E_CONFLICT);
	struct ledger_idempotency other = {.key = "other"};
	assert_int_equal(ledger_reply_put(b->l, &other, 200, STR("x"), T0 + 3 * DAY_MS, NULL), OK);
	assert_int_equal(ledger_reply_get(b->l, &k, &status, &reply, NULL), E_MISSING);
	buf_done(&reply);
}

static void ids_grow_even_when_the_clock_does_not(void **state)
{
	struct bench *b = *state;
	struct ledger_id last = ledger_new_id(b->l, T0);
	for (int i = 0; i < 200000; i++) {
		struct ledger_id id = ledger_new_id(b->l, i % 3 ? T0 - i : T0 + i / 1000);
		assert_true(memcmp(last.b, id.b, 8) < 0);
		last = id;
	}
	struct ledger_click c = bench_click(1, 2, 3, T0, "m", "p");
	c.click = last;
	bench_submit(b->l, LEDGER_CLICK, &c);
	bench_again(b);
	struct ledger_id id = ledger_new_id(b->l, T0 - DAY_MS);
	assert_true(memcmp(last.b, id.b, 8) < 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bench_start, bench_stop)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(merchants_survive),
		T(catalog_is_all_or_nothing),
		T(departed_products_keep_their_target_for_13_months),
		T(keys_are_created_and_revoked),
		T(a_second_process_is_noticed),
		T(readers_of_a_served_file_cannot_write),
		T(values_and_generations),
		T(replies_are_kept_for_their_request_only),
		T(ids_grow_even_when_the_clock_does_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
