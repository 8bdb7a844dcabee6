"""Idempotency-Key, If-Match, dry_run and force."""
import json

from conftest import HEADPHONES, JSONL, eventually

ORDER = {"merchant": "audio", "order_id": "o1", "occurred_at": "2026-11-21T10:00:00Z", "status": "approved", "total": {"amount": 10000, "currency": "USD"}}


def upload(node, products, query="", **headers):
    body = "".join(json.dumps(p) + "\n" for p in products).encode()
    return node.put(f"/v1/merchants/audio/catalog{query}", data=body, headers={**JSONL, **headers})


def test_the_same_key_and_order_gives_the_same_reply(service):
    first = service.post("/v1/conversions", json=ORDER, headers={"Idempotency-Key": "k"})
    again = service.post("/v1/conversions", json=ORDER, headers={"Idempotency-Key": "k"})
    assert first.status_code == again.status_code == 200
    assert first.json()["result"] == "booked" and again.content == first.content and again.headers["Idempotent-Replayed"] == "true"
    assert service.post("/v1/conversions", json=ORDER).json()["result"] == "repeated"


def test_the_same_key_for_another_order_is_refused(service):
    assert service.post("/v1/conversions", json=ORDER, headers={"Idempotency-Key": "k"}).status_code == 200
    r = service.post("/v1/conversions", json={**ORDER, "order_id": "o2"}, headers={"Idempotency-Key": "k"})
    assert r.status_code == 409 and r.headers["Content-Type"] == "application/problem+json"
    assert service.post("/v1/conversions", json={**ORDER, "order_id": "o2"}).json()["result"] == "booked"


def test_a_refused_request_does_not_use_its_key_up(service):
    assert service.post("/v1/conversions", json={**ORDER, "status": "lost"}, headers={"Idempotency-Key": "k"}).status_code == 400
    assert service.post("/v1/conversions", json=ORDER, headers={"Idempotency-Key": "k"}).status_code == 200
    assert service.post("/v1/conversions", json=ORDER, headers={"Idempotency-Key": "x" * 300}).status_code == 400


def test_the_same_key_many_times_at_once(service, background):
    """One is booked; the others wait their turn (409, Retry-After) or get its reply."""
    seen = []

    def send(stop):
        import requests
        while not stop.is_set():
            r = requests.post(service.url + "/v1/conversions", json=ORDER, headers={"Idempotency-Key": "k"}, timeout=20)
            seen.append((r.status_code, r.headers.get("Idempotent-Replayed"), r.content if r.status_code == 200 else None))
    done = [background(send) for _ in range(4)]
    eventually(lambda: len(seen) > 100, "a hundred replies")
    for finish in done:
        finish()
    assert {s for s, _, _ in seen} <= {200, 409}
    assert len({body for s, _, body in seen if s == 200}) == 1
    assert sum(1 for s, replayed, _ in seen if s == 200 and not replayed) == 1


def test_keys_outlive_a_restart(service):
    first = service.post("/v1/conversions", json=ORDER, headers={"Idempotency-Key": "k"})
    service.kill()
    service.start()
    again = service.post("/v1/conversions", json=ORDER, headers={"Idempotency-Key": "k"})
    assert again.content == first.content and again.headers["Idempotent-Replayed"] == "true"


def test_an_upload_under_a_key(service):
    first = upload(service, HEADPHONES[:2], **{"Idempotency-Key": "u"})
    again = upload(service, HEADPHONES[:2], **{"Idempotency-Key": "u"})
    assert first.status_code == 200 and again.content == first.content
    assert upload(service, HEADPHONES, **{"Idempotency-Key": "u"}).status_code == 409


def test_if_match(service):
    state = service.get("/v1/merchants/audio/catalog")
    tag = state.headers["ETag"]
    assert tag == f'"{state.json()["generation"]}"'
    assert service.get("/v1/merchants/audio/catalog", headers={"If-None-Match": tag}).status_code == 304
    changed = upload(service, HEADPHONES[:2], **{"If-Match": tag})
    assert changed.status_code == 200 and changed.headers["ETag"] != tag
    assert upload(service, HEADPHONES, **{"If-Match": tag}).status_code == 412
    assert upload(service, HEADPHONES, **{"If-Match": f'"gen-0", W/{changed.headers["ETag"]}'}).status_code == 200
    assert upload(service, HEADPHONES[:2], **{"If-Match": "*"}).status_code == 200


def test_a_dry_run_changes_nothing(service):
    before = service.get("/v1/merchants/audio/catalog").json()
    r = upload(service, HEADPHONES[:2], "?dry_run=1")
    assert r.status_code == 200 and r.json()["accepted"] == 2
    assert service.get("/v1/merchants/audio/catalog").json() == before


def test_more_than_half_is_not_dropped_by_accident(service):
    refused = upload(service, HEADPHONES[:1])
    assert refused.status_code == 409 and refused.headers["Content-Type"] == "application/problem+json"
    assert service.get("/v1/merchants/audio/catalog").json()["products"] == 3
    assert upload(service, HEADPHONES[:1], "?force=1").status_code == 200
    assert service.get("/v1/merchants/audio/catalog").json()["products"] == 1


def test_the_reply_of_an_upload_and_its_errors(service):
    bad = {"id": "x1", "title": "No price", "url": "https://audio.example/x1"}
    r = upload(service, [*HEADPHONES, bad])
    assert r.status_code == 200
    assert set(r.json()) == {"generation", "accepted", "rejected", "unchanged", "errors"}
    assert (r.json()["accepted"], r.json()["rejected"], r.json()["unchanged"]) == (3, 1, 3)
    assert [(e["line"], e["id"], e["field"]) for e in r.json()["errors"]] == [(4, "x1", "price")]
    assert service.get("/v1/merchants/audio/catalog/errors").json()["errors"] == r.json()["errors"]


def test_nothing_usable_is_refused_and_says_why(service):
    r = upload(service, [{"id": "x1"}])
    assert r.status_code == 400 and r.headers["Content-Type"] == "application/problem+json"
    assert r.json()["rejected"] == 1 and r.json()["errors"][0]["line"] == 1
    assert service.get("/v1/merchants/audio/catalog").json()["products"] == 3


def test_products_page_by_page(service):
    seen, cursor = [], ""
    while cursor is not None:
        page = service.get(f"/v1/merchants/audio/products?limit=2&cursor={cursor}").json()
        assert len(page["data"]) <= 2
        seen += [p["id"] for p in page["data"]]
        cursor = page["next_cursor"]
    assert seen == sorted(p["id"] for p in HEADPHONES)
    assert service.get("/v1/merchants/audio/products?cursor=zz").status_code == 400
    assert service.get("/v1/merchants/audio/products?limit=0").status_code == 400
    assert service.get("/v1/merchants/nobody/products").status_code == 404
