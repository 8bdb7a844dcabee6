/* flow on a small shop: some thirty products without keywords, one title for each kind of thing, so that there is little to count. What an
 * answer names is linked by kind, by maker and line, by model; what the shop does not have is not. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct row {
	const char *id, *shop, *title, *brand, *category;
	int64_t minor;
	const char *currency;
};
static const struct row rows[] = {
	{"e1", "shopa", "Sony WH-1000XM5 Wireless Noise Canceling Over-Ear Headphones - Black", "Sony", "Electronics > Audio > Audio Components > Headphones & Headsets > Headphones", 34800, "USD"},
	{"e2", "shopb", "Apple AirPods Pro (2nd Generation) with MagSafe Case (USB-C)", "Apple", "Electronics > Audio > Audio Components > Headphones & Headsets > Headphones", 19900, "USD"},
	{"e3", "shopa", "Anker PowerCore 10000 Portable Charger", "Anker", "Electronics > Electronics Accessories > Power > Batteries", 2599, "USD"},
	{"e4", "shopa", "Bialetti Moka Express Stovetop Espresso Maker 6 Cup", "Bialetti", "Home & Garden > Kitchen & Dining > Kitchen Appliances > Coffee Makers & Espresso Machines", 3999, "USD"},
	{"e5", "shopb", "Coleman Sundome Camping Tent, 4 Person", "Coleman", "Sporting Goods > Outdoor Recreation > Camping & Hiking > Tents", 8999, "USD"},
	{"e6", "shopb", "TETON Sports Celsius XXL Sleeping Bag", "TETON Sports", "Sporting Goods > Outdoor Recreation > Camping & Hiking > Sleeping Bags", 7900, "USD"},
	{"e7", "shopa", "CeraVe Hydrating Facial Cleanser 16 fl oz", "CeraVe", "Health & Beauty > Personal Care > Cosmetics > Skin Care > Facial Cleansers", 1499, "USD"},
	{"e8", "shopa", "Instant Pot Duo 7-in-1 Electric Pressure Cooker, 6 Quart", "Instant Pot", "Home & Garden > Kitchen & Dining > Kitchen Appliances > Pressure Cookers & Canners", 9995, "USD"},
	{"e9", "shopb", "KONG Classic Dog Toy, Large", "KONG", "Animals & Pet Supplies > Pet Supplies > Dog Supplies > Dog Toys", 1299, "USD"},
	{"e10", "shopb", "Kindle Paperwhite (16 GB) 6.8\" Display", "Amazon", "Electronics > Computers > Tablet Computers", 14999, "USD"},
	{"e11", "shopa", "Spigen Ultra Hybrid Case for iPhone 15 Pro", "Spigen", "Electronics > Communications > Telephony > Mobile Phone Accessories > Mobile Phone Cases", 1799, "USD"},
	{"e12", "shopa", "Logitech MX Master 3S Wireless Mouse", "Logitech", "Electronics > Electronics Accessories > Computer Components > Input Devices > Mice & Trackballs", 9999, "USD"},
	{"e13", "shopb", "YETI Rambler 20 oz Tumbler", "YETI", "Home & Garden > Kitchen & Dining > Tableware > Drinkware > Tumblers", 3500, "USD"},
	{"e14", "shopb", "Nike Air Zoom Pegasus 40 Men's Running Shoes", "Nike", "Apparel & Accessories > Shoes", 13000, "USD"},
	{"e15", "shopb", "Liforme Original Yoga Mat", "Liforme", "Sporting Goods > Exercise & Fitness > Yoga & Pilates > Yoga & Pilates Mats", 14000, "USD"},
	{"e16", "shopb", "Gaiam Essentials Thick Yoga Mat with Carrier Strap", "Gaiam", "Sporting Goods > Exercise & Fitness > Yoga & Pilates > Yoga & Pilates Mats", 2498, "USD"},
	{"e17", "shopa", "Breville Descaler for Espresso Machines, 4 Pack", "Breville", "Home & Garden > Household Supplies > Household Cleaning Supplies", 1400, "USD"},
	{"e18", "shopa", "Breville Barista Express Espresso Machine, Stainless Steel", "Breville", "Home & Garden > Kitchen & Dining > Kitchen Appliances > Coffee Makers & Espresso Machines", 69900, "USD"},
	{"w1", "shopb", "Ticket to Ride: Europe board game", "", "Toys & Games > Games", 4900, "USD"},
	{"w2", "shopb", "Ticket to Ride board game", "", "Toys & Games > Games", 4500, "USD"},
	{"w3", "shopb", "Pandemic board game", "", "Toys & Games > Games", 3900, "USD"},
	{"w4", "shopb", "The Book Thief by Markus Zusak", "", "Media > Books", 1200, "USD"},
	{"w5", "shopb", "Night by Elie Wiesel", "", "Media > Books", 900, "USD"},
	{"z1", "shopz", "薇诺娜舒敏保湿特护霜 50g", "薇诺娜", "Health & Beauty > Personal Care > Cosmetics > Skin Care", 26800, "CNY"},
	{"z2", "shopz", "敷尔佳玻尿酸补水面膜 5片装", "敷尔佳", "Health & Beauty > Personal Care > Cosmetics > Skin Care > Skin Care Masks & Peels", 8900, "CNY"},
	{"z3", "shopz", "小米空气净化器4 Pro 家用除甲醛", "小米", "Home & Garden > Household Appliances > Climate Control Appliances > Air Purifiers", 129900, "CNY"},
	{"z4", "shopz", "华为Mate 60 Pro 手机壳 透明防摔", "", "Electronics > Communications > Telephony > Mobile Phone Accessories > Mobile Phone Cases", 2900, "CNY"},
	{"z5", "shopz", "美的电饭煲 4L 智能预约", "美的", "Home & Garden > Kitchen & Dining > Kitchen Appliances > Food Cookers & Steamers", 29900, "CNY"},
	{"z6", "shopz", "索尼WH-1000XM5头戴式无线降噪耳机", "索尼", "Electronics > Audio > Audio Components > Headphones & Headsets > Headphones", 229900, "CNY"},
	{"z7", "shopz", "牧高笛冷山2双人帐篷 户外防暴雨", "牧高笛", "Sporting Goods > Outdoor Recreation > Camping & Hiking > Tents", 49900, "CNY"},
	{"z8", "shopz", "安克充电宝20000毫安时 快充", "安克", "Electronics > Electronics Accessories > Power > Batteries", 19900, "CNY"},
	{"z9", "shopz", "科沃斯扫地机器人T20 扫拖一体", "科沃斯", "Home & Garden > Household Appliances > Vacuums", 329900, "CNY"},
	{"z10", "shopz", "九阳破壁机 家用豆浆机 静音", "九阳", "Home & Garden > Kitchen & Dining > Kitchen Appliances > Food Mixers & Blenders", 49900, "CNY"},
};

/* links: "words=product" in order of the text, set apart by spaces; "" none. */
static const struct {
	const char *question, *answer, *links;
} cases[] = {
	{"What headphones should I buy for flights?",
		"The Sony WH-1000XM5 is the best choice for flights.", "Sony WH-1000XM5=e1"},
	{"What headphones should I buy for flights?",
		"For long flights, get a pair of noise-canceling headphones.", "noise-canceling headphones=e1"},
	{"Best earbuds for iPhone?",
		"If you use an iPhone, I recommend the AirPods Pro.", "AirPods Pro=e2"},
	{"Best earbuds for iPhone?",
		"Apple AirPods Pro are hard to beat.", "Apple AirPods Pro=e2"},
	{"Which power bank should I get?",
		"The Anker PowerCore 10000 is small and cheap.", "Anker PowerCore 10000=e3"},
	{"Which power bank should I get?",
		"A portable charger with 10000 mAh is enough.", "portable charger=e3"},
	{"Which moka pot should I buy?",
		"I would buy the Bialetti Moka Express.", "Bialetti Moka Express=e4"},
	{"Which moka pot should I buy?",
		"I would buy a Moka Express from Bialetti.", "Moka Express=e4"},
	{"What do I need for camping?",
		"You need a tent, a sleeping bag, and warm clothes.", "tent=e5 sleeping bag=e6"},
	{"Which tent is good for a family of four?",
		"The Coleman Sundome is a fine family tent.", "Coleman Sundome=e5"},
	{"Which tent is good for a family of four?",
		"Go for a four-person camping tent.", "four-person camping tent=e5"},
	{"What face wash should I use for dry skin?",
		"Try CeraVe Hydrating Facial Cleanser; it is gentle.", "CeraVe Hydrating Facial Cleanser=e7"},
	{"What face wash should I use for dry skin?",
		"A gentle facial cleanser works best.", "gentle facial cleanser=e7"},
	{"What pressure cooker should I get?",
		"The Instant Pot Duo is the most popular pressure cooker.", "Instant Pot Duo=e8"},
	{"What pressure cooker should I get?",
		"An electric pressure cooker saves time.", "electric pressure cooker=e8"},
	{"What toy should I buy for my dog?",
		"The KONG Classic lasts for years.", "KONG Classic=e9"},
	{"What should I buy for my new puppy?",
		"Pick up a sturdy dog toy, and a bed.", "sturdy dog toy=e9"},
	{"Which e-reader should I buy?",
		"The Kindle Paperwhite is the one to buy.", "Kindle Paperwhite=e10"},
	{"Which case should I get for my iPhone 15 Pro?",
		"The Spigen Ultra Hybrid protects it well.", "Spigen Ultra Hybrid=e11"},
	{"Which phone should I buy?",
		"The iPhone 15 Pro is excellent.", ""},
	{"Looking for a tumbler that keeps coffee hot",
		"The YETI Rambler keeps it hot for hours.", "YETI Rambler=e13"},
	{"Best running shoes for beginners?",
		"The Nike Pegasus 40 suits most beginners.", "Nike Pegasus 40=e14"},
	{"Best running shoes for beginners?",
		"Get proper running shoes first.", "running shoes=e14"},
	{"Best running shoes for beginners?",
		"The Nike Pegasus 41 suits most beginners.", ""},
	{"Best yoga mat under $50?",
		"A thick yoga mat is kinder to your knees.", "thick yoga mat=e16"},
	{"Which yoga mat should I buy?",
		"The Liforme Original Yoga Mat grips well.", "Liforme Original Yoga Mat=e15"},
	{"Which espresso machine should I buy?",
		"The Breville Barista Express is a great first espresso machine.", "Breville Barista Express=e18"},
	{"Which headphones should I buy?",
		"The Sony WH-1000XM4 is cheaper now.", ""},
	{"Which headphones should I buy?",
		"The Bose QuietComfort Ultra is comfortable.", ""},
	{"Which board game should I get for four players?",
		"I recommend Ticket to Ride. Many like Pandemic more.", "Ticket to Ride=w2 Pandemic=w3"},
	{"Which board game should I get for four players?",
		"- **Pandemic**: all play together\n- a good night", "**Pandemic**=w3"},
	{"Which books should I buy about the war?",
		"Start with \"Night\" by Elie Wiesel. Read The Book Thief next.", "Night=w5 The Book Thief=w4"},
	{"What do I need for camping?",
		"At night you need a sleeping bag. Night falls early.", "sleeping bag=e6"},
	{"敏感肌用什么面霜好？",
		"推荐薇诺娜舒敏保湿特护霜，温和不刺激。", "薇诺娜舒敏保湿特护霜=z1"},
	{"敏感肌用什么面膜好？",
		"可以试试补水面膜，每周两次。", "补水面膜=z2"},
	{"想买面膜，推荐一款",
		"推荐敷尔佳玻尿酸补水面膜。", "敷尔佳玻尿酸补水面膜=z2"},
	{"新房除甲醛买什么好？",
		"建议买一台空气净化器。", "空气净化器=z3"},
	{"空气净化器买哪款？",
		"小米空气净化器4 Pro性价比很高。", "小米空气净化器4 Pro=z3"},
	{"空气净化器买哪款？",
		"小米空气净化器5性价比很高。", ""},
	{"华为Mate 60 Pro用什么手机壳？",
		"选一个透明手机壳就行。", "透明手机壳=z4"},
	{"想换手机，买什么手机好？",
		"华为Mate 60 Pro是不错的手机。", ""},
	{"电饭煲怎么选？预算300",
		"美的电饭煲足够三口之家使用。", "美的电饭煲=z5"},
	{"通勤降噪耳机推荐",
		"索尼WH-1000XM5的降噪最好。", "索尼WH-1000XM5=z6"},
	{"通勤降噪耳机推荐",
		"一副降噪耳机能让通勤安静很多。", "降噪耳机=z6"},
	{"第一次露营要买什么？",
		"需要一顶帐篷、充电宝和折叠椅。", "帐篷=z7 充电宝=z8"},
	{"买什么扫地机器人好？",
		"科沃斯T20扫拖一体，省心。", "科沃斯T20=z9"},
	{"买什么扫地机器人好？",
		"扫地机器人建议选扫拖一体的。", "扫地机器人=z9"},
	{"想自己做豆浆，买什么？",
		"一台破壁机就能做豆浆。", "破壁机=z10"},
	{"第一次露營要買什麼？",
		"需要一頂帳篷和行動電源。", "帳篷=z7"},
};

