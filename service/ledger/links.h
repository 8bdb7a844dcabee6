/* links: what the scribe knows of links that were served or clicked lately, so that most clicks need no search in the database. In memory, a
 * fixed number of places; what is not here is looked up. */
#ifndef LEDGER_LINKS_H
#define LEDGER_LINKS_H

#include "ledger/ledger.h"

struct known_link {
	struct ledger_id link;
	int64_t no;        /* 0: not stored, nothing else is set */
	int64_t served_ms; /* last */
	char phrase[LEDGER_TEXT], form[12], app[LEDGER_TEXT], model[LEDGER_TEXT];
};
struct links;
struct links *links_new(void); /* NULL: no memory */
void links_free(struct links *l);
bool links_get(const struct links *l, const struct ledger_id *link, struct known_link *out);
/* May take another link's place. Without memory it is just not kept. */
void links_put(struct links *l, const struct known_link *k);
void links_clear(struct links *l);

#endif
