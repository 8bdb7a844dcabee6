/* The nested feed of the Agentic Commerce Protocol: a product and its variants; each variant is something to buy, so
 * each becomes a product (facts: affiliate 2.3). Fields of the product stand in where a variant has none. */
#include "feed/reader.h"

#include <jansson.h>
#include <string.h>

#define MAX_VARIANTS 2000

struct nested {
	struct intake *in;
	const json_t *product, *variant;
	struct product p;
	struct err why;
};

static struct str json_text(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static bool absent(const json_t *v)
{
	return !v || json_is_null(v);
}

static enum status must_be(struct nested *n, const char *field, const char *what)
{
	return err_set(&n->why, E_INPUT, field, "must be %s", what);
}

/* The variant's field, or else the product's. */
static json_t *either(const struct nested *n, const char *field)
{
	json_t *own = json_object_get(n->variant, field);

	return absent(own) ? json_object_get(n->product, field) : own;
}

static enum status take_text(struct nested *n, const json_t *v, const char *field, struct str *out)
{
	if (absent(v))
		return OK;
	if (!json_is_string(v))
		return must_be(n, field, "a string");
	*out = str_trim(json_text(v));
	return OK;
}

/* "Trail Shoe" and "Blue / 42" say more together; a variant's title that has the product's inside stands alone. */
static enum status take_title(struct nested *n)
{
	struct str whole = STR_NONE, own = STR_NONE;
	enum status s = take_text(n, json_object_get(n->product, "title"), "title", &whole);

	if (s == OK)
		s = take_text(n, json_object_get(n->variant, "title"), "variants/title", &own);
	if (s != OK)
		return s;
	if (!own.n || !whole.n)
		n->p.title = own.n ? own : whole;
	else if (str_find(own, whole, 0) < own.n || str_find(whole, own, 0) < whole.n)
		n->p.title = own.n >= whole.n ? own : whole;
	else
		n->p.title = arena_take_printf(n->in->scratch, "%.*s, %.*s", STR_ARG(whole), STR_ARG(own));
	return OK;
}

static enum status take_description(struct nested *n)
{
	const json_t *v = either(n, "description");

	if (json_is_object(v)) {
		const json_t *plain = json_object_get(v, "plain"), *markdown = json_object_get(v, "markdown");
		v = absent(plain) ? absent(markdown) ? json_object_get(v, "html") : markdown : plain;
	}
	return take_text(n, v, "description", &n->p.description);
}

static enum status take_image(struct nested *n)
{
	const json_t *media = either(n, "media");

	for (size_t i = 0; i < json_array_size(media); i++) {
		const json_t *one = json_array_get(media, i), *type = json_object_get(one, "type");
		if (absent(type) || str_eq(json_text(type), STR("image")))
			return take_text(n, json_object_get(one, "url"), "media/url", &n->p.image);
	}
	return OK;
}

static enum status take_barcode(struct nested *n)
{
	const json_t *codes = either(n, "barcodes");

	for (size_t i = 0; i < json_array_size(codes); i++) {
		const json_t *code = json_array_get(codes, i);
		struct str type = json_text(json_object_get(code, "type")), value = json_text(json_object_get(code, "value"));
		if (str_eq_nocase(type, STR("mpn")))
			n->p.mpn = value;
		else if (!n->p.gtin.n)
			n->p.gtin = value;
	}
	return OK;
}

static bool is_number(struct str s)
{
	int64_t n;

	return str_int(s, &n);
}

static enum status take_category(struct nested *n)
{
	const json_t *list = either(n, "categories");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		struct str path = json_text(json_is_string(one) ? one : json_object_get(one, "value"));
		if (path.n && !is_number(path)) {
			n->p.category = category_path(n->in->scratch, path);
			break;
		}
	}
	return OK;
}

/* ---- price and stock --------------------------------------------------------------------------- */

static enum status take_money(struct nested *n, const json_t *v, const char *field, struct money *out)
{
	const json_t *amount = json_object_get(v, "amount"), *currency = json_object_get(v, "currency");
	struct money m = {0};

	if (absent(v))
		return OK;
	if (!json_is_integer(amount))
		return must_be(n, field, "{\"amount\": minor units as an integer, \"currency\": \"…\"}");
	if (!json_is_string(currency) || !money_currency(json_text(currency), m.currency))
		return err_set(&n->why, E_INPUT, field, "has no known currency");
	m.minor = json_integer_value(amount);
	*out = m;
	return OK;
}

