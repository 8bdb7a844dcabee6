/* Idempotency-Key: the same key with the same request gets the stored reply, with another request 409. A key is the caller's own: it is
 * stored as a digest of caller, route and key. Only replies that changed something are kept; a refused request may be mended and sent again. */
#include "http/door.h"

#include <string.h>

#define KEY_MAX 255

static void digest_request(const struct request *r, uint8_t out[16])
{
	uint8_t part[3][32], all[32];

	link_sha256(r->target, part[0]);
	link_sha256(media_type(request_header(r, "Content-Type")), part[1]);
	link_sha256(r->bytes, part[2]);
	link_sha256((struct str){(const char *)part, sizeof part}, all);
	memcpy(out, all, 16);
}

static bool make_key(struct request *r, struct str key, struct ledger_idempotency *k)
{
	uint8_t digest[32];

	if (key.n == 0 || key.n > KEY_MAX) {
		problem_field(r, 400, "Idempotency-Key", "from 1 to 255 bytes");
		return false;
	}
	struct str scoped = arena_take_printf(r->arena, "%s\n%s\n%s\n%.*s", r->caller.key_id, r->method, r->route->path, STR_ARG(key));
	if (!scoped.p) {
		problem(r, 413, "the request is too large");
		return false;
	}
	link_sha256(scoped, digest);
	hex_put(k->key, digest, sizeof digest);
	k->key[64] = '\0';
	digest_request(r, k->request_hash);
	return true;
}

/* False: a request with this key runs at this moment. */
static bool start_running(struct running_keys *all, const struct ledger_idempotency *k)
{
	const struct ledger_idempotency **free_slot = NULL;
	bool running = false;

	pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < ARRAY_LEN(all->key); i++) {
		if (!all->key[i])
			free_slot = &all->key[i];
		else if (strcmp(all->key[i]->key, k->key) == 0)
			running = true;
	}
	if (!running && free_slot)
		*free_slot = k;
	pthread_mutex_unlock(&all->lock);
	return !running && free_slot;
}

static void stop_running(struct running_keys *all, const struct ledger_idempotency *k)
{
	pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < ARRAY_LEN(all->key); i++)
		if (all->key[i] == k)
			all->key[i] = NULL;
	pthread_mutex_unlock(&all->lock);
}

enum status idempotency_replay(struct request *r, const struct ledger_idempotency *k)
{
	struct err e = {0};
	int status = 0;
	enum status s = ledger_reply_get(r->server->services.ledger, k, &status, &r->reply.body, &e);

	if (s == E_CONFLICT) {
		problem_field(r, 409, "Idempotency-Key", "was used for another request");
	} else if (s == OK) {
		reply_header(&r->reply, "Idempotent-Replayed", "true");
		reply_json(r, status);
	} else if (s != E_MISSING) {
		problem_of(r, s, &e);
	}
	return s;
}

bool idempotency_begin(struct request *r, struct ledger_idempotency *k)
{
	struct str key = request_header(r, "Idempotency-Key");

	*k = (struct ledger_idempotency){0};
	if (!key.p)
		return true;
	if (!make_key(r, str_trim(key), k))
		return false;
	if (!start_running(&r->server->running_keys, k)) {
		reply_header(&r->reply, "Retry-After", "1");
		problem_field(r, 409, "Idempotency-Key", "a request with this key is under way");
		return false;
	}
	if (idempotency_replay(r, k) == E_MISSING)
		return true;
	stop_running(&r->server->running_keys, k);
	return false;
}

void idempotency_end(struct request *r, const struct ledger_idempotency *k)
{
	struct err e = {0};

	if (!k->key[0])
		return;
	if (r->reply.status >= 200 && r->reply.status <= 299 &&
		ledger_reply_put(r->server->services.ledger, k, r->reply.status, buf_str(&r->reply.body), now_ms(), &e))
		log_event(LOG_WARN, "http", "event=idempotency_not_kept route=%s", r->route->path);
	stop_running(&r->server->running_keys, k);
}

void idempotency_release(struct request *r, const struct ledger_idempotency *k)
{
	if (k->key[0])
		stop_running(&r->server->running_keys, k);
}
