/* GET|HEAD /c/{token}: the click is durable before its 302 is sent, or marked unrecorded once the visitor has waited long enough. */
#include "http/door.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void day_salt(struct salt *s, int64_t at_ms, uint8_t out[32])
{
	int64_t day = at_ms / 86400000;

	pthread_mutex_lock(&s->lock);
	if (s->day != day) {
		random_bytes(s->bytes, sizeof s->bytes); /* the old one is gone with this */
		s->day = day;
	}
	memcpy(out, s->bytes, sizeof s->bytes);
	pthread_mutex_unlock(&s->lock);
}

static bool private_v4(uint32_t a)
{
	return a >> 24 == 127 || a >> 24 == 10 || a >> 20 == 0xAC1 || a >> 16 == 0xC0A8;
}

/* Loopback and private networks: where our own TLS proxy stands. */
static bool is_near(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return private_v4(ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr));
	if (a->sa_family != AF_INET6)
		return false;
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(v6))
		return private_v4((uint32_t)v6->s6_addr[12] << 24 | (uint32_t)v6->s6_addr[13] << 16 | (uint32_t)v6->s6_addr[14] << 8 | v6->s6_addr[15]);
	return IN6_IS_ADDR_LOOPBACK(v6) || (v6->s6_addr[0] & 0xFE) == 0xFC;
}

/* The last entry, which the nearest proxy wrote; those before it are the client's own words. "" if it is no address. */
static struct str forwarded_for(const struct request *r)
{
	struct str rest = request_header(r, "X-Forwarded-For"), last = STR_NONE;

	while (rest.n)
		last = str_trim(str_cut(&rest, ','));
	for (size_t i = 0; i < last.n; i++)
		if (!last.p[i] || !strchr("0123456789abcdefABCDEF.:", last.p[i]))
			return STR_NONE;
	return last.n < 64 ? last : STR_NONE;
}

/* The visitor's, also from behind a proxy of ours: without it all visitors would be one, and its second click a duplicate. */
static struct str client_address(const struct request *r, char out[64])
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	out[0] = '\0';
	if (!i || !i->client_addr)
		return STR_NONE;
	struct str behind = is_near(i->client_addr) ? forwarded_for(r) : STR_NONE;
	if (behind.n)
		return behind;
	socklen_t n = i->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (getnameinfo(i->client_addr, n, out, 64, NULL, 0, NI_NUMERICHOST))
		out[0] = '\0';
	return str_of(out);
}

static enum status follow(struct request *r, struct follow_result *out, struct err *e)
{
	struct http_services *sv = &r->server->services;
	char address[64];
	uint8_t salt[32];
	struct follow_request q = {
		.token = r->segment[0],
		.user_agent = request_header(r, "User-Agent"),
		.accept_language = request_header(r, "Accept-Language"),
		.purpose = {request_header(r, "Sec-Purpose"), request_header(r, "Purpose"), request_header(r, "X-Purpose"),
			request_header(r, "X-Moz")},
		.fetch_mode = request_header(r, "Sec-Fetch-Mode"),
		.fetch_dest = request_header(r, "Sec-Fetch-Dest"),
		.fetch_site = request_header(r, "Sec-Fetch-Site"),
		.gpc = str_eq(str_trim(request_header(r, "Sec-GPC")), STR("1")),
		.address = client_address(r, address),
		.now_ms = now_ms(),
	};

	day_salt(&r->server->salt, q.now_ms, salt);
	struct shelf *s = shelf_get(sv->slot);
	enum status st = flow_follow(s, sv->ledger, sv->keys, &q, ledger_new_id(sv->ledger, q.now_ms), salt, r->arena, out, e);
	if (s)
		shelf_unref(s);
	return st;
}

static void common_headers(struct request *r)
{
	reply_header(&r->reply, "Cache-Control", "no-store");
	reply_header(&r->reply, "Referrer-Policy", "strict-origin-when-cross-origin");
	reply_header(&r->reply, "X-Robots-Tag", "noindex, nofollow");
}

static void click_after(struct request *r, enum status s)
{
	metric_add(s ? METRIC_CLICK_UNRECORDED : METRIC_CLICK_OK, 1);
	if (s)
		reply_header(&r->reply, "Inlay-Click", "unrecorded");
}

static enum turn refuse(struct request *r, enum status s, const struct err *e)
{
	metric_add(METRIC_CLICK_REFUSED, 1);
	if (s == E_DENIED || s == E_MISSING || s == E_INPUT)
		problem(r, 404, "this link is not one of ours");
	else
		problem_of(r, s == E_NOMEM ? E_BUSY : s, e);
	return ANSWERED;
}

enum turn answer_click(struct request *r)
{
	struct follow_result f;
	struct err e = {0};

	common_headers(r);
	enum status s = follow(r, &f, &e);
	if (s)
		return refuse(r, s, &e);
	reply_header(&r->reply, "Location", "%.*s", STR_ARG(f.location));
	reply_send(r, 302, NULL);
	return r->head ? ANSWERED : wait_for_ledger(r, WAIT_CLICK, LEDGER_CLICK, &f.click, click_after);
}

enum turn answer_robots(struct request *r)
{
	buf_put(&r->reply.body, STR("User-agent: *\nDisallow: /c/\n"));
	reply_send(r, 200, "text/plain; charset=utf-8");
	return ANSWERED;
}
