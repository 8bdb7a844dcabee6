/* How fast clicks become durable: the ledger with 2N clicks in flight (so that commits take about N each), beside a plain file to which N
 * records are appended and synced at a time. Every click counted was acknowledged after its commit. LEDGER_ROWS clicks lie there before
 * (default 1,000,000); BENCH_SECONDS a line.
 *
 * The load: 100,000 answers with a link each, 2,000 products of 20 merchants in 4 apps; people click what was served lately (the
 * newest tenth gets most), each visitor once. */
#include "ledger/ledger.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define START_MS INT64_C(1790000000000)
#define DAY_MS INT64_C(86400000)
enum { LINKS = 100000, PRODUCTS = 2000, MERCHANTS = 20, DAYS = 30, RECORD = 200 };

struct load {
	struct ledger *l;
	uint64_t random;
	int64_t now_ms;
	uint64_t clicks;
	sem_t room;
	atomic_llong durable, failed;
};

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "bench: %s %s\n", what, e ? e->text : "");
	exit(1);
}

static uint64_t pick(struct load *b, uint64_t n)
{
	b->random = hash_mix(b->random + 0x9e3779b97f4a7c15);
	return b->random % n;
}

/* Ids as they come from an HMAC: no order in them. */
static struct ledger_id id_of(uint64_t n)
{
	struct ledger_id id;
	uint64_t half[2] = {hash_mix(n), hash_mix(n ^ UINT64_C(0x5bd1e9955bd1e995))};
	memcpy(id.b, half, sizeof(id.b));
	return id;
}

static void name_product(uint64_t link, char merchant[LEDGER_NAME], char product[LEDGER_TEXT])
{
	uint64_t p = hash_mix(link) % PRODUCTS;
	snprintf(merchant, LEDGER_NAME, "merchant-%02d", (int)(p % MERCHANTS));
	snprintf(product, LEDGER_TEXT, "sku-%06d-colour", (int)p);
}

static void done(void *arg, enum status s, const struct ledger_booking *booking)
{
	struct load *b = arg;
	(void)booking;
	atomic_fetch_add(s == OK ? &b->durable : &b->failed, 1);
	sem_post(&b->room);
}

static void submit(struct load *b, enum ledger_event_kind kind, const void *event)
{
	while (sem_wait(&b->room) != 0)
		;
	if (ledger_submit(b->l, kind, event, done, b) != OK)
		die("the ledger refused an event", NULL);
}

static void serve(struct load *b, uint64_t n)
{
	struct ledger_insertion i = {.insertion = id_of(2 * n), .at_ms = b->now_ms, .eligible = true, .prompt_tokens = 800, .completion_tokens = 300,
		.once = true, .link_count = 1};
	snprintf(i.decision, sizeof(i.decision), "linked");
	snprintf(i.class, sizeof(i.class), "consumer");
	snprintf(i.form, sizeof(i.form), "inline");
	snprintf(i.locale, sizeof(i.locale), "en");
	snprintf(i.app, sizeof(i.app), "app-%d", (int)(n % 4));
	snprintf(i.model, sizeof(i.model), "gpt-x");
	i.link[0].link = id_of(2 * n + 1);
	i.link[0].product_key = hash_mix(n);
	name_product(n, i.link[0].merchant, i.link[0].product);
	snprintf(i.link[0].phrase, sizeof(i.link[0].phrase), "noise-cancelling headphones %d", (int)(n % 500));
	submit(b, LEDGER_INSERTION, &i);
}

/* newest: the number of the last answer served. */
static void click(struct load *b, uint64_t newest)
{
	uint64_t back = newest < 10 ? 0 : pick(b, 10) < 8 ? pick(b, newest / 10) : pick(b, newest);
	uint64_t n = newest - back, visitor = hash_mix(b->clicks++);
	struct ledger_click c = {.click = ledger_new_id(b->l, b->now_ms), .insertion = id_of(2 * n), .link = id_of(2 * n + 1), .at_ms = b->now_ms,
		.product_key = hash_mix(n), .class = pick(b, 20) ? CLICK_HUMAN : CLICK_BOT};
	name_product(n, c.merchant, c.product);
	snprintf(c.rule, sizeof(c.rule), "none");
	memcpy(c.visitor, &visitor, sizeof(visitor));
	c.visitor[15] = 1;
	submit(b, LEDGER_CLICK, &c);
}

static void drain(struct load *b, int in_flight)
{
	for (int i = 0; i < in_flight; i++)
		while (sem_wait(&b->room) != 0)
			;
	if (atomic_load(&b->failed))
		die("events failed", NULL);
}

