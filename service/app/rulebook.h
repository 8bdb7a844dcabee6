/* Where the rules are, and reading them from there. */
#ifndef APP_RULEBOOK_H
#define APP_RULEBOOK_H

#include "base/base.h"
#include "flow/flow.h"

/* rules, catalogs: folders as the operator named them, "" to look for them: beside each other, in this folder, beside the program,
 * under /usr/share/inlay. own_bots: a file of the operator's, "" none. E_MISSING or E_INPUT names the file. */
MUST_USE enum status rulebook_read(const char *rules, const char *catalogs, const char *own_bots, struct flow_rules **out, struct err *e);

#endif
