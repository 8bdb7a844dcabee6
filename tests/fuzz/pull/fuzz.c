/* The strict JSON reader against jansson: any bytes. */
#include "../../unit/base/pull_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *a = arena_new(1u << 22);
	if (!pull_agrees((struct str){(const char *)data, n}, a))
		abort();
	arena_free(a);
	return 0;
}
