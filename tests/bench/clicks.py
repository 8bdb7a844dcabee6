#!/usr/bin/python3
"""Clicks that are durable before their 302, beside nginx's `return 302` with a buffered log: requests a second of both in the same run, turn
about, at 64 and at 1,000 connections, and their ratio. tests/bench/clicks.py BUILD [SECONDS]. Needs nginx and wrk; says so and skips without."""
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NGINX = """worker_processes 1; pid {d}/nginx.pid; error_log {d}/nginx.err warn; worker_rlimit_nofile 20000; daemon off;
events {{ worker_connections 16000; multi_accept on; use epoll; }}
http {{ keepalive_requests 100000000; keepalive_timeout 65; tcp_nodelay on;
  client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  server {{ listen 127.0.0.1:{port} reuseport backlog=4096; access_log {d}/access.log combined buffer=32k flush=1s;
    location /c/ {{ add_header Cache-Control no-store; add_header Referrer-Policy strict-origin-when-cross-origin;
      return 302 https://shop.example/p/123456789?aff=partner-42&sub=$uri; }} }} }}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def call(url, method, body, kind="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"content-type": kind}, method=method), timeout=30) as r:
        return json.loads(r.read() or b"{}")


def start_inlay(build, folder):
    """The service with a merchant and 200 links, and the path of each."""
    p = subprocess.Popen([str(build / "inlay"), "serve", "--listen", "127.0.0.1:0", "--data", str(folder / "data"), "--log-level", "error"],
                         stdout=subprocess.PIPE, cwd=ROOT)
    base = "http://" + p.stdout.readline().decode().split()[-1]
    call(f"{base}/v1/merchants/audio", "PUT", {"name": "Audio", "hosts": ["audio.example"], "currency": "USD"})
    product = {"id": "wh5", "title": "Sonora WH-900 Wireless Noise Cancelling Headphones", "brand": "Sonora", "url": "https://audio.example/p/wh5",
               "price": "299.00 USD", "category": "Electronics > Headphones", "availability": "in_stock"}
    call(f"{base}/v1/merchants/audio/catalog", "PUT", json.dumps(product).encode() + b"\n", "application/x-ndjson")
    paths = []
    for n in range(200):
        made = call(f"{base}/v1/insert", "POST", {"question": "Which noise cancelling headphones should I buy for long flights?",
                                                  "answer": "For long flights I would buy the Sonora WH-900. It is quiet.", "request_id": f"r{n}"})
        paths.append(made["links"][0]["url"].split("/", 3)[3])
    return p, base, paths


def wrk(base, script, connections, seconds):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), base],
                         capture_output=True, text=True, check=True).stdout
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if wrong:
        raise SystemExit(f"{base}: {wrong.group(0)}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def write_script(folder, paths):
    """Every request is another visitor's, on one of the links: none is a duplicate or too fast."""
    script = folder / "clicks.lua"
    listed = ",".join(f'"/{p}"' for p in paths)
    script.write_text(f"""local paths = {{{listed}}}
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", paths[n % #paths + 1], {{["User-Agent"] = "{AGENT}", ["Accept-Language"] = "en", ["Sec-Fetch-Mode"] = "navigate",
    ["X-Forwarded-For"] = "2001:db8:" .. string.format("%x:%x::1", math.floor(n / 65536) % 65536, n % 65536)}})
end
""")
    return script


def metric(base, name):
    with urllib.request.urlopen(f"{base}/metrics", timeout=30) as r:
        found = re.search(rf"^{re.escape(name)} (\d+)", r.read().decode(), re.M)
    return int(found.group(1)) if found else 0


def main():
    build = Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    if not shutil.which("nginx") or not shutil.which("wrk"):
        print("clicks: skipped, nginx or wrk is not installed")
        return
    folder = Path(tempfile.mkdtemp(prefix="inlay-clicks-", dir=build))
    started = []
    try:
        port = free_port()
        (folder / "nginx.conf").write_text(NGINX.format(d=folder, port=port))
        started.append(subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL))
        service, base, paths = start_inlay(build, folder)
        started.append(service)
        script, beside = write_script(folder, paths), f"http://127.0.0.1:{port}"
        time.sleep(0.5)
        for connections in (64, 1000):
            rounds = [(wrk(beside, script, connections, seconds), wrk(base, script, connections, seconds)) for _ in range(ROUNDS)]
            ratio = statistics.median(ours / theirs for theirs, ours in rounds)
            theirs, ours = (statistics.median(r[i] for r in rounds) for i in (0, 1))
            print(f"clicks {connections:5d} connections: nginx {theirs:8.0f}/s, durable clicks {ours:8.0f}/s, ratio {ratio:.3f}", flush=True)
        recorded, unrecorded = (metric(base, 'inlay_clicks_total{result="%s"}' % r) for r in ("recorded", "unrecorded"))
        print(f"clicks: {recorded} recorded, {unrecorded} answered before they were durable")
    finally:
        for p in reversed(started):
            p.send_signal(signal.SIGTERM)
            p.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
