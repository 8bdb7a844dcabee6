/* ACP and OpenAI as JSON Lines, by the first byte. */
#include "../feed_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		check_feed((struct str){(const char *)data + 1, size - 1}, data[0] & 1 ? FEED_OPENAI : FEED_ACP, FEED_JSONL, false);
	return 0;
}
