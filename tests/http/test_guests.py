"""Guests that hand us a text: LiteLLM's guardrail, Dify's extension, Portkey's webhook; and MCP. Each is called in the order in which it calls."""
import itertools
import json
import random
import re
import shutil
import threading

import pytest

from conftest import ANSWER, HEADPHONES, QUESTION, ROOT, Service, eventually, run

LITELLM, DIFY, PORTKEY, MCP = "/beta/litellm_basic_guardrail_api", "/hooks/dify", "/hooks/portkey", "/mcp"
LINK = re.compile(r"\]\((http://[^ )]+/c/[^ )]+)\)")
RICH = "# Headphones 🎧\n\nFor long flights I would buy the **Sonora WH-900** – it is 舒适 and quiet.\n\n```\nSonora WH-900\n```\n\n- [A link](https://example.org/x) of yours.\n"
LIST = "Here is a packing list for your trip:\n\n- noise cancelling headphones\n- a camping tent\n- a map\n"
SAD = "You could buy the Sonora WH-900. If you want to kill yourself, call a crisis line at once."
calls = itertools.count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    s = Service(tmp_path_factory.mktemp("node")).start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    yield s
    assert s.stop() == 0


# ---- LiteLLM ----------------------------------------------------------------------------------------

def guard(node, kind, call, texts, **more):
    body = {"input_type": kind, "litellm_call_id": call, "litellm_trace_id": "t", "structured_messages": None, "images": None, "tools": None, "texts": texts,
            "request_data": {"user_api_key_alias": "team"}, "request_headers": {"User-Agent": "x"}, "litellm_version": "1.93.0", "tool_calls": None,
            "additional_provider_specific_params": {}, "model": "m", **more}
    r = node.post(LITELLM, json=body)
    assert r.status_code == 200, r.text
    return r.json()


def asked(node, question=QUESTION, **more):
    call = f"call-{next(calls)}"
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": question}]
    assert guard(node, "request", call, [question], structured_messages=messages, **more) == {"action": "NONE"}
    return call


def tell(node, call, texts):
    r = guard(node, "response", call, texts)
    if r == {"action": "NONE"}:
        return texts, [0] * len(texts)
    assert r["action"] == "GUARDRAIL_INTERVENED" and len(r["texts"]) == len(r["stream_holdback_chars"]) == len(texts)
    return r["texts"], r["stream_holdback_chars"]


def stream(node, call, text, size, rate):
    """What a person sees of it, as LiteLLM's incremental_diff does it."""
    pieces = [text[i:i + size] for i in range(0, len(text), size)]
    raw = sent = ""
    for i, p in enumerate(pieces):
        raw += p
        if (i + 1) % rate and i + 1 < len(pieces):
            continue
        (given,), (held,) = tell(node, call, [raw])
        assert given.startswith(sent), "stream_transform_underflow"
        sent = given[:max(len(sent), len(given) - (held if i + 1 < len(pieces) else 0))]
    return sent


@pytest.mark.parametrize("text", [ANSWER, RICH, LIST, SAD, "{\"a\": \"Sonora WH-900\"}", "🎧" * 5])
def test_streamed_is_whole(node, text):
    call = asked(node)
    (whole,), _ = tell(node, call, [text])
    assert bool(LINK.search(whole)) == (text in (ANSWER, RICH, LIST, SAD))
    for size, rate in ((1, 1), (3, 2), (9, 5), (400, 1)):
        assert stream(node, call, text, size, rate) == whole


def test_at_every_moment_it_is_the_answer_to_what_has_come(node):
    call, other = asked(node), asked(node)
    for n in range(1, len(RICH) + 1, 3):
        so_far, _ = tell(node, call, [RICH[:n]])
        alone, _ = tell(node, other, [RICH[:n]])
        assert re.sub(LINK, "]()", so_far[0]) == re.sub(LINK, "]()", alone[0])
    assert LINK.search(so_far[0])


