/* The canonical line of a product, and what differs between two parts. */
#include "feed/reader.h"

static void put_text(struct buf *out, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_printf(out, ",\"%s\":", name);
	buf_put_json(out, value);
}

static void put_money(struct buf *out, const char *name, struct money m)
{
	if (m.currency[0])
		buf_printf(out, ",\"%s\":{\"amount\":%lld,\"currency\":\"%s\"}", name, (long long)m.minor, m.currency);
}

static void put_time(struct buf *out, const char *name, int64_t ms)
{
	char text[32];

	if (ms == 0)
		return;
	time_format(ms, text);
	buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void put_keywords(struct buf *out, const struct product *p)
{
	if (!p->keyword_count)
		return;
	buf_put(out, STR(",\"keywords\":["));
	for (uint32_t i = 0; i < p->keyword_count; i++) {
		buf_put(out, i ? STR(",") : STR(""));
		buf_put_json(out, p->keywords[i]);
	}
	buf_putc(out, ']');
}

void feed_line_write(const struct product *p, struct buf *out)
{
	buf_put(out, STR("{\"id\":"));
	buf_put_json(out, p->id);
	put_text(out, "title", p->title);
	put_text(out, "url", p->url);
	put_text(out, "image", p->image);
	put_text(out, "brand", p->brand);
	put_text(out, "mpn", p->mpn);
	put_text(out, "gtin", p->gtin);
	put_text(out, "category", p->category);
	put_text(out, "description", p->description);
	put_money(out, "price", p->price);
	put_money(out, "sale_price", p->sale_price);
	put_text(out, "availability", availability_name(p->availability));
	put_keywords(out, p);
	attributes_put_json(out, p->attributes);
	put_text(out, "locale", p->locale);
	put_time(out, "updated_at", p->updated_ms);
	put_time(out, "expires_at", p->expires_ms);
	if (p->commission_ppm >= 0)
		buf_printf(out, ",\"commission_ppm\":%lld", (long long)p->commission_ppm);
	buf_putc(out, '}');
}
