"""The real program from outside: starts `inlay serve` and Redis as a user would, on ports and folders of the test's own."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("INLAY_BUILD", "build"))
BINARY = str((BUILD if BUILD.is_absolute() else ROOT / BUILD) / "inlay")
SHARED = ROOT.parent / "shared"
# A person's browser; requests' own name is that of a program, whose clicks do not count.
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "accept": "text/html",
           "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
JSONL = {"content-type": "application/x-ndjson"}
SANITIZED = "san" in str(BUILD)
DEADLINE = 120 if SANITIZED else 20  # seconds until something expected must have come
SANITIZER_SAYS = re.compile(r"(Address|Thread|Leak)Sanitizer|runtime error:")


def eventually(check, what, seconds=DEADLINE):
    """Waits until check() is true (exceptions of requests count as not yet) and returns its value."""
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        try:
            value = check()
            if value:
                return value
        except requests.RequestException as e:
            last = e
        time.sleep(0.01)
    raise AssertionError(f"never: {what} ({last})")


def run(*args, input=None, env=None, cwd=None, check=None):
    """One command of the program, to its end."""
    done = subprocess.run([BINARY, *map(str, args)], input=input, capture_output=True, text=True, timeout=DEADLINE * 3,
                          env={**os.environ, **(env or {})}, cwd=cwd or ROOT)
    assert not SANITIZER_SAYS.search(done.stderr), done.stderr
    if check is not None:
        assert done.returncode == check, (done.returncode, done.stdout, done.stderr)
    return done


class Service:
    """A running `inlay serve`. Its data folder outlives stops, so that start() again is a restart. Clicks wait long for the
    disk, which tests share with whatever else the machine does."""

    def __init__(self, data, *flags, env=None, before=None, wrap=()):
        self.data = Path(data)
        self.data.mkdir(parents=True, exist_ok=True)
        self.flags = list(flags)
        self.env = env or {}
        self.before, self.wrap = before, list(wrap)  # runs in the child before it becomes the program; words before the command
        self.process = None
        self.address = None
        self.session = requests.Session()
        self.session.headers.update(BROWSER)

    def start(self, *more, wait_ready=True, listen=None):
        log = open(self.data / "log", "ab")
        command = [*self.wrap, BINARY, "serve", "--listen", listen or self.address or "127.0.0.1:0", "--data", str(self.data),
                   "--click-wait-ms", "10000", *self.flags, *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env={**os.environ, **self.env},
                                        preexec_fn=self.before)
        line = self.process.stdout.readline().decode()
        assert line.startswith("listening on "), (line, self.log())
        self.address = line.split()[-1]
        if wait_ready:
            eventually(lambda: self.get("/readyz").status_code == 200, "ready")
        return self

    @property
    def url(self):
        return "http://" + self.address

    def log(self):
        return (self.data / "log").read_text(errors="replace")

    def request(self, method, path, **k):
        k.setdefault("timeout", DEADLINE)
        k.setdefault("allow_redirects", False)
        return self.session.request(method, path if path.startswith("http") else self.url + path, **k)

    def get(self, path, **k):
        return self.request("GET", path, **k)

    def post(self, path, **k):
        return self.request("POST", path, **k)

    def put(self, path, **k):
        return self.request("PUT", path, **k)

    def merchant(self, name, **fields):
        body = {"name": name.title(), "hosts": [f"{name}.example"], "currency": "USD", "postback_secret": "sesame",
                "commission": [{"rate_ppm": 50000}], **fields}
        r = self.put(f"/v1/merchants/{name}", json=body)
        assert r.status_code in (200, 201), r.text
        return r

    def catalog(self, name, products, query=""):
        body = "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in products)
        return self.put(f"/v1/merchants/{name}/catalog{query}", data=body.encode(), headers=JSONL, timeout=DEADLINE * 6)

    def patch(self, name, *lines):
        body = "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in lines)
        return self.request("PATCH", f"/v1/merchants/{name}/catalog", data=body.encode(), headers=JSONL)

    def insert(self, answer, question, **more):
        r = self.post("/v1/insert", json={"answer": answer, "question": question, **more})
        assert r.status_code == 200, r.text
        return r.json()

    def kill(self, sig=signal.SIGKILL):
        self.process.send_signal(sig)
        self.process.wait(DEADLINE)
        self.process.stdout.close()
        self.process = None
        self.check_log()

    def check_log(self):
        """What a sanitizer found while it ran; leaks are reported by those that are stopped."""
        said = SANITIZER_SAYS.search(self.log())
        assert not said, self.log()[max(said.start() - 200, 0):said.start() + 8000]

    def stop(self):
        if not self.process:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(DEADLINE)
        self.process.stdout.close()
        self.process = None
        self.session.close()
        self.check_log()
        return code


class Redis:
    """A private redis-server on a Unix socket."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.socket = self.folder / "r.sock"
        self.process = None

    @property
    def url(self):
        return f"unix:{self.socket}"

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: self.cli("PING") == "PONG", "Redis answers")
        return self

    def cli(self, *args):
        done = subprocess.run(["redis-cli", "-s", str(self.socket), *args], capture_output=True, text=True, timeout=10)
        return done.stdout.strip()

    def signal(self, sig):
        self.process.send_signal(sig)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


HEADPHONES = [
    {"id": "wh5", "title": "Sonora WH-900 Wireless Noise Cancelling Headphones", "brand": "Sonora", "mpn": "WH-900",
     "url": "https://audio.example/p/wh5", "price": "299.00 USD", "category": "Electronics > Headphones", "availability": "in_stock"},
    {"id": "tent2", "title": "Ridgeline 2 Person Camping Tent", "brand": "Ridgeline", "url": "https://audio.example/p/tent2",
     "price": "129.00 USD", "category": "Outdoor > Tents", "availability": "in_stock"},
    {"id": "mask", "title": "润芙 敏感肌舒缓补水面膜 10片", "brand": "润芙", "url": "https://audio.example/p/mask",
     "price": "15.00 USD", "category": "美妆 > 面膜", "availability": "in_stock"},
]
QUESTION = "Which noise cancelling headphones should I buy for long flights?"
ANSWER = "For long flights I would buy the Sonora WH-900. It is comfortable and quiet."


@pytest.fixture
def short_tmp():
    """A folder whose path is short enough for a Unix socket."""
    folder = tempfile.mkdtemp(prefix="inlay-")
    yield Path(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def make_service(short_tmp):
    made = []

    def make(name="node", *flags, **k):
        s = Service(short_tmp / name, *flags, **k)
        made.append(s)
        return s
    yield make
    for s in made:
        if s.process and SANITIZED:
            assert s.stop() == 0, s.log()[-4000:]
        elif s.process:
            s.kill()


@pytest.fixture
def service(make_service):
    """One node without Redis, with a merchant and three products."""
    s = make_service().start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    return s


@pytest.fixture
def redis(short_tmp):
    r = Redis(short_tmp).start()
    yield r
    r.kill()


@pytest.fixture
def background():
    """background(fn): runs fn(stop_event) in a thread until the test ends or stop() is called; re-raises what it raised."""
    running = []

    def go(fn):
        stop, trouble = threading.Event(), []

        def body():
            try:
                fn(stop)
            except BaseException as e:  # noqa: BLE001 - told to the test below
                trouble.append(e)
        t = threading.Thread(target=body)
        t.start()

        def finish():
            stop.set()
            t.join(DEADLINE * 3)
            if trouble:
                raise trouble.pop()
        running.append((stop, t))
        return finish
    yield go
    for stop, t in running:
        stop.set()
        t.join(DEADLINE)
