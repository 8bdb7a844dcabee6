/* message: a conversion as bytes, for the outbox of a node whose orders are booked elsewhere. Pure. */
#ifndef LEDGER_MESSAGE_H
#define LEDGER_MESSAGE_H

#include "ledger/ledger.h"

/* Without the reply's function, which no file can hold. */
void message_write(const struct ledger_conversion *c, struct buf *out);
/* rules_out: malloc'd, the conversion borrows them. E_INPUT: not written by this. */
MUST_USE enum status message_read(struct str bytes, struct ledger_conversion *c, struct ledger_rule **rules_out);

#endif
