/* inlay insert: a filter from insert requests to insert responses, JSON Lines both. No server, no Redis, no ledger, no network. */
#include "app/command.h"
#include "app/filter.h"
#include "app/rulebook.h"
#include "app/secret.h"
#include "flow/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_LIMIT ((size_t)64 << 20)

struct insert_own {
	struct texts catalog;
	const char *rules, *catalogs, *form, *public_url, *secret_file;
	int64_t max_links;
	bool lenient;
};

#define AT(field) .offset = offsetof(struct insert_own, field), .own_only = true
static const struct option rows[] = {
	{"catalog", OPTION_TEXTS, NULL, "FILE[=MERCHANT]", 0, 0, "a feed, maybe .gz; may be repeated", AT(catalog)},
	{"rules", OPTION_TEXT, NULL, "DIR", 0, 0, "folder of the rules [rules, here or beside the program]", AT(rules)},
	{"catalogs", OPTION_TEXT, NULL, "DIR", 0, 0, "folder of networks.yaml [catalogs beside the rules]", AT(catalogs)},
	{"form", OPTION_TEXT, NULL, "FORM", 0, 0, "inline, cards, references or annotations, where a request names none [inline]", AT(form)},
	{"max_links", OPTION_WHOLE, "-1", "N", -1, 1000, "where a request names none; -1: as the rules say", AT(max_links)},
	{"lenient", OPTION_SWITCH, NULL, NULL, 0, 0, "prices as bare numbers, missing urls made up, several merchants in one file", AT(lenient)},
	{"public_url", OPTION_TEXT, NULL, "URL", 0, 0, "links go through this service; without it straight to the merchant", AT(public_url)},
	{"secret_file", OPTION_TEXT, NULL, "FILE", 0, 0, "without it ids use the documented test secret", AT(secret_file)},
};
#undef AT

struct filter {
	const struct insert_own *own;
	struct flow_rules *rules;
	struct link_keys *keys;
	struct shelf *shelf;
	struct filter_defaults defaults;
};

static enum status open_filter(struct filter *f, struct err *e)
{
	const struct insert_own *own = f->own;
	struct catalog *c = NULL;
	enum status s = rulebook_read(own->rules, own->catalogs, "", &f->rules, e);
	if (s == OK)
		s = secret_for_filter(own->secret_file, &f->keys, e);
	if (s == OK)
		s = filter_catalogs(&own->catalog, own->lenient, &c, e);
	if (s == OK)
		s = shelf_new(c, f->rules, f->keys, str_of(own->public_url), 0, &f->shelf, e);
	if (c)
		catalog_unref(c);
	return s;
}

static void close_filter(struct filter *f)
{
	if (f->shelf)
		shelf_unref(f->shelf);
	if (f->rules)
		flow_rules_unref(f->rules);
	if (f->keys)
		link_keys_free(f->keys);
}

/* ---- lines ---------------------------------------------------------------------------------------------- */

static void answer(const struct filter *f, const struct insert_request *r, struct buf *out)
{
	struct insert *in = NULL;
	struct buf text;
	int64_t started = mono_us();
	buf_init(&text, REPLY_LIMIT);
	insert_whole(f->shelf, r, &in, &text);
	struct str answer = buf_str(&text);
	if (in)
		insert_write_json(in, &answer, mono_us() - started, out);
	else
		insert_write_unavailable(r, mono_us() - started, out);
	insert_free(in);
	buf_done(&text);
}

static void take_line(const struct filter *f, struct str line, uint64_t number, struct arena *a, struct buf *out)
{
	struct insert_request r;
	struct err e = {0};
	if (filter_request(line, &f->defaults, a, &r, &e) == OK)
		answer(f, &r, out);
	else
		filter_write_error(number, &e, out);
}

static int filter_lines(const struct filter *f)
{
	struct buf line, out;
	struct arena *a = arena_new(4 * FILTER_LINE);
	buf_init(&line, FILTER_LINE + 2);
	buf_init(&out, REPLY_LIMIT);
	bool ok = a != NULL;
	for (uint64_t number = 1; ok && filter_read_line(stdin, &line); number++) {
		struct str s = str_trim(buf_str(&line));
		if (s.n == 0)
			continue;
		buf_clear(&out);
		take_line(f, s, number, a, &out);
		buf_putc(&out, '\n');
		/* Each answer at once: who asks may wait for it before he asks again. */
		ok = !out.failed && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
	}
	ok = ok && fflush(stdout) == 0 && !ferror(stdin);
	buf_done(&line);
	buf_done(&out);
	arena_free(a);
	return ok ? EXIT_DONE : EXIT_FAILED;
}

static enum status check_usage(const struct insert_own *own, struct filter_defaults *d, struct err *e)
{
	if (*own->form && !form_parse(str_of(own->form), &d->form))
		return err_set(e, E_INPUT, "form", "must be inline, cards, references or annotations");
	if (own->catalog.count == 0)
		return err_set(e, E_INPUT, "catalog", "at least one --catalog FILE is needed");
	return shelf_check_url(str_of(own->public_url), e);
}

static int run_insert(const struct config *c, const void *own, char **operand, size_t operands)
{
	struct filter f = {.own = own, .defaults.max_links = ((const struct insert_own *)own)->max_links};
	struct err e = {0};
	(void)c, (void)operand, (void)operands;
	if (check_usage(f.own, &f.defaults, &e) != OK)
		return complain_usage(&e);
	enum status s = open_filter(&f, &e);
	int code = s == OK ? filter_lines(&f) : complain(&e);
	close_filter(&f);
	return code;
}

const struct command command_insert = {
	.words = "insert",
	.operands = "",
	.about = "put links into answers: JSON Lines in, JSON Lines out",
	.own = rows,
	.own_count = ARRAY_LEN(rows),
	.own_size = sizeof(struct insert_own),
	.run = run_insert,
};
