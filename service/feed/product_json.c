/* Inlay's own product line: one JSON object a line (API.md section 5), whole or as a change. The table below is the one
 * place that names the fields. */
#include "feed/reader.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define MAX_KEYWORDS 64
#define MAX_ATTRIBUTES 64
#define SUM_MAX 1e15 /* minor units in a lenient price */

struct line {
	struct product *p;
	const json_t *object;
	struct arena *a;
	bool lenient;
	struct err *e;
};

static struct str json_text(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static enum status must_be(const struct line *l, const char *field, const char *what)
{
	return err_set(l->e, E_INPUT, field, "must be %s", what);
}

/* ---- texts ------------------------------------------------------------------------------ */

static enum status text_of(const struct line *l, const json_t *v, const char *field, struct str *out)
{
	if (!json_is_string(v))
		return must_be(l, field, "a string");
	*out = json_text(v);
	return OK;
}

/* Shops write codes as numbers, too. */
static enum status code_of(const struct line *l, const json_t *v, const char *field, struct str *out)
{
	if (!json_is_integer(v))
		return text_of(l, v, field, out);
	*out = arena_take_printf(l->a, "%lld", (long long)json_integer_value(v));
	return OK;
}

#define TEXT_READER(name, from) \
	static enum status read_##name(struct line *l, const json_t *v) \
	{ \
		return from(l, v, #name, &l->p->name); \
	}
TEXT_READER(id, code_of)
TEXT_READER(title, text_of)
TEXT_READER(url, text_of)
TEXT_READER(image, text_of)
TEXT_READER(brand, text_of)
TEXT_READER(mpn, code_of)
TEXT_READER(gtin, code_of)
TEXT_READER(description, text_of)
TEXT_READER(locale, text_of)

/* A path as text, or its steps as a list. */
static enum status read_category(struct line *l, const json_t *v)
{
	struct buf path;
	enum status s = OK;

	if (json_is_string(v)) {
		l->p->category = category_path(l->a, json_text(v));
		return OK;
	}
	if (!json_is_array(v))
		return must_be(l, "category", "a path such as \"A > B\", or a list of its steps");
	buf_init(&path, 4096);
	for (size_t i = 0; s == OK && i < json_array_size(v); i++) {
		const json_t *step = json_array_get(v, i);
		s = json_is_string(step) ? OK : must_be(l, "category", "a list of strings");
		buf_put(&path, i ? STR(" > ") : STR(""));
		buf_put(&path, json_text(step));
	}
	if (s == OK && path.failed)
		s = must_be(l, "category", "at most 750 characters");
	if (s == OK)
		l->p->category = category_path(l->a, buf_str(&path));
	buf_done(&path);
	return s;
}

static enum status read_keywords(struct line *l, const json_t *v)
{
	size_t n = json_array_size(v);
	struct str *words;

	if (!json_is_array(v) || n > MAX_KEYWORDS)
		return must_be(l, "keywords", "a list of at most 64 strings");
	words = ARENA_TAKE(l->a, struct str, n + 1);
	for (size_t i = 0; words && i < n; i++) {
		if (!json_is_string(json_array_get(v, i)))
			return must_be(l, "keywords", "a list of strings");
		words[i] = str_trim(json_text(json_array_get(v, i)));
	}
	l->p->keywords = words;
	l->p->keyword_count = words ? (uint32_t)n : 0;
	return OK;
}

/* ---- attributes: "name: value; name: value" --------------------------------------------------- */

static bool put_scalar(struct buf *out, const json_t *v)
{
	if (json_is_string(v))
		buf_put(out, json_text(v));
	else if (json_is_integer(v))
		buf_printf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		buf_printf(out, "%.15g", json_real_value(v));
	else if (json_is_boolean(v))
		buf_put(out, json_is_true(v) ? STR("yes") : STR("no"));
	else
		return false;
	return true;
}

static bool put_value(struct buf *out, const json_t *v)
{
	if (!json_is_array(v))
		return put_scalar(out, v);
	for (size_t i = 0; i < json_array_size(v); i++) {
		buf_put(out, i ? STR(", ") : STR(""));
		if (!put_scalar(out, json_array_get(v, i)))
			return false;
	}
	return true;
}

static bool put_attributes(struct buf *out, json_t *object)
{
	const char *name;
	json_t *v;

	json_object_foreach(object, name, v)
	{
		if (json_is_null(v))
			continue;
		buf_put(out, out->n ? STR("; ") : STR(""));
		buf_put(out, str_trim(str_of(name)));
		buf_put(out, STR(": "));
		if (!put_value(out, v))
			return false;
	}
	return true;
}

static enum status read_attributes(struct line *l, const json_t *v)
{
	struct buf text;
	bool fine;

	if (json_is_string(v))
		return text_of(l, v, "attributes", &l->p->attributes);
	if (!json_is_object(v) || json_object_size(v) > MAX_ATTRIBUTES)
		return must_be(l, "attributes", "an object of at most 64 fields");
	buf_init(&text, 64 << 10);
	fine = put_attributes(&text, json_object_get(l->object, "attributes")) && !text.failed;
	if (fine)
		l->p->attributes = arena_take_str(l->a, buf_str(&text));
	buf_done(&text);
	return fine ? OK : must_be(l, "attributes", "an object of strings, numbers, booleans and lists of these");
}

/* ---- money ---------------------------------------------------------------------------------------- */

static enum status amount_of(const struct line *l, const json_t *v, const char *field, struct money *out)
{
	const json_t *amount = json_object_get(v, "amount"), *currency = json_object_get(v, "currency");
	struct money m = {0};

	if (!json_is_integer(amount))
		return must_be(l, field, "{\"amount\": minor units as an integer, \"currency\": \"…\"}");
	if (!json_is_string(currency) || !money_currency(json_text(currency), m.currency))
		return err_set(l->e, E_INPUT, field, "has no known currency");
	m.minor = json_integer_value(amount);
	*out = m;
	return OK;
}

/* A bare number in the line's currency: lenient lines only. */
static enum status number_of(const struct line *l, const json_t *v, struct money *out)
{
	struct str code = json_text(json_object_get(l->object, "currency"));
	struct money m = {0};
	double sum = json_number_value(v);

	if (!code.n || !money_currency(code, m.currency))
		return must_be(l, "currency", "a known code");
	for (int i = money_exponent(m.currency); i > 0; i--)
		sum *= 10;
	if (!(sum >= 0 && sum <= SUM_MAX))
		return must_be(l, "price", "in range");
	m.minor = (int64_t)llround(sum);
	*out = m;
	return OK;
}

static enum status money_of(const struct line *l, const json_t *v, const char *field, struct money *out)
{
	struct err why;

	if (json_is_object(v))
		return amount_of(l, v, field, out);
	if (l->lenient && json_is_number(v))
		return number_of(l, v, out);
	if (!json_is_string(v))
		return must_be(l, field, "{\"amount\",\"currency\"} or a text such as \"15.00 USD\"");
	if (money_parse_text(json_text(v), out, &why) != OK)
		return err_set(l->e, E_INPUT, field, "%s", why.text);
	return OK;
}

static enum status read_price(struct line *l, const json_t *v)
{
	return money_of(l, v, "price", &l->p->price);
}

static enum status read_sale_price(struct line *l, const json_t *v)
{
	return money_of(l, v, "sale_price", &l->p->sale_price);
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static enum status read_availability(struct line *l, const json_t *v)
{
	if (json_is_string(v) && availability_parse(json_text(v), &l->p->availability) == OK)
		return OK;
	return must_be(l, "availability", "in_stock, out_of_stock, preorder, backorder or unknown");
}

static enum status time_of(const struct line *l, const json_t *v, const char *field, int64_t *out)
{
	if (json_is_string(v) && time_parse(json_text(v), out, NULL) == OK)
		return OK;
	return must_be(l, field, "an RFC 3339 time");
}

static enum status read_updated_at(struct line *l, const json_t *v)
{
	return time_of(l, v, "updated_at", &l->p->updated_ms);
}

static enum status read_expires_at(struct line *l, const json_t *v)
{
	return time_of(l, v, "expires_at", &l->p->expires_ms);
}

static enum status read_commission_ppm(struct line *l, const json_t *v)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > 1000000)
		return must_be(l, "commission_ppm", "an integer from 0 to 1000000");
	l->p->commission_ppm = json_integer_value(v);
	return OK;
}

/* ---- the line ------------------------------------------------------------------------------------------ */

static const struct product EMPTY = {.commission_ppm = -1, .availability = AVAIL_UNKNOWN};

#define CLEARS(member) offsetof(struct product, member), sizeof(EMPTY.member)
static const struct {
	const char *name;
	enum status (*read)(struct line *l, const json_t *v);
	size_t at, size; /* what null clears */
} FIELDS[] = {
	{"id", read_id, CLEARS(id)},
	{"title", read_title, CLEARS(title)},
	{"url", read_url, CLEARS(url)},
	{"image", read_image, CLEARS(image)},
	{"brand", read_brand, CLEARS(brand)},
	{"mpn", read_mpn, CLEARS(mpn)},
	{"gtin", read_gtin, CLEARS(gtin)},
	{"category", read_category, CLEARS(category)},
	{"description", read_description, CLEARS(description)},
	{"locale", read_locale, CLEARS(locale)},
	{"price", read_price, CLEARS(price)},
	{"sale_price", read_sale_price, CLEARS(sale_price)},
	{"availability", read_availability, CLEARS(availability)},
	{"keywords", read_keywords, CLEARS(keyword_count)},
	{"attributes", read_attributes, CLEARS(attributes)},
	{"updated_at", read_updated_at, CLEARS(updated_ms)},
	{"expires_at", read_expires_at, CLEARS(expires_ms)},
	{"commission_ppm", read_commission_ppm, CLEARS(commission_ppm)},
};

static void clear_field(struct product *p, size_t at, size_t size)
{
	memcpy((char *)p + at, (const char *)&EMPTY + at, size);
}

/* Puts the object's fields into l->p; lenient lines lose what is wrong instead of failing. */
static enum status apply(struct line *l)
{
	for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
		const json_t *v = json_object_get(l->object, FIELDS[i].name);
		if (!v)
			continue;
		enum status s = OK;
		if (json_is_null(v))
			clear_field(l->p, FIELDS[i].at, FIELDS[i].size);
		else
			s = FIELDS[i].read(l, v);
		if (s != OK && !l->lenient)
			return s;
	}
	return OK;
}

