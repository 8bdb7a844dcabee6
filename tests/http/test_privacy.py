"""What is known of people, how long, and how it goes: totals and the chain stay as they were."""
import sqlite3
import subprocess

from conftest import ANSWER, BINARY, BROWSER, QUESTION, eventually


def rows(service, sql):
    return sqlite3.connect(f"file:{service.data}/ledger.db?mode=ro", uri=True).execute(sql).fetchall()


def serve_and_sell(service, user, n):
    made = service.insert(ANSWER, QUESTION, user_id=user, conversation_id=f"c-{user}-{n}", request_id=f"r-{user}-{n}")
    url = made["links"][0]["url"]
    where = service.get(url[url.index("/c/"):], headers={"x-forwarded-for": f"198.51.100.{n + 1}"}).headers["Location"]
    order = service.post("/v1/conversions", json={"merchant": "audio", "order_id": f"order-{n}-{len(user)}", "status": "approved",
                                                  "total": {"amount": 1000, "currency": "USD"}})
    assert where and order.status_code == 200


def totals(service):
    report = service.get("/v1/reports/commissions?group_by=merchant").json()
    return report["rows"]


def verify(service):
    done = subprocess.run([BINARY, "ledger", "verify", "--data", str(service.data)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()[-1]


PEOPLE = "SELECT count(*) FROM insertion WHERE user IS NOT NULL OR conversation IS NOT NULL OR request IS NOT NULL"
VISITORS = "SELECT count(*) FROM click WHERE visitor IS NOT NULL OR network IS NOT NULL"


def test_no_words_and_no_addresses_are_stored(service):
    serve_and_sell(service, "anna@example.org", 0)
    text = b"".join(p.read_bytes() for p in service.data.glob("ledger.db*"))
    for secret in (b"anna@example.org", b"198.51.100.1", b"long flights", b"Firefox/140", b"c-anna"):
        assert secret not in text


def test_a_user_is_forgotten_and_the_totals_stay(service):
    for n in range(3):
        serve_and_sell(service, "u1", n)
    serve_and_sell(service, "u2", 5)
    before, head = totals(service), verify(service)
    assert rows(service, PEOPLE) == [(4,)] and rows(service, VISITORS) == [(4,)]
    r = service.request("DELETE", "/v1/users/u1")
    assert r.status_code == 200 and r.json() == {"erased": 3}
    assert rows(service, PEOPLE) == [(1,)] and rows(service, VISITORS) == [(1,)]
    assert service.request("DELETE", "/v1/users/u1").json() == {"erased": 0}
    assert service.request("DELETE", "/v1/users/nobody").json() == {"erased": 0}
    assert totals(service) == before and verify(service) == head


def test_forgetting_from_the_command_line(service):
    serve_and_sell(service, "u/1 ü", 0)
    done = subprocess.run([BINARY, "forget", "--user", "u/1 ü", "--data", str(service.data)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "erased: 1 answers\n"), done.stderr
    assert rows(service, PEOPLE) == [(0,)]
    done = subprocess.run([BINARY, "forget", "--data", str(service.data)], capture_output=True, text=True)
    assert done.returncode == 2


def test_a_user_from_before_the_secret_was_rotated(service):
    serve_and_sell(service, "u1", 0)
    service.stop()
    secret = service.data / "secret"
    old = secret.read_text().split()[-1]
    secret.write_text(f"1 {old}\n2 {'ab' * 32}\n")
    service.start()
    serve_and_sell(service, "u1", 1)
    assert service.request("DELETE", "/v1/users/u1").json() == {"erased": 2}


def test_only_publishers_and_admins_may_forget(make_service):
    s = make_service("keys")
    s.data.mkdir(exist_ok=True)
    key = {role: subprocess.run([BINARY, "key", "create", "--role", role, "--data", str(s.data)], capture_output=True,
                                text=True).stdout.split()[0] for role in ("finance", "publisher")}
    s.session.headers["x-api-key"] = key["publisher"]
    s.start()
    assert s.request("DELETE", "/v1/users/u1").status_code == 200
    assert s.request("DELETE", "/v1/users/u1", headers={"x-api-key": key["finance"]}).status_code == 403
