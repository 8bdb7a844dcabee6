/* What the doors read of a request before flow sees it: query strings, trace headers, packed bodies, calls of streams. */
#include "http/door.h"

#include <assert.h>
#include <string.h>

#define UNPACKED_MOST 65536u

static void fuzz_params(struct str s, struct arena *a)
{
	struct params p;

	if (params_parse(s, a, &p, NULL))
		return;
	assert(p.n <= PARAMS_MAX);
	for (size_t i = 0; i < p.n; i++)
		assert(utf8_valid(p.p[i].name) && utf8_valid(p.p[i].value));
}

static void fuzz_unpack(struct str s, enum coding c)
{
	struct body b;
	struct str out;

	body_init(&b, UNPACKED_MOST, NULL);
	if (body_add(&b, s) == OK && body_unpack(&b, c, NULL) == OK && body_bytes(&b, &out) == OK)
		assert(out.n <= UNPACKED_MOST);
	body_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	struct str s = {(const char *)data + 1, n - 1};
	struct arena *a = arena_new(1u << 22);
	struct stream_call call;
	char trace[33];

	switch (data[0] % 5) {
	case 0:
		fuzz_params(s, a);
		break;
	case 1:
		fuzz_unpack(s, CODING_GZIP);
		break;
	case 2:
		fuzz_unpack(s, CODING_ZSTD);
		break;
	case 3:
		if (stream_call_parse(s, a, &call, NULL) == OK)
			assert(call.seq >= 0 && utf8_valid(call.delta));
		break;
	default:
		trace_parse(s, trace);
		assert(trace[0] == '\0' || strlen(trace) == 32);
	}
	arena_free(a);
	return 0;
}
