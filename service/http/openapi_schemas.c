/* The schemas of /openapi.json, as JSON Schema 2020-12. Additional fields are always allowed: unknown ones are ignored. */
#include "http/openapi.h"

#define REF(name) "{\"$ref\":\"#/components/schemas/" name "\"}"
#define TEXT "{\"type\":\"string\"}"
#define TEXT_NULL "{\"type\":[\"string\",\"null\"]}"
#define INT "{\"type\":\"integer\"}"
#define INT_NULL "{\"type\":[\"integer\",\"null\"]}"
#define BOOL "{\"type\":\"boolean\"}"
#define TIME "{\"type\":\"string\",\"format\":\"date-time\"}"
#define ANY_OBJECT "{\"type\":\"object\"}"
#define LIST(of) "{\"type\":\"array\",\"items\":" of "}"
#define OBJECT(fields) "{\"type\":\"object\",\"properties\":{" fields "}}"
#define OBJECT_WITH(required, fields) "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" fields "}}"
#define FIELD(name, of) "\"" name "\":" of

const struct openapi_schema openapi_schemas[] = {
	{"Problem", OBJECT_WITH("\"type\",\"title\",\"status\",\"detail\"",
		FIELD("type", TEXT) ","
		FIELD("title", TEXT) ","
		FIELD("status", INT) ","
		FIELD("detail", TEXT) ","
		FIELD("errors", LIST(OBJECT(
			FIELD("pointer", TEXT) ","
			FIELD("detail", TEXT)))))},
	{"Money", OBJECT_WITH("\"amount\",\"currency\"",
		FIELD("amount", "{\"type\":\"integer\",\"description\":\"minor units of the currency\"}") ","
		FIELD("currency", TEXT))},
	{"Message", OBJECT(
		FIELD("role", TEXT) ","
		FIELD("content", TEXT))},
	{"RequestFields", OBJECT(
		FIELD("id", "{\"type\":[\"string\",\"integer\",\"number\"]}") ","
		FIELD("question", TEXT) ","
		FIELD("messages", LIST(REF("Message"))) ","
		FIELD("locale", TEXT) ","
		FIELD("country", TEXT) ","
		FIELD("request_id", TEXT) ","
		FIELD("conversation_id", TEXT) ","
		FIELD("user_id", TEXT) ","
		FIELD("app", TEXT) ","
		FIELD("model", TEXT) ","
		FIELD("opt_out", BOOL) ","
		FIELD("form", "{\"enum\":[\"inline\",\"cards\",\"references\",\"annotations\"]}") ","
		FIELD("format", "{\"enum\":[\"markdown\",\"text\"]}") ","
		FIELD("max_links", "{\"type\":\"integer\",\"minimum\":0}") ","
		FIELD("dry_run", BOOL) ","
		FIELD("explain", BOOL) ","
		FIELD("usage", OBJECT(
			FIELD("prompt_tokens", INT) ","
			FIELD("completion_tokens", INT) ","
			FIELD("cost", REF("Money")))) ","
		FIELD("metadata", ANY_OBJECT))},
	{"InsertRequest", "{\"allOf\":[" REF("RequestFields") ","
	OBJECT_WITH("\"answer\"",
		FIELD("answer", "{\"type\":\"string\",\"description\":\"markdown\"}")) "]}"},
	{"ReplayCall", OBJECT_WITH("\"requests\"",
		FIELD("requests", LIST(REF("InsertRequest"))) ","
		FIELD("rules", "{\"type\":\"object\",\"description\":\"texts of files under rules/ by name, as placement; others stay the service's own\","
			"\"additionalProperties\":" TEXT "}"))},
	{"ReplayReply", OBJECT(
		FIELD("requests", LIST(OBJECT(
			FIELD("request", INT) ","
			FIELD("id", "{}") ","
			FIELD("decision", OBJECT(FIELD("a", TEXT) "," FIELD("b", TEXT))) ","
			FIELD("only_a", LIST(ANY_OBJECT)) ","
			FIELD("only_b", LIST(ANY_OBJECT)) ","
			FIELD("changed", LIST(ANY_OBJECT)) ","
			FIELD("error", TEXT)))) ","
		FIELD("totals", OBJECT(
			FIELD("requests", INT) ","
			FIELD("different", INT) ","
			FIELD("failed", INT) ","
			FIELD("links_a", INT) ","
			FIELD("links_b", INT) ","
			FIELD("only_a", INT) ","
			FIELD("only_b", INT) ","
			FIELD("changed", INT))))},
	{"Intent", OBJECT(
		FIELD("class", "{\"enum\":[\"consumer\",\"informational\",\"none\",\"sensitive\"]}") ","
		FIELD("score", "{\"type\":\"number\"}") ","
		FIELD("signals", LIST(TEXT)))},
	{"Product", OBJECT(
		FIELD("merchant", TEXT) ","
		FIELD("id", TEXT) ","
		FIELD("title", TEXT) ","
		FIELD("url", TEXT) ","
		FIELD("brand", TEXT) ","
		FIELD("category", TEXT) ","
		FIELD("price", REF("Money")) ","
		FIELD("sale_price", REF("Money")) ","
		FIELD("image", TEXT) ","
		FIELD("availability", TEXT))},
	{"Link", OBJECT(
		FIELD("id", TEXT) ","
		FIELD("start", INT_NULL) ","
		FIELD("end", INT_NULL) ","
		FIELD("text", TEXT) ","
		FIELD("url", TEXT) ","
		FIELD("product", REF("Product")) ","
		FIELD("why", ANY_OBJECT) ","
		FIELD("existing", BOOL))},
	{"Edit", OBJECT(
		FIELD("at", INT) ","
		FIELD("insert", TEXT))},
	{"Decision", OBJECT(
		FIELD("insertion", TEXT_NULL) ","
		FIELD("decision", "{\"enum\":[\"linked\",\"none\"]}") ","
		FIELD("reason", TEXT_NULL) ","
		FIELD("intent", REF("Intent")) ","
		FIELD("links", LIST(REF("Link"))) ","
		FIELD("edits", LIST(REF("Edit"))) ","
		FIELD("disclosure", TEXT_NULL) ","
		FIELD("caps", ANY_OBJECT) ","
		FIELD("catalog", TEXT_NULL) ","
		FIELD("took_us", INT))},
	{"InsertResponse", "{\"allOf\":[" REF("Decision") ","
	OBJECT(
		FIELD("id", "{}") ","
		FIELD("answer", TEXT)) "]}"},
	{"StreamCall", "{\"description\":\"the first call carries the request's fields and no stream; later ones stream and seq\",\"allOf\":[" REF("RequestFields") ","
	OBJECT(
		FIELD("stream", TEXT) ","
		FIELD("seq", INT) ","
		FIELD("delta", TEXT) ","
		FIELD("end", BOOL)) "]}"},
	{"StreamReply", "{\"description\":\"the last one also has the fields of a decision\",\"allOf\":[" REF("Decision") ","
	OBJECT_WITH( "\"stream\",\"seq\",\"delta\"", FIELD("stream", TEXT) ","
		FIELD("seq", INT) ","
		FIELD("delta", TEXT) ","
		FIELD("held", INT)) "]}"},
	{"Insertion", OBJECT(
		FIELD("insertion", TEXT) ","
		FIELD("decision", TEXT) ","
		FIELD("reason", TEXT_NULL) ","
		FIELD("links", LIST(ANY_OBJECT)))},
	{"ReportedClick", OBJECT_WITH("\"link\"",
		FIELD("link", "{\"type\":\"string\",\"description\":\"id of a link, lnk_…\"}") ","
		FIELD("occurred_at", TIME) ","
		FIELD("user_agent", TEXT) ","
		FIELD("address", "{\"type\":\"string\",\"description\":\"IP of the reader; kept only as a keyed hash\"}") ","
		FIELD("headers", "{\"type\":\"object\",\"description\":\"of the reader's request: sec-fetch-*, sec-purpose, sec-gpc, accept-language\","
			"\"additionalProperties\":" TEXT "}"))},
	{"ReportedClickReply", OBJECT(
		FIELD("click_id", TEXT) ","
		FIELD("class", "{\"enum\":[\"human\",\"bot\",\"preview\",\"prefetch\",\"duplicate\",\"rate\",\"stale\"]}"))},
	{"Impressions", "{\"type\":\"object\",\"description\":\"links that were shown, or all of an insertion's\",\"properties\":{"
		FIELD("insertion", TEXT) ","
		FIELD("links", LIST(TEXT)) "}}"},
	{"ImpressionsReply", OBJECT(
		FIELD("confirmed", INT) ","
		FIELD("unknown", INT))},
	{"Merchant", OBJECT(
		FIELD("id", TEXT) ","
		FIELD("name", TEXT) ","
		FIELD("hosts", LIST(TEXT)) ","
		FIELD("network", "{\"enum\":[\"plain\",\"awin\",\"cj\",\"rakuten\",\"impact\",\"ebay\",\"partnerize\",\"amazon\"]}") ","
		FIELD("network_ids", ANY_OBJECT) ","
		FIELD("click_mode", "{\"enum\":[\"redirect\",\"direct\",\"none\"]}") ","
		FIELD("fallback_url", TEXT) ","
		FIELD("currency", TEXT) ","
		FIELD("postback_secret", "{\"type\":\"string\",\"writeOnly\":true}") ","
		FIELD("commission", LIST(OBJECT(
			FIELD("category", TEXT) ","
			FIELD("product", TEXT) ","
			FIELD("rate_ppm", INT) ","
			FIELD("flat", "{}") ","
			FIELD("cap", "{}")))) ","
		FIELD("deal", OBJECT(
			FIELD("kind", "{\"enum\":[\"commission\",\"split\",\"swap\"]}") ","
			FIELD("partner", TEXT) ","
			FIELD("share_ppm", INT))) ","
		FIELD("window_days", INT) ","
		FIELD("void_orders", LIST(TEXT)) ","
		FIELD("feed", ANY_OBJECT) ","
		FIELD("status", "{\"enum\":[\"active\",\"paused\",\"retired\"]}"))},
	{"Merchants", OBJECT(
		FIELD("data", LIST(REF("Merchant"))) ","
		FIELD("next_cursor", TEXT_NULL))},
	{"LineError", OBJECT(
		FIELD("line", INT) ","
		FIELD("id", TEXT) ","
		FIELD("field", TEXT) ","
		FIELD("detail", TEXT))},
	{"CatalogReport", OBJECT(
		FIELD("generation", TEXT) ","
		FIELD("accepted", INT) ","
		FIELD("rejected", INT) ","
		FIELD("unchanged", INT) ","
		FIELD("deleted", INT) ","
		FIELD("errors", LIST(REF("LineError"))))},
	{"CatalogErrors", OBJECT(
		FIELD("at", TEXT_NULL) ","
		FIELD("accepted", INT) ","
		FIELD("rejected", INT) ","
		FIELD("unchanged", INT) ","
		FIELD("errors", LIST(REF("LineError"))))},
	{"CatalogState", OBJECT(
		FIELD("merchant", TEXT) ","
		FIELD("generation", TEXT_NULL) ","
		FIELD("products", INT) ","
		FIELD("status", TEXT))},
	{"Products", OBJECT(
		FIELD("data", LIST(REF("Product"))) ","
		FIELD("next_cursor", TEXT_NULL))},
	{"Search", OBJECT(
		FIELD("data", LIST(OBJECT(
			FIELD("product", REF("Product")) ","
			FIELD("score", "{\"type\":\"number\"}")))) ","
		FIELD("catalog", TEXT))},
	{"Conversion", OBJECT_WITH("\"order_id\"",
		FIELD("merchant", TEXT) ","
		FIELD("order_id", TEXT) ","
		FIELD("click_id", TEXT) ","
		FIELD("occurred_at", TIME) ","
		FIELD("status", "{\"enum\":[\"pending\",\"approved\",\"declined\",\"reversed\",\"paid\"]}") ","
		FIELD("total", REF("Money")) ","
		FIELD("adjustment", REF("Money")) ","
		FIELD("commission", REF("Money")) ","
		FIELD("items", LIST(OBJECT(
			FIELD("id", TEXT) ","
			FIELD("category", TEXT) ","
			FIELD("quantity", INT) ","
			FIELD("total", REF("Money"))))))},
	{"Booking", OBJECT(
		FIELD("result", "{\"enum\":[\"booked\",\"changed\",\"repeated\",\"parked\",\"quarantined\",\"accepted\"]}"))},
	{"Commissions", OBJECT(
		FIELD("data", LIST(ANY_OBJECT)) ","
		FIELD("next_cursor", TEXT_NULL))},
	{"ImportReport", OBJECT(
		FIELD("network", TEXT) ","
		FIELD("rows", INT) ","
		FIELD("booked", INT) ","
		FIELD("changed", INT) ","
		FIELD("repeated", INT) ","
		FIELD("parked", INT) ","
		FIELD("quarantined", INT) ","
		FIELD("accepted", INT) ","
		FIELD("rejected", INT) ","
		FIELD("errors", LIST(REF("LineError"))))},
	{"Quarantine", OBJECT(
		FIELD("data", LIST(ANY_OBJECT)) ","
		FIELD("next_cursor", TEXT_NULL))},
	{"Accounts", OBJECT(
		FIELD("data", LIST(OBJECT(
			FIELD("account", TEXT) ","
			FIELD("balance", REF("Money")) ","
			FIELD("micro", INT)))))},
	{"Holdout", OBJECT(
		FIELD("from", TIME) ","
		FIELD("to", TIME) ","
		FIELD("as_of", TIME) ","
		FIELD("confidence", "{\"type\":\"number\"}") ","
		FIELD("arms", OBJECT(FIELD("linked", ANY_OBJECT) "," FIELD("held_out", ANY_OBJECT))) ","
		FIELD("lift", ANY_OBJECT))},
	{"Demand", OBJECT(
		FIELD("rows", LIST(OBJECT(
			FIELD("name", TEXT) ","
			FIELD("kind", "{\"enum\":[\"lexicon\",\"category\"]}") ","
			FIELD("reason", TEXT) ","
			FIELD("conversations", INT) ","
			FIELD("answers", INT)))))},
	{"Erasure", OBJECT(
		FIELD("erased", "{\"type\":\"integer\",\"description\":\"answers that were the user's\"}"))},
	{"Report", OBJECT(
		FIELD("tz", TEXT) ","
		FIELD("date_basis", TEXT) ","
		FIELD("as_of", TIME) ","
		FIELD("rows", LIST(OBJECT(
			FIELD("key", ANY_OBJECT)))) ","
		FIELD("next_cursor", TEXT_NULL))},
	{"Health", OBJECT(
		FIELD("status", TEXT))},
};
const size_t openapi_schema_count = ARRAY_LEN(openapi_schemas);
