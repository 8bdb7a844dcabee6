/* The ledger as the command line opens it, and dates as people write them. */
#ifndef APP_STORE_H
#define APP_STORE_H

#include "app/config.h"
#include "ledger/ledger.h"

/* Opens the configured ledger beside a running service; E_INPUT when the configuration has none. */
MUST_USE enum status store_open(const struct config *c, bool read_only, struct ledger **out, struct err *e);

#endif
