/* GET /openapi.json: paths from the table of routes, so that none can be missing; the schemas are in openapi_schemas.c. */
#include "http/openapi.h"

#include <stdio.h>
#include <string.h>

static void put_parameter(struct buf *b, bool *first, struct str name, const char *in, bool required)
{
	buf_put(b, *first ? STR("{\"name\":") : STR(",{\"name\":"));
	*first = false;
	buf_put_json(b, name);
	buf_printf(b, ",\"in\":\"%s\",\"required\":%s,\"schema\":{\"type\":\"string\"}}", in, required ? "true" : "false");
}

static void put_parameters(struct buf *b, const struct route *t)
{
	struct str path = str_of(t->path), query = str_of(t->query);
	bool first = true;

	buf_put(b, STR(",\"parameters\":["));
	for (size_t open = str_find(path, STR("{"), 0); open < path.n; open = str_find(path, STR("{"), open + 1))
		put_parameter(b, &first, str_sub(path, open + 1, str_find(path, STR("}"), open)), "path", true);
	while (query.n)
		put_parameter(b, &first, str_cut(&query, ','), "query", false);
	if (t->body == BODY_UPLOAD) {
		put_parameter(b, &first, STR("If-Match"), "header", false);
		put_parameter(b, &first, STR("Idempotency-Key"), "header", false);
	}
	if (strcmp(t->path, "/v1/conversions") == 0)
		put_parameter(b, &first, STR("Idempotency-Key"), "header", false);
	buf_putc(b, ']');
}

static void put_ref(struct buf *b, const char *media, const char *schema)
{
	buf_printf(b, "\"%s\":{\"schema\":{\"$ref\":\"#/components/schemas/%s\"}}", media, schema);
}

static void put_text_media(struct buf *b, const char *media)
{
	buf_printf(b, "\"%s\":{\"schema\":{\"type\":\"string\"}}", media);
}

static void put_request(struct buf *b, const struct route *t)
{
	if (t->takes[0] == '\0')
		return;
	buf_put(b, STR(",\"requestBody\":{\"required\":true,\"content\":{"));
	if (strcmp(t->takes, "feed") == 0) {
		put_text_media(b, "application/x-ndjson");
		buf_putc(b, ',');
		put_text_media(b, "text/tab-separated-values");
	} else if (strcmp(t->takes, "postback") == 0) {
		put_text_media(b, "application/x-www-form-urlencoded");
		buf_putc(b, ',');
		put_ref(b, "application/json", "Conversion");
	} else if (strchr(t->takes, '/')) {
		put_text_media(b, t->takes);
	} else {
		put_ref(b, "application/json", t->takes);
	}
	buf_put(b, STR("}}"));
}

static void put_success(struct buf *b, const struct route *t)
{
	if (strcmp(t->gives, "none") == 0) {
		buf_put(b, STR("\"204\":{\"description\":\"done\"}"));
	} else if (strcmp(t->gives, "redirect") == 0) {
		buf_put(b, STR("\"302\":{\"description\":\"to the merchant\",\"headers\":{\"Location\":{\"schema\":{\"type\":\"string\"}},"
			       "\"Inlay-Click\":{\"description\":\"unrecorded: the click was not durable in time\",\"schema\":{\"type\":\"string\"}}}}"));
	} else {
		buf_put(b, STR("\"200\":{\"description\":\"fine\",\"content\":{"));
		if (strchr(t->gives, '/'))
			put_text_media(b, t->gives);
		else
			put_ref(b, "application/json", t->gives);
		buf_put(b, STR("}}"));
	}
	if (t->answer == answer_merchant_put) {
		buf_put(b, STR(",\"201\":{\"description\":\"made\",\"content\":{"));
		put_ref(b, "application/json", t->gives);
		buf_put(b, STR("}}"));
	}
	if (t->answer == answer_catalog)
		buf_put(b, STR(",\"304\":{\"description\":\"If-None-Match names this generation\"}"));
}

