/* Web addresses in parts. */
#include "link/url.h"
#include "link/link.h"

#include <string.h>

#define MAX_URL 16384 /* an outgoing URL of 2,048 bytes of Han text, encoded and wrapped */

/* ---- splitting ------------------------------------------------------------------------------ */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static const char *bytes_fault(struct str url)
{
	for (size_t i = 0; i < url.n; i++) {
		unsigned char c = (unsigned char)url.p[i];
		if (c <= ' ' || c == 0x7f)
			return "white space or a control character in the URL";
		if (c == '\\' || c == '<' || c == '>' || c == '"' || c == '`')
			return "a character in the URL that must be percent-encoded";
		if (c == '%' && (i + 2 >= url.n || !is_hex(url.p[i + 1]) || !is_hex(url.p[i + 2])))
			return "a '%' in the URL that starts no escape";
	}
	return utf8_valid(url) ? NULL : "the URL is not UTF-8";
}

static bool cut_scheme(struct str *rest, struct str *scheme)
{
	size_t n = str_find(*rest, STR("://"), 0);

	*scheme = str_sub(*rest, 0, n);
	*rest = str_sub(*rest, n + 3, rest->n);
	return str_eq_nocase(*scheme, STR("https")) || str_eq_nocase(*scheme, STR("http"));
}

static const char *split_authority(struct str authority, struct url *u)
{
	bool has_port = str_find(authority, STR(":"), 0) < authority.n;
	int64_t port;

	if (str_find(authority, STR("@"), 0) < authority.n)
		return "a user name in the URL";
	u->port = authority;
	u->host = str_cut(&u->port, ':');
	if (!has_port)
		u->port = STR_NONE;
	if (has_port && (u->port.n == 0 || u->port.n > 5 || !is_word(u->port.p[0]) || !str_int(u->port, &port) || port < 1 || port > 65535))
		return "a bad port in the URL";
	return host_valid(u->host) ? NULL : "a bad host in the URL (write international names as xn--)";
}

static size_t span_until(struct str s, const char *stops)
{
	size_t n = 0;

	while (n < s.n && !strchr(stops, s.p[n]))
		n++;
	return n;
}

static void split_rest(struct str rest, struct url *u)
{
	size_t hash = span_until(rest, "#"), mark;

	u->has_fragment = hash < rest.n;
	u->fragment = str_sub(rest, hash + 1, rest.n);
	rest = str_sub(rest, 0, hash);
	mark = span_until(rest, "?");
	u->path = str_sub(rest, 0, mark);
	u->query = str_sub(rest, mark + 1, rest.n);
}

/* "." and ".." also as %2e, as browsers read them. Behind a network's path ("/links/…/https://shop/../..") they would
 * climb out of it and make another link of it. */
static bool has_dot_segment(struct str path)
{
	while (path.n > 0) {
		struct str segment = str_cut(&path, '/');
		if (url_name_is(segment, STR(".")) || url_name_is(segment, STR("..")))
			return true;
	}
	return false;
}

enum status url_split(struct str url, struct url *out, struct err *e)
{
	struct url u = {0};
	const char *fault = NULL;
	size_t end;

	if (url.n == 0)
		return err_set(e, E_INPUT, "url", "is empty");
	if (url.n > MAX_URL)
		return err_set(e, E_INPUT, "url", "the URL is longer than %d bytes", MAX_URL);
	fault = bytes_fault(url);
	if (!fault && !cut_scheme(&url, &u.scheme))
		fault = "is no absolute http or https URL";
	end = fault ? 0 : span_until(url, "/?#");
	if (!fault)
		fault = split_authority(str_sub(url, 0, end), &u);
	if (fault)
		return err_set(e, E_INPUT, "url", "%s", fault);
	split_rest(str_sub(url, end, url.n), &u);
	if (has_dot_segment(u.path))
		return err_set(e, E_INPUT, "url", "a '.' or '..' in the path of the URL");
	*out = u;
	return OK;
}

enum status link_url_check(struct str url, struct str *host_out, struct err *e)
{
	struct url u;
	enum status s = url_split(url, &u, e);

	if (s == OK && host_out)
		*host_out = u.host;
	return s;
}

bool url_host_under(struct str host, struct str owner)
{
	size_t extra = host.n - owner.n;

	if (owner.n == 0 || host.n < owner.n || !str_eq_nocase(str_sub(host, extra, host.n), owner))
		return false;
	return extra == 0 || host.p[extra - 1] == '.';
}

/* ---- parameters ----------------------------------------------------------------------------- */

bool url_next_pair(struct str *query, struct str *pair_out, struct str *name_out, struct str *value_out)
{
	while (query->n > 0) {
		struct str pair = str_cut(query, '&');
		if (pair.n == 0)
			continue;
		*pair_out = pair;
		*value_out = pair;
		*name_out = str_cut(value_out, '=');
		if (name_out->n == pair.n)
			*value_out = STR_NONE;
		return true;
	}
	return false;
}

static int hex_value(char c)
{
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* The byte at *i, unescaped; moves *i behind it. */
static char next_decoded(struct str s, size_t *i)
{
	size_t at = (*i)++;

	if (s.p[at] != '%' || at + 2 >= s.n || !is_hex(s.p[at + 1]) || !is_hex(s.p[at + 2]))
		return s.p[at];
	*i = at + 3;
	return (char)(hex_value(s.p[at + 1]) << 4 | hex_value(s.p[at + 2]));
}

void url_decode(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n;)
		buf_putc(out, next_decoded(s, &i));
}

/* How much of the encoded name reads as wanted; SIZE_MAX if it does not begin so. */
static size_t name_match(struct str encoded, struct str wanted)
{
	size_t i = 0, w = 0;

	for (; w < wanted.n && i < encoded.n; w++) {
		char c = next_decoded(encoded, &i);
		if (!str_eq_nocase((struct str){&c, 1}, str_sub(wanted, w, w + 1)))
			return SIZE_MAX;
	}
	return w == wanted.n ? i : SIZE_MAX;
}

bool url_name_is(struct str encoded, struct str wanted)
{
	return name_match(encoded, wanted) == encoded.n;
}

bool url_name_starts(struct str encoded, struct str wanted)
{
	return name_match(encoded, wanted) != SIZE_MAX;
}

/* ---- encoding ------------------------------------------------------------------------------- */

static void put_escape(struct buf *out, char c)
{
	static const char digit[] = "0123456789ABCDEF";
	char escape[3] = {'%', digit[(unsigned char)c >> 4], digit[c & 15]};

	buf_put(out, (struct str){escape, 3});
}

/* Whether a ';' put now would end something like "&copy;" or "&#35;": CommonMark reads entities in link destinations. */
static bool ends_entity(struct str out, size_t from)
{
	size_t i = out.n;

	while (i > from && (is_word(out.p[i - 1]) || out.p[i - 1] == '#'))
		i--;
	return i > from && i < out.n && out.p[i - 1] == '&';
}

void url_put_safe(struct buf *out, struct str url)
{
	size_t start = out->n;
	bool fragment = false;

	for (size_t i = 0; i < url.n; i++) {
		char c = url.p[i];
		bool plain = c && (is_word(c) || strchr("-._:/?@!&+,=%", c));
		if (c == '#' && !fragment)
			fragment = plain = true;
		if (c == ';')
			plain = !ends_entity(buf_str(out), start);
		if (plain)
			buf_putc(out, c);
		else
			put_escape(out, c);
	}
}

void url_put_value(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (is_word(c) || c == '-' || c == '.' || c == '_')
			buf_putc(out, c);
		else
			put_escape(out, c);
	}
}
