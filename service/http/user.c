/* DELETE /v1/users/{user_id}: what links rows to a user goes; totals stay. */
#include "http/door.h"

/* The user's hash under every key that was ever in the secret file: rows keep the one they were written with. */
enum turn answer_forget(struct request *r)
{
	const struct http_services *sv = &r->server->services;
	struct ledger_id user;
	struct err e = {0};
	int64_t erased = 0, answers = 0;
	enum status s = OK;

	for (size_t n = 0; s == OK && flow_pseudonym_nth(sv->keys, n, "user", r->segment[0], &user); n++) {
		s = ledger_forget(sv->ledger, user, &answers, &e);
		erased += s == OK ? answers : 0;
	}
	if (s) {
		problem_of(r, s, &e);
		return ANSWERED;
	}
	buf_printf(&r->reply.body, "{\"erased\":%lld}", (long long)erased);
	reply_json(r, 200);
	return ANSWERED;
}
