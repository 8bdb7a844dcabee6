/* inlay forget: what links rows of the ledger to a user goes; totals and postings stay. */
#include "app/command.h"
#include "app/secret.h"
#include "app/store.h"
#include "flow/flow.h"

#include <stdio.h>

struct forget_own {
	const char *user;
};
static const struct option rows[] = {
	{"user", OPTION_TEXT, NULL, "ID", 0, 0, "the user_id that inserts were sent with", .offset = offsetof(struct forget_own, user), .own_only = true},
};

static enum status forget(struct ledger *l, const struct link_keys *keys, struct str user, int64_t *erased, struct err *e)
{
	struct ledger_id id;
	int64_t answers = 0;
	enum status s = OK;
	for (size_t n = 0; s == OK && flow_pseudonym_nth(keys, n, "user", user, &id); n++) {
		s = ledger_forget(l, id, &answers, e);
		*erased += s == OK ? answers : 0;
	}
	return s;
}

static int run_forget(const struct config *c, const void *own, char **operand, size_t operands)
{
	const struct forget_own *f = own;
	struct link_keys *keys = NULL;
	struct ledger *l = NULL;
	struct err e = {0};
	int64_t erased = 0;
	(void)operand, (void)operands;
	if (!*f->user)
		return complain_usage(&(struct err){.where = "user", .text = "--user ID is required"});
	enum status s = store_open(c, false, &l, &e);
	if (s == OK)
		s = secret_read(c, &keys, &e);
	if (s == OK)
		s = secret_check(l, keys, false, &e); /* under another secret nobody would be found, and nobody told */
	if (s == OK)
		s = forget(l, keys, str_of(f->user), &erased, &e);
	link_keys_free(keys);
	if (l)
		ledger_close(l);
	if (s != OK)
		return complain(&e);
	printf("erased: %lld answers\n", (long long)erased);
	return EXIT_DONE;
}

const struct command command_forget = {
	.words = "forget",
	.operands = "",
	.about = "erase what links the ledger's rows to a user; totals stay",
	.config = CONFIG_ALL,
	.own = rows,
	.own_count = ARRAY_LEN(rows),
	.own_size = sizeof(struct forget_own),
	.run = run_forget,
};
