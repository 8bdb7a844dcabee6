/* What counts as a web address in a catalog. */
#include "catalog/catalog.h"

#define MAX_HOST 253
#define MAX_LABEL 63

static bool host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

bool host_valid(struct str host)
{
	size_t labels = 0;

	if (host.n == 0 || host.n > MAX_HOST)
		return false;
	for (struct str rest = host; rest.n > 0; labels++) {
		bool last = str_find(rest, STR("."), 0) == rest.n;
		struct str label = str_cut(&rest, '.');
		if (label.n == 0 || label.n > MAX_LABEL || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!host_char(label.p[i]))
				return false;
		if (!last && rest.n == 0)
			return false;
	}
	/* One label would be a whole top-level domain, and every shop in it. */
	return labels > 1 || str_eq_nocase(host, STR("localhost"));
}

static bool port_valid(struct str port)
{
	int64_t n;

	return str_int(port, &n) && port.p[0] != '+' && n > 0 && n < 65536;
}

/* Splits off the scheme; false unless it is http or https. */
static bool scheme_cut(struct str url, struct str *rest_out)
{
	const struct str SCHEMES[] = {STR("https://"), STR("http://")};

	for (size_t i = 0; i < ARRAY_LEN(SCHEMES); i++)
		if (str_eq_nocase(str_sub(url, 0, SCHEMES[i].n), SCHEMES[i])) {
			*rest_out = str_sub(url, SCHEMES[i].n, url.n);
			return true;
		}
	return false;
}

static const char *forbidden_byte(struct str url)
{
	for (size_t i = 0; i < url.n; i++) {
		unsigned char c = (unsigned char)url.p[i];
		if (c <= ' ' || c == 0x7f)
			return "white space or a control character in the URL";
		if (c == '\\' || c == '<' || c == '>' || c == '"' || c == '`')
			return "a character in the URL that must be percent-encoded";
	}
	return utf8_valid(url) ? NULL : "the URL is not UTF-8";
}

static const char *authority_fault(struct str authority, struct str *host_out)
{
	struct str port = authority, host;
	bool has_port = str_find(authority, STR(":"), 0) < authority.n;

	if (str_find(authority, STR("@"), 0) < authority.n)
		return "a user name in the URL";
	host = str_cut(&port, ':');
	if (has_port && !port_valid(port))
		return "a bad port in the URL";
	if (!host_valid(host))
		return "a bad host in the URL (write international names as xn--)";
	*host_out = host;
	return NULL;
}

enum status url_check(struct str url, struct str *host_out, struct err *e)
{
	struct str rest, host = STR_NONE;
	const char *fault;
	size_t end = 0;

	if (url.n == 0)
		return err_set(e, E_INPUT, "url", "is empty");
	if (url.n > URL_MAX)
		return err_set(e, E_INPUT, "url", "the URL is longer than %d bytes", URL_MAX);
	if (!scheme_cut(url, &rest))
		return err_set(e, E_INPUT, "url", "is no absolute http or https URL");
	fault = forbidden_byte(url);
	if (fault)
		return err_set(e, E_INPUT, "url", "%s", fault);
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
		end++;
	fault = authority_fault(str_sub(rest, 0, end), &host);
	if (fault)
		return err_set(e, E_INPUT, "url", "%s", fault);
	if (host_out)
		*host_out = host;
	return OK;
}
