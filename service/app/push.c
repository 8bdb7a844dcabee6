/* inlay catalog push: a feed file through the merchants' door, with a progress bar where there is a person to see it. */
#include "app/client.h"
#include "app/command.h"
#include "app/push.h"
#include "feed/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)8 << 30)
#define HEAD_BYTES 65536
#define BAR 40

#define AT(field) .offset = offsetof(struct push_own, field)
static const struct option rows[] = {
	{"merchant", OPTION_TEXT, NULL, "M", 0, 0, "whose catalog", AT(merchant), .own_only = true},
	{"merchants", OPTION_TEXT, NULL, "FILE", 0, 0, "in FILE's place: a list of shops like catalogs/merchants.yaml, each with its file", AT(merchants),
		.own_only = true},
	{"url", OPTION_TEXT, "http://127.0.0.1:8080", "URL", 0, 0, "the service, also INLAY_URL", AT(url)},
	{"key", OPTION_TEXT, NULL, "KEY", 0, 0, "an admin's or the merchant's key, also INLAY_KEY (better: a flag is seen by ps)", AT(key)},
	{"format", OPTION_TEXT, NULL, "FORMAT", 0, 0, "inlay, acp, openai or google [found from the file]", AT(format), .own_only = true},
	{"patch", OPTION_SWITCH, NULL, NULL, 0, 0, "the file holds changes, not the whole catalog", AT(patch), .own_only = true},
	{"force", OPTION_SWITCH, NULL, NULL, 0, 0, "even if more than half of the products would go", AT(force), .own_only = true},
	{"dry_run", OPTION_SWITCH, NULL, NULL, 0, 0, "say what would happen", AT(dry_run), .own_only = true},
};
#undef AT

static const char *type_of(enum feed_container c)
{
	switch (c) {
	case FEED_TSV:
		return "text/tab-separated-values";
	case FEED_CSV:
		return "text/csv";
	case FEED_JSON:
		return "application/json";
	case FEED_XML:
		return "application/xml";
	case FEED_JSONL:
		break;
	}
	return "application/x-ndjson";
}

static const char *format_of(enum feed_format f)
{
	static const char *const name[] = {[FEED_INLAY] = "inlay", [FEED_ACP] = "acp", [FEED_OPENAI] = "openai", [FEED_GOOGLE] = "google"};
	return (size_t)f < ARRAY_LEN(name) ? name[f] : "inlay";
}

static void draw(void *arg, size_t sent, size_t total)
{
	int *shown = arg, percent = total ? (int)(sent * 100 / total) : 100;
	if (percent == *shown)
		return;
	*shown = percent;
	fprintf(stderr, "\r[%-*.*s] %3d%%", BAR, percent * BAR / 100, "########################################", percent);
	if (percent == 100)
		fputs(" sent, being read ...", stderr);
}

static bool is_gzip(struct str s)
{
	return s.n > 2 && (unsigned char)s.p[0] == 0x1F && (unsigned char)s.p[1] == 0x8B;
}

/* A packed file shows nothing of itself: its name must do. */
static void find_kind(const struct push_own *o, const char *path, struct str body, struct buf *url, const char **type)
{
	enum feed_container container = FEED_JSONL;
	struct str name = str_of(path);
	if (str_ends(name, STR(".gz")))
		name = str_sub(name, 0, name.n - 3);
	enum feed_format guess = feed_format_guess(name, is_gzip(body) ? STR_NONE : str_sub(body, 0, HEAD_BYTES), &container);
	*type = type_of(container);
	buf_put(url, STR("/v1/merchants/"));
	buf_put_url(url, str_of(o->merchant));
	buf_printf(url, "/catalog?format=%s%s%s", *o->format ? o->format : format_of(guess), o->force ? "&force=1" : "", o->dry_run ? "&dry_run=1" : "");
}

static enum status push(const struct push_own *o, const char *path, struct str body, int *status_out, struct buf *reply, struct err *e)
{
	struct buf url;
	int shown = -1;
	buf_init(&url, 4096);
	struct client_request r = {
		.method = o->patch ? "PATCH" : "PUT",
		.base = str_of(o->url),
		.key = str_of(o->key),
		.gzip = is_gzip(body),
		.body = body,
		.progress = isatty(STDERR_FILENO) ? draw : NULL,
		.arg = &shown,
	};
	find_kind(o, path, body, &url, &r.content_type);
	r.path = buf_str(&url);
	enum status s = client_send(&r, status_out, reply, e);
	if (shown >= 0)
		fprintf(stderr, "\r%*s\r", BAR + 32, "");
	buf_done(&url);
	return s;
}

int push_tell(const char *what, int http_status, struct str reply)
{
	struct buf text;
	bool good = http_status >= 200 && http_status < 300;
	buf_init(&text, 1 << 20);
	client_explain_json(reply, &text);
	fprintf(good ? stdout : stderr, "%s%s: %.*s\n", good ? "" : "inlay: ", what, STR_ARG(buf_str(&text)));
	fflush(stdout);
	buf_done(&text);
	return good ? EXIT_DONE : EXIT_FAILED;
}

int push_file(const struct push_own *o, const char *path)
{
	struct err e = {0};
	struct buf reply;
	char *body;
	size_t n;
	int status = 0;
	enum status s = file_read(path, FILE_LIMIT, &body, &n, &e);
	if (s != OK)
		return complain(&e);
	buf_init(&reply, 16 << 20);
	s = push(o, path, (struct str){body, n}, &status, &reply, &e);
	int code = s == OK ? push_tell(path, status, buf_str(&reply)) : complain(&e);
	buf_done(&reply);
	free(body);
	return code;
}

static int run_push(const struct config *c, const void *own, char **operand, size_t operands)
{
	const struct push_own *o = own;
	(void)c;
	if (operands == 0 && *o->merchants)
		return push_shops(o);
	if (operands == 1 && *o->merchant && !*o->merchants)
		return push_file(o, operand[0]);
	return complain_usage(&(struct err){.text = "usage: inlay catalog push FILE --merchant M, or inlay catalog push --merchants FILE"});
}

const struct command command_push = {
	.words = "catalog push",
	.operands = "[FILE]",
	.max_operands = 1,
	.about = "upload a catalog through the merchants' door",
	.own = rows,
	.own_count = ARRAY_LEN(rows),
	.own_size = sizeof(struct push_own),
	.run = run_push,
};
