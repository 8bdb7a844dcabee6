/* What the scribe keeps in memory: visits of the last seconds against a plain list, taken back with their batch; links as they were put. */
#include "ledger/bench.h"
#include "ledger/links.h"
#include "ledger/visits.h"

enum { WINDOW = 10000, LINKS = 12, VISITORS = 9 };

static void key(uint8_t out[16], uint64_t n)
{
	memset(out, (int)n + 1, 16);
}

/* Times rise; after every batch a coin decides whether it stands. */
static void visits_are_those_of_the_window(void **state)
{
	struct visits v;
	int64_t now = T0, last[LINKS][VISITORS] = {{0}}, before[LINKS][VISITORS];
	uint64_t random = 7;
	(void)state;
	visits_init(&v, WINDOW);
	for (int batch = 0; batch < 4000; batch++) {
		memcpy(before, last, sizeof(last));
		for (int n = 0; n < 5; n++) {
			random = hash_mix(random + 1);
			uint64_t l = random % LINKS, x = random / 100 % VISITORS;
			uint8_t link[16], visitor[16];
			now += (int64_t)(random >> 20) % 700;
			key(link, l);
			key(visitor, x);
			bool want = last[l][x] && now - last[l][x] <= WINDOW;
			assert_int_equal(visits_recent(&v, link, visitor, now), want);
			if (want)
				continue;
			assert_int_equal(visits_put(&v, link, visitor, now), OK);
			last[l][x] = now;
		}
		if (hash_mix(random) % 3 == 0) {
			visits_undo(&v);
			memcpy(last, before, sizeof(last));
		} else {
			visits_keep(&v);
		}
	}
	visits_done(&v);
}

static void many_visits_are_found_again(void **state)
{
	struct visits v;
	uint8_t link[16], visitor[16] = {0};
	(void)state;
	visits_init(&v, WINDOW);
	key(link, 1);
	for (uint32_t n = 0; n < 50000; n++) {
		memcpy(visitor, &n, sizeof(n));
		assert_false(visits_recent(&v, link, visitor, T0));
		assert_int_equal(visits_put(&v, link, visitor, T0), OK);
	}
	visits_keep(&v);
	for (uint32_t n = 0; n < 50000; n++) {
		memcpy(visitor, &n, sizeof(n));
		assert_true(visits_recent(&v, link, visitor, T0 + WINDOW));
		assert_false(visits_recent(&v, link, visitor, T0 + WINDOW + 1));
		assert_false(visits_recent(&v, link, visitor, INT64_MIN));
		assert_false(visits_recent(&v, link, visitor, INT64_MAX));
	}
	visits_done(&v);
}

/* Whatever is forgotten, what is remembered is right. */
static void links_come_back_as_they_were(void **state)
{
	struct links *l = links_new();
	size_t found = 0;
	(void)state;
	assert_non_null(l);
	for (uint64_t n = 0; n < 100000; n++) {
		struct known_link k = {.link = bench_id(n), .no = (int64_t)n + 1};
		snprintf(k.phrase, sizeof(k.phrase), "%0*d", (int)(hash_mix(n) % 120 + 1), (int)n);
		snprintf(k.form, sizeof(k.form), "%s", n % 2 ? "cards" : "");
		snprintf(k.model, sizeof(k.model), "m%d", (int)n);
		links_put(l, &k);
	}
	for (uint64_t n = 0; n < 100000; n++) {
		struct known_link k;
		struct ledger_id id = bench_id(n);
		char phrase[LEDGER_TEXT], model[LEDGER_TEXT];
		if (!links_get(l, &id, &k))
			continue;
		found++;
		snprintf(phrase, sizeof(phrase), "%0*d", (int)(hash_mix(n) % 120 + 1), (int)n);
		snprintf(model, sizeof(model), "m%d", (int)n);
		assert_int_equal(k.no, n + 1);
		assert_string_equal(k.phrase, phrase);
		assert_string_equal(k.form, n % 2 ? "cards" : "");
		assert_string_equal(k.app, "");
		assert_string_equal(k.model, model);
	}
	assert_true(found > 30000);
	struct ledger_id newest = bench_id(99999);
	struct known_link k;
	assert_true(links_get(l, &newest, &k));
	links_clear(l);
	assert_false(links_get(l, &newest, &k));
	links_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(visits_are_those_of_the_window), cmocka_unit_test(many_visits_are_found_again),
		cmocka_unit_test(links_come_back_as_they_were)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
