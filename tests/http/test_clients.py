"""Real clients from npm through the proxy (tests/clients). They are installed into the build folder; where node or npm or its registry is missing, the
test says so and skips."""
import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, DEADLINE, ROOT, Service

HERE = ROOT / "tests" / "clients"
PRODUCT = {"id": "xm5", "title": "Sony WH-1000XM5 Wireless Noise Cancelling Headphones", "brand": "Sony", "mpn": "WH-1000XM5",
           "url": "https://audio.example/p/xm5", "price": "299.00 USD", "category": "Electronics > Headphones", "availability": "in_stock"}


@pytest.fixture(scope="module")
def clients():
    """The folder with the scripts and what they import."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    folder = (BUILD if BUILD.is_absolute() else ROOT / BUILD) / "clients"
    folder.mkdir(parents=True, exist_ok=True)
    for f in HERE.iterdir():
        shutil.copy(f, folder)
    wanted, done = (HERE / "package.json").read_text(), folder / "installed.json"
    if not done.exists() or done.read_text() != wanted:
        try:
            made = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired:
            pytest.skip("npm install does not come to an end")
        if made.returncode:
            pytest.skip("npm install failed: " + made.stderr.strip().split("\n")[-1][:200])
        done.write_text(wanted)
    return folder


class Script:
    """A script that serves, and prints its port first."""

    def __init__(self, folder, *command):
        self.process = subprocess.Popen(["node", *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = "http://127.0.0.1:" + self.process.stdout.readline().strip()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def fake(clients):
    s = Script(clients, "fake.mjs", "0")
    yield s
    s.stop()


@pytest.fixture(scope="module")
def node(tmp_path_factory, fake):
    s = Service(tmp_path_factory.mktemp("node"), "--upstream", fake.url + "/v1", env={"NO_PROXY": "127.0.0.1"}).start()
    s.merchant("audio")
    assert s.catalog("audio", [PRODUCT]).status_code == 200
    yield s
    assert s.stop() == 0


def run_script(folder, *args):
    done = subprocess.run(["node", *args], cwd=folder, capture_output=True, text=True, timeout=DEADLINE * 6, env={**os.environ, "NO_PROXY": "127.0.0.1"})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_the_checks_are_fair(clients, fake):
    """They pass without us."""
    assert run_script(clients, "check.mjs", fake.url, fake.url).strip().endswith("33 ok, 0 failed")


def test_real_clients(clients, fake, node):
    assert run_script(clients, "check.mjs", node.url, fake.url).strip().endswith("33 ok, 0 failed")


def test_mcp(clients, node):
    got = json.loads(run_script(clients, "mcp.mjs", node.url))
    assert sorted(got["tools"]) == ["get_product", "lookup_catalog", "search_catalog"] and got["wrong"] is True
    assert got["search"]["data"][0]["product"]["id"] == got["product"]["product"]["id"] == "xm5"
    assert got["product"]["url"] == PRODUCT["url"] and got["lookup"] == {"data": [got["product"]], "missing": ["audio/none"]}


def test_the_portkey_gateway(clients, fake, node):
    text = run_script(clients, "portkey.mjs", node.url, fake.url)
    assert re.search(r"\[Sony WH-1000XM5\]\(http://[^ )]+/c/[^ )]+\) \(Ad\)", text) and "affiliate" in text


def test_ready_pieces(clients, fake, node):
    """The middleware of the AI SDK and LangChain's runnable give what the service makes of the whole answer; without it, the answer."""
    shutil.copytree(ROOT / "service" / "hook" / "adapters", clients / "adapters", dirs_exist_ok=True)  # where their imports are found
    got = json.loads(run_script(clients, "adapters.mjs", node.url, fake.url, "adapters"))
    plain = got["away"]["generated"]
    want = node.insert(plain, None, messages=[{"role": "user", "content": "best headphones?"}])["answer"]
    assert "](http" in want and got["linked"] == dict.fromkeys(("generated", "streamed", "langchain"), want)
    assert got["away"] == dict.fromkeys(("generated", "streamed", "langchain"), plain) and "Sony WH-1000XM5" in plain
    assert re.sub(r"\[(Sony[^]]*)\]\(http[^)]*\) \(Ad\)", r"\1", got["cut"]) == plain
