/* Every limit and address of the service, in one table. */
#include "app/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) .offset = offsetof(struct config, field)
#define GIB (INT64_C(1) << 30)

/* The first three rows are what finds the ledger: CONFIG_STORE. */
static const struct option table[] = {
	{"config", OPTION_TEXT, NULL, "FILE", 0, 0, "configuration; inlay.yaml in this folder if it is there", AT(config), .own_only = true},
	{"data", OPTION_TEXT, "data", "DIR", 0, 0, "folder of the ledger and the secret", AT(data)},
	{"ledger", OPTION_TEXT, NULL, "URL", 0, 0, "sqlite:PATH, postgresql://… (then DATA/outbox.db is this node's outbox), or none for an insert-only node [sqlite:DATA/ledger.db]", AT(ledger)},
	{"listen", OPTION_TEXT, "127.0.0.1:8080", "HOST:PORT", 0, 0, "where to listen; port 0 picks one", AT(listen)},
	{"admin_listen", OPTION_TEXT, NULL, "HOST:PORT", 0, 0, "reports, metrics and console here instead of on the main port", AT(admin_listen)},
	{"public_url", OPTION_TEXT, NULL, "URL", 0, 0, "what links in answers begin with [http://LISTEN]", AT(public_url)},
	{"redis", OPTION_TEXT, "off", "URL", 0, 0, "unix:PATH, redis://[user:password@]host[:port][/db], or off", AT(redis)},
	{"rules", OPTION_TEXT, NULL, "DIR", 0, 0, "folder of the rules [rules, here or beside the program]", AT(rules)},
	{"catalogs", OPTION_TEXT, NULL, "DIR", 0, 0, "folder of networks.yaml [catalogs beside the rules]", AT(catalogs)},
	{"bots", OPTION_TEXT, NULL, "FILE", 0, 0, "more programs whose clicks are no people's: lists as in rules/bots.yaml, or one list", AT(bots)},
	{"report_zones", OPTION_TEXT, NULL, "ZONES", 0, 0, "beside UTC, up to two time zones whose days reports answer at once, like Asia/Shanghai,America/New_York",
		AT(report_zones)},
	{"secret_file", OPTION_TEXT, NULL, "FILE", 0, 0, "lines EPOCH HEX; made if absent [DATA/secret]", AT(secret_file)},
	{"new_secret", OPTION_SWITCH, NULL, NULL, 0, 0, "start although links signed before will no longer verify", AT(new_secret), .own_only = true},
	{"upstream", OPTION_TEXT, NULL, "URL", 0, 0, "OpenAI-compatible API behind /v1/chat/completions: its base URL, as https://api.openai.com/v1", AT(upstream)},
	{"upstream_key", OPTION_TEXT, NULL, "KEY", 0, 0, "sent to the upstream in place of the caller's (better in the file or INLAY_UPSTREAM_KEY)", AT(upstream_key)},
	{"upstream_links", OPTION_TEXT, "all", "all|alias|off", 0, 0, "which chat calls may get links; alias: those for MODEL+links", AT(upstream_links)},
	{"upstream_links_by_key", OPTION_TEXT, NULL, "ID=LINKS,…", 0, 0, "the same for callers with these keys (inlay key list)", AT(upstream_links_by_key)},
	{"keep_alive_ms", OPTION_WHOLE, "15000", "MS", 10, 600000, "a stream whose text is held back for so long gets a comment", AT(keep_alive_ms)},
	{"log_level", OPTION_TEXT, "info", "LEVEL", 0, 0, "error, warn, info or debug", AT(log_level)},
	{"threads", OPTION_WHOLE, "0", "N", 0, 256, "HTTP threads; 0: cores - 1", AT(threads)},
	{"connection_limit", OPTION_WHOLE, "10000", "N", 1, 1000000, "open connections", AT(connection_limit)},
	{"per_address_limit", OPTION_WHOLE, "0", "N", 0, 1000000, "open connections of one address; 0: no limit (behind a proxy)", AT(per_address_limit)},
	{"max_answer", OPTION_BYTES, "256K", "BYTES", 1, 256 * 1024, "an answer over it is 413", AT(max_answer)},
	{"max_body", OPTION_BYTES, "1M", "BYTES", 1024, 64 << 20, "any other request body", AT(max_body)},
	{"max_upload", OPTION_BYTES, "1G", "BYTES", 1024, 64 * GIB, "a catalog upload", AT(max_upload)},
	{"max_catalog", OPTION_BYTES, "4G", "BYTES", 1 << 20, 256 * GIB, "memory of one merchant's catalog", AT(max_catalog)},
	{"budget_ms", OPTION_WHOLE, "150", "MS", 0, 60000, "time for one insert, then the answer goes back unchanged; 0: none", AT(budget_ms)},
	{"click_wait_ms", OPTION_WHOLE, "250", "MS", 1, 10000, "a click waits this long to be durable", AT(click_wait_ms)},
	{"deadline_ms", OPTION_WHOLE, "15000", "MS", 100, 600000, "headers and body of a request", AT(deadline_ms)},
	{"drain_ms", OPTION_WHOLE, "10000", "MS", 0, 600000, "time to finish what runs after SIGTERM", AT(drain_ms)},
};
#define STORE_ROWS 3

