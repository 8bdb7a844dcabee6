/* URLs of catalogs through every network: never elsewhere, never broken, and back again. The first byte picks the
 * network; 'Y' reads the rest as the networks' rules. Runs in the project's root. */
#include <stdlib.h>
#include <string.h>

#include "link/link.h"

#define CHECK(x) ((x) ? (void)0 : abort())
#define LIT(lit) {(lit), sizeof(lit) - 1}
#define MAX_BYTES (1 << 18)

static const struct str HOSTS[] = {LIT("shop.example"), LIT("amazon.com"), LIT("ebay.com")};
static const struct pair IDS[] = {{LIT("merchant_id"), LIT("62")}, {LIT("affiliate_id"), LIT("98")}, {LIT("publisher_id"), LIT("7")}, {LIT("id"), LIT("A*b")},
	{LIT("mid"), LIT("42")}, {LIT("base_url"), LIT("https://goto.brand.example/c/1/2/3?veh=aff#x")}, {LIT("campid"), LIT("533")}, {LIT("mkrid"), LIT("711-1")},
	{LIT("camref"), LIT("11lA")}, {LIT("tag"), LIT("in-21")}, {LIT("ref"), LIT("x-{click}-y")}};

static struct link_networks *networks_of(struct str yaml)
{
	struct arena *a = arena_new(MAX_BYTES * 16);
	struct link_networks *n = NULL;
	const struct doc *doc;
	struct err e;

	if (a && (doc_parse(yaml, a, &doc, &e) != OK || link_networks_new(doc, &n, &e) != OK))
		n = NULL;
	arena_free(a);
	return n;
}

static struct link_networks *networks_shipped(void)
{
	char *text;
	size_t len;
	struct link_networks *n;

	CHECK(file_read("catalogs/networks.yaml", MAX_BYTES, &text, &len, NULL) == OK);
	n = networks_of((struct str){text, len});
	CHECK(n != NULL);
	free(text);
	return n;
}

static void check_ascii(struct str url)
{
	CHECK(link_url_check(url, NULL, NULL) == OK);
	for (size_t i = 0; i < url.n; i++)
		CHECK(url.p[i] > ' ' && url.p[i] < 0x7f && !strchr("()<>[]{}\"'`\\|*~$^", url.p[i]));
}

static void try_url(const struct link_networks *n, const struct merchant *m, struct str url)
{
	struct str subid = STR("00000000000000000000000001q"), host;
	struct buf out, clean, back;

	buf_init(&out, MAX_BYTES);
	buf_init(&clean, MAX_BYTES);
	buf_init(&back, MAX_BYTES);
	if (link_target(n, m, url, subid, &out, NULL) == OK) {
		check_ascii(buf_str(&out));
		CHECK(link_refuses(n, m, url, true) != LINK_BAD_URL);
		CHECK(link_clean(n, m, url, &clean, NULL) == OK);
		CHECK(link_url_check(buf_str(&clean), &host, NULL) == OK);
		/* out again is out; what shows its shop shows one of the merchant's */
		CHECK(link_target(n, m, buf_str(&out), subid, &back, NULL) != OK || str_eq(buf_str(&back), buf_str(&out)));
		buf_clear(&back);
		if (link_untarget(n, m, buf_str(&out), &back))
			CHECK(str_eq(buf_str(&back), buf_str(&clean)));
	} else {
		CHECK(out.n == 0);
	}
	buf_clear(&back);
	err_ignore(link_clean(n, m, url, &back, NULL));
	link_untarget(n, m, url, &back);
	link_is_amazon(url);
	buf_done(&out);
	buf_done(&clean);
	buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct link_networks *shipped;
	struct merchant m = {.id = LIT("m"), .hosts = HOSTS, .host_count = 3, .network_ids = IDS, .network_id_count = ARRAY_LEN(IDS)};
	struct str rest = {(const char *)data + 1, size - 1};

	if (size == 0)
		return 0;
	if (!shipped)
		shipped = networks_shipped();
	m.network = (enum network)(data[0] % NET_COUNT);
	if (data[0] != 'Y') {
		try_url(shipped, &m, rest);
		return 0;
	}
	struct link_networks *n = networks_of(rest);
	for (size_t net = 0; n && net < NET_COUNT; net++) {
		struct buf out;
		buf_init(&out, MAX_BYTES);
		m.network = (enum network)net;
		if (link_target(n, &m, STR("https://shop.example/p?a=1#x"), STR("a1"), &out, NULL) == OK)
			check_ascii(buf_str(&out));
		buf_clear(&out);
		link_untarget(n, &m, STR("https://shop.example/p?a=1#x"), &out);
		buf_done(&out);
	}
	link_networks_free(n);
	return 0;
}
