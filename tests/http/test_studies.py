"""The holdout, demand that the catalogs did not meet, and what a merchant's key may see."""
import shutil
import subprocess

import pytest

from conftest import ANSWER, BINARY, HEADPHONES, QUESTION, ROOT


@pytest.fixture
def half_held(make_service, short_tmp):
    rules = short_tmp / "rules"
    shutil.copytree(ROOT / "rules", rules)
    policy = (rules / "placement.yaml").read_text().replace("holdout_percent: 0", "holdout_percent: 50")
    (rules / "placement.yaml").write_text(policy)
    s = make_service("half", "--rules", str(rules), "--catalogs", str(ROOT / "catalogs")).start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    return s


def test_the_holdout(half_held):
    s, linked, held = half_held, 0, 0
    for n in range(40):
        body = s.insert(ANSWER, QUESTION, conversation_id=f"c{n}", request_id=f"r{n}")
        held += body["reason"] == "holdout"
        linked += body["decision"] == "linked"
        if body["decision"] != "linked":
            continue
        url = body["links"][0]["url"]
        where = s.get(url[url.index("/c/"):]).headers["Location"]
        assert where
        if n % 2 == 0:
            r = s.post("/v1/conversions", json={"merchant": "audio", "order_id": f"o{n}", "click_id": body["links"][0]["id"], "status": "approved",
                                                "total": {"amount": 10000, "currency": "USD"}})
            assert r.status_code == 200, r.text
            s.insert(ANSWER, "And which tent should I buy?", conversation_id=f"c{n}", request_id=f"again{n}")
    assert held + linked == 40 and held > 5 and linked > 5
    r = s.get("/v1/reports/holdout").json()
    arms = r["arms"]
    assert arms["held_out"]["answers"] == held and arms["held_out"]["answers_with_order"] == 0 and arms["held_out"]["earned"] == {}
    assert arms["linked"]["answers"] >= linked and arms["linked"]["conversations"] == linked
    sold = arms["linked"]["answers_with_order"]
    assert arms["linked"]["earned"] == {"USD": sold * 500}
    lift = r["lift"]["answers_with_order"]
    assert lift["held_out"] == 0 and lift["lift"] == pytest.approx(sold / arms["linked"]["answers"], abs=1e-6)
    low, high = lift["interval"]
    assert -1 <= low < lift["lift"] < high <= 1 and lift["relative"] is None
    assert r["lift"]["conversations_continued"]["lift"] > 0
    empty = s.get("/v1/reports/holdout?from=2020-01-01&to=2020-02-01").json()
    assert empty["lift"] == {"answers_with_order": None, "conversations_continued": None}
    assert s.get("/v1/reports/holdout?from=never").status_code == 400


def test_demand_without_supply(service):
    for n in range(12):
        service.insert("An espresso machine is a fine thing to have. A good grinder matters as well.",
                       "Which espresso machine should I buy for my small kitchen? My name is Zaphod.", conversation_id=f"c{n}", request_id=f"r{n}")
        if n < 9:
            service.insert("A good kayak is light.", "Which treadmill should I buy?", conversation_id=f"c{n}", request_id=f"t{n}")
    r = service.get("/v1/reports/demand")
    assert r.status_code == 200 and "Zaphod" not in r.text and "treadmill" not in r.text  # nine are too few
    rows = r.json()["rows"]
    assert rows and rows[0]["name"] == "espresso machine" and rows[0]["kind"] == "lexicon"
    assert rows[0]["conversations"] == 12 and rows[0]["answers"] == 12
    service.insert("A good kayak is light.", "Which treadmill should I buy?", conversation_id="c0", request_id="same")  # no tenth conversation
    assert "treadmill" not in service.get("/v1/reports/demand").text
    service.insert("A good kayak is light.", "Which treadmill should I buy?", conversation_id="c99", request_id="tenth")
    assert "treadmill" in service.get("/v1/reports/demand").text
    assert service.get("/v1/reports/demand?limit=0").status_code == 400


def test_merchants_see_their_own_and_no_small_groups(make_service):
    s = make_service("keys")
    s.data.mkdir(exist_ok=True)

    def key(role, *more):
        return subprocess.run([BINARY, "key", "create", "--role", role, "--data", str(s.data), *more], capture_output=True,
                              text=True).stdout.split()[0]
    admin, mine, others = key("admin"), key("merchant", "--merchant", "audio"), key("merchant", "--merchant", "other")
    s.session.headers["x-api-key"] = admin
    s.start()
    s.merchant("audio")
    s.merchant("other")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    tent = ("For camping take the Ridgeline 2 Person Camping Tent.", "Which camping tent should I buy?")
    for n in range(10):
        assert s.insert(ANSWER, QUESTION, conversation_id=f"c{n}", request_id=f"r{n}")["decision"] == "linked"
    for n in range(12):  # many answers, nine conversations
        assert s.insert(*tent, conversation_id=f"c{n % 9}", request_id=f"t{n}")["decision"] == "linked"

    def phrases(k, group="phrase"):
        r = s.get(f"/v1/reports/commissions?group_by={group}", headers={"x-api-key": k})
        return {row["key"]["phrase"]: row["links"] for row in r.json()["rows"]}
    all_of_them = phrases(admin)
    assert sorted(all_of_them.values()) == [10, 12] and None not in all_of_them
    for group in ("phrase", "day,phrase", "product,phrase"):
        seen = phrases(mine, group)
        assert seen[None] == 12 and len(seen) == 2 and 10 in seen.values()
    assert phrases(others) == {}
    assert s.get("/v1/reports/commissions?merchant=other", headers={"x-api-key": mine}).status_code == 403
    assert s.get("/v1/reports/demand", headers={"x-api-key": mine}).status_code == 403
