/* JSON read where it lies: values are slices of the text they stand in, so that one string can be replaced and every other byte of the document
 * stays as its author wrote it. Nothing is allocated or rebuilt. Private to hook. */
#ifndef HOOK_SPAN_H
#define HOOK_SPAN_H

#include "base/base.h"

/* A look at one object or array. Every step skips exactly one value and checks its form; bad is set by anything malformed, or nested deeper
 * than SPAN_DEPTH, and the walk ends there. */
#define SPAN_DEPTH 256
struct span_walk {
	struct str text;
	size_t at;
	char close; /* what ends it; 0: it was neither object nor array */
	bool begun, bad;
};

/* The only value of a whole document, without the white space around it; false if there is anything else. */
bool span_document(struct str text, struct str *value_out);
void span_enter(struct span_walk *w, struct str value);
/* key: with its quotes, as written. Both are false at the end, and then the walk is over. */
bool span_member(struct span_walk *w, struct str *key, struct str *value);
bool span_item(struct span_walk *w, struct str *value);

bool span_is(struct str value, char first); /* '{' '[' '"' 't' 'f' 'n' */
bool span_some_text(struct str value);      /* a string that is not empty */
bool span_integer(struct str value, int64_t *out);

/* What a string says, in UTF-8, appended to out. The high half of a surrogate pair that ends the string is kept in *high (0: none) and put together
 * with a low half that begins the next; high NULL: halves are not allowed. False: not a string, NUL or malformed inside; out is as it was. */
bool span_text(struct str value, uint32_t *high, struct buf *out);

#endif
