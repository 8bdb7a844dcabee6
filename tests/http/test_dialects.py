"""OpenAI's Responses and Anthropic's Messages through the proxy: the same links as in a chat completion, told alike wherever the text is told."""
import json
import re
import shutil

import pytest
import requests

from conftest import ANSWER, DEADLINE, HEADPHONES, QUESTION, ROOT, Service, eventually, run
from upstream import Upstream, body, chunks, completion, read_events, texts

QUIET = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
LINK = re.compile(r"\]\((http://[^ )]+/c/[^ )]+)\)")
RICH = ("# Headphones 🎧\n\nFor long flights I would buy the **Sonora WH-900** – it is 舒适 and quiet.\n\n```\nSonora WH-900\n```\n\n"
        "- [A link](https://example.org/x) of yours.\n")
TENT = "And for the nights the Ridgeline 2 Person Camping Tent. The Sonora WH-900 I named above."
PLAIN = "Water boils at a lower temperature on a mountain."
NOTE = {"type": "url_citation", "start_index": ANSWER.index("comfortable"), "end_index": ANSWER.index("comfortable") + 11, "url": "https://x.example/", "title": "X"}


@pytest.fixture(scope="module")
def up():
    u = Upstream()
    yield u
    u.close()
    assert not u.failures


@pytest.fixture(scope="module")
def node(tmp_path_factory, up):
    s = Service(tmp_path_factory.mktemp("node"), "--upstream", up.url, env=QUIET).start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    yield s
    assert s.stop() == 0


def pieces(text, size):
    return [text[i:i + size] for i in range(0, len(text), size)]


def wire(events, nl="\n", ping=0, named=True):
    out = b""
    for i, x in enumerate(events):
        if ping and i % ping == 0:
            out += f": ping{nl}{nl}".encode()
        out += ((f"event: {x['type']}{nl}" if named else "") + f"data: {json.dumps(x, ensure_ascii=False)}{nl}{nl}").encode()
    return out


class Responses:
    path, asks = "/v1/responses", {"input": QUESTION}

    @staticmethod
    def part(text, notes=()):
        return {"type": "output_text", "text": text, "annotations": list(notes), "logprobs": []}

    @classmethod
    def item(cls, text, i=0, notes=()):
        return {"type": "message", "id": f"msg_{i}", "status": "completed", "role": "assistant", "content": [cls.part(text, notes)]}

    @classmethod
    def whole(cls, *answers, notes=(), status="completed"):
        reasoning = {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "The Sonora WH-900 it is."}]}
        return {"id": "resp_1", "object": "response", "status": status, "output": [reasoning] + [cls.item(t, i, notes) for i, t in enumerate(answers)],
                "usage": {"input_tokens": 12, "output_tokens": 9}}

    @classmethod
    def stream(cls, *answers, size=5, notes=()):
        full = cls.whole(*answers, notes=notes)
        out = [{"type": "response.created", "response": {**full, "status": "in_progress", "output": []}},
               {"type": "response.reasoning_summary_text.delta", "item_id": "rs", "output_index": 0, "summary_index": 0, "delta": "The Sonora WH-900 it is."},
               {"type": "response.output_item.done", "output_index": 0, "item": full["output"][0]}]
        for i, text in enumerate(answers):
            at = {"item_id": f"msg_{i}", "output_index": i + 1, "content_index": 0}
            out += [{"type": "response.output_item.added", "output_index": i + 1, "item": {**cls.item("", i), "content": []}},
                    {"type": "response.content_part.added", **at, "part": cls.part("")}]
            out += [{"type": "response.output_text.delta", **at, "delta": p, "logprobs": []} for p in pieces(text, size)]
            out += [{"type": "response.output_text.annotation.added", **at, "annotation_index": n, "annotation": x} for n, x in enumerate(notes)]
            out += [{"type": "response.output_text.done", **at, "text": text, "logprobs": []},
                    {"type": "response.content_part.done", **at, "part": cls.part(text, notes)},
                    {"type": "response.output_item.done", "output_index": i + 1, "item": cls.item(text, i, notes)}]
        out.append({"type": "response.completed", "response": full})
        return [{"type": x.pop("type"), "sequence_number": i, **x} for i, x in enumerate(out)]

    @staticmethod
    def texts(events):
        out = {}
        for x in events:
            if x["type"] == "response.output_text.delta":
                out[x["output_index"] - 1] = out.get(x["output_index"] - 1, "") + x["delta"]
        return [out[i] for i in sorted(out)]

    @staticmethod
    def texts_of(body):
        return [p["text"] for i in body["output"] if i["type"] == "message" for p in i["content"]]


