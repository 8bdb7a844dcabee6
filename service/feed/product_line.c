/* Inlay's own product line: one JSON object a line (API.md section 5), whole or as a change. The table below is the one
 * place that names the fields. Texts are slices of the line where nothing is escaped in them. */
#include "feed/reader.h"

#include <math.h>
#include <string.h>

#define MAX_KEYWORDS 64
#define MAX_ATTRIBUTES 64
#define SUM_MAX 1e15 /* minor units in a lenient price */

enum { OF_MERCHANT, OF_DELETED, OF_CURRENCY, OTHERS }; /* fields that are not the product's */
#define MAX_FIELDS 24
struct line {
	struct product *p;
	const struct pull *value; /* by place in FIELDS; PULL_NONE: not there */
	const struct pull *other;
	struct arena *a;
	bool lenient;
	struct err *e;
};

static bool is_string(struct pull v)
{
	return pull_kind(v) == PULL_STRING;
}

static enum status must_be(const struct line *l, const char *field, const char *what)
{
	return err_set(l->e, E_INPUT, field, "must be %s", what);
}

/* ---- texts ------------------------------------------------------------------------------ */

static enum status text_of(const struct line *l, struct pull v, const char *field, struct str *out)
{
	if (!is_string(v))
		return must_be(l, field, "a string");
	*out = pull_text(v, l->a);
	return OK;
}

/* Shops write codes as numbers, too. */
static enum status code_of(const struct line *l, struct pull v, const char *field, struct str *out)
{
	int64_t n;

	if (!pull_int(v, &n))
		return text_of(l, v, field, out);
	*out = arena_take_printf(l->a, "%lld", (long long)n);
	return OK;
}

#define TEXT_READER(name, from) \
	static enum status read_##name(struct line *l, struct pull v) \
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
static enum status read_category(struct line *l, struct pull v)
{
	struct buf path;
	struct pull step;
	enum status s = OK;

	if (is_string(v)) {
		l->p->category = category_path(l->a, pull_text(v, l->a));
		return OK;
	}
	if (pull_kind(v) != PULL_ARRAY)
		return must_be(l, "category", "a path such as \"A > B\", or a list of its steps");
	buf_init(&path, 4096);
	for (size_t at = 0; s == OK && pull_next(v, &at, NULL, &step);) {
		s = is_string(step) ? OK : must_be(l, "category", "a list of strings");
		buf_put(&path, path.n ? STR(" > ") : STR(""));
		buf_put(&path, pull_text(step, l->a));
	}
	if (s == OK && path.failed)
		s = must_be(l, "category", "at most 750 characters");
	if (s == OK)
		l->p->category = category_path(l->a, buf_str(&path));
	buf_done(&path);
	return s;
}

static size_t count_of(struct pull v)
{
	struct pull one;
	struct str key;
	size_t n = 0;

	for (size_t at = 0; pull_next(v, &at, &key, &one);)
		n++;
	return n;
}

static enum status read_keywords(struct line *l, struct pull v)
{
	struct str *words;
	struct pull word;
	size_t n = 0, most = count_of(v);

	if (pull_kind(v) != PULL_ARRAY || most > MAX_KEYWORDS)
		return must_be(l, "keywords", "a list of at most 64 strings");
	words = ARENA_TAKE(l->a, struct str, most + 1);
	for (size_t at = 0; words && pull_next(v, &at, NULL, &word); n++) {
		if (!is_string(word))
			return must_be(l, "keywords", "a list of strings");
		words[n] = str_trim(pull_text(word, l->a));
	}
	l->p->keywords = words;
	l->p->keyword_count = (uint32_t)n;
	return OK;
}

/* ---- attributes: "name: value; name: value" --------------------------------------------------- */

static bool put_scalar(struct line *l, struct buf *out, struct pull v)
{
	int64_t n;

	switch (pull_kind(v)) {
	case PULL_STRING:
		buf_put(out, pull_text(v, l->a));
		return true;
	case PULL_NUMBER:
		if (pull_int(v, &n))
			buf_put(out, v.text);
		else
			buf_printf(out, "%.15g", pull_double(v));
		return true;
	case PULL_TRUE:
	case PULL_FALSE:
		buf_put(out, pull_kind(v) == PULL_TRUE ? STR("yes") : STR("no"));
		return true;
	default:
		return false;
	}
}

static bool put_value(struct line *l, struct buf *out, struct pull v)
{
	struct pull one;
	bool fine = true;

	if (pull_kind(v) != PULL_ARRAY)
		return put_scalar(l, out, v);
	for (size_t at = 0, n = 0; fine && pull_next(v, &at, NULL, &one); n++) {
		buf_put(out, n ? STR(", ") : STR(""));
		fine = put_scalar(l, out, one);
	}
	return fine;
}

/* A field's name without its escapes. */
static struct str name_of(struct line *l, struct str key)
{
	struct pull quoted = {{key.p - 1, key.n + 2}}; /* its quotes stand around it */

