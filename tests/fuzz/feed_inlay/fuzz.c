/* Inlay lines: as a feed (the first byte odd: packed by gzip), and the same bytes as changes on top of what they gave. */
#include "../feed_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_changes(struct str bytes)
{
	static const struct str HOST[1] = {{"shop.example", 12}};
	struct merchant m = {.id = STR("demo"), .name = STR("demo"), .hosts = HOST, .host_count = 1};
	struct feed_options o = {.format = FEED_INLAY, .max_bytes = 8 << 20};
	struct catalog_part *old = NULL, *new = NULL;
	struct feed_report r;

	if (feed_read_part(bytes, &o, &m, STR("gen-1"), NULL, &old, &r, NULL) != OK)
		return;
	feed_report_done(&r);
	if (feed_patch_part(bytes, &o, STR("gen-1+1"), old, &new, &r, NULL) == OK) {
		for (size_t i = 0; i < part_count(new); i++)
			check_product(part_at(new, i), &m);
		feed_report_done(&r);
		part_unref(new);
	}
	part_unref(old);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data + 1, size - 1};

	if (size == 0)
		return 0;
	check_feed(bytes, FEED_INLAY, FEED_JSONL, data[0] & 1);
	if (!(data[0] & 1))
		check_changes(bytes);
	return 0;
}
