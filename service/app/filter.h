/* What the filters of the command line (insert, replay) share: catalogs from files, requests from lines. */
#ifndef APP_FILTER_H
#define APP_FILTER_H

#include "app/options.h"
#include "base/base.h"
#include "catalog/catalog.h"
#include "flow/flow.h"

#include <stdio.h>

#define FILTER_LINE ((size_t)16 << 20)

/* FILE or FILE=MERCHANT each; what was refused is told on stderr. */
MUST_USE enum status filter_catalogs(const struct texts *files, bool lenient, struct catalog **out, struct err *e);

/* getline without its endless memory: keeps up to FILTER_LINE + 1 bytes, drops the rest of the line. False at the end. */
bool filter_read_line(FILE *in, struct buf *line);

struct filter_defaults { /* where a request says nothing */
	enum form form;
	int64_t max_links; /* -1: as the rules say */
};
/* E_INPUT, E_NOMEM (the line or the answer is too long); strings are in a, which is emptied first. */
MUST_USE enum status filter_request(struct str line, const struct filter_defaults *d, struct arena *a, struct insert_request *out, struct err *e);
/* {"error":{"line":…,"pointer":…,"detail":…}} */
void filter_write_error(uint64_t line, const struct err *e, struct buf *out);

#endif
