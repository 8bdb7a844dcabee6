/* Merchants across an answer (rules of taste 5): of offers that fit as well, one of a shop that has no link here yet. What a shop pays is
 * no part of it, and nobody pays more for the same item. */
#include "flow/candidate.h"

#include <string.h>

#define AS_WELL 0.01 /* of the score */

static const struct merchant *shop_of(const struct insert *in, uint32_t product)
{
	return catalog_merchant_of(in->shelf->catalog, catalog_product(in->shelf->catalog, product));
}

static bool has_link(const struct insert *in, const struct merchant *m)
{
	for (uint32_t i = 0; i < in->placed_count; i++)
		if (shop_of(in, in->placed[i].product) == m)
			return true;
	return false;
}

static bool dearer_for_the_same(const struct product *other, const struct product *first)
{
	struct money a = product_price(other), b = product_price(first);
	bool known = a.currency[0] != '\0' && strcmp(a.currency, b.currency) == 0;
	return product_item(other) == product_item(first) && !(known && a.minor <= b.minor);
}

void vary_merchants(const struct insert *in, struct match_ranked *ranked, size_t n)
{
	const struct catalog *c = in->shelf->catalog;
	if (n == 0 || in->intent.cheapest || !has_link(in, shop_of(in, ranked[0].product)))
		return;
	for (size_t i = 1; i < n && ranked[i].score >= ranked[0].score - AS_WELL; i++) {
		if (has_link(in, shop_of(in, ranked[i].product)) ||
		        dearer_for_the_same(catalog_product(c, ranked[i].product), catalog_product(c, ranked[0].product)))
			continue;
		struct match_ranked first = ranked[i];
		memmove(ranked + 1, ranked, i * sizeof *ranked);
		ranked[0] = first;
		return;
	}
}
