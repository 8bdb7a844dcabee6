"""kill -9 and simulated power loss while people click and shops report orders: what was acknowledged is there, once."""
import os
import random
import sqlite3
import subprocess
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

import powerloss
from conftest import ANSWER, BINARY, BROWSER, HEADPHONES, QUESTION, Service, eventually, run

CLIENTS = 8
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
SOURCE = Path(__file__).with_name("powerfail.c")


@pytest.fixture(scope="session")
def recorder(tmp_path_factory):
    if "san" in BINARY:
        pytest.skip("a sanitizer wants to be loaded before the recorder")
    so = tmp_path_factory.mktemp("powerfail") / "powerfail.so"
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-o", so, SOURCE, "-ldl", "-lpthread"], check=True)
    return so


class Shoppers:
    """Clients that click, and report an order for every third click; each remembers only what was acknowledged."""

    def __init__(self, base, links, name):
        self.base, self.links, self.name = base, links, name
        self.stop = threading.Event()
        self.clicks = [[] for _ in range(CLIENTS)]
        self.orders = [[] for _ in range(CLIENTS)]
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def run(self, me):
        session = requests.Session()
        session.headers.update(BROWSER)
        n = 0
        while not self.stop.is_set():
            try:
                visitor = {"user-agent": f"{BROWSER['user-agent']} {self.name}/{me}.{n}"}  # a person each: none is a duplicate
                r = session.get(self.links[n % len(self.links)], allow_redirects=False, timeout=20, headers=visitor)
                if r.status_code != 302 or "inlay-click" in r.headers:
                    continue
                click = parse_qs(urlsplit(r.headers["location"]).query)["sub"][0]
                self.clicks[me].append(click)
                n += 1
                if n % 3 == 0:
                    self.order(session, me, click, f"{self.name}-{me}-{n}")
            except requests.RequestException:
                if self.stop.wait(0.01):
                    return

    def order(self, session, me, click, number):
        r = session.get(f"{self.base}/v1/postback/audio", timeout=20, params={
            "click_id": click, "order_id": number, "total": "10.00", "currency": "USD", "status": "approved", "secret": "sesame"})
        if r.status_code == 200:
            self.orders[me].append(number)

    def acknowledged(self):
        return sum(map(len, self.clicks)), sum(map(len, self.orders))

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join(60)
        return [c for l in self.clicks for c in l], [o for l in self.orders for o in l]


def stored(data):
    """Clicks as the sub-ids that were sent out (without their check character), and orders with how often they were booked."""
    digits = "0123456789abcdefghjkmnpqrstvwxyz"

    def text(raw):
        n = int.from_bytes(raw, "big")
        return "".join(digits[n >> (5 * i) & 31] for i in range(25, -1, -1))

    db = sqlite3.connect(f"file:{data}/ledger.db?mode=ro", uri=True)
    clicks = [text(bytes(r[0])) for r in db.execute("SELECT click FROM click")]
    orders = [r[0] for r in db.execute("SELECT order_id FROM orders")]
    booked = dict(db.execute("SELECT o.order_id, sum(e.orders) FROM orders o JOIN entry e ON e.order_no = o.no GROUP BY 1"))
    db.close()
    return clicks, orders, booked


def check(data, clicks, orders):
    run("ledger", "verify", "--data", data, check=0)
    have, booked_ids, booked = stored(data)
    assert len(set(clicks)) == len(clicks), "one click id was given twice"
    assert len(set(have)) == len(have)
    missing = {c[:26] for c in clicks} - set(have)
    assert not missing, f"{len(missing)} of {len(clicks)} acknowledged clicks are lost"
    missing = set(orders) - set(booked_ids)
    assert not missing, f"{len(missing)} of {len(orders)} acknowledged orders are lost"
    assert all(booked[o] == 1 for o in orders), "an order was counted twice"


def load_until(service, shoppers, rng):
    wanted = 40 + rng.randrange(200)
    eventually(lambda: shoppers.acknowledged()[0] >= wanted, f"{wanted} clicks", 120)


def prepare(service):
    service.start()
    service.merchant("audio", network="plain", network_ids={"params": {"sub": "{click}"}})
    assert service.catalog("audio", HEADPHONES).status_code == 200
    links = []
    for i in range(20):
        got = service.insert(ANSWER, QUESTION, request_id=f"r{i}")
        links.append(got["links"][0]["url"])
    return links


def test_kill_9_under_load(make_service):
    rng = random.Random(7)
    service = make_service()
    links = prepare(service)
    clicks, orders = [], []
    for i in range(ROUNDS):
        shoppers = Shoppers(service.url, links, f"k{i}")
        load_until(service, shoppers, rng)
        service.kill()
        more_clicks, more_orders = shoppers.end()
        clicks += more_clicks
        orders += more_orders
        assert more_clicks and more_orders
        check(service.data, clicks, orders)
        service.start()
    row = service.get("/v1/reports/commissions", params={"group_by": "merchant"}).json()["rows"][0]
    assert row["clicks"] >= len(clicks) and row["orders"] >= len(orders)
    for o in orders:  # a shop that heard no answer reports again
        r = service.get("/v1/postback/audio", params={"order_id": o, "total": "10.00", "currency": "USD", "status": "approved", "secret": "sesame"})
        assert r.status_code == 200
    assert service.get("/v1/reports/commissions", params={"group_by": "merchant"}).json()["rows"][0]["orders"] == row["orders"]


@pytest.mark.parametrize("mode", ["none", "random", "torn"])
def test_power_loss_under_load(make_service, recorder, short_tmp, mode):
    rng = random.Random(mode)
    for i in range(ROUNDS):
        service = make_service(f"p{i}")
        prepare_env = {"LD_PRELOAD": str(recorder), "PF_DIR": str(service.data), "PF_LOG": str(short_tmp / f"journal{i}")}
        service.env = prepare_env
        links = prepare(service)
        shoppers = Shoppers(service.url, links, f"p{i}")
        load_until(service, shoppers, rng)
        service.kill()
        clicks, orders = shoppers.end()
        assert clicks and orders
        powerloss.apply(prepare_env["PF_LOG"], mode, rng)
        for shm in service.data.glob("*-shm"):
            shm.unlink()
        service.env = {}
        service.start()
        service.stop()
        check(service.data, clicks, orders)


def test_sigterm_under_load_drains(make_service):
    rng = random.Random(11)
    service = make_service()
    links = prepare(service)
    shoppers = Shoppers(service.url, links, "t")
    load_until(service, shoppers, rng)
    assert service.stop() == 0
    clicks, orders = shoppers.end()
    check(service.data, clicks, orders)
    assert "event=stopping" in service.log()
