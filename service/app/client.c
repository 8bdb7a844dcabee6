/* The HTTP client: connect, send with progress, read to the end. */
#include "app/client.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PIECE 65536
#define WAIT_S 600 /* a million products are parsed, stored and indexed before the answer comes */

struct place {
	char host[256], port[16];
	struct str prefix;
};

static enum status read_place(struct str base, struct place *out, struct err *e)
{
	if (!str_starts(base, STR("http://")))
		return err_set(e, E_INPUT, "url", "must begin with http:// (for https push through the machine that ends TLS, or curl)");
	struct str rest = str_sub(base, 7, base.n);
	struct str authority = str_cut(&rest, '/');
	struct str host = authority, port = STR("80");
	size_t close = str_starts(authority, STR("[")) ? str_find(authority, STR("]"), 0) : 0;
	size_t colon = str_find(authority, STR(":"), close);
	if (colon < authority.n) {
		host = str_sub(authority, 0, colon);
		port = str_sub(authority, colon + 1, authority.n);
	}
	if (close)
		host = str_sub(authority, 1, close);
	if (!host.n || host.n >= sizeof out->host || !port.n || port.n >= sizeof out->port)
		return err_set(e, E_INPUT, "url", "has no usable host");
	snprintf(out->host, sizeof out->host, "%.*s", STR_ARG(host));
	snprintf(out->port, sizeof out->port, "%.*s", STR_ARG(port));
	out->prefix = str_ends(rest, STR("/")) ? str_sub(rest, 0, rest.n - 1) : rest;
	return OK;
}

static enum status dial(const struct place *p, int *fd_out, struct err *e)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list, *at;
	int fd = -1, bad = getaddrinfo(p->host, p->port, &hints, &list);
	if (bad)
		return err_set(e, E_IO, "url", "%s: %s", p->host, gai_strerror(bad));
	for (at = list; at && fd < 0; at = at->ai_next) {
		fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
			bad = errno;
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	if (fd < 0)
		return err_set(e, E_IO, "url", "cannot reach %s:%s: %s", p->host, p->port, strerror(bad));
	const struct timeval wait = {.tv_sec = WAIT_S};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	*fd_out = fd;
	return OK;
}

/* False when the peer stopped listening; it may have answered already (413). */
static bool send_all(int fd, struct str s, const struct client_request *r)
{
	for (size_t done = 0; done < s.n;) {
		size_t piece = s.n - done < PIECE ? s.n - done : PIECE;
		ssize_t n = send(fd, s.p + done, piece, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		done += (size_t)n;
		if (r && r->progress)
			r->progress(r->arg, done, s.n);
	}
	return true;
}

static void write_head(const struct client_request *r, const struct place *p, struct buf *out)
{
	buf_printf(out, "%s %s%.*s%.*s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\nContent-Length: %zu\r\n", r->method, p->prefix.n ? "/" : "",
		STR_ARG(p->prefix), STR_ARG(r->path), p->host, p->port, r->body.n);
	if (r->content_type)
		buf_printf(out, "Content-Type: %s\r\n", r->content_type);
	if (r->gzip)
		buf_put(out, STR("Content-Encoding: gzip\r\n"));
	if (r->key.n)
		buf_printf(out, "Authorization: Bearer %.*s\r\n", STR_ARG(r->key));
	buf_put(out, STR("\r\n"));
}

static bool read_all(int fd, struct buf *all)
{
	char piece[PIECE];
	ssize_t n;
	while ((n = recv(fd, piece, sizeof piece, 0)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buf_put(all, (struct str){piece, (size_t)n});
	return !all->failed && all->n > 0;
}

static bool next_chunk(struct str *rest, struct buf *out)
{
	size_t size = 0, end = str_find(*rest, STR("\r\n"), 0);
	char digits[17] = "";
	if (end == rest->n || end >= sizeof digits)
		return false;
	memcpy(digits, rest->p, end);
	if (sscanf(digits, "%zx", &size) != 1 || size == 0 || size > rest->n - end - 2)
		return false;
	buf_put(out, str_sub(*rest, end + 2, end + 2 + size));
	*rest = str_sub(*rest, end + 2 + size + 2, rest->n);
	return true;
}

static enum status split(struct str all, int *http_status_out, struct buf *reply, struct err *e)
{
	char line[16] = "";
	size_t head = str_find(all, STR("\r\n\r\n"), 0);
	if (head == all.n || !str_starts(all, STR("HTTP/1.")) || all.n < 12)
		return err_set(e, E_IO, "url", "that is no HTTP server");
	memcpy(line, all.p + 9, 3);
	int64_t code;
	if (!str_int(str_of(line), &code))
		return err_set(e, E_IO, "url", "that is no HTTP server");
	struct str headers = str_sub(all, 0, head), body = str_sub(all, head + 4, all.n);
	bool chunked = str_find(headers, STR("ransfer-Encoding: chunked"), 0) < headers.n;
	if (chunked)
		while (next_chunk(&body, reply))
			;
	else
		buf_put(reply, body);
	*http_status_out = (int)code;
	return OK;
}

enum status client_send(const struct client_request *r, int *http_status_out, struct buf *reply, struct err *e)
{
	struct place p;
	struct buf head, all;
	int fd = -1;
	enum status s = read_place(r->base, &p, e);
	if (s == OK)
		s = dial(&p, &fd, e);
	if (s != OK)
		return s;
	buf_init(&head, 16384);
	buf_init(&all, 16 << 20);
	write_head(r, &p, &head);
	bool sent = !head.failed && send_all(fd, buf_str(&head), NULL) && send_all(fd, r->body, r);
	bool got = read_all(fd, &all);
	if (!got)
		s = err_set(e, E_IO, "url", sent ? "the server closed without an answer" : "the connection broke while sending");
	if (s == OK)
		s = split(buf_str(&all), http_status_out, reply, e);
	close(fd);
	buf_done(&head);
	buf_done(&all);
	return s;
}
