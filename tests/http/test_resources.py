"""Descriptors, memory and temporary files of a running service: as many as it says, where it says, and none left over."""
import os
import re
import resource
import socket
import subprocess

import pytest

from conftest import ANSWER, HEADPHONES, QUESTION, SANITIZED, eventually

ROUNDS = 2000


def descriptors(node):
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


def resident_kib(node):
    with open(f"/proc/{node.process.pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def descriptor_limit(node):
    with open(f"/proc/{node.process.pid}/limits") as f:
        return int(re.search(r"Max open files\s+(\d+)", f.read()).group(1))


def with_limits(soft, hard):
    """A wrapper that lowers the limit of descriptors before it becomes the program."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_limit_of_descriptors_is_raised_above_the_connections(make_service):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = min(3000, hard - 300) if hard != resource.RLIM_INFINITY else 3000
    node = make_service("node", "--connection-limit", str(wanted), before=with_limits(256, hard)).start()
    assert descriptor_limit(node) > wanted
    held = [socket.create_connection(tuple(node.address.split(":")), timeout=20) for _ in range(400)]
    assert node.get("/healthz").status_code == 200
    for s in held:
        s.close()


def test_fewer_connections_are_taken_where_the_limit_cannot_be_raised(make_service):
    """Without the right to raise a hard limit (root has it) the door stays below it: it answers, and does not spin on accept()."""
    if os.geteuid() == 0 and subprocess.run(["setpriv", "--version"], capture_output=True).returncode:
        pytest.skip("as root, this needs setpriv")
    wrap = ["setpriv", "--bounding-set", "-sys_resource", "--inh-caps", "-sys_resource"] if os.geteuid() == 0 else []
    node = make_service("node", before=with_limits(700, 700), wrap=wrap).start()
    assert descriptor_limit(node) == 700
    assert "event=few_descriptors" in node.log()
    held = []
    for _ in range(800):
        s = socket.create_connection(tuple(node.address.split(":")), timeout=20)
        held.append(s)
    for s in held:
        s.close()
    eventually(lambda: node.get("/healthz").status_code == 200, "it answers again")


def test_uploads_wait_beside_the_ledger(make_service):
    """Large bodies are spooled under --data, where there is room, whatever TMPDIR says; nothing is left."""
    node = make_service("node", env={"TMPDIR": "/nowhere"}).start()
    node.merchant("audio")
    body = b'{"id":"a","title":"A Tent","url":"https://audio.example/a","price":"1.00 USD"}\n'.ljust(400_000, b"\n")
    host, port = node.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as s:
        s.sendall(b"PUT /v1/merchants/audio/catalog HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                  b"Content-Length: %d\r\n\r\n" % len(body) + body[:-1])
        before = sorted(os.listdir(node.data))

        def spooled():
            links = [os.readlink(f"/proc/{node.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{node.process.pid}/fd")]
            return any(x.startswith(str(node.data)) and x.endswith("(deleted)") for x in links)
        eventually(spooled, "the body is in a file under --data")
        assert sorted(os.listdir(node.data)) == before
        s.sendall(body[-1:])
        assert s.recv(100).startswith(b"HTTP/1.1 200")


def abandoned_call(node):
    """A stream is opened and its next call breaks off in the middle of the body."""
    host, port = node.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as s:
        s.sendall(b"POST /v1/insert/stream HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
                  b'{"question":"which tent?","delta":"' + b"a" * 2000)


def test_what_clients_abandon_is_given_back(make_service):
    node = make_service().start()
    node.merchant("audio")
    assert node.catalog("audio", HEADPHONES).status_code == 200

    def abandon():
        for _ in range(ROUNDS):
            abandoned_call(node)
        node.insert(ANSWER, QUESTION)
        eventually(lambda: descriptors(node) <= calm, "descriptors are given back")
    node.insert(ANSWER, QUESTION)
    calm = descriptors(node) + 8  # readers of the ledger come with load, up to a bound of their own
    for _ in range(2):
        abandon()
    before = resident_kib(node)
    abandon()
    assert SANITIZED or resident_kib(node) - before < 4 * ROUNDS  # no 4 KiB a connection: what grows is the most at once


def test_open_streams_are_bounded(make_service):
    """Streams that nobody goes on with hold what their text needs, not descriptors, and only so many are kept."""
    node = make_service().start()
    node.merchant("audio")
    assert node.catalog("audio", HEADPHONES).status_code == 200
    node.insert(ANSWER, QUESTION)
    calm, before = descriptors(node), resident_kib(node)
    codes = [node.post("/v1/insert/stream", json={"question": QUESTION, "delta": ANSWER}).status_code for _ in range(ROUNDS)]
    assert set(codes) == {200}
    assert descriptors(node) <= calm + 8
    assert SANITIZED or resident_kib(node) - before < ROUNDS * 64
