/* Header checks that libmicrohttpd 0.9.75 leaves out: what two parsers in a row could read in two ways is refused (facts: server 6.2). */
#include "http/door.h"

#include <string.h>

struct tally {
	unsigned lengths, encodings, hosts;
	const char *bad;
};

static bool name_valid(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c <= ' ' || c >= 0x7F || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return n > 0;
}

static bool value_valid(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if ((c < ' ' && c != '\t') || c == 0x7F)
			return false;
	}
	return true;
}

static enum MHD_Result look(void *arg, enum MHD_ValueKind kind, const char *key, size_t key_n, const char *value, size_t value_n)
{
	struct tally *t = arg;
	struct str name = {key, key_n}, v = {value, value ? value_n : 0};

	(void)kind;
	if (!name_valid(key, key_n))
		t->bad = "a header name is malformed";
	else if (!value_valid(v.p, v.n))
		t->bad = "a header value has control characters";
	else if (str_eq_nocase(name, STR("content-length")))
		t->lengths++;
	else if (str_eq_nocase(name, STR("host")))
		t->hosts++;
	else if (str_eq_nocase(name, STR("transfer-encoding"))) {
		t->encodings++;
		if (!str_eq_nocase(str_trim(v), STR("chunked")))
			t->bad = "only chunked is understood as Transfer-Encoding";
	}
	return MHD_YES;
}

const char *headers_refused(struct MHD_Connection *c, const char *version)
{
	struct tally t = {0};

	MHD_get_connection_values_n(c, MHD_HEADER_KIND, look, &t);
	if (t.bad)
		return t.bad;
	if (t.lengths && t.encodings)
		return "Content-Length and Transfer-Encoding together";
	if (t.lengths > 1 || t.encodings > 1 || t.hosts > 1)
		return "a header that may stand once stands twice";
	bool http11 = strcmp(version, "HTTP/1.1") == 0;
	if (!http11 && strcmp(version, "HTTP/1.0") != 0)
		return "only HTTP/1.1 and HTTP/1.0 are spoken here";
	if (http11 && t.hosts == 0)
		return "Host is missing";
	if (!http11 && t.encodings)
		return "HTTP/1.0 knows no Transfer-Encoding";
	return NULL;
}

/* "00-<32 hex>-<16 hex>-<2 hex>": the trace id, unless it is all zeros. */
void trace_parse(struct str s, char out[33])
{
	uint8_t id[16], parent[8], any = 0;

	out[0] = '\0';
	if (s.n < 55 || s.p[2] != '-' || s.p[35] != '-' || s.p[52] != '-')
		return;
	if (!hex_get(str_sub(s, 3, 35), id, 16) || !hex_get(str_sub(s, 36, 52), parent, 8))
		return;
	for (size_t i = 0; i < 16; i++)
		any |= id[i];
	if (!any)
		return;
	hex_put(out, id, 16);
	out[32] = '\0';
}
