/* Plain SHA-256 and comparison in constant time, for those who may not see libcrypto. */
#include "link/link.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <limits.h>
#include <stdlib.h>

void link_sha256(struct str s, uint8_t out[32])
{
	unsigned n = 32;
	/* Fails only without memory or provider: nobody may then go on with half a digest. */
	if (!EVP_Digest(s.n ? s.p : "", s.n, out, &n, EVP_sha256(), NULL) || n != 32)
		abort();
}

void link_hmac_sha256(struct str secret, struct str s, uint8_t out[32])
{
	unsigned n = 32;
	if (secret.n > INT_MAX || !HMAC(EVP_sha256(), secret.n ? secret.p : "", (int)secret.n, (const unsigned char *)(s.n ? s.p : ""), s.n, out, &n) || n != 32)
		abort();
}

bool link_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
