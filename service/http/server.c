/* The server: listening, libmicrohttpd's daemons, start and stop. */
#include "http/door.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_MEMORY 16384 /* zeroed after every request: more costs (facts: server 1.4.3) */
#define BACKLOG 4096
#define INSERT_WAIT_US 50000

static void mhd_log(void *arg, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void mhd_log(void *arg, const char *fmt, va_list ap)
{
	char text[300], quoted[320];

	(void)arg;
	vsnprintf(text, sizeof text, fmt, ap);
	log_event(LOG_DEBUG, "http", "event=mhd detail=%s", log_quote(str_trim(str_of(text)), quoted, sizeof quoted));
}

/* ---- listening ---------------------------------------------------------------------------------------- */

static enum status split_address(struct str at, char host[64], char port[8], struct err *e)
{
	size_t colon = at.n;

	while (colon > 0 && at.p[colon - 1] != ':')
		colon--;
	struct str h = str_sub(at, 0, colon ? colon - 1 : 0), p = str_sub(at, colon, at.n);
	if (h.n > 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = str_sub(h, 1, h.n - 1);
	int64_t number;
	if (!colon || h.n == 0 || h.n >= 64 || !str_int(p, &number) || number < 0 || number > 65535)
		return err_set(e, E_INPUT, "listen", "HOST:PORT is wanted, not \"%.*s\"", STR_ARG(at));
	snprintf(host, 64, "%.*s", STR_ARG(h));
	snprintf(port, 8, "%lld", (long long)number);
	return OK;
}

static int open_listener(const struct addrinfo *a)
{
	int one = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void write_address(struct door *d)
{
	struct sockaddr_storage sa = {0};
	socklen_t n = sizeof sa;
	char host[64], port[8];

	if (getsockname(d->fd, (struct sockaddr *)&sa, &n) ||
		getnameinfo((struct sockaddr *)&sa, n, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	snprintf(d->address, sizeof d->address, sa.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static enum status door_listen(struct door *d, struct str at, struct err *e)
{
	char host[64], port[8];
	struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;

	enum status s = split_address(at, host, port, e);
	if (s)
		return s;
	int r = getaddrinfo(host, port, &want, &found);
	if (r)
		return err_set(e, E_INPUT, "listen", "%s: %s", host, gai_strerror(r));
	d->fd = open_listener(found);
	freeaddrinfo(found);
	if (d->fd < 0)
		return err_set(e, E_IO, "listen", "%.*s: %s", STR_ARG(at), strerror(errno));
	write_address(d);
	return OK;
}

static unsigned default_threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores > 2 ? (unsigned)cores - 1 : 1;
}

static enum status door_open(struct door *d, struct http_server *h, struct str at, unsigned threads, struct err *e)
{
	struct MHD_OptionItem items[4];
	const struct http_options *o = &h->options;
	size_t n = 0;

	d->server = h;
	enum status s = door_listen(d, at, e);
	if (s)
		return s;
	if (threads > 1)
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL};
	if (o->per_address_limit)
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)o->per_address_limit, NULL};
	items[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	unsigned timeout_s = (unsigned)((o->deadline_ms + 999) / 1000);
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (d->address[0] == '[' ? MHD_USE_IPv6 : 0);
	d->daemon = MHD_start_daemon(flags, 0, NULL, NULL, access_request, d, MHD_OPTION_EXTERNAL_LOGGER, mhd_log, NULL, MHD_OPTION_LISTEN_SOCKET, d->fd,
		MHD_OPTION_URI_LOG_CALLBACK, request_begin, d, MHD_OPTION_NOTIFY_COMPLETED, request_completed, d, MHD_OPTION_NOTIFY_CONNECTION,
		connection_changed, d, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, timeout_s,
		MHD_OPTION_CONNECTION_LIMIT, o->connection_limit, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	if (d->daemon)
		return OK;
	close(d->fd);
	return err_set(e, E_IO, "listen", "libmicrohttpd does not start on %s", d->address);
}

/* ---- start and stop --------------------------------------------------------------------------------------- */

static void fill_defaults(struct http_options *o)
{
	o->threads = o->threads ? o->threads : default_threads();
	o->connection_limit = o->connection_limit ? o->connection_limit : 10000;
	o->max_answer = o->max_answer ? o->max_answer : INSERT_MAX_ANSWER;
	o->max_body = o->max_body ? o->max_body : 1u << 20;
	o->max_upload = o->max_upload ? o->max_upload : 1u << 30;
	o->click_wait_ms = o->click_wait_ms > 0 ? o->click_wait_ms : 250;
	o->deadline_ms = o->deadline_ms > 0 ? o->deadline_ms : 15000;
	o->max_streams = o->max_streams ? o->max_streams : 4096;
}

static char *choose_temp_dir(struct str wanted)
{
	const char *env = getenv("TMPDIR");
	struct str s = wanted.n ? wanted : env && env[0] == '/' ? str_of(env) : STR("/tmp");
	return strndup(s.p, s.n);
}

static void server_free(struct http_server *h)
{
	streams_done(&h->streams);
	mishaps_done(&h->mishaps);
	free(h->keyring.key);
	free(h->temp_dir);
	free(h);
}

static enum status start_threads(struct http_server *h, struct err *e)
{
	enum status s = watchdog_start(&h->watchdog, e);

	if (s)
		return s;
	s = waits_start(&h->waits, h->options.click_wait_ms * 1000, INSERT_WAIT_US, e);
	if (s) {
		watchdog_stop(&h->watchdog);
		return s;
	}
	s = workers_start(&h->workers, h->options.threads >= 3 ? WORKERS_MAX : 3, e);
	if (s) {
		waits_stop(&h->waits);
		watchdog_stop(&h->watchdog);
	}
	return s;
}

static enum status open_doors(struct http_server *h, struct err *e)
{
	enum status s = OK;

	if (h->options.admin_listen.n) {
		h->admin_door.private_door = true;
		s = door_open(&h->admin_door, h, h->options.admin_listen, 1, e);
	}
	return s ? s : door_open(&h->main_door, h, h->options.listen, h->options.threads, e);
}

enum status http_start(const struct http_options *o, const struct http_services *services, struct http_server **out, struct err *e)
{
	struct http_server *h = calloc(1, sizeof *h);

	if (!h)
		return err_set(e, E_NOMEM, "http", "no memory");
	if (!epoll_is_capped()) {
		free(h);
		return err_set(e, E_BUG, "http", "epoll_wait of this program is not in front of the C library's: see http/epoll.c");
	}
	h->options = *o;
	h->services = *services;
	fill_defaults(&h->options);
	h->temp_dir = choose_temp_dir(o->temp_dir);
	pthread_rwlock_init(&h->keyring.lock, NULL);
	pthread_mutex_init(&h->salt.lock, NULL);
	pthread_mutex_init(&h->running_keys.lock, NULL);
	h->salt.day = -1;
	h->keyring.required = o->keys_required;
	streams_init(&h->streams, h->options.max_streams);
	mishaps_init(&h->mishaps);
	enum status s = h->temp_dir ? keyring_reload(&h->keyring, services->ledger, e) : err_set(e, E_NOMEM, "http", "no memory");
	if (s == OK)
		s = start_threads(h, e);
	if (s) {
		server_free(h);
		return s;
	}
	s = open_doors(h, e);
	if (s) {
		http_stop(h, 0);
		return s;
	}
	*out = h;
	return OK;
}

struct str http_address(const struct http_server *h)
{
	return str_of(h->main_door.address);
}

enum status http_reload_keys(struct http_server *h, struct err *e)
{
	return keyring_reload(&h->keyring, h->services.ledger, e);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static void door_close_listener(struct door *d)
{
	if (d->daemon && MHD_quiesce_daemon(d->daemon) != MHD_INVALID_SOCKET)
		close(d->fd);
}

static void door_stop(struct door *d)
{
	if (d->daemon)
		MHD_stop_daemon(d->daemon);
}

void http_stop(struct http_server *h, int64_t timeout_ms)
{
	int64_t until = mono_us() + timeout_ms * 1000;

	atomic_store(&h->draining, true);
	door_close_listener(&h->main_door);
	door_close_listener(&h->admin_door);
	while (atomic_load(&h->active) > 0 && mono_us() < until)
		pause_ms(2);
	if (h->services.hook)
		hook_close(h->services.hook);
	workers_stop(&h->workers);
	waits_stop(&h->waits);
	/* MHD must not be stopped with suspended connections. All of them are resumed by now or are about to be. */
	while (atomic_load(&h->suspended) > 0)
		pause_ms(1);
	door_stop(&h->main_door);
	door_stop(&h->admin_door);
	watchdog_stop(&h->watchdog);
	server_free(h);
}
