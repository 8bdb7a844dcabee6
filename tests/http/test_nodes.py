"""Two nodes on one Redis: the owner of the ledger and an insert-only one. Redis may die in every way; nobody notices."""
import signal
import threading

import pytest
import requests

from conftest import ANSWER, HEADPHONES, QUESTION, eventually, run


@pytest.fixture
def owner(make_service, redis):
    s = make_service("owner", "--redis", redis.url).start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    return s


@pytest.fixture
def follower(make_service, redis, owner):
    return make_service("follower", "--redis", redis.url, "--ledger", "none", "--secret-file", str(owner.data / "secret"),
                        "--public-url", owner.url).start()


def settled(answer):
    """What of a response must not depend on the moment."""
    return {k: v for k, v in answer.items() if k != "took_us"}


def refilled(redis, owner):
    """True when Redis lists every merchant of the owner at its generation."""
    names = [m["id"] for m in owner.get("/v1/merchants").json()["data"]]
    listed = {n: redis.cli("HGET", "inlay:merchants", n) for n in names}
    return names and all(f'"{owner.get(f"/v1/merchants/{n}/catalog").json()["generation"]}"' in listed[n].replace(" ", "") for n in names)


def test_a_follower_answers_alike(owner, follower):
    a, b = owner.insert(ANSWER, QUESTION), follower.insert(ANSWER, QUESTION)
    assert a["decision"] == "linked" and settled(a) == settled(b)
    assert owner.get(b["links"][0]["url"]).status_code == 302


def test_a_follower_refuses_what_needs_the_ledger(follower):
    url = follower.insert(ANSWER, QUESTION)["links"][0]["url"]
    token = url.rsplit("/", 1)[1]
    assert follower.get("/c/" + token).status_code == 421
    assert follower.put("/v1/merchants/x", json={"name": "X", "hosts": ["x.example"]}).status_code == 421
    assert follower.catalog("audio", HEADPHONES).status_code == 421
    assert follower.get("/v1/reports/commissions").status_code == 421
    assert follower.post("/v1/conversions", json={"merchant": "audio", "order_id": "1"}).status_code == 421


def test_changes_are_heard(owner, follower):
    def generation():
        return follower.insert(ANSWER, QUESTION)["catalog"]

    changed = owner.patch("audio", {"id": "wh5", "availability": "out_of_stock"}).json()["generation"]
    eventually(lambda: generation() == changed, "the patch arrives", 1.5)
    assert follower.insert(ANSWER, QUESTION)["decision"] == "none"
    owner.patch("audio", {"id": "wh5", "availability": "in_stock"})
    eventually(lambda: follower.insert(ANSWER, QUESTION)["decision"] == "linked", "the second patch arrives", 1.5)
    owner.merchant("audio", status="paused")
    eventually(lambda: follower.insert(ANSWER, QUESTION)["decision"] == "none", "the pause arrives", 1.5)
    owner.merchant("audio")
    owner.merchant("bazaar")
    owner.catalog("bazaar", [{"id": "kettle", "title": "Copper Gooseneck Kettle", "url": "https://bazaar.example/k", "price": "60.00 USD",
                              "category": "Kitchen > Kettles"}])
    kettle = ("A gooseneck kettle pours best.", "Which kettle should I buy for pour-over coffee?")
    eventually(lambda: follower.insert(*kettle)["decision"] == "linked", "the new merchant arrives", 1.5)
    assert settled(owner.insert(*kettle)) == settled(follower.insert(*kettle))
    owner.request("DELETE", "/v1/merchants/bazaar")
    eventually(lambda: follower.insert(*kettle)["decision"] == "none", "the retirement arrives", 1.5)


def test_a_follower_that_starts_late_gets_everything(owner, redis, make_service):
    for i in range(5):
        owner.merchant(f"shop{i}")
        owner.catalog(f"shop{i}", [{"id": "a", "title": f"Brass Desk Lamp {i}", "url": f"https://shop{i}.example/a", "price": "20.00 USD"}])
    name = owner.insert(ANSWER, QUESTION)["catalog"]
    late = make_service("late", "--redis", redis.url, "--ledger", "none", "--secret-file", str(owner.data / "secret")).start()
    eventually(lambda: late.insert(ANSWER, QUESTION)["catalog"] == name, "the whole catalog")


def test_an_insert_only_node_needs_redis_and_the_secret(tmp_path, redis):
    none = run("serve", "--ledger", "none", "--listen", "127.0.0.1:0", "--data", tmp_path, "--redis", redis.url)
    assert none.returncode == 2 and "secret" in none.stderr
    secret = tmp_path / "s"
    secret.write_text("1 " + "ab" * 32)
    secret.chmod(0o600)
    none = run("serve", "--ledger", "none", "--listen", "127.0.0.1:0", "--data", tmp_path, "--secret-file", secret)
    assert none.returncode == 2 and "Redis" in none.stderr


