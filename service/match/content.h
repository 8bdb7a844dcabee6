/* content: adding up what words say of products, 16,384 products at a time, so that the sums stay in the first cache. Exhaustive: at
 * this size skipping costs more than it saves. */
#ifndef MATCH_CONTENT_H
#define MATCH_CONTENT_H

#include "base/base.h"

enum { CONTENT_WINDOW = 16384, CONTENT_STEP = 32 /* sums looked at together */ };

/* One word: its postings, products rising, and what each impact is worth. */
struct content_list {
	const uint32_t *product;
	const uint8_t *impact;
	uint32_t at, end;
	uint16_t worth[256];
};

struct content_sweep {
	struct content_list *list; /* the caller's; worths of one product add up to 65535 at most */
	size_t count;
	uint32_t from, products; /* the window is [from, from + CONTENT_WINDOW) */
	uint32_t next;           /* in the window */
	uint16_t sum[CONTENT_WINDOW] __attribute__((aligned(64)));
};
/* Before the first content_next. */
void content_begin(struct content_sweep *s);
/* The next product whose sum is over `over`, in order; false: there is none. */
bool content_next(struct content_sweep *s, uint16_t over, uint32_t *product_out, uint16_t *sum_out);

#endif
