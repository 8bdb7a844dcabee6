/* Ids as text: Crockford's base 32 in lower case, and the sub-ids that networks carry for us. */
#include "link/keys.h"

#include <string.h>

void link_id_write(struct link_id id, char out[LINK_ID_TEXT + 1])
{
	_Static_assert(LINK_ID_TEXT == BASE32_ID, "a link id is an id of 16 bytes");
	base32_put(out, id.b);
	out[LINK_ID_TEXT] = '\0';
}

bool link_id_read(struct str s, struct link_id *out)
{
	return base32_get(s, true, out->b);
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

static uint8_t check_digit(const char digit[LINK_ID_TEXT])
{
	uint8_t sum = 0;

	for (size_t i = LINK_ID_TEXT; i-- > 0;)
		sum = times_a(sum ^ (uint8_t)base32_value(digit[i], false));
	return sum; /* its own weight is 1, and minus is plus */
}

void link_subid_write(struct link_id id, char out[LINK_SUBID_TEXT + 1])
{
	link_id_write(id, out);
	out[LINK_ID_TEXT] = base32_digit(check_digit(out));
	out[LINK_SUBID_TEXT] = '\0';
}

bool link_subid_read(struct str s, struct link_id *out)
{
	struct link_id id;

	if (s.n != LINK_SUBID_TEXT || !base32_get(str_sub(s, 0, LINK_ID_TEXT), false, id.b))
		return false;
	if (base32_value(s.p[LINK_ID_TEXT], false) != check_digit(s.p))
		return false;
	*out = id;
	return true;
}