static void fill(struct load *b, uint64_t rows)
{
	enum { IN_FLIGHT = 4000 };
	uint64_t each = rows / LINKS + 1, clicks = 0;
	int64_t began = mono_us();
	sem_init(&b->room, 0, IN_FLIGHT);
	for (uint64_t n = 0; n < LINKS; n++) {
		b->now_ms = START_MS + (int64_t)n * (DAYS * DAY_MS / LINKS);
		serve(b, n);
		for (uint64_t k = 0; k < each && clicks < rows; k++, clicks++)
			click(b, n);
	}
	drain(b, IN_FLIGHT);
	sem_destroy(&b->room);
	double s = (double)(mono_us() - began) / 1e6;
	printf("ledger filled: %llu clicks, %d answers in %.1f s\n", (unsigned long long)clicks, LINKS, s);
	fflush(stdout);
}

static double usage_us(int who)
{
	struct rusage u;
	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Of the ledger's own threads: all but the one that clicks. */
static double cpu_us(void)
{
	return usage_us(RUSAGE_SELF) - usage_us(RUSAGE_THREAD);
}

/* Clicks acknowledged a second; *batch_out: how many a commit took; *cpu_out: processor time of the ledger's threads, us a click. */
static double run(struct load *b, int batch, double seconds, double *batch_out, double *cpu_out)
{
	double cpu = cpu_us();
	int64_t commits = metric_value(METRIC_LEDGER_BATCHES), before = atomic_load(&b->durable), began = mono_us();
	int64_t end = began + (int64_t)(seconds * 1e6);
	sem_init(&b->room, 0, (unsigned)(2 * batch));
	while (mono_us() < end) {
		b->now_ms++;
		click(b, LINKS - 1);
	}
	drain(b, 2 * batch);
	sem_destroy(&b->room);
	int64_t n = atomic_load(&b->durable) - before;
	*cpu_out = (cpu_us() - cpu) / (double)n;
	*batch_out = (double)n / (double)(metric_value(METRIC_LEDGER_BATCHES) - commits);
	return (double)n / ((double)(mono_us() - began) / 1e6);
}

static double plain(const char *path, int batch, double seconds)
{
	char *bytes = calloc((size_t)batch, RECORD);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int64_t began = mono_us(), end = began + (int64_t)(seconds * 1e6), n = 0;
	if (!bytes || fd < 0)
		die("cannot write", NULL);
	for (; mono_us() < end; n += batch)
		if (write(fd, bytes, (size_t)batch * RECORD) != (ssize_t)batch * RECORD || fdatasync(fd) != 0)
			die("cannot write", NULL);
	double rate = (double)n / ((double)(mono_us() - began) / 1e6);
	close(fd);
	unlink(path);
	free(bytes);
	return rate;
}

static void clean(const char *dir)
{
	static const char *const names[] = {"l.db", "l.db-wal", "l.db-shm", "l.db-lock", "l.db-catalog", "l.db-catalog-wal", "l.db-catalog-shm"};
	char path[400];
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int main(int argc, char **argv)
{
	static const int batches[] = {1, 10, 100, 1000};
	const char *rows = getenv("LEDGER_ROWS"), *given = getenv("BENCH_SECONDS");
	double seconds = given && atof(given) > 0 ? atof(given) : 3;
	char dir[256], url[300], file[300];
	struct load b = {.random = 1};
	struct err e = {0};
	snprintf(dir, sizeof(dir), "%s/ledger-XXXXXX", argc > 1 ? argv[1] : ".");
	if (!mkdtemp(dir))
		die("cannot make a folder", NULL);
	snprintf(url, sizeof(url), "sqlite:%s/l.db", dir);
	snprintf(file, sizeof(file), "%s/plain", dir);
	struct ledger_options o = {.url = str_of(url)};
	if (ledger_open(&o, &b.l, &e) != OK)
		die(e.where, &e);
	fill(&b, rows ? strtoull(rows, NULL, 10) : 1000000);
	for (size_t i = 0; i < ARRAY_LEN(batches); i++) {
		double batch, cpu, clicks = run(&b, batches[i], seconds, &batch, &cpu), raw = plain(file, batches[i], seconds / 3);
		printf("ledger batch %4d: %7.0f clicks/s (%.0f a commit, %.1f us of the writer each), plain file %8.0f/s, ratio %.3f\n", batches[i],
			clicks, batch, cpu, raw, clicks / raw);
		fflush(stdout);
	}
	ledger_close(b.l);
	clean(dir);
	return 0;
}
