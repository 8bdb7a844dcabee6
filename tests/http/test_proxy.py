"""The OpenAI-compatible proxy, in front of an upstream whose every byte is the test's."""
import gzip
import json
import os
import re
import socket
import threading
import time

import pytest
import requests

from conftest import ANSWER, DEADLINE, HEADPHONES, QUESTION, Service, eventually, run
from upstream import HEAD, USAGE, Upstream, body, chunk, chunks, completion, event, read_events, texts

QUIET = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
MESSAGES = [{"role": "user", "content": QUESTION}]
IDLE = [{"role": "user", "content": "Why does water boil sooner on mountains?"}]
CHAT = "/v1/chat/completions"
PLAIN = "Water boils at a lower temperature on a mountain, as the air presses less."
RICH = ("# Headphones 🎧\n\nFor long flights I would buy the **Sonora WH-900** – it is 舒适 and quiet.\n\n```\nSonora WH-900\n```\n\n"
        "- The Ridgeline 2 Person Camping Tent is another matter.\n- [A link](https://example.org/x) of yours.\n")
LINK = re.compile(r"\]\((http://[^ )]+/c/[^ )]+)\)")


def start(node):
    node.start()
    node.merchant("audio")
    assert node.catalog("audio", HEADPHONES).status_code == 200
    return node


@pytest.fixture(scope="module")
def up():
    u = Upstream()
    yield u
    u.close()
    assert not u.failures


@pytest.fixture(scope="module")
def node(tmp_path_factory, up):
    s = start(Service(tmp_path_factory.mktemp("node"), "--upstream", up.url, "--upstream-key", "sk-upstream", env=QUIET))
    yield s
    assert s.stop() == 0


@pytest.fixture(autouse=True)
def fresh(up):
    up.calls.clear()


def ask(node, stream=False, messages=MESSAGES, headers=None, model="m", **more):
    return node.post(CHAT, json={"model": model, "messages": messages, **({"stream": True} if stream else {}), **more}, headers=headers or {})


def whole(node, up, text, **k):
    up.script = lambda c: c.whole(completion(text))
    return ask(node, **k).json()["choices"][0]["message"]["content"]


def streamed(node, up, data, cut=None, **k):
    up.script = lambda c: c.stream(data, cut)
    r = ask(node, stream=True, **k)
    assert r.status_code == 200
    return r.content


# ---- links ---------------------------------------------------------------------------------------

def test_a_whole_answer_is_what_insert_makes_of_it(node, up):
    up.script = lambda c: c.whole(completion(ANSWER, n=2), x_request_id="req_7")
    r = ask(node, n=2)
    inserted = node.insert(ANSWER, None, messages=MESSAGES, model="m")["answer"]
    assert LINK.search(inserted)
    assert r.json() == completion(inserted, n=2)
    assert r.headers["x-request-id"] == "req_7" and int(r.headers["content-length"]) == len(r.content)


@pytest.mark.parametrize("cut", [1, 2, 7, None])
@pytest.mark.parametrize("size", [1, 3, 20, 1000])
def test_streamed_is_whole(node, up, cut, size):
    for text in (ANSWER, RICH):
        want = whole(node, up, text)
        assert LINK.search(want)
        assert texts(streamed(node, up, body(chunks(text, size)), cut)) == {0: want}


@pytest.mark.parametrize("wire", [dict(nl="\r\n"), dict(nl="\r"), dict(ping=2), dict(nl="\r\n", ping=1), dict(done=False), dict(ascii=True)], ids=str)
@pytest.mark.parametrize("cut", [1, 3, None])
def test_wire_tricks(node, up, wire, cut):
    data = body(chunks(RICH, 4, n=3, usage=True), **wire)
    want = whole(node, up, RICH)
    got = streamed(node, up, data, cut, n=3)
    assert texts(got) == {0: want, 1: want, 2: want}
    assert got.count(b": keep-alive") == data.count(b": keep-alive")
    assert got.endswith(data[-20:]) or not wire.get("done", True)


