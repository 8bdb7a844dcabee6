/* Crockford's base 32 in lower case, for ids of 16 bytes. */
#include "base/base.h"

#include <string.h>

static const char DIGITS[] = "0123456789abcdefghjkmnpqrstvwxyz";

char base32_digit(unsigned v)
{
	return DIGITS[v & 31];
}

int base32_value(char c, bool alike)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c + 32);
	if (alike && c == 'o')
		c = '0';
	if (alike && (c == 'i' || c == 'l'))
		c = '1';
	const char *at = c ? strchr(DIGITS, c) : NULL;
	return at ? (int)(at - DIGITS) : -1;
}

/* 26 digits hold 130 bits: the first digit carries the top three of 128. */
void base32_put(char out[BASE32_ID], const uint8_t id[16])
{
	uint32_t bits = 0, held = 2;

	for (size_t i = 0, n = 0; n < BASE32_ID; n++) {
		if (held < 5) {
			bits = bits << 8 | id[i++];
			held += 8;
		}
		held -= 5;
		out[n] = base32_digit(bits >> held);
	}
}

static bool read_digits(struct str s, bool alike, uint8_t out[BASE32_ID])
{
	if (s.n != BASE32_ID)
		return false;
	for (size_t i = 0; i < BASE32_ID; i++) {
		int v = base32_value(s.p[i], alike);
		if (v < 0)
			return false;
		out[i] = (uint8_t)v;
	}
	return out[0] < 8; /* else more than 128 bits */
}

bool base32_get(struct str s, bool alike, uint8_t out[16])
{
	uint8_t digit[BASE32_ID];

	if (!read_digits(s, alike, digit))
		return false;
	uint32_t bits = digit[0], held = 3;
	for (size_t i = 0, n = 1; n < BASE32_ID; n++) {
		bits = bits << 5 | digit[n];
		held += 5;
		if (held >= 8) {
			held -= 8;
			out[i++] = (uint8_t)(bits >> held);
		}
	}
	return true;
}
