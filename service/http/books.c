/* What a bookkeeper looks at besides reports: what waits for a person or its order, and the balances of the accounts. */
#include "http/door.h"

static void send_or_refuse(struct request *r, enum status s, const struct err *e)
{
	if (s)
		problem_of(r, s, e);
	else
		reply_json(r, 200);
}

enum turn answer_quarantine(struct request *r)
{
	const struct params *q = &r->query;
	struct err e = {0};
	int64_t limit;

	enum status s = params_int(q, "limit", 100, 1, 1000, &limit, &e);
	if (s == OK)
		s = ledger_quarantine_json(r->server->services.ledger, params_get(q, "state"), params_get(q, "merchant"),
		        params_get(q, "cursor"), (uint32_t)limit, &r->reply.body, &e);
	send_or_refuse(r, s, &e);
	return ANSWERED;
}

enum turn answer_accounts(struct request *r)
{
	struct err e = {0};

	enum status s = ledger_accounts_json(r->server->services.ledger, params_get(&r->query, "merchant"), &r->reply.body, &e);
	send_or_refuse(r, s, &e);
	return ANSWERED;
}
