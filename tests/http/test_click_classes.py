"""Which clicks count: request-level scenarios over the real door, clicks that apps report, and links confirmed as shown."""
import json
import sqlite3
import subprocess

import pytest

from conftest import ANSWER, BINARY, BROWSER, HEADPHONES, QUESTION, eventually

CHROME = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36")
WECHAT = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
          "MicroMessenger/8.0.54(0x18003633) NetType/WIFI Language/zh_CN")
FETCHED = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site", "sec-fetch-user": "?1"}
BOTH = "For long flights I would buy the Sonora WH-900. A Ridgeline 2 Person Camping Tent is what you need for camping."
BOTH_ASKED = "Which noise cancelling headphones and which camping tent should I buy?"


def click(service, url, agent=CHROME, address=None, **headers):
    """As one request of its own, with these headers and no others."""
    all_headers = {k: v for k, v in {"user-agent": agent, "accept": None, "sec-fetch-mode": None, "sec-fetch-dest": None,
                                     **{k.replace("_", "-"): v for k, v in headers.items()}}.items()}
    if address:
        all_headers["x-forwarded-for"] = address
    r = service.get(url[url.index("/c/"):], headers=all_headers)
    assert r.status_code == 302 and "Inlay-Click" not in r.headers
    return r


def rows(service, columns="class, rule"):
    db = sqlite3.connect(f"file:{service.data}/ledger.db?mode=ro", uri=True)
    return [r if len(r) > 1 else r[0] for r in db.execute(f"SELECT {columns} FROM click ORDER BY no")]


@pytest.fixture
def link(service):
    return service.insert(ANSWER, QUESTION)["links"][0]["url"]