class Messages:
    path, asks = "/v1/messages", {"max_tokens": 100, "messages": [{"role": "user", "content": QUESTION}]}

    @staticmethod
    def whole(*answers, **_):
        return {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "thinking", "thinking": "The Sonora WH-900.", "signature": "s"}] +
                [{"type": "text", "text": t, "citations": None} for t in answers], "stop_reason": "end_turn", "usage": {"input_tokens": 12, "output_tokens": 9}}

    @classmethod
    def stream(cls, *answers, size=5, **_):
        out = [{"type": "message_start", "message": {**cls.whole(), "content": [], "usage": {"input_tokens": 12, "output_tokens": 1}}},
               {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}, {"type": "ping"},
               {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "The Sonora WH-900."}},
               {"type": "content_block_stop", "index": 0}]
        for i, text in enumerate(answers, 1):
            out.append({"type": "content_block_start", "index": i, "content_block": {"type": "text", "text": ""}})
            out += [{"type": "content_block_delta", "index": i, "delta": {"type": "text_delta", "text": p}} for p in pieces(text, size)]
            out.append({"type": "content_block_stop", "index": i})
        return out + [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}, {"type": "message_stop"}]

    @staticmethod
    def texts(events):
        out = {}
        for x in events:
            if x["type"] == "content_block_delta" and x["delta"]["type"] == "text_delta":
                out[x["index"]] = out.get(x["index"], "") + x["delta"]["text"]
        return [out[i] for i in sorted(out)]

    @staticmethod
    def texts_of(body):
        return [b["text"] for b in body["content"] if b["type"] == "text"]


BOTH = pytest.mark.parametrize("d", [Responses, Messages])


def ask(node, d, stream=False, headers=None, **more):
    return node.post(d.path, json={"model": "m", **d.asks, **({"stream": True} if stream else {}), **more}, headers=headers or {})


def whole(node, up, d, *answers, notes=(), **k):
    up.script = lambda c: c.whole(d.whole(*answers, notes=notes))
    return ask(node, d, **k)


def streamed(node, up, d, data, cut=None, **k):
    up.script = lambda c: c.stream(data, cut)
    r = ask(node, d, stream=True, **k)
    assert r.status_code == 200
    return r.content


@BOTH
def test_a_whole_answer(node, up, d):
    inserted = node.insert(ANSWER, None, messages=[{"role": "user", "content": QUESTION}], model="m")["answer"]
    assert LINK.search(inserted)
    assert whole(node, up, d, ANSWER).json() == d.whole(inserted)


@BOTH
@pytest.mark.parametrize("cut", [1, 7, None])
@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize("form", [dict(), dict(nl="\r\n", ping=2), dict(named=False)], ids=str)
def test_streamed_is_whole(node, up, d, cut, size, form):
    for answers in ([ANSWER], [RICH], [ANSWER, TENT]):
        want = d.texts_of(whole(node, up, d, *answers).json())
        assert LINK.search(want[0])
        assert d.texts(read_events(streamed(node, up, d, wire(d.stream(*answers, size=size), **form), cut))) == want