json_t *json_line(struct intake *in, struct str line)
{
	json_error_t why;
	json_t *o;

	if (!utf8_valid(line)) {
		err_ignore(intake_refuse(in, STR_NONE, "", "is not valid UTF-8"));
		return NULL;
	}
	o = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &why);
	if (!o) {
		err_ignore(intake_refuse(in, STR_NONE, "", "no JSON: %s", why.text));
	} else if (!json_is_object(o)) {
		err_ignore(intake_refuse(in, STR_NONE, "", "must be a JSON object"));
		json_decref(o);
		o = NULL;
	}
	return o;
}

static enum status refuse(struct intake *in, const struct product *p, const struct err *why)
{
	return intake_refuse(in, p->id, why->where, "%s", why->text);
}

enum status inlay_line(struct intake *in, struct str line)
{
	struct product p = EMPTY;
	struct err why = {0};
	json_t *o = json_line(in, line);
	struct line l = {&p, o, in->scratch, in->o->lenient && in->crowd, &why};
	enum status s = OK;

	if (!o)
		return OK;
	if (apply(&l) != OK) {
		s = refuse(in, &p, &why);
	} else {
		const json_t *merchant = json_object_get(o, "merchant");
		s = intake_take(in, &p, json_is_string(merchant) ? json_text(merchant) : STR_NONE);
	}
	json_decref(o);
	return s;
}

