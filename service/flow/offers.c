/* Offers: the shops of one item on a card (rules of taste 5): equal GTIN, or brand and MPN. Which item it is, relevance has decided; among
 * its shops the buyer's price decides, never ours. */
#include "flow/core.h"

#include <string.h>

/* Cheapest first; prices in another currency and unknown ones behind; equal ones in the catalog's order. */
static bool cheaper(const struct catalog *c, uint32_t a, uint32_t b, const char *currency)
{
	struct money x = product_price(catalog_product(c, a)), y = product_price(catalog_product(c, b));
	bool has_x = currency[0] && strcmp(x.currency, currency) == 0, has_y = currency[0] && strcmp(y.currency, currency) == 0;
	if (has_x != has_y)
		return has_x;
	return has_x && x.minor != y.minor ? x.minor < y.minor : catalog_before(c, a, b);
}

static size_t drop(uint32_t offers[], size_t n, size_t at)
{
	memmove(offers + at, offers + at + 1, (n - at - 1) * sizeof *offers);
	return n - 1;
}

/* Keeps the cheapest OFFERS, one a shop; offers has room for one more. */
static size_t keep(const struct catalog *c, uint32_t offers[], size_t n, uint32_t number, const char *currency)
{
	for (size_t i = 0; i < n; i++) {
		if (catalog_merchant_of(c, catalog_product(c, offers[i])) != catalog_merchant_of(c, catalog_product(c, number)))
			continue;
		if (!cheaper(c, number, offers[i], currency))
			return n;
		n = drop(offers, n, i);
		break;
	}
	size_t at = n;
	while (at > 0 && cheaper(c, number, offers[at - 1], currency))
		at--;
	memmove(offers + at + 1, offers + at, (n - at) * sizeof *offers);
	offers[at] = number;
	return n < OFFERS ? n + 1 : n;
}

size_t offers_of(struct insert *in, const struct choice *choice, uint32_t offers[])
{
	const struct catalog *c = in->shelf->catalog;
	const struct product *top = catalog_product(c, choice->top.product);
	const struct match_phrase phrase = match_phrase(in->shelf->match, choice->phrase);
	const struct money price = product_price(top);
	const uint64_t item = product_item(top);
	uint32_t found[OFFERS + 1] = {choice->top.product};
	size_t n = 1;
	for (uint32_t i = 0; item != top->key && i < phrase.product_count; i++) {
		uint32_t number = match_phrase_product(in->shelf->match, choice->phrase, i);
		const struct product *p = number == PRODUCT_NONE ? NULL : catalog_product(c, number);
		if (p && number != choice->top.product && product_item(p) == item && decide_allows(in, p))
			n = keep(c, found, n, number, price.currency);
	}
	memcpy(offers, found, n * sizeof *offers);
	return n;
}
