/* The Model Context Protocol, streamable HTTP without streams: POST /mcp. Tools to search the catalogs, for assistants that look for
 * themselves.
 *
 * Two protocols at once: the current one (2026-07-28) has no sessions, says version, method and name in headers too, and marks results as
 * complete; the ones before it begin with `initialize`. Products come with the shop's own URL: a link of ours needs an answer to stand in.
 */
#include "hook/desk.h"

#define CURRENT "2026-07-28"
#define BEFORE "2025-11-25"
#define IDS_MAX 50
#define RESULTS_MAX 50

enum rpc_error {
	RPC_PARSE = -32700,
	RPC_REQUEST = -32600,
	RPC_METHOD = -32601,
	RPC_PARAMS = -32602,
	RPC_HEADERS = -32020,
	RPC_VERSION = -32022
};

struct rpc {
	const struct hook_mcp_call *call;
	struct shelf *shelf;
	struct arena *a;
	struct str root, id, method, params; /* id: as JSON; "null" */
	bool current;                        /* protocol */
	struct buf *reply;
};

static int fail(struct rpc *r, int status, enum rpc_error code, struct str message)
{
	buf_clear(r->reply);
	buf_put(r->reply, STR("{\"jsonrpc\":\"2.0\",\"id\":"));
	buf_put(r->reply, r->id);
	buf_printf(r->reply, ",\"error\":{\"code\":%d,\"message\":", (int)code);
	buf_put_json(r->reply, message);
	buf_put(r->reply, STR("}}"));
	return status;
}

static void begin_result(struct rpc *r)
{
	buf_put(r->reply, STR("{\"jsonrpc\":\"2.0\",\"id\":"));
	buf_put(r->reply, r->id);
	buf_put(r->reply, r->current ? STR(",\"result\":{\"resultType\":\"complete\",") : STR(",\"result\":{"));
}

static int end_result(struct rpc *r)
{
	buf_put(r->reply, STR("}}"));
	return 200;
}

/* ---- tools ----------------------------------------------------------------------------------- */

#define PRODUCT                                                                                                                            \
	"{\"type\":\"object\",\"properties\":{\"merchant\":{\"type\":\"string\"},\"id\":{\"type\":\"string\"},\"title\":{\"type\":"        \
	"\"string\"},"                                                                                                                     \
	"\"brand\":{\"type\":\"string\"},\"category\":{\"type\":\"string\"},\"price\":{\"type\":[\"object\",\"null\"],\"properties\":{"    \
	"\"amount\":"                                                                                                                      \
	"{\"type\":\"integer\",\"description\":\"minor units\"},\"currency\":{\"type\":\"string\"}}},\"image\":{\"type\":\"string\"},"     \
	"\"availability\":{\"type\":\"string\"}},\"required\":[\"merchant\",\"id\",\"title\"]}"
#define FOUND                                                                                                                              \
	"{\"type\":\"object\",\"properties\":{\"product\":" PRODUCT ",\"url\":{\"type\":\"string\"}},\"required\":[\"product\",\"url\"]}"
#define ID "{\"type\":\"string\",\"description\":\"merchant/id, as search_catalog gives them\"}"
#define READS ",\"annotations\":{\"readOnlyHint\":true,\"openWorldHint\":false}}"

static const char tools[] =
        "\"tools\":["
        "{\"name\":\"get_product\",\"title\":\"A product\",\"description\":\"One product of the catalogs with its price, availability and "
        "the shop's page\","
        "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"id\":" ID "},\"required\":[\"id\"]},\"outputSchema\":" FOUND READS
        ",{\"name\":\"lookup_catalog\",\"title\":\"Several products\",\"description\":\"Products by their ids; ids that are not there are "
        "in missing\","
        "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"ids\":{\"type\":\"array\",\"items\":" ID
        ",\"maxItems\":50}},\"required\":[\"ids\"]},"
        "\"outputSchema\":{\"type\":\"object\",\"properties\":{\"data\":{\"type\":\"array\",\"items\":" FOUND
        "},\"missing\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},\"required\":[\"data\",\"missing\"]}" READS
        ",{\"name\":\"search_catalog\",\"title\":\"Search products\",\"description\":\"Products that fit the words, the best first; "
        "English and Chinese. Relevance "
        "alone decides, never commission\","
        "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\"},\"limit\":{\"type\":\"integer\",\"minimum\":"
        "1,\"maximum\":50}},"
        "\"required\":[\"query\"]},\"outputSchema\":{\"type\":\"object\",\"properties\":{\"data\":{\"type\":\"array\",\"items\":{\"type\":"
        "\"object\","
        "\"properties\":{\"product\":" PRODUCT
        ",\"score\":{\"type\":\"number\"}},\"required\":[\"product\",\"score\"]}},\"catalog\":{\"type\":\"string\"}},"
        "\"required\":[\"data\"]}" READS "]";

