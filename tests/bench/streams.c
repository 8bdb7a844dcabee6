/* Streams through the proxy: a source that says a word every 40 ms on each of 200 streams, Inlay, and a sink that looks at every byte.
 *
 * Each delta carries the moment at which the source wrote it, so its way to the sink is measured delta by delta. Three ways: straight from the source,
 * copied (X-Inlay: off), and with links. One after the other, several rounds, as the machine is not ours alone. Lines: time on the way, Inlay's
 * CPU per delta, its memory per stream, time to the first word. BENCH_STREAMS, BENCH_SECONDS a round. */
#include "base/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_US = 40000, ROUNDS = 3, FIRSTS = 101, STREAMS_MAX = 1000, LINE = 16384, WORDS_MAX = 4096 };
enum way { DIRECT, COPIED, LINKED, WAYS };
static const char *const way_name[] = {"straight", "copied", "linked"};

static const char text[] =
	"For long flights I would buy the Sonora WH-900. It is comfortable and quiet, the cups are soft, and the band does not press.\\n\\n"
	"On the way you need little else: a bottle of water, a book that you like, and socks that are warm. Most people sleep better with "
	"something over their eyes, and some take a camping tent for the nights after it, such as the Ridgeline 2 Person Camping Tent.\\n\\n"
	"- charge what has a battery the day before\\n- keep the papers where you find them\\n- walk a little every two hours\\n\\n";

struct bench {
	uint16_t source, inlay; /* ports */
	pid_t pid;
	int streams, words;
	const char *said; /* what a stream of the way at hand must say, as JSON */
};

static void die(const char *what)
{
	fprintf(stderr, "bench: streams: %s (%s)\n", what, strerror(errno));
	exit(1);
}

static int64_t env_number(const char *name, int64_t missing)
{
	const char *v = getenv(name);
	return v && *v ? strtoll(v, NULL, 10) : missing;
}

/* Word n of an answer that has as many as are wanted: with the space before it. */
static struct str word(size_t n, char out[64])
{
	static size_t start[WORDS_MAX], count;
	if (!count) {
		for (size_t i = 0; text[i]; i++)
			if (i == 0 || text[i - 1] == ' ')
				start[count++] = i;
		start[count] = sizeof text - 1;
	}
	size_t at = start[n % count], end = start[n % count + 1];
	memcpy(out, text + at, end - at);
	return (struct str){out, end - at};
}

/* ---- the source -------------------------------------------------------------------------------- */

struct pour { /* a request that is being answered */
	int fd;
	char in[8192];
	size_t n;
	bool asked, slow; /* slow: a word a tick */
	size_t said;
	int64_t next_us;
};
struct source {
	int listener, epoll;
	size_t words;
	struct pour *pour[STREAMS_MAX];
	size_t count;
};

static void set_nonblocking(int fd)
{
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
		die("fcntl");
}

static void send_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t k = send(fd, s.p, s.n, MSG_NOSIGNAL);
		if (k < 0 && errno != EAGAIN)
			return;
		if (k > 0)
			s = str_sub(s, (size_t)k, s.n);
	}
}

static void send_chunk(int fd, struct str s)
{
	char head[32];
	struct buf b;
	buf_init(&b, LINE);
	snprintf(head, sizeof head, "%zx\r\n", s.n);
	buf_put(&b, str_of(head));
	buf_put(&b, s);
	buf_put(&b, STR("\r\n"));
	send_all(fd, buf_str(&b));
	buf_done(&b);
}

static void say_word(struct pour *p)
{
	char line[LINE], w[64];
	struct str s = word(p->said++, w);
	int n = snprintf(line, sizeof line,
		"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%.*s\","
		"\"t\":%lld},\"finish_reason\":null}]}\n\n",
		STR_ARG(s), (long long)mono_us());
	send_chunk(p->fd, (struct str){line, (size_t)n});
}

static void say_end(struct pour *p)
{
	send_chunk(p->fd, STR("data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},"
			      "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"));
	send_chunk(p->fd, STR_NONE);
}

