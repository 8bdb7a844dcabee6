/* Click tokens: 48 bytes in base 64, with "-" and "." as the last two digits.
 *
 *   4 epoch | 16 insertion | 1 ordinal | 8 product key | 18 MAC (the first 144 bits) | 1 version, numbers big-endian
 *
 * 48 bytes are just 64 digits: no padding and no unused bits, so a token has one spelling. Not base64url: md4c takes an "_" at a URL's
 * end for a delimiter of emphasis. The version stands last so that no token ends in a dot, which linkifiers drop. */
#include "link/keys.h"

#include <openssl/crypto.h>
#include <string.h>

#define VERSION 1
#define BODY 29
#define MAC 18
#define TOKEN_BYTES (BODY + MAC + 1)
#define TOKEN_TEXT 64
_Static_assert(TOKEN_BYTES * 4 == TOKEN_TEXT * 3 && TOKEN_TEXT < LINK_TOKEN_MAX, "a token must fill its digits");

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";

static void base64_put(const uint8_t in[TOKEN_BYTES], char out[TOKEN_TEXT])
{
	for (size_t i = 0; i < TOKEN_BYTES; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
		for (size_t d = 0; d < 4; d++)
			*out++ = DIGITS[bits >> (18 - 6 * d) & 63];
	}
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '.' ? 63 : -1;
}

static bool base64_get(const char in[TOKEN_TEXT], uint8_t out[TOKEN_BYTES])
{
	for (size_t i = 0; i < TOKEN_TEXT; i += 4) {
		uint32_t bits = 0;
		for (size_t d = 0; d < 4; d++) {
			int v = base64_value(in[i + d]);
			if (v < 0)
				return false;
			bits = bits << 6 | (uint32_t)v;
		}
		*out++ = (uint8_t)(bits >> 16);
		*out++ = (uint8_t)(bits >> 8);
		*out++ = (uint8_t)bits;
	}
	return true;
}

static uint8_t *put_be(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*p++ = (uint8_t)(v >> 8 * (n - 1 - i));
	return p;
}

static uint64_t get_be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void sign(const struct link_key *key, const uint8_t body[BODY], uint8_t mac[32])
{
	struct link_mac m;

	mac_init(&m, key, STR("token"));
	link_mac_add(&m, (struct str){(const char *)body, BODY});
	link_mac_add(&m, (struct str){(const char[]){VERSION}, 1});
	link_mac_done(&m, mac);
}

size_t link_token_write(const struct link_keys *k, const struct link_token *t, char out[LINK_TOKEN_MAX])
{
	uint8_t bytes[TOKEN_BYTES], mac[32], *p = bytes;

	p = put_be(p, link_keys_epoch(k), 4);
	memcpy(p, t->insertion.b, sizeof t->insertion.b);
	p += sizeof t->insertion.b;
	*p++ = t->ordinal;
	p = put_be(p, t->product_key, 8);
	sign(key_signing(k), bytes, mac);
	memcpy(p, mac, MAC);
	p[MAC] = VERSION;
	base64_put(bytes, out);
	out[TOKEN_TEXT] = '\0';
	return TOKEN_TEXT;
}

enum status link_token_verify(const struct link_keys *k, struct str s, struct link_token *out)
{
	uint8_t bytes[TOKEN_BYTES], mac[32];
	const struct link_key *key;
	uint32_t epoch;

	if (s.n != TOKEN_TEXT || !base64_get(s.p, bytes) || bytes[TOKEN_BYTES - 1] != VERSION)
		return E_DENIED;
	epoch = (uint32_t)get_be(bytes, 4);
	key = key_of_epoch(k, epoch);
	if (!key)
		return E_DENIED;
	sign(key, bytes, mac);
	if (CRYPTO_memcmp(mac, bytes + BODY, MAC) != 0)
		return E_DENIED;
	memcpy(out->insertion.b, bytes + 4, sizeof out->insertion.b);
	out->ordinal = bytes[20];
	out->product_key = get_be(bytes + 21, 8);
	out->epoch = epoch;
	out->stale = epoch != link_keys_epoch(k);
	return OK;
}
