/* Names of formats and containers, and guessing them. */
#include "feed/feed.h"

#include <stdio.h>

static const char *const FORMATS[FEED_FORMAT_COUNT] = {"inlay", "acp", "openai", "google"};

static const struct {
	const char *type;
	enum feed_container container;
} TYPES[] = {
	{"application/x-ndjson", FEED_JSONL},
	{"application/ndjson", FEED_JSONL},
	{"application/jsonl", FEED_JSONL},
	{"application/x-jsonlines", FEED_JSONL},
	{"application/jsonlines", FEED_JSONL},
	{"text/tab-separated-values", FEED_TSV},
	{"text/csv", FEED_CSV},
};

bool feed_format_parse(struct str name, enum feed_format *out)
{
	for (size_t i = 0; i < FEED_FORMAT_COUNT; i++)
		if (str_eq(name, str_of(FORMATS[i]))) {
			*out = (enum feed_format)i;
			return true;
		}
	return false;
}

bool feed_container_parse(struct str content_type, enum feed_container *out)
{
	struct str rest = content_type, type = str_trim(str_cut(&rest, ';'));

	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
		if (str_eq_nocase(type, str_of(TYPES[i].type))) {
			*out = TYPES[i].container;
			return true;
		}
	return false;
}

static bool mentions(struct str line, const char *word)
{
	return str_find(line, str_of(word), 0) < line.n;
}

/* Names that only OpenAI's feed has; quote is what stands before and behind a name in this kind of line. */
static bool is_openai(struct str line, const char *quote)
{
	static const char *const NAMES[] = {"item_id", "seller_name", "is_eligible_search", "enable_search", "image_url"};
	char name[32];

	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
		snprintf(name, sizeof(name), "%s%s%s", quote, NAMES[i], quote);
		if (mentions(line, name))
			return true;
	}
	return false;
}

static bool named(struct str path, const char *extension)
{
	if (str_ends(path, STR(".gz")))
		path = str_sub(path, 0, path.n - 3);
	return str_ends(path, str_of(extension));
}

enum feed_format feed_format_guess(struct str path, struct str head, enum feed_container *container_out)
{
	struct str rest = str_starts(head, STR("\xef\xbb\xbf")) ? str_sub(head, 3, head.n) : head;
	struct str line = str_trim(rest);

	rest = line;
	line = str_cut(&rest, '\n');
	if (str_starts(line, STR("{"))) {
		*container_out = FEED_JSONL;
		if (mentions(line, "\"variants\""))
			return FEED_ACP;
		return is_openai(line, "\"") ? FEED_OPENAI : FEED_INLAY;
	}
	*container_out = mentions(line, "\t") || named(path, ".tsv") ? FEED_TSV : FEED_CSV;
	if (named(path, ".jsonl") || named(path, ".ndjson")) {
		*container_out = FEED_JSONL;
		return FEED_INLAY;
	}
	return is_openai(line, "") ? FEED_OPENAI : FEED_GOOGLE;
}
