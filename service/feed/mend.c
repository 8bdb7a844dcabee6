/* Lenient feeds: what is odd in a product is mended or left out, so long as it has an id and a title. */
#include "feed/reader.h"

#include <string.h>

#define TEXT_MAX 1000
#define PROSE_MAX 8000

/* At most max bytes of whole characters, control characters as spaces. */
static struct str cleaned(struct arena *a, struct str s, size_t max)
{
	char *out = NULL;

	s = str_trim(str_sub(s, 0, utf8_whole(str_sub(s, 0, max))));
	for (size_t i = 0; i < s.n; i++) {
		/* C1 controls are C2 80 .. C2 9F. */
		bool c1 = (unsigned char)s.p[i] == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0;
		if (!c1 && (unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7f)
			continue;
		if (!out) {
			out = ARENA_TAKE(a, char, s.n);
			if (!out)
				return STR_NONE;
			memcpy(out, s.p, s.n);
		}
		out[i] = ' ';
		if (c1)
			out[++i] = ' ';
	}
	return str_trim(out ? (struct str){out, s.n} : s);
}

static struct str made_up_url(struct arena *a, struct str merchant, struct str id)
{
	struct str url = STR_NONE;
	struct buf b;

	buf_init(&b, URL_MAX);
	buf_put(&b, STR("https://example.invalid/"));
	buf_put_url(&b, merchant);
	buf_putc(&b, '/');
	buf_put_url(&b, id);
	if (!b.failed)
		url = arena_take_str(a, buf_str(&b));
	buf_done(&b);
	return url;
}

static void mend_money(struct product *p)
{
	static const struct money NONE;

	if (p->price.minor <= 0)
		p->price = NONE;
	if (p->sale_price.minor <= 0 || strcmp(p->sale_price.currency, p->price.currency) != 0 || p->sale_price.minor > p->price.minor)
		p->sale_price = NONE;
}

enum status product_mend(struct product *p, struct str merchant, struct arena *a, struct str *host_out, struct err *e)
{
	struct str *const texts[] = {&p->id, &p->title, &p->brand, &p->mpn, &p->category, &p->locale};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = cleaned(a, *texts[i], TEXT_MAX);
	p->description = cleaned(a, p->description, PROSE_MAX);
	p->attributes = cleaned(a, p->attributes, PROSE_MAX);
	if (!p->id.n || !p->title.n)
		return err_set(e, E_INPUT, p->id.n ? "title" : "id", "is required");
	if (!gtin_valid(p->gtin))
		p->gtin = STR_NONE;
	if (url_check(p->image, NULL, NULL) != OK)
		p->image = STR_NONE;
	mend_money(p);
	p->url = str_trim(p->url);
	if (url_check(p->url, host_out, NULL) == OK)
		return OK;
	p->url = made_up_url(a, merchant, p->id);
	return url_check(p->url, host_out, e);
}
