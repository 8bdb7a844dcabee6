"""The labelled sets, and running `inlay insert` over them: our own, and ../shared/quality beside the checkout where it is."""
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import catalog as products
import label
from score import lines_of, read_catalogs, score

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "quality"
SAMPLES = {"huanxi": "huanxi.inlay.jsonl", "dongfang": "dongfang.openai.jsonl", "meadowmade": "meadowmade.google.tsv",
           "northtrail": "northtrail.acp.jsonl"}


class Labelled:
    """Answers with labels, and the catalogs they are linked from."""

    def __init__(self, name, gold, feeds, build, max_links=8):
        self.name, self.gold, self.feeds, self.build, self.max_links = name, gold, feeds, build, max_links
        self._products = None

    def products(self):
        if self._products is None:
            self._products = read_catalogs(str(f).partition("=")[0] for f in self.feeds)
        return self._products

    def link(self, rules=ROOT / "rules", questions=True, change=lambda text: text):
        """Responses, in order. change: what is done to questions and answers before."""
        asked = [{"id": g["id"], "answer": change(g["answer"]), **({"question": change(g["question"])} if questions else {})} for g in self.gold]
        command = [str(self.build / "inlay"), "insert", "--lenient", "--rules", str(rules), "--catalogs", str(ROOT / "catalogs"),
                   "--max-links", str(self.max_links)]
        for feed in self.feeds:
            command += ["--catalog", str(feed)]
        done = subprocess.run(command, input="".join(json.dumps(r, ensure_ascii=False) + "\n" for r in asked), capture_output=True, text=True)
        if done.returncode or "refused" in done.stderr:
            sys.exit(f"{self.name}: inlay insert: exit {done.returncode}\n{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def score(self, **how):
        """(report, errors, responses)"""
        responses = self.link(**how)
        return (*score(self.gold, responses, self.products()), responses)


def own(build):
    folder = build / "quality"
    folder.mkdir(parents=True, exist_ok=True)
    gold = label.read_all()
    (folder / "labelled.jsonl").write_text("".join(json.dumps(g, ensure_ascii=False) + "\n" for g in gold), encoding="utf-8")
    products.write(folder / "catalog.jsonl")
    feeds = [folder / "catalog.jsonl"] + [f"{ROOT / 'catalogs' / file}={merchant}" for merchant, file in SAMPLES.items()]
    return Labelled("our own", gold, feeds, build)


def shared(build):
    """None where it is not there."""
    if not (SHARED / "dev.jsonl").exists():
        return None
    return Labelled("../shared/quality (dev)", list(lines_of(SHARED / "dev.jsonl")), sorted(SHARED.glob("catalog_*.jsonl.gz")), build)


def rules_with(build, name, **placement):
    """A copy of rules/ with other values in placement.yaml."""
    folder = build / "quality" / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "rules", folder)
    path = folder / "placement.yaml"
    text = path.read_text(encoding="utf-8")
    for key, value in placement.items():
        text, n = re.subn(rf"(?m)^{key}:[^#\n]*", f"{key}: {value} ", text)
        assert n == 1, f"placement.yaml has no {key}"
    path.write_text(text, encoding="utf-8")
    return folder


def traditional(texts):
    """By text: the same in Traditional characters, by opencc."""
    mark = "\n@@@@\n"
    done = subprocess.run(["opencc", "-c", "s2t.json"], input=mark.join(texts), capture_output=True, text=True, check=True).stdout
    written = done.rstrip("\n").split(mark)
    assert len(written) == len(texts), "opencc changed the number of texts"
    return dict(zip(texts, written))


def decisions(responses):
    """By answer: what is linked to what. Characters are as many in both scripts, so offsets are comparable."""
    return [[(x.get("start"), x.get("end"), x["product"]["id"]) for x in r.get("links") or []] for r in responses]


def scripts_apart(one):
    """How many answers are Simplified, and the ids of those that are decided otherwise when written in Traditional."""
    simplified = [g for g in one.gold if g.get("script") == "Hans"]
    if not simplified:
        return 0, []
    part = Labelled(one.name, simplified, one.feeds, one.build, one.max_links)
    table = traditional([t.rstrip("\n") for g in simplified for t in (g["question"], g["answer"])])
    a, b = decisions(part.link()), decisions(part.link(change=lambda t: table[t.rstrip("\n")]))
    return len(simplified), [g["id"] for g, x, y in zip(simplified, a, b) if x != y]
