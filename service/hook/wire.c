/* Headers on their way to the upstream and back: what belongs to a connection stays on it, keys that are for us go no further. */
#include "hook/call.h"

#include <string.h>

struct str wire_field(const struct hook_request *r, const char *name)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (str_eq_nocase(r->field[i].name, str_of(name)))
			return r->field[i].value;
	return STR_NONE;
}

static bool named(struct str name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(name, str_of(names[i])))
			return true;
	return false;
}

/* ---- to the upstream ------------------------------------------------------------------------- */

static bool is_listed(struct str list, struct str name)
{
	while (list.n)
		if (str_eq_nocase(str_trim(str_cut(&list, ',')), name))
			return true;
	return false;
}

static bool stays_here(const struct hook_call *c, const struct hook_request *r, struct str name)
{
	static const char *const hop[] = {"connection", "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate", "te", "trailer",
		"transfer-encoding", "upgrade", "host", "content-length", "expect"};
	static const char *const keys[] = {"authorization", "x-api-key"};
	bool key = r->own_key || *c->hook->key;
	return named(name, hop, ARRAY_LEN(hop)) || is_listed(wire_field(r, "connection"), name) || (key && named(name, keys, ARRAY_LEN(keys))) ||
		(name.n >= 7 && str_eq_nocase(str_sub(name, 0, 7), STR("x-inlay"))) ||
		(c->touched && str_eq_nocase(name, STR("accept-encoding")));
}

static bool add_line(struct hook_call *c, struct buf *line)
{
	struct curl_slist *more = line->failed ? NULL : curl_slist_append(c->headers, line->p);
	if (more)
		c->headers = more;
	buf_clear(line);
	return more != NULL;
}

static bool add_field(struct hook_call *c, struct str name, struct str value, struct buf *line)
{
	buf_put(line, name);
	buf_put(line, value.n ? STR(": ") : STR(";")); /* curl's way to write an empty one */
	buf_put(line, value);
	return add_line(c, line);
}

/* What curl would add by itself is not what the client said. */
static bool silence(struct hook_call *c, const struct hook_request *r, const char *name, struct buf *line)
{
	if (wire_field(r, name).p)
		return true;
	buf_printf(line, "%s:", name);
	return add_line(c, line);
}

static bool add_key(struct hook_call *c, const struct hook_request *r, struct buf *line)
{
	struct str key = str_of(c->hook->key);
	if (!key.n)
		return true;
	bool plain = wire_field(r, "x-api-key").p && !wire_field(r, "authorization").p;
	buf_put(line, plain ? STR("x-api-key: ") : STR("Authorization: Bearer "));
	buf_put(line, key);
	return add_line(c, line);
}

static bool set_headers(struct hook_call *c, const struct hook_request *r)
{
	struct buf line;
	buf_init(&line, 64u * 1024);
	bool fine = add_key(c, r, &line) && silence(c, r, "Accept", &line) && silence(c, r, "Content-Type", &line) && silence(c, r, "User-Agent", &line);
	buf_put(&line, STR("Expect:"));
	fine = fine && add_line(c, &line);
	for (size_t i = 0; fine && i < r->field_count; i++)
		if (!stays_here(c, r, r->field[i].name))
			fine = add_field(c, r->field[i].name, r->field[i].value, &line);
	buf_done(&line);
	return fine;
}

static void set_method(struct hook_call *c, const struct hook_request *r, const char *method)
{
	bool get = str_eq(r->method, STR("GET")), head = str_eq(r->method, STR("HEAD")), post = str_eq(r->method, STR("POST"));
	if (c->body.n || post) {
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body.n ? c->body.p : "");
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.n);
	}
	if (head)
		curl_easy_setopt(c->easy, CURLOPT_NOBODY, 1L);
	else if (!post && (!get || c->body.n))
		curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method);
}

