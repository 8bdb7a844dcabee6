/* Inside `inlay catalog push`: one file, or all shops of a merchants.yaml. */
#ifndef APP_PUSH_H
#define APP_PUSH_H

#include <stdbool.h>

#include "base/base.h"

struct push_own {
	const char *merchant, *merchants, *url, *key, *format;
	bool force, dry_run, patch;
};
/* Uploads one file and says what came of it; an exit code. */
int push_file(const struct push_own *o, const char *path);
/* Prints "<what>: <reply>" on stdout or, for a refusal, on stderr; an exit code. */
int push_tell(const char *what, int http_status, struct str reply);
/* Every entry of o->merchants: PUT of the merchant, then of its `file` beside the list. */
int push_shops(const struct push_own *o);

#endif