def test_a_last_event_without_its_blank_line(node, up):
    assert texts(streamed(node, up, body(chunks(ANSWER)).rstrip())) == {0: whole(node, up, ANSWER)}


def test_an_emoji_cut_in_two_escapes(node, up):
    text = "🎧 " + ANSWER
    halves = [chunk({"content": "@"}), chunk({"content": "#"})]
    data = body(halves, done=False).replace(b'"@"', b'"\\ud83c"').replace(b'"#"', b'"\\udfa7 "') + body(chunks(ANSWER))
    got = streamed(node, up, data, 5)
    assert "".join(json.loads('"%s"' % x) for x in re.findall(r'"content": ?"((?:[^"\\]|\\.)*)"', got.decode())).encode("utf-16", "surrogatepass") \
        .decode("utf-16") == whole(node, up, text)


def test_a_link_is_one_delta_and_the_notice_comes_before_the_end(node, up):
    got = read_events(streamed(node, up, body(chunks(ANSWER, 3, usage=True))))
    deltas = [x["choices"][0]["delta"].get("content", "") for x in got[:-2]]
    assert sum(bool(re.search(r"\[[^\]]+\]\([^)]+\) \(Ad\)", d)) for d in deltas) == 1
    assert "affiliate" in deltas[-2] and got[-3]["choices"][0] == chunk({}, finish="stop")["choices"][0]
    assert got[-2:] == [{**HEAD, "choices": [], "usage": USAGE}, "[DONE]"]
    ours = got[-4]
    assert {k: ours[k] for k in HEAD} == HEAD and ours["usage"] is None


def test_content_and_end_in_one_chunk(node, up):
    data = body([chunk({"role": "assistant", "content": ANSWER}, finish="stop")])
    assert texts(streamed(node, up, data)) == {0: whole(node, up, ANSWER)}


def test_annotations_of_the_upstream_move_with_the_text(node, up):
    at = ANSWER.index("comfortable")
    notes = [{"type": "url_citation", "url_citation": {"start_index": at, "end_index": at + 11, "url": "https://x.example/", "title": "X"}}]
    up.script = lambda c: c.whole(completion(ANSWER, annotations=notes))
    m = ask(node).json()["choices"][0]["message"]
    moved = m["annotations"][0]["url_citation"]
    assert m["content"][moved["start_index"]:moved["end_index"]] == "comfortable" and moved["start_index"] > at
    events = chunks(ANSWER)
    got = read_events(streamed(node, up, body(events[:-1] + [chunk({"annotations": notes})] + events[-1:])))
    assert [x["choices"][0]["delta"]["annotations"] for x in got[:-1] if "annotations" in x["choices"][0]["delta"]] == [m["annotations"]]


@pytest.mark.parametrize("stream", [False, True])
def test_gzip_from_the_upstream(node, up, stream):
    packed = gzip.compress(body(chunks(ANSWER)) if stream else json.dumps(completion(ANSWER)).encode())
    want = whole(node, up, ANSWER)
    if stream:
        assert texts(streamed_packed(node, up, packed)) == {0: want}
    else:
        up.script = lambda c: c.whole(packed, Content_Encoding="gzip")
        r = ask(node)
        assert r.json()["choices"][0]["message"]["content"] == want and "content-encoding" not in r.headers


def streamed_packed(node, up, packed):
    up.script = lambda c: c.stream(packed, 11, Content_Encoding="gzip")
    return ask(node, stream=True).content


def test_it_is_in_the_ledger(node, up):
    def row():
        rows = node.get("/v1/reports/commissions?group_by=model").json()["rows"]
        return next((r for r in rows if r["key"]["model"] == "for-the-ledger"), {"answers": 0, "links": 0})
    whole(node, up, ANSWER, model="for-the-ledger")
    streamed(node, up, body(chunks(ANSWER, usage=True)), model="for-the-ledger")
    streamed(node, up, body(chunks(PLAIN)), model="for-the-ledger")
    assert eventually(lambda: row()["answers"] == 3 and row(), "three answers")["links"] == 2


# ---- what stays as it is ----------------------------------------------------------------------------

