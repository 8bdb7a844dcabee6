"""Header checks: what two parsers in a row could read in two ways is refused, and the connection closed."""
import socket

import pytest

BODY = b'{"answer":"hello"}'
INSERT = b"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
SMUGGLED = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"


def talk(service, data, seconds=5):
    """Sends data on one connection; returns all that came back and whether the server closed."""
    host, port = service.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=seconds) as s:
        s.sendall(data)
        got = b""
        while True:
            try:
                piece = s.recv(65536)
            except socket.timeout:
                return got, False
            except ConnectionResetError:
                return got, True
            if not piece:
                return got, True
            got += piece


SHAPES = {
    "length and encoding": INSERT + b"Content-Length: 18\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": INSERT + b"Content-Length: 18\r\nContent-Length: 19\r\n\r\n" + BODY + SMUGGLED,
    "two equal lengths": INSERT + b"Content-Length: 18\r\nContent-Length: 18\r\n\r\n" + BODY + SMUGGLED,
    "two encodings": INSERT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "unknown encoding": INSERT + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "encoding list": INSERT + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "space before the colon": INSERT + b"Content-Length : 18\r\n\r\n" + BODY + SMUGGLED,
    "signed length": INSERT + b"Content-Length: +18\r\n\r\n" + BODY + SMUGGLED,
    "negative length": INSERT + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "huge length": INSERT + b"Content-Length: 99999999999999999999999\r\n\r\nx" + SMUGGLED,
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + SMUGGLED,
    "no host": b"GET /healthz HTTP/1.1\r\nAccept: */*\r\n\r\n" + SMUGGLED,
    "encoding in HTTP/1.0": b"POST /v1/insert HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "encoding on a GET": b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "control character in a value": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\x01c\r\n\r\n" + SMUGGLED,
}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    from conftest import Service
    s = Service(tmp_path_factory.mktemp("node")).start()
    yield s
    assert s.stop() == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_ambiguous_framing_is_refused_and_closes(node, shape):
    got, closed = talk(node, SHAPES[shape])
    head = got.split(b"\r\n")[0]
    assert head.split()[1] in (b"400", b"413", b"501"), got[:300]
    assert closed, "the connection must not go on"
    assert b"Disallow" not in got, "the smuggled request was answered"


def test_a_correct_pipeline_is_answered_in_order(node):
    two = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET /robots.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    got, closed = talk(node, two)
    assert got.count(b"HTTP/1.1 200") == 2 and closed
    assert got.index(b'"ok"') < got.index(b"Disallow")


def test_a_chunked_body_is_one_body(node):
    chunked = INSERT + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n" + BODY[:5] + b"\r\nd\r\n" + BODY[5:] + b"\r\n0\r\n\r\n"
    got, _ = talk(node, chunked)
    assert b"HTTP/1.1 200" in got and b'"answer":"hello"' in got


def test_get_keeps_the_connection(node):
    """Answered in MHD's first callback it would not."""
    r = node.get("/healthz")
    assert r.headers.get("Connection", "").lower() != "close"
    r = node.get("/nowhere")
    assert r.status_code == 404 and r.headers.get("Connection", "").lower() != "close"


@pytest.mark.parametrize("path", ["/c/a%0d%0aSet-Cookie:%20x=y", "/c/%00", "/c/%ff%fe", "/c/" + "A" * 5000, "/c/..%2f..%2fetc", "/c/"])
def test_hostile_tokens_are_404_without_foreign_headers(node, path):
    got, _ = talk(node, b"GET " + path.encode() + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 404"), got[:200]
    assert b"set-cookie" not in got.lower().split(b"\r\n\r\n")[0]


def test_the_absolute_form_is_understood(node):
    got, _ = talk(node, b"GET http://a/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200")


def test_a_path_with_an_encoded_nul_is_not_its_prefix(node):
    got, _ = talk(node, b"GET /healthz%00x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 404")


def test_headers_too_large(node):
    got, closed = talk(node, b"GET /healthz HTTP/1.1\r\nHost: a\r\nCookie: " + b"c" * 40000 + b"\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 431") or (closed and got == b"")


def test_405_names_what_is_allowed(node):
    r = node.request("DELETE", "/v1/insert")
    assert r.status_code == 405 and r.headers["Allow"] == "POST"
    r = node.post("/healthz", data=b"")
    assert r.status_code == 405 and r.headers["Allow"] == "GET, HEAD"
    assert r.headers["Content-Type"] == "application/problem+json" and r.json()["status"] == 405
