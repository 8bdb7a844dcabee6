/* Malformed requests by the thousand: seeds are mutated, each goes over a connection of its own; between them a canary must be answered.
 *
 * fuzz PORT REQUESTS THREADS SEED: prints what came back by class; exit 1 if a canary was not answered or no connection could be made. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE_MOST (1u << 18)
#define CANARY_EVERY 500
#define THREADS_MOST 32

static const char *const seeds[] = {
	"GET /c/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_ HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\nSec-Purpose: prefetch\r\n\r\n",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 54\r\n\r\n"
	"{\"question\":\"which tent should I buy?\",\"answer\":\"a b\"}",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"answer\":\"abcd\"\r\n1\r\n}\r\n0\r\n\r\n",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /c/x HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n\x1f\x8b\x08\x01\x02\x03\x04\x05\x06\x07\x08zzzzzzzzz",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Encoding: zstd\r\nContent-Length: 12\r\n\r\n\x28\xb5\x2f\xfdzzzzzzzz",
	"POST /v1/insert/stream HTTP/1.1\r\nHost: a\r\nContent-Length: 29\r\n\r\n{\"question\":\"q\",\"delta\":\"abc\"}",
	"POST /v1/insert/stream HTTP/1.1\r\nHost: a\r\nContent-Length: 54\r\n\r\n{\"stream\":\"st_00000000000000000000000000\",\"seq\":2,\"d\":1}",
	"POST /v1/insert/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\n{\"answer\":\"a\"}\n{\"answer\":5}\n\n{\n",
	"PUT /v1/merchants/zz HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n{\"name\":\"Z\",\"hosts\":[\"z.example\"] , }",
	"PUT /v1/merchants/audio/catalog?dry_run=1&format=inlay HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: 12\r\n\r\n"
	"{\"id\":\"q\"}\n\n",
	"GET /v1/merchants/audio/products?cursor=6162&limit=3 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /v1/catalog/search?q=%E9%9D%A2%E8%86%9C&limit=5 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /v1/postback/audio?order_id=1&total=1.00&currency=USD&secret=x HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /v1/postback/audio HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30\r\n\r\n"
	"order_id=1&total=1&sig=00&a=%zz",
	"GET /v1/reports/commissions?from=2026-01-01&to=2026-02-01&tz=Asia/Shanghai&group_by=day,merchant HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /v1/insertions/ins_00000000000000000000000000 HTTP/1.1\r\nHost: a\r\ntraceparent: 00-0-0-0\r\n\r\n",
	"GET /c/%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /c/%00%ff%c0%ae HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /c/a?x=1&y=%zz&&&=== HTTP/1.0\r\n\r\n",
	"\r\n\r\n\r\nGET / HTTP/9.9\r\n\r\n",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n{}x",
	"POST /v1/insert HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
	"GET /healthz HTTP/1.1\r\nHost: a\r\n folded: x\r\n\ty\r\nA:\r\n\r\n",
};
#define SEED_COUNT (sizeof seeds / sizeof *seeds)

static const char *const snippets[] = {"\r\n", "\r\nContent-Length: 0\r\n", "%0d%0a", "Transfer-Encoding: chunked\r\n", "\n\n", "{\"answer\":[[[[[[[[[", "%00", "\"\\ud800\""};
#define SNIPPET_COUNT (sizeof snippets / sizeof *snippets)

static struct sockaddr_in where;
static long total;
static uint64_t seed_number;
static atomic_long next_request, came_back[7], lost_canaries, refused_connections;

static uint64_t draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static size_t below(uint64_t *x, size_t n)
{
	return n ? (size_t)(draw(x) % n) : 0;
}

/* Opens a gap of k bytes at a random place; returns the place. */
static size_t open_gap(char *o, size_t *n, size_t k, uint64_t *x)
{
	size_t at = below(x, *n + 1);

	if (*n + k > SIZE_MOST)
		k = SIZE_MOST - *n;
	memmove(o + at + k, o + at, *n - at);
	memset(o + at, 'B', k);
	*n += k;
	return at;
}