@BOTH
def test_nothing_twice_in_one_answer(node, up, d):
    first, second = d.texts_of(whole(node, up, d, ANSWER, TENT).json())
    assert len(LINK.findall(first)) == 1 and len(LINK.findall(second)) <= 1
    assert "[Sonora" not in second


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_closing_events_say_what_the_deltas_said(node, up, size):
    got = read_events(streamed(node, up, Responses, wire(Responses.stream(ANSWER, TENT, size=size, notes=[NOTE]))))
    told = whole(node, up, Responses, ANSWER, TENT, notes=[NOTE]).json()
    assert [x["sequence_number"] for x in got] == list(range(len(got)))
    done = {x["type"]: [y for y in got if y["type"] == x["type"]] for x in got}
    texts = Responses.texts(got)
    assert [x["text"] for x in done["response.output_text.done"]] == texts
    assert [x["part"] for x in done["response.content_part.done"]] == [i["content"][0] for i in told["output"][1:]]
    assert [x["item"] for x in done["response.output_item.done"]] == told["output"]
    assert done["response.completed"][0]["response"] == told and got[-1]["type"] == "response.completed"
    note = told["output"][1]["content"][0]["annotations"][0]
    assert texts[0][note["start_index"]:note["end_index"]] == "comfortable" and note["start_index"] > NOTE["start_index"]
    assert [x["annotation"] for x in done["response.output_text.annotation.added"]] == [i["content"][0]["annotations"][0] for i in told["output"][1:]]


def test_an_incomplete_response_without_its_closing_events(node, up):
    events = [x for x in Responses.stream(ANSWER) if not x["type"].startswith(("response.output_text.done", "response.content_part.done"))]
    events[-1] = {**events[-1], "type": "response.incomplete"}
    got = read_events(streamed(node, up, Responses, wire(events)))
    assert Responses.texts(got) == Responses.texts_of(got[-1]["response"]) and "affiliate" in Responses.texts(got)[0]


def idle(d):
    question = "Why does water boil sooner on mountains?"
    return {"input": question} if d is Responses else {"messages": [{"role": "user", "content": question}]}


@BOTH
def test_off_and_idle_are_the_upstreams_bytes(node, up, d):
    data = wire(d.stream(RICH, ANSWER, notes=[NOTE]), nl="\r\n", ping=2)
    assert streamed(node, up, d, data, 13, headers={"X-Inlay": "off"}) == data
    data = wire(d.stream(PLAIN, notes=[NOTE]), nl="\r\n", ping=2)
    assert streamed(node, up, d, data, 3, **idle(d)) == data
    up.script = lambda c: c.whole(json.dumps(d.whole(RICH), indent=2).encode())
    assert ask(node, d, headers={"X-Inlay": "off"}).content == json.dumps(d.whole(RICH), indent=2).encode()


@pytest.mark.parametrize("d,more", [
    (Responses, {"text": {"format": {"type": "json_schema", "name": "x", "schema": {}}}}), (Responses, {"text": {"format": {"type": "json_object"}}}),
    (Responses, {"top_logprobs": 2}), (Responses, {"include": ["message.output_text.logprobs"]}),
    (Messages, {"output_format": {"type": "json_schema", "schema": {}}}), (Messages, {"output_config": {"format": {"type": "json_schema"}}}),
    (Messages, {"messages": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "{\"say\":"}]}),
])
def test_what_must_stay(node, up, d, more):
    assert whole(node, up, d, ANSWER, **more).json() == d.whole(ANSWER)
    data = wire(d.stream(ANSWER))
    assert streamed(node, up, d, data, 9, **more) == data


def test_text_is_no_structure(node, up):
    assert LINK.search(Responses.texts_of(whole(node, up, Responses, ANSWER, text={"format": {"type": "text"}, "verbosity": "low"}).json())[0])


def test_a_block_with_citations_is_left_alone(node, up):
    cited = Messages.whole(ANSWER, TENT)
    cited["content"][1]["citations"] = [{"type": "web_search_result_location", "cited_text": "…", "url": "https://x.example/", "encrypted_index": "E"}]
    up.script = lambda c: c.whole(cited)
    assert Messages.texts_of(ask(node, Messages).json())[0] == ANSWER
    events = Messages.stream(ANSWER)
    events[5]["content_block"]["citations"] = []
    data = wire(events)
    assert streamed(node, up, Messages, data) == data


