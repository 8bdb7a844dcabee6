/* Server-sent events, cut out of a byte stream: blocks as they came, each with where its data lies. The bytes of all blocks together are the
 * bytes that came. Private to hook. */
#ifndef HOOK_SSE_H
#define HOOK_SSE_H

#include "base/base.h"

#define SSE_MAX_BLOCK (1u << 20)

struct sse_block {
	struct str raw;
	size_t data, data_n; /* offsets in raw of what the data field says */
	unsigned data_lines; /* 0: a comment, or fields without data; over 1: data is the last line's */
	bool crlf;
};
typedef void sse_take(void *arg, const struct sse_block *b);

struct sse {
	struct buf block;
	size_t line; /* offset in block of the line under way */
	struct sse_block now;
	bool fields; /* this block has had a line that is no comment */
	bool after_cr, first;
};
void sse_init(struct sse *s);
void sse_done(struct sse *s);
/* Calls take for every block that ends in bytes; a comment line alone is a block, so that keep-alives do not wait. False: a block is over
 * SSE_MAX_BLOCK or there is no memory: what is under way is in s->block, and the rest of bytes from *used on was not taken. */
MUST_USE bool sse_feed(struct sse *s, struct str bytes, sse_take *take, void *arg, size_t *used);
/* The stream is over: a block without its blank line is a block too. */
void sse_end(struct sse *s, sse_take *take, void *arg);

#endif
