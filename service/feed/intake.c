/* The way of every product read: checked, counted, stored; and of every line refused: reported. */
#include "feed/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct feed_error *next_error(struct feed_report *r)
{
	if (r->error_count == FEED_MAX_ERRORS)
		return NULL;
	if (!r->errors)
		r->errors = calloc(FEED_MAX_ERRORS, sizeof(*r->errors));
	return r->errors ? &r->errors[r->error_count++] : NULL;
}

/* As much of s as fits, never half a character. */
static void copy_fitting(char *out, size_t cap, struct str s)
{
	size_t n = utf8_whole(str_sub(s, 0, cap - 1));

	if (n)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

static void add_error(struct intake *in, struct str id, const char *field, const char *detail)
{
	struct feed_error *error = next_error(in->report);

	if (!error)
		return;
	error->line = in->line;
	copy_fitting(error->id, sizeof(error->id), id);
	copy_fitting(error->field, sizeof(error->field), str_of(field));
	copy_fitting(error->detail, sizeof(error->detail), str_of(detail));
}

enum status intake_refuse(struct intake *in, struct str id, const char *field, const char *fmt, ...)
{
	char detail[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	in->report->rejected++;
	add_error(in, id, field, detail);
	return OK;
}

void intake_note(struct intake *in, struct str id, const char *field, const char *detail)
{
	add_error(in, id, field, detail);
}

void feed_report_done(struct feed_report *r)
{
	free(r->errors);
	*r = (struct feed_report){0};
}

static enum status stored(struct intake *in, const struct product *p, enum status s, const struct err *why)
{
	const struct product *before = in->old ? part_find(in->old, p->id) : NULL;

	if (s == E_CONFLICT)
		return intake_refuse(in, p->id, "id", "%s", why->text);
	if (s != OK)
		return err_set(in->e, s, "", "%s", why->text);
	in->report->accepted++;
	in->report->unchanged += before && product_same(before, p);
	return OK;
}

static enum status take_lenient(struct intake *in, struct product *p, struct str merchant)
{
	struct str home = in->names_merchant && merchant.n ? merchant : in->home, host = STR_NONE;
	struct err why = {0};

	if (!merchant_id_valid(home))
		return intake_refuse(in, p->id, "merchant", "must be 1 to 64 of a-z, 0-9, - and _, starting with a letter or digit");
	if (product_mend(p, home, in->scratch, &host, &why) != OK)
		return intake_refuse(in, p->id, why.where, "%s", why.text);
	return stored(in, p, crowd_take(in->crowd, home, p, host, &why), &why);
}

/* The name that the feed's own format has for a field of ours. */
static const char *written_name(enum feed_format format, const char *field)
{
	static const struct {
		const char *ours, *google, *openai;
	} NAMES[] = {
		{"id", "id", "item_id"},
		{"url", "link", "url"},
		{"image", "image_link", "image_url"},
		{"category", "google_product_category", "product_category"},
	};

	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
		if (strcmp(field, NAMES[i].ours) == 0)
			return format == FEED_GOOGLE ? NAMES[i].google : format == FEED_OPENAI ? NAMES[i].openai : field;
	return field;
}

enum status intake_take(struct intake *in, struct product *p, struct str merchant)
{
	struct str host = STR_NONE;
	struct err why = {0};
	bool gtin_bad = false;

	if (arena_failed(in->scratch))
		return intake_refuse(in, p->id, "", "the line needs too much memory");
	if (in->o->lenient && in->crowd)
		return take_lenient(in, p, merchant);
	if (product_check(p, in->o->format, in->merchant, in->scratch, &gtin_bad, &why) != OK)
		return intake_refuse(in, p->id, written_name(in->o->format, why.where), "%s", why.text);
	if (gtin_bad)
		intake_note(in, p->id, "gtin", "is no GTIN (8, 12, 13 or 14 digits with a right check digit): left out");
	if (!in->crowd)
		return stored(in, p, part_builder_add(in->builder, p, false, &why), &why);
	err_ignore(url_check(p->url, &host, NULL));
	return stored(in, p, crowd_take(in->crowd, in->home, p, host, &why), &why);
}
