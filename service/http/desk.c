/* Guests that hand us a text, and MCP: their bodies go to the hook as they came, and what it says goes back. */
#include "http/door.h"

typedef void tell(struct hook_desk *d, struct str caller, struct str json, int64_t now_us, struct buf *reply);

static enum turn hand_over(struct request *r, tell *guest)
{
	guest(r->server->services.desk, str_of(r->caller.key_id), r->bytes, mono_us(), &r->reply.body);
	reply_json(r, 200);
	return ANSWERED;
}

enum turn answer_litellm(struct request *r)
{
	return hand_over(r, hook_litellm);
}

enum turn answer_dify(struct request *r)
{
	return hand_over(r, hook_dify);
}

enum turn answer_portkey(struct request *r)
{
	return hand_over(r, hook_portkey);
}

enum turn answer_mcp(struct request *r)
{
	const struct hook_mcp_call call = {
	        .origin = request_header(r, "Origin"),
	        .host = request_header(r, "Host"),
	        .version = request_header(r, "MCP-Protocol-Version"),
	        .method = request_header(r, "Mcp-Method"),
	        .name = request_header(r, "Mcp-Name"),
	};
	int status = hook_mcp(r->server->services.desk, &call, r->bytes, &r->reply.body);
	if (status == 202)
		reply_send(r, 202, NULL);
	else
		reply_json(r, status);
	return ANSWERED;
}
