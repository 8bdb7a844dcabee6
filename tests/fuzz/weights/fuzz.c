/* The reader of rules/intent.weights: any bytes give a model or an error that names a line; a model reads any text, once. */
#include "intent/model.h"
#include "intent/plain.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim)
{
	if (!claim)
		abort();
}

/* The weights are read against their own text: their features stand in it. */
static void read_twice(const struct model *m, enum model_field f, struct str plain)
{
	struct model_seen seen = {0};
	struct model_top top = {0};
	double sum = model_add(m, f, plain, &seen, &top);
	check(isfinite(sum) && fabs(sum) <= 20.0 * MODEL_MAX_FEATURES);
	check(model_add(m, f, plain, &seen, &top) == 0);
	check(fabs(model_bias(m, f)) <= 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct model *m = NULL;
	struct err e = {0};
	struct buf plain;
	if (model_new(text, &m, &e) != OK) {
		check(m == NULL && e.where[0] != '\0' && e.text[0] != '\0');
		return 0;
	}
	buf_init(&plain, size * 12 + 64);
	if (plain_text(text, &plain)) {
		read_twice(m, MODEL_QUESTION, buf_str(&plain));
		read_twice(m, MODEL_ANSWER, buf_str(&plain));
	}
	buf_done(&plain);
	model_free(m);
	return 0;
}
