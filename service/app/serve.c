/* inlay serve: wires the rooms together, then waits for signals. */
#include "app/command.h"
#include "app/feeder.h"
#include "app/rulebook.h"
#include "app/secret.h"
#include "hook/hook.h"
#include "http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 200
#define OTHER_DESCRIPTORS 256 /* beside connections: databases, Redis, epoll, uploads being read */
#define LOAD_GRACE_MS 400 /* a catalog that loads within this is there when the first line is printed */

struct service {
	const struct config *c;
	int lock_fd;
	struct ledger *ledger;
	struct link_keys *keys;
	struct flow_rules *rules;
	struct shelf_slot *slot;
	struct feeder *feeder;
	struct hook *hook; /* NULL: no upstream */
	struct hook_desk *desk;
	struct http_server *http;
	bool has_keys;
};

/* ---- the ledger, held by one process ------------------------------------------------------------- */

static enum status make_folder(const char *path, struct err *e)
{
	char part[PATH_MAX];
	snprintf(part, sizeof part, "%s", path);
	for (char *p = part + 1;; p++) {
		bool end = !*p;
		if (*p && *p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return err_set(e, E_IO, "data", "cannot make %s: %s", part, strerror(errno));
		if (end)
			return OK;
		*p = '/';
	}
}

/* Two services on one file would each serve half of the truth. The kernel drops the lock with the process. */
static enum status hold(struct service *v, struct str url, struct err *e)
{
	char path[PATH_MAX];
	char outbox[PATH_MAX];
	struct str file = str_starts(url, STR("sqlite:")) ? str_sub(url, 7, url.n) : config_outbox(v->c, outbox, sizeof outbox);
	if (!file.n)
		return err_set(e, E_INPUT, "ledger", "must be sqlite:PATH, postgresql://… or none");
	snprintf(path, sizeof path, "%.*s.lock", STR_ARG(file));
	v->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (v->lock_fd < 0)
		return err_set(e, E_IO, "ledger", "cannot open %s: %s", path, strerror(errno));
	if (flock(v->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(e, E_CONFLICT, "ledger", "another inlay serve is running on this ledger");
	return OK;
}

static void count_key(void *arg, const struct ledger_key *k)
{
	*(bool *)arg |= k->revoked_ms == 0;
}

static enum status open_ledger(struct service *v, struct err *e)
{
	char url_text[PATH_MAX];
	if (!config_has_ledger(v->c))
		return OK;
	char outbox[PATH_MAX];
	struct str url = config_ledger_url(v->c, url_text, sizeof url_text);
	enum status s = make_folder(v->c->data, e);
	if (s == OK)
		s = hold(v, url, e);
	if (s == OK)
		s = ledger_open(&(struct ledger_options){.url = url, .outbox = config_outbox(v->c, outbox, sizeof outbox),
			.report_zones = str_of(v->c->report_zones)}, &v->ledger, e);
	return s == OK ? ledger_key_each(v->ledger, count_key, &v->has_keys, e) : s;
}

static enum status check_exposure(const struct service *v, struct err *e)
{
	const struct config *c = v->c;
	bool inside = config_loopback(c->listen) && (!*c->admin_listen || config_loopback(c->admin_listen));
	if (inside || v->has_keys)
		return OK;
	return err_set(e, E_DENIED, "listen", "%s can be reached from outside and there is no key: make one with `inlay key create --role admin`", c->listen);
}

/* ---- start ----------------------------------------------------------------------------------------- */

static bool port_is_open(const char *listen)
{
	return str_ends(str_of(listen), STR(":0"));
}

/* Nobody can follow a link to "any address". */
static void default_url(const char *address, char out[1024])
{
	struct str s = str_of(address);
	bool any = str_starts(s, STR("0.0.0.0:")) || str_starts(s, STR("[::]:"));
	snprintf(out, 1024, "http://%s%s", any ? "127.0.0.1" : "", any ? strrchr(address, ':') : address);
	if (any)
		log_event(LOG_WARN, "app", "event=no_public_url note=\"links lead to %s: set public_url\"", out);
}

struct recalled {
	struct caps *caps;
	int64_t day;
};

static void recall_shown(void *arg, struct ledger_id user, struct str merchant, int64_t n)
{
	struct recalled *r = arg;
	caps_recall(r->caps, r->day, user, merchant, n);
}

/* Frequency caps go on where they were before the restart. */
static enum status recall_caps(struct service *v, struct err *e)
{
	struct recalled r = {shelf_slot_caps(v->slot), now_ms() / 86400000};
	return v->ledger ? ledger_shown_since(v->ledger, r.day * 86400000, recall_shown, &r, e) : OK;
}

static enum status start_feeder(struct service *v, struct err *e)
{
	char url[1024] = "";
	if (!*v->c->public_url)
		default_url(v->c->listen, url);
	struct feeder_options o = {
		.ledger = v->ledger,
		.redis = str_of(v->c->redis),
		.slot = v->slot,
		.keys = v->keys,
		.rules = v->rules,
		.public_url = str_of(*v->c->public_url ? v->c->public_url : url),
		.max_part = (size_t)v->c->max_catalog,
	};
	return feeder_new(&o, &v->feeder, e);
}

/* How many connections the process may have open. Its limit of descriptors is raised for as many as are wanted; where that is refused
 * the door takes fewer, as accept() without a free descriptor would spin. */
static unsigned fit_connections(int64_t wanted)
{
	struct rlimit limit, more;
	rlim_t need = (rlim_t)wanted + OTHER_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
		return (unsigned)wanted;
	more = (struct rlimit){need, need > limit.rlim_max ? need : limit.rlim_max};
	if (setrlimit(RLIMIT_NOFILE, &more) == 0)
		return (unsigned)wanted;
	more = (struct rlimit){limit.rlim_max, limit.rlim_max};
	rlim_t have = setrlimit(RLIMIT_NOFILE, &more) == 0 ? more.rlim_cur : limit.rlim_cur;
	unsigned fits = have > 2 * OTHER_DESCRIPTORS ? (unsigned)(have - OTHER_DESCRIPTORS) : (unsigned)(have / 2);
	log_event(LOG_WARN, "app", "event=few_descriptors limit=%llu wanted=%llu connection_limit=%u", (unsigned long long)have,
		(unsigned long long)need, fits);
	return fits;
}

static void record(void *arg, const struct ledger_insertion *rec)
{
	if (ledger_submit(arg, LEDGER_INSERTION, rec, NULL, NULL) != OK)
		metric_add(METRIC_INSERT_UNRECORDED, 1);
}

static enum status start_hook(struct service *v, struct err *e)
{
	const struct config *c = v->c;
	enum hook_links links;
	const struct hook_desk_options desk = {v->slot, v->ledger ? record : NULL, v->ledger};
	if (!hook_links_parse(str_of(c->upstream_links), &links))
		return err_set(e, E_INPUT, "upstream_links", "must be all, alias or off");
	enum status s = hook_desk_new(&desk, &v->desk, e);
	if (s != OK || !*c->upstream)
		return s;
	const struct hook_options o = {
		.upstream = str_of(c->upstream),
		.key = str_of(c->upstream_key),
		.links = links,
		.links_by_key = str_of(c->upstream_links_by_key),
		.keep_alive_ms = c->keep_alive_ms,
		.slot = v->slot,
		.record = v->ledger ? record : NULL,
		.record_arg = v->ledger,
	};
	return hook_new(&o, &v->hook, e);
}

static enum status start_http(struct service *v, struct err *e)
{
	const struct config *c = v->c;
	const struct http_options o = {
		.listen = str_of(c->listen),
		.admin_listen = str_of(c->admin_listen),
		.threads = (unsigned)c->threads,
		/* Behind every client there may be a connection to the upstream. */
		.connection_limit = *c->upstream ? fit_connections(2 * c->connection_limit) / 2 : fit_connections(c->connection_limit),
		.per_address_limit = (unsigned)c->per_address_limit,
		.max_answer = (size_t)c->max_answer,
		.max_body = (size_t)c->max_body,
		.max_upload = (size_t)c->max_upload,
		.budget_ms = c->budget_ms,
		.click_wait_ms = c->click_wait_ms,
		.deadline_ms = c->deadline_ms,
		.keys_required = v->has_keys || !config_loopback(c->listen),
		.temp_dir = v->ledger ? str_of(c->data) : STR_NONE, /* a node without a ledger may have no folder of its own */
	};
	const struct http_services services = {v->slot, v->ledger, v->keys, feeder_keeper(v->feeder), feeder_ready, v->feeder, v->hook, v->desk};
	return http_start(&o, &services, &v->http, e);
}

static enum status announce(struct service *v, struct err *e)
{
	struct str at = http_address(v->http);
	enum status s = OK;
	if (port_is_open(v->c->listen) && !*v->c->public_url) {
		char url[1024], address[128];
		snprintf(address, sizeof address, "%.*s", STR_ARG(at));
		default_url(address, url);
		s = feeder_set_url(v->feeder, str_of(url), e);
	}
	if (s == OK)
		s = feeder_start(v->feeder, e);
	if (s != OK)
		return s;
	feeder_wait_loaded(v->feeder, LOAD_GRACE_MS);
	printf("listening on %.*s\n", STR_ARG(at));
	fflush(stdout);
	return OK;
}

static enum status start(struct service *v, struct err *e)
{
	const struct config *c = v->c;
	enum log_level level;
	if (!config_log_level(c, &level))
		return err_set(e, E_INPUT, "log_level", "must be error, warn, info or debug");
	if (shelf_check_url(str_of(c->public_url), e) != OK)
		return E_INPUT;
	log_set_level(level);
	enum status s = open_ledger(v, e);
	if (s == OK)
		s = check_exposure(v, e);
	if (s == OK)
		s = secret_read(c, &v->keys, e);
	if (s == OK && v->ledger)
		s = secret_check(v->ledger, v->keys, c->new_secret, e);
	if (s == OK)
		s = rulebook_read(c->rules, c->catalogs, c->bots, &v->rules, e);
	v->slot = s == OK ? shelf_slot_new() : NULL;
	if (s == OK && !v->slot)
		s = err_set(e, E_NOMEM, "", "out of memory");
	if (s == OK)
		s = recall_caps(v, e);
	if (s == OK)
		s = start_feeder(v, e);
	if (s == OK)
		s = start_hook(v, e);
	if (s == OK)
		s = start_http(v, e);
	return s == OK ? announce(v, e) : s;
}

static void stop(struct service *v)
{
	if (v->http)
		http_stop(v->http, v->c->drain_ms);
	hook_free(v->hook);
	hook_desk_free(v->desk);
	feeder_free(v->feeder);
	if (v->ledger)
		ledger_close(v->ledger);
	if (v->slot)
		shelf_slot_free(v->slot);
	if (v->rules)
		flow_rules_unref(v->rules);
	if (v->keys)
		link_keys_free(v->keys);
	if (v->lock_fd >= 0)
		close(v->lock_fd);
}

/* ---- while it runs ------------------------------------------------------------------------------------ */

static void log_failure(const char *event, const struct err *e)
{
	char where[128], text[512];
	log_event(LOG_ERROR, "app", "event=%s where=%s text=%s", event, log_quote(str_of(e->where), where, sizeof where),
		log_quote(str_of(e->text), text, sizeof text));
}

/* The configuration as a start would read it now: a flag still beats what the file says. */
static enum status read_again(const struct config *c, struct config *fresh, struct err *e)
{
	struct option_table table = config_table(fresh, CONFIG_ALL);
	size_t operands;
	enum status s = config_read(fresh, c->config, e);
	if (s == OK)
		s = options_flags(&table, 1, c->flag_count, c->flags, c->flags, &operands, e);
	return s == OK ? shelf_check_url(str_of(fresh->public_url), e) : s;
}

/* SIGHUP. What can change while running does: rules, log level, public URL; a file with an error changes nothing. */
static void reload(struct service *v)
{
	struct config fresh;
	struct flow_rules *rules = NULL;
	struct err e = {0};
	enum log_level level;
	enum status s = read_again(v->c, &fresh, &e);
	if (s == OK)
		s = rulebook_read(v->c->rules, v->c->catalogs, v->c->bots, &rules, &e);
	if (s == OK)
		s = feeder_set_rules(v->feeder, rules, &e);
	if (s == OK && *fresh.public_url)
		s = feeder_set_url(v->feeder, str_of(fresh.public_url), &e);
	if (s == OK && config_log_level(&fresh, &level))
		log_set_level(level);
	if (rules) {
		struct flow_rules *old = v->rules;
		v->rules = rules;
		flow_rules_unref(old);
	}
	config_done(&fresh);
	if (s == OK)
		log_event(LOG_INFO, "app", "event=reloaded");
	else
		log_failure("reload_refused", &e);
}

/* Keys made by another process are known here within 200 ms. */
static void follow_keys(struct service *v, int64_t *seen)
{
	int64_t version;
	struct err e = {0};
	if (!v->ledger || ledger_data_version(v->ledger, &version, &e) != OK || version == *seen)
		return;
	if (http_reload_keys(v->http, &e) == OK)
		*seen = version;
	else
		log_failure("keys_not_read", &e);
}

static void watch(struct service *v, const sigset_t *signals)
{
	const struct timespec poll = {0, POLL_MS * 1000000L};
	int64_t seen = -1;
	for (;;) {
		int got = sigtimedwait(signals, NULL, &poll);
		if (got == SIGTERM || got == SIGINT)
			return;
		if (got == SIGHUP)
			reload(v);
		follow_keys(v, &seen);
		hook_desk_expire(v->desk, mono_us());
	}
}

static int run_serve(const struct config *c, const void *own, char **operand, size_t operands)
{
	struct service v = {.c = c, .lock_fd = -1};
	struct err e = {0};
	sigset_t signals;
	(void)own, (void)operand, (void)operands;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL); /* before the first thread: they all inherit it */
	enum status s = start(&v, &e);
	if (s == OK) {
		watch(&v, &signals);
		log_event(LOG_INFO, "app", "event=stopping");
	}
	stop(&v);
	if (s == OK)
		return EXIT_DONE;
	return s == E_INPUT ? complain_usage(&e) : complain(&e);
}

const struct command command_serve = {
	.words = "serve",
	.operands = "",
	.about = "run the service",
	.config = CONFIG_ALL,
	.run = run_serve,
};
