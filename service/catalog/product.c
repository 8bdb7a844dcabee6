/* A product's key and price, and what makes two the same. The key is SipHash-2-4 under an all-zero key: quick, the same on every machine for
 * ever, and hard enough to aim at another merchant's product. Changing it would orphan every token and ledger row. */
#include "catalog/catalog.h"

#include <string.h>

struct sip {
	uint64_t v0, v1, v2, v3;
	uint64_t word; /* bytes waiting for a full word, little endian */
	size_t n;      /* bytes taken */
};

static uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

static void sip_add(struct sip *s, struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		s->word |= (uint64_t)(unsigned char)bytes.p[i] << (8 * (s->n % 8));
		if (++s->n % 8 == 0) {
			sip_word(s, s->word);
			s->word = 0;
		}
	}
}

static uint64_t sip_done(struct sip *s)
{
	sip_word(s, s->word | (uint64_t)(s->n & 0xff) << 56);
	s->v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t product_key(struct str merchant, struct str id)
{
	struct sip s = {0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573, 0, 0};

	sip_add(&s, merchant);
	sip_add(&s, (struct str){"", 1});
	sip_add(&s, id);
	return sip_done(&s);
}

/* Adds what tells apart: digits, or letters and digits in lower case; all bytes of other scripts. Returns how many. */
static size_t sip_add_code(struct sip *s, struct str code, bool digits)
{
	size_t n = 0;
	for (size_t i = 0; i < code.n; i++) {
		unsigned char c = (unsigned char)code.p[i];
		bool digit = c >= '0' && c <= '9', other = !digits && (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
		if ((!digit && !other) || (digits && c == '0' && n == 0))
			continue;
		char low = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
		sip_add(s, (struct str){&low, 1});
		n++;
	}
	return n;
}

uint64_t product_item(const struct product *p)
{
	struct sip g = {0x676c6f62616c2074, 0x72616465206974, 0x656d206e756d6265, 0x7220676c6f62616c, 0, 0};
	if (sip_add_code(&g, p->gtin, true) >= 7) /* a GTIN-8 may begin with one zero */
		return sip_done(&g);
	struct sip m = {0x6d616e7566616374, 0x7572657220706172, 0x74206e756d626572, 0x206f66206d616b65, 0, 0};
	size_t brand = sip_add_code(&m, p->brand, false);
	sip_add(&m, (struct str){"", 1});
	if (brand > 0 && sip_add_code(&m, p->mpn, false) > 0)
		return sip_done(&m);
	return p->key;
}

struct money product_price(const struct product *p)
{
	return p->sale_price.currency[0] ? p->sale_price : p->price;
}

/* ---- sameness ------------------------------------------------------------------------------ */

static bool money_same(struct money a, struct money b)
{
	return strcmp(a.currency, b.currency) == 0 && (a.currency[0] == '\0' || a.minor == b.minor);
}

static bool keywords_same(const struct product *a, const struct product *b)
{
	if (a->keyword_count != b->keyword_count)
		return false;
	for (uint32_t i = 0; i < a->keyword_count; i++)
		if (!str_eq(a->keywords[i], b->keywords[i]))
			return false;
	return true;
}

bool product_reads_same(const struct product *a, const struct product *b)
{
	return str_eq(a->title, b->title) && str_eq(a->brand, b->brand) && str_eq(a->category, b->category) &&
	       str_eq(a->description, b->description) && str_eq(a->attributes, b->attributes) && keywords_same(a, b);
}

bool product_same(const struct product *a, const struct product *b)
{
	return str_eq(a->id, b->id) && product_reads_same(a, b) && str_eq(a->url, b->url) && str_eq(a->image, b->image) &&
	       str_eq(a->mpn, b->mpn) && str_eq(a->gtin, b->gtin) && str_eq(a->locale, b->locale) && money_same(a->price, b->price) && money_same(a->sale_price, b->sale_price) &&
	       a->updated_ms == b->updated_ms && a->expires_ms == b->expires_ms && a->commission_ppm == b->commission_ppm &&
	       a->availability == b->availability;
}
