/* inlay ledger import: a network's report file, booked straight into the ledger; beside a running service too. */
#include "app/command.h"
#include "app/store.h"
#include "flow/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)1 << 30)
#define MERCHANT_MAX (8u << 20)
#define PARTS_MAX 10000

struct import_own {
	const char *merchant, *tz, *decimal;
};
#define AT(field) .offset = offsetof(struct import_own, field), .own_only = true
static const struct option rows[] = {
        {"merchant", OPTION_TEXT, NULL, "M", 0, 0, "whose rows they are, where the file does not say", AT(merchant)},
        {"tz", OPTION_TEXT, NULL, "ZONE", 0, 0, "time zone of dates without one [UTC]", AT(tz)},
        {"decimal", OPTION_TEXT, "point", "SIGN", 0, 0, "point or comma", AT(decimal)},
};
#undef AT

/* The merchants as a catalog without products. */
struct shops {
	struct catalog_part *part[PARTS_MAX];
	size_t n;
	enum status status;
	struct err *e;
};

static void add_shop(void *arg, struct str merchant, struct str json, struct str generation)
{
	struct shops *s = arg;
	struct merchant m;
	struct arena *a = s->status == OK ? arena_new(MERCHANT_MAX) : NULL;
	(void)generation;
	if (!a)
		return;
	s->status = s->n < PARTS_MAX ? merchant_parse_json(merchant, json, a, &m, s->e)
	                             : err_set(s->e, E_INPUT, "merchant", "too many merchants");
	struct part_builder *b = s->status == OK ? part_builder_new(&m, MERCHANT_MAX) : NULL;
	if (s->status == OK && !b)
		s->status = err_set(s->e, E_NOMEM, "", "out of memory");
	if (b)
		s->status = part_builder_finish(b, STR("ledger"), &s->part[s->n], s->e);
	s->n += b && s->status == OK;
	arena_free(a);
}

static enum status read_shops(struct ledger *l, struct catalog **out, struct err *e)
{
	struct shops *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, E_NOMEM, "", "out of memory");
	s->e = e;
	enum status st = ledger_merchant_each(l, add_shop, s, e);
	st = st == OK ? s->status : st;
	if (st == OK)
		st = catalog_new(s->part, s->n, STR("ledger"), out, e);
	for (size_t i = 0; i < s->n; i++)
		part_unref(s->part[i]);
	free(s);
	return st;
}

static enum status read_options(const struct import_own *own, const char *network, struct import_options *o, struct err *e)
{
	*o = (struct import_options){.merchant = str_of(own->merchant), .tz = str_of(own->tz), .now_ms = now_ms()};
	o->comma = strcmp(own->decimal, "comma") == 0;
	if (!import_network_parse(str_of(network), &o->network))
		return err_set(e, E_INPUT, "", "the network must be awin, cj, impact, rakuten or generic");
	if (!o->comma && strcmp(own->decimal, "point") != 0)
		return err_set(e, E_INPUT, "decimal", "must be point or comma");
	return OK;
}

static enum status import_text(struct ledger *l, const struct import_options *o, struct str text, struct import_report *r, struct err *e)
{
	struct catalog *c = NULL;
	enum status s = read_shops(l, &c, e);
	if (s == OK && o->merchant.n && !catalog_merchant_by_id(c, o->merchant))
		s = err_set(e, E_MISSING, "merchant", "there is no such merchant");
	if (s == OK)
		s = flow_import(c, l, o, text, r, e);
	if (c)
		catalog_unref(c);
	return s;
}

/* Rows that were refused are no failure of the command, unless all were. */
static int report(const struct import_options *o, const struct import_report *r)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	import_write_json(o, r, &out);
	printf("%s\n", out.p ? out.p : "");
	buf_done(&out);
	return fflush(stdout) == 0 && (r->rows == 0 || r->rejected < r->rows) ? EXIT_DONE : EXIT_FAILED;
}

static int run_import(const struct config *c, const void *own, char **operand, size_t operands)
{
	struct import_options o;
	struct ledger *l = NULL;
	struct err e = {0};
	char *text = NULL;
	size_t n = 0;
	(void)operands;
	if (read_options(own, operand[0], &o, &e) != OK)
		return complain_usage(&e);
	struct import_report *r = calloc(1, sizeof *r);
	enum status s = r ? file_read(operand[1], FILE_LIMIT, &text, &n, &e) : E_NOMEM;
	if (s == OK)
		s = store_open(c, false, &l, &e);
	if (s == OK)
		s = import_text(l, &o, (struct str){text, n}, r, &e);
	ledger_close(l);
	int code = s == OK ? report(&o, r) : complain(&e);
	free(text);
	free(r);
	return code;
}

const struct command command_import = {
        .words = "ledger import",
        .operands = "NETWORK FILE",
        .min_operands = 2,
        .max_operands = 2,
        .about = "book a network's report: awin, cj, impact, rakuten or generic, CSV or JSON",
        .config = CONFIG_STORE,
        .own = rows,
        .own_count = ARRAY_LEN(rows),
        .own_size = sizeof(struct import_own),
        .run = run_import,
};
