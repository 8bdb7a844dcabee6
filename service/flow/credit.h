/* Private to flow: what the readers of conversions share. */
#ifndef FLOW_CREDIT_H
#define FLOW_CREDIT_H

#include "flow/core.h"

/* Merchant by id with its commission rules put on c (in a). E_MISSING. */
MUST_USE enum status credit_begin(const struct shelf *s, struct str merchant, const char *source, int64_t now_ms, struct arena *a,
                                  const struct merchant **merchant_out, struct ledger_conversion *c, struct err *e);
/* A message from source under the merchant's present terms. */
MUST_USE enum status credit_terms(const struct merchant *m, const char *source, int64_t now_ms, struct arena *a, struct ledger_conversion *c, struct err *e);
MUST_USE enum status credit_dates(const struct ledger_conversion *c, struct err *e);
/* A click id or link id in any of its written forms; sets has_click. */
MUST_USE enum status credit_click(struct str text, struct ledger_conversion *c, struct err *e);
/* Copies; E_INPUT when it is longer than size - 1 or holds control characters. */
MUST_USE enum status credit_text(struct str s, const char *where, char *out, size_t size, struct err *e);
/* What every message must have in the end. */
MUST_USE enum status credit_check(const struct ledger_conversion *c, struct err *e);
/* The JSON body of a conversion on c (merchant already known). */
MUST_USE enum status credit_read_json(struct str json, struct ledger_conversion *c, struct err *e);
MUST_USE enum status credit_json_merchant(struct str json, struct arena *a, struct str *out, struct err *e);

#endif
