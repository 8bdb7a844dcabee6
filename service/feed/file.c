/* Feeds from files, for the command line: kind and merchants are found from the file itself. */
#include "feed/reader.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (2048ull << 20)

/* "shops/Tea House.jsonl.gz" gives "tea-house". */
static struct str merchant_of_path(struct str path, char out[65])
{
	size_t n = 0;

	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/') {
			path = str_sub(path, i, path.n);
			break;
		}
	for (size_t i = 0; i < path.n && n < 64 && path.p[i] != '.'; i++) {
		char c = (char)(path.p[i] >= 'A' && path.p[i] <= 'Z' ? path.p[i] + 32 : path.p[i]);
		bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || ((c == '-' || c == '_') && n > 0);
		if (fine || n > 0)
			out[n++] = fine ? c : '-';
	}
	return n ? (struct str){out, n} : STR("file");
}

struct source {
	struct str path, merchant;
};

/* in->o is o, with the kind of file that the text shows. */
static enum status read_source(struct intake *in, const struct source *from, struct str bytes, struct feed_options *o)
{
	char *unpacked = NULL, name[65];
	enum status s = OK;

	if (gzip_is(bytes))
		s = gzip_unpack(bytes, o->max_bytes, &unpacked, &bytes.n, in->e);
	if (unpacked)
		bytes.p = unpacked;
	if (s == OK) {
		o->gzip = false;
		o->format = feed_format_guess(from->path, str_sub(bytes, 0, FEED_MAX_LINE), &o->container);
		in->home = from->merchant.n ? from->merchant : merchant_of_path(from->path, name);
		s = feed_with_text(in, bytes, feed_read_text);
	}
	free(unpacked);
	return s;
}

enum status feed_read_file(const char *path, struct str merchant, const struct feed_options *o, struct feed_parts *into,
	struct feed_report *report, struct err *e)
{
	struct feed_options found = *o;
	struct source from = {str_of(path), merchant};
	struct intake in = {.o = &found, .report = report, .e = e};
	char *bytes = NULL;
	size_t n = 0;
	enum status s;

	if (merchant.n && !merchant_id_valid(merchant))
		return err_set(e, E_INPUT, "merchant", "must be 1 to 64 of a-z, 0-9, - and _, starting with a letter or digit");
	s = file_read(path, FILE_BYTES_MAX, &bytes, &n, e);
	if (s != OK)
		return s;
	if (!found.max_bytes)
		found.max_bytes = FILE_BYTES_MAX;
	*report = (struct feed_report){0};
	in.names_merchant = merchant.n == 0;
	in.crowd = crowd_new(found.max_bytes);
	if (in.crowd)
		s = read_source(&in, &from, (struct str){bytes, n}, &found);
	else
		s = err_set(e, E_NOMEM, "", "no memory for a catalog");
	if (s == OK)
		s = crowd_finish(in.crowd, into, e);
	crowd_free(in.crowd);
	free(bytes);
	if (s != OK)
		feed_report_done(report);
	return s;
}

void feed_parts_done(struct feed_parts *p)
{
	for (size_t i = 0; i < p->count; i++)
		part_unref(p->part[i]);
	free(p->part);
	*p = (struct feed_parts){0};
}
