"""Networks' own report files: what their columns and words mean, what is refused row by row, and that a file twice is a file once."""
import json
import shutil
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from conftest import Service, run
from stores import flags_of, store  # noqa: F401

CSV = {"content-type": "text/csv"}
SHOPS = {
    "awinshop": {"network": "awin", "network_ids": {"merchant_id": "1001", "affiliate_id": "77"}},
    "awintwo": {"network": "awin", "network_ids": {"merchant_id": "1002", "affiliate_id": "77"}},
    "cjshop": {"network": "cj", "network_ids": {"publisher_id": "5", "advertiser_id": "2001"}},
    "impactshop": {"network": "impact", "network_ids": {"base_url": "https://goto.shop.example/c/11/22/9383"}},
    "rakutenshop": {"network": "rakuten", "network_ids": {"id": "abcdefghijk", "mid": "3001"}},
    "plainshop": {},
}


@pytest.fixture(scope="module")
def node(store):  # noqa: F811
    folder = Path(tempfile.mkdtemp(prefix="inlay-"))
    flags, end = flags_of(store, folder)
    s = Service(folder / "node", *flags).start()
    s.ledger_flags = flags
    for name, fields in SHOPS.items():
        s.merchant(name, commission=[{"rate_ppm": 100000}], **fields)
    yield s
    assert s.stop() == 0
    verified = run("ledger", "verify", "--data", s.data, *flags)
    end()
    shutil.rmtree(folder, ignore_errors=True)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def send(node, network, text, headers=CSV, expect=200, **params):
    r = node.post(f"/v1/imports/{network}", params=params, data=text.encode() if isinstance(text, str) else text, headers=headers)
    assert r.status_code == expect, r.text
    return r.json()


def counts(report):
    return {k: v for k, v in report.items() if k not in ("network", "errors") and v}


def orders(node, merchant):
    return {c["order_id"]: c for c in node.get("/v1/commissions", params={"merchant": merchant, "limit": 1000}).json()["data"]}


AWIN = """id,advertiserId,commissionStatus,commissionAmount,saleAmount,currency,clickRef,transactionDate,validationDate,orderRef,paidToPublisher,declineReason
900001,1001,pending,5.10,51.00,GBP,,2026-09-01 10:00:00,,A-1,false,
900002,1001,approved,2.50,25.00,GBP,,2026-09-01T11:00:00,2026-09-20T09:00:00,A-2,false,
900003,1002,declined,9.99,99.90,EUR,,2026-09-02 10:00:00,2026-09-03 10:00:00,B-1,false,returned
900004,1002,approved,1.00,10.00,EUR,,2026-09-02 10:00:00,2026-09-09 10:00:00,B-2,true,
"""


def test_awin(node):
    assert counts(send(node, "awin", AWIN)) == {"rows": 4, "booked": 4}
    assert counts(send(node, "awin", AWIN)) == {"rows": 4, "repeated": 4}
    a, b = orders(node, "awinshop"), orders(node, "awintwo")
    assert (a["A-1"]["status"], a["A-1"]["commission"]) == ("pending", {"amount": 510, "currency": "GBP"})
    assert a["A-2"]["status"] == "approved" and a["A-2"]["occurred_at"] == "2026-09-01T11:00:00.000Z"
    assert b["B-1"]["status"] == "declined" and b["B-1"]["commission"]["amount"] == 0
    assert b["B-2"]["status"] == "paid"  # the flag beats the word
    mutated = AWIN.replace("pending,5.10,51.00", "approved,4.10,41.00").replace("GBP,,2026-09-01 10:00:00,,", "GBP,,2026-09-01 10:00:00,2026-09-30 10:00:00,")
    assert counts(send(node, "awin", mutated)) == {"rows": 4, "changed": 1, "repeated": 3}
    assert counts(send(node, "awin", AWIN)) == {"rows": 4, "repeated": 4}  # the old page again
    a = orders(node, "awinshop")["A-1"]
    assert (a["status"], a["total"]["amount"], a["commission"]["amount"], len(a["history"])) == ("approved", 4100, 410, 2)


def test_awin_as_its_api_answers(node):
    record = {"id": 910001, "advertiserId": 1001, "commissionStatus": "pending", "commissionAmount": {"amount": 3.456, "currency": "EUR"},
              "saleAmount": {"amount": 34.5, "currency": "EUR"}, "clickRefs": {"clickRef": "none"}, "transactionDate": "2026-09-05T10:00:00",
              "validationDate": None, "orderRef": "J-1", "paidToPublisher": False, "transactionParts": [{"amount": 1}]}
    assert counts(send(node, "awin", json.dumps([record]), {"content-type": "application/json"})) == {"rows": 1, "booked": 1}
    assert orders(node, "awinshop")["J-1"]["commission"] == {"amount": 346, "currency": "EUR"}