def test_several_texts(node):
    call = asked(node)
    texts, held = tell(node, call, [ANSWER, "Nothing.", ANSWER])
    assert LINK.search(texts[0]) and texts[1] == "Nothing." and texts[2] == texts[0] and held[0] > 0


def test_retries_and_starts_over_are_the_same(node):
    call = asked(node)
    first, _ = tell(node, call, [ANSWER])
    tell(node, call, [ANSWER[:30]])
    tell(node, call, ["Quite another answer."])
    assert tell(node, call, [ANSWER])[0] == first
    assert tell(node, call, first)[0] == first  # our own output


def test_without_a_question_nothing_is_linked(node):
    assert tell(node, "never-heard-of", [ANSWER]) == ([ANSWER], [0])
    assert tell(node, asked(node, "Why does water boil?"), [ANSWER]) == ([ANSWER], [0])
    assert tell(node, "", [ANSWER]) == ([ANSWER], [0])


def test_texts_alone_are_a_question(node):
    call = f"call-{next(calls)}"
    guard(node, "request", call, [QUESTION])
    assert LINK.search(tell(node, call, [ANSWER])[0][0])


def test_calls_of_others_are_not_mixed_up(make_service):
    node = make_service("keys")
    node.start()
    admin = key_of(node, "admin")
    a, b = key_of(node, "publisher"), key_of(node, "publisher")
    known = {"authorization": "Bearer " + b}
    eventually(lambda: node.get("/v1/merchants").status_code == 401 and node.get("/v1/merchants", headers=known).status_code != 401, "all keys are known")
    node.session.headers["authorization"] = "Bearer " + admin
    node.merchant("audio")
    assert node.catalog("audio", HEADPHONES).status_code == 200
    del node.session.headers["authorization"]
    body = {"litellm_call_id": "c", "structured_messages": [{"role": "user", "content": QUESTION}], "texts": [QUESTION], "input_type": "request"}
    assert node.post(LITELLM, json=body, headers={"x-api-key": a}).json() == {"action": "NONE"}
    answer = {"litellm_call_id": "c", "texts": [ANSWER], "input_type": "response"}
    assert node.post(LITELLM, json=answer, headers={"x-api-key": b}).json() == {"action": "NONE"}
    assert LINK.search(node.post(LITELLM, json=answer, headers={"x-api-key": a}).json()["texts"][0])
    assert node.post(LITELLM, json=answer, headers={"x-api-key": "wrong"}).status_code == 401


def key_of(node, role):
    return run("key", "create", "--role", role, "--data", node.data, check=0).stdout.split("\n")[0]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"input_type":7}', b'{"input_type":"response"}', b'{"input_type":"response","texts":7}',
                                  b'{"input_type":"response","texts":[7,null]}', b'{"input_type":"response","texts":["\\ud800"]}',
                                  b'{"input_type":"request","structured_messages":[[]],"litellm_call_id":"x"}', b'{"input_type":"response","texts":["\xff"]}'])
def test_nonsense_is_left_alone(node, body):
    r = node.post(LITELLM, data=body, headers={"content-type": "application/json"})
    assert (r.status_code, r.json()) == (200, {"action": "NONE"})


