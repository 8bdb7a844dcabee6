/* Signing keys as the room's files see them: each epoch's HMAC-SHA256 state, computed once. */
#ifndef LINK_KEYS_H
#define LINK_KEYS_H

#include "link/link.h"

struct link_key;
/* The key that signs. */
const struct link_key *key_signing(const struct link_keys *k);
/* NULL when the epoch is unknown. */
const struct link_key *key_of_epoch(const struct link_keys *k, uint32_t epoch);
/* link_mac_init with a key of choice. */
void mac_init(struct link_mac *m, const struct link_key *key, struct str purpose);

#endif
