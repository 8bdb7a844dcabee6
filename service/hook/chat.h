/* Chat completions: which calls are touched, what the upstream is sent, and links in what comes back. Private to hook. */
#ifndef HOOK_CHAT_H
#define HOOK_CHAT_H

#include "flow/flow.h"
#include "hook/span.h"
#include "hook/sse.h"

/* ---- the request (chat_request.c) -------------------------------------------------------- */

struct chat_ask {
	bool links;              /* the answer may get links */
	bool changed;            /* body replaces the bytes that came */
	struct buf body;
	struct insert_request q; /* strings in the arena it was read with */
};
enum chat_wish { CHAT_DEFAULT, CHAT_OFF, CHAT_ON }; /* X-Inlay */
/* Reads a request; whatever is not understood is left to the upstream. Our links in earlier answers are q's to know and are gone from body. */
void chat_ask_read(struct shelf *s, struct str body, enum chat_wish wish, bool only_aliases, struct arena *a, struct chat_ask *out);
void chat_ask_done(struct chat_ask *k);

/* ---- the answer (chat_answer.c, chat_stream.c, chat_whole.c) --------------------------------- */

struct chat_choice {
	int64_t index;
	struct insert *in; /* NULL: has had no text yet, or there was trouble */
	bool closed;       /* text that still comes passes unchanged */
	bool finished;     /* and the answer came to its end */
	uint32_t high;     /* half of a surrogate pair between two deltas */
	size_t fed, put;   /* bytes of the answer, bytes with links given out for them */
};
#define CHAT_MAX_CHOICES 128
struct chat {
	struct shelf *shelf; /* one for all choices of a call; NULL: nothing is touched */
	const struct insert_request *q;
	struct chat_choice *choice;
	size_t count;
	struct buf scratch, text; /* of one delta: decoded, and with links */
	struct buf body;          /* of one chunk, rewritten */
	struct buf *out;          /* where chat_stream_* writes */
	struct sse sse;
	struct buf head;          /* members of a chunk that are the same in all: for a delta of our own */
	bool usage_null, crlf, raw; /* raw: everything passes from now on */
	int64_t prompt_tokens, completion_tokens;
};
/* References the shelf; q must outlive it. */
void chat_init(struct chat *c, struct shelf *s, const struct insert_request *q);
void chat_done(struct chat *c);
/* What was decided, for the ledger: of answers that came to their end, and of those that carry links already. Call it last. */
void chat_record(struct chat *c, void (*record)(void *arg, const struct ledger_insertion *rec), void *arg);

/* Finds or makes; NULL: no memory, or too many. */
struct chat_choice *chat_choice_of(struct chat *c, int64_t index);
/* Feeds a JSON string's text; what may go out is in c->text. False: it cannot be fed; the choice is closed and what was held is in c->text. */
bool chat_feed(struct chat *c, struct chat_choice *k, struct str value);
void chat_finish(struct chat *c, struct chat_choice *k, struct buf *out); /* the rest and the closing block */
void chat_give_up(struct chat *c, struct chat_choice *k, struct buf *out); /* the rest as it came; no more links */
/* `usage` of an answer or chunk. */
void chat_read_usage(struct chat *c, struct str usage);
/* Copies a list of annotations with their offsets moved by what was inserted before them. False: nothing had to move. */
bool chat_shift(const struct chat_choice *k, struct str annotations, struct buf *out);

/* Bytes of an event stream in, bytes out; cut anywhere. */
void chat_stream_feed(struct chat *c, struct str bytes, struct buf *out);
/* The upstream is done. broken: it broke off, so held text goes out as it came. */
void chat_stream_end(struct chat *c, bool broken, struct buf *out);
/* A whole answer; false: out is untouched and the answer stays as it is. */
bool chat_whole(struct chat *c, struct str body, struct buf *out);

#endif
