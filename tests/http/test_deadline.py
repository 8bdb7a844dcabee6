"""Slow clients are cut by the deadline, whatever they drip; the others do not notice."""
import socket
import threading
import time

import pytest

HEAD = b"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    from conftest import Service
    s = Service(tmp_path_factory.mktemp("node"), "--deadline-ms", "1000").start()
    yield s
    assert s.stop() == 0


def drip(node, first, piece):
    """Sends a piece every 50 ms until the server has had enough; true if it had."""
    host, port = node.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=0.05) as s:
        try:
            s.sendall(first)
            for _ in range(400):
                s.sendall(piece)
                try:
                    if s.recv(4096) == b"":
                        return True
                except socket.timeout:
                    pass
        except OSError:
            return True
    return False


KINDS = {"request line": (b"GET /", b"a"), "headers": (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ", b"a"), "header lines": (b"GET /healthz HTTP/1.1\r\n", b"A: b\r\n"),
         "body": (HEAD + b"\r\n", b" "), "chunks": (HEAD.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked") + b"\r\n", b"1\r\n \r\n")}


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_are_cut_while_others_are_served(node, kind):
    first, piece = KINDS[kind]
    cut = []
    threads = [threading.Thread(target=lambda: cut.append(drip(node, first, piece))) for _ in range(20)]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        assert node.get("/healthz").status_code == 200
        time.sleep(0.02)
    for t in threads:
        t.join()
    assert cut == [True] * 20


def test_an_upload_may_take_longer_while_it_moves(node):
    """Twice the deadline in all, but never still for as long."""
    node.session.close()
    node.merchant("slow")
    line = b'{"id":"p%d","title":"Lamp","url":"https://slow.example/%d","price":"1.00 USD"}\n'

    def body():
        for i in range(20):
            yield line % (i, i)
            time.sleep(0.1)
    r = node.put("/v1/merchants/slow/catalog", data=body(), headers={"Content-Type": "application/x-ndjson"})
    assert r.status_code == 200 and r.json()["accepted"] == 20


def test_an_upload_that_stands_still_is_cut(node):
    host, port = node.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=15) as s:
        s.sendall(b"PUT /v1/merchants/slow/catalog HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n{")
        assert s.recv(4096) == b""


def test_cuts_are_counted(node):
    node.session.close()  # an idle connection ends after a second here
    text = node.get("/metrics").text
    assert int(next(x for x in text.splitlines() if x.startswith("inlay_http_cut_total ")).split()[1]) >= 100