/* ---- changes ------------------------------------------------------------------------------------------- */

static enum status put_change(struct intake *in, struct product *p, const struct product *before)
{
	struct err why = {0};
	bool gtin_bad = false;
	enum status s = product_check(p, FEED_INLAY, in->merchant, in->scratch, &gtin_bad, &why);

	if (s != OK)
		return refuse(in, p, &why);
	if (gtin_bad)
		intake_note(in, p->id, "gtin", "is no GTIN (8, 12, 13 or 14 digits with a right check digit): left out");
	in->report->accepted++;
	if (before && product_same(before, p)) {
		in->report->unchanged++;
		return OK;
	}
	s = part_builder_add(in->builder, p, true, &why);
	return s == OK ? OK : err_set(in->e, s, "", "%s", why.text);
}

static enum status change(struct intake *in, const json_t *o)
{
	const json_t *deleted = json_object_get(o, "deleted");
	struct product p = EMPTY;
	struct err why = {0};
	struct line l = {&p, o, in->scratch, false, &why};
	const struct product *before;

	if (!json_object_get(o, "id") || read_id(&l, json_object_get(o, "id")) != OK || str_trim(p.id).n == 0)
		return intake_refuse(in, STR_NONE, "id", "is required and must be a string");
	p.id = str_trim(p.id);
	if (deleted && !json_is_boolean(deleted))
		return intake_refuse(in, p.id, "deleted", "must be true or false");
	before = part_builder_find(in->builder, p.id);
	if (json_is_true(deleted)) {
		enum status s = part_builder_remove(in->builder, p.id, &why);
		in->report->accepted++;
		in->report->deleted += before != NULL;
		return s == OK ? OK : err_set(in->e, s, "", "%s", why.text);
	}
	if (before)
		p = *before;
	return apply(&l) == OK ? put_change(in, &p, before) : refuse(in, &p, &why);
}