static struct catalog_part *part_of(const char *shop)
{
	struct arena *a = arena_new(1u << 20);
	struct merchant m;
	struct err e = {0};
	struct catalog_part *part = NULL;
	char json[200];
	snprintf(json, sizeof json, "{\"name\":\"%s\",\"hosts\":[\"%s.example\"],\"network\":\"plain\",\"currency\":\"USD\"}", shop, shop);
	kit_ok(merchant_parse_json(str_of(shop), str_of(json), a, &m, &e), &e);
	struct part_builder *b = part_builder_new(&m, 1u << 20);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		char url[128];
		if (strcmp(r->shop, shop) != 0)
			continue;
		snprintf(url, sizeof url, "https://%s.example/p/%s", shop, r->id);
		struct product p = {.id = str_of(r->id), .title = str_of(r->title), .url = str_of(url), .brand = str_of(r->brand), .category = str_of(r->category),
			.price = {.minor = r->minor}};
		memcpy(p.price.currency, r->currency, 4);
		kit_ok(part_builder_add(b, &p, false, &e), &e);
	}
	kit_ok(part_builder_finish(b, STR("gen-1"), &part, &e), &e);
	arena_free(a);
	return part;
}

static struct shelf *small_shelf(struct flow_rules *rules, const struct link_keys *keys)
{
	struct catalog_part *parts[] = {part_of("shopa"), part_of("shopb"), part_of("shopz")};
	struct catalog *c = NULL;
	struct shelf *s = NULL;
	struct err e = {0};
	kit_ok(catalog_new(parts, ARRAY_LEN(parts), STR("gen-1"), &c, &e), &e);
	kit_ok(shelf_new(c, rules, keys, STR_NONE, 1, &s, &e), &e);
	catalog_unref(c);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		part_unref(parts[i]);
	return s;
}