def test_a_node_with_another_secret_does_not_begin(owner, redis, make_service):
    stranger = make_service("stranger", "--redis", redis.url, "--ledger", "none")
    secret = stranger.data / "secret"
    secret.write_text("1 " + "ab" * 32 + "\n")
    secret.chmod(0o600)
    stranger.flags += ["--secret-file", str(secret)]
    stranger.start(wait_ready=False)
    eventually(lambda: "secret_differs" in stranger.log(), "it says so")
    assert stranger.get("/readyz").status_code == 503
    assert stranger.insert(ANSWER, QUESTION)["answer"] == ANSWER
    secret.write_text((owner.data / "secret").read_text())
    stranger.stop()
    stranger.start()
    assert stranger.insert(ANSWER, QUESTION)["decision"] == "linked"


class Traffic:
    """Inserts at both nodes and clicks at the owner while something happens to Redis: none may fail, none may change."""

    def __init__(self, owner, follower, background):
        self.expected = settled(owner.insert(ANSWER, QUESTION))
        assert self.expected["decision"] == "linked"
        self.url = self.expected["links"][0]["url"]
        self.counts = {"owner": 0, "follower": 0, "click": 0}
        self.finishers = [background(lambda stop, n=n, s=s: self.insert_at(stop, n, s)) for n, s in (("owner", owner), ("follower", follower))]
        self.finishers.append(background(lambda stop: self.click_at(stop, owner)))

    def insert_at(self, stop, name, service):
        while not stop.is_set():
            assert settled(service.insert(ANSWER, QUESTION)) == self.expected
            self.counts[name] += 1

    def click_at(self, stop, owner):
        session = requests.Session()
        while not stop.is_set():
            r = session.get(self.url, allow_redirects=False, timeout=20)
            assert r.status_code == 302 and "inlay-click" not in r.headers
            self.counts["click"] += 1

    def more(self, n=20):
        start = dict(self.counts)
        eventually(lambda: all(self.counts[k] >= start[k] + n for k in start) or self.dead(), "traffic goes on")

    def dead(self):
        return threading.active_count() < 4

    def finish(self):
        for f in self.finishers:
            f()


@pytest.fixture
def traffic(owner, follower, background):
    t = Traffic(owner, follower, background)
    t.more()
    yield t
    t.finish()


def test_redis_is_flushed(owner, follower, redis, traffic):
    redis.cli("FLUSHALL")
    traffic.more()
    eventually(lambda: refilled(redis, owner), "Redis is full again")
    traffic.more()


def test_redis_dies_and_comes_back_empty(owner, follower, redis, traffic):
    redis.kill()
    traffic.more()
    redis.start()
    eventually(lambda: refilled(redis, owner), "Redis is full again")
    traffic.more()
    traffic.finish()
    traffic.finishers = []
    owner.patch("audio", {"id": "wh5", "deleted": True})
    eventually(lambda: follower.insert(ANSWER, QUESTION)["decision"] == "none", "the follower hears again")


def test_redis_stands_still(owner, follower, redis, traffic):
    redis.signal(signal.SIGSTOP)
    try:
        traffic.more(100)
    finally:
        redis.signal(signal.SIGCONT)
    traffic.more()
    traffic.finish()
    traffic.finishers = []
    owner.patch("audio", {"id": "wh5", "deleted": True})
    eventually(lambda: follower.insert(ANSWER, QUESTION)["decision"] == "none", "the follower hears again")


def test_changes_while_redis_is_away_arrive_later(owner, follower, redis):
    redis.kill()
    changed = owner.patch("audio", {"id": "wh5", "deleted": True})
    assert changed.status_code == 200
    assert follower.insert(ANSWER, QUESTION)["decision"] == "linked"  # it cannot know yet
    redis.start()
    eventually(lambda: follower.insert(ANSWER, QUESTION)["catalog"] == changed.json()["generation"], "the change arrives")
    assert follower.insert(ANSWER, QUESTION)["decision"] == "none"


def test_nodes_start_while_redis_is_away(owner, follower, redis):
    redis.kill()
    for s in (owner, follower):
        s.stop()
    owner.start()
    assert owner.insert(ANSWER, QUESTION)["decision"] == "linked"
    follower.start(wait_ready=False)
    assert follower.get("/readyz").status_code == 503
    assert follower.insert(ANSWER, QUESTION)["answer"] == ANSWER
    redis.start()
    eventually(lambda: follower.get("/readyz").status_code == 200, "the follower is ready")
    assert settled(follower.insert(ANSWER, QUESTION)) == settled(owner.insert(ANSWER, QUESTION))
