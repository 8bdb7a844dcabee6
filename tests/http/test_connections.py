"""Many connections at once. libmicrohttpd's epoll loop stalls at exactly 128 ready sockets and its multiples; our epoll_wait prevents it."""
import socket

import pytest

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def read_reply(s):
    got = b""
    while b'{"status":"ok"}' not in got:
        piece = s.recv(4096)
        assert piece, got
        got += piece
    assert got.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("count", [127, 128, 129, 256, 384, 512])
def test_every_one_of_so_many_keep_alive_connections_is_answered(make_service, count):
    node = make_service("node", "--connection-limit", "2000").start()
    host, port = node.address.rsplit(":", 1)
    all_ = [socket.create_connection((host, int(port)), timeout=10) for _ in range(count)]
    try:
        for _ in range(20):
            for s in all_:
                s.sendall(REQUEST)
            for s in all_:
                read_reply(s)
    finally:
        for s in all_:
            s.close()


def test_connections_are_counted_down_again(make_service):
    from conftest import eventually
    node = make_service().start()
    host, port = node.address.rsplit(":", 1)

    def connections():
        text = node.get("/metrics").text
        return int(next(x for x in text.splitlines() if x.startswith("inlay_http_connections ")).split()[1])
    before = connections()
    held = [socket.create_connection((host, int(port))) for _ in range(30)]
    eventually(lambda: connections() == before + 30, "30 more")
    for s in held:
        s.close()
    eventually(lambda: connections() == before, "none of them")


def test_stop_drains(make_service):
    """Requests that are under way at SIGTERM are answered; the program ends with 0."""
    node = make_service().start()
    host, port = node.address.rsplit(":", 1)
    body = b'{"answer":"late"}'
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall(b"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:5])
        # The head is read before the stop begins, as the reply to a second connection shows.
        for _ in range(3):
            assert node.get("/healthz").status_code == 200
        node.process.terminate()
        s.sendall(body[5:])
        got = b""
        while b'"answer":"late"' not in got:
            piece = s.recv(65536)
            assert piece, got
            got += piece
    assert node.process.wait(20) == 0
    node.process.stdout.close()
    node.process = None
