"""Malformed requests in quantity: nothing dies, leaks, answers 500, or stops answering others."""
import os
import re
import subprocess
from pathlib import Path

from conftest import HEADPHONES, eventually

HERE = Path(__file__).parent
REQUESTS = int(os.environ.get("HTTP_FUZZ_REQUESTS", "20000"))


def sockets(pid):
    folder = f"/proc/{pid}/fd"
    found = 0
    for fd in os.listdir(folder):
        try:
            found += os.readlink(f"{folder}/{fd}").startswith("socket:")
        except FileNotFoundError:
            pass
    return found


def test_malformed_requests(make_service, short_tmp):
    fuzz = short_tmp / "fuzz"
    subprocess.run(["cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-o", str(fuzz), str(HERE / "fuzz.c"), "-lpthread"], check=True)
    node = make_service("node", "--deadline-ms", "2000").start()
    node.merchant("audio")
    assert node.catalog("audio", HEADPHONES).status_code == 200
    node.session.close()
    eventually(lambda: sockets(node.process.pid) == 1, "only the listener is open")
    done = subprocess.run([str(fuzz), node.address.rsplit(":", 1)[1], str(REQUESTS), "16", "1"], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, (done.stdout, done.stderr, node.log()[-2000:])
    assert node.process.poll() is None, node.log()[-4000:]
    served = node.get("/metrics").text
    answered = int(re.search(r'class="4xx"} (\d+)', served).group(1))
    assert answered > REQUESTS / 10, "the requests did not get far: " + done.stdout
    assert int(re.search(r'class="5xx"} (\d+)', served).group(1)) == 0, (done.stdout, node.log()[-2000:])
    node.session.close()
    eventually(lambda: sockets(node.process.pid) == 1, "all connections are closed again")
    assert node.insert("The Sonora WH-900 is fine.", "Which headphones should I buy?")["decision"] == "linked"
    assert node.stop() == 0, node.log()[-4000:]