def test_cj(node):
    head = "commissionId,actionStatus,validationStatus,original,originalActionId,advertiserId,orderId,shopperId,eventDate,postingDate,saleAmountUsd,pubCommissionAmountUsd\n"
    first = head + "1,new,PENDING,true,,2001,C-1,,2026-09-01T10:00:00Z,2026-09-01T12:00:00Z,1000.00,103.652\n" \
                   "2,closed,ACCEPTED,true,,2001,C-2,,2026-09-01T10:00:00Z,2026-09-01T12:00:00Z,50.00,5.00\n"
    assert counts(send(node, "cj", first)) == {"rows": 2, "booked": 2}
    got = orders(node, "cjshop")
    assert got["C-2"]["status"] == "paid"  # closed is settled, not reversed
    # half of it comes back, with three decimals; the correction names its original only
    second = head + "3,new,PENDING,false,1,2001,,,2026-09-01T10:00:00Z,2026-09-10T12:00:00Z,-500.00,-51.826\n"
    assert counts(send(node, "cj", second)) == {"rows": 1, "changed": 1}
    assert counts(send(node, "cj", second)) == {"rows": 1, "repeated": 1}
    c1 = orders(node, "cjshop")["C-1"]
    assert (c1["total"]["amount"], c1["commission"]["amount"]) == (50000, 5183)  # 51.826: rounded once, at the end
    # all of a settled one: clawed back
    assert counts(send(node, "cj", head + "4,closed,ACCEPTED,false,2,2001,C-2,,2026-09-01T10:00:00Z,2026-10-10T12:00:00Z,-50.00,-5.00\n")) == {"rows": 1, "changed": 1}
    c2 = orders(node, "cjshop")["C-2"]
    assert (c2["status"], c2["commission"]["amount"], c2["reversed"]["amount"]) == ("reversed", 0, 500)


def test_impact(node):
    head = "Id,CampaignId,State,EventDate,CreationDate,LockingDate,ClearedDate,Amount,Payout,Currency,SubId1,Oid\n"
    rows = head + "9383.1,9383,PENDING,2026-09-01T10:00:00-04:00,,,,100,8.00,USD,,I-1\n9383.2,9383,APPROVED,2026-09-01T10:00:00-04:00,,,2026-10-01T00:00:00Z,20,1.60,USD,,I-2\n"
    assert counts(send(node, "impact", rows)) == {"rows": 2, "booked": 2}
    got = orders(node, "impactshop")
    assert got["I-1"]["occurred_at"] == "2026-09-01T14:00:00.000Z" and got["I-2"]["status"] == "paid"
    for state, status in (("REVERSED", "reversed"), ("APPROVED", "approved")):  # and restored
        assert counts(send(node, "impact", rows.replace("PENDING", state)))["changed"] == 1
        assert orders(node, "impactshop")["I-1"]["status"] == status
    assert orders(node, "impactshop")["I-1"]["commission"]["amount"] == 800


def test_rakuten(node):
    head = "etransaction_id|advertiser_id|order_id|sku_number|sale_amount|commissions|currency|u1|transaction_type|transaction_date|process_date\n"
    rows = head + "aa|3001|R-1|sku1|30.00|3.00|USD||batch|9/1/2026 10:00:00|9/2/2026\naa|3001|R-1|sku2|20.00|2.00|USD||batch|9/1/2026 10:00:00|9/2/2026\n"
    assert counts(send(node, "rakuten", rows)) == {"rows": 2, "booked": 1, "changed": 1}
    r1 = orders(node, "rakutenshop")["R-1"]
    assert (r1["total"]["amount"], r1["commission"]["amount"], r1["status"]) == (5000, 500, "approved")
    back = head + "bb|3001|R-1|sku2|-20.00|-2.00|USD||batch|9/1/2026 10:00:00|9/20/2026\n"
    assert counts(send(node, "rakuten", back)) == {"rows": 1, "changed": 1}
    assert counts(send(node, "rakuten", rows + back.split("\n", 1)[1])) == {"rows": 3, "repeated": 3}
    assert orders(node, "rakutenshop")["R-1"]["commission"]["amount"] == 300


def test_generic(node):
    rows = "\ufeffmerchant;order_id;status;occurred_at;total;currency;commission\r\nplainshop;G-1;pending;2026-09-01T10:00:00Z;249,90;EUR;\r\n" \
           "plainshop;\"G;2\";approved;2026-09-01;10,00;EUR;1,5\r\n"
    assert counts(send(node, "generic", rows, decimal="comma")) == {"rows": 2, "booked": 2}
    got = orders(node, "plainshop")
    assert got["G-1"]["commission"] == {"amount": 2499, "currency": "EUR"}  # by our own rule
    assert got["G;2"]["commission"]["amount"] == 150
    # the same row mutates, and new rows below zero take back
    more = rows.replace("pending", "approved") + "plainshop;G-1;approved;2026-09-09T10:00:00Z;-49,90;EUR;\r\n"
    assert counts(send(node, "generic", more, decimal="comma")) == {"rows": 3, "changed": 2, "repeated": 1}
    assert counts(send(node, "generic", more, decimal="comma")) == {"rows": 3, "repeated": 3}
    g1 = orders(node, "plainshop")["G-1"]
    assert (g1["status"], g1["total"]["amount"], g1["commission"]["amount"]) == ("approved", 20000, 2000)


