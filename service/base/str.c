/* Slices of bytes. */
#include "base/base.h"

#include <string.h>

struct str str_of(const char *z)
{
	return z ? (struct str){z, strlen(z)} : STR_NONE;
}

struct str str_sub(struct str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return s.p ? (struct str){s.p + from, to - from} : STR_NONE;
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower((unsigned char)a.p[i]) != lower((unsigned char)b.p[i]))
			return false;
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str head)
{
	return s.n >= head.n && str_eq(str_sub(s, 0, head.n), head);
}

bool str_ends(struct str s, struct str tail)
{
	return s.n >= tail.n && str_eq(str_sub(s, s.n - tail.n, s.n), tail);
}

size_t str_find(struct str s, struct str needle, size_t from)
{
	if (from > s.n)
		return s.n;
	if (needle.n == 0)
		return from;
	if (needle.n > s.n - from) /* also keeps the empty slice's NULL from memmem */
		return s.n;
	const char *hit = memmem(s.p + from, s.n - from, needle.p, needle.n);
	return hit ? (size_t)(hit - s.p) : s.n;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0]))
		s = str_sub(s, 1, s.n);
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_cut(struct str *rest, char sep)
{
	const char *hit = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
	size_t n = hit ? (size_t)(hit - rest->p) : rest->n;
	struct str head = str_sub(*rest, 0, n);
	*rest = str_sub(*rest, hit ? n + 1 : n, rest->n);
	return head;
}

bool str_int(struct str s, int64_t *out)
{
	bool negative = s.n && s.p[0] == '-';
	if (negative)
		s = str_sub(s, 1, s.n);
	if (s.n == 0)
		return false;
	int64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, s.p[i] - '0', &v))
			return false; /* counted downwards, so that INT64_MIN fits */
	}
	if (!negative && v == INT64_MIN)
		return false;
	*out = negative ? v : -v;
	return true;
}

int cmp_double(double a, double b)
{
	bool an = a != a, bn = b != b;
	if (an || bn)
		return bn - an;
	return (a > b) - (a < b);
}
