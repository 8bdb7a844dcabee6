"""Bodies: caps, codings, types."""
import gzip
import json
import socket
import subprocess

import pytest

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    from conftest import HEADPHONES, Service
    s = Service(tmp_path_factory.mktemp("node"), "--max-body", "64K", "--max-answer", "16K", "--max-upload", "2M").start()
    s.merchant("audio")
    assert s.catalog("audio", HEADPHONES).status_code == 200
    yield s
    assert s.stop() == 0


def zstd(data, level=3):
    return subprocess.run(["zstd", f"-{level}", "-c"], input=data, capture_output=True, check=True).stdout


def problem(r, status):
    assert r.status_code == status, (r.status_code, r.text[:200])
    assert r.headers["Content-Type"] == "application/problem+json"
    p = r.json()
    assert p["status"] == status and p["title"] and p["detail"] and p["type"]
    return p


def test_content_length_over_the_cap(node):
    problem(node.post("/v1/insert", data=b" " * 70000, headers=JSON), 413)


def test_content_length_far_over_the_cap_is_refused_unread(node):
    host, port = node.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=5) as s:
        s.sendall(b"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n")
        got = s.recv(65536)
        while s.recv(65536):
            pass
    assert got.startswith(b"HTTP/1.1 413")


def test_chunked_over_the_cap(node):
    problem(node.post("/v1/insert", data=(b" " * 10000 for _ in range(20)), headers=JSON), 413)


def test_chunked_without_end_is_cut(node):
    host, port = node.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as s:
        s.sendall(b"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        with pytest.raises(OSError):
            for _ in range(2000):
                s.sendall(piece)
    assert node.get("/healthz").status_code == 200


def test_an_answer_over_its_cap(node):
    problem(node.post("/v1/insert", json={"answer": "x" * 16385}), 413)
    assert node.post("/v1/insert", json={"answer": "x" * 16384}).status_code == 200


@pytest.mark.parametrize("pack,name", [(gzip.compress, "gzip"), (gzip.compress, "x-gzip"), (zstd, "zstd"), (lambda b: b, "identity")])
def test_codings(node, pack, name):
    body = json.dumps({"answer": "packed 面膜", "id": "x"}).encode()
    r = node.post("/v1/insert", data=pack(body), headers={**JSON, "Content-Encoding": name})
    assert r.status_code == 200 and r.json()["answer"] == "packed 面膜" and r.json()["id"] == "x"


def test_gzip_members_one_after_the_other(node):
    body = gzip.compress(b'{"answer":') + gzip.compress(b'"two"}')
    assert node.post("/v1/insert", data=body, headers={**JSON, "Content-Encoding": "gzip"}).json()["answer"] == "two"


@pytest.mark.parametrize("pack,name", [(gzip.compress, "gzip"), (lambda b: zstd(b, 19), "zstd")])
def test_bombs_stop_at_the_cap(node, pack, name):
    bomb = pack(b" " * 50_000_000)
    assert len(bomb) < 64 * 1024
    problem(node.post("/v1/insert", data=bomb, headers={**JSON, "Content-Encoding": name}), 413)
    problem(node.put("/v1/merchants/audio/catalog", data=bomb, headers={"Content-Type": "application/x-ndjson", "Content-Encoding": name}), 413)


@pytest.mark.parametrize("name,body", [("gzip", b"not gzip"), ("gzip", gzip.compress(b"{}" * 50)[:-9]), ("zstd", b"not zstd"), ("zstd", zstd(b"{}" * 50)[:-3]),
                                       ("gzip", b""), ("gzip", gzip.compress(b'{"answer":"a"}') + b"rest")])
def test_damaged_codings(node, name, body):
    problem(node.post("/v1/insert", data=body, headers={**JSON, "Content-Encoding": name}), 400)


def test_unknown_codings_and_types(node):
    r = node.post("/v1/insert", data=b"{}", headers={**JSON, "Content-Encoding": "br"})
    problem(r, 415)
    assert "gzip" in r.headers["Accept-Encoding"]
    problem(node.post("/v1/insert", data=b"{}", headers={"Content-Type": "application/x-www-form-urlencoded"}), 415)
    problem(node.put("/v1/merchants/audio/catalog", data=b"{}", headers={"Content-Type": "image/png"}), 415)
    problem(node.post("/v1/insert/batch", data=b"{}", headers={"Content-Type": "image/png"}), 415)
    assert node.post("/v1/insert", data=b'{"answer":"a"}', headers={"Content-Type": "application/json; charset=utf-8"}).status_code == 200


def test_a_post_without_a_body_is_411(node):
    host, port = node.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=5) as s:
        s.sendall(b"POST /v1/insert HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert s.recv(65536).startswith(b"HTTP/1.1 411")


@pytest.mark.parametrize("body,pointer", [({"answer": 5}, "/answer"), ({"answer": "a", "max_links": "x"}, "/max_links"), ({"answer": "a", "form": "wall"}, "/form"),
                                          ({"answer": "a", "messages": {}}, "/messages"), ({}, "/answer"), ({"answer": "a", "max_links": -1}, "/max_links")])
def test_a_wrong_field_is_named(node, body, pointer):
    assert problem(node.post("/v1/insert", json=body), 400)["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("body", [b"", b"[", b"nul", b'{"answer":"\xff"}', b"[" * 50000, b'{"answer":"a"}{"x":1}'])
def test_what_is_not_json_is_400(node, body):
    problem(node.post("/v1/insert", data=body or b" ", headers=JSON), 400)


def test_an_upload_larger_than_memory_is_taken_from_its_file(node):
    """Over 256 KiB a body waits in a file."""
    lines = [{"id": f"p{i}", "title": f"Lamp number {i}", "url": f"https://audio.example/{i}", "price": "10.00 USD", "description": "d" * 300} for i in range(2000)]
    r = node.catalog("audio", lines, "?force=1")
    assert r.status_code == 200 and r.json()["accepted"] == 2000, r.text[:300]
    assert r.headers["ETag"] == f'"{r.json()["generation"]}"'
    again = node.catalog("audio", lines)
    assert again.json()["unchanged"] == 2000


def test_an_upload_over_its_cap(node):
    problem(node.put("/v1/merchants/audio/catalog", data=b" " * (2 * 1024 * 1024 + 1), headers={"Content-Type": "application/x-ndjson"}), 413)


def test_batch_answers_line_by_line(node):
    lines = [json.dumps({"id": i, "answer": f"answer {i}"}) for i in range(50)]
    lines[7] = "{broken"
    lines[9] = json.dumps({"answer": 1})
    r = node.post("/v1/insert/batch", data="\n".join(lines).encode(), headers={"Content-Type": "application/x-ndjson"})
    out = [json.loads(x) for x in r.text.splitlines()]
    assert r.status_code == 200 and len(out) == 50
    assert [x.get("id") for x in out if "error" not in x] == [i for i in range(50) if i not in (7, 9)]
    assert out[7]["error"]["line"] == 8 and out[9]["error"]["pointer"] == "/answer"
