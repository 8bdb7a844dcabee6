/* Private to the room: what the readers of the formats share. A reader turns a line or row into products and hands
 * them to the intake, which checks, counts and stores them. Readers return not OK only when nothing more can be read. */
#ifndef FEED_READER_H
#define FEED_READER_H

#include "feed/feed.h"

struct crowd;

/* One feed being read. */
struct intake {
	const struct feed_options *o;
	const struct merchant *merchant; /* NULL: several, in crowd */
	struct part_builder *builder;    /* of merchant */
	struct crowd *crowd;
	struct str home;     /* crowd: merchant of lines that name none */
	bool names_merchant; /* crowd, lenient: a line's own "merchant" counts */
	const struct catalog_part *old;
	struct feed_report *report;
	struct arena *scratch; /* emptied before each line */
	uint64_t line;
	struct err *e;
};

/* ---- counting and storing (intake.c) ------------------------------------------------- */

/* One rejected line or product. Always OK, so that a reader can return it. */
enum status intake_refuse(struct intake *in, struct str id, const char *field, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The line is taken, but something in it was not. */
void intake_note(struct intake *in, struct str id, const char *field, const char *detail);
/* Checks and stores. merchant is looked at by a crowd only. */
MUST_USE enum status intake_take(struct intake *in, struct product *p, struct str merchant);

/* ---- rules for products (check.c, mend.c) ------------------------------------------------ */

/* All that is wanted of a product in a strict feed; white space is trimmed and line breaks in long texts become spaces. e->where is the field.
 * merchant (may be NULL) must own the url's host. A gtin that cannot be one is no reason to lose the product: it is cleared
 * and *gtin_bad_out set. */
MUST_USE enum status product_check(struct product *p, enum feed_format format, const struct merchant *m, struct arena *a, bool *gtin_bad_out,
                                   struct err *e);
/* The same in lenient feeds: what can be mended or left out is. Needs only id and title. host_out: of its url. */
MUST_USE enum status product_mend(struct product *p, struct str merchant, struct arena *a, struct str *host_out, struct err *e);
bool gtin_valid(struct str gtin);
/* "A>B / C" stays what it is but for one form of the separator: "A > B / C". */
struct str category_path(struct arena *a, struct str s);

/* ,"attributes":{…} or nothing. */
void attributes_put_json(struct buf *out, struct str text);

/* ---- JSON (product_line.c, *_json.c) ---------------------------------------------------- */

struct json_t; /* jansson's; only files named *_json.c know it */
/* One object, to be given to json_decref. NULL: the line was refused. */
struct json_t *json_line(struct intake *in, struct str line);
/* Each takes one line. */
MUST_USE enum status inlay_line(struct intake *in, struct str line);
MUST_USE enum status patch_line(struct intake *in, struct str line);
MUST_USE enum status openai_line(struct intake *in, struct str line);
MUST_USE enum status acp_line(struct intake *in, struct str line);

/* ---- rows: Google and OpenAI as TSV and CSV (rows.c, flat.c) -------------------------------- */

/* Named fields of one product, all text; empty ones are as good as absent. */
struct field {
	struct str name; /* lower case, "_" for spaces, no "g:" */
	struct str value;
};
MUST_USE enum status flat_take(struct intake *in, const struct field *field, size_t n);
struct str field_name(struct arena *a, struct str written);
MUST_USE enum status rows_read(struct intake *in, struct str text);

/* ---- whole files (gzip.c, crowd.c) ------------------------------------------------------------ */

/* Unpacks all members into malloc'd memory; over max is E_INPUT. */
MUST_USE enum status gzip_unpack(struct str packed, size_t max, char **out, size_t *n_out, struct err *e);
bool gzip_is(struct str bytes);

/* Merchants that are made up from the lines that name them. */
struct crowd *crowd_new(size_t max_bytes);
void crowd_free(struct crowd *c);
/* E_CONFLICT: the id is there already. */
MUST_USE enum status crowd_take(struct crowd *c, struct str merchant, const struct product *p, struct str host, struct err *e);
/* Appends to into; frees nothing of c. */
MUST_USE enum status crowd_finish(struct crowd *c, struct feed_parts *into, struct err *e);

/* Unpacks where in->o->gzip says so, makes in->scratch, and reads. */
MUST_USE enum status feed_with_text(struct intake *in, struct str bytes, enum status (*read)(struct intake *, struct str));
/* Feeds text (unpacked) through the reader of in->o's format. */
MUST_USE enum status feed_read_text(struct intake *in, struct str text);

#endif