	return pull_text(quoted, l->a);
}

static bool put_attributes(struct line *l, struct buf *out, struct pull object)
{
	struct str key;
	struct pull v;
	bool fine = true;

	for (size_t at = 0; fine && pull_next(object, &at, &key, &v);) {
		if (pull_kind(v) == PULL_NULL)
			continue;
		buf_put(out, out->n ? STR("; ") : STR(""));
		buf_put(out, str_trim(name_of(l, key)));
		buf_put(out, STR(": "));
		fine = put_value(l, out, v);
	}
	return fine;
}

static enum status read_attributes(struct line *l, struct pull v)
{
	struct buf text;
	bool fine;

	if (is_string(v))
		return text_of(l, v, "attributes", &l->p->attributes);
	if (pull_kind(v) != PULL_OBJECT || count_of(v) > MAX_ATTRIBUTES)
		return must_be(l, "attributes", "an object of at most 64 fields");
	buf_init(&text, 64 << 10);
	fine = put_attributes(l, &text, v) && !text.failed;
	if (fine)
		l->p->attributes = arena_take_str(l->a, buf_str(&text));
	buf_done(&text);
	return fine ? OK : must_be(l, "attributes", "an object of strings, numbers, booleans and lists of these");
}

/* ---- money ---------------------------------------------------------------------------------------- */

static enum status amount_of(const struct line *l, struct pull v, const char *field, struct money *out)
{
	struct pull currency = pull_member(v, "currency");
	struct money m = {0};

	if (!pull_int(pull_member(v, "amount"), &m.minor))
		return must_be(l, field, "{\"amount\": minor units as an integer, \"currency\": \"…\"}");
	if (!is_string(currency) || !money_currency(pull_text(currency, l->a), m.currency))
		return err_set(l->e, E_INPUT, field, "has no known currency");
	*out = m;
	return OK;
}

/* A bare number in the line's currency: lenient lines only. */
static enum status number_of(const struct line *l, struct pull v, struct money *out)
{
	struct str code = pull_text(l->other[OF_CURRENCY], l->a);
	struct money m = {0};
	double sum = pull_double(v);

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

static enum status money_of(const struct line *l, struct pull v, const char *field, struct money *out)
{
	struct err why;

	if (pull_kind(v) == PULL_OBJECT)
		return amount_of(l, v, field, out);
	if (l->lenient && pull_kind(v) == PULL_NUMBER)
		return number_of(l, v, out);
	if (!is_string(v))
		return must_be(l, field, "{\"amount\",\"currency\"} or a text such as \"15.00 USD\"");
	if (money_parse_text(pull_text(v, l->a), out, &why) != OK)
		return err_set(l->e, E_INPUT, field, "%s", why.text);
	return OK;
}

static enum status read_price(struct line *l, struct pull v)
{
	return money_of(l, v, "price", &l->p->price);
}

static enum status read_sale_price(struct line *l, struct pull v)
{
	return money_of(l, v, "sale_price", &l->p->sale_price);
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static enum status read_availability(struct line *l, struct pull v)
{
	if (is_string(v) && availability_parse(pull_text(v, l->a), &l->p->availability) == OK)
		return OK;
	return must_be(l, "availability", "in_stock, out_of_stock, preorder, backorder or unknown");
}

static enum status time_of(const struct line *l, struct pull v, const char *field, int64_t *out)
{
	if (is_string(v) && time_parse(pull_text(v, l->a), out, NULL) == OK)
		return OK;
	return must_be(l, field, "an RFC 3339 time");
}

static enum status read_updated_at(struct line *l, struct pull v)
{
	return time_of(l, v, "updated_at", &l->p->updated_ms);
}

static enum status read_expires_at(struct line *l, struct pull v)
{
	return time_of(l, v, "expires_at", &l->p->expires_ms);
}

static enum status read_commission_ppm(struct line *l, struct pull v)
{
	int64_t ppm;

	if (!pull_int(v, &ppm) || ppm < 0 || ppm > 1000000)
		return must_be(l, "commission_ppm", "an integer from 0 to 1000000");
	l->p->commission_ppm = ppm;
	return OK;
}

/* ---- the line ------------------------------------------------------------------------------------------ */

static const struct product EMPTY = {.commission_ppm = -1, .availability = AVAIL_UNKNOWN};

#define CLEARS(member) offsetof(struct product, member), sizeof(EMPTY.member)
static const struct {
	const char *name;
	enum status (*read)(struct line *l, struct pull v);
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

_Static_assert(ARRAY_LEN(FIELDS) + OTHERS <= MAX_FIELDS, "a line's values have room");
static const char *const others[OTHERS] = {[OF_MERCHANT] = "merchant", [OF_DELETED] = "deleted", [OF_CURRENCY] = "currency"};

/* A line's values by field; the others stand behind the product's. */
struct values {
	struct pull at[MAX_FIELDS];
};

static size_t place_of(struct str key)
{
	for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++)
		if (pull_key_is(key, str_of(FIELDS[i].name)))
			return i;
	for (size_t i = 0; i < OTHERS; i++)
		if (pull_key_is(key, str_of(others[i])))
			return ARRAY_LEN(FIELDS) + i;
	return MAX_FIELDS;
}

/* Which of two equal fields counts is nobody's guess. */
static enum status read_values(struct str text, struct values *out, struct err *e)
{
	struct pull object, v;
	struct str key;
	enum status s = pull_check(text, &object, e);

