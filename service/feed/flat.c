/* Products as flat records of named texts: Google Merchant and OpenAI's feed differ in names only, so one table serves
 * both (facts: affiliate 2.2, 2.3). */
#include "feed/reader.h"

#include <stdio.h>
#include <string.h>

struct record {
	const struct field *field;
	size_t n;
	struct intake *in;
	struct product p;
};

/* The first of these that has a value; names are separated by spaces. */
static struct str value_of(const struct record *r, const char *names)
{
	for (struct str rest = str_of(names); rest.n > 0;) {
		struct str name = str_cut(&rest, ' ');
		for (size_t i = 0; i < r->n; i++)
			if (str_eq(r->field[i].name, name) && str_trim(r->field[i].value).n)
				return str_trim(r->field[i].value);
	}
	return STR_NONE;
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* Google's own category may be a bare number, which says nothing without its table: then the shop's own path. */
static void take_category(struct record *r)
{
	struct str path = value_of(r, "google_product_category product_category");

	if (all_digits(path))
		path = value_of(r, "product_type");
	r->p.category = category_path(r->in->scratch, path);
}

static void take_texts(struct record *r)
{
	r->p.id = value_of(r, "id item_id sku");
	r->p.title = value_of(r, "title");
	r->p.description = value_of(r, "description");
	r->p.url = value_of(r, "link url");
	r->p.image = value_of(r, "image_link image_url");
	r->p.brand = value_of(r, "brand");
	r->p.mpn = value_of(r, "mpn");
	r->p.gtin = value_of(r, "gtin");
	take_category(r);
}

static void take_attributes(struct record *r)
{
	static const char *const NAMES[] = {"color", "size", "size_system", "material", "pattern", "gender", "age_group", "condition",
		"energy_efficiency_class", "product_highlight"};
	struct buf text;

	buf_init(&text, 64 << 10);
	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
		struct str v = value_of(r, NAMES[i]);
		if (!v.n || (strcmp(NAMES[i], "condition") == 0 && str_eq_nocase(v, STR("new"))))
			continue;
		buf_printf(&text, "%s%s: ", text.n ? "; " : "", NAMES[i]);
		buf_put(&text, v);
	}
	/* What a JSON record had under variant_dict. */
	for (size_t i = 0; i < r->n; i++)
		if (str_starts(r->field[i].name, STR("variant_dict."))) {
			struct str name = str_sub(r->field[i].name, 13, r->field[i].name.n);
			if (value_of(r, name.p).n)
				continue;
			buf_put(&text, text.n ? STR("; ") : STR(""));
			buf_put(&text, name);
			buf_put(&text, STR(": "));
			buf_put(&text, r->field[i].value);
		}
	if (!text.failed)
		r->p.attributes = arena_take_str(r->in->scratch, buf_str(&text));
	buf_done(&text);
}

/* ---- money and time ----------------------------------------------------------------------- */

/* ISO 8601 as Google writes it: also without seconds, without the offset's colon ("2026-11-01T09:00+0100"), without a zone (UTC). */
static enum status iso_time(struct str s, int64_t *ms_out)
{
	char text[48];
	size_t zone = 16;
	int n;

	if (s.n < 16 || s.n > 32 || s.p[10] != 'T')
		return time_parse(s, ms_out, NULL);
	while (zone < s.n && s.p[zone] != 'Z' && s.p[zone] != 'z' && s.p[zone] != '+' && s.p[zone] != '-')
		zone++;
	struct str clock = str_sub(s, 0, zone), offset = zone < s.n ? str_sub(s, zone, s.n) : STR("Z");
	n = snprintf(text, sizeof(text), "%.*s%s", STR_ARG(clock), clock.n == 16 ? ":00" : "");
	if (offset.n == 5)
		snprintf(text + n, sizeof(text) - (size_t)n, "%.3s:%.2s", offset.p, offset.p + 3);
	else
		snprintf(text + n, sizeof(text) - (size_t)n, "%.*s", STR_ARG(offset));
	return time_parse(str_of(text), ms_out, NULL);
}

/* "2026-11-01T00:00Z/2026-11-30T23:59Z": is now inside? True when the text is empty. */
static enum status sale_is_on(struct str window, int64_t now, bool *out, struct err *e)
{
	int64_t from, to;
	struct str end = window, start = str_cut(&end, '/');

	*out = true;
	if (!window.n)
		return OK;
	if (iso_time(str_trim(start), &from) != OK || iso_time(str_trim(end), &to) != OK)
		return err_set(e, E_INPUT, "sale_price_effective_date", "must be two ISO 8601 times with a slash between");
	*out = from <= now && now < to;
	return OK;
}

static enum status take_prices(struct record *r, struct err *e)
{
	struct str price = value_of(r, "price"), sale = value_of(r, "sale_price");
	struct err why;
	bool on;

	if (price.n && money_parse_text(price, &r->p.price, &why) != OK)
		return err_set(e, E_INPUT, "price", "%s", why.text);
	enum status s = sale_is_on(value_of(r, "sale_price_effective_date"), r->in->o->now_ms, &on, e);
	if (s != OK || !sale.n || !on)
		return s;
	if (money_parse_text(sale, &r->p.sale_price, &why) != OK)
		return err_set(e, E_INPUT, "sale_price", "%s", why.text);
	return OK;
}

static enum status take_rest(struct record *r, struct err *e)
{
	struct str availability = value_of(r, "availability"), expires = value_of(r, "expiration_date");

	if (availability.n && availability_parse(availability, &r->p.availability) != OK)
		return err_set(e, E_INPUT, "availability", "must be in_stock, out_of_stock, preorder, backorder or unknown");
	if (expires.n && iso_time(expires, &r->p.expires_ms) != OK)
		return err_set(e, E_INPUT, "expiration_date", "must be an ISO 8601 time");
	return take_prices(r, e);
}

/* OpenAI: what may not be found by search is not for us; the old name wins over the new one. */
static bool may_be_found(const struct record *r)
{
	struct str flag = value_of(r, "enable_search is_eligible_search");

	return !flag.n || str_eq_nocase(flag, STR("true")) || str_eq_nocase(flag, STR("yes")) || str_eq(flag, STR("1"));
}

enum status flat_take(struct intake *in, const struct field *field, size_t n)
{
	struct record r = {field, n, in, {.commission_ppm = -1, .availability = AVAIL_UNKNOWN}};
	struct err why = {0};

	take_texts(&r);
	take_attributes(&r);
	if (take_rest(&r, &why) != OK)
		return intake_refuse(in, r.p.id, why.where, "%s", why.text);
	if (in->o->format == FEED_OPENAI && !may_be_found(&r))
		return intake_refuse(in, r.p.id, "is_eligible_search", "the feed says it is not eligible for search");
	return intake_take(in, &r.p, STR_NONE);
}

struct str field_name(struct arena *a, struct str written)
{
	char *out;

	written = str_trim(written);
	if (written.n > 2 && str_eq_nocase(str_sub(written, 0, 2), STR("g:")))
		written = str_sub(written, 2, written.n);
	out = ARENA_TAKE(a, char, written.n + 1);
	for (size_t i = 0; out && i < written.n; i++) {
		char c = written.p[i];
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c == ' ' ? '_' : c);
	}
	return (struct str){out, out ? written.n : 0};
}
