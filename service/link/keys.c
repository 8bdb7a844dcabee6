/* Keys by epoch and the MACs under them. OpenSSL's one-shot HMAC() looks its digest up and sets itself up anew on every
 * call, ten times the price of the hashing; so the states behind the inner and the outer padding are kept per key and
 * copied. That needs the low-level SHA-256 calls, which OpenSSL 3 deprecates but carries. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "link/keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_SECRET 32
#define MAX_SECRET 512
#define MAX_EPOCHS 64
#define BLOCK 64 /* bytes, of SHA-256 */

struct link_key {
	uint32_t epoch;
	SHA256_CTX inner, outer; /* after the key's padded blocks */
};

struct link_keys {
	struct link_key key[MAX_EPOCHS];
	size_t count, signing;
};

/* What hides in struct link_mac. */
struct mac_state {
	SHA256_CTX inner, outer;
};
_Static_assert(sizeof(struct mac_state) <= sizeof(struct link_mac), "struct link_mac is too small");

/* ---- states ------------------------------------------------------------------------------ */

static void key_init(struct link_key *key, uint32_t epoch, const uint8_t *secret, size_t n)
{
	uint8_t block[BLOCK] = {0};

	if (n > BLOCK)
		SHA256(secret, n, block);
	else
		memcpy(block, secret, n);
	for (size_t i = 0; i < BLOCK; i++)
		block[i] ^= 0x36;
	SHA256_Init(&key->inner);
	SHA256_Update(&key->inner, block, BLOCK);
	for (size_t i = 0; i < BLOCK; i++)
		block[i] ^= 0x36 ^ 0x5c;
	SHA256_Init(&key->outer);
	SHA256_Update(&key->outer, block, BLOCK);
	key->epoch = epoch;
	OPENSSL_cleanse(block, sizeof block);
}

static void mac_update(struct link_mac *m, const void *bytes, size_t n)
{
	struct mac_state s;

	memcpy(&s, m->opaque, sizeof s);
	SHA256_Update(&s.inner, bytes, n);
	memcpy(m->opaque, &s, sizeof s);
}

void mac_init(struct link_mac *m, const struct link_key *key, struct str purpose)
{
	struct mac_state s = {key->inner, key->outer};

	memset(m, 0, sizeof *m);
	memcpy(m->opaque, &s, sizeof s);
	link_mac_field(m, purpose);
}

void link_mac_init(struct link_mac *m, const struct link_keys *k, struct str purpose)
{
	mac_init(m, key_signing(k), purpose);
}

bool link_mac_init_nth(struct link_mac *m, const struct link_keys *k, size_t n, struct str purpose)
{
	if (n >= k->count)
		return false;
	mac_init(m, &k->key[n], purpose);
	return true;
}

void link_mac_add(struct link_mac *m, struct str bytes)
{
	if (bytes.n)
		mac_update(m, bytes.p, bytes.n);
}

void link_mac_field(struct link_mac *m, struct str bytes)
{
	uint8_t length[8];

	for (size_t i = 0; i < sizeof length; i++)
		length[i] = (uint8_t)((uint64_t)bytes.n >> (56 - 8 * i));
	mac_update(m, length, sizeof length);
	link_mac_add(m, bytes);
}

void link_mac_done(struct link_mac *m, uint8_t out[32])
{
	struct mac_state s;
	uint8_t digest[SHA256_DIGEST_LENGTH];

	memcpy(&s, m->opaque, sizeof s);
	SHA256_Final(digest, &s.inner);
	SHA256_Update(&s.outer, digest, sizeof digest);
	SHA256_Final(out, &s.outer);
	OPENSSL_cleanse(&s, sizeof s);
	OPENSSL_cleanse(m, sizeof *m);
}

/* ---- the secret file ------------------------------------------------------------------------ */

static const char *parse_epoch(struct str s, uint32_t *out)
{
	int64_t n;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return "the epoch must be a whole number";
	if (!str_int(s, &n) || n < 1 || n > UINT32_MAX)
		return "the epoch must be from 1 to 4294967295";
	*out = (uint32_t)n;
	return NULL;
}

static const char *add_key(struct link_keys *k, uint32_t epoch, struct str hex)
{
	uint8_t secret[MAX_SECRET];

	if (hex.n % 2)
		return "the secret has an odd number of hex digits";
	if (hex.n < 2 * MIN_SECRET)
		return "the secret is shorter than 32 bytes (64 hex digits)";
	if (hex.n > 2 * MAX_SECRET)
		return "the secret is longer than 512 bytes";
	if (!hex_get(hex, secret, hex.n / 2))
		return "the secret is not written in hex digits";
	if (key_of_epoch(k, epoch))
		return "the epoch stands twice";
	if (k->count == MAX_EPOCHS)
		return "more than 64 epochs";
	key_init(&k->key[k->count], epoch, secret, hex.n / 2);
	if (epoch > k->key[k->signing].epoch)
		k->signing = k->count;
	k->count++;
	OPENSSL_cleanse(secret, sizeof secret);
	return NULL;
}

/* A line without its comment's or white space's ends; NULL if it is fine. */
static const char *parse_line(struct link_keys *k, struct str line)
{
	uint32_t epoch = 1;
	size_t gap = 0;
	const char *fault = NULL;

	while (gap < line.n && line.p[gap] != ' ' && line.p[gap] != '\t')
		gap++;
	if (gap < line.n) {
		fault = parse_epoch(str_sub(line, 0, gap), &epoch);
		line = str_trim(str_sub(line, gap, line.n));
	}
	return fault ? fault : add_key(k, epoch, line);
}

enum status link_keys_parse(struct str file, struct link_keys **out, struct err *e)
{
	struct link_keys *k = calloc(1, sizeof *k);
	const char *fault = NULL;
	char where[32];
	int number = 0;

	if (!k)
		return err_set(e, E_NOMEM, "", "out of memory");
	while (!fault && file.n > 0) {
		struct str line = str_trim(str_cut(&file, '\n'));
		number++;
		if (line.n > 0 && line.p[0] != '#')
			fault = parse_line(k, line);
	}
	snprintf(where, sizeof where, "line %d", number);
	if (!fault && k->count == 0)
		fault = "the secret file holds no key";
	if (fault) {
		link_keys_free(k);
		return err_set(e, E_INPUT, where, "%s", fault);
	}
	*out = k;
	return OK;
}

void link_keys_free(struct link_keys *k)
{
	if (k)
		OPENSSL_cleanse(k, sizeof *k);
	free(k);
}

const struct link_key *key_signing(const struct link_keys *k)
{
	return &k->key[k->signing];
}

const struct link_key *key_of_epoch(const struct link_keys *k, uint32_t epoch)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->key[i].epoch == epoch)
			return &k->key[i];
	return NULL;
}

uint32_t link_keys_epoch(const struct link_keys *k)
{
	return key_signing(k)->epoch;
}

struct str link_test_secret(void)
{
	return STR("# The published test key of `inlay insert`: good for files and tests, worthless as a secret.\n"
	           "1 696e6c61792074657374207365637265742c206b6e6f776e20746f206576657279626f6479\n");
}