@pytest.mark.parametrize("data", [body(chunks(RICH, 3, n=2, usage=True), nl="\r\n", ping=3), b"data: {nonsense\n\n" + body(chunks(ANSWER)), b"", b"\xff\xfe\x00"])
def test_off_is_the_upstreams_bytes(node, up, data):
    assert streamed(node, up, data, 13, headers={"X-Inlay": "off"}) == data
    packed = gzip.compress(data)
    up.script = lambda c: c.whole(packed, Content_Encoding="gzip")
    r = requests.post(node.url + CHAT, json={"messages": MESSAGES}, headers={"X-Inlay": "OFF", "Accept-Encoding": "gzip"}, stream=True, timeout=DEADLINE)
    assert r.raw.read(decode_content=False) == packed and r.headers["content-encoding"] == "gzip"
    assert up.calls[-1].headers["accept-encoding"] == "gzip" and "x-inlay" not in up.calls[-1].headers


@pytest.mark.parametrize("name,events,ask_for", [
    ("tools", [chunk({"role": "assistant", "content": None}), chunk({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function":
               {"name": "f", "arguments": "{\"q\": \"Sonora WH-900\"}"}}]}), chunk({}, finish="tool_calls")], {}),
    ("reasoning", [chunk({"reasoning_content": "I would buy the Sonora WH-900."}), chunk({"content": "Yes."}), chunk({}, finish="stop")], {"messages": IDLE}),
    ("refusal", [chunk({"refusal": "I cannot recommend the Sonora WH-900."}), chunk({}, finish="stop")], {}),
    ("json", chunks(json.dumps({"say": ANSWER})), {"response_format": {"type": "json_object"}}),
    ("schema", chunks(ANSWER), {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}),
    ("logprobs", chunks(ANSWER), {"logprobs": True}),
    ("unasked logprobs", [{**HEAD, "choices": [{"index": 0, "delta": {"content": ANSWER}, "logprobs": {"content": []}, "finish_reason": None}]}], {}),
    ("obfuscation", [{**x, "obfuscation": "xYz"} for x in chunks(PLAIN)], {"messages": IDLE}),
    ("unknown", [{"object": "thread.run", "id": 1}, "not json", chunk({"content": ANSWER})], {}),
    ("no index", [{"choices": [{"delta": {"content": PLAIN}}]}], {"messages": IDLE}),
    ("odd index", [{"choices": [{"index": "a", "delta": {"content": ANSWER}}]}], {}),
    ("empty", [{"choices": []}, {"choices": [{"index": 0, "delta": {}}]}, {}], {}),
], ids=lambda x: x if isinstance(x, str) else "")
def test_bytes_that_hold_no_answer_stay(node, up, name, events, ask_for):
    data = body(events, nl="\r\n", ping=2)
    assert streamed(node, up, data, 7, **ask_for) == data


@pytest.mark.parametrize("answer,ask_for", [
    (b'{"choices":[{"message":{"content":"' + ANSWER.encode() + b'"}', {}),
    (b"<html>Sonora WH-900</html>", {}), (b"", {}), (b"[]", {}), (b'{"choices":{}}', {}), (b'{"choices":[7,{}]}', {}),
    (json.dumps(completion(ANSWER)).encode(), {"response_format": {"type": "json_object"}}),
    (json.dumps(completion(ANSWER)).encode(), {"logprobs": True}),
    (json.dumps(completion(ANSWER, finish="content_filter")).encode(), {}),
    (json.dumps(completion(ANSWER, refusal="no")).encode(), {}),
    (json.dumps(completion(None, tool_calls=[{"function": {"arguments": ANSWER}}])).encode(), {}),
    (json.dumps(completion(PLAIN), indent=3).encode(), {}),
])
def test_whole_answers_that_stay(node, up, answer, ask_for):
    up.script = lambda c: c.whole(answer)
    assert ask(node, **ask_for).content == answer


def test_a_chore_of_the_interface_gets_no_links(node, up):
    chore = MESSAGES + [{"role": "user", "content": "### Task:\nGenerate a concise title.\n" + QUESTION}]
    assert whole(node, up, ANSWER, messages=chore) == ANSWER


