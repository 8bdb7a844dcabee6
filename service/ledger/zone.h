/* zone: offsets of an IANA time zone, read from the system's TZif files; libc's TZ is one for the whole process. Immutable once loaded. */
#ifndef LEDGER_ZONE_H
#define LEDGER_ZONE_H

#include "base/base.h"

struct zone;
/* "" and "UTC" need no file. E_INPUT: no such zone. */
MUST_USE enum status zone_load(struct str name, struct zone **out, struct err *e);
void zone_free(struct zone *z);
bool zone_is_utc(const struct zone *z);
int32_t zone_offset_s(const struct zone *z, int64_t utc_ms);
/* The instant at which wall clocks show local_ms (as if UTC). In a gap: the instant of the change; shown twice: the first. */
int64_t zone_instant(const struct zone *z, int64_t local_ms);
/* From a file's bytes, for tests and the loader. Keeps nothing of tzif. */
MUST_USE enum status zone_parse(struct str tzif, struct zone **out, struct err *e);

#endif
