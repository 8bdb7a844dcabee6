/* The signing secret: its file, and the proof that it is still the one that signed before. */
#ifndef APP_SECRET_H
#define APP_SECRET_H

#include "app/config.h"
#include "ledger/ledger.h"
#include "link/link.h"

/* Reads --secret-file, or DATA/secret, which is made with mode 0600 if it is not there. */
MUST_USE enum status secret_read(const struct config *c, struct link_keys **out, struct err *e);
/* A token signed at the first start lies in the ledger: the keys must still verify it, or links that are out in the world are dead
 * (E_CONFLICT). accept_new replaces it. */
MUST_USE enum status secret_check(struct ledger *l, const struct link_keys *k, bool accept_new, struct err *e);
/* The keys of `inlay insert`: of a file, or the documented test secret when path is "". */
MUST_USE enum status secret_for_filter(const char *path, struct link_keys **out, struct err *e);

#endif