@pytest.mark.parametrize("asked,text", [(IDLE, PLAIN), (MESSAGES, "It is the last of them that you will find, as it does not"),
                                        (MESSAGES, "I think that it is for you, and that it will be for the")])
def test_what_can_hold_no_link_does_not_wait(node, up, asked, text):
    """In lockstep: the upstream says the next word only when the client has the one before. When somebody is shopping, words that belong to no thing go
    at once too."""
    words = text.split(" ")
    turn = threading.Semaphore(0)

    def script(c):
        c.head(type="text/event-stream", Transfer_Encoding="chunked")
        for w in words:
            c.piece(event(chunk({"content": w + " "})))
            assert turn.acquire(timeout=DEADLINE)
        c.send(b"0\r\n\r\n")
    up.script = script
    r = requests.post(node.url + CHAT, json={"messages": asked, "stream": True},
                      stream=True, timeout=DEADLINE)
    got = []
    for line in r.iter_lines(chunk_size=1):
        if line.startswith(b"data:"):
            got.append(json.loads(line[5:])["choices"][0]["delta"]["content"])
            turn.release()
    assert got == [w + " " for w in words]


# ---- errors --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize("stream", [False, True])
def test_errors_come_in_their_own_form(node, up, status, stream):
    error = b'{"error": {"message": "the Sonora WH-900", "type": "t", "param": null, "code": null}}'
    up.script = lambda c: c.whole(error, status, retry_after="7", x_ratelimit_remaining_requests="0", x_request_id="r")
    r = ask(node, stream=stream)
    assert (r.status_code, r.content) == (status, error)
    assert (r.headers["retry-after"], r.headers["x-ratelimit-remaining-requests"], r.headers["x-request-id"]) == ("7", "0", "r")


def test_an_error_in_the_middle(node, up):
    error = event({"error": {"message": "overloaded", "type": "server_error", "param": None, "code": None}})
    data = b"".join(map(event, chunks("You could buy the Sonora", 4)[:-1])) + error
    got = streamed(node, up, data)
    assert got.endswith(error) and texts(got) == {0: "You could buy the Sonora"}


def broken_read(r):
    got = b""
    try:
        for piece in r.iter_content(None):
            got += piece
    except requests.exceptions.ChunkedEncodingError:
        return got, True
    return got, False


def test_a_dropped_connection(node, up):
    data = b"".join(map(event, chunks("You could buy the Sonora", 4)[:-1]))
    up.script = lambda c: c.stream(data, end=False)
    r = requests.post(node.url + CHAT, json={"messages": MESSAGES, "stream": True}, stream=True, timeout=DEADLINE)
    got, broken = broken_read(r)
    assert broken and texts(got) == {0: "You could buy the Sonora"}


def test_a_whole_answer_that_breaks_off(node, up):
    def script(c):
        c.head(Content_Length=5000)
        c.send(json.dumps(completion(ANSWER)).encode())
    up.script = script
    r = requests.post(node.url + CHAT, json={"messages": MESSAGES}, stream=True, timeout=DEADLINE)
    got, broken = broken_read(r)
    assert broken and got == json.dumps(completion(ANSWER)).encode()


def is_dialect(r, status, code):
    error = r.json()["error"]
    assert (r.status_code, error["code"], error["param"]) == (status, code, None) and error["message"] and error["type"]
    assert r.headers["content-type"] == "application/json"


@pytest.mark.parametrize("answer", [b"", b"220 mail.example ready\r\n\r\n", b"HTTP/1.1 2", b"\x00" * 100])
def test_no_http_from_the_upstream(node, up, answer):
    up.script = lambda c: c.send(answer)
    is_dialect(ask(node, stream=True), 502, "upstream_unreachable")


def test_the_upstream_is_down(make_service):
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = "http://127.0.0.1:%d/v1" % free.getsockname()[1]
    node = start(make_service("down", "--upstream", url, env=QUIET))
    is_dialect(ask(node), 502, "upstream_unreachable")
    assert node.insert(ANSWER, QUESTION)["decision"] == "linked"


