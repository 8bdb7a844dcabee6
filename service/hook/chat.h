/* Chat calls in the dialects of their interfaces: which are touched, what the upstream is sent, and links in what comes back. Private to hook.
 *
 * An answer has texts (choices of a chat completion, parts of a response, blocks of a message), each with an insert of its own. What the dialects
 * share is in chat_answer.c (feeding texts) and chat_stream.c (framing); what they do not is in a file each: completions.c, responses.c, messages.c. */
#ifndef HOOK_CHAT_H
#define HOOK_CHAT_H

#include "flow/flow.h"
#include "hook/span.h"
#include "hook/sse.h"

enum dialect { DIALECT_NONE, DIALECT_COMPLETIONS, DIALECT_RESPONSES, DIALECT_MESSAGES };
/* By a route's path. */
enum dialect dialect_of(struct str path);
/* An error of ours, as clients of the dialect read it. */
void dialect_error(enum dialect d, int status, const char *code, struct str message, struct buf *out);

/* ---- the request (chat_request.c) -------------------------------------------------------- */

struct chat_ask {
	bool links;              /* the answer may get links */
	bool changed;            /* body replaces the bytes that came */
	struct buf body;
	struct insert_request q; /* strings in the arena it was read with */
};
enum chat_wish { CHAT_DEFAULT, CHAT_OFF, CHAT_ON }; /* X-Inlay */
/* Reads a request; whatever is not understood is left to the upstream. Our links in earlier answers are q's to know and are gone from body. */
void chat_ask_read(struct shelf *s, enum dialect d, struct str body, enum chat_wish wish, bool only_aliases, struct arena *a, struct chat_ask *out);
void chat_ask_done(struct chat_ask *k);

/* ---- texts of the answer (chat_answer.c) --------------------------------------------------- */

struct chat_choice {
	int64_t index;
	struct insert *in; /* NULL: has had no text yet, or there was trouble */
	bool begun;        /* has had text */
	bool idle;         /* no link can come: its deltas stay as they are */
	bool closed;       /* text that still comes passes unchanged */
	bool finished;     /* and the answer came to its end */
	uint32_t high;     /* half of a surrogate pair between two deltas */
	size_t fed, put;   /* bytes of the answer, bytes with links given out for them */
	struct buf came, gave; /* the same bytes, where the dialect tells a text again or has several texts of one answer */
	struct str item;   /* responses: its item's id, as JSON */
	int64_t notes;     /* responses: annotations that the upstream has told */
};
#define CHAT_MAX_CHOICES 128
struct chat {
	enum dialect dialect;
	struct shelf *shelf; /* one for all choices of a call; NULL: nothing is touched */
	const struct insert_request *q;
	struct insert *ready; /* of the first text, until it comes */
	struct chat_choice *choice;
	size_t count;
	struct buf scratch, text; /* of one delta: decoded, and with links */
	struct buf body;          /* of one event, rewritten */
	struct buf *out;          /* where chat_stream_* writes */
	struct sse sse;
	struct buf head;          /* members of a chunk that are the same in all: for a delta of our own */
	int64_t sequence, added;  /* responses: number of the event at hand, as it came; events of ours before it */
	bool usage_null, crlf, raw; /* raw: everything passes from now on */
	bool torn;                  /* the last event lacks its blank line */
	int64_t prompt_tokens, completion_tokens;
};
/* References the shelf; q must outlive it. */
void chat_init(struct chat *c, enum dialect d, struct shelf *s, const struct insert_request *q);
void chat_done(struct chat *c);
/* Reads the question now, on the caller's thread: the first text finds its insert made. */
void chat_prepare(struct chat *c);
/* What was decided, for the ledger: of answers that came to their end, and of those that carry links already. Call it last. */
void chat_record(struct chat *c, void (*record)(void *arg, const struct ledger_insertion *rec), void *arg);
/* Counts one that is finished, and records it. */
void chat_book(const struct insert *in, void (*record)(void *arg, const struct ledger_insertion *rec), void *arg);
/* How many links are in what was given out, ours from before among them. After the end. */
uint32_t chat_links(const struct chat *c);

