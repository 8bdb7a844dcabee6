/* Any bytes: links wherever text_wrap allows them leave md4c's page as it was (three dialects); all cuttings agree. */
#include "../../unit/text/wrapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = {(const char *)data, size};
	size_t count = 0;
	uint64_t seed = hash_bytes(s, 1);
	if (size > 4096 || memchr(data, '\a', size) || str_find(s, STR("go.example.net"), 0) < size) /* our own marks */
		return 0;
	if (!cut_check(s, 0) || !cut_check(s, seed | 1) || !append_check(s) || !wrap_check(s, size < 256, &count))
		abort();
	return 0;
}