static void put_problem(struct buf *b, int status, const char *when)
{
	buf_printf(b, ",\"%d\":{\"description\":\"%s\",\"content\":{", status, when);
	put_ref(b, "application/problem+json", "Problem");
	buf_put(b, STR("}}"));
}

/* The routes that book orders. */
static void put_order_problems(struct buf *b, const struct route *t)
{
	if (t->answer == answer_postback)
		put_problem(b, 401, "secret, sig or webhook-signature is missing or wrong");
	if (t->answer == answer_conversion) {
		put_problem(b, 404, "no such merchant");
		put_problem(b, 409, "the Idempotency-Key was used for another request");
	}
	if (t->answer == answer_conversion)
		put_problem(b, 422, "cannot be booked, and is kept in quarantine: see detail");
}

static void put_problems(struct buf *b, const struct route *t)
{
	bool body = t->body != BODY_NONE;

	if (body || t->query[0])
		put_problem(b, 400, "a field is wrong; errors says which");
	if (t->roles) {
		put_problem(b, 401, "no key, or an unknown one");
		put_problem(b, 403, "the key's role does not allow it");
	}
	if (strchr(t->path, '{') || t->answer == answer_stream)
		put_problem(b, 404, "not there");
	if (body) {
		put_problem(b, 411, "Content-Length or chunks are wanted");
		put_problem(b, 413, "too large");
		put_problem(b, 415, "a media type or coding that is not taken");
	}
	if (t->body == BODY_UPLOAD || t->answer == answer_stream)
		put_problem(b, 409, "conflict: see detail");
	if (t->body == BODY_UPLOAD)
		put_problem(b, 412, "If-Match names another generation");
	put_order_problems(b, t);
	if (t->needs_ledger)
		put_problem(b, 421, "this node inserts only");
	put_problem(b, 503, "not possible just now; see Retry-After");
}

static void put_operation(struct buf *b, const struct route *t)
{
	char method[8];
	size_t n = 0;

	for (; t->method[n] && n + 1 < sizeof method; n++)
		method[n] = (char)(t->method[n] | 0x20);
	method[n] = '\0';
	buf_printf(b, "\"%s\":{\"summary\":", method);
	buf_put_json(b, str_of(t->summary));
	if (t->roles == 0)
		buf_put(b, STR(",\"security\":[]"));
	put_parameters(b, t);
	put_request(b, t);
	buf_put(b, STR(",\"responses\":{"));
	put_success(b, t);
	put_problems(b, t);
	buf_put(b, STR("}}"));
}

static bool seen_before(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(routes[k].path, routes[i].path) == 0)
			return true;
	return false;
}

static void put_path(struct buf *b, size_t i)
{
	bool first = true;

	buf_put_json(b, str_of(routes[i].path));
	buf_put(b, STR(":{"));
	for (size_t k = i; k < route_count; k++) {
		if (strcmp(routes[k].path, routes[i].path) != 0)
			continue;
		if (!first)
			buf_putc(b, ',');
		first = false;
		put_operation(b, &routes[k]);
	}
	buf_putc(b, '}');
}

void openapi_write(struct buf *b)
{
	bool first = true;

	buf_put(b, STR("{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Inlay\",\"version\":\"1\",\"summary\":\"Honest affiliate links in assistants' answers\"},"
		       "\"security\":[{\"bearer\":[]},{\"header\":[]}],\"paths\":{"));
	for (size_t i = 0; i < route_count; i++) {
		if (seen_before(i))
			continue;
		if (!first)
			buf_putc(b, ',');
		first = false;
		put_path(b, i);
	}
	buf_put(b, STR("},\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
		       "\"header\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-api-key\"}},\"schemas\":{"));
	for (size_t i = 0; i < openapi_schema_count; i++)
		buf_printf(b, "%s\"%s\":%s", i ? "," : "", openapi_schemas[i].name, openapi_schemas[i].json);
	buf_put(b, STR("}}}"));
}

enum turn answer_openapi(struct request *r)
{
	openapi_write(&r->reply.body);
	reply_json(r, 200);
	return ANSWERED;
}