static int list_tools(struct rpc *r)
{
	begin_result(r);
	buf_put(r->reply, str_of(tools));
	if (r->current)
		buf_put(r->reply, STR(",\"ttlMs\":3600000,\"cacheScope\":\"public\""));
	return end_result(r);
}

/* "merchant/id"; a merchant's name has no slash. */
static bool find(struct rpc *r, struct str id, struct buf *out)
{
	struct str product = id, merchant = str_cut(&product, '/');
	return flow_find_json(r->shelf, merchant, product, out);
}

/* Each tool writes its result's object, or says what is wrong and returns false. */
static bool get_product(struct rpc *r, struct str arguments, struct buf *out)
{
	struct str id = json_text(arguments, "id", r->a);
	if (find(r, id, out))
		return true;
	buf_put(out, STR("no product has this id; ids are merchant/id"));
	return false;
}

static void look_up(struct rpc *r, struct str value, struct buf *data, struct buf *missing)
{
	struct buf id;
	buf_init(&id, 4096);
	size_t before = data->n;
	buf_put(data, before ? STR(",") : STR(""));
	if (!span_text(value, NULL, &id) || !find(r, buf_str(&id), data)) {
		data->n = before;
		buf_put(missing, missing->n ? STR(",") : STR(""));
		buf_put_json(missing, buf_str(&id));
	}
	buf_done(&id);
}

static bool lookup_catalog(struct rpc *r, struct str arguments, struct buf *out)
{
	struct span_walk w;
	struct str ids = json_member(arguments, "ids"), value;
	struct buf data, missing;
	if (!span_is(ids, '[')) {
		buf_put(out, STR("ids must be a list of merchant/id"));
		return false;
	}
	buf_init(&data, 4u << 20);
	buf_init(&missing, 1u << 20);
	span_enter(&w, ids);
	for (int i = 0; i < IDS_MAX && span_item(&w, &value); i++)
		look_up(r, value, &data, &missing);
	buf_put(out, STR("{\"data\":["));
	buf_put(out, buf_str(&data));
	buf_put(out, STR("],\"missing\":["));
	buf_put(out, buf_str(&missing));
	buf_put(out, STR("]}"));
	buf_done(&data);
	buf_done(&missing);
	return true;
}

static bool search_catalog(struct rpc *r, struct str arguments, struct buf *out)
{
	struct str query = json_text(arguments, "query", r->a);
	int64_t limit = 10;
	struct err e = {0};
	bool given = span_integer(json_member(arguments, "limit"), &limit);
	if (!str_trim(query).n || (given && limit < 1)) {
		buf_put(out, STR("query must say what to look for, limit from 1 to 50"));
		return false;
	}
	if (flow_search_json(r->shelf, query, limit < RESULTS_MAX ? (size_t)limit : RESULTS_MAX, out, &e) == OK)
		return true;
	buf_clear(out);
	buf_put(out, str_of(e.text));
	return false;
}

static const struct tool {
	const char *name;
	bool (*run)(struct rpc *r, struct str arguments, struct buf *out);
} all_tools[] = {{"get_product", get_product}, {"lookup_catalog", lookup_catalog}, {"search_catalog", search_catalog}};

static int call_tool(struct rpc *r)
{
	struct str name = json_text(r->params, "name", r->a);
	struct buf out;
	size_t i = 0;
	while (i < ARRAY_LEN(all_tools) && !str_eq(name, str_of(all_tools[i].name)))
		i++;
	if (i == ARRAY_LEN(all_tools))
		return fail(r, 200, RPC_PARAMS, STR("there is no such tool"));
	buf_init(&out, 8u << 20);
	bool fine = r->shelf && all_tools[i].run(r, json_member(r->params, "arguments"), &out) && !out.failed;
	if (!r->shelf)
		buf_put(&out, STR("the catalog is not loaded yet"));
	begin_result(r);
	buf_put(r->reply, STR("\"content\":[{\"type\":\"text\",\"text\":"));
	buf_put_json(r->reply, buf_str(&out));
	buf_put(r->reply, STR("}]"));
	if (fine) {
		buf_put(r->reply, STR(",\"structuredContent\":"));
		buf_put(r->reply, buf_str(&out));
	}
	buf_printf(r->reply, ",\"isError\":%s", fine ? "false" : "true");
	buf_done(&out);
	return end_result(r);
}

/* ---- the protocol ---------------------------------------------------------------------------------- */

#define WHO "\"serverInfo\":{\"name\":\"inlay\",\"title\":\"Inlay catalogs\",\"version\":\"1\"},\"capabilities\":{\"tools\":{}}"

