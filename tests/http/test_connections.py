"""Many connections at once. libmicrohttpd's epoll loop stalls at exactly 128 ready sockets and its multiples; our epoll_wait prevents it."""
import os
import signal
import socket

import pytest

from conftest import eventually

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def open_sockets(node):
    """What /proc lists may be gone when it is read."""
    found = []
    for fd in os.listdir(f"/proc/{node.process.pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{node.process.pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return [x for x in found if x.startswith("socket:")]


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


HEAD = b"POST /v1/insert HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", REQUEST[:9], HEAD % 500, HEAD % 500 + b"a" * 200, REQUEST + REQUEST[:9]])
def test_clients_that_break_off_do_not_hold_descriptors(make_service, sent):
    """The end may come together with data (the node stands still meanwhile), which libmicrohttpd's epoll loop overlooks."""
    node = make_service("node", "--deadline-ms", "600000").start()
    node.session.close()
    host, port = node.address.rsplit(":", 1)

    eventually(lambda: len(open_sockets(node)) == 1, "only the listener is open")
    node.process.send_signal(signal.SIGSTOP)
    for _ in range(50):
        with socket.create_connection((host, int(port)), timeout=10) as s:
            s.sendall(sent)
    node.process.send_signal(signal.SIGCONT)
    assert node.get("/healthz").status_code == 200
    node.session.close()
    eventually(lambda: len(open_sockets(node)) == 1, "all are closed")


def test_a_client_may_half_close_and_wait(make_service):
    node = make_service().start()
    host, port = node.address.rsplit(":", 1)
    node.process.send_signal(signal.SIGSTOP)
    waiting = []
    for _ in range(50):
        s = socket.create_connection((host, int(port)), timeout=10)
        s.sendall(REQUEST)
        s.shutdown(socket.SHUT_WR)
        waiting.append(s)
    node.process.send_signal(signal.SIGCONT)
    for s in waiting:
        read_reply(s)
        s.close()


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
