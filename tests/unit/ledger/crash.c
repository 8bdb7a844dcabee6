/* kill -9 in the middle of commits: what was acknowledged is there, once, and the roll-ups still equal the events. */
#include "ledger/bench.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { ROUNDS = 20, ORDER_EVERY = 16 };

struct ack {
	int pipe;
	uint32_t n;
};

/* On the scribe, after COMMIT: one write of four bytes is whole or not at all. */
static void acknowledge(void *arg, enum status s, const struct ledger_booking *booking)
{
	struct ack *a = arg;
	(void)booking;
	if (s == OK && write(a->pipe, &a->n, sizeof(a->n)) != sizeof(a->n))
		_exit(3);
	free(a);
}

static struct ledger_conversion order_of(uint32_t n)
{
	char order[32];
	snprintf(order, sizeof(order), "o%u", n);
	return bench_order("m1", order, T0 + n, ORDER_APPROVED, 100);
}

static enum status submit(struct ledger *l, uint32_t n, ledger_done *done, void *arg)
{
	struct ledger_conversion o = order_of(n);
	struct ledger_click c = bench_click(n, 1, 11, T0 + n, "m1", "p1");
	return n % ORDER_EVERY ? ledger_submit(l, LEDGER_CLICK, &c, done, arg) : ledger_submit(l, LEDGER_CONVERSION, &o, done, arg);
}

static _Noreturn void child(const char *url, int pipe, uint32_t first)
{
	struct ledger_options o = {.url = str_of(url), .queue_max = 500};
	struct ledger *l;
	if (ledger_open(&o, &l, NULL) != OK)
		_exit(2);
	for (uint32_t n = first;; n++) {
		struct ack *a = malloc(sizeof(*a));
		if (!a)
			_exit(4);
		*a = (struct ack){pipe, n};
		enum status s;
		while ((s = submit(l, n, acknowledge, a)) == E_BUSY)
			sched_yield();
		if (s != OK)
			_exit(5);
	}
}

/* Reads acknowledgements; after `limit` of them kills the child, then drains what was written before. */
static size_t collect(pid_t pid, int pipe, size_t limit, uint32_t *acked, size_t max)
{
	size_t n = 0;
	while (n < max && read(pipe, &acked[n], sizeof(acked[n])) == sizeof(acked[n]))
		if (++n == limit)
			kill(pid, SIGKILL);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return n;
}

static long field(const char *report, const char *name)
{
	char key[64];
	snprintf(key, sizeof(key), "\"%s\":", name);
	const char *at = strstr(report, key);
	return at ? strtol(at + strlen(key), NULL, 10) : 0;
}

/* A retry of everything acknowledged must change nothing: nothing is lost, nothing is counted twice. */
static void retry_changes_nothing(struct ledger *l, const uint32_t *acked, size_t n)
{
	char *before = bench_report(l, "", REPORT_JSON);
	for (size_t i = 0; i < n; i++) {
		struct ledger_conversion o = order_of(acked[i]);
		struct ledger_click c = bench_click(acked[i], 1, 11, T0 + acked[i], "m1", "p1");
		if (acked[i] % ORDER_EVERY == 0 && i % 8 == 0)
			assert_int_equal(bench_book(l, &o).booking, BOOKED_REPEAT);
		else if (acked[i] % ORDER_EVERY == 0)
			while (ledger_submit(l, LEDGER_CONVERSION, &o, NULL, NULL) == E_BUSY)
				sched_yield();
		else if (i + 1 < n)
			while (ledger_submit(l, LEDGER_CLICK, &c, NULL, NULL) == E_BUSY)
				sched_yield();
		else
			bench_submit(l, LEDGER_CLICK, &c);
	}
	char *after = bench_report(l, "", REPORT_JSON);
	assert_int_equal(field(before, "clicks"), field(after, "clicks"));
	assert_int_equal(field(before, "orders"), field(after, "orders"));
	assert_true(field(after, "clicks") + field(after, "orders") >= (long)n);
	free(before);
	free(after);
}

