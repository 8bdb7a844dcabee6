/* The parts of the ledger that only compute: SHA-256, sums by key, commission states and rules, time zones. */
#include "ledger/bench.h"

#include "ledger/book.h"
#include "ledger/sha256.h"
#include "ledger/spread.h"
#include "ledger/tally.h"
#include "ledger/zone.h"

static void digest_is(struct str text, size_t times, const char *want)
{
	struct sha256 c;
	uint8_t out[SHA256_BYTES];
	char hex[65] = "";
	sha256_init(&c);
	for (size_t i = 0; i < times; i++)
		sha256_put(&c, text.p, text.n);
	sha256_done(&c, out);
	hex_put(hex, out, sizeof(out));
	assert_string_equal(hex, want);
}

/* FIPS 180-4 examples, and NIST's lengths around a block. */
static void sha256_vectors(void **state)
{
	(void)state;
	digest_is(STR(""), 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_is(STR("abc"), 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_is(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), 1,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	digest_is(STR("a"), 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	digest_is(STR("a"), 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	digest_is(STR("a"), 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
}

static void tallies_add_and_sort(void **state)
{
	(void)state;
	struct tally t;
	tally_init(&t, 1 << 20);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5000; i++) {
			char key[16];
			int64_t v[TALLY_WIDTH] = {i, 1};
			snprintf(key, sizeof(key), "k%04d", i * 7 % 1000);
			tally_add(&t, str_of(key), v);
		}
		assert_int_equal(t.n, 1000);
		assert_non_null(tally_find(&t, STR("k0999")));
		assert_null(tally_find(&t, STR("k1000")));
		tally_sort(&t);
		for (size_t i = 0; i < t.n; i++) {
			assert_int_equal(t.row[i].v[1], 5);
			assert_true(i == 0 || str_cmp(tally_key(&t, &t.row[i - 1]), tally_key(&t, &t.row[i])) < 0);
		}
		tally_clear(&t);
	}
	int64_t most[TALLY_WIDTH] = {INT64_MAX};
	tally_add(&t, STR("x"), most);
	tally_add(&t, STR("x"), most);
	assert_true(t.failed);
	tally_done(&t);
}

static void roll_keys_come_apart_again(void **state)
{
	(void)state;
	struct roll_cell c = {.cube = 9, .basis = BASIS_POSTING, .span = -3, .merchant = STR("m"), .key = STR("k k"), .currency = STR("USD")};
	struct buf b;
	buf_init(&b, 100);
	roll_key(&b, &c);
	struct roll_cell d = roll_cell_of(buf_str(&b));
	assert_int_equal(d.cube, 9);
	assert_int_equal(d.basis, BASIS_POSTING);
	assert_int_equal(d.span, -3);
	assert_true(str_eq(d.merchant, c.merchant) && str_eq(d.key, c.key) && str_eq(d.currency, c.currency));
	assert_int_equal(day_of(-1), -1);
	assert_int_equal(day_of(DAY_MS - 1), 0);
	buf_done(&b);
}

/* Random walks through the states: accounts always sum to zero, earned is what stands, nothing is negative. */
static void books_balance_on_every_path(void **state)
{
	(void)state;
	uint64_t seed = 7;
	for (int walk = 0; walk < 2000; walk++) {
		struct books b = {0};
		enum order_status at = ORDER_PENDING;
		bool was_paid = false;
		for (int step = 0; step < 12; step++) {
			seed = hash_mix(seed + 1);
			enum order_status to = (enum order_status)(seed % 5);
			int64_t commission = (int64_t)(seed >> 32) % 1000;
			at = books_move(&b, step == 0, at, to, commission);
			was_paid = was_paid || b.paid > 0;
			b.rest = (int64_t)(seed >> 8) % 5000;
			for (int kind = DEAL_COMMISSION; kind <= DEAL_SWAP; kind++) {
				struct balances balance;
				int64_t sum = 0, micro = 0;
				books_balances(&b, &(struct deal){(enum ledger_deal)kind, 300000}, &balance);
				for (int i = 0; i < ACCOUNTS; i++) {
					sum += balance.minor[i];
					micro += balance.micro[i];
				}
				assert_int_equal(sum, 0);
				assert_int_equal(micro, 0);
			}
			assert_int_equal(books_earned(&b), order_counts(to) ? commission : 0);
			assert_true(b.pending >= 0 && b.approved >= 0 && b.paid >= 0 && b.clawed >= 0 && b.reversed >= b.clawed);
			if (was_paid)
				assert_true(at == ORDER_PAID || at == ORDER_REVERSED);
		}
	}
}

static void states_move_as_networks_move_them(void **state)
{
	(void)state;
	struct books b = {0};
	enum order_status s = books_move(&b, true, ORDER_PENDING, ORDER_PENDING, 100);
	s = books_move(&b, false, s, ORDER_DECLINED, 100);
	assert_int_equal(b.reversed + books_earned(&b), 0);
	s = books_move(&b, false, s, ORDER_APPROVED, 100); /* restored */
	assert_int_equal(b.approved, 100);
	s = books_move(&b, false, s, ORDER_REVERSED, 0);
	assert_int_equal(b.reversed, 100);
	s = books_move(&b, false, s, ORDER_PENDING, 100);
	assert_int_equal(b.pending, 100);
	assert_int_equal(b.reversed, 0);
	s = books_move(&b, false, s, ORDER_PAID, 100);
	s = books_move(&b, false, s, ORDER_PAID, 70); /* partial refund after payment */
	assert_int_equal(b.clawed, 30);
	assert_int_equal(b.paid, 100);
	s = books_move(&b, false, s, ORDER_DECLINED, 70); /* never unpaid */
	assert_int_equal(s, ORDER_REVERSED);
	assert_int_equal(b.clawed, 100);
	assert_int_equal(b.reversed, 100);
	assert_int_equal(books_earned(&b), 0);
}

static struct ledger_rule rule(const char *category, const char *product, int64_t ppm, int64_t flat, int64_t cap)
{
	struct ledger_rule r = {.rate_ppm = ppm, .flat_minor = flat, .cap_minor = cap};
	NAME(r.category, category);
	NAME(r.product, product);
	return r;
}

static void rules_match_product_then_longest_category(void **state)
{
	(void)state;
	struct ledger_rule r[] = {rule("", "", 10000, -1, -1), rule("Audio", "", 20000, -1, -1), rule("Audio > Headphones", "", 30000, -1, -1),
		rule("", "p1", 50000, -1, -1)};
	assert_int_equal(rule_match(r, 4, STR("p1"), STR("Audio > Headphones > Over-ear")), 3);
	assert_int_equal(rule_match(r, 4, STR("p2"), STR("Audio > Headphones > Over-ear")), 2);
	assert_int_equal(rule_match(r, 4, STR("p2"), STR("Audio > Headphones")), 2);
	assert_int_equal(rule_match(r, 4, STR("p2"), STR("Audio > Headphonestands")), 1);
	assert_int_equal(rule_match(r, 4, STR("p2"), STR("Audiobooks")), 0);
	assert_int_equal(rule_match(r + 1, 3, STR("p2"), STR("")), -1);
	assert_int_equal(rule_match(r, 0, STR("p1"), STR("")), -1);
}

static void commission_rounds_half_to_even_and_caps(void **state)
{
	(void)state;
	struct ledger_rule r = rule("", "", 50000, -1, -1);
	int64_t rest;
	assert_int_equal(rule_commission(&r, 999, 10000), 499500);
	assert_int_equal(minor_of(499500, 10000, &rest), 50);
	assert_int_equal(rest, -500);
	assert_int_equal(minor_of(rule_commission(&r, 10, 10000), 10000, &rest), 0); /* 0.5 */
	assert_int_equal(rest, 5000);
	assert_int_equal(minor_of(rule_commission(&r, 30, 10000), 10000, &rest), 2); /* 1.5 */
	assert_int_equal(minor_of(-15000, 10000, &rest), -2);
	assert_int_equal(rest, 5000);
	r = rule("", "", 50000, 100, 120);
	assert_int_equal(rule_commission(&r, 200, 1000), 110000);
	assert_int_equal(rule_commission(&r, 2000, 1000), 120000);
	assert_int_equal(rule_commission(&r, 0, 1000), 0);
	r = rule("", "", 1000000, -1, -1);
	assert_int_equal(rule_commission(&r, INT64_MAX, 1000000), MICRO_MAX);
	assert_int_equal(scale_amount(5, 1, 2), 2);
	assert_int_equal(scale_amount(7, 1, 2), 4);
	assert_int_equal(scale_amount(INT64_MAX, 3, 2), INT64_MAX);
}

static void splits_always_sum_up(void **state)
{
	(void)state;
	uint64_t seed = 3;
	for (int i = 0; i < 5000; i++) {
		int64_t weight[8], part[8], sum = 0, total;
		seed = hash_mix(seed + 1);
		size_t n = seed % 8 + 1;
		total = (int64_t)(seed >> 20) % 100000;
		for (size_t k = 0; k < n; k++)
			weight[k] = (int64_t)(hash_mix(seed + k) % 1000);
		split_by_weight(total, weight, n, part);
		for (size_t k = 0; k < n; k++) {
			assert_true(part[k] >= 0);
			sum += part[k];
		}
		assert_int_equal(sum, total);
	}
}

static int64_t at(const char *text)
{
	int64_t ms = 0;
	assert_int_equal(time_parse(str_of(text), &ms, NULL), OK);
	return ms;
}

static void zones_follow_their_rules(void **state)
{
	(void)state;
	struct zone *z;
	assert_int_equal(zone_load(STR("Nowhere/Land"), &z, NULL), E_INPUT);
	assert_int_equal(zone_load(STR("../../../etc/passwd"), &z, NULL), E_INPUT);
	assert_int_equal(zone_load(STR("/etc/passwd"), &z, NULL), E_INPUT);
	if (access("/usr/share/zoneinfo/America/New_York", R_OK) != 0)
		skip();
	assert_int_equal(zone_load(STR("America/New_York"), &z, NULL), OK);
	assert_int_equal(zone_offset_s(z, at("2026-03-08T06:59:59Z")), -5 * 3600);
	assert_int_equal(zone_offset_s(z, at("2026-03-08T07:00:00Z")), -4 * 3600);
	assert_int_equal(zone_offset_s(z, at("2026-11-01T06:00:00Z")), -5 * 3600);
	assert_int_equal(zone_offset_s(z, at("2045-07-01T00:00:00Z")), -4 * 3600); /* by the footer's rule */
	assert_int_equal(zone_offset_s(z, at("2045-12-01T00:00:00Z")), -5 * 3600);
	/* A day of 23 hours and one of 25. */
	assert_int_equal(zone_instant(z, at("2026-03-09")) - zone_instant(z, at("2026-03-08")), 23 * 3600000);
	assert_int_equal(zone_instant(z, at("2026-11-02")) - zone_instant(z, at("2026-11-01")), 25 * 3600000);
	assert_int_equal(zone_instant(z, at("2026-03-08T02:30:00Z")), at("2026-03-08T07:00:00Z")); /* a gap */
	assert_int_equal(zone_instant(z, at("2026-11-01T01:30:00Z")), at("2026-11-01T05:30:00Z")); /* twice */
	zone_free(z);
	assert_int_equal(zone_load(STR("Asia/Shanghai"), &z, NULL), OK);
	assert_int_equal(zone_offset_s(z, T0), 8 * 3600);
	zone_free(z);
}

/* Every cut and flip of a real file: refused or read, never worse. */
static void broken_zone_files_are_refused(void **state)
{
	(void)state;
	char *bytes;
	size_t n;
	struct zone *z;
	if (file_read("/usr/share/zoneinfo/Europe/Dublin", 1 << 20, &bytes, &n, NULL) != OK)
		skip();
	for (size_t cut = 0; cut < n; cut += cut < 200 ? 1 : 37) {
		char *copy = malloc(cut ? cut : 1);
		memcpy(copy, bytes, cut);
		if (zone_parse((struct str){copy, cut}, &z, NULL) == OK)
			zone_free(z);
		free(copy);
	}
	for (size_t i = 0; i < n; i += i < 200 ? 1 : 13) {
		bytes[i] = (char)(bytes[i] ^ 0x81);
		if (zone_parse((struct str){bytes, n}, &z, NULL) == OK) {
			err_ignore(zone_offset_s(z, T0) ? OK : E_INPUT);
			zone_free(z);
		}
		bytes[i] = (char)(bytes[i] ^ 0x81);
	}
	free(bytes);
}

#define T(f) cmocka_unit_test(f)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sha256_vectors),
		T(tallies_add_and_sort),
		T(roll_keys_come_apart_again),
		T(books_balance_on_every_path),
		T(states_move_as_networks_move_them),
		T(rules_match_product_then_longest_category),
		T(commission_rounds_half_to_even_and_caps),
		T(splits_always_sum_up),
		T(zones_follow_their_rules),
		T(broken_zone_files_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