enum status patch_line(struct intake *in, struct str line)
{
	json_t *o = json_line(in, line);
	enum status s = o ? change(in, o) : OK;

	json_decref(o);
	return s;
}

/* ---- the canonical line ----------------------------------------------------------------------------------- */

/* The strings still lie in jansson's memory: copies of all of them. */
static struct product product_take(const struct product *p, struct arena *a)
{
	struct product copy = *p;
	struct str *const texts[] = {&copy.id, &copy.title, &copy.url, &copy.image, &copy.brand, &copy.mpn, &copy.gtin, &copy.category,
		&copy.description, &copy.attributes, &copy.locale};
	struct str *words = ARENA_TAKE(a, struct str, p->keyword_count + 1);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = arena_take_str(a, *texts[i]);
	for (uint32_t i = 0; words && i < p->keyword_count; i++)
		words[i] = arena_take_str(a, p->keywords[i]);
	copy.keywords = p->keyword_count ? words : NULL;
	return copy;
}

enum status feed_line_read(struct str line, struct arena *a, struct product *out, struct err *e)
{
	struct product p = EMPTY;
	json_error_t why;
	bool gtin_bad = false;
	json_t *o = line.n <= FEED_MAX_LINE && line.n ? json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &why) : NULL;
	struct line l = {&p, o, a, false, e};
	enum status s;

	if (!json_is_object(o)) {
		json_decref(o);
		return err_set(e, E_INPUT, "", "is no JSON object");
	}
	s = apply(&l);
	if (s == OK)
		s = product_check(&p, FEED_INLAY, NULL, a, &gtin_bad, e);
	if (s == OK)
		p = product_take(&p, a);
	json_decref(o);
	if (s == OK && arena_failed(a))
		return err_set(e, E_NOMEM, "", "no memory for a product");
	if (s == OK)
		*out = p;
	return s;
}
