"""A user is forgotten on PostgreSQL as on SQLite, there and in the node's outbox; the studies answer there too."""
import sqlite3

import pytest

from conftest import ANSWER, HEADPHONES, QUESTION, eventually
from stores import postgresql


@pytest.fixture
def node(make_service, short_tmp):
    pg = postgresql(short_tmp)
    s = make_service("node", "--ledger", pg.url).start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    yield s, pg
    s.stop()
    pg.stop("immediate")


def test_a_user_is_forgotten_there_and_here(node):
    s, pg = node
    for n, user in enumerate(("u1", "u1", "u2")):
        body = s.insert(ANSWER, QUESTION, user_id=user, conversation_id=f"c{n}", request_id=f"r{n}")
        url = body["links"][0]["url"]
        assert s.get(url[url.index("/c/"):], headers={"x-forwarded-for": f"198.51.100.{n}"}).status_code == 302
    assert s.post("/v1/impressions", json={"links": [body["links"][0]["id"]]}).json()["confirmed"] == 1

    def rows():
        return s.get("/v1/reports/commissions?group_by=merchant").json()["rows"]
    eventually(lambda: rows() and rows()[0]["clicks"] == 3, "clicks are over there")
    before = rows()
    assert s.request("DELETE", "/v1/users/u1").json() == {"erased": 2}
    assert pg.sql('select count("user"), count(conversation) from main.insertion') == "1|1"
    assert pg.sql("select count(visitor), count(network) from main.click") == "1|1"
    for file in s.data.glob("*.db"):
        db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        if db.execute("select 1 from sqlite_master where name = 'insertion'").fetchone():
            assert db.execute("select count(*) from insertion where user is not null").fetchone()[0] <= 1
    assert rows() == before
    for name in ("holdout", "demand"):
        assert s.get(f"/v1/reports/{name}").status_code == 200
