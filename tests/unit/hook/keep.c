/* What is kept between calls: found, ranked, aged, bounded, and each forgotten once. */
#include "hook/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct thing {
	struct kept kept;
	int64_t size;
};

static void forget(void *arg, struct kept *k)
{
	++*(int *)arg;
	free(k);
}

static struct kept *make(uint64_t key, int64_t size)
{
	struct thing *t = calloc(1, sizeof *t);
	t->kept.key.hash[0] = t->kept.key.hash[1] = key;
	t->kept.bytes = (size_t)size;
	t->size = size;
	return &t->kept;
}

static int64_t by_size(void *arg, const struct kept *k)
{
	const struct thing *t = (const struct thing *)k;
	return t->size <= *(int64_t *)arg ? t->size : -1;
}

static void test_best_of_a_key(void **state)
{
	struct keep p;
	int forgotten = 0;
	int64_t most = 7;
	(void)state;
	keep_init(&p, 10, 1000, 1000, forget, &forgotten);
	for (int64_t size = 5; size < 10; size++)
		keep_put(&p, make(1, size), 0);
	keep_put(&p, make(1 + KEEP_BUCKETS, 6), 0); /* the same bucket */
	struct kept *k = keep_take(&p, (struct keep_key){{1, 1}}, by_size, &most);
	assert_int_equal(((struct thing *)k)->size, 7);
	free(k);
	k = keep_take(&p, (struct keep_key){{1, 1}}, by_size, &most);
	assert_int_equal(((struct thing *)k)->size, 6);
	keep_put(&p, k, 1);
	most = 1;
	assert_null(keep_take(&p, (struct keep_key){{1, 1}}, by_size, &most));
	assert_null(keep_take(&p, (struct keep_key){{1, 2}}, NULL, NULL));
	keep_done(&p);
	assert_int_equal(forgotten, 5);
}

static void test_age(void **state)
{
	struct keep p;
	int forgotten = 0;
	(void)state;
	keep_init(&p, 10, 1000, 100, forget, &forgotten);
	keep_put(&p, make(1, 1), 10);
	keep_put(&p, make(2, 1), 60);
	keep_expire(&p, 110);
	assert_int_equal(forgotten, 0);
	keep_put(&p, keep_take(&p, (struct keep_key){{1, 1}}, NULL, NULL), 110); /* heard of again */
	keep_expire(&p, 161);
	assert_int_equal(forgotten, 1);
	assert_null(keep_take(&p, (struct keep_key){{2, 2}}, NULL, NULL));
	keep_expire(&p, 211);
	assert_int_equal(forgotten, 2);
	keep_done(&p);
}

static void test_bounds(void **state)
{
	struct keep p;
	int forgotten = 0;
	(void)state;
	keep_init(&p, 3, 100, 1000, forget, &forgotten);
	for (uint64_t i = 0; i < 5; i++)
		keep_put(&p, make(i, 1), 0);
	assert_int_equal(forgotten, 2);
	keep_put(&p, make(9, 99), 0); /* with one other it is too much */
	assert_int_equal(p.count, 2);
	keep_put(&p, make(10, 500), 0); /* alone it is too much */
	assert_int_equal(p.count, 0);
	assert_int_equal(forgotten, 7);
	keep_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_best_of_a_key), cmocka_unit_test(test_age), cmocka_unit_test(test_bounds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
