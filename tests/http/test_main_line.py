"""The story of one answer: a catalog goes in, an answer comes out with a link, the click and the order are booked, the report adds up."""
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from conftest import ANSWER, DEADLINE, HEADPHONES, JSONL, QUESTION, ROOT, SANITIZED, eventually, run


def linked(service, **more):
    got = service.insert(ANSWER, QUESTION, **more)
    assert got["decision"] == "linked", got
    return got


def click(service, url):
    r = service.get(url)
    assert r.status_code == 302, r.text
    return r


def apply_edits(original, edits):
    raw = original.encode()
    out, at = b"", 0
    for e in edits:
        out += raw[at:e["at"]] + e["insert"].encode()
        at = e["at"]
    return (out + raw[at:]).decode()


def postback(service, merchant="audio", **params):
    return service.get(f"/v1/postback/{merchant}", params={"secret": "sesame", "currency": "USD", **params})


def report_row(service, **params):
    r = service.get("/v1/reports/commissions", params={"group_by": "merchant", **params})
    assert r.status_code == 200, r.text
    rows = r.json()["rows"]
    assert len(rows) == 1, rows
    return rows[0]


def click_id_of(service, response):
    """What a plain merchant with a {click} parameter is sent."""
    return parse_qs(urlsplit(response.headers["location"]).query)["sub"][0]


@pytest.fixture
def tracked(service):
    service.merchant("audio", network="plain", network_ids={"params": {"sub": "{click}"}})
    return service


def test_an_answer_gets_an_honest_link(service):
    got = linked(service)
    link = got["links"][0]
    assert link["product"]["id"] == "wh5"
    assert link["text"] in ANSWER and ANSWER.encode()[link["start"]:link["end"]].decode() == link["text"]
    assert link["url"].startswith(service.url + "/c/")
    assert apply_edits(ANSWER, got["edits"]) == got["answer"]
    assert "(Ad)" in got["answer"] and got["disclosure"]
    again = linked(service)
    assert {**again, "took_us": 0} == {**got, "took_us": 0}


def test_own_output_is_left_as_it_is(service):
    got = linked(service)
    again = service.insert(got["answer"], QUESTION)
    assert again["answer"] == got["answer"] and again["edits"] == []
    assert [l["id"] for l in again["links"]] == [l["id"] for l in got["links"]] and again["links"][0]["existing"]


def test_no_question_no_link(service):
    r = service.post("/v1/insert", json={"answer": ANSWER}).json()
    assert r["decision"] == "none" and r["answer"] == ANSWER and r["edits"] == []


def test_click_goes_to_the_shop_and_is_counted(tracked):
    url = linked(tracked)["links"][0]["url"]
    r = click(tracked, url)
    assert r.headers["location"].startswith("https://audio.example/p/wh5?sub=")
    assert r.headers["cache-control"] == "no-store"
    assert "inlay-click" not in r.headers
    assert report_row(tracked)["clicks"] == 1


def test_a_forged_token_is_404_and_no_click(tracked):
    url = linked(tracked)["links"][0]["url"]
    click(tracked, url)
    token = url.rsplit("/", 1)[1]
    for i in range(0, len(token), 7):
        bad = token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1:]
        assert tracked.get("/c/" + bad).status_code == 404
    assert tracked.get("/c/" + token[:-1]).status_code == 404
    assert report_row(tracked)["clicks"] == 1


def test_the_whole_line_adds_up(tracked):
    got = linked(tracked, request_id="r1")
    r = click(tracked, got["links"][0]["url"])
    sent = dict(click_id=click_id_of(tracked, r), order_id="o-1", total="299.00", status="approved")
    assert postback(tracked, **sent).status_code == 200
    assert postback(tracked, **sent).status_code == 200  # repeated: still one order
    row = report_row(tracked)
    assert (row["answers"], row["linked"], row["links"], row["clicks"], row["orders"]) == (1, 1, 1, 1, 1), row
    assert row["order_value"] == {"USD": 29900}
    assert row["commission_approved"] == {"USD": 1495}  # 5 %
    assert tracked.get("/v1/reports/commissions", params={"group_by": "day"}).json()["rows"][0]["order_value"] == {"USD": 29900}
    done = run("report", "--group-by", "merchant", "--format", "json", "--data", tracked.data, check=0)
    assert '"orders":1' in done.stdout.replace(" ", "")
    run("ledger", "verify", "--data", tracked.data, check=0)


def test_a_postback_without_the_secret_is_401(tracked):
    r = click(tracked, linked(tracked)["links"][0]["url"])
    sent = dict(click_id=click_id_of(tracked, r), order_id="o-2", total="10.00", status="approved")
    assert postback(tracked, **{**sent, "secret": "wrong"}).status_code == 401
    assert report_row(tracked)["orders"] == 0


def test_a_restart_keeps_everything(tracked):
    got = linked(tracked)
    r = click(tracked, got["links"][0]["url"])
    assert postback(tracked, click_id=click_id_of(tracked, r), order_id="o-3", total="50.00", status="pending").status_code == 200
    before = report_row(tracked)
    assert tracked.stop() == 0
    tracked.start()
    assert report_row(tracked) == before
    again = linked(tracked)
    assert again["catalog"] == got["catalog"] and again["links"] == got["links"] and again["answer"] == got["answer"]
    click(tracked, got["links"][0]["url"])
    assert report_row(tracked)["clicks"] == before["clicks"] + 1


