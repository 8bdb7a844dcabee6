/* Guests that hand us a text and take it back: what their files share. Private to hook.
 *
 * Such a guest tells an answer again from its beginning, longer each time, and says of no call that it is the last. So each is answered as if it
 * were, on a copy, and the true state goes on: told again the cost is that of what is new. An answer is recorded when it was told for the last time,
 * that is when it has not been heard of for a while. */
#ifndef HOOK_DESK_H
#define HOOK_DESK_H

#include "hook/chat.h"
#include "hook/hook.h"
#include "hook/keep.h"

struct hook_desk {
	struct shelf_slot *slot;
	void (*record)(void *arg, const struct ledger_insertion *rec);
	void *record_arg;
	uint64_t seed;
	struct keep answers; /* struct told */
	struct keep asked;   /* struct asked */
};

struct keep_key desk_key(const struct hook_desk *d, struct str guest, struct str caller, struct str id, uint64_t index);

/* Tells text: out gets what it becomes, *sure of which stay whatever comes (bytes of out). q and s are for an answer that is new. Trouble: the text as
 * it is, and so it stays. */
void desk_tell(struct hook_desk *d, struct keep_key key, struct shelf *s, const struct insert_request *q, struct str text, int64_t now_us, struct buf *out,
	size_t *sure);

/* What was asked, until the answer comes. */
struct asked {
	struct kept kept;
	struct arena *a;
	struct chat_ask ask;
};
/* body: {"messages":…} as chat completions have it. */
void desk_ask(struct hook_desk *d, struct keep_key key, struct str body, int64_t now_us);
struct asked *desk_asked(struct hook_desk *d, struct keep_key key); /* NULL: nothing; else put it back */

size_t code_points(struct str s);
/* A member of an object; n is 0 where there is none. A path of names, by dots. */
struct str json_member(struct str object, const char *path);
/* What its string says, in a; "" for anything else. */
struct str json_text(struct str object, const char *path, struct arena *a);

#endif