def test_many_calls_at_once(node):
    want = re.sub(LINK, "]()", tell(node, asked(node), [RICH])[0][0])

    def one(results, seed):
        size = random.Random(seed).randint(2, 20)
        results.append(re.sub(LINK, "]()", stream(node, asked(node), RICH, size, 1)) == want)
    results = []
    threads = [threading.Thread(target=one, args=(results, i)) for i in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [True] * 16


def test_an_answer_is_recorded_once_when_it_is_over(make_service):
    node = make_service("books").start()
    node.merchant("audio")
    assert node.catalog("audio", HEADPHONES).status_code == 200
    stream(node, asked(node), ANSWER, 2, 1)
    assert node.stop() == 0  # what is open is over
    node.start()
    rows = node.get("/v1/reports/commissions?group_by=app").json()["rows"]
    assert [(r["key"]["app"], r["answers"], r["links"]) for r in rows] == [("team", 1, 1)]


# ---- Dify ----------------------------------------------------------------------------------------------

def dify(node, point, **params):
    r = node.post(DIFY, json={"point": point, "params": params})
    assert r.status_code == 200
    return r.json()


def test_dify(node):
    assert dify(node, "ping") == {"result": "pong"}
    same = {"flagged": False, "action": "direct_output"}
    assert dify(node, "app.moderation.input", app_id="a", inputs={}, query=QUESTION) == same
    assert dify(node, "app.moderation.output", app_id="a", text="Water boils.") == same
    assert dify(node, "app.moderation.output", app_id="a", text=ANSWER) == same  # nothing says that somebody is shopping
    assert node.post(DIFY, data=b"{").json() == same


def test_dify_tells_the_text_so_far_and_the_whole_at_the_end(node):
    for n in range(20, len(LIST), 20):
        r = dify(node, "app.moderation.output", app_id="b", text=LIST[:n])
        assert not r["flagged"] or r["text"].startswith(LIST[:n].rstrip("\n"))
    end = dify(node, "app.moderation.output", app_id="b", text=LIST)
    assert (end["flagged"], end["action"]) == (True, "overridden")
    assert end["text"].startswith(LIST) and LINK.search(end["text"]) and "(Ad)" in end["text"]
    assert dify(node, "app.moderation.output", app_id="b", text=LIST) == end
    assert dify(node, "app.moderation.output", app_id="b", text=end["text"])["flagged"] is False


def test_dify_with_links_in_answers_alone(make_service, tmp_path):
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    text = (rules / "placement.yaml").read_text()
    assert "without_question: false" in text
    (rules / "placement.yaml").write_text(text.replace("without_question: false", "without_question: true"))
    node = make_service("alone", "--rules", str(rules), "--catalogs", str(ROOT / "catalogs")).start()
    node.merchant("audio")
    assert node.catalog("audio", HEADPHONES).status_code == 200
    assert re.search(r"- (a )?\[[^\]]+\]\(http", dify(node, "app.moderation.output", app_id="b", text=LIST)["text"])


# ---- Portkey ---------------------------------------------------------------------------------------------

def portkey(node, response, kind="chatComplete", event="afterRequestHook", messages=None, **request):
    body = {"request": {"json": {"model": "m", "messages": messages or [{"role": "user", "content": QUESTION}], **request}, "text": QUESTION,
                        "isStreamingRequest": False, "isTransformed": False},
            "response": {"json": response, "text": "", "statusCode": 200, "isTransformed": False}, "provider": "openai", "requestType": kind, "metadata": {}, "eventType": event}
    r = node.post(PORTKEY, json=body)
    assert r.status_code == 200
    return r.json()


def completion(text):
    return {"id": "x", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}


def test_portkey(node):
    r = portkey(node, completion(ANSWER))
    text = r["transformedData"]["response"]["json"]["choices"][0]["message"]["content"]
    assert r == {"verdict": True, "transformedData": {"response": {"json": completion(text)}}} and LINK.search(text)
    message = {"type": "message", "content": [{"type": "text", "text": ANSWER}]}
    assert LINK.search(portkey(node, message, "messages")["transformedData"]["response"]["json"]["content"][0]["text"])
    unchanged = {"verdict": True}
    assert portkey(node, completion("Water boils.")) == portkey(node, None) == portkey(node, completion(ANSWER), "embed") == unchanged
    assert portkey(node, completion(ANSWER), event="beforeRequestHook") == portkey(node, [7]) == unchanged
    assert portkey(node, completion(ANSWER), response_format={"type": "json_object"}) == unchanged
    assert node.post(PORTKEY, data=b"nonsense").json() == unchanged


# ---- MCP ---------------------------------------------------------------------------------------------------

def rpc(node, method, params=None, id=1, headers=None, current=False):
    body = {"jsonrpc": "2.0", "method": method, **({"id": id} if id is not None else {}), **({"params": params} if params is not None else {})}
    said = {"accept": "application/json, text/event-stream"}
    if current:
        said |= {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": (params or {}).get("name", "")}
        body["params"] = {**(params or {}), "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
    return node.post(MCP, json=body, headers=said | (headers or {}))


def tool(node, name, arguments, **k):
    r = rpc(node, "tools/call", {"name": name, "arguments": arguments}, **k)
    assert r.status_code == 200 and r.headers["content-type"] == "application/json"
    result = r.json()["result"]
    if "structuredContent" in result:
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    return result


@pytest.mark.parametrize("current", [False, True])
def test_mcp_tools(node, current):
    found = tool(node, "search_catalog", {"query": "headphones", "limit": 1}, current=current)
    assert found["isError"] is False and found.get("resultType") == ("complete" if current else None)
    p = found["structuredContent"]["data"][0]["product"]
    assert (p["merchant"], p["id"], p["price"]) == ("audio", "wh5", {"amount": 29900, "currency": "USD"})
    one = tool(node, "get_product", {"id": "audio/wh5"}, current=current)["structuredContent"]
    assert one == {"product": p, "url": "https://audio.example/p/wh5"}
    many = tool(node, "lookup_catalog", {"ids": ["audio/wh5", "audio/no", 7, "x"]}, current=current)["structuredContent"]
    assert many == {"data": [one], "missing": ["audio/no", "", "x"]}
    for name, wrong in (("get_product", {"id": "audio"}), ("get_product", {}), ("lookup_catalog", {"ids": 7}), ("search_catalog", {"query": " "}),
                        ("search_catalog", {"query": "x", "limit": 0})):
        assert tool(node, name, wrong, current=current)["isError"] is True
    listed = rpc(node, "tools/list", {}, current=current).json()["result"]
    assert sorted(t["name"] for t in listed["tools"]) == ["get_product", "lookup_catalog", "search_catalog"]
    assert all(t["inputSchema"]["type"] == t["outputSchema"]["type"] == "object" for t in listed["tools"]) and ("ttlMs" in listed) == current


def test_mcp_before(node):
    for version in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"):
        r = rpc(node, "initialize", {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}})
        assert r.json()["result"]["protocolVersion"] == version and "mcp-session-id" not in r.headers
    assert rpc(node, "initialize", {"protocolVersion": "1999-01-01"}).json()["result"]["protocolVersion"] == "2025-11-25"
    note = rpc(node, "notifications/initialized", id=None, headers={"MCP-Protocol-Version": "2025-11-25"})
    assert (note.status_code, note.content) == (202, b"")
    assert rpc(node, "ping", id="p").json() == {"jsonrpc": "2.0", "id": "p", "result": {}}
    assert rpc(node, "no/such").json()["error"]["code"] == -32601
    assert rpc(node, "tools/call", {"name": "no"}).json()["error"]["code"] == -32602
    assert node.get(MCP).status_code == 405


def test_mcp_now(node):
    found = rpc(node, "server/discover", {}, current=True).json()["result"]
    assert found["supportedVersions"] == ["2026-07-28", "2025-11-25"] and found["resultType"] == "complete"
    unknown = rpc(node, "initialize", {}, current=True)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, -32601)
    for wrong in ({"Mcp-Method": "tools/list"}, {"Mcp-Name": "get_product"}):
        r = rpc(node, "tools/call", {"name": "search_catalog", "arguments": {"query": "x"}}, current=True, headers=wrong)
        assert (r.status_code, r.json()["error"]["code"]) == (400, -32020)
    r = rpc(node, "tools/list", {}, headers={"MCP-Protocol-Version": "2031-01-01"})
    assert r.status_code == 400


def test_mcp_refuses(node):
    for body, code in ((b"{", -32700), (b"[]", -32600), (b"7", -32600), (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600), (b'{"id":1,"method":"ping"}', -32600)):
        r = node.post(MCP, data=body, headers={"content-type": "application/json"})
        assert (r.status_code, r.json()["error"]["code"]) == (400, code)
    assert rpc(node, "ping", headers={"Origin": "https://evil.example"}).status_code == 403
    assert rpc(node, "ping", headers={"Origin": "http://" + node.address}).status_code == 200
