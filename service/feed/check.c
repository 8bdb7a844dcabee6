/* What a strict feed's product must be, whatever its format (facts: affiliate 2.2, 2.3, 7.24). */
#include "feed/reader.h"

#include <stddef.h>
#include <string.h>

#define PRICE_MAX 1000000000000000 /* 10^15 minor units */
#define MAX_KEYWORDS 64

/* Characters, by format; Inlay's own hold for ACP too and are the widest, so that any stored product can be read back. */
struct limits {
	size_t id, title, brand, description;
};
static const struct limits LIMITS[FEED_FORMAT_COUNT] = {
	[FEED_INLAY] = {100, 300, 100, 5000},
	[FEED_ACP] = {100, 300, 100, 5000},
	[FEED_OPENAI] = {100, 150, 70, 5000},
	[FEED_GOOGLE] = {50, 150, 70, 5000},
};

enum shape { SHAPE_LINE, SHAPE_PROSE };

static size_t characters(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* C0, DEL, C1, and the marks that turn the reading direction of what follows. */
static bool is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

static bool has_controls(struct str s)
{
	uint32_t cp;

	for (int n; s.n > 0; s = str_sub(s, (size_t)n, s.n)) {
		n = utf8_next(s, &cp);
		if (n <= 0 || is_control(cp))
			return true;
	}
	return false;
}

static struct str unbroken(struct arena *a, struct str s)
{
	struct str copy;
	char *p;

	if (!s.n || (!memchr(s.p, '\n', s.n) && !memchr(s.p, '\r', s.n) && !memchr(s.p, '\t', s.n)))
		return s;
	p = ARENA_TAKE(a, char, s.n);
	for (size_t i = 0; p && i < s.n; i++)
		p[i] = s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == '\t' ? ' ' : s.p[i];
	copy = (struct str){p, p ? s.n : 0};
	return copy;
}

static enum status check_text(struct str *s, const char *field, size_t max, enum shape shape, struct arena *a, struct err *e)
{
	*s = str_trim(*s);
	if (shape == SHAPE_PROSE)
		*s = unbroken(a, *s);
	if (characters(*s) > max)
		return err_set(e, E_INPUT, field, "is longer than %zu characters", max);
	if (has_controls(*s))
		return err_set(e, E_INPUT, field, "has control characters or is not UTF-8");
	return OK;
}

static enum status check_texts(struct product *p, const struct limits *max, struct arena *a, struct err *e)
{
	const struct {
		const char *field;
		struct str *text;
		size_t max;
		enum shape shape;
	} texts[] = {
		{"id", &p->id, max->id, SHAPE_LINE},
		{"title", &p->title, max->title, SHAPE_LINE},
		{"brand", &p->brand, max->brand, SHAPE_LINE},
		{"mpn", &p->mpn, 70, SHAPE_LINE},
		{"category", &p->category, 750, SHAPE_LINE},
		{"locale", &p->locale, 35, SHAPE_LINE},
		{"description", &p->description, max->description, SHAPE_PROSE},
		{"attributes", &p->attributes, 4000, SHAPE_PROSE},
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		enum status s = check_text(texts[i].text, texts[i].field, texts[i].max, texts[i].shape, a, e);
		if (s != OK)
			return s;
	}
	return OK;
}

static enum status check_keywords(const struct product *p, struct err *e)
{
	if (p->keyword_count > MAX_KEYWORDS)
		return err_set(e, E_INPUT, "keywords", "are more than %d", MAX_KEYWORDS);
	for (uint32_t i = 0; i < p->keyword_count; i++)
		if (p->keywords[i].n == 0 || characters(p->keywords[i]) > 100 || has_controls(p->keywords[i]))
			return err_set(e, E_INPUT, "keywords", "each must be 1 to 100 characters without control characters");
	return OK;
}

static enum status check_required(const struct product *p, struct err *e)
{
	if (!p->id.n)
		return err_set(e, E_INPUT, "id", "is required");
	if (!p->title.n)
		return err_set(e, E_INPUT, "title", "is required");
	if (!p->url.n)
		return err_set(e, E_INPUT, "url", "is required");
	if (!p->price.currency[0])
		return err_set(e, E_INPUT, "price", "is required");
	return OK;
}

static enum status check_urls(struct product *p, const struct merchant *m, struct err *e)
{
	struct str host = STR_NONE;
	struct err why;

	p->url = str_trim(p->url);
	p->image = str_trim(p->image);
	if (url_check(p->url, &host, &why) != OK)
		return err_set(e, E_INPUT, "url", "%s", why.text);
	if (m && !merchant_has_host(m, host))
		return err_set(e, E_INPUT, "url", "%.*s is not among the merchant's hosts", (int)(host.n < 80 ? host.n : 80), host.p);
	if (p->image.n && url_check(p->image, NULL, &why) != OK)
		return err_set(e, E_INPUT, "image", "%s", why.text);
	return OK;
}

static enum status check_money(const struct product *p, struct err *e)
{
	const struct money *price = &p->price, *sale = &p->sale_price;

	if (price->minor <= 0 || price->minor > PRICE_MAX)
		return err_set(e, E_INPUT, "price", price->minor <= 0 ? "must be above zero" : "is out of range");
	if (money_exponent(price->currency) < 0)
		return err_set(e, E_INPUT, "price", "has an unknown currency");
	if (!sale->currency[0])
		return OK;
	if (strcmp(sale->currency, price->currency) != 0)
		return err_set(e, E_INPUT, "sale_price", "must be in the currency of the price");
	if (sale->minor <= 0 || sale->minor > price->minor)
		return err_set(e, E_INPUT, "sale_price", "must be above zero and not above the price");
	return OK;
}

bool gtin_valid(struct str gtin)
{
	unsigned sum = 0;

	if (gtin.n != 8 && gtin.n != 12 && gtin.n != 13 && gtin.n != 14)
		return false;
	for (size_t i = 0; i < gtin.n; i++) {
		if (gtin.p[i] < '0' || gtin.p[i] > '9')
			return false;
		/* Weights 3 and 1 by turns from the right; the check digit itself has 1. */
		sum += (unsigned)(gtin.p[i] - '0') * ((gtin.n - i) % 2 ? 1 : 3);
	}
	return sum % 10 == 0 && sum > 0;
}

enum status product_check(struct product *p, enum feed_format format, const struct merchant *m, struct arena *a, bool *gtin_bad_out, struct err *e)
{
	enum status s = check_texts(p, &LIMITS[format], a, e);

	if (s == OK)
		s = check_required(p, e);
	if (s == OK)
		s = check_urls(p, m, e);
	if (s == OK)
		s = check_money(p, e);
	if (s == OK)
		s = check_keywords(p, e);
	if (s != OK)
		return s;
	p->gtin = str_trim(p->gtin);
	if (p->gtin.n && !gtin_valid(p->gtin)) {
		p->gtin = STR_NONE;
		*gtin_bad_out = true;
	}
	return OK;
}

struct str category_path(struct arena *a, struct str s)
{
	char *out = ARENA_TAKE(a, char, s.n * 3 + 1);
	size_t n = 0;

	while (out && s.n > 0) {
		struct str step = str_trim(str_cut(&s, '>'));
		if (!step.n)
			continue;
		if (n) {
			memcpy(out + n, " > ", 3);
			n += 3;
		}
		memcpy(out + n, step.p, step.n);
		n += step.n;
	}
	return (struct str){out, out ? n : 0};
}