def test_citations_that_come_late_stop_links(node, up):
    events = Messages.stream("You could buy the Sonora", size=8)
    cite = {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": {"type": "char_location"}}}
    rest = [{"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": " WH-900. Buy it."}}]
    got = read_events(streamed(node, up, Messages, wire(events[:9] + [cite] + rest + events[9:])))
    assert Messages.texts(got) == ["You could buy the Sonora WH-900. Buy it."]
    order = [x["delta"]["type"] for x in got if x["type"] == "content_block_delta" and x["index"] == 1]
    assert order.index("citations_delta") == len(order) - 2


@BOTH
def test_an_error_in_the_middle(node, up, d):
    words = "You could buy the Sonora"
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}} if d is Messages else \
        {"type": "error", "sequence_number": 99, "code": "x", "message": "x", "param": None}
    events = [x for x in d.stream(words, size=4) if ("delta" in x["type"] or "start" in x["type"] or "added" in x["type"]) and x["type"] != "message_delta"]
    got = read_events(streamed(node, up, d, wire(events + [error])))
    assert d.texts(got) == [words] and got[-1]["type"] == "error"


@BOTH
def test_errors_of_ours_and_theirs(node, up, d, make_service):
    error = b'{"error": {"message": "the Sonora WH-900", "type": "t"}}'
    up.script = lambda c: c.whole(error, 429, retry_after="7")
    r = ask(node, d, stream=True)
    assert (r.status_code, r.content, r.headers["retry-after"]) == (429, error, "7")
    up.script = lambda c: c.send(b"nonsense")
    e = ask(node, d).json()
    assert e["error"]["message"] and (e["type"] == "error" and e["error"]["type"] == "api_error" if d is Messages else e["error"]["code"] == "upstream_unreachable")


def test_our_own_refusals_are_in_their_form(make_service, up):
    node = make_service("keys", "--upstream", up.url, env=QUIET)
    run("key", "create", "--role", "publisher", "--data", node.data, check=0)
    node.start()
    refused = ask(node, Messages)
    assert (refused.status_code, refused.json()["type"], refused.json()["error"]["type"]) == (401, "error", "authentication_error")
    refused = ask(node, Responses)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")


@BOTH
def test_our_links_in_the_history_are_read_and_taken_out(node, up, d):
    first = d.texts_of(whole(node, up, d, ANSWER).json())[0]
    user, kind = {"role": "user", "content": QUESTION}, "output_text" if d is Responses else "text"
    turns = [user, {"role": "assistant", "content": first}, user, {"role": "assistant", "content": [{"type": kind, "text": first}]}, user]
    if d is Responses:
        turns.insert(1, {"type": "function_call_output", "call_id": "c", "output": first})
    again = whole(node, up, d, ANSWER, **{"input" if d is Responses else "messages": turns})
    assert d.texts_of(again.json()) == [ANSWER]
    sent = up.calls[-1].json()["input" if d is Responses else "messages"]
    assert [t["content"] for t in sent if t.get("role") == "assistant"] == [ANSWER, [{"type": kind, "text": ANSWER}]]


@pytest.mark.parametrize("data", [b"data: nonsense\n\n", b"event: x\ndata: {\"type\":7}\n\n", b'data: {"type":"content_block_delta","index":"a"}\n\n', b"data: []\n\n"])
@BOTH
def test_what_is_not_understood_passes(node, up, d, data):
    data += wire(d.stream(PLAIN))
    assert streamed(node, up, d, data, 5, **idle(d)) == data


@BOTH
def test_it_is_in_the_ledger_with_the_providers_numbers(node, up, d):
    model = "ledger-" + d.path[4:]
    whole(node, up, d, ANSWER, model=model)
    streamed(node, up, d, wire(d.stream(ANSWER)), model=model)

    def row():
        rows = node.get("/v1/reports/commissions?group_by=model").json()["rows"]
        return next((r for r in rows if r["key"]["model"] == model), {"answers": 0})
    assert eventually(lambda: row()["answers"] == 2 and row(), "two answers")["links"] == 2


