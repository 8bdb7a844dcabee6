/* Google and OpenAI rows as TSV and CSV, by the first byte. */
#include "../feed_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		check_feed((struct str){(const char *)data + 1, size - 1}, data[0] & 2 ? FEED_OPENAI : FEED_GOOGLE, data[0] & 1 ? FEED_CSV : FEED_TSV,
			false);
	return 0;
}