def test_no_upstream(make_service):
    node = make_service("none").start()
    is_dialect(ask(node), 503, "unavailable")
    assert node.get("/v1/nothing").headers["content-type"] == "application/problem+json"


def test_a_wrong_upstream_is_refused():
    for wrong in ("ftp://x", "api.openai.com", "http://", "http://h/?a=b"):
        assert run("serve", "--upstream", wrong, "--listen", "127.0.0.1:0", "--ledger", "none", "--secret-file", "/dev/null").returncode != 0


# ---- clients that go, or are slow ---------------------------------------------------------------------------

def raw_ask(node, stream=True):
    data = json.dumps({"messages": IDLE, "stream": stream}).encode()
    host, port = node.address.split(":")
    s = socket.create_connection((host, int(port)), timeout=DEADLINE)
    s.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (CHAT.encode(), len(data), data))
    return s


@pytest.mark.parametrize("says", ["nothing", "head", "words"])
def test_a_client_that_goes_stops_the_upstream(node, up, says):
    seen, gone = threading.Event(), threading.Event()

    def script(c):
        if says != "nothing":
            c.head(type="text/event-stream", Transfer_Encoding="chunked")
        if says == "words":
            c.piece(event(chunk({"content": "Well "})))
        seen.set()
        if c.until_gone(DEADLINE):
            gone.set()
    up.script = script
    with raw_ask(node) as s:
        assert seen.wait(DEADLINE)
        if says == "words":
            receive_until(s, b"Well")
    assert gone.wait(DEADLINE)


def receive_until(s, what):
    got = b""
    while what not in got:
        more = s.recv(65536)
        assert more, got
        got += more
    return got


def test_a_slow_client_holds_the_upstream_back(node, up):
    """Nothing is read: the upstream gets rid of no more than fits into sockets and our bound; then all of it arrives in order."""
    block = b"".join(b"%07d\n" % i for i in range(131072))  # 1 MiB
    sent, stuck = [0], threading.Event()

    def script(c):
        c.head(type="application/octet-stream", Content_Length=64 * len(block))
        c.sock.settimeout(2)
        left = memoryview(block * 64)
        while left:
            try:
                n = c.sock.send(left[:65536])
            except TimeoutError:
                stuck.set()
                c.sock.settimeout(DEADLINE)
                continue
            sent[0] += n
            left = left[n:]
    up.script = script
    s = raw_ask(node)
    assert stuck.wait(DEADLINE) and sent[0] < 32 << 20
    f = s.makefile("rb")
    while f.readline().strip():
        pass
    for _ in range(64):
        assert f.read(len(block)) == block
    s.close()