/* What was linked, in the form of the table: read from "[words](https://shop.example/p/id)". */
static void list_links(struct str answer, struct buf *out)
{
	for (size_t at = str_find(answer, STR("]("), 0); at < answer.n; at = str_find(answer, STR("]("), at + 2)) {
		size_t from = at, url = at + 2 + (answer.p[at + 2] == '<'), end = url, id = url;
		while (from > 0 && answer.p[from - 1] != '[')
			from--;
		while (end < answer.n && answer.p[end] != ')' && answer.p[end] != '>')
			end++;
		for (size_t i = url; i < end; i++)
			id = answer.p[i] == '/' ? i + 1 : id;
		if (out->n)
			buf_putc(out, ' ');
		buf_put(out, str_sub(answer, from, at));
		buf_putc(out, '=');
		buf_put(out, str_sub(answer, id, end));
	}
}

static void a_small_shop(void **state)
{
	(void)state;
	struct link_keys *keys = kit_keys();
	struct flow_rules *rules = kit_rules();
	struct shelf *s = small_shelf(rules, keys);
	size_t wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct insert_request r;
		insert_request_init(&r);
		r.question = str_of(cases[i].question);
		r.answer = str_of(cases[i].answer);
		r.has_answer = true;
		struct buf out, links;
		buf_init(&out, 1u << 20);
		buf_init(&links, 1u << 16);
		struct insert *in = NULL;
		insert_whole(s, &r, &in, &out);
		list_links(buf_str(&out), &links);
		if (!str_eq(buf_str(&links), str_of(cases[i].links))) {
			print_error("%s\n\t%s\n\tgot %.*s\n\twant %s\n", cases[i].question, cases[i].answer, (int)links.n, links.n ? links.p : "", cases[i].links);
			wrong++;
		}
		insert_free(in);
		buf_done(&out);
		buf_done(&links);
	}
	shelf_unref(s);
	flow_rules_unref(rules);
	link_keys_free(keys);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_small_shop)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
