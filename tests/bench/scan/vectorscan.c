/* Vectorscan's matcher of literals, block mode. */
#include "harness.h"

#include <hs/hs.h>

enum { MOST = 1 << 20 };

struct looking {
	const struct pieces *phrases;
	const struct piece *text;
	struct hit *hit;
	size_t n;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	struct looking *x = arg;
	uint32_t start = (uint32_t)to - x->phrases->at[id].n;
	(void)from;
	(void)flags;
	if (x->n < MOST && bench_counts(x->text->p, x->text->n, start, to))
		x->hit[x->n++] = (struct hit){start, (uint32_t)to, id};
	return 0;
}

static hs_database_t *compile(const struct pieces *p)
{
	const char **text = malloc(p->n * sizeof(*text));
	unsigned *flags = calloc(p->n, sizeof(*flags)), *id = malloc(p->n * sizeof(*id));
	size_t *size = malloc(p->n * sizeof(*size));
	hs_database_t *db = NULL;
	hs_compile_error_t *e = NULL;
	for (size_t i = 0; i < p->n; i++) {
		text[i] = (const char *)p->at[i].p;
		id[i] = (unsigned)i;
		size[i] = p->at[i].n;
	}
	if (hs_compile_lit_multi(text, flags, id, size, (unsigned)p->n, HS_MODE_BLOCK, NULL, &db, &e) != HS_SUCCESS) {
		fprintf(stderr, "vectorscan: %s\n", e->message);
		exit(1);
	}
	free(text);
	free(flags);
	free(id);
	free(size);
	return db;
}

int main(int argc, char **argv)
{
	struct pieces phrases = bench_lines(argv[1]), texts[16];
	struct looking x = {.phrases = &phrases, .hit = malloc(MOST * sizeof(struct hit))};
	int files = argc - 2 < 16 ? argc - 2 : 16;
	for (int i = 0; i < files; i++)
		texts[i] = bench_texts(argv[2 + i]);
	double t = bench_now();
	hs_database_t *db = compile(&phrases);
	t = bench_now() - t;
	size_t bytes = 0;
	hs_scratch_t *scratch = NULL;
	hs_database_size(db, &bytes);
	if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS)
		return 1;
	bench_ready(t, (double)bytes);
	for (int i; (i = bench_asked(files)) >= 0;) {
		struct result r = {0};
		t = bench_now();
		for (size_t k = 0; k < texts[i].n; k++) {
			x.text = &texts[i].at[k];
			x.n = 0;
			hs_scan(db, (const char *)x.text->p, x.text->n, 0, scratch, on_match, &x);
			bench_tell(&r, k, x.hit, x.n);
		}
		bench_print(bench_now() - t, texts[i].n, &r);
	}
	return 0;
}