def test_errors_are_told_row_by_row(node):
    rows = "id,advertiserId,commissionStatus,commissionAmount,saleAmount,currency,transactionDate,orderRef\n" \
           "e1,1001,pending,1.00,10.00,EUR,2026-09-01 10:00:00,E-1\n" \
           "e2,4711,pending,1.00,10.00,EUR,2026-09-01 10:00:00,E-2\n" \
           "e3,1001,lost,1.00,10.00,EUR,2026-09-01 10:00:00,E-3\n" \
           "e4,1001,pending,1.00,\"1,234.50\",EUR,2026-09-01 10:00:00,E-4\n" \
           "e5,1001,pending,1.00,10.00,XXX,2026-09-01 10:00:00,E-5\n" \
           "e6,1001,pending,1.00,10.00,EUR,yesterday,E-6\n" \
           "e7,1001,pending,1.00,10.00,EUR,2026-02-30 10:00:00,E-7\n" \
           "e8,1001,pending,1.00,10.00,EUR,2036-02-20 10:00:00,E-8\n" \
           "e9,1001,pending,,,EUR,2026-09-01 10:00:00,E-9\n" \
           "ea,1001,pending,1.00,10.00,EUR,2026-09-01 10:00:00,\"E-10\n" \
           "eb,1001,pending,1.00,10.00,EUR,2026-09-01 10:00:00,E-11\n"
    got = send(node, "awin", rows)
    assert counts(got) == {"rows": 11, "booked": 2, "rejected": 8, "quarantined": 1}
    assert [(e["line"], e["field"]) for e in got["errors"] if e["field"]] == [(3, "merchant"), (4, "status"), (5, "total"), (6, "total"), (7, "date"), (8, "date"),
                                                                              (9, "/occurred_at")]
    assert {e["line"] for e in got["errors"]} == {3, 4, 5, 6, 7, 8, 9, 10, 11}
    assert {e["id"] for e in got["errors"]} >= {"e2", "e3", "e4"}


@pytest.mark.parametrize("body", ["a,b,c\n1,2,3\n", "[1,2", "{\"x\":[]", "id\n1\n", "\0\0\n\0\n"])
def test_what_is_no_report_is_refused_whole(node, body):
    assert send(node, "awin", body, expect=400)["detail"]


@pytest.mark.parametrize("body", ["", "id,advertiserId,commissionStatus,saleAmount\n", "[]"])
def test_an_empty_report_is_fine(node, body):
    r = node.post("/v1/imports/awin", data=body, headers=CSV)
    assert r.status_code in (200, 400) and node.get("/healthz").status_code == 200


def test_who_may_import_and_what(node):
    assert node.post("/v1/imports/tradedoubler", data="id\n", headers=CSV).status_code == 404
    assert node.post("/v1/imports/awin", params={"merchant": "nobody"}, data=AWIN, headers=CSV).status_code == 400
    assert node.post("/v1/imports/awin", params={"decimal": "dot"}, data=AWIN, headers=CSV).status_code == 400


def test_an_idempotency_key(node):
    row = "order_id,merchant,status,occurred_at,total,currency\nK-1,plainshop,pending,2026-09-01,5.00,EUR\n"
    head = {**CSV, "Idempotency-Key": "one"}
    first = send(node, "generic", row, head)
    again = node.post("/v1/imports/generic", data=row, headers=head)
    assert again.json() == first and again.headers["Idempotent-Replayed"] == "true"
    assert node.post("/v1/imports/generic", data=row.replace("5.00", "6.00"), headers=head).status_code == 409


def test_many_rows_and_the_same_rows_from_two_doors(node):
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
    rows = ["order_id,merchant,status,occurred_at,total,currency"]
    rows += [f"many{i % 300},plainshop,{'pending' if i < 300 else 'approved'},{(begin + timedelta(minutes=i)).isoformat()},{i % 97 + 1}.00,EUR" for i in range(600)]
    got = send(node, "generic", "\n".join(rows) + "\n")
    assert counts(got) == {"rows": 600, "booked": 300, "changed": 300}
    got = send(node, "generic", "\n".join(rows) + "\n")
    assert counts(got) == {"rows": 600, "repeated": 600}


def test_from_the_command_line(node, tmp_path):
    """Beside the running service, on its own ledger."""
    file = tmp_path / "awin.csv"
    file.write_text(AWIN.replace("9000", "9900").replace("A-", "CLI-").replace("B-", "CLIB-"))
    for want in ({"rows": 4, "booked": 4}, {"rows": 4, "repeated": 4}):
        done = run("ledger", "import", "awin", file, "--data", node.data, *node.ledger_flags)
        assert done.returncode == 0, done.stderr
        assert counts(json.loads(done.stdout)) == want
    assert "CLI-1" in orders(node, "awinshop")
    assert run("ledger", "import", "nobody", file, "--data", node.data, *node.ledger_flags).returncode == 2
    assert run("ledger", "import", "awin", tmp_path / "none", "--data", node.data, *node.ledger_flags).returncode == 1
    assert run("ledger", "import", "awin").returncode == 2
