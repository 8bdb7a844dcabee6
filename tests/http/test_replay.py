"""POST /v1/replay and inlay replay: what other rules or another catalog would have linked."""
import json
import re

import pytest

from conftest import ANSWER, HEADPHONES, QUESTION, ROOT, run

PLACEMENT = (ROOT / "rules" / "placement.yaml").read_text()
SHOPPING = {"id": "r1", "answer": ANSWER, "question": QUESTION}
PLAIN = {"id": 2, "answer": "The sky is blue.", "question": "Why is the sky blue?"}


def placement(**changes):
    text = PLACEMENT
    for key, value in changes.items():
        text, n = re.subn(rf"(?m)^{key}:.*$", f"{key}: {value}", text)
        assert n == 1, key
    return text


def lines(*requests):
    return "".join(json.dumps(r) + "\n" for r in requests)


@pytest.fixture
def feed(tmp_path):
    path = tmp_path / "audio.jsonl"
    path.write_text(lines(*HEADPHONES))
    return path


# ---- the route ----


def test_other_rules_against_the_serving_ones(service):
    r = service.post("/v1/replay", json={"requests": [PLAIN, SHOPPING], "rules": {"placement": placement(max_links=0)}})
    assert r.status_code == 200, r.text
    body = r.json()
    assert body["totals"]["requests"] == 2 and body["totals"]["different"] == 1 and body["totals"]["links_b"] == 0
    (one,) = body["requests"]
    assert one["request"] == 2 and one["id"] == "r1" and one["decision"]["a"] == "linked" and one["decision"]["b"] != "linked"
    served = service.insert(**SHOPPING)["links"]
    assert [(x["start"], x["product"]["id"]) for x in one["only_a"]] == [(x["start"], x["product"]["id"]) for x in served]
    assert one["only_b"] == [] and one["changed"] == []


def test_the_service_goes_on_under_its_own_rules(service):
    service.post("/v1/replay", json={"requests": [SHOPPING], "rules": {"placement": placement(max_links=0)}})
    assert service.insert(**SHOPPING)["decision"] == "linked"


def test_without_rules_nothing_differs(service):
    body = service.post("/v1/replay", json={"requests": [SHOPPING, SHOPPING]}).json()
    assert body["requests"] == [] and body["totals"]["different"] == 0 and body["totals"]["links_a"] > 0


def test_nothing_is_recorded(service):
    shown = service.insert(**{**SHOPPING, "request_id": "seen"})["insertion"]
    service.post("/v1/replay", json={"requests": [{**SHOPPING, "request_id": "unseen"}]})
    assert service.get(f"/v1/insertions/{shown}").status_code == 200
    report = service.get("/v1/reports/commissions?group_by=merchant").json()
    assert sum(row["answers"] for row in report["rows"]) <= 1


@pytest.mark.parametrize("body,pointer", [
    ({}, "/requests"),
    ({"requests": []}, "/requests"),
    ({"requests": "all"}, "/requests"),
    ({"requests": [SHOPPING, {"answer": 5}]}, "/requests/1/answer"),
    ({"requests": [5]}, "/requests/0"),
    ({"requests": [SHOPPING], "rules": []}, "/rules"),
    ({"requests": [SHOPPING], "rules": {"placement": 5}}, "/rules/placement"),
    ({"requests": [SHOPPING], "rules": {"nonsense": "a: 1"}}, "/rules/nonsense"),
    ({"requests": [SHOPPING], "rules": {"placement": "max_links: [unclosed"}}, "/rules"),
    ({"requests": [SHOPPING], "rules": {"placement": placement(max_links="many")}}, "/rules"),
])
def test_mistakes_name_their_place(service, body, pointer):
    r = service.post("/v1/replay", json=body)
    assert r.status_code == 400 and r.headers["content-type"] == "application/problem+json", r.text
    assert r.json()["errors"][0]["pointer"] == pointer


def test_too_many_at_once(service):
    r = service.post("/v1/replay", json={"requests": [PLAIN] * 1001})
    assert r.status_code == 413
    assert service.post("/v1/replay", json={"requests": [PLAIN] * 1000}).json()["totals"]["requests"] == 1000


# ---- the command ----


def test_command_compares_rules(feed, tmp_path):
    other = tmp_path / "rules"
    other.mkdir()
    for path in (ROOT / "rules").iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    (other / "placement.yaml").write_text(placement(max_links=0))
    done = run("replay", "--catalog", feed, "--rules-b", other, "--catalogs", ROOT / "catalogs", input=lines(PLAIN, SHOPPING), check=0)
    body = json.loads(done.stdout)
    assert [r["id"] for r in body["requests"]] == ["r1"] and body["totals"]["only_a"] == len(body["requests"][0]["only_a"]) > 0


def test_command_compares_catalogs(feed, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(feed.read_text().replace('"wh5"', '"wh9"'))
    done = run("replay", "--catalog", f"{feed}=audio", "--catalog-b", f"{other}=audio", input=lines(SHOPPING, SHOPPING), check=0)
    body = json.loads(done.stdout)
    assert body["totals"]["changed"] == 2 and body["totals"]["only_a"] == body["totals"]["only_b"] == 0
    (change,) = body["requests"][1]["changed"]
    assert change["a"]["id"] == "wh5" and change["b"]["id"] == "wh9"


def test_a_bad_line_is_told_and_the_rest_goes_on(feed):
    done = run("replay", "--catalog", feed, "--rules-b", ROOT / "rules", "--catalogs", ROOT / "catalogs", input=lines(SHOPPING) + "junk\n" + lines(PLAIN),
               check=1)
    assert json.loads(done.stdout)["totals"]["requests"] == 2 and "line 2" in done.stderr


@pytest.mark.parametrize("args", [[], ["--rules-b", "rules"], ["--catalog", "x"]])
def test_nothing_to_compare_is_wrong_usage(args):
    done = run("replay", *args, input="")
    assert done.returncode == 2 and done.stdout == "" and done.stderr
