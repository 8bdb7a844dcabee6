/* Merchants of every network, and the networks as they are shipped. Tests run in the project's root. */
#ifndef SHOPS_H
#define SHOPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/link.h"

/* STR() is no constant expression. */
#define LIT(lit) {(lit), sizeof(lit) - 1}
static const struct str SHOP_HOSTS[] = {LIT("shop.example"), LIT("amazon.co.uk"), LIT("ebay.com")};
static const struct pair AWIN_IDS[] = {{LIT("merchant_id"), LIT("6220")}, {LIT("affiliate_id"), LIT("98765")}};
static const struct pair CJ_IDS[] = {{LIT("publisher_id"), LIT("7654321")}};
static const struct pair RAKUTEN_IDS[] = {{LIT("id"), LIT("AbCdEfGhI*k")}, {LIT("mid"), LIT("4242")}};
static const struct pair IMPACT_IDS[] = {{LIT("base_url"), LIT("https://goto.brand.example/c/111/222/333?veh=aff&subId1=old")}};
static const struct pair EBAY_IDS[] = {{LIT("campid"), LIT("5338000001")}, {LIT("mkrid"), LIT("711-53200-19255-0")}};
static const struct pair PARTNERIZE_IDS[] = {{LIT("camref"), LIT("1100lABC")}};
static const struct pair AMAZON_IDS[] = {{LIT("tag"), LIT("inlay-21")}};
static const struct pair PLAIN_IDS[] = {{LIT("aff"), LIT("in lay")}, {LIT("ref"), LIT("x-{click}")}};

#define SHOP(net, ids) \
	{.id = LIT("m"), .hosts = SHOP_HOSTS, .host_count = 3, .network = (net), .network_ids = (ids), .network_id_count = ARRAY_LEN(ids)}

static const struct merchant SHOPS[NET_COUNT] = {
	[NET_PLAIN] = SHOP(NET_PLAIN, PLAIN_IDS),
	[NET_AWIN] = SHOP(NET_AWIN, AWIN_IDS),
	[NET_CJ] = SHOP(NET_CJ, CJ_IDS),
	[NET_RAKUTEN] = SHOP(NET_RAKUTEN, RAKUTEN_IDS),
	[NET_IMPACT] = SHOP(NET_IMPACT, IMPACT_IDS),
	[NET_EBAY] = SHOP(NET_EBAY, EBAY_IDS),
	[NET_PARTNERIZE] = SHOP(NET_PARTNERIZE, PARTNERIZE_IDS),
	[NET_AMAZON] = SHOP(NET_AMAZON, AMAZON_IDS),
};
static const struct merchant SHOP_BARE = {.id = LIT("b"), .hosts = SHOP_HOSTS, .host_count = 3, .network = NET_PLAIN};

/* The sub-id of the all-zero id but for its last byte. */
#define SUBID "00000000000000000000000001q"

static inline struct link_networks *networks_shipped(void)
{
	struct arena *a = arena_new(1 << 20);
	struct link_networks *n = NULL;
	const struct doc *doc = NULL;
	struct err e = {0};
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(file_read("catalogs/networks.yaml", 1 << 20, &text, &len, &e), OK);
	assert_int_equal(doc_parse((struct str){text, len}, a, &doc, &e), OK);
	if (link_networks_new(doc, &n, &e) != OK)
		fail_msg("%s: %s", e.where, e.text);
	arena_free(a); /* the networks hold no more of it */
	free(text);
	return n;
}

#endif
