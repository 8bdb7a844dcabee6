/* SHA-256 (FIPS 180-4), for the chain of postings and digests of messages; no secrets pass here. */
#ifndef LEDGER_SHA256_H
#define LEDGER_SHA256_H

#include "base/base.h"

#define SHA256_BYTES 32

struct sha256 {
	uint32_t h[8];
	uint64_t length; /* bytes taken so far */
	uint8_t block[64];
};
void sha256_init(struct sha256 *c);
void sha256_put(struct sha256 *c, const void *p, size_t n);
/* Integers and strings in one unmistakable form: 8 bytes big endian; length, then bytes. */
void sha256_put_int(struct sha256 *c, int64_t v);
void sha256_put_str(struct sha256 *c, struct str s);
void sha256_done(struct sha256 *c, uint8_t out[SHA256_BYTES]);

#endif
