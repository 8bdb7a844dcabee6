/* UTF-8 as RFC 3629 has it: shortest form, no surrogates, up to U+10FFFF. */
#include "base/base.h"

int utf8_next(struct str s, uint32_t *cp_out)
{
	if (s.n == 0)
		return 0;
	const unsigned char *p = (const unsigned char *)s.p;
	if (p[0] < 0x80) {
		*cp_out = p[0];
		return 1;
	}
	int n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (p[0] < 0xC2 || p[0] > 0xF4 || s.n < (size_t)n)
		return -1;
	uint32_t cp = p[0] & (0x7Fu >> n);
	for (int i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return -1;
		cp = cp << 6 | (p[i] & 0x3Fu);
	}
	if (cp < least[n] || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		return -1;
	*cp_out = cp;
	return n;
}

int utf8_put(char out[4], uint32_t cp)
{
	unsigned char *o = (unsigned char *)out;
	if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		return 0;
	if (cp < 0x80) {
		o[0] = (unsigned char)cp;
		return 1;
	}
	int n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (int i = n - 1; i > 0; i--, cp >>= 6)
		o[i] = (unsigned char)(0x80 | (cp & 0x3F));
	static const unsigned char head[] = {0, 0, 0xC0, 0xE0, 0xF0};
	o[0] = (unsigned char)(head[n] | cp);
	return n;
}

bool utf8_valid(struct str s)
{
	for (size_t i = 0; i < s.n;) {
		if ((unsigned char)s.p[i] < 0x80) {
			i++;
			continue;
		}
		uint32_t cp;
		int n = utf8_next(str_sub(s, i, s.n), &cp);
		if (n <= 0)
			return false;
		i += (size_t)n;
	}
	return true;
}

size_t utf8_whole(struct str s)
{
	size_t back = 0;
	while (back < 3 && back < s.n) {
		unsigned char c = (unsigned char)s.p[s.n - 1 - back];
		back++;
		if (c < 0x80)
			return s.n;
		if (c >= 0xC0) {
			size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
			return need > back ? s.n - back : s.n;
		}
	}
	return s.n;
}