static int initialize(struct rpc *r)
{
	static const char *const known[] = {"2024-11-05", "2025-03-26", "2025-06-18", BEFORE};
	struct str wanted = json_text(r->params, "protocolVersion", r->a);
	const char *version = BEFORE;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(wanted, str_of(known[i])))
			version = known[i];
	begin_result(r);
	buf_printf(r->reply, "\"protocolVersion\":\"%s\"," WHO, version);
	return end_result(r);
}

static int discover(struct rpc *r)
{
	begin_result(r);
	buf_put(r->reply,
	        STR("\"supportedVersions\":[\"" CURRENT "\",\"" BEFORE "\"]," WHO ",\"ttlMs\":3600000,\"cacheScope\":\"public\""));
	return end_result(r);
}

static int pong(struct rpc *r)
{
	begin_result(r);
	if (r->current)
		r->reply->n--; /* the comma */
	return end_result(r);
}

static const struct rpc_method {
	const char *name;
	bool current, before;
	int (*run)(struct rpc *r);
} methods[] = {
        {"initialize", false, true, initialize},
        {"ping", false, true, pong},
        {"server/discover", true, true, discover},
        {"tools/list", true, true, list_tools},
        {"tools/call", true, true, call_tool},
};

static bool version_known(struct str v)
{
	static const char *const known[] = {"", "2024-11-05", "2025-03-26", "2025-06-18", BEFORE, CURRENT};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(v, str_of(known[i])))
			return true;
	return false;
}

/* What the headers repeat must be what the body says: proxies decide by them. */
static bool headers_agree(struct rpc *r)
{
	const struct hook_mcp_call *c = r->call;
	struct str meta = json_member(r->params, "_meta"), version = STR_NONE, key, value;
	struct span_walk w;
	if (span_is(meta, '{')) {
		span_enter(&w, meta);
		while (span_member(&w, &key, &value))
			if (str_eq(key, STR("\"io.modelcontextprotocol/protocolVersion\"")))
				version = value;
	}
	bool named = !str_eq(r->method, STR("tools/call")) || str_eq(c->name, json_text(r->params, "name", r->a));
	return str_eq(c->method, r->method) && named && (!version.n || str_eq(version, STR("\"" CURRENT "\"")));
}

static bool is_foreign(const struct hook_mcp_call *c)
{
	size_t at = str_find(c->origin, STR("://"), 0);
	return c->origin.n && (at == c->origin.n || !str_eq_nocase(str_sub(c->origin, at + 3, c->origin.n), c->host));
}

static int run_method(struct rpc *r)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (str_eq(r->method, str_of(methods[i].name)) && (r->current ? methods[i].current : methods[i].before))
			return methods[i].run(r);
	return fail(r, r->current ? 404 : 200, RPC_METHOD, STR("there is no such method"));
}

static int answer(struct rpc *r, struct str json)
{
	r->current = str_eq(r->call->version, STR(CURRENT));
	if (!span_document(json, &r->root))
		return fail(r, 400, RPC_PARSE, STR("this is not JSON"));
	r->method = json_text(r->root, "method", r->a);
	r->params = json_member(r->root, "params");
	struct str id = json_member(r->root, "id");
	if (!span_is(r->root, '{') || !r->method.n || !str_eq(json_text(r->root, "jsonrpc", r->a), STR("2.0")) || span_is(id, '{') ||
	        span_is(id, '['))
		return fail(r, 400, RPC_REQUEST, STR("one JSON-RPC 2.0 request a call"));
	if (!id.n)
		return 202; /* a notification */
	r->id = id;
	if (!version_known(r->call->version))
		return fail(r, 400, RPC_VERSION, STR("protocols spoken here: " CURRENT ", " BEFORE " and before"));
	if (r->current && !headers_agree(r))
		return fail(
		        r, 400, RPC_HEADERS, STR("the headers Mcp-Method, Mcp-Name and MCP-Protocol-Version must say what the body says"));
	return run_method(r);
}

int hook_mcp(struct hook_desk *d, const struct hook_mcp_call *call, struct str json, struct buf *reply)
{
	struct rpc r = {.call = call, .id = STR("null"), .reply = reply};
	if (is_foreign(call))
		return fail(&r, 403, RPC_REQUEST, STR("this origin may not call"));
	r.a = arena_new(1u << 22);
	if (!r.a)
		return fail(&r, 503, RPC_REQUEST, STR("no memory"));
	r.shelf = shelf_get(d->slot);
	int status = answer(&r, json);
	if (r.shelf)
		shelf_unref(r.shelf);
	arena_free(r.a);
	return status;
}
