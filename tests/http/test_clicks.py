"""GET /c/{token}: headers, HEAD, refusals, and what happens when the disk is slow."""
import sqlite3
import time

import pytest

from conftest import ANSWER, HEADPHONES, QUESTION, eventually


def count(node, name):
    return int(next(x for x in node.get("/metrics").text.splitlines() if x.startswith(name + " ")).split()[1])


@pytest.fixture
def service(make_service):
    """As in conftest, with the bound that users get."""
    s = make_service("clicks", "--click-wait-ms", "250").start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    return s


@pytest.fixture
def link(service):
    url = service.insert(ANSWER, QUESTION)["links"][0]["url"]
    return url[url.index("/c/"):]


def test_a_click(service, link):
    r = service.get(link)
    assert r.status_code == 302 and r.headers["Location"].startswith("https://audio.example/p/wh5")
    assert r.headers["Cache-Control"] == "no-store"
    assert r.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert r.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Inlay-Click" not in r.headers and r.content == b""
    assert count(service, 'inlay_clicks_total{result="recorded"}') == 1


def test_head_is_answered_alike_and_is_no_click(service, link):
    r = service.request("HEAD", link)
    assert r.status_code == 302 and r.headers["Location"].startswith("https://audio.example/p/wh5")
    assert count(service, 'inlay_clicks_total{result="recorded"}') == 0


def test_the_query_never_leads_elsewhere(service, link):
    plain = service.get(link).headers["Location"]
    other = service.get(link + "?url=https://evil.example&to=//evil.example").headers["Location"]
    assert other.split("?")[0] == plain.split("?")[0] and "evil" not in other


def test_tampered_tokens(service, link):
    token = link[3:]
    for i in range(len(token)):
        for c in "A_":
            if token[i] != c:
                assert service.get("/c/" + token[:i] + c + token[i + 1:]).status_code == 404
    for wrong in (token[:-1], token + "A", token + "%00", token + "=", token.swapcase()):
        assert service.get("/c/" + wrong).status_code == 404
    assert count(service, 'inlay_clicks_total{result="recorded"}') == 0


def test_robots_stay_away(service):
    assert "Disallow: /c/" in service.get("/robots.txt").text


def test_a_click_is_answered_although_the_ledger_stalls(service, link):
    """Another process holds the database: nothing becomes durable meanwhile, and everything does afterwards."""
    lock = sqlite3.connect(service.data / "ledger.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    r = service.get(link)
    assert r.status_code == 302 and r.headers["Inlay-Click"] == "unrecorded"
    body = service.insert(ANSWER, QUESTION, request_id="stalled")
    assert body["decision"] == "linked"
    assert count(service, 'inlay_clicks_total{result="unrecorded"}') == 1
    assert count(service, "inlay_inserts_unrecorded_total") == 1
    lock.execute("ROLLBACK")
    lock.close()
    eventually(lambda: "Inlay-Click" not in service.get(link).headers, "clicks are recorded again")
    eventually(lambda: service.get("/v1/insertions/" + body["insertion"]).status_code == 200, "the insertion came in late")


def test_many_waiting_visitors_are_all_sent_on(service, link, background):
    """Waits that time out and commits that come late race for the same requests: each is answered once."""
    lock = sqlite3.connect(service.data / "ledger.db", isolation_level=None)
    answered = []

    def visit(stop):
        import requests
        with requests.Session() as s:
            while not stop.is_set():
                r = s.get(service.url + link, allow_redirects=False, timeout=20)
                assert r.status_code == 302
                answered.append(r.headers.get("Inlay-Click"))
    done = [background(visit) for _ in range(16)]
    for hold in (0.24, 0.25, 0.26, 0.1):
        lock.execute("BEGIN IMMEDIATE")
        time.sleep(hold)
        lock.execute("ROLLBACK")
    n = len(answered)
    eventually(lambda: len(answered) > n + 50, "clicks go on")
    for finish in done:
        finish()
    lock.close()
    assert None in answered


def classes(service):
    """Classes of all clicks, in order."""
    return [row[0] for row in sqlite3.connect(f"file:{service.data}/ledger.db?mode=ro", uri=True).execute("SELECT class FROM click ORDER BY no")]


@pytest.mark.parametrize("first,second,expected", [
    ("203.0.113.7", "203.0.113.8", "human"), ("203.0.113.7", "203.0.113.7", "duplicate"), ("2001:db8::1", "2001:db8::2", "human"),
    ("1.1.1.1, 203.0.113.7", "2.2.2.2, 203.0.113.7", "duplicate"), ("words", "other words", "duplicate"), ("", "", "duplicate")])
def test_visitors_behind_a_proxy_are_told_apart(service, link, first, second, expected):
    """By the proxy's own entry, the last one; what a client has written before it counts for nothing."""
    for address in (first, second):
        assert service.get(link, headers={"x-forwarded-for": address}).status_code == 302
    assert classes(service) == ["human", expected]
