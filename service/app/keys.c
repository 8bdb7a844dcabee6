/* inlay key create, revoke, list. A key is shown once; the ledger keeps its SHA-256. */
#include "app/command.h"
#include "app/store.h"
#include "link/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_BYTES 32

struct role_name {
	const char *name;
	enum role role;
};
static const struct role_name roles[] = {
	{"publisher", ROLE_PUBLISHER},
	{"merchant", ROLE_MERCHANT},
	{"finance", ROLE_FINANCE},
	{"admin", ROLE_ADMIN},
};

static const char *role_text(enum role r)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (roles[i].role == r)
			return roles[i].name;
	return "?";
}

struct key_own {
	const char *role, *merchant;
};
static const struct option rows[] = {
	{"role", OPTION_TEXT, NULL, "ROLE", 0, 0, "publisher, merchant, finance or admin", .offset = offsetof(struct key_own, role), .own_only = true},
	{"merchant", OPTION_TEXT, NULL, "M", 0, 0, "whose catalog and numbers, for the role merchant", .offset = offsetof(struct key_own, merchant),
		.own_only = true},
};

static void base64url(const uint8_t raw[KEY_BYTES], char out[44])
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	int have = 0, n = 0;
	for (int i = 0; i < KEY_BYTES; i++) {
		bits = bits << 8 | raw[i];
		for (have += 8; have >= 6; have -= 6)
			out[n++] = digit[bits >> (have - 6) & 63];
	}
	out[n++] = digit[bits << (6 - have) & 63];
	out[n] = '\0';
}

static enum status read_own(const struct key_own *own, struct ledger_key *k, struct err *e)
{
	*k = (struct ledger_key){0};
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (strcmp(own->role, roles[i].name) == 0)
			k->role = roles[i].role;
	if (!k->role)
		return err_set(e, E_INPUT, "role", "--role must be publisher, merchant, finance or admin");
	if ((k->role == ROLE_MERCHANT) != (*own->merchant != '\0'))
		return err_set(e, E_INPUT, "merchant", "--merchant goes with --role merchant, and only with it");
	if ((size_t)snprintf(k->merchant, sizeof k->merchant, "%s", own->merchant) >= sizeof k->merchant)
		return err_set(e, E_INPUT, "merchant", "too long");
	return OK;
}

static void make_key(struct ledger_key *k, char text[80])
{
	uint8_t raw[KEY_BYTES], id[6];
	char secret[44];
	random_bytes(raw, sizeof raw);
	random_bytes(id, sizeof id);
	base64url(raw, secret);
	snprintf(text, 80, "ink_%s_%s", role_text(k->role), secret);
	link_sha256(str_of(text), k->sha256);
	memcpy(k->id, "k_", 2);
	hex_put(k->id + 2, id, sizeof id);
	k->created_ms = now_ms();
	explicit_bzero(raw, sizeof raw);
	explicit_bzero(secret, sizeof secret);
}

static int run_create(const struct config *c, const void *own, char **operand, size_t operands)
{
	struct ledger_key k;
	struct ledger *l;
	struct err e = {0};
	char text[80];
	(void)operand, (void)operands;
	if (read_own(own, &k, &e) != OK)
		return complain_usage(&e);
	if (mkdir(c->data, 0700) != 0 && errno != EEXIST)
		return complain(&(struct err){.where = "data", .text = "cannot make the folder"});
	enum status s = store_open(c, false, &l, &e);
	if (s != OK)
		return complain(&e);
	make_key(&k, text);
	s = ledger_key_put(l, &k, &e);
	ledger_close(l);
	if (s != OK)
		return complain(&e);
	printf("%s\nid %s role %s%s%s (shown once; running services know it within a second)\n", text, k.id, role_text(k.role), *k.merchant ? " merchant " : "",
		k.merchant);
	explicit_bzero(text, sizeof text);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int run_revoke(const struct config *c, const void *own, char **operand, size_t operands)
{
	struct ledger *l;
	struct err e = {0};
	(void)own, (void)operands;
	enum status s = store_open(c, false, &l, &e);
	if (s != OK)
		return complain(&e);
	s = ledger_key_revoke(l, str_of(operand[0]), now_ms(), &e);
	ledger_close(l);
	return s == OK ? EXIT_DONE : complain(&e);
}

static void print_key(void *arg, const struct ledger_key *k)
{
	char created[32], revoked[32] = "-";
	(void)arg;
	time_format(k->created_ms, created);
	if (k->revoked_ms)
		time_format(k->revoked_ms, revoked);
	printf("%-15s %-10s %-20s %-25s %s\n", k->id, role_text(k->role), *k->merchant ? k->merchant : "-", created, revoked);
}

static int run_list(const struct config *c, const void *own, char **operand, size_t operands)
{
	struct ledger *l;
	struct err e = {0};
	(void)own, (void)operand, (void)operands;
	enum status s = store_open(c, true, &l, &e);
	if (s != OK)
		return complain(&e);
	printf("%-15s %-10s %-20s %-25s %s\n", "ID", "ROLE", "MERCHANT", "CREATED", "REVOKED");
	s = ledger_key_each(l, print_key, NULL, &e);
	ledger_close(l);
	return s == OK ? EXIT_DONE : complain(&e);
}

const struct command command_key_create = {
	.words = "key create",
	.operands = "",
	.about = "make an API key and print it, once",
	.config = CONFIG_STORE,
	.own = rows,
	.own_count = ARRAY_LEN(rows),
	.own_size = sizeof(struct key_own),
	.run = run_create,
};
const struct command command_key_revoke = {
	.words = "key revoke",
	.operands = "ID",
	.min_operands = 1,
	.max_operands = 1,
	.about = "make a key useless",
	.config = CONFIG_STORE,
	.run = run_revoke,
};
const struct command command_key_list = {
	.words = "key list",
	.operands = "",
	.about = "ids and roles of all keys",
	.config = CONFIG_STORE,
	.run = run_list,
};
