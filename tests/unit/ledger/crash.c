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

/* ---- keys ------------------------------------------------------------------------------------- */

static void say_total(const struct ledger_conversion *c, const struct ledger_booking *b, struct buf *out)
{
	buf_printf(out, "%s %lld", c->key.key, (long long)b->total.minor);
}

/* An increase of 100: sent again under a later date it would be booked again, were it not for its key. */
static struct ledger_conversion increase(uint32_t key, int64_t at_ms)
{
	struct ledger_conversion c = bench_order("m1", "sum", at_ms, ORDER_PENDING, 0);
	c.has_total = false;
	c.has_adjustment = true;
	c.adjustment = bench_money(100, "USD");
	c.reply = say_total;
	snprintf(c.key.key, sizeof(c.key.key), "key%u", key);
	memset(c.key.request_hash, 7, sizeof(c.key.request_hash));
	return c;
}

static _Noreturn void increasing_child(const char *url, int pipe, uint32_t first, int64_t at_ms)
{
	struct ledger_options o = {.url = str_of(url), .queue_max = 100};
	struct ledger *l;
	if (ledger_open(&o, &l, NULL) != OK)
		_exit(2);
	for (uint32_t n = first;; n++) {
		struct ledger_conversion c = increase(n, at_ms + n);
		struct ack *a = malloc(sizeof(*a));
		enum status s = OK;
		*a = (struct ack){pipe, n};
		while ((s = ledger_submit(l, LEDGER_CONVERSION, &c, acknowledge, a)) == E_BUSY)
			sched_yield();
		if (s != OK)
			_exit(5);
	}
}

static bool kept(struct ledger *l, uint32_t key)
{
	struct ledger_conversion c = increase(key, 0);
	struct buf reply;
	char want[64];
	int status = 0;
	buf_init(&reply, 1000);
	enum status s = ledger_reply_get(l, &c.key, &status, &reply, NULL);
	if (s == OK) {
		snprintf(want, sizeof(want), "key%u ", key);
		assert_int_equal(status, 200);
		assert_memory_equal(reply.p, want, strlen(want));
	}
	buf_done(&reply);
	return s == OK;
}

/* The killed process left its bookings and their replies; everything is sent again, and only what is missing is booked. */
static int64_t send_all_again(struct ledger *l, uint32_t from, uint32_t to, int64_t at_ms, int64_t total)
{
	for (uint32_t n = from; n < to; n++) {
		bool was = kept(l, n);
		struct ledger_conversion c = increase(n, at_ms + n);
		struct ledger_booking b = bench_book(l, &c);
		assert_true(was == (b.booking == BOOKED_REPLAY));
		total += was ? 0 : 100;
		if (!was)
			assert_int_equal(b.total.minor, total);
	}
	return total;
}

static int64_t stored_total(struct ledger *l)
{
	struct buf out;
	buf_init(&out, 64 << 20);
	assert_int_equal(ledger_commissions_json(l, STR_NONE, STR_NONE, STR_NONE, 1, &out, NULL), OK);
	const char *at = strstr(out.p, "\"total\":{\"amount\":");
	int64_t total = at ? strtoll(at + strlen("\"total\":{\"amount\":"), NULL, 10) : 0;
	buf_done(&out);
	return total;
}

static void a_key_and_its_booking_stand_or_fall_together(void **state)
{
	struct bench *b = *state;
	enum { AT_ONCE = 2000, KEY_ROUNDS = 8, HOUR_MS = 3600000 }; /* well within the time that replies are kept */
	uint32_t acked[AT_ONCE], first = 1;
	int64_t at = T0;
	for (uint32_t round = 0; round < KEY_ROUNDS; round++, at += HOUR_MS) {
		int pipes[2];
		ledger_close(b->l);
		b->l = NULL;
		assert_int_equal(pipe(pipes), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			close(pipes[0]);
			increasing_child(b->url, pipes[1], first, at);
		}
		close(pipes[1]);
		size_t n = collect(pid, pipes[0], 1 + hash_mix(round + 77) % 200, acked, AT_ONCE);
		close(pipes[0]);
		b->l = bench_open(b->url);
		for (size_t i = 0; i < n; i++)
			assert_true(kept(b->l, acked[i]));
		uint32_t there = 0, end = first + (uint32_t)n + 120;
		for (uint32_t k = 1; k < end + AT_ONCE; k++)
			there += kept(b->l, k);
		assert_int_equal(stored_total(b->l), 100 * (int64_t)there);
		end = end > there + 10 ? end : there + 10;
		assert_int_equal(send_all_again(b->l, 1, end, at + HOUR_MS / 2, 100 * (int64_t)there), 100 * (int64_t)(end - 1));
		first = end;
	}
	bench_verify(b->l);
}

struct two {
	atomic_int booked, replayed, taken, left;
};

static void note_booking(void *arg, enum status s, const struct ledger_booking *booking)
{
	struct two *t = arg;
	atomic_fetch_add(&t->booked, s == OK && (booking->booking == BOOKED || booking->booking == BOOKED_CHANGE));
	atomic_fetch_add(&t->replayed, s == OK && booking->booking == BOOKED_REPLAY);
	atomic_fetch_add(&t->taken, s == OK && booking->booking == BOOKED_KEY_TAKEN);
	atomic_fetch_sub(&t->left, 1);
}

static void one_key_many_times_at_once_books_once(void **state)
{
	struct bench *b = *state;
	struct two t = {.left = 40};
	for (uint32_t i = 0; i < 40; i++) {
		struct ledger_conversion c = increase(1, T0 + i);
		if (i % 4 == 3)
			c.key.request_hash[0] = 9;
		assert_int_equal(ledger_submit(b->l, LEDGER_CONVERSION, &c, note_booking, &t), OK);
	}
	struct ledger_conversion refused = increase(2, T0);
	refused.adjustment = bench_money(5, "EUR");
	assert_int_equal(bench_book(b->l, &refused).booking, BOOKED_REFUSED);
	assert_int_equal(t.left, 0);
	assert_int_equal(t.booked, 1);
	assert_int_equal(t.replayed, 29);
	assert_int_equal(t.taken, 10);
	/* A refused message does not use its key up. */
	assert_false(kept(b->l, 2));
	refused = increase(2, T0 + 100);
	assert_int_equal(bench_book(b->l, &refused).booking, BOOKED_CHANGE);
	assert_int_equal(stored_total(b->l), 200);
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
	const struct CMUnitTest tests[] = {T(killed_at_random), T(a_key_and_its_booking_stand_or_fall_together),
		T(one_key_many_times_at_once_books_once), T(a_full_queue_says_so), T(a_full_disk_is_reported_and_survived)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