	*out = (struct values){0};
	if (s == OK && pull_kind(object) != PULL_OBJECT)
		s = err_set(e, E_INPUT, "", "must be a JSON object");
	for (size_t at = 0; s == OK && pull_next(object, &at, &key, &v);) {
		size_t i = place_of(key);
		if (i == MAX_FIELDS)
			continue;
		if (pull_kind(out->at[i]) != PULL_NONE)
			s = err_set(e, E_INPUT, "", "the field %.*s stands there twice", STR_ARG(key));
		out->at[i] = v;
	}
	return s;
}

static void clear_field(struct product *p, size_t at, size_t size)
{
	memcpy((char *)p + at, (const char *)&EMPTY + at, size);
}

/* Puts the object's fields into l->p; lenient lines lose what is wrong instead of failing. */
static enum status apply(struct line *l)
{
	for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
		struct pull v = l->value[i];
		if (pull_kind(v) == PULL_NONE)
			continue;
		enum status s = OK;
		if (pull_kind(v) == PULL_NULL)
			clear_field(l->p, FIELDS[i].at, FIELDS[i].size);
		else
			s = FIELDS[i].read(l, v);
		if (s != OK && !l->lenient)
			return s;
	}
	return OK;
}

static enum status refuse(struct intake *in, const struct product *p, const struct err *why)
{
	return intake_refuse(in, p->id, why->where, "%s", why->text);
}

enum status inlay_line(struct intake *in, struct str line)
{
	struct product p = EMPTY;
	struct err why = {0};
	struct values values;
	struct line l = {&p, values.at, values.at + ARRAY_LEN(FIELDS), in->scratch, in->o->lenient && in->crowd, &why};

	if (read_values(line, &values, &why) != OK)
		return intake_refuse(in, STR_NONE, "", "%s", why.text);
	if (apply(&l) != OK)
		return refuse(in, &p, &why);
	return intake_take(in, &p, pull_text(l.other[OF_MERCHANT], in->scratch));
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

static enum status delete(struct intake *in, struct str id)
{
	struct err why = {0};
	bool there = part_builder_find(in->builder, id) != NULL;
	enum status s = part_builder_remove(in->builder, id, &why);

	in->report->accepted++;
	in->report->deleted += there;
	return s == OK ? OK : err_set(in->e, s, "", "%s", why.text);
}

static enum status change(struct intake *in, const struct values *values)
{
	struct product p = EMPTY;
	struct err why = {0};
	struct line l = {&p, values->at, values->at + ARRAY_LEN(FIELDS), in->scratch, false, &why};
	const struct product *before;
	enum pull_kind deleted = pull_kind(l.other[OF_DELETED]);

	if (pull_kind(l.value[0]) == PULL_NONE || read_id(&l, l.value[0]) != OK || str_trim(p.id).n == 0)
		return intake_refuse(in, STR_NONE, "id", "is required and must be a string");
	p.id = str_trim(p.id);
	if (deleted != PULL_NONE && deleted != PULL_TRUE && deleted != PULL_FALSE)
		return intake_refuse(in, p.id, "deleted", "must be true or false");
	if (deleted == PULL_TRUE)
		return delete(in, p.id);
	before = part_builder_find(in->builder, p.id);
	if (before)
		p = *before;
	return apply(&l) == OK ? put_change(in, &p, before) : refuse(in, &p, &why);
}

enum status patch_line(struct intake *in, struct str line)
{
	struct values values;
	struct err why = {0};

	if (read_values(line, &values, &why) != OK)
		return intake_refuse(in, STR_NONE, "", "%s", why.text);
	return change(in, &values);
}

/* ---- the canonical line ----------------------------------------------------------------------------------- */

enum status feed_line_read(struct str line, struct arena *a, struct product *out, struct err *e)
{
	struct product p = EMPTY;
	struct values values;
	struct line l = {&p, values.at, values.at + ARRAY_LEN(FIELDS), a, false, e};
	bool gtin_bad = false;
	enum status s = line.n <= FEED_MAX_LINE ? read_values(line, &values, e) : err_set(e, E_INPUT, "", "is too long");

	if (s == OK)
		s = apply(&l);
	if (s == OK)
		s = product_check(&p, FEED_INLAY, NULL, a, &gtin_bad, e);
	if (s == OK && arena_failed(a))
		return err_set(e, E_NOMEM, "", "no memory for a product");
	if (s == OK)
		*out = p;
	return s;
}
