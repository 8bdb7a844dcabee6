/* The JSON insert request and the conversion: any bytes. */
#include "../../unit/flow/kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct shelf *shelf;
	if (!shelf)
		shelf = kit_shelf(kit_rules(), kit_keys(), KIT_PUBLIC, 0, 1);
	struct arena *a = arena_new(1u << 22);
	struct str json = {(const char *)data, n};
	struct err e = {0};
	struct insert_request r;
	if (insert_request_parse(json, n % 2, 65536, a, &r, &e) == OK) {
		struct insert *in;
		struct buf out;
		buf_init(&out, 8u << 20);
		insert_whole(shelf, &r, &in, &out);
		insert_free(in);
		buf_done(&out);
	}
	struct ledger_conversion c;
	err_ignore(credit_parse_json(shelf, json, 1700000000000, a, &c, &e));
	arena_free(a);
	return 0;
}