static void put_snippet(char *o, size_t *n, uint64_t *x)
{
	const char *t = snippets[below(x, SNIPPET_COUNT)];
	size_t k = strlen(t);

	if (*n + k < SIZE_MOST)
		memcpy(o + open_gap(o, n, k, x), t, k);
}

static void mutate(char *o, size_t *n, uint64_t *x)
{
	size_t at = below(x, *n);

	switch (below(x, 7)) {
	case 0:
		o[at] ^= (char)(1 << below(x, 8));
		break;
	case 1:
		o[at] = (char)draw(x);
		break;
	case 2:
		*n = at;
		break;
	case 3: {
		size_t k = below(x, 300), gap = open_gap(o, n, k, x);
		memset(o + gap, "A:/\r\n \"{%"[below(x, 9)], k);
		break;
	}
	case 4: { /* a piece of it once more */
		size_t k = below(x, *n - at);
		if (*n + k < SIZE_MOST) {
			memmove(o + *n, o + at, k);
			*n += k;
		}
		break;
	}
	case 5:
		if (below(x, 20) == 0)
			open_gap(o, n, 4000 + below(x, 60000), x);
		break;
	default:
		put_snippet(o, n, x);
	}
}

static size_t make_request(char *o, uint64_t *x)
{
	const char *s = seeds[below(x, SEED_COUNT)];
	size_t n = strlen(s);

	memcpy(o, s, n);
	for (size_t i = below(x, 6); i > 0 && n > 0; i--)
		mutate(o, &n, x);
	return n;
}

static int dial(long timeout_us)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval t = {timeout_us / 1000000, timeout_us % 1000000};
	struct linger reset = {1, 0}; /* no TIME_WAIT for so many */

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
	setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (connect(s, (struct sockaddr *)&where, sizeof where) == 0)
		return s;
	close(s);
	return -1;
}

static void send_all(int s, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(s, p, n, MSG_NOSIGNAL);
		if (k <= 0)
			return;
		p += k;
		n -= (size_t)k;
	}
}

static bool canary(void)
{
	static const char q[] = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	char b[256];
	int s = dial(10000000);

	if (s < 0)
		return false;
	send_all(s, q, sizeof q - 1);
	ssize_t n = recv(s, b, sizeof b, 0);
	close(s);
	return n > 12 && memcmp(b, "HTTP/1.1 200", 12) == 0;
}

static void one_request(char *o, uint64_t *x)
{
	char b[4096];
	size_t n = make_request(o, x);
	int s = dial(20000);

	if (s < 0) {
		refused_connections++;
		usleep(1000);
		return;
	}
	send_all(s, o, n);
	shutdown(s, SHUT_WR);
	ssize_t got = recv(s, b, sizeof b, 0);
	int class = got > 9 && memcmp(b, "HTTP/1.", 7) == 0 ? b[9] - '0' : got == 0 ? 6 : 0;
	came_back[class >= 0 && class <= 6 ? class : 0]++;
	close(s);
}

static void *run(void *arg)
{
	uint64_t x = (seed_number + 1) * 0x9E3779B97F4A7C15u + (uint64_t)(uintptr_t)arg * 0x2545F4914F6CDD1Du;
	char *o = malloc(SIZE_MOST + 4096);

	for (long k; o && (k = next_request++) < total;) {
		if (k % CANARY_EVERY == 0 && !canary())
			lost_canaries++;
		one_request(o, &x);
	}
	free(o);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS_MOST];
	size_t threads = argc > 3 ? (size_t)atoi(argv[3]) : 0;

	if (argc != 5 || threads == 0 || threads > THREADS_MOST)
		return 2;
	where = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	total = atol(argv[2]);
	seed_number = strtoull(argv[4], NULL, 10);
	for (size_t i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, run, (void *)(uintptr_t)(i + 1));
	for (size_t i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("none %ld 2xx %ld 3xx %ld 4xx %ld 5xx %ld closed %ld refused %ld lost-canaries %ld\n", came_back[0], came_back[2], came_back[3], came_back[4],
		came_back[5], came_back[6], refused_connections, lost_canaries);
	return lost_canaries > 0 || !canary() || refused_connections > total / 10;
}
