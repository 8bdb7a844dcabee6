/* POST /v1/replay: what its two files share. Private to http. */
#ifndef HTTP_REPLAY_H
#define HTTP_REPLAY_H

#include "http/door.h"

#define REPLAY_REQUESTS 1000

struct replay_call {
	struct flow_rule_texts rules; /* NULL texts: as the service's own */
	struct insert_request *request;
	size_t count;
};
/* c is zeroed by the caller; strings are in a. E_INPUT with a JSON pointer; E_NOMEM: too many or too large. */
MUST_USE enum status replay_call_parse(struct str json, size_t max_answer, struct arena *a, struct replay_call *c, struct err *e);

#endif
