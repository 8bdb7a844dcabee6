/* The signing secret: never logged, wiped after parsing. */
#include "app/secret.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SECRET_BYTES 32
#define SECRET_MAX 65536
#define WITNESS STR("secret_witness")

static enum status make(const char *path, struct err *e)
{
	uint8_t raw[SECRET_BYTES];
	char line[2 * SECRET_BYTES + 4] = "1 ";
	random_bytes(raw, sizeof raw);
	hex_put(line + 2, raw, sizeof raw);
	line[2 + 2 * SECRET_BYTES] = '\n';
	enum status s = file_write(path, (struct str){line, 3 + 2 * SECRET_BYTES}, 0600, e);
	explicit_bzero(raw, sizeof raw);
	explicit_bzero(line, sizeof line);
	return s;
}

static enum status parse_file(const char *path, struct link_keys **out, struct err *e)
{
	char *text;
	size_t n;
	struct stat st;
	enum status s = file_read(path, SECRET_MAX, &text, &n, e);
	if (s != OK)
		return s;
	if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)))
		log_event(LOG_WARN, "app", "event=secret_readable mode=%04o note=\"chmod 600 the secret file\"", (unsigned)(st.st_mode & 07777));
	s = link_keys_parse((struct str){text, n}, out, e);
	explicit_bzero(text, n);
	free(text);
	if (s != OK && e && !e->where[0])
		snprintf(e->where, sizeof e->where, "secret file");
	return s;
}

enum status secret_read(const struct config *c, struct link_keys **out, struct err *e)
{
	char path[PATH_MAX];
	if (!*c->secret_file && !config_has_ledger(c))
		return err_set(e, E_INPUT, "secret_file", "a node without a ledger signs with the secret of the others: give it --secret-file");
	snprintf(path, sizeof path, "%s%s", *c->secret_file ? c->secret_file : c->data, *c->secret_file ? "" : "/secret");
	struct stat st;
	if (stat(path, &st) != 0 && config_has_ledger(c)) {
		enum status s = make(path, e);
		if (s != OK)
			return s;
	}
	return parse_file(path, out, e);
}

static enum status put_witness(struct ledger *l, const struct link_keys *k, struct err *e)
{
	char token[LINK_TOKEN_MAX];
	const struct link_token witness = {0};
	size_t n = link_token_write(k, &witness, token);
	return ledger_value_put(l, WITNESS, (struct str){token, n}, e);
}

enum status secret_check(struct ledger *l, const struct link_keys *k, bool accept_new, struct err *e)
{
	struct buf stored;
	struct link_token t;
	buf_init(&stored, 4096);
	enum status s = ledger_value_get(l, WITNESS, &stored, e);
	bool signed_by_us = s == OK && link_token_verify(k, buf_str(&stored), &t) == OK;
	buf_done(&stored);
	if (s == E_MISSING || (s == OK && (accept_new || (signed_by_us && t.stale))))
		return put_witness(l, k, e); /* a rotated key bears witness from now on */
	if (s != OK || signed_by_us)
		return s;
	return err_set(e, E_CONFLICT, "secret file",
		"this is not the secret that signed the links of this ledger: they would all be refused; bring the old lines back "
		"(a new key is a further line with a higher epoch), or start once with --new-secret");
}

enum status secret_for_filter(const char *path, struct link_keys **out, struct err *e)
{
	return *path ? parse_file(path, out, e) : link_keys_parse(link_test_secret(), out, e);
}
