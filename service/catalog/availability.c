/* How feeds say whether a product can be had. */
#include "catalog/catalog.h"

static const struct {
	const char *written;
	enum availability means;
} WORDS[] = {
	{"instock", AVAIL_IN_STOCK},
	{"limitedstock", AVAIL_IN_STOCK},
	{"limitedavailability", AVAIL_IN_STOCK},
	{"onlineonly", AVAIL_IN_STOCK},
	{"instoreonly", AVAIL_OUT_OF_STOCK},
	{"outofstock", AVAIL_OUT_OF_STOCK},
	{"soldout", AVAIL_OUT_OF_STOCK},
	{"discontinued", AVAIL_OUT_OF_STOCK},
	{"preorder", AVAIL_PREORDER},
	{"presale", AVAIL_PREORDER},
	{"backorder", AVAIL_BACKORDER},
	{"unknown", AVAIL_UNKNOWN},
};

struct str availability_name(enum availability a)
{
	switch (a) {
	case AVAIL_IN_STOCK:
		return STR("in_stock");
	case AVAIL_OUT_OF_STOCK:
		return STR("out_of_stock");
	case AVAIL_PREORDER:
		return STR("preorder");
	case AVAIL_BACKORDER:
		return STR("backorder");
	case AVAIL_UNKNOWN:
		break;
	}
	return STR("unknown");
}

static struct str without_schema(struct str s)
{
	const struct str HEADS[] = {STR("https://schema.org/"), STR("http://schema.org/")};

	for (size_t i = 0; i < ARRAY_LEN(HEADS); i++)
		if (s.n > HEADS[i].n && str_eq_nocase(str_sub(s, 0, HEADS[i].n), HEADS[i]))
			return str_sub(s, HEADS[i].n, s.n);
	return s;
}

enum status availability_parse(struct str s, enum availability *out)
{
	char letters[32];
	size_t n = 0;

	s = without_schema(str_trim(s));
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ' || s.p[i] == '_' || s.p[i] == '-')
			continue;
		if (n == sizeof(letters))
			return E_INPUT;
		letters[n++] = s.p[i];
	}
	for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
		if (str_eq_nocase((struct str){letters, n}, str_of(WORDS[i].written))) {
			*out = WORDS[i].means;
			return OK;
		}
	return E_INPUT;
}
