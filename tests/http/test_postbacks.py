"""Orders as networks and shops report them: what is signed in which way, what is booked although something is odd."""
import base64
import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, urlencode

import pytest


def order(service, **fields):
    return service.get("/v1/postback/audio", params={"total": "10.00", "currency": "USD", "status": "approved", "secret": "sesame", **fields})


def signature(text, secret=b"sesame"):
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


ODD = {"order_id": "no 7&ä~*", "total": "12.00", "currency": "USD", "status": "approved", "click_id": ""}
ENCODINGS = {
    "python, php": urlencode(sorted(ODD.items())),
    "rfc 3986": urlencode(sorted(ODD.items()), quote_via=quote),
    "URLSearchParams": urlencode(sorted(ODD.items())).replace("~", "%7E").replace("%2A", "*"),
}


@pytest.mark.parametrize("how", ENCODINGS)
def test_a_signature_over_any_usual_encoding(service, how):
    r = service.get("/v1/postback/audio", params={**ODD, "sig": signature(ENCODINGS[how])})
    assert r.status_code == 200 and r.json()["order_id"] == ODD["order_id"], r.text
    assert service.get("/v1/postback/audio", params={**ODD, "total": "13.00", "sig": signature(ENCODINGS[how])}).status_code == 401
    assert service.post("/v1/postback/audio", data={**ODD, "sig": signature(ENCODINGS[how])}).json()["result"] == "repeated"


@pytest.mark.parametrize("click", ["x", "{click}", "01m7zvasqg0003tm0wjs6t8pjd9", "%00", "0" * 300])
def test_money_is_booked_although_the_click_came_back_broken(service, click):
    r = order(service, order_id="broken", click_id=click)
    assert r.status_code == 200, r.text
    assert r.json()["result"] == "booked" and r.json()["attributed"] is False


def test_macros_that_were_not_filled_and_names_of_trackers(service):
    r = service.get("/v1/postback/audio", params={"txid": "macro", "amount": "10.00", "payout": "{payout}", "currency": "!!!currency!!!", "cid": "[cid]",
                                                  "status": "approved", "secret": "sesame"})
    assert r.status_code == 200 and r.json()["commission"] == {"amount": 50, "currency": "USD"}, r.text  # by our own rule
    r = service.post("/v1/postback/audio", data={"xid": "macro", "amount": "10.00", "payout": "0.75", "status": "approved", "secret": "sesame"})
    assert r.json()["result"] == "changed" and r.json()["commission"] == {"amount": 75, "currency": "USD"}, r.text
    assert order(service, order_id="{order_id}").status_code == 400


def test_a_date_far_ahead_does_not_silence_the_order(service):
    far = (datetime.now(timezone.utc) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    r = order(service, order_id="far", occurred_at=far)
    assert r.status_code == 400 and r.json()["errors"][0]["pointer"] == "/occurred_at"
    r = service.post("/v1/conversions", json={"merchant": "audio", "order_id": "far", "occurred_at": far, "status": "approved",
                                              "total": {"amount": 1000, "currency": "USD"}})
    assert r.status_code == 400 and r.json()["errors"][0]["pointer"] == "/occurred_at"
    assert order(service, order_id="far").json()["result"] == "booked"


@pytest.mark.parametrize("secret", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "plain words", "whsec_not base64!"])
def test_standard_webhooks(service, secret):
    """As the standard's libraries sign: whsec_ and base64 of the key's bytes; other secrets are the key itself."""
    service.merchant("hook", postback_secret=secret)
    key = base64.b64decode(secret[6:]) if "MfKQ" in secret else secret.encode()
    body = json.dumps({"order_id": "w1", "click_id": "cut", "status": "approved", "total": {"amount": 500, "currency": "USD"}})

    def send(key, at):
        mac = base64.b64encode(hmac.new(key, f"msg_1.{at}.{body}".encode(), hashlib.sha256).digest()).decode()
        return service.post("/v1/postback/hook", data=body, headers={
            "content-type": "application/json", "webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"v1,AAAA v1,{mac}"})
    now = int(time.time())
    assert send(key, now).json()["result"] == "booked"
    assert send(key, now).json()["result"] == "repeated"
    assert send(b"another", now).status_code == 401
    assert send(key, now - 3600).status_code == 401


def test_a_retired_shop_can_still_report(service):
    assert service.request("DELETE", "/v1/merchants/audio").status_code == 204
    assert order(service, order_id="late").json()["result"] == "booked"
    assert service.get("/v1/reports/commissions", params={"group_by": "merchant"}).json()["rows"][0]["orders"] == 1


@pytest.mark.parametrize("total", ["99999999999999999999", "92233720368547758.07", "9223372036854.77", "1e5", "0x10", "nan", " ", "1.000", "-0.00"])
def test_odd_totals_never_break_the_books(service, total):
    r = order(service, order_id="odd", total=total)
    assert r.status_code in (200, 400, 422), r.text
    assert service.get("/v1/reports/commissions").status_code == 200
    assert order(service, order_id="even").json()["result"] == "booked"
