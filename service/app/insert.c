/* inlay insert: a filter from insert requests to insert responses, JSON Lines both. No server, no Redis, no ledger, no network. */
#include "app/command.h"
#include "app/rulebook.h"
#include "app/secret.h"
#include "feed/feed.h"
#include "flow/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_LIMIT (16u << 20)
#define PART_LIMIT ((size_t)4 << 30)
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
	enum form form;
};

/* ---- catalogs ----------------------------------------------------------------------------------------- */

static enum status read_catalog(const char *arg, const struct feed_options *o, struct feed_parts *into, struct err *e)
{
	char path[4096];
	const char *equals = strrchr(arg, '=');
	struct str merchant = equals && !strchr(equals, '/') ? str_of(equals + 1) : STR_NONE;
	struct feed_report report = {0};
	snprintf(path, sizeof path, "%.*s", (int)(merchant.n ? equals - arg : (ptrdiff_t)strlen(arg)), arg);
	enum status s = feed_read_file(path, merchant, o, into, &report, e);
	if (s == OK && report.rejected)
		fprintf(stderr, "inlay: %s: %llu lines taken, %llu refused; first: line %llu, %s: %s\n", path, (unsigned long long)report.accepted,
			(unsigned long long)report.rejected, report.error_count ? (unsigned long long)report.errors[0].line : 0,
			report.error_count ? report.errors[0].field : "", report.error_count ? report.errors[0].detail : "");
	feed_report_done(&report);
	return s;
}

static enum status read_catalogs(const struct insert_own *own, struct catalog **out, struct err *e)
{
	const struct feed_options o = {.lenient = own->lenient, .max_bytes = PART_LIMIT, .now_ms = now_ms()};
	struct feed_parts parts = {0};
	enum status s = OK;
	for (size_t i = 0; s == OK && i < own->catalog.count; i++)
		s = read_catalog(own->catalog.item[i], &o, &parts, e);
	if (s == OK)
		s = catalog_new(parts.part, parts.count, STR("files"), out, e);
	feed_parts_done(&parts);
	return s;
}

static enum status open_filter(struct filter *f, struct err *e)
{
	const struct insert_own *own = f->own;
	struct catalog *c = NULL;
	enum status s = rulebook_read(own->rules, own->catalogs, &f->rules, e);
	if (s == OK)
		s = secret_for_filter(own->secret_file, &f->keys, e);
	if (s == OK)
		s = read_catalogs(own, &c, e);
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

static void write_error(uint64_t line, const struct err *e, struct buf *out)
{
	buf_printf(out, "{\"error\":{\"line\":%llu,\"pointer\":", (unsigned long long)line);
	buf_put_json(out, str_of(e->where));
	buf_put(out, STR(",\"detail\":"));
	buf_put_json(out, str_of(e->text));
	buf_put(out, STR("}}"));
}

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

/* Raw "form" in quotes can only be a whole JSON string: inside a text its quotes would be escaped. */
static void take_defaults(const struct filter *f, struct str line, struct insert_request *r)
{
	if (r->max_links < 0)
		r->max_links = f->own->max_links;
	if (str_find(line, STR("\"form\""), 0) == line.n)
		r->form = f->form;
}

static void take_line(const struct filter *f, struct str line, uint64_t number, struct arena *a, struct buf *out)
{
	struct insert_request r;
	struct err e = {0};
	arena_reset(a);
	enum status s = line.n > LINE_LIMIT ? err_set(&e, E_NOMEM, "", "the line is longer than %u bytes", LINE_LIMIT)
					    : insert_request_parse(line, true, INSERT_MAX_ANSWER, a, &r, &e);
	if (s == OK) {
		take_defaults(f, line, &r);
		answer(f, &r, out);
	} else {
		write_error(number, &e, out);
	}
}

/* getline without its endless memory: keeps up to LINE_LIMIT + 1 bytes, drops the rest of the line. False at the end. */
static bool read_line(FILE *in, struct buf *line)
{
	int c;
	buf_clear(line);
	while ((c = getc_unlocked(in)) != EOF && c != '\n')
		if (line->n <= LINE_LIMIT)
			buf_putc(line, (char)c);
	return c != EOF || line->n > 0;
}

static int filter_lines(const struct filter *f)
{
	struct buf line, out;
	struct arena *a = arena_new((size_t)4 * LINE_LIMIT);
	buf_init(&line, LINE_LIMIT + 2);
	buf_init(&out, REPLY_LIMIT);
	bool ok = a != NULL;
	for (uint64_t number = 1; ok && read_line(stdin, &line); number++) {
		struct str s = str_trim(buf_str(&line));
		if (s.n == 0)
			continue;
		buf_clear(&out);
		take_line(f, s, number, a, &out);
		buf_putc(&out, '\n');
		ok = !out.failed && fwrite(out.p, 1, out.n, stdout) == out.n;
	}
	ok = ok && fflush(stdout) == 0 && !ferror(stdin);
	buf_done(&line);
	buf_done(&out);
	arena_free(a);
	return ok ? EXIT_DONE : EXIT_FAILED;
}

static int run_insert(const struct config *c, const void *own, char **operand, size_t operands)
{
	struct filter f = {.own = own};
	struct err e = {0};
	(void)c, (void)operand, (void)operands;
	if (*f.own->form && !form_parse(str_of(f.own->form), &f.form)) {
		err_ignore(err_set(&e, E_INPUT, "form", "must be inline, cards, references or annotations"));
		return complain_usage(&e);
	}
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
