/* The configuration of the service: one table (config.c) makes inlay.yaml, INLAY_* and the flags. */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include "app/options.h"
#include "base/base.h"

struct config {
	const char *config; /* path of inlay.yaml */
	const char *listen, *admin_listen, *public_url;
	const char *data, *ledger, *redis;
	const char *rules, *catalogs, *bots, *report_zones, *secret_file;
	const char *upstream, *upstream_key, *upstream_links, *upstream_links_by_key;
	const char *log_level;
	bool new_secret;
	int64_t threads, connection_limit, per_address_limit;
	int64_t max_answer, max_body, max_upload, max_catalog;
	int64_t budget_ms, click_wait_ms, deadline_ms, drain_ms, keep_alive_ms;
	struct arena *arena; /* what the file's texts live in */
	int flag_count;      /* the command line behind the command's words, for reading it all again */
	char **flags;
};

/* CONFIG_STORE: only what finds the ledger (config, data, ledger). */
enum config_use { CONFIG_NONE, CONFIG_STORE, CONFIG_ALL };
struct option_table config_table(struct config *c, enum config_use use);
/* Default, file, environment; flags come from the caller (options_flags). path NULL: INLAY_CONFIG, else inlay.yaml if it is there. */
MUST_USE enum status config_read(struct config *c, const char *path, struct err *e);
void config_done(struct config *c);

bool config_has_ledger(const struct config *c); /* false: an insert-only node */
/* "sqlite:PATH" as given, or under the data folder. */
struct str config_ledger_url(const struct config *c, char *out, size_t n);
/* Where a node with a PostgreSQL ledger keeps its events until they are shipped; "" with any other. */
struct str config_outbox(const struct config *c, char *out, size_t n);
bool config_log_level(const struct config *c, enum log_level *out);
/* Is HOST of "HOST:PORT" a loopback address? */
bool config_loopback(const char *listen);

#endif
