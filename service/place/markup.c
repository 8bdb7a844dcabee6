/* What our links and blocks look like. Everything here must stay prose on one line: merchants' titles are hostile. */
#include "place/place.h"

#include <string.h>

static bool one_of(const char *set, char c)
{
	return c && strchr(set, c);
}

/* Titles inside Markdown: characters that could begin markup become spaces or full-width twins; controls and bidi overrides go. */
static void put_title(struct buf *out, struct str s, size_t most)
{
	size_t put = 0;
	for (size_t i = 0; i < s.n && put < most;) {
		uint32_t cp;
		int n = utf8_next(str_sub(s, i, s.n), &cp);
		if (n <= 0)
			return;
		bool bidi = (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200E || cp == 0x200F || cp == 0x2028 || cp == 0x2029;
		bool markup = one_of("[]<>*_`~|\\$!#\"", s.p[i]);
		if (cp < 0x20 || cp == 0x7F || bidi || markup)
			buf_putc(out, ' ');
		else
			buf_put(out, str_sub(s, i, i + (size_t)n));
		i += (size_t)n;
		put++;
	}
}

void place_link_tail(const struct place_locale *l, struct str url, struct buf *out)
{
	if (l->label_inside)
		buf_put(out, l->label);
	bool angle = l->label_inside || str_ends(url, STR("_"));
	buf_put(out, angle ? STR("](<") : STR("]("));
	buf_put(out, url);
	buf_put(out, angle ? STR(">)") : STR(")"));
	if (!l->label_inside)
		buf_put(out, l->label);
}

/* A blank line between the answer and what follows, as far as it lacks one. */
static void put_gap(struct str tail, struct buf *out)
{
	if (tail.n && !str_ends(tail, STR("\n")))
		buf_put(out, STR("\n\n"));
	else if (tail.n && !str_ends(tail, STR("\n\n")) && !str_ends(tail, STR("\n\r\n")))
		buf_putc(out, '\n');
}

void place_notice(const struct place_locale *l, struct str answer_tail, struct buf *out)
{
	put_gap(answer_tail, out);
	buf_put(out, l->notice);
}

static void put_price(const struct product *p, struct buf *out)
{
	struct money m = product_price(p);
	char decimal[32];
	if (!m.currency[0])
		return;
	money_decimal(m, decimal);
	buf_printf(out, ", %s %s", m.currency, decimal);
}

static void put_shop(const struct place_item *it, struct buf *out)
{
	buf_put(out, STR(", ["));
	put_title(out, it->merchant, 80);
	buf_put(out, STR("]("));
	buf_put(out, it->url);
	buf_putc(out, ')');
	if (it->priced)
		put_price(it->product, out);
}

static void put_item(const struct place_item *it, struct buf *out)
{
	buf_putc(out, '[');
	put_title(out, it->product->title, 150);
	buf_put(out, STR("]("));
	buf_put(out, it->url);
	buf_put(out, STR(") - "));
	put_title(out, it->merchant, 80);
	if (it->priced)
		put_price(it->product, out);
}

void place_references(const struct place_locale *l, struct str answer_tail, const struct place_item *items, size_t n, struct buf *out)
{
	put_gap(answer_tail, out);
	buf_put(out, l->references);
	buf_put(out, STR("\n\n"));
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%zu. ", i + 1);
		put_item(&items[i], out);
		buf_putc(out, '\n');
	}
}

/* An image's address inside Markdown: anything unusual in it and there is no image. */
static bool image_is_safe(struct str url)
{
	if (!str_starts(url, STR("https://")) || url.n > 1000)
		return false;
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= 0x20 || (unsigned char)url.p[i] >= 0x7F || one_of("()<>\"\\`|*$", url.p[i]))
			return false;
	return true;
}

void place_cards(const struct place_locale *l, struct str answer_tail, const struct place_item *items, size_t n, struct buf *out)
{
	put_gap(answer_tail, out);
	buf_put(out, l->cards);
	buf_put(out, STR("\n\n"));
	for (size_t i = 0; i < n; i++) {
		if (items[i].also) {
			put_shop(&items[i], out);
			continue;
		}
		buf_put(out, i ? STR("\n- ") : STR("- "));
		if (image_is_safe(items[i].product->image)) {
			buf_put(out, STR("![]("));
			buf_put(out, items[i].product->image);
			buf_put(out, STR(") "));
		}
		put_item(&items[i], out);
	}
	buf_putc(out, '\n');
}