def test_scenarios(service, link):
    """Each from a visitor of its own; the rule says why."""
    told = [
        (dict(**FETCHED), "human", ""),
        (dict(accept_language="en"), "human", ""),
        (dict(agent=WECHAT, accept_language="zh-CN"), "human", ""),
        (dict(**{**FETCHED, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}), "bot", "fetch:mode"),
        (dict(**{**FETCHED, "sec-fetch-dest": "iframe"}), "bot", "fetch:dest"),
        (dict(sec_purpose="prefetch;prerender", **FETCHED), "prefetch", "header:purpose"),
        (dict(purpose="prefetch", accept_language="en"), "prefetch", "header:purpose"),
        (dict(x_moz="prefetch", accept_language="en"), "prefetch", "header:purpose"),
        (dict(agent="Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"), "preview", "agent:preview"),
        (dict(agent="facebookexternalhit/1.1"), "preview", "agent:preview"),
        (dict(agent="curl/8.5.0"), "bot", "agent:bot"),
        (dict(agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", accept_language="en"), "bot", "agent:bot"),
        (dict(agent=""), "bot", "agent:none"),
        (dict(), "bot", "scanner:first seconds"),
    ]
    for n, (how, *_) in enumerate(told):
        click(service, link, address=f"198.51.{100 + n}.7", **how)
    assert rows(service) == [(a, b) for _, a, b in told]


def test_a_scanner_opens_every_link_and_a_person_one(service):
    links = [x["url"] for x in service.insert(BOTH, BOTH_ASKED)["links"]]
    assert len(links) == 2
    for url in links:
        click(service, url, address="203.0.113.9", accept_language="en")
    for url in links:
        click(service, url, address="203.0.113.10", **FETCHED)
    assert rows(service) == [("human", ""), ("bot", "scanner:every link"), ("human", ""), ("human", "")]


def test_previews_first_people_after(service, link):
    click(service, link, agent="TelegramBot (like TwitterBot)", address="203.0.113.9")
    click(service, link, address="203.0.113.9", **FETCHED)
    click(service, link, address="203.0.113.9", **FETCHED)
    assert rows(service, "class") == ["preview", "human", "duplicate"]


def test_too_many_clicks_of_one_visitor(service):
    """Over forty a minute; another visitor is not held for it."""
    links = [service.insert(ANSWER, QUESTION, request_id=f"r{n}")["links"][0]["url"] for n in range(45)]
    for url in links:
        click(service, url, address="203.0.113.9", **FETCHED)
    click(service, links[0], address="203.0.113.10", **FETCHED)
    assert rows(service) == 40 * [("human", "")] + 5 * [("rate", "velocity:visitor")] + [("human", "")]


def test_sec_gpc_leaves_nothing_to_link_clicks_by(service, link):
    click(service, link, address="203.0.113.9", sec_gpc="1", **FETCHED)
    click(service, link, address="203.0.113.9", sec_gpc="1", **FETCHED)
    click(service, link, address="203.0.113.10", **FETCHED)
    assert rows(service, "class, visitor IS NULL, network IS NULL") == [("human", 1, 1), ("duplicate", 1, 1), ("human", 0, 0)]


def test_an_operators_own_list(make_service, short_tmp):
    (short_tmp / "mine.yaml").write_text("- our load tester\n")
    s = make_service("own", "--bots", str(short_tmp / "mine.yaml")).start()
    s.merchant("audio")
    s.catalog("audio", HEADPHONES)
    url = s.insert(ANSWER, QUESTION)["links"][0]["url"]
    click(s, url, agent=CHROME + " Our Load Tester", **FETCHED)
    click(s, url, **FETCHED)
    assert rows(s) == [("bot", "agent:bot"), ("human", "")]
    (short_tmp / "mine.yaml").write_text("- x\n")
    done = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0", "--data", str(short_tmp / "other"), "--bots", str(short_tmp / "mine.yaml")],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "at least two characters" in done.stderr


# ---- clicks that an app reports ---------------------------------------------------------------


def report(service):
    row = service.get("/v1/reports/commissions?group_by=merchant&merchant=audio").json()["rows"][0]
    return {k: row[k] for k in ("links", "impressions", "clicks", "human_clicks", "unique_clicks")}


def test_a_reported_click(service):
    made = service.insert(ANSWER, QUESTION)["links"][0]
    r = service.post("/v1/clicks", json={"link": made["id"]})
    assert r.status_code == 200 and r.json()["class"] == "human" and len(r.json()["click_id"]) == 27
    seen = {"link": made["id"], "user_agent": CHROME, "address": "203.0.113.9", "headers": {"Sec-Fetch-Mode": "navigate"}}
    assert service.post("/v1/clicks", json=seen).json()["class"] == "human"
    assert service.post("/v1/clicks", json=seen).json()["class"] == "duplicate"
    assert service.post("/v1/clicks", json={**seen, "address": "203.0.113.10", "user_agent": "curl/8.5.0"}).json()["class"] == "bot"
    assert service.post("/v1/clicks", json={**seen, "headers": {"sec-purpose": "prefetch"}}).json()["class"] == "prefetch"
    assert report(service) == {"links": 1, "impressions": 1, "clicks": 5, "human_clicks": 2, "unique_clicks": 2}
    order = service.post("/v1/conversions", json={"merchant": "audio", "order_id": "o1", "click_id": r.json()["click_id"], "status": "approved",
                                                  "total": {"amount": 10000, "currency": "USD"}}).json()
    assert order["attributed"] is True


def test_a_reported_click_with_a_key_is_one(service):
    made = service.insert(ANSWER, QUESTION)["links"][0]
    first = service.post("/v1/clicks", json={"link": made["id"]}, headers={"idempotency-key": "k1"})
    again = service.post("/v1/clicks", json={"link": made["id"]}, headers={"idempotency-key": "k1"})
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"
    other = service.post("/v1/clicks", json={"link": made["id"], "address": "1.2.3.4"}, headers={"idempotency-key": "k1"})
    assert other.status_code == 409
    assert len(rows(service)) == 1


@pytest.mark.parametrize("body,status,pointer", [
    ({}, 400, "/link"), ({"link": 5}, 400, "/link"), ({"link": "lnk_x"}, 400, "/link"), ([], 400, ""),
    ({"link": "lnk_" + "0" * 26}, 404, None), ({"link": "lnk_" + "0" * 26, "user_agent": 7}, 400, "/user_agent"),
    ({"link": "lnk_" + "0" * 26, "headers": "x"}, 400, "/headers"), ({"link": "lnk_" + "0" * 26, "occurred_at": "soon"}, 400, "/occurred_at"),
    ({"link": "lnk_" + "0" * 26, "occurred_at": "2020-01-01T00:00:00Z"}, 400, "/occurred_at"),
    ({"link": "lnk_" + "0" * 26, "address": "9" * 64}, 400, "/address")])
def test_wrong_reports_of_clicks(service, body, status, pointer):
    r = service.post("/v1/clicks", json=body)
    assert r.status_code == status, r.text
    assert r.headers["content-type"] == "application/problem+json"
    if pointer:
        assert r.json()["errors"][0]["pointer"] == pointer


# ---- impressions ---------------------------------------------------------------------------------


def test_impressions(service):
    made = service.insert(BOTH, BOTH_ASKED)
    ids = [x["id"] for x in made["links"]]
    assert report(service)["impressions"] == 2
    confirmed = service.post("/v1/impressions", json={"links": [ids[0], "lnk_" + "0" * 26]})
    assert confirmed.status_code == 200 and confirmed.json() == {"confirmed": 1, "unknown": 1}
    assert report(service)["impressions"] == 1
    assert service.post("/v1/impressions", json={"insertion": made["insertion"]}).json() == {"confirmed": 1, "unknown": 0}
    assert service.post("/v1/impressions", json={"insertion": made["insertion"]}).json() == {"confirmed": 0, "unknown": 0}
    click(service, made["links"][0]["url"], **FETCHED)
    row = service.get("/v1/reports/commissions?group_by=merchant").json()["rows"][0]
    assert (row["impressions"], row["ctr"]) == (2, 0.5)
    service.insert(BOTH, BOTH_ASKED, request_id="unseen")  # served, never shown
    assert report(service)["impressions"] == 2 and report(service)["links"] == 4
    assert subprocess.run([BINARY, "ledger", "verify", "--data", str(service.data)], capture_output=True).returncode == 0


@pytest.mark.parametrize("body,pointer", [({}, "/links"), ({"links": "x"}, "/links"), ({"links": [1]}, "/links/0"),
                                          ({"insertion": 1}, "/insertion"), ({"links": ["lnk_" + "0" * 26] * 1001}, "/links")])
def test_wrong_impressions(service, body, pointer):
    r = service.post("/v1/impressions", json=body)
    assert r.status_code == 400 and r.json()["errors"][0]["pointer"] == pointer


def test_many_links_in_one_call(service):
    ids = [service.insert(ANSWER, QUESTION, request_id=f"r{n}")["links"][0]["id"] for n in range(70)]
    assert service.post("/v1/impressions", json={"links": ids}).json() == {"confirmed": 70, "unknown": 0}
