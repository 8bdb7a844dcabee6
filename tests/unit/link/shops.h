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

static const struct str SHOP_HOSTS[] = {STR("shop.example"), STR("amazon.co.uk"), STR("ebay.com")};
static const struct pair AWIN_IDS[] = {{STR("merchant_id"), STR("6220")}, {STR("affiliate_id"), STR("98765")}};
static const struct pair CJ_IDS[] = {{STR("publisher_id"), STR("7654321")}};
static const struct pair RAKUTEN_IDS[] = {{STR("id"), STR("AbCdEfGhI*k")}, {STR("mid"), STR("4242")}};
static const struct pair IMPACT_IDS[] = {{STR("base_url"), STR("https://goto.brand.example/c/111/222/333?veh=aff&subId1=old")}};
static const struct pair EBAY_IDS[] = {{STR("campid"), STR("5338000001")}, {STR("mkrid"), STR("711-53200-19255-0")}};
static const struct pair PARTNERIZE_IDS[] = {{STR("camref"), STR("1100lABC")}};
static const struct pair AMAZON_IDS[] = {{STR("tag"), STR("inlay-21")}};
static const struct pair PLAIN_IDS[] = {{STR("aff"), STR("in lay")}, {STR("ref"), STR("x-{click}")}};

#define SHOP(net, ids) \
	{.id = STR("m"), .hosts = SHOP_HOSTS, .host_count = 3, .network = (net), .network_ids = (ids), .network_id_count = ARRAY_LEN(ids)}

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
static const struct merchant SHOP_BARE = {.id = STR("b"), .hosts = SHOP_HOSTS, .host_count = 3, .network = NET_PLAIN};

/* The sub-id of the all-zero id but for its last byte. */
#define SUBID "00000000000000000000000001q"

static struct link_networks *networks_shipped(void)
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