def test_a_packed_request_is_read(node, up):
    import gzip
    up.script = lambda c: c.whole(Responses.whole(ANSWER))
    body = gzip.compress(json.dumps({"model": "m", "input": QUESTION}).encode())
    r = requests.post(node.url + Responses.path, data=body, headers={"content-type": "application/json", "content-encoding": "gzip"}, timeout=DEADLINE)
    assert LINK.search(Responses.texts_of(r.json())[0]) and up.calls[-1].json()["input"] == QUESTION


# ---- our links as citations, where the operator says that clients show their titles ----------------------------

@pytest.fixture(scope="module")
def citing(tmp_path_factory, up):
    folder = tmp_path_factory.mktemp("citing")
    shutil.copytree(ROOT / "rules", folder / "rules")
    placement = folder / "rules" / "placement.yaml"
    placement.write_text(placement.read_text().replace("renders_disclosure: false", "renders_disclosure: true"))
    s = Service(folder / "node", "--upstream", up.url, "--rules", str(folder / "rules"), "--catalogs", str(ROOT / "catalogs"), env=QUIET).start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    yield s
    assert s.stop() == 0


def cites(text, note):
    url = LINK.search(text).group(1)
    assert (note["type"], note["url"]) == ("url_citation", url) and note["title"].startswith("Ad: Sonora WH-900")
    assert text[note["start_index"]:note["end_index"]] == "Sonora WH-900"


@pytest.mark.parametrize("theirs", [0, 1])
@pytest.mark.parametrize("emoji", ["", "🎧 "])
def test_citations_in_responses(citing, up, theirs, emoji):
    notes = [NOTE] * theirs
    told = whole(citing, up, Responses, emoji + ANSWER, notes=notes).json()["output"][1]["content"][0]
    assert len(told["annotations"]) == theirs + 1
    cites(told["text"], told["annotations"][-1])
    got = read_events(streamed(citing, up, Responses, wire(Responses.stream(emoji + ANSWER, notes=notes))))
    assert [x["sequence_number"] for x in got] == list(range(len(got)))
    added = [x for x in got if x["type"] == "response.output_text.annotation.added"]
    assert [x["annotation_index"] for x in added] == list(range(theirs + 1)) and [x["annotation"] for x in added] == told["annotations"]
    assert got[-1]["response"]["output"][1]["content"][0] == told == [x for x in got if x["type"] == "response.content_part.done"][0]["part"]


def flat(note):
    return {"type": note["type"], **note["url_citation"]}


@pytest.mark.parametrize("message", [{}, {"annotations": None}, {"annotations": [{"type": "url_citation", "url_citation": NOTE}]}], ids=str)
def test_citations_in_chat_completions(citing, up, message):
    plain = completion(ANSWER, **message)
    if not message:
        del plain["choices"][0]["message"]["annotations"]
    up.script = lambda c: c.whole(plain)
    asked = {"model": "m", "messages": [{"role": "user", "content": QUESTION}]}
    m = citing.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]
    assert len(m["annotations"]) == 1 + bool(message.get("annotations"))
    cites(m["content"], flat(m["annotations"][-1]))
    for data in (body(chunks(ANSWER)), body([{**chunks(ANSWER, 1000)[1], "choices": [{**chunks(ANSWER, 1000)[1]["choices"][0], "finish_reason": "stop"}]}])):
        up.script = lambda c: c.stream(data)
        raw = citing.post("/v1/chat/completions", json={**asked, "stream": True}).content
        notes = [n for x in read_events(raw)[:-1] for n in x["choices"][0]["delta"].get("annotations", [])]
        assert len(notes) == 1 and texts(raw) == {0: m["content"]}
        cites(m["content"], flat(notes[0]))


def test_messages_have_no_citations_of_ours(citing, up):
    told = whole(citing, up, Messages, ANSWER).json()
    assert LINK.search(told["content"][1]["text"]) and told["content"][1]["citations"] is None
    assert Messages.texts(read_events(streamed(citing, up, Messages, wire(Messages.stream(ANSWER))))) == [told["content"][1]["text"]]
