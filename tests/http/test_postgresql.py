"""A ledger in PostgreSQL: the database goes away and is killed, nodes are killed, batches come twice. What was acknowledged is there, once."""
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from conftest import ANSWER, HEADPHONES, QUESTION, Service, eventually, run
from stores import postgresql

WIDE = {"from": "2020-01-01", "to": "2031-01-01", "group_by": "merchant", "merchant": "audio"}


@pytest.fixture
def pg():
    folder = Path(tempfile.mkdtemp(prefix="inlay-"))
    server = postgresql(folder)
    server.nodes = []
    yield server
    for n in server.nodes:
        if n.process:
            n.kill()
    server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


def node(pg, name="a", *flags):
    s = Service(pg.folder.parent / name, "--ledger", pg.url, *flags)
    pg.nodes.append(s)
    return s.start()


def shop(s):
    s.merchant("audio", network="plain", network_ids={"params": {"sub": "{click}"}}, commission=[{"rate_ppm": 100000}])
    assert s.catalog("audio", HEADPHONES).status_code == 200
    return s


def click(s, n):
    url = s.insert(ANSWER, QUESTION, request_id=f"r{n}", conversation_id=f"c{n}")["links"][0]["url"]
    r = s.get(url, headers={"user-agent": f"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/{n}.0"})
    assert r.status_code == 302 and "Inlay-Click" not in r.headers
    return parse_qs(urlsplit(r.headers["location"]).query)["sub"][0]


def order(s, order_id, total=1000, **more):
    return s.post("/v1/conversions", json={"merchant": "audio", "order_id": order_id, "status": "approved", "total": {"amount": total, "currency": "USD"}, **more})


def row(s):
    r = s.get("/v1/reports/commissions", params=WIDE)
    rows = r.json()["rows"] if r.status_code == 200 else []
    return rows[0] if rows else {"answers": 0, "clicks": 0, "orders": 0}


def verified(pg):
    done = run("ledger", "verify", "--ledger", pg.url)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()[-1]


