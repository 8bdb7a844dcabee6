"""/openapi.json describes every route, and nothing that is not there; the other pages of operation."""
import re

import pytest


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    from conftest import Service
    s = Service(tmp_path_factory.mktemp("node")).start()
    yield s
    assert s.stop() == 0


def operations(doc):
    return [(path, method, op) for path, item in doc["paths"].items() for method, op in item.items()]


def test_the_routes_of_the_contract_are_described(node):
    paths = node.get("/openapi.json").json()["paths"]
    wanted = ["GET /c/{token}", "POST /v1/insert", "POST /v1/insert/stream", "POST /v1/insert/batch", "POST /v1/replay", "GET /v1/insertions/{id}", "GET /v1/merchants",
              "PUT /v1/merchants/{m}", "GET /v1/merchants/{m}", "DELETE /v1/merchants/{m}", "PUT /v1/merchants/{m}/catalog",
              "PATCH /v1/merchants/{m}/catalog", "GET /v1/merchants/{m}/catalog", "GET /v1/merchants/{m}/catalog/errors",
              "GET /v1/merchants/{m}/products", "GET /v1/catalog/search", "POST /v1/chat/completions", "GET /v1/models", "POST /v1/conversions", "GET /v1/postback/{m}", "POST /v1/postback/{m}",
              "GET /v1/commissions", "GET /v1/reports/commissions", "GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /"]
    missing = [w for w in wanted if w.split()[0].lower() not in paths.get(w.split()[1], {})]
    assert not missing


def test_what_is_described_is_there(node):
    for path, method, _ in operations(node.get("/openapi.json").json()):
        r = node.request(method.upper(), re.sub(r"\{\w+\}", "none", path), data=b"{}" if method != "get" else None)
        assert r.status_code != 405, (method, path)
        assert not (r.status_code == 404 and "nothing here" in r.text), (method, path)


def test_references_resolve_and_parameters_are_declared(node):
    doc = node.get("/openapi.json").json()
    assert doc["openapi"].startswith("3.1")
    for ref in re.findall(r'"\$ref": ?"#/components/schemas/(\w+)"', node.get("/openapi.json").text):
        assert ref in doc["components"]["schemas"]
    for path, _, op in operations(doc):
        declared = {p["name"] for p in op["parameters"] if p["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path))
        assert op["summary"] and op["responses"]


def test_an_insert_response_has_the_described_fields(node):
    doc = node.get("/openapi.json").json()
    known = set(doc["components"]["schemas"]["Decision"]["properties"]) | {"id", "answer"}
    assert set(node.post("/v1/insert", json={"answer": "a", "id": 1}).json()) <= known


def test_metrics_in_both_forms(node):
    plain = node.get("/metrics")
    assert plain.headers["Content-Type"].startswith("text/plain; version=0.0.4") and "# EOF" not in plain.text
    form = node.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
    assert form.headers["Content-Type"].startswith("application/openmetrics-text") and form.text.endswith("# EOF\n")


def test_the_console_needs_nothing_from_elsewhere(node):
    r = node.get("/")
    assert r.status_code == 200 and r.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in r.headers["Content-Security-Policy"]
    assert not re.search(r"(src|href)=|https?://", r.text)


def test_the_private_door(make_service):
    import socket
    with socket.create_server(("127.0.0.1", 0)) as free:
        private = "127.0.0.1:%d" % free.getsockname()[1]
    node = make_service("private", "--admin-listen", private).start()
    for path in ("/metrics", "/v1/reports/commissions", "/v1/commissions", "/"):
        assert node.get(path).status_code == 404
        assert node.get(f"http://{private}{path}").status_code == 200
    assert node.post(f"http://{private}/v1/insert", json={"answer": "a"}).status_code == 404
    for at in (node.url, f"http://{private}"):
        assert node.get(at + "/healthz").status_code == 200 and node.get(at + "/readyz").status_code == 200


def test_traceparent_is_in_the_log(make_service):
    node = make_service("traced", "--log-level", "debug").start()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    node.get("/healthz", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    node.get("/healthz", headers={"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01"})
    node.stop()
    assert node.log().count("trace=" + trace) == 1 and "trace=00000000" not in node.log()


MERCHANT = {"name": "Described", "hosts": ["described.example"], "currency": "USD", "postback_secret": "sesame"}
ORDER = {"merchant": "described", "order_id": "1", "status": "approved", "total": {"amount": 1, "currency": "USD"}}
ANSWERED = [  # in this order: what comes first makes the merchant
    ("PUT", "/v1/merchants/{m}", 201, {"json": MERCHANT}), ("PUT", "/v1/merchants/{m}", 200, {"json": MERCHANT}),
    ("PUT", "/v1/merchants/{m}", 400, {"json": {**MERCHANT, "name": 1}}),
    ("GET", "/v1/merchants/{m}/catalog", 304, {"headers": {"If-None-Match": "*"}}),
    ("GET", "/v1/merchants/{m}/products", 400, {"params": {"limit": "x"}}), ("GET", "/v1/catalog/search", 400, {}),
    ("GET", "/v1/commissions", 400, {"params": {"status": "x"}}), ("GET", "/v1/reports/commissions", 400, {"params": {"tz": "x"}}),
    ("GET", "/v1/postback/{m}", 401, {"params": {"order_id": "1"}}), ("POST", "/v1/postback/{m}", 401, {"data": {"order_id": "1"}}),
    ("GET", "/v1/postback/{m}", 400, {"params": {"secret": "sesame"}}),
    ("GET", "/v1/postback/{m}", 200, {"params": {"secret": "sesame", "order_id": "none"}}),
    ("POST", "/v1/conversions", 404, {"json": {**ORDER, "merchant": "nobody"}}),
    ("POST", "/v1/conversions", 422, {"json": {**ORDER, "commission": {"amount": 1, "currency": "EUR"}}}),
    ("POST", "/v1/conversions", 200, {"json": ORDER, "headers": {"Idempotency-Key": "d"}}),
    ("POST", "/v1/conversions", 409, {"json": {**ORDER, "order_id": "2"}, "headers": {"Idempotency-Key": "d"}}),
    ("POST", "/v1/insert/stream", 404, {"json": {"stream": "st_0", "seq": 2, "delta": ""}}),
    ("PUT", "/v1/merchants/{m}/catalog", 412, {"data": b"", "headers": {"If-Match": '"x"', "content-type": "application/x-ndjson"}}),
    ("PUT", "/v1/merchants/{m}/catalog", 415, {"data": b"x", "headers": {"content-type": "image/png"}}),
]


def test_what_is_answered_is_described(node):
    paths = node.get("/openapi.json").json()["paths"]
    for method, path, status, request in ANSWERED:
        r = node.request(method, path.replace("{m}", "described"), **request)
        assert r.status_code == status, (method, path, r.status_code, r.text)
        described = paths[path][method.lower()]["responses"]
        assert str(status) in described, (method, path, status)
        body = described[str(status)].get("content", {})
        assert not body or r.headers["content-type"].split(";")[0] in body, (method, path, status)