def test_clicks_are_answered_before_the_catalog_is_loaded(tracked):
    url = linked(tracked)["links"][0]["url"]
    tracked.merchant("mass")
    many = [{"id": f"p{i}", "title": f"Walnut shelf bracket model {i} for rooms of {i % 97} and {i % 89} steps", "url": f"https://mass.example/{i}",
             "price": "5.00 USD", "category": "Home > Shelves"} for i in range(15000 if SANITIZED else 100000)]
    assert tracked.catalog("mass", many).json()["accepted"] == len(many)
    tracked.kill()
    tracked.start(wait_ready=False)
    r = click(tracked, url)
    assert tracked.get("/readyz").status_code == 503, "the catalog was there already: this proved nothing, make it larger"
    assert r.headers["location"].startswith("https://audio.example/p/wh5?sub=")
    eventually(lambda: tracked.get("/readyz").status_code == 200, "loaded", DEADLINE * 6)
    linked(tracked)


def test_a_patch_is_seen_at_once_and_a_gone_product_goes_to_the_shop(tracked):
    url = linked(tracked)["links"][0]["url"]
    r = tracked.patch("audio", {"id": "wh5", "deleted": True})
    assert r.status_code == 200 and r.json()["deleted"] == 1, r.text
    assert tracked.insert(ANSWER, QUESTION)["decision"] == "none"
    assert click(tracked, url).headers["location"].startswith("https://audio.example/")
    back = tracked.patch("audio", HEADPHONES[0])
    assert back.status_code == 200
    assert linked(tracked)["catalog"] == back.json()["generation"]


def test_a_replacement_that_drops_most_is_refused(service):
    old = service.get("/v1/merchants/audio/catalog").json()["generation"]
    assert service.catalog("audio", HEADPHONES[:1]).status_code == 409
    linked(service)
    assert service.get("/v1/merchants/audio/catalog").json()["generation"] == old
    assert service.catalog("audio", HEADPHONES[1:2], "?force=1").status_code == 200
    assert service.insert(ANSWER, QUESTION)["decision"] == "none"


def test_a_bad_line_is_named_and_the_rest_is_taken(service):
    r = service.catalog("audio", HEADPHONES + [{"id": "bad", "title": "No price", "url": "https://audio.example/x"}]).json()
    assert (r["accepted"], r["rejected"]) == (3, 1)
    assert r["errors"][0]["line"] == 4 and r["errors"][0]["field"] == "price"


def test_dry_run_changes_nothing(service):
    old = service.get("/v1/merchants/audio/catalog").json()
    assert service.catalog("audio", HEADPHONES + [{**HEADPHONES[1], "id": "t3"}], "?dry_run=1").json()["accepted"] == 4
    assert service.get("/v1/merchants/audio/catalog").json() == old


def test_if_match(service):
    old = service.get("/v1/merchants/audio/catalog").json()["generation"]
    body = (json.dumps({**HEADPHONES[0], "price": "250.00 USD"}) + "\n").encode()
    path = "/v1/merchants/audio/catalog"
    wrong = service.request("PATCH", path, data=body, headers={**JSONL, "if-match": '"gen-999"'})
    assert wrong.status_code in (409, 412)
    right = service.request("PATCH", path, data=body, headers={**JSONL, "if-match": f'"{old}"'})
    assert right.status_code == 200, right.text


def test_a_retired_merchant_gets_no_links_but_its_clicks_still_arrive(tracked):
    url = linked(tracked)["links"][0]["url"]
    assert tracked.request("DELETE", "/v1/merchants/audio").status_code in (200, 204)
    assert tracked.insert(ANSWER, QUESTION)["decision"] == "none"
    assert click(tracked, url).headers["location"].startswith("https://audio.example/")
    assert tracked.catalog("audio", HEADPHONES).status_code == 409


def test_an_expired_product_leaves_the_shelf(service):
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    assert service.catalog("audio", [{**HEADPHONES[0], "expires_at": soon}, *HEADPHONES[1:]]).json()["accepted"] == 3
    name = linked(service)["catalog"]
    eventually(lambda: service.insert(ANSWER, QUESTION)["decision"] == "none", "it is not linked any more")
    eventually(lambda: service.insert(ANSWER, QUESTION)["catalog"] == name + "+1", "it is off the shelf, which has another name, for answers differ")
    service.stop()
    service.start()
    assert service.insert(ANSWER, QUESTION)["catalog"] == name + "+1"


def test_a_paused_merchant_gets_no_links(service):
    service.merchant("audio", status="paused")
    assert service.insert(ANSWER, QUESTION)["decision"] == "none"
    service.merchant("audio", status="active")
    linked(service)


def test_the_secret_cannot_be_lost_by_putting_back_what_was_read(tracked):
    read = tracked.get("/v1/merchants/audio").json()
    assert "postback_secret" not in read
    assert tracked.put("/v1/merchants/audio", json=read).status_code == 200
    r = click(tracked, linked(tracked)["links"][0]["url"])
    assert postback(tracked, click_id=click_id_of(tracked, r), order_id="o-9", total="1.00", status="pending").status_code == 200


def test_chinese_from_the_sample_catalogs(service):
    run("catalog", "push", "--merchants", ROOT / "catalogs" / "merchants.yaml", "--url", service.url, check=0)
    answer = "敏感肌建议选成分简单的面膜，可以优先考虑积雪草舒缓面膜，每周用两次就够了。"
    got = service.insert(answer, "敏感肌适合用什么样的面膜", locale="zh-CN")
    assert got["decision"] == "linked", got
    assert "面膜" in got["links"][0]["text"] and "面膜" in got["links"][0]["product"]["title"]
    assert "广告" in got["answer"] and apply_edits(answer, got["edits"]) == got["answer"]
