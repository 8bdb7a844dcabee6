/* Ids as text: Crockford's base 32 in lower case, and the sub-ids that networks carry for us. */
#include "link/keys.h"

#include <string.h>

static const char DIGITS[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* -1 if c is no digit. Crockford's look-alikes only where a person may have typed the id. */
static int digit_value(char c, bool alike)
{
	const char *at;

	if (c >= 'A' && c <= 'Z')
		c = (char)(c + 32);
	if (alike && c == 'o')
		c = '0';
	if (alike && (c == 'i' || c == 'l'))
		c = '1';
	at = c ? strchr(DIGITS, c) : NULL;
	return at ? (int)(at - DIGITS) : -1;
}

/* 26 digits hold 130 bits: the first digit carries the top three of 128. */
static void id_digits(struct link_id id, uint8_t out[LINK_ID_TEXT])
{
	uint32_t bits = 0, held = 2;

	for (size_t i = 0, n = 0; n < LINK_ID_TEXT; n++) {
		if (held < 5) {
			bits = bits << 8 | id.b[i++];
			held += 8;
		}
		held -= 5;
		out[n] = (uint8_t)(bits >> held & 31);
	}
}

static void id_of_digits(const uint8_t digit[LINK_ID_TEXT], struct link_id *out)
{
	uint32_t bits = digit[0], held = 3;

	for (size_t i = 0, n = 1; n < LINK_ID_TEXT; n++) {
		bits = bits << 5 | digit[n];
		held += 5;
		if (held >= 8) {
			held -= 8;
			out->b[i++] = (uint8_t)(bits >> held);
		}
	}
}

static bool read_digits(struct str s, size_t n, bool alike, uint8_t *out)
{
	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int v = digit_value(s.p[i], alike);
		if (v < 0)
			return false;
		out[i] = (uint8_t)v;
	}
	return out[0] < 8; /* else more than 128 bits */
}

void link_id_write(struct link_id id, char out[LINK_ID_TEXT + 1])
{
	uint8_t digit[LINK_ID_TEXT];

	id_digits(id, digit);
	for (size_t i = 0; i < LINK_ID_TEXT; i++)
		out[i] = DIGITS[digit[i]];
	out[LINK_ID_TEXT] = '\0';
}

bool link_id_read(struct str s, struct link_id *out)
{
	uint8_t digit[LINK_ID_TEXT];

	if (!read_digits(s, LINK_ID_TEXT, true, digit))
		return false;
	id_of_digits(digit, out);
	return true;
}

struct link_id link_id_of_mac(const uint8_t mac[32])
{
	struct link_id id;

	memcpy(id.b, mac, sizeof id.b);
	return id;
}

/* ---- link ids ------------------------------------------------------------------------------- */

static struct link_id link_id_under(const struct link_key *key, struct link_id insertion, uint32_t ordinal, uint64_t product_key)
{
	struct link_mac m;
	uint8_t body[16 + 4 + 8], mac[32];

	memcpy(body, insertion.b, 16);
	for (size_t i = 0; i < 4; i++)
		body[16 + i] = (uint8_t)(ordinal >> (24 - 8 * i));
	for (size_t i = 0; i < 8; i++)
		body[20 + i] = (uint8_t)(product_key >> (56 - 8 * i));
	mac_init(&m, key, STR("link"));
	link_mac_add(&m, (struct str){(const char *)body, sizeof body});
	link_mac_done(&m, mac);
	return link_id_of_mac(mac);
}

struct link_id link_id_of(const struct link_keys *k, struct link_id insertion, uint32_t ordinal, uint64_t product_key)
{
	return link_id_under(key_signing(k), insertion, ordinal, product_key);
}

struct link_id link_id_of_token(const struct link_keys *k, const struct link_token *t)
{
	const struct link_key *key = key_of_epoch(k, t->epoch);

	return link_id_under(key ? key : key_signing(k), t->insertion, t->ordinal, t->product_key);
}

/* ---- sub-ids -----------------------------------------------------------------------------------
 * The check digit is that of a code over GF(32): with digits d1..d26 and check digit d0 the sum of a^i * d_i is zero,
 * a a generator. All 27 weights differ and none is zero, so every wrong digit and every two digits that have changed
 * places are found, which Crockford's own check (mod 37, with symbols that no network carries) does too. */

/* a * x in GF(2)[a] / (a^5 + a^2 + 1). */
static uint8_t times_a(uint8_t x)
{
	return (uint8_t)((x << 1 ^ (x & 16 ? 0x25 : 0)) & 31);
}

static uint8_t check_digit(const uint8_t digit[LINK_ID_TEXT])
{
	uint8_t sum = 0;

	for (size_t i = LINK_ID_TEXT; i-- > 0;)
		sum = times_a(sum ^ digit[i]);
	return sum; /* its own weight is 1, and minus is plus */
}

void link_subid_write(struct link_id id, char out[LINK_SUBID_TEXT + 1])
{
	uint8_t digit[LINK_ID_TEXT];

	id_digits(id, digit);
	link_id_write(id, out);
	out[LINK_ID_TEXT] = DIGITS[check_digit(digit)];
	out[LINK_SUBID_TEXT] = '\0';
}

bool link_subid_read(struct str s, struct link_id *out)
{
	uint8_t digit[LINK_SUBID_TEXT];

	if (!read_digits(s, LINK_SUBID_TEXT, false, digit) || check_digit(digit) != digit[LINK_ID_TEXT])
		return false;
	id_of_digits(digit, out);
	return true;
}
