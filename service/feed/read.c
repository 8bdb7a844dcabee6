/* Feeds as a whole: what kind of text it is, its lines, and the reader of its format. */
#include "feed/reader.h"

#include <stdlib.h>
#include <string.h>

#define SCRATCH_MAX (16u << 20)     /* one line of at most 1 MiB, taken apart */
#define UNPACKED_MAX (1024u << 20)  /* where the caller sets no maximum */

static enum status read_line(struct intake *in, struct str line)
{
	switch (in->o->format) {
	case FEED_INLAY:
		return inlay_line(in, line);
	case FEED_ACP:
		return acp_line(in, line);
	case FEED_OPENAI:
		return openai_line(in, line);
	case FEED_GOOGLE:
	case FEED_FORMAT_COUNT:
		break;
	}
	return err_set(in->e, E_INPUT, "", "Google feeds are read as tab-separated values or CSV");
}

static enum status guarded(struct intake *in, struct str line, enum status (*read)(struct intake *, struct str))
{
	arena_reset(in->scratch);
	if (line.n > FEED_MAX_LINE)
		return intake_refuse(in, STR_NONE, "", "the line is longer than %u bytes", FEED_MAX_LINE);
	if (memchr(line.p, '\0', line.n))
		return intake_refuse(in, STR_NONE, "", "has a NUL byte");
	return read(in, line);
}

static enum status read_lines(struct intake *in, struct str text, enum status (*read)(struct intake *, struct str))
{
	enum status s = OK;

	while (s == OK && text.n > 0) {
		struct str line = str_trim(str_cut(&text, '\n'));
		in->line++;
		if (line.n > 0)
			s = guarded(in, line, read);
	}
	return s;
}

/* A BOM is fine; UTF-16 and other binary data are not text at all. */
static enum status check_start(struct str *text, struct err *e)
{
	if (str_starts(*text, STR("\xef\xbb\xbf")))
		*text = str_sub(*text, 3, text->n);
	if (str_starts(*text, STR("\xff\xfe")) || str_starts(*text, STR("\xfe\xff")))
		return err_set(e, E_INPUT, "line 1", "the feed is UTF-16; send UTF-8");
	if (gzip_is(*text))
		return err_set(e, E_INPUT, "line 1", "the feed is gzip data; say so in Content-Encoding");
	return OK;
}

enum status feed_read_text(struct intake *in, struct str text)
{
	enum status s = check_start(&text, in->e);

	if (s != OK)
		return s;
	if (in->o->container == FEED_JSONL)
		return read_lines(in, text, read_line);
	if ((in->o->container == FEED_TSV || in->o->container == FEED_CSV) && (in->o->format == FEED_GOOGLE || in->o->format == FEED_OPENAI))
		return rows_read(in, text);
	return err_set(in->e, E_INPUT, "", "this format is not read from this kind of file: Inlay and ACP are JSON Lines, Google is TSV or CSV");
}

enum status feed_with_text(struct intake *in, struct str bytes, enum status (*read)(struct intake *, struct str))
{
	char *unpacked = NULL;
	enum status s = OK;

	in->scratch = arena_new(SCRATCH_MAX);
	if (!in->scratch)
		return err_set(in->e, E_NOMEM, "", "no memory for reading");
	if (in->o->gzip)
		s = gzip_unpack(bytes, in->o->max_bytes ? in->o->max_bytes : UNPACKED_MAX, &unpacked, &bytes.n, in->e);
	if (unpacked)
		bytes.p = unpacked;
	if (s == OK)
		s = read(in, bytes);
	free(unpacked);
	arena_free(in->scratch);
	return s;
}

static bool count_gone(void *arg, const struct product *p, bool gone)
{
	uint64_t *n = arg;

	(void)p;
	*n += gone;
	return true;
}

/* The report is the caller's only when the feed could be read. */
static enum status finish(struct intake *in, enum status s, struct str generation, struct catalog_part **out)
{
	if (s != OK) {
		part_builder_free(in->builder);
		feed_report_done(in->report);
		return s;
	}
	s = part_builder_finish(in->builder, generation, out, in->e);
	if (s != OK)
		feed_report_done(in->report);
	return s;
}

enum status feed_read_part(struct str bytes, const struct feed_options *o, const struct merchant *m, struct str generation,
	const struct catalog_part *old, struct catalog_part **out, struct feed_report *report, struct err *e)
{
	struct intake in = {.o = o, .merchant = m, .old = old, .report = report, .e = e};
	enum status s;

	*report = (struct feed_report){0};
	in.builder = part_builder_new(m, o->max_bytes ? o->max_bytes : SIZE_MAX / 2);
	if (!in.builder)
		return err_set(e, E_NOMEM, "", "no memory for a catalog");
	s = finish(&in, feed_with_text(&in, bytes, feed_read_text), generation, out);
	if (s == OK)
		part_diff(old, *out, count_gone, &report->deleted);
	return s;
}

static enum status read_changes(struct intake *in, struct str text)
{
	enum status s = check_start(&text, in->e);

	return s == OK ? read_lines(in, text, patch_line) : s;
}

enum status feed_patch_part(struct str bytes, const struct feed_options *o, struct str generation, struct catalog_part *old,
	struct catalog_part **out, struct feed_report *report, struct err *e)
{
	const struct merchant *m = part_merchant(old);
	struct intake in = {.o = o, .merchant = m, .old = old, .report = report, .e = e};
	enum status s;

	*report = (struct feed_report){0};
	if (o->container != FEED_JSONL || o->format != FEED_INLAY)
		return err_set(e, E_INPUT, "", "changes are Inlay JSON Lines");
	in.builder = part_builder_over(old, o->max_bytes ? o->max_bytes : SIZE_MAX / 2);
	if (!in.builder)
		return err_set(e, E_NOMEM, "", "no memory for a catalog");
	s = feed_with_text(&in, bytes, read_changes);
	return finish(&in, s, generation, out);
}