static void killed_at_random(void **state)
{
	struct bench *b = *state;
	enum { MAX = 400000 };
	uint32_t *acked = malloc(MAX * sizeof(*acked));
	size_t total = 0;
	assert_non_null(acked);
	ledger_close(b->l);
	b->l = NULL;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		int pipes[2];
		assert_int_equal(pipe(pipes), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			close(pipes[0]);
			child(b->url, pipes[1], round * 10000000 + 1);
		}
		close(pipes[1]);
		total += collect(pid, pipes[0], 1 + hash_mix(round) % 700, acked + total, MAX - total);
		close(pipes[0]);
		b->l = bench_open(b->url);
		bench_verify(b->l);
		ledger_close(b->l);
		b->l = NULL;
	}
	b->l = bench_open(b->url);
	retry_changes_nothing(b->l, acked, total);
	bench_verify(b->l);
	free(acked);
}

static void a_full_queue_says_so(void **state)
{
	struct bench *b = *state;
	ledger_close(b->l);
	struct ledger_options o = {.url = str_of(b->url), .queue_max = 3};
	assert_int_equal(ledger_open(&o, &b->l, NULL), OK);
	struct ledger_click c = bench_click(1, 1, 11, T0, "m1", "p1");
	size_t accepted = 0, refused = 0;
	for (uint64_t n = 0; n < 100000 && !refused; n++) {
		c.click = bench_id(n + 1);
		enum status s = ledger_submit(b->l, LEDGER_CLICK, &c, NULL, NULL);
		accepted += s == OK;
		refused += s == E_BUSY;
	}
	assert_true(refused > 0);
	bench_again(b); /* closing commits what is queued */
	char *r = bench_report(b->l, "", REPORT_JSON);
	assert_int_equal(field(r, "clicks"), (long)accepted);
	free(r);
}

/* No file may grow: what a full disk looks like. Refused honestly, and taken up again by itself. */
static void a_full_disk_is_reported_and_survived(void **state)
{
	struct bench *b = *state;
	struct rlimit before, none;
	struct ledger_click c = bench_click(1, 1, 11, T0, "m1", "p1");
	bench_submit(b->l, LEDGER_CLICK, &c);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 4096;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	c.click = bench_id(2);
	enum status s = ledger_submit_wait(b->l, LEDGER_CLICK, &c, 10000, NULL);
	bool writable = ledger_writable(b->l);
	enum status next = ledger_submit_wait(b->l, LEDGER_CLICK, &c, 10000, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(s, E_IO);
	assert_false(writable);
	assert_int_equal(next, E_BUSY);
	for (int64_t end = mono_us() + 20000000; !ledger_writable(b->l) && mono_us() < end;)
		usleep(1000);
	bench_submit(b->l, LEDGER_CLICK, &c);
	char *r = bench_report(b->l, "", REPORT_JSON);
	assert_int_equal(field(r, "clicks"), 2);
	free(r);
	bench_verify(b->l);
}

/* `crash check URL < acknowledgements`: for tests/http/test_ledger_power.py, which runs `crash load` under the power-loss recorder. */
static int check(const char *url)
{
	enum { MAX = 400000 };
	uint32_t *acked = malloc(MAX * sizeof(*acked));
	assert_non_null(acked);
	size_t n = fread(acked, sizeof(*acked), MAX, stdin);
	struct ledger *l = bench_open(url);
	bench_verify(l);
	retry_changes_nothing(l, acked, n);
	bench_verify(l);
	ledger_close(l);
	free(acked);
	printf("%zu\n", n);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, bench_start, bench_stop)
int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "load") == 0)
		child(argv[2], STDOUT_FILENO, (uint32_t)strtoul(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "check") == 0)
		return check(argv[2]);
	const struct CMUnitTest tests[] = {T(killed_at_random), T(a_full_queue_says_so), T(a_full_disk_is_reported_and_survived)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