def test_many_streams_at_once_and_nothing_leaks(node, up):
    data = body(chunks(RICH, 3, n=2))
    want = texts(streamed(node, up, data))
    fds = f"/proc/{node.process.pid}/fd"

    def one(results):
        r = requests.post(node.url + CHAT, json={"model": "m", "messages": MESSAGES, "stream": True}, timeout=DEADLINE)
        results.append(texts(r.content) == want)
    up.script = lambda c: c.stream(data, 50)
    before = None
    for _ in range(3):
        results = []
        threads = [threading.Thread(target=one, args=(results,)) for _ in range(60)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert results == [True] * 60
        eventually(lambda: len(os.listdir(fds)) <= (before or 10**6), "descriptors are closed")
        before = before or len(os.listdir(fds)) + 8
    assert node.get("/healthz").status_code == 200


def test_sigterm_lets_a_stream_finish(make_service, up):
    node = start(make_service("term", "--upstream", up.url, env=QUIET))
    begun, go = threading.Event(), threading.Event()

    def script(c):
        events = chunks(ANSWER)
        c.head(type="text/event-stream", Transfer_Encoding="chunked")
        for i, x in enumerate(events):
            c.piece(event(x))
            if i == 3:
                begun.set()
                assert go.wait(DEADLINE)
        c.piece(event("[DONE]"))
        c.send(b"0\r\n\r\n")
    want = whole(node, up, ANSWER)
    up.script = script
    r = requests.post(node.url + CHAT, json={"model": "m", "messages": MESSAGES, "stream": True}, stream=True, timeout=DEADLINE)
    assert begun.wait(DEADLINE)
    ending = threading.Thread(target=node.stop)
    ending.start()
    eventually(lambda: "event=stopping" in node.log(), "it is stopping")
    go.set()
    assert texts(r.content) == {0: want}
    ending.join()


def test_sigterm_does_not_wait_for_ever(make_service, up):
    node = start(make_service("term2", "--upstream", up.url, "--drain-ms", "300", env=QUIET))
    begun = threading.Event()

    def script(c):
        c.head(type="text/event-stream", Transfer_Encoding="chunked")
        c.piece(event(chunk({"content": "Well "})))
        begun.set()
        c.until_gone(DEADLINE)
    up.script = script
    r = requests.post(node.url + CHAT, json={"messages": MESSAGES, "stream": True}, stream=True, timeout=DEADLINE)
    assert begun.wait(DEADLINE)
    assert node.stop() == 0
    got, broken = broken_read(r)
    assert broken and texts(got) == {0: "Well "}


# ---- requests ---------------------------------------------------------------------------------------------------

def test_our_links_in_the_history_are_read_and_taken_out(node, up):
    first = whole(node, up, ANSWER)
    assert LINK.search(first)
    history = MESSAGES + [{"role": "assistant", "content": first}, {"role": "assistant", "content": [{"type": "text", "text": first}]},
                          {"role": "user", "content": QUESTION + " Again: " + first}]
    again = whole(node, up, ANSWER, messages=history)
    sent = up.calls[-1].json()["messages"]
    assert sent[1]["content"] == ANSWER and sent[2]["content"] == [{"type": "text", "text": ANSWER}]
    assert sent[0] == history[0] and sent[3] == history[3]  # what the user wrote stays
    assert again == ANSWER  # nothing twice in a conversation


def test_a_request_goes_on_as_it_came(node, up):
    raw = b'{ "messages" : [{"role":"user","content":"\\u0041 caf\xc3\xa9 \\ud83c\\udfa7"}],  "model":"m", "x":[1.50,1e9], "stream":false }'
    up.script = lambda c: c.whole(completion(PLAIN))
    node.post(CHAT, data=raw, headers={"Content-Type": "application/json", "X-Custom": "1", "traceparent": "t", "OpenAI-Organization": "org"})
    call = up.calls[-1]
    assert call.body == raw and (call.method, call.target) == ("POST", CHAT)
    assert call.headers["x-custom"] == "1" and call.headers["openai-organization"] == "org" and call.headers["traceparent"] == "t"
    assert call.headers["authorization"] == "Bearer sk-upstream" and call.headers["host"] in up.url


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"messages":7}', b'{"messages":[{"role":"assistant","content":"](http"}]', b"\xff" * 100, b"[" * 100000])
def test_requests_that_are_none_are_the_upstreams_to_refuse(node, up, raw):
    up.script = lambda c: c.whole(b'{"error":{}}', 400)
    r = node.post(CHAT, data=raw, headers={"Content-Type": "application/json"})
    assert r.status_code == 400 and up.calls[-1].body == raw


def test_a_packed_request(node, up):
    up.script = lambda c: c.whole(completion(ANSWER))
    r = node.post(CHAT, data=gzip.compress(json.dumps({"model": "m", "messages": MESSAGES}).encode()), headers={"Content-Encoding": "gzip"})
    assert LINK.search(r.json()["choices"][0]["message"]["content"])
    assert "content-encoding" not in up.calls[-1].headers and up.calls[-1].json()["messages"] == MESSAGES
    is_dialect(node.post(CHAT, data=b"no gzip", headers={"Content-Encoding": "gzip"}), 400, "refused")


def test_aliases(make_service, up):
    node = start(make_service("alias", "--upstream", up.url, "--upstream-links", "alias", env=QUIET))
    assert whole(node, up, ANSWER, model="gpt-4o") == ANSWER
    assert LINK.search(whole(node, up, ANSWER, model="gpt-4o+links"))
    assert up.calls[-1].json()["model"] == "gpt-4o"
    assert whole(node, up, ANSWER, model="gpt-4o+links", headers={"X-Inlay": "off"}) == ANSWER
    assert up.calls[-1].json()["model"] == "gpt-4o"
    assert LINK.search(whole(node, up, ANSWER, model="gpt-4o", headers={"X-Inlay": "on"}))
    raw = b'{ "object":"list", "data":[ {"id":"gpt-4o","x":[1]}, 7, {"id":"o3"} ], "z":1 }'
    up.script = lambda c: c.whole(raw)
    assert [m["id"] for m in node.get("/v1/models").json()["data"] if m != 7] == ["gpt-4o", "o3", "gpt-4o+links", "o3+links"]
    assert node.get("/v1/models", headers={"X-Inlay": "off"}).content == raw
    for odd in (b"[]", b"{", b'{"data":{}}', b""):
        up.script = lambda c: c.whole(odd)
        assert node.get("/v1/models").content == odd


@pytest.mark.parametrize("method,path,data", [("GET", "/v1/models", None), ("GET", "/v1/models/m", None), ("DELETE", "/v1/files/f1", None),
                                              ("POST", "/v1/embeddings?a=%20b&c", b"\x00\xff" * 400000), ("PATCH", "/v1/x", b"y"),
                                              ("POST", "/v1/audio/speech", None), ("PUT", "/v1/x/y", b"")])
def test_everything_else_goes_through(node, up, method, path, data):
    answer = os.urandom(100000)
    up.script = lambda c: c.whole(answer, 202, x_thing="1", Set_Cookie="a=b")
    r = node.request(method, path, data=data, headers={"Content-Type": "application/x-thing"})
    assert (r.status_code, r.content, r.headers["x-thing"], r.headers["content-length"]) == (202, answer, "1", "100000")
    call = up.calls[-1]
    assert (call.method, call.target, call.body, call.headers["content-type"]) == (method, path, data or b"", "application/x-thing")


def test_head_and_empty_answers(node, up):
    up.script = lambda c: c.head(Content_Length=77)
    r = node.request("HEAD", "/v1/models")
    assert r.status_code == 200 and r.headers["content-length"] == "77" and up.calls[-1].method == "HEAD"
    up.script = lambda c: c.send(b"HTTP/1.1 204 No Content\r\nX-A: b\r\nConnection: close\r\n\r\n")
    assert node.request("DELETE", "/v1/files/f").status_code == 204


@pytest.mark.parametrize("path", ["/v1/../admin", "/v1/a/../../admin", "/v1/%2e%2e/admin", "/v1/./x", "/v1/a\\..\\b"])
def test_no_way_out_of_the_base(node, up, path):
    host, port = node.address.split(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE) as s:
        s.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path.encode())
        assert b" 404 " in s.makefile("rb").readline()
    assert not up.calls


