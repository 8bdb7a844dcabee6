/* Reports of networks: whatever the bytes, the readers end, and every record lies within what was read. */
#include "flow/import.h"

#include <stdlib.h>

static enum status look(void *arg, const struct import_record *r)
{
	size_t *rows = arg, sum = 0;
	if (r->n > IMPORT_FIELDS)
		abort();
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->name[i].n; k++)
			sum += (unsigned char)r->name[i].p[k];
		for (size_t k = 0; k < r->value[i].n; k++)
			sum += (unsigned char)r->value[i].p[k];
	}
	*rows += sum != (size_t)-1;
	return *rows < 10000 ? OK : E_BUSY;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *names = arena_new(4 << 20), *row = arena_new(4 << 20);
	struct str text = {(const char *)data, n};
	struct err e;
	size_t rows = 0;
	if (names && row) {
		err_ignore(import_table(text, names, row, look, &rows, &e));
		err_ignore(import_json(text, row, look, &rows, &e));
	}
	arena_free(names);
	arena_free(row);
	return 0;
}
