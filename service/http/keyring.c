/* Keys and roles. Only digests are held; a key shown is hashed and compared with every one, in constant time. */
#include "http/door.h"

#include <stdlib.h>
#include <string.h>

struct growing {
	struct ledger_key *key;
	size_t n, cap;
	bool any, failed;
};

static void take_key(void *arg, const struct ledger_key *k)
{
	struct growing *g = arg;

	g->any = true;
	if (k->revoked_ms || g->failed)
		return;
	if (g->n == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 16;
		struct ledger_key *more = realloc(g->key, cap * sizeof *more);
		if (!more) {
			g->failed = true;
			return;
		}
		g->key = more;
		g->cap = cap;
	}
	g->key[g->n++] = *k;
}

enum status keyring_reload(struct keyring *k, struct ledger *l, struct err *e)
{
	struct growing g = {0};

	if (!l)
		return OK;
	enum status s = ledger_key_each(l, take_key, &g, e);
	if (s || g.failed) {
		free(g.key);
		return s ? s : err_set(e, E_NOMEM, "keys", "no memory");
	}
	pthread_rwlock_wrlock(&k->lock);
	struct ledger_key *old = k->key;
	k->key = g.key;
	k->count = g.n;
	k->required = k->required || g.any;
	pthread_rwlock_unlock(&k->lock);
	free(old);
	return OK;
}

static bool find(const struct keyring *k, struct str key, struct caller *out)
{
	uint8_t digest[32];
	bool found = false;

	link_sha256(key, digest);
	for (size_t i = 0; i < k->count; i++) {
		if (!link_equal(digest, k->key[i].sha256, sizeof digest))
			continue;
		found = true;
		out->known = true;
		out->roles = (unsigned)k->key[i].role;
		memcpy(out->key_id, k->key[i].id, sizeof out->key_id);
		memcpy(out->merchant, k->key[i].merchant, sizeof out->merchant);
		if (k->key[i].role != ROLE_MERCHANT)
			out->merchant[0] = '\0';
	}
	return found;
}

enum status keyring_check(struct keyring *k, struct str key, bool present, struct caller *out)
{
	struct caller c = {0};

	pthread_rwlock_rdlock(&k->lock);
	bool required = k->required;
	bool found = required && present && find(k, key, &c);
	pthread_rwlock_unlock(&k->lock);
	if (!required) {
		c.known = true;
		c.roles = ROLE_ADMIN;
	} else if (!found) {
		return E_DENIED;
	}
	*out = c;
	return OK;
}

static bool shown_key(const struct request *r, struct str *out)
{
	struct str a = request_header(r, "Authorization");

	if (a.n > 7 && str_eq_nocase(str_sub(a, 0, 7), STR("Bearer "))) {
		*out = str_trim(str_sub(a, 7, a.n));
		return true;
	}
	struct str x = request_header(r, "x-api-key");
	*out = str_trim(x);
	return x.p != NULL;
}

/* Without keys, a page of another origin must not be able to use the visitor's browser to reach us on loopback. */
static bool foreign_origin(const struct request *r)
{
	struct str origin = request_header(r, "Origin"), host = request_header(r, "Host");

	if (!origin.p)
		return false;
	size_t scheme = str_find(origin, STR("://"), 0);
	return scheme == origin.n || !str_eq_nocase(str_sub(origin, scheme + 3, origin.n), host);
}

bool caller_admitted(struct request *r)
{
	struct str key;
	bool present = shown_key(r, &key);

	if (r->route->roles == 0)
		return true;
	if (keyring_check(&r->server->keyring, key, present, &r->caller)) {
		reply_header(&r->reply, "WWW-Authenticate", present ? "Bearer realm=\"inlay\", error=\"invalid_token\"" : "Bearer realm=\"inlay\"");
		problem(r, 401, present ? "this key is not known" : "a key is needed: Authorization: Bearer, or x-api-key");
		return false;
	}
	if (r->caller.key_id[0] == '\0' && foreign_origin(r)) {
		problem(r, 403, "without keys, requests of other origins are not served");
		return false;
	}
	if (!(r->caller.roles & (r->route->roles | ROLE_ADMIN))) {
		problem(r, 403, "this key's role does not allow it");
		return false;
	}
	return true;
}

bool merchant_admitted(struct request *r, struct str merchant)
{
	if (r->caller.roles != ROLE_MERCHANT || str_eq(str_of(r->caller.merchant), merchant))
		return true;
	problem(r, 403, "this key belongs to another merchant");
	return false;
}
