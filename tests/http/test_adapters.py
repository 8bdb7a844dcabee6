"""The ready pieces of service/hook/adapters, run where that can be done here and read where it cannot."""
import asyncio
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import types

import pytest
import yaml

from conftest import ANSWER, DEADLINE, HEADPHONES, QUESTION, ROOT, Service

PIECES = ROOT / "service" / "hook" / "adapters"
LINK = re.compile(r"\]\((http://[^ )]+/c/[^ )]+)\)")
MESSAGES = [{"role": "user", "content": QUESTION}]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    s = Service(tmp_path_factory.mktemp("node")).start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    yield s
    assert s.stop() == 0


def test_each_is_short():
    for f in PIECES.iterdir():
        assert len(f.read_text().splitlines()) <= 120, f


# ---- Open WebUI -------------------------------------------------------------------------------------

@pytest.fixture
def webui(node, monkeypatch):
    """As Open WebUI makes a Filter; of pydantic it needs fields with defaults."""
    pydantic = types.ModuleType("pydantic")
    pydantic.BaseModel, pydantic.Field = object, lambda default, description: default
    monkeypatch.setitem(sys.modules, "pydantic", pydantic)
    spec = importlib.util.spec_from_file_location("open_webui_filter", PIECES / "open_webui.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    f = module.Filter()
    f.valves.url = node.url
    return f


META = {"chat_id": "c", "message_id": "m"}


def chunk(text, finish=None):
    return {"id": "x", "choices": [{"index": 0, "delta": {"content": text} if text is not None else {}, "finish_reason": finish}]}


def stream(f, text, size, fails_at=None):
    asyncio.run(f.inlet({"messages": MESSAGES}, __metadata__=META))
    out = ""
    pieces = [text[i:i + size] for i in range(0, len(text), size)]
    for i, event in enumerate([chunk(p) for p in pieces] + [chunk(None, "stop"), {"id": "x", "choices": [], "usage": {}}]):
        if i == fails_at:
            f.valves.url = "http://127.0.0.1:1"
        got = asyncio.run(f.stream(event, __metadata__=META))
        out += "".join(c["delta"].get("content") or "" for c in got["choices"])
    return out


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_open_webui_streams(webui, node, size):
    text = "🎧 " + ANSWER
    assert stream(webui, text, size) == node.insert(text, None, messages=MESSAGES)["answer"]
    assert not webui.streams and not webui.asked


@pytest.mark.parametrize("fails_at", [0, 1, 5, 9, 11])
def test_open_webui_loses_no_text(webui, fails_at):
    got = stream(webui, ANSWER, 7, fails_at)
    assert re.sub(r"\[([^]]*)\]\(http[^)]*\) \(Ad\)", r"\1", got) == ANSWER


def test_open_webui_stores_what_is_shown(webui, node):
    want = node.insert(ANSWER, None, messages=MESSAGES)["answer"]
    for content in (ANSWER, want):
        message = {"id": "2", "role": "assistant", "content": content, "usage": {"x": 1},
                   "output": [{"type": "reasoning", "content": [{"type": "output_text", "text": "hm"}]},
                              {"type": "message", "content": [{"type": "output_text", "text": content}]}]}
        body = {"model": "m", "messages": [{"id": "1", **MESSAGES[0]}, message], "chat_id": "c"}
        before = json.dumps(body)
        got = asyncio.run(webui.outlet(body))
        assert json.dumps(body) == before and got["messages"] is not body["messages"]
        assert got["messages"][1]["content"] == got["messages"][1]["output"][1]["content"][0]["text"] == want
        assert got["messages"][1]["output"][0] == message["output"][0] and got["messages"][0] == body["messages"][0]
        plain = {**body, "messages": [body["messages"][0], {"role": "assistant", "content": content}]}
        assert asyncio.run(webui.outlet(plain))["messages"][1]["content"] == want


def test_open_webui_without_a_service(webui):
    webui.valves.url = "http://127.0.0.1:1"
    assert stream(webui, ANSWER, 9) == ANSWER
    body = {"messages": [*MESSAGES, {"role": "assistant", "content": ANSWER}]}
    assert asyncio.run(webui.outlet(body)) == body
    event = chunk("x")
    assert asyncio.run(webui.stream(event, __metadata__={"chat_id": "of", "message_id": "another"})) == event


# ---- configuration ------------------------------------------------------------------------------------------

def test_litellm(node):
    params = yaml.safe_load((PIECES / "litellm.yaml").read_text())["guardrails"][0]["litellm_params"]
    assert params["mode"] == ["pre_call", "post_call"] and params["streaming_transform_mode"] == "incremental_diff"
    assert params["unreachable_fallback"] == "fail_open" and params["fail_on_error"] is False
    said = node.post("/beta/litellm_basic_guardrail_api", json={"input_type": "request"})
    assert said.json() == {"action": "NONE"}


def test_n8n(node):
    flow = json.loads((PIECES / "n8n.json").read_text())
    call = flow["nodes"][0]["parameters"]
    names = {n["name"] for n in flow["nodes"]}
    assert set(flow["connections"]) <= names and flow["connections"]["Links"]["main"][0][0]["node"] in names
    fields = re.findall(r"(\w+): \$", call["jsonBody"])
    assert fields == ["question", "answer"] and call["url"].endswith("/v1/insert")
    assert LINK.search(node.request(call["method"], "/v1/insert", json=dict(zip(fields, (QUESTION, ANSWER)))).json()["answer"])


def test_nginx(tmp_path, node):
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        pytest.skip("nginx is not installed")
    text = (PIECES / "nginx.conf").read_text().replace("127.0.0.1:8080", node.address)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; error_log {tmp_path}/log;\nevents {{}}\nhttp {{ access_log off; server {{ listen 127.0.0.1:1;\n{text}\n}} }}\n")
    done = subprocess.run([nginx, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True)
    assert "syntax is ok" in done.stderr, done.stderr


# ---- JavaScript -----------------------------------------------------------------------------------------------

def test_flowise(node):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    code = (PIECES / "flowise.js").read_text().replace("http://127.0.0.1:8080", node.url)
    flow = {"rawOutput": ANSWER, "input": QUESTION, "chatId": "c"}
    for source in (code, code.replace(node.url, "http://127.0.0.1:1")):
        run = f"const f = Object.getPrototypeOf(async () => {{}}).constructor('$flow', {json.dumps(source)}); f({json.dumps(flow)}).then(t => console.log(t))"
        done = subprocess.run(["node", "-e", run], capture_output=True, text=True, timeout=DEADLINE)
        assert bool(LINK.search(done.stdout)) == (source is code) and "For long flights" in done.stdout, done.stderr
