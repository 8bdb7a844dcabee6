/* Query strings and forms. Parsed from the raw target, since MHD decodes in place and stops at %00. */
#include "http/door.h"

#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

struct str percent_decode(struct str s, bool form, struct arena *a)
{
	char *out = ARENA_TAKE(a, char, s.n + 1);
	size_t n = 0;

	if (!out)
		return STR_NONE;
	for (size_t i = 0; i < s.n; i++) {
		int high = s.p[i] == '%' && i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;
		if (low >= 0) {
			out[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			out[n++] = form && s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	return (struct str){out, n};
}

enum status params_parse(struct str encoded, struct arena *a, struct params *out, struct err *e)
{
	struct params p = {0};

	if (encoded.n == 0) {
		*out = p;
		return OK;
	}
	p.p = ARENA_TAKE(a, struct credit_param, PARAMS_MAX);
	while (p.p && encoded.n) {
		struct str pair = str_cut(&encoded, '&');
		if (pair.n == 0)
			continue;
		if (p.n == PARAMS_MAX)
			return err_set(e, E_INPUT, "query", "more than %d parameters", PARAMS_MAX);
		struct str name = str_cut(&pair, '=');
		struct credit_param c = {percent_decode(name, true, a), percent_decode(pair, true, a)};
		if (!utf8_valid(c.name) || !utf8_valid(c.value))
			return err_set(e, E_INPUT, "query", "a parameter is not UTF-8");
		p.p[p.n++] = c;
	}
	if (arena_failed(a))
		return err_set(e, E_NOMEM, "query", "too long");
	*out = p;
	return OK;
}

struct str params_get(const struct params *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_eq(p->p[i].name, str_of(name)))
			return p->p[i].value;
	return STR_NONE;
}

enum status params_int(const struct params *p, const char *name, int64_t missing, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	struct str s = params_get(p, name);
	int64_t v = missing;

	if (s.p && (!str_int(s, &v) || v < min || v > max))
		return err_set(e, E_INPUT, name, "a whole number from %lld to %lld", (long long)min, (long long)max);
	*out = v;
	return OK;
}

bool params_flag(const struct params *p, const char *name)
{
	struct str s = params_get(p, name);
	return s.p && (s.n == 0 || str_eq(s, STR("1")) || str_eq_nocase(s, STR("true")));
}