/* The answer in one piece. */
static void say_whole(struct source *s, struct pour *p)
{
	struct buf b;
	char w[64], head[200];
	buf_init(&b, 1u << 20);
	buf_put(&b, STR("{\"id\":\"c1\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""));
	for (size_t i = 0; i < s->words; i++)
		buf_put(&b, word(i, w));
	buf_put(&b, STR("\"},\"finish_reason\":\"stop\"}]}"));
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", b.n);
	send_all(p->fd, str_of(head));
	send_all(p->fd, buf_str(&b));
	buf_done(&b);
}

static void begin_answer(struct source *s, struct pour *p)
{
	struct str request = {p->in, p->n};
	bool streamed = str_find(request, STR("\"stream\":true"), 0) < p->n;
	p->slow = str_find(request, STR("slowly"), 0) < p->n;
	p->n = 0;
	p->said = 0;
	if (!streamed) {
		say_whole(s, p);
		return;
	}
	p->asked = true;
	p->next_us = mono_us();
	send_all(p->fd, STR("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

static bool is_whole(const struct pour *p)
{
	struct str s = {p->in, p->n}, length = STR("Content-Length: ");
	size_t end = str_find(s, STR("\r\n\r\n"), 0), at = str_find(s, length, 0);
	return end < s.n && at < end && s.n >= end + 4 + strtoul(s.p + at + length.n, NULL, 10);
}

static void read_request(struct source *s, struct pour *p)
{
	ssize_t k = recv(p->fd, p->in + p->n, sizeof p->in - 1 - p->n, 0);
	if (k <= 0) {
		if (k < 0 && errno == EAGAIN)
			return;
		close(p->fd);
		for (size_t i = 0; i < s->count; i++)
			if (s->pour[i] == p)
				s->pour[i] = s->pour[--s->count];
		free(p);
		return;
	}
	p->n += (size_t)k;
	p->in[p->n] = '\0';
	if (is_whole(p))
		begin_answer(s, p);
}

static void take_connection(struct source *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct pour *p = fd >= 0 && s->count < STREAMS_MAX ? calloc(1, sizeof *p) : NULL;
	if (!p)
		die("accept");
	p->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	s->pour[s->count++] = p;
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = p});
}

static void pour_due(struct source *s)
{
	int64_t now = mono_us();
	for (size_t i = 0; i < s->count; i++) {
		struct pour *p = s->pour[i];
		while (p->asked && p->next_us <= now) {
			if (p->said < s->words) {
				say_word(p);
				p->next_us += p->slow ? TICK_US : 0;
				continue;
			}
			say_end(p);
			p->asked = false;
		}
	}
}

static void *work_source(void *arg)
{
	struct source *s = arg;
	struct epoll_event ev[64];
	for (;;) {
		int n = epoll_wait(s->epoll, ev, 64, 1);
		for (int i = 0; i < n; i++)
			if (ev[i].data.ptr)
				read_request(s, ev[i].data.ptr);
			else
				take_connection(s);
		pour_due(s);
	}
	return NULL;
}

static uint16_t start_source(size_t words)
{
	struct source *s = calloc(1, sizeof *s);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	pthread_t thread;
	if (!s)
		die("memory");
	s->words = words;
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (bind(s->listener, (struct sockaddr *)&at, n) != 0 || listen(s->listener, 1024) != 0 || getsockname(s->listener, (struct sockaddr *)&at, &n) != 0)
		die("listen");
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &(struct epoll_event){.events = EPOLLIN});
	if (pthread_create(&thread, NULL, work_source, s) != 0)
		die("thread");
	return ntohs(at.sin_port);
}

/* ---- the sink ----------------------------------------------------------------------------------- */

struct drink { /* a stream that is being read */
	int fd;
	struct buf line, said; /* of its body: chunked framing and lines are taken apart together */
	bool body, done;
	size_t deltas;
	int64_t first_us; /* of the first word */
};
struct tally {
	int64_t *us;
	size_t n, most;
};

static int open_to(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	return fd;
}

static void put_request(int fd, enum way way, bool streamed, bool slowly)
{
	char body[400], head[400];
	int n = snprintf(body, sizeof body, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Which noise cancelling headphones should I buy?\"}],\"pace\":\"%s\"%s}",
		slowly ? "slowly" : "at once", streamed ? ",\"stream\":true" : "");
	snprintf(head, sizeof head, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n", n,
		way == COPIED ? "X-Inlay: off\r\n" : "");
	struct buf b;
	buf_init(&b, 4096);
	buf_put(&b, str_of(head));
	buf_put(&b, str_of(body));
	send_all(fd, buf_str(&b));
	buf_done(&b);
}

/* The JSON string behind a name, as it is written. */
static struct str string_after(struct str s, struct str name)
{
	size_t from = str_find(s, name, 0) + name.n, to = from;
	while (to < s.n && s.p[to] != '"')
		to += s.p[to] == '\\' ? 2u : 1u;
	return str_sub(s, from, to);
}

static void hear_line(struct drink *d, struct tally *t)
{
	struct str s = buf_str(&d->line), stamp = STR("\"t\":");
	size_t at = str_find(s, stamp, 0);
	int64_t now = mono_us();
	if (str_starts(s, STR("data: [DONE]")))
		d->done = true;
	if (!str_starts(s, STR("data: {")))
		return;
	struct str more = str_find(s, STR("\"content\":\""), 0) < s.n ? string_after(s, STR("\"content\":\"")) : STR_NONE;
	buf_put(&d->said, more);
	if (more.n && !d->first_us)
		d->first_us = now;
	if (at == s.n)
		return;
	d->deltas++;
	if (t->n < t->most)
		t->us[t->n++] = now - strtoll(s.p + at + stamp.n, NULL, 10);
}

/* False: the connection is over. Lines of chunk sizes are no data lines, and no data line of ours is cut by one: each event is written whole, or its
 * pieces are put together as the size lines between them are dropped. */
static bool drink(struct drink *d, struct tally *t)
{
	char in[65536];
	ssize_t k = recv(d->fd, in, sizeof in, MSG_DONTWAIT);
	if (k <= 0)
		return k < 0 && errno == EAGAIN;
	for (ssize_t i = 0; i < k; i++) {
		if (in[i] != '\n') {
			buf_putc(&d->line, in[i]);
			continue;
		}
		hear_line(d, t);
		buf_clear(&d->line);
	}
	return true;
}

static void drink_init(struct drink *d, uint16_t port, enum way way, bool slowly)
{
	*d = (struct drink){.fd = open_to(port)};
	buf_init(&d->line, 1u << 20);
	buf_init(&d->said, 1u << 20);
	put_request(d->fd, way, true, slowly);
}

static void drink_done(struct drink *d)
{
	close(d->fd);
	buf_done(&d->line);
	buf_done(&d->said);
}

/* What the whole answer says by this way. */
static char *whole_by(uint16_t port, enum way way)
{
	struct buf b;
	char in[4096];
	ssize_t k;
	int fd = open_to(port);
	buf_init(&b, 1u << 20);
	put_request(fd, way, false, false);
	while (!(b.n && str_find(buf_str(&b), STR("\"finish_reason\":\"stop\"}]}"), 0) < b.n) && (k = recv(fd, in, sizeof in, 0)) > 0)
		buf_put(&b, (struct str){in, (size_t)k});
	close(fd);
	struct str s = string_after(buf_str(&b), STR("\"content\":\""));
	char *said = strndup(s.p, s.n);
	buf_done(&b);
	return said;
}

/* ---- Inlay ------------------------------------------------------------------------------------------ */

static uint16_t port_said(int fd)
{
	char line[200];
	size_t n = 0;
	while (n + 1 < sizeof line && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	const char *colon = strrchr(line, ':');
	if (!colon)
		die("inlay does not start");
	return (uint16_t)strtoul(colon + 1, NULL, 10);
}

static void start_inlay(struct bench *b, const char *program, const char *data)
{
	int out[2];
	char upstream[64];
	snprintf(upstream, sizeof upstream, "http://127.0.0.1:%u/v1", b->source);
	if (pipe(out) != 0)
		die("pipe");
	b->pid = fork();
	if (b->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* not to outlive a bench that failed */
		dup2(out[1], 1);
		setenv("NO_PROXY", "127.0.0.1", 1);
		execl(program, program, "serve", "--listen", "127.0.0.1:0", "--data", data, "--upstream", upstream, "--log-level", "error", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	b->inlay = port_said(out[0]);
	close(out[0]);
}

static void put(uint16_t port, const char *path, const char *type, const char *body)
{
	char request[4096], reply[64] = "";
	int fd = open_to(port);
	int n = snprintf(request, sizeof request, "PUT %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", path, type,
		strlen(body), body);
	send_all(fd, (struct str){request, (size_t)n});
	if (recv(fd, reply, sizeof reply - 1, MSG_WAITALL) < 12 || reply[9] != '2')
		die(path);
	while (recv(fd, reply, sizeof reply, 0) > 0)
		;
	close(fd);
}

static void stock(const struct bench *b)
{
	put(b->inlay, "/v1/merchants/audio", "application/json", "{\"name\":\"Audio\",\"hosts\":[\"audio.example\"],\"currency\":\"USD\",\"commission\":[{\"rate_ppm\":50000}]}");
	put(b->inlay, "/v1/merchants/audio/catalog", "application/x-ndjson",
		"{\"id\":\"wh5\",\"title\":\"Sonora WH-900 Wireless Noise Cancelling Headphones\",\"brand\":\"Sonora\",\"mpn\":\"WH-900\",\"url\":\"https://audio.example/p/wh5\","
		"\"price\":\"299.00 USD\",\"category\":\"Electronics > Headphones\",\"availability\":\"in_stock\"}\n"
		"{\"id\":\"tent2\",\"title\":\"Ridgeline 2 Person Camping Tent\",\"brand\":\"Ridgeline\",\"url\":\"https://audio.example/p/tent2\",\"price\":\"129.00 USD\","
		"\"category\":\"Outdoor > Tents\",\"availability\":\"in_stock\"}\n");
}

static int64_t cpu_us(pid_t pid)
{
	clockid_t clock;
	struct timespec t;
	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
		die("no clock of the process");
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t resident(pid_t pid)
{
	char path[64], line[128];
	long pages = 0, held = 0;
	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f || !fgets(line, sizeof line, f) || sscanf(line, "%ld %ld", &pages, &held) != 2)
		die(path);
	fclose(f);
	return (int64_t)held * sysconf(_SC_PAGESIZE);
}

/* ---- rounds -------------------------------------------------------------------------------------------- */

struct round {
	int64_t p50, p99, most, cpu, memory;
	size_t deltas;
};

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void check_said(const struct bench *b, enum way way, const struct drink *d)
{
	if (d->done && d->deltas == (size_t)b->words && str_eq(buf_str(&d->said), str_of(b->said)))
		return;
	fprintf(stderr, "bench: streams: %s: %zu of %d deltas, done %d, said:\n%.*s\nnot:\n%s\n", way_name[way], d->deltas, b->words, d->done, (int)d->said.n, d->said.p, b->said);
	exit(1);
}

static void drain(const struct bench *b, struct drink *all, struct tally *t, int64_t *most_memory)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), left = b->streams;
	struct epoll_event ev[64];
	for (int i = 0; i < b->streams; i++) {
		set_nonblocking(all[i].fd);
		epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &all[i]});
	}
	for (int64_t look = 0; left;) {
		int n = epoll_wait(epoll, ev, 64, 20000);
		if (n <= 0)
			die("nothing comes any more");
		for (int i = 0; i < n; i++) {
			struct drink *d = ev[i].data.ptr;
			if (drink(d, t) && !d->done)
				continue;
			epoll_ctl(epoll, EPOLL_CTL_DEL, d->fd, NULL);
			left--;
		}
		if (mono_us() < look || left < b->streams / 2)
			continue;
		int64_t now = resident(b->pid);
		*most_memory = now > *most_memory ? now : *most_memory;
		look = mono_us() + 100000;
	}
	close(epoll);
}

static struct round run_round(const struct bench *b, enum way way)
{
	struct drink *all = calloc((size_t)b->streams, sizeof *all);
	struct tally t = {.most = (size_t)b->streams * (size_t)b->words};
	struct round r = {0};
	t.us = calloc(t.most, sizeof *t.us);
	if (!all || !t.us)
		die("memory");
	int64_t before = cpu_us(b->pid), idle = resident(b->pid), most = idle;
	for (int i = 0; i < b->streams; i++) {
		drink_init(&all[i], way == DIRECT ? b->source : b->inlay, way, true);
		usleep((useconds_t)(TICK_US / b->streams)); /* so that not all say their words at one moment */
	}
	drain(b, all, &t, &most);
	r.cpu = cpu_us(b->pid) - before;
	r.memory = most - idle;
	for (int i = 0; i < b->streams; i++) {
		check_said(b, way, &all[i]);
		drink_done(&all[i]);
	}
	qsort(t.us, t.n, sizeof *t.us, by_size);
	r.deltas = t.n;
	r.p50 = t.us[t.n / 2];
	r.p99 = t.us[t.n * 99 / 100];
	r.most = t.us[t.n - 1];
	free(t.us);
	free(all);
	return r;
}

/* Time from the request to the first word. */
static int64_t first_word(const struct bench *b, enum way way)
{
	struct tally none = {0};
	struct drink d;
	int64_t began = mono_us();
	drink_init(&d, way == DIRECT ? b->source : b->inlay, way, false);
	set_nonblocking(d.fd);
	while (!d.first_us)
		if (!drink(&d, &none))
			die("no word");
	int64_t took = d.first_us - began;
	drink_done(&d);
	return took;
}

static void first_words(const struct bench *b)
{
	int64_t us[WAYS][FIRSTS];
	for (size_t i = 0; i < FIRSTS; i++)
		for (enum way w = DIRECT; w < WAYS; w++)
			us[w][i] = first_word(b, w);
	for (enum way w = DIRECT; w < WAYS; w++)
		qsort(us[w], FIRSTS, sizeof us[w][0], by_size);
	int64_t straight = us[DIRECT][FIRSTS / 2];
	printf("first word: straight %.2f ms, copied +%.2f ms, linked +%.2f ms (at most 2)\n", (double)straight / 1e3,
		(double)(us[COPIED][FIRSTS / 2] - straight) / 1e3, (double)(us[LINKED][FIRSTS / 2] - straight) / 1e3);
}

static void rounds(struct bench *b, char *said[WAYS])
{
	double cpu[WAYS] = {0};
	int64_t memory = 0;
	for (int i = 0; i < ROUNDS; i++)
		for (enum way w = WAYS; w-- > DIRECT;) { /* linked first: memory that it takes is not there yet */
			b->said = said[w];
			struct round r = run_round(b, w);
			double each = (double)r.cpu / (double)r.deltas;
			cpu[w] = i == 0 || each < cpu[w] ? each : cpu[w];
			memory = i == 0 && w == LINKED ? r.memory : memory;
			printf("streams %-8s %d x %d words: on the way p50 %.2f ms, p99 %.2f ms (linked: at most 20), most %.2f ms; cpu %.1f us a delta\n", way_name[w],
				b->streams, b->words, (double)r.p50 / 1e3, (double)r.p99 / 1e3, (double)r.most / 1e3, each);
		}
	printf("streams cpu a delta: linked %.1f us, copied %.1f us: %.2f times (at most 2.5)\n", cpu[LINKED], cpu[COPIED], cpu[LINKED] / cpu[COPIED]);
	printf("streams memory: %.1f KiB a stream (at most 128)\n", (double)memory / 1024 / b->streams);
}

int main(int argc, char **argv)
{
	struct bench b = {.streams = (int)env_number("BENCH_STREAMS", 200), .words = (int)env_number("BENCH_SECONDS", 4) * 1000000 / TICK_US};
	char program[4096], data[4096];
	char *said[WAYS];
	if (argc != 2 || b.streams < 1 || b.streams > STREAMS_MAX / 2 || b.words < 1)
		die("usage: streams FOLDER");
	const char *slash = strrchr(argv[0], '/');
	snprintf(program, sizeof program, "%.*s/../inlay", slash ? (int)(slash - argv[0]) : 1, slash ? argv[0] : ".");
	snprintf(data, sizeof data, "%s/streams-XXXXXX", argv[1]);
	if (!mkdtemp(data))
		die(data);
	b.source = start_source((size_t)b.words);
	start_inlay(&b, program, data);
	stock(&b);
	for (enum way w = DIRECT; w < WAYS; w++)
		said[w] = whole_by(w == DIRECT ? b.source : b.inlay, w);
	if (!strstr(said[LINKED], "/c/") || strcmp(said[DIRECT], said[COPIED]) != 0)
		die("no links to measure with");
	rounds(&b, said);
	first_words(&b);
	kill(b.pid, SIGTERM);
	waitpid(b.pid, NULL, 0);
	for (enum way w = DIRECT; w < WAYS; w++)
		free(said[w]);
	return 0;
}
