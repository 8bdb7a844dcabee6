/* Catalogs from files and requests from lines, for the filters of the command line. */
#include "app/filter.h"
#include "feed/feed.h"

#include <string.h>

#define PART_LIMIT ((size_t)4 << 30)

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

enum status filter_catalogs(const struct texts *files, bool lenient, struct catalog **out, struct err *e)
{
	const struct feed_options o = {.lenient = lenient, .max_bytes = PART_LIMIT, .now_ms = now_ms()};
	struct feed_parts parts = {0};
	enum status s = OK;
	for (size_t i = 0; s == OK && i < files->count; i++)
		s = read_catalog(files->item[i], &o, &parts, e);
	if (s == OK)
		s = catalog_new(parts.part, parts.count, STR("files"), out, e);
	feed_parts_done(&parts);
	return s;
}

/* ---- lines ---------------------------------------------------------------------------------------------- */

bool filter_read_line(FILE *in, struct buf *line)
{
	int c;
	buf_clear(line);
	while ((c = getc_unlocked(in)) != EOF && c != '\n')
		if (line->n <= FILTER_LINE)
			buf_putc(line, (char)c);
	return c != EOF || line->n > 0;
}

enum status filter_request(struct str line, const struct filter_defaults *d, struct arena *a, struct insert_request *out, struct err *e)
{
	arena_reset(a);
	if (line.n > FILTER_LINE)
		return err_set(e, E_NOMEM, "", "the line is longer than %zu bytes", FILTER_LINE);
	enum status s = insert_request_parse(line, true, INSERT_MAX_ANSWER, a, out, e);
	out->now_ms = now_ms();
	if (s)
		return s;
	if (out->max_links < 0)
		out->max_links = d->max_links;
	/* Raw "form" in quotes can only be a whole JSON string: inside a text its quotes would be escaped. */
	if (str_find(line, STR("\"form\""), 0) == line.n)
		out->form = d->form;
	return OK;
}

void filter_write_error(uint64_t line, const struct err *e, struct buf *out)
{
	buf_printf(out, "{\"error\":{\"line\":%llu,\"pointer\":", (unsigned long long)line);
	buf_put_json(out, str_of(e->where));
	buf_put(out, STR(",\"detail\":"));
	buf_put_json(out, str_of(e->text));
	buf_put(out, STR("}}"));
}
