"""Frequency caps: how often a reader and a merchant are shown links in a day, on one node and on several."""
import shutil

import pytest
import yaml

from conftest import ANSWER, HEADPHONES, QUESTION, ROOT, eventually

BOTH = "For long flights I would buy the Sonora WH-900. A Ridgeline 2 Person Camping Tent is what you need for camping."
BOTH_ASKED = "Which noise cancelling headphones and which camping tent should I buy?"


@pytest.fixture
def with_caps(make_service, short_tmp):
    def make(name, *flags, **caps):
        rules = short_tmp / f"rules-{name}"
        if not rules.exists():
            shutil.copytree(ROOT / "rules", rules)
        policy = yaml.safe_load((rules / "placement.yaml").read_text())
        policy["caps"] = caps
        (rules / "placement.yaml").write_text(yaml.safe_dump(policy))
        return make_service(name, "--rules", str(rules), "--catalogs", str(ROOT / "catalogs"), *flags).start()
    return make


def shop(s):
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    return s


def test_without_limits_nothing_is_counted(service):
    for _ in range(5):
        body = service.insert(ANSWER, QUESTION, user_id="u1")
        assert body["decision"] == "linked" and body["caps"] == {}


def test_a_reader(with_caps):
    s = shop(with_caps("a", user=3))
    seen = [s.insert(ANSWER, QUESTION, user_id="u1") for _ in range(4)]
    assert [b["caps"] for b in seen] == [{"user": {"limit": 3, "used": n}} for n in range(4)]
    assert [b["decision"] for b in seen] == ["linked"] * 3 + ["none"]
    assert seen[3]["reason"] == "capped" and seen[3]["answer"] == ANSWER
    assert s.insert(ANSWER, QUESTION, user_id="u2")["decision"] == "linked"
    assert s.insert(ANSWER, QUESTION)["caps"] == {}  # nobody in particular
    s.insert(ANSWER, QUESTION, user_id="u3", dry_run=True)
    assert s.insert(BOTH, BOTH_ASKED, user_id="u3")["caps"]["user"]["used"] == 0
    last = s.insert(BOTH, BOTH_ASKED, user_id="u3")
    assert last["caps"]["user"]["used"] == 2 and len(last["links"]) == 1  # one is left
    s.kill()
    s.start()
    assert s.insert(ANSWER, QUESTION, user_id="u1")["reason"] == "capped"


def test_a_merchant(with_caps):
    s = shop(with_caps("m", merchant=2))
    assert len(s.insert(BOTH, BOTH_ASKED)["links"]) == 2
    body = s.insert(BOTH, BOTH_ASKED, user_id="u1")
    assert body["reason"] == "capped" and body["caps"] == {"merchants": {"audio": {"limit": 2, "used": 2}}}


def test_one_answer_does_not_pass_a_limit_by_itself(with_caps):
    s = shop(with_caps("o", merchant=1))
    assert len(s.insert(BOTH, BOTH_ASKED)["links"]) == 1


def test_a_merchant_to_a_reader(with_caps):
    s = shop(with_caps("um", user_merchant=1))
    assert s.insert(ANSWER, QUESTION, user_id="u1")["decision"] == "linked"
    body = s.insert(ANSWER, QUESTION, user_id="u1")
    assert body["reason"] == "capped" and body["caps"] == {"merchants": {"audio": {"user_limit": 1, "user_used": 1}}}
    assert s.insert(ANSWER, QUESTION, user_id="u2")["decision"] == "linked"


def test_a_stream_is_held_to_them_too(with_caps):
    s = shop(with_caps("s", user=1))
    s.insert(ANSWER, QUESTION, user_id="u1")
    r = s.post("/v1/insert/stream", json={"question": QUESTION, "user_id": "u1", "delta": ANSWER, "end": True}).json()
    assert r["reason"] == "capped" and r["caps"] == {"user": {"limit": 1, "used": 1}} and r["delta"] == ANSWER


def test_nodes_count_together_and_go_on_without_redis(with_caps, redis, short_tmp):
    owner = shop(with_caps("one", "--redis", redis.url, user=4))
    other = with_caps("two", "--redis", redis.url, "--ledger", "none", "--secret-file", str(owner.data / "secret"), user=4)
    for node in (owner, other):
        assert node.insert(ANSWER, QUESTION, user_id="u1")["decision"] == "linked"

    def used(node):
        return node.insert(ANSWER, QUESTION, user_id="u1", dry_run=True)["caps"]["user"]["used"]
    for node in (owner, other):
        eventually(lambda: used(node) == 2, "both counts are known to both")
    redis.kill()
    for want in (3, 4):
        assert owner.insert(ANSWER, QUESTION, user_id="u1")["decision"] == "linked"
        assert used(owner) == want
    assert owner.insert(ANSWER, QUESTION, user_id="u1")["reason"] == "capped"
    assert used(other) == 2
    redis.start()  # empty: what this node knows is still true, and what it counted since is told
    eventually(lambda: used(other) == 4, "the counts made meanwhile are heard")
    assert used(owner) == 4


def test_wrong_limits(make_service, short_tmp):
    import subprocess
    from conftest import BINARY
    rules = short_tmp / "bad"
    shutil.copytree(ROOT / "rules", rules)
    (rules / "placement.yaml").write_text((rules / "placement.yaml").read_text().replace("  user: 0", "  user: -1"))
    done = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0", "--data", str(short_tmp / "d"), "--rules", str(rules), "--catalogs",
                           str(ROOT / "catalogs")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "caps" in done.stderr
