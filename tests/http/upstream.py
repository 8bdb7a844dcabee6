"""A scriptable upstream on a raw socket: every byte and every pause of its answers is the test's."""
import json
import socket
import threading

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m", "system_fingerprint": "fp_1"}


class Gone(Exception):
    """The service has hung up."""


class Call:
    """One request as it came, and the socket to answer on."""

    def __init__(self, sock, method, target, headers, body):
        self.sock, self.method, self.target, self.headers, self.body = sock, method, target, headers, body

    def json(self):
        return json.loads(self.body)

    def send(self, data, cut=None):
        try:
            for i in range(0, len(data), cut or len(data) or 1):
                self.sock.sendall(data[i:i + (cut or len(data))])
        except OSError as e:
            raise Gone from e

    def head(self, status=200, type="application/json", **fields):
        lines = [f"HTTP/1.1 {status} S", f"Content-Type: {type}", "Connection: close"]
        lines += [f"{k.replace('_', '-')}: {v}" for k, v in fields.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")

    def whole(self, body, status=200, **fields):
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        self.head(status, Content_Length=len(body), **fields)
        self.send(body)

    def stream(self, data, cut=None, end=True, **fields):
        """Chunked; a cut is a write and a chunk of its own."""
        self.head(type="text/event-stream", Transfer_Encoding="chunked", **fields)
        for i in range(0, len(data), cut or len(data) or 1):
            self.piece(data[i:i + (cut or len(data))])
        if end:
            self.send(b"0\r\n\r\n")

    def piece(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def until_gone(self, seconds):
        """True when the service closes its side."""
        self.sock.settimeout(seconds)
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


class Upstream:
    def __init__(self):
        self.calls, self.script, self.failures = [], None, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with sock, sock.makefile("rb") as f:
            method, target, _ = f.readline().decode().split(" ", 2)
            headers = {}
            while (line := f.readline().decode("latin-1").strip()):
                name, value = line.split(":", 1)
                headers[name.lower()] = value.strip()
            call = Call(sock, method, target, headers, f.read(int(headers.get("content-length", 0))))
            self.calls.append(call)
            try:
                self.script(call)
            except Gone:
                pass
            except Exception as e:  # shown by the test that looks
                self.failures.append(e)

    def close(self):
        self.listener.close()


# ---- what OpenAI's dialect looks like -------------------------------------------------------------

def chunk(delta, index=0, finish=None, **more):
    return {**HEAD, "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}], **more}


def event(x, nl="\n", ascii=False):
    return f"data: {x if isinstance(x, str) else json.dumps(x, ensure_ascii=ascii)}{nl}{nl}".encode()


def pieces(text, size):
    return [text[i:i + size] for i in range(0, len(text), size)]


def chunks(text, size=5, n=1, finish="stop", usage=False):
    """The events of a streamed answer."""
    out = [chunk({"role": "assistant", "content": "", "refusal": None}, i) for i in range(n)]
    out += [chunk({"content": p}, i) for p in pieces(text, size) for i in range(n)]
    out += [chunk({}, i, finish) for i in range(n)]
    if usage:
        out = [{**x, "usage": None} for x in out] + [{**HEAD, "choices": [], "usage": USAGE}]
    return out


USAGE = {"prompt_tokens": 12, "completion_tokens": 9, "total_tokens": 21}


def body(events, nl="\n", done=True, ping=0, ascii=False):
    out = b""
    for i, x in enumerate(events):
        if ping and i % ping == 0:
            out += f": keep-alive{nl}{nl}".encode()
        out += event(x, nl, ascii)
    return out + (event("[DONE]", nl) if done else b"")


def completion(text, n=1, finish="stop", **message):
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "m",
            "choices": [{"index": i, "message": {"role": "assistant", "content": text, "refusal": None, "annotations": [], **message},
                         "logprobs": None, "finish_reason": finish} for i in range(n)], "usage": USAGE}


def read_events(data):
    """Data of each event of a body, parsed as a client would."""
    out = []
    for block in data.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n\n"):
        lines = [x[5:].removeprefix(" ") for x in block.split("\n") if x.startswith("data:")]
        if lines:
            out.append("\n".join(lines))
    return [x if x == "[DONE]" else json.loads(x) for x in out]


def texts(data):
    """Text by choice."""
    out = {}
    for x in read_events(data):
        for c in x["choices"] if x != "[DONE]" and "choices" in x else []:
            out[c["index"]] = out.get(c["index"], "") + (c["delta"].get("content") or "")
    return out