def test_two_nodes_are_one_ledger(pg):
    a = shop(node(pg, "a"))
    b = node(pg, "b", "--secret-file", str(a.data / "secret"))
    eventually(lambda: b.insert(ANSWER, QUESTION)["decision"] == "linked", "b has the catalog")
    subs = [click(a, 1), click(b, 2)]
    assert order(a, "one", click_id=subs[0]).json()["result"] == "booked"
    assert order(b, "one", total=2000, click_id=subs[0]).json()["result"] == "changed"
    gate, answers = threading.Barrier(2), []

    def race(s):
        for i in range(20):
            gate.wait()
            answers.append(s.get("/v1/postback/audio", params={"secret": "sesame", "order_id": f"race{i}", "total": "5.00", "occurred_at": "2026-09-01T00:00:00Z"}).json())
    threads = [threading.Thread(target=race, args=(s,)) for s in (a, b)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(x["result"] for x in answers) == ["booked"] * 20 + ["repeated"] * 20
    eventually(lambda: row(a)["clicks"] == 2, "both nodes' clicks are there")
    assert row(a) == row(b) and row(a)["orders"] == 21 and row(a)["human_clicks"] == 2
    verified(pg)


def test_it_is_away_for_a_while(pg):
    a = shop(node(pg))
    click(a, 1)
    assert order(a, "before").json()["result"] == "booked" and row(a)["orders"] == 1
    pg.stop()
    subs = [click(a, n) for n in range(2, 12)]  # links and clicks go on
    eventually(lambda: order(a, "while0").status_code == 200, "orders are accepted")
    for i, sub in enumerate(subs):
        r = order(a, f"while{i}", click_id=sub)
        assert r.status_code == 200 and r.json()["result"] == "accepted", r.text
    # a key that is used while nobody can look it up
    for _ in range(2):
        r = a.post("/v1/conversions", json={"merchant": "audio", "order_id": "keyed", "total": {"amount": 1000, "currency": "USD"}}, headers={"Idempotency-Key": "k"})
        assert r.status_code == 200, r.text
    assert a.get("/v1/reports/commissions", params=WIDE).status_code == 503
    assert a.get("/readyz").status_code == 200  # it takes events
    a.kill(signal.SIGKILL)
    pg.start()
    a.start()
    eventually(lambda: row(a)["orders"] == 12, "all is booked")
    got = row(a)
    assert got["answers"] == 11 and got["clicks"] == 11 and got["order_value"] == {"USD": 12000}
    attributed = [c for c in a.get("/v1/commissions", params={"merchant": "audio"}).json()["data"] if c["attributed"]]
    assert len(attributed) == 10
    verified(pg)


def test_a_batch_comes_twice(pg):
    """The offset is written with the batch: an outbox whose rows are there already adds nothing, also under another name."""
    a = shop(node(pg))
    for n in range(5):
        order(a, f"o{n}", click_id=click(a, n), occurred_at="2026-09-01T00:00:00Z")
    before = row(a)
    assert a.stop() == 0
    head = verified(pg)
    pg.sql("UPDATE main.node SET insertion = 0, serve = 0, click = 0, impression = 0, message = 0")
    a.start()
    eventually(lambda: pg.sql("SELECT message FROM main.node") not in ("", "0"), "it is shipped again")
    assert row(a) == {**before}
    assert verified(pg) == head


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_under_load(pg, seed, background):
    rng = random.Random(seed)
    a = shop(node(pg))
    clicks, orders, lock = set(), set(), threading.Lock()

    def load(who):
        def body(stop):
            n = 0
            while not stop.is_set():
                n += 1
                name = f"{who}-{n}"
                try:
                    sub = click(a, f"{who}{n}")
                    with lock:
                        clicks.add(sub)
                    if order(a, name, click_id=sub).status_code == 200:
                        with lock:
                            orders.add(name)
                except (OSError, AssertionError, KeyError, IndexError, AttributeError, ValueError):
                    continue  # not acknowledged
        return body
    finish = [background(load(i)) for i in range(2)]
    for _ in range(3):
        want = len(orders) + rng.randrange(3, 12)
        eventually(lambda: len(orders) >= want, "orders come in")
        if rng.random() < 0.5:
            os.kill(pg.pid(), signal.SIGKILL)
            for line in pg.run("pg_ctl", "-D", pg.folder / "data", "status", check=False).stdout.splitlines():
                assert line
            want = len(clicks) + 3
            eventually(lambda: len(clicks) >= want, "clicks go on")
            eventually(lambda: pg.run("pg_ctl", "-D", pg.folder / "data", "-l", pg.folder / "log", "-w", "start", check=False).returncode == 0, "it is back")
        else:
            a.kill(signal.SIGKILL)
            a.start()
    for f in finish:
        f()
    eventually(lambda: row(a)["orders"] >= len(orders), "all is shipped")
    assert pg.sql("SELECT count(*) FROM main.posting") != "0"
    there = set(pg.sql("SELECT order_id FROM main.orders").split())
    assert orders <= there and len(there) == row(a)["orders"]
    assert int(pg.sql("SELECT count(*) FROM main.click")) >= len(clicks)
    assert pg.sql("SELECT count(*) FROM (SELECT 1 FROM main.posting GROUP BY order_no, entry_seq, currency HAVING sum(amount) <> 0 OR sum(micro) <> 0) x") == "0"
    a.stop()
    verified(pg)


TAMPERING = [
    ("UPDATE main.posting SET amount = amount + 1 WHERE seq = 5", "posting 5"),
    ("UPDATE main.posting SET micro = 1 WHERE seq = 3", "posting 3"),
    ("UPDATE main.posting SET account = 'cash' WHERE seq = 3", "posting 3"),
    ("DELETE FROM main.posting WHERE seq = 4", "posting 4"),
    ("UPDATE main.posting SET seq = -1 WHERE seq = 1; UPDATE main.posting SET seq = 1 WHERE seq = 2; UPDATE main.posting SET seq = 2 WHERE seq = -1", "posting 1"),
    ("DELETE FROM main.posting WHERE order_no = (SELECT max(order_no) FROM main.posting)", "o3"),
    ("UPDATE main.roll SET clicks = clicks + 1", "roll-up"),
]


def test_tampering_is_named(pg):
    a = shop(node(pg))
    for n in range(4):
        order(a, f"o{n}", occurred_at="2026-09-01T00:00:00Z", click_id=click(a, n))
    assert row(a)["orders"] == 4
    assert a.stop() == 0
    head = verified(pg)
    assert run("ledger", "verify", "--ledger", pg.url, "--head", head).returncode == 0
    assert "append-only" in pg.run("psql", "-h", pg.sockets, "-U", "inlay", "-d", "books", "-c", "DELETE FROM main.posting", check=False).stderr
    for n, (change, says) in enumerate(TAMPERING):
        copy = pg.url.replace("/books", f"/copy{n}")
        pg.run("createdb", "-h", pg.sockets, "-U", "inlay", "-T", "books", f"copy{n}")
        pg.run("psql", "-h", pg.sockets, "-U", "inlay", "-d", f"copy{n}", "-c", "ALTER TABLE main.posting DISABLE TRIGGER ALL; " + change)
        for more in ([], ["--head", head]):
            done = run("ledger", "verify", "--ledger", copy, *more)
            assert done.returncode == 1 and (more or says in done.stdout + done.stderr), (change, done.stdout + done.stderr)


def test_names_dates_and_texts_that_a_database_dislikes(pg):
    a = shop(node(pg))
    assert order(a, "naïve 'quoted' \"no\\;-- ?1 $1 %s 中文").json()["result"] == "booked"
    a.insert(ANSWER, QUESTION, app="a'b\"c", model="m\\x00", request_id="odd")
    assert row(a)["orders"] == 1 and datetime.now(timezone.utc)
    order(a, "clicked", click_id=click(a, 1))
    for group in ("day", "month", "hour", "product", "day,phrase", "app", "form,model", "day,merchant,product"):
        for basis in ("event", "posting"):
            for tz in ("UTC", "Asia/Shanghai"):
                span = {} if group == "hour" else {"from": "2020-01-01", "to": "2031-01-01"}
                r = a.get("/v1/reports/commissions", params={**span, "group_by": group, "date_basis": basis, "tz": tz})
                assert r.status_code == 200 and sum(x["orders"] for x in r.json()["rows"]) == 2, (group, basis, tz, r.text)
    for path in ("/v1/reports/holdout", "/v1/reports/demand", "/v1/commissions", "/v1/quarantine", "/v1/accounts", "/v1/insertions/" +
                 a.insert(ANSWER, QUESTION, request_id="odd", app="a'b\"c", model="m\\x00")["insertion"]):
        assert a.get(path).status_code == 200, (path, a.get(path).text)
    verified(pg)


def test_who_is_forgotten_is_forgotten_in_the_outbox_too(pg):
    a = shop(node(pg))
    assert a.insert(ANSWER, QUESTION, request_id="r", user_id="u-7")["decision"] == "linked"
    eventually(lambda: pg.sql('SELECT count(*) FROM main.insertion WHERE "user" IS NOT NULL') == "1", "it is shipped")
    assert a.request("DELETE", "/v1/users/u-7").status_code in (200, 204)
    assert pg.sql('SELECT count(*) FROM main.insertion WHERE "user" IS NOT NULL') == "0"
    a.stop()
    assert sqlite3.connect(a.data / "outbox.db").execute("SELECT count(*) FROM insertion WHERE user IS NOT NULL").fetchone() == (0,)
    verified(pg)