def test_a_base_with_a_path(make_service, up):
    node = start(make_service("base", "--upstream", up.url + "/api/paas/v4/", env=QUIET))
    assert LINK.search(whole(node, up, ANSWER))
    assert up.calls[-1].target == "/api/paas/v4/chat/completions"
    assert "authorization" not in up.calls[-1].headers


def test_keys(make_service, up):
    node = make_service("keys", "--upstream", up.url, "--upstream-key", "sk-upstream", env=QUIET)
    keys = {r: run("key", "create", "--role", r, "--data", node.data, check=0).stdout.split()[0] for r in ("publisher", "finance")}
    node.start()
    up.script = lambda c: c.whole(completion(ANSWER))
    is_dialect(ask(node), 401, "invalid_api_key")
    is_dialect(ask(node, headers={"Authorization": "Bearer nonsense"}), 401, "invalid_api_key")
    assert ask(node, headers={"Authorization": "Bearer " + keys["finance"]}).status_code == 403
    assert node.get("/v1/files").status_code == 401 and not up.calls
    assert ask(node, headers={"Authorization": "Bearer " + keys["publisher"]}).status_code == 200
    assert up.calls[-1].headers["authorization"] == "Bearer sk-upstream" and "x-api-key" not in up.calls[-1].headers
    assert ask(node, headers={"x-api-key": keys["publisher"]}).status_code == 200
    assert up.calls[-1].headers["x-api-key"] == "sk-upstream" and "authorization" not in up.calls[-1].headers
    node.stop()
    assert "sk-upstream" not in node.log() and keys["publisher"] not in node.log()


