"""Keys and roles, on every route."""
import pytest

from conftest import HEADPHONES, JSONL, Service, eventually, run

ROLES = ("publisher", "merchant", "finance", "admin")


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    s = Service(tmp_path_factory.mktemp("node"))
    s.keys = {}
    s.data.mkdir(parents=True, exist_ok=True)
    for role in ROLES:
        more = ["--merchant", "audio"] if role == "merchant" else []
        s.keys[role] = run("key", "create", "--role", role, "--data", s.data, *more, check=0).stdout.split()[0]
    s.start()
    s.session.headers["Authorization"] = "Bearer " + s.keys["admin"]
    for name in ("audio", "other"):
        s.merchant(name)
    assert s.catalog("audio", HEADPHONES).status_code == 200
    del s.session.headers["Authorization"]
    yield s
    assert s.stop() == 0


def ask(node, role, method, path, **k):
    headers = {**k.pop("headers", {})}
    if role:
        headers["Authorization"] = "Bearer " + node.keys[role]
    return node.request(method, path, headers=headers, **k)


INSERT = dict(json={"answer": "a"})
LINE = dict(data=b'{"id":"wh5","price":"300.00 USD"}\n', headers=JSONL)
# route -> the roles that may
ALLOWED = [
    ("POST", "/v1/insert", INSERT, {"publisher", "admin"}),
    ("POST", "/v1/insert/stream", dict(json={"delta": "a"}), {"publisher", "admin"}),
    ("POST", "/v1/insert/batch", dict(data=b'{"answer":"a"}\n'), {"publisher", "admin"}),
    ("GET", "/v1/merchants/audio/catalog", {}, {"publisher", "merchant", "admin"}),
    ("GET", "/v1/merchants/audio/products", {}, {"publisher", "merchant", "admin"}),
    ("GET", "/v1/merchants/other/products", {}, {"publisher", "admin"}),
    ("GET", "/v1/merchants/audio/catalog/errors", {}, {"merchant", "admin"}),
    ("GET", "/v1/merchants/other/catalog/errors", {}, {"admin"}),
    ("PATCH", "/v1/merchants/audio/catalog", LINE, {"merchant", "admin"}),
    ("PUT", "/v1/merchants/audio", dict(json={"name": "Audio", "hosts": ["audio.example"], "currency": "USD"}), {"admin"}),
    ("GET", "/v1/merchants/audio", {}, set(ROLES)),
    ("GET", "/v1/merchants/other", {}, {"publisher", "finance", "admin"}),
    ("GET", "/v1/catalog/search?q=headphones", {}, {"publisher", "admin"}),
    ("GET", "/v1/commissions", {}, {"merchant", "finance", "admin"}),
    ("GET", "/v1/commissions?merchant=other", {}, {"finance", "admin"}),
    ("GET", "/v1/reports/commissions", {}, set(ROLES)),
    ("GET", "/v1/reports/commissions?merchant=other", {}, {"publisher", "finance", "admin"}),
    ("GET", "/metrics", {}, {"publisher", "finance", "admin"}),
    ("GET", "/healthz", {}, {None, *ROLES}),
    ("GET", "/readyz", {}, {None, *ROLES}),
    ("GET", "/openapi.json", {}, {None, *ROLES}),
    ("GET", "/robots.txt", {}, {None, *ROLES}),
    ("GET", "/", {}, {None, *ROLES}),
]


@pytest.mark.parametrize("role", (None, *ROLES))
@pytest.mark.parametrize("method,path,body,allowed", ALLOWED, ids=lambda x: x if isinstance(x, str) else "")
def test_who_may(node, method, path, body, allowed, role):
    r = ask(node, role, method, path, **body)
    if role in allowed:
        assert r.status_code == 200, (r.status_code, r.text[:300])
        return
    assert r.status_code == (403 if role else 401), r.text[:300]
    assert r.headers["Content-Type"] == "application/problem+json"
    if not role:
        assert r.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("merchant,role,status", [("audio", "merchant", 200), ("other", "merchant", 403), ("other", "finance", 200), ("audio", "publisher", 403)])
def test_orders(node, merchant, role, status):
    order = {"merchant": merchant, "order_id": f"{merchant}-{role}", "occurred_at": "2026-11-21T10:00:00Z", "status": "pending",
             "total": {"amount": 1000, "currency": "USD"}}
    assert ask(node, role, "POST", "/v1/conversions", json=order).status_code == status


def test_a_merchant_sees_only_itself_in_the_list(node):
    assert [m["id"] for m in ask(node, "merchant", "GET", "/v1/merchants").json()["data"]] == ["audio"]
    assert [m["id"] for m in ask(node, "admin", "GET", "/v1/merchants").json()["data"]] == ["audio", "other"]


def test_secrets_are_not_shown(node):
    for path in ("/v1/merchants", "/v1/merchants/audio"):
        assert "sesame" not in ask(node, "admin", "GET", path).text


def test_x_api_key_and_wrong_keys(node):
    assert node.post("/v1/insert", json={"answer": "a"}, headers={"x-api-key": node.keys["publisher"]}).status_code == 200
    for wrong in (node.keys["publisher"][:-1], node.keys["publisher"] + "x", "", "x" * 3000):
        assert node.post("/v1/insert", json={"answer": "a"}, headers={"x-api-key": wrong}).status_code == 401
    assert node.post("/v1/insert", json={"answer": "a"}, headers={"Authorization": "Basic " + node.keys["publisher"]}).status_code == 401


def test_no_key_in_the_log(node):
    log = node.log()
    assert all(k not in log for k in node.keys.values())


def test_a_key_comes_and_goes_while_the_node_runs(node):
    made = run("key", "create", "--role", "publisher", "--data", node.data, check=0).stdout.split()
    key, ident = made[0], made[made.index("id") + 1]

    def status():
        return node.post("/v1/insert", json={"answer": "a"}, headers={"x-api-key": key}).status_code
    eventually(lambda: status() == 200, "the new key is known")
    run("key", "revoke", ident, "--data", node.data, check=0)
    eventually(lambda: status() == 401, "the revoked key is gone")
    assert ask(node, "publisher", "POST", "/v1/insert", **INSERT).status_code == 200


def test_a_first_key_closes_an_open_node(make_service):
    node = make_service().start()
    assert node.get("/v1/merchants").status_code == 200
    made = run("key", "create", "--role", "admin", "--data", node.data, check=0).stdout.split()
    eventually(lambda: node.get("/v1/merchants").status_code == 401, "a key is asked for")
    assert node.get("/v1/merchants", headers={"x-api-key": made[0]}).status_code == 200
    run("key", "revoke", made[made.index("id") + 1], "--data", node.data, check=0)
    eventually(lambda: node.get("/v1/merchants", headers={"x-api-key": made[0]}).status_code == 401, "the key is gone")
    assert node.get("/v1/merchants").status_code == 401, "revoking the last key must not open the node"


def test_without_keys_other_origins_are_not_served(make_service):
    node = make_service().start()
    assert node.get("/v1/merchants", headers={"Origin": "https://evil.example"}).status_code == 403
    assert node.get("/v1/merchants", headers={"Origin": node.url}).status_code == 200
    assert node.get("/v1/merchants").status_code == 200
