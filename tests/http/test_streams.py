"""POST /v1/insert/stream: seq rules, who may go on with a stream, and that the pieces are the whole."""
import random

import pytest

from conftest import ANSWER, QUESTION

PATH = "/v1/insert/stream"


def call(node, expect=200, **body):
    r = node.post(PATH, json=body)
    assert r.status_code == expect, (r.status_code, r.text)
    return r.json()


def stream_whole(node, pieces, **request):
    first = call(node, question=QUESTION, delta=pieces[0], end=len(pieces) == 1, **request)
    out, last = [first["delta"]], first
    for i, piece in enumerate(pieces[1:], 2):
        last = call(node, stream=first["stream"], seq=i, delta=piece, end=i == len(pieces))
        assert last["stream"] == first["stream"] and last["seq"] == i
        out.append(last["delta"])
    return "".join(out), last


def cut(text, rng):
    at = sorted(rng.sample(range(1, len(text)), min(rng.randint(1, 12), len(text) - 1)))
    return [text[a:b] for a, b in zip([0, *at], [*at, len(text)])]


@pytest.mark.parametrize("seed", range(8))
def test_the_deltas_joined_are_the_whole(service, seed):
    whole = service.insert(ANSWER, QUESTION)
    assert whole["decision"] == "linked"
    text, last = stream_whole(service, cut(ANSWER, random.Random(seed)))
    assert text == whole["answer"]
    for field in ("insertion", "decision", "reason", "links", "edits", "disclosure", "catalog"):
        assert last[field] == whole[field]
    assert "answer" not in last


def test_one_call_may_be_all(service):
    text, last = stream_whole(service, [ANSWER])
    assert text == service.insert(ANSWER, QUESTION)["answer"] and last["decision"] == "linked" and last["seq"] == 1


def test_the_same_seq_again_gives_the_same_reply(service):
    first = call(service, question=QUESTION, delta=ANSWER[:10])
    again = call(service, stream=first["stream"], seq=1, delta="something else")
    assert again == first
    second = call(service, stream=first["stream"], seq=2, delta=ANSWER[10:], end=True)
    assert call(service, stream=first["stream"], seq=2, delta="", end=True) == second
    assert first["delta"] + second["delta"] == service.insert(ANSWER, QUESTION)["answer"]


def test_gaps_and_what_comes_after_the_end(service):
    st = call(service, question=QUESTION, delta="a")["stream"]
    call(service, 409, stream=st, seq=3, delta="c")
    call(service, stream=st, seq=2, delta="b")
    call(service, 409, stream=st, seq=1, delta="a")
    call(service, stream=st, seq=3, delta="c", end=True)
    call(service, 409, stream=st, seq=4, delta="d")


def test_bad_calls(service):
    st = call(service, question=QUESTION, delta="a")["stream"]
    assert call(service, 400, stream=st, delta="b")["errors"][0]["pointer"] == "/seq"
    assert call(service, 400, stream=st, seq="2", delta="b")["errors"][0]["pointer"] == "/seq"
    assert call(service, 400, stream=st, seq=2, delta=5)["errors"][0]["pointer"] == "/delta"
    assert call(service, 400, stream=st, seq=2, delta="b", end="yes")["errors"][0]["pointer"] == "/end"
    call(service, 404, stream="st_00000000000000000000000000", seq=2, delta="b")
    call(service, 404, stream="nonsense", seq=2, delta="b")
    call(service, 400, question=5, delta="a")
    call(service, 400, question=QUESTION, seq=2, delta="a")
    call(service, stream=st, seq=2, delta="b")  # none of these moved it


def test_open_streams_are_counted(service):
    def opened():
        return int(next(x for x in service.get("/metrics").text.splitlines() if x.startswith("inlay_streams_open ")).split()[1])
    before = opened()
    st = call(service, question=QUESTION, delta="a")["stream"]
    assert opened() == before + 1
    call(service, stream=st, seq=2, end=True)
    assert opened() == before


def test_a_stream_belongs_to_the_key_that_opened_it(make_service):
    from conftest import run
    node = make_service()
    one, two = (run("key", "create", "--role", "publisher", "--data", node.data, check=0).stdout.split()[0] for _ in range(2))
    node.start()
    body = {"question": QUESTION, "delta": "a"}
    st = node.post(PATH, json=body, headers={"x-api-key": one}).json()["stream"]
    more = {"stream": st, "seq": 2, "delta": "b"}
    assert node.post(PATH, json=more, headers={"x-api-key": two}).status_code == 404
    assert node.post(PATH, json=more, headers={"x-api-key": one}).status_code == 200
