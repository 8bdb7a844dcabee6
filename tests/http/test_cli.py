"""The command line: exit codes, what stdout holds, keys that running nodes hear of, configuration and its order."""
import gzip
import datetime
import json
import os
import shutil
import signal
import stat
import subprocess
import threading

import pytest

from conftest import ANSWER, BINARY, HEADPHONES, QUESTION, ROOT, eventually, run

COMMANDS = ["serve", "insert", "replay", "catalog check", "catalog push", "report", "ledger verify", "key create", "key revoke", "key list", "bench scan"]


@pytest.fixture
def feed(tmp_path):
    path = tmp_path / "audio.jsonl"
    path.write_text("".join(json.dumps(p, ensure_ascii=False) + "\n" for p in HEADPHONES))
    return path


def lines(text):
    return [json.loads(l) for l in text.splitlines()]


@pytest.mark.parametrize("words", COMMANDS)
def test_help(words):
    done = run(*words.split(), "--help", check=0)
    assert done.stdout.startswith(f"usage: inlay {words}") and done.stderr == ""


def test_insert_answers_line_by_line(feed):
    """As a coprocess: the next request is written when the answer to the one before has been read."""
    with subprocess.Popen([BINARY, "insert", "--catalog", feed], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as p:
        guard = threading.Timer(60, p.kill)
        guard.start()
        for i in range(3):
            p.stdin.write(json.dumps({"id": i, "answer": "hello"}) + "\n")
            p.stdin.flush()
            assert json.loads(p.stdout.readline())["id"] == i
        p.stdin.close()
        assert p.wait(60) == 0
        guard.cancel()


@pytest.mark.parametrize("url", ["ftp://go.example", "go.example", "https://", "https://go.example/a b", "https://go.example?a=1", "https://go.example/#f",
                                 "https://user@go.example", "https://go.example/(x)", "https://gö.example"])
def test_a_public_url_no_link_could_begin_with(url, feed, tmp_path):
    for command in (["serve", "--listen", "127.0.0.1:0", "--data", tmp_path], ["insert", "--catalog", feed]):
        done = run(*command, "--public-url", url, check=2)
        assert "public_url" in done.stderr, done.stderr


@pytest.mark.parametrize("args", [[], ["nonsense"], ["serve", "--nonsense"], ["serve", "--threads", "many"], ["serve", "extra"], ["serve", "--threads"],
                                  ["catalog", "check"], ["key", "create"], ["key", "create", "--role", "king"], ["report", "--format", "xml"],
                                  ["insert", "--form", "sonnet"], ["insert"], ["catalog", "push", "x"], ["key", "create", "--role", "merchant"]])
def test_wrong_usage_is_2(args, tmp_path):
    done = run(*args, env={"INLAY_DATA": str(tmp_path)})
    assert done.returncode == 2 and done.stdout == "" and done.stderr


def test_insert_filter(feed):
    requests = [{"id": 7, "answer": ANSWER, "question": QUESTION}, {"answer": 5}, {"answer": "The sky is blue.", "question": "Why is the sky blue?"}]
    text = "".join(json.dumps(r) + "\n" for r in requests[:2]) + "not json\n\n" + json.dumps(requests[2])
    done = run("insert", "--catalog", feed, input=text, check=0)
    out = lines(done.stdout)
    assert len(out) == 4
    assert out[0]["id"] == 7 and out[0]["decision"] == "linked"
    assert out[0]["links"][0]["url"] == "https://audio.example/p/wh5"  # no public url: straight to the merchant
    assert out[1]["error"]["pointer"] == "/answer" and out[1]["error"]["line"] == 2
    assert out[2]["error"]["line"] == 3
    assert out[3]["decision"] == "none" and out[3]["answer"] == requests[2]["answer"]


def test_insert_filter_options(feed, tmp_path):
    request = json.dumps({"answer": ANSWER, "question": QUESTION}) + "\n"
    packed = tmp_path / "audio.jsonl.gz"
    packed.write_bytes(gzip.compress(feed.read_bytes()))
    through = lines(run("insert", "--catalog", f"{packed}=shop", "--public-url", "https://go.example", input=request, check=0).stdout)[0]
    assert through["links"][0]["url"].startswith("https://go.example/c/") and through["links"][0]["product"]["merchant"] == "shop"
    none = lines(run("insert", "--catalog", feed, "--max-links", "0", input=request, check=0).stdout)[0]
    assert none["decision"] == "none" and none["answer"] == ANSWER
    form = lines(run("insert", "--catalog", feed, "--form", "annotations", input=request, check=0).stdout)[0]
    assert form["answer"] == ANSWER
    secret = tmp_path / "secret"
    secret.write_text("3 " + "ab" * 32 + "\n")
    other = lines(run("insert", "--catalog", feed, "--secret-file", secret, input=request, check=0).stdout)[0]
    plain = lines(run("insert", "--catalog", feed, input=request, check=0).stdout)[0]
    assert other["insertion"] != plain["insertion"]


def test_insert_survives_hostile_lines(feed):
    text = "\x00\n" + "[" * 100000 + "\n" + '{"answer":"' + "x" * 400000 + '"}\n' + json.dumps({"answer": ANSWER, "question": QUESTION})
    out = lines(run("insert", "--catalog", feed, input=text, check=0).stdout)
    assert ["error" in o for o in out] == [True, True, True, False]


def test_insert_without_a_readable_catalog_is_1(tmp_path):
    assert run("insert", "--catalog", tmp_path / "none.jsonl", input="").returncode == 1


def test_catalog_check(feed, tmp_path):
    good = run("catalog", "check", feed, check=0)
    assert "3 products accepted" in good.stdout
    bad = tmp_path / "bad.jsonl"
    bad.write_text(json.dumps({"id": "x", "title": "T", "url": "https://a.example/x"}) + "\n")
    done = run("catalog", "check", bad)
    assert done.returncode == 1 and "line 1" in done.stdout and "price" in done.stdout


def test_catalog_push(service, feed, tmp_path):
    packed = tmp_path / "more.jsonl.gz"
    packed.write_bytes(gzip.compress(feed.read_bytes()))
    done = run("catalog", "push", packed, "--merchant", "audio", "--url", service.url, check=0)
    assert "3 accepted" in done.stdout
    missing = run("catalog", "push", feed, "--merchant", "nobody", "--url", service.url)
    assert missing.returncode == 1 and "no such merchant" in missing.stderr
    away = run("catalog", "push", feed, "--merchant", "audio", "--url", "http://127.0.0.1:1")
    assert away.returncode == 1 and "cannot reach" in away.stderr


def test_keys_are_heard_by_a_running_node(service):
    assert service.get("/v1/merchants").status_code == 200
    done = run("key", "create", "--role", "admin", "--data", service.data, check=0)
    key = done.stdout.splitlines()[0]
    assert key.startswith("ink_admin_") and len(key) == len("ink_admin_") + 43
    eventually(lambda: service.get("/v1/merchants").status_code == 401, "the node asks for a key")
    assert service.get("/v1/merchants", headers={"x-api-key": key}).status_code == 200
    assert service.get("/v1/merchants", headers={"authorization": f"Bearer {key}"}).status_code == 200
    listed = run("key", "list", "--data", service.data, check=0).stdout
    key_id = listed.splitlines()[1].split()[0]
    assert key not in listed and "admin" in listed
    run("key", "create", "--role", "finance", "--data", service.data, check=0)  # so that keys are still asked for
    run("key", "revoke", key_id, "--data", service.data, check=0)
    eventually(lambda: service.get("/v1/merchants", headers={"x-api-key": key}).status_code == 401, "the key is dead")
    assert run("key", "revoke", "k_000000000000", "--data", service.data).returncode == 1
    for file in service.data.iterdir():
        assert key.encode() not in file.read_bytes(), file


def test_outside_addresses_need_a_key(tmp_path):
    done = run("serve", "--listen", "0.0.0.0:0", "--data", tmp_path)
    assert done.returncode == 1 and "key" in done.stderr


def test_one_service_a_ledger(service):
    done = run("serve", "--listen", "127.0.0.1:0", "--data", service.data)
    assert done.returncode == 1 and "another" in done.stderr


def test_the_secret_file(make_service):
    s = make_service().start()
    secret = s.data / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    s.stop()
    first = secret.read_text()
    secret.write_text("1 " + "cd" * 32 + "\n")
    done = run("serve", "--listen", "127.0.0.1:0", "--data", s.data)
    assert done.returncode == 1 and "secret" in done.stderr  # every link in the world would be dead
    secret.write_text(first + "2 " + "cd" * 32 + "\n")  # a rotation keeps the old line
    s.start()
    s.stop()
    secret.write_text("9 " + "ef" * 32 + "\n")
    s.start("--new-secret")


def test_an_old_key_still_redirects(service):
    url = service.insert(ANSWER, QUESTION)["links"][0]["url"]
    service.stop()
    secret = service.data / "secret"
    secret.write_text(secret.read_text() + "2 " + "cd" * 32 + "\n")
    service.start()
    assert service.get(url).status_code == 302
    assert service.insert(ANSWER, QUESTION)["links"][0]["url"] != url


def test_order_of_configuration(make_service, tmp_path):
    file = tmp_path / "inlay.yaml"
    file.write_text("public_url: https://file.example\nmax_answer: 1K\n")
    s = make_service("n1", "--config", str(file)).start()
    s.merchant("audio")
    s.catalog("audio", HEADPHONES)
    assert s.insert(ANSWER, QUESTION)["links"][0]["url"].startswith("https://file.example/c/")
    assert s.post("/v1/insert", json={"answer": "x" * 2000}).status_code == 413
    s.stop()
    s.env = {"INLAY_PUBLIC_URL": "https://env.example"}
    s.start()
    assert s.insert(ANSWER, QUESTION)["links"][0]["url"].startswith("https://env.example/c/")
    s.stop()
    s.start("--public-url=https://flag.example")
    assert s.insert(ANSWER, QUESTION)["links"][0]["url"].startswith("https://flag.example/c/")


def test_the_example_configuration_is_one(make_service, tmp_path):
    example = (ROOT / "inlay.yaml.example").read_text()
    every = "".join(l[2:] if l.startswith("# ") and ":" in l.split()[1] else l for l in example.splitlines(keepends=True))
    file = tmp_path / "inlay.yaml"
    for text in (example, every):
        file.write_text(text)
        s = make_service("n", "--config", str(file), "--admin-listen", "127.0.0.1:0", "--ledger", f"sqlite:{tmp_path}/ledger.db", "--secret-file", str(tmp_path / "secret")).start()
        s.stop()


@pytest.mark.parametrize("text", ["listne: x\n", "threads: -1\n", "listen: [1, 2]\n", "- a\n", "max_answer: 9Q\n", "a: b: c\n"])
def test_a_wrong_configuration_is_told(text, tmp_path):
    file = tmp_path / "inlay.yaml"
    file.write_text(text)
    done = run("serve", "--config", file, "--data", tmp_path / "d")
    assert done.returncode == 2 and "line" in done.stderr or "must" in done.stderr


def test_sighup_takes_new_rules_and_refuses_bad_ones(make_service, tmp_path):
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    s = make_service("n", "--rules", str(rules), "--catalogs", str(ROOT / "catalogs")).start()
    s.merchant("audio")
    s.catalog("audio", HEADPHONES)
    good = (rules / "intent.yaml").read_text()
    (rules / "intent.yaml").write_text("a: [\n")
    s.process.send_signal(signal.SIGHUP)
    eventually(lambda: "reload_refused" in s.log(), "the refusal is logged")
    assert s.insert(ANSWER, QUESTION)["decision"] == "linked"
    (rules / "intent.yaml").write_text(good)
    s.process.send_signal(signal.SIGHUP)
    eventually(lambda: "event=reloaded" in s.log(), "the reload is logged")
    assert s.insert(ANSWER, QUESTION)["decision"] == "linked"


def test_sighup_keeps_the_order_of_configuration(make_service, tmp_path):
    """The file's public_url is taken, a wrong one is not, and a flag beats both."""
    file = tmp_path / "inlay.yaml"
    file.write_text("public_url: https://one.example\n")
    plain = make_service("plain", "--config", str(file)).start()
    flagged = make_service("flagged", "--config", str(file), "--public-url", "https://flag.example").start()

    def link(s):
        return s.insert(ANSWER, QUESTION)["links"][0]["url"].split("/c/")[0]

    def reload(text, event):
        file.write_text(text)
        for s in (plain, flagged):
            seen = s.log().count(event)
            s.process.send_signal(signal.SIGHUP)
            eventually(lambda: s.log().count(event) > seen, event)

    for s in (plain, flagged):
        s.merchant("audio")
        s.catalog("audio", HEADPHONES)
    assert (link(plain), link(flagged)) == ("https://one.example", "https://flag.example")
    reload("public_url: https://two.example\n", "event=reloaded")
    assert (link(plain), link(flagged)) == ("https://two.example", "https://flag.example")
    file.write_text("public_url: no address\n")
    plain.process.send_signal(signal.SIGHUP)
    eventually(lambda: "reload_refused" in plain.log(), "the refusal is logged")
    assert link(plain) == "https://two.example"


def test_verify_names_no_ledger(tmp_path):
    assert run("ledger", "verify", "--data", tmp_path / "none").returncode == 1
    assert not os.path.exists(tmp_path / "none")


def test_report_formats(service):
    service.insert(ANSWER, QUESTION)
    eventually(lambda: json.loads(run("report", "--format", "json", "--data", service.data, check=0).stdout)["rows"], "the answer is counted")
    assert run("report", "--format", "csv", "--data", service.data, check=0).stdout.startswith("day,")
    assert "answers" in run("report", "--data", service.data, check=0).stdout
    assert run("report", "--group-by", "moon", "--data", service.data).returncode == 2
    assert run("report", "--from", "yesterday", "--data", service.data).returncode == 2
    assert run("report", "--tz", "Asia/Nowhere", "--data", service.data).returncode == 2


def test_a_day_is_the_days_of_the_zone(service):
    """The answer lies in the last hour of the day before or the first of the next, by clocks 14 hours ahead and 12 behind."""
    service.insert(ANSWER, QUESTION)
    report = lambda *args: json.loads(run("report", "--format", "json", "--data", service.data, *args, check=0).stdout)["rows"]
    eventually(lambda: report(), "the answer is counted")
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu"):
        row = report("--tz", zone)[-1]
        day = datetime.date.fromisoformat(row["key"]["day"])
        days = [(day + datetime.timedelta(n)).isoformat() for n in (-1, 0, 1)]
        assert report("--tz", zone, "--from", days[1], "--to", days[2])[0]["answers"] == row["answers"]
        assert day.isoformat() not in [r["key"]["day"] for r in report("--tz", zone, "--from", days[0], "--to", days[1])]


def test_ids_in_the_audit_are_the_answers_own(service):
    service.insert(ANSWER, QUESTION)
    body = service.insert(ANSWER, QUESTION)
    eventually(lambda: service.get("/v1/insertions/" + body["insertion"]).json().get("serves", 0) >= 2, "both serves count")
    audit = service.get("/v1/insertions/" + body["insertion"]).json()
    assert audit["insertion"] == body["insertion"]
    assert [link["id"] for link in audit["links"]] == [link["id"] for link in body["links"]]