def test_each_key_has_its_own_way(make_service, up):
    node = make_service("by-key", "--upstream", up.url, env=QUIET)
    made = [run("key", "create", "--role", r, "--data", node.data, check=0).stdout.split()[0] for r in ("admin", "publisher", "publisher", "publisher")]
    ids = [line.split()[0] for line in run("key", "list", "--data", node.data, check=0).stdout.splitlines() if "publisher" in line]
    node.flags += ["--upstream-links-by-key", f"{ids[0]}=off, {ids[1]}=alias"]
    node.session.headers["authorization"] = "Bearer " + made[0]
    start(node)
    up.script = lambda c: c.whole(completion(ANSWER))

    def linked(**k):
        for key in made[1:]:
            text = ask(node, headers={"authorization": "Bearer " + key, **k.get("headers", {})}, model=k.get("model", "m")).json()["choices"][0]["message"]["content"]
            yield bool(LINK.search(text))
    assert sorted(linked()) == [False, False, True]
    assert sorted(linked(model="m+links")) == [False, True, True]
    assert list(linked(headers={"X-Inlay": "on"})) == [True] * 3 and list(linked(headers={"X-Inlay": "off"})) == [False] * 3


@pytest.mark.parametrize("wrong", ["x", "x=maybe", "=off", "a=off,b"])
def test_ways_that_are_none_are_refused(wrong):
    done = run("serve", "--upstream", "http://127.0.0.1:1", "--upstream-links-by-key", wrong, "--listen", "127.0.0.1:0", "--ledger", "none", "--secret-file", "/dev/null")
    assert done.returncode != 0


def test_held_text_says_that_it_lives(make_service, up):
    node = start(make_service("alive", "--upstream", up.url, "--keep-alive-ms", "50", env=QUIET))
    go = threading.Event()

    def script(c):
        c.head(type="text/event-stream", Transfer_Encoding="chunked")
        events = chunks(ANSWER, 46)  # up to within the name
        c.piece(body(events[:2], done=False))
        assert go.wait(DEADLINE)
        c.piece(body(events[2:]))
        c.send(b"0\r\n\r\n")
    up.script = script
    r = requests.post(node.url + CHAT, json={"model": "m", "messages": MESSAGES, "stream": True}, stream=True, timeout=DEADLINE)
    got = b""
    for piece in r.iter_content(None):
        got += piece
        if got.count(b": keep-alive\n\n") >= 2:
            go.set()
    assert texts(got) == {0: node.insert(ANSWER, None, messages=MESSAGES, model="m")["answer"]}
    assert "inlay_hook_keep_alives_total" in node.get("/metrics").text


def test_what_was_done_can_be_seen(node, up):
    def count():
        return {m[0]: float(m[1]) for m in re.findall(r"^(inlay_hook_\S+) (\S+)$", node.get("/metrics").text, re.M)}
    before = count()
    up.script = lambda c: c.whole(completion(ANSWER, n=2))
    assert ask(node).headers["inlay-links"] == "2"
    assert "inlay-links" not in ask(node, headers={"X-Inlay": "off"}).headers
    streamed(node, up, body(chunks(ANSWER)))
    up.script = lambda c: c.send(b"nonsense")
    ask(node)
    more = {k: v - before[k] for k, v in count().items()}
    assert [more[f'inlay_hook_answers_total{{way="{w}"}}'] for w in ("whole", "streamed", "passed")] == [1, 1, 1]
    assert more["inlay_hook_broken_total"] == 1 and more["inlay_hook_seconds_count"] > 0
    eventually(lambda: count()["inlay_hook_calls_open"] == 0, "no call is open")