struct option_table config_table(struct config *c, enum config_use use)
{
	size_t n = use == CONFIG_ALL ? ARRAY_LEN(table) : use == CONFIG_STORE ? STORE_ROWS : 0;
	return (struct option_table){table, n, c};
}

static enum status read_file(struct config *c, const char *path, struct err *e)
{
	char *text;
	size_t n;
	const struct doc *doc;
	enum status s = file_read(path, 1 << 20, &text, &n, e);
	if (s != OK)
		return s;
	c->arena = arena_new(8 << 20);
	s = c->arena ? doc_parse((struct str){text, n}, c->arena, &doc, e) : err_set(e, E_NOMEM, "", "out of memory");
	free(text);
	if (s == OK)
		s = options_file(config_table(c, CONFIG_ALL), doc, e);
	if (s != OK && e && !e->where[0])
		snprintf(e->where, sizeof e->where, "%s", path);
	return s;
}

enum status config_read(struct config *c, const char *path, struct err *e)
{
	*c = (struct config){0};
	const char *named = path ? path : getenv("INLAY_CONFIG");
	if (!named && access("inlay.yaml", F_OK) == 0)
		named = "inlay.yaml";
	enum status s = options_default(config_table(c, CONFIG_ALL), e);
	if (s == OK && named && *named)
		s = read_file(c, named, e);
	if (s == OK)
		s = options_environment(config_table(c, CONFIG_ALL), e);
	if (s == OK)
		c->config = named;
	return s;
}

void config_done(struct config *c)
{
	arena_free(c->arena);
	*c = (struct config){0};
}

bool config_has_ledger(const struct config *c)
{
	return strcmp(c->ledger, "none") != 0;
}

struct str config_ledger_url(const struct config *c, char *out, size_t n)
{
	if (*c->ledger)
		return str_of(c->ledger);
	snprintf(out, n, "sqlite:%s/ledger.db", c->data);
	return str_of(out);
}

struct str config_outbox(const struct config *c, char *out, size_t n)
{
	if (strncmp(c->ledger, "postgres", 8) != 0)
		return STR_NONE;
	snprintf(out, n, "%s/outbox.db", c->data);
	return str_of(out);
}

bool config_log_level(const struct config *c, enum log_level *out)
{
	static const char *const name[] = {[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
	for (size_t i = 0; i < ARRAY_LEN(name); i++)
		if (strcmp(c->log_level, name[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

bool config_loopback(const char *listen)
{
	struct str s = str_of(listen);
	return str_starts(s, STR("127.")) || str_starts(s, STR("[::1]:")) || str_starts(s, STR("localhost:"));
}