/* The base is what clients' libraries call base URL: with a path it stands for /v1. */
static bool set_url(struct hook_call *c, struct str target)
{
	struct buf url;
	buf_init(&url, 64u * 1024);
	buf_put(&url, str_of(c->hook->base));
	buf_put(&url, c->hook->base_has_path ? str_sub(target, 3, target.n) : target);
	bool fine = !url.failed && curl_easy_setopt(c->easy, CURLOPT_URL, url.p) == CURLE_OK;
	buf_done(&url);
	return fine;
}

/* No way out of the base, whatever the upstream makes of dots. */
static bool leads_out(struct str target)
{
	struct str path = str_cut(&target, '?');
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= ' ' || (unsigned char)path.p[i] >= 0x7F)
			return true;
	return !str_starts(path, STR("/v1/")) || str_find(path, STR(".."), 0) < path.n || str_find(path, STR("/./"), 0) < path.n ||
		str_find(path, STR("%2e"), 0) < path.n || str_find(path, STR("%2E"), 0) < path.n || str_find(path, STR("\\"), 0) < path.n;
}

static void set_limits(struct hook_call *c)
{
	const struct hook_options *o = &c->hook->options;
	CURL *e = c->easy;
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	/* HTTP/2 would share one connection: a slow client would hold the others up. */
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)((o->idle_ms + 999) / 1000));
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	if (!c->touched)
		return;
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "identity"); /* should it come packed all the same, curl unpacks it */
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 8192L);           /* a delta is small, and there are many streams */
}

enum status wire_request(struct hook_call *c, const struct hook_request *r, struct err *e)
{
	char method[16];
	if (leads_out(r->target) || r->method.n >= sizeof method)
		return err_set(e, E_INPUT, "", "there is no such path");
	memcpy(method, r->method.p, r->method.n);
	method[r->method.n] = '\0';
	c->easy = curl_easy_init();
	if (!c->easy || !set_headers(c, r) || !set_url(c, r->target))
		return err_set(e, E_NOMEM, "", "out of memory");
	set_method(c, r, method);
	set_limits(c);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, answer_header);
	curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, answer_body);
	curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	return OK;
}

/* ---- from the upstream ---------------------------------------------------------------------------- */

static bool passes(struct str name, bool touched)
{
	static const char *const hop[] = {"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade",
		"content-length", "alt-svc", "strict-transport-security"};
	static const char *const of_bytes[] = {"content-encoding", "etag", "content-md5", "digest", "content-digest", "accept-ranges"};
	return !named(name, hop, ARRAY_LEN(hop)) && !(touched && named(name, of_bytes, ARRAY_LEN(of_bytes)));
}

static void keep(struct head *h, struct str name, struct str value)
{
	if (h->fields.n + name.n + value.n + 2 > HEAD_MAX)
		return;
	buf_put(&h->fields, name);
	buf_putc(&h->fields, '\0');
	buf_put(&h->fields, value);
	buf_putc(&h->fields, '\0');
}

static void read_field(struct head *h, struct str name, struct str value, bool touched)
{
	struct str type = value;
	if (str_eq_nocase(name, STR("content-length"))) {
		if (!str_int(value, &h->length) || h->length < 0)
			h->length = -1;
	} else if (str_eq_nocase(name, STR("content-encoding"))) {
		h->packed = !str_eq_nocase(value, STR("identity"));
	} else if (str_eq_nocase(name, STR("content-type"))) {
		type = str_trim(str_cut(&type, ';'));
		h->event_stream = str_eq_nocase(type, STR("text/event-stream"));
		h->json = str_eq_nocase(type, STR("application/json"));
	}
	if (passes(name, touched))
		keep(h, name, value);
}

void wire_head(struct head *h, struct str lines, bool touched)
{
	h->length = -1;
	str_cut(&lines, '\n'); /* the status line */
	while (lines.n) {
		struct str value = str_cut(&lines, '\n'), name = str_cut(&value, ':');
		name = str_trim(name);
		if (name.n && memchr(name.p, '\0', name.n) == NULL && memchr(value.p, '\0', value.n) == NULL)
			read_field(h, name, str_trim(value), touched);
	}
	if (touched && h->packed)
		h->length = -1;
}