/* price is what is paid; a higher list_price makes it a sale. */
static enum status take_price(struct nested *n)
{
	struct money list = {0};
	enum status s = take_money(n, either(n, "price"), "price", &n->p.price);

	if (s == OK)
		s = take_money(n, either(n, "list_price"), "list_price", &list);
	if (s == OK && strcmp(list.currency, n->p.price.currency) == 0 && list.currency[0] && list.minor > n->p.price.minor) {
		n->p.sale_price = n->p.price;
		n->p.price = list;
	}
	return s;
}

static enum status take_availability(struct nested *n)
{
	const json_t *v = either(n, "availability"), *status = json_object_get(v, "status"), *available = json_object_get(v, "available");

	if (absent(v))
		return OK;
	if (json_is_string(v))
		status = v;
	if (!absent(status)) {
		if (!json_is_string(status) || availability_parse(json_text(status), &n->p.availability) != OK)
			return must_be(n, "availability", "in_stock, limited_stock, backorder, preorder, out_of_stock or discontinued");
	} else if (json_is_boolean(available)) {
		n->p.availability = AVAIL_IN_STOCK;
	}
	if (json_is_false(available) && n->p.availability == AVAIL_IN_STOCK)
		n->p.availability = AVAIL_OUT_OF_STOCK;
	return OK;
}

static enum status take_attributes(struct nested *n)
{
	const json_t *options = either(n, "variant_options"), *condition = either(n, "condition");
	struct buf text;

	buf_init(&text, 64 << 10);
	for (size_t i = 0; i < json_array_size(options); i++) {
		const json_t *one = json_array_get(options, i);
		struct str name = str_trim(json_text(json_object_get(one, "name"))), value = str_trim(json_text(json_object_get(one, "value")));
		if (!name.n || !value.n)
			continue;
		buf_printf(&text, "%s%.*s: %.*s", text.n ? "; " : "", STR_ARG(name), STR_ARG(value));
	}
	struct str state = json_text(json_is_array(condition) ? json_array_get(condition, 0) : condition);
	if (state.n && !str_eq_nocase(state, STR("new")))
		buf_printf(&text, "%scondition: %.*s", text.n ? "; " : "", STR_ARG(state));
	if (!text.failed)
		n->p.attributes = arena_take_str(n->in->scratch, buf_str(&text));
	buf_done(&text);
	return OK;
}

static enum status take_variant(struct nested *n)
{
	static enum status (*const TAKE[])(struct nested *) = {take_title, take_description, take_image, take_barcode, take_category,
		take_price, take_availability, take_attributes};
	enum status s = take_text(n, json_object_get(n->variant, "id"), "variants/id", &n->p.id);

	if (s == OK)
		s = take_text(n, either(n, "url"), "url", &n->p.url);
	if (s == OK)
		s = take_text(n, either(n, "brand"), "brand", &n->p.brand);
	for (size_t i = 0; s == OK && i < ARRAY_LEN(TAKE); i++)
		s = TAKE[i](n);
	return s == OK ? intake_take(n->in, &n->p, STR_NONE) : intake_refuse(n->in, n->p.id, n->why.where, "%s", n->why.text);
}

static enum status take_product(struct intake *in, const json_t *o)
{
	const json_t *variants = json_object_get(o, "variants");
	enum status s = OK;

	if (!json_is_array(variants) || json_array_size(variants) == 0 || json_array_size(variants) > MAX_VARIANTS)
		return intake_refuse(in, json_text(json_object_get(o, "id")), "variants", "must be a list of 1 to %d variants", MAX_VARIANTS);
	for (size_t i = 0; s == OK && i < json_array_size(variants); i++) {
		struct nested n = {in, o, json_array_get(variants, i), {.commission_ppm = -1, .availability = AVAIL_UNKNOWN}, {0}};
		if (json_is_object(n.variant))
			s = take_variant(&n);
		else
			s = intake_refuse(in, json_text(json_object_get(o, "id")), "variants", "each must be an object");
	}
	return s;
}

enum status acp_line(struct intake *in, struct str line)
{
	json_t *o = json_line(in, line);
	enum status s = o ? take_product(in, o) : OK;

	json_decref(o);
	return s;
}
