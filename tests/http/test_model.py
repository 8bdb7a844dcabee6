"""Seeded operations against a reference (reference.py): inserts, clicks, orders, changes, refunds, imports, repeats, restarts, dates that step.
INLAY_MODEL_OPS=100000 INLAY_MODEL_SEED=7 makes it long, or another; a failure names what replays it."""
import csv
import io
import os
import shutil
import signal
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

from conftest import ANSWER, HEADPHONES, QUESTION, Service, run
from reference import RATE, Reference, operations
from stores import flags_of, store  # noqa: F401

SEED = int(os.environ.get("INLAY_MODEL_SEED", 20261121))
COUNT = int(os.environ.get("INLAY_MODEL_OPS", 800))


def iso(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class World:
    def __init__(self, service):
        self.s, self.model, self.links = service, Reference(), []
        self.s.merchant("audio", commission=[{"rate_ppm": RATE}])
        assert self.s.catalog("audio", HEADPHONES).status_code == 200

    def convert(self, **body):
        r = self.s.post("/v1/conversions", json={"merchant": "audio", **body})
        assert r.status_code in (200, 422), r.text

    def insert(self, name):
        got = self.s.insert(ANSWER, QUESTION, request_id=name, conversation_id=name)
        self.model.requests.add(name)
        self.links.append(got["links"][0]["url"])

    def click(self, which):
        if self.links:
            r = self.s.get(self.links[which % len(self.links)])
            assert r.status_code == 302 and "Inlay-Click" not in r.headers
            self.model.clicks += 1

    def message(self, name, at, status, total, commission):
        more = {} if commission is None else {"commission": {"amount": commission, "currency": "USD"}}
        self.convert(order_id=name, occurred_at=iso(at), status=status, total={"amount": total, "currency": "USD"}, **more)
        self.model.message(name, at, status, total, commission)

    def adjust(self, name, at, amount):
        self.convert(order_id=name, occurred_at=iso(at), status="approved", adjustment={"amount": amount, "currency": "USD"})
        self.model.adjust(name, at, amount)

    def file(self, rows):
        text = io.StringIO()
        w = csv.writer(text)
        w.writerow(["merchant", "order_id", "status", "occurred_at", "total", "commission", "currency"])
        for name, status, at, total, commission in rows:
            w.writerow(["audio", name, status, iso(at), f"{total / 100:.2f}", f"{commission / 100:.2f}", "USD"])
            self.model.row(name, status, at, total, commission)
        r = self.s.post("/v1/imports/generic", data=text.getvalue(), headers={"content-type": "text/csv"})
        assert r.status_code == 200 and r.json()["rejected"] == r.json()["quarantined"] == 0, r.text

    def again(self, op):
        self.do(op)

    def restart(self):
        self.s.kill(signal.SIGKILL)
        self.s.start()

    def look(self):
        r = self.s.get("/v1/reports/commissions", params={"from": "2020-01-01", "to": "2031-01-01", "group_by": "merchant", "merchant": "audio"})
        row = (r.json()["rows"] or [{}])[0]
        want = self.model.sums()
        got = {"orders": row.get("orders", 0), "order_value": row.get("order_value", {}).get("USD", 0),
               **{k: row.get("commission_" + k, {}).get("USD", 0) for k in ("pending", "approved", "paid", "reversed")}}
        assert got == {k: want[k] for k in got}
        earned = want["pending"] + want["approved"] + want["paid"] - want["clawed"]
        assert (row.get("margin") or {}).get("USD", 0) == earned
        assert (row.get("answers", 0), row.get("clicks", 0)) == (len(self.model.requests), self.model.clicks)
        accounts = {a["account"]: a["balance"]["amount"] for a in self.s.get("/v1/accounts").json()["data"]}
        assert {k: accounts.get(k, 0) for k in ("recv_pending", "recv_approved", "cash", "reversals", "recv_payable")} == {
            "recv_pending": want["pending"], "recv_approved": want["approved"], "cash": want["paid"], "reversals": want["reversed"],
            "recv_payable": -want["clawed"]}
        assert sum(accounts.values()) == 0

    def do(self, op):
        getattr(self, op[0])(*op[1:])


@pytest.fixture
def world(store):  # noqa: F811
    # In memory where there is a place for it: this ends processes, not the power.
    folder = Path(tempfile.mkdtemp(prefix="inlay-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    flags, end = flags_of(store, folder)
    service = Service(folder / "node", *flags).start()
    yield World(service)
    service.stop()
    verified = run("ledger", "verify", "--data", service.data, *flags)
    end()
    shutil.rmtree(folder, ignore_errors=True)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_books_are_those_of_the_reference(world):
    for i, op in enumerate(operations(SEED, COUNT)):
        try:
            world.do(op)
        except AssertionError as e:
            raise AssertionError(f"INLAY_MODEL_SEED={SEED} INLAY_MODEL_OPS={COUNT}: operation {i} {op}: {e}") from e
    world.look()