struct chat_choice *chat_choice_find(struct chat *c, int64_t index);
/* Finds or makes; NULL: no memory, or too many. */
struct chat_choice *chat_choice_of(struct chat *c, int64_t index);
/* Feeds a JSON string's text; what may go out is in c->text, what came in c->scratch. False: it cannot be fed; the choice is closed and what was
 * held is in c->text. */
bool chat_feed(struct chat *c, struct chat_choice *k, struct str value);
void chat_finish(struct chat *c, struct chat_choice *k, struct buf *out); /* the rest and the closing block */
void chat_give_up(struct chat *c, struct chat_choice *k, struct buf *out); /* the rest as it came; no more links */
/* Text that passes as it is, in a choice that is closed: it is told again too. */
void chat_pass(struct chat *c, struct chat_choice *k, struct str value);
/* A whole text at once: after it c->text is what goes out. False: it stays as it is, and counts for nothing. */
bool chat_whole_text(struct chat *c, struct chat_choice *k, struct str value);
/* text as a JSON string; last: half of a pair that never got its other half goes as it came. */
void chat_put_text(struct chat_choice *k, struct str text, bool last, struct buf *out);
/* `usage` of an answer or chunk. */
void chat_read_usage(struct chat *c, struct str usage);
/* Copies annotations (a list, or one) with their offsets moved by what was inserted before them. False: nothing had to move. */
bool chat_shift(const struct chat_choice *k, struct str annotations, struct buf *out);

/* ---- edits in a document, from left to right --------------------------------------------------- */

struct rewriting {
	struct chat *c;
	struct str raw;
	size_t copied;
	struct buf *out;
	bool bad;
};
/* Everything up to the value is copied; what takes its place is for the caller to put. */
void rewrite_at(struct rewriting *r, struct str value);
void rewrite_rest(struct rewriting *r);
void rewrite_notes(struct rewriting *r, const struct chat_choice *k, struct str notes); /* a value; moved if it must */
/* The same where a text is told whole: our links are cited too. notes may be none, then they are put where the edits stand. */
void rewrite_all_notes(struct rewriting *r, const struct chat_choice *k, struct str notes);

/* ---- streams (chat_stream.c) ---------------------------------------------------------------------- */

enum ending { FINISHED, GIVEN_UP };
/* Bytes of an event stream in, bytes out; cut anywhere. */
void chat_stream_feed(struct chat *c, struct str bytes, struct buf *out);
/* The upstream is done. broken: it broke off, so held text goes out as it came. */
void chat_stream_end(struct chat *c, bool broken, struct buf *out);
/* Between two events, with text held back: a comment may stand here, and should. */
bool chat_waits(const struct chat *c);
/* A whole answer; false: out is untouched and the answer stays as it is. */
bool chat_whole(struct chat *c, struct str body, struct buf *out);

/* For the dialects: held text goes out in a delta of ours. */
void stream_end_choice(struct chat *c, struct chat_choice *k, enum ending e);
void stream_end_choices(struct chat *c, enum ending e);
/* Feeds the text of a delta. True: c->text takes its place. */
bool stream_feed(struct chat *c, struct chat_choice *k, struct str value);
/* The same, and writes it. ends: the choice ends with it, in the same delta. */
void stream_text(struct rewriting *r, struct chat_choice *k, struct str value, bool ends, enum ending e);

/* Each dialect: one event of a stream (false: not understood, and nothing of it was fed), a delta of ours into c->out, a whole answer. */
bool completions_event(struct rewriting *r, struct str root);
void completions_delta(struct chat *c, struct chat_choice *k, struct str text);
void completions_whole(struct rewriting *r, struct str root);
void completions_cite(struct chat *c, struct chat_choice *k, struct str citations); /* before the choice's end, into c->out */
void responses_cite(struct chat *c, struct chat_choice *k, struct str citations);
bool responses_event(struct rewriting *r, struct str root);
void responses_delta(struct chat *c, struct chat_choice *k, struct str text);
void responses_whole(struct rewriting *r, struct str root);
bool messages_event(struct rewriting *r, struct str root);
void messages_delta(struct chat *c, struct chat_choice *k, struct str text);
void messages_whole(struct rewriting *r, struct str root);

#endif
