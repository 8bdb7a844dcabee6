/* inlay replay: requests as JSON Lines on stdin, decided under two rule sets or on two catalogs; one JSON object with the links that differ. */
#include "app/command.h"
#include "app/filter.h"
#include "app/rulebook.h"
#include "app/secret.h"

#include <stdio.h>
#include <string.h>

#define OUT_LIMIT ((size_t)64 << 20)

struct replay_own {
	struct texts catalog, catalog_b;
	const char *rules, *rules_b, *catalogs, *form;
	int64_t max_links;
	bool lenient;
};

#define AT(field) .offset = offsetof(struct replay_own, field), .own_only = true
static const struct option rows[] = {
	{"catalog", OPTION_TEXTS, NULL, "FILE[=MERCHANT]", 0, 0, "a feed, maybe .gz; may be repeated", AT(catalog)},
	{"catalog_b", OPTION_TEXTS, NULL, "FILE[=MERCHANT]", 0, 0, "of the second side [as the first]; may be repeated", AT(catalog_b)},
	{"rules", OPTION_TEXT, NULL, "DIR", 0, 0, "folder of the rules [rules, here or beside the program]", AT(rules)},
	{"rules_b", OPTION_TEXT, NULL, "DIR", 0, 0, "of the second side [as the first]", AT(rules_b)},
	{"catalogs", OPTION_TEXT, NULL, "DIR", 0, 0, "folder of networks.yaml [catalogs beside the rules]", AT(catalogs)},
	{"form", OPTION_TEXT, NULL, "FORM", 0, 0, "inline, cards, references or annotations, where a request names none [inline]", AT(form)},
	{"max_links", OPTION_WHOLE, "-1", "N", -1, 1000, "where a request names none; -1: as the rules say", AT(max_links)},
	{"lenient", OPTION_SWITCH, NULL, NULL, 0, 0, "prices as bare numbers, missing urls made up, several merchants in one file", AT(lenient)},
};
#undef AT

struct sides {
	const struct replay_own *own;
	struct link_keys *keys;
	struct catalog *catalog; /* of a */
	struct shelf *a, *b;
	struct filter_defaults defaults;
};

static enum status build(struct sides *x, const char *rules, struct catalog *c, struct shelf **out, struct err *e)
{
	struct flow_rules *r = NULL;
	enum status s = rulebook_read(rules, x->own->catalogs, "", &r, e);
	if (s == OK)
		s = shelf_new(c, r, x->keys, STR(""), 0, out, e);
	flow_rules_unref(r);
	return s;
}

static enum status open_b(struct sides *x, struct err *e)
{
	const struct replay_own *own = x->own;
	struct catalog *c = NULL;
	enum status s = own->catalog_b.count ? filter_catalogs(&own->catalog_b, own->lenient, &c, e) : OK;
	if (s == OK)
		s = build(x, *own->rules_b ? own->rules_b : own->rules, c ? c : x->catalog, &x->b, e);
	if (c)
		catalog_unref(c);
	return s;
}

static enum status open_sides(struct sides *x, struct err *e)
{
	enum status s = secret_for_filter("", &x->keys, e);
	if (s == OK)
		s = filter_catalogs(&x->own->catalog, x->own->lenient, &x->catalog, e);
	if (s == OK)
		s = build(x, x->own->rules, x->catalog, &x->a, e);
	return s == OK ? open_b(x, e) : s;
}

static void close_sides(struct sides *x)
{
	if (x->a)
		shelf_unref(x->a);
	if (x->b)
		shelf_unref(x->b);
	if (x->catalog)
		catalog_unref(x->catalog);
	if (x->keys)
		link_keys_free(x->keys);
}

static bool flush(struct buf *out)
{
	bool ok = !out->failed && fwrite(out->p ? out->p : "", 1, out->n, stdout) == out->n;
	buf_clear(out);
	return ok;
}

/* A bad line is told on stderr and ends in exit code 1; the rest goes on. */
static void replay_line(const struct sides *x, struct str line, uint64_t number, struct arena *a, struct replay *totals, uint64_t *bad, struct buf *out)
{
	struct insert_request r;
	struct err e = {0};
	if (filter_request(line, &x->defaults, a, &r, &e) == OK) {
		replay_request(x->a, x->b, &r, totals, out);
		return;
	}
	fprintf(stderr, "inlay: line %llu: %s%s%s\n", (unsigned long long)number, e.where, e.where[0] ? ": " : "", e.text);
	++*bad;
}

static int replay_lines(const struct sides *x)
{
	struct buf line, out;
	struct replay totals = {0};
	struct arena *a = arena_new(4 * FILTER_LINE);
	uint64_t bad = 0;
	buf_init(&line, FILTER_LINE + 2);
	buf_init(&out, OUT_LIMIT);
	buf_put(&out, STR("{\"requests\":["));
	bool ok = a != NULL;
	for (uint64_t number = 1; ok && filter_read_line(stdin, &line); number++) {
		struct str s = str_trim(buf_str(&line));
		if (s.n)
			replay_line(x, s, number, a, &totals, &bad, &out);
		ok = flush(&out);
	}
	buf_put(&out, STR("],\n\"totals\":"));
	replay_write_totals(&totals, &out);
	buf_put(&out, STR("}\n"));
	ok = ok && flush(&out) && fflush(stdout) == 0 && !ferror(stdin) && bad == 0;
	buf_done(&line);
	buf_done(&out);
	arena_free(a);
	return ok ? EXIT_DONE : EXIT_FAILED;
}

static enum status check_usage(const struct replay_own *own, struct filter_defaults *d, struct err *e)
{
	d->max_links = own->max_links;
	if (*own->form && !form_parse(str_of(own->form), &d->form))
		return err_set(e, E_INPUT, "form", "must be inline, cards, references or annotations");
	if (!own->catalog.count)
		return err_set(e, E_INPUT, "catalog", "is needed");
	if (!own->catalog_b.count && !*own->rules_b)
		return err_set(e, E_INPUT, "", "--rules-b or --catalog-b is needed: there is nothing to compare");
	return OK;
}

static int run_replay(const struct config *c, const void *own, char **operand, size_t operands)
{
	struct sides x = {.own = own};
	struct err e = {0};
	(void)c, (void)operand, (void)operands;
	if (check_usage(own, &x.defaults, &e) != OK)
		return complain_usage(&e);
	int code = open_sides(&x, &e) == OK ? replay_lines(&x) : complain(&e);
	close_sides(&x);
	return code;
}

const struct command command_replay = {
	.words = "replay",
	.operands = "",
	.about = "compare two rule sets or catalogs: requests as JSON Lines in, the links that differ as JSON out",
	.own = rows,
	.own_count = ARRAY_LEN(rows),
	.own_size = sizeof(struct replay_own),
	.run = run_replay,
};
