/* What products may be linked in this answer at all: in stock, within the budget, of the reader's market and country, wanted, not shown already. */
#include "flow/candidate.h"

#include <string.h>

static bool refuse(struct sieve *f, enum refusal r)
{
	if (r > f->worst)
		f->worst = r;
	return false;
}

/* Prices in another currency cannot be compared with the budget: refused. An unknown price is not above it. */
static bool affordable(const struct intent *i, const struct product *p)
{
	struct money price = product_price(p);
	if (!price.currency[0] || (!i->has_max && !i->has_min))
		return true;
	const struct money *named = i->has_max ? &i->max_price : &i->min_price;
	int64_t scale = 1; /* a budget without currency counts in hundredths of whatever it is */
	if (named->currency[0] && strcmp(named->currency, price.currency) != 0)
		return false;
	int64_t minor = price.minor;
	if (!named->currency[0]) {
		int exponent = money_exponent(price.currency);
		for (int k = exponent; k < 2; k++)
			scale *= 10;
		for (int k = exponent; k > 2; k--)
			minor /= 10;
		if (__builtin_mul_overflow(minor, scale, &minor))
			return false;
	}
	return !(i->has_max && minor > i->max_price.minor) && !(i->has_min && minor < i->min_price.minor);
}

/* "TW" of zh-Hant-TW, "" of en. */
static struct str region_of(struct str locale)
{
	struct str rest = locale, part = STR_NONE;
	str_cut(&rest, '-');
	while (rest.n > 0)
		part = str_cut(&rest, '-');
	return part.n == 2 ? part : STR_NONE;
}

/* A product made for one language is shown to readers of that language, one made for one country to those who are there; what does not
 * say is told by its title's script. */
static bool same_market(const struct insert *in, const struct product *p, const struct place_locale *l)
{
	struct str rest = p->locale, language = str_cut(&rest, '-');
	struct str other = l->tag, reader = str_cut(&other, '-');
	struct str sold = p->locale.n > 0 ? region_of(p->locale) : STR_NONE;
	struct str here = sold.n == 0 ? STR_NONE : in->r.country.n > 0 ? in->r.country : region_of(in->r.locale);
	if (sold.n > 0 && here.n > 0 && !str_eq_nocase(sold, here))
		return false;
	if (language.n > 0)
		return str_eq_nocase(language, reader);
	struct money price = product_price(p);
	bool han = shelf_title_is_han(in->shelf, p), yuan = strcmp(price.currency, "CNY") == 0;
	return str_eq(reader, STR("zh")) ? han || yuan : !han;
}

static bool unwanted(const struct insert *in, const struct product *p)
{
	if (!in->intent.unwanted_count)
		return false;
	struct buf folded;
	buf_init(&folded, 8192);
	text_fold(p->title, &folded);
	buf_putc(&folded, ' ');
	text_fold(p->brand, &folded);
	bool found = false;
	for (uint32_t i = 0; i < in->intent.unwanted_count && !found; i++)
		found = in->intent.unwanted[i].n && str_find(buf_str(&folded), in->intent.unwanted[i], 0) < folded.n;
	buf_done(&folded);
	return found;
}

/* The merchant's links of this answer count with those of the day. */
static bool within_caps(struct insert *in, const struct product *p)
{
	const struct catalog *c = in->shelf->catalog;
	const struct merchant *m = catalog_merchant_of(c, p);
	int64_t here = 0;
	if (!in->caps.caps)
		return true;
	for (uint32_t i = 0; i < in->placed_count; i++)
		here += catalog_merchant_of(c, catalog_product(c, in->placed[i].product)) == m;
	return caps_allow(&in->caps, m->id, here);
}

bool sieve_allows(void *arg, const struct product *p)
{
	struct sieve *f = arg;
	const struct shelf *s = f->in->shelf;
	enum standing standing = shelf_standing(s, p);
	if (standing == STANDING_OFF || !same_market(f->in, p, f->locale))
		return false;
	bool over = p->expires_ms > 0 && f->in->r.now_ms >= p->expires_ms;
	if (p->availability == AVAIL_OUT_OF_STOCK || over)
		return refuse(f, REFUSED_OUT_OF_STOCK);
	if (!affordable(&f->in->intent, p))
		return refuse(f, REFUSED_OVER_BUDGET);
	if (standing == STANDING_BLOCKED)
		return refuse(f, REFUSED_BLOCKED);
	if (place_has_item(&f->in->spots, p) || !within_caps(f->in, p))
		return refuse(f, REFUSED_CROWDED);
	return !unwanted(f->in, p) && !said_owns(f->in, p);
}

bool decide_allows(struct insert *in, const struct product *p)
{
	struct sieve f = {.in = in, .locale = decide_locale(in)};
	return sieve_allows(&f, p);
}
